//! The seam between a graph and the machine that computes it.

use crate::{Graph, Result, Tensor, ValueId, Weights};
use std::collections::BTreeMap;

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
