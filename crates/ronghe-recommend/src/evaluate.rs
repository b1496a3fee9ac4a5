//! How well models rank: every item of the catalogue, for every user with something to find.
//!
//! Candidates are all items but those that the user liked in what is known (with `exclude_seen` also those seen and not liked). The
//! list has the `k` best by score, of equal scores the lower number first; an item whose score is negative infinity or no number
//! is not listed, so a list may be shorter and is never filled up. A user is counted where a target is relevant (liked); without a list
//! all figures are 0. A target that the user liked before cannot be listed and stays relevant ([`crate::split::Counted::seen_pairs`]). A user
//! without a known liked event gets the items by their number of users. Definitions: [`Metric::definition`]. Relevance is binary. Figures from
//! sampled candidates order models wrongly (Krichene & Rendle 2020): there are none.
//!
//! Intervals: percentile bootstrap over users, 2,000 draws; models are compared by the differences of the same users. `O(users * items)` and the
//! models' scores; users are cut into chunks of a fixed size, so threads change nothing.

use crate::beyond::{Beyond, intervals};
use crate::report::{Evaluation, Metric, OfDomain, Scored, Versus};
use crate::split::Fold;
use crate::window::{List, Window};
use crate::{Error, Features, Interactions, Progress, Recommender, Result};
use rayon::prelude::*;
use ronghe_stats::rank;
use ronghe_vector::top_k;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::time::Instant;

/// How models are measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Protocol {
    /// Length of the lists, at least 1.
    pub k: usize,
    /// Whether items that were seen and not liked are no candidates either, as when serving.
    pub exclude_seen: bool,
    /// Names of the models that all others are compared with, where they are there.
    pub baselines: Vec<String>,
    /// Decides the draws of the bootstrap.
    pub seed: u64,
    /// Threads; 0 = all cores.
    pub threads: usize,
}

impl Default for Protocol {
    fn default() -> Protocol {
        Protocol {
            k: 10,
            exclude_seen: false,
            baselines: vec!["popularity".into(), "ease".into()],
            seed: 0,
            threads: 0,
        }
    }
}

/// Measures models that were fitted on `fold.fit`. `progress` is told how many lists are made, of how many.
pub fn evaluate(
    of: &Interactions,
    fold: &Fold<'_>,
    models: &[(String, &dyn Recommender)],
    features: Option<&Features>,
    protocol: &Protocol,
    progress: Progress<'_>,
) -> Result<Evaluation> {
    let window = Window::new(of, fold);
    let users = window.users();
    let beyond = Beyond::new(window.counts(), window.users_fitted(), features, protocol.seed);
    let mut scored = Vec::new();
    within_threads(protocol.threads, || {
        for (place, (name, model)) in models.iter().enumerate() {
            let start = Instant::now();
            let told = |done: usize, of: usize| progress(place * of + done, models.len() * of);
            let lists = window.lists(*model, protocol, &told)?;
            scored.push(Scored {
                seconds: start.elapsed().as_secs_f64(),
                ..figures_of(of, name, &lists, &users, &beyond)
            });
        }
        let next_to: Vec<(Vec<Versus>, Option<String>)> =
            (0..scored.len()).into_par_iter().map(|place| versus(place, &scored, &users, protocol)).collect();
        for (own, (versus, best)) in scored.iter_mut().zip(next_to) {
            (own.versus, own.best_other) = (versus, best);
        }
        Ok(())
    })?;
    Ok(Evaluation {
        k: protocol.k,
        catalogue: of.items.len(),
        targets: fold.counted(),
        models: scored,
        users,
    })
}

/// Runs `work` on so many threads; 0: on all cores.
pub(crate) fn within_threads<T: Send>(threads: usize, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    if threads == 0 {
        return work();
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|e| {
        Error::input("threads", "as many as the system gives", format!("{threads}: {e}"), "give fewer")
    })?;
    pool.install(work)
}

/// The figures of a list, which has no item twice, in the order of [`Metric::ALL`].
pub fn figures(list: &[u32], relevant: &HashMap<u32, u32>, k: usize) -> [f64; 6] {
    let (mut hits, mut precisions) = (0, 0.0);
    for (i, item) in list.iter().take(k).enumerate() {
        if relevant.contains_key(item) {
            hits += 1;
            precisions += f64::from(hits) / (i + 1) as f64;
        }
    }
    Metric::ALL.map(|metric| match metric {
        Metric::Recall => rank::recall(list, relevant, k).unwrap_or(0.0),
        Metric::Ndcg => rank::ndcg(list, relevant, k).unwrap_or(0.0),
        Metric::Precision => f64::from(hits) / k as f64,
        Metric::Map => precisions / relevant.len().min(k).max(1) as f64,
        Metric::Mrr => rank::reciprocal_rank(list, relevant, k).unwrap_or(0.0),
        Metric::HitRate => f64::from(u8::from(hits > 0)),
    })
}

/// What the lists of a model amount to; it is next to no other yet.
fn figures_of(
    of: &Interactions,
    name: &str,
    lists: &[List],
    users: &[(u32, bool)],
    beyond: &Beyond<'_>,
) -> Scored {
    let all: Vec<(&[u32], [f64; 6])> = lists.iter().map(|l| (&l.items[..], l.values)).collect();
    let warm: Vec<(&[u32], [f64; 6])> = all.iter().zip(users).filter(|(_, u)| u.1).map(|(l, _)| *l).collect();
    let domains = (0..of.domains.len() as u32).filter(|_| of.domains.len() > 1).map(|domain| {
        let own = |l: &List| l.domains.iter().find(|d| d.0 == domain).map(|d| d.1);
        let values: Vec<[f64; 6]> = lists.iter().filter_map(own).collect();
        let domain = of.domains.name(domain).to_owned();
        OfDomain { domain, users: values.len(), figures: beyond.intervals(&values) }
    });
    Scored {
        name: name.to_owned(),
        warm: beyond.figures(&warm),
        all: beyond.figures(&all),
        domains: domains.collect(),
        versus: Vec::new(),
        best_other: None,
        seconds: 0.0,
        by_user: lists.iter().map(|l| l.values).collect(),
    }
}

/// The `k` best items; of equal scores the lower number first.
pub(crate) fn best(scores: &[f32], k: usize, among: impl Fn(u32) -> bool) -> Vec<u32> {
    let listed = |&(item, score): &(u32, f32)| score > f32::NEG_INFINITY && among(item);
    let scores = (0_u32..).zip(scores.iter().copied()).filter(listed);
    top_k(scores, k).into_iter().map(|(item, _)| item).collect()
}

/// A model next to the baselines and to the best of the others: the means of the differences over the same users, and which that best one is.
fn versus(
    place: usize,
    scored: &[Scored],
    users: &[(u32, bool)],
    protocol: &Protocol,
) -> (Vec<Versus>, Option<String>) {
    let own = &scored[place];
    let reached = |s: &Scored| s.warm.get(Metric::Ndcg).map(|i| i.mean);
    let others =
        || scored.iter().enumerate().filter(|(i, s)| *i != place && s.name != own.name).map(|(_, s)| s);
    // Of equals the earlier.
    let best = others().reduce(|a, b| if reached(b) > reached(a) { b } else { a });
    let is_best = |s: &Scored| best.is_some_and(|b| b.name == s.name);
    let next_to = others().filter(|s| protocol.baselines.contains(&s.name) || is_best(s)).map(|other| {
        let less = |(a, b): (&[f64; 6], &[f64; 6])| std::array::from_fn(|i| a[i] - b[i]);
        let all: Vec<[f64; 6]> = own.by_user.iter().zip(&other.by_user).map(less).collect();
        let warm: Vec<[f64; 6]> = all.iter().zip(users).filter(|(_, u)| u.1).map(|(v, _)| *v).collect();
        let seed = protocol.seed;
        Versus { baseline: other.name.clone(), warm: intervals(&warm, seed), all: intervals(&all, seed) }
    });
    (next_to.collect(), best.map(|b| b.name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Figures;
    use crate::{Event, Ids, Query};
    use std::collections::BTreeMap;

    /// Says what it was told, whoever asks.
    struct Fixed(Vec<Vec<f32>>);

    impl Recommender for Fixed {
        fn items(&self) -> usize {
            self.0[0].len()
        }

        fn scores(&self, query: Query<'_>, out: &mut [f32]) {
            out.copy_from_slice(&self.0[query.user.map_or(0, |u| u as usize)]);
        }

        fn tensors(&self) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
            BTreeMap::new()
        }
    }

    fn events(pairs: &[(u32, u32)]) -> Vec<Event> {
        pairs.iter().map(|&(user, item)| Event { user, item, weight: 1.0, time: 0 }).collect()
    }

    fn of(users: usize, items: usize, domains: usize) -> Interactions {
        Interactions {
            users: (0..users).map(|u| u.to_string()).collect(),
            items: (0..items).map(|i| i.to_string()).collect::<Ids>(),
            domains: (0..domains).map(|d| d.to_string()).collect(),
            domain_of: (0..items as u32).map(|i| i % domains as u32).collect(),
            ..Interactions::default()
        }
    }

    fn planted() -> (Fold<'static>, Fixed) {
        let fit = events(&[(0, 0), (0, 1), (1, 1), (1, 2), (1, 3), (2, 0), (2, 1), (3, 4), (3, 1)]);
        let target = events(&[
            (0, 2),
            (0, 5),
            (0, 7),
            (1, 0),
            (1, 5),
            (2, 2),
            (2, 3),
            (2, 4),
            (2, 5),
            (3, 0),
            (4, 1),
            (4, 6),
        ]);
        let scores = [
            [0, 9, 5, 5, 1, 7, 2, 7],
            [3, 1, 1, 1, 2, 2, 8, 0],
            [0, 0, 1, 2, 2, 2, 2, 0],
            [4, 4, 4, 4, 4, 4, 4, 4],
            [1, 2, 3, 4, 5, 6, 7, 8],
            [1, 1, 1, 1, 1, 1, 1, 1],
        ];
        let scores = scores.map(|row| row.map(|s| s as f32).to_vec());
        (Fold { fit: fit.into(), target: target.into(), ..Fold::default() }, Fixed(scores.to_vec()))
    }

    fn measured(of: &Interactions, fold: &Fold<'_>, model: &dyn Recommender, k: usize) -> Evaluation {
        let protocol = Protocol { k, threads: 2, ..Protocol::default() };
        let models = [("fixed".to_owned(), model), ("popularity".to_owned(), model)];
        evaluate(of, fold, &models, None, &protocol, &|_, _| true).unwrap()
    }

    /// Values of `evaluate` in rec_common.py of 2026-11-30, numpy 2.3.5, scipy 1.17.1.
    #[test]
    fn figures_of_the_comparison() {
        let (fold, model) = planted();
        let of = of(6, 8, 1);
        for (k, recalls, ndcgs) in [
            (3, [1.0, 0.5, 0.75, 1.0, 0.5], [1.0, 0.38685281, 1.0, 1.0, 0.61314719]),
            (10, [1.0; 5], [1.0, 0.65092093, 0.98289208, 1.0, 0.81752959]),
        ] {
            let found = measured(&of, &fold, &model, k);
            let scored = &found.models[0];
            assert_eq!(found.users, [(0, true), (1, true), (2, true), (3, true), (4, false)]);
            for (values, (recall, ndcg)) in scored.by_user.iter().zip(recalls.into_iter().zip(ndcgs)) {
                assert!((values[0] - recall).abs() < 1e-6 && (values[1] - ndcg).abs() < 1e-6, "{values:?}");
            }
            let mean = |figures: &Figures, metric| figures.get(metric).unwrap().mean;
            assert_eq!((scored.warm.users, scored.all.users, scored.all.without_list), (4, 5, 0));
            assert!((mean(&scored.all, Metric::Ndcg) - ndcgs.iter().sum::<f64>() / 5.0).abs() < 1e-6);
            assert!(
                (mean(&scored.warm, Metric::Recall) - recalls[..4].iter().sum::<f64>() / 4.0).abs() < 1e-6
            );
            // The same model: no difference, of no width.
            let versus = &scored.versus[0].warm[1].value;
            assert_eq!(
                (scored.versus[0].baseline.as_str(), versus.low, versus.high),
                ("popularity", 0.0, 0.0)
            );
        }
    }

    /// The planted case on which libraries differ: wanted at ranks 1 and 6 of one user, 2 to 4 of another. Ours are those of implicit,
    /// recbole, recpack and cornac for NDCG, of implicit, recbole and map_at_k for MAP, over k for precision.
    #[test]
    fn figures_on_which_libraries_differ() {
        let lists = [[10, 11, 12, 13, 14, 15], [20, 21, 22, 23, 24, 25]];
        let relevant = [HashMap::from([(10, 1), (15, 1)]), HashMap::from([(21, 1), (22, 1), (23, 1)])];
        let mean = |k: usize, metric: Metric| {
            lists.iter().zip(&relevant).map(|(l, r)| figures(l, r, k)[metric as usize]).sum::<f64>() / 2.0
        };
        assert!((mean(3, Metric::Ndcg) - 0.572).abs() < 5e-4);
        assert_eq!((mean(1, Metric::Map), mean(3, Metric::Precision)), (0.5, 0.5));
        assert_eq!((mean(3, Metric::HitRate), mean(3, Metric::Mrr)), (1.0, 0.75));
        // (1 / 1) / 2 and (1 / 2 + 2 / 3) / 3.
        assert!((mean(3, Metric::Map) - (0.5 + (0.5 + 2.0 / 3.0) / 3.0) / 2.0).abs() < 1e-12);
    }

    #[test]
    fn users_without_a_list_count_as_nothing_and_k_may_pass_the_catalogue() {
        let (fold, mut model) = planted();
        model.0[3] = vec![f32::NAN; 8];
        model.0[2] = vec![f32::NEG_INFINITY; 8];
        let found = measured(&of(6, 8, 1), &fold, &model, 100);
        let warm = &found.models[0].warm;
        assert_eq!((warm.users, warm.without_list, found.models[0].by_user[3]), (4, 2, [0.0; 6]));
        assert!(warm.figures.iter().all(|f| f.value.mean <= 1.0));
        // The two lists hold 6 and 5 of the 8 items, together all but item 1.
        assert_eq!(warm.coverage, 0.875);
    }

    #[test]
    fn beyond_accuracy() {
        let fold = Fold {
            fit: events(&[(0, 0), (1, 0), (1, 1), (2, 0), (3, 3)]).into(),
            target: events(&[(0, 1), (3, 0)]).into(),
            ..Fold::default()
        };
        let model =
            Fixed(vec![vec![0.0, 2.0, 1.0, 0.0], vec![0.0; 4], vec![0.0; 4], vec![3.0, 0.0, 1.0, 0.0]]);
        let features =
            Features { width: 2, values: vec![1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0], names: Vec::new() };
        let protocol = Protocol { k: 2, ..Protocol::default() };
        let of = of(4, 4, 2);
        let models: [(String, &dyn Recommender); 1] = [("fixed".to_owned(), &model)];
        let found = evaluate(&of, &fold, &models, Some(&features), &protocol, &|_, _| true).unwrap();
        let warm = &found.models[0].warm;
        // Lists 1, 2 and 0, 2; liked by 3, 1, 0, 1 of four users.
        assert_eq!((warm.coverage, warm.popularity), (0.75, Some((0.5 + 1.5) / 2.0)));
        let novelty = (2.0 + ((4.0_f64 / 3.0).log2() + 2.0) / 2.0) / 2.0;
        assert!((warm.novelty.unwrap() - novelty).abs() < 1e-12);
        // Places of the four: 0.875, 0.5, 0.125, 0.5.
        assert_eq!(warm.percentile, Some((0.3125 + 0.5) / 2.0));
        // Items 1 and 2 have nothing in common, 0 and 2 all.
        assert_eq!(warm.diversity, Some(0.5));
        let domains = &found.models[0].domains;
        assert_eq!((domains[0].users, domains[1].users, domains[1].domain.as_str()), (1, 1, "1"));
        // Within domain 1 the list of user 0 is 1, 3.
        assert_eq!(domains[1].figures[1].value.mean, 1.0);
    }

    #[test]
    fn bits_do_not_depend_on_threads_and_bad_requests_are_errors() {
        let (fold, model) = planted();
        let of = of(6, 8, 1);
        let with = |threads, k| {
            let protocol = Protocol { threads, k, seed: 3, ..Protocol::default() };
            evaluate(
                &of,
                &fold,
                &[("fixed".to_owned(), &model as &dyn Recommender)],
                None,
                &protocol,
                &|_, _| true,
            )
        };
        let strip = |mut e: Evaluation| {
            e.models[0].seconds = 0.0;
            e
        };
        assert_eq!(strip(with(1, 5).unwrap()), strip(with(4, 5).unwrap()));
        assert_eq!(
            with(1, 0).unwrap_err().to_string(),
            "`k` of an evaluation: expected at least 1, found 0; give the length of the lists"
        );
        let protocol = Protocol::default();
        let stop = evaluate(
            &of,
            &fold,
            &[("f".to_owned(), &model as &dyn Recommender)],
            None,
            &protocol,
            &|_, _| false,
        );
        assert!(matches!(stop, Err(Error::Stopped)));
        let small = Fixed(vec![vec![0.0]]);
        assert!(Window::new(&of, &fold).ndcg(&small, &protocol, &|_, _| true).is_err());
        assert_eq!(Window::new(&of, &Fold::default()).ndcg(&model, &protocol, &|_, _| true).unwrap(), None);
    }
}
