//! Two tables of events with one numbering, as if they had been read from one table.

use crate::collect::in_order;
use crate::{Event, Ids, Interactions, interactions};
use std::collections::HashMap;

/// The names of two tables under common numbers.
pub(crate) struct Joined {
    pub(crate) users: Ids,
    pub(crate) items: Ids,
    pub(crate) domains: Ids,
    /// The domain of each item.
    pub(crate) domain_of: Vec<u32>,
    /// Of each table: the common number of each of its users.
    pub(crate) user_of: [Vec<u32>; 2],
    /// The same of its items.
    pub(crate) item_of: [Vec<u32>; 2],
}

impl Joined {
    /// Items of a domain that are called the same are one item; those with events stand first, as when a table is read.
    pub(crate) fn of(sides: [&Interactions; 2]) -> Joined {
        let (users, user_of) = names(sides.map(|s| s.users.names()));
        let (domains, domain_of) = names(sides.map(|s| s.domains.names()));
        let mut numbers: HashMap<(u32, &str), u32> = HashMap::new();
        let (mut called, mut domain, mut with_events) = (Vec::new(), Vec::new(), Vec::new());
        let mut of_side = [Vec::new(), Vec::new()];
        for (side, (of, place)) in sides.iter().zip(&mut of_side).enumerate() {
            let mut any = vec![false; of.items.len()];
            of.events.iter().for_each(|e| any[e.item as usize] = true);
            for (item, name) in of.items.names().iter().enumerate() {
                let own = domain_of[side][of.domain_of[item] as usize];
                let number = *numbers.entry((own, name.as_str())).or_insert_with(|| {
                    called.push(name.as_str());
                    domain.push(own);
                    with_events.push(false);
                    called.len() as u32 - 1
                });
                with_events[number as usize] |= any[item];
                place.push(number);
            }
        }
        let (first, rest): (Vec<u32>, Vec<u32>) =
            (0..called.len() as u32).partition(|item| with_events[*item as usize]);
        let names_of = |list: &[u32]| list.iter().map(|i| called[*i as usize]).collect::<Vec<&str>>();
        let domains_of = |list: &[u32]| list.iter().map(|i| domain[*i as usize]).collect::<Vec<u32>>();
        let (mut items, order) = in_order(&names_of(&first), &domains_of(&first));
        let mut final_of = vec![0; called.len()];
        first.iter().zip(order).for_each(|(item, number)| final_of[*item as usize] = number);
        rest.iter().for_each(|item| final_of[*item as usize] = items.push(called[*item as usize]));
        let mut domain_of = vec![0; called.len()];
        final_of.iter().zip(&domain).for_each(|(number, own)| domain_of[*number as usize] = *own);
        let item_of = of_side.map(|side| side.iter().map(|i| final_of[*i as usize]).collect::<Vec<u32>>());
        Joined { users, items, domains, domain_of, user_of, item_of }
    }

    /// Gives events of one side the common numbers.
    pub(crate) fn renumber(&self, side: usize, events: &mut [Event]) {
        for event in events {
            event.user = self.user_of[side][event.user as usize];
            event.item = self.item_of[side][event.item as usize];
        }
    }
}

/// Names of both sides in order, and the new number of each old one.
fn names(sides: [&[String]; 2]) -> (Ids, [Vec<u32>; 2]) {
    let mut all = Ids::default();
    let places = sides.map(|side| side.iter().map(|name| all.add(name)).collect::<Vec<u32>>());
    let (ids, number) = in_order(all.names(), &[]);
    (ids, places.map(|side| side.into_iter().map(|place| number[place as usize]).collect()))
}

impl Interactions {
    /// Numbers the users, items and domains of both as if they had been read from one table; `self` keeps its events, those of `other` are given
    /// back, each in the order of time. What only one of them names has no event in the other. `O(n log n)`.
    pub fn join(&mut self, mut other: Interactions) -> Vec<Event> {
        let joined = Joined::of([self, &other]);
        for (side, events) in [&mut self.events, &mut other.events].into_iter().enumerate() {
            joined.renumber(side, events);
            interactions::sort(events);
        }
        let Joined { users, items, domains, domain_of, .. } = joined;
        (self.users, self.items, self.domains, self.domain_of) = (users, items, domains, domain_of);
        other.events
    }
}

#[cfg(test)]
mod tests {
    use crate::collect::{Clock, Collector, Meaning};
    use crate::{Event, Interactions};

    type Row = (&'static str, &'static str, &'static str, f64);

    fn events(rows: &[Row]) -> Interactions {
        let mut collector = Collector::new(Clock::Millis);
        rows.iter().for_each(|(u, i, d, t)| collector.push(Some(u), Some(i), d, Some(1.0), Some(*t)));
        collector.finish(Meaning::Count, None, None).0
    }

    fn named(of: &Interactions, events: &[Event]) -> Vec<String> {
        let domain = |e: &Event| of.domains.name(of.domain_of[e.item as usize]);
        let one = |e: &Event| format!("{}-{}-{}", of.users.name(e.user), of.items.name(e.item), domain(e));
        events.iter().map(one).collect()
    }

    #[test]
    fn two_tables_are_numbered_as_one() {
        let first: [Row; 4] = [
            ("3", "9", "films", 1.0),
            ("10", "9", "books", 2.0),
            ("10", "b", "films", 3.0),
            ("1", "b", "films", 4.0),
        ];
        let second: [Row; 4] = [
            ("2", "9", "films", 7.0),
            ("10", "10", "books", 5.0),
            ("2", "b", "games", 6.0),
            ("10", "b", "films", 6.0),
        ];
        let (mut of, whole) = (events(&first), events(&[first, second].concat()));
        let test = of.join(events(&second));
        assert_eq!((of.users.names(), of.items.names()), (whole.users.names(), whole.items.names()));
        assert_eq!((of.domains.names(), &of.domain_of), (whole.domains.names(), &whole.domain_of));
        assert_eq!(named(&of, &of.events), ["3-9-films", "10-9-books", "10-b-films", "1-b-films"]);
        assert_eq!(named(&of, &test), ["10-10-books", "2-b-games", "10-b-films", "2-9-films"]);
        // The events of both are those of the whole table.
        let mut both = [&of.events[..], &test].concat();
        crate::interactions::sort(&mut both);
        assert_eq!(both, whole.events);
        // Items without events go last, as when a table is read.
        let before = named(&of, &of.events);
        assert!(of.join(Interactions::default()).is_empty());
        assert_eq!((named(&of, &of.events), of.items.names().last().unwrap().as_str()), (before, "b"));
        let mut nothing = Interactions::default();
        assert_eq!(nothing.join(whole.clone()), whole.events);
    }
}
