//! The seam between a graph and the machine that computes it.

use crate::{Graph, Result, Tensor, ValueId, Weights};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What weights and activations of the large layers are rounded to in inference. Sums, and all other operations, stay in
/// f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Nothing is rounded.
    #[default]
    F32,
    /// 8 significant bits, the exponents of f32.
    Bf16,
    /// Whole numbers of 11 to 13 bits, as many as sums of 32 bits hold, with a scale a row of activations and an output
    /// channel of weights.
    Int16,
    /// Whole numbers of 8 bits: weights with a scale an output channel, activations with a scale and a zero a row
    /// (of depthwise convolutions a tensor), found as they come.
    Int8,
}

impl Precision {
    /// Every precision, for tables and tests.
    pub const ALL: [Precision; 4] = [Precision::F32, Precision::Bf16, Precision::Int16, Precision::Int8];

    /// Its name in settings and messages.
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::Bf16 => "bf16",
            Precision::Int16 => "int16",
            Precision::Int8 => "int8",
        }
    }
}

/// Compiles graphs for one kind of machine.
pub trait Executor: Send + Sync {
    /// A plan that computes `outputs` of `graph` and nothing else. Nodes that no output needs cost nothing.
    fn compile(&self, graph: &Graph, outputs: &[ValueId]) -> Result<Box<dyn Plan>>;
}

/// A compiled graph with its memory. It may be run any number of times; symbolic dimensions may differ each time.
pub trait Plan: Send {
    /// Computes the outputs, which stay valid until the next run.
    fn run(&mut self, weights: &Weights, feed: &Feed) -> Result<Outputs<'_>>;
}

/// What one run is given.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Feed {
    /// Inputs by name.
    pub inputs: BTreeMap<String, Tensor>,
    /// Seed of every random mask in this run; the same seed gives the same masks at any thread count.
    pub seed: u64,
}

impl Feed {
    /// A feed with one more input.
    pub fn with(mut self, name: &str, tensor: Tensor) -> Feed {
        self.inputs.insert(name.to_owned(), tensor);
        self
    }
}

/// Outputs of a run, in the order in which they were asked for: shape and elements of each.
#[derive(Debug)]
pub struct Outputs<'a> {
    views: Vec<(Vec<usize>, &'a [f32])>,
}

impl<'a> Outputs<'a> {
    /// Wraps what an executor computed.
    pub fn new(views: Vec<(Vec<usize>, &'a [f32])>) -> Outputs<'a> {
        Outputs { views }
    }

    /// Sizes of output `i`.
    pub fn shape(&self, i: usize) -> &[usize] {
        &self.views[i].0
    }

    /// Elements of output `i`.
    pub fn get(&self, i: usize) -> &'a [f32] {
        self.views[i].1
    }

    /// Output `i` as a tensor of its own.
    pub fn tensor(&self, i: usize) -> Tensor {
        let (shape, data) = &self.views[i];
        // An executor hands out as many elements as the shape says.
        Tensor::f32(shape, data.to_vec()).unwrap_or_else(|_| Tensor::zeros(shape))
    }

    /// Number of outputs.
    pub fn len(&self) -> usize {
        self.views.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.views.is_empty()
    }
}
