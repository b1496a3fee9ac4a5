//! Normalisations: `y = gamma (x - mean) / sqrt(var + eps) + beta`.
//!
//! Batch norm (Ioffe and Szegedy 2015) takes mean and variance over all but the channel dimension, layer norm (Ba et
//! al. 2016) over the innermost dimension of each row. About 8 flops an element.

use crate::{Act, Builder, Init, Mode, Op, Result, ValueId};

/// How a batch norm behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchNorm {
    /// Added to the variance.
    pub eps: f32,
    /// Share of a batch's statistics in the running ones: 0.1 in PyTorch, 0.01 for Keras' `momentum=0.99`.
    pub momentum: f32,
    /// Normalise by the running statistics in training too, and leave them as they are. Whether the scale and shift
    /// are trained is up to the weights.
    pub frozen: bool,
}

impl Default for BatchNorm {
    fn default() -> BatchNorm {
        BatchNorm { eps: 1e-5, momentum: 0.1, frozen: false }
    }
}

/// Batch norm over the innermost dimension, then `act`: `name.{weight, bias, running_mean, running_var}[C]`.
///
/// In training the batch's own statistics normalise and the graph carries the running ones on, unless `config` is
/// frozen; in inference the running ones normalise.
pub fn batch_norm(
    b: &mut Builder<'_>,
    name: &str,
    x: ValueId,
    act: Act,
    config: BatchNorm,
) -> Result<ValueId> {
    let channels = [b.width(x)?];
    b.scoped(name, |b| {
        let inputs = [
            x,
            b.weight("weight", &channels, Init::Constant(1.0))?,
            b.weight("bias", &channels, Init::Constant(0.0))?,
            b.buffer("running_mean", &channels, 0.0)?,
            b.buffer("running_var", &channels, 1.0)?,
        ];
        let BatchNorm { eps, momentum, frozen } = config;
        if frozen || b.mode() == Mode::Infer {
            let y = b.op(Op::BatchNormFixed { eps }, &inputs)?;
            return b.act(act, y);
        }
        let made = b.graph.push(Op::BatchNorm { eps, momentum, act }, &inputs)?;
        for (weight, value) in [("running_mean", made[3]), ("running_var", made[4])] {
            let full = b.full_name(weight);
            b.graph.push_update(&full, value);
        }
        Ok(made[0])
    })
}

/// Layer norm over the innermost dimension: `name.{weight, bias}[D]`.
pub fn layer_norm(b: &mut Builder<'_>, name: &str, x: ValueId, eps: f32) -> Result<ValueId> {
    let width = [b.width(x)?];
    b.scoped(name, |b| {
        let gamma = b.weight("weight", &width, Init::Constant(1.0))?;
        let beta = b.weight("bias", &width, Init::Constant(0.0))?;
        b.op(Op::LayerNorm { eps }, &[x, gamma, beta])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, Shape, Weights};

    fn norm(mode: Mode, config: BatchNorm) -> Result<(crate::Graph, Weights)> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, mode, 3);
        let x = b.input("x", &Shape::batch(&[4, 4, 6]), DType::F32)?;
        b.scoped("block", |b| batch_norm(b, "bn", x, Act::Identity, config))?;
        Ok((b.finish(), weights))
    }

    #[test]
    fn training_carries_running_statistics_on() -> Result<()> {
        let (graph, weights) = norm(Mode::Train, BatchNorm::default())?;
        assert!(matches!(graph.nodes()[0].op, Op::BatchNorm { .. }));
        let updated: Vec<&str> = graph.updates().iter().map(|u| u.weight.as_str()).collect();
        assert_eq!(updated, ["block.bn.running_mean", "block.bn.running_var"]);
        assert!(weights.trainable("block.bn.weight") && !weights.trainable("block.bn.running_var"));
        assert_eq!(weights.get("block.bn.running_var").map(|t| t.as_f32()[0]), Some(1.0));
        Ok(())
    }

    #[test]
    fn inference_and_frozen_norms_use_fixed_statistics() -> Result<()> {
        let frozen = BatchNorm { frozen: true, ..BatchNorm::default() };
        for (mode, config) in [(Mode::Infer, BatchNorm::default()), (Mode::Train, frozen)] {
            let (graph, _) = norm(mode, config)?;
            assert!(matches!(graph.nodes()[0].op, Op::BatchNormFixed { .. }));
            assert!(graph.updates().is_empty());
        }
        Ok(())
    }
}
