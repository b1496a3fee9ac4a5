//! Named weights, and the file formats they come in.

use crate::Tensor;
use std::collections::BTreeMap;

/// One weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// Its value.
    pub tensor: Tensor,
    /// Whether training changes it.
    pub trainable: bool,
}

/// Weights by name, in the order of their names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Weights {
    params: BTreeMap<String, Param>,
}

impl Weights {
    /// No weights.
    pub fn new() -> Weights {
        Weights::default()
    }

    /// Adds or replaces a weight.
    pub fn insert(&mut self, name: &str, tensor: Tensor, trainable: bool) {
        self.params.insert(name.to_owned(), Param { tensor, trainable });
    }

    /// The tensor called `name`.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.params.get(name).map(|p| &p.tensor)
    }

    /// The tensor called `name`, to change.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Tensor> {
        self.params.get_mut(name).map(|p| &mut p.tensor)
    }

    /// Takes the weight `name` out.
    pub fn remove(&mut self, name: &str) -> Option<Param> {
        self.params.remove(name)
    }

    /// Keeps the weights whose name passes `keep`.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.params.retain(|name, _| keep(name));
    }

    /// Whether training changes `name`.
    pub fn trainable(&self, name: &str) -> bool {
        self.params.get(name).is_some_and(|p| p.trainable)
    }

    /// Freezes or unfreezes one weight. Unknown names are ignored.
    pub fn set_trainable(&mut self, name: &str, trainable: bool) {
        if let Some(param) = self.params.get_mut(name) {
            param.trainable = trainable;
        }
    }

    /// All weights, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Param)> {
        self.params.iter().map(|(name, param)| (name.as_str(), param))
    }

    /// All weights, by name, to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Param)> {
        self.params.iter_mut().map(|(name, param)| (name.as_str(), param))
    }

    /// Number of weights.
    pub fn len(&self) -> usize {
        self.params.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.params.is_empty()
    }

    /// Number of elements of all weights, and of the trainable ones.
    pub fn elements(&self) -> (usize, usize) {
        let count = |trainable_only: bool| {
            self.params.values().filter(|p| p.trainable || !trainable_only).map(|p| p.tensor.len()).sum()
        };
        (count(false), count(true))
    }

    /// Moves all weights of `other` in, each name preceded by `prefix.`.
    pub fn absorb(&mut self, prefix: &str, other: Weights) {
        for (name, param) in other.params {
            self.params.insert(format!("{prefix}.{name}"), param);
        }
    }
}
