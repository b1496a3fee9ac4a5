//! Batch normalisation over all but the innermost dimension; the rest of the family is in [`layer_norm`].
//!
//! With x[R, C]: `y = gamma (x - mean) inv_std + beta`, `inv_std = 1 / sqrt(var + eps)`, mean and (biased) variance over
//! the R rows of this batch, or fixed ones (Ioffe and Szegedy 2015). An activation may follow: its gradient is taken from
//! y computed again, which costs less than reading it. Gradient for batch statistics, with `h = (x - mean) inv_std` and
//! dy the gradient before the activation: `dx = gamma inv_std (dy - mean(dy) - h mean(dy h))`, `dgamma = sum dy h`,
//! `dbeta = sum dy`.
//! Sums are f32 within 64 rows and f64 across them. One pass gives mean and variance, from differences `d` to the first
//! row: `var = mean(d^2) - mean(d)^2`.

use crate::call::Call;
use crate::kernels::elementwise::with_act;
use crate::kernels::{columns, layer_norm, math, multiversion};
use crate::threads;
use ronghe_graph::{Act, Op, Result};
use std::ops::Range;

/// Computes the normalisation family.
pub(crate) fn run(call: &mut Call) -> Result<()> {
    match call.op {
        Op::BatchNorm { eps, momentum, act } => batch(call, *eps, *momentum, *act),
        Op::BatchNormGrad { act } => batch_grad(call, *act),
        Op::BatchNormFixed { eps } => fixed(call, *eps),
        Op::BatchNormFixedGrad { eps } => fixed_grad(call, *eps),
        _ => layer_norm::run(call),
    }
}

fn batch(call: &mut Call, eps: f32, momentum: f32, act: Act) -> Result<()> {
    let ([x, gamma, beta, old_mean, old_var], [y, mean, inv_std, new_mean, new_var]) = call.parts()?;
    let (rows, c) = (x.rows(), x.last());
    let x = x.f32();
    let scale = 1.0 / rows.max(1) as f64;

    // Sums of differences from the first row: exact enough where the mean is large beside the deviation.
    let origin = x.get(..c).unwrap_or(old_mean.f32());
    let total = sums(x.len() / c.max(1), c, |range, first, second| {
        let x = &x[range.start * c..range.end * c];
        sum_differences(x, origin, first, second);
    });
    let unbiased = rows as f64 / rows.saturating_sub(1).max(1) as f64;
    for j in 0..c {
        let shift = total[j] * scale;
        let var = (total[c + j] * scale - shift * shift).max(0.0);
        mean.data[j] = (f64::from(origin[j]) + shift) as f32;
        inv_std.data[j] = (1.0 / (var + f64::from(eps)).sqrt()) as f32;
        new_mean.data[j] = old_mean.f32()[j] + momentum * (mean.data[j] - old_mean.f32()[j]);
        new_var.data[j] = old_var.f32()[j] + momentum * ((var * unbiased) as f32 - old_var.f32()[j]);
    }
    let factor: Vec<f32> = gamma.f32().iter().zip(&*inv_std.data).map(|(g, s)| g * s).collect();
    normalize(x, mean.data, &factor, beta.f32(), act, y.data);
    Ok(())
}

fn fixed(call: &mut Call, eps: f32) -> Result<()> {
    let ([x, gamma, beta, mean, var], [y]) = call.parts()?;
    let factor: Vec<f32> = gamma.f32().iter().zip(inv_std(var.f32(), eps)).map(|(g, s)| g * s).collect();
    normalize(x.f32(), mean.f32(), &factor, beta.f32(), Act::Identity, y.data);
    Ok(())
}

fn batch_grad(call: &mut Call, act: Act) -> Result<()> {
    let ([x, gamma, beta, mean, inv_std, dy], [dx, dgamma, dbeta]) = call.parts()?;
    let (rows, c) = (x.rows(), x.last());
    let (x, mean, inv_std, dy) = (x.f32(), mean.f32(), inv_std.f32(), dy.f32());
    let factor: Vec<f32> = gamma.f32().iter().zip(inv_std).map(|(g, s)| g * s).collect();
    let norm = Norm { mean, factor: &factor, beta: beta.f32(), act };
    param_grads(x, norm, inv_std, dy, dgamma.data, dbeta.data);
    // dx = factor (dy - share - (x - mean) slope)
    let scale = 1.0 / rows.max(1) as f32;
    let share: Vec<f32> = dbeta.data.iter().map(|b| b * scale).collect();
    let slope: Vec<f32> = dgamma.data.iter().zip(inv_std).map(|(g, s)| g * s * scale).collect();
    threads::rows(dx.data, c, 8 * c, |first, dx| {
        let from = first * c;
        let to = from + dx.len();
        grad_rows(&x[from..to], &dy[from..to], norm, &share, &slope, dx);
    });
    Ok(())
}

fn fixed_grad(call: &mut Call, eps: f32) -> Result<()> {
    let ([x, gamma, mean, var, dy], [dx, dgamma, dbeta]) = call.parts()?;
    let (c, dy) = (x.last(), dy.f32());
    let inv_std: Vec<f32> = inv_std(var.f32(), eps).collect();
    let factor: Vec<f32> = gamma.f32().iter().zip(&inv_std).map(|(g, s)| g * s).collect();
    let norm = Norm { mean: mean.f32(), factor: &factor, beta: mean.f32(), act: Act::Identity };
    param_grads(x.f32(), norm, &inv_std, dy, dgamma.data, dbeta.data);
    threads::rows(dx.data, c, c, |first, dx| scale_rows(&dy[first * c..][..dx.len()], &factor, dx));
    Ok(())
}

fn inv_std(var: &[f32], eps: f32) -> impl Iterator<Item = f32> {
    var.iter().map(move |v| (1.0 / (f64::from(*v) + f64::from(eps)).sqrt()) as f32)
}

/// What is done to each element: `act((x - mean) factor + beta)`, by column.
#[derive(Clone, Copy)]
struct Norm<'a> {
    mean: &'a [f32],
    factor: &'a [f32],
    beta: &'a [f32],
    act: Act,
}

impl Norm<'_> {
    /// Mean, factor and beta of L columns from `at` on.
    #[inline(always)]
    fn some<const L: usize>(&self, at: usize) -> ([f32; L], [f32; L], [f32; L]) {
        (some(self.mean, at), some(self.factor, at), some(self.beta, at))
    }
}

fn normalize(x: &[f32], mean: &[f32], factor: &[f32], beta: &[f32], act: Act, y: &mut [f32]) {
    let c = mean.len();
    let norm = Norm { mean, factor, beta, act };
    threads::rows(y, c, 4 * c, |first, y| normalize_rows(&x[first * c..][..y.len()], norm, y));
}

/// `dgamma = sum dy (x - mean) inv_std`, `dbeta = sum dy`
fn param_grads(x: &[f32], norm: Norm, inv_std: &[f32], dy: &[f32], dgamma: &mut [f32], dbeta: &mut [f32]) {
    let c = norm.mean.len();
    let total = sums(x.len() / c.max(1), c, |range, dg, db| {
        let (from, to) = (range.start * c, range.end * c);
        grad_sums(&x[from..to], &dy[from..to], norm, dg, db);
    });
    for j in 0..c {
        dgamma[j] = (total[j] * f64::from(inv_std[j])) as f32;
        dbeta[j] = total[c + j] as f32;
    }
}

/// Rows whose sums are f32.
const SUMMED: usize = 64;

/// Two sums a column over all rows: `add(rows, first, second)` adds those of up to [`SUMMED`] rows.
pub(super) fn sums(
    rows: usize,
    c: usize,
    add: impl Fn(Range<usize>, &mut [f32], &mut [f32]) + Sync,
) -> Vec<f64> {
    let mut total = vec![0.0f64; 2 * c];
    threads::sum(rows.div_ceil(SUMMED), 4 * c * SUMMED, &mut total, |range, total| {
        threads::scratch(2 * c, |part| {
            for first in range.map(|i| i * SUMMED) {
                part.fill(0.0);
                let (one, two) = part.split_at_mut(c);
                add(first..(first + SUMMED).min(rows), one, two);
                total.iter_mut().zip(&*part).for_each(|(t, &p)| *t += f64::from(p));
            }
        });
    });
    total
}

/// Rows that are worked on together: what is the same in each column is loaded once for all, and memory is still read
/// straight on.
const GROUP: usize = 4;

/// L numbers from `at` on.
#[inline(always)]
fn some<const L: usize>(x: &[f32], at: usize) -> [f32; L] {
    std::array::from_fn(|j| x[at..][..L][j])
}

multiversion! {
    /// Adds differences from `origin` and their squares.
    fn sum_differences(rows: &[f32], origin: &[f32], first: &mut [f32], second: &mut [f32]) {
        let c = origin.len().max(1);
        for rows in rows.chunks(GROUP * c) {
            columns!(c, at, L, {
                let (mut one, mut two) = (some::<L>(first, at), some::<L>(second, at));
                let origin = some::<L>(origin, at);
                for row in rows.chunks_exact(c) {
                    let row = some::<L>(row, at);
                    for j in 0..L {
                        let d = row[j] - origin[j];
                        one[j] += d;
                        two[j] += d * d;
                    }
                }
                first[at..][..L].copy_from_slice(&one);
                second[at..][..L].copy_from_slice(&two);
            });
        }
    }
}

multiversion! {
    fn grad_sums(x: &[f32], dy: &[f32], norm: Norm<'_>, dg: &mut [f32], db: &mut [f32]) {
        let c = norm.mean.len().max(1);
        with_act!(norm.act, K, for (x, dy) in x.chunks(GROUP * c).zip(dy.chunks(GROUP * c)) {
            columns!(c, at, L, {
                let (mut one, mut two) = (some::<L>(dg, at), some::<L>(db, at));
                let (mean, factor, beta) = norm.some::<L>(at);
                for (x, dy) in x.chunks_exact(c).zip(dy.chunks_exact(c)) {
                    let (x, dy) = (some::<L>(x, at), some::<L>(dy, at));
                    for j in 0..L {
                        let h = x[j] - mean[j];
                        let d = dy[j] * math::act_slope(K, h * factor[j] + beta[j]);
                        one[j] += d * h;
                        two[j] += d;
                    }
                }
                dg[at..][..L].copy_from_slice(&one);
                db[at..][..L].copy_from_slice(&two);
            });
        });
    }
}

multiversion! {
    fn normalize_rows(x: &[f32], norm: Norm<'_>, y: &mut [f32]) {
        let c = norm.mean.len().max(1);
        with_act!(norm.act, K, for (x, y) in x.chunks(GROUP * c).zip(y.chunks_mut(GROUP * c)) {
            columns!(c, at, L, {
                let (mean, factor, beta) = norm.some::<L>(at);
                for (x, y) in x.chunks_exact(c).zip(y.chunks_exact_mut(c)) {
                    let (x, y) = (some::<L>(x, at), &mut y[at..][..L]);
                    for j in 0..L {
                        y[j] = math::act(K, (x[j] - mean[j]) * factor[j] + beta[j]);
                    }
                }
            });
        });
    }
}

multiversion! {
    fn grad_rows(x: &[f32], dy: &[f32], norm: Norm<'_>, share: &[f32], slope: &[f32], dx: &mut [f32]) {
        let c = norm.mean.len().max(1);
        let groups = x.chunks(GROUP * c).zip(dy.chunks(GROUP * c)).zip(dx.chunks_mut(GROUP * c));
        with_act!(norm.act, K, for ((x, dy), dx) in groups {
            columns!(c, at, L, {
                let (mean, factor, beta) = norm.some::<L>(at);
                let (share, slope) = (some::<L>(share, at), some::<L>(slope, at));
                for ((x, dy), dx) in x.chunks_exact(c).zip(dy.chunks_exact(c)).zip(dx.chunks_exact_mut(c)) {
                    let (x, dy, dx) = (some::<L>(x, at), some::<L>(dy, at), &mut dx[at..][..L]);
                    for j in 0..L {
                        let h = x[j] - mean[j];
                        let d = dy[j] * math::act_slope(K, h * factor[j] + beta[j]);
                        dx[j] = factor[j] * (d - share[j] - h * slope[j]);
                    }
                }
            });
        });
    }
}

multiversion! {
    fn scale_rows(x: &[f32], factor: &[f32], y: &mut [f32]) {
        let c = factor.len().max(1);
        for (x, y) in x.chunks_exact(c).zip(y.chunks_exact_mut(c)) {
            for ((y, x), f) in y.iter_mut().zip(x).zip(factor) {
                *y = x * f;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, compute, numbers};
    use proptest::prelude::*;

    /// Sums in f64 of `f` over all rows, by column.
    fn down(rows: usize, c: usize, f: impl Fn(usize) -> f64) -> Vec<f64> {
        (0..c).map(|j| (0..rows).map(|r| f(r * c + j)).sum()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn batch_norm(rows in 2usize..600, c in 1usize..70, offset in -50.0f32..50.0) {
            let (eps, momentum, act) = (1e-5f32, 0.1f32, Act::Identity);
            let x: Vec<f32> = numbers(rows * c, 1).iter().map(|v| v + offset).collect();
            let (gamma, beta, dy) = (numbers(c, 2), numbers(c, 3), numbers(rows * c, 4));
            let (old_mean, old_var) = (numbers(c, 5), vec![0.7; c]);
            let (xs, cs) = ([rows, c], [c]);
            let f = |v: &[f32], i: usize| f64::from(v[i]);
            let n = rows as f64;
            let mean: Vec<f64> = down(rows, c, |i| f(&x, i)).iter().map(|s| s / n).collect();
            let square = down(rows, c, |i| (f(&x, i) - mean[i % c]).powi(2));
            let inv: Vec<f64> = square.iter().map(|s| 1.0 / (s / n + f64::from(eps)).sqrt()).collect();
            let h = |i: usize| (f(&x, i) - mean[i % c]) * inv[i % c];
            let y: Vec<f64> = (0..x.len()).map(|i| f(&gamma, i % c) * h(i) + f(&beta, i % c)).collect();
            let made = compute(&Op::BatchNorm { eps, momentum, act }, &[
                (true, &xs, &x), (false, &cs, &gamma), (false, &cs, &beta), (false, &cs, &old_mean), (false, &cs, &old_var),
            ]);
            // The mean is rounded: where a column hardly varies, that shows in what is divided by its deviation.
            let steepest = inv.iter().copied().fold(1.0, f64::max);
            let rounded = steepest * f64::from(offset.abs() + 1.0) * 2f64.powi(-23);
            close(&made[0], &y, 1e-4 + rounded);
            close(&made[1], &mean, 1e-6);
            close(&made[2], &inv, 1e-5);
            let m = f64::from(momentum);
            let moved = |old: f64, new: f64| (1.0 - m) * old + m * new;
            close(&made[3], &(0..c).map(|j| moved(f(&old_mean, j), mean[j])).collect::<Vec<_>>(), 1e-6);
            close(&made[4], &(0..c).map(|j| moved(f64::from(0.7f32), square[j] / (n - 1.0))).collect::<Vec<_>>(), 1e-6);

            let dgamma = down(rows, c, |i| f(&dy, i) * h(i));
            let dbeta = down(rows, c, |i| f(&dy, i));
            let dx: Vec<f64> = (0..x.len()).map(|i| {
                let j = i % c;
                f(&gamma, j) * inv[j] * (f(&dy, i) - dbeta[j] / n - h(i) * dgamma[j] / n)
            }).collect();
            let made = compute(&Op::BatchNormGrad { act }, &[
                (true, &xs, &x), (false, &cs, &gamma), (false, &cs, &beta), (false, &cs, &made[1]), (false, &cs, &made[2]), (true, &xs, &dy),
            ]);
            close(&made[0], &dx, 1e-4 + steepest * rounded);
            close(&made[1], &dgamma, 1e-4 + n * rounded);
            close(&made[2], &dbeta, 1e-5);
        }

        #[test]
        fn fixed_batch_norm(rows in 0usize..300, c in 1usize..70) {
            let eps = 1e-3f32;
            let (x, dy) = (numbers(rows * c, 1), numbers(rows * c, 4));
            let (gamma, beta, mean) = (numbers(c, 2), numbers(c, 3), numbers(c, 5));
            let var: Vec<f32> = numbers(c, 6).iter().map(|v| v * v + 0.1).collect();
            let (xs, cs) = ([rows, c], [c]);
            let f = |v: &[f32], i: usize| f64::from(v[i]);
            let inv = |j: usize| 1.0 / (f(&var, j) + f64::from(eps)).sqrt();
            let h = |i: usize| (f(&x, i) - f(&mean, i % c)) * inv(i % c);
            let y = compute(&Op::BatchNormFixed { eps }, &[
                (true, &xs, &x), (false, &cs, &gamma), (false, &cs, &beta), (false, &cs, &mean), (false, &cs, &var),
            ]);
            close(&y[0], &(0..x.len()).map(|i| f(&gamma, i % c) * h(i) + f(&beta, i % c)).collect::<Vec<_>>(), 1e-5);
            let made = compute(&Op::BatchNormFixedGrad { eps }, &[
                (true, &xs, &x), (false, &cs, &gamma), (false, &cs, &mean), (false, &cs, &var), (true, &xs, &dy),
            ]);
            close(&made[0], &(0..x.len()).map(|i| f(&gamma, i % c) * inv(i % c) * f(&dy, i)).collect::<Vec<_>>(), 1e-5);
            close(&made[1], &down(rows, c, |i| f(&dy, i) * h(i)), 1e-4);
            close(&made[2], &down(rows, c, |i| f(&dy, i)), 1e-5);
        }
    }
}
