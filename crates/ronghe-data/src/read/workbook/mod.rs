//! Sheets of workbooks: `.xlsx`, `.xlsm`, `.xlsb`, `.xls`, `.ods` (the `calamine` crate).
//!
//! The first sheet with a table is read, or the one that [`ReadOptions::sheet`] names. Titles above the names of the
//! columns are passed over with a warning. Numbers, booleans and dates are what the cells' types say, errors
//! (`#N/A`, `#DIV/0!`) are missing. `sheet` reads cells, `head` finds the names.

mod head;
mod sheet;

use super::rows::{Row, Rows, RowsReader};
use super::{ReadOptions, Reader, Warning, packed, warned, zipped};
use crate::{Error, Result};
use calamine::{Reader as _, open_workbook_auto_from_rs};
use head::Head;
use sheet::Sheet;
use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::Arc;

/// The beginning of an OLE file, which `.xls` is.
const OLE: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
const ENDINGS: &[&str] = &["xlsx", "xlsm", "xlsb", "xls", "ods"];

pub(super) fn sniff(path: &Path, head: &[u8]) -> bool {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let named = ENDINGS.iter().any(|e| e.eq_ignore_ascii_case(ending));
    let book = |name: &str| name.starts_with("xl/workbook.") || name == "content.xml";
    head.starts_with(OLE) && named
        || packed::is_zip(head)
            && (named || zipped::members(path).is_ok_and(|members| members.iter().any(|m| book(&m.name))))
}

pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn Reader>> {
    let bytes = whole(path, options)?;
    let mut book = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(|e| {
        let mend = "for one with a password, save it without; else save it again, or as CSV";
        Error::file(path, "a workbook", e.to_string(), mend)
    })?;
    let names = book.sheet_names();
    let wanted: Vec<&String> = match &options.sheet {
        None => names.iter().collect(),
        Some(sheet) => match names.iter().find(|n| *n == sheet) {
            Some(name) => vec![name],
            None => {
                let mend = format!("the sheets are {}", names.join(", "));
                return Err(Error::file(path, "a sheet of that name", format!("no `{sheet}`"), mend));
            }
        },
    };
    // A sheet without a row below its names is a note, unless there is nothing else.
    let mut found: Option<(&String, Sheet)> = None;
    for name in wanted {
        let sheet = Sheet::read(&mut book, name, path)?;
        let rows = sheet.rows().len();
        if rows > 1 || (rows == 1 && found.is_none()) {
            let done = rows > 1;
            found = Some((name, sheet));
            if done {
                break;
            }
        }
    }
    let Some((name, sheet)) = found else {
        return Err(Error::file(
            path,
            "a sheet with rows",
            "empty sheets",
            "give a workbook that has a table",
        ));
    };
    let (head, mut warnings) = (Head::find(&sheet, options.header), Vec::new());
    if !head.passed.is_empty() {
        let rows: Vec<String> = head.passed.iter().take(3).map(|r| format!("`{r}`")).collect();
        let more = if head.passed.len() > rows.len() { " ..." } else { "" };
        let what = format!("in sheet `{name}`, above the names of the columns: {}{more}", rows.join(", "));
        warnings.push(Warning::PassedOver { what });
    }
    let others: Vec<String> = names.iter().filter(|n| *n != name).map(|n| format!("`{n}`")).collect();
    if options.sheet.is_none() && !others.is_empty() {
        let what = format!("of the sheets all but `{name}`: {}", others.join(", "));
        warnings.push(Warning::PassedOver { what });
    }
    let (sheet, head) = (Arc::new(sheet), Arc::new(head));
    let reopen = |_| Ok(SheetRows { sheet: sheet.clone(), head: head.clone(), at: head.first });
    Ok(warned::with(Box::new(RowsReader::open(path, options, &reopen)?), warnings))
}

/// The bytes of a workbook, after checking that what is packed in it stays within the limits.
fn whole(path: &Path, options: &ReadOptions) -> Result<Arc<[u8]>> {
    let most = options.limits.part_bytes;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| Error::io(path, e))?;
    file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(|e| Error::io(path, e))?;
    if bytes.len() > most {
        return Err(super::bytes::too_large(path, most));
    }
    if packed::is_zip(&bytes) {
        let mut left = most as u64;
        for member in zipped::members(path)? {
            // What cannot be unpacked is the workbook reader's to refuse.
            let Ok(content) = member.open(path) else { continue };
            let unpacked = std::io::copy(&mut content.take(left + 1), &mut std::io::sink()).unwrap_or(0);
            left = left.checked_sub(unpacked).ok_or_else(|| super::bytes::too_large(path, most))?;
        }
    }
    Ok(bytes.into())
}

/// The rows below the names.
struct SheetRows {
    sheet: Arc<Sheet>,
    head: Arc<Head>,
    at: usize,
}

impl Rows for SheetRows {
    fn next_row(&mut self, row: &mut Row) -> Result<bool> {
        row.clear();
        let Some(cells) = self.sheet.rows().get(self.at) else { return Ok(false) };
        self.at += 1;
        for cell in self.sheet.cells(cells) {
            let Some(place) = self.head.columns.iter().position(|&c| c == cell.column) else { continue };
            row.set(place, cell.text.trim(), cell.source);
        }
        Ok(true)
    }

    fn names(&self) -> &[String] {
        &self.head.names
    }

    fn names_are_known(&self) -> bool {
        true
    }
}
