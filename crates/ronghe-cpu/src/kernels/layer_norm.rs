//! Normalisation of each row: layer norm and division by the length.
//!
//! Layer norm of x[R, D] (Ba, Kiros, Hinton 2016): `y = gamma h + beta`, `h = (x - mean) inv_std`, mean and biased
//! variance over the row. With `g = dy gamma`: `dx = inv_std (g - mean(g) - h mean(g h))`, `dgamma = sum_r dy h`,
//! `dbeta = sum_r dy`. L2: `y = x / n`, `n = max(|x|, 1e-12)`, `dx = (dy - y (y . dy)) / n`. About 10 R D operations.

use crate::call::Call;
use crate::kernels::multiversion;
use crate::kernels::norm::sums;
use crate::threads;
use ronghe_graph::{Op, Result};

/// Least length that L2 normalisation divides by.
const SHORTEST: f32 = 1e-12;

/// Computes layer norm and L2 normalisation.
pub(crate) fn run(call: &mut Call) -> Result<()> {
    match call.op {
        Op::LayerNorm { eps } => layer(call, *eps),
        Op::LayerNormGrad => layer_grad(call),
        Op::L2Normalize => length(call),
        _ => length_grad(call),
    }
}

fn layer(call: &mut Call, eps: f32) -> Result<()> {
    let ([x, gamma, beta], [y, mean, inv_std]) = call.parts()?;
    let (x, d, gamma, beta) = (x.f32(), x.last(), gamma.f32(), beta.f32());
    threads::rows3((y.data, d), (mean.data, 1), (inv_std.data, 1), 10 * d, |first, y, mean, inv_std| {
        layer_rows(&x[first * d..][..y.len()], gamma, beta, eps, y, mean, inv_std);
    });
    Ok(())
}

fn layer_grad(call: &mut Call) -> Result<()> {
    let ([x, gamma, mean, inv_std, dy], [dx, dgamma, dbeta]) = call.parts()?;
    let (d, rows) = (x.last(), x.rows());
    let (x, gamma, mean, inv_std, dy) = (x.f32(), gamma.f32(), mean.f32(), inv_std.f32(), dy.f32());
    threads::rows(dx.data, d, 12 * d, |first, dx| {
        let (at, count) = (first * d, dx.len() / d);
        let stats = (&mean[first..first + count], &inv_std[first..first + count]);
        layer_grad_rows(&x[at..at + dx.len()], gamma, stats, &dy[at..at + dx.len()], dx);
    });
    let total = sums(rows, d, |range, dg, db| {
        let (from, to) = (range.start * d, range.end * d);
        let stats = (&mean[range.clone()], &inv_std[range]);
        param_rows(&x[from..to], stats, &dy[from..to], dg, db);
    });
    for j in 0..d {
        dgamma.data[j] = total[j] as f32;
        dbeta.data[j] = total[d + j] as f32;
    }
    Ok(())
}

fn length(call: &mut Call) -> Result<()> {
    let ([x], [y]) = call.parts()?;
    let (x, d) = (x.f32(), x.last());
    threads::rows(y.data, d, 3 * d, |first, y| length_rows(&x[first * d..][..y.len()], d, y));
    Ok(())
}

fn length_grad(call: &mut Call) -> Result<()> {
    let ([x, dy], [dx]) = call.parts()?;
    let (x, dy, d) = (x.f32(), dy.f32(), x.last());
    threads::rows(dx.data, d, 6 * d, |first, dx| {
        let range = first * d..first * d + dx.len();
        length_grad_rows(&x[range.clone()], &dy[range], d, dx);
    });
    Ok(())
}

/// `sum_i f(a[i], b[i])` in 32 interleaved partial sums, which vectorise.
#[inline(always)]
fn sum2(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0f32; 32];
    let (a_whole, b_whole) = (a.chunks_exact(32), b.chunks_exact(32));
    let rest = a_whole.remainder().iter().zip(b_whole.remainder());
    for (a, b) in a_whole.zip(b_whole) {
        for j in 0..32 {
            lanes[j] += f(a[j], b[j]);
        }
    }
    for (lane, (a, b)) in lanes.iter_mut().zip(rest) {
        *lane += f(*a, *b);
    }
    for half in [16, 8, 4, 2, 1] {
        for j in 0..half {
            lanes[j] += lanes[j + half];
        }
    }
    lanes[0]
}

multiversion! {
    fn layer_rows(
        x: &[f32],
        gamma: &[f32],
        beta: &[f32],
        eps: f32,
        y: &mut [f32],
        mean: &mut [f32],
        inv_std: &mut [f32],
    ) {
        let d = gamma.len();
        let scale = 1.0 / d as f32;
        for (r, (x, y)) in x.chunks_exact(d).zip(y.chunks_exact_mut(d)).enumerate() {
            let m = sum2(x, x, |x, _| x) * scale;
            let s = 1.0 / (sum2(x, x, |x, _| (x - m) * (x - m)) * scale + eps).sqrt();
            (mean[r], inv_std[r]) = (m, s);
            let beta = &beta[..d];
            for j in 0..d {
                y[j] = (x[j] - m) * s * gamma[j] + beta[j];
            }
        }
    }
}

multiversion! {
    /// `stats` are mean and inverse deviation of each row.
    fn layer_grad_rows(x: &[f32], gamma: &[f32], stats: (&[f32], &[f32]), dy: &[f32], dx: &mut [f32]) {
        let d = gamma.len();
        let scale = 1.0 / d as f32;
        let rows = x.chunks_exact(d).zip(dy.chunks_exact(d)).zip(dx.chunks_exact_mut(d));
        for (r, ((x, dy), dx)) in rows.enumerate() {
            let (m, s) = (stats.0[r], stats.1[r]);
            for j in 0..d {
                dx[j] = dy[j] * gamma[j];
            }
            let share = sum2(dx, dx, |g, _| g) * scale;
            let slope = sum2(dx, x, |g, x| g * (x - m)) * s * s * scale;
            for j in 0..d {
                dx[j] = s * (dx[j] - share - (x[j] - m) * slope);
            }
        }
    }
}

multiversion! {
    /// Adds the rows' shares of dgamma and dbeta.
    fn param_rows(x: &[f32], stats: (&[f32], &[f32]), dy: &[f32], dg: &mut [f32], db: &mut [f32]) {
        let d = dg.len();
        let db = &mut db[..d];
        for (r, (x, dy)) in x.chunks_exact(d.max(1)).zip(dy.chunks_exact(d.max(1))).enumerate() {
            let (m, s) = (stats.0[r], stats.1[r]);
            for j in 0..d {
                dg[j] += dy[j] * ((x[j] - m) * s);
                db[j] += dy[j];
            }
        }
    }
}

multiversion! {
    fn length_rows(x: &[f32], d: usize, y: &mut [f32]) {
        for (x, y) in x.chunks_exact(d).zip(y.chunks_exact_mut(d)) {
            let scale = 1.0 / sum2(x, x, |x, _| x * x).sqrt().max(SHORTEST);
            for (y, x) in y.iter_mut().zip(x) {
                *y = x * scale;
            }
        }
    }
}

multiversion! {
    fn length_grad_rows(x: &[f32], dy: &[f32], d: usize, dx: &mut [f32]) {
        let rows = x.chunks_exact(d).zip(dy.chunks_exact(d)).zip(dx.chunks_exact_mut(d));
        for ((x, dy), dx) in rows {
            let length = sum2(x, x, |x, _| x * x).sqrt();
            let scale = 1.0 / length.max(SHORTEST);
            // Below the least length y is proportional to x.
            let along = if length > SHORTEST { sum2(x, dy, |x, g| x * g) * scale * scale } else { 0.0 };
            for ((dx, x), dy) in dx.iter_mut().zip(x).zip(dy) {
                *dx = (dy - x * along) * scale;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, compute, numbers};
    use proptest::prelude::*;

    fn row_sum(x: &[f32], d: usize, r: usize, f: impl Fn(usize) -> f64) -> f64 {
        (r * d..(r + 1) * d).filter(|i| *i < x.len()).map(f).sum()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn layer_norm(n in 0usize..20, t in 1usize..20, d in 1usize..130, offset in -20.0f32..20.0) {
            let eps = 1e-5f32;
            let rows = n * t;
            let x: Vec<f32> = numbers(rows * d, 1).iter().map(|v| v + offset).collect();
            let (gamma, beta, dy) = (numbers(d, 2), numbers(d, 3), numbers(rows * d, 4));
            let xs = [n, t, d];
            let f = |v: &[f32], i: usize| f64::from(v[i]);
            let w = d as f64;
            let mean: Vec<f64> = (0..rows).map(|r| row_sum(&x, d, r, |i| f(&x, i)) / w).collect();
            let inv: Vec<f64> = (0..rows)
                .map(|r| 1.0 / (row_sum(&x, d, r, |i| (f(&x, i) - mean[r]).powi(2)) / w + f64::from(eps)).sqrt())
                .collect();
            let h = |i: usize| (f(&x, i) - mean[i / d]) * inv[i / d];
            let made = compute(&Op::LayerNorm { eps }, &[(true, &xs, &x), (false, &[d], &gamma), (false, &[d], &beta)]);
            // A row of one element has no deviation: what is left is rounding, divided by sqrt(eps).
            let tolerance = if d < 4 { 1e-2 } else { 2e-4 };
            close(&made[0], &(0..x.len()).map(|i| f(&gamma, i % d) * h(i) + f(&beta, i % d)).collect::<Vec<_>>(), tolerance);
            close(&made[1], &mean, 1e-6);

            let g = |i: usize| f(&dy, i) * f(&gamma, i % d);
            let dx: Vec<f64> = (0..x.len()).map(|i| {
                let r = i / d;
                let (share, slope) = (row_sum(&x, d, r, g) / w, row_sum(&x, d, r, |i| g(i) * h(i)) / w);
                inv[r] * (g(i) - share - h(i) * slope)
            }).collect();
            let (mean, inv): (Vec<f32>, Vec<f32>) = (mean.iter().map(|&v| v as f32).collect(), inv.iter().map(|&v| v as f32).collect());
            let grads = compute(&Op::LayerNormGrad, &[
                (true, &xs, &x), (false, &[d], &gamma), (true, &[n, t], &mean), (true, &[n, t], &inv), (true, &xs, &dy),
            ]);
            if d >= 4 {
                close(&grads[0], &dx, 1e-3);
                let by_column = |f: &dyn Fn(usize) -> f64| -> Vec<f64> {
                    (0..d).map(|j| (0..rows).map(|r| f(r * d + j)).sum()).collect()
                };
                close(&grads[1], &by_column(&|i| f(&dy, i) * h(i)), 1e-3);
                close(&grads[2], &by_column(&|i| f(&dy, i)), 1e-5);
            }
        }

        #[test]
        fn lengths(rows in 0usize..40, d in 1usize..130) {
            let (mut x, dy) = (numbers(rows * d, 1), numbers(rows * d, 2));
            // A row of zeros stays zero.
            x.iter_mut().take(d).for_each(|v| *v = 0.0);
            let f = |v: &[f32], i: usize| f64::from(v[i]);
            let length = |r: usize| row_sum(&x, d, r, |i| f(&x, i).powi(2)).sqrt().max(1e-12);
            let y: Vec<f64> = (0..x.len()).map(|i| f(&x, i) / length(i / d)).collect();
            let xs = [rows, d];
            close(&compute(&Op::L2Normalize, &[(true, &xs, &x)])[0], &y, 1e-5);
            let dx: Vec<f64> = (0..x.len()).map(|i| {
                let r = i / d;
                (f(&dy, i) - y[i] * row_sum(&x, d, r, |i| y[i] * f(&dy, i))) / length(r)
            }).collect();
            close(&compute(&Op::L2NormalizeGrad, &[(true, &xs, &x), (true, &xs, &dy)])[0], &dx, 1e-4);
        }
    }
}
