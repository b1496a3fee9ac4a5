//! Shapley values from random orders of arrival, in antithetic pairs.
//!
//! A player's Shapley value is the mean, over all orders in which players arrive one by one, of what its arrival
//! changes. Each random order is walked forwards and backwards, and the pair's mean is one sample:
//!
//! `x_ip = (change at i's arrival in order p + change at i's arrival in p reversed) / 2`, `phi_i = mean over pairs of x_ip`
//!
//! `SE_i^2 = t^2 / k * max(v_i, (d v + (k - 1) v_i) / (d + k - 1))`, `t = reach(k + 3)`, `d = 12`, `v = sum of v_i / sqrt(n * those with v_i > 0)`
//!
//! k pairs, n players, `v_i` the variance of `x_ip` over pairs, t Student's reach (what is pooled lends four degrees of freedom).
//! A few pairs say little about a player's own variance: who turns one vote in ten turned none in four pairs, and his samples are
//! all equal. So it is moderated by the pooled one, as that of a gene among many (Smyth 2004), with the weight of d pairs; the
//! pooled variance lies between its mean over all players and that over those who varied at all, for the others may be idle or
//! not seen yet. A player who varies more than the others keeps his own. d is chosen by measurement (see `coverage`): at 4
//! evaluations a player the intervals held 15 to 36 % on votes and glove games without it. Where nobody varied:
//! [`unseen`](super::unseen).
//!
//! Backwards, the coalitions are the complements of those forwards, so whatever two players do to each other is
//! shared exactly within a pair: only interactions of three and more players leave any error. Each walk sums to
//! v(all) - v(none), hence so does the mean. `2 (n - 1)` evaluations a pair at most: a coalition that comes again costs nothing. Once
//! all coalitions are within reach they are counted instead, and the shares are exact. Walking stops when the largest standard
//! error is below `tolerance` times the span of the attributions (zero included) of the output that has the widest,
//! or at the budget.
//! Sources: Castro, Gómez, Tejada 2009; Smyth 2004 (moderated variances); Mitchell, Cooper, Frank, Holmes 2022 (antithetic
//! pairs); Covert, Lundberg, Lee 2020 (stopping).

use super::exact::Exact;
use super::unseen;
use super::{Cached, Coalition, Explainer, Game, Options, Shapley};
use crate::{Error, Result};
use ronghe_stats::random::SplitMix64;
use ronghe_stats::student::reach;
use std::collections::HashSet;

/// Fewer pairs say little about their own spread.
const LEAST_PAIRS: usize = 16;
/// Pairs that the pooled variance counts for.
const POOLED: f64 = 12.0;
/// Most players of whom all coalitions are ever counted.
const MOST_COUNTED: usize = 20;
/// Most pairs, as a multiple of those that the budget would pay if none came again.
const MOST_REPEATED: usize = 4;

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
        let all = if n <= MOST_COUNTED { 1 << n } else { usize::MAX };
        let needed = (2 + 2 * a_pair).min(all);
        if options.budget < needed {
            return Err(Error::Explain {
                what: "budget of evaluations".into(),
                expected: format!("at least {needed} (two pairs of orders of {n} players)"),
                found: options.budget.to_string(),
                mend: "raise the budget".into(),
            });
        }
        let game = Cached::new(game);
        let ends = game.values(&[Coalition::empty(n), Coalition::full(n)])?;
        let most = MOST_REPEATED * options.budget / a_pair.max(1);
        let mut draw = SplitMix64::new(options.seed);
        let mut spread = Spread::new(n * outputs);
        loop {
            // Half as many again each time: the stopping rule is looked at seldom enough not to bias what it stops.
            let wanted = (spread.count / 2).max(LEAST_PAIRS);
            if all <= options.budget && all - game.evaluated() <= wanted * a_pair {
                return Exact.explain(&game, &Options { max_exact_players: MOST_COUNTED, ..options.clone() });
            }
            let (mut orders, mut fresh) = (Vec::new(), HashSet::new());
            let mut spent = false;
            while orders.len() < wanted && !spent {
                let order = draw.order(n);
                fresh.extend(walk(&order).into_iter().filter(|c| !game.knows(c)));
                orders.push(order);
                spent = game.evaluated() + fresh.len() + a_pair > options.budget
                    || spread.count + orders.len() >= most;
            }
            let values = game.values(&orders.iter().flat_map(|o| walk(o)).collect::<Vec<_>>())?;
            for (p, order) in orders.iter().enumerate() {
                let at = |step: usize| match step {
                    0 => ends.row(0),
                    s if s == n => ends.row(1),
                    s => values.row(p * a_pair + 2 * (s - 1)),
                };
                let back = |step: usize| match step {
                    0 => ends.row(0),
                    s if s == n => ends.row(1),
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
            let attributions: Vec<Vec<f64>> = spread.mean.chunks(outputs).map(<[f64]>::to_vec).collect();
            let mut standard_error = spread.standard_error(outputs);
            unseen::raise(&attributions, &mut standard_error, spread.count);
            let mut found = Shapley {
                base: ends.row(0).to_vec(),
                prediction: ends.row(1).to_vec(),
                attributions,
                standard_error,
                evaluations: game.evaluated(),
                converged: false,
            };
            found.converged =
                spread.count >= LEAST_PAIRS && found.ratio_beside(options.least_span) <= options.tolerance;
            if found.converged || spent {
                return Ok(found);
            }
        }
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

    /// `[player][output]`
    fn standard_error(&self, outputs: usize) -> Vec<Vec<f64>> {
        let pairs = self.count as f64;
        let free = (pairs - 1.0).max(1.0);
        let reach = reach(self.count + 3);
        let pooled: Vec<f64> = (0..outputs).map(|k| self.pooled(outputs, k) / free).collect();
        // A player's own variance where that is larger: those who vary most would pay for the others.
        let moderated =
            |(own, pooled): (&f64, &f64)| ((POOLED * pooled + own) / (POOLED + free)).max(own / free);
        let error = |squares: &[f64]| {
            squares.iter().zip(&pooled).map(|both| reach * (moderated(both) / pairs).sqrt()).collect()
        };
        self.squares.chunks(outputs).map(error).collect()
    }

    /// Squared deviations of an output, between their mean over all players and that over those who varied.
    fn pooled(&self, outputs: usize, output: usize) -> f64 {
        let squares = || self.squares.iter().skip(output).step_by(outputs);
        let largest = squares().copied().fold(0.0, f64::max);
        // Rounding is no variation.
        let varied = squares().filter(|s| **s > 1e-12 * largest).count();
        squares().sum::<f64>() / ((varied.max(1) * squares().count().max(1)) as f64).sqrt()
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
        assert!(found.converged && found.evaluations < 2 + 24 * 16, "{}", found.evaluations);
        for (a, b) in found.attributions.iter().zip(&exact.attributions) {
            assert!((a[0] - b[0]).abs() < 1e-12);
        }
        // Equal samples are no proof: what they leave open is shown.
        assert!(found.standard_error.iter().all(|e| e[0] > 0.0) && found.ratio() < 0.01);
    }

    #[test]
    fn standard_errors_cover_the_exact_values() {
        let (mut inside, mut asked) = (0, 0);
        for seed in 0..60 {
            let game = Table::of(12, move |s| testing::rough(s, seed));
            let exact = Exact.explain(&game, &Options::default()).unwrap();
            let found = Permutation.explain(&game, &options(seed, 0.0, 2 + 64 * 22)).unwrap();
            assert!(!found.converged && found.evaluations <= 2 + 64 * 22);
            for i in 0..12 {
                let error = (found.attributions[i][0] - exact.attributions[i][0]).abs();
                inside += usize::from(error <= 1.96 * found.standard_error[i][0]);
                asked += 1;
            }
        }
        // 95 % of 720 is 684; players of a game share orders, so some slack.
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
        let game = Table::of(9, |s| testing::rough(s, 2));
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
