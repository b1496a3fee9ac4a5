//! Shares of an additive game, in closed form.
//!
//! `phi_i = v(i alone) - v(nobody)`
//!
//! n players, v the game. That is the Shapley value where, and in general only where, the payment of each coalition is the base
//! and what its players are paid alone. This is looked at, not believed: the payments of everybody and of up to 2 n seeded coalitions
//! of 2 to n - 1 players are held against the sum, within 1e-9 of the span of the shares and the rounding of predictions in
//! single precision. A game that fails is refused; one that passes may still hide a term in coalitions that were not drawn.
//! n + 2 evaluations and those of the check; the standard error is 0.

use super::gradients::close;
use super::{Coalition, Explainer, Game, Options, Shapley, Values};
use crate::{Error, Result};
use ronghe_stats::random::SplitMix64;

/// Most coalitions that the sum is held against.
const MOST_CHECKS: usize = 256;
/// Of the span of the shares: how far a payment may be from the sum.
const EXACT: f64 = 1e-9;
/// What payments of a network in single precision may be wrong by, relative to the largest.
const ROUNDING: f64 = 32.0 * f32::EPSILON as f64;
/// No rounding explains more than this, of the span of the shares.
const MOST_ROUNDING: f64 = 1e-3;

/// Believes nothing but additive games.
pub(super) struct Linear;

impl Explainer for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn summary(&self) -> &'static str {
        "each player alone; only for additive games, which is checked; no sampling error"
    }

    fn sums(&self) -> bool {
        true
    }

    fn explain(&self, game: &dyn Game, options: &Options) -> Result<Shapley> {
        let n = game.players();
        let checks = if n > 2 { (2 * n).min(MOST_CHECKS) } else { 0 };
        let needed = n + 1 + usize::from(n > 1) + checks;
        if options.budget < needed {
            return Err(Error::Explain {
                what: "budget of evaluations".into(),
                expected: format!("at least {needed} (one for each of {n} players, {checks} to check)"),
                found: options.budget.to_string(),
                mend: "raise the budget".into(),
            });
        }
        let mut coalitions = vec![Coalition::empty(n)];
        coalitions.extend((0..n).map(|p| Coalition::of(n, &[p])));
        let mut draw = SplitMix64::new(options.seed);
        // Every size comes about equally often.
        coalitions
            .extend((0..checks).map(|c| Coalition::of(n, &draw.some(n, 2 + c * (n - 2) / checks.max(1)))));
        if n > 1 {
            coalitions.push(Coalition::full(n));
        }
        let values = game.values(&coalitions)?;
        let (base, prediction) = (values.row(0).to_vec(), values.row(coalitions.len() - 1).to_vec());
        let alone = |p: usize| values.row(1 + p).iter().zip(&base).map(|(v, b)| v - b).collect();
        let attributions: Vec<Vec<f64>> = (0..n).map(alone).collect();
        let mut found = Shapley {
            standard_error: vec![vec![0.0; base.len()]; n],
            base,
            prediction,
            attributions,
            evaluations: coalitions.len(),
            converged: true,
        };
        refuse_more(&found, &coalitions, &values)?;
        close(&mut found);
        Ok(found)
    }
}

/// Fails where a payment is not the sum of what its players are paid alone.
fn refuse_more(found: &Shapley, coalitions: &[Coalition], values: &Values) -> Result<()> {
    let n = found.attributions.len();
    let span = found.span();
    let mut worst: Option<(f64, usize, usize, f64)> = None;
    for k in 0..found.base.len() {
        let largest = (0..coalitions.len()).map(|i| values.row(i)[k].abs()).fold(0.0, f64::max);
        let rounding = ROUNDING * largest * (n as f64).sqrt();
        let allowed = EXACT * span + rounding.min(MOST_ROUNDING * span);
        for (i, coalition) in coalitions.iter().enumerate() {
            let sum: f64 = found.base[k] + coalition.iter().map(|p| found.attributions[p][k]).sum::<f64>();
            let gap = values.row(i)[k] - sum;
            // Rounding of sums that are no wider than this.
            if gap.abs() > allowed.max(1e-12 * largest) && worst.is_none_or(|w| gap.abs() > w.0.abs()) {
                worst = Some((gap, i, k, allowed));
            }
        }
    }
    let Some((gap, i, k, allowed)) = worst else { return Ok(()) };
    Err(Error::Unsuited {
        explainer: "linear",
        expected: format!(
            "a game in which each coalition is paid the sum of what its players are paid alone, within {allowed:.1e}"
        ),
        found: format!(
            "one in which {} of {n} players are paid {:.3e} {} than that (output {})",
            coalitions[i].count(),
            gap.abs(),
            if gap > 0.0 { "more" } else { "less" },
            k + 1
        ),
        mend: "take `auto`, or `exact` for few players".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Table, rough};
    use super::*;

    fn options() -> Options {
        Options::default()
    }

    #[test]
    fn each_gets_what_it_adds_alone() {
        let worth = [0.5, -2.0, 0.0, 7.25];
        let game = Table::many(
            4,
            vec![
                Box::new(move |s| 3.0 + (0..4).filter(|p| s >> p & 1 == 1).map(|p| worth[p]).sum::<f64>()),
                Box::new(|_| 1.0),
            ],
        );
        let found = Linear.explain(&game, &options()).unwrap();
        for (a, worth) in found.attributions.iter().zip(worth) {
            assert!((a[0] - worth).abs() < 1e-12 && a[1] == 0.0);
        }
        // Nobody, everybody, each alone, eight to check.
        assert_eq!((found.evaluations, found.standard_error[1][0]), (14, 0.0));
    }

    #[test]
    fn what_pairs_add_is_refused_by_its_size() {
        let game = Table::of(6, |s| (s & 63).count_ones() as f64 + 0.25 * f64::from(u8::from(s & 3 == 3)));
        let error = Linear.explain(&game, &options()).unwrap_err();
        assert!(matches!(error, Error::Unsuited { .. }));
        let error = error.to_string();
        assert!(error.contains("2.500e-1 more") && error.contains("`auto`"), "{error}");
        assert!(Linear.explain(&Table::of(6, |s| rough(s, 1)), &options()).is_err());
    }

    #[test]
    fn rounding_to_single_precision_is_no_interaction() {
        let game = Table::of(9, |s| {
            f64::from((0..9).filter(|p| s >> p & 1 == 1).map(|p| 0.1 + 0.3 * p as f32).sum::<f32>() + 0.7)
        });
        let found = Linear.explain(&game, &options()).unwrap();
        let sum: f64 = found.attributions.iter().map(|a| a[0]).sum();
        assert!((found.base[0] + sum - found.prediction[0]).abs() < 1e-12);
    }
}
