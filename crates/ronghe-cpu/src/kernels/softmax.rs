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
                        rows.for_each(|(row, mask)| softmax(row, Some(mask)));
                    }
                    None => softmax_rows(out, width, 1.0, None, None),
                }
            });
        }
        (Op::SoftmaxGrad, [y, dy]) => {
            let (y, dy) = (y.f32(), dy.f32());
            threads::rows(out, width, 4 * width, |first, out| {
                for (n, dx) in out.chunks_exact_mut(width).enumerate() {
                    let row = (first + n) * width..(first + n + 1) * width;
                    dx.copy_from_slice(&dy[row.clone()]);
                    gradient(dx, &y[row]);
                }
            });
        }
        (op, inputs) => return Err(Error::Arity { op: op.name(), expected: 2, found: inputs.len() }),
    }
    Ok(())
}

multiversion! {
    /// Replaces one row `x` by `softmax(x)`.
    pub(crate) fn softmax(x: &mut [f32], mask: Option<&[f32]>) {
        row(x, 1.0, mask);
    }
}

multiversion! {
    /// Replaces each row `x`, of `width` elements, by `softmax(scale x)`, `scale > 0`; all rows have one mask. With `last`,
    /// row `i` has no entries but those up to `last + i`: the others get 0.
    pub(crate) fn softmax_rows(
        x: &mut [f32],
        width: usize,
        scale: f32,
        mask: Option<&[f32]>,
        last: Option<usize>,
    ) {
        for (i, x) in x.chunks_exact_mut(width.max(1)).enumerate() {
            let shown = last.map_or(width, |last| width.min(last + i + 1));
            let (seen, hidden) = x.split_at_mut(shown);
            row(seen, scale, mask.map(|mask| &mask[..shown]));
            hidden.fill(0.0);
        }
    }
}

#[inline(always)]
fn row(x: &mut [f32], scale: f32, mask: Option<&[f32]>) {
    if let Some(mask) = mask {
        if mask.iter().all(|&m| m == 0.0) {
            return x.fill(0.0);
        }
        for (v, &m) in x.iter_mut().zip(mask) {
            *v = if m == 0.0 { f32::NEG_INFINITY } else { *v };
        }
    }
    let max = math::max(x);
    let share = 1.0 / math::exp_sum(x, scale, max);
    x.iter_mut().for_each(|v| *v *= share);
}

multiversion! {
    /// Replaces one row `dy` by `y (dy - y . dy)`.
    fn gradient(dy: &mut [f32], y: &[f32]) {
        row_gradient(dy, y, 1.0);
    }
}

multiversion! {
    /// Replaces each row `dy`, of `width` elements, by `scale y (dy - y . dy)`.
    pub(crate) fn gradient_rows(dy: &mut [f32], y: &[f32], width: usize, scale: f32) {
        for (dy, y) in dy.chunks_exact_mut(width.max(1)).zip(y.chunks_exact(width.max(1))) {
            row_gradient(dy, y, scale);
        }
    }
}

#[inline(always)]
fn row_gradient(dy: &mut [f32], y: &[f32], scale: f32) {
    let mean = math::dot(y, dy);
    for (d, y) in dy.iter_mut().zip(y) {
        *d = scale * y * (*d - mean);
    }
}
