//! The search on both sides, the decision, the figures.

use super::domains::{Domains, Fold};
use super::{Plan, Reached, Transfer, Unfit};
use crate::evaluate::{best, figures, within_threads};
use crate::models::hybrid;
use crate::report::{Interval, Metric};
use crate::split::Fitting;
use crate::{Error, Event, Features, Histories, Interactions, Model, Progress, Query, Recommender, Result};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Steps of progress of one fit.
const STEPS: usize = 100;
/// Shares of the second in a mix of the two kinds that reached most.
const SHARES: [f32; 3] = [0.5, 0.3, 0.15];

/// Compares models with and without transfer.
pub fn compare(
    of: &Interactions,
    features: Option<&Features>,
    plan: &Plan,
    progress: Progress<'_>,
) -> Result<Transfer> {
    plan.check()?;
    let domains = Domains::new(of, plan)?;
    within_threads(plan.threads, || {
        // Each setting on validation, the best of each kind on the test, those across on the shuffled source as well.
        let fits =
            |side: &[Vec<Model>]| side.iter().map(|kind| kind.len() + 1).sum::<usize>() + SHARES.len() + 1;
        let fits = fits(&plan.alone) + fits(&plan.across) + plan.across.len() + 1;
        let run = Run { domains, features, plan, progress, done: AtomicUsize::new(0), fits };
        run.compare()
    })
}

/// Fits the model that the comparison says is to be used: the best across on all events of both domains where transfer was accepted, else
/// the best without on all events of the target.
pub fn winner(
    of: &Interactions,
    features: Option<&Features>,
    plan: &Plan,
    found: &Transfer,
    progress: Progress<'_>,
) -> Result<(Model, Box<dyn Recommender>)> {
    let domains = Domains::new(of, plan)?;
    let across = found.best_across.filter(|_| found.accepted).and_then(|best| found.across.get(best));
    let chosen = across.or_else(|| found.alone.get(found.fallback));
    let model = chosen.map(|reached| reached.model.clone()).ok_or_else(|| {
        Error::input("a comparison of domains", "a model that was fitted", "none", "compare again")
    })?;
    let learnt = |e: &&Event| domains.in_target(e.item) || (across.is_some() && domains.in_source(e.item));
    let events: Vec<Event> = of.events.iter().filter(learnt).copied().collect();
    let fitting = Fitting::new(&events, of);
    let fitted = fitting.training(of, plan.seed, plan.threads).with(features).fit(&model, progress)?;
    Ok((model, fitted))
}

/// A comparison under way.
struct Run<'a> {
    domains: Domains<'a>,
    features: Option<&'a Features>,
    plan: &'a Plan,
    progress: Progress<'a>,
    done: AtomicUsize,
    fits: usize,
}

/// The best settings of a kind and the NDCG of each validating user.
struct Chosen {
    model: Model,
    tried: usize,
    values: Vec<f64>,
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The place of the largest mean, the first of equal ones.
fn largest<'v>(all: impl DoubleEndedIterator<Item = &'v Vec<f64>> + ExactSizeIterator) -> Option<usize> {
    let means: Vec<f64> = all.map(|values| mean(values)).collect();
    (0..means.len()).rev().max_by(|&a, &b| means[a].total_cmp(&means[b]))
}

/// Mixes of the two kinds that reached most, as one more kind; none where there are no two.
fn mixes(side: &[Chosen]) -> Vec<Vec<Model>> {
    let mut order: Vec<usize> = (0..side.len()).collect();
    order.sort_by(|&a, &b| mean(&side[b].values).total_cmp(&mean(&side[a].values)));
    let [first, second, ..] = order[..] else { return Vec::new() };
    let members = vec![side[first].model.clone(), side[second].model.clone()];
    let mix = |share: &f32| {
        let weights = Some(vec![1.0 - share, *share]);
        Model::Hybrid(hybrid::Settings { members: members.clone(), weights, ..hybrid::Settings::default() })
    };
    vec![SHARES.iter().map(mix).collect()]
}

impl Run<'_> {
    fn compare(&self) -> Result<Transfer> {
        let (domains, plan) = (&self.domains, self.plan);
        let parts = domains.parts(plan);
        if parts.tested.is_empty() {
            let least = plan.kept + plan.to_find;
            let expected = format!("three users or more with {least} events or more in `{}`", plan.target);
            return Err(Error::input("a comparison of domains", expected, "fewer", "keep fewer events"));
        }
        let tuning = domains.fold(&parts, &parts.validating, &parts.tested);
        let testing = domains.fold(&parts, &parts.tested, &[].into());
        // Without an event in the target every model that knows only that lists what is popular.
        let alone = if plan.kept == 0 { &plan.alone[..1] } else { &plan.alone[..] };
        let (own, both) = (tuning.alone(domains.of), Fitting::new(&tuning.both, domains.of));
        let mut unfit = Vec::new();
        let mut alone = self.search_all(alone, &own, &tuning, &mut unfit)?;
        if let Some(Unfit { model, why }) = unfit.first().filter(|_| alone.is_empty()) {
            let expected = "a model without transfer that can be fitted";
            return Err(Error::input(
                "a comparison of domains",
                expected,
                format!("{model}: {why}"),
                "name others",
            ));
        }
        let mut across = self.search_all(&plan.across, &both, &tuning, &mut unfit)?;
        for (side, fitting) in [(&mut alone, &own), (&mut across, &both)] {
            let mixes = mixes(side);
            side.extend(self.search_all(&mixes, fitting, &tuning, &mut unfit)?);
        }
        let fallback = largest(alone.iter().map(|c| &c.values)).unwrap_or(0);
        let best_across = largest(across.iter().map(|c| &c.values));
        let validation_gain =
            best_across.and_then(|best| self.paired(&across[best].values, &alone[fallback].values));
        let (own, both) = (testing.alone(domains.of), Fitting::new(&testing.both, domains.of));
        let moved = domains.shuffled(&testing.both, plan.seed);
        let shuffled = Fitting::new(&moved, domains.of);
        let on = |chosen: &[Chosen], fitting: &Fitting| {
            chosen.iter().map(|c| self.values(&c.model, fitting, &testing)).collect::<Result<Vec<Vec<f64>>>>()
        };
        let alone_values = on(&alone, &own)?;
        let across_values = on(&across, &both)?;
        let best_alone = largest(alone_values.iter()).unwrap_or(0);
        let strongest = &alone_values[best_alone];
        let mut across_reached = Vec::new();
        for (chosen, values) in across.iter().zip(&across_values) {
            let control = match self.values(&chosen.model, &shuffled, &testing) {
                Ok(control) => self.paired(&control, strongest),
                Err(Error::Stopped) => return Err(Error::Stopped),
                Err(_) => None,
            };
            let gain = self.paired(values, strongest);
            across_reached.push(self.reached(chosen, values, gain, control));
        }
        let alone_reached = (alone.iter().zip(&alone_values).enumerate())
            .map(|(place, (chosen, values))| {
                let gain = if place == best_alone { None } else { self.paired(values, strongest) };
                self.reached(chosen, values, gain, None)
            })
            .collect();
        Ok(Transfer {
            kept: plan.kept,
            overlap: domains.overlap(&parts),
            validated: parts.validating.len(),
            tested: parts.tested.len(),
            alone: alone_reached,
            across: across_reached,
            unfit,
            best_alone,
            fallback,
            best_across,
            validation_gain,
            accepted: validation_gain.is_some_and(|gain| gain.low > 0.0),
        })
    }

    fn paired(&self, a: &[f64], b: &[f64]) -> Option<Interval> {
        Interval::of_differences(a, b, self.plan.seed)
    }

    fn reached(
        &self,
        chosen: &Chosen,
        values: &[f64],
        less_best_alone: Option<Interval>,
        shuffled: Option<Interval>,
    ) -> Reached {
        Reached {
            model: chosen.model.clone(),
            tried: chosen.tried,
            validation: mean(&chosen.values),
            ndcg: Interval::of(values, self.plan.seed).unwrap_or(Interval::NOTHING),
            less_best_alone,
            shuffled,
        }
    }

    /// The best of the settings of each kind, of equal ones the first; kinds of which none can be fitted are `unfit`.
    fn search_all(
        &self,
        kinds: &[Vec<Model>],
        fitting: &Fitting,
        fold: &Fold,
        unfit: &mut Vec<Unfit>,
    ) -> Result<Vec<Chosen>> {
        let mut all = Vec::new();
        for kind in kinds {
            let mut best: Option<Chosen> = None;
            let mut why = String::new();
            for model in kind {
                match self.values(model, fitting, fold) {
                    Err(Error::Stopped) => return Err(Error::Stopped),
                    Err(error) => why = error.to_string(),
                    Ok(values) if best.as_ref().is_none_or(|b| mean(&values) > mean(&b.values)) => {
                        best = Some(Chosen { model: model.clone(), tried: kind.len(), values });
                    }
                    Ok(_) => {}
                }
            }
            match best {
                Some(chosen) => all.push(chosen),
                None => unfit.push(Unfit { model: kind.first().map_or("", Model::name).to_owned(), why }),
            }
        }
        Ok(all)
    }

    /// NDCG of each judged user for a model that is fitted on these events.
    fn values(&self, model: &Model, fitting: &Fitting, fold: &Fold) -> Result<Vec<f64>> {
        let (of, plan) = (self.domains.of, self.plan);
        let place = self.done.fetch_add(1, Ordering::Relaxed);
        let told = |done: usize, of: usize| {
            (self.progress)(place * STEPS + STEPS * done / of.max(1), self.fits * STEPS)
        };
        if !told(0, 1) {
            return Err(Error::Stopped);
        }
        let training = fitting.training(of, plan.seed, plan.threads).with(self.features);
        let fitted = model.fit(&training, &told)?;
        let histories = Histories::new(of.users.len(), &fitting.events);
        let popular = of.users_of_items(&fitting.events);
        let one = |(user, wanted): &(u32, BTreeSet<u32>)| {
            let history = histories.liked(*user);
            let mut scores = popular.clone();
            if !history.is_empty() {
                fitted.scores(Query { user: Some(*user), history }, &mut scores);
            }
            history.iter().for_each(|(item, _)| scores[*item as usize] = f32::NAN);
            let list = best(&scores, plan.k, |item| self.domains.in_target(item));
            let wanted: HashMap<u32, u32> = wanted.iter().map(|item| (*item, 1)).collect();
            figures(&list, &wanted, plan.k)[Metric::Ndcg as usize]
        };
        Ok(fold.wanted.par_iter().map(one).collect())
    }
}
