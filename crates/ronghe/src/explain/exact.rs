//! Shapley values by counting every coalition.
//!
//! `phi_i = sum over S without i of |S|! (n - |S| - 1)! / n! * (v(S + i) - v(S))`
//!
//! n players, v the game; 2^n evaluations, n 2^(n-1) additions an output. Exact, so the standard error is 0.
//! Source: Shapley, "A value for n-person games", 1953.

use super::{Coalition, Explainer, Game, Options, Shapley};
use crate::{Error, Result};

/// Evaluates all coalitions.
pub(super) struct Exact;

impl Explainer for Exact {
    fn name(&self) -> &'static str {
        "exact"
    }

    fn summary(&self) -> &'static str {
        "all coalitions; no sampling error; cost doubles with each player"
    }

    fn explain(&self, game: &dyn Game, options: &Options) -> Result<Shapley> {
        let (n, outputs) = (game.players(), game.outputs());
        let most = options.max_exact_players.min(24);
        if n > most {
            return Err(Error::Explain {
                what: "exact explanation".into(),
                expected: format!("at most {most} players ({} evaluations)", 1_u64 << most),
                found: format!("{n}"),
                mend: "use the method `kernel` or `auto`".into(),
            });
        }
        let coalitions: Vec<Coalition> = (0..1_u64 << n).map(|bits| Coalition::from_bits(bits, n)).collect();
        let values = game.values(&coalitions)?;
        let weights = weights(n);
        let mut attributions = vec![vec![0.0; outputs]; n];
        for (i, attribution) in attributions.iter_mut().enumerate() {
            for without in (0..coalitions.len()).filter(|s| s >> i & 1 == 0) {
                let weight = weights[without.count_ones() as usize];
                let (with, without) = (values.row(without | 1 << i), values.row(without));
                for (k, phi) in attribution.iter_mut().enumerate() {
                    *phi += weight * (with[k] - without[k]);
                }
            }
        }
        Ok(Shapley {
            base: values.row(0).to_vec(),
            prediction: values.row(coalitions.len() - 1).to_vec(),
            attributions,
            standard_error: vec![vec![0.0; outputs]; n],
            evaluations: coalitions.len(),
            converged: true,
        })
    }
}

/// `s! (n - s - 1)! / n!` for s from 0, without a factorial: each follows from the one before.
pub(super) fn weights(n: usize) -> Vec<f64> {
    let mut weights = vec![1.0 / n.max(1) as f64];
    for s in 1..n {
        weights.push(weights[s - 1] * s as f64 / (n - s) as f64);
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::super::testing::Table;
    use super::*;

    #[test]
    fn weights_of_all_coalitions_sum_to_one() {
        // C(n - 1, s) coalitions of size s lack a given player.
        let weights = weights(5);
        let total: f64 = [1.0, 4.0, 6.0, 4.0, 1.0].iter().zip(&weights).map(|(c, w)| c * w).sum();
        assert!((total - 1.0).abs() < 1e-15);
    }

    #[test]
    fn the_glove_game_pays_the_scarce_side() {
        // Players 0 and 1 hold left gloves, player 2 the only right one: 1/6, 1/6, 4/6 (Shapley and Shubik).
        let game = Table::of(3, |s| f64::from(u8::from(s & 4 != 0 && s & 3 != 0)));
        let found = Exact.explain(&game, &Options::default()).unwrap();
        let phi: Vec<f64> = found.attributions.iter().map(|a| a[0]).collect();
        for (phi, expected) in phi.iter().zip([1.0 / 6.0, 1.0 / 6.0, 4.0 / 6.0]) {
            assert!((phi - expected).abs() < 1e-15);
        }
        assert_eq!((found.base[0], found.prediction[0], found.evaluations), (0.0, 1.0, 8));
    }

    #[test]
    fn too_many_players_are_refused() {
        let game = Table::of(15, |s| s as f64);
        let error = Exact.explain(&game, &Options::default()).unwrap_err().to_string();
        assert!(error.contains("at most 14") && error.contains("`kernel`"), "{error}");
    }
}
