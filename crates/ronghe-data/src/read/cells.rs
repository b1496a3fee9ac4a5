//! Rows of text cells to typed columns: what CSV and JSON Lines have in common.
//!
//! The file is read twice: the first pass sees every value and settles the kind of each column, the second makes
//! batches of rows. Memory is bounded by one batch.

use super::{ReadOptions, Reader, Skipped, Warning};
use crate::DateOrder;
use crate::infer::{Found, Guess, stays_inside};
use crate::value::{self, FORMS, Numeral};
use crate::{ColumnSchema, Error, Kind, Result, Schema, Table};
use arrow_array::builder::{BooleanBuilder, Float64Builder, StringBuilder, TimestampMillisecondBuilder};
use arrow_array::{ArrayRef, cast::AsArray};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One row of text cells.
#[derive(Debug, Default)]
pub(crate) struct Row {
    text: String,
    cells: Vec<Option<(usize, usize, bool)>>,
}

impl Row {
    /// Forgets all cells.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.cells.clear();
    }

    /// Sets the cell of `column`. `quoted`: the file says it is a string.
    pub(crate) fn set(&mut self, column: usize, text: &str, quoted: bool) {
        if self.cells.len() <= column {
            self.cells.resize(column + 1, None);
        }
        let start = self.text.len();
        self.text.push_str(text);
        self.cells[column] = Some((start, self.text.len(), quoted));
    }

    /// The cell of `column` and whether it is a string by the file; `None` if missing.
    pub(crate) fn get(&self, column: usize) -> Option<(&str, bool)> {
        let (start, end, quoted) = (*self.cells.get(column)?)?;
        Some((&self.text[start..end], quoted))
    }
}

/// Rows of text cells, one after another.
pub(crate) trait Rows: Send {
    /// Reads the next row; false at the end. After an [`Error::Row`] or [`Error::Cell`] the row after it can be read.
    fn next_row(&mut self, row: &mut Row) -> Result<bool>;

    /// Names of the columns met so far.
    fn names(&self) -> &[String];
}

/// Opens the same rows again, with the names of the columns if they are known.
pub(crate) type Reopen<'a, R> = dyn Fn(Option<Vec<String>>) -> Result<R> + 'a;

/// Typed batches from rows of text cells.
#[derive(Debug)]
pub(crate) struct RowsReader<R> {
    source: R,
    schema: Arc<Schema>,
    /// Column of the source and what it was found to be, for each column of the schema.
    columns: Vec<(usize, Found)>,
    options: ReadOptions,
    path: PathBuf,
    base: PathBuf,
    rows: usize,
    at: usize,
    skipped: Skipped,
    warnings: Vec<Warning>,
}

/// Bytes of text after which a batch ends early, so that its strings stay addressable by 32 bits.
const BATCH_BYTES: usize = 256 << 20;

impl<R: Rows> RowsReader<R> {
    /// Looks at all rows once and stands before the first.
    pub(crate) fn open(path: &Path, options: &ReadOptions, reopen: &Reopen<'_, R>) -> Result<RowsReader<R>> {
        let base = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut source = reopen(None)?;
        let mut guesses: Vec<Guess> = Vec::new();
        let (mut row, mut rows) = (Row::default(), 0);
        loop {
            match source.next_row(&mut row) {
                Ok(true) => {}
                Ok(false) => break,
                Err(e) if options.skip_bad_rows && e.is_row() => {
                    rows += 1;
                    continue;
                }
                Err(e) => return Err(e),
            }
            rows += 1;
            guesses.resize_with(source.names().len(), Guess::default);
            for (column, guess) in guesses.iter_mut().enumerate() {
                if let Some((text, quoted)) = row.get(column) {
                    guess.observe(text, quoted, &base);
                }
            }
        }
        if rows == 0 {
            return Err(Error::file(
                path,
                "at least one row of data",
                "none",
                "add rows; a header line alone is no table",
            ));
        }
        let names = source.names().to_vec();
        guesses.resize_with(names.len(), Guess::default);
        let chosen = options.choose(path, &names)?;
        let found: Vec<Found> = chosen.iter().map(|&c| options.settle(&names[c], &guesses[c])).collect();
        let warnings =
            chosen.iter().zip(&found).flat_map(|(&c, found)| date_warnings(&names[c], *found)).collect();
        let columns = chosen
            .iter()
            .zip(&found)
            .map(|(&c, found)| ColumnSchema::new(names[c].clone(), found.kind))
            .collect();
        Ok(RowsReader {
            source: reopen(Some(names))?,
            schema: Arc::new(Schema { columns }),
            columns: chosen.into_iter().zip(found).collect(),
            options: options.clone(),
            path: path.to_owned(),
            base,
            rows,
            at: 0,
            skipped: Skipped::default(),
            warnings,
        })
    }

    fn parse(&self, row: &Row, cells: &mut Vec<Value>) -> Result<()> {
        cells.clear();
        for (&(column, found), spec) in self.columns.iter().zip(&self.schema.columns) {
            let value = match row.get(column) {
                None => Ok(Value::Missing),
                Some((text, _)) => parse(text, found.kind, found.order, self.options.outside_paths),
            };
            cells.push(value.map_err(|bad| bad.at(&self.path, self.at, &spec.name))?);
        }
        Ok(())
    }
}

impl<R: Rows> Reader for RowsReader<R> {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn rows(&self) -> Option<usize> {
        Some(self.rows)
    }

    fn next_batch(&mut self) -> Result<Option<Table>> {
        let kinds = self.schema.columns.iter().map(|c| c.kind);
        let mut builders: Vec<ColumnBuilder> = kinds.map(ColumnBuilder::new).collect();
        let mut numbers: Vec<u32> = Vec::new();
        let (mut row, mut cells, mut bytes) = (Row::default(), Vec::new(), 0);
        while numbers.len() < self.options.batch_rows.max(1) && bytes < BATCH_BYTES {
            let read = self.source.next_row(&mut row);
            if let Ok(false) = read {
                break;
            }
            self.at += 1;
            match read.and_then(|_| self.parse(&row, &mut cells)) {
                Ok(()) => {}
                Err(e) if self.options.skip_bad_rows && e.is_row() => {
                    self.skipped.add(e);
                    continue;
                }
                Err(e) => return Err(e),
            }
            for ((value, builder), (column, _)) in cells.iter().zip(&mut builders).zip(&self.columns) {
                let text = row.get(*column).map_or("", |(text, _)| text);
                bytes += text.len();
                builder.push(*value, text);
            }
            numbers.push(self.at as u32);
        }
        if numbers.is_empty() {
            return Ok(None);
        }
        let columns = builders.into_iter().map(ColumnBuilder::finish).collect();
        let table = Table::new(self.schema.clone(), columns, &self.path, &self.base, numbers[0] as usize)?;
        Ok(Some(table.with_row_numbers(numbers)))
    }

    fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

fn date_warnings(name: &str, found: Found) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if found.kind == Kind::Date && found.forms.count_ones() > 1 {
        let forms = FORMS.iter().enumerate().filter(|(i, _)| found.forms & 1 << i != 0);
        let forms = forms.map(|(_, form)| (*form).to_owned()).collect();
        warnings.push(Warning::MixedDates { column: name.to_owned(), forms });
    }
    if found.kind == Kind::Date && found.ambiguous {
        warnings.push(Warning::AmbiguousDates { column: name.to_owned() });
    }
    warnings
}

/// A cell of text, understood. Strings stay where they are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value {
    Missing,
    Number(f64),
    Boolean(bool),
    Millis(i64),
    Text,
}

/// What is wrong with a cell, before its place is known.
#[derive(Debug)]
pub(crate) struct Bad {
    expected: String,
    found: String,
    mend: String,
}

impl Bad {
    pub(crate) fn at(self, path: &Path, row: usize, column: &str) -> Error {
        let Bad { expected, found, mend } = self;
        Error::Cell { path: path.to_owned(), row, column: column.to_owned(), expected, found, mend }
    }
}

/// At most 40 characters of a text, for messages.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// Reads a cell that is not missing.
pub(crate) fn parse(
    text: &str,
    kind: Kind,
    order: DateOrder,
    outside: bool,
) -> std::result::Result<Value, Bad> {
    let bad = |expected: &str, mend: &str| {
        Err(Bad { expected: expected.into(), found: short(text), mend: mend.into() })
    };
    match kind {
        Kind::Number => match value::number(text) {
            Some(Numeral::Finite(x)) => Ok(Value::Number(x)),
            Some(Numeral::Infinite) => {
                bad("a finite number", "leave the cell empty if the value is unknown, or skip bad rows")
            }
            None => bad("a number", "mend the cell, give the column another kind, or skip bad rows"),
        },
        Kind::Boolean => match value::boolean(text) {
            Some((_, said)) => Ok(Value::Boolean(said)),
            None => bad(
                "yes or no (true/false, yes/no, t/f, y/n, 是/否, 1/0)",
                "mend the cell, give the column another kind, or skip bad rows",
            ),
        },
        Kind::Date => match value::date(text).and_then(|d| d.millis(order)) {
            Some(millis) => Ok(Value::Millis(millis)),
            None => bad(
                "a date such as 2024-01-31 or 2024-01-31T08:30:00Z",
                "mend the cell, give the column another kind, or skip bad rows",
            ),
        },
        Kind::Image | Kind::Audio if !outside && !stays_inside(text) => bad(
            "a path inside the table's folder",
            "move the file next to the table, or allow outside paths (option `outside_paths`)",
        ),
        _ => Ok(Value::Text),
    }
}

/// Builds the Arrow array of one column.
#[derive(Debug)]
pub(crate) enum ColumnBuilder {
    Number(Float64Builder),
    Boolean(BooleanBuilder),
    Date(TimestampMillisecondBuilder),
    Text(StringBuilder),
}

impl ColumnBuilder {
    pub(crate) fn new(kind: Kind) -> ColumnBuilder {
        match kind {
            Kind::Number => ColumnBuilder::Number(Float64Builder::new()),
            Kind::Boolean => ColumnBuilder::Boolean(BooleanBuilder::new()),
            Kind::Date => ColumnBuilder::Date(TimestampMillisecondBuilder::new().with_timezone("UTC")),
            _ => ColumnBuilder::Text(StringBuilder::new()),
        }
    }

    /// Appends a value; `text` is its text. A value of another kind counts as missing.
    pub(crate) fn push(&mut self, value: Value, text: &str) {
        match (self, value) {
            (ColumnBuilder::Number(b), Value::Number(x)) => b.append_value(x),
            (ColumnBuilder::Number(b), _) => b.append_null(),
            (ColumnBuilder::Boolean(b), Value::Boolean(x)) => b.append_value(x),
            (ColumnBuilder::Boolean(b), _) => b.append_null(),
            (ColumnBuilder::Date(b), Value::Millis(x)) => b.append_value(x),
            (ColumnBuilder::Date(b), _) => b.append_null(),
            (ColumnBuilder::Text(b), Value::Text) => b.append_value(text),
            (ColumnBuilder::Text(b), _) => b.append_null(),
        }
    }

    pub(crate) fn finish(self) -> ArrayRef {
        match self {
            ColumnBuilder::Number(mut b) => Arc::new(b.finish()),
            ColumnBuilder::Boolean(mut b) => Arc::new(b.finish()),
            ColumnBuilder::Date(mut b) => Arc::new(b.finish()),
            ColumnBuilder::Text(mut b) => Arc::new(b.finish()),
        }
    }
}

/// Reads a column of strings as `kind`; `first_row` is the row number of its first cell.
pub(crate) fn from_strings(
    strings: &ArrayRef,
    name: &str,
    found: Found,
    options: &ReadOptions,
    path: &Path,
    first_row: usize,
) -> Result<ArrayRef> {
    let mut builder = ColumnBuilder::new(found.kind);
    for (i, text) in strings.as_string::<i32>().iter().enumerate() {
        let value = match text.map(str::trim).filter(|t| !t.is_empty()) {
            None => Value::Missing,
            Some(text) => parse(text, found.kind, found.order, options.outside_paths)
                .map_err(|bad| bad.at(path, first_row + i, name))?,
        };
        builder.push(value, text.unwrap_or_default());
    }
    Ok(builder.finish())
}
