//! Softmax over the last dimension: `y_i = exp(x_i - max x) / sum_j exp(x_j - max x)`, over the entries whose mask is
//! not zero; the others get 0, and so does a row without any. Gradient: `dx = y (dy - sum_j y_j dy_j)`. `O(elements)`.

use crate::call::Call;
use crate::kernels::{math, multiversion};
use crate::threads;
use ronghe_graph::{Error, Op, Result};

/// Computes softmax or its gradient.
pub(crate) fn run(call: &mut Call) -> Result<()> {
    let op = call.op;
    let width = call.outputs[0].shape.last().copied().unwrap_or(1);
    let out = &mut *call.outputs[0].data;
    match (op, call.inputs) {
        (Op::Softmax, [x, rest @ ..]) => {
            let (x, mask) = (x.f32(), rest.first().map(|m| m.f32()));
            threads::rows(out, width, 12 * width, |first, out| {
                let block = first * width..first * width + out.len();
                out.copy_from_slice(&x[block.clone()]);
                match mask.map(|m| &m[block]) {
                    Some(mask) => {
                        let rows = out.chunks_exact_mut(width).zip(mask.chunks_exact(width));
                        rows.for_each(|(row, mask)| softmax(row, 1.0, Some(mask)));
                    }
                    None => out.chunks_exact_mut(width).for_each(|row| softmax(row, 1.0, None)),
                }
            });
        }
        (Op::SoftmaxGrad, [y, dy]) => {
            let (y, dy) = (y.f32(), dy.f32());
            threads::rows(out, width, 4 * width, |first, out| {
                for (n, dx) in out.chunks_exact_mut(width).enumerate() {
                    let row = (first + n) * width..(first + n + 1) * width;
                    dx.copy_from_slice(&dy[row.clone()]);
                    gradient(dx, &y[row], 1.0);
                }
            });
        }
        (op, inputs) => return Err(Error::Arity { op: op.name(), expected: 2, found: inputs.len() }),
    }
    Ok(())
}

multiversion! {
    /// Replaces one row `x` by `softmax(scale x)`.
    pub(crate) fn softmax(x: &mut [f32], scale: f32, mask: Option<&[f32]>) {
        match mask {
            None => x.iter_mut().for_each(|v| *v *= scale),
            Some(mask) => {
                if mask.iter().all(|&m| m == 0.0) {
                    return x.fill(0.0);
                }
                for (v, &m) in x.iter_mut().zip(mask) {
                    *v = if m == 0.0 { f32::NEG_INFINITY } else { *v * scale };
                }
            }
        }
        let max = math::max(x);
        match mask {
            None => x.iter_mut().for_each(|v| *v = math::exp(*v - max)),
            Some(mask) => {
                for (v, &m) in x.iter_mut().zip(mask) {
                    let e = math::exp(*v - max);
                    *v = if m == 0.0 { 0.0 } else { e };
                }
            }
        }
        let share = 1.0 / math::sum(x);
        x.iter_mut().for_each(|v| *v *= share);
    }
}

multiversion! {
    /// Replaces one row `dy` by `scale y (dy - y . dy)`.
    pub(crate) fn gradient(dy: &mut [f32], y: &[f32], scale: f32) {
        let mean = math::dot(y, dy);
        for (d, y) in dy.iter_mut().zip(y) {
            *d = scale * y * (*d - mean);
        }
    }
}
