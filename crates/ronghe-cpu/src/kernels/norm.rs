//! Batch normalisation over all but the innermost dimension; the rest of the family is in [`layer_norm`].
//!
//! With x[R, C]: `y = gamma (x - mean) inv_std + beta`, `inv_std = 1 / sqrt(var + eps)`, mean and (biased) variance over
//! the R rows of this batch, or fixed ones (Ioffe and Szegedy 2015). Gradient for batch statistics, with
//! `h = (x - mean) inv_std`: `dx = gamma inv_std (dy - mean(dy) - h mean(dy h))`, `dgamma = sum dy h`, `dbeta = sum dy`.
//! Sums are f32 within 64 rows and f64 across them; the variance is the mean of squared deviations, in a second pass.

use crate::call::Call;
use crate::kernels::layer_norm;
use crate::kernels::linear::column_sums;
use crate::kernels::multiversion;
use crate::threads;
use ronghe_graph::{Op, Result};

/// Computes the normalisation family.
pub(crate) fn run(call: &mut Call) -> Result<()> {
    match call.op {
        Op::BatchNorm { eps, momentum } => batch(call, *eps, *momentum),
        Op::BatchNormGrad => batch_grad(call),
        Op::BatchNormFixed { eps } => fixed(call, *eps),
        Op::BatchNormFixedGrad { eps } => fixed_grad(call, *eps),
        _ => layer_norm::run(call),
    }
}

fn batch(call: &mut Call, eps: f32, momentum: f32) -> Result<()> {
    let ([x, gamma, beta, old_mean, old_var], [y, mean, inv_std, new_mean, new_var]) = call.parts()?;
    let (rows, c) = (x.rows(), x.last());
    let x = x.f32();
    let scale = 1.0 / rows.max(1) as f64;

    // Sums of differences from the first row: exact enough where the mean is large beside the deviation.
    let origin = x.get(..c).unwrap_or(old_mean.f32());
    let mut total = vec![0.0; c];
    column_sums(x, c, &mut total, |rows, part| sum_differences(rows, origin, part));
    for j in 0..c {
        mean.data[j] = (f64::from(origin[j]) + total[j] * scale) as f32;
    }
    let means: &[f32] = mean.data;
    total.fill(0.0);
    column_sums(x, c, &mut total, |rows, part| sum_squares(rows, means, part));
    let unbiased = 1.0 / rows.saturating_sub(1).max(1) as f64;
    for j in 0..c {
        inv_std.data[j] = (1.0 / (total[j] * scale + f64::from(eps)).sqrt()) as f32;
        new_mean.data[j] = old_mean.f32()[j] + momentum * (means[j] - old_mean.f32()[j]);
        new_var.data[j] = old_var.f32()[j] + momentum * ((total[j] * unbiased) as f32 - old_var.f32()[j]);
    }
    let factor: Vec<f32> = gamma.f32().iter().zip(&*inv_std.data).map(|(g, s)| g * s).collect();
    normalize(x, means, &factor, beta.f32(), y.data);
    Ok(())
}

fn fixed(call: &mut Call, eps: f32) -> Result<()> {
    let ([x, gamma, beta, mean, var], [y]) = call.parts()?;
    let factor: Vec<f32> = gamma.f32().iter().zip(inv_std(var.f32(), eps)).map(|(g, s)| g * s).collect();
    normalize(x.f32(), mean.f32(), &factor, beta.f32(), y.data);
    Ok(())
}

fn batch_grad(call: &mut Call) -> Result<()> {
    let ([x, gamma, mean, inv_std, dy], [dx, dgamma, dbeta]) = call.parts()?;
    let (rows, c) = (x.rows(), x.last());
    let (x, mean, inv_std, dy) = (x.f32(), mean.f32(), inv_std.f32(), dy.f32());
    param_grads(x, mean, inv_std, dy, dgamma.data, dbeta.data);
    // dx = factor (dy - share - (x - mean) slope)
    let scale = 1.0 / rows.max(1) as f32;
    let factor: Vec<f32> = gamma.f32().iter().zip(inv_std).map(|(g, s)| g * s).collect();
    let share: Vec<f32> = dbeta.data.iter().map(|b| b * scale).collect();
    let slope: Vec<f32> = dgamma.data.iter().zip(inv_std).map(|(g, s)| g * s * scale).collect();
    threads::rows(dx.data, c, 6 * c, |first, dx| {
        let from = first * c;
        let to = from + dx.len();
        grad_rows(&x[from..to], &dy[from..to], mean, &factor, &share, &slope, dx);
    });
    Ok(())
}

fn fixed_grad(call: &mut Call, eps: f32) -> Result<()> {
    let ([x, gamma, mean, var, dy], [dx, dgamma, dbeta]) = call.parts()?;
    let (c, dy) = (x.last(), dy.f32());
    let inv_std: Vec<f32> = inv_std(var.f32(), eps).collect();
    param_grads(x.f32(), mean.f32(), &inv_std, dy, dgamma.data, dbeta.data);
    let factor: Vec<f32> = gamma.f32().iter().zip(&inv_std).map(|(g, s)| g * s).collect();
    threads::rows(dx.data, c, c, |first, dx| scale_rows(&dy[first * c..][..dx.len()], &factor, dx));
    Ok(())
}

fn inv_std(var: &[f32], eps: f32) -> impl Iterator<Item = f32> {
    var.iter().map(move |v| (1.0 / (f64::from(*v) + f64::from(eps)).sqrt()) as f32)
}

/// `y = (x - mean) * factor + beta`
fn normalize(x: &[f32], mean: &[f32], factor: &[f32], beta: &[f32], y: &mut [f32]) {
    let c = mean.len();
    threads::rows(y, c, 4 * c, |first, y| {
        normalize_rows(&x[first * c..][..y.len()], mean, factor, beta, y);
    });
}

/// `dgamma = sum dy (x - mean) inv_std`, `dbeta = sum dy`
fn param_grads(x: &[f32], mean: &[f32], inv_std: &[f32], dy: &[f32], dgamma: &mut [f32], dbeta: &mut [f32]) {
    let c = mean.len();
    let rows = x.len() / c.max(1);
    let mut total = vec![0.0f64; 2 * c];
    threads::sum(rows, 4 * c, &mut total, |range, total| {
        threads::scratch(2 * c, |part| {
            for first in range.clone().step_by(64) {
                let (from, to) = (first * c, (first + 64).min(range.end) * c);
                part.fill(0.0);
                let (dg, db) = part.split_at_mut(c);
                grad_sums(&x[from..to], &dy[from..to], mean, dg, db);
                total.iter_mut().zip(&*part).for_each(|(t, &p)| *t += f64::from(p));
            }
        });
    });
    for j in 0..c {
        dgamma[j] = (total[j] * f64::from(inv_std[j])) as f32;
        dbeta[j] = total[c + j] as f32;
    }
}

multiversion! {
    fn sum_differences(rows: &[f32], origin: &[f32], sum: &mut [f32]) {
        let c = sum.len();
        for row in rows.chunks_exact(c.max(1)) {
            let (row, origin) = (&row[..c], &origin[..c]);
            for j in 0..c {
                sum[j] += row[j] - origin[j];
            }
        }
    }
}

multiversion! {
    fn sum_squares(rows: &[f32], mean: &[f32], sum: &mut [f32]) {
        let c = sum.len();
        for row in rows.chunks_exact(c.max(1)) {
            let (row, mean) = (&row[..c], &mean[..c]);
            for j in 0..c {
                let d = row[j] - mean[j];
                sum[j] += d * d;
            }
        }
    }
}

multiversion! {
    fn grad_sums(x: &[f32], dy: &[f32], mean: &[f32], dg: &mut [f32], db: &mut [f32]) {
        let c = mean.len();
        let (dg, db) = (&mut dg[..c], &mut db[..c]);
        for (x, dy) in x.chunks_exact(c.max(1)).zip(dy.chunks_exact(c.max(1))) {
            for j in 0..c {
                dg[j] += dy[j] * (x[j] - mean[j]);
                db[j] += dy[j];
            }
        }
    }
}

multiversion! {
    fn normalize_rows(x: &[f32], mean: &[f32], factor: &[f32], beta: &[f32], y: &mut [f32]) {
        let c = mean.len();
        let (factor, beta) = (&factor[..c], &beta[..c]);
        for (x, y) in x.chunks_exact(c.max(1)).zip(y.chunks_exact_mut(c.max(1))) {
            for j in 0..c {
                y[j] = (x[j] - mean[j]) * factor[j] + beta[j];
            }
        }
    }
}

multiversion! {
    fn grad_rows(
        x: &[f32],
        dy: &[f32],
        mean: &[f32],
        factor: &[f32],
        share: &[f32],
        slope: &[f32],
        dx: &mut [f32],
    ) {
        let c = mean.len();
        let (factor, share, slope) = (&factor[..c], &share[..c], &slope[..c]);
        let rows = x.chunks_exact(c.max(1)).zip(dy.chunks_exact(c.max(1)));
        for ((x, dy), dx) in rows.zip(dx.chunks_exact_mut(c.max(1))) {
            for j in 0..c {
                dx[j] = factor[j] * (dy[j] - share[j] - (x[j] - mean[j]) * slope[j]);
            }
        }
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

    /// Sums in f64 of `f(row, column)` over all rows, by column.
    fn sums(rows: usize, c: usize, f: impl Fn(usize) -> f64) -> Vec<f64> {
        (0..c).map(|j| (0..rows).map(|r| f(r * c + j)).sum()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn batch_norm(rows in 2usize..600, c in 1usize..70, offset in -50.0f32..50.0) {
            let (eps, momentum) = (1e-5f32, 0.1f32);
            let x: Vec<f32> = numbers(rows * c, 1).iter().map(|v| v + offset).collect();
            let (gamma, beta, dy) = (numbers(c, 2), numbers(c, 3), numbers(rows * c, 4));
            let (old_mean, old_var) = (numbers(c, 5), vec![0.7; c]);
            let (xs, cs) = ([rows, c], [c]);
            let f = |v: &[f32], i: usize| f64::from(v[i]);
            let n = rows as f64;
            let mean: Vec<f64> = sums(rows, c, |i| f(&x, i)).iter().map(|s| s / n).collect();
            let square = sums(rows, c, |i| (f(&x, i) - mean[i % c]).powi(2));
            let inv: Vec<f64> = square.iter().map(|s| 1.0 / (s / n + f64::from(eps)).sqrt()).collect();
            let h = |i: usize| (f(&x, i) - mean[i % c]) * inv[i % c];
            let y: Vec<f64> = (0..x.len()).map(|i| f(&gamma, i % c) * h(i) + f(&beta, i % c)).collect();
            let made = compute(&Op::BatchNorm { eps, momentum }, &[
                (true, &xs, &x), (false, &cs, &gamma), (false, &cs, &beta), (false, &cs, &old_mean), (false, &cs, &old_var),
            ]);
            close(&made[0], &y, 1e-4);
            close(&made[1], &mean, 1e-6);
            close(&made[2], &inv, 1e-5);
            let m = f64::from(momentum);
            let moved = |old: f64, new: f64| (1.0 - m) * old + m * new;
            close(&made[3], &(0..c).map(|j| moved(f(&old_mean, j), mean[j])).collect::<Vec<_>>(), 1e-6);
            close(&made[4], &(0..c).map(|j| moved(f64::from(0.7f32), square[j] / (n - 1.0))).collect::<Vec<_>>(), 1e-6);

            let dgamma = sums(rows, c, |i| f(&dy, i) * h(i));
            let dbeta = sums(rows, c, |i| f(&dy, i));
            let dx: Vec<f64> = (0..x.len()).map(|i| {
                let j = i % c;
                f(&gamma, j) * inv[j] * (f(&dy, i) - dbeta[j] / n - h(i) * dgamma[j] / n)
            }).collect();
            let made = compute(&Op::BatchNormGrad, &[
                (true, &xs, &x), (false, &cs, &gamma), (false, &cs, &made[1]), (false, &cs, &made[2]), (true, &xs, &dy),
            ]);
            close(&made[0], &dx, 1e-4);
            close(&made[1], &dgamma, 1e-4);
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
            close(&made[1], &sums(rows, c, |i| f(&dy, i) * h(i)), 1e-4);
            close(&made[2], &sums(rows, c, |i| f(&dy, i)), 1e-5);
        }
    }
}
