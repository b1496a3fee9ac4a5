//! Expected gradients: what each player adds as all come in together, little by little.
//!
//! ```text
//! phi_i = 1 / W * sum over w of integral_0^1 du_w / da_i (t, ..., t) dt
//! ```
//!
//! W ways ([`Gradual`]), one a background row; with one row these are integrated gradients. For a network that blends features,
//! `z(a) = b + sum_i a_i (x - b) on the features of i`, so `du / da_i = sum over features f of i of (x_f - b_f) dv / dz_f`.
//! These are Aumann-Shapley values: they add up (completeness), a player who changes nothing gets 0, equal players get the same, and the share of
//! a group is the sum of its members' however it is divided. They are Shapley values only where the game is additive; on
//! `x y` of two players both rules give halves, on a step that needs all players they differ.
//!
//! The integral is found by Gauss-Legendre quadrature with 4, 8, 16, ... points on each way, until no way's shares moved, and
//! none lacks in completeness, by more than the tolerance times the span of the shares. What is still lacking is added in
//! proportion to the size of the shares. The standard error of a share is what quadrature may have got wrong, and nothing else:
//! what was added to it so, and half of what the last doubling moved it by (the slopes of rectifiers jump, so that errors fall
//! as 1 / points; ways as independent). All background rows are used, so there is no sampling error given them;
//! how shares would differ with other rows is not in it. An evaluation is one point on all ways: W slopes an output.
//! Source: Sundararajan, Taly and Yan, "Axiomatic attribution for deep networks", 2017; Erion et al., "Improving performance of deep
//! learning models with axiomatic attribution priors and expected gradients", 2021; Aumann and Shapley, "Values of non-atomic
//! games", 1974.

use super::legendre::legendre;
use super::{Coalition, Explainer, Game, Gradual, Options, Shapley};
use crate::{Error, Result};

/// Points on a way at first.
const FIRST: usize = 4;
/// Most points on a way.
const MOST: usize = 512;
/// Slopes that are asked for at once.
const AT_ONCE: usize = 64;

/// Follows the diagonal.
pub(super) struct ExpectedGradients;

impl Explainer for ExpectedGradients {
    fn name(&self) -> &'static str {
        "expected_gradients"
    }

    fn summary(&self) -> &'static str {
        "the network's own slopes between background and row (Aumann-Shapley values, not Shapley values); fast with many parts"
    }

    fn sums(&self) -> bool {
        true
    }

    fn gradual(&self) -> bool {
        true
    }

    fn explain(&self, game: &dyn Game, options: &Options) -> Result<Shapley> {
        let Some(gradual) = game.gradual() else {
            return Err(Error::Unsuited {
                explainer: self.name(),
                expected: "a predictor that tells its slopes".into(),
                found: "one that only tells what coalitions are paid".into(),
                mend: "take `auto`, or explain a model trained here on pictures, sounds or columns".into(),
            });
        };
        let least = 2 + FIRST + 2 * FIRST;
        if options.budget < least {
            return Err(Error::Explain {
                what: "budget of evaluations".into(),
                expected: format!(
                    "at least {least} (the two ends, {FIRST} points between, then {})",
                    2 * FIRST
                ),
                found: options.budget.to_string(),
                mend: "raise the budget".into(),
            });
        }
        let (n, outputs) = (game.players(), game.outputs());
        let ends = game.values(&[Coalition::empty(n), Coalition::full(n)])?;
        let mut ways = Ways::new(gradual.as_ref(), n, outputs)?;
        ways.refine(gradual.as_ref(), &(0..gradual.ways()).collect::<Vec<_>>())?;
        let mut open: Vec<usize> = (0..gradual.ways()).collect();
        loop {
            ways.refine(gradual.as_ref(), &open)?;
            let mut found = ways.shares(ends.row(0), ends.row(1));
            let lacking = close(&mut found);
            for (share, lacking) in found.standard_error.iter_mut().zip(&lacking) {
                share.iter_mut().zip(lacking).for_each(|(e, l)| *e += l.abs());
            }
            found.evaluations = 2 + ways.evaluations();
            let allowed = options.tolerance * found.span().max(options.least_span);
            let largest = found.standard_error.iter().flatten().copied().fold(0.0, f64::max);
            open = ways.beyond(allowed);
            found.converged = largest <= allowed && ways.lack(ends.row(0), ends.row(1)) <= allowed;
            let spent = open.iter().any(|&w| 2 * ways.taken[w] > MOST)
                || found.evaluations + ways.cost(&open) > options.budget;
            if found.converged || open.is_empty() || spent {
                return Ok(found);
            }
        }
    }
}

/// Integrals along each way.
struct Ways {
    players: usize,
    outputs: usize,
    /// Of each way, an output.
    rises: Vec<Vec<f64>>,
    /// Points that the integral of each way rests on, and all that were evaluated.
    taken: Vec<usize>,
    evaluated: usize,
    /// Of each way, `[players, outputs]`; what the last doubling added.
    integrals: Vec<Vec<f64>>,
    moves: Vec<Vec<f64>>,
}

impl Ways {
    fn new(game: &dyn Gradual, players: usize, outputs: usize) -> Result<Ways> {
        let (ways, width) = (game.ways(), players * outputs);
        let rises = game.rises()?.chunks_exact(outputs).map(<[f64]>::to_vec).collect();
        let nothing = vec![vec![0.0; width]; ways];
        let (integrals, moves) = (nothing.clone(), nothing);
        Ok(Ways { players, outputs, rises, taken: vec![0; ways], evaluated: 0, integrals, moves })
    }

    /// Twice as many points on these ways, all of which have as many.
    fn refine(&mut self, game: &dyn Gradual, ways: &[usize]) -> Result<()> {
        let Some(&first) = ways.first() else { return Ok(()) };
        let points = (2 * self.taken[first]).max(FIRST);
        let rule = legendre(points);
        let width = self.players * self.outputs;
        let asked: Vec<(usize, usize)> =
            ways.iter().flat_map(|&w| (0..points).map(move |j| (w, j))).collect();
        for &way in ways {
            self.moves[way] = std::mem::replace(&mut self.integrals[way], vec![0.0; width]);
            self.taken[way] = points;
        }
        for some in asked.chunks(AT_ONCE) {
            let at: Vec<(usize, f64)> = some.iter().map(|&(w, j)| (w, rule[j].0)).collect();
            let slopes = game.slopes(&at)?;
            for (&(way, j), slopes) in some.iter().zip(slopes.chunks_exact(width.max(1))) {
                let weight = rule[j].1;
                self.integrals[way].iter_mut().zip(slopes).for_each(|(sum, s)| *sum += weight * s);
            }
        }
        for &way in ways {
            for (before, now) in self.moves[way].iter_mut().zip(&self.integrals[way]) {
                *before = now - *before;
            }
        }
        self.evaluated += asked.len();
        Ok(())
    }

    /// The mean over the ways.
    fn shares(&self, base: &[f64], prediction: &[f64]) -> Shapley {
        let ways = self.integrals.len().max(1) as f64;
        let mean = |at: usize| self.integrals.iter().map(|w| w[at]).sum::<f64>() / ways;
        let error = |at: usize| self.moves.iter().map(|w| w[at] * w[at]).sum::<f64>().sqrt() / (2.0 * ways);
        let each = |of: &dyn Fn(usize) -> f64| -> Vec<Vec<f64>> {
            let player = |p: usize| (0..self.outputs).map(|k| of(p * self.outputs + k)).collect();
            (0..self.players).map(player).collect()
        };
        Shapley {
            base: base.to_vec(),
            prediction: prediction.to_vec(),
            attributions: each(&mean),
            standard_error: each(&error),
            evaluations: 0,
            converged: false,
        }
    }

    /// What a way lacks in completeness, an output.
    fn lacks(&self, way: usize) -> impl Iterator<Item = f64> + '_ {
        let sum = move |k: usize| self.integrals[way].iter().skip(k).step_by(self.outputs).sum::<f64>();
        self.rises[way].iter().enumerate().map(move |(k, rise)| rise - sum(k))
    }

    /// The most that is lacking of an output beside the payments of the game.
    fn lack(&self, base: &[f64], prediction: &[f64]) -> f64 {
        let ways = self.integrals.len().max(1) as f64;
        let sum = |k: usize| {
            let all = self.integrals.iter().flat_map(|w| w.iter().skip(k).step_by(self.outputs));
            all.sum::<f64>() / ways
        };
        let lacks = (0..self.outputs).map(|k| (prediction[k] - base[k] - sum(k)).abs());
        lacks.fold(0.0, f64::max)
    }

    /// The ways that lack, or whose last doubling moved a share by, more than `allowed`; those with the fewest points.
    fn beyond(&self, allowed: f64) -> Vec<usize> {
        let wide =
            |&w: &usize| self.moves[w].iter().copied().chain(self.lacks(w)).any(|miss| miss.abs() > allowed);
        let wide: Vec<usize> = (0..self.taken.len()).filter(wide).collect();
        let fewest = wide.iter().map(|&w| self.taken[w]).min().unwrap_or(0);
        wide.into_iter().filter(|&w| self.taken[w] == fewest).collect()
    }

    /// Points on all ways.
    fn evaluations(&self) -> usize {
        self.evaluated.div_ceil(self.taken.len().max(1))
    }

    /// What doubling costs.
    fn cost(&self, ways: &[usize]) -> usize {
        let points: usize = ways.iter().map(|&w| 2 * self.taken[w]).sum();
        points.div_ceil(self.taken.len().max(1))
    }
}

/// Adds what the shares lack of `prediction - base`, in proportion to their sizes, to all alike where all are 0. What was added,
/// `[player][output]`.
pub(super) fn close(found: &mut Shapley) -> Vec<Vec<f64>> {
    let n = found.attributions.len();
    let mut added = vec![vec![0.0; found.base.len()]; n];
    for k in 0..found.base.len() {
        let sum: f64 = found.attributions.iter().map(|a| a[k]).sum();
        let size: f64 = found.attributions.iter().map(|a| a[k].abs()).sum();
        let gap = found.prediction[k] - found.base[k] - sum;
        for (phi, added) in found.attributions.iter_mut().zip(&mut added) {
            let part = if size > 0.0 { phi[k].abs() / size } else { 1.0 / n as f64 };
            added[k] = gap * part;
            phi[k] += added[k];
        }
    }
    added
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Smooth, Table};
    use super::super::{Grouped, reduced};
    use super::*;

    fn options(tolerance: f64) -> Options {
        Options { method: "expected_gradients".into(), tolerance, ..Options::default() }
    }

    fn shares(game: &dyn Game, options: &Options) -> Vec<f64> {
        let found = reduced::shares(game, options).unwrap().0;
        found.attributions.iter().map(|a| a[0]).collect()
    }

    #[test]
    fn a_product_is_shared_in_halves() {
        let game = Smooth { worth: vec![0.0, 1.0, -2.0], product: 6.0, bend: vec![0.0] };
        let found = ExpectedGradients.explain(&game, &options(0.01)).unwrap();
        let phi: Vec<f64> = found.attributions.iter().map(|a| a[0]).collect();
        [3.0, 4.0, -2.0].iter().zip(&phi).for_each(|(e, f)| assert!((e - f).abs() < 1e-12, "{phi:?}"));
        // Two ends, 4 points and 8.
        assert!(found.converged && found.evaluations == 14 && found.ratio() < 1e-12);
    }

    #[test]
    fn bent_ways_get_more_points_until_shares_add_up() {
        let game = Smooth { worth: vec![0.0; 3], product: 0.0, bend: vec![0.0, 0.0, 3.0] };
        // Equal players: a third of what all get.
        let expected = (3.01_f64.sqrt() - 0.1) / 3.0;
        for tolerance in [0.1, 0.01, 0.001] {
            let found = ExpectedGradients.explain(&game, &options(tolerance)).unwrap();
            assert!(found.converged && found.ratio() <= tolerance, "{}", found.ratio());
            let sum: f64 = found.attributions.iter().map(|a| a[0]).sum();
            assert!((found.base[0] + sum - found.prediction[0]).abs() < 1e-12);
            for (phi, error) in found.attributions.iter().zip(&found.standard_error) {
                assert!((phi[0] - expected).abs() < 1e-12 && error[0] > 0.0);
            }
        }
        let few = Options { budget: 14, ..options(1e-9) };
        let found = ExpectedGradients.explain(&game, &few).unwrap();
        assert!(!found.converged && found.evaluations == 14);
        assert!(found.attributions.iter().all(|a| (a[0] - expected).abs() < 1e-12));
    }

    #[test]
    fn groups_get_the_sum_of_their_members() {
        let game = Smooth { worth: vec![1.0, -0.5, 2.0, 0.25], product: 3.0, bend: vec![1.0, -2.0] };
        let of_players = shares(&game, &options(0.0));
        let groups = [vec![0, 3], vec![2, 1]];
        let of_groups = shares(&Grouped::new(&game, groups.to_vec()), &options(0.0));
        for (group, share) in groups.iter().zip(of_groups) {
            assert!((group.iter().map(|&p| of_players[p]).sum::<f64>() - share).abs() < 1e-9);
        }
    }

    #[test]
    fn games_without_slopes_and_small_budgets_are_refused() {
        let error = ExpectedGradients.explain(&Table::of(3, |s| s as f64), &options(0.1)).unwrap_err();
        assert!(matches!(error, Error::Unsuited { .. }) && error.to_string().contains("`auto`"));
    }
}
