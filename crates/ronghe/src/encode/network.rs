//! Small networks that several encoders end in: dense layers, and a residual network over pictures of any kind.
//!
//! Residual network (He et al. 2016, shortcuts after He et al. 2019), `x[N, H, W, C] -> [N, w_last]`:
//! ```text
//! stem        relu(bn(conv 3x3, w_0)), stride 2 where the longer side is above 40
//! block i     relu(bn(conv 3x3, w_i)(relu(bn(conv 3x3, w_i, stride 2)(x)))) + bn(conv 1x1, w_i)(mean 2x2 (x)))
//! end         mean over the picture
//! ```
//! With widths 16, 32, 64 on 28 x 28 x 1: 72,432 weights, 11 Mflop a picture, most of it in kernels of 16 to 64 channels
//! that keep the arithmetic units busy.

use crate::Result;
use ronghe_graph::layers::{self, BatchNorm};
use ronghe_graph::{Act, Builder, Init, Op, ValueId, Window};

/// Longest side that the stem still reads at full resolution.
const FULL_RESOLUTION: usize = 40;

/// Dense layers with ReLU and dropout: `x[N, I] -> [N, hidden_last]`; `x` itself where there are none.
pub(super) fn dense(b: &mut Builder<'_>, mut x: ValueId, hidden: &[usize], dropout: f64) -> Result<ValueId> {
    for (i, &width) in hidden.iter().enumerate() {
        x = layers::linear(b, &format!("hidden{i}"), x, width, true, Init::HeNormal)?;
        x = b.act(Act::Relu, x)?;
        x = b.dropout(dropout as f32, x)?;
    }
    Ok(x)
}

/// The residual network of this file; `widths` has at least one entry.
pub(super) fn residual(b: &mut Builder<'_>, x: ValueId, widths: &[usize]) -> Result<ValueId> {
    let Some((&stem, blocks)) = widths.split_first() else { return Ok(x) };
    let [height, width] = picture(b, x);
    let stride = if height.max(width) > FULL_RESOLUTION { 2 } else { 1 };
    let mut x = b.scoped("stem", |b| conv(b, "conv", x, stem, (3, stride), Act::Relu))?;
    for (i, &width) in blocks.iter().enumerate() {
        x = b.scoped(&format!("block{i}"), |b| block(b, x, width))?;
    }
    Ok(b.op(Op::GlobalAvgPool, &[x])?)
}

fn block(b: &mut Builder<'_>, x: ValueId, width: usize) -> Result<ValueId> {
    let main = conv(b, "conv0", x, width, (3, 2), Act::Relu)?;
    let main = conv(b, "conv1", main, width, (3, 1), Act::Identity)?;
    let [h, w] = picture(b, x);
    let shortcut = b.op(Op::AvgPool { window: Window::same(2, 2, h, w) }, &[x])?;
    let shortcut = conv(b, "shortcut", shortcut, width, (1, 1), Act::Identity)?;
    let sum = b.op(Op::Add, &[main, shortcut])?;
    Ok(b.act(Act::Relu, sum)?)
}

/// Convolution without bias, batch norm and activation.
fn conv(
    b: &mut Builder<'_>,
    name: &str,
    x: ValueId,
    out: usize,
    (kernel, stride): (usize, usize),
    act: Act,
) -> Result<ValueId> {
    let [h, w] = picture(b, x);
    let x = layers::conv2d(b, name, x, out, Window::same(kernel, stride, h, w), false)?;
    Ok(layers::batch_norm(b, &format!("{name}.norm"), x, act, BatchNorm::default())?)
}

/// Height and width of `x[N, H, W, C]`.
fn picture(b: &Builder<'_>, x: ValueId) -> [usize; 2] {
    let size = |axis: usize| b.shape(x).0.get(axis).and_then(|d| d.fixed()).unwrap_or(1);
    [size(1), size(2)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use ronghe_graph::{DType, Mode, Shape, Weights};

    #[test]
    fn the_residual_network_is_small_and_takes_any_size() -> Result<()> {
        for (size, channels) in [([28, 28], 1), ([1, 1], 3), ([64, 48], 3), ([101, 64], 1)] {
            let mut weights = Weights::new();
            let mut b = Builder::new(&mut weights, Mode::Train, 1);
            let x = b.input("x", &Shape::batch(&[size[0], size[1], channels]), DType::F32)?;
            let y = residual(&mut b, x, &[16, 32, 64])?;
            assert_eq!(b.shape(y), &Shape::batch(&[64]));
            assert!(weights.elements().1 < 100_000);
            if size == [28, 28] {
                assert_eq!(weights.elements().1, 72_432);
            }
        }
        Ok(())
    }
}
