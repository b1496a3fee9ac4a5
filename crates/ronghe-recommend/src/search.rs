//! The best settings of a model, by NDCG on the validation window, within a time limit.
//!
//! Settings are tried in the order of the grid, the likelier first. The first is always finished; one that the limit meets is given up.
//! Of equal figures the earlier is taken. Where no user with a past has something to find, the first is taken untried. How many are
//! tried depends on the time they take; what each reaches does not. The winner is to be fitted on training and validation together.

use crate::evaluate::{Protocol, ndcg, within_threads};
use crate::split::{Fitting, Fold, Split};
use crate::{Error, Features, Interactions, Model, Progress, Recommender, Result};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Steps of progress of one setting.
const STEPS: usize = 1_000;

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
}

/// A validation window that settings are tried on, and what the winners are fitted on.
#[derive(Debug)]
pub struct Search<'a> {
    of: &'a Interactions,
    features: Option<&'a Features>,
    protocol: Protocol,
    tuning: Fold,
    fitting: Fitting,
    whole: Fitting,
}

impl<'a> Search<'a> {
    /// Of a split. The protocol's `seed` and `threads` are those of the models too.
    pub fn new(
        of: &'a Interactions,
        split: &Split,
        features: Option<&'a Features>,
        protocol: Protocol,
    ) -> Search<'a> {
        let tuning = split.tuning();
        let fitting = tuning.fitting(of);
        let whole = split.testing().fitting(of);
        Search { of, features, protocol, tuning, fitting, whole }
    }

    /// What is fitted on training alone, and what it is measured on.
    pub fn tuning(&self) -> &Fold {
        &self.tuning
    }

    /// Fits a model on training alone, as for a mix that is learnt on validation.
    pub fn fit_tuning(&self, model: &Model, progress: Progress<'_>) -> Result<Box<dyn Recommender>> {
        self.fit_on(&self.fitting, model, progress)
    }

    /// Fits a model on training and validation.
    pub fn fit(&self, model: &Model, progress: Progress<'_>) -> Result<Box<dyn Recommender>> {
        self.fit_on(&self.whole, model, progress)
    }

    fn fit_on(
        &self,
        fitting: &Fitting,
        model: &Model,
        progress: Progress<'_>,
    ) -> Result<Box<dyn Recommender>> {
        let Protocol { seed, threads, .. } = self.protocol;
        let mut training = fitting.training(self.of, seed, threads);
        training.features = self.features;
        within_threads(threads, || model.fit(&training, progress))
    }

    /// Tries the settings of `grid` for at most about `limit`.
    pub fn run(&self, grid: &[Model], limit: Duration, progress: Progress<'_>) -> Result<Found> {
        let start = Instant::now();
        let mut tried: Vec<Tried> = Vec::new();
        let mut best: Option<(usize, f64)> = None;
        for (place, model) in grid.iter().enumerate() {
            if place > 0 && start.elapsed() >= limit {
                break;
            }
            let began = Instant::now();
            let stopped = AtomicBool::new(false);
            let told = |done: usize, of: usize| {
                let step = place * STEPS + STEPS * done.min(of) / of.max(1);
                let go_on = progress(step, grid.len() * STEPS);
                stopped.fetch_or(!go_on, Ordering::Relaxed);
                go_on && (place == 0 || start.elapsed() < limit)
            };
            let outcome = self
                .fit_tuning(model, &told)
                .and_then(|fitted| ndcg(self.of, &self.tuning, fitted.as_ref(), &self.protocol, &told));
            let (figure, failed) = match outcome {
                Err(Error::Stopped) if stopped.into_inner() => return Err(Error::Stopped),
                Err(Error::Stopped) => (None, Some("out of time".to_owned())),
                Err(error) if grid.len() == 1 => return Err(error),
                Err(error) => (None, Some(error.to_string())),
                Ok(figure) => (figure, None),
            };
            if let Some(figure) = figure.filter(|f| best.is_none_or(|(_, most)| *f > most)) {
                best = Some((place, figure));
            }
            let nobody = figure.is_none() && failed.is_none();
            let seconds = began.elapsed().as_secs_f64();
            tried.push(Tried { model: model.clone(), ndcg: figure, seconds, failed });
            if nobody {
                break;
            }
        }
        // Without a figure the first setting that could be fitted is the likeliest.
        let usable = || tried.iter().position(|t| t.failed.is_none());
        let Some(winner) = best.map(|b| b.0).or_else(usable) else {
            let found = tried.first().and_then(|t| t.failed.clone()).unwrap_or("no settings".into());
            return Err(Error::input("a search", "a setting that can be fitted", found, "mend the settings"));
        };
        Ok(Found { best: grid[winner].clone(), ndcg: best.map(|b| b.1), tried, of: grid.len() })
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
    fn the_best_setting_is_found_and_fitted_on_everything_before_the_test() {
        let of = fashions();
        let split = split(&of, SplitBy::Time, Shares::default(), 0).unwrap();
        let search = Search::new(&of, &split, None, Protocol::default());
        let found = search.run(&grid(&[1.0, 0.5, 7.0, 0.05]), Duration::from_secs(60), &|_, _| true).unwrap();
        assert_eq!((&found.best, found.of, found.tried.len()), (&grid(&[0.05])[0], 4, 4));
        let figures: Vec<Option<f64>> = found.tried.iter().map(|t| t.ndcg).collect();
        assert!(figures[3] == found.ndcg && figures[3] > figures[0], "{figures:?}");
        assert!(found.tried[2].failed.as_deref().unwrap().starts_with("`recent` of popularity"));
        let fitted = search.fit(&grid(&[1.0])[0], &|_, _| true).unwrap();
        let mut scores = vec![0.0; of.items.len()];
        fitted.scores(crate::Query::default(), &mut scores);
        // A repeat is an event too.
        assert_eq!(scores.iter().sum::<f32>() as usize, split.train.len() + split.validation.len());
    }

    #[test]
    fn the_first_is_finished_and_time_ends_the_rest() {
        let of = fashions();
        let split = split(&of, SplitBy::Time, Shares::default(), 0).unwrap();
        let search = Search::new(&of, &split, None, Protocol::default());
        let found = search.run(&grid(&[1.0, 0.05]), Duration::ZERO, &|_, _| true).unwrap();
        assert_eq!((found.best, found.tried.len(), found.of), (grid(&[1.0])[0].clone(), 1, 2));
        assert!(found.tried[0].ndcg.is_some());
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
        let search = Search::new(&of, &split, None, Protocol::default());
        let found = search.run(&grid(&[0.5, 1.0]), Duration::from_secs(9), &|_, _| true).unwrap();
        assert_eq!((found.best, found.ndcg, found.tried.len()), (grid(&[0.5])[0].clone(), None, 1));
    }
}
