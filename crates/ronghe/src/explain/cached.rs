//! A game that remembers what it was asked.

use super::{Coalition, Game, Values};
use crate::Result;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

/// Another game, each coalition of which is evaluated once: the game of modalities is played within the game of
/// fields, and both need the empty and the full coalition.
pub struct Cached<'a> {
    game: &'a dyn Game,
    known: Mutex<HashMap<Coalition, Vec<f64>>>,
    watch: &'a (dyn Fn(usize) + Sync),
}

impl<'a> Cached<'a> {
    /// Remembers the values of `game`.
    pub fn new(game: &'a dyn Game) -> Cached<'a> {
        Cached { game, known: Mutex::new(HashMap::new()), watch: &|_| () }
    }

    /// Tells `watch` after each call how many coalitions were evaluated so far.
    pub fn watched(self, watch: &'a (dyn Fn(usize) + Sync)) -> Cached<'a> {
        Cached { watch, ..self }
    }

    /// How many coalitions were evaluated so far.
    pub fn evaluated(&self) -> usize {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Game for Cached<'_> {
    fn players(&self) -> usize {
        self.game.players()
    }

    fn outputs(&self) -> usize {
        self.game.outputs()
    }

    fn idle(&self) -> Vec<usize> {
        self.game.idle()
    }

    fn values(&self, coalitions: &[Coalition]) -> Result<Values> {
        // An entry is written whole or not at all, so a poisoned lock still holds right values.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut asked = HashSet::new();
        let fresh: Vec<Coalition> =
            coalitions.iter().filter(|c| !known.contains_key(*c) && asked.insert(*c)).cloned().collect();
        if !fresh.is_empty() {
            let values = self.game.values(&fresh)?;
            for (i, coalition) in fresh.into_iter().enumerate() {
                known.insert(coalition, values.row(i).to_vec());
            }
            (self.watch)(known.len());
        }
        let data = coalitions.iter().flat_map(|c| known[c].iter().copied()).collect();
        Values::new(data, coalitions.len(), self.outputs())
    }
}
