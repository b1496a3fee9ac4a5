//! Games with known values, for the tests of this folder.

use super::{Coalition, Game, Values};
use crate::Result;

/// A game of one output given by a function of the coalition's bits.
pub(super) struct Table {
    players: usize,
    value: Box<dyn Fn(u64) -> f64 + Send + Sync>,
}

impl Table {
    pub(super) fn of(players: usize, value: impl Fn(u64) -> f64 + Send + Sync + 'static) -> Table {
        Table { players, value: Box::new(value) }
    }
}

impl Game for Table {
    fn players(&self) -> usize {
        self.players
    }

    fn outputs(&self) -> usize {
        1
    }

    fn values(&self, coalitions: &[Coalition]) -> Result<Values> {
        let data =
            coalitions.iter().map(|c| (self.value)(c.iter().map(|p| 1_u64 << p).sum::<u64>())).collect();
        Values::new(data, coalitions.len(), 1)
    }
}

/// Single players and pairs only.
pub(super) fn pairwise(coalition: u64) -> f64 {
    let present: Vec<u64> = (0..64).filter(|p| coalition >> p & 1 == 1).collect();
    let singles: f64 = present.iter().map(|&p| (p as f64).sin()).sum();
    let pairs: f64 =
        present.iter().flat_map(|&p| present.iter().map(move |&q| ((p * 7 + q * 3) as f64).cos())).sum();
    singles + pairs
}

/// A value that depends on the coalition in every possible way.
pub(super) fn rough(coalition: u64, seed: u64) -> f64 {
    let mixed = (coalition + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ (seed << 7)).rotate_left(29);
    let mixed = mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}
