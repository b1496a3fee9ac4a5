//! How the part of a game that single players do not explain is thought to vary: a covariance over coalitions.
//!
//! Write coalitions as signs, `x_i = 1` if player i is present and -1 if not. Pairs show the odd part of a game,
//! `f(x) = (v(x) - v(-x)) / 2 = sum over T of odd size of b_T * prod over i in T of x_i`, and Shapley's rule is linear
//! in it: `phi_i = 2 * sum over T with i of b_T / |T|`. Besides the single players' terms, left free, the covariance is
//!
//! `(1 - w) * P(x, y) / P(x, x) + w * [x = y]`,
//! `P(x, y) = sum over T of odd size >= 3 of prod over i in T of r_i x_i y_i = odd part of prod_i (1 + r_i x_i y_i), less sum_i r_i x_i y_i`
//!
//! so terms of three players matter most, each in proportion to what its players matter (r), and w of the variance may be
//! anything at all. The covariance of phi_i with f(x) needs `1 / |T|`: an integral,
//! `1 / d = integral of t^(d - 1)` over (0, 1), by Gauss and Legendre.
//! Complexity: n m^2 / 2 for the covariance of m coalitions, n m a point of the integral for the rest.

use super::super::Coalition;
use rayon::prelude::*;
use ronghe_stats::linalg::dot;

/// Points of the integral: exact for products of up to 23 players, and r is small.
const POINTS: usize = 12;
/// Largest r of a player.
const MOST_RATE: f64 = 0.9;

/// Covariances under the product part, apart from those under the rest.
pub(super) struct Prior {
    /// P(x, y) / P(x, x), lower triangle, row-major.
    pub(super) product: Vec<f64>,
    /// Covariance of the share of each player with each coalition's value, `[player][coalition]`.
    product_share: Vec<Vec<f64>>,
    rates: Vec<f64>,
    whole: Product,
    /// 1 / P(x, x).
    unit: f64,
}

impl Prior {
    /// The prior for coalitions given as signs, where players matter as `importance` says (any scale; all 0 is taken
    /// as all equal).
    pub(super) fn new(signs: &[Vec<f64>], importance: &[f64]) -> Prior {
        let (n, m) = (importance.len(), signs.len());
        let mean = importance.iter().sum::<f64>() / n as f64;
        // A tenth of the mean for everyone: what mattered little alone may still interact.
        let level = |a: f64| if mean > 0.0 { (a / mean + 0.1) / 1.1 } else { 1.0 };
        let rates: Vec<f64> = importance.iter().map(|&a| (level(a) / n as f64).min(MOST_RATE)).collect();
        let whole = Product::new(&rates, 1.0);
        let scale = whole.odd(whole.slopes.iter().sum()) - rates.iter().sum::<f64>();
        // With fewer than three players there is nothing beyond single players.
        let unit = if n >= 3 && scale > 0.0 { scale.recip() } else { 0.0 };

        let mut product_share = vec![vec![0.0; m]; n];
        for (t, w) in gauss_legendre(POINTS) {
            let part = Product::new(&rates, t);
            let ends: Vec<(f64, f64)> = signs.iter().map(|x| part.both(dot(x, &part.slopes))).collect();
            for i in 0..n {
                let r = rates[i];
                let (with, without) = ((1.0 + t * r).recip(), (1.0 - t * r).recip());
                for p in 0..m {
                    let (x, (up, down)) = (signs[p][i], ends[p]);
                    let (of_up, of_down) = if x > 0.0 { (with, without) } else { (without, with) };
                    // The product over the others, its even part, less the empty set: sets of two and more with i.
                    let even = (up * of_up + down * of_down) / 2.0 - 1.0;
                    product_share[i][p] += unit * 2.0 * w * r * x * even;
                }
            }
        }
        let mut prior = Prior { product: Vec::new(), product_share, rates, whole, unit };
        let rows: Vec<Vec<f64>> =
            (0..m).into_par_iter().map(|p| prior.against(&signs[p], &signs[..=p])).collect();
        prior.product = vec![0.0; m * m];
        prior
            .product
            .chunks_exact_mut(m.max(1))
            .zip(&rows)
            .for_each(|(to, row)| to[..row.len()].copy_from_slice(row));
        prior
    }

    /// P(x, y) / P(x, x) of a coalition with each of some others, all as signs.
    pub(super) fn against(&self, x: &[f64], others: &[Vec<f64>]) -> Vec<f64> {
        let scaled = |by: &[f64]| -> Vec<f64> { x.iter().zip(by).map(|(x, b)| x * b).collect() };
        let (sloped, rated) = (scaled(&self.whole.slopes), scaled(&self.rates));
        others.iter().map(|y| self.unit * (self.whole.odd(dot(&sloped, y)) - dot(&rated, y))).collect()
    }

    /// The covariance of the coalitions' values with share `w` of anything at all, row-major lower triangle.
    pub(super) fn covariance(&self, w: f64, size: usize) -> Vec<f64> {
        let mut mixed: Vec<f64> = self.product.iter().map(|p| (1.0 - w) * p).collect();
        (0..size).for_each(|p| mixed[p * size + p] += w);
        mixed
    }

    /// The covariance of player i's share with the coalitions' values, where `direct` are its Shapley weights.
    pub(super) fn share(&self, w: f64, i: usize, direct: &[f64]) -> Vec<f64> {
        self.product_share[i].iter().zip(direct).map(|(p, d)| (1.0 - w) * p + w * d).collect()
    }
}

/// What player i's share takes of `f` at a coalition, over all pairs: `2 s! (n - s - 1)! / n!`, s the others present
/// (weights from [`weights`]).
pub(super) fn shapley_weight(coalition: &Coalition, size: usize, i: usize, weights: &[f64]) -> f64 {
    match coalition.contains(i) {
        true => 2.0 * weights[size - 1],
        false => -2.0 * weights[size],
    }
}

/// `prod_i (1 + t r_i z_i)` over signs z, as an exponential of a linear function.
struct Product {
    scale: f64,
    slopes: Vec<f64>,
}

impl Product {
    fn new(rates: &[f64], t: f64) -> Product {
        let logs = rates.iter().map(|r| ((t * r).ln_1p(), (-t * r).ln_1p()));
        let constant: f64 = logs.clone().map(|(up, down)| (up + down) / 2.0).sum();
        Product { scale: constant.exp(), slopes: logs.map(|(up, down)| (up - down) / 2.0).collect() }
    }

    fn both(&self, sum: f64) -> (f64, f64) {
        let up = sum.exp();
        (self.scale * up, self.scale / up)
    }

    fn odd(&self, sum: f64) -> f64 {
        let (up, down) = self.both(sum);
        (up - down) / 2.0
    }
}

/// Points and weights on (0, 1), from the roots of the Legendre polynomial (Newton).
fn gauss_legendre(points: usize) -> Vec<(f64, f64)> {
    (0..points)
        .map(|k| {
            let mut x = (std::f64::consts::PI * (k as f64 + 0.75) / (points as f64 + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..50 {
                let (mut before, mut now) = (1.0, x);
                for d in 2..=points {
                    let d = d as f64;
                    (before, now) = (now, ((2.0 * d - 1.0) * x * now - (d - 1.0) * before) / d);
                }
                slope = points as f64 * (x * now - before) / (x * x - 1.0);
                x -= now / slope;
            }
            ((1.0 + x) / 2.0, 1.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All coalitions of five players, as signs, and the odd sets of three and more with their variances.
    fn by_sets(rates: &[f64; 5]) -> Vec<(u32, f64)> {
        let sets = (0..32_u32).filter(|t| t.count_ones() % 2 == 1 && t.count_ones() >= 3);
        sets.map(|t| (t, (0..5).filter(|i| t >> i & 1 == 1).map(|i| rates[i]).product())).collect()
    }

    #[test]
    fn covariances_are_the_sums_over_sets() {
        let importance = [1.0, 2.0, 0.0, 4.0, 0.5];
        let rates = importance.map(|a: f64| (a / 1.5 + 0.1) / 1.1 / 5.0);
        let sets = by_sets(&rates);
        let scale: f64 = sets.iter().map(|s| s.1).sum();
        let signs: Vec<Vec<f64>> = [31_u32, 3, 20]
            .iter()
            .map(|s| (0..5).map(|i| if s >> i & 1 == 1 { 1.0 } else { -1.0 }).collect())
            .collect();
        let parity = |t: u32, x: &[f64]| (0..5).filter(|i| t >> i & 1 == 1).map(|i| x[i]).product::<f64>();
        let prior = Prior::new(&signs, &importance);
        for p in 0..3 {
            for q in 0..=p {
                let sum: f64 =
                    sets.iter().map(|&(t, v)| v * parity(t, &signs[p]) * parity(t, &signs[q])).sum();
                assert!((prior.product[p * 3 + q] - sum / scale).abs() < 1e-13);
            }
            for i in 0..5 {
                let with = sets.iter().filter(|(t, _)| t >> i & 1 == 1);
                let sum: f64 =
                    with.map(|&(t, v)| 2.0 * v / f64::from(t.count_ones()) * parity(t, &signs[p])).sum();
                assert!((prior.share(0.0, i, &[0.0; 3])[p] - sum / scale).abs() < 1e-13);
            }
        }
    }
}
