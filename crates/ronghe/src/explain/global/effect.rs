//! How the prediction moves with one column.
//!
//! - **Partial dependence** (Friedman 2001): the mean prediction over the rows with the column set to a value.
//! - **Accumulated local effects** (Apley and Zhu 2020), numbers only: within each bin of equal counts, the mean change of the
//!   prediction when its rows move from the lower to the upper edge; added up over bins, less the mean over rows. It asks for no pair of
//!   cells that does not occur, unlike partial dependence.
//!
//! Numbers are looked at at the edges of at most 20 bins, categories at their values (the 20 most frequent).

use super::cells::{Value, put};
use crate::{Error, Predictor, Result};
use ronghe_data::{Kind, Table};
use serde::{Deserialize, Serialize};

/// Most values of a column.
const MOST: usize = 20;

/// The effect of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// The column.
    pub column: String,
    /// Values of the column, ascending, or by frequency.
    pub values: Vec<Value>,
    /// Mean prediction at each value, `[values][outputs]`.
    pub partial_dependence: Vec<Vec<f64>>,
    /// Accumulated local effect at each value, `[values][outputs]`; none for categories.
    pub accumulated: Option<Vec<Vec<f64>>>,
}

/// The effect of `column` over the rows of `table`.
pub fn effect(predictor: &dyn Predictor, table: &Table, column: &str) -> Result<Effect> {
    let (at, kind) = table.find(column)?;
    let cells: Vec<Option<Value>> = (0..table.rows()).map(|row| Value::of(table, at, row)).collect();
    let values = match kind {
        Kind::Number => edges(&cells),
        Kind::Category | Kind::Boolean => frequent(&cells),
        _ => Vec::new(),
    };
    if values.len() < 2 {
        return Err(Error::Explain {
            what: format!("effect of column `{column}`"),
            expected: "a number, category or boolean column of at least two values".into(),
            found: format!("a {kind} column of {}", values.len()),
            mend: "choose another column".into(),
        });
    }
    let mean = |value: &Value| -> Result<Vec<f64>> {
        let set = vec![Some(value.clone()); table.rows()];
        let found = predictor.predict(&put(table, at, &set)?)?;
        let sum = |k: usize| (0..found.rows()).map(|r| found.row(r)[k]).sum::<f64>();
        Ok((0..found.width).map(|k| sum(k) / found.rows() as f64).collect())
    };
    let partial_dependence = values.iter().map(mean).collect::<Result<Vec<_>>>()?;
    let accumulated = (kind == Kind::Number).then(|| accumulated(predictor, table, at, &cells, &values));
    Ok(Effect {
        column: column.to_owned(),
        values,
        partial_dependence,
        accumulated: accumulated.transpose()?,
    })
}

/// Edges of bins of equal counts, the extremes included, without repetition.
fn edges(cells: &[Option<Value>]) -> Vec<Value> {
    let mut numbers: Vec<f64> = cells
        .iter()
        .filter_map(|c| match c {
            Some(Value::Number(v)) => Some(*v),
            _ => None,
        })
        .collect();
    numbers.sort_by(f64::total_cmp);
    let Some(last) = numbers.len().checked_sub(1) else { return Vec::new() };
    let mut edges: Vec<f64> = (0..MOST).map(|i| numbers[i * last / (MOST - 1)]).collect();
    edges.dedup();
    edges.into_iter().map(Value::Number).collect()
}

/// The most frequent values, most frequent first, then by name.
fn frequent(cells: &[Option<Value>]) -> Vec<Value> {
    let mut counts: Vec<(Value, usize)> = Vec::new();
    for cell in cells.iter().flatten() {
        match counts.iter_mut().find(|(v, _)| v == cell) {
            Some((_, count)) => *count += 1,
            None => counts.push((cell.clone(), 1)),
        }
    }
    counts.sort_by_cached_key(|(value, count)| (std::cmp::Reverse(*count), value.to_string()));
    counts.into_iter().take(MOST).map(|(v, _)| v).collect()
}

fn accumulated(
    predictor: &dyn Predictor,
    table: &Table,
    column: usize,
    cells: &[Option<Value>],
    edges: &[Value],
) -> Result<Vec<Vec<f64>>> {
    let edge = |i: usize| if let Value::Number(v) = edges[i] { v } else { f64::NAN };
    // The bin of a row: the first whose upper edge is not below its value.
    let bin = |row: usize| match cells[row] {
        Some(Value::Number(v)) => (1..edges.len()).find(|&i| v <= edge(i)).map(|i| i - 1),
        _ => None,
    };
    let rows: Vec<(usize, usize)> = (0..cells.len()).filter_map(|row| Some((row, bin(row)?))).collect();
    let some = table.take(&rows.iter().map(|r| r.0).collect::<Vec<_>>())?;
    let set = |upper: usize| -> Result<_> {
        let cells: Vec<Option<Value>> =
            rows.iter().map(|&(_, bin)| Some(edges[bin + upper].clone())).collect();
        predictor.predict(&put(&some, column, &cells)?)
    };
    let (low, high) = (set(0)?, set(1)?);
    let width = low.width;
    let (mut sums, mut counts) = (vec![vec![0.0; width]; edges.len() - 1], vec![0_usize; edges.len() - 1]);
    for (i, &(_, bin)) in rows.iter().enumerate() {
        counts[bin] += 1;
        for k in 0..width {
            sums[bin][k] += high.row(i)[k] - low.row(i)[k];
        }
    }
    let mut levels = vec![vec![0.0; width]];
    for (sum, &count) in sums.iter().zip(&counts) {
        let last = &levels[levels.len() - 1];
        levels.push(last.iter().zip(sum).map(|(l, s)| l + s / count.max(1) as f64).collect());
    }
    // Less the mean over rows, each at the middle of its bin.
    let total = counts.iter().sum::<usize>().max(1) as f64;
    let centre = |k: usize| {
        let middle = |bin: usize| (levels[bin][k] + levels[bin + 1][k]) / 2.0;
        counts.iter().enumerate().map(|(bin, &c)| c as f64 * middle(bin)).sum::<f64>() / total
    };
    let centres: Vec<f64> = (0..width).map(centre).collect();
    levels.iter_mut().flat_map(|l| l.iter_mut().zip(&centres)).for_each(|(v, c)| *v -= c);
    Ok(levels)
}
