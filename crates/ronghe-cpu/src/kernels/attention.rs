//! Scaled dot-product attention (Vaswani et al. 2017), head by head:
//! `P = softmax(Q K^T / sqrt(d))`, `Y = P V`, with `d = D / heads` and masked tokens outside the softmax.
//! Causal attention leaves the tokens after the query outside too.
//! Gradient: `dV = P^T dY`, `dP = dY V^T`, `dS = P (dP - rowsum(P dP)) / sqrt(d)`, `dQ = dS K`, `dK = dS^T Q`;
//! `P` is computed again rather than kept. `4 N T S D` operations forward, `12 N T S D` backward.
//!
//! A piece of work is one head of one row of the batch, for up to [`QUERIES`] queries: it rearranges the head's `K^T` and
//! `V` once. Scratch memory of a thread: those two and `P` for [`TILE`] queries; backward, two `P` of the whole head.

use crate::call::{Arg, Call};
use crate::kernels::gemm::{After, Mat, Panels, Shared, gemm_packed, part};
use crate::kernels::softmax;
use crate::threads;
use ronghe_graph::{Error, Op, Result};

/// Queries of a piece of work.
const QUERIES: usize = 128;
/// Queries taken at once, so that their probabilities stay in the first cache.
const TILE: usize = 56;

/// Computes attention or its gradient.
pub(crate) fn run(call: &mut Call) -> Result<()> {
    match (call.op, call.inputs, &mut *call.outputs) {
        (Op::Attention { heads, causal }, [q, k, v, mask @ ..], [y]) => {
            forward(&Sizes::new(q, k, *heads, *causal), q.f32(), k.f32(), v.f32(), mask.first(), y.data);
        }
        (Op::AttentionGrad { heads, causal }, [q, k, v, dy, mask @ ..], [dq, dk, dv]) => {
            let from = [q.f32(), k.f32(), v.f32(), dy.f32()];
            backward(&Sizes::new(q, k, *heads, *causal), from, mask.first(), [dq.data, dk.data, dv.data]);
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
    /// Whether later tokens are hidden; then `t = s`.
    causal: bool,
    /// Width of one head.
    width: usize,
    scale: f32,
}

impl Sizes {
    fn new(q: &Arg, k: &Arg, heads: usize, causal: bool) -> Sizes {
        let (t, s, d) = (q.shape[1], k.shape[1], q.last());
        Sizes { t, s, d, heads, causal, width: d / heads, scale: 1.0 / ((d / heads) as f32).sqrt() }
    }

    /// The columns of `head` in `rows` rows of `x`, the first at row `first`.
    fn head<'a>(&self, x: &'a [f32], first: usize, rows: usize, head: usize) -> Mat<'a> {
        Mat::strided(&x[first * self.d + head * self.width..], rows, self.width, self.d, 1)
    }

    /// The mask of row `n`, where it hides a token.
    fn mask<'a>(&self, mask: Option<&Arg<'a>>, n: usize) -> Option<&'a [f32]> {
        let mask = mask.map(|m| &m.f32()[n * self.s..][..self.s]);
        mask.filter(|mask| mask.contains(&0.0))
    }

    /// Attention probabilities of the queries `q`, the first of which is number `first` of its row, over all tokens of the
    /// row, into `p`.
    fn probabilities(&self, (first, q): (usize, Mat), k: Panels, mask: Option<&[f32]>, p: &mut [f32]) {
        gemm_packed(p, self.s, q, k, After::default());
        softmax::softmax_rows(p, self.s, self.scale, mask, self.causal.then_some(first));
    }

    /// Writes `a b` to the columns of `head` in the rows of `out` from `first` on.
    ///
    /// # Safety
    /// `out` has these rows, and nothing else accesses these columns of them.
    #[allow(unsafe_code)]
    unsafe fn write(&self, out: &Shared, (first, head): (usize, usize), a: Mat, b: Panels) {
        // SAFETY: the caller's promise.
        unsafe { part(out.at(first * self.d + head * self.width), self.d, a, b, After::default()) }
    }
}

#[allow(unsafe_code)]
fn forward(sizes: &Sizes, q: &[f32], k: &[f32], v: &[f32], mask: Option<&Arg>, out: &mut [f32]) {
    let &Sizes { t, s, d, heads, width, .. } = sizes;
    if s == 0 || out.is_empty() {
        return out.fill(0.0);
    }
    let (groups, rows) = (t.div_ceil(QUERIES), out.len() / (t * d));
    let y = Shared::new(out);
    threads::units(rows * groups * heads, 4 * t.min(QUERIES) * s * width, |unit| {
        let (head, n, group) = (unit % heads, unit / heads / groups, unit / heads % groups);
        let mask = sizes.mask(mask, n);
        let (begin, end) = (group * QUERIES, t.min((group + 1) * QUERIES));
        let room = [Panels::size(width, s), Panels::size(s, width), TILE.min(end - begin) * s];
        threads::scratch(room.iter().sum(), |all| {
            let (kt, rest) = all.split_at_mut(room[0]);
            let (vs, p) = rest.split_at_mut(room[1]);
            let kt = Panels::pack(sizes.head(k, n * s, s, head).t(), kt);
            let vs = Panels::pack(sizes.head(v, n * s, s, head), vs);
            for first in (begin..end).step_by(TILE) {
                let (row, count) = (n * t + first, TILE.min(end - first));
                let p = &mut p[..count * s];
                sizes.probabilities((first, sizes.head(q, row, count, head)), kt, mask, p);
                // SAFETY: these queries and this head are this piece's alone.
                unsafe { sizes.write(&y, (row, head), Mat::new(p, count, s), vs) };
            }
        });
    });
}

#[allow(unsafe_code)]
fn backward(sizes: &Sizes, [q, k, v, dy]: [&[f32]; 4], mask: Option<&Arg>, out: [&mut [f32]; 3]) {
    let &Sizes { t, s, d, heads, width, scale, .. } = sizes;
    if t == 0 || s == 0 || d == 0 {
        return out.into_iter().for_each(|g| g.fill(0.0));
    }
    let rows = out[0].len() / (t * d);
    let [dq, dk, dv] = out.map(Shared::new);
    threads::units(rows * heads, 12 * t * s * width, |unit| {
        let (n, head) = (unit / heads, unit % heads);
        let [q, dy] = [q, dy].map(|x| sizes.head(x, n * t, t, head));
        let [k, v] = [k, v].map(|x| sizes.head(x, n * s, s, head));
        let room = [Panels::size(width, s), Panels::size(s.max(t), width), t * s, t * s];
        threads::scratch(room.iter().sum(), |all| {
            let (across, rest) = all.split_at_mut(room[0]);
            let (along, rest) = rest.split_at_mut(room[1]);
            let (p, dp) = rest.split_at_mut(room[2]);
            sizes.probabilities((0, q), Panels::pack(k.t(), across), sizes.mask(mask, n), p);
            gemm_packed(dp, s, dy, Panels::pack(v.t(), across), After::default());
            let mut write = |out: &Shared, first: usize, a: Mat, b: Mat| {
                let b = Panels::pack(b, &mut along[..Panels::size(a.columns(), width)]);
                // SAFETY: this row and this head are this piece's alone.
                unsafe { sizes.write(out, (first, head), a, b) };
            };
            write(&dv, n * s, Mat::new(p, t, s).t(), dy);
            softmax::gradient_rows(dp, p, s, scale);
            write(&dq, n * t, Mat::new(dp, t, s), k);
            write(&dk, n * s, Mat::new(dp, t, s).t(), q);
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, compute, dot, numbers};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        /// Several pieces, tiles and panels a head; one and two threads give the same bits.
        #[test]
        fn attention_and_its_gradient(
            n in 1usize..4, t in 1usize..200, s in 1usize..80, heads in 1usize..4, width in 1usize..40, hidden in 0usize..80,
            causal in proptest::bool::ANY,
        ) {
            let s = if causal { t } else { s };
            let d = heads * width;
            let (q, k, v) = (numbers(n * t * d, 1), numbers(n * s * d, 2), numbers(n * s * d, 3));
            let dy = numbers(n * t * d, 4);
            let mask: Vec<f32> = (0..n * s).map(|j| if j % s < hidden.min(s - 1) { 0.0 } else { 1.0 }).collect();
            let scale = 1.0 / (width as f64).sqrt();
            let mut y = vec![0.0; n * t * d];
            let (mut dq, mut dk, mut dv) = (y.clone(), vec![0.0; n * s * d], vec![0.0; n * s * d]);
            for (row, head) in (0..n * t).flat_map(|row| (0..heads).map(move |head| (row, head))) {
                let own = row * d + head * width..row * d + (head + 1) * width;
                let other = |j: usize| {
                    let start = (row / t * s + j) * d + head * width;
                    start..start + width
                };
                let shown = |j: usize| if causal && j > row % t { 0.0 } else { mask[row / t * s + j] };
                let scores: Vec<f64> = (0..s).map(|j| scale * dot(&q[own.clone()], &k[other(j)])).collect();
                let exps: Vec<f64> = (0..s).map(|j| f64::from(shown(j)) * scores[j].exp()).collect();
                let sum = exps.iter().sum::<f64>();
                let p: Vec<f64> = exps.iter().map(|e| if sum > 0.0 { e / sum } else { 0.0 }).collect();
                let dp: Vec<f64> = (0..s).map(|j| dot(&dy[own.clone()], &v[other(j)])).collect();
                let mean: f64 = p.iter().zip(&dp).map(|(p, dp)| p * dp).sum();
                for (j, (p, dp)) in p.iter().zip(&dp).enumerate() {
                    let ds = scale * p * (dp - mean);
                    for (c, o) in own.clone().zip(other(j)) {
                        y[c] += p * f64::from(v[o]);
                        dv[o] += p * f64::from(dy[c]);
                        dq[c] += ds * f64::from(k[o]);
                        dk[o] += ds * f64::from(q[c]);
                    }
                }
            }
            let (ts, ss) = ([n, t, d], [n, s, d]);
            let inputs: [(bool, &[usize], &[f32]); 4] =
                [(true, &ts, &q), (true, &ss, &k), (true, &ss, &v), (true, &[n, s], &mask)];
            close(&compute(&Op::Attention { heads, causal }, &inputs)[0], &y, 1e-5);
            let [q, k, v, mask] = inputs;
            let grads = compute(&Op::AttentionGrad { heads, causal }, &[q, k, v, (true, &ts, &dy), mask]);
            close(&grads[0], &dq, 1e-5);
            close(&grads[1], &dk, 1e-4);
            close(&grads[2], &dv, 1e-4);
        }
    }
}
