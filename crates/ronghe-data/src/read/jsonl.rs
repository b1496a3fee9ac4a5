//! JSON Lines, and one JSON array of objects.
//!
//! Each object is a row, each key a column; a key that a row lacks, `null` and `""` are missing. A list of plain
//! values is joined with `|`. A column that holds nested objects anywhere is left out. Strings of digits are no numbers.

use super::bytes;
use super::cells::{Source, short};
use super::rows::{Row, Rows, RowsReader};
use super::{ReadOptions, Reader};
use crate::{Error, Result, plain};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::io::{BufRead, ErrorKind, Read};
use std::path::{Path, PathBuf};

pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn Reader>> {
    let reopen = |names| JsonRows::open(path, options, names);
    Ok(Box::new(RowsReader::open(path, options, &reopen)?))
}

/// The rows of one file of many.
pub(super) fn rows(path: &Path, options: &ReadOptions) -> Result<Box<dyn Rows>> {
    Ok(Box::new(JsonRows::open(path, options, None)?))
}

struct JsonRows {
    input: Box<dyn BufRead + Send>,
    /// One array around all rows, instead of a row a line.
    array: bool,
    value: Vec<u8>,
    names: Vec<String>,
    places: HashMap<String, usize>,
    /// Whether the names are still being found.
    open: bool,
    /// Columns that hold objects, or lists of lists.
    nested: Vec<bool>,
    path: PathBuf,
    limits: super::Limits,
    row: usize,
}

impl JsonRows {
    fn open(path: &Path, options: &ReadOptions, names: Option<Vec<String>>) -> Result<JsonRows> {
        let mut input = bytes::text(path, options.encoding.as_deref())?;
        let mut first = peek(&mut input).map_err(|e| Error::io(path, e))?;
        while first.is_some_and(|b| b.is_ascii_whitespace()) {
            input.consume(1);
            first = peek(&mut input).map_err(|e| Error::io(path, e))?;
        }
        let array = first == Some(b'[');
        if array {
            input.consume(1);
        }
        let open = names.is_none();
        let names = names.unwrap_or_default();
        let places = names.iter().enumerate().map(|(i, n)| (n.clone(), i)).collect();
        let (path, limits) = (path.to_owned(), options.limits.clone());
        let nested = vec![false; names.len()];
        Ok(JsonRows { input, array, value: Vec::new(), names, places, open, nested, path, limits, row: 0 })
    }

    /// Reads the text of the next row into `value`; false at the end.
    fn next_value(&mut self) -> Result<bool> {
        self.value.clear();
        let read = if self.array { self.next_element() } else { self.next_line() };
        let more = read.map_err(|e| match e.kind() {
            ErrorKind::InvalidData => Error::file(
                &self.path,
                "text in the encoding that was set",
                format!("{} in row {}", plain::io(&e), self.row),
                "give the file's encoding with --encoding",
            ),
            ErrorKind::UnexpectedEof => Error::file(
                &self.path,
                "a complete file",
                format!("its end in row {}", self.row),
                "the file is cut off: copy or download it again",
            ),
            _ => Error::io(&self.path, e),
        })?;
        if self.value.len() > self.limits.row_bytes {
            return Err(Error::Limit {
                path: self.path.clone(),
                what: format!("the length of row {}", self.row),
                found: format!("more than {} bytes", self.limits.row_bytes),
                limit: self.limits.row_bytes.to_string(),
                mend: "put one object on each line; a row may not be longer".into(),
            });
        }
        Ok(more)
    }

    fn next_line(&mut self) -> std::io::Result<bool> {
        let most = self.limits.row_bytes as u64 + 1;
        while self.value.iter().all(u8::is_ascii_whitespace) {
            self.value.clear();
            if self.input.by_ref().take(most).read_until(b'\n', &mut self.value)? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Copies one element of the array: up to the bracket that closes its first one, or to the comma after it.
    fn next_element(&mut self) -> std::io::Result<bool> {
        let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
        loop {
            let Some(byte) = peek(&mut self.input)? else {
                return Err(ErrorKind::UnexpectedEof.into());
            };
            let outside = depth == 0 && !quoted;
            if outside && byte == b']' {
                return Ok(!self.value.is_empty());
            }
            self.input.consume(1);
            if outside && (byte == b',' || (self.value.is_empty() && byte.is_ascii_whitespace())) {
                if self.value.is_empty() {
                    continue;
                }
                return Ok(true);
            }
            self.value.push(byte);
            if self.value.len() > self.limits.row_bytes {
                return Ok(true);
            }
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b'{' | b'[' if !quoted => depth += 1,
                b'}' | b']' if !quoted => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Ok(true);
                    }
                }
                _ => {}
            }
        }
    }

    fn cell_error(&self, column: &str, expected: &str, found: &str, mend: &str) -> Error {
        Error::Cell {
            path: self.path.clone(),
            row: self.row,
            column: column.to_owned(),
            expected: expected.into(),
            found: found.into(),
            mend: mend.into(),
        }
    }

    fn fill(&mut self, object: Map<String, Value>, row: &mut Row) -> Result<()> {
        for (name, value) in object {
            let place = match self.places.get(&name) {
                Some(&place) => place,
                None if self.open => self.add_column(&name)?,
                None => continue,
            };
            match value {
                Value::Null => {}
                Value::Bool(said) => row.set(place, if said { "true" } else { "false" }, Source::Typed),
                Value::Number(number) => row.set(place, &number.to_string(), Source::Typed),
                Value::String(text) if text.trim().is_empty() => {}
                Value::String(text) => row.set(place, &text, Source::String),
                Value::Array(list) if !list.is_empty() && list.iter().all(Value::is_number) => {
                    let numbers: Vec<String> = list.iter().map(Value::to_string).collect();
                    row.set(place, &format!("[{}]", numbers.join(", ")), Source::Typed);
                }
                // `[]` says that there is nothing, `null` that it is not known.
                Value::Array(list) if list.is_empty() => row.set(place, "[]", Source::String),
                Value::Array(list) => match self.joined(&name, &list)? {
                    Some(joined) if joined.is_empty() => {}
                    Some(joined) => row.set(place, &joined, Source::String),
                    None => self.nested[place] = true,
                },
                Value::Object(_) => self.nested[place] = true,
            }
        }
        Ok(())
    }

    fn add_column(&mut self, name: &str) -> Result<usize> {
        let place = self.names.len();
        if place == self.limits.columns {
            return Err(Error::Limit {
                path: self.path.clone(),
                what: "the number of columns".into(),
                found: format!("more than {place}"),
                limit: place.to_string(),
                mend: "leave columns out: a table may not have more".into(),
            });
        }
        self.names.push(name.to_owned());
        self.nested.push(false);
        self.places.insert(name.to_owned(), place);
        Ok(place)
    }

    /// The elements of a list with `|` between them; `None` if they are no plain values.
    fn joined(&self, name: &str, list: &[Value]) -> Result<Option<String>> {
        let mut joined = String::new();
        for value in list {
            let text = match value {
                Value::String(text) if text.contains('|') => {
                    return Err(self.cell_error(
                        name,
                        "list elements without `|`",
                        &short(text),
                        "elements are joined with `|`: replace it by another sign",
                    ));
                }
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(said) => said.to_string(),
                Value::Null => continue,
                Value::Array(_) | Value::Object(_) => return Ok(None),
            };
            if !joined.is_empty() {
                joined.push('|');
            }
            joined.push_str(&text);
        }
        Ok(Some(joined))
    }
}

fn peek(input: &mut dyn BufRead) -> std::io::Result<Option<u8>> {
    Ok(input.fill_buf()?.first().copied())
}

impl Rows for JsonRows {
    fn next_row(&mut self, row: &mut Row) -> Result<bool> {
        row.clear();
        self.row += 1;
        if !self.next_value()? {
            return Ok(false);
        }
        match serde_json::from_slice::<Map<String, Value>>(&self.value) {
            Ok(object) => self.fill(object, row).map(|()| true),
            Err(e) => Err(Error::Row {
                path: self.path.clone(),
                row: self.row,
                expected: "one JSON object".into(),
                found: format!(
                    "{} ({})",
                    short(String::from_utf8_lossy(&self.value).trim()),
                    plain::json(&e)
                ),
                mend: "put one object on each line, or leave such rows out with --skip-bad-rows".into(),
            }),
        }
    }

    fn names(&self) -> &[String] {
        &self.names
    }

    fn names_are_known(&self) -> bool {
        false
    }

    fn nested(&self) -> Vec<String> {
        self.names
            .iter()
            .zip(&self.nested)
            .filter(|(_, nested)| **nested)
            .map(|(name, _)| name.clone())
            .collect()
    }
}
