//! Models side by side on the same events: settings chosen on the validation window, fitted again with it, measured on the test once.

use crate::evaluate::{Protocol, evaluate, within_threads};
use crate::models::popularity;
use crate::report::Evaluation;
use crate::search::{Found, Search};
use crate::split::{Fitting, Shares, Split, SplitBy, split};
use crate::{Entry, Features, Interactions, Model, Progress, RECOMMENDERS, Recommender, Result};
use serde::Serialize;
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
    /// Settings to try; a hybrid mixes the `chosen` models, if there are any, and first learns as the test is held back.
    fn grid(&self, chosen: &[Model], by: SplitBy) -> Vec<Model> {
        let mut grid = match self {
            Wanted::Best(entry) => (entry.grid)(),
            Wanted::Model(model) => return vec![model.clone()],
        };
        let recent = Model::Popularity(popularity::Settings { recent: 0.05 });
        for model in &mut grid {
            if let Model::Hybrid(settings) = model
                && !chosen.is_empty()
            {
                settings.members = chosen.iter().filter(|m| m.mixes()).cloned().collect();
                if !settings.members.contains(&recent) {
                    settings.members.push(recent.clone());
                }
            }
        }
        let other = |model: &Model| matches!(model, Model::Hybrid(settings) if settings.window != by);
        grid.sort_by_key(other);
        grid
    }

    fn is_hybrid(&self) -> bool {
        matches!(self, Wanted::Best(entry) if entry.name == "hybrid")
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
    /// Time for trying settings, of all models together.
    pub limit: Duration,
}

/// What a comparison found.
#[derive(Debug, Clone, Serialize)]
pub struct Compared {
    /// What was tried for each model.
    pub searched: Vec<Found>,
    /// Seconds of fitting each model with the settings chosen.
    pub seconds: Vec<f64>,
    /// What each reached.
    pub evaluation: Evaluation,
}

/// Fits and measures models.
pub fn compare(
    of: &Interactions,
    features: Option<&Features>,
    models: &[Wanted],
    how: &Comparison,
    progress: Progress<'_>,
) -> Result<Compared> {
    let parts = split(of, how.by, how.shares, how.protocol.seed)?;
    let search = Search::new(of, &parts, features, how.protocol.clone());
    let began = Instant::now();
    let (mut searched, mut seconds) = (Vec::new(), Vec::new());
    let mut fitted: Vec<(String, Box<dyn Recommender>)> = Vec::new();
    for (place, model) in models.iter().enumerate() {
        let steps = models.len() + 1;
        let told = |done: usize, of: usize| progress(place * 1000 + 1000 * done / of.max(1), steps * 1000);
        let chosen: Vec<Model> = searched.iter().map(|f: &Found| f.best.clone()).collect();
        let found =
            search.run(&model.grid(&chosen, how.by), share(how.limit, began, models.len() - place), &told)?;
        let start = Instant::now();
        fitted.push((found.best.name().to_owned(), search.fit(&found.best, &told)?));
        seconds.push(start.elapsed().as_secs_f64());
        searched.push(found);
    }
    let named: Vec<(String, &dyn Recommender)> =
        fitted.iter().map(|(n, m)| (n.clone(), m.as_ref())).collect();
    let evaluation = evaluate(of, &parts.testing(), &named, features, &how.protocol, progress)?;
    Ok(Compared { searched, seconds, evaluation })
}

/// What is left of the time, shared among so many models.
fn share(limit: Duration, began: Instant, models: usize) -> Duration {
    limit.saturating_sub(began.elapsed()) / u32::try_from(models.max(1)).unwrap_or(1)
}

/// Fits a model on all events, with settings chosen on the newest of them (on any, where there are no times).
pub fn fit_all(
    of: &Interactions,
    features: Option<&Features>,
    model: &Wanted,
    how: &Comparison,
    progress: Progress<'_>,
) -> Result<(Model, Box<dyn Recommender>, Found)> {
    let parts = held_back(of, how)?;
    let search = Search::new(of, &parts, features, how.protocol.clone());
    let began = Instant::now();
    let mut chosen = Vec::new();
    if model.is_hybrid() {
        let members: Vec<&Entry> = RECOMMENDERS.iter().filter(|e| e.mixes).collect();
        for (place, member) in members.iter().enumerate() {
            let limit = share(how.limit, began, members.len() + 1 - place);
            chosen.push(search.run(&(member.grid)(), limit, progress)?.best);
        }
    }
    let found =
        search.run(&model.grid(&chosen, how.by), how.limit.saturating_sub(began.elapsed()), progress)?;
    let Protocol { seed, threads, .. } = how.protocol;
    let whole = Fitting::new(&of.events, of);
    let mut training = whole.training(of, seed, threads);
    training.features = features;
    let fitted = within_threads(threads, || found.best.fit(&training, progress))?;
    Ok((found.best.clone(), fitted, found))
}

/// A split without test events.
fn held_back(of: &Interactions, how: &Comparison) -> Result<Split> {
    let by = if of.timed { how.by } else { SplitBy::Random };
    split(of, by, Shares { validation: how.shares.validation, test: 0.0 }, how.protocol.seed)
}
