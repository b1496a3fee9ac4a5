//! What a table holds and what is suspicious about it, in one pass and bounded memory.
//!
//! `column` sums up one column, `sample` keeps rows for `leak`, which finds columns that give the target away.

mod column;
mod leak;
mod sample;

pub use column::{ColumnProfile, DateSummary, NumberSummary, TextSummary, TopValue};

use crate::distinct::{hash, mix};
use crate::read::{self, Reader};
use crate::{Error, Kind, Result, Table};
use column::Summary;
use sample::Sample;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// What a table holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Rows read.
    pub rows: usize,
    /// Bad rows left out.
    pub skipped: usize,
    /// The columns in order.
    pub columns: Vec<ColumnProfile>,
    /// Rows that repeat an earlier one, identifiers aside; beyond a million different rows, a lower bound.
    pub duplicate_rows: usize,
    /// What is suspicious.
    pub warnings: Vec<Warning>,
}

/// Something suspicious.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "warning", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Warning {
    /// Every value is the same.
    Constant {
        /// Column.
        column: String,
    },
    /// There is no value at all.
    AllMissing {
        /// Column.
        column: String,
    },
    /// More than half of the values are missing.
    MostlyMissing {
        /// Column.
        column: String,
        /// Share of missing values.
        share: f64,
    },
    /// A column of names of rows, which is no input.
    IdentifierLike {
        /// Column.
        column: String,
    },
    /// The column gives the target away: it was probably filled in after the fact.
    Leak {
        /// Column.
        column: String,
        /// How well it alone determines the target.
        measure: LeakMeasure,
        /// The measure's value, 1 at most.
        value: f64,
    },
    /// One class of the target is at least ten times as frequent as another.
    Imbalance {
        /// Target.
        column: String,
        /// Most frequent class and its rows.
        most: TopValue,
        /// Least frequent class and its rows.
        least: TopValue,
    },
    /// Rows of the target that are missing.
    TargetMissing {
        /// Target.
        column: String,
        /// Rows.
        rows: usize,
    },
    /// Rows that repeat earlier ones.
    DuplicateRows {
        /// Rows.
        rows: usize,
    },
    /// What the reader noticed.
    #[serde(untagged)]
    Reading(read::Warning),
}

/// How a leak was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LeakMeasure {
    /// Accuracy of the most frequent class among other rows of the same value.
    Accuracy,
    /// Area under the ROC curve of the number, for the class it tells best.
    Auc,
    /// Absolute rank correlation of two numbers.
    RankCorrelation,
}

/// Hashes of different rows that are remembered.
const ROWS_REMEMBERED: usize = 1_000_000;

/// Reads all rows of `reader` and sums them up; `target` is the column to be predicted, if it is known.
pub fn profile(reader: &mut dyn Reader, target: Option<&str>) -> Result<Profile> {
    let schema = reader.schema().clone();
    let mut summaries: Vec<Summary> = schema.columns.iter().map(Summary::new).collect();
    let (mut seen, mut rows, mut duplicate_rows) = (HashSet::new(), 0, 0);
    let mut sample = Sample::default();
    while let Some(table) = reader.next_batch()? {
        if let (0, Some(target)) = (rows, target) {
            table.find(target)?;
        }
        rows += table.rows();
        for (i, summary) in summaries.iter_mut().enumerate() {
            summary.observe(&table, i);
        }
        for row in 0..table.rows() {
            let hash = row_hash(&table, row);
            if seen.contains(&hash) || (seen.len() < ROWS_REMEMBERED && !seen.insert(hash)) {
                duplicate_rows += 1;
            }
        }
        if target.is_some() {
            sample.add(&table)?;
        }
    }
    let columns: Vec<ColumnProfile> = summaries.into_iter().map(Summary::finish).collect();
    let mut warnings: Vec<Warning> = reader.warnings().iter().cloned().map(Warning::Reading).collect();
    for column in &columns {
        warnings.extend(suspicious(column, rows));
    }
    if duplicate_rows > 0 {
        warnings.push(Warning::DuplicateRows { rows: duplicate_rows });
    }
    if let Some(target) = target {
        let at = schema.index(target).ok_or_else(|| Error::UnknownColumn {
            path: Default::default(),
            column: target.to_owned(),
            valid: schema.names(),
        })?;
        warnings.extend(about_target(&columns[at], rows));
        if let Some(sample) = sample.table()? {
            warnings.extend(leak::find(&sample, at));
        }
    }
    Ok(Profile { rows, skipped: reader.skipped().rows, columns, duplicate_rows, warnings })
}

fn row_hash(table: &Table, row: usize) -> u64 {
    let mut state = 0;
    for (i, spec) in table.schema().columns.iter().enumerate() {
        if spec.kind == Kind::Identifier {
            continue;
        }
        let cell = match column::cell_hash(table, i, row) {
            Some(hash) => mix(hash),
            None => hash(b"missing"),
        };
        state = mix(state ^ cell);
    }
    state
}

fn suspicious(column: &ColumnProfile, rows: usize) -> Option<Warning> {
    let name = column.name.clone();
    if column.missing == rows {
        return Some(Warning::AllMissing { column: name });
    }
    if column.distinct.count == 1 && rows - column.missing > 1 {
        return Some(Warning::Constant { column: name });
    }
    if column.kind == Kind::Identifier {
        return Some(Warning::IdentifierLike { column: name });
    }
    let share = column.missing as f64 / rows.max(1) as f64;
    (share > 0.5).then_some(Warning::MostlyMissing { column: name, share })
}

fn about_target(target: &ColumnProfile, rows: usize) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if target.missing > 0 && target.missing < rows {
        warnings.push(Warning::TargetMissing { column: target.name.clone(), rows: target.missing });
    }
    if let (Some(most), Some(least), true) = (target.top.first(), &target.rarest, target.distinct.exact)
        && most.rows >= 10 * least.rows
    {
        let (column, most, least) = (target.name.clone(), most.clone(), least.clone());
        warnings.push(Warning::Imbalance { column, most, least });
    }
    warnings
}
