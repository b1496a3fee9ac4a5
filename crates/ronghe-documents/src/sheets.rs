//! Workbooks (the `calamine` crate): a heading a sheet, a block a row.

use super::file::File;
use super::packed::Packed;
use super::{BlockKind, Document, Place};
use crate::Result;
use calamine::{Data, Range, Reader, Sheets, Xlsx, open_workbook_auto_from_rs};
use std::collections::BTreeMap;
use std::io::Cursor;

pub(super) fn read(file: &File<'_>) -> Result<Vec<Document>> {
    if file.bytes.starts_with(b"PK") {
        Packed::open(file)?.check()?;
    }
    let mut book = open_workbook_auto_from_rs(Cursor::new(file.bytes))
        .map_err(|e| file.wrong("a workbook", &e.to_string()))?;
    let mut document = Document::default();
    for name in book.sheet_names() {
        let rows = match &mut book {
            Sheets::Xlsx(book) => streamed(book, &name),
            other => other.worksheet_range(&name).ok().map(|range| dense(&range)),
        };
        let Some(rows) = rows else {
            document.notes.push(format!("sheet {name} could not be read"));
            continue;
        };
        let mut rows = rows.into_iter();
        let head: BTreeMap<u32, String> = rows.next().map(|(_, cells)| cells).unwrap_or_default();
        if head.is_empty() {
            continue;
        }
        document.push(BlockKind::Heading(2), &name, Place::default());
        for (number, row) in rows {
            let named = |(column, value): (&u32, &String)| match head.get(column) {
                Some(name) => format!("{name}: {value}"),
                None => value.clone(),
            };
            let text: Vec<String> = row.iter().map(named).collect();
            document.push(BlockKind::Row, &text.join("; "), Place { row: Some(number), ..Place::default() });
            if document.blocks.len() > file.limits.rows || document.text.len() > file.limits.text_bytes {
                return Err(file.wrong("a workbook within the limits of rows and text", "a larger one"));
            }
        }
    }
    Ok(vec![document])
}

/// Rows by their numbers from 1: what stands in their columns.
type Rows = BTreeMap<u64, BTreeMap<u32, String>>;

/// The cells that there are: a sheet of two cells far apart has two, not all between them.
fn streamed(book: &mut Xlsx<Cursor<&[u8]>>, name: &str) -> Option<Rows> {
    let mut rows = Rows::new();
    let mut cells = book.worksheet_cells_reader(name).ok()?;
    while let Some(cell) = cells.next_cell().ok()? {
        let (row, column) = cell.get_position();
        put(&mut rows, row, column, &Data::from(cell.get_value().clone()));
    }
    Some(rows)
}

fn dense(range: &Range<Data>) -> Rows {
    let mut rows = Rows::new();
    let (first, left) = range.start().unwrap_or_default();
    for (row, column, value) in range.used_cells() {
        put(&mut rows, first.saturating_add(row as u32), left.saturating_add(column as u32), value);
    }
    rows
}

fn put(rows: &mut Rows, row: u32, column: u32, value: &Data) {
    let text = value.to_string();
    if !text.trim().is_empty() {
        rows.entry(u64::from(row) + 1).or_default().insert(column, text.trim().to_owned());
    }
}
