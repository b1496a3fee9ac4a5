//! One measurement, and events in the form in which models are fitted on them.

use crate::split::{Events, liked};
use crate::{Event, Interactions, Sparse, Training};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashSet;

/// One measurement: what is fitted on, what is known beside it, what is to be found. Each in the order of time.
#[derive(Debug, Clone, Default)]
pub struct Fold<'a> {
    /// Fitted on.
    pub fit: Events<'a>,
    /// Known when ranking, not fitted on.
    pub known: Events<'a>,
    /// To be found.
    pub target: Events<'a>,
}

/// What the targets of a fold are, next to what is fitted on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Counted {
    /// Liked events fitted on.
    pub fit: usize,
    /// Targets.
    pub targets: usize,
    /// Users with a target.
    pub users: usize,
    /// Those of them without a liked event that is known.
    pub cold_users: usize,
    /// Items that are a target.
    pub items: usize,
    /// Those of them without a liked event that is fitted on.
    pub cold_items: usize,
    /// Targets whose user liked the item before, so that it is not ranked any more.
    pub seen_pairs: usize,
    /// Share of the targets that are older than the median event fitted on: training knows what came after them.
    pub old: f64,
}

impl Fold<'_> {
    /// Its numbers.
    pub fn counted(&self) -> Counted {
        let known_users: HashSet<u32> = liked(&self.fit).chain(liked(&self.known)).map(|e| e.user).collect();
        let known_items: HashSet<u32> = liked(&self.fit).map(|e| e.item).collect();
        let users: HashSet<u32> = liked(&self.target).map(|e| e.user).collect();
        let items: HashSet<u32> = liked(&self.target).map(|e| e.item).collect();
        // Of all pairs that are known only those that are targets are looked up: these are few.
        let pair = |e: &Event| (e.user, e.item);
        let wanted: HashSet<(u32, u32)> = liked(&self.target).map(pair).collect();
        let known = liked(&self.fit).chain(liked(&self.known)).map(pair);
        let seen: HashSet<(u32, u32)> = known.filter(|pair| wanted.contains(pair)).collect();
        let fit = liked(&self.fit).count();
        let targets = liked(&self.target).count();
        let median = liked(&self.fit).nth(fit / 2).map_or(i64::MIN, |e| e.time);
        let old = liked(&self.target).filter(|e| e.time < median).count();
        Counted {
            fit,
            targets,
            users: users.len(),
            cold_users: users.difference(&known_users).count(),
            items: items.len(),
            cold_items: items.difference(&known_items).count(),
            seen_pairs: liked(&self.target).filter(|e| seen.contains(&(e.user, e.item))).count(),
            old: if targets == 0 { 0.0 } else { old as f64 / targets as f64 },
        }
    }

    /// What models are fitted on.
    pub fn fitting(&self, of: &Interactions) -> Fitting<'_> {
        Fitting::new(&self.fit, of)
    }
}

/// Events in the form in which models are fitted on them.
#[derive(Debug, Clone)]
pub struct Fitting<'e> {
    /// Users x items.
    pub liked: Sparse,
    /// Liked events.
    pub events: Events<'e>,
}

impl<'e> Fitting<'e> {
    /// Of the liked ones among these events, which are in the order of time.
    pub fn new(events: &'e [Event], of: &Interactions) -> Fitting<'e> {
        let own = match events.iter().all(|e| e.weight > 0.0) {
            true => Cow::Borrowed(events),
            false => liked(events).copied().collect(),
        };
        Fitting { liked: of.matrix(events), events: own }
    }

    /// As the models take it.
    pub fn training<'a>(&'a self, of: &'a Interactions, seed: u64, threads: usize) -> Training<'a> {
        Training { liked: &self.liked, events: &self.events, of, features: None, seed, threads }
    }
}
