//! Figures of classifiers.
//!
//! AUC of a class against the rest is the Mann-Whitney statistic with ties counted half; the mean is over classes that
//! have both kinds of rows. The calibration error is `sum_b n_b / n |right_b - confidence_b|` over 15 equal-width bins
//! of the highest probability (Guo et al. 2017); for multi-label, of each label's probability.

use super::Metrics;
use crate::{Predictions, Task};
use ronghe_stats::interval::wilson;
use serde::{Deserialize, Serialize};

/// `counts[truth][prediction]`, both in the order of `labels`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// Class names.
    pub labels: Vec<String>,
    /// Rows of each (truth, prediction).
    pub counts: Vec<Vec<usize>>,
}

/// Probabilities are kept this far from 0 before a logarithm is taken.
pub(super) const FLOOR: f64 = 1e-15;

pub(super) fn classes(task: &Task, predictions: &Predictions, truth: &[i32], metrics: &mut Metrics) {
    let k = task.labels.len();
    let rows: Vec<(usize, usize)> =
        truth.iter().enumerate().filter_map(|(row, &y)| usize::try_from(y).ok().map(|y| (row, y))).collect();
    let mut counts = vec![vec![0; k]; k];
    rows.iter().for_each(|&(row, y)| counts[y][predictions.best(row)] += 1);
    let right: usize = (0..k).map(|c| counts[c][c]).sum();
    let n = rows.len();
    metrics.rows = n;
    metrics.push("accuracy", right as f64 / n as f64, Some(wilson(right, n)));
    let recalls = (0..k).filter_map(|c| ratio(counts[c][c], counts[c].iter().sum()));
    metrics.push("balanced_accuracy", mean(recalls), None);
    let f1 = (0..k).filter_map(|c| {
        let predicted: usize = counts.iter().map(|row| row[c]).sum();
        ratio(2 * counts[c][c], predicted + counts[c].iter().sum::<usize>())
    });
    metrics.push("macro_f1", mean(f1), None);
    let columns = if k == 2 { 1..2 } else { 0..k };
    let areas = columns.filter_map(|c| auc(rows.iter().map(|&(row, y)| (predictions.row(row)[c], y == c))));
    metrics.push("auc", mean(areas), None);
    let loss: f64 = rows.iter().map(|&(row, y)| -predictions.row(row)[y].max(FLOOR).ln()).sum();
    metrics.push("log_loss", loss / n as f64, None);
    let confidence = rows.iter().map(|&(row, y)| {
        let best = predictions.best(row);
        (predictions.row(row)[best], best == y)
    });
    metrics.push("ece", calibration_error(confidence), None);
    metrics.confusion = Some(Confusion { labels: task.labels.clone(), counts });
}

pub(super) fn labels(predictions: &Predictions, truth: &[f32], metrics: &mut Metrics) {
    let k = predictions.width;
    // Rows whose labels are not known are so throughout.
    let known = |(_, y): &(&f64, &f32)| **y >= 0.0;
    let pairs = || predictions.values.iter().zip(truth).filter(known).map(|(&p, &y)| (p, y > 0.5));
    let n = pairs().count();
    metrics.rows = n / k.max(1);
    let right = pairs().filter(|&(p, y)| (p > 0.5) == y).count();
    // Labels of one row are not independent, so that no interval is given.
    metrics.push("accuracy", right as f64 / n as f64, None);
    let column = |c: usize| pairs().skip(c).step_by(k);
    let f1 = (0..k).filter_map(|c| {
        let hit = column(c).filter(|&(p, y)| p > 0.5 && y).count();
        let either: usize = column(c).map(|(p, y)| usize::from(p > 0.5) + usize::from(y)).sum();
        ratio(2 * hit, either)
    });
    metrics.push("macro_f1", mean(f1), None);
    metrics.push("auc", mean((0..k).filter_map(|c| auc(column(c)))), None);
    let loss: f64 = pairs().map(|(p, y)| -(if y { p } else { 1.0 - p }).max(FLOOR).ln()).sum();
    metrics.push("log_loss", loss / n as f64, None);
    metrics.push("ece", calibration_error(pairs()), None);
}

fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(s, n), v| (s + v, n + 1));
    sum / f64::from(count)
}

/// `O(n log n)`; none where all rows are of one kind, or where a prediction is not a number and has no rank.
fn auc(pairs: impl Iterator<Item = (f64, bool)>) -> Option<f64> {
    let mut pairs: Vec<(f64, bool)> = pairs.collect();
    if pairs.iter().any(|p| p.0.is_nan()) {
        return None;
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let positives = pairs.iter().filter(|p| p.1).count();
    let negatives = pairs.len() - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let (mut area, mut below, mut i) = (0.0, 0usize, 0);
    while i < pairs.len() {
        let tied = pairs[i..].iter().take_while(|p| p.0 == pairs[i].0).count();
        let up = pairs[i..i + tied].iter().filter(|p| p.1).count();
        let down = tied - up;
        area += up as f64 * (below as f64 + down as f64 / 2.0);
        below += down;
        i += tied;
    }
    Some(area / (positives as f64 * negatives as f64))
}

fn calibration_error(pairs: impl Iterator<Item = (f64, bool)>) -> f64 {
    let mut bins = [(0.0, 0.0); 15];
    let mut n = 0.0;
    for (confidence, right) in pairs {
        let bin = ((confidence * 15.0) as usize).min(14);
        bins[bin].0 += confidence;
        bins[bin].1 += f64::from(u8::from(right));
        n += 1.0;
    }
    bins.iter().map(|(confidence, right)| (confidence - right).abs()).sum::<f64>() / n
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Targets, TaskKind};

    fn task() -> Task {
        Task {
            kind: TaskKind::MultiClass,
            columns: vec!["y".into()],
            separator: "|".into(),
            labels: vec!["a".into(), "b".into(), "c".into()],
            mean: 0.0,
            std: 1.0,
        }
    }

    #[test]
    fn figures_by_hand() {
        let values = vec![0.7, 0.2, 0.1, 0.4, 0.5, 0.1, 0.2, 0.2, 0.6, 0.1, 0.6, 0.3];
        let predictions = Predictions { kind: TaskKind::MultiClass, values, width: 3 };
        let metrics = super::super::evaluate(&task(), &predictions, &Targets::Classes(vec![0, 0, 2, 1]));
        assert_eq!(metrics.get("accuracy"), Some(0.75));
        assert!((metrics.get("balanced_accuracy").unwrap() - (0.5 + 1.0 + 1.0) / 3.0).abs() < 1e-12);
        assert!((metrics.get("macro_f1").unwrap() - (2.0 / 3.0 + 2.0 / 3.0 + 1.0) / 3.0).abs() < 1e-12);
        let loss = -(0.7f64.ln() + 0.4f64.ln() + 0.6f64.ln() + 0.6f64.ln()) / 4.0;
        assert!((metrics.get("log_loss").unwrap() - loss).abs() < 1e-12);
        assert_eq!(metrics.confusion.unwrap().counts, vec![vec![1, 1, 0], vec![0, 1, 0], vec![0, 0, 1]]);
    }

    #[test]
    fn auc_counts_ties_half() {
        let pairs = [(0.1, false), (0.4, false), (0.4, true), (0.8, true)];
        assert_eq!(auc(pairs.into_iter()), Some((0.5 + 1.0 + 1.0 + 1.0) / 4.0));
        assert_eq!(auc([(0.1, true)].into_iter()), None);
    }

    #[test]
    fn what_is_not_a_number_has_no_figures() {
        assert_eq!(auc([(0.1, true), (f64::NAN, false), (0.3, false)].into_iter()), None);
        assert_eq!(auc([(f64::INFINITY, true), (0.0, false), (-0.0, true)].into_iter()), Some(0.75));
        for bad in [f64::NAN, f64::INFINITY] {
            let values = vec![0.7, 0.2, 0.1, 0.4, bad, 0.1];
            let predictions = Predictions { kind: TaskKind::MultiClass, values, width: 3 };
            let metrics = super::super::evaluate(&task(), &predictions, &Targets::Classes(vec![0, 1]));
            assert_eq!((metrics.rows, metrics.figures.len()), (2, 0), "{metrics:?}");
        }
    }

    #[test]
    fn a_missing_target_is_left_out() {
        let predictions =
            Predictions { kind: TaskKind::MultiClass, values: vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0], width: 3 };
        let metrics = super::super::evaluate(&task(), &predictions, &Targets::Classes(vec![0, -1]));
        assert_eq!((metrics.rows, metrics.get("accuracy")), (1, Some(1.0)));
    }
}
