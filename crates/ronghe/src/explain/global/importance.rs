//! Permutation importance: how much larger the loss is when a column's cells are shuffled among the rows.
//!
//! `I_c = mean over repeats of L(c shuffled) - L`, L the mean loss over rows: `-ln p(truth)` for classes, the mean of that over labels
//! for several labels, the squared error in the target's unit for a quantity. Its standard error is that of the mean over
//! repeats. `columns * repeats + 1` predictions of the table (Breiman 2001; Fisher, Rudin, Dominici 2019).

use crate::{Predictions, Predictor, Result, Targets};
use ronghe_data::Table;
use ronghe_stats::random::SplitMix64;
use serde::{Deserialize, Serialize};

/// Least probability that a loss is taken of.
const LEAST: f64 = 1e-12;

/// What shuffling a column costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    /// The column.
    pub column: String,
    /// Mean increase of the loss.
    pub increase: f64,
    /// Its standard error over repeats.
    pub standard_error: f64,
}

/// The loss of the rows as they are, and the importance of each column that the predictor reads, largest first. Rows without
/// a truth do not count.
pub fn importance(
    predictor: &dyn Predictor,
    table: &Table,
    repeats: usize,
    seed: u64,
) -> Result<(f64, Vec<Importance>)> {
    let truth = predictor.task().targets(table)?;
    let task = predictor.task();
    let loss = |table: &Table| {
        Ok::<f64, crate::Error>(mean(&predictor.predict(table)?, &truth, task.mean, task.std))
    };
    let plain = loss(table)?;
    let mut columns: Vec<&str> = Vec::new();
    for column in predictor.inputs().iter().flat_map(|i| &i.columns) {
        if !columns.contains(&column.as_str()) && table.schema().index(column).is_some() {
            columns.push(column);
        }
    }
    let mut draw = SplitMix64::new(seed);
    let mut found = Vec::with_capacity(columns.len());
    for name in columns {
        let (at, _) = table.find(name)?;
        let mut increases = Vec::with_capacity(repeats);
        for _ in 0..repeats.max(2) {
            let shuffled = table.select(&[name])?.take(&draw.order(table.rows()))?;
            increases.push(loss(&table.with_column(at, shuffled.column(0).clone())?)? - plain);
        }
        let count = increases.len() as f64;
        let increase = increases.iter().sum::<f64>() / count;
        let squares: f64 = increases.iter().map(|i| (i - increase).powi(2)).sum();
        let standard_error = (squares / (count - 1.0) / count).sqrt();
        found.push(Importance { column: name.to_owned(), increase, standard_error });
    }
    found.sort_by(|a, b| b.increase.total_cmp(&a.increase));
    Ok((plain, found))
}

fn mean(predictions: &Predictions, truth: &Targets, offset: f64, scale: f64) -> f64 {
    let surprise = |p: f64| -p.max(LEAST).ln();
    let loss = |row: usize| -> Option<f64> {
        let said = predictions.row(row);
        match truth {
            Targets::Classes(classes) => usize::try_from(classes[row]).ok().map(|c| surprise(said[c])),
            Targets::Labels { values, width } => {
                let values = &values[row * width..(row + 1) * width];
                if values.first().is_some_and(|&first| first < 0.0) {
                    return None;
                }
                let each =
                    said.iter().zip(values).map(|(&p, &v)| surprise(if v > 0.5 { p } else { 1.0 - p }));
                Some(each.sum::<f64>() / (*width).max(1) as f64)
            }
            Targets::Numbers(numbers) => numbers[row].map(|t| (said[0] - (t * scale + offset)).powi(2)),
        }
    };
    let known: Vec<f64> = (0..predictions.rows()).filter_map(loss).collect();
    known.iter().sum::<f64>() / known.len().max(1) as f64
}
