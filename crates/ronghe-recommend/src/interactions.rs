//! Events: who did something with which item, when, how much.

use crate::{Error, Ids, Result, Sparse};
use rayon::prelude::*;

/// One user did something with one item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// Number of the user.
    pub user: u32,
    /// Number of the item.
    pub item: u32,
    /// How much; above 0 for what was liked. An event of less teaches nothing, but its item counts as seen.
    pub weight: f32,
    /// Milliseconds since 1970, UTC; 0 where the table has no times.
    pub time: i64,
}

/// Brings events into their order: time, then user, then item. Events of one instant that are alike but for their weight go by that.
pub(crate) fn sort(events: &mut [Event]) {
    events.par_sort_unstable_by(|a, b| {
        (a.time, a.user, a.item).cmp(&(b.time, b.user, b.item)).then(a.weight.total_cmp(&b.weight))
    });
}

/// Events with the names of users, items and domains.
#[derive(Debug, Clone, Default)]
pub struct Interactions {
    /// Users.
    pub users: Ids,
    /// Items. Items of two domains are two items, whatever they are called.
    pub items: Ids,
    /// Domains; one without a name where the table has none.
    pub domains: Ids,
    /// The domain of each item.
    pub domain_of: Vec<u32>,
    /// Events in the order of (time, user, item), whatever the order of the table.
    pub events: Vec<Event>,
    /// Whether the table has times.
    pub timed: bool,
}

impl Interactions {
    /// Brings the events into their order: time, then user, then item.
    pub fn sort(&mut self) {
        sort(&mut self.events);
    }

    /// The number of the item called `name`, in that domain where one is given, else the first one called so.
    pub fn item(&self, name: &str, domain: Option<u32>) -> Option<u32> {
        let first = self.items.number(name)?;
        let Some(domain) = domain else { return Some(first) };
        let there = |&item: &u32| self.domain_of.get(item as usize) == Some(&domain);
        // Items called the same follow one another as a rule, so the search ends soon.
        let mut same = (first..self.items.len() as u32).filter(|&i| self.items.name(i) == name);
        same.find(there)
    }

    /// The number of the domain called `name`.
    pub fn domain(&self, name: &str) -> Result<u32> {
        self.domains.number(name).ok_or_else(|| Error::Unknown {
            what: "domain",
            name: name.to_owned(),
            valid: self.domains.names().to_vec(),
        })
    }

    /// How many users liked each item, by these events.
    pub(crate) fn users_of_items(&self, events: &[Event]) -> Vec<f32> {
        let mut counts = vec![0.0; self.items.len()];
        self.matrix(events).indices().iter().for_each(|&item| counts[item as usize] += 1.0);
        counts
    }

    /// Whether each user liked anything, by these events.
    pub(crate) fn users_with_events(&self, events: &[Event]) -> Vec<bool> {
        let mut any = vec![false; self.users.len()];
        events.iter().filter(|e| e.weight > 0.0).for_each(|e| any[e.user as usize] = true);
        any
    }

    /// Users x items with 1 where a user liked an item at least once, of these events.
    pub fn matrix(&self, events: &[Event]) -> Sparse {
        let mut pairs: Vec<(u32, u32)> =
            events.iter().filter(|e| e.weight > 0.0).map(|e| (e.user, e.item)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut starts = vec![0; self.users.len() + 1];
        pairs.iter().for_each(|(user, _)| starts[*user as usize + 1] += 1);
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let items: Vec<u32> = pairs.into_iter().map(|(_, item)| item).collect();
        let ones = vec![1.0; items.len()];
        Sparse::new((self.users.len(), self.items.len()), starts, items, ones)
    }
}
