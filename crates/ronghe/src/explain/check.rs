//! How faithful attributions are to the game they came from, for one output k.
//!
//! - **Deletion**: players are hidden in order of their attribution, largest first (if the prediction is above the base,
//!   else smallest first); the area under the value by the share hidden, on a scale where the prediction is 1 and the base is 0. Lower is better.
//! - **Insertion**: from nobody, shown in the same order. Higher is better.
//! - Both beside the same in random orders, and beside the order of a greedy oracle, which looks at the game at every step.
//! - **Infidelity** (Yeh et al. 2019): `E[(sum of phi over hidden players - (v(all) - v(S)))^2] / Var[v(S)]`, S of random size. 0 where
//!   the attributions tell every coalition's value.
//!
//! `2 STEPS (1 + ORDERS) + COALITIONS` evaluations; the oracle `players^2` more where players are few.

use super::{Coalition, Game};
use crate::Result;
use ronghe_stats::random::SplitMix64;
use serde::{Deserialize, Serialize};

/// Points of a curve, its start apart.
const STEPS: usize = 20;
/// Random orders beside.
const ORDERS: usize = 20;
/// Coalitions for the infidelity.
const COALITIONS: usize = 200;
/// Most players for which the oracle is asked.
const ORACLE: usize = 24;

/// What [`check`] finds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Faithfulness {
    /// Position of the output looked at.
    pub output: usize,
    /// Hidden one after another.
    pub deletion: Curve,
    /// Shown one after another.
    pub insertion: Curve,
    /// Share of the variance of coalitions' values that the attributions leave unexplained.
    pub infidelity: f64,
}

/// A curve beside chance and, if players are few, beside the best that looking at each step can do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Share of players hidden (or shown), and the value.
    pub points: Vec<(f64, f64)>,
    /// Area under the curve, prediction 1 and base 0.
    pub area: f64,
    /// The mean area in random orders.
    pub random: f64,
    /// Standard deviation of that over orders.
    pub random_spread: f64,
    /// Area in the order of the greedy oracle.
    pub oracle: Option<f64>,
}

/// Checks `attributions[player]` to `output` of `game`.
pub fn check(game: &dyn Game, attributions: &[f64], output: usize, seed: u64) -> Result<Faithfulness> {
    let n = game.players();
    let ends = game.values(&[Coalition::empty(n), Coalition::full(n)])?;
    let (base, prediction) = (ends.row(0)[output], ends.row(1)[output]);
    let sign = if prediction < base { -1.0 } else { 1.0 };
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| (sign * attributions[b]).total_cmp(&(sign * attributions[a])));
    let mut draw = SplitMix64::new(seed);
    let random: Vec<Vec<usize>> = (0..ORDERS).map(|_| draw.order(n)).collect();
    let scale = Scale { base, span: prediction - base };
    let curve = |hide: bool| -> Result<Curve> {
        let points = points(game, &order, output, hide)?;
        let mut areas = Vec::with_capacity(ORDERS);
        for order in &random {
            areas.push(scale.area(&self::points(game, order, output, hide)?));
        }
        let mean = areas.iter().sum::<f64>() / ORDERS as f64;
        let squares: f64 = areas.iter().map(|a| (a - mean).powi(2)).sum();
        let oracle = if n <= ORACLE {
            let best = oracle(game, output, hide, sign)?;
            Some(scale.area(&self::points(game, &best, output, hide)?))
        } else {
            None
        };
        Ok(Curve {
            area: scale.area(&points),
            points,
            random: mean,
            random_spread: (squares / (ORDERS - 1) as f64).sqrt(),
            oracle,
        })
    };
    Ok(Faithfulness {
        output,
        deletion: curve(true)?,
        insertion: curve(false)?,
        infidelity: infidelity(game, attributions, output, prediction, &mut draw)?,
    })
}

/// From values to the scale where the base is 0 and the prediction 1.
struct Scale {
    base: f64,
    span: f64,
}

impl Scale {
    /// Area by trapezoids; 0 where the prediction is the base.
    fn area(&self, points: &[(f64, f64)]) -> f64 {
        if self.span == 0.0 {
            return 0.0;
        }
        let height = |v: f64| (v - self.base) / self.span;
        points.windows(2).map(|w| (w[1].0 - w[0].0) * (height(w[0].1) + height(w[1].1)) / 2.0).sum()
    }
}

/// The values while players leave (or come) in this order, at most [`STEPS`] of them at a time.
fn points(game: &dyn Game, order: &[usize], output: usize, hide: bool) -> Result<Vec<(f64, f64)>> {
    let n = order.len();
    let steps = STEPS.min(n);
    let counts: Vec<usize> = (0..=steps).map(|s| s * n / steps.max(1)).collect();
    let coalitions: Vec<Coalition> = counts
        .iter()
        .map(|&count| {
            let mut shown = Coalition::empty(n);
            let (first, rest) = order.split_at(count);
            (if hide { rest } else { first }).iter().for_each(|&p| shown.insert(p));
            shown
        })
        .collect();
    let values = game.values(&coalitions)?;
    Ok(counts.iter().enumerate().map(|(i, &c)| (c as f64 / n.max(1) as f64, values.row(i)[output])).collect())
}

/// The order in which the value falls (or rises) most at every step.
fn oracle(game: &dyn Game, output: usize, hide: bool, sign: f64) -> Result<Vec<usize>> {
    let n = game.players();
    let mut order: Vec<usize> = Vec::with_capacity(n);
    while order.len() < n {
        let left: Vec<usize> = (0..n).filter(|p| !order.contains(p)).collect();
        let tried: Vec<Coalition> = left
            .iter()
            .map(|&next| {
                let mut moved = Coalition::empty(n);
                order.iter().chain([&next]).for_each(|&p| moved.insert(p));
                if hide { moved.complement() } else { moved }
            })
            .collect();
        let values = game.values(&tried)?;
        let good = |i: usize| if hide { -sign * values.row(i)[output] } else { sign * values.row(i)[output] };
        let best = (0..left.len()).fold(0, |best, i| if good(i) > good(best) { i } else { best });
        order.push(left[best]);
    }
    Ok(order)
}

fn infidelity(
    game: &dyn Game,
    attributions: &[f64],
    output: usize,
    prediction: f64,
    draw: &mut SplitMix64,
) -> Result<f64> {
    let n = game.players();
    let coalitions: Vec<Coalition> = (0..COALITIONS)
        .map(|i| {
            // Every size from 0 to n - 1 in turn.
            let shown = if n == 0 { 0 } else { i % n };
            let mut some = Coalition::empty(n);
            draw.order(n)[..shown].iter().for_each(|&p| some.insert(p));
            some
        })
        .collect();
    let values = game.values(&coalitions)?;
    let (mut missed, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for (i, coalition) in coalitions.iter().enumerate() {
        let value = values.row(i)[output];
        let said: f64 = (0..n).filter(|&p| !coalition.contains(p)).map(|p| attributions[p]).sum();
        missed += (said - (prediction - value)).powi(2);
        sum += value;
        squares += value * value;
    }
    let count = COALITIONS as f64;
    let variance = (squares / count - (sum / count).powi(2)).max(0.0);
    Ok(if missed == 0.0 { 0.0 } else { missed / count / variance.max(f64::MIN_POSITIVE) })
}

#[cfg(test)]
mod tests {
    use super::super::testing::Table;
    use super::*;

    #[test]
    fn true_shares_of_a_sum_are_as_good_as_the_oracle() {
        let weights = [3.0, -1.0, 0.5, 2.0, 0.0, 1.0];
        let sum = move |s: u64| (0..6).filter(|p| s >> p & 1 == 1).map(|p| weights[p as usize]).sum::<f64>();
        let game = Table::of(6, sum);
        let found = check(&game, &weights, 0, 1).unwrap();
        assert!(found.infidelity < 1e-12);
        assert!((found.deletion.area - found.deletion.oracle.unwrap()).abs() < 1e-12);
        assert!(found.deletion.area < found.deletion.random && found.insertion.area > found.insertion.random);
        let wrong: Vec<f64> = weights.iter().rev().copied().collect();
        let worse = check(&game, &wrong, 0, 1).unwrap();
        assert!(worse.infidelity > 0.1 && worse.deletion.area > found.deletion.area);
    }

    #[test]
    fn a_constant_game_has_nothing_to_check() {
        let found = check(&Table::of(3, |_| 2.0), &[0.0; 3], 0, 1).unwrap();
        assert_eq!((found.infidelity, found.deletion.area), (0.0, 0.0));
    }
}
