//! The cells of a sheet as text.

use crate::read::cells::Source;
use crate::{Error, Result};
use calamine::{Data, Dimensions, ExcelDateTime, Reader as _, Sheets};
use std::collections::BTreeMap;
use std::io::{Read, Seek};
use std::ops::Range;
use std::path::Path;

/// Cells of a sheet, at most.
const CELLS: usize = 100_000_000;
/// Bytes of the text in a sheet, at most.
const TEXT: usize = 2 << 30;
/// Cells that one merged region is copied to, at most.
const MERGED: u64 = 1 << 20;

/// The cells that are not empty, row by row.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    text: String,
    cells: Vec<Place>,
    rows: Vec<Line>,
    pub(super) merged: Vec<Dimensions>,
}

/// Column and text of a cell.
#[derive(Debug, Clone)]
struct Place {
    column: u32,
    text: Range<usize>,
    source: Source,
}

/// A row that has cells.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Row in the sheet, from 0.
    pub(super) row: u32,
    cells: Range<usize>,
}

/// A cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell<'a> {
    pub(super) column: u32,
    pub(super) text: &'a str,
    pub(super) source: Source,
}

impl Sheet {
    /// Reads the sheet called `name`.
    pub(super) fn read<R: Read + Seek>(book: &mut Sheets<R>, name: &str, path: &Path) -> Result<Sheet> {
        let wrong = |e: String| {
            let mend = "save the workbook again, or the sheet as CSV";
            Error::file(path, format!("sheet `{name}` to be readable"), e, mend)
        };
        let mut sheet = Sheet::default();
        let mut found: BTreeMap<(u32, u32), (String, Source)> = BTreeMap::new();
        let mut bytes = 0usize;
        let mut put = |row: u32, column: u32, value: &Data| -> std::result::Result<(), String> {
            if let Some(cell) = shown(value) {
                bytes = bytes.saturating_add(cell.0.len());
                found.insert((row, column), cell);
            }
            if found.len() > CELLS || bytes > TEXT {
                return Err(format!("more than {CELLS} cells or {TEXT} bytes of text"));
            }
            Ok(())
        };
        match book {
            // Cell by cell: two cells far apart are two, not all between them.
            Sheets::Xlsx(book) => {
                sheet.merged = book.merge_cells_by_sheet_name(name).unwrap_or_default();
                let mut cells = book.worksheet_cells_reader(name).map_err(|e| wrong(e.to_string()))?;
                while let Some(cell) = cells.next_cell().map_err(|e| wrong(e.to_string()))? {
                    let (row, column) = cell.get_position();
                    put(row, column, &Data::from(cell.get_value().clone())).map_err(wrong)?;
                }
            }
            other => {
                if let Sheets::Xls(book) = &other {
                    sheet.merged = book.merge_cells_by_sheet_name(name).unwrap_or_default();
                }
                let range = other.worksheet_range(name).map_err(|e| wrong(e.to_string()))?;
                let (top, left) = range.start().unwrap_or_default();
                for (row, column, value) in range.used_cells() {
                    put(top.saturating_add(row as u32), left.saturating_add(column as u32), value)
                        .map_err(wrong)?;
                }
            }
        }
        sheet.spread(&mut found);
        for ((row, column), (text, source)) in found {
            if sheet.rows.last().is_none_or(|l| l.row != row) {
                sheet.rows.push(Line { row, cells: sheet.cells.len()..sheet.cells.len() });
            }
            let start = sheet.text.len();
            sheet.text.push_str(&text);
            sheet.cells.push(Place { column, text: start..sheet.text.len(), source });
            if let Some(line) = sheet.rows.last_mut() {
                line.cells.end = sheet.cells.len();
            }
        }
        Ok(sheet)
    }

    /// A cell merged over rows holds for each of them.
    fn spread(&self, found: &mut BTreeMap<(u32, u32), (String, Source)>) {
        for Dimensions { start: (top, left), end: (bottom, _) } in &self.merged {
            if bottom <= top || u64::from(bottom - top) > MERGED {
                continue;
            }
            let Some(cell) = found.get(&(*top, *left)).cloned() else { continue };
            for row in top + 1..=*bottom {
                found.entry((row, *left)).or_insert_with(|| cell.clone());
            }
        }
    }

    /// The rows that have cells.
    pub(super) fn rows(&self) -> &[Line] {
        &self.rows
    }

    /// The cells of a row, from left to right.
    pub(super) fn cells<'a>(&'a self, line: &Line) -> impl Iterator<Item = Cell<'a>> {
        let places = self.cells.get(line.cells.clone()).unwrap_or_default();
        places.iter().map(|p| Cell {
            column: p.column,
            text: self.text.get(p.text.clone()).unwrap_or_default(),
            source: p.source,
        })
    }
}

/// A cell as text that the rules for text understand; `None` for empty cells and errors.
fn shown(value: &Data) -> Option<(String, Source)> {
    Some(match value {
        Data::Empty | Data::Error(_) => return None,
        Data::Int(number) => (number.to_string(), Source::Typed),
        Data::Float(number) => (number.to_string(), Source::Typed),
        Data::Bool(said) => (said.to_string(), Source::Typed),
        Data::DateTime(at) => (moment(at), Source::Bare),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => {
            (!text.trim().is_empty()).then(|| (text.clone(), Source::Bare))?
        }
    })
}

/// A date as `2024-01-31` or `2024-01-31T08:30:00`, a time of day as `08:30:00`, a duration as `36:30:00`.
fn moment(at: &ExcelDateTime) -> String {
    let value = at.as_f64();
    if at.is_duration() {
        let seconds = (value * 86_400.0).round();
        let (sign, seconds) = if seconds < 0.0 { ("-", -seconds) } else { ("", seconds) };
        let seconds = seconds as u64;
        return format!("{sign}{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
    let (year, month, day, hour, minute, second, milli) = at.to_ymd_hms_milli();
    let time = if milli == 0 {
        format!("{hour:02}:{minute:02}:{second:02}")
    } else {
        format!("{hour:02}:{minute:02}:{second:02}.{milli:03}")
    };
    if (0.0..1.0).contains(&value) {
        return time;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if time == "00:00:00" { date } else { format!("{date}T{time}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::ExcelDateTimeType::{DateTime, TimeDelta};

    #[test]
    fn dates_of_both_systems() {
        for (value, kind, from_1904, expected) in [
            (45365.0, DateTime, false, "2024-03-14"),
            (43903.0, DateTime, true, "2024-03-14"),
            (45_365.354_166_666_664, DateTime, false, "2024-03-14T08:30:00"),
            (0.75, DateTime, false, "18:00:00"),
            (1.520_833_333_333_333_3, TimeDelta, false, "36:30:00"),
        ] {
            assert_eq!(moment(&ExcelDateTime::new(value, kind, from_1904)), expected);
        }
    }
}
