//! Models side by side on the same events: settings chosen on the validation window, fitted again with it, measured on the test once.
//!
//! A hybrid mixes the other models with the settings chosen for them, as fitted on training, by weights learnt on the validation window;
//! then the same models as fitted on training and validation are mixed by these weights. So it costs no fit of its own.

use crate::budget::{Budget, Doing, Running, Stage, Told, reserve, spend};
use crate::evaluate::{Protocol, evaluate, within_threads};
use crate::models::{hybrid, popularity};
use crate::report::Evaluation;
use crate::search::{Found, Search, Trial, Tried};
use crate::split::{Fitting, Fold, Shares, Split, SplitBy, given, split};
use crate::{
    Entry, Event, Features, Interactions, Model, Progress, RECOMMENDERS, Recommender, Result, Training,
};
use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A model to be fitted.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// With the best of its settings.
    Best(&'static Entry),
    /// As it stands.
    Model(Model),
}

impl Wanted {
    fn grid(&self) -> Vec<Model> {
        match self {
            Wanted::Best(entry) => (entry.grid)(),
            Wanted::Model(model) => vec![model.clone()],
        }
    }

    /// Whether it is a mix of the others, its weights yet to be learnt.
    fn is_mix(&self) -> bool {
        matches!(self, Wanted::Best(entry) if entry.name == "hybrid")
    }

    /// Whether it goes into such a mix.
    fn mixes(&self) -> bool {
        match self {
            Wanted::Best(entry) => entry.mixes,
            Wanted::Model(model) => model.mixes(),
        }
    }
}

/// How models are compared.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// What tests.
    pub by: SplitBy,
    /// How much.
    pub shares: Shares,
    /// How it is measured.
    pub protocol: Protocol,
    /// Time for everything. Of each model the first setting is tried, fitted and measured at any rate: only these pass it.
    pub limit: Duration,
}

/// What a comparison found.
#[derive(Debug, Clone, Serialize)]
pub struct Compared {
    /// What was tried for each model.
    pub searched: Vec<Found>,
    /// Seconds of fitting each model with the settings chosen; of a hybrid those of learning its weights.
    pub seconds: Vec<f64>,
    /// Seconds of everything.
    pub took: f64,
    /// The most that it was to take.
    pub limit: f64,
    /// What each reached.
    pub evaluation: Evaluation,
}

/// Fits and measures models; on `test` where it is given (in the order of time, none of it among the events of `of`), else on what
/// the rule of the comparison holds back.
pub fn compare(
    of: &Interactions,
    test: Option<&[Event]>,
    features: Option<&Features>,
    models: &[Wanted],
    how: &Comparison,
    told: Told<'_>,
) -> Result<Compared> {
    let budget = Budget::new(how.limit, told);
    let seed = how.protocol.seed;
    let parts = match test {
        Some(test) => given(of, test, how.by, how.shares, seed)?,
        None => split(of, how.by, how.shares, seed)?,
    };
    let found = choose(of, &parts.tuning(), features, models, how, &budget)?;
    let testing = parts.testing();
    let fitting = testing.fitting(of);
    let training = fitting.training(of, seed, how.protocol.threads).with(features);
    let fitted = fit(&found, models, &training, &budget)?;
    let named: Vec<(String, &dyn Recommender)> = found
        .iter()
        .zip(&fitted)
        .map(|(found, (model, _))| (found.best.name().to_owned(), model.as_ref()))
        .collect();
    let stage = budget.stage(Doing::Ranking, 0.0, 0.0);
    let tell = |done: usize, of: usize| {
        let place = done * named.len() / of.max(1);
        stage.tell(named.get(place).map_or("", |n| n.0.as_str()), done, of)
    };
    let evaluation = evaluate(of, &testing, &named, features, &how.protocol, &tell)?;
    Ok(Compared {
        seconds: fitted.iter().map(|f| f.1).collect(),
        searched: found,
        took: budget.seconds(),
        limit: how.limit.as_secs_f64(),
        evaluation,
    })
}

/// Settings of each model, chosen on a validation window; of a mix its members and their weights.
fn choose(
    of: &Interactions,
    tuning: &Fold<'_>,
    features: Option<&Features>,
    models: &[Wanted],
    how: &Comparison,
    budget: &Budget<'_>,
) -> Result<Vec<Found>> {
    let search = Search::new(of, tuning, features, how.protocol.clone());
    let others = || models.iter().filter(|m| !m.is_mix());
    let mut wanted: Vec<Wanted> = others().cloned().collect();
    let mix = models.iter().any(Wanted::is_mix);
    if mix && !others().any(Wanted::mixes) {
        wanted.extend(RECOMMENDERS.iter().filter(|e| e.mixes).map(Wanted::Best));
    }
    let mut trials: Vec<Trial<'_, '_>> = wanted.iter().map(|m| search.trial(m.grid())).collect();
    if mix {
        trials.iter_mut().zip(&wanted).filter(|(_, m)| m.mixes()).for_each(|(trial, _)| trial.keep());
    }
    spend(&mut trials, budget)?;
    let later = reserve(&trials);
    let kept: Vec<Option<Box<dyn Recommender>>> = trials.iter_mut().map(Trial::take_fitted).collect();
    let found = trials.into_iter().map(Trial::found).collect::<Result<Vec<Found>>>()?;
    let mixed = match mix {
        true => Some(mixture(
            of,
            tuning,
            &search,
            found.iter().zip(kept),
            how,
            &budget.stage(Doing::Mixing, 0.0, later),
        )?),
        false => None,
    };
    let mut found = found.into_iter();
    let own = models.iter().filter_map(|m| if m.is_mix() { mixed.clone() } else { found.next() });
    Ok(own.collect())
}

/// A mix of models that were fitted on training.
fn mixture<'f>(
    of: &Interactions,
    tuning: &Fold<'_>,
    search: &Search<'_>,
    found: impl Iterator<Item = (&'f Found, Option<Box<dyn Recommender>>)>,
    how: &Comparison,
    stage: &Running<'_>,
) -> Result<Found> {
    let began = Instant::now();
    let tell = |done: usize, of: usize| stage.tell("hybrid", done, of);
    let (mut members, mut fitted): (Vec<Model>, Vec<Arc<dyn Recommender>>) =
        found.filter_map(|(found, fitted)| Some((found.best.clone(), Arc::from(fitted?)))).unzip();
    let recent = Model::Popularity(popularity::Settings { recent: 0.05 });
    if !members.contains(&recent) {
        fitted.push(Arc::from(search.fit(&recent, &|_, _| true)?));
        members.push(recent);
    }
    let Protocol { seed, threads, .. } = how.protocol;
    let learnt = within_threads(threads, || hybrid::learn(of, tuning, &fitted, seed, &tell))?;
    let speak = members.into_iter().zip(learnt.weights).filter(|(_, weight)| *weight > 0.0);
    let (members, weights): (Vec<Model>, Vec<f32>) = speak.unzip();
    let best =
        Model::Hybrid(hybrid::Settings { members, weights: Some(weights), ..hybrid::Settings::default() });
    let seconds = began.elapsed().as_secs_f64();
    let tried = vec![Tried { model: best.clone(), ndcg: learnt.ndcg, seconds, failed: None }];
    Ok(Found { best, ndcg: learnt.ndcg, tried, of: 1, cut_short: false })
}

/// Each model fitted as it was found, and the seconds of it. A mix takes members that are fitted anyway.
fn fit(
    found: &[Found],
    models: &[Wanted],
    training: &Training<'_>,
    budget: &Budget<'_>,
) -> Result<Vec<(Arc<dyn Recommender>, f64)>> {
    let fit_one = |model: &Model, later: f64| -> Result<Arc<dyn Recommender>> {
        let stage = budget.stage(Doing::Fitting, 0.0, later);
        let tell = |done: usize, of: usize| stage.tell(model.name(), done, of);
        Ok(Arc::from(training.fit(model, &tell)?))
    };
    let cost =
        |found: &Found| found.tried.iter().map(|t| t.seconds).sum::<f64>() / found.tried.len().max(1) as f64;
    let mut fitted: Vec<Option<(Arc<dyn Recommender>, f64)>> = vec![None; found.len()];
    // Mixes last.
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by_key(|&place| models[place].is_mix());
    for (done, &place) in order.iter().enumerate() {
        let later: f64 = order[done + 1..].iter().map(|&p| cost(&found[p])).sum();
        let began = Instant::now();
        let model: Arc<dyn Recommender> = match &found[place].best {
            Model::Hybrid(hybrid::Settings { members, weights: Some(weights), .. })
                if models[place].is_mix() =>
            {
                let there = |member: &Model| {
                    let place = found.iter().position(|f| f.best == *member)?;
                    fitted[place].as_ref().map(|f| f.0.clone())
                };
                let one = |member| there(member).map_or_else(|| fit_one(member, later), Ok);
                let members = members.iter().map(one).collect::<Result<Vec<Arc<dyn Recommender>>>>()?;
                Arc::new(hybrid::Hybrid::of(members, weights.clone())?)
            }
            model => fit_one(model, later)?,
        };
        fitted[place] = Some((model, began.elapsed().as_secs_f64()));
    }
    Ok(fitted.into_iter().flatten().collect())
}

/// Fits a model on all events, with settings chosen on the newest of them (on any, where there are no times). A model as it stands
/// and no time at all: it is fitted and not measured.
pub fn fit_all(
    of: &Interactions,
    features: Option<&Features>,
    model: &Wanted,
    how: &Comparison,
    progress: Progress<'_>,
) -> Result<(Model, Box<dyn Recommender>, Found)> {
    let told = |stage: &Stage<'_>| progress((stage.share * 1000.0) as usize, 1000);
    let budget = Budget::new(how.limit, &told);
    let found = match model {
        Wanted::Model(best) if how.limit.is_zero() => {
            Found { best: best.clone(), ndcg: None, tried: Vec::new(), of: 1, cut_short: false }
        }
        _ => {
            let parts = held_back(of, how)?;
            let mut found = choose(of, &parts.tuning(), features, std::slice::from_ref(model), how, &budget)?;
            found.remove(0)
        }
    };
    let Protocol { seed, threads, .. } = how.protocol;
    let whole = Fitting::new(&of.events, of);
    let expected = found.tried.last().map_or(0.0, |t| t.seconds);
    let stage = budget.stage(Doing::Fitting, expected, 0.0);
    let tell = |done: usize, of: usize| stage.tell(found.best.name(), done, of);
    let fitted = whole.training(of, seed, threads).with(features).fit(&found.best, &tell)?;
    Ok((found.best.clone(), fitted, found))
}

/// A split without test events.
fn held_back<'a>(of: &'a Interactions, how: &Comparison) -> Result<Split<'a>> {
    let by = if of.timed { how.by } else { SplitBy::Random };
    given(of, &[], by, how.shares, how.protocol.seed)
}
