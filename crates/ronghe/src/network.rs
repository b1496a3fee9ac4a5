//! The whole network of a model: encoders, fusion and head written into one graph.

use crate::encode::Encoder;
use crate::fuse::{FusionSpec, Part};
use crate::head::{self, Loss};
use crate::{Result, Task};
use ronghe_graph::{Builder, DType, Graph, Mode, Shape, ValueId, Weights};
use serde_json::Value;

/// One input of the network.
pub struct InputPart<'a> {
    /// Name of the input; unique, without dots.
    pub name: &'a str,
    /// Its fitted encoder.
    pub encoder: &'a dyn Encoder,
    /// How its published network stands in this one.
    pub trunk: Trunk,
}

/// How an encoder's published network stands in a network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Trunk {
    /// As any other part.
    #[default]
    Part,
    /// As a part that is not trained: even in training as in prediction.
    Fixed,
    /// Not at all: its vectors of this width are fed as `encode.x.trunk`.
    Fed(usize),
}

/// A graph with the values that matter.
///
/// Names: the encoder of input `x` declares inputs and weights under `encode.x`, whether a row has the input is fed
/// as `present.x`, the fusion's weights stand under `fuse`, the head's under `head`, targets under `target`.
#[derive(Debug, Clone)]
pub struct Network {
    /// The graph.
    pub graph: Graph,
    /// The vector `[N, W]` of each input.
    pub vectors: Vec<ValueId>,
    /// Whether each row has the input, `[N]`, for each input.
    pub present: Vec<ValueId>,
    /// The fused representation `[N, R]`.
    pub representation: ValueId,
    /// `[N, K]`
    pub logits: ValueId,
    /// Weight of each input `[N, inputs]`, where the fusion has one.
    pub fusion_weights: Option<ValueId>,
    /// `[1]`, in a network for training.
    pub loss: Option<ValueId>,
}

impl Network {
    /// Writes the network, with a loss if it is to be trained.
    pub fn build(
        inputs: &[InputPart<'_>],
        fusion: (&FusionSpec, &Value),
        task: &Task,
        loss: Option<Loss>,
        weights: &mut Weights,
        mode: Mode,
        seed: u64,
    ) -> Result<Network> {
        let mut b = Builder::new(weights, mode, seed);
        let mut parts = Vec::with_capacity(inputs.len());
        for input in inputs {
            let vector = b.scoped(&format!("encode.{}", input.name), |b| {
                let trunk = match input.trunk {
                    Trunk::Part => input.encoder.trunk(b)?,
                    Trunk::Fixed => b.fixed(|b| input.encoder.trunk(b))?,
                    Trunk::Fed(width) => Some(b.input("trunk", &Shape::batch(&[width]), DType::F32)?),
                };
                input.encoder.build(b, trunk)
            })?;
            let present = b.input(&format!("present.{}", input.name), &Shape::batch(&[]), DType::F32)?;
            parts.push(Part { name: input.name.to_owned(), vector, present });
        }
        let fused = b.scoped("fuse", |b| (fusion.0.build)(b, &parts, fusion.1))?;
        let out = head::find(task.kind).build(&mut b, fused.representation, task, loss)?;
        Ok(Network {
            graph: b.finish(),
            vectors: parts.iter().map(|p| p.vector).collect(),
            present: parts.iter().map(|p| p.present).collect(),
            representation: fused.representation,
            logits: out.logits,
            fusion_weights: fused.weights,
            loss: out.loss,
        })
    }
}
