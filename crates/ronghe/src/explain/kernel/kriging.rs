//! Shapley values from some pairs of coalitions by kriging: the game beyond single players is a draw from a
//! [`Prior`], and the shares' best linear prediction follows from the pairs seen.
//!
//! `f = X b + r`, `b` free, `cov r = s^2 K`. With `L L' = K`, `B = L^-1 X`, `G = B'B`, `z = L^-1 f`, `h_i = L^-1 cov(phi_i, f)`:
//!
//! `b = G^-1 B'z`, `phi_i = 2 b_i + h_i'(z - B b)`
//!
//! The prior's own error holds only where the prior does: on weighted majority votes 76 to 85 % of 95 % intervals held the
//! share. Standard errors come from rows left out instead, see [`scatter`](super::scatter), times
//! Student's reach for m - n - 2 degrees of freedom (two go to the choice of the prior).
//!
//! m rows (the pairs and the coalition of everybody, which makes the shares add up), n players. What was seen counts with
//! its own Shapley weight, only the rest is predicted; with every pair seen nothing is left to predict. Among a few
//! priors (all players alike or by what they got at first; more or less of anything at all) restricted likelihood
//! chooses, over all outputs together: so outputs share one factorisation, and the shares are linear in them.
//! Complexity: m^3 / 3 + 2 n m^2 a prior. Sources: Matheron 1963 (universal kriging); Patterson and Thompson 1971
//! (restricted likelihood); Rasmussen and Ghahramani 2003 (Bayesian quadrature).

use super::super::Coalition;
use super::super::exact::weights;
use super::prior::{Prior, shapley_weight};
use super::scatter::{Scatter, left_out};
use rayon::prelude::*;
use ronghe_stats::linalg::{Cholesky, TOGETHER, dot};
use ronghe_stats::student::reach;
use std::slice::from_mut;

/// Shares of the variance that may be anything at all.
const ANYTHING: [f64; 3] = [0.05, 0.2, 1.0];
/// A prior of the players' own rates is taken at its word where it is likelier by more than so much a player.
const DOUBT: f64 = 3.0;
/// Rows on which the prior is chosen, or twice the players if that is more.
const CHOICE_ROWS: usize = 160;

/// Shares and their standard errors, `[player][output]`.
pub(super) type Shares = (Vec<Vec<f64>>, Vec<Vec<f64>>);

/// Coalitions, everybody first, as signs, with their Shapley weights, and what was paid: `[output][row]`.
struct Rows<'a> {
    signs: &'a [Vec<f64>],
    /// `[player][row]`
    direct: &'a [Vec<f64>],
    values: Vec<&'a [f64]>,
}

/// What kriging makes of a game.
pub(super) struct Kriged {
    pub(super) shares: Shares,
    /// What was seen.
    signs: Vec<Vec<f64>>,
    prior: Prior,
    anything: f64,
    /// b, `[output][player]`.
    slopes: Vec<Vec<f64>>,
    /// `K^-1 (f - X b)`, `[output][row]`.
    dual: Vec<Vec<f64>>,
}

impl Kriged {
    /// The odd part of the game that is expected at a coalition that was not seen, an output. The shares are those of this
    /// expectation, with what was seen in its place.
    pub(super) fn expect(&self, coalition: &Coalition) -> Vec<f64> {
        let x = as_signs(coalition);
        let near = self.prior.against(&x, &self.signs);
        let outputs = self.slopes.iter().zip(&self.dual);
        outputs.map(|(b, dual)| dot(b, &x) + (1.0 - self.anything) * dot(dual, &near)).collect()
    }
}

fn as_signs(coalition: &Coalition) -> Vec<f64> {
    (0..coalition.players()).map(|i| if coalition.contains(i) { 1.0 } else { -1.0 }).collect()
}

/// Kriging from `values` (`[output][row]`, odd parts) of everybody and of one coalition a pair. None if the rows do
/// not determine the shares.
pub(super) fn krige(coalitions: &[Coalition], values: &[Vec<f64>]) -> Option<Kriged> {
    let n = coalitions.first()?.players();
    let weights = weights(n);
    let signs: Vec<Vec<f64>> = coalitions.iter().map(as_signs).collect();
    let sizes: Vec<usize> = coalitions.iter().map(Coalition::count).collect();
    let direct: Vec<Vec<f64>> = (0..n)
        .map(|i| coalitions.iter().zip(&sizes).map(|(c, &s)| shapley_weight(c, s, i, &weights)).collect())
        .collect();
    let rows = |count: usize| Rows {
        signs: &signs[..count],
        direct: &direct,
        values: values.iter().map(|v| &v[..count]).collect(),
    };
    let few = rows(signs.len().min(CHOICE_ROWS.max(2 * n)));

    let alike = Prior::new(few.signs, &vec![1.0; n]);
    let first = best(&few, &alike)?;
    let importance = importance(&first.shares(&few, &alike));
    let unlike = Prior::new(few.signs, &importance);
    let second = best(&few, &unlike).filter(|fit| fit.likelihood > first.likelihood);
    let all = rows(signs.len());
    // What the same rows chose is doubted, unless it is likelier by more than its numbers.
    let mut doubted = None;
    let (fit, prior) = if few.signs.len() == signs.len() {
        match second {
            Some(second) => {
                doubted = (second.likelihood - first.likelihood <= DOUBT * n as f64)
                    .then(|| first.left_out(&first.dual()));
                (second, unlike)
            }
            None => (first, alike),
        }
    } else {
        let anything = second.as_ref().map_or(first.anything, |fit| fit.anything);
        let importance = if second.is_some() { importance } else { vec![1.0; n] };
        let prior = Prior::new(all.signs, &importance);
        (Fit::new(&all, &prior, anything)?, prior)
    };
    let dual = fit.dual();
    let mut squares = fit.left_out(&dual);
    if let Some(doubted) = doubted {
        let numbers = squares.iter_mut().flatten().zip(doubted.iter().flatten());
        numbers.for_each(|(e, other)| *e = (*e + other) / 2.0);
    }
    let scatter = Scatter::new(squares, &sizes, n);
    let shares = (fit.shares(&all, &prior), fit.errors(&all, &prior, &scatter));
    let Fit { anything, slopes, .. } = fit;
    Some(Kriged { shares, signs, prior, anything, slopes, dual })
}

/// How much each player got, over outputs of equal weight.
fn importance(shares: &[Vec<f64>]) -> Vec<f64> {
    let outputs = shares.first().map_or(0, Vec::len);
    let scale: Vec<f64> = (0..outputs).map(|k| shares.iter().map(|a| a[k] * a[k]).sum()).collect();
    let of = |a: &Vec<f64>| {
        (0..outputs).filter(|&k| scale[k] > 0.0).map(|k| a[k] * a[k] / scale[k]).sum::<f64>().sqrt()
    };
    shares.iter().map(of).collect()
}

/// The likeliest fit; the first of equals.
fn best(rows: &Rows, prior: &Prior) -> Option<Fit> {
    let fits: Vec<_> = ANYTHING.par_iter().map(|&anything| Fit::new(rows, prior, anything)).collect();
    fits.into_iter().flatten().reduce(|a, b| if b.likelihood > a.likelihood { b } else { a })
}

/// Generalised least squares under one covariance.
struct Fit {
    anything: f64,
    likelihood: f64,
    covariance: Cholesky,
    gram: Cholesky,
    /// B, `[player][row]`.
    whitened: Vec<Vec<f64>>,
    /// b, `[output][player]`.
    slopes: Vec<Vec<f64>>,
    /// z - B b, `[output][row]`.
    residuals: Vec<Vec<f64>>,
}

impl Fit {
    fn new(rows: &Rows, prior: &Prior, anything: f64) -> Option<Fit> {
        let (m, n) = (rows.signs.len(), rows.direct.len());
        let free = m.checked_sub(n).filter(|&free| free > 0)? as f64;
        let covariance = Cholesky::new(prior.covariance(anything, m), m)?;
        let mut whitened: Vec<Vec<f64>> = (0..n).map(|i| rows.signs.iter().map(|x| x[i]).collect()).collect();
        whitened.par_chunks_mut(TOGETHER).for_each(|some| covariance.forward(some));
        let mut gram = vec![0.0; n * n];
        for i in 0..n {
            (0..=i).for_each(|j| gram[i * n + j] = dot(&whitened[i], &whitened[j]));
        }
        let gram = Cholesky::new(gram, n)?;
        let (mut slopes, mut residuals, mut logs) = (Vec::new(), Vec::new(), 0.0);
        for value in &rows.values {
            let mut residual = value.to_vec();
            covariance.forward(from_mut(&mut residual));
            let whole = dot(&residual, &residual);
            let mut slope: Vec<f64> = whitened.iter().map(|b| dot(b, &residual)).collect();
            gram.solve(from_mut(&mut slope));
            for (b, column) in slope.iter().zip(&whitened) {
                residual.iter_mut().zip(column).for_each(|(r, x)| *r -= b * x);
            }
            let left = dot(&residual, &residual);
            // What single players explain to the last digits says nothing about the rest.
            logs += left.max(whole * 1e-20).max(f64::MIN_POSITIVE).ln() / rows.values.len() as f64;
            slopes.push(slope);
            residuals.push(residual);
        }
        let likelihood = -covariance.half_log_det() - gram.half_log_det() - free / 2.0 * logs;
        Some(Fit { anything, likelihood, covariance, gram, whitened, slopes, residuals })
    }

    /// `K^-1 (f - X b)`, `[output][row]`.
    fn dual(&self) -> Vec<Vec<f64>> {
        let mut dual = self.residuals.clone();
        self.covariance.backward(&mut dual);
        dual
    }

    fn left_out(&self, dual: &[Vec<f64>]) -> Vec<Vec<f64>> {
        left_out(&self.covariance, &self.gram, &self.whitened, dual)
    }

    /// `h_i`.
    fn seen(&self, rows: &Rows, prior: &Prior, player: usize) -> Vec<f64> {
        let mut seen = prior.share(self.anything, player, &rows.direct[player][..rows.signs.len()]);
        self.covariance.forward(from_mut(&mut seen));
        seen
    }

    fn shares(&self, rows: &Rows, prior: &Prior) -> Vec<Vec<f64>> {
        let player = |i: usize| {
            let seen = self.seen(rows, prior, i);
            let outputs = self.slopes.iter().zip(&self.residuals);
            outputs.map(|(b, r)| 2.0 * b[i] + dot(&seen, r)).collect()
        };
        (0..rows.direct.len()).into_par_iter().map(player).collect()
    }

    /// Standard errors of the shares, `[player][output]`.
    fn errors(&self, rows: &Rows, prior: &Prior, scatter: &Scatter) -> Vec<Vec<f64>> {
        let (m, n) = (rows.signs.len(), rows.direct.len());
        let reach = reach((m - n).saturating_sub(2).max(3));
        let player = |i: usize| {
            let mut excess = self.seen(rows, prior, i);
            let mut rest: Vec<f64> = self.whitened.iter().map(|b| -dot(b, &excess)).collect();
            rest[i] += 2.0;
            self.gram.solve(from_mut(&mut rest));
            for (r, column) in rest.iter().zip(&self.whitened) {
                excess.iter_mut().zip(column).for_each(|(a, x)| *a += r * x);
            }
            self.covariance.backward(from_mut(&mut excess));
            excess.iter_mut().zip(&rows.direct[i]).for_each(|(a, w)| *a -= w);
            scatter.errors(&excess).into_iter().map(|e| e * reach).collect()
        };
        (0..n).into_par_iter().map(player).collect()
    }
}
