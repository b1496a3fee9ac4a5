//! Pooling over tokens: means, single tokens, stacks and weighted sums. `O(N T D)` each, formulas in [`Op`].

use crate::call::Call;
use crate::kernels::{elementwise, math, multiversion};
use crate::threads;
use ronghe_graph::{Error, Op, Result};

/// Computes one operation over tokens.
pub(crate) fn run(call: &mut Call) -> Result<()> {
    let op = call.op;
    let shape = call.outputs[0].shape;
    let out = &mut *call.outputs[0].data;
    match (op, call.inputs) {
        (Op::MeanTokens, [x, mask]) => {
            let (t, d, x, mask) = (x.shape[1], x.last(), x.f32(), mask.f32());
            threads::rows(out, d, t * d, |first, out| {
                for (n, row) in out.chunks_exact_mut(d).enumerate() {
                    let n = first + n;
                    mean(d, &x[n * t * d..][..t * d], &mask[n * t..][..t], row);
                }
            });
        }
        (Op::MeanTokensGrad, [mask, dy]) => {
            let (t, d, mask, dy) = (mask.last(), dy.last(), mask.f32(), dy.f32());
            threads::rows(out, t * d, t * d, |first, out| {
                for (n, rows) in out.chunks_exact_mut(t * d).enumerate() {
                    let n = first + n;
                    let mask = &mask[n * t..][..t];
                    let share = 1.0 / present(mask).max(1) as f32;
                    for (row, &m) in rows.chunks_exact_mut(d).zip(mask) {
                        let weight = if m == 0.0 { 0.0 } else { share };
                        elementwise::affine(weight, 0.0, &dy[n * d..][..d], row);
                    }
                }
            });
        }
        (Op::SelectToken { index }, [x]) => {
            let (t, d, x) = (x.shape[1], x.last(), x.f32());
            check(op, *index, t)?;
            threads::rows(out, d, d, |first, out| {
                for (n, row) in out.chunks_exact_mut(d).enumerate() {
                    row.copy_from_slice(&x[((first + n) * t + index) * d..][..d]);
                }
            });
        }
        (Op::SelectTokenGrad { index, .. }, [dy]) => {
            let (t, d, dy) = (shape[1], dy.last(), dy.f32());
            check(op, *index, t)?;
            threads::rows(out, t * d, t * d, |first, out| {
                for (n, rows) in out.chunks_exact_mut(t * d).enumerate() {
                    rows.fill(0.0);
                    rows[index * d..][..d].copy_from_slice(&dy[(first + n) * d..][..d]);
                }
            });
        }
        (Op::Stack, parts) => {
            let (m, d) = (parts.len(), shape[2]);
            threads::rows(out, m * d, m * d, |first, out| {
                for (n, rows) in out.chunks_exact_mut(m * d).enumerate() {
                    for (row, part) in rows.chunks_exact_mut(d).zip(parts) {
                        row.copy_from_slice(&part.f32()[(first + n) * d..][..d]);
                    }
                }
            });
        }
        (Op::WeightedSum, [x, w]) => {
            let (m, d, x, w) = (w.last(), x.last(), x.f32(), w.f32());
            threads::rows(out, d, m * d, |first, out| {
                for (n, row) in out.chunks_exact_mut(d).enumerate() {
                    let n = first + n;
                    row.fill(0.0);
                    for (x, &w) in x[n * m * d..][..m * d].chunks_exact(d).zip(&w[n * m..]) {
                        add_scaled(w, x, row);
                    }
                }
            });
        }
        (Op::WeightedSumGradInput, [w, dy]) => {
            let (m, d, w, dy) = (w.last(), dy.last(), w.f32(), dy.f32());
            // Row r of the output is token r % m of row r / m.
            threads::rows(out, d, d, |first, out| {
                for (r, row) in out.chunks_exact_mut(d).enumerate() {
                    let r = first + r;
                    elementwise::affine(w[r], 0.0, &dy[r / m * d..][..d], row);
                }
            });
        }
        (Op::WeightedSumGradWeight, [x, dy]) => {
            let (m, d, x, dy) = (x.shape[1], x.last(), x.f32(), dy.f32());
            threads::rows(out, 1, d, |first, out| token_dots(first, m, d, x, dy, out));
        }
        (op, inputs) => return Err(Error::Arity { op: op.name(), expected: 2, found: inputs.len() }),
    }
    Ok(())
}

fn check(op: &Op, index: usize, size: usize) -> Result<()> {
    if index < size { Ok(()) } else { Err(Error::Index { op: op.name(), index: index as i64, size }) }
}

fn present(mask: &[f32]) -> usize {
    mask.iter().filter(|&&m| m != 0.0).count()
}

multiversion! {
    /// Mean of the tokens with a mask that is not zero.
    fn mean(d: usize, x: &[f32], mask: &[f32], out: &mut [f32]) {
        out.fill(0.0);
        for (t, _) in mask.iter().enumerate().filter(|(_, m)| **m != 0.0) {
            for (y, x) in out.iter_mut().zip(&x[t * d..]) {
                *y += x;
            }
        }
        let share = 1.0 / present(mask).max(1) as f32;
        for y in out.iter_mut() {
            *y *= share;
        }
    }
}

multiversion! {
    pub(crate) fn add_scaled(scale: f32, x: &[f32], out: &mut [f32]) {
        for (y, x) in out.iter_mut().zip(x) {
            *y += scale * x;
        }
    }
}

multiversion! {
    /// Dot products of tokens `first..` (counted over all rows of `m` tokens) with the `dy` of their row.
    fn token_dots(first: usize, m: usize, d: usize, x: &[f32], dy: &[f32], out: &mut [f32]) {
        for (r, y) in out.iter_mut().enumerate() {
            let r = first + r;
            *y = math::dot(&x[r * d..][..d], &dy[r / m * d..][..d]);
        }
    }
}
