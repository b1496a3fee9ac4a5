//! Whether what users did in one domain helps to recommend in another, and when it does not.
//!
//! Some users who have enough events in the target domain keep `kept` of them, drawn by the seed; the rest is to be found, among the items of
//! the target domain. Models that know only the target domain stand beside models that are fitted on both (joint), and each joint
//! model beside itself fitted on a source whose histories were given to other users: what such a source "gains" is no
//! transfer, only another regularisation. Transfer is refused unless the best joint model leads the best model without it: the
//! whole paired interval (bootstrap over users, 95 %) must lie above zero.

use crate::evaluate::{Protocol, evaluate};
use crate::report::{Interval, Metric};
use crate::split::Fold;
use crate::{
    Error, Event, Histories, Interactions, Model, Progress, Query, RECOMMENDERS, Recommender, Result,
    Training,
};
use ronghe_stats::bootstrap;
use ronghe_stats::random::SplitMix64;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};

/// What is compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Domain to learn from.
    pub source: String,
    /// Domain to recommend in.
    pub target: String,
    /// Events in the target domain that judged users keep.
    pub kept: usize,
    /// Least events that each of them must be found by.
    pub to_find: usize,
    /// Length of the lists.
    pub k: usize,
    /// Models that know the target domain alone.
    pub alone: Vec<Model>,
    /// Models that are fitted on both.
    pub joint: Vec<Model>,
    /// Decides who is judged, what they keep, and the shuffled source.
    pub seed: u64,
    /// Threads; 0 = all cores. Results do not depend on it.
    pub threads: usize,
}

impl Plan {
    /// The usual models, lists of ten, five events kept.
    pub fn usual(source: &str, target: &str) -> Plan {
        let usual = |names: &[&str]| {
            let entries = names.iter().filter_map(|name| RECOMMENDERS.iter().find(|e| e.name == *name));
            entries.map(|e| (e.usual)()).collect()
        };
        Plan {
            source: source.to_owned(),
            target: target.to_owned(),
            kept: 5,
            to_find: 5,
            k: 10,
            alone: usual(&["popularity", "item-knn", "ease", "ials"]),
            joint: usual(&["item-knn", "ease", "ials"]),
            seed: 0,
            threads: 0,
        }
    }
}

/// Who is in which domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlap {
    /// Users with a liked event in the source domain.
    pub source: usize,
    /// Users with one in the target domain.
    pub target: usize,
    /// Users with both.
    pub both: usize,
}

/// What one model reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    /// The model with its settings.
    pub model: Model,
    /// NDCG over the judged users.
    pub ndcg: Interval,
    /// NDCG less that of the best model without transfer, same users; none for that one.
    pub less_best_alone: Option<Interval>,
    /// The same of the model fitted on the shuffled source; none for models without transfer.
    pub shuffled: Option<Interval>,
}

/// What the comparison found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// Who is in which domain.
    pub overlap: Overlap,
    /// Users that were judged.
    pub judged: usize,
    /// Models without transfer, as they were given.
    pub alone: Vec<Reached>,
    /// Joint models, as they were given.
    pub joint: Vec<Reached>,
    /// Place of the best model in `alone`.
    pub best_alone: usize,
    /// Place of the best model in `joint`, where it leads the best without transfer by more than chance; none: transfer is refused.
    pub chosen: Option<usize>,
}

/// Compares models with and without transfer.
pub fn compare(of: &Interactions, plan: &Plan, progress: Progress<'_>) -> Result<Transfer> {
    let domains = Domains { of, source: of.domain(&plan.source)?, target: of.domain(&plan.target)? };
    if domains.source == domains.target || plan.alone.is_empty() || plan.joint.is_empty() {
        let found = format!("`{}` and `{}`", plan.source, plan.target);
        return Err(Error::input(
            "a comparison",
            "two domains and models for both sides",
            found,
            "name another domain",
        ));
    }
    let (judged, target) = domains.judged(plan);
    if judged.is_empty() {
        let expected = format!("users with {} events or more in `{}`", plan.kept + plan.to_find, plan.target);
        return Err(Error::input(
            "a comparison of domains",
            expected,
            "fewer than three",
            "keep fewer events",
        ));
    }
    let hidden: HashSet<(u32, u32)> = target.iter().map(|e| (e.user, e.item)).collect();
    let known: Vec<Event> =
        of.events.iter().filter(|e| !hidden.contains(&(e.user, e.item))).copied().collect();
    let own: Vec<Event> = known.iter().filter(|e| domains.in_target(e.item)).copied().collect();
    let shuffled = domains.shuffled(&known, plan.seed);
    let steps = plan.alone.len() + 2 * plan.joint.len();
    let mut done = 0;
    let mut values = |models: &[Model], events: &[Event]| -> Result<Vec<Vec<f64>>> {
        let fold = Fold { fit: events.into(), target: target[..].into(), ..Fold::default() };
        models
            .iter()
            .map(|model| {
                let found = domains.ndcg(model, &fold, plan)?;
                done += 1;
                if progress(done, steps) { Ok(found) } else { Err(Error::Stopped) }
            })
            .collect()
    };
    let alone = values(&plan.alone, &own)?;
    let joint = values(&plan.joint, &known)?;
    let control = values(&plan.joint, &shuffled)?;
    let mean = |v: &Vec<f64>| v.iter().sum::<f64>() / v.len().max(1) as f64;
    let best = |all: &[Vec<f64>]| {
        // Of equal ones the first, which is the simpler.
        (0..all.len()).rev().max_by(|&a, &b| mean(&all[a]).total_cmp(&mean(&all[b]))).unwrap_or(0)
    };
    let best_alone = best(&alone);
    let draw = |draw: u64| SplitMix64::numbered(plan.seed, draw);
    let paired = |a: &[f64]| bootstrap::paired(a, &alone[best_alone], 0.95, draw).map(Interval::from);
    let reached = |model: &Model, values: &[f64], shuffled: Option<&Vec<f64>>, leads: bool| Reached {
        model: model.clone(),
        ndcg: bootstrap::interval(values, 0.95, draw)
            .map_or(Interval { mean: 0.0, low: 0.0, high: 0.0 }, Interval::from),
        less_best_alone: if leads { None } else { paired(values) },
        shuffled: shuffled.and_then(|values| paired(values)),
    };
    let joined: Vec<Reached> = (plan.joint.iter().zip(&joint).zip(&control))
        .map(|((model, values), control)| reached(model, values, Some(control), false))
        .collect();
    let first = best(&joint);
    let leads = joined[first].less_best_alone.is_some_and(|i| i.low > 0.0);
    Ok(Transfer {
        overlap: domains.overlap(),
        judged: judged.len(),
        alone: (plan.alone.iter().zip(&alone).enumerate())
            .map(|(i, (model, values))| reached(model, values, None, i == best_alone))
            .collect(),
        joint: joined,
        best_alone,
        chosen: leads.then_some(first),
    })
}

/// Two domains of the events.
struct Domains<'a> {
    of: &'a Interactions,
    source: u32,
    target: u32,
}

impl Domains<'_> {
    fn in_target(&self, item: u32) -> bool {
        self.of.domain_of[item as usize] == self.target
    }

    fn in_source(&self, item: u32) -> bool {
        self.of.domain_of[item as usize] == self.source
    }

    fn overlap(&self) -> Overlap {
        let mut sides = vec![(false, false); self.of.users.len()];
        for event in self.of.events.iter().filter(|e| e.weight > 0.0) {
            let side = &mut sides[event.user as usize];
            side.0 |= self.in_source(event.item);
            side.1 |= self.in_target(event.item);
        }
        let count = |which: fn(&(bool, bool)) -> bool| sides.iter().filter(|s| which(s)).count();
        Overlap { source: count(|s| s.0), target: count(|s| s.1), both: count(|s| s.0 && s.1) }
    }

    /// A third of the users who have enough, what each keeps, and the events to be found.
    fn judged(&self, plan: &Plan) -> (BTreeMap<u32, Vec<u32>>, Vec<Event>) {
        let liked: Vec<Event> =
            self.of.events.iter().filter(|e| self.in_target(e.item) && e.weight > 0.0).copied().collect();
        let histories = Histories::new(self.of.users.len(), &liked);
        let enough = |user: &u32| histories.liked(*user).len() >= plan.kept + plan.to_find.max(1);
        let users: Vec<u32> = (0..self.of.users.len() as u32).filter(enough).collect();
        let mut draw = SplitMix64::numbered(plan.seed, 1);
        let mut judged = BTreeMap::new();
        for place in draw.order(users.len()).into_iter().take(users.len() / 3) {
            let items: Vec<u32> = histories.liked(users[place]).iter().map(|(item, _)| *item).collect();
            let kept = draw.order(items.len()).into_iter().take(plan.kept).map(|i| items[i]).collect();
            judged.insert(users[place], kept);
        }
        let open = |e: &&Event| judged.get(&e.user).is_some_and(|kept: &Vec<u32>| !kept.contains(&e.item));
        let target = liked.iter().filter(open).copied().collect();
        (judged, target)
    }

    /// The events with the histories in the source domain given to other users.
    fn shuffled(&self, events: &[Event], seed: u64) -> Vec<Event> {
        let order = SplitMix64::numbered(seed, 2).order(self.of.users.len());
        let mut events: Vec<Event> = events.to_vec();
        for event in events.iter_mut().filter(|e| !self.in_target(e.item)) {
            event.user = order[event.user as usize] as u32;
        }
        crate::interactions::sort(&mut events);
        events
    }

    /// NDCG of each judged user for a model that is fitted on a fold.
    fn ndcg(&self, model: &Model, fold: &Fold<'_>, plan: &Plan) -> Result<Vec<f64>> {
        let liked = self.of.matrix(&fold.fit);
        let data = Training {
            liked: &liked,
            events: &fold.fit,
            of: self.of,
            features: None,
            seed: plan.seed,
            threads: plan.threads,
        };
        let fitted = model.fit(&data, &|_, _| true)?;
        let within = Within { inner: fitted.as_ref(), domains: self };
        let protocol = Protocol {
            k: plan.k,
            seed: plan.seed,
            threads: plan.threads,
            baselines: Vec::new(),
            ..Protocol::default()
        };
        let models: [(String, &dyn Recommender); 1] = [(model.name().to_owned(), &within)];
        let found = evaluate(self.of, fold, &models, None, &protocol, &|_, _| true)?;
        let values =
            found.models.first().map(|m| m.by_user.iter().map(|v| v[Metric::Ndcg as usize]).collect());
        Ok(values.unwrap_or_default())
    }
}

/// A model whose lists hold items of the target domain only.
struct Within<'a> {
    inner: &'a dyn Recommender,
    domains: &'a Domains<'a>,
}

impl Recommender for Within<'_> {
    fn items(&self) -> usize {
        self.inner.items()
    }

    fn scores(&self, query: Query<'_>, out: &mut [f32]) {
        self.inner.scores(query, out);
        for (item, score) in (0..).zip(out) {
            if !self.domains.in_target(item) {
                *score = f32::NEG_INFINITY;
            }
        }
    }

    fn tensors(&self) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
        self.inner.tensors()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{ease, popularity};

    /// Sixty users of two tastes, each with eight items of every domain that suit the taste; with `noise` the source's items are drawn.
    fn domains(noise: bool) -> Interactions {
        let mut of = Interactions { domains: ["books", "films"].iter().collect(), ..Interactions::default() };
        for item in 0..40 {
            of.items.add(&format!("i{item:02}"));
            of.domain_of.push(u32::from(item >= 20));
        }
        let mut draw = SplitMix64::new(3);
        for user in 0..60u32 {
            of.users.add(&format!("u{user:02}"));
            for domain in 0..2u32 {
                let taste = if noise && domain == 0 { draw.below(2) as u32 } else { user % 2 };
                for place in draw.order(10).into_iter().take(8) {
                    let item = domain * 20 + taste * 10 + place as u32;
                    of.events.push(Event { user, item, weight: 1.0, time: 0 });
                }
            }
        }
        of.sort();
        of
    }

    fn plan(kept: usize) -> Plan {
        let ease = Model::Ease(ease::Settings { lambda: 20.0 });
        let popular = Model::Popularity(popularity::Settings::default());
        Plan { kept, alone: vec![popular, ease.clone()], joint: vec![ease], ..Plan::usual("books", "films") }
    }

    #[test]
    fn a_source_of_the_same_tastes_helps_and_a_shuffled_one_does_not() {
        let found = compare(&domains(false), &plan(0), &|_, _| true).unwrap();
        assert_eq!(found.overlap, Overlap { source: 60, target: 60, both: 60 });
        assert_eq!((found.judged, found.chosen), (20, Some(0)));
        let joint = &found.joint[0];
        assert!(joint.less_best_alone.unwrap().low > 0.1 && joint.shuffled.unwrap().low < 0.0, "{joint:?}");
        // The same whatever the threads.
        let again = compare(&domains(false), &Plan { threads: 1, ..plan(0) }, &|_, _| true).unwrap();
        assert_eq!(found, again);
    }

    #[test]
    fn a_source_that_says_nothing_is_refused() {
        let found = compare(&domains(true), &plan(2), &|_, _| true).unwrap();
        assert_eq!(found.chosen, None, "{:?}", found.joint);
    }

    #[test]
    fn what_cannot_be_compared_is_an_error() {
        let of = domains(false);
        let error = |plan: Plan| compare(&of, &plan, &|_, _| true).unwrap_err().to_string();
        assert!(error(Plan { target: "songs".into(), ..plan(0) }).starts_with("no domain `songs`"));
        assert!(error(Plan { target: "books".into(), ..plan(0) }).contains("two domains"));
        assert!(error(plan(50)).contains("55 events or more in `films`"));
        assert!(matches!(compare(&of, &plan(0), &|_, _| false), Err(Error::Stopped)));
    }
}
