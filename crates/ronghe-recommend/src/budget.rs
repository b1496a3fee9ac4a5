//! Time for a comparison, and how far it is.

use crate::Result;
use crate::search::Trial;
use std::fmt;
use std::time::{Duration, Instant};

/// What is being done with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// One of its settings is tried.
    Trying {
        /// Which, from 1.
        setting: usize,
        /// Of how many.
        of: usize,
    },
    /// The weights of a mix are learnt.
    Mixing,
    /// It is fitted with the settings chosen.
    Fitting,
    /// Its lists are made.
    Ranking,
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Doing::Trying { setting, of } => write!(f, "setting {setting} of {of}"),
            Doing::Mixing => write!(f, "learning weights"),
            Doing::Fitting => write!(f, "fitting"),
            Doing::Ranking => write!(f, "ranking"),
        }
    }
}

/// How far a comparison is.
#[derive(Debug, Clone, Copy)]
pub struct Stage<'a> {
    /// Name of the model.
    pub model: &'a str,
    /// What is done with it.
    pub doing: Doing,
    /// Time left for everything, as far as what was measured so far says.
    pub left: Duration,
    /// Share of the time that is over, 0 to 1.
    pub share: f64,
}

/// Told how far a comparison is; false stops it with [`crate::Error::Stopped`].
pub type Told<'a> = &'a (dyn Fn(&Stage<'_>) -> bool + Sync);

/// Seconds of fitting and ranking once more, beside those of a setting that was tried.
const AGAIN: f64 = 1.2;
/// The same of what a mix does with a member: scores to learn by, and to rank by.
const MIXED: f64 = 0.3;

/// Time that began to run.
pub(crate) struct Budget<'a> {
    began: Instant,
    limit: f64,
    told: Told<'a>,
}

impl<'a> Budget<'a> {
    pub(crate) fn new(limit: Duration, told: Told<'a>) -> Budget<'a> {
        Budget { began: Instant::now(), limit: limit.as_secs_f64(), told }
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// Seconds until the limit; 0 after it.
    pub(crate) fn left(&self) -> f64 {
        (self.limit - self.seconds()).max(0.0)
    }

    /// A stage that begins now: it takes about `expected` seconds, what comes after it about `later`.
    pub(crate) fn stage(&self, doing: Doing, expected: f64, later: f64) -> Running<'_> {
        Running { budget: self, doing, start: Instant::now(), expected, later }
    }
}

/// A stage that is under way.
pub(crate) struct Running<'b> {
    budget: &'b Budget<'b>,
    doing: Doing,
    start: Instant,
    expected: f64,
    later: f64,
}

impl Running<'_> {
    /// Tells how far it is. While settings are tried everything ends with the limit, if not before.
    pub(crate) fn tell(&self, model: &str, done: usize, of: usize) -> bool {
        let gone = self.start.elapsed().as_secs_f64();
        let part = (done as f64 / of.max(1) as f64).min(1.0);
        // The beginning of a stage says little about its end.
        let here = if part > 0.1 { gone * (1.0 - part) / part } else { (self.expected - gone).max(0.0) };
        let mut left = here + self.later;
        if matches!(self.doing, Doing::Trying { .. }) {
            left = left.min(self.budget.left().max(here));
        }
        let over = self.budget.seconds();
        let share = over / (over + left).max(1e-9);
        (self.budget.told)(&Stage { model, doing: self.doing, left: Duration::from_secs_f64(left), share })
    }
}

/// Seconds that fitting and ranking the chosen settings of these models will take.
pub(crate) fn reserve(trials: &[Trial<'_, '_>]) -> f64 {
    trials.iter().map(|t| t.cost() * if t.is_kept() { AGAIN + MIXED } else { AGAIN }).sum()
}

/// Tries settings of all models: of each the first at any rate; then, beginning with the model whose settings need the least time, as many of the
/// others as an equal share of the time left allows. What a model leaves is shared among the rest, and enough is left for fitting
/// and ranking what was chosen. So the limit is passed only by what the first settings themselves need, and by one step of a fit.
pub(crate) fn spend(trials: &mut [Trial<'_, '_>], budget: &Budget<'_>) -> Result<()> {
    for place in 0..trials.len() {
        let tried = &trials[..place];
        let mean = tried.iter().map(Trial::cost).sum::<f64>() / place.max(1) as f64;
        let untried: usize = trials[place..].iter().map(Trial::left).sum();
        let later = plan(tried) + mean * untried.saturating_sub(1) as f64;
        trials[place].next(None, budget, mean, later)?;
    }
    let mut order: Vec<usize> = (0..trials.len()).collect();
    let wish = |t: &Trial<'_, '_>| t.left() as f64 * t.cost();
    order.sort_by(|&a, &b| wish(&trials[a]).total_cmp(&wish(&trials[b])));
    for (done, &place) in order.iter().enumerate() {
        let share = (budget.left() - reserve(trials)).max(0.0) / (order.len() - done) as f64;
        let until = Instant::now() + Duration::from_secs_f64(share);
        let within = |cost: f64| Instant::now() + Duration::from_secs_f64(cost) <= until;
        while trials[place].left() > 0 && within(trials[place].cost()) {
            let cost = trials[place].cost();
            let later = (plan(trials) - cost).max(0.0);
            trials[place].next(Some(until), budget, cost, later)?;
        }
    }
    Ok(())
}

/// Seconds of all settings that are left, and of fitting and ranking.
fn plan(trials: &[Trial<'_, '_>]) -> f64 {
    reserve(trials) + trials.iter().map(|t| t.left() as f64 * t.cost()).sum::<f64>()
}
