//! Rows to events: names to numbers, repeated pairs to what they mean, weights to liked and seen.
//!
//! An event keeps 24 bytes, whatever its names; everything after the last row is done in place (orders, not copies), so `n` rows
//! need `24 n` bytes and the names once. `O(n log n)` time. Numbers follow the order of names ([`name_order`]), so neither they
//! nor the events depend on the order of rows.

use crate::ids::name_order;
use crate::{Event, Ids, Interactions, interactions};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// What the weight of an event means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// How much or how often: the weights of a pair are summed over time. Where there is no weight, a row counts 1.
    #[default]
    Count,
    /// An opinion: of a pair only the last one counts (of equal times the higher one; without times the last row).
    Rating,
}

/// What rows turned out to hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows that were read.
    pub rows: usize,
    /// Rows that name no user; left out.
    pub without_user: usize,
    /// Rows that name a user and no item; left out.
    pub without_item: usize,
    /// Rows whose weight is missing though others have one; left out.
    pub without_weight: usize,
    /// Rows whose weight is 0: nothing happened, so there is no event.
    pub zeros: usize,
    /// Rows of a user with an item that an earlier row has too.
    pub repeats: usize,
    /// Events whose time is missing; they stand with the oldest.
    pub without_time: usize,
    /// Events after the time given as now; they are kept.
    pub future: usize,
    /// Events of something liked.
    pub liked: usize,
    /// Events of less than the least weight that is liked: seen, not liked.
    pub below: usize,
    /// Events of negative weight: seen, never liked.
    pub negative: usize,
    /// Users with one event.
    pub single_users: usize,
}

/// How the times of rows are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Not at all.
    None,
    /// Milliseconds since 1970.
    Millis,
    /// Seconds, milliseconds, microseconds or nanoseconds since 1970, as the largest says.
    Counted,
}

/// Takes rows one by one.
#[derive(Debug)]
pub struct Collector {
    clock: Clock,
    users: Ids,
    domains: Ids,
    /// Of each domain: its items' names and their numbers among all.
    items: Vec<(Ids, Vec<u32>)>,
    domain_of: Vec<u32>,
    events: Vec<Event>,
    counts: Counts,
    least: f32,
    most: f32,
}

/// Rows that room is made for at most: a file may promise more than it holds.
const MOST_EXPECTED: usize = 1 << 28;
/// The time of a row without one, until all are known.
const NO_TIME: i64 = i64::MIN;

impl Collector {
    /// No rows yet.
    pub fn new(clock: Clock) -> Collector {
        Collector {
            clock,
            users: Ids::default(),
            domains: Ids::default(),
            items: Vec::new(),
            domain_of: Vec::new(),
            events: Vec::new(),
            counts: Counts::default(),
            least: f32::INFINITY,
            most: f32::NEG_INFINITY,
        }
    }

    /// Makes room for so many rows, so that their events take no more memory than they need.
    pub fn expect(&mut self, rows: usize) {
        // Without that much memory the room grows as rows come.
        let _ = self.events.try_reserve_exact(rows.min(MOST_EXPECTED));
    }

    /// One row. `time` counts as the clock says; `weight` is none where it is missing or no finite number.
    pub fn push(
        &mut self,
        user: Option<&str>,
        item: Option<&str>,
        domain: &str,
        weight: Option<f32>,
        time: Option<f64>,
    ) {
        self.counts.rows += 1;
        let (user, item) = match (user, item) {
            (None, _) => return self.counts.without_user += 1,
            (_, None) => return self.counts.without_item += 1,
            (Some(user), Some(item)) => (self.users.add(user), self.item(item, domain)),
        };
        let Some(weight) = weight.filter(|w| w.is_finite()) else { return self.counts.without_weight += 1 };
        if weight == 0.0 {
            return self.counts.zeros += 1;
        }
        self.least = self.least.min(weight);
        self.most = self.most.max(weight);
        let time = match (self.clock, time.filter(|t| t.is_finite())) {
            // The order of rows, for now.
            (Clock::None, _) => self.events.len() as i64,
            (_, None) => NO_TIME,
            (Clock::Millis, Some(time)) => (time as i64).max(NO_TIME + 1),
            (Clock::Counted, Some(time)) => time.to_bits() as i64,
        };
        self.events.push(Event { user, item, weight, time });
    }

    fn item(&mut self, name: &str, domain: &str) -> u32 {
        let domain = self.domains.add(domain);
        if self.items.len() <= domain as usize {
            self.items.push((Ids::default(), Vec::new()));
        }
        let (names, numbers) = &mut self.items[domain as usize];
        let local = names.add(name) as usize;
        if local == numbers.len() {
            numbers.push(self.domain_of.len() as u32);
            self.domain_of.push(domain);
        }
        numbers[local]
    }

    /// The least and the largest weight so far; none without an event.
    pub fn weights(&self) -> Option<(f32, f32)> {
        (self.least <= self.most).then_some((self.least, self.most))
    }

    /// The events. A pair is liked from a weight of `at_least` on, where that is given, else from any above 0: a rating by itself, a
    /// count as soon as the pair's sum reaches it. `now` is in milliseconds since 1970.
    pub fn finish(
        mut self,
        meaning: Meaning,
        at_least: Option<f32>,
        now: Option<i64>,
    ) -> (Interactions, Counts) {
        self.settle_times(meaning);
        let mut events = std::mem::take(&mut self.events);
        let (users, user_of) = in_order(self.users.names(), &[]);
        let (domains, domain_new) = in_order(self.domains.names(), &[]);
        let mut names = vec![""; self.domain_of.len()];
        for (of_domain, numbers) in &self.items {
            numbers.iter().zip(of_domain.names()).for_each(|(&n, name)| names[n as usize] = name);
        }
        let old_domain: Vec<u32> = self.domain_of.iter().map(|&d| domain_new[d as usize]).collect();
        let (items, item_of) = in_order(&names, &old_domain);
        let mut domain_of = vec![0; old_domain.len()];
        item_of.iter().zip(&old_domain).for_each(|(&new, &domain)| domain_of[new as usize] = domain);
        events.par_iter_mut().for_each(|e| {
            e.user = user_of[e.user as usize];
            e.item = item_of[e.item as usize];
        });
        self.merge(&mut events, meaning, at_least);
        if self.clock == Clock::None {
            events.iter_mut().for_each(|e| e.time = 0);
        }
        interactions::sort(&mut events);
        let mut counts = self.counts;
        counts.future = now.map_or(0, |now| events.iter().filter(|e| e.time > now).count());
        counts.liked = events.iter().filter(|e| e.weight > 0.0).count();
        counts.negative = events.iter().filter(|e| e.weight < 0.0).count();
        counts.below = events.len() - counts.liked - counts.negative;
        let mut of_user = vec![0_u32; users.len()];
        events.iter().for_each(|e| of_user[e.user as usize] += 1);
        counts.single_users = of_user.iter().filter(|&&n| n == 1).count();
        let timed = self.clock != Clock::None;
        (Interactions { users, items, domains, domain_of, events, timed }, counts)
    }

    /// Times to milliseconds; those that are missing to the oldest.
    fn settle_times(&mut self, meaning: Meaning) {
        if self.clock == Clock::None {
            if meaning == Meaning::Count {
                self.events.iter_mut().for_each(|e| e.time = 0);
            }
            return;
        }
        if self.clock == Clock::Counted {
            let known = || self.events.iter().filter(|e| e.time != NO_TIME);
            let largest = known().map(|e| f64::from_bits(e.time as u64).abs()).fold(0.0, f64::max);
            // Seconds reach 1e11 in the year 5138, milliseconds in 1973, and so on.
            let scale = match largest {
                x if x < 1e11 => 1e3,
                x if x < 1e14 => 1.0,
                x if x < 1e17 => 1e-3,
                _ => 1e-6,
            };
            let of = |e: &mut Event| e.time = (f64::from_bits(e.time as u64) * scale).floor() as i64;
            self.events.iter_mut().filter(|e| e.time != NO_TIME).for_each(of);
        }
        let oldest = self.events.iter().map(|e| e.time).filter(|&t| t != NO_TIME).min().unwrap_or(0);
        for event in self.events.iter_mut().filter(|e| e.time == NO_TIME) {
            event.time = oldest;
            self.counts.without_time += 1;
        }
    }

    /// What the rows of each pair say together.
    fn merge(&mut self, events: &mut Vec<Event>, meaning: Meaning, at_least: Option<f32>) {
        events.par_sort_unstable_by(|a, b| {
            (a.user, a.item, a.time).cmp(&(b.user, b.item, b.time)).then(a.weight.total_cmp(&b.weight))
        });
        let judged = |event: Event, sum: f32| match at_least {
            Some(least) if event.weight > 0.0 && sum < least => Event { weight: 0.0, ..event },
            _ => event,
        };
        let (mut read, mut kept) = (0, 0);
        while read < events.len() {
            let pair = (events[read].user, events[read].item);
            let end = read + events[read..].iter().take_while(|e| (e.user, e.item) == pair).count();
            self.counts.repeats += end - read - 1;
            match meaning {
                Meaning::Rating => {
                    events[kept] = judged(events[end - 1], events[end - 1].weight);
                    kept += 1;
                }
                Meaning::Count => {
                    let mut sum = 0.0;
                    while read < end {
                        let mut one = Event { weight: 0.0, ..events[read] };
                        while read < end && events[read].time == one.time {
                            one.weight += events[read].weight;
                            read += 1;
                        }
                        sum += one.weight;
                        events[kept] = judged(one, sum);
                        kept += 1;
                    }
                }
            }
            read = end;
        }
        events.truncate(kept);
        events.shrink_to_fit();
    }
}

/// Names in their order, those that are alike by `then`, and the new number of each old one.
pub(crate) fn in_order<S: AsRef<str> + Sync>(names: &[S], then: &[u32]) -> (Ids, Vec<u32>) {
    let mut order: Vec<u32> = (0..names.len() as u32).collect();
    order.par_sort_unstable_by(|&a, &b| {
        let by_name = name_order(names[a as usize].as_ref(), names[b as usize].as_ref());
        by_name.then_with(|| then.get(a as usize).cmp(&then.get(b as usize)))
    });
    let mut ids = Ids::default();
    let mut new = vec![0; names.len()];
    for old in order {
        new[old as usize] = ids.push(names[old as usize].as_ref());
    }
    (ids, new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ronghe_stats::random::SplitMix64;

    type Row = (&'static str, &'static str, f32, f64);

    fn collected(
        rows: &[Row],
        clock: Clock,
        meaning: Meaning,
        at_least: Option<f32>,
    ) -> (Vec<(String, String, f32, i64)>, Counts) {
        let mut collector = Collector::new(clock);
        rows.iter().for_each(|(u, i, w, t)| collector.push(Some(u), Some(i), "", Some(*w), Some(*t)));
        let (found, counts) = collector.finish(meaning, at_least, Some(9_000));
        let named = |e: &Event| {
            (found.users.name(e.user).to_owned(), found.items.name(e.item).to_owned(), e.weight, e.time)
        };
        (found.events.iter().map(named).collect(), counts)
    }

    fn event(user: &str, item: &str, weight: f32, time: i64) -> (String, String, f32, i64) {
        (user.into(), item.into(), weight, time)
    }

    #[test]
    fn counts_are_summed_until_they_are_enough() {
        let rows = [
            ("b", "x", 1.0, 1.0),
            ("b", "x", 2.0, 3.0),
            ("b", "x", 1.0, 3.0),
            ("b", "y", 1.0, 2.0),
            ("a", "y", 0.0, 1.0),
        ];
        let (events, counts) = collected(&rows, Clock::Millis, Meaning::Count, Some(3.0));
        assert_eq!(events, [event("b", "x", 0.0, 1), event("b", "y", 0.0, 2), event("b", "x", 3.0, 3)]);
        assert_eq!((counts.repeats, counts.zeros, counts.liked, counts.below), (2, 1, 1, 2));
        let (events, _) = collected(&rows, Clock::Millis, Meaning::Count, None);
        assert_eq!(events, [event("b", "x", 1.0, 1), event("b", "y", 1.0, 2), event("b", "x", 3.0, 3)]);
        // Without times the rows of a pair are one event.
        let (events, counts) = collected(&rows, Clock::None, Meaning::Count, Some(3.0));
        assert_eq!(events, [event("b", "x", 4.0, 0), event("b", "y", 0.0, 0)]);
        assert_eq!(counts.single_users, 0);
    }

    #[test]
    fn the_last_rating_counts() {
        let rows = [("a", "x", 5.0, 9.0), ("a", "x", 2.0, 4.0), ("a", "y", 5.0, 4.0), ("a", "y", 3.0, 5.0)];
        let (events, counts) = collected(&rows, Clock::Counted, Meaning::Rating, Some(4.0));
        assert_eq!(events, [event("a", "y", 0.0, 5_000), event("a", "x", 5.0, 9_000)]);
        assert_eq!((counts.repeats, counts.liked, counts.below, counts.future), (2, 1, 1, 0));
        let (events, _) = collected(&rows, Clock::None, Meaning::Rating, Some(4.0));
        assert_eq!(events, [event("a", "x", 0.0, 0), event("a", "y", 0.0, 0)]);
    }

    #[test]
    fn times_of_every_unit() {
        for (time, millis) in [
            (1.5, 1_500),
            (1.7e9, 1_700_000_000_000),
            (1.7e12, 1_700_000_000_000),
            (1.7e15, 1_700_000_000_000),
            (1.7e18, 1_700_000_000_000),
        ] {
            let (events, counts) = collected(
                &[("a", "x", 1.0, time), ("b", "x", 1.0, f64::NAN)],
                Clock::Counted,
                Meaning::Count,
                None,
            );
            assert_eq!((events[0].3, events[1].3), (millis, millis));
            assert_eq!((counts.without_time, counts.future), (1, if millis > 9_000 { 2 } else { 0 }));
        }
    }

    #[test]
    fn negative_weights_stay_and_rows_without_names_are_counted() {
        let mut collector = Collector::new(Clock::None);
        collector.push(None, Some("x"), "", Some(1.0), None);
        collector.push(Some("a"), None, "", Some(1.0), None);
        collector.push(Some("a"), Some("x"), "", None, None);
        collector.push(Some("a"), Some("x"), "", Some(f32::NAN), None);
        collector.push(Some("a"), Some("y"), "", Some(-2.0), None);
        assert_eq!(collector.weights(), Some((-2.0, -2.0)));
        let (found, counts) = collector.finish(Meaning::Count, None, None);
        assert_eq!(
            (counts.without_user, counts.without_item, counts.without_weight, counts.negative),
            (1, 1, 2, 1)
        );
        assert_eq!((found.events.len(), found.items.len(), counts.single_users), (1, 2, 1));
        assert!(found.matrix(&found.events).nnz() == 0 && !found.timed);
        let (found, counts) = Collector::new(Clock::Millis).finish(Meaning::Rating, None, None);
        assert_eq!((found.events.len(), found.users.len(), counts), (0, 0, Counts::default()));
    }

    #[test]
    fn items_of_two_domains_are_two_items() {
        let mut collector = Collector::new(Clock::None);
        for (item, domain) in
            [("10", "films"), ("2", "films"), ("10", "books"), ("1", "films"), ("01", "films")]
        {
            collector.push(Some("u"), Some(item), domain, Some(1.0), None);
        }
        let (found, _) = collector.finish(Meaning::Count, None, None);
        assert_eq!(found.items.names(), ["1", "01", "2", "10", "10"]);
        assert_eq!(
            (found.domains.names(), &found.domain_of[..]),
            (&["books".into(), "films".into()][..], &[1, 1, 1, 0, 1][..])
        );
        assert_eq!(
            [None, Some(0), Some(1), Some(2)].map(|d| found.item("10", d)),
            [Some(3), Some(3), Some(4), None]
        );
        assert_eq!(found.item("2", Some(0)), None);
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        let mut draw = SplitMix64::new(4);
        let mut rows: Vec<(String, String, f32, f64)> = (0..400)
            .map(|_| {
                let (user, item) = (draw.below(30).to_string(), format!("i{}", draw.below(20)));
                (user, item, draw.below(5) as f32 + 1.0, draw.below(50) as f64)
            })
            .collect();
        let collected = |rows: &[(String, String, f32, f64)], meaning| {
            let mut collector = Collector::new(Clock::Counted);
            rows.iter().for_each(|(u, i, w, t)| collector.push(Some(u), Some(i), "", Some(*w), Some(*t)));
            collector.finish(meaning, Some(4.0), None)
        };
        for meaning in [Meaning::Count, Meaning::Rating] {
            let (first, counts) = collected(&rows, meaning);
            assert!(counts.repeats > 0 && counts.below > 0);
            for _ in 0..5 {
                draw.shuffle(&mut rows);
                let (again, same) = collected(&rows, meaning);
                assert_eq!((&again.events, same), (&first.events, counts));
                assert_eq!(
                    (again.users.names(), again.items.names()),
                    (first.users.names(), first.items.names())
                );
            }
        }
        // As promised: 10^8 events are 2.4 GB.
        assert_eq!(size_of::<Event>(), 24);
    }
}
