//! How well a linear model tells rows that it has not seen: stratified cross-validation.
//!
//! ```text
//! rows dealt to 5 folds; for each fold: the other four train
//!     a quarter of these is set aside; strengths 1e-2, 1e-3 ... 1e-6 are tried on the rest, each from the one before
//!     the strength with the least loss on the quarter is fitted to all four folds
//!     the fold is predicted once
//! ```
//! Strengths are in units of the mean squared length of a row ([`Linear`]). Nothing of a row that is being predicted was
//! used before: not for scaling, not for the strength, not for the weights. The figure is over all rows together.

use super::design::{Design, Scaler};
use super::{Features, Goal, Linear, Score};
use crate::Result;
use ronghe_stats::lbfgs::Stop;
use serde::Serialize;
use std::sync::Arc;

/// The features to use where these rows train: the same for all, or fitted to the training rows.
pub type FeaturesOf<'a> = dyn Fn(&[usize]) -> Result<Arc<Features>> + 'a;

/// What cross-validation found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Crossed {
    /// Over all rows, each predicted by the model that had not seen it.
    pub score: Score,
    /// Mean negative logarithm of the right class' probability, or mean squared error.
    pub loss: f64,
    /// The strength chosen in each fold.
    pub strengths: Vec<f64>,
}

/// Folds.
const FOLDS: usize = 5;
/// Parts of the training rows of which one chooses the strength.
const PARTS: usize = 4;
/// From strong to weak.
pub(super) const STRENGTHS: [f64; 5] = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6];
/// Strengths tried after the best one before weaker ones are not looked at.
const WORSE: usize = 2;

/// Cross-validates a linear model on all rows of `goal`.
pub fn cross_validate(
    features: &FeaturesOf<'_>,
    goal: &Goal,
    seed: u64,
    progress: &mut dyn FnMut(usize, usize) -> Result<()>,
) -> Result<Crossed> {
    let all: Vec<usize> = (0..goal.rows()).collect();
    let folds = goal.deal(&all, FOLDS.min(all.len()), seed);
    let outputs = goal.outputs();
    let mut predictions = vec![0.0; all.len() * outputs];
    let mut strengths = Vec::with_capacity(folds.len());
    for (i, held) in folds.iter().enumerate() {
        progress(i, folds.len())?;
        let train: Vec<usize> = all.iter().copied().filter(|row| held.binary_search(row).is_err()).collect();
        let features = features(&train)?;
        let (model, strength) = choose(&features, goal, &train, seed);
        let told = model.predict(&features, held);
        for (&row, told) in held.iter().zip(told.chunks_exact(outputs)) {
            predictions[row * outputs..][..outputs].copy_from_slice(told);
        }
        strengths.push(strength);
    }
    progress(folds.len(), folds.len())?;
    let score = goal.score(&all, &predictions);
    Ok(Crossed { score, loss: goal.loss(&all, &predictions), strengths })
}

/// Fits `train` with the strength that does best on a quarter of it; returns both.
pub(super) fn choose(features: &Features, goal: &Goal, train: &[usize], seed: u64) -> (Linear, f64) {
    let parts = goal.deal(train, PARTS.min(train.len()), seed);
    let (aside, rest) = match parts.split_last() {
        Some((aside, rest)) if !rest.is_empty() => (aside.clone(), rest.concat()),
        _ => (train.to_vec(), train.to_vec()),
    };
    let (model, strength) = along(features, goal, &rest, &aside);
    let stop = stop(features, train);
    (Linear::fit(features, goal, train, strength, Some(&model), stop), strength)
}

/// Fits `rest` with one strength after the other; returns the model that tells `aside` best, and its strength.
pub(super) fn along(features: &Features, goal: &Goal, rest: &[usize], aside: &[usize]) -> (Linear, f64) {
    let scaler = Scaler::new(features, rest);
    let (design, asked) = (Design::new(features, rest, &scaler), Design::new(features, aside, &scaler));
    let stop = stop(features, rest);
    let fit = |strength: f64, start: Option<&Linear>| {
        Linear::fit_design(&design, &scaler, goal, rest, strength, start, stop)
    };
    let loss = |model: &Linear| goal.loss(aside, &model.predict_design(&asked));
    let mut last = fit(STRENGTHS[0], None);
    let mut best = (loss(&last), STRENGTHS[0], last.clone());
    let mut since = 0;
    for &strength in &STRENGTHS[1..] {
        last = fit(strength, Some(&last));
        let loss = loss(&last);
        if loss < best.0 {
            (best, since) = ((loss, strength, last.clone()), 0);
        } else {
            since += 1;
            if since == WORSE {
                break;
            }
        }
    }
    (best.2, best.1)
}

/// A gradient well below what a choice between strengths or classes could notice, in the scale of the features.
fn stop(features: &Features, rows: &[usize]) -> Stop {
    let scale = match features {
        Features::Dense { .. } => 1.0,
        Features::Sparse { width, rows: entries } => {
            let square = |&r: &usize| entries[r].iter().map(|e| f64::from(e.1 * e.1)).sum::<f64>();
            let mean = rows.iter().map(square).sum::<f64>() / rows.len().max(1) as f64;
            (mean / (*width).max(1) as f64).sqrt()
        }
    };
    Stop { gradient: 1e-3 * scale, iterations: 200 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ronghe_graph::SplitMix;

    fn blobs(rows: usize, width: usize, apart: f32, seed: u64) -> (Features, Goal) {
        let mut stream = SplitMix::named(seed, "blobs");
        let labels: Vec<usize> = (0..rows).map(|i| i % 3).collect();
        let value = |label: usize, j: usize, noise: f32| noise + if j == label { apart } else { 0.0 };
        let values = labels
            .iter()
            .flat_map(|&l| (0..width).map(move |j| (l, j)))
            .map(|(l, j)| value(l, j, stream.normal()));
        let values = values.collect();
        (Features::Dense { width, values }, Goal::Classes { labels, count: 3 })
    }

    fn crossed(features: &Features, goal: &Goal, seed: u64) -> Crossed {
        let shared = Arc::new(features.clone());
        cross_validate(&|_| Ok(shared.clone()), goal, seed, &mut |_, _| Ok(()))
            .expect("no stop was asked for")
    }

    #[test]
    fn what_can_be_told_is_told_and_noise_is_not() {
        let (features, goal) = blobs(300, 6, 4.0, 1);
        let told = crossed(&features, &goal, 1);
        assert!(told.score.value > 0.95 && told.score.rows == 300, "{told:?}");
        let (low, high) = told.score.interval.expect("classes have one");
        assert!(low < told.score.value && told.score.value < high);
        // 300 columns of noise for 240 rows: a figure on training rows would be 1.
        let (noise, goal) = blobs(300, 300, 0.0, 2);
        let told = crossed(&noise, &goal, 1);
        assert!((0.2..0.47).contains(&told.score.value), "{told:?}");
        assert!(told.loss < 1.3, "the strength chosen keeps noise quiet: {told:?}");
    }

    #[test]
    fn a_column_known_only_from_held_out_rows_helps_nothing() {
        // Features that are fitted may use training rows only: they are told which these are.
        let (_, goal) = blobs(60, 1, 0.0, 3);
        let Goal::Classes { labels, .. } = goal.clone() else { unreachable!("made above") };
        let leak = |train: &[usize]| {
            let value = |row: usize| if train.contains(&row) { 0.0 } else { labels[row] as f32 };
            Ok(Arc::new(Features::Dense { width: 1, values: (0..60).map(value).collect() }))
        };
        let told = cross_validate(&leak, &goal, 1, &mut |_, _| Ok(())).expect("no stop was asked for");
        assert!(told.score.value < 0.4, "{told:?}");
    }

    #[test]
    fn a_quantity_is_told_by_its_share_of_variance() {
        let mut stream = SplitMix::named(4, "ridge");
        let values: Vec<f32> = (0..200 * 5).map(|_| stream.normal()).collect();
        let y = |r: &[f32]| f64::from(3.0 * r[0] - r[3] + 0.5 * stream.normal()) + 40.0;
        let numbers: Vec<f64> = values.chunks(5).map(y).collect();
        let told = crossed(&Features::Dense { width: 5, values }, &Goal::Numbers(numbers), 1);
        // 1 - 0.25 / 10.25 is the most that can be told.
        assert!((0.95..0.99).contains(&told.score.value), "{told:?}");
        assert_eq!(told.score.interval, None);
    }

    #[test]
    fn the_seed_decides_and_threads_do_not() {
        let (features, goal) = blobs(120, 40, 1.0, 5);
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| crossed(&features, &goal, 7))
        };
        assert_eq!(with(1), with(3));
    }

    #[test]
    fn few_rows_are_no_reason_to_panic() {
        for rows in 1..8 {
            let (features, goal) = blobs(rows, 2, 3.0, 6);
            assert_eq!(crossed(&features, &goal, 1).score.rows, rows);
        }
    }
}
