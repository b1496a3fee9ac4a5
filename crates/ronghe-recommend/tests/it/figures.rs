//! Our figures beside those of rectools, pytrec_eval, irspack and implicit, on lists of planted cases and of MovieLens. Where a definition is the
//! same the figures are equal; where it is not, what turns theirs into ours is written here. `versus/recommend/DEFINITIONS.md` is the table of it.
//! The golden file is made by `versus/golden/ranking.py`; its header has the versions.

use ronghe_recommend::evaluate::{Protocol, evaluate};
use ronghe_recommend::report::{Evaluation, Metric};
use ronghe_recommend::split::Fold;
use ronghe_recommend::{Event, Interactions, Query, Recommender};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    k: usize,
    items: usize,
    train: Vec<Vec<u32>>,
    relevant: Vec<Vec<u32>>,
    lists: Option<Vec<Vec<u32>>>,
    scores: Option<Vec<Vec<f32>>>,
    peers: HashMap<String, Option<Peer>>,
}

#[derive(Deserialize)]
struct Peer {
    #[serde(default)]
    by_user: HashMap<String, BTreeMap<u32, f64>>,
    #[serde(flatten)]
    means: HashMap<String, f64>,
}

/// Scores of every user.
struct Told(Vec<Vec<f32>>);

impl Recommender for Told {
    fn items(&self) -> usize {
        self.0[0].len()
    }

    fn scores(&self, query: Query<'_>, out: &mut [f32]) {
        out.copy_from_slice(&self.0[query.user.unwrap() as usize]);
    }

    fn tensors(&self) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
        BTreeMap::new()
    }
}

fn cases() -> Vec<Case> {
    serde_json::from_str::<Golden>(include_str!("../golden/ranking.json")).unwrap().cases
}

impl Case {
    fn ours(&self) -> Evaluation {
        let events = |rows: &[Vec<u32>]| -> Vec<Event> {
            let of = |(user, own): (usize, &Vec<u32>)| {
                own.iter()
                    .map(|&item| Event { user: user as u32, item, weight: 1.0, time: 0 })
                    .collect::<Vec<_>>()
            };
            rows.iter().enumerate().flat_map(of).collect()
        };
        let by_place = |list: &Vec<u32>| {
            let mut scores = vec![f32::NEG_INFINITY; self.items];
            list.iter().enumerate().for_each(|(place, &item)| scores[item as usize] = -(place as f32));
            scores
        };
        let listed = || self.lists.as_ref().unwrap().iter().map(by_place).collect();
        let model = Told(self.scores.clone().unwrap_or_else(listed));
        let of = Interactions {
            users: (0..self.train.len()).map(|u| u.to_string()).collect(),
            items: (0..self.items).map(|i| i.to_string()).collect(),
            domains: [""].into_iter().collect(),
            domain_of: vec![0; self.items],
            ..Interactions::default()
        };
        let fold = Fold {
            fit: events(&self.train).into(),
            target: events(&self.relevant).into(),
            ..Fold::default()
        };
        let protocol = Protocol { k: self.k, ..Protocol::default() };
        let models: [(String, &dyn Recommender); 1] = [("told".to_owned(), &model)];
        evaluate(&of, &fold, &models, None, &protocol, &|_, _| true).unwrap()
    }

    /// Different relevant items of each user that has one.
    fn wanted(&self) -> Vec<(u32, usize)> {
        let many = |own: &Vec<u32>| own.iter().collect::<BTreeSet<_>>().len();
        (0..).zip(self.relevant.iter().map(many)).filter(|(_, n)| *n > 0).collect()
    }

    fn peer(&self, name: &str) -> Option<&Peer> {
        self.peers.get(name).and_then(Option::as_ref)
    }
}

fn mean(values: impl Iterator<Item = f64> + Clone) -> f64 {
    values.clone().sum::<f64>() / values.count() as f64
}

#[track_caller]
fn same(what: &str, ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() < 1e-6, "{what}: {ours} of ours, {theirs}");
}

#[test]
fn rectools() {
    for case in cases().iter().filter(|c| c.name != "the same relevant twice") {
        let Some(peer) = case.peer("rectools") else { continue };
        let found = case.ours();
        let own = &found.models[0];
        for (values, (user, wanted)) in own.by_user.iter().zip(case.wanted()) {
            let of = |name: &str| peer.by_user[name][&user];
            let told = |metric: Metric, theirs: f64| {
                same(
                    &format!("{}, user {user}, {}", case.name, metric.name()),
                    values[metric as usize],
                    theirs,
                );
            };
            told(Metric::Recall, of("recall"));
            told(Metric::Precision, of("precision"));
            told(Metric::Ndcg, of("ndcg_divide_by_achievable"));
            told(Metric::Mrr, of("mrr"));
            told(Metric::HitRate, of("hit_rate"));
            // MAP over all that is relevant, or over k; ours is over the fewer of the two.
            let fewer = wanted.min(case.k) as f64;
            told(Metric::Map, of("map") * wanted as f64 / fewer);
            told(Metric::Map, of("map_divide_by_k") * case.k as f64 / fewer);
            // NDCG by default has an ideal of k hits, however few are relevant.
            let ideal = |n: usize| (0..n).map(|i| 1.0 / (i as f64 + 2.0).log2()).sum::<f64>();
            told(Metric::Ndcg, of("ndcg") * ideal(case.k) / ideal(wanted.min(case.k)));
        }
        // Lists of users with nothing relevant are covered there and not asked for here.
        if case.name != "a user without anything relevant" {
            same("coverage", own.all.coverage, peer.means["coverage"]);
        }
        same("novelty", own.all.novelty.unwrap(), peer.means["novelty"]);
        same("popularity", own.all.popularity.unwrap(), peer.means["popularity"]);
    }
}

#[test]
fn pytrec_eval() {
    for case in cases().iter().filter(|c| c.name != "ties") {
        let peer = case.peer("pytrec_eval").unwrap();
        let found = case.ours();
        for (values, (user, wanted)) in found.models[0].by_user.iter().zip(case.wanted()) {
            let of = |name: &str| peer.by_user[name].get(&user).copied();
            let told = |metric: Metric, theirs: Option<f64>| {
                // A user without a list is left out there and counts as 0 here.
                same(
                    &format!("{}, user {user}, {}", case.name, metric.name()),
                    values[metric as usize],
                    theirs.unwrap_or(0.0),
                );
            };
            told(Metric::Recall, of("recall"));
            told(Metric::Precision, of("precision"));
            told(Metric::Ndcg, of("ndcg"));
            told(Metric::HitRate, of("hit_rate"));
            told(Metric::Map, of("map").map(|map| map * wanted as f64 / wanted.min(case.k) as f64));
            // Its reciprocal rank has no cut.
            let within = |rank: &f64| *rank >= 1.0 / case.k as f64;
            told(Metric::Mrr, of("mrr_without_cut").filter(within));
        }
    }
}

/// Of equal scores trec_eval puts the later name first, irspack and we the lower number.
#[test]
fn ties() {
    let cases = cases();
    let case = cases.iter().find(|c| c.name == "ties").unwrap();
    let found = case.ours();
    let recall = |user: usize| found.models[0].by_user[user][Metric::Recall as usize];
    assert_eq!((recall(0), recall(1)), (0.5, 1.0));
    let theirs = &case.peer("pytrec_eval").unwrap().by_user["recall"];
    assert_eq!((theirs[&0], theirs[&1]), (0.5, 0.0));
    same(
        "recall",
        mean(found.models[0].by_user.iter().map(|v| v[0])),
        case.peer("irspack").unwrap().means["recall"],
    );
}

#[test]
fn irspack() {
    for case in &cases() {
        let peer = &case.peer("irspack").unwrap().means;
        let found = case.ours();
        let own = &found.models[0].by_user;
        let ours = |metric: Metric| mean(own.iter().map(|v| v[metric as usize]));
        same(&case.name, ours(Metric::Recall), peer["recall"]);
        same(&case.name, ours(Metric::Ndcg), peer["ndcg"]);
        same(&case.name, ours(Metric::HitRate), peer["hit"]);
        assert_eq!(own.len() as f64, peer["valid_user"]);
        let wanted = case.wanted();
        let over_all = |(v, (_, n)): (&[f64; 6], &(u32, usize))| {
            v[Metric::Map as usize] * (*n).min(case.k) as f64 / *n as f64
        };
        same(&case.name, mean(own.iter().zip(&wanted).map(over_all)), peer["map"]);
        // Precision over the length of the list, where that is below k.
        let length = |user: u32| match &case.lists {
            Some(lists) => lists[user as usize].len().min(case.k).max(1) as f64,
            None => case.k as f64,
        };
        let of_list = |(v, (user, _)): (&[f64; 6], &(u32, usize))| {
            v[Metric::Precision as usize] * case.k as f64 / length(*user)
        };
        same(&case.name, mean(own.iter().zip(&wanted).map(of_list)), peer["precision"]);
    }
}

#[test]
fn implicit() {
    for case in &cases() {
        let peer = &case.peer("implicit").unwrap().means;
        let found = case.ours();
        let own = &found.models[0].by_user;
        let ours = |metric: Metric| mean(own.iter().map(|v| v[metric as usize]));
        same(&case.name, ours(Metric::Map), peer["map"]);
        same(&case.name, ours(Metric::Ndcg), peer["ndcg"]);
        // Its precision is pooled: all hits over the sum of min(k, relevant).
        let hits: f64 = own.iter().map(|v| v[Metric::Precision as usize] * case.k as f64).sum();
        let most: usize = case.wanted().iter().map(|(_, n)| (*n).min(case.k)).sum();
        same(&case.name, hits / most as f64, peer["precision"]);
    }
}

/// A pair that is tested twice is one target; rectools counts it twice.
#[test]
fn repeats() {
    let cases = cases();
    let case = cases.iter().find(|c| c.name == "the same relevant twice").unwrap();
    let recall = case.ours().models[0].all.get(Metric::Recall).unwrap().mean;
    assert_eq!((recall, case.peer("pytrec_eval").unwrap().means["recall"]), (0.75, 0.75));
    same("rectools", case.peer("rectools").unwrap().means["recall"], (2.0 / 3.0 + 1.0) / 2.0);
}
