//! Rows of text cells to typed columns: what CSV and JSON Lines have in common.
//!
//! The file is read twice: the first pass sees every value and settles the kind of each column, the second makes
//! batches of rows. Memory is bounded by one batch.

use super::{ReadOptions, Reader, Skipped, Warning};
use crate::infer::{Found, Guess, stays_inside};
use crate::value;
use crate::{DecimalMark, Error, Kind, Notation, Result, Schema, Table};
use arrow_array::builder::{
    BooleanBuilder, Float64Builder, LargeBinaryBuilder, StringBuilder, TimestampMillisecondBuilder,
};
use arrow_array::{ArrayRef, cast::AsArray};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a file says of a cell beside its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Nothing: it may be a number, a date or a name.
    Bare,
    /// That it is a string.
    String,
    /// That it is a number or a truth, written as computers do.
    Typed,
}

/// One row of text cells.
#[derive(Debug, Default)]
pub(crate) struct Row {
    text: String,
    cells: Vec<Option<(usize, usize, Source)>>,
}

impl Row {
    /// Forgets all cells.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.cells.clear();
    }

    /// Sets the cell of `column`.
    pub(crate) fn set(&mut self, column: usize, text: &str, source: Source) {
        if self.cells.len() <= column {
            self.cells.resize(column + 1, None);
        }
        let start = self.text.len();
        self.text.push_str(text);
        self.cells[column] = Some((start, self.text.len(), source));
    }

    /// The cell of `column`; `None` if there is none.
    pub(crate) fn get(&self, column: usize) -> Option<(&str, Source)> {
        let (start, end, source) = (*self.cells.get(column)?)?;
        Some((&self.text[start..end], source))
    }
}

/// Rows of text cells, one after another.
pub(crate) trait Rows: Send {
    /// Reads the next row; false at the end. After an [`Error::Row`] or [`Error::Cell`] the row after it can be read.
    fn next_row(&mut self, row: &mut Row) -> Result<bool>;

    /// Names of the columns met so far.
    fn names(&self) -> &[String];

    /// Whether all columns are known before the first row.
    fn names_are_known(&self) -> bool;

    /// Columns met so far that hold more than plain values, which are left out.
    fn nested(&self) -> Vec<String> {
        Vec::new()
    }

    /// What was noticed about the file as a whole so far.
    fn warnings(&self) -> &[Warning] {
        &[]
    }

    /// The file of the row just read and its row there, where rows come from more than one file.
    fn place(&self) -> Option<(&Path, usize)> {
        None
    }
}

/// Opens the same rows again, with the names of the columns if they are known.
pub(crate) type Reopen<'a, R> = dyn Fn(Option<Vec<String>>) -> Result<R> + 'a;

/// Typed batches from rows of text cells.
#[derive(Debug)]
pub(crate) struct RowsReader<R> {
    source: R,
    schema: Arc<Schema>,
    columns: Vec<Column>,
    options: ReadOptions,
    path: PathBuf,
    base: PathBuf,
    rows: Option<usize>,
    at: usize,
    skipped: Skipped,
    warnings: Vec<Warning>,
}

/// A column of the schema.
#[derive(Debug)]
struct Column {
    /// Its place in the source.
    place: usize,
    found: Found,
    missing: MissingWords,
}

/// Bytes of text after which a batch ends early, so that its strings stay addressable by 32 bits.
const BATCH_BYTES: usize = 256 << 20;

/// Rows that are looked at together.
const BLOCK: usize = 1024;

impl<R: Rows> RowsReader<R> {
    /// Looks at all rows once, unless all columns are known, and stands before the first.
    pub(crate) fn open(path: &Path, options: &ReadOptions, reopen: &Reopen<'_, R>) -> Result<RowsReader<R>> {
        let base = options.base(path);
        let mut source = reopen(None)?;
        let known = source.names_are_known() && options.knows(source.names());
        let (guesses, rows) = match known {
            true => (Vec::new(), None),
            false => look(path, options, &mut source, &base).map(|(guesses, rows)| (guesses, Some(rows)))?,
        };
        let names = source.names().to_vec();
        let mut warnings = source.warnings().to_vec();
        let mut options = options.clone();
        for column in source.nested() {
            if options.reads(&column) {
                warnings.push(Warning::LeftOut { column: column.clone(), holds: "nested objects".into() });
                options.drop.insert(column);
            }
        }
        let options = &options;
        let chosen = options.choose(path, &names)?;
        if chosen.is_empty() {
            return Err(Error::file(
                path,
                "at least one column of plain values",
                "nested objects in all of them",
                "write one object a row with a plain value a key (pandas: orient=\"records\")",
            ));
        }
        let mut columns = Vec::with_capacity(chosen.len());
        let nothing = Guess::default();
        for &place in &chosen {
            let name = &names[place];
            let guess = guesses.get(place).unwrap_or(&nothing);
            let found = options.settle(name, guess, &mut warnings);
            columns.push(Column { place, found, missing: MissingWords::of(name, options) });
        }
        let schema = columns.iter().map(|c| c.found.column(&names[c.place]));
        Ok(RowsReader {
            schema: Arc::new(Schema { columns: schema.collect() }),
            source: reopen(Some(names))?,
            columns,
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
        for (column, spec) in self.columns.iter().zip(&self.schema.columns) {
            let value = match row.get(column.place) {
                None => Ok(Value::Missing),
                Some((text, source)) if column.missing.say(text, source) => Ok(Value::Missing),
                Some((text, source)) => parse(text, source, &column.found, self.options.outside_paths),
            };
            cells.push(value.map_err(|bad| {
                let (path, at) = self.source.place().unwrap_or((&self.path, self.at));
                bad.at(path, at, &spec.name)
            })?);
        }
        Ok(())
    }
}

/// What all rows say of each column, and their number.
fn look<R: Rows>(
    path: &Path,
    options: &ReadOptions,
    source: &mut R,
    base: &Path,
) -> Result<(Vec<Guess>, usize)> {
    let mut columns: Vec<(Guess, MissingWords)> = Vec::new();
    let mut block: Vec<Row> = Vec::new();
    block.resize_with(BLOCK, Row::default);
    let (mut rows, mut more) = (0, true);
    while more {
        let mut filled: Vec<usize> = Vec::with_capacity(BLOCK);
        while filled.len() < BLOCK {
            match source.next_row(&mut block[filled.len()]) {
                Ok(true) => {
                    rows += 1;
                    filled.push(rows);
                }
                Ok(false) => {
                    more = false;
                    break;
                }
                Err(e) if options.skip_bad_rows && e.is_row() => rows += 1,
                Err(e) => return Err(e),
            }
        }
        let names = source.names();
        for name in &names[columns.len()..] {
            columns.push((Guess::default(), MissingWords::of(name, options)));
        }
        // Each column sees its values in order, whichever thread looks.
        columns.par_iter_mut().enumerate().for_each(|(i, (guess, missing))| {
            for (row, &number) in block.iter().zip(&filled) {
                match row.get(i) {
                    None => {}
                    Some((text, source)) if missing.say(text, source) => guess.observe_missing(text, number),
                    Some((text, source)) => guess.observe(text, source, base, number),
                }
            }
        });
    }
    if rows == 0 {
        return Err(Error::file(
            path,
            "at least one row of data",
            "none",
            "add rows; a header line alone is no table",
        ));
    }
    Ok((columns.into_iter().map(|(guess, _)| guess).collect(), rows))
}

/// The words that are missing in one column.
#[derive(Debug)]
struct MissingWords {
    /// Where the file does not say what is a string.
    bare: Vec<String>,
    /// Everywhere.
    all: Vec<String>,
    longest: usize,
}

impl MissingWords {
    fn of(column: &str, options: &ReadOptions) -> MissingWords {
        let kept = options.keep.get(column);
        let keeps = |word: &&String| word.is_empty() || kept.is_none_or(|kept| !kept.contains(*word));
        let bare: Vec<String> = options.missing.iter().filter(keeps).cloned().collect();
        let all: Vec<String> = options.also_missing.iter().filter(keeps).cloned().collect();
        let longest = bare.iter().chain(&all).map(String::len).max().unwrap_or(0);
        MissingWords { bare, all, longest }
    }

    /// Whether such a cell is missing.
    fn say(&self, text: &str, source: Source) -> bool {
        text.len() <= self.longest
            && (source == Source::Bare && self.bare.iter().any(|w| w == text)
                || source != Source::Typed && self.all.iter().any(|w| w == text))
    }
}

impl<R: Rows> Reader for RowsReader<R> {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn rows(&self) -> Option<usize> {
        self.rows
    }

    fn next_batch(&mut self) -> Result<Option<Table>> {
        let kinds = self.schema.columns.iter().map(|c| c.kind);
        let mut builders: Vec<ColumnBuilder> = kinds.map(ColumnBuilder::new).collect();
        let mut numbers: Vec<u32> = Vec::new();
        let (mut row, mut cells, mut size) = (Row::default(), Vec::new(), 0);
        while numbers.len() < self.options.batch_rows.max(1) && size < BATCH_BYTES {
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
            for ((value, builder), column) in cells.iter().zip(&mut builders).zip(&self.columns) {
                let text = row.get(column.place).map_or("", |(text, _)| text);
                size += text.len();
                builder.push(*value, text);
            }
            numbers.push(self.at as u32);
        }
        if numbers.is_empty() && self.at == 0 {
            return Err(Error::file(
                &self.path,
                "at least one row of data",
                "none",
                "add rows; a header line alone is no table",
            ));
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

/// A cell of text, understood. Strings stay where they are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value {
    Missing,
    Number(f64),
    Boolean(bool),
    Millis(i64),
    /// The text as it stands.
    Text,
    /// A whole number as a name.
    Whole(i64),
    /// A list of nothing.
    Empty,
    /// A list of numbers, as a vector.
    Vector,
    /// A list of numbers, as names.
    Listed,
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

/// Reads a cell that none of the missing words of its column says to be missing.
pub(crate) fn parse(
    text: &str,
    source: Source,
    found: &Found,
    outside: bool,
) -> std::result::Result<Value, Bad> {
    let bad = |expected: &str, mend: &str| {
        Err(Bad { expected: expected.into(), found: short(text), mend: mend.into() })
    };
    let Notation { date_unit, missing, whole_names, .. } = &found.notation;
    let typed = matches!(found.kind, Kind::Number | Kind::Date | Kind::Boolean);
    if typed && source != Source::Typed && (value::marker(text) || missing.iter().any(|w| w == text)) {
        return Ok(Value::Missing);
    }
    match found.kind {
        Kind::Number => number(text, source, &found.notation),
        Kind::Boolean => match value::boolean(text) {
            Some((_, said)) => Ok(Value::Boolean(said)),
            None => bad(
                "yes or no (true/false, yes/no, t/f, y/n, 是/否, 1/0)",
                "mend the cell, give the column another kind, or skip bad rows",
            ),
        },
        Kind::Date => {
            let counted = || {
                let number = value::quantity(text)?.point?;
                value::counted(number, (*date_unit)?)
            };
            match counted().or_else(|| value::date(text)?.millis(found.order())) {
                Some(millis) => Ok(Value::Millis(millis)),
                None => bad(
                    "a date such as 2024-01-31 or 2024-01-31T08:30:00Z",
                    "mend the cell, give the column another kind, or skip bad rows",
                ),
            }
        }
        Kind::Image | Kind::Audio if !outside && !stays_inside(text) => bad(
            "a path inside the table's folder",
            "move the file next to the table, or name the folder that holds the files",
        ),
        Kind::Vector => match (value::vector(text), found.notation.width) {
            (Some(numbers), width) if width.is_none_or(|w| w == numbers.len()) => Ok(Value::Vector),
            (_, Some(width)) => bad(
                &format!("a list of {width} numbers, as in the other rows"),
                "mend the cell, or skip bad rows",
            ),
            _ => bad("a list of numbers such as [0.5, 1]", "mend the cell, or skip bad rows"),
        },
        Kind::Category if text == "[]" => Ok(Value::Empty),
        _ if source == Source::Typed && text.starts_with('[') => Ok(Value::Listed),
        Kind::Category if *whole_names => Ok(whole(text).map_or(Value::Text, Value::Whole)),
        _ => Ok(Value::Text),
    }
}

/// The whole number that `3.0` or `3e2` is.
fn whole(text: &str) -> Option<i64> {
    if text.bytes().all(|b| b.is_ascii_digit()) || value::leading_zero(text) {
        return None;
    }
    let number = value::quantity(text).filter(|q| q.plain)?.point?;
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

fn number(text: &str, source: Source, notation: &Notation) -> std::result::Result<Value, Bad> {
    let bad = |expected: String, mend: &str| Err(Bad { expected, found: short(text), mend: mend.into() });
    let unit = notation.unit.as_deref().unwrap_or("");
    let expected = || if unit.is_empty() { "a number".to_owned() } else { format!("a number in {unit}") };
    let mend = "mend the cell, give the column another kind, or skip bad rows";
    let Some(found) = value::quantity(text) else { return bad(expected(), mend) };
    let value = match notation.decimal {
        // Programs write a point whatever people do.
        _ if source == Source::Typed => found.point,
        Some(DecimalMark::Comma) => found.comma,
        _ => found.point,
    };
    let Some(value) = value else {
        let mark = if notation.decimal == Some(DecimalMark::Comma) { "comma" } else { "point" };
        return bad(format!("a number with a decimal {mark}, as in the other rows"), mend);
    };
    if value.is_infinite() {
        let mend = "leave the cell empty if the value is unknown, or skip bad rows";
        return bad("a finite number".into(), mend);
    }
    let fits = match found.unit.as_ref() {
        "" => source == Source::Typed || !value::is_share(unit),
        found if unit.is_empty() => value::is_currency(found),
        found => found == unit,
    };
    if fits { Ok(Value::Number(value)) } else { bad(expected(), mend) }
}

/// Builds the Arrow array of one column.
#[derive(Debug)]
pub(crate) enum ColumnBuilder {
    Number(Float64Builder),
    Boolean(BooleanBuilder),
    Date(TimestampMillisecondBuilder),
    Text(StringBuilder),
    Vector(LargeBinaryBuilder),
}

impl ColumnBuilder {
    pub(crate) fn new(kind: Kind) -> ColumnBuilder {
        match kind {
            Kind::Number => ColumnBuilder::Number(Float64Builder::new()),
            Kind::Boolean => ColumnBuilder::Boolean(BooleanBuilder::new()),
            Kind::Date => ColumnBuilder::Date(TimestampMillisecondBuilder::new().with_timezone("UTC")),
            Kind::Vector => ColumnBuilder::Vector(LargeBinaryBuilder::new()),
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
            (ColumnBuilder::Text(b), Value::Whole(number)) => b.append_value(number.to_string()),
            (ColumnBuilder::Text(b), Value::Empty) => b.append_value(""),
            (ColumnBuilder::Text(b), Value::Listed) => {
                b.append_value(text.trim_matches(['[', ']']).replace(", ", "|"));
            }
            (ColumnBuilder::Vector(b), Value::Vector) => {
                b.append_option(value::vector(text).map(|numbers| value::vector_bytes(&numbers)));
            }
            (ColumnBuilder::Vector(b), _) => b.append_null(),
            (ColumnBuilder::Text(b), _) => b.append_null(),
        }
    }

    pub(crate) fn finish(self) -> ArrayRef {
        match self {
            ColumnBuilder::Number(mut b) => Arc::new(b.finish()),
            ColumnBuilder::Boolean(mut b) => Arc::new(b.finish()),
            ColumnBuilder::Date(mut b) => Arc::new(b.finish()),
            ColumnBuilder::Text(mut b) => Arc::new(b.finish()),
            ColumnBuilder::Vector(mut b) => Arc::new(b.finish()),
        }
    }
}

/// Reads a column of strings as what it was found to be; `first_row` is the row number of its first cell.
pub(crate) fn from_strings(
    strings: &ArrayRef,
    name: &str,
    found: &Found,
    options: &ReadOptions,
    path: &Path,
    first_row: usize,
) -> Result<ArrayRef> {
    let mut builder = ColumnBuilder::new(found.kind);
    let missing = MissingWords::of(name, options);
    for (i, text) in strings.as_string::<i32>().iter().enumerate() {
        let value = match text.map(str::trim).filter(|t| !t.is_empty() && !missing.say(t, Source::String)) {
            None => Value::Missing,
            Some(text) => parse(text, Source::String, found, options.outside_paths)
                .map_err(|bad| bad.at(path, first_row + i, name))?,
        };
        builder.push(value, text.unwrap_or_default());
    }
    Ok(builder.finish())
}
