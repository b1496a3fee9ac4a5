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

    /// Users x items with 1 where a user liked an item at least once, of these events. Needs 8 bytes an event and no copy of them.
    pub fn matrix(&self, events: &[Event]) -> Sparse {
        let liked = || events.iter().filter(|e| e.weight > 0.0);
        let mut starts = vec![0; self.users.len() + 1];
        liked().for_each(|e| starts[e.user as usize + 1] += 1);
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut items = vec![0; starts[self.users.len()]];
        let mut next = starts.clone();
        for event in liked() {
            items[next[event.user as usize]] = event.item;
            next[event.user as usize] += 1;
        }
        // The items of each user in order and once, moved together.
        let mut kept = 0;
        for user in 0..self.users.len() {
            let own = starts[user]..starts[user + 1];
            starts[user] = kept;
            items[own.clone()].sort_unstable();
            for place in own {
                if kept == starts[user] || items[kept - 1] != items[place] {
                    items[kept] = items[place];
                    kept += 1;
                }
            }
        }
        starts[self.users.len()] = kept;
        items.truncate(kept);
        let ones = vec![1.0; kept];
        Sparse::new((self.users.len(), self.items.len()), starts, items, ones)
    }
}
