//! Intervals of a mean over questions, rows or users, by the bootstrap.
//!
//! From `n` values, `B = 2000` times draw `n` with replacement and take their mean; the interval at level `1 - a` lies between the
//! `a/2` and `1 - a/2` quantiles of the means (percentile interval; quantiles between two order statistics are
//! interpolated). Two systems on the same questions are compared by their paired differences. Each draw has a stream of its
//! own, so it depends on nothing but its number. `O(B n)` time, `O(B)` memory.
//!
//! Source: B. Efron & R. Tibshirani, "An introduction to the bootstrap", 1993; for search, T. Sakai 2006.

use crate::random::SplitMix64;

/// Times that values are drawn anew.
const DRAWS: u64 = 2_000;

/// A mean and its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Mean of `values` and its interval at `level` (0.95: 95 %); `stream` gives the random numbers of each draw. `None` without
/// values, with one that is not finite, or where the level is not between 0 and 1.
///
/// ```
/// use ronghe_stats::bootstrap::interval;
/// use ronghe_stats::random::SplitMix64;
/// let found = interval(&[0.0, 1.0, 1.0, 1.0], 0.95, |draw| SplitMix64::numbered(7, draw)).unwrap();
/// assert_eq!(found.mean, 0.75);
/// assert!(found.low < 0.75 && found.high == 1.0);
/// ```
pub fn interval(values: &[f64], level: f64, stream: impl Fn(u64) -> SplitMix64) -> Option<Interval> {
    if values.is_empty() || values.iter().any(|v| !v.is_finite()) || !(level > 0.0 && level < 1.0) {
        return None;
    }
    let n = values.len();
    let mean_of = |draw: u64| {
        let mut random = stream(draw);
        (0..n).map(|_| values[random.below(n)]).sum::<f64>() / n as f64
    };
    let mut means: Vec<f64> = (0..DRAWS).map(mean_of).collect();
    means.sort_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    Some(Interval {
        mean: values.iter().sum::<f64>() / n as f64,
        low: quantile(&means, tail),
        high: quantile(&means, 1.0 - tail),
    })
}

/// Mean of `a - b`, question by question, and its interval. `None` also where they are not as many.
pub fn paired(a: &[f64], b: &[f64], level: f64, stream: impl Fn(u64) -> SplitMix64) -> Option<Interval> {
    if a.len() != b.len() {
        return None;
    }
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    interval(&differences, level, stream)
}

/// Quantile `q` of sorted values.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let (below, share) = (at.floor() as usize, at.fract());
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + share * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeded(seed: u64) -> impl Fn(u64) -> SplitMix64 {
        move |draw| SplitMix64::numbered(seed, draw)
    }

    #[test]
    fn close_to_the_normal_interval() {
        // 400 values, half 0 and half 1: the mean's standard error is 0.5 / 20 = 0.025.
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let found = interval(&values, 0.95, seeded(1)).unwrap();
        assert!((found.low - (0.5 - 1.96 * 0.025)).abs() < 0.005, "{found:?}");
        assert!((found.high - (0.5 + 1.96 * 0.025)).abs() < 0.005, "{found:?}");
        assert_eq!(interval(&values, 0.95, seeded(1)), Some(found));
        assert_ne!(interval(&values, 0.95, seeded(2)), Some(found));
    }

    #[test]
    fn pairs_take_out_what_both_share() {
        let a: Vec<f64> = (0..50).map(|i| f64::from(i) + 0.1).collect();
        let b: Vec<f64> = (0..50).map(f64::from).collect();
        let found = paired(&a, &b, 0.95, seeded(3)).unwrap();
        assert!((found.low - 0.1).abs() < 1e-9 && (found.high - 0.1).abs() < 1e-9);
        assert_eq!(paired(&a, &b[1..], 0.95, seeded(3)), None);
    }

    #[test]
    fn quantiles_lie_between() {
        assert_eq!(quantile(&[0.0, 1.0, 2.0], 0.25), 0.5);
        assert_eq!(quantile(&[5.0], 0.9), 5.0);
        assert_eq!(interval(&[], 0.95, seeded(0)), None);
        assert_eq!(interval(&[1.0], 1.0, seeded(0)), None);
    }
}
