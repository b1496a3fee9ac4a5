//! Softmax and losses.

use super::Val;

/// Softmax of one row over the entries that the mask allows.
pub(crate) fn softmax_row(x: &[f64], mask: Option<&[f64]>) -> Vec<f64> {
    let allowed = |i: usize| mask.is_none_or(|m| m[i] != 0.0);
    let max = (0..x.len()).filter(|&i| allowed(i)).map(|i| x[i]).fold(f64::NEG_INFINITY, f64::max);
    let e: Vec<f64> = (0..x.len()).map(|i| if allowed(i) { (x[i] - max).exp() } else { 0.0 }).collect();
    let sum: f64 = e.iter().sum();
    e.iter().map(|e| if sum > 0.0 { e / sum } else { 0.0 }).collect()
}

pub(crate) fn softmax(x: &Val, mask: Option<&Val>) -> Val {
    let rows = (0..x.rows()).flat_map(|r| softmax_row(x.row(r), mask.map(|m| m.row(r))));
    Val::new(&x.shape, rows.collect())
}

pub(crate) fn softmax_grad(y: &Val, dy: &Val) -> Val {
    let d = y.last();
    let mean = |r: usize| y.row(r).iter().zip(dy.row(r)).map(|(y, dy)| y * dy).sum::<f64>();
    Val::new(&y.shape, (0..y.f.len()).map(|i| y.f[i] * (dy.f[i] - mean(i / d))).collect())
}

fn share(weight: &Val, counts: impl Fn(usize) -> bool) -> f64 {
    let total: f64 = (0..weight.f.len()).filter(|&i| counts(i)).map(|i| weight.f[i]).sum();
    if total == 0.0 { 0.0 } else { 1.0 / total }
}

/// Target distribution of row `r`.
fn target(labels: &Val, r: usize, k: usize, smoothing: f64) -> Vec<f64> {
    let hit = |j: usize| if labels.i[r] == j as i32 { 1.0 - smoothing } else { 0.0 };
    (0..k).map(|j| hit(j) + smoothing / k as f64).collect()
}

pub(crate) fn softmax_cross_entropy(x: &Val, labels: &Val, weight: &Val, smoothing: f64) -> Vec<Val> {
    let k = x.last();
    let p = softmax(x, None);
    let mut loss = 0.0;
    for r in (0..x.rows()).filter(|&r| labels.i[r] >= 0) {
        let max = x.row(r).iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let log_sum = max + x.row(r).iter().map(|v| (v - max).exp()).sum::<f64>().ln();
        let t = target(labels, r, k, smoothing);
        loss += weight.f[r] * (0..k).map(|j| t[j] * (log_sum - x.row(r)[j])).sum::<f64>();
    }
    vec![Val::new(&[1], vec![loss * share(weight, |r| labels.i[r] >= 0)]), p]
}

pub(crate) fn softmax_cross_entropy_grad(p: &Val, labels: &Val, weight: &Val, smoothing: f64) -> Val {
    let k = p.last();
    let share = share(weight, |r| labels.i[r] >= 0);
    let mut dx = Val::zeros(&p.shape);
    for r in (0..p.rows()).filter(|&r| labels.i[r] >= 0) {
        let t = target(labels, r, k, smoothing);
        for j in 0..k {
            dx.f[r * k + j] = weight.f[r] * share * (p.row(r)[j] - t[j]);
        }
    }
    dx
}

pub(crate) fn sigmoid_cross_entropy(x: &Val, target: &Val, weight: &Val) -> Vec<Val> {
    let p = x.map(|v| 1.0 / (1.0 + (-v).exp()));
    let cost = |i: usize| {
        // ln(1 + e^x) - t x
        let (x, t) = (x.f[i], target.f[i]);
        weight.f[i] * (x.max(0.0) + (-x.abs()).exp().ln_1p() - t * x)
    };
    let sum: f64 = (0..x.f.len()).map(cost).sum();
    vec![Val::new(&[1], vec![sum * share(weight, |_| true)]), p]
}

pub(crate) fn squared_error(y: &Val, target: &Val, weight: &Val) -> Val {
    let sum: f64 = (0..y.f.len()).map(|i| weight.f[i] * (y.f[i] - target.f[i]).powi(2)).sum();
    Val::new(&[1], vec![sum * share(weight, |_| true)])
}

/// `factor * weight (y - target) / sum of weights`
pub(crate) fn weighted_difference(y: &Val, target: &Val, weight: &Val, factor: f64) -> Val {
    let share = share(weight, |_| true);
    let one = |i: usize| factor * weight.f[i] * (y.f[i] - target.f[i]) * share;
    Val::new(&y.shape, (0..y.f.len()).map(one).collect())
}
