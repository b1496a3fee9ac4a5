//! What the columns of record batches hold: types give the kinds of booleans and dates; strings, numbers and the lengths of
//! lists are looked at; bytes are known by their first ones.
//!
//! Whole numbers with names of classes in the file's metadata (`huggingface`, as the library `datasets` writes it) are these
//! names. Columns of types that are no plain values are left out with a warning.

use super::arrow::{
    Exact, Nature, Place, binaries, holds, named, nature, no_values, numbers, strings, texts, widths,
};
use super::cells::MissingWords;
use super::typed::Scan;
use super::{ReadOptions, Source, Warning};
use crate::decode::media_kind;
use crate::infer::{Found, Guess};
use crate::{Error, Kind, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Schema};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// A column that is read.
#[derive(Debug, Clone)]
pub(super) struct Looked {
    /// Its place in the file.
    pub(super) place: usize,
    /// Its name.
    pub(super) name: String,
    /// What it was found to be.
    pub(super) found: Found,
    /// Names of the classes that its whole numbers stand for.
    classes: Option<Arc<[String]>>,
}

impl Looked {
    /// Its cells in a batch, with the names of classes.
    pub(super) fn cells(&self, batch: &RecordBatch, path: &Path, first_row: usize) -> Result<ArrayRef> {
        // A projection keeps the file's order of columns, not the one asked for.
        let Some(cells) = batch.column_by_name(&self.name) else {
            let found = format!("no column `{}` in a batch", self.name);
            return Err(Error::file(
                path,
                "complete batches of rows",
                found,
                "copy, download or write the file again",
            ));
        };
        match &self.classes {
            Some(names) => named(cells, names, Place { path, column: &self.name, first_row }),
            None => Ok(cells.clone()),
        }
    }
}

/// A column that is looked at.
struct Column {
    looked: Looked,
    nature: Nature,
    /// Whether another table says what it is.
    known: bool,
    /// The kind that it is not to be inferred.
    kind: Option<Kind>,
    guess: Guess,
    /// Words that are missing although the file calls them strings.
    missing: Option<MissingWords>,
    /// Whether its bytes are nothing that is learned from.
    foreign: bool,
}

/// The columns to read of a file with this schema, and what was noticed.
pub(super) fn look(
    schema: &Schema,
    path: &Path,
    options: &ReadOptions,
    scan: &Scan<'_>,
) -> Result<(Vec<Looked>, Vec<Warning>)> {
    let base = options.base(path);
    let names: Vec<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
    let classes = class_names(schema.metadata().get("huggingface").map_or("", String::as_str));
    let mut warnings = Vec::new();
    let mut columns: Vec<Column> = Vec::new();
    for place in options.choose(path, &names)? {
        let name = &names[place];
        let of = schema.field(place).data_type();
        let classes = classes.get(name).cloned();
        let nature = if classes.is_some() { Some(Nature::Strings) } else { nature(of) };
        let asked = options.kinds.contains_key(name) || options.only.is_some();
        let Some(nature) = nature else {
            if asked {
                return Err(no_values(of, Place { path, column: name, first_row: 1 }));
            }
            warnings.push(Warning::LeftOut { column: name.clone(), holds: holds(of) });
            continue;
        };
        let found = Found::plain(Kind::Category);
        columns.push(Column {
            nature,
            known: options.like.contains_key(name) && !options.kinds.contains_key(name),
            kind: options.kind(name),
            guess: Guess::default(),
            missing: (!options.also_missing.is_empty()).then(|| MissingWords::of(name, options)),
            foreign: false,
            looked: Looked { place, name: name.clone(), found, classes },
        });
    }
    peek(&mut columns, path, scan)?;
    let mut open: Vec<&mut Column> = columns.iter_mut().filter(|column| column.is_open()).collect();
    if !open.is_empty() {
        let places: Vec<usize> = open.iter().map(|column| column.looked.place).collect();
        let mut row = 1;
        scan.all(&places, 8192, |batch| {
            // Each column sees its values in order, whichever thread looks.
            let looked = open.par_iter_mut().map(|column| column.observe(batch, path, &base, row));
            // The first column's error, not the first that a thread met.
            looked.collect::<Vec<Result<()>>>().into_iter().collect::<Result<()>>()?;
            row += batch.num_rows();
            Ok(())
        })?;
    }
    let mut read = Vec::with_capacity(columns.len());
    for column in columns {
        read.extend(column.settle(path, options, &mut warnings)?);
    }
    if read.is_empty() {
        return Err(Error::file(path, "at least one column of plain values", "none", "flatten the columns"));
    }
    Ok((read, warnings))
}

/// Looks at the first bytes of columns of bytes: they are pictures or sound, else text if they are that.
fn peek(columns: &mut [Column], path: &Path, scan: &Scan<'_>) -> Result<()> {
    let mut open: Vec<&mut Column> = Vec::new();
    for column in columns.iter_mut().filter(|column| column.nature == Nature::Bytes) {
        column.looked.found = Found::plain(column.kind.unwrap_or(Kind::Image));
        match column.kind {
            None => open.push(column),
            Some(Kind::Image | Kind::Audio) => {}
            Some(_) => column.nature = Nature::Strings,
        }
    }
    if open.is_empty() {
        return Ok(());
    }
    let places: Vec<usize> = open.iter().map(|column| column.looked.place).collect();
    let mut row = 1;
    scan.until(&places, 64, |batch| {
        let mut still = Vec::new();
        for column in std::mem::take(&mut open) {
            let place = Place { path, column: &column.looked.name, first_row: row };
            let cells = column.looked.cells(batch, path, row)?;
            let files = binaries(&cells, place)?;
            let Some(first) = files.as_binary::<i64>().iter().flatten().next() else {
                still.push(column);
                continue;
            };
            let text = std::str::from_utf8(first)
                .is_ok_and(|t| !t.contains(|c: char| c.is_control() && !c.is_whitespace()));
            match media_kind(first) {
                Some(kind) => column.looked.found.kind = kind,
                None if text && !matches!(cells.data_type(), DataType::Struct(_)) => {
                    column.nature = Nature::Strings;
                }
                None => column.foreign = true,
            }
        }
        open = still;
        row += batch.num_rows();
        Ok(!open.is_empty())
    })
}

impl Column {
    /// Whether its cells say what it is.
    fn is_open(&self) -> bool {
        match self.nature {
            Nature::Strings | Nature::Numbers => !self.known,
            Nature::Vectors => !self.known && self.kind.is_none_or(|kind| kind == Kind::Vector),
            _ => false,
        }
    }

    /// Looks at its cells in a batch that begins with `row`. Files are looked for under `base`.
    fn observe(&mut self, batch: &RecordBatch, path: &Path, base: &Path, row: usize) -> Result<()> {
        let cells = self.looked.cells(batch, path, row)?;
        let place = Place { path, column: &self.looked.name, first_row: row };
        match self.nature {
            Nature::Strings => {
                let strings = match nature(cells.data_type()) {
                    Some(Nature::Bytes) => match texts(&cells, place) {
                        Err(_) if self.kind.is_none() => {
                            self.foreign = true;
                            return Ok(());
                        }
                        texts => texts?,
                    },
                    _ => strings(&cells, place)?,
                };
                let missing =
                    |text: &str| self.missing.as_ref().is_some_and(|m| m.say(text.trim(), Source::String));
                for (i, text) in strings.as_string::<i32>().iter().enumerate() {
                    match text.filter(|t| !t.is_empty()) {
                        None => {}
                        Some(text) if missing(text) => self.guess.observe_missing(text.trim(), row + i),
                        Some(text) => self.guess.observe(text, Source::String, base, row + i),
                    }
                }
            }
            Nature::Vectors => widths(&cells, |width| self.guess.observe_list(width)),
            _ => {
                // A column with infinite numbers is one of numbers; its rows say what is wrong.
                let Ok(numbers) = numbers(&cells, place) else { return Ok(()) };
                let exact = Exact::of(&cells);
                for (i, x) in numbers.as_primitive::<Float64Type>().iter().enumerate() {
                    if let Some(x) = x {
                        self.guess.observe_number(x, exact.as_ref().map(|e| e.at(i)));
                    }
                }
            }
        }
        Ok(())
    }

    /// What it was found to be; `None` if it is left out.
    fn settle(
        self,
        path: &Path,
        options: &ReadOptions,
        warnings: &mut Vec<Warning>,
    ) -> Result<Option<Looked>> {
        let open = self.is_open();
        let Column { mut looked, nature, guess, kind, foreign, .. } = self;
        if foreign {
            if options.only.is_some() {
                return Err(Error::file(
                    path,
                    format!("column `{}` to hold the bytes of pictures or sound, or text", looked.name),
                    "other bytes",
                    "leave the column out, or give its kind",
                ));
            }
            let holds = "bytes that are no picture, sound or text".into();
            warnings.push(Warning::LeftOut { column: looked.name, holds });
            return Ok(None);
        }
        looked.found = match nature {
            // Types say what these are; a kind that was given goes before.
            Nature::Booleans => Found::plain(kind.unwrap_or(Kind::Boolean)),
            Nature::Dates => Found::plain(kind.unwrap_or(Kind::Date)),
            Nature::Bytes => looked.found,
            // Lists that are only copied stay lists, whatever their name says.
            Nature::Vectors if options.copied(&looked.name) => guess.found(&looked.name),
            _ => options.settle(&looked.name, &guess, warnings),
        };
        if nature == Nature::Numbers && guess.is_empty() && kind.is_none() {
            looked.found.kind = Kind::Number;
        }
        let Found { kind, notation } = &looked.found;
        if nature == Nature::Vectors && open && !(*kind == Kind::Vector && notation.width > Some(1)) {
            let holds = "lists of different lengths".into();
            warnings.push(Warning::LeftOut { column: looked.name, holds });
            return Ok(None);
        }
        Ok(Some(looked))
    }
}

/// Names of classes by column, from the metadata that `datasets` writes into the schema.
fn class_names(metadata: &str) -> BTreeMap<String, Arc<[String]>> {
    fn of(feature: &serde_json::Value, depth: usize) -> Option<Arc<[String]>> {
        if let Some(list) = feature.as_array() {
            return of(list.first()?, depth + 1);
        }
        if feature.get("_type")?.as_str()? == "ClassLabel" {
            let names = feature.get("names")?.as_array()?;
            return names.iter().map(|n| n.as_str().map(str::to_owned)).collect();
        }
        (depth < 8).then(|| of(feature.get("feature")?, depth + 1)).flatten()
    }
    let parsed: serde_json::Value = serde_json::from_str(metadata).unwrap_or_default();
    let features = parsed.get("info").and_then(|i| i.get("features")).and_then(serde_json::Value::as_object);
    let named =
        features.into_iter().flatten().filter_map(|(name, feature)| Some((name.clone(), of(feature, 0)?)));
    named.collect()
}
