//! The users of a fold and what they are to find: made once, then any number of models is asked for its lists.

use crate::evaluate::{Protocol, best, figures, within_threads};
use crate::report::Metric;
use crate::split::Fold;
use crate::{Error, Histories, Interactions, Progress, Query, Recommender, Result};
use rayon::prelude::*;
use ronghe_stats::random::SplitMix64;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Users whose lists are made one after another.
const CHUNK: usize = 32;

/// The list of one user and its figures.
pub(crate) struct List {
    pub(crate) items: Vec<u32>,
    pub(crate) values: [f64; 6],
    /// Figures within domains that have a relevant item.
    pub(crate) domains: Vec<(u32, [f64; 6])>,
}

/// Who is to find what.
#[derive(Debug)]
pub struct Window<'a> {
    of: &'a Interactions,
    known: Histories,
    /// Whether the model was fitted with the user.
    fitted: Vec<bool>,
    /// Users with a relevant item, in the order of their numbers, and these items.
    relevant: Vec<(u32, HashMap<u32, u32>)>,
    /// Users who liked each item.
    counts: Vec<f32>,
}

impl<'a> Window<'a> {
    /// All users of a fold with something to find.
    pub fn new(of: &'a Interactions, fold: &Fold<'_>) -> Window<'a> {
        Window::among(of, fold, |_, relevant| relevant)
    }

    /// Users with a past and something to find; of more than `most` as many, drawn by the seed.
    pub fn with_past(of: &'a Interactions, fold: &Fold<'_>, most: usize, seed: u64) -> Window<'a> {
        Window::among(of, fold, |past, mut relevant| {
            relevant.retain(|(user, _)| past[*user as usize]);
            let mut drawn = vec![false; relevant.len()];
            SplitMix64::numbered(seed, 0)
                .some(relevant.len(), most)
                .into_iter()
                .for_each(|i| drawn[i] = true);
            let mut drawn = drawn.into_iter();
            relevant.retain(|_| drawn.next().unwrap_or(false));
            relevant
        })
    }

    fn among(
        of: &'a Interactions,
        fold: &Fold<'_>,
        judged: impl FnOnce(&[bool], Vec<(u32, HashMap<u32, u32>)>) -> Vec<(u32, HashMap<u32, u32>)>,
    ) -> Window<'a> {
        let fitted = of.users_with_events(&fold.fit);
        let mut past = of.users_with_events(&fold.known);
        past.iter_mut().zip(&fitted).for_each(|(past, &fitted)| *past |= fitted);
        let mut relevant: BTreeMap<u32, HashMap<u32, u32>> = BTreeMap::new();
        for event in fold.target.iter().filter(|e| e.weight > 0.0) {
            relevant.entry(event.user).or_default().insert(event.item, 1);
        }
        let relevant = judged(&past, relevant.into_iter().collect());
        let mut asked = vec![false; of.users.len()];
        relevant.iter().for_each(|(user, _)| asked[*user as usize] = true);
        // Only what is known of those who are asked is kept.
        let mut known: Vec<_> =
            fold.fit.iter().chain(fold.known.iter()).filter(|e| asked[e.user as usize]).copied().collect();
        if !fold.known.is_empty() {
            crate::interactions::sort(&mut known);
        }
        let known = Histories::new(of.users.len(), &known);
        Window { of, known, fitted, relevant, counts: of.users_of_items(&fold.fit) }
    }

    /// Its users in the order of their numbers, and whether each has a past.
    pub fn users(&self) -> Vec<(u32, bool)> {
        self.relevant.iter().map(|(user, _)| (*user, !self.known.liked(*user).is_empty())).collect()
    }

    /// Users that models were fitted with.
    pub(crate) fn users_fitted(&self) -> usize {
        self.fitted.iter().filter(|&&fitted| fitted).count()
    }

    /// Users who liked each item.
    pub(crate) fn counts(&self) -> &[f32] {
        &self.counts
    }

    /// What each user is to find, and how to ask a model for it.
    pub(crate) fn asked(&self) -> impl Iterator<Item = (Query<'_>, &HashMap<u32, u32>)> {
        self.relevant.iter().map(|(user, relevant)| (self.query(*user), relevant))
    }

    fn query(&self, user: u32) -> Query<'_> {
        Query { user: self.fitted[user as usize].then_some(user), history: self.known.liked(user) }
    }

    /// Mean NDCG over its users: what settings are chosen by. None without users.
    pub fn ndcg(
        &self,
        model: &dyn Recommender,
        protocol: &Protocol,
        progress: Progress<'_>,
    ) -> Result<Option<f64>> {
        let lists = within_threads(protocol.threads, || self.lists(model, protocol, progress))?;
        let sum: f64 = lists.iter().map(|l| l.values[Metric::Ndcg as usize]).sum();
        Ok((!lists.is_empty()).then(|| sum / lists.len() as f64))
    }

    /// The list of each user.
    pub(crate) fn lists(
        &self,
        model: &dyn Recommender,
        protocol: &Protocol,
        progress: Progress<'_>,
    ) -> Result<Vec<List>> {
        if protocol.k == 0 {
            return Err(Error::input(
                "`k` of an evaluation",
                "at least 1",
                "0",
                "give the length of the lists",
            ));
        }
        if model.items() != self.of.items.len() {
            return Err(Error::input(
                "a model to measure",
                format!("{} items, as in the events", self.of.items.len()),
                model.items().to_string(),
                "fit it on these events",
            ));
        }
        let (done, go_on) = (AtomicUsize::new(0), AtomicBool::new(true));
        let chunks: Vec<Vec<List>> = self
            .relevant
            .par_chunks(CHUNK)
            .map(|users| {
                if !go_on.load(Ordering::Relaxed) {
                    return Vec::new();
                }
                let mut scores = vec![0.0; self.of.items.len()];
                let list = |(user, relevant): &(u32, HashMap<u32, u32>)| {
                    self.list(model, protocol, *user, relevant, &mut scores)
                };
                let lists = users.iter().map(list).collect();
                let done = done.fetch_add(users.len(), Ordering::Relaxed) + users.len();
                if !progress(done, self.relevant.len()) {
                    go_on.store(false, Ordering::Relaxed);
                }
                lists
            })
            .collect();
        if go_on.into_inner() { Ok(chunks.into_iter().flatten().collect()) } else { Err(Error::Stopped) }
    }

    fn list(
        &self,
        model: &dyn Recommender,
        protocol: &Protocol,
        user: u32,
        relevant: &HashMap<u32, u32>,
        scores: &mut [f32],
    ) -> List {
        let query = self.query(user);
        if query.history.is_empty() {
            scores.copy_from_slice(&self.counts);
        } else {
            model.scores(query, scores);
        }
        query.history.iter().for_each(|&(item, _)| scores[item as usize] = f32::NAN);
        if protocol.exclude_seen {
            self.known.seen(user).iter().for_each(|&item| scores[item as usize] = f32::NAN);
        }
        let k = protocol.k;
        let items = best(scores, k, |_| true);
        let values = figures(&items, relevant, k);
        let mut domains = Vec::new();
        if self.of.domains.len() > 1 {
            let mut inside: BTreeMap<u32, HashMap<u32, u32>> = BTreeMap::new();
            for (&item, &grade) in relevant {
                inside.entry(self.of.domain_of[item as usize]).or_default().insert(item, grade);
            }
            for (domain, relevant) in inside {
                let list = best(scores, k, |item| self.of.domain_of[item as usize] == domain);
                domains.push((domain, figures(&list, &relevant, k)));
            }
        }
        List { items, values, domains }
    }
}
