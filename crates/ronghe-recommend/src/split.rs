//! Which events a model is fitted on, tuned on and tested on.
//!
//! Shares are of the events of something liked (`n` of them): the parts end at `floor(n (1 - validation - test))` and `floor(n (1 - test))`
//! of them. Events of what was seen and not liked go with the liked ones around them; they are never a target. Nothing is dropped:
//! users and items that training does not know and pairs that it has are counted ([`Counted`]) and stay.
//!
//! * by time: the events in the order of (time, user, item) are cut; those of one instant may be cut apart;
//! * the last one out: of each user's liked events the last is the test, the one before it validation. Of equal times the item of the
//!   higher number, which is the later name in [`crate::name_order`], is the later, whatever the order of rows. A user of one event
//!   is tested without a past. Training may hold events that are younger than the test events of others: [`Counted::old`];
//! * by users: users in the order of a hash are cut; of those held out the last `floor(n / 5)` events, at least one, are targets, those
//!   before are known when ranking and not fitted on;
//! * by chance: events in the order of a hash of (user, item, time) are cut.
//!
//! `O(n log n)` time.

pub use crate::fold::{Counted, Fitting, Fold};
use crate::{Error, Event, Interactions, Result, interactions};
use ronghe_stats::random::SplitMix64;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What decides about the part of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitBy {
    /// Time: the newest test.
    #[default]
    Time,
    /// The last event of each user tests.
    LastOut,
    /// Users: some are held out whole.
    Users,
    /// Chance.
    Random,
}

/// Shares of the liked events (or of the users); the rest trains. The last one out has none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shares {
    /// Share of validation.
    pub validation: f64,
    /// Share of test.
    pub test: f64,
}

impl Default for Shares {
    fn default() -> Shares {
        Shares { validation: 0.1, test: 0.1 }
    }
}

/// Events, lent where they need no other order.
pub(crate) type Events<'a> = Cow<'a, [Event]>;

pub(crate) fn liked(events: &[Event]) -> impl Iterator<Item = &Event> {
    events.iter().filter(|e| e.weight > 0.0)
}

/// Events of each part in the order of time. Those of a split by time are lent: nothing is copied.
#[derive(Debug, Clone, Default)]
pub struct Split<'a> {
    /// To learn from.
    pub train: Events<'a>,
    /// To choose by.
    pub validation: Events<'a>,
    /// To measure on, once.
    pub test: Events<'a>,
    /// What is known of held-out users when they are ranked for validation; empty but for a split by users.
    pub validation_known: Events<'a>,
    /// What is known of held-out users when they are ranked for the test.
    pub test_known: Events<'a>,
    /// Training and validation together, where they follow one another.
    both: Option<&'a [Event]>,
}

impl Split<'_> {
    /// Fit on training, choose by validation.
    pub fn tuning(&self) -> Fold<'_> {
        Fold {
            fit: Cow::Borrowed(&self.train),
            known: Cow::Borrowed(&self.validation_known),
            target: Cow::Borrowed(&self.validation),
        }
    }

    /// Fit on training and validation, measure on the test.
    pub fn testing(&self) -> Fold<'_> {
        let fit = match self.both {
            Some(both) => Cow::Borrowed(both),
            None => sorted([&self.train[..], &self.validation_known, &self.validation].concat()),
        };
        Fold { fit, known: Cow::Borrowed(&self.test_known), target: Cow::Borrowed(&self.test) }
    }
}

fn sorted(mut events: Vec<Event>) -> Events<'static> {
    interactions::sort(&mut events);
    Cow::Owned(events)
}

/// Splits the events of `of`. The same events, rule, shares and seed give the same parts; the seed matters to users and chance only.
pub fn split(of: &Interactions, by: SplitBy, shares: Shares, seed: u64) -> Result<Split<'_>> {
    of_events(of, &of.events, by, shares, seed)
}

/// The events of `of` to learn from, `test` to measure on. What is to choose by is taken of the former: the last event of each user, else
/// the share of validation by that rule.
pub fn given<'a>(
    of: &'a Interactions,
    test: &'a [Event],
    by: SplitBy,
    shares: Shares,
    seed: u64,
) -> Result<Split<'a>> {
    let shares = Shares { test: 0.0, ..shares };
    let mut split = split(of, by, shares, seed)?;
    if by == SplitBy::LastOut {
        let older = std::mem::replace(&mut split.validation, std::mem::take(&mut split.test));
        split.train = sorted([&split.train[..], &older].concat());
    }
    Ok(Split { test: Cow::Borrowed(test), test_known: Cow::default(), both: Some(&of.events), ..split })
}

/// As [`split`], of some of its events, in the order of time.
pub fn of_events<'a>(
    of: &Interactions,
    events: &'a [Event],
    by: SplitBy,
    shares: Shares,
    seed: u64,
) -> Result<Split<'a>> {
    let Shares { validation, test } = shares;
    let wrong = !(validation >= 0.0 && test >= 0.0 && validation + test < 1.0);
    if wrong && by != SplitBy::LastOut {
        return Err(Error::input(
            "shares of validation and test",
            "0 to below 1 together",
            format!("{validation} and {test}"),
            "lower them",
        ));
    }
    if matches!(by, SplitBy::Time | SplitBy::LastOut) && !of.timed {
        return Err(Error::input(
            "a split by time",
            "events with times",
            "none",
            "name the column of times, or split by `random` or `users`",
        ));
    }
    let users = of.users.len();
    let parts = match by {
        SplitBy::Time => return Ok(by_time(events, shares)),
        SplitBy::LastOut => last_out(users, events),
        SplitBy::Users => by_users(users, events, shares, seed),
        SplitBy::Random => by_chance(events, shares, seed),
    };
    let Parts { train, validation, test, validation_known, test_known } = parts;
    Ok(Split {
        train: sorted(train),
        validation: sorted(validation),
        test: sorted(test),
        validation_known: sorted(validation_known),
        test_known: sorted(test_known),
        both: None,
    })
}

/// The parts of a split in any order.
#[derive(Default)]
struct Parts {
    train: Vec<Event>,
    validation: Vec<Event>,
    test: Vec<Event>,
    validation_known: Vec<Event>,
    test_known: Vec<Event>,
}

/// Where training and validation end among `n`.
fn cuts(n: usize, shares: Shares) -> (usize, usize) {
    // A share of 0.3 of 10 is 3, not 2.9999999999999996.
    let at = |share: f64| (n as f64 * share + 1e-9).floor() as usize;
    let last = at(1.0 - shares.test);
    (at(1.0 - shares.validation - shares.test).min(last), last)
}

fn by_time(events: &[Event], shares: Shares) -> Split<'_> {
    let (a, b) = cuts(liked(events).count(), shares);
    // A part begins after the last liked event of the one before.
    let end = |liked_before: usize| match liked_before {
        0 => 0,
        n => (0..events.len()).filter(|&i| events[i].weight > 0.0).nth(n - 1).map_or(0, |i| i + 1),
    };
    let (a, b) = (end(a), end(b));
    Split {
        train: Cow::Borrowed(&events[..a]),
        validation: Cow::Borrowed(&events[a..b]),
        test: Cow::Borrowed(&events[b..]),
        both: Some(&events[..b]),
        ..Split::default()
    }
}

/// The events of each user in the order of (time, item): positions in `events`, user after user, and where each user begins.
fn by_user(users: usize, events: &[Event]) -> (Vec<u32>, Vec<usize>) {
    let mut starts = vec![0; users + 1];
    events.iter().for_each(|e| starts[e.user as usize + 1] += 1);
    for i in 1..starts.len() {
        starts[i] += starts[i - 1];
    }
    let mut next = starts.clone();
    let mut order = vec![0; events.len()];
    for (i, event) in events.iter().enumerate() {
        order[next[event.user as usize]] = i as u32;
        next[event.user as usize] += 1;
    }
    (order, starts)
}

fn last_out(users: usize, events: &[Event]) -> Parts {
    let (order, starts) = by_user(users, events);
    let mut split = Parts::default();
    for user in starts.windows(2) {
        let own: Vec<Event> = order[user[0]..user[1]].iter().map(|&i| events[i as usize]).collect();
        let liked: Vec<usize> = (0..own.len()).filter(|&i| own[i].weight > 0.0).collect();
        let back = |n: usize| liked.len().checked_sub(n).map(|i| liked[i]);
        let (test, validation) = (back(1), back(2));
        for (i, event) in own.into_iter().enumerate() {
            match i {
                _ if Some(i) == test => split.test.push(event),
                _ if Some(i) == validation => split.validation.push(event),
                _ if test.is_some_and(|t| i > t) => split.test.push(event),
                _ if validation.is_some_and(|v| i > v) => split.validation.push(event),
                _ => split.train.push(event),
            }
        }
    }
    split
}

fn by_users(users: usize, events: &[Event], shares: Shares, seed: u64) -> Parts {
    let (order, starts) = by_user(users, events);
    let mut users: Vec<u32> = (0..users as u32).collect();
    users.sort_by_key(|&user| SplitMix64::numbered(seed, u64::from(user)).next_u64());
    let (a, b) = cuts(users.len(), shares);
    let mut split = Parts::default();
    for (place, &user) in users.iter().enumerate() {
        let own = &order[starts[user as usize]..starts[user as usize + 1]];
        let own = own.iter().map(|&i| events[i as usize]);
        if place < a {
            split.train.extend(own);
            continue;
        }
        let n = own.clone().filter(|e| e.weight > 0.0).count();
        let known = n - (n / 5).max(1).min(n);
        let (before, target) = match place < b {
            true => (&mut split.validation_known, &mut split.validation),
            false => (&mut split.test_known, &mut split.test),
        };
        let mut met = 0;
        for event in own {
            let part = if met < known { &mut *before } else { &mut *target };
            part.push(event);
            met += usize::from(event.weight > 0.0);
        }
    }
    split
}

fn by_chance(events: &[Event], shares: Shares, seed: u64) -> Parts {
    let hash = |e: &Event| {
        let pair = u64::from(e.user) << 32 | u64::from(e.item);
        let pair = SplitMix64::numbered(seed, pair).next_u64();
        (SplitMix64::new(pair ^ e.time as u64).next_u64(), e.user, e.item, e.time)
    };
    let mut order: Vec<u32> = (0..events.len() as u32).filter(|&i| events[i as usize].weight > 0.0).collect();
    order.sort_by_cached_key(|&i| hash(&events[i as usize]));
    let (a, b) = cuts(order.len(), shares);
    let take = |places: &[u32]| places.iter().map(|&i| events[i as usize]).collect::<Vec<Event>>();
    let mut split = Parts { train: take(&order[..a]), ..Parts::default() };
    split.validation = take(&order[a..b]);
    split.test = take(&order[b..]);
    // What was seen and not liked is known from the beginning.
    split.train.extend(events.iter().filter(|e| e.weight <= 0.0));
    split
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::{Clock, Collector, Meaning};

    /// Six users; user 5 has one event, two events of user 1 and all of user 2 are of one instant.
    const ROWS: [(&str, &str, f32, f64); 14] = [
        ("1", "2", 1.0, 1.0),
        ("1", "10", 1.0, 3.0),
        ("1", "9", 1.0, 3.0),
        ("2", "1", 1.0, 2.0),
        ("2", "2", 1.0, 2.0),
        ("2", "10", 1.0, 2.0),
        ("3", "1", 1.0, 4.0),
        ("3", "2", -1.0, 5.0),
        ("3", "3", 1.0, 6.0),
        ("3", "1", 1.0, 7.0),
        ("4", "7", 1.0, 8.0),
        ("4", "1", 1.0, 9.0),
        ("5", "8", 1.0, 9.5),
        ("6", "2", -1.0, 9.7),
    ];

    fn events(rows: &[(&str, &str, f32, f64)]) -> Interactions {
        let mut collector = Collector::new(Clock::Counted);
        rows.iter().for_each(|(u, i, w, t)| collector.push(Some(u), Some(i), "", Some(*w), Some(*t)));
        collector.finish(Meaning::Count, None, None).0
    }

    fn named(of: &Interactions, events: &[Event]) -> Vec<String> {
        events.iter().map(|e| format!("{}-{}", of.users.name(e.user), of.items.name(e.item))).collect()
    }

    #[test]
    fn by_time_in_the_order_of_time_user_item() {
        let of = events(&ROWS);
        let found = split(&of, SplitBy::Time, Shares { validation: 0.25, test: 0.25 }, 0).unwrap();
        assert_eq!(named(&of, &found.train), ["1-2", "2-1", "2-2", "2-10", "1-9", "1-10"]);
        assert_eq!(named(&of, &found.validation), ["3-1", "3-2", "3-3", "3-1"]);
        assert_eq!(named(&of, &found.test), ["4-7", "4-1", "5-8", "6-2"]);
        let counted = found.testing().counted();
        assert_eq!((counted.fit, counted.targets, counted.users, counted.cold_users), (9, 3, 2, 2));
        assert_eq!((counted.items, counted.cold_items, counted.seen_pairs, counted.old), (3, 2, 0, 0.0));
        // The same pair again is counted and stays.
        assert_eq!(
            Fold { fit: found.train.clone(), known: Cow::default(), target: Cow::Borrowed(&of.events) }
                .counted()
                .seen_pairs,
            6
        );
    }

    #[test]
    fn the_last_one_does_not_depend_on_the_order_of_rows() {
        let of = events(&ROWS);
        let found = split(&of, SplitBy::LastOut, Shares::default(), 0).unwrap();
        assert_eq!(named(&of, &found.test), ["2-10", "1-10", "3-1", "4-1", "5-8"]);
        assert_eq!(named(&of, &found.validation), ["2-2", "1-9", "3-3", "4-7"]);
        assert_eq!(named(&of, &found.train), ["1-2", "2-1", "3-1", "3-2", "6-2"]);
        let counted = found.testing().counted();
        assert_eq!((counted.cold_users, counted.seen_pairs, counted.old), (1, 1, 0.2));
        for seed in 0..20 {
            let mut rows = ROWS;
            SplitMix64::new(seed).shuffle(&mut rows);
            let of = events(&rows);
            let again = split(&of, SplitBy::LastOut, Shares::default(), 0).unwrap();
            assert_eq!(again.test, found.test);
            assert_eq!((again.validation, again.train), (found.validation.clone(), found.train.clone()));
        }
    }

    #[test]
    fn users_are_held_out_whole() {
        let rows: Vec<(String, String)> =
            (0..20).flat_map(|u| (0..10).map(move |i| (u.to_string(), (u + i).to_string()))).collect();
        let rows: Vec<(&str, &str, f32, f64)> =
            rows.iter().enumerate().map(|(t, (u, i))| (u.as_str(), i.as_str(), 1.0, t as f64)).collect();
        let of = events(&rows);
        let found = split(&of, SplitBy::Users, Shares { validation: 0.1, test: 0.2 }, 3).unwrap();
        let sizes =
            [&found.train, &found.validation, &found.validation_known, &found.test, &found.test_known];
        assert_eq!(sizes.map(|part| part.len()), [140, 4, 16, 8, 32]);
        let testing = found.testing();
        assert_eq!((testing.fit.len(), testing.counted().cold_users), (160, 0));
        assert!(testing.known.iter().all(|e| testing.fit.iter().all(|f| f.user != e.user)));
        let random = split(&of, SplitBy::Random, Shares { validation: 0.1, test: 0.2 }, 3).unwrap();
        assert_eq!([&random.train, &random.validation, &random.test].map(|part| part.len()), [140, 20, 40]);
        assert_ne!(split(&of, SplitBy::Random, Shares::default(), 4).unwrap().test, random.test);
    }

    #[test]
    fn bad_shares_and_events_without_times_are_errors() {
        let mut of = events(&ROWS);
        for shares in [(1.0, 0.0), (0.5, 0.5), (-0.1, 0.1), (f64::NAN, 0.1)] {
            let shares = Shares { validation: shares.0, test: shares.1 };
            assert!(split(&of, SplitBy::Random, shares, 0).is_err(), "{shares:?}");
        }
        of.timed = false;
        assert_eq!(
            split(&of, SplitBy::Time, Shares::default(), 0).unwrap_err().to_string(),
            "a split by time: expected events with times, found none; name the column of times, or split by `random` or `users`"
        );
        let nothing = Interactions { timed: true, ..Interactions::default() };
        let none = split(&nothing, SplitBy::LastOut, Shares::default(), 0);
        assert_eq!(none.unwrap().testing().counted(), Counted::default());
    }

    #[test]
    fn a_negative_weight_raises_no_item() {
        let of = events(&ROWS);
        let without: Vec<Event> = of.events.iter().filter(|e| e.weight > 0.0).copied().collect();
        let (with, without) = (Fitting::new(&of.events, &of), Fitting::new(&without, &of));
        // Models get the same matrix and events, to the last bit.
        assert_eq!((with.liked, &with.events), (without.liked, &without.events));
        assert!(with.events.len() < of.events.len());
    }
}
