//! A game that remembers what it was asked.

use super::{Coalition, Game, Gradual, Values};
use crate::Result;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Another game, each coalition of which is evaluated once: the game of modalities is played within the game of
/// fields, and both need the empty and the full coalition.
pub struct Cached<'a> {
    game: &'a dyn Game,
    known: Mutex<Memory>,
    watch: &'a (dyn Fn(usize) + Sync),
}

#[derive(Default)]
struct Memory {
    /// Payments, and whether somebody asked for them.
    values: HashMap<Coalition, (Vec<f64>, bool)>,
    asked: usize,
    computed: usize,
}

impl<'a> Cached<'a> {
    /// Remembers the values of `game`.
    pub fn new(game: &'a dyn Game) -> Cached<'a> {
        Cached { game, known: Mutex::default(), watch: &|_| () }
    }

    /// Tells `watch` after each call how many coalitions were evaluated so far.
    pub fn watched(self, watch: &'a (dyn Fn(usize) + Sync)) -> Cached<'a> {
        Cached { watch, ..self }
    }

    /// Starts from values that are known already.
    pub(super) fn knowing(self, values: impl Iterator<Item = (Coalition, Vec<f64>)>) -> Cached<'a> {
        let values = values.map(|(coalition, values)| (coalition, (values, false))).collect();
        Cached { known: Mutex::new(Memory { values, ..Memory::default() }), ..self }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // An entry is written whole or not at all, so a poisoned lock still holds right values.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many coalitions were asked for so far, those that were known from the start included.
    pub fn evaluated(&self) -> usize {
        self.memory().asked
    }

    /// How many of them were computed.
    pub(super) fn computed(&self) -> usize {
        self.memory().computed
    }

    /// The sum of `of` over the coalitions that were asked for.
    pub(super) fn sum(&self, of: &dyn Fn(&Coalition) -> usize) -> usize {
        self.memory().values.iter().filter(|(_, (_, asked))| *asked).map(|(coalition, _)| of(coalition)).sum()
    }

    /// Whether a coalition costs nothing more.
    pub(super) fn knows(&self, coalition: &Coalition) -> bool {
        self.memory().values.contains_key(coalition)
    }

    /// All that is known.
    pub(super) fn into_known(self) -> impl Iterator<Item = (Coalition, Vec<f64>)> {
        let memory = self.known.into_inner().unwrap_or_else(PoisonError::into_inner);
        memory.values.into_iter().map(|(coalition, (values, _))| (coalition, values))
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

    fn gradual(&self) -> Option<Box<dyn Gradual + '_>> {
        self.game.gradual()
    }

    fn values(&self, coalitions: &[Coalition]) -> Result<Values> {
        let mut known = self.memory();
        let mut seen = HashSet::new();
        let fresh: Vec<Coalition> = coalitions
            .iter()
            .filter(|c| !known.values.contains_key(*c) && seen.insert(*c))
            .cloned()
            .collect();
        if !fresh.is_empty() {
            let values = self.game.values(&fresh)?;
            known.computed += fresh.len();
            for (i, coalition) in fresh.into_iter().enumerate() {
                known.values.insert(coalition, (values.row(i).to_vec(), false));
            }
        }
        let mut data = Vec::with_capacity(coalitions.len() * self.outputs());
        let before = known.asked;
        let Memory { values, asked, .. } = &mut *known;
        for coalition in coalitions {
            if let Some((values, was_asked)) = values.get_mut(coalition) {
                *asked += usize::from(!std::mem::replace(was_asked, true));
                data.extend_from_slice(values);
            }
        }
        if *asked > before {
            (self.watch)(*asked);
        }
        Values::new(data, coalitions.len(), self.outputs())
    }
}
