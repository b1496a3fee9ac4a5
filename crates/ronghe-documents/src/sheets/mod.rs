//! Workbooks: a heading a sheet, a block a row, values as the sheet shows them.
//!
//! Hidden sheets are left out and named; hidden rows and columns are text, as are values of errors (`#N/A`), as a spreadsheet
//! program writes them to a file of text.
//!
//! | file | what |
//! |---|---|
//! | `xlsx` | sheets of Office Open XML, cell by cell |
//! | `ods` | sheets of OpenDocument, by the words that the cells show |
//! | `binary` | xls and xlsb files (the `calamine` crate) |
//! | `layout` | titles, headers and rows of the tables on a sheet |

mod binary;
mod layout;
mod ods;
mod xlsx;

use crate::file::File;
use crate::office::package;
use crate::packed::Packed;
use crate::{BlockKind, Document, Place, Result};

/// A cell that says something.
#[derive(Debug)]
struct Cell {
    /// From 0.
    column: u32,
    text: String,
    /// Whether it is a text and no number, date or formula's value of one.
    is_text: bool,
    bold: bool,
}

/// A row with its cells from left to right.
#[derive(Debug)]
struct Row {
    /// From 1.
    number: u32,
    cells: Vec<Cell>,
}

/// Cells that are one: rows from 1, columns from 0, both ends within.
#[derive(Debug, Clone, Copy)]
struct Merge {
    rows: (u32, u32),
    columns: (u32, u32),
}

/// A sheet.
#[derive(Debug, Default)]
struct Sheet {
    rows: Vec<Row>,
    merges: Vec<Merge>,
    /// Formulas whose values are not stored.
    unsaved: usize,
    /// Text of its drawings.
    aside: Vec<String>,
}

/// What has been read of a workbook.
struct Book<'d> {
    document: &'d mut Document,
    hidden: Vec<String>,
}

pub(super) fn read(file: &File<'_>) -> Result<Vec<Document>> {
    let mut document = Document::default();
    let mut book = Book { document: &mut document, hidden: Vec::new() };
    if file.bytes.starts_with(b"PK") {
        let mut packed = Packed::open(file)?;
        packed.check()?;
        if packed.has("content.xml") {
            ods::read(file, &mut packed, &mut book)?;
        } else if package::main_part(file, &mut packed, "xl/workbook.xml")?.ends_with(".bin") {
            binary::read(file, &mut book)?;
        } else {
            *book.document = package::core(file, &mut packed)?;
            xlsx::read(file, &mut packed, &mut book)?;
        }
    } else {
        binary::read(file, &mut book)?;
    }
    let hidden = book.hidden;
    match hidden.len() {
        0 => {}
        1 => document.notes.push(format!("1 hidden sheet was left out: {}", hidden[0])),
        n => document.notes.push(format!("{n} hidden sheets were left out: {}", hidden.join(", "))),
    }
    Ok(vec![document])
}

impl Book<'_> {
    /// Adds a sheet.
    fn add(&mut self, file: &File<'_>, name: &str, sheet: Sheet) -> Result<()> {
        match sheet.unsaved {
            0 => {}
            1 => self.document.notes.push(format!("1 formula without a value in {name}")),
            n => self.document.notes.push(format!("{n} formulas without a value in {name}")),
        }
        if sheet.rows.is_empty() && sheet.aside.is_empty() {
            return Ok(());
        }
        self.document.push(BlockKind::Heading(2), name, Place::default());
        let Sheet { rows, merges, aside, .. } = sheet;
        layout::add(file, self.document, rows, &merges)?;
        aside.iter().for_each(|text| self.document.push(BlockKind::Paragraph, text, Place::default()));
        Ok(())
    }

    fn unreadable(&mut self, name: &str) {
        self.document.notes.push(format!("sheet {name} could not be read"));
    }
}

/// A guard over what is gathered of a sheet.
struct Spent {
    rows: usize,
    bytes: usize,
}

impl Spent {
    fn of(file: &File<'_>) -> Spent {
        Spent { rows: file.limits.rows, bytes: file.limits.text_bytes }
    }

    /// Takes a row's or a cell's share of what is left; whether there was enough.
    fn take(&mut self, rows: usize, bytes: usize) -> bool {
        match (self.rows.checked_sub(rows), self.bytes.checked_sub(bytes)) {
            (Some(rows), Some(bytes)) => {
                (self.rows, self.bytes) = (rows, bytes);
                true
            }
            _ => false,
        }
    }
}

fn too_large(file: &File<'_>) -> crate::Error {
    file.wrong("a workbook within the limits of rows and text", "a larger one")
}
