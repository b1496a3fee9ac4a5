//! How good a model is on rows that come batch by batch, and which of them it has seen before.
//!
//! Predictions and targets are kept, the rows are not. With inputs hidden, the same rows are predicted twice, and the difference is
//! taken row by row:
//! ```text
//! d_i = score_i(without) - score_i(with),  mean d ± 1.96 standard errors
//! ```
//! where the score of a row is 1 or 0 for a class, the share of right labels for multi-label, the absolute error for a quantity.

use crate::metric::{self, Metrics};
use crate::train::{Part, SeenRows};
use crate::{Detailed, Model, Predictions, Predictor, Result, Targets, Task, UnknownNames};
use ronghe_data::Table;
use ronghe_stats::interval::paired_means;
use serde::Serialize;

/// Measures a model batch by batch.
pub struct Evaluation<'a> {
    model: &'a Model,
    hidden: &'a [String],
    with: Option<Detailed>,
    without: Option<Predictions>,
    targets: Option<Targets>,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluated {
    /// With every input that the rows have.
    pub metrics: Metrics,
    /// With some inputs hidden.
    pub without: Option<Without>,
    /// Mean weight of each input, where the fusion weighs its inputs.
    pub fusion_weights: Option<Vec<(String, f64)>>,
}

/// Figures with some inputs hidden, beside those with all.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Without {
    /// The figures.
    pub metrics: Metrics,
    /// `accuracy` or `mae`.
    pub metric: &'static str,
    /// Without less with, and its 95 % interval, row by row.
    pub difference: Option<(f64, (f64, f64))>,
}

impl<'a> Evaluation<'a> {
    /// Of `model`, also with the inputs `hidden`, if any.
    pub fn new(model: &'a Model, hidden: &'a [String]) -> Evaluation<'a> {
        Evaluation { model, hidden, with: None, without: None, targets: None }
    }

    /// Takes the rows of a batch; gives the cells that could not be read, with row numbers within the batch.
    pub fn add(&mut self, table: &Table) -> Result<Vec<(usize, String)>> {
        let targets = self.model.task().targets(table)?;
        if !self.hidden.is_empty() {
            let found = self.model.predict(&self.model.hide(table, self.hidden)?)?;
            match &mut self.without {
                Some(all) => all.values.extend(found.values),
                None => self.without = Some(found),
            }
        }
        let mut found = self.model.predict_detailed(table)?;
        let bad = std::mem::take(&mut found.bad);
        found.logits = Vec::new();
        match &mut self.with {
            Some(all) => {
                all.predictions.values.extend(found.predictions.values);
                if let (Some(all), Some(weights)) = (&mut all.fusion_weights, found.fusion_weights) {
                    all.extend(weights);
                }
            }
            None => self.with = Some(found),
        }
        match &mut self.targets {
            Some(all) => all.extend(targets),
            None => self.targets = Some(targets),
        }
        Ok(bad)
    }

    /// The figures of all rows; none where there was no row.
    pub fn finish(self) -> Option<Evaluated> {
        let (with, targets, task) = (self.with?, self.targets?, self.model.task());
        let metrics = metric::evaluate(task, &with.predictions, &targets);
        let without = self.without.map(|without| {
            let scores = |predictions: &Predictions| scores(task, predictions, &targets);
            Without {
                metrics: metric::evaluate(task, &without, &targets),
                metric: if matches!(targets, Targets::Numbers(_)) { "mae" } else { "accuracy" },
                difference: paired_means(&scores(&without), &scores(&with.predictions)),
            }
        });
        Some(Evaluated { metrics, without, fusion_weights: self.model.mean_fusion_weights(&with) })
    }
}

/// The score of each row with a target.
fn scores(task: &Task, predictions: &Predictions, targets: &Targets) -> Vec<f64> {
    let one = |right: bool| f64::from(u8::from(right));
    match targets {
        Targets::Classes(classes) => {
            let known = classes.iter().enumerate().filter(|(_, class)| **class >= 0);
            known.map(|(row, &class)| one(usize::try_from(class) == Ok(predictions.best(row)))).collect()
        }
        Targets::Labels { values, width } => {
            let rows = values.chunks_exact((*width).max(1)).enumerate();
            let known = rows.filter(|(_, row)| row.iter().all(|v| (0.0..=1.0).contains(v)));
            let right = |(row, truth): (usize, &[f32])| {
                let right =
                    predictions.row(row).iter().zip(truth).filter(|(p, t)| (**p > 0.5) == (**t > 0.5));
                right.count() as f64 / truth.len().max(1) as f64
            };
            known.map(right).collect()
        }
        Targets::Numbers(numbers) => {
            let known = numbers.iter().enumerate().filter_map(|(row, v)| Some((row, (*v)?)));
            known.map(|(row, v)| (predictions.row(row)[0] - (v * task.std + task.mean)).abs()).collect()
        }
    }
}

/// How many rows of a table a model has seen, of those with a target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// Rows with a target.
    pub rows: usize,
    /// That it was trained on.
    pub train: usize,
    /// By which its best epoch was chosen.
    pub validation: usize,
    /// That were kept for the figures of training.
    pub test: usize,
}

/// One row in so many that a model has not seen may stand in the table it was trained on: rows that could not be read, say.
const OTHERS: usize = 20;

impl Overlap {
    /// Counts the rows of a batch.
    pub fn add(&mut self, model: &Model, seen: &SeenRows, table: &Table) {
        let targets: Vec<usize> =
            model.task().columns.iter().filter_map(|name| table.schema().index(name)).collect();
        for (row, part) in seen.parts(table).into_iter().enumerate() {
            if targets.iter().all(|&column| table.is_missing(column, row)) {
                continue;
            }
            self.rows += 1;
            match part {
                Some(Part::Train) => self.train += 1,
                Some(Part::Validation) => self.validation += 1,
                Some(Part::Test) => self.test += 1,
                None => {}
            }
        }
    }

    /// Whether it is the table of the training, with its test rows.
    pub fn is_own(&self) -> bool {
        let known = self.train + self.validation + self.test;
        self.test > 0 && self.train > 0 && (self.rows - known) * OTHERS <= self.rows
    }
}

/// The rows of `table` that were kept for the figures of training.
pub fn test_rows(seen: &SeenRows, table: &Table) -> Result<Table> {
    let parts = seen.parts(table);
    let rows: Vec<usize> = (0..table.rows()).filter(|&row| parts[row] == Some(Part::Test)).collect();
    Ok(table.take(&rows)?)
}

/// Adds the names of further rows that training did not have to those found so far.
pub fn add_names(all: &mut Vec<UnknownNames>, more: Vec<UnknownNames>) {
    for found in more {
        let Some(known) = all.iter_mut().find(|n| n.column == found.column) else {
            all.push(found);
            continue;
        };
        known.cells += found.cells;
        for name in found.examples {
            if known.examples.len() < 3 && !known.examples.contains(&name) {
                known.examples.push(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TaskKind;

    #[test]
    fn the_table_of_the_training_is_known() {
        let own = |rows, train, validation, test| Overlap { rows, train, validation, test }.is_own();
        assert!(own(2000, 1400, 200, 400) && own(100, 70, 10, 15));
        // New rows beside the old ones, the training rows alone, the test rows alone, another table.
        assert!(!own(100, 60, 10, 20) && !own(70, 70, 0, 0) && !own(20, 0, 0, 20) && !own(50, 0, 0, 0));
    }

    #[test]
    fn names_add_up() {
        let names = |column: &str, cells, examples: &[&str]| UnknownNames {
            column: column.into(),
            cells,
            examples: examples.iter().map(|e| (*e).to_owned()).collect(),
        };
        let mut all = vec![names("shop", 2, &["east", "west"])];
        add_names(&mut all, vec![names("shop", 3, &["west", "up", "down"]), names("城市", 1, &["北京"])]);
        assert_eq!(all, [names("shop", 5, &["east", "west", "up"]), names("城市", 1, &["北京"])]);
    }

    #[test]
    fn scores_of_rows() {
        let task = |kind, labels: &[&str]| Task {
            kind,
            columns: vec!["y".into()],
            separator: "|".into(),
            labels: labels.iter().map(|l| (*l).to_owned()).collect(),
            mean: 10.0,
            std: 2.0,
        };
        let found =
            |values: &[f64], width| Predictions { kind: TaskKind::Binary, values: values.to_vec(), width };
        let classes = Targets::Classes(vec![0, 1, -1]);
        let said = scores(
            &task(TaskKind::Binary, &["a", "b"]),
            &found(&[0.9, 0.1, 0.8, 0.2, 0.5, 0.5], 2),
            &classes,
        );
        assert_eq!(said, [1.0, 0.0]);
        let numbers = Targets::Numbers(vec![Some(1.0), None, Some(-1.0)]);
        assert_eq!(
            scores(&task(TaskKind::Regression, &["y"]), &found(&[12.5, 0.0, 7.0], 1), &numbers),
            [0.5, 1.0]
        );
        let labels = Targets::Labels { values: vec![1.0, 0.0, 1.0, 1.0], width: 2 };
        let said =
            scores(&task(TaskKind::MultiLabel, &["a", "b"]), &found(&[0.9, 0.1, 0.2, 0.7], 2), &labels);
        assert_eq!(said, [1.0, 0.5]);
    }
}
