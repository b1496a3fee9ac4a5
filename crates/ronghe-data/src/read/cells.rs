//! One cell of text: what it says in a column of a kind, and how it is put there.

use super::ReadOptions;
use crate::gathered::ColumnBuilder;
use crate::infer::{Found, stays_inside};
use crate::value::{self, WordSet};
use crate::{DecimalMark, Error, Kind, Notation, Result};
use arrow_array::{ArrayRef, cast::AsArray};
use std::path::Path;

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

/// The words that are missing in one column.
#[derive(Debug)]
pub(super) struct MissingWords {
    /// Where the file does not say what is a string.
    bare: WordSet,
    /// Everywhere.
    all: WordSet,
}

impl MissingWords {
    pub(super) fn of(column: &str, options: &ReadOptions) -> MissingWords {
        let kept = options.keep.get(column);
        let keeps = |word: &&String| word.is_empty() || kept.is_none_or(|kept| !kept.contains(*word));
        let set = |words: &[String]| WordSet::of(words.iter().filter(keeps).cloned());
        MissingWords { bare: set(&options.missing), all: set(&options.also_missing) }
    }

    /// Whether such a cell is missing.
    pub(super) fn say(&self, text: &str, source: Source) -> bool {
        source == Source::Bare && self.bare.contains(text)
            || source != Source::Typed && self.all.contains(text)
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
                let unit = (*date_unit)?;
                value::counted(value::quantity(text)?.point?, unit)
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

impl ColumnBuilder {
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
