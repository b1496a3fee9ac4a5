//! Intervals of means over questions, as reports write them: [`ronghe_stats::bootstrap`] with streams named by the draws.

use ronghe_graph::SplitMix;
use ronghe_stats::bootstrap;
use ronghe_stats::random::SplitMix64;
use serde::{Deserialize, Serialize};

/// A mean and its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl From<bootstrap::Interval> for Interval {
    fn from(found: bootstrap::Interval) -> Interval {
        Interval { mean: found.mean, low: found.low, high: found.high }
    }
}

/// Mean of `values` and its interval at `level` (0.95: 95 %). `None` without values, with one that is not finite, or where the
/// level is not between 0 and 1.
///
/// ```
/// let found = ronghe_knowledge::evaluate::interval(&[0.0, 1.0, 1.0, 1.0], 0.95, 7).unwrap();
/// assert_eq!(found.mean, 0.75);
/// assert!(found.low < 0.75 && found.high == 1.0);
/// ```
pub fn interval(values: &[f64], level: f64, seed: u64) -> Option<Interval> {
    bootstrap::interval(values, level, named(seed)).map(Interval::from)
}

/// Mean of `a - b`, question by question, and its interval. `None` also where they are not as many.
pub fn paired_interval(a: &[f64], b: &[f64], level: f64, seed: u64) -> Option<Interval> {
    bootstrap::paired(a, b, level, named(seed)).map(Interval::from)
}

fn named(seed: u64) -> impl Fn(u64) -> SplitMix64 {
    move |draw| SplitMix::named(seed, &format!("bootstrap {draw}")).into()
}
