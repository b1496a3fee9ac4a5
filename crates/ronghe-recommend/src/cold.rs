//! How well models rank items that nobody has had yet, by what is known of them.
//!
//! The catalogue is cut by chance into five parts. One part after the other is hidden: models are fitted on the events of all
//! other items, and rank the hidden items alone for everybody who liked one of them and another item. A hidden item has no events, so
//! that popularity says nothing of it; the line to beat is **predicted** popularity, the same list for all users: a ridge regression of
//! `ln(1 + users)` on the features. Settings are chosen within the items that are not hidden, of which a fifth is hidden in turn.

use crate::evaluate::{Protocol, evaluate};
use crate::models::ridge::Ridge;
use crate::models::{content, ials};
use crate::report::{Interval, Metric};
use crate::split::{Fitting, Fold};
use crate::{Error, Event, Features, Interactions, Model, Progress, Query, Recommender, Result};
use ronghe_stats::random::SplitMix64;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Parts that the items are cut into.
const PARTS: usize = 5;

/// Settings of the ridge regression that predicts popularity.
const STRENGTHS: [f64; 3] = [1.0, 10.0, 100.0];

/// How it is measured.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Length of the lists.
    pub k: usize,
    /// Parts that are hidden in turn, 1 to 5.
    pub hidden: usize,
    /// Time for trying settings, of all models and parts together; the first of each is always tried.
    pub limit: Duration,
    /// Cuts the items, starts the models.
    pub seed: u64,
    /// Threads; 0 = all cores. Results do not depend on it.
    pub threads: usize,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan { k: 20, hidden: 2, limit: Duration::from_secs(60), seed: 0, threads: 0 }
    }
}

/// How one way of ranking went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// Which.
    pub name: String,
    /// The settings chosen for each hidden part; none for predicted popularity.
    pub settings: Vec<Model>,
    /// Recall, the mean over users.
    pub recall: Interval,
    /// NDCG, the mean over users.
    pub ndcg: Interval,
    /// Recall less that of predicted popularity, the same users; none for itself.
    pub less_popular: Option<Interval>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cold {
    /// Length of the lists.
    pub k: usize,
    /// Items of each hidden part.
    pub hidden: Vec<usize>,
    /// Users who were judged.
    pub users: usize,
    /// Recall of a list drawn by chance.
    pub chance: f64,
    /// Predicted popularity first.
    pub models: Vec<Ranked>,
}

/// A way of ranking with the settings that are tried.
struct Way {
    name: &'static str,
    grid: Vec<Setting>,
}

#[derive(Clone)]
enum Setting {
    /// Predicted popularity with this regularisation.
    Popular(f64),
    Model(Model),
}

fn ways() -> Vec<Way> {
    let of = |grid: Vec<content::Settings>, method| {
        let kept = grid.into_iter().filter(move |s| s.method == method);
        kept.map(|s| Setting::Model(Model::Content(s))).collect::<Vec<Setting>>()
    };
    // The factors of the map, drawn to the features while they are learnt.
    let drawn = content::grid().into_iter().filter(|s| s.method == content::Method::Map);
    let drawn = drawn.map(|s| Setting::Model(Model::Ials(ials::Settings { features: true, ..s.ials })));
    vec![
        Way { name: "predicted-popularity", grid: STRENGTHS.map(Setting::Popular).to_vec() },
        Way { name: "content-knn", grid: of(content::grid(), content::Method::Knn) },
        Way { name: "content-map", grid: of(content::grid(), content::Method::Map) },
        Way { name: "ials-features", grid: drawn.collect() },
    ]
}

/// Compares ways of ranking new items.
pub fn compare(of: &Interactions, features: &Features, plan: &Plan, progress: Progress<'_>) -> Result<Cold> {
    if of.items.len() < 4 * PARTS || plan.k == 0 {
        let found = format!("{} and lists of {}", of.items.len(), plan.k);
        return Err(Error::input(
            "a comparison on new items",
            "20 items or more, and lists of 1 or more",
            found,
            "give more items",
        ));
    }
    let order = SplitMix64::numbered(plan.seed, 5).order(of.items.len());
    let part =
        |place: usize| order.iter().skip(place).step_by(PARTS).map(|i| *i as u32).collect::<Vec<u32>>();
    let (ways, parts) = (ways(), plan.hidden.clamp(1, PARTS));
    let steps = ways.len() * parts;
    let began = Instant::now();
    let mut found: Vec<Found> = ways.iter().map(|_| Found::default()).collect();
    let mut hidden = Vec::new();
    for place in 0..parts {
        let outer = Hidden::new(of, &of.events, &part(place));
        let inner = Hidden::new(of, &outer.fold.fit, &part((place + 1) % PARTS));
        hidden.push(outer.items);
        for (number, (way, found)) in ways.iter().zip(&mut found).enumerate() {
            let step = place * ways.len() + number;
            let share = plan.limit.saturating_sub(began.elapsed()) / (steps - step) as u32;
            let start = Instant::now();
            let mut best: Option<(Setting, f64)> = None;
            for (tried, setting) in way.grid.iter().enumerate() {
                if !progress(step * 100 + 100 * tried / way.grid.len(), steps * 100) {
                    return Err(Error::Stopped);
                }
                if tried > 0 && start.elapsed() >= share {
                    break;
                }
                let users = inner.judge(of, features, setting, plan)?;
                let recall = users.values().map(|v| v.0).sum::<f64>() / users.len().max(1) as f64;
                if best.as_ref().is_none_or(|(_, most)| recall > *most) {
                    best = Some((setting.clone(), recall));
                }
            }
            let Some((chosen, _)) = best else { continue };
            for (user, value) in outer.judge(of, features, &chosen, plan)? {
                found.users.entry(user).or_default().push(value);
            }
            found.settings.extend(match chosen {
                Setting::Model(model) => Some(model),
                Setting::Popular(_) => None,
            });
        }
    }
    let share = |count: &usize| (plan.k as f64 / *count as f64).min(1.0);
    let chance = hidden.iter().map(share).sum::<f64>() / hidden.len() as f64;
    let popular = found.first().map(|f| f.means(|v| v.0)).unwrap_or_default();
    let ranked = |(place, (way, found)): (usize, (&Way, &Found))| {
        let interval = |values: &[f64]| Interval::of(values, plan.seed).unwrap_or(Interval::NOTHING);
        let recall = found.means(|v| v.0);
        Ranked {
            name: way.name.into(),
            settings: found.settings.clone(),
            recall: interval(&recall),
            ndcg: interval(&found.means(|v| v.1)),
            less_popular: (place > 0)
                .then(|| Interval::of_differences(&recall, &popular, plan.seed))
                .flatten(),
        }
    };
    let models = ways.iter().zip(&found).enumerate().map(ranked).collect();
    Ok(Cold { k: plan.k, hidden, users: popular.len(), chance, models })
}

/// Recall and NDCG of one user.
type Figures = (f64, f64);

/// What one way reached.
#[derive(Default)]
struct Found {
    settings: Vec<Model>,
    /// Of each user, in the parts in which it was judged.
    users: BTreeMap<u32, Vec<Figures>>,
}

impl Found {
    /// A figure of each user, the mean over the parts.
    fn means(&self, figure: impl Fn(&Figures) -> f64) -> Vec<f64> {
        self.users.values().map(|parts| parts.iter().map(&figure).sum::<f64>() / parts.len() as f64).collect()
    }
}

/// Some items hidden.
struct Hidden {
    /// How many.
    items: usize,
    among: Vec<bool>,
    fold: Fold<'static>,
}

impl Hidden {
    fn new(of: &Interactions, events: &[Event], items: &[u32]) -> Hidden {
        let mut among = vec![false; of.items.len()];
        items.iter().for_each(|item| among[*item as usize] = true);
        let (hidden, fit): (Vec<Event>, Vec<Event>) = events.iter().partition(|e| among[e.item as usize]);
        let with_past = of.users_with_events(&fit);
        let target: Vec<Event> =
            hidden.into_iter().filter(|e| e.weight > 0.0 && with_past[e.user as usize]).collect();
        Hidden {
            items: items.len(),
            among,
            fold: Fold { fit: fit.into(), target: target.into(), ..Fold::default() },
        }
    }

    /// Recall and NDCG of every user.
    fn judge(
        &self,
        of: &Interactions,
        features: &Features,
        setting: &Setting,
        plan: &Plan,
    ) -> Result<BTreeMap<u32, Figures>> {
        let fitting = Fitting::new(&self.fold.fit, of);
        let training = fitting.training(of, plan.seed, plan.threads).with(Some(features));
        let fitted: Box<dyn Recommender> = match setting {
            Setting::Popular(lambda) => Box::new(Predicted::fit(of, &self.fold.fit, features, *lambda)?),
            Setting::Model(model) => training.fit(model, &|_, _| true)?,
        };
        let only = Only { inner: fitted.as_ref(), among: &self.among };
        let protocol = Protocol {
            k: plan.k,
            seed: plan.seed,
            threads: plan.threads,
            baselines: Vec::new(),
            ..Protocol::default()
        };
        let models: [(String, &dyn Recommender); 1] = [(String::new(), &only)];
        let found = evaluate(of, &self.fold, &models, None, &protocol, &|_, _| true)?;
        let values = found.models.iter().flat_map(|m| &m.by_user);
        let figures = values.map(|v| (v[Metric::Recall as usize], v[Metric::Ndcg as usize]));
        Ok(found.users.iter().map(|(user, _)| *user).zip(figures).collect())
    }
}

/// A model that says nothing of the items that are not `among`.
struct Only<'a> {
    inner: &'a dyn Recommender,
    among: &'a [bool],
}

impl Recommender for Only<'_> {
    fn items(&self) -> usize {
        self.inner.items()
    }

    fn scores(&self, query: Query<'_>, out: &mut [f32]) {
        self.inner.scores(query, out);
        let outside = out.iter_mut().zip(self.among).filter(|(_, among)| !**among);
        outside.for_each(|(score, _)| *score = f32::NEG_INFINITY);
    }

    fn tensors(&self) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
        self.inner.tensors()
    }
}

/// How popular items will be, by their features.
struct Predicted(Vec<f32>);

impl Predicted {
    fn fit(of: &Interactions, events: &[Event], features: &Features, lambda: f64) -> Result<Predicted> {
        let counts = of.users_of_items(events);
        let seen = counts.iter().map(|n| *n > 0.0).collect();
        let mut scores: Vec<f32> = counts.iter().map(|n| n.ln_1p()).collect();
        let mut map = Ridge::new(features, seen, 1, lambda)?;
        map.refit(&scores);
        map.fill_unseen(&mut scores);
        Ok(Predicted(scores))
    }
}

impl Recommender for Predicted {
    fn items(&self) -> usize {
        self.0.len()
    }

    fn scores(&self, _: Query<'_>, out: &mut [f32]) {
        out.copy_from_slice(&self.0);
    }

    fn tensors(&self) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
        BTreeMap::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sixty items of two kinds, which their features tell, and users who like one kind.
    fn planted() -> (Interactions, Features) {
        let mut of = Interactions { domains: [""].iter().collect(), ..Interactions::default() };
        let mut draw = SplitMix64::new(1);
        let mut values = Vec::new();
        for item in 0..60u32 {
            of.items.add(&format!("i{item:02}"));
            of.domain_of.push(0);
            let kind = item % 2;
            values.extend([
                f32::from(u8::from(kind == 0)),
                f32::from(u8::from(kind == 1)),
                draw.normal() as f32 * 0.1,
            ]);
        }
        for user in 0..40u32 {
            of.users.add(&format!("u{user:02}"));
            for place in draw.order(30).into_iter().take(15) {
                of.events.push(Event { user, item: place as u32 * 2 + user % 2, weight: 1.0, time: 0 });
            }
        }
        of.sort();
        (of, Features { width: 3, values, names: Vec::new() })
    }

    #[test]
    fn features_find_new_items_where_popularity_cannot() {
        let (of, features) = planted();
        let plan = Plan { k: 4, ..Plan::default() };
        let found = compare(&of, &features, &plan, &|_, _| true).unwrap();
        assert_eq!((found.hidden.as_slice(), found.users), (&[12, 12][..], 40));
        assert!((found.chance - 1.0 / 3.0).abs() < 1e-9);
        let names: Vec<&str> = found.models.iter().map(|m| m.name.as_str()).collect();
        assert_eq!(names, ["predicted-popularity", "content-knn", "content-map", "ials-features"]);
        for model in &found.models[1..] {
            assert!(model.less_popular.unwrap().low > 0.1, "{model:?}");
            assert_eq!(model.settings.len(), 2);
        }
        let again = compare(&of, &features, &Plan { threads: 1, ..plan }, &|_, _| true).unwrap();
        assert_eq!(found, again);
        assert!(matches!(compare(&of, &features, &plan, &|_, _| false), Err(Error::Stopped)));
    }

    #[test]
    fn too_few_items_are_refused() {
        let (mut of, features) = planted();
        of.items = ["a", "b"].iter().collect();
        let error = compare(&of, &features, &Plan::default(), &|_, _| true).unwrap_err().to_string();
        assert!(error.contains("expected 20 items or more"), "{error}");
    }
}
