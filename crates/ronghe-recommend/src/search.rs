//! The best settings of a model, by NDCG on the validation window, within a time limit.
//!
//! Settings are tried in the order of the grid, the likelier first. The first is always finished; one that the limit meets is given up,
//! and none is begun that takes longer than what is left. Of equal figures the earlier is taken. Where no user with a past has something
//! to find, the first is taken untried. How many are tried depends on the time they take; what each reaches does not. At most
//! [`JUDGES`] users judge, drawn by the seed. The winner is to be fitted on training and validation together.

use crate::budget::{Budget, Doing, spend};
use crate::evaluate::Protocol;
use crate::split::{Fitting, Fold};
use crate::window::Window;
use crate::{Error, Features, Interactions, Model, Progress, Recommender, Result};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Users that settings are chosen by, at most.
pub const JUDGES: usize = 20_000;

/// How one setting went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// The setting.
    pub model: Model,
    /// Mean NDCG on validation over users with a past; none if there is no such user or it was given up.
    pub ndcg: Option<f64>,
    /// Seconds of fitting and ranking.
    pub seconds: f64,
    /// Why there is no figure.
    pub failed: Option<String>,
}

/// The best setting and all that were tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The best setting.
    pub best: Model,
    /// Its NDCG on validation.
    pub ndcg: Option<f64>,
    /// In the order in which they were tried.
    pub tried: Vec<Tried>,
    /// Settings of the grid.
    pub of: usize,
    /// Whether the time ended before all of them were tried.
    pub cut_short: bool,
}

/// A validation window that settings are tried on.
#[derive(Debug)]
pub struct Search<'a> {
    of: &'a Interactions,
    features: Option<&'a Features>,
    protocol: Protocol,
    fitting: Fitting<'a>,
    window: Window<'a>,
}

impl<'a> Search<'a> {
    /// Fits on `tuning.fit` and measures on its targets. The protocol's `seed` and `threads` are those of the models too.
    pub fn new(
        of: &'a Interactions,
        tuning: &'a Fold<'_>,
        features: Option<&'a Features>,
        protocol: Protocol,
    ) -> Search<'a> {
        let fitting = tuning.fitting(of);
        let window = Window::with_past(of, tuning, JUDGES, protocol.seed);
        Search { of, features, protocol, fitting, window }
    }

    /// Fits a model on training alone.
    pub fn fit(&self, model: &Model, progress: Progress<'_>) -> Result<Box<dyn Recommender>> {
        let Protocol { seed, threads, .. } = self.protocol;
        self.fitting.training(self.of, seed, threads).with(self.features).fit(model, progress)
    }

    /// The settings of one model, none tried yet.
    pub(crate) fn trial<'s>(&'s self, grid: Vec<Model>) -> Trial<'s, 'a> {
        let kept = false;
        Trial {
            search: self,
            grid,
            tried: Vec::new(),
            best: None,
            fitted: None,
            kept,
            nobody: false,
            cut: false,
        }
    }

    /// Tries the settings of `grid` for at most about `limit`.
    pub fn run(&self, grid: &[Model], limit: Duration, progress: Progress<'_>) -> Result<Found> {
        let told = |stage: &crate::budget::Stage<'_>| progress((stage.share * 1000.0) as usize, 1000);
        let budget = Budget::new(limit, &told);
        let mut trials = [self.trial(grid.to_vec())];
        spend(&mut trials, &budget)?;
        let [trial] = trials;
        trial.found()
    }
}

/// The settings of one model while they are tried.
pub(crate) struct Trial<'s, 'a> {
    search: &'s Search<'a>,
    grid: Vec<Model>,
    tried: Vec<Tried>,
    /// Place and figure of the best.
    best: Option<(usize, f64)>,
    /// The best as fitted on training, if it is kept.
    fitted: Option<Box<dyn Recommender>>,
    kept: bool,
    /// There is nobody to measure by.
    nobody: bool,
    /// The time ended one of them.
    cut: bool,
}

impl Trial<'_, '_> {
    /// Keeps the best as it was fitted on training, for a mix.
    pub(crate) fn keep(&mut self) {
        self.kept = true;
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.kept
    }

    /// Settings that were not tried.
    pub(crate) fn left(&self) -> usize {
        if self.nobody || self.cut { 0 } else { self.grid.len() - self.tried.len() }
    }

    /// Seconds of a setting: the mean of those that were tried.
    pub(crate) fn cost(&self) -> f64 {
        self.tried.iter().map(|t| t.seconds).sum::<f64>() / self.tried.len().max(1) as f64
    }

    /// Tries the next setting, if there is one, and gives it up at `until`.
    pub(crate) fn next(
        &mut self,
        until: Option<Instant>,
        budget: &Budget<'_>,
        expected: f64,
        later: f64,
    ) -> Result<()> {
        let place = self.tried.len();
        let Some(model) = self.grid.get(place) else { return Ok(()) };
        let doing = Doing::Trying { setting: place + 1, of: self.grid.len() };
        let stage = budget.stage(doing, expected, later);
        let tell = |done: usize| stage.tell(model.name(), done, 1000);
        let stopped = AtomicBool::new(false);
        let goes_on = |go_on: bool| {
            stopped.fetch_or(!go_on, Ordering::Relaxed);
            go_on && until.is_none_or(|until| Instant::now() < until)
        };
        // Fitting is nine tenths of it, as a rule.
        let fitting = |done: usize, of: usize| goes_on(tell(900 * done.min(of) / of.max(1)));
        let ranking = |done: usize, of: usize| goes_on(tell(900 + 100 * done.min(of) / of.max(1)));
        let began = Instant::now();
        let search = self.search;
        let outcome = search.fit(model, &fitting).and_then(|fitted| {
            let figure = search.window.ndcg(fitted.as_ref(), &search.protocol, &ranking)?;
            Ok((fitted, figure))
        });
        let (fitted, figure, failed) = match outcome {
            Err(Error::Stopped) if stopped.into_inner() => return Err(Error::Stopped),
            Err(Error::Stopped) => (None, None, Some("out of time".to_owned())),
            Err(error) if self.grid.len() == 1 => return Err(error),
            Err(error) => (None, None, Some(error.to_string())),
            Ok((fitted, figure)) => (Some(fitted), figure, None),
        };
        self.cut |= until.is_some_and(|until| failed.is_some() && Instant::now() >= until);
        self.nobody |= figure.is_none() && failed.is_none();
        if let Some(figure) = figure.filter(|f| self.best.is_none_or(|(_, most)| *f > most)) {
            self.best = Some((place, figure));
            self.fitted = fitted.filter(|_| self.kept);
        } else if self.nobody && self.kept && self.fitted.is_none() {
            self.fitted = fitted;
        }
        let seconds = began.elapsed().as_secs_f64();
        self.tried.push(Tried { model: model.clone(), ndcg: figure, seconds, failed });
        Ok(())
    }

    /// The best as it was fitted on training, once.
    pub(crate) fn take_fitted(&mut self) -> Option<Box<dyn Recommender>> {
        self.fitted.take()
    }

    /// What was found.
    pub(crate) fn found(self) -> Result<Found> {
        // Without a figure the first setting that could be fitted is the likeliest.
        let usable = || self.tried.iter().position(|t| t.failed.is_none());
        let Some(winner) = self.best.map(|b| b.0).or_else(usable) else {
            let found = self.tried.first().and_then(|t| t.failed.clone()).unwrap_or("no settings".into());
            return Err(Error::input("a search", "a setting that can be fitted", found, "mend the settings"));
        };
        Ok(Found {
            best: self.grid[winner].clone(),
            ndcg: self.best.map(|b| b.1),
            of: self.grid.len(),
            cut_short: self.cut || self.left() > 0,
            tried: self.tried,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::{Clock, Collector, Meaning};
    use crate::models::popularity;
    use crate::split::{Shares, SplitBy, split};
    use ronghe_stats::random::SplitMix64;

    /// Items in fashion change, so the last events say more than all.
    fn fashions() -> Interactions {
        let mut collector = Collector::new(Clock::Counted);
        let mut draw = SplitMix64::new(1);
        for t in 0..1200 {
            let (user, item) = (draw.below(60), t / 60 * 6 + draw.below(12));
            collector.push(Some(&user.to_string()), Some(&item.to_string()), "", Some(1.0), Some(t as f64));
        }
        collector.finish(Meaning::Count, None, None).0
    }

    fn grid(recent: &[f64]) -> Vec<Model> {
        recent.iter().map(|&recent| Model::Popularity(popularity::Settings { recent })).collect()
    }

    #[test]
    fn the_best_setting_is_found() {
        let of = fashions();
        let split = split(&of, SplitBy::Time, Shares::default(), 0).unwrap();
        let tuning = split.tuning();
        let search = Search::new(&of, &tuning, None, Protocol::default());
        let found = search.run(&grid(&[1.0, 0.5, 7.0, 0.05]), Duration::from_secs(60), &|_, _| true).unwrap();
        assert_eq!((&found.best, found.of, found.tried.len()), (&grid(&[0.05])[0], 4, 4));
        let figures: Vec<Option<f64>> = found.tried.iter().map(|t| t.ndcg).collect();
        assert!(figures[3] == found.ndcg && figures[3] > figures[0], "{figures:?}");
        assert!(found.tried[2].failed.as_deref().unwrap().starts_with("`recent` of popularity"));
        assert!(!found.cut_short);
    }

    #[test]
    fn the_first_is_finished_and_time_ends_the_rest() {
        let of = fashions();
        let split = split(&of, SplitBy::Time, Shares::default(), 0).unwrap();
        let tuning = split.tuning();
        let search = Search::new(&of, &tuning, None, Protocol::default());
        let found = search.run(&grid(&[1.0, 0.05]), Duration::ZERO, &|_, _| true).unwrap();
        assert_eq!((found.best, found.tried.len(), found.of), (grid(&[1.0])[0].clone(), 1, 2));
        assert!(found.tried[0].ndcg.is_some() && found.cut_short);
        let stopped = search.run(&grid(&[1.0]), Duration::ZERO, &|_, _| false);
        assert!(matches!(stopped, Err(Error::Stopped)));
        assert!(search.run(&[], Duration::ZERO, &|_, _| true).is_err());
        let error =
            search.run(&grid(&[0.0, 2.0]), Duration::from_secs(9), &|_, _| true).unwrap_err().to_string();
        assert!(
            error.starts_with("a search: expected a setting that can be fitted, found `recent`"),
            "{error}"
        );
    }

    #[test]
    fn without_anybody_to_measure_the_first_is_taken() {
        let of = Interactions { timed: true, ..Interactions::default() };
        let split = split(&of, SplitBy::LastOut, Shares::default(), 0).unwrap();
        let tuning = split.tuning();
        let search = Search::new(&of, &tuning, None, Protocol::default());
        let found = search.run(&grid(&[0.5, 1.0]), Duration::from_secs(9), &|_, _| true).unwrap();
        assert_eq!((found.best, found.ndcg, found.tried.len()), (grid(&[0.5])[0].clone(), None, 1));
    }
}
