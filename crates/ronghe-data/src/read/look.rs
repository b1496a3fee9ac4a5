//! What the columns of record batches hold: types give the kinds of booleans and dates, strings and numbers are looked at, bytes are
//! known by their first ones.
//!
//! Whole numbers with names of classes in the file's metadata (`huggingface`, as the library `datasets` writes it) are these
//! names. Columns of types that are no plain values are left out with a warning.

use super::arrow::{
    Nature, Place, binaries, exact, holds, named, nature, no_values, numbers, strings, texts,
};
use super::lists::widths;
use super::{ReadOptions, Source, Warning};
use crate::decode::media_kind;
use crate::infer::{Found, Guess};
use crate::{Error, Kind, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::Schema;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Gives the batches of the columns at these places, in batches of so many rows, until it is told to stop.
pub(super) type Scan<'a> =
    &'a mut dyn FnMut(&[usize], usize, &mut dyn FnMut(&RecordBatch) -> Result<bool>) -> Result<()>;

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

/// The columns to read of a file with this schema, and what was noticed.
pub(super) fn look(
    schema: &Schema,
    path: &Path,
    options: &ReadOptions,
    scan: Scan<'_>,
) -> Result<(Vec<Looked>, Vec<Warning>)> {
    let base = options.base(path);
    let names: Vec<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
    let classes = class_names(schema.metadata().get("huggingface").map_or("", String::as_str));
    let mut warnings = Vec::new();
    let mut columns: Vec<(Looked, Nature, bool)> = Vec::new();
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
        let known = options.like.contains_key(name) && !options.kinds.contains_key(name);
        let found = Found::plain(Kind::Category);
        columns.push((Looked { place, name: name.clone(), found, classes }, nature, known));
    }
    let mut guesses: Vec<Guess> = vec![Guess::default(); columns.len()];
    let counted = |nature| matches!(nature, Nature::Strings | Nature::Numbers);
    let asked: Vec<usize> = (0..columns.len()).filter(|&i| counted(columns[i].1) && !columns[i].2).collect();
    let mut seen = vec![Guess::default(); asked.len()];
    if !asked.is_empty() {
        let places: Vec<usize> = asked.iter().map(|&i| columns[i].0.place).collect();
        let mut row = 1;
        scan(&places, 8192, &mut |batch| {
            // Each column sees its values in order, whichever thread looks.
            let looked = seen.par_iter_mut().zip(&asked).map(|(guess, &i)| {
                let (column, nature, _) = &columns[i];
                let cells = column.cells(batch, path, row)?;
                observe(&cells, *nature, guess, &base, (path, &column.name, row))
            });
            // The first column's error, not the first that a thread met.
            looked.collect::<Vec<Result<()>>>().into_iter().collect::<Result<Vec<()>>>()?;
            row += batch.num_rows();
            Ok(true)
        })?;
    }
    asked.iter().zip(seen).for_each(|(&i, guess)| guesses[i] = guess);
    vectors(&mut columns, path, options, scan, &mut guesses, &mut warnings)?;
    bytes(&mut columns, path, options, scan, &mut guesses, &base, &mut warnings)?;
    let mut read = Vec::with_capacity(columns.len());
    for ((mut column, nature, _), guess) in columns.into_iter().zip(&guesses) {
        column.found = match nature {
            // Types say what these are; a kind that was given goes before.
            Nature::Booleans | Nature::Dates => {
                let kind = if nature == Nature::Booleans { Kind::Boolean } else { Kind::Date };
                Found::plain(options.kind(&column.name).unwrap_or(kind))
            }
            Nature::Bytes | Nature::Vectors => column.found,
            _ => options.settle(&column.name, guess, &mut warnings),
        };
        if nature == Nature::Numbers && guess.is_empty() && options.kind(&column.name).is_none() {
            column.found.kind = Kind::Number;
        }
        read.push(column);
    }
    if read.is_empty() {
        return Err(Error::file(path, "at least one column of plain values", "none", "flatten the columns"));
    }
    Ok((read, warnings))
}

fn observe(
    cells: &ArrayRef,
    nature: Nature,
    guess: &mut Guess,
    base: &Path,
    at: (&Path, &str, usize),
) -> Result<()> {
    let (path, column, first_row) = at;
    let place = Place { path, column, first_row };
    if nature == Nature::Strings {
        let strings = strings(cells, place)?;
        for (i, text) in strings.as_string::<i32>().iter().enumerate() {
            if let Some(text) = text.filter(|t| !t.is_empty()) {
                guess.observe(text, Source::String, base, first_row + i);
            }
        }
        return Ok(());
    }
    // A column with infinite numbers is one of numbers; its rows say what is wrong.
    let Ok(numbers) = numbers(cells, place) else { return Ok(()) };
    let exact = exact(cells);
    for (i, x) in numbers.as_primitive::<Float64Type>().iter().enumerate() {
        if let Some(x) = x {
            guess.observe_number(x, exact.as_ref().and_then(|e| e[i]));
        }
    }
    Ok(())
}

/// Settles columns of lists of numbers: vectors where all have the same length, else left out.
fn vectors(
    columns: &mut Vec<(Looked, Nature, bool)>,
    path: &Path,
    options: &ReadOptions,
    scan: Scan<'_>,
    guesses: &mut Vec<Guess>,
    warnings: &mut Vec<Warning>,
) -> Result<()> {
    let mut open: Vec<(usize, Option<usize>, bool)> = Vec::new();
    for (i, (column, nature, _)) in columns.iter_mut().enumerate() {
        if *nature != Nature::Vectors {
            continue;
        }
        match (options.like.get(&column.name), options.kinds.get(&column.name)) {
            (Some(like), None) => {
                column.found = Found::like(like);
            }
            (_, Some(&kind)) if kind != Kind::Vector => column.found = Found::plain(kind),
            _ => open.push((i, None, true)),
        }
    }
    if open.is_empty() {
        return Ok(());
    }
    let places: Vec<usize> = open.iter().map(|(i, ..)| columns[*i].0.place).collect();
    scan(&places, 1024, &mut |batch| {
        for (i, width, agree) in &mut open {
            for found in widths(&columns[*i].0.cells(batch, path, 1)?).into_iter().flatten() {
                *agree &= found > 1 && width.is_none_or(|width| width == found);
                *width = width.or(Some(found));
            }
        }
        Ok(open.iter().any(|(.., agree)| *agree))
    })?;
    for (i, width, agree) in open.into_iter().rev() {
        let column = &mut columns[i].0;
        if agree && width.is_some() {
            column.found = Found::plain(Kind::Vector);
            column.found.notation.width = width;
            continue;
        }
        let (column, ..) = columns.remove(i);
        guesses.remove(i);
        warnings.push(Warning::LeftOut { column: column.name, holds: "lists of different lengths".into() });
    }
    Ok(())
}

/// Settles columns of bytes: pictures or sound by the first bytes, else text if they are that.
fn bytes(
    columns: &mut Vec<(Looked, Nature, bool)>,
    path: &Path,
    options: &ReadOptions,
    scan: Scan<'_>,
    guesses: &mut Vec<Guess>,
    base: &Path,
    warnings: &mut Vec<Warning>,
) -> Result<()> {
    let mut texts_of: Vec<usize> = Vec::new();
    let mut foreign: Vec<usize> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for (i, (column, nature, _)) in columns.iter_mut().enumerate() {
        if *nature != Nature::Bytes {
            continue;
        }
        column.found = Found::plain(options.kind(&column.name).unwrap_or(Kind::Image));
        match options.kind(&column.name) {
            None => open.push(i),
            Some(Kind::Image | Kind::Audio) => {}
            Some(_) => texts_of.push(i),
        }
    }
    if !open.is_empty() {
        let places: Vec<usize> = open.iter().map(|&i| columns[i].0.place).collect();
        scan(&places, 64, &mut |batch| {
            let mut still = Vec::new();
            for &i in &open {
                let column = &mut columns[i].0;
                let place = Place { path, column: &column.name, first_row: 1 };
                let files = binaries(&column.cells(batch, path, 1)?, place)?;
                let Some(first) = files.as_binary::<i64>().iter().flatten().next() else {
                    still.push(i);
                    continue;
                };
                let text = std::str::from_utf8(first)
                    .is_ok_and(|t| !t.contains(|c: char| c.is_control() && !c.is_whitespace()));
                match media_kind(first) {
                    Some(kind) => column.found.kind = kind,
                    None if text
                        && !matches!(
                            batch.column_by_name(&column.name).map(|c| c.data_type()),
                            Some(arrow_schema::DataType::Struct(_))
                        ) =>
                    {
                        texts_of.push(i);
                    }
                    None => foreign.push(i),
                }
            }
            open = still;
            Ok(!open.is_empty())
        })?;
    }
    if !texts_of.is_empty() {
        let places: Vec<usize> = texts_of.iter().map(|&i| columns[i].0.place).collect();
        let mut row = 1;
        scan(&places, 8192, &mut |batch| {
            for &i in &texts_of {
                let name = columns[i].0.name.clone();
                let cells = columns[i].0.cells(batch, path, row)?;
                let given = options.kind(&name).is_some();
                match texts(&cells, Place { path, column: &name, first_row: row }) {
                    Ok(text) => observe(&text, Nature::Strings, &mut guesses[i], base, (path, &name, row))?,
                    Err(e) if given => return Err(e),
                    Err(_) if !foreign.contains(&i) => foreign.push(i),
                    Err(_) => {}
                }
            }
            row += batch.num_rows();
            Ok(true)
        })?;
        for &i in &texts_of {
            let column = &mut columns[i].0;
            column.found = options.settle(&column.name, &guesses[i], warnings);
        }
    }
    foreign.sort_unstable();
    for &i in foreign.iter().rev() {
        let (column, ..) = columns.remove(i);
        guesses.remove(i);
        if options.only.is_some() {
            return Err(Error::file(
                path,
                format!("column `{}` to hold the bytes of pictures or sound, or text", column.name),
                "other bytes",
                "leave the column out, or give its kind",
            ));
        }
        let holds = "bytes that are no picture, sound or text".into();
        warnings.push(Warning::LeftOut { column: column.name, holds });
    }
    Ok(())
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
