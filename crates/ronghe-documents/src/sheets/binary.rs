//! Workbooks in binary formats (xls, xlsb) by the `calamine` crate: values without their formats, but for days and times.

use super::{Book, Cell, Merge, Row, Sheet, Spent, too_large};
use crate::Result;
use crate::file::File;
use crate::formats::Format;
use calamine::{Data, ExcelDateTime, Range, Reader, SheetVisible, Sheets, open_workbook_auto_from_rs};
use std::io::Cursor;

pub(super) fn read(file: &File<'_>, book: &mut Book<'_>) -> Result<()> {
    let mut sheets = open_workbook_auto_from_rs(Cursor::new(file.bytes))
        .map_err(|e| file.wrong("a workbook", &e.to_string()))?;
    let mut spent = Spent::of(file);
    for about in sheets.sheets_metadata().to_vec() {
        if about.visible != SheetVisible::Visible {
            book.hidden.push(about.name);
            continue;
        }
        let Ok(range) = sheets.worksheet_range(&about.name) else {
            book.unreadable(&about.name);
            continue;
        };
        let merges = match &sheets {
            Sheets::Xls(xls) => xls.merge_cells_by_sheet_name(&about.name).unwrap_or_default(),
            _ => Vec::new(),
        };
        let merge = |d: calamine::Dimensions| Merge {
            rows: (d.start.0.saturating_add(1), d.end.0.saturating_add(1)),
            columns: (d.start.1, d.end.1),
        };
        let mut sheet = dense(&range, &mut spent).ok_or_else(|| too_large(file))?;
        sheet.merges = merges.into_iter().map(merge).collect();
        if let Ok(formulas) = sheets.worksheet_formula(&about.name) {
            let (row, column) = formulas.start().unwrap_or_default();
            let valueless = |(r, c, f): (usize, usize, &String)| {
                let at = (row.saturating_add(r as u32), column.saturating_add(c as u32));
                !f.is_empty() && matches!(range.get_value(at), None | Some(Data::Empty))
            };
            sheet.unsaved = formulas.used_cells().filter(|cell| valueless(*cell)).count();
        }
        book.add(file, &about.name, sheet)?;
    }
    Ok(())
}

/// The cells of a range. None if there are more than a document may hold.
fn dense(range: &Range<Data>, spent: &mut Spent) -> Option<Sheet> {
    let mut sheet = Sheet::default();
    let (first, left) = range.start().unwrap_or_default();
    for (row, column, value) in range.used_cells() {
        let text = shown(value);
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let number = first.saturating_add(row as u32).saturating_add(1);
        let is_new = sheet.rows.last().is_none_or(|r| r.number != number);
        if is_new {
            sheet.rows.push(Row { number, cells: Vec::new() });
        }
        if !spent.take(usize::from(is_new), text.len()) {
            return None;
        }
        let is_text = matches!(value, Data::String(_) | Data::Bool(_) | Data::Error(_));
        let cell =
            Cell { column: left.saturating_add(column as u32), text: text.to_owned(), is_text, bold: false };
        sheet.rows.last_mut()?.cells.push(cell);
    }
    Some(sheet)
}

fn shown(value: &Data) -> String {
    match value {
        Data::Float(n) => Format::General.show(*n, false),
        Data::Bool(b) => if *b { "TRUE" } else { "FALSE" }.to_owned(),
        Data::DateTime(time) => moment(time),
        Data::Empty => String::new(),
        other => other.to_string(),
    }
}

/// A day, a time, or both; what lasts longer in hours.
fn moment(time: &ExcelDateTime) -> String {
    let value = time.as_f64();
    let seconds = (value * 86_400.0).round().rem_euclid(60.0) != 0.0;
    if time.is_duration() {
        return Format::parse(if seconds { "[h]:mm:ss" } else { "[h]:mm" }).show(value, false);
    }
    // Days of 1904 come as those of 1900 would be.
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let day = format!("{year:04}-{month:02}-{day:02}");
    let clock = if second > 0 {
        format!("{hour:02}:{minute:02}:{second:02}")
    } else {
        format!("{hour:02}:{minute:02}")
    };
    match (value < 1.0, value.fract() == 0.0) {
        (true, _) => clock,
        (_, true) => day,
        _ => format!("{day} {clock}"),
    }
}
