//! Games with the rest of a cell: what stays of it, beside the usual cell, when each of its parts is filled.
//!
//! The rest decides whether the parts count: without it the whole cell is hidden. Shapley's rule over parts and rest together would
//! give the rest half of what the parts say. So the cell's worth is divided in two steps: the parts share
//! `u(all) - u(none)`, u the game with the rest there throughout ([`Held`]), and the rest gets what is left of the column's share,
//! `u(none) - v(usual cell)`, over the same coalitions of other cells.

use super::{Coalition, Game, Values};
use crate::Result;

/// A game without its last player, who is there throughout.
pub(super) struct Held<'a>(pub(super) &'a dyn Game);

impl Game for Held<'_> {
    fn players(&self) -> usize {
        self.0.players().saturating_sub(1)
    }

    fn outputs(&self) -> usize {
        self.0.outputs()
    }

    fn idle(&self) -> Vec<usize> {
        self.0.idle().into_iter().filter(|&p| p < self.players()).collect()
    }

    fn values(&self, coalitions: &[Coalition]) -> Result<Values> {
        let n = self.0.players();
        let with = |c: &Coalition| {
            let mut all = Coalition::empty(n);
            c.iter().chain([n.saturating_sub(1)]).for_each(|p| all.insert(p));
            all
        };
        self.0.values(&coalitions.iter().map(with).collect::<Vec<_>>())
    }
}

/// The game of one cell whose parts a quicker game plays: coalitions with the rest (the last player) are that one's.
pub(super) struct Quicker<'a> {
    /// Plays everything.
    pub(super) all: &'a dyn Game,
    /// Plays the parts.
    pub(super) parts: &'a dyn Game,
}

impl Game for Quicker<'_> {
    fn players(&self) -> usize {
        self.all.players()
    }

    fn outputs(&self) -> usize {
        self.all.outputs()
    }

    fn idle(&self) -> Vec<usize> {
        self.parts.idle()
    }

    fn values(&self, coalitions: &[Coalition]) -> Result<Values> {
        let rest = self.parts.players();
        let outputs = self.outputs();
        let mut data = vec![0.0; coalitions.len() * outputs];
        for inside in [true, false] {
            let places: Vec<usize> =
                (0..coalitions.len()).filter(|&i| coalitions[i].contains(rest) == inside).collect();
            if places.is_empty() {
                continue;
            }
            let asked = |&i: &usize| match inside {
                true => {
                    let mut parts = Coalition::empty(rest);
                    coalitions[i].iter().for_each(|p| parts.insert(p));
                    parts
                }
                false => coalitions[i].clone(),
            };
            let asked: Vec<Coalition> = places.iter().map(asked).collect();
            let found = if inside { self.parts.values(&asked)? } else { self.all.values(&asked)? };
            for (row, i) in places.into_iter().enumerate() {
                data[i * outputs..][..outputs].copy_from_slice(found.row(row));
            }
        }
        Values::new(data, coalitions.len(), outputs)
    }
}

/// The game of parts and whole cells, without the rests: the rest of a cell is there as long as one of its parts is. With d what the
/// rest adds to a cell of n parts, the shares of this game are those of the parts and `d / n` each.
pub(super) struct Parted<'a> {
    game: &'a dyn Game,
    /// The player below of each player.
    below: Vec<usize>,
    /// The rest of the cell of each player.
    rest: Vec<Option<usize>>,
}

impl<'a> Parted<'a> {
    /// `rests` are ranges of players of `game`, parts of one cell each, the last being the rest.
    pub(super) fn new(game: &'a dyn Game, rests: &[std::ops::Range<usize>]) -> Parted<'a> {
        let last = |p: usize| rests.iter().any(|r| r.end == p + 1);
        let below: Vec<usize> = (0..game.players()).filter(|&p| !last(p)).collect();
        let of = |p: &usize| rests.iter().find(|r| r.contains(p)).map(|r| r.end - 1);
        let rest = below.iter().map(of).collect();
        Parted { game, below, rest }
    }

    /// The shares of its players, of those of the game below.
    pub(super) fn shares(&self, below: &[f64]) -> Vec<f64> {
        let count = |rest: usize| self.rest.iter().filter(|r| **r == Some(rest)).count() as f64;
        let more = |rest: &Option<usize>| rest.map_or(0.0, |rest| below[rest] / count(rest));
        self.below.iter().zip(&self.rest).map(|(&p, rest)| below[p] + more(rest)).collect()
    }
}

impl Game for Parted<'_> {
    fn players(&self) -> usize {
        self.below.len()
    }

    fn outputs(&self) -> usize {
        self.game.outputs()
    }

    fn values(&self, coalitions: &[Coalition]) -> Result<Values> {
        let with = |c: &Coalition| {
            let mut all = Coalition::empty(self.game.players());
            c.iter().flat_map(|p| [Some(self.below[p]), self.rest[p]]).flatten().for_each(|p| all.insert(p));
            all
        };
        self.game.values(&coalitions.iter().map(with).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::super::exact::Exact;
    use super::super::testing::{self, Table};
    use super::super::{Explainer, Options};
    use super::*;

    /// Player 0 is a whole cell, 1 and 2 are parts, 3 is the rest of their cell.
    fn veto(s: u64) -> f64 {
        let inside = if s >> 3 & 1 == 1 { s } else { s & 1 };
        testing::rough(inside, 5)
    }

    #[test]
    fn without_rests_each_part_has_its_share_of_them() {
        let game = Table::of(4, veto);
        let parted = Parted::new(&game, std::slice::from_ref(&(1..4)));
        assert_eq!(parted.players(), 3);
        // The cell alone: one whole cell, no other.
        let alone = Table::of(3, |s| if s >> 2 & 1 == 1 { testing::rough(s & 3, 2) } else { 0.5 });
        let held = Held(&alone);
        let parts = Exact.explain(&held, &Options::default()).unwrap();
        let phi: Vec<f64> = parts.attributions.iter().map(|a| a[0]).collect();
        let column = testing::rough(3, 2) - 0.5;
        let rest = column - phi.iter().sum::<f64>();
        assert!((rest - (testing::rough(0, 2) - 0.5)).abs() < 1e-12);
        let parted = Parted::new(&alone, std::slice::from_ref(&(0..3)));
        let expected = parted.shares(&[phi[0], phi[1], rest]);
        let found = Exact.explain(&parted, &Options::default()).unwrap();
        for (e, f) in expected.iter().zip(&found.attributions) {
            assert!((e - f[0]).abs() < 1e-12, "{e} is not {}", f[0]);
        }
    }

    #[test]
    fn a_quicker_game_of_the_parts_pays_the_same() {
        let game = Table::of(4, veto);
        let held = Held(&game);
        let both = Quicker { all: &game, parts: &held };
        let all: Vec<Coalition> = (0..16).map(|s| Coalition::from_bits(s, 4)).collect();
        assert_eq!(both.values(&all).unwrap(), game.values(&all).unwrap());
    }
}
