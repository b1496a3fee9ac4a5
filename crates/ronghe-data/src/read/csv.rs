//! CSV and TSV.
//!
//! The separator is the one of `,` `;` tab `|` that splits the first lines into the same number of cells, the more
//! the better. Cells are trimmed. A cell that is one of [`ReadOptions::missing`] is missing.

use super::bytes::{self, Bounded, Budget};
use super::cells::short;
use super::rows::{Row, Rows, RowsReader};
use super::{ReadOptions, Reader, Warning};
use crate::value;
use crate::{Error, Result};
use csv::{ErrorKind, ReaderBuilder, StringRecord};
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn Reader>> {
    let separator = sniff_separator(path, options)?;
    let reopen = |_| CsvRows::open(path, options, separator);
    Ok(Box::new(RowsReader::open(path, options, &reopen)?))
}

/// The rows of one file of many.
pub(super) fn rows(path: &Path, options: &ReadOptions) -> Result<Box<dyn Rows>> {
    Ok(Box::new(CsvRows::open(path, options, sniff_separator(path, options)?)?))
}

struct CsvRows {
    reader: csv::Reader<Bounded<Box<dyn BufRead + Send>>>,
    budget: Budget,
    record: StringRecord,
    /// The first record is data and has been read.
    pending: bool,
    names: Vec<String>,
    warnings: Vec<Warning>,
    separator: u8,
    path: PathBuf,
    row_bytes: usize,
    row: usize,
}

impl CsvRows {
    fn open(path: &Path, options: &ReadOptions, separator: u8) -> Result<CsvRows> {
        let text = bytes::text(path, options.encoding.as_deref())?;
        let (text, budget) = Bounded::new(text, options.limits.row_bytes);
        let reader =
            ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(text);
        let mut rows = CsvRows {
            reader,
            budget,
            record: StringRecord::new(),
            pending: false,
            names: Vec::new(),
            warnings: Vec::new(),
            separator,
            path: path.to_owned(),
            row_bytes: options.limits.row_bytes,
            row: 0,
        };
        if !rows.read()? {
            return Err(Error::file(
                path,
                "a header line and rows",
                "an empty file",
                "give a file that has at least one row",
            ));
        }
        let header = options.header && options.columns.is_none();
        rows.pending = !header;
        rows.names = match &options.columns {
            Some(names) if names.len() == rows.record.len() => names.clone(),
            Some(names) => {
                return Err(Error::file(
                    path,
                    format!("a name for each of its {} columns", rows.record.len()),
                    format!("{} names", names.len()),
                    "name them all, in order",
                ));
            }
            None => {
                let name = |(i, name): (usize, &str)| match name.trim() {
                    name if header && !name.is_empty() => name.to_owned(),
                    _ => format!("column_{}", i + 1),
                };
                rows.record.iter().enumerate().map(name).collect()
            }
        };
        if header && rows.names.iter().all(|name| value::quantity(name).is_some()) {
            rows.warnings.push(Warning::HeaderOfNumbers { names: rows.names.clone() });
        }
        Ok(rows)
    }

    /// Reads one record; false at the end.
    fn read(&mut self) -> Result<bool> {
        self.budget.reset();
        match self.reader.read_record(&mut self.record) {
            Ok(more) => Ok(more),
            Err(e) => Err(self.error(e)),
        }
    }

    /// Whether a cell in column `i` holds rows of its own, as where nobody closed its quote: a line of as many cells as a row
    /// has or, between tabs, which texts rarely hold, the rest of one row and the beginning of another.
    fn swallowed(&self, cell: &str, i: usize, expected: usize) -> bool {
        let parts = |line: &str| line.bytes().filter(|b| *b == self.separator).count() + 1;
        let ends = || {
            let (first, last) = (cell.lines().next().map(parts), cell.lines().next_back().map(parts));
            self.separator == b'\t' && first == Some(expected - i) && last == Some(i + 1)
        };
        cell.lines().any(|line| parts(line) == expected) || ends()
    }

    fn error(&self, error: csv::Error) -> Error {
        let encoding = "give the file's encoding with --encoding (gb18030 for Chinese, windows-1252 for Western \
                        European, utf-16le ...)";
        let place = if self.row == 0 { "the header".to_owned() } else { format!("row {}", self.row) };
        match error.into_kind() {
            ErrorKind::Utf8 { err, .. } if self.row > 0 => Error::Cell {
                path: self.path.clone(),
                row: self.row,
                column: self.names.get(err.field()).cloned().unwrap_or_else(|| (err.field() + 1).to_string()),
                expected: "text in UTF-8".into(),
                found: "other bytes".into(),
                mend: encoding.into(),
            },
            ErrorKind::Utf8 { .. } => {
                Error::file(&self.path, "column names in UTF-8", "other bytes in the header", encoding)
            }
            ErrorKind::Io(e) if e.kind() == io::ErrorKind::InvalidData => Error::file(
                &self.path,
                "text in the encoding that was set",
                format!("{e} in {place}"),
                encoding,
            ),
            ErrorKind::Io(e) if e.kind() == io::ErrorKind::FileTooLarge => Error::Limit {
                path: self.path.clone(),
                what: format!("the length of {place}"),
                found: format!("more than {} bytes", self.row_bytes),
                limit: self.row_bytes.to_string(),
                mend: "close an open quote (\"): a row may not be longer".into(),
            },
            ErrorKind::Io(e) if e.kind() == io::ErrorKind::UnexpectedEof => Error::file(
                &self.path,
                "a complete packed file",
                format!("its end in {place}"),
                "the file is cut off: copy or download it again",
            ),
            ErrorKind::Io(e) => Error::io(&self.path, e),
            other => Error::file(
                &self.path,
                "rows of cells",
                format!("{} in {place}", short(&format!("{other:?}"))),
                "mend the file",
            ),
        }
    }
}

impl Rows for CsvRows {
    fn next_row(&mut self, row: &mut Row) -> Result<bool> {
        row.clear();
        self.row += 1;
        if !std::mem::take(&mut self.pending) && !self.read()? {
            return Ok(false);
        }
        let (expected, found) = (self.names.len(), self.record.len());
        if expected != found {
            return Err(Error::Row {
                path: self.path.clone(),
                row: self.row,
                expected: format!("{expected} cells as in the first line"),
                found: format!("{found}"),
                mend: "quote cells that contain the separator or a quote, or leave such rows out with --skip-bad-rows"
                    .into(),
            });
        }
        let text = self.record.as_slice();
        row.set_all(text, (0..found).map(|i| self.record.range(i).unwrap_or_default()));
        if expected > 1 && text.contains('\n') {
            for (i, cell) in self.record.iter().map(str::trim).enumerate() {
                if cell.contains('\n') && self.swallowed(cell, i, expected) {
                    self.warnings
                        .push(Warning::SwallowedLines { row: self.row, lines: cell.lines().count() });
                }
            }
        }
        Ok(true)
    }

    fn names(&self) -> &[String] {
        &self.names
    }

    fn names_are_known(&self) -> bool {
        true
    }

    fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The separator of a file, from the lines in its first 64 kB.
fn sniff_separator(path: &Path, options: &ReadOptions) -> Result<u8> {
    let mut sample = Vec::new();
    // What cannot be read or decoded is reported with its place by the reading of rows.
    let _ = bytes::text(path, options.encoding.as_deref())?.take(64 << 10).read_to_end(&mut sample);
    Ok(separator(&sample, sample.len() < 64 << 10))
}

/// The separator of text whose last line is `complete` or may be cut off.
fn separator(sample: &[u8], complete: bool) -> u8 {
    let mut lines: Vec<[usize; 4]> = Vec::new();
    let (mut counts, mut quoted, mut empty) = ([0; 4], false, true);
    for &byte in sample {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => {
                if !empty {
                    lines.push(counts);
                }
                (counts, empty) = ([0; 4], true);
                continue;
            }
            _ if quoted => {}
            _ => {
                if let Some(i) = SEPARATORS.iter().position(|&s| s == byte) {
                    counts[i] += 1;
                }
            }
        }
        empty &= byte == b'\r';
        if lines.len() == 100 {
            break;
        }
    }
    if !empty && (complete || lines.is_empty()) {
        lines.push(counts);
    }
    let Some(header) = lines.first() else { return b',' };
    let agreeing = |i: usize| lines.iter().filter(|line| line[i] == header[i]).count();
    // Equal counts on every line first; then how many lines agree with the header, then how many cells they have.
    let best = (0..SEPARATORS.len()).filter(|&i| header[i] > 0).max_by_key(|&i| {
        let agree = agreeing(i);
        (agree == lines.len(), if agree == lines.len() { 0 } else { agree }, header[i], SEPARATORS.len() - i)
    });
    best.map_or(b',', |i| SEPARATORS[i])
}

#[cfg(test)]
mod tests {
    use super::separator;

    #[test]
    fn separators_are_found() {
        let cases: [(&str, u8); 7] = [
            ("a,b\n1,2\n", b','),
            ("a;b;c\n1,5;2;3\n2,5;3;4\n", b';'),
            ("a\tb\n1, 2\t3\n", b'\t'),
            ("a|b\n1|2", b'|'),
            ("name\nx\n", b','),
            ("text,label\n\"a; b; c\",1\n\"d\ne\",2\n", b','),
            ("", b','),
        ];
        for (text, expected) in cases {
            assert_eq!(separator(text.as_bytes(), true), expected, "{text:?}");
        }
    }
}
