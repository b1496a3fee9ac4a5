//! Two domains of the events: who is judged, what is known of whom.

use super::{Overlap, Plan};
use crate::split::Fitting;
use crate::{Event, Histories, Interactions, Result};
use ronghe_stats::random::SplitMix64;
use std::collections::{BTreeMap, BTreeSet};

/// Two domains of the events.
pub(super) struct Domains<'a> {
    pub(super) of: &'a Interactions,
    source: u32,
    target: u32,
}

/// Judged users and what each keeps of the target domain.
pub(super) type Judged = BTreeMap<u32, Vec<u32>>;

/// Users who validate and users who are tested.
pub(super) struct Parts {
    pub(super) validating: Judged,
    pub(super) tested: Judged,
    /// Users whose source side is left out while they are not judged.
    apart: BTreeSet<u32>,
}

/// What models are fitted on, and what judged users are to find.
pub(super) struct Fold {
    /// Of both domains.
    pub(super) both: Vec<Event>,
    pub(super) target: Vec<Event>,
    /// Items that each judged user is to find.
    pub(super) wanted: Vec<(u32, BTreeSet<u32>)>,
}

impl Fold {
    /// The events of the target domain alone.
    pub(super) fn alone(&self, of: &Interactions) -> Fitting<'_> {
        Fitting::new(&self.target, of)
    }
}

impl<'a> Domains<'a> {
    pub(super) fn new(of: &'a Interactions, plan: &Plan) -> Result<Domains<'a>> {
        Ok(Domains { of, source: of.domain(&plan.source)?, target: of.domain(&plan.target)? })
    }

    pub(super) fn in_target(&self, item: u32) -> bool {
        self.of.domain_of[item as usize] == self.target
    }

    pub(super) fn in_source(&self, item: u32) -> bool {
        self.of.domain_of[item as usize] == self.source
    }

    /// For each user whether something was liked in the source and in the target.
    fn there(&self, events: &[Event]) -> Vec<(bool, bool)> {
        let mut there = vec![(false, false); self.of.users.len()];
        for event in events.iter().filter(|e| e.weight > 0.0) {
            let user = &mut there[event.user as usize];
            user.0 |= self.in_source(event.item);
            user.1 |= self.in_target(event.item);
        }
        there
    }

    /// Who is where, and who is left of those who are in both.
    pub(super) fn overlap(&self, parts: &Parts) -> Overlap {
        let there = self.there(&self.of.events);
        let both: Vec<u32> = (0_u32..).zip(&there).filter(|(_, t)| t.0 && t.1).map(|(u, _)| u).collect();
        let left = both.iter().filter(|u| !parts.tested.contains_key(u) && !parts.apart.contains(u));
        Overlap {
            source: there.iter().filter(|t| t.0).count(),
            target: there.iter().filter(|t| t.1).count(),
            both: both.len(),
            left: left.count(),
        }
    }

    /// A third of the users who have enough is tested, as many validate; what each keeps; and whose sides are taken apart.
    pub(super) fn parts(&self, plan: &Plan) -> Parts {
        let of = self.of;
        let liked: Vec<Event> = of.events.iter().filter(|e| self.in_target(e.item)).copied().collect();
        let histories = Histories::new(of.users.len(), &liked);
        let enough = |user: &u32| histories.liked(*user).len() >= plan.kept + plan.to_find;
        let users: Vec<u32> = (0..of.users.len() as u32).filter(enough).collect();
        let mut draw = SplitMix64::numbered(plan.seed, 1);
        let order = draw.order(users.len());
        let mut judged = |places: &[usize]| -> Judged {
            let kept = |&place: &usize| {
                let items = histories.liked(users[place]);
                let kept = draw.order(items.len()).into_iter().take(plan.kept).map(|i| items[i].0);
                (users[place], kept.collect())
            };
            places.iter().map(kept).collect()
        };
        let third = users.len() / 3;
        let tested = judged(&order[..third]);
        let validating = judged(&order[third..2 * third]);
        let there = self.there(&of.events);
        let both = |u: &u32| there[*u as usize] == (true, true) && !tested.contains_key(u);
        let both: Vec<u32> = (0..of.users.len() as u32).filter(both).collect();
        let gone = ((1.0 - plan.overlap) * both.len() as f64) as usize;
        let order = SplitMix64::numbered(plan.seed, 3).order(both.len());
        let apart = order.into_iter().take(gone).map(|place| both[place]).collect();
        Parts { validating, tested, apart }
    }

    /// What is known while `judged` are judged: of them and of those in `hidden` what they keep and the source, of the others everything, but for
    /// those whose sides are taken apart.
    pub(super) fn fold(&self, parts: &Parts, judged: &Judged, hidden: &Judged) -> Fold {
        let keeps = |user: u32| judged.get(&user).or_else(|| hidden.get(&user));
        let known = |e: &&Event| match (self.in_target(e.item), keeps(e.user)) {
            (true, Some(kept)) => kept.contains(&e.item),
            (true, None) => true,
            (false, None) => self.in_source(e.item) && !parts.apart.contains(&e.user),
            (false, Some(_)) => self.in_source(e.item),
        };
        let both: Vec<Event> = self.of.events.iter().filter(known).copied().collect();
        let mut wanted: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for event in self.of.events.iter().filter(|e| e.weight > 0.0 && self.in_target(e.item)) {
            if judged.get(&event.user).is_some_and(|kept| !kept.contains(&event.item)) {
                wanted.entry(event.user).or_default().insert(event.item);
            }
        }
        let target = both.iter().filter(|e| self.in_target(e.item)).copied().collect();
        Fold { both, target, wanted: wanted.into_iter().collect() }
    }

    /// The events with the histories in the source domain given to other users.
    pub(super) fn shuffled(&self, events: &[Event], seed: u64) -> Vec<Event> {
        let order = SplitMix64::numbered(seed, 2).order(self.of.users.len());
        let mut events: Vec<Event> = events.to_vec();
        for event in events.iter_mut().filter(|e| !self.in_target(e.item)) {
            event.user = order[event.user as usize] as u32;
        }
        crate::interactions::sort(&mut events);
        events
    }
}
