//! Shapley values from random orders of arrival, in antithetic pairs.
//!
//! A player's Shapley value is the mean, over all orders in which players arrive one by one, of what its arrival
//! changes. Each random order is walked forwards and backwards, and the pair's mean is one sample:
//!
//! `x_ip = (change at i's arrival in order p + change at i's arrival in p reversed) / 2`,
//! `phi_i = mean over pairs of x_ip`, `SE_i = sd over pairs of x_ip / sqrt(pairs) / c`, `c = (4 pairs - 4) / (4 pairs - 3)`, for the
//! deviation of a few samples is too small on average.
//!
//! Backwards, the coalitions are the complements of those forwards, so whatever two players do to each other is
//! shared exactly within a pair: only interactions of three and more players leave any error. Each walk sums to
//! v(all) - v(none), hence so does the mean. `2 (n - 1)` evaluations a pair. Walking stops when the largest standard
//! error is below `tolerance` times the span of the attributions (zero included) of the output that has the widest,
//! or at the budget.
//! Sources: Castro, Gómez, Tejada 2009; Mitchell, Cooper, Frank, Holmes 2022 (antithetic pairs); Covert, Lundberg,
//! Lee 2020 (stopping).

use super::draw::Draw;
use super::student::reach;
use super::{Coalition, Explainer, Game, Options, Shapley};
use crate::{Error, Result};

/// Fewer pairs say little about their own spread.
const LEAST_PAIRS: usize = 16;

/// Samples orders of arrival.
pub(super) struct Permutation;

impl Explainer for Permutation {
    fn name(&self) -> &'static str {
        "permutation"
    }

    fn summary(&self) -> &'static str {
        "random orders in antithetic pairs until the standard error is small; any number of players"
    }

    fn explain(&self, game: &dyn Game, options: &Options) -> Result<Shapley> {
        let (n, outputs) = (game.players(), game.outputs());
        let a_pair = 2 * n.saturating_sub(1);
        let needed = 2 + 2 * a_pair;
        if options.budget < needed {
            return Err(Error::Explain {
                what: "budget of evaluations".into(),
                expected: format!("at least {needed} (two pairs of orders of {n} players)"),
                found: options.budget.to_string(),
                mend: "raise the budget".into(),
            });
        }
        let ends = game.values(&[Coalition::empty(n), Coalition::full(n)])?;
        let (base, prediction) = (ends.row(0), ends.row(1));
        let most = (options.budget - 2).checked_div(a_pair).unwrap_or(LEAST_PAIRS);
        let mut draw = Draw::new(options.seed);
        let mut spread = Spread::new(n * outputs);
        let mut converged = false;
        while !converged && spread.count < most {
            // Half as many again each time: the stopping rule is looked at seldom enough not to bias what it stops.
            let pairs = (spread.count / 2).max(LEAST_PAIRS).min(most - spread.count);
            let orders: Vec<Vec<usize>> = (0..pairs).map(|_| draw.order(n)).collect();
            let values = game.values(&orders.iter().flat_map(|o| walk(o)).collect::<Vec<_>>())?;
            for (p, order) in orders.iter().enumerate() {
                let at = |step: usize| match step {
                    0 => base,
                    s if s == n => prediction,
                    s => values.row(p * a_pair + 2 * (s - 1)),
                };
                let back = |step: usize| match step {
                    0 => base,
                    s if s == n => prediction,
                    // Backwards, the first `s` arrivals are the complement of the first `n - s` forwards.
                    s => values.row(p * a_pair + 2 * (n - s - 1) + 1),
                };
                let mut sample = vec![0.0; n * outputs];
                for (step, &player) in order.iter().enumerate() {
                    let from_end = n - 1 - step;
                    for k in 0..outputs {
                        let forwards = at(step + 1)[k] - at(step)[k];
                        let backwards = back(from_end + 1)[k] - back(from_end)[k];
                        sample[player * outputs + k] = (forwards + backwards) / 2.0;
                    }
                }
                spread.add(&sample);
            }
            converged =
                spread.count >= LEAST_PAIRS && spread.ratio(outputs, options.least_span) <= options.tolerance;
        }
        let by_player = |flat: Vec<f64>| flat.chunks(outputs).map(<[f64]>::to_vec).collect();
        Ok(Shapley {
            base: base.to_vec(),
            prediction: prediction.to_vec(),
            standard_error: by_player(spread.standard_error()),
            attributions: by_player(spread.mean),
            evaluations: 2 + spread.count * a_pair,
            converged,
        })
    }
}

/// The coalitions on the way, the empty and the full one apart: after each arrival, and its complement.
fn walk(order: &[usize]) -> Vec<Coalition> {
    let mut present = Coalition::empty(order.len());
    let arrivals = &order[..order.len().saturating_sub(1)];
    arrivals
        .iter()
        .flat_map(|&player| {
            present.insert(player);
            [present.clone(), present.complement()]
        })
        .collect()
}

/// Running mean and sum of squared deviations (Welford), so that small spreads on large values keep their digits.
struct Spread {
    mean: Vec<f64>,
    squares: Vec<f64>,
    count: usize,
}

impl Spread {
    fn new(width: usize) -> Spread {
        Spread { mean: vec![0.0; width], squares: vec![0.0; width], count: 0 }
    }

    fn add(&mut self, sample: &[f64]) {
        self.count += 1;
        for (i, &x) in sample.iter().enumerate() {
            let before = x - self.mean[i];
            self.mean[i] += before / self.count as f64;
            self.squares[i] += before * (x - self.mean[i]);
        }
    }

    fn standard_error(&self) -> Vec<f64> {
        let count = self.count as f64;
        let reach = reach(self.count.saturating_sub(1));
        self.squares.iter().map(|s| reach * (s / (count - 1.0).max(1.0) / count).sqrt()).collect()
    }

    /// Largest standard error over the widest span of attributions, at least `least`; 0 when there is no error at all.
    fn ratio(&self, outputs: usize, least: f64) -> f64 {
        let error = self.standard_error().into_iter().fold(0.0, f64::max);
        let span = (0..outputs)
            .map(|k| {
                let column = || self.mean.iter().skip(k).step_by(outputs);
                column().copied().fold(0.0, f64::max) - column().copied().fold(0.0, f64::min)
            })
            .fold(least, f64::max);
        if error == 0.0 { 0.0 } else { error / span }
    }
}

#[cfg(test)]
mod tests {
    use super::super::exact::Exact;
    use super::super::testing::{self, Table};
    use super::*;

    fn options(seed: u64, tolerance: f64, budget: usize) -> Options {
        Options { seed, tolerance, budget, ..Options::default() }
    }

    #[test]
    fn pairs_of_players_leave_no_error() {
        let game = Table::of(9, testing::pairwise);
        let exact = Exact.explain(&game, &Options::default()).unwrap();
        let found = Permutation.explain(&game, &options(3, 0.01, 10_000)).unwrap();
        assert!(found.converged);
        assert_eq!(found.evaluations, 2 + 16 * 16);
        for (a, b) in found.attributions.iter().zip(&exact.attributions) {
            assert!((a[0] - b[0]).abs() < 1e-12);
        }
        assert!(found.standard_error.iter().all(|e| e[0] < 1e-12));
    }

    #[test]
    fn standard_errors_cover_the_exact_values() {
        let (mut inside, mut asked) = (0, 0);
        for seed in 0..60 {
            let game = Table::of(8, move |s| testing::rough(s, seed));
            let exact = Exact.explain(&game, &Options::default()).unwrap();
            let found = Permutation.explain(&game, &options(seed, 0.0, 2 + 64 * 14)).unwrap();
            assert!(!found.converged && found.evaluations <= 2 + 64 * 14);
            for i in 0..8 {
                let error = (found.attributions[i][0] - exact.attributions[i][0]).abs();
                inside += usize::from(error <= 1.96 * found.standard_error[i][0]);
                asked += 1;
            }
        }
        // 95 % of 480 is 456; players of a game share orders, so some slack.
        let share = f64::from(inside as u32) / f64::from(asked);
        assert!((0.91..=0.98).contains(&share), "{share}");
    }

    #[test]
    fn stops_when_the_error_is_small() {
        let game = Table::of(8, |s| testing::rough(s, 5) + 2.0 * f64::from((s & 1) as u32));
        let loose = Permutation.explain(&game, &options(1, 0.05, 100_000)).unwrap();
        let tight = Permutation.explain(&game, &options(1, 0.005, 100_000)).unwrap();
        assert!(loose.converged && tight.converged);
        assert!(loose.evaluations < tight.evaluations && tight.evaluations < 100_000);
    }

    #[test]
    fn a_seed_gives_the_same_bits() {
        let game = Table::of(7, |s| testing::rough(s, 2));
        let run = |seed| Permutation.explain(&game, &options(seed, 0.01, 500)).unwrap();
        assert_eq!(run(4), run(4));
        assert_ne!(run(4).attributions, run(5).attributions);
    }

    #[test]
    fn one_player_gets_everything_and_a_small_budget_is_refused() {
        let game = Table::of(1, |s| s as f64 * 3.0);
        let found = Permutation.explain(&game, &options(0, 0.01, 10)).unwrap();
        assert_eq!((found.attributions[0][0], found.converged), (3.0, true));
        let game = Table::of(5, |s| s as f64);
        assert!(Permutation.explain(&game, &options(0, 0.01, 17)).is_err());
    }
}
