//! Standard errors of kriged shares that do not take the prior at its word.
//!
//! ```text
//! phi_i = sum over rows c of a_ic f_c,   a_i = 2 times row i of G^-1 X'K^-1, plus P cov(f, phi_i)
//! e_c = (P f)_c / P_cc   what is missed at c when all rows but c are seen,   P = K^-1 - K^-1 X G^-1 X'K^-1
//! SE_i^2 = sum over rows c of (a_ic - w_ic)^2 e_c^2  +  sum over sizes s of q_s (sum over pairs of size s of w_ic^2) v_s
//! ```
//!
//! m rows that were seen, X, K and G as in [`kriging`](super::kriging), w the weights of Shapley's rule; q_s the share of the pairs of
//! size s that was not seen, v_s the mean of `e^2` over those seen (and one of the mean over all). What a share misses is its weights
//! on what was not seen, less what stands for that among what was: as in the sandwich of a regression whose errors are independent and of
//! any size, each is held to be as far off as its neighbours were when they were left out. A prior whose variance is the same
//! everywhere is wrong by a factor of two where it is not: votes turn at the middle sizes, costs at the smallest.
//!
//! Rows that chose the n rates of a prior are missed by less than others. Unless these rates are likelier by far, `e^2` is the mean of
//! that under them and of that under the prior in which all players are alike.
//! Complexity: m^3 / 3 for the diagonals, 2 n m^2 for the weights.
//! Sources: Dubrule 1983 (cross-validation of kriging in closed form); MacKinnon and White 1985 (HC3); Bachoc 2013 (variances from
//! cross-validation where the covariance is not the true one).

use super::super::exact::weights;
use rayon::prelude::*;
use ronghe_stats::linalg::{Cholesky, TOGETHER, dot};
use std::slice::from_mut;

/// Below this, a row is alone in what it tells, and nothing can be left out.
const ALONE: f64 = 1e-9;

/// `e^2`, `[output][row]`: squares of what is missed at each row when it is left out. `whitened` is `L^-1 X`, `dual` is `P f`.
pub(super) fn left_out(
    covariance: &Cholesky,
    gram: &Cholesky,
    whitened: &[Vec<f64>],
    dual: &[Vec<f64>],
) -> Vec<Vec<f64>> {
    let rows = dual.first().map_or(0, Vec::len);
    let mut units: Vec<Vec<f64>> = (0..rows).map(|c| unit(rows, c)).collect();
    units.par_chunks_mut(TOGETHER).for_each(|some| covariance.forward(some));
    let own = |column: &Vec<f64>| {
        let mut with: Vec<f64> = whitened.iter().map(|b| dot(b, column)).collect();
        gram.forward(from_mut(&mut with));
        dot(column, column) - dot(&with, &with)
    };
    let own: Vec<f64> = units.par_iter().map(own).collect();
    let square = |(d, p): (&f64, &f64)| if *p > ALONE { (d / p).powi(2) } else { 0.0 };
    dual.iter().map(|dual| dual.iter().zip(&own).map(square).collect()).collect()
}

fn unit(size: usize, at: usize) -> Vec<f64> {
    let mut unit = vec![0.0; size];
    unit[at] = 1.0;
    unit
}

/// What the rows tell of those that were not seen.
pub(super) struct Scatter {
    /// `e^2`, `[output][row]`.
    squares: Vec<Vec<f64>>,
    /// What the pairs that were not seen add to the variance of any share, an output.
    unseen: Vec<f64>,
}

impl Scatter {
    /// From `e^2` and the sizes of the rows' coalitions, of n players.
    pub(super) fn new(squares: Vec<Vec<f64>>, sizes: &[usize], n: usize) -> Scatter {
        let half = n / 2;
        // Everybody is a row too, but no pair to be drawn.
        let mut seen = vec![0_usize; half + 1];
        let smaller = |s: usize| s.min(n - s);
        sizes.iter().for_each(|&s| seen[smaller(s)] += 1);
        let weights = weights(n);
        let mut there = 1.0;
        let mut left = vec![0.0; half + 1];
        for s in 1..=half {
            there *= (n - s + 1) as f64 / s as f64;
            let share = if 2 * s == n { 0.5 } else { 1.0 };
            // C(n - 1, s - 1) of C(n, s) coalitions hold the player, and C(n - 1, s) weights[s] = 1 / n.
            let total = 4.0 * share * (weights[s - 1] + weights[s]) / n as f64;
            left[s] = total * (1.0 - seen[s] as f64 / (share * there)).max(0.0);
        }
        let unseen = squares.iter().map(|squares| {
            let mean = squares.iter().sum::<f64>() / squares.len().max(1) as f64;
            let mut sums = vec![mean; half + 1];
            sizes.iter().zip(squares).for_each(|(&s, e)| sums[smaller(s)] += e);
            (1..=half).map(|s| left[s] * sums[s] / (seen[s] + 1) as f64).sum()
        });
        Scatter { unseen: unseen.collect(), squares }
    }

    /// Standard error of a share, an output, from its weights on the rows less those of Shapley's rule.
    pub(super) fn errors(&self, excess: &[f64]) -> Vec<f64> {
        let seen = |squares: &Vec<f64>| squares.iter().zip(excess).map(|(e, a)| a * a * e).sum::<f64>();
        self.squares
            .iter()
            .zip(&self.unseen)
            .map(|(squares, unseen)| (seen(squares) + unseen).sqrt())
            .collect()
    }
}
