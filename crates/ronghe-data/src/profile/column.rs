//! One column summed up.
//!
//! Mean and standard deviation are updated value by value (Welford 1962): with `d = x - mean`, `mean += d / n`,
//! `m2 += d (x - mean)`, `std = sqrt(m2 / (n - 1))`.

use crate::distinct::{Distinct, DistinctCounter, hash};
use crate::table::date_text;
use crate::{ColumnSchema, Kind, Table};
use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMillisecondType};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// One column summed up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// Name.
    pub name: String,
    /// What its cells are.
    pub kind: Kind,
    /// Rows without a value.
    pub missing: usize,
    /// Different values.
    pub distinct: Distinct,
    /// For numbers.
    pub number: Option<NumberSummary>,
    /// For dates.
    pub date: Option<DateSummary>,
    /// For text.
    pub text: Option<TextSummary>,
    /// For categories and booleans: the most frequent values, at most ten. Exact if `distinct` is; else among the first
    /// 10,000 values.
    pub top: Vec<TopValue>,
    /// For categories and booleans: the least frequent value.
    pub rarest: Option<TopValue>,
    /// The first different values, at most three, cut to 80 characters.
    pub examples: Vec<String>,
}

/// A value and how many rows have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopValue {
    /// Value.
    pub value: String,
    /// Rows.
    pub rows: usize,
}

/// Numbers summed up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NumberSummary {
    /// Least.
    pub min: f64,
    /// Greatest.
    pub max: f64,
    /// Mean.
    pub mean: f64,
    /// Standard deviation (of a sample: divided by `n - 1`); 0 for one value.
    pub std: f64,
}

/// Dates summed up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateSummary {
    /// Earliest, in ISO 8601.
    pub min: String,
    /// Latest.
    pub max: String,
}

/// Text summed up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TextSummary {
    /// Mean number of characters.
    pub mean_characters: f64,
    /// Greatest number of characters.
    pub max_characters: usize,
}

/// Values that are counted one by one.
const COUNTED: usize = 10_000;

/// Sums up a column batch by batch.
#[derive(Debug)]
pub(super) struct Summary {
    name: String,
    kind: Kind,
    missing: usize,
    values: usize,
    distinct: DistinctCounter,
    counts: HashMap<String, usize>,
    examples: Vec<String>,
    min: f64,
    max: f64,
    mean: f64,
    m2: f64,
    times: Option<(i64, i64)>,
    characters: usize,
    longest: usize,
}

impl Summary {
    pub(super) fn new(spec: &ColumnSchema) -> Summary {
        Summary {
            name: spec.name.clone(),
            kind: spec.kind,
            missing: 0,
            values: 0,
            distinct: DistinctCounter::default(),
            counts: HashMap::new(),
            examples: Vec::new(),
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            mean: 0.0,
            m2: 0.0,
            times: None,
            characters: 0,
            longest: 0,
        }
    }

    pub(super) fn observe(&mut self, table: &Table, column: usize) {
        for row in 0..table.rows() {
            let Some(hash) = cell_hash(table, column, row) else {
                self.missing += 1;
                continue;
            };
            self.values += 1;
            self.distinct.insert(hash);
            if self.examples.len() < 3 {
                let example: String = table.display(column, row).chars().take(80).collect();
                if !self.examples.contains(&example) {
                    self.examples.push(example);
                }
            }
            let cells = table.column(column);
            match self.kind {
                Kind::Number => self.number(cells.as_primitive::<Float64Type>().value(row)),
                Kind::Date => {
                    let t = cells.as_primitive::<TimestampMillisecondType>().value(row);
                    let (first, last) = self.times.unwrap_or((t, t));
                    self.times = Some((first.min(t), last.max(t)));
                }
                Kind::Text => {
                    let length = table.text(column, row).map_or(0, |t| t.chars().count());
                    self.characters += length;
                    self.longest = self.longest.max(length);
                }
                Kind::Category | Kind::Boolean => {
                    let value = table.display(column, row);
                    let room = self.counts.len() < COUNTED;
                    match self.counts.get_mut(value.as_ref()) {
                        Some(count) => *count += 1,
                        None if room => drop(self.counts.insert(value.into_owned(), 1)),
                        None => {}
                    }
                }
                _ => {}
            }
        }
    }

    fn number(&mut self, x: f64) {
        self.min = self.min.min(x);
        self.max = self.max.max(x);
        let off = x - self.mean;
        self.mean += off / self.values as f64;
        self.m2 += off * (x - self.mean);
    }

    pub(super) fn finish(self) -> ColumnProfile {
        let some = self.values > 0;
        let mut counts: Vec<TopValue> =
            self.counts.into_iter().map(|(value, rows)| TopValue { value, rows }).collect();
        counts.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.value.cmp(&b.value)));
        let rarest = counts.last().cloned();
        counts.truncate(10);
        ColumnProfile {
            name: self.name,
            kind: self.kind,
            missing: self.missing,
            distinct: self.distinct.count_among(self.values),
            number: (some && self.kind == Kind::Number).then(|| NumberSummary {
                min: self.min,
                max: self.max,
                mean: self.mean,
                std: if self.values > 1 { (self.m2 / (self.values - 1) as f64).sqrt() } else { 0.0 },
            }),
            date: self.times.map(|(min, max)| DateSummary { min: date_text(min), max: date_text(max) }),
            text: (some && self.kind == Kind::Text).then(|| TextSummary {
                mean_characters: self.characters as f64 / self.values as f64,
                max_characters: self.longest,
            }),
            top: counts,
            rarest,
            examples: self.examples,
        }
    }
}

/// A hash of a cell; `None` if it is missing.
pub(super) fn cell_hash(table: &Table, column: usize, row: usize) -> Option<u64> {
    let cells = table.column(column);
    if cells.is_null(row) {
        return None;
    }
    Some(match table.schema().columns[column].kind {
        Kind::Number => hash(&cells.as_primitive::<Float64Type>().value(row).to_bits().to_le_bytes()),
        Kind::Boolean => hash(&[u8::from(cells.as_boolean().value(row))]),
        Kind::Date => hash(&cells.as_primitive::<TimestampMillisecondType>().value(row).to_le_bytes()),
        _ => match (cells.as_string_opt::<i32>(), cells.as_binary_opt::<i64>()) {
            (Some(text), _) => hash(text.value(row).as_bytes()),
            (None, bytes) => hash(bytes.map_or(&[][..], |b| b.value(row))),
        },
    })
}
