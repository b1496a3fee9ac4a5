//! Tables to events.
//!
//! Every format of [`ronghe_data::read`] is read, batch by batch; [`crate::movielens`] adds the forms of MovieLens that are no such
//! table. Users, items and domains are read as identifiers, so they stay as they are written.

use crate::collect::{Clock, Collector, Counts, Meaning};
use crate::roles::{Assigned, Choices, Role, says_rating};
use crate::{Error, Interactions, Progress, Result, movielens};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMillisecondType};
use arrow_array::{Array, ArrayRef};
use ronghe_data::read::{self, ReadOptions, Reader, Warning};
use ronghe_data::{ColumnSchema, Kind, Table};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// How a table is taken for events.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Source {
    /// Which column says what.
    pub columns: Choices,
    /// What a weight means; by its name and values where it is not said.
    pub meaning: Option<Meaning>,
    /// The least weight that is liked. By default 4 of ratings from 1 to 5, 8 of ratings from 1 to 10, else any above 0.
    pub at_least: Option<f32>,
    /// Milliseconds since 1970 after which a time is in the future; without it none is.
    pub now: Option<i64>,
    /// How the file is read.
    pub read: ReadOptions,
}

/// How weights were taken.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    /// What they mean.
    pub meaning: Meaning,
    /// The least weight that is liked; none: any above 0.
    pub at_least: Option<f32>,
    /// The highest rating of the scale, where the values look like one.
    pub scale: Option<u8>,
    /// Whether meaning or least weight was guessed.
    pub guessed: bool,
}

/// What was read and how it was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Loaded {
    /// Which column says what.
    pub columns: Vec<Assigned>,
    /// How weights were taken; none for a table without.
    pub weights: Option<Weights>,
    /// What the rows hold.
    pub counts: Counts,
    /// Rows that could not be read, where they may be left out.
    pub skipped: usize,
    /// What the reader noticed.
    pub warnings: Vec<Warning>,
    /// Numbers of users, items and domains.
    pub users: usize,
    /// Number of items.
    pub items: usize,
    /// Number of domains.
    pub domains: usize,
}

/// Reads the events of a file or folder. `progress` is told the rows read and how many there are (0: not known).
pub fn read(path: &Path, source: &Source, progress: Progress<'_>) -> Result<(Interactions, Loaded)> {
    let form = movielens::form(path)?;
    let path = form.path.as_path();
    if form.double_colons {
        return movielens::read_ratings(path, source, progress);
    }
    let mut options = source.read.clone();
    if let (Some(columns), None) = (form.columns, &options.columns) {
        options.columns = Some(columns.iter().map(|&name| name.to_owned()).collect());
        options.format.get_or_insert_with(|| "csv".into());
    }
    if path.extension().is_some_and(|e| e == "inter") {
        options.format.get_or_insert_with(|| "csv".into());
    }
    let looked = read::open(path, &options)?;
    let columns = source.columns.assign(looked.schema())?;
    let warnings = looked.warnings().to_vec();
    let kinds = columns.iter().map(|a| Ok((a.role, taken(looked.as_ref(), a)?)));
    let kinds = kinds.collect::<Result<BTreeMap<Role, ColumnSchema>>>()?;
    let rows = looked.rows();
    drop(looked);
    options.kinds.clear();
    options.drop.clear();
    options.only = Some(columns.iter().map(|a| a.column.clone()).collect());
    options.like = kinds.values().map(|c| (c.name.clone(), c.clone())).collect();
    let mut reader = read::open(path, &options)?;
    let clock = match kinds.get(&Role::Time).map(|c| c.kind) {
        None => Clock::None,
        Some(Kind::Date) => Clock::Millis,
        Some(_) => Clock::Counted,
    };
    let mut collector = Collector::new(clock);
    let mut done = 0;
    while let Some(batch) = reader.next_batch()? {
        take(&batch, &kinds, &mut collector)?;
        done += batch.rows();
        if !progress(done, rows.unwrap_or(0)) {
            return Err(Error::Stopped);
        }
    }
    let skipped = reader.skipped().rows;
    let named = kinds.get(&Role::Weight).map(|c| c.name.as_str());
    let (found, mut loaded) = finish(collector, source, named, columns);
    loaded.skipped = skipped;
    loaded.warnings = warnings.into_iter().filter(|w| concerns(w, &options.like)).collect();
    Ok((found, loaded))
}

/// How the column of a role is read.
fn taken(reader: &dyn Reader, assigned: &Assigned) -> Result<ColumnSchema> {
    let name = &assigned.column;
    let found = reader.schema().columns.iter().find(|c| &c.name == name);
    let kind = match (assigned.role, found.map(|c| c.kind)) {
        (Role::User | Role::Item | Role::Domain, _) => Kind::Identifier,
        (Role::Weight, Some(Kind::Boolean)) => Kind::Boolean,
        (Role::Weight, _) => Kind::Number,
        (Role::Time, Some(Kind::Number | Kind::Identifier)) => Kind::Number,
        (Role::Time, _) => Kind::Date,
    };
    Ok(match found {
        Some(found) if found.kind == kind => found.clone(),
        _ => ColumnSchema::new(name, kind),
    })
}

fn concerns(warning: &Warning, columns: &BTreeMap<String, ColumnSchema>) -> bool {
    let of = |name: &String| columns.get(name).is_some_and(|c| c.kind != Kind::Identifier);
    match warning {
        Warning::MixedDates { column, .. }
        | Warning::AmbiguousDates { column }
        | Warning::OddCells { column, .. } => of(column),
        Warning::HeaderOfNumbers { .. } | Warning::SwallowedLines { .. } | Warning::PassedOver { .. } => true,
        _ => false,
    }
}

fn take(batch: &Table, kinds: &BTreeMap<Role, ColumnSchema>, collector: &mut Collector) -> Result<()> {
    let place = |role: Role| kinds.get(&role).map(|c| batch.find(&c.name)).transpose();
    let (user, item) = (place(Role::User)?, place(Role::Item)?);
    let (weight, time, domain) = (place(Role::Weight)?, place(Role::Time)?, place(Role::Domain)?);
    for row in 0..batch.rows() {
        let text = |found: Option<(usize, Kind)>| found.and_then(|(i, _)| batch.text(i, row));
        let number = |found: (usize, Kind)| value(batch.column(found.0), found.1, row);
        let weight = weight.map_or(Some(1.0), number);
        collector.push(
            text(user),
            text(item),
            text(domain).unwrap_or(""),
            weight.map(|w| w as f32),
            time.and_then(number),
        );
    }
    Ok(())
}

fn value(cells: &ArrayRef, kind: Kind, row: usize) -> Option<f64> {
    if cells.is_null(row) {
        return None;
    }
    Some(match kind {
        Kind::Boolean => f64::from(u8::from(cells.as_boolean().value(row))),
        Kind::Date => cells.as_primitive::<TimestampMillisecondType>().value(row) as f64,
        _ => cells.as_primitive::<Float64Type>().value(row),
    })
}

/// The events of all rows, and how their weights were taken.
pub(crate) fn finish(
    collector: Collector,
    source: &Source,
    weight: Option<&str>,
    columns: Vec<Assigned>,
) -> (Interactions, Loaded) {
    let scale = match (weight.is_some_and(says_rating), collector.weights()) {
        (true, Some((least, most))) if least > 0.0 && (4.0..=5.0).contains(&most) => Some(5),
        (true, Some((least, most))) if least > 0.0 && (8.0..=10.0).contains(&most) => Some(10),
        _ => None,
    };
    let rating = weight.is_some_and(says_rating);
    let meaning = source.meaning.unwrap_or(if rating { Meaning::Rating } else { Meaning::Count });
    // A scale of five has its four as the least that is liked, one of ten its eight.
    let usual = scale.filter(|_| meaning == Meaning::Rating).map(|top| f32::from(top) * 0.8);
    let at_least = source.at_least.or(usual);
    let weights = weight.map(|_| Weights {
        meaning,
        at_least,
        scale,
        guessed: source.meaning.is_none() || source.at_least.is_none(),
    });
    let (found, counts) = collector.finish(meaning, at_least, source.now);
    let loaded = Loaded {
        columns,
        weights,
        counts,
        skipped: 0,
        warnings: Vec::new(),
        users: found.users.len(),
        items: found.items.len(),
        domains: found.domains.len(),
    };
    (found, loaded)
}
