//! A mix of fitted models, its weights learnt on the last events.
//!
//! `score(u, i) = sum_m w_m (s_m(u, i) - mean_m(u)) / deviation_m(u)`, `w_m >= 0`, `sum w_m = 1`; mean and deviation over the items that are not in the
//! user's history and have a finite score. A member that knows nothing of an item, or finds all items equal, says 0; an item that no member
//! knows has negative infinity. So the contributions of history are the members', each times `w_m / deviation_m(u)`.
//!
//! Members are fitted without the last events (the last of each user, or the last share), the weights are learnt on these
//! ([`learn`]), then the members are fitted on everything: twice their time.

use crate::model::take;
pub use crate::models::mix::{Learnt, learn};
use crate::models::mix::{add, scaled, sound, standardise};
use crate::models::popularity;
use crate::split::{self, Fitting, Shares, SplitBy};
use crate::{
    Contribution, Error, Features, Model, Progress, Query, RECOMMENDERS, Recommender, Result, Training,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// What is mixed.
    pub members: Vec<Model>,
    /// Their weights; learnt where they are not given.
    pub weights: Option<Vec<f32>>,
    /// The events to learn the weights on: the last of each user (`last-out`) or the last share (`time`). Events without times are
    /// taken by chance.
    pub window: SplitBy,
    /// The last share, above 0 and below 1.
    pub share: f64,
}

impl Default for Settings {
    /// The models of the table that are mixed, as usual, and what was popular of late.
    fn default() -> Settings {
        let recent = Model::Popularity(popularity::Settings { recent: 0.05 });
        let others = RECOMMENDERS.iter().filter(|e| e.mixes);
        let others = others.map(|e| (e.usual)());
        Settings {
            members: others.chain([recent]).collect(),
            weights: None,
            window: SplitBy::Time,
            share: 0.1,
        }
    }
}

/// Settings that are tried; a comparison learns the weights on its own window instead.
pub(crate) fn grid() -> Vec<Settings> {
    vec![Settings::default()]
}

/// Fitted models and their weights.
pub struct Hybrid {
    members: Vec<Arc<dyn Recommender>>,
    weights: Vec<f32>,
}

impl Settings {
    fn check(&self) -> Result<()> {
        let wrong = |what: &str, expected: &str, found: String| {
            Err(Error::input(format!("`{what}` of hybrid"), expected, found, "mend the settings"))
        };
        if self.members.is_empty() || self.members.iter().any(|m| matches!(m, Model::Hybrid(_))) {
            let names: Vec<&str> = self.members.iter().map(Model::name).collect();
            return wrong(
                "members",
                "at least one model, none of them hybrid",
                format!("[{}]", names.join(", ")),
            );
        }
        if !(self.share > 0.0 && self.share < 1.0) {
            return wrong("share", "a share above 0 and below 1", self.share.to_string());
        }
        if self.window == SplitBy::Users {
            return wrong("window", "`time`, `last-out` or `random`", "users".into());
        }
        match &self.weights {
            Some(weights) if !sound(weights, self.members.len()) => {
                wrong("weights", "a number from 0 for each member, one above 0", format!("{weights:?}"))
            }
            _ => Ok(()),
        }
    }
}

/// Fits the members, and learns their weights unless they are given.
pub fn fit(settings: &Settings, data: &Training<'_>, progress: Progress<'_>) -> Result<Hybrid> {
    settings.check()?;
    let count = settings.members.len();
    let rounds = if settings.weights.is_some() { 1 } else { 2 };
    let fit_all = |data: &Training<'_>, round: usize| {
        let one = |(place, model): (usize, &Model)| {
            const PART: usize = 100;
            let told = |done: usize, of: usize| {
                let step = (round * count + place) * PART + PART * done.min(of) / of.max(1);
                progress(step, rounds * count * PART)
            };
            model.fit(data, &told)
        };
        let one = |member| one(member).map(Arc::from);
        settings.members.iter().enumerate().map(one).collect::<Result<Vec<Arc<dyn Recommender>>>>()
    };
    let weights = match &settings.weights {
        Some(weights) => scaled(weights.clone()),
        None => {
            let by = if data.of.timed { settings.window } else { SplitBy::Random };
            let shares = Shares { validation: 0.0, test: settings.share };
            let parts = split::of_events(data.of, data.events, by, shares, data.seed)?;
            let fold = parts.testing();
            let fitting = Fitting::new(&fold.fit, data.of);
            let before = Training { liked: &fitting.liked, events: &fitting.events, ..*data };
            learn(data.of, &fold, &fit_all(&before, 0)?, data.seed, &|_, _| true)?.weights
        }
    };
    Ok(Hybrid { members: fit_all(data, rounds - 1)?, weights })
}

impl Hybrid {
    /// Of fitted models of as many items, with a weight each.
    pub fn of(members: Vec<Arc<dyn Recommender>>, weights: Vec<f32>) -> Result<Hybrid> {
        let alike = members.windows(2).all(|m| m[0].items() == m[1].items());
        if !sound(&weights, members.len()) || !alike {
            return Err(Error::input(
                "a fitted recommender",
                format!("{} members of as many items with a weight each", members.len()),
                format!("weights {weights:?}"),
                "fit it again",
            ));
        }
        Ok(Hybrid { members, weights })
    }

    /// The weight of each member; they sum to 1.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// Of the tensors that it was saved as.
    pub fn restore(
        settings: &Settings,
        tensors: &mut BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    ) -> Result<Hybrid> {
        settings.check()?;
        let weights = take(tensors, "weights")?.1;
        let mut members = Vec::new();
        for (place, model) in settings.members.iter().enumerate() {
            let prefix = format!("{place}.");
            let names: Vec<String> = tensors.keys().filter(|n| n.starts_with(&prefix)).cloned().collect();
            let own =
                names.into_iter().filter_map(|n| Some((n[prefix.len()..].to_owned(), tensors.remove(&n)?)));
            members.push(Arc::from(model.restore(&mut own.collect())?));
        }
        Hybrid::of(members, weights)
    }

    fn speaking(&self) -> impl Iterator<Item = (&dyn Recommender, f32)> {
        let all = self.members.iter().map(AsRef::as_ref).zip(self.weights.iter().copied());
        all.filter(|(_, weight)| *weight > 0.0)
    }
}

impl Recommender for Hybrid {
    fn items(&self) -> usize {
        self.members.first().map_or(0, |m| m.items())
    }

    fn scores(&self, query: Query<'_>, out: &mut [f32]) {
        out.fill(f32::NEG_INFINITY);
        let mut own = vec![0.0; out.len()];
        for (member, weight) in self.speaking() {
            standardise(member, query, &mut own);
            add(&own, weight, out);
        }
    }

    fn contributions(&self, query: Query<'_>, item: u32) -> Option<(Vec<Contribution>, f32)> {
        let mut own = vec![0.0; self.items()];
        let mut sums: BTreeMap<u32, f64> = BTreeMap::new();
        let mut constant = 0.0;
        for (member, weight) in self.speaking() {
            let (mean, deviation) = standardise(member, query, &mut own);
            if deviation == 0.0 || *own.get(item as usize)? == f32::NEG_INFINITY {
                continue;
            }
            let scale = f64::from(weight) / deviation;
            let (parts, rest) = member.contributions(query, item)?;
            parts.iter().for_each(|p| *sums.entry(p.item).or_default() += scale * f64::from(p.value));
            constant += scale * (f64::from(rest) - mean);
        }
        let value = |&(item, _): &(u32, f32)| Some(Contribution { item, value: sums.remove(&item)? as f32 });
        Some((query.history.iter().filter_map(value).collect(), constant as f32))
    }

    fn aspects(&self, query: Query<'_>, item: u32, features: &Features) -> Option<Vec<f32>> {
        let mut own = vec![0.0; self.items()];
        let mut sums = vec![0.0; features.width];
        for (member, weight) in self.speaking() {
            let (_, deviation) = standardise(member, query, &mut own);
            if deviation == 0.0 || *own.get(item as usize)? == f32::NEG_INFINITY {
                continue;
            }
            let scale = (f64::from(weight) / deviation) as f32;
            sums.iter_mut()
                .zip(member.aspects(query, item, features)?)
                .for_each(|(sum, x)| *sum += scale * x);
        }
        Some(sums)
    }

    fn similar(&self, item: u32, out: &mut [f32]) -> bool {
        let mut order: Vec<(&dyn Recommender, f32)> = self.speaking().collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1));
        order.into_iter().any(|(member, _)| member.similar(item, out))
    }

    fn tensors(&self) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
        let weights = ("weights".to_owned(), (vec![self.weights.len()], self.weights.clone()));
        let members = self.members.iter().enumerate();
        let own =
            members.flat_map(|(i, m)| m.tensors().into_iter().map(move |(n, t)| (format!("{i}.{n}"), t)));
        own.chain([weights]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::best;
    use crate::split::Fold;
    use crate::window::Window;
    use crate::{Event, Ids, Interactions};
    use ronghe_stats::random::SplitMix64;

    /// `constant_i + sum over history j of weights[j][i]`.
    struct Linear {
        constant: Vec<f32>,
        weights: Vec<Vec<f32>>,
        explains: bool,
    }

    impl Recommender for Linear {
        fn items(&self) -> usize {
            self.constant.len()
        }

        fn scores(&self, query: Query<'_>, out: &mut [f32]) {
            out.copy_from_slice(&self.constant);
            for &(item, weight) in query.history {
                out.iter_mut().zip(&self.weights[item as usize]).for_each(|(o, w)| *o += weight * w);
            }
        }

        fn contributions(&self, query: Query<'_>, item: u32) -> Option<(Vec<Contribution>, f32)> {
            let value = |h: &(u32, f32)| Contribution {
                item: h.0,
                value: h.1 * self.weights[h.0 as usize][item as usize],
            };
            self.explains.then(|| (query.history.iter().map(value).collect(), self.constant[item as usize]))
        }

        fn tensors(&self) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
            BTreeMap::new()
        }
    }

    const ITEMS: usize = 12;

    fn random(seed: u64) -> Linear {
        let mut draw = SplitMix64::new(seed);
        let mut row = || (0..ITEMS).map(|_| draw.normal() as f32).collect::<Vec<f32>>();
        Linear { constant: row(), weights: (0..ITEMS).map(|_| row()).collect(), explains: true }
    }

    fn of(users: usize, events: Vec<Event>) -> Interactions {
        Interactions {
            users: (0..users).map(|u| u.to_string()).collect(),
            items: (0..ITEMS).map(|i| i.to_string()).collect::<Ids>(),
            domains: [""].into_iter().collect(),
            domain_of: vec![0; ITEMS],
            events,
            timed: true,
        }
    }

    /// Each user likes an item and, as targets, the two that both of the first members together find best.
    fn planted() -> (Interactions, Fold<'static>, Vec<Arc<dyn Recommender>>) {
        let members: Vec<Arc<dyn Recommender>> =
            vec![Arc::new(random(3)), Arc::new(random(1)), Arc::new(random(2))];
        let event = |user: usize, item: u32, time| Event { user: user as u32, item, weight: 1.0, time };
        let fit: Vec<Event> = (0..60).map(|u| event(u, (u % ITEMS) as u32, 0)).collect();
        let truth =
            Hybrid { members: vec![Arc::new(random(1)), Arc::new(random(2))], weights: vec![0.7, 0.3] };
        let mut target = Vec::new();
        for user in 0..60 {
            let history = [((user % ITEMS) as u32, 1.0)];
            let mut scores = vec![0.0; ITEMS];
            truth.scores(Query { user: None, history: &history }, &mut scores);
            scores[user % ITEMS] = f32::NAN;
            target.extend(best(&scores, 2, |_| true).into_iter().map(|item| event(user, item, 1)));
        }
        (of(60, fit.clone()), Fold { fit: fit.into(), target: target.into(), ..Fold::default() }, members)
    }

    #[test]
    fn weights_find_the_mix_and_are_never_below_the_best_member() {
        let (of, fold, members) = planted();
        let weights = learn(&of, &fold, &members, 0, &|_, _| true).unwrap().weights;
        assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(weights[0] < 0.15 && weights[1] > weights[2] && weights[2] > 0.1, "{weights:?}");
        let protocol = crate::evaluate::Protocol::default();
        let reached = |model: &dyn Recommender| {
            Window::new(&of, &fold).ndcg(model, &protocol, &|_, _| true).unwrap().unwrap()
        };
        let single = members.iter().map(|m| reached(m.as_ref())).fold(0.0, f64::max);
        let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(
            one_thread.install(|| learn(&of, &fold, &members, 0, &|_, _| true)).unwrap().weights,
            weights
        );
        let mixed = reached(&Hybrid { members, weights });
        assert!(mixed > single && mixed > 0.97, "{mixed} {single}");
        // Nobody to measure: all weigh the same.
        let (_, _, members) = planted();
        assert_eq!(learn(&of, &Fold::default(), &members[..2], 0, &|_, _| true).unwrap().weights, [0.5, 0.5]);
    }

    #[test]
    fn contributions_sum_to_the_score() {
        let mut silent = random(5);
        silent.constant.fill(2.0);
        silent.weights.iter_mut().for_each(|row| row.fill(0.0));
        let mut partly = random(6);
        partly.constant[4] = f32::NEG_INFINITY;
        let members: Vec<Arc<dyn Recommender>> =
            vec![Arc::new(random(4)), Arc::new(silent), Arc::new(partly)];
        let hybrid = Hybrid { members, weights: vec![0.5, 0.2, 0.3] };
        let history = [(1, 1.0), (7, 0.5), (3, 2.0)];
        for history in [&history[..], &[]] {
            let query = Query { user: None, history };
            let mut scores = vec![0.0; ITEMS];
            hybrid.scores(query, &mut scores);
            for item in 0..ITEMS as u32 {
                let (parts, constant) = hybrid.contributions(query, item).unwrap();
                let sum = constant + parts.iter().map(|p| p.value).sum::<f32>();
                assert!((sum - scores[item as usize]).abs() < 1e-5, "{item}: {sum} {scores:?}");
                assert!(parts.iter().map(|p| p.item).eq(history.iter().map(|h| h.0)));
            }
        }
        let mute = Linear { explains: false, ..random(7) };
        let hybrid = Hybrid { members: vec![Arc::new(mute)], weights: vec![1.0] };
        assert_eq!(hybrid.contributions(Query::default(), 0), None);
        let nothing = Linear { constant: vec![f32::NEG_INFINITY; ITEMS], ..random(8) };
        let hybrid = Hybrid { members: vec![Arc::new(nothing)], weights: vec![1.0] };
        let mut scores = vec![0.0; ITEMS];
        hybrid.scores(Query::default(), &mut scores);
        assert!(scores.iter().all(|s| *s == f32::NEG_INFINITY));
    }

    #[test]
    fn fitted_saved_and_restored() {
        let event =
            |i: u32| Event { user: i % 7, item: (i * i + i / 9) % 12, weight: 1.0, time: i64::from(i) };
        let of = of(7, (0..120).map(event).collect());
        let fitting = Fitting::new(&of.events, &of);
        let popular = |recent| Model::Popularity(popularity::Settings { recent });
        for window in [SplitBy::Time, SplitBy::LastOut, SplitBy::Random] {
            let settings =
                Settings { members: vec![popular(1.0), popular(0.2)], window, ..Settings::default() };
            let model = Model::Hybrid(settings);
            let model: Model = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
            let fitted = model.fit(&fitting.training(&of, 1, 0), &|_, _| true).unwrap();
            let mut tensors = fitted.tensors();
            assert!(tensors.keys().eq(["0.counts", "1.counts", "weights"]));
            let again = model.restore(&mut tensors).unwrap();
            let (mut a, mut b) = (vec![0.0; ITEMS], vec![0.0; ITEMS]);
            fitted.scores(Query::default(), &mut a);
            again.scores(Query::default(), &mut b);
            assert!(a == b && a.iter().all(|s| s.is_finite()));
            assert!(model.restore(&mut BTreeMap::new()).is_err());
            let stopped = model.fit(&fitting.training(&of, 1, 0), &|_, _| false);
            assert!(stopped.is_ok() || matches!(stopped, Err(Error::Stopped)));
        }
    }

    #[test]
    fn bad_settings_are_errors() {
        let of = of(1, Vec::new());
        let fitting = Fitting::new(&of.events, &of);
        let training = fitting.training(&of, 0, 0);
        let popular = || vec![Model::Popularity(popularity::Settings::default())];
        let usual = || Settings { members: popular(), ..Settings::default() };
        for (bad, said) in [
            (Settings { members: Vec::new(), ..usual() }, "at least one model"),
            (Settings { members: vec![Model::Hybrid(usual())], ..usual() }, "none of them hybrid"),
            (Settings { share: 0.0, ..usual() }, "`share` of hybrid"),
            (Settings { share: f64::NAN, ..usual() }, "`share` of hybrid"),
            (Settings { window: SplitBy::Users, ..usual() }, "`window` of hybrid"),
            (Settings { weights: Some(vec![0.0]), ..usual() }, "`weights` of hybrid"),
            (Settings { weights: Some(vec![1.0, 1.0]), ..usual() }, "`weights` of hybrid"),
            (Settings { weights: Some(vec![-1.0]), ..usual() }, "`weights` of hybrid"),
        ] {
            let error = fit(&bad, &training, &|_, _| true).err().unwrap().to_string();
            assert!(error.contains(said), "{error}");
        }
        let given = Settings { weights: Some(vec![4.0]), ..usual() };
        assert_eq!(fit(&given, &training, &|_, _| true).unwrap().weights(), [1.0]);
        assert_eq!(fit(&usual(), &training, &|_, _| true).unwrap().weights(), [1.0]);
    }
}
