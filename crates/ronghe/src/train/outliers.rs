//! Numbers out of all proportion to the others of their column: a slip of the keyboard, a code for "missing", a broken export.

use super::observe::{Event, Observer};
use crate::config::ModelConfig;
use crate::{Result, TaskKind, encode, task};
use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use ronghe_data::{Kind, Modality, Split, Table};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// Cells named of a column.
const NAMED: usize = 3;

/// Warns of cells among the inputs that their column's scale is not learned from.
pub(super) fn warn(
    config: &ModelConfig,
    table: &Table,
    split: &Split,
    observer: &mut dyn Observer,
) -> Result<()> {
    let rows = rows(split);
    let tabular = config.inputs.iter().filter(|i| i.modality == Some(Modality::Tabular));
    for column in tabular.flat_map(|i| &i.columns) {
        let (at, kind) = table.find(column)?;
        if kind != Kind::Number {
            continue;
        }
        let mut sorted: Vec<f64> = split.train.iter().filter_map(|&row| number(table, at, row)).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let Some(range) = encode::proportion(&sorted) else { continue };
        if let Some(named) = outside(table, at, &rows, &range) {
            let text = format!(
                "column `{column}`: {named}: out of all proportion to the other training rows, and read as their outermost value"
            );
            observer.event(&Event::Warning(&text));
        }
    }
    Ok(())
}

/// The rows whose quantity to be predicted is in proportion to the others, and a warning of those that are not: nothing else could be
/// learned beside them.
pub(super) fn targets(
    config: &ModelConfig,
    table: &Table,
    kind: TaskKind,
    split: &Split,
    observer: &mut dyn Observer,
) -> Result<Option<BTreeSet<usize>>> {
    let Some(column) = config.target.all().into_iter().next().filter(|_| kind == TaskKind::Regression) else {
        return Ok(None);
    };
    let (at, _) = table.find(&column)?;
    let values: Vec<f64> = (0..table.rows()).filter_map(|row| number(table, at, row)).collect();
    let Some(range) = task::in_proportion(&values) else { return Ok(None) };
    let rows = rows(split);
    let Some(named) = outside(table, at, &rows, &range) else { return Ok(None) };
    let text = format!("target `{column}`: {named}: out of all proportion to the others");
    observer.event(&Event::Warning(&text));
    let inside = |row: &usize| number(table, at, *row).is_none_or(|v| range.contains(&v));
    Ok(Some(rows.into_iter().filter(inside).collect()))
}

/// All rows, ascending.
fn rows(split: &Split) -> Vec<usize> {
    let mut rows: Vec<usize> =
        split.train.iter().chain(&split.validation).chain(&split.test).copied().collect();
    rows.sort_unstable();
    rows
}

fn number(table: &Table, at: usize, row: usize) -> Option<f64> {
    let cells = table.column(at).as_primitive_opt::<Float64Type>()?;
    (!cells.is_null(row)).then(|| cells.value(row)).filter(|v| v.is_finite())
}

/// The first cells outside of `range` in words.
fn outside(table: &Table, at: usize, rows: &[usize], range: &RangeInclusive<f64>) -> Option<String> {
    let beyond = |row: &usize| number(table, at, *row).is_some_and(|v| !range.contains(&v));
    let found: Vec<usize> = rows.iter().copied().filter(beyond).collect();
    let cell = |&row: &usize| {
        // Not two hundred digits.
        let value = number(table, at, row).map_or(String::new(), |v| format!("{v:e}"));
        format!("row {} is {value}", table.row_number(row))
    };
    let mut named: Vec<String> = found.iter().take(NAMED).map(cell).collect();
    if found.len() > NAMED {
        named.push(format!("and {} more", found.len() - NAMED));
    }
    (!named.is_empty()).then(|| named.join(", "))
}
