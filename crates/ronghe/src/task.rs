//! What a model predicts.

use crate::{Error, Result, encode};
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use ronghe_data::{Kind, Table};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// The kind of a prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// One of two classes.
    Binary,
    /// One of several classes.
    MultiClass,
    /// Any number of labels at once.
    MultiLabel,
    /// A quantity.
    Regression,
}

/// A fitted task: which column, which labels or which scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Kind of prediction.
    pub kind: TaskKind,
    /// Target columns: one, or several boolean ones for multi-label.
    pub columns: Vec<String>,
    /// What stands between the labels of one cell, for multi-label in one column.
    pub separator: String,
    /// Class or label names in the order of the outputs; the target's name for regression.
    pub labels: Vec<String>,
    /// Mean of the training target (regression).
    pub mean: f64,
    /// Standard deviation of the training target (regression).
    pub std: f64,
}

/// Targets of some rows, as numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum Targets {
    /// Class index of each row; -1 where it is missing.
    Classes(Vec<i32>),
    /// 0 or 1 for each row and label; -1 throughout a row whose labels are not known.
    Labels {
        /// Row-major.
        values: Vec<f32>,
        /// Number of labels.
        width: usize,
    },
    /// Standardised quantity of each row; `None` where it is missing.
    Numbers(Vec<Option<f64>>),
}

impl Targets {
    /// Appends the targets of further rows of the same task.
    pub(crate) fn extend(&mut self, more: Targets) {
        match (self, more) {
            (Targets::Classes(all), Targets::Classes(more)) => all.extend(more),
            (Targets::Labels { values, .. }, Targets::Labels { values: more, .. }) => values.extend(more),
            (Targets::Numbers(all), Targets::Numbers(more)) => all.extend(more),
            _ => {}
        }
    }
}

impl Task {
    /// Reads off the training rows what is to be predicted. `kind` may be given; otherwise a number column means
    /// regression, two distinct values binary, more multi-class, several columns multi-label.
    pub fn fit(table: &Table, columns: &[String], kind: Option<TaskKind>, separator: &str) -> Result<Task> {
        let kind = infer_kind(table, columns, kind)?;
        let (first, first_kind) = table.find(&columns[0])?;
        let distinct = || distinct(table, first);
        let mut task = Task {
            kind,
            columns: columns.to_vec(),
            separator: separator.to_owned(),
            labels: Vec::new(),
            mean: 0.0,
            std: 1.0,
        };
        match kind {
            TaskKind::Regression => {
                if first_kind != Kind::Number {
                    let mend = "choose a number column or another task";
                    return Err(target_error(table, &columns[0], "a number column", first_kind.name(), mend));
                }
                let cells = table.column(first).as_primitive::<Float64Type>();
                let mut values: Vec<f64> = cells.iter().flatten().collect();
                if let Some(range) = in_proportion(&values) {
                    // Training leaves the others out: one of 1e200 would make all others equal.
                    values.retain(|v| range.contains(v));
                }
                let count = values.len().max(1) as f64;
                task.mean = values.iter().sum::<f64>() / count;
                let variance = values.iter().map(|v| (v - task.mean).powi(2)).sum::<f64>() / count;
                task.std = if variance > 0.0 { variance.sqrt() } else { 1.0 };
                task.labels = columns.to_vec();
                if values.is_empty() {
                    return Err(target_error(
                        table,
                        &columns[0],
                        "numbers",
                        "only missing cells",
                        "choose another target",
                    ));
                }
            }
            TaskKind::MultiLabel if columns.len() > 1 => task.labels = columns.to_vec(),
            TaskKind::MultiLabel => {
                let mut labels = BTreeSet::new();
                for row in 0..table.rows() {
                    labels.extend(split(&table.display(first, row), separator).map(str::to_owned));
                }
                task.labels = labels.into_iter().collect();
            }
            TaskKind::Binary | TaskKind::MultiClass => task.labels = natural_order(distinct()),
        }
        let least = if matches!(kind, TaskKind::Binary | TaskKind::MultiClass) { 2 } else { 1 };
        let most = if kind == TaskKind::Binary { 2 } else { 10_000 };
        if task.labels.len() < least || task.labels.len() > most {
            let expected = format!("{least} to {most} distinct values");
            let found = format!("{}", task.labels.len());
            let mend = "choose another target column, or set the task";
            return Err(target_error(table, &columns[0], &expected, &found, mend));
        }
        Ok(task)
    }

    /// Number of network outputs: one for binary and regression, one a class or label otherwise.
    pub fn width(&self) -> usize {
        match self.kind {
            TaskKind::Binary | TaskKind::Regression => 1,
            TaskKind::MultiClass | TaskKind::MultiLabel => self.labels.len(),
        }
    }

    /// The targets of `table`'s rows. A class unseen in training is an error that names row and value.
    pub fn targets(&self, table: &Table) -> Result<Targets> {
        let found = self.columns.iter().map(|c| table.find(c)).collect::<std::result::Result<Vec<_>, _>>()?;
        let (column, kind) = found[0];
        match self.kind {
            TaskKind::Regression => {
                if kind != Kind::Number {
                    let mend = "give the column the kind it had in training";
                    return Err(target_error(table, &self.columns[0], "a number column", kind.name(), mend));
                }
                let cells = table.column(column).as_primitive::<Float64Type>();
                Ok(Targets::Numbers(cells.iter().map(|v| v.map(|v| (v - self.mean) / self.std)).collect()))
            }
            TaskKind::Binary | TaskKind::MultiClass => (0..table.rows())
                .map(|row| {
                    if table.is_missing(column, row) {
                        return Ok(-1);
                    }
                    let value = table.display(column, row);
                    self.index(&value).map(|i| i as i32).ok_or_else(|| self.unseen(table, row, &value))
                })
                .collect::<Result<Vec<i32>>>()
                .map(Targets::Classes),
            TaskKind::MultiLabel => {
                let mut out = vec![0.0; table.rows() * self.labels.len()];
                for row in 0..table.rows() {
                    let cells = &mut out[row * self.labels.len()..][..self.labels.len()];
                    if found.iter().all(|(column, _)| table.is_missing(*column, row)) {
                        cells.fill(-1.0);
                        continue;
                    }
                    if found.len() > 1 {
                        for (cell, (column, _)) in cells.iter_mut().zip(&found) {
                            *cell = truth(&table.display(*column, row));
                        }
                        continue;
                    }
                    let value = table.display(column, row).into_owned();
                    for label in split(&value, &self.separator) {
                        let index = self.index(label).ok_or_else(|| self.unseen(table, row, label))?;
                        cells[index] = 1.0;
                    }
                }
                Ok(Targets::Labels { values: out, width: self.labels.len() })
            }
        }
    }

    /// Position of a label, as it is written or, where no other is the same, as another program writes the same value: `1.0` and
    /// `true` for `1`, `True` for `true`.
    pub fn index(&self, label: &str) -> Option<usize> {
        if let Some(found) = self.labels.iter().position(|l| l == label) {
            return Some(found);
        }
        let wanted = canonical(label);
        let mut same = (0..self.labels.len()).filter(|&i| canonical(&self.labels[i]) == wanted);
        same.next().filter(|_| same.next().is_none())
    }

    fn unseen(&self, table: &Table, row: usize, value: &str) -> Error {
        let mut known: Vec<&str> = self.labels.iter().take(12).map(String::as_str).collect();
        if self.labels.len() > known.len() {
            known.push("...");
        }
        Error::Cell {
            path: table.path().to_owned(),
            row: table.row_number(row),
            column: self.columns[0].clone(),
            expected: format!("a label seen in training ({})", known.join(", ")),
            found: format!("`{value}`"),
            mend: "correct the cell, or train again with this label".into(),
        }
    }
}

/// The kind of task that target columns suggest, unless one is given.
pub(crate) fn infer_kind(table: &Table, columns: &[String], given: Option<TaskKind>) -> Result<TaskKind> {
    let Some(first) = columns.first() else {
        return Err(target_error(table, "", "a target column", "none", "name one with `target`"));
    };
    let (index, kind) = table.find(first)?;
    columns.iter().try_for_each(|c| table.find(c).map(|_| ()))?;
    Ok(match given {
        Some(given) => given,
        None if columns.len() > 1 => TaskKind::MultiLabel,
        None if kind == Kind::Number => TaskKind::Regression,
        None if distinct(table, index).len() == 2 => TaskKind::Binary,
        None => TaskKind::MultiClass,
    })
}

/// A label by its value: whole numbers without a point, truths as 0 and 1.
fn canonical(label: &str) -> String {
    let label = label.trim();
    match label.parse::<f64>() {
        Ok(number) if number.is_finite() => number.to_string(),
        _ if label.eq_ignore_ascii_case("true") => "1".into(),
        _ if label.eq_ignore_ascii_case("false") => "0".into(),
        _ => label.to_owned(),
    }
}

/// What may stand between the labels of one cell, the likelier first.
pub(crate) const SEPARATORS: [&str; 6] = ["|", "、", "；", ";", "，", ","];

/// What stands between the labels of a column: the sign that most cells have; `None` if no cell has one of [`SEPARATORS`].
pub(crate) fn find_separator(table: &Table, column: usize) -> Option<&'static str> {
    let cells = |sign: &str| (0..table.rows()).filter(|&r| table.display(column, r).contains(sign)).count();
    let counted = SEPARATORS.iter().enumerate().map(|(i, &sign)| (cells(sign), SEPARATORS.len() - i, sign));
    counted.max().filter(|(cells, ..)| *cells > 0).map(|(.., sign)| sign)
}

/// Where the quantities of a target are in proportion to each other.
pub(crate) fn in_proportion(values: &[f64]) -> Option<RangeInclusive<f64>> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    encode::proportion(&sorted)
}

fn distinct(table: &Table, column: usize) -> BTreeSet<String> {
    (0..table.rows())
        .filter(|&r| !table.is_missing(column, r))
        .map(|r| table.display(column, r).into_owned())
        .collect()
}

impl Targets {
    /// The targets of chosen rows, in that order.
    pub fn take(&self, rows: &[usize]) -> Targets {
        match self {
            Targets::Classes(classes) => Targets::Classes(rows.iter().map(|&r| classes[r]).collect()),
            Targets::Labels { values, width } => Targets::Labels {
                values: rows.iter().flat_map(|&r| &values[r * width..(r + 1) * width]).copied().collect(),
                width: *width,
            },
            Targets::Numbers(numbers) => Targets::Numbers(rows.iter().map(|&r| numbers[r]).collect()),
        }
    }
}

fn split<'a>(cell: &'a str, separator: &'a str) -> impl Iterator<Item = &'a str> {
    cell.split(separator).map(str::trim).filter(|l| !l.is_empty())
}

fn truth(cell: &str) -> f32 {
    let yes = ["true", "1", "yes", "y", "t", "是"];
    f32::from(u8::from(yes.contains(&cell.to_lowercase().as_str())))
}

/// Numbers by size, then names by letter, so that digits stand 0 to 9 and ratings 1 to 10.
fn natural_order(values: BTreeSet<String>) -> Vec<String> {
    let mut values: Vec<String> = values.into_iter().collect();
    let key = |v: &String| v.parse::<f64>().ok().filter(|n| n.is_finite());
    values.sort_by(|a, b| match (key(a), key(b)) {
        (Some(x), Some(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => a.cmp(b),
    });
    values
}

fn target_error(table: &Table, column: &str, expected: &str, found: &str, mend: &str) -> Error {
    Error::Target {
        path: table.path().to_owned(),
        column: column.to_owned(),
        expected: expected.to_owned(),
        found: found.to_owned(),
        mend: mend.to_owned(),
    }
}
