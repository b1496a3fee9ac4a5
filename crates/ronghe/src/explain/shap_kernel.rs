//! Shapley values exactly as the kernel explainer of the shap package (0.51) computes them, to compare with it.
//!
//! Of n players, a coalition of s has the weight `(n - 1) / (C(n, s) s (n - s))`. Sizes from the outside in (s and n - s
//! together) are listed whole while what is left of the budget, shared by weight, covers them; the rest is drawn: a size by
//! its weight, a coalition of it, and its complement; one drawn again counts again, and the drawn ones together get the
//! weight that is left. Least squares with the sum of the shares held. Optionally only the players that a lasso on the
//! weighted rows, and on their complements, selects. The stream of random numbers is our own, so the shares are equal to
//! shap's where all coalitions are listed (and in the selection as far as the digits decide it).
//! The standard error is what shap lacks: the scatter of scores over 32 groups of drawn coalitions.
//! Complexity: sum of s^2 / 2 over the coalitions, n^3 / 3 to solve.
//! Sources: Lundberg and Lee 2017; the documented behaviour of shap's `KernelExplainer`.

mod design;
mod selection;

use self::design::{Design, Row};
use super::least_squares::{LeastSquares, add_signs, signed_sum};
use super::{Coalition, Explainer, Game, Options, Shapley};
use crate::{Error, Result};
use std::collections::HashMap;

/// Groups of coalitions whose scatter is the standard error.
const GROUPS: usize = 32;
/// Evaluations that count as all from here on.
const MOST_COUNTED: f64 = (1_u64 << 30) as f64;
/// Below this share of all coalitions, [`Selection::Auto`] selects.
const AUTO_SHARE: f64 = 0.2;

/// Which players get a share at all (shap's `l1_reg`).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Selection {
    /// Every player (`l1_reg=False`).
    #[default]
    All,
    /// So many, by least angle regression (`num_features(K)`; shap's own default is 10).
    Count(usize),
    /// Lasso of least Akaike criterion (`aic`).
    Akaike,
    /// Lasso of least Bayes criterion (`bic`).
    Bayes,
    /// Akaike's where less than a fifth of all coalitions is evaluated, else every player (`auto`).
    Auto,
    /// Lasso of this penalty (a number).
    Penalty(f64),
}

/// The kernel explainer of the shap package.
#[derive(Debug, Clone, Default)]
pub struct ShapKernel {
    /// Which players get a share.
    pub selection: Selection,
    /// For each player, whether hiding it can change anything; those that cannot take no part (shap compares the cells
    /// of the row with the background). Empty: all take part.
    pub varying: Vec<bool>,
}

impl ShapKernel {
    /// Explains every player.
    pub(super) const PLAIN: ShapKernel = ShapKernel { selection: Selection::All, varying: Vec::new() };
}

impl Explainer for ShapKernel {
    fn name(&self) -> &'static str {
        "shap_kernel"
    }

    fn summary(&self) -> &'static str {
        "as the shap package's KernelExplainer samples and solves, for comparison"
    }

    /// At most `2 n + 2048` coalitions beside nobody and everybody, as by default in shap.
    fn explain(&self, game: &dyn Game, options: &Options) -> Result<Shapley> {
        let players = game.players();
        if !self.varying.is_empty() && self.varying.len() != players {
            return Err(refused("players said to vary or not", players.to_string(), self.varying.len()));
        }
        let part: Vec<usize> =
            (0..players).filter(|&i| self.varying.get(i).copied().unwrap_or(true)).collect();
        let (n, outputs) = (part.len(), game.outputs());
        let ends = game.values(&[Coalition::empty(players), Coalition::full(players)])?;
        let (base, prediction) = (ends.row(0).to_vec(), ends.row(1).to_vec());
        let wholes: Vec<f64> = base.iter().zip(&prediction).map(|(b, p)| p - b).collect();
        let mut found = Shapley {
            base,
            prediction,
            attributions: vec![vec![0.0; outputs]; players],
            standard_error: vec![vec![0.0; outputs]; players],
            evaluations: 2,
            converged: true,
        };
        if n < 2 {
            part.iter().for_each(|&i| found.attributions[i].clone_from(&wholes));
            return Ok(found);
        }
        let all = if n <= 30 { ((1_u64 << n) - 2) as f64 } else { MOST_COUNTED };
        let samples = (2 * n + 2048).min(options.budget.saturating_sub(2)).min(all as usize);
        let least = (2 * n).min(all as usize);
        if samples < least {
            return Err(refused(
                "budget of evaluations",
                format!("at least {} (two for each of {n} players)", least + 2),
                options.budget,
            ));
        }
        let design = Design::new(n, samples, options.seed);
        let asked: Vec<Coalition> = design
            .rows
            .iter()
            .map(|row| {
                // Players that do not vary are shown, which changes nothing.
                let mut some = Coalition::full(players);
                part.iter()
                    .enumerate()
                    .filter(|(k, _)| !row.coalition.contains(*k))
                    .for_each(|(_, &i)| some.remove(i));
                some
            })
            .collect();
        let values = game.values(&asked)?;
        found.evaluations += asked.len();
        let selection = match self.selection {
            Selection::Auto if samples as f64 / all < AUTO_SHARE => Selection::Akaike,
            Selection::Auto => Selection::All,
            selection => selection,
        };
        let mut solvers: HashMap<Vec<usize>, LeastSquares> = HashMap::new();
        for (k, &whole) in wholes.iter().enumerate() {
            let rise: Vec<f64> = (0..asked.len()).map(|p| values.row(p)[k] - found.base[k]).collect();
            let rows = design.folded(&rise, whole);
            let mut chosen = selection::select(selection, &rows, n, whole);
            chosen.sort_unstable();
            if chosen.is_empty() && whole != 0.0 {
                return Err(Error::Explain {
                    what: "selection of players".into(),
                    expected: "at least one".into(),
                    found: "none".into(),
                    mend: "take a smaller penalty".into(),
                });
            }
            let (phi, error) = solve(&mut solvers, &chosen, &rows, whole).ok_or_else(|| Error::Explain {
                what: "sample of coalitions".into(),
                expected: "one that determines every player's share".into(),
                found: format!("{samples} evaluations that do not"),
                mend: "raise the budget, or take another seed".into(),
            })?;
            for (j, &i) in chosen.iter().enumerate() {
                found.attributions[part[i]][k] = phi[j];
                found.standard_error[part[i]][k] = error[j];
            }
        }
        found.converged = found.ratio_beside(options.least_span) <= options.tolerance;
        Ok(found)
    }
}

fn refused(what: &str, expected: String, found: usize) -> Error {
    Error::Explain { what: what.into(), expected, found: found.to_string(), mend: "raise the budget".into() }
}

/// The shares of the chosen players, and their standard errors.
fn solve(
    solvers: &mut HashMap<Vec<usize>, LeastSquares>,
    chosen: &[usize],
    rows: &[Row],
    whole: f64,
) -> Option<(Vec<f64>, Vec<f64>)> {
    let n = chosen.len();
    let members: Vec<Vec<usize>> = rows
        .iter()
        .map(|row| (0..n).filter(|&j| row.members.binary_search(&chosen[j]).is_ok()).collect())
        .collect();
    if !solvers.contains_key(chosen) {
        let weights: Vec<f64> = rows.iter().map(|r| r.weight).collect();
        solvers.insert(chosen.to_vec(), LeastSquares::new(&members, &weights, n)?);
    }
    let solver = &solvers[chosen];
    let mut moments = vec![0.0; n];
    for (row, m) in rows.iter().zip(&members) {
        add_signs(&mut moments, m, row.weight * (row.rise - whole / 2.0) / 2.0);
    }
    solver.solve(std::slice::from_mut(&mut moments), whole);
    let phi = moments;
    let drawn = rows.iter().filter(|r| r.random).count();
    if drawn == 0 {
        return Some((phi, vec![0.0; n]));
    }
    let mut scores = vec![vec![0.0; n]; GROUPS];
    for (place, (row, m)) in rows.iter().zip(&members).filter(|(r, _)| r.random).enumerate() {
        let residual = row.rise - whole / 2.0 - signed_sum(&phi, m) / 2.0;
        // A coalition and its complement, which stand together, fall into one group.
        add_signs(&mut scores[place / 2 % GROUPS], m, row.weight * residual / 2.0);
    }
    solver.solve(&mut scores, 0.0);
    let pairs = (rows.len() / 2) as f64;
    // Residuals are smaller than errors by one less the mean leverage.
    let inflation = pairs / (pairs - n as f64 + 1.0).max(1.0) * GROUPS as f64 / (GROUPS - 1) as f64;
    let error = (0..n).map(|i| {
        let mean = scores.iter().map(|s| s[i]).sum::<f64>() / GROUPS as f64;
        scores.iter().map(|s| (s[i] - mean).powi(2)).sum::<f64>().sqrt() * inflation
    });
    Some((phi, error.collect()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Table;
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    /// What `versus/explain/golden.py` wrote, with shap 0.51.0 and scikit-learn 1.9.1.
    const GOLDEN: &str = include_str!("../../tests/golden/explain/shap_kernel.json");

    #[derive(Deserialize)]
    struct Golden {
        games: Vec<Known>,
    }

    #[derive(Deserialize)]
    struct Known {
        players: usize,
        shares: BTreeMap<String, Vec<f64>>,
    }

    /// The game of the generator.
    fn game(n: usize, coalition: u64) -> f64 {
        let has = |p: usize| coalition >> p & 1 == 1;
        let single = |i: usize| (1.3 * i as f64).cos() * (i as f64 + 1.0) / n as f64;
        let singles: f64 = (0..n).filter(|&i| has(i)).map(single).sum();
        let pairs: f64 = (1..n).filter(|&i| has(i) && has(i - 1)).map(|i| (0.7 * i as f64).sin()).sum();
        singles + pairs + 0.3 * (0.37 * coalition as f64 + 0.5).sin()
    }

    fn selection(name: &str) -> Selection {
        let number = name.rsplit(' ').next().unwrap();
        match name.split(' ').next().unwrap() {
            "count" => Selection::Count(number.parse().unwrap()),
            "penalty" => Selection::Penalty(number.parse().unwrap()),
            "akaike" => Selection::Akaike,
            "bayes" => Selection::Bayes,
            "auto" => Selection::Auto,
            _ => Selection::All,
        }
    }

    #[test]
    fn equals_shap_with_every_selection_where_all_is_listed() {
        let golden: Golden = serde_json::from_str(GOLDEN).unwrap();
        assert_eq!(golden.games.iter().map(|g| g.players).collect::<Vec<_>>(), [4, 7, 11]);
        for known in golden.games {
            let n = known.players;
            for (name, shares) in known.shares {
                let explainer = ShapKernel { selection: selection(&name), varying: Vec::new() };
                let found = explainer.explain(&Table::of(n, move |s| game(n, s)), &Options::default());
                if shares.iter().all(|s| *s == 0.0) {
                    // Where shap selects nobody and says nothing, there is an error.
                    assert!(found.unwrap_err().to_string().contains("smaller penalty"));
                    continue;
                }
                for (a, b) in found.unwrap().attributions.iter().zip(&shares) {
                    assert!((a[0] - b).abs() < 1e-8, "{n} players, {name}: {} is not {b}", a[0]);
                }
            }
        }
    }

    #[test]
    fn a_sampled_linear_game_is_solved_and_what_does_not_vary_gets_nothing() {
        let linear = |s: u64| (0..30).map(|i| f64::from((s >> i & 1) as u32) * (i as f64).cos()).sum();
        let found = ShapKernel::PLAIN.explain(&Table::of(30, linear), &Options::default()).unwrap();
        assert_eq!(found.evaluations, 2 + 2 * 30 + 2048);
        for (i, a) in found.attributions.iter().enumerate() {
            assert!((a[0] - (i as f64).cos()).abs() < 1e-9);
        }
        let explainer = ShapKernel { varying: vec![true, false, true, true], ..ShapKernel::PLAIN };
        let found =
            explainer.explain(&Table::of(4, |s| ((s & 13) as f64).sqrt()), &Options::default()).unwrap();
        assert_eq!((found.attributions[1][0], found.evaluations), (0.0, 8));
        let explainer = ShapKernel { varying: vec![true], ..ShapKernel::PLAIN };
        assert!(explainer.explain(&Table::of(4, |s| s as f64), &Options::default()).is_err());
    }
}
