//! New events for a fitted recommender: the same model with the same settings, fitted on the old events and the new ones together.
//!
//! What comes out is, to the bit, what a fit of these settings on one table of all rows gives: names are numbered anew, features made anew
//! of all items. What an update saves is the search for settings. Events that are there already (same user, item, time and weight) are
//! counted and left out; without times that cannot be told, and of a repeated pair the new row is the later one.

use crate::collect::Meaning;
use crate::content::{Content, Encoders};
use crate::join::Joined;
use crate::split::Fitting;
use crate::{Error, Event, Features, Fitted, Interactions, Items, Progress, Result, interactions};
use serde::Serialize;
use std::collections::HashMap;

/// What was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Added {
    /// Events.
    pub events: usize,
    /// Events that were there already.
    pub known: usize,
    /// Users.
    pub users: usize,
    /// Items.
    pub items: usize,
}

/// New rows.
#[derive(Debug)]
pub struct New<'a> {
    /// Events.
    pub events: &'a Interactions,
    /// Their items, and others.
    pub items: Option<&'a Items>,
    /// What weights mean, as when the old events were read.
    pub meaning: Meaning,
    /// Whether counts have a least sum that is liked: then single events are not enough.
    pub least_sum: bool,
}

impl Fitted {
    /// Fits the model again with more events. `encoders` are those that it was fitted with.
    pub fn update(
        &self,
        new: &New<'_>,
        encoders: &Encoders<'_>,
        threads: usize,
        progress: Progress<'_>,
    ) -> Result<(Fitted, Added)> {
        if new.least_sum && new.meaning == Meaning::Count {
            let help = "fit again on a table of all events";
            return Err(Error::input(
                "an update",
                "ratings, or counts of which any is liked",
                "counts with a least sum",
                help,
            ));
        }
        if self.interactions.timed != new.events.timed && !self.interactions.events.is_empty() {
            let said = |timed: bool| if timed { "with times" } else { "without times" };
            let expected = format!("events {}, as the old ones", said(self.interactions.timed));
            return Err(Error::input(
                "an update",
                expected,
                said(new.events.timed),
                "fit again on a table of all events",
            ));
        }
        let joined = Both::new(&self.interactions, new);
        let items = self.items_with(new, &joined)?;
        let content = items.as_ref().map(|items| Content::of(items, encoders)).transpose()?.flatten();
        let of = joined.interactions;
        let fitting = Fitting::new(&of.events, &of);
        let features = content.as_ref().map(|c| &c.features);
        let recommender =
            fitting.training(&of, self.seed, threads).with(features).fit(&self.model, progress)?;
        let fitted = Fitted {
            model: self.model.clone(),
            recommender,
            interactions: of,
            items,
            content,
            seed: self.seed,
            notes: self.notes.clone(),
        };
        Ok((fitted, joined.added))
    }

    /// What is known of the items, old and new; of an item in both tables the new row counts.
    fn items_with(&self, new: &New<'_>, joined: &Both) -> Result<Option<Items>> {
        let (old, fresh) = (self.items.as_ref(), new.items);
        let Some(model) = old.or(fresh) else { return Ok(None) };
        let count = joined.interactions.items.len();
        let mut items =
            Items { columns: model.columns.clone(), rows: vec![Vec::new(); count], ..Items::default() };
        let mut vectors: Vec<(Vec<Features>, &[u32])> = Vec::new();
        if let Some(old) = old {
            old.rows
                .iter()
                .zip(&joined.old)
                .for_each(|(row, &item)| items.rows[item as usize].clone_from(row));
            let parts = self.content.iter().flat_map(|c| c.vectors.iter().map(|part| c.part(*part)));
            vectors.push((parts.collect(), &joined.old));
        }
        if let Some(fresh) = fresh {
            let names =
                |items: &Items| items.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>().join(", ");
            if fresh.columns != items.columns {
                let expected = format!("the columns of the first one, of the same kinds: {}", names(&items));
                return Err(Error::input(
                    "the table of new items",
                    expected,
                    names(fresh),
                    "give the same columns",
                ));
            }
            let rows = fresh.rows.iter().zip(&joined.new).filter(|(row, _)| !row.is_empty());
            rows.for_each(|(row, &item)| items.rows[item as usize].clone_from(row));
            vectors.push((fresh.vectors.iter().filter(|v| v.width > 0).cloned().collect(), &joined.new));
        }
        items.vectors = together(&vectors, count)?;
        Ok(Some(items))
    }
}

/// Vectors of old and of new items as those of all.
fn together(sides: &[(Vec<Features>, &[u32])], count: usize) -> Result<Vec<Features>> {
    let Some((first, _)) = sides.iter().find(|(parts, _)| !parts.is_empty()) else { return Ok(Vec::new()) };
    let mut all: Vec<Features> =
        first.iter().map(|p| Features { values: vec![0.0; count * p.width], ..p.clone() }).collect();
    for (parts, numbers) in sides.iter().filter(|(parts, _)| !parts.is_empty()) {
        if parts.len() != all.len() || parts.iter().zip(&all).any(|(a, b)| a.width != b.width) {
            let sizes =
                |parts: &[Features]| parts.iter().map(|p| p.width.to_string()).collect::<Vec<_>>().join(", ");
            let expected = format!("vectors of the sizes {}", sizes(&all));
            return Err(Error::input(
                "vectors of new items",
                expected,
                sizes(parts),
                "take the encoders of the first fit",
            ));
        }
        for (all, part) in all.iter_mut().zip(parts) {
            for (row, &item) in part.values.chunks_exact(part.width).zip(*numbers) {
                if row.iter().any(|x| *x != 0.0) {
                    all.values[item as usize * part.width..][..part.width].copy_from_slice(row);
                }
            }
        }
    }
    Ok(all)
}

/// Events of both sides under common numbers.
struct Both {
    interactions: Interactions,
    /// The new number of each old item, and of each item of the new events.
    old: Vec<u32>,
    new: Vec<u32>,
    added: Added,
}

impl Both {
    fn new(old: &Interactions, new: &New<'_>) -> Both {
        let joined = Joined::of([old, new.events]);
        let (mut events, mut fresh) = (old.events.clone(), new.events.events.clone());
        joined.renumber(0, &mut events);
        joined.renumber(1, &mut fresh);
        let known = add(&mut events, fresh, new, old.timed);
        let Joined { users, items, domains, domain_of, item_of: [old_items, new_items], .. } = joined;
        let added = Added {
            events: new.events.events.len() - known,
            known,
            users: users.len() - old.users.len(),
            items: items.len() - old.items.len(),
        };
        interactions::sort(&mut events);
        let interactions = Interactions { users, items, domains, domain_of, events, timed: new.events.timed };
        Both { interactions, old: old_items, new: new_items, added }
    }
}

/// Adds events, and gives how many of them were there.
fn add(events: &mut Vec<Event>, fresh: Vec<Event>, new: &New<'_>, timed: bool) -> usize {
    let mut places: HashMap<(u32, u32), Vec<usize>> = HashMap::new();
    events.iter().enumerate().for_each(|(place, e)| places.entry((e.user, e.item)).or_default().push(place));
    let mut known = 0;
    for event in fresh {
        let own = places.entry((event.user, event.item)).or_default();
        let same = own.iter().copied().find(|&place| timed && events[place].time == event.time);
        match (new.meaning, same) {
            (_, Some(place)) if events[place].weight.to_bits() == event.weight.to_bits() => known += 1,
            // The last rating counts; of equal times the higher one.
            (Meaning::Rating, _) if !own.is_empty() => {
                let old = &mut events[own[0]];
                if !timed || (event.time, event.weight) > (old.time, old.weight) {
                    *old = event;
                }
            }
            (Meaning::Count, Some(place)) => events[place].weight += event.weight,
            (Meaning::Count, None) if !timed && !own.is_empty() => events[own[0]].weight += event.weight,
            _ => {
                own.push(events.len());
                events.push(event);
            }
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::{Clock, Collector};
    use crate::models::{ease, hybrid, ials, popularity};
    use crate::{ItemColumn, Model, Training};
    use ronghe_data::Kind;
    use ronghe_stats::random::SplitMix64;

    type Row = (String, String, &'static str, f32, f64);

    fn rows() -> Vec<Row> {
        let mut draw = SplitMix64::new(4);
        let mut row = |time: usize| {
            let domain = ["films", "books"][draw.below(2)];
            (
                format!("u{}", draw.below(30)),
                format!("i{}", draw.below(25)),
                domain,
                1.0 + draw.below(5) as f32,
                time as f64,
            )
        };
        (0..400).map(&mut row).collect()
    }

    fn read(rows: &[Row], meaning: Meaning, at_least: Option<f32>) -> Interactions {
        let mut collector = Collector::new(Clock::Millis);
        for (user, item, domain, weight, time) in rows {
            collector.push(Some(user), Some(item), domain, Some(*weight), Some(*time));
        }
        collector.finish(meaning, at_least, None).0
    }

    fn items(of: &mut Interactions, names: &[&str]) -> Items {
        let columns = vec![ItemColumn { name: "title".into(), kind: Kind::Text }];
        let kind = |name: &str| if name.contains('1') { "wine" } else { "tea" };
        let cells = |name: &&str| ((*name).to_owned(), vec![Some(format!("{name} {}", kind(name)))]);
        let mut items = Items::of_rows(columns, names.iter().map(cells), of);
        items.rows.resize(of.items.len(), Vec::new());
        items
    }

    fn fitted(model: &Model, of: Interactions, items: Option<Items>) -> Fitted {
        let content = items.as_ref().and_then(|i| Content::of(i, &Encoders::default()).unwrap());
        let liked = of.matrix(&of.events);
        let features = content.as_ref().map(|c| &c.features);
        let data = Training { liked: &liked, events: &of.events, of: &of, features, seed: 3, threads: 0 };
        let recommender = model.fit(&data, &|_, _| true).unwrap();
        let notes = serde_json::Value::Null;
        Fitted { model: model.clone(), recommender, interactions: of, items, content, seed: 3, notes }
    }

    #[test]
    fn an_update_is_a_fit_on_all_rows() {
        let rows = rows();
        let members = vec![
            Model::Popularity(popularity::Settings::default()),
            Model::Ease(ease::Settings { lambda: 5.0 }),
        ];
        let models = [
            Model::Ease(ease::Settings { lambda: 10.0 }),
            Model::Ials(ials::Settings { factors: 8, ..ials::Settings::default() }),
            Model::Hybrid(hybrid::Settings { members, ..hybrid::Settings::default() }),
        ];
        let (early, late, table) =
            (["i3", "i11", "i12", "zz"], ["i12", "i24", "new"], ["i3", "i11", "i12", "zz", "i24", "new"]);
        for (meaning, at_least) in [(Meaning::Rating, Some(4.0)), (Meaning::Count, None)] {
            for model in &models {
                let mut all = read(&rows, meaning, at_least);
                let all_items = items(&mut all, &table);
                let whole = fitted(model, all, Some(all_items));
                let mut old = read(&rows[..300], meaning, at_least);
                let old_items = items(&mut old, &early);
                let before = fitted(model, old, Some(old_items));
                // Twenty rows come again.
                let mut fresh = read(&rows[280..], meaning, at_least);
                let fresh_items = items(&mut fresh, &late);
                let new = New { events: &fresh, items: Some(&fresh_items), meaning, least_sum: false };
                let (after, added) = before.update(&new, &Encoders::default(), 1, &|_, _| true).unwrap();
                let (found, expected) = (&after.interactions, &whole.interactions);
                assert_eq!(found.events, expected.events);
                assert_eq!(
                    (found.items.names(), found.users.names()),
                    (expected.items.names(), expected.users.names())
                );
                assert_eq!(
                    (&found.domain_of, found.domains.names()),
                    (&expected.domain_of, expected.domains.names())
                );
                assert_eq!(after.items.unwrap().rows, whole.items.unwrap().rows);
                assert_eq!(after.content.unwrap().features, whole.content.unwrap().features);
                assert_eq!(after.recommender.tensors(), whole.recommender.tensors(), "{}", model.name());
                assert!(added.known >= 15 && added.items >= 1, "{added:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_joined_is_an_error() {
        let of = read(&rows(), Meaning::Count, None);
        let before = fitted(&Model::Popularity(popularity::Settings::default()), of.clone(), None);
        let error = |events: &Interactions, least_sum| {
            let new = New { events, items: None, meaning: Meaning::Count, least_sum };
            before.update(&new, &Encoders::default(), 1, &|_, _| true).err().unwrap().to_string()
        };
        assert!(error(&of, true).contains("counts with a least sum"));
        let bare = Interactions { timed: false, ..of };
        assert!(
            error(&bare, false).contains("expected events with times, as the old ones, found without times")
        );
    }
}
