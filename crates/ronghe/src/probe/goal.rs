//! What is to be told from a vector, and how well it was told.

use crate::{Targets, Task, TaskKind};
use ronghe_graph::SplitMix;
use ronghe_stats::interval::wilson;
use serde::Serialize;

/// The answers of the rows; none is missing.
#[derive(Debug, Clone, PartialEq)]
pub enum Goal {
    /// The class of each row.
    Classes {
        /// Index of each row's class.
        labels: Vec<usize>,
        /// How many classes there are.
        count: usize,
    },
    /// A quantity of each row.
    Numbers(Vec<f64>),
}

/// How well rows were told that the model had not seen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// Rows.
    pub rows: usize,
    /// Share of right rows; for a quantity the share of variance explained, R².
    pub value: f64,
    /// 95 % interval of the share of right rows (Wilson).
    pub interval: Option<(f64, f64)>,
    /// Whether each row was right, of classes.
    #[serde(skip)]
    pub right: Vec<bool>,
}

impl Goal {
    /// The answers of `rows` with a target, and those rows; `None` for several labels at once.
    pub fn new(task: &Task, targets: &Targets, rows: &[usize]) -> Option<(Goal, Vec<usize>)> {
        match (task.kind, targets) {
            (TaskKind::Binary | TaskKind::MultiClass, Targets::Classes(classes)) => {
                let known = |&row: &usize| Some((row, usize::try_from(classes[row]).ok()?));
                let (rows, labels) = rows.iter().filter_map(known).unzip();
                Some((Goal::Classes { labels, count: task.labels.len() }, rows))
            }
            (TaskKind::Regression, Targets::Numbers(numbers)) => {
                let known = |&row: &usize| Some((row, numbers[row]?));
                let (rows, numbers) = rows.iter().filter_map(known).unzip();
                Some((Goal::Numbers(numbers), rows))
            }
            _ => None,
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Goal::Classes { labels, .. } => labels.len(),
            Goal::Numbers(numbers) => numbers.len(),
        }
    }

    /// Outputs of a model: one a class, or one.
    pub fn outputs(&self) -> usize {
        match self {
            Goal::Classes { count, .. } => *count,
            Goal::Numbers(_) => 1,
        }
    }

    /// The answers of chosen rows, in that order.
    pub fn take(&self, rows: &[usize]) -> Goal {
        match self {
            Goal::Classes { labels, count } => {
                Goal::Classes { labels: rows.iter().map(|&r| labels[r]).collect(), count: *count }
            }
            Goal::Numbers(numbers) => Goal::Numbers(rows.iter().map(|&r| numbers[r]).collect()),
        }
    }

    /// The best that can be said without looking at a row: the most frequent class, or the mean.
    pub fn blind(&self) -> Score {
        let all: Vec<usize> = (0..self.rows()).collect();
        let predictions: Vec<f64> = match self {
            Goal::Classes { labels, count } => {
                let mut counts = vec![0.0; *count];
                labels.iter().for_each(|&c| counts[c] += 1.0);
                counts.repeat(labels.len())
            }
            Goal::Numbers(numbers) => vec![self.scale(&all).0; numbers.len()],
        };
        self.score(&all, &predictions)
    }

    /// Compares predictions `[rows, outputs]` of chosen rows with their answers.
    pub fn score(&self, rows: &[usize], predictions: &[f64]) -> Score {
        match self {
            Goal::Classes { labels, count } => {
                let told = rows.iter().zip(predictions.chunks_exact(*count));
                let best = |p: &[f64]| (0..p.len()).fold(0, |best, c| if p[c] > p[best] { c } else { best });
                Score::of_right(told.map(|(&r, p)| best(p) == labels[r]).collect())
            }
            Goal::Numbers(numbers) => {
                let mean = rows.iter().map(|&r| numbers[r]).sum::<f64>() / rows.len().max(1) as f64;
                let spread: f64 = rows.iter().map(|&r| (numbers[r] - mean).powi(2)).sum();
                let left: f64 = rows.iter().zip(predictions).map(|(&r, p)| (numbers[r] - p).powi(2)).sum();
                let value = if spread > 0.0 { 1.0 - left / spread } else { 0.0 };
                Score { rows: rows.len(), value, interval: None, right: Vec::new() }
            }
        }
    }

    /// Mean loss of predictions: negative logarithm of the right class' probability, or squared error.
    pub(super) fn loss(&self, rows: &[usize], predictions: &[f64]) -> f64 {
        let sum: f64 = match self {
            Goal::Classes { labels, count } => {
                let each = rows.iter().zip(predictions.chunks_exact(*count));
                each.map(|(&r, p)| -p[labels[r]].max(1e-15).ln()).sum()
            }
            Goal::Numbers(numbers) => {
                rows.iter().zip(predictions).map(|(&r, p)| (numbers[r] - p).powi(2)).sum()
            }
        };
        sum / rows.len().max(1) as f64
    }

    /// Mean and deviation of a quantity over `rows`; 0 and 1 for classes.
    pub(super) fn scale(&self, rows: &[usize]) -> (f64, f64) {
        let Goal::Numbers(numbers) = self else { return (0.0, 1.0) };
        let n = rows.len().max(1) as f64;
        let mean = rows.iter().map(|&r| numbers[r]).sum::<f64>() / n;
        let variance = rows.iter().map(|&r| (numbers[r] - mean).powi(2)).sum::<f64>() / n;
        (mean, if variance > 0.0 { variance.sqrt() } else { 1.0 })
    }

    /// Deals `rows` to `count` parts, each class as evenly as it goes; ascending within a part.
    pub(super) fn deal(&self, rows: &[usize], count: usize, seed: u64) -> Vec<Vec<usize>> {
        let mut order = rows.to_vec();
        SplitMix::named(seed, "probe/folds").shuffle(&mut order);
        if let Goal::Classes { labels, .. } = self {
            order.sort_by_key(|&row| labels[row]);
        }
        let mut parts = vec![Vec::new(); count.max(1)];
        for (i, row) in order.into_iter().enumerate() {
            parts[i % count.max(1)].push(row);
        }
        parts.iter_mut().for_each(|part| part.sort_unstable());
        parts
    }
}

impl Score {
    /// The share of right rows with its interval.
    pub fn of_right(right: Vec<bool>) -> Score {
        let (rows, hits) = (right.len(), right.iter().filter(|&&r| r).count());
        let value = if rows > 0 { hits as f64 / rows as f64 } else { 0.0 };
        Score { rows, value, interval: Some(wilson(hits, rows)), right }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_dealt_evenly_and_by_the_seed() {
        let labels: Vec<usize> = (0..53).map(|i| usize::from(i % 5 == 0) + usize::from(i == 7)).collect();
        let goal = Goal::Classes { labels: labels.clone(), count: 3 };
        let rows: Vec<usize> = (0..53).collect();
        let parts = goal.deal(&rows, 5, 1);
        let mut all: Vec<usize> = parts.concat();
        all.sort_unstable();
        assert_eq!(all, rows);
        for class in 0..3 {
            let count = |p: &Vec<usize>| p.iter().filter(|&&r| labels[r] == class).count();
            let counts: Vec<usize> = parts.iter().map(count).collect();
            let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
            assert!(most - least <= 1, "{counts:?}");
        }
        assert_eq!(parts, goal.deal(&rows, 5, 1));
        assert_ne!(parts, goal.deal(&rows, 5, 2));
    }

    #[test]
    fn scores_by_hand() {
        let goal = Goal::Classes { labels: vec![0, 1, 1, 0], count: 2 };
        let score = goal.score(&[0, 1, 3], &[0.9, 0.1, 0.2, 0.8, 0.3, 0.7]);
        assert_eq!((score.rows, score.right.as_slice()), (3, &[true, true, false][..]));
        assert_eq!(goal.blind().value, 0.5);
        let loss = goal.loss(&[0], &[0.25, 0.75]);
        assert!((loss - 4f64.ln()).abs() < 1e-12);
        let numbers = Goal::Numbers(vec![1.0, 2.0, 3.0]);
        assert_eq!(numbers.score(&[0, 1, 2], &[1.0, 2.0, 3.0]).value, 1.0);
        assert_eq!(numbers.blind().value, 0.0);
    }
}
