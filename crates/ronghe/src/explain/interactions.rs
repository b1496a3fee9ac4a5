//! Shapley interaction index of order 2: what two players add together beyond what each adds alone.
//!
//! `I_ij = sum over S without i, j of |S|! (n - |S| - 2)! / (n - 1)! * (v(S + i + j) - v(S + i) - v(S + j) + v(S))`
//!
//! n players. Of few, every coalition is evaluated: 2^n, and n^2 2^n / 8 differences an output; the index is exact and its
//! standard error 0. With two players it is all that they add together. Of many it is estimated, see `pair_sample`.
//! Source: Grabisch and Roubens, "An axiomatic approach to the concept of interaction among players", 1999.

use super::exact::weights;
use super::pair_sample::sampled;
use super::{Coalition, Game, Options, Pair};
use crate::Result;

/// Up to so many players every coalition is evaluated; of more, as many as the budget says.
pub const INTERACTION_PLAYERS: usize = 14;

/// The index of all pairs of players, in order: exact up to [`INTERACTION_PLAYERS`] players, with standard errors above.
pub fn interactions(game: &dyn Game, options: &Options) -> Result<Vec<Pair>> {
    let n = game.players();
    if n <= INTERACTION_PLAYERS { counted_out(game) } else { sampled(game, &options.within(n, 0.0)) }
}

/// From all coalitions.
pub(super) fn counted_out(game: &dyn Game) -> Result<Vec<Pair>> {
    let (n, outputs) = (game.players(), game.outputs());
    let coalitions: Vec<Coalition> = (0..1_u64 << n).map(|bits| Coalition::from_bits(bits, n)).collect();
    let values = game.values(&coalitions)?;
    // A pair acts as one player among n - 1.
    let weights = weights(n.saturating_sub(1));
    let mut pairs = Vec::with_capacity(n * n.saturating_sub(1) / 2);
    for j in 1..n {
        for i in 0..j {
            let mut index = vec![0.0; outputs];
            for without in (0..coalitions.len()).filter(|s| s >> i & 1 == 0 && s >> j & 1 == 0) {
                let weight = weights[without.count_ones() as usize];
                let row = |with: usize| values.row(without | with);
                for (k, sum) in index.iter_mut().enumerate() {
                    *sum += weight * (row(1 << i | 1 << j)[k] - row(1 << i)[k] - row(1 << j)[k] + row(0)[k]);
                }
            }
            pairs.push(Pair { players: (i, j), values: index, standard_error: vec![0.0; outputs] });
        }
    }
    pairs.sort_by_key(|pair| pair.players);
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Table;
    use super::*;

    #[test]
    fn unanimity_is_shared_among_its_pairs() {
        // Players 0, 1 and 3 only achieve something together: each pair of them gets 1 / 2.
        let game = Table::of(4, |s| f64::from(u8::from(s & 11 == 11)) + f64::from(u8::from(s & 4 != 0)));
        let found = interactions(&game, &Options::default()).unwrap();
        let players: Vec<(usize, usize)> = found.iter().map(|p| p.players).collect();
        assert_eq!(players, [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]);
        for pair in found {
            let expected = if pair.players.0 == 2 || pair.players.1 == 2 { 0.0 } else { 0.5 };
            assert!((pair.values[0] - expected).abs() < 1e-12, "{pair:?}");
        }
    }

    #[test]
    fn two_players_interact_by_what_they_add_together() {
        let game = Table::of(2, |s| [0.0, 1.0, 2.0, 7.0][s as usize]);
        assert_eq!(interactions(&game, &Options::default()).unwrap()[0].values, [4.0]);
    }

    #[test]
    fn many_players_are_estimated_within_a_budget() {
        let game = Table::of(15, |s| f64::from(u8::from(s & 3 == 3)));
        let found = interactions(&game, &Options { budget: 0, ..Options::default() }).unwrap();
        assert_eq!(found.len(), 105);
        assert!((found[0].values[0] - 1.0).abs() < 0.05 && found[50].values[0].abs() < 0.05);
    }
}
