//! Writes a graph and its weights together.

use crate::{Act, DType, Dim, Error, Graph, Op, Result, Shape, SplitMix, Tensor, ValueId, Weights};

/// Whether the graph will be trained or only evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Dropout active, batch statistics in batch norm.
    Train,
    /// No randomness, running statistics.
    Infer,
}

/// How a new weight starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// All elements the same.
    Constant(f32),
    /// Uniform in `-bound..bound`.
    Uniform(f32),
    /// Normal with mean 0 and this standard deviation.
    Normal(f32),
    /// Uniform, variance `1 / fan_in`: bound `sqrt(3 / fan_in)` (fan_in = product of all but the first dimension).
    LecunUniform,
    /// Normal, variance `2 / fan_in`: for layers followed by ReLU (He et al. 2015).
    HeNormal,
    /// Uniform, variance `2 / (fan_in + fan_out)` (Glorot and Bengio 2010).
    GlorotUniform,
}

/// Writes operations and declares weights under a scope of names.
///
/// A weight that `weights` already has is used as it is (its shape checked); a new one is drawn from a stream of its
/// own, seeded by (seed, full name), so that its start does not depend on what else the network has.
#[derive(Debug)]
pub struct Builder<'a> {
    /// The graph being written.
    pub graph: Graph,
    /// The weights being declared.
    pub weights: &'a mut Weights,
    mode: Mode,
    seed: u64,
    scope: Vec<String>,
    dropouts: u32,
    outline: bool,
}

impl<'a> Builder<'a> {
    /// Starts an empty graph.
    pub fn new(weights: &'a mut Weights, mode: Mode, seed: u64) -> Builder<'a> {
        Builder { graph: Graph::new(), weights, mode, seed, scope: Vec::new(), dropouts: 0, outline: false }
    }

    /// As [`Builder::new`] for inference, to find out which weights a network has: new ones are zero.
    pub fn outline(weights: &'a mut Weights) -> Builder<'a> {
        Builder { outline: true, ..Builder::new(weights, Mode::Infer, 0) }
    }

    /// Whether the graph will be trained.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Runs `write` with `name.` before the name of every weight and input it declares.
    pub fn scoped<T>(&mut self, name: &str, write: impl FnOnce(&mut Self) -> T) -> T {
        self.scope.push(name.to_owned());
        let made = write(self);
        self.scope.pop();
        made
    }

    /// Runs `write` as for inference: what it writes has no randomness and leaves running statistics alone.
    pub fn fixed<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        let mode = std::mem::replace(&mut self.mode, Mode::Infer);
        let made = write(self);
        self.mode = mode;
        made
    }

    /// `name` under the present scope: parts joined with dots.
    pub fn full_name(&self, name: &str) -> String {
        let mut parts: Vec<&str> = self.scope.iter().map(String::as_str).collect();
        parts.push(name);
        parts.join(".")
    }

    /// The weight `name` of the present scope, with `init` where it is new. New weights are trainable.
    pub fn weight(&mut self, name: &str, shape: &[usize], init: Init) -> Result<ValueId> {
        let full = self.full_name(name);
        match self.weights.get(&full) {
            Some(found) if found.shape() != shape => {
                return Err(Error::WeightShape {
                    name: full,
                    expected: Shape::fixed(shape),
                    found: found.shape().to_vec(),
                });
            }
            Some(_) => {}
            None => {
                let tensor = if self.outline {
                    Tensor::zeros(shape)
                } else {
                    init.draw(shape, SplitMix::named(self.seed, &full))?
                };
                self.weights.insert(&full, tensor, true);
            }
        }
        self.graph.weight(&full, shape)
    }

    /// A weight that is never trained (running statistics).
    pub fn buffer(&mut self, name: &str, shape: &[usize], value: f32) -> Result<ValueId> {
        let full = self.full_name(name);
        if self.weights.get(&full).is_none() {
            self.weights.insert(&full, Tensor::full(shape, value), false);
        }
        self.weights.set_trainable(&full, false);
        self.weight(name, shape, Init::Constant(value))
    }

    /// The input `name` of the present scope.
    pub fn input(&mut self, name: &str, shape: &Shape, dtype: DType) -> Result<ValueId> {
        let full = self.full_name(name);
        self.graph.input(&full, shape, dtype)
    }

    /// A fresh symbolic dimension.
    pub fn symbol(&mut self) -> Dim {
        self.graph.symbol()
    }

    /// Appends an operation and returns its first output.
    pub fn op(&mut self, op: Op, inputs: &[ValueId]) -> Result<ValueId> {
        self.graph.push1(op, inputs)
    }

    /// Applies an activation.
    pub fn act(&mut self, act: Act, x: ValueId) -> Result<ValueId> {
        if act == Act::Identity { Ok(x) } else { self.op(Op::Activate(act), &[x]) }
    }

    /// Dropout in training, nothing otherwise.
    pub fn dropout(&mut self, rate: f32, x: ValueId) -> Result<ValueId> {
        if self.mode == Mode::Infer || rate <= 0.0 {
            return Ok(x);
        }
        self.dropouts += 1;
        self.op(Op::Dropout { rate, site: self.dropouts }, &[x])
    }

    /// The innermost size of a value.
    pub fn width(&self, value: ValueId) -> Result<usize> {
        let shape = &self.graph.value(value).shape;
        shape.last().ok_or_else(|| Error::Shape {
            op: "width",
            expected: "a fixed innermost dimension".into(),
            found: shape.to_string(),
        })
    }

    /// The shape of a value.
    pub fn shape(&self, value: ValueId) -> &Shape {
        &self.graph.value(value).shape
    }

    /// The finished graph.
    pub fn finish(self) -> Graph {
        self.graph
    }
}

impl Init {
    pub(crate) fn draw(self, shape: &[usize], mut stream: SplitMix) -> Result<Tensor> {
        let len: usize = shape.iter().product();
        let fan_in = shape.iter().skip(1).product::<usize>().max(1) as f32;
        let receptive = shape.iter().skip(1).rev().skip(1).product::<usize>().max(1) as f32;
        let fan_out = shape.first().copied().unwrap_or(1) as f32 * receptive;
        let mut uniform = |bound: f32| (0..len).map(|_| (stream.unit() * 2.0 - 1.0) * bound).collect();
        let data: Vec<f32> = match self {
            Init::Constant(value) => vec![value; len],
            Init::Uniform(bound) => uniform(bound),
            Init::LecunUniform => uniform((3.0 / fan_in).sqrt()),
            Init::GlorotUniform => uniform((6.0 / (fan_in + fan_out)).sqrt()),
            Init::Normal(std) => (0..len).map(|_| stream.normal() * std).collect(),
            Init::HeNormal => (0..len).map(|_| stream.normal() * (2.0 / fan_in).sqrt()).collect(),
        };
        Tensor::f32(shape, data)
    }
}
