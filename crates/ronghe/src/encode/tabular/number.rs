//! Numbers to network inputs.
//!
//! | scale | a number `x` becomes |
//! |---|---|
//! | standard | `(x - mean) / std`, held within -10 to 10 |
//! | quantile | the normal score of its rank: `probit(rank(x))`, rank by linear interpolation between 257 training quantiles |
//! | piecewise | `clamp((x - e_t) / (e_{t+1} - e_t), 0, 1)` for each bin between training quantiles `e` (Gorishniy et al. 2022) |
//!
//! A missing number becomes zeros, which is the mean, the median, or "below every bin". `O(log knots)` or `O(bins)` a cell.
//!
//! A scale is learned from the numbers in proportion ([`proportion`]): with `m` the median and `d` the distance between the 10 % and the
//! 90 % quantile, those within `m ± 10^6 d`. One cell of 1e200 would else make all others equal. A cell beyond is read as the
//! outermost that the scale knows.

use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// How numbers are scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Numbers {
    /// Piecewise over many training values; over few, quantile where they are skewed, else standard.
    Auto,
    /// Mean 0, standard deviation 1.
    Standard,
    /// Normal scores of ranks.
    Quantile,
    /// Piecewise linear over quantile bins.
    Piecewise,
}

/// A fitted scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Scale {
    /// `(x - mean) * factor`; factor 0 for a constant.
    Standard { mean: f64, factor: f64 },
    /// Training quantiles at even ranks, in order.
    Quantile { knots: Vec<f64> },
    /// Distinct training quantiles, in order.
    Piecewise { edges: Vec<f64> },
}

/// Ranks that a quantile scale knows.
const KNOTS: usize = 257;
/// Standard scores and ranks beyond these say no more: one wrong cell must not outweigh a whole row.
const LARGEST: f64 = 10.0;
const OUTERMOST_RANK: f64 = 1e-3;
/// Training values from which on `Auto` takes bins: they let a network bend where a scaled number only tilts it. On
/// California housing the test error falls from 0.535 (standard) and 0.543 (quantile) to 0.470.
const MANY: usize = 1000;
/// Training values a bin, at least.
const VALUES_A_BIN: usize = 32;
/// Skewness above which `Auto` takes ranks.
const SKEWED: f64 = 1.0;

impl Scale {
    /// Learns the scale from training values, at most `bins` bins.
    pub(super) fn fit(mut values: Vec<f64>, how: Numbers, bins: usize) -> Scale {
        let mut sorted = values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        if let Some(range) = proportion(&sorted) {
            values.retain(|v| range.contains(v));
            sorted.retain(|v| range.contains(v));
        }
        let moments = Moments::of(&values);
        let values = sorted;
        let distinct = values.chunk_by(|a, b| a == b).count();
        let how = match how {
            Numbers::Auto if values.len() >= MANY && distinct > 2 => Numbers::Piecewise,
            Numbers::Auto if moments.skewness.abs() > SKEWED && distinct > 8 => Numbers::Quantile,
            Numbers::Auto => Numbers::Standard,
            asked => asked,
        };
        match how {
            Numbers::Quantile if distinct > 1 => {
                Scale::Quantile { knots: quantiles(&values, KNOTS.min(values.len())) }
            }
            Numbers::Piecewise if distinct > 1 => {
                let mut edges = quantiles(&values, bins.min(values.len() / VALUES_A_BIN).max(1) + 1);
                edges.dedup();
                Scale::Piecewise { edges }
            }
            _ => {
                let factor = if moments.std > 0.0 { 1.0 / moments.std } else { 0.0 };
                Scale::Standard { mean: moments.mean, factor }
            }
        }
    }

    /// Network inputs a number takes.
    pub(super) fn width(&self) -> usize {
        match self {
            Scale::Piecewise { edges } => edges.len().saturating_sub(1),
            _ => 1,
        }
    }

    /// Writes the inputs of `x`.
    pub(super) fn write(&self, x: f64, out: &mut [f32]) {
        match self {
            Scale::Standard { mean, factor } => {
                out[0] = ((x - mean) * factor).clamp(-LARGEST, LARGEST) as f32;
            }
            Scale::Quantile { knots } => {
                out[0] = probit(rank(knots, x).clamp(OUTERMOST_RANK, 1.0 - OUTERMOST_RANK)) as f32;
            }
            Scale::Piecewise { edges } => {
                for (out, edge) in out.iter_mut().zip(edges.windows(2)) {
                    *out = ((x - edge[0]) / (edge[1] - edge[0])).clamp(0.0, 1.0) as f32;
                }
            }
        }
    }
}

/// Distances between the 10 % and the 90 % quantile that a number may be away from the median.
const PROPORTION: f64 = 1e6;

/// Where numbers are in proportion to each other, by sorted values: far enough out that no column of real quantities reaches it. Where
/// the inner values are all the same, narrower tails are cut off; none where only one value, or too few, tell of a scale.
pub(crate) fn proportion(sorted: &[f64]) -> Option<RangeInclusive<f64>> {
    let n = sorted.len();
    if n < 8 {
        return None;
    }
    let median = sorted[n / 2];
    let width = |cut: usize| sorted[n - 1 - cut.max(1)] - sorted[cut.max(1)];
    let width = [n / 10, n / 50, 1].into_iter().map(width).find(|width| *width > 0.0)?;
    Some(median - PROPORTION * width..=median + PROPORTION * width)
}

struct Moments {
    mean: f64,
    std: f64,
    skewness: f64,
}

impl Moments {
    fn of(values: &[f64]) -> Moments {
        let moments = Moments::in_range(values);
        if [moments.mean, moments.std, moments.skewness].iter().all(|m| m.is_finite()) {
            return moments;
        }
        // Numbers whose sums or powers are beyond f64.
        let largest = values.iter().fold(0.0f64, |largest, v| largest.max(v.abs()));
        let scaled: Vec<f64> = values.iter().map(|v| v / largest).collect();
        let Moments { mean, std, skewness } = Moments::in_range(&scaled);
        Moments { mean: mean * largest, std: std * largest, skewness }
    }

    fn in_range(values: &[f64]) -> Moments {
        let count = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / count;
        let central = |power: i32| values.iter().map(|v| (v - mean).powi(power)).sum::<f64>() / count;
        let std = central(2).sqrt();
        // Rounding of the mean leaves a constant column with a speck of spread.
        let std = if std > 1e-12 * mean.abs() { std } else { 0.0 };
        let skewness = if std > 0.0 { central(3) / std.powi(3) } else { 0.0 };
        Moments { mean, std, skewness }
    }
}

/// `count` quantiles at even ranks from first to last of sorted values.
fn quantiles(sorted: &[f64], count: usize) -> Vec<f64> {
    let last = sorted.len().saturating_sub(1);
    let at = |i: usize| {
        let place = i as f64 / (count - 1).max(1) as f64 * last as f64;
        let (low, part) = (place.floor() as usize, place.fract());
        let (a, b) = (sorted[low], sorted[(low + 1).min(last)]);
        // Not `a + part * (b - a)`, which overflows where the values span the whole range of f64.
        a * (1.0 - part) + b * part
    };
    (0..count.max(2)).map(at).collect()
}

/// Where `x` stands among the knots, 0 to 1; a value that several knots have stands in their middle.
fn rank(knots: &[f64], x: f64) -> f64 {
    let below = knots.partition_point(|&k| k < x);
    let up_to = knots.partition_point(|&k| k <= x);
    let last = knots.len().saturating_sub(1).max(1) as f64;
    if below < up_to {
        return (below + up_to - 1) as f64 / 2.0 / last;
    }
    match (below.checked_sub(1).map(|i| knots[i]), knots.get(below)) {
        (Some(low), Some(high)) => ((below - 1) as f64 + (x - low) / (high - low)) / last,
        (None, _) => 0.0,
        (_, None) => 1.0,
    }
}

/// Inverse of the standard normal distribution function: Acklam's rational approximation, relative error below 1.2e-9.
fn probit(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969683028665376e1,
        2.209460984245205e2,
        -2.759285104469687e2,
        1.383_577_518_672_69e2,
        -3.066479806614716e1,
        2.506628277459239,
    ];
    const B: [f64; 6] = [
        -5.447609879822406e1,
        1.615858368580409e2,
        -1.556989798598866e2,
        6.680131188771972e1,
        -1.328068155288572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784894002430293e-3,
        -3.223964580411365e-1,
        -2.400758277161838,
        -2.549732539343734,
        4.374664141464968,
        2.938163982698783,
    ];
    const D: [f64; 5] =
        [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1.0];
    const TAIL: f64 = 0.02425;
    let polynomial = |c: &[f64], x: f64| c.iter().fold(0.0, |sum, c| sum * x + c);
    let tail = |p: f64| {
        let q = (-2.0 * p.ln()).sqrt();
        polynomial(&C, q) / polynomial(&D, q)
    };
    if p < TAIL {
        tail(p)
    } else if p > 1.0 - TAIL {
        -tail(1.0 - p)
    } else {
        let q = p - 0.5;
        let r = q * q;
        polynomial(&A, r) * q / polynomial(&B, r)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(scale: &Scale, x: f64) -> f32 {
        let mut out = vec![0.0; scale.width()];
        scale.write(x, &mut out);
        out[0]
    }

    #[test]
    fn probit_has_its_textbook_values() {
        for (p, z) in
            [(0.5, 0.0), (0.975, 1.959963984540054), (0.01, -2.326347874040841), (0.999, 3.090232306167813)]
        {
            assert!((probit(p) - z).abs() < 1e-8, "{p}");
        }
    }

    #[test]
    fn standard_scores_are_held_and_constants_are_zero() {
        let scale = Scale::fit(vec![1.0, 2.0, 3.0], Numbers::Auto, 8);
        assert!((one(&scale, 3.0) - 1.2247449).abs() < 1e-6);
        assert_eq!(one(&scale, 1e300), 10.0);
        let constant = Scale::fit(vec![0.1; 7], Numbers::Quantile, 8);
        assert_eq!(one(&constant, 55.0), 0.0);
        assert_eq!(one(&Scale::fit(vec![], Numbers::Piecewise, 8), 55.0), 0.0);
        for unit in [1e200, 5e307] {
            let scale = Scale::fit(vec![unit, 2.0 * unit, 3.0 * unit], Numbers::Standard, 8);
            assert!((one(&scale, 3.0 * unit) - 1.2247449).abs() < 1e-6, "{unit}");
        }
    }

    #[test]
    fn skewed_values_get_normal_scores() {
        let values: Vec<f64> = (0..999).map(|i| (f64::from(i) / 100.0).exp()).collect();
        let scale = Scale::fit(values.clone(), Numbers::Auto, 8);
        assert!(matches!(scale, Scale::Quantile { .. }));
        let more: Vec<f64> = values.iter().chain(&values).copied().collect();
        assert!(matches!(Scale::fit(more, Numbers::Auto, 8), Scale::Piecewise { edges } if edges.len() == 9));
        assert!(one(&scale, values[500]).abs() < 0.01);
        assert!((one(&scale, values[975]) - 1.96).abs() < 0.05);
        assert!(one(&scale, 1e30) > 3.0 && one(&scale, -1.0) < -3.0);
    }

    #[test]
    fn one_cell_out_of_all_proportion_changes_nothing_for_the_others() {
        let ordinary: Vec<f64> = (0..300).map(|i| f64::from(i * 37 % 101)).collect();
        for how in [Numbers::Auto, Numbers::Standard, Numbers::Quantile, Numbers::Piecewise] {
            let expected = Scale::fit(ordinary.clone(), how, 8);
            for huge in [1e200, -1e200, 1e15, f64::MAX] {
                let with: Vec<f64> = ordinary.iter().copied().chain([huge]).collect();
                let scale = Scale::fit(with, how, 8);
                assert_eq!(scale, expected, "{how:?}, {huge}");
                let at = one(&scale, huge);
                assert!(at.is_finite() && (huge < 0.0 || at >= one(&scale, 100.0)), "{how:?}, {huge}: {at}");
            }
        }
        // Of a long tail nothing is cut off, nor of a column that is nearly always the same.
        let tail: Vec<f64> = (0..300).map(|i| (f64::from(i) / 20.0).exp()).collect();
        assert!(proportion(&tail).is_some_and(|range| tail.iter().all(|v| range.contains(v))));
        let same: Vec<f64> = std::iter::repeat_n(0.0, 299).chain([5.0]).collect();
        assert_eq!((proportion(&same), proportion(&[1.0, 2.0, 1e200])), (None, None));
    }

    #[test]
    fn ties_stand_in_their_middle() {
        let scale = Scale::fit(vec![0.0, 5.0, 5.0, 5.0, 9.0], Numbers::Quantile, 8);
        assert_eq!(one(&scale, 5.0), 0.0);
    }

    #[test]
    fn piecewise_bins_fill_one_after_another() {
        let scale = Scale::fit((0..=200).map(f64::from).collect(), Numbers::Piecewise, 4);
        let mut out = [0.0; 4];
        scale.write(120.0, &mut out);
        assert_eq!(out, [1.0, 1.0, 0.4, 0.0]);
        scale.write(-3.0, &mut out);
        assert_eq!(out, [0.0; 4]);
    }
}
