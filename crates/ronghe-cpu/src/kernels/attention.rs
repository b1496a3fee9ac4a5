//! Scaled dot-product attention (Vaswani et al. 2017), head by head:
//! `P = softmax(Q K^T / sqrt(d))`, `Y = P V`, with `d = D / heads` and masked tokens outside the softmax.
//! Gradient: `dV = P^T dY`, `dP = dY V^T`, `dS = P (dP - rowsum(P dP)) / sqrt(d)`, `dQ = dS K`, `dK = dS^T Q`;
//! `P` is computed again rather than kept. `4 N T S D` operations forward, `12 N T S D` backward; scratch memory of one
//! head's `P` a thread.

use crate::call::{Arg, Call};
use crate::kernels::gemm::{Mat, gemm};
use crate::kernels::softmax;
use crate::threads;
use ronghe_graph::{Error, Op, Result};

/// Queries taken at once, so that their probabilities stay in the cache.
const TILE: usize = 64;

/// Computes attention or its gradient.
pub(crate) fn run(call: &mut Call) -> Result<()> {
    match (call.op, call.inputs, &mut *call.outputs) {
        (Op::Attention { heads }, [q, k, v, mask @ ..], [y]) => {
            forward(&Sizes::new(q, k, *heads), q.f32(), k.f32(), v.f32(), mask.first(), y.data);
        }
        (Op::AttentionGrad { heads }, [q, k, v, dy, mask @ ..], [dq, dk, dv]) => {
            let from = [q.f32(), k.f32(), v.f32(), dy.f32()];
            backward(&Sizes::new(q, k, *heads), from, mask.first(), [dq.data, dk.data, dv.data]);
        }
        (op, inputs, _) => return Err(Error::Arity { op: op.name(), expected: 4, found: inputs.len() }),
    }
    Ok(())
}

struct Sizes {
    /// Queries, tokens attended to, width.
    t: usize,
    s: usize,
    d: usize,
    heads: usize,
    /// Width of one head.
    width: usize,
    scale: f32,
}

impl Sizes {
    fn new(q: &Arg, k: &Arg, heads: usize) -> Sizes {
        let (t, s, d) = (q.shape[1], k.shape[1], q.last());
        Sizes { t, s, d, heads, width: d / heads, scale: 1.0 / ((d / heads) as f32).sqrt() }
    }

    /// The columns of `head` in `rows` rows of `x`, the first at row `first`.
    fn head<'a>(&self, x: &'a [f32], first: usize, rows: usize, head: usize) -> Mat<'a> {
        Mat::strided(&x[first * self.d + head * self.width..], rows, self.width, self.d, 1)
    }

    /// Attention probabilities of `rows` queries from `first` on, all of row `n`, into `p[rows, s]`.
    fn probabilities(
        &self,
        (q, k, mask): (&[f32], &[f32], Option<&Arg>),
        (n, first, rows): (usize, usize, usize),
        head: usize,
        p: &mut [f32],
    ) {
        gemm(p, self.s, self.head(q, first, rows, head), self.head(k, n * self.s, self.s, head).t(), false);
        let mask = mask.map(|m| &m.f32()[n * self.s..][..self.s]);
        p.chunks_exact_mut(self.s).for_each(|row| softmax::softmax(row, self.scale, mask));
    }
}

fn forward(sizes: &Sizes, q: &[f32], k: &[f32], v: &[f32], mask: Option<&Arg>, out: &mut [f32]) {
    let &Sizes { t, s, d, heads, width, .. } = sizes;
    if s == 0 {
        return out.fill(0.0);
    }
    threads::rows(out, d, 4 * s * d, |first, out| {
        let last = first + out.len() / d;
        let mut row = first;
        while row < last {
            // A tile never crosses from one row of the batch to the next.
            let n = row / t;
            let rows = (last - row).min((n + 1) * t - row).min(TILE);
            let y = &mut out[(row - first) * d..][..rows * d];
            threads::scratch(rows * s, |p| {
                for head in 0..heads {
                    sizes.probabilities((q, k, mask), (n, row, rows), head, p);
                    let v = sizes.head(v, n * s, s, head);
                    gemm(&mut y[head * width..], d, Mat::new(p, rows, s), v, false);
                }
            });
            row += rows;
        }
    });
}

fn backward(sizes: &Sizes, [q, k, v, dy]: [&[f32]; 4], mask: Option<&Arg>, out: [&mut [f32]; 3]) {
    let &Sizes { t, s, d, heads, width, scale } = sizes;
    let [dq, dk, dv] = out;
    if t == 0 || s == 0 {
        return [dq, dk, dv].into_iter().for_each(|g| g.fill(0.0));
    }
    threads::rows3((dq, t * d), (dk, s * d), (dv, s * d), 12 * t * s * d, |first, dq, dk, dv| {
        let parts =
            dq.chunks_exact_mut(t * d).zip(dk.chunks_exact_mut(s * d)).zip(dv.chunks_exact_mut(s * d));
        for (n, ((dq, dk), dv)) in parts.enumerate() {
            let n = first + n;
            threads::scratch(2 * t * s, |both| {
                let (p, dp) = both.split_at_mut(t * s);
                for head in 0..heads {
                    let start = head * width;
                    let dy = sizes.head(dy, n * t, t, head);
                    sizes.probabilities((q, k, mask), (n, n * t, t), head, p);
                    gemm(&mut dv[start..], d, Mat::new(p, t, s).t(), dy, false);
                    gemm(dp, s, dy, sizes.head(v, n * s, s, head).t(), false);
                    for (dp, p) in dp.chunks_exact_mut(s).zip(p.chunks_exact(s)) {
                        softmax::gradient(dp, p, scale);
                    }
                    gemm(&mut dq[start..], d, Mat::new(dp, t, s), sizes.head(k, n * s, s, head), false);
                    gemm(&mut dk[start..], d, Mat::new(dp, t, s).t(), sizes.head(q, n * t, t, head), false);
                }
            });
        }
    });
}
