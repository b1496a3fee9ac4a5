//! Dense layers: `y = x w^T + b` with `x[..., I]`, `w[O, I]`, `b[O]`; 2 I O flops a row.

use crate::{Act, Builder, Init, Op, Result, ValueId};

/// A dense layer `name.weight[out, I]`, `name.bias[out]`. A new bias starts at zero.
///
/// ```
/// use ronghe_graph::{Builder, DType, Init, Mode, Shape, Weights, layers};
/// let mut weights = Weights::new();
/// let mut b = Builder::new(&mut weights, Mode::Infer, 1);
/// let x = b.input("x", &Shape::batch(&[784]), DType::F32)?;
/// let y = layers::linear(&mut b, "hidden", x, 128, true, Init::HeNormal)?;
/// assert_eq!(b.shape(y), &Shape::batch(&[128]));
/// assert_eq!(weights.elements().0, 784 * 128 + 128);
/// # Ok::<(), ronghe_graph::Error>(())
/// ```
pub fn linear(
    b: &mut Builder<'_>,
    name: &str,
    x: ValueId,
    out: usize,
    bias: bool,
    init: Init,
) -> Result<ValueId> {
    let width = b.width(x)?;
    b.scoped(name, |b| {
        let mut inputs = vec![x, b.weight("weight", &[out, width], init)?];
        if bias {
            inputs.push(b.weight("bias", &[out], Init::Constant(0.0))?);
        }
        b.op(Op::Linear { act: Act::Identity }, &inputs)
    })
}

/// Two dense layers with an activation between them: `contract(act(expand(x)))`, back to the width of `x`.
pub fn feed_forward(
    b: &mut Builder<'_>,
    expand: &str,
    contract: &str,
    x: ValueId,
    hidden: usize,
    act: Act,
    init: Init,
) -> Result<ValueId> {
    let width = b.width(x)?;
    let wide = linear(b, expand, x, hidden, true, init)?;
    let wide = b.act(act, wide)?;
    linear(b, contract, wide, width, true, init)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, Mode, Shape, Weights};

    #[test]
    fn a_dense_layer_without_bias_has_one_weight() -> Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, Mode::Train, 3);
        let x = b.input("x", &Shape::batch(&[5, 4]), DType::F32)?;
        let y = linear(&mut b, "proj", x, 7, false, Init::LecunUniform)?;
        assert_eq!(b.shape(y), &Shape::batch(&[5, 7]));
        assert_eq!(weights.iter().map(|(n, _)| n).collect::<Vec<_>>(), ["proj.weight"]);
        Ok(())
    }

    #[test]
    fn a_feed_forward_layer_returns_to_its_width() -> Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, Mode::Train, 3);
        let x = b.input("x", &Shape::batch(&[8]), DType::F32)?;
        let y =
            feed_forward(&mut b, "intermediate.dense", "output.dense", x, 32, Act::Gelu, Init::Normal(0.02))?;
        assert_eq!(b.width(y)?, 8);
        assert_eq!(b.graph.nodes().len(), 3);
        assert!(weights.get("intermediate.dense.bias").is_some());
        Ok(())
    }
}
