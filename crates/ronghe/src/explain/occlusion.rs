//! What is lost when one player alone goes: `v(all) - v(all without i)`.
//!
//! n + 1 evaluations. No sharing rule: what several players do together is counted for each of them, or for none
//! where one stands in for the other, so the losses do not add up to the prediction.
//! Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2014.

use super::{Coalition, Game};
use crate::Result;

/// The loss without each player, `[player][output]`.
pub fn occlusion(game: &dyn Game) -> Result<Vec<Vec<f64>>> {
    let n = game.players();
    let all = Coalition::full(n);
    let without = (0..n).map(|i| {
        let mut rest = all.clone();
        rest.remove(i);
        rest
    });
    let asked: Vec<Coalition> = std::iter::once(all.clone()).chain(without).collect();
    let values = game.values(&asked)?;
    let loss = |i: usize| values.row(0).iter().zip(values.row(i + 1)).map(|(all, rest)| all - rest).collect();
    Ok((0..n).map(loss).collect())
}

#[cfg(test)]
mod tests {
    use super::super::testing::Table;
    use super::*;

    #[test]
    fn stand_ins_lose_nothing_and_the_rest_its_value() {
        // Player 2 adds 3; players 0 and 1 each do what either alone does.
        let game = Table::of(3, |s| f64::from(u8::from(s & 3 != 0)) + 3.0 * f64::from(u8::from(s & 4 != 0)));
        assert_eq!(occlusion(&game).unwrap(), [[0.0], [0.0], [3.0]]);
    }
}
