//! Sheets of OpenDocument: the words that the cells show are in the file (ODF 1.3 part 3, 9).

use super::{Book, Cell, Merge, Row, Sheet, Spent, too_large};
use crate::Result;
use crate::file::File;
use crate::office::{Step, attribute, walk_from};
use crate::packed::Packed;
use quick_xml::events::BytesStart;
use std::collections::HashSet;

/// Times that a row or cell with something in it may be repeated.
const REPEATS: u32 = 1024;
/// Merged cells of a sheet that are followed.
const MERGES: usize = 200_000;

pub(super) fn read(file: &File<'_>, packed: &mut Packed<'_>, book: &mut Book<'_>) -> Result<()> {
    let mut spent = Spent::of(file);
    let mut reader = Reader {
        sheets: Vec::new(),
        unseen: HashSet::new(),
        style: None,
        tables: 0,
        row: 1,
        rows: 1,
        column: 0,
        cell: Open::default(),
        skipped: 0,
        spent: &mut spent,
        full: false,
    };
    let Some(xml) = packed.stream("content.xml")? else { return Ok(()) };
    walk_from(file, xml, &mut |step, name, e| reader.see(&step, name, e))?;
    if reader.full {
        return Err(too_large(file));
    }
    let Reader { sheets, unseen, .. } = reader;
    for (name, style, sheet) in sheets {
        if unseen.contains(&style) {
            book.hidden.push(name);
        } else {
            book.add(file, &name, sheet)?;
        }
    }
    Ok(())
}

/// A cell that is being read.
#[derive(Default)]
struct Open {
    lines: Vec<String>,
    value: Option<String>,
    is_text: bool,
    formula: bool,
    repeated: u32,
    spans: (u32, u32),
}

struct Reader<'s> {
    /// Name, style and content.
    sheets: Vec<(String, String, Sheet)>,
    /// Styles of sheets that are hidden.
    unseen: HashSet<String>,
    style: Option<String>,
    /// Tables around this place.
    tables: usize,
    row: u32,
    rows: u32,
    column: u32,
    cell: Open,
    /// Elements around this place that are no text of the sheet.
    skipped: usize,
    spent: &'s mut Spent,
    full: bool,
}

fn times(e: Option<&BytesStart<'_>>, name: &str) -> u32 {
    e.and_then(|e| attribute(e, name)).and_then(|n| n.trim().parse().ok()).unwrap_or(1).max(1)
}

impl Reader<'_> {
    fn see(&mut self, step: &Step<'_>, name: &str, e: Option<&BytesStart<'_>>) {
        if self.full {
            return;
        }
        // Remarks, drawings, and lists of changes stand among the cells.
        if matches!(name, "annotation" | "tracked-changes" | "shapes" | "dde-links") {
            match step {
                Step::Open => self.skipped += 1,
                Step::Close => self.skipped = self.skipped.saturating_sub(1),
                Step::Text(_) => {}
            }
            return;
        }
        if self.skipped > 0 {
            return;
        }
        let named = |name: &str| e.and_then(|e| attribute(e, name));
        match (step, name) {
            (Step::Open, "style") => self.style = named("style:name"),
            (Step::Open, "table-properties") if named("table:display").as_deref() == Some("false") => {
                self.unseen.extend(self.style.clone());
            }
            (Step::Open, "table") => {
                self.tables += 1;
                if self.tables == 1 {
                    let about = (named("table:name"), named("table:style-name"));
                    self.sheets.push((
                        about.0.unwrap_or_default(),
                        about.1.unwrap_or_default(),
                        Sheet::default(),
                    ));
                    self.row = 1;
                }
            }
            (Step::Close, "table") => self.tables = self.tables.saturating_sub(1),
            (Step::Open, "table-row") if self.tables == 1 => {
                self.rows = times(e, "table:number-rows-repeated");
                self.column = 0;
            }
            (Step::Close, "table-row") if self.tables == 1 => self.end_row(),
            (Step::Open, "table-cell" | "covered-table-cell") if self.tables == 1 => {
                let kind = named("office:value-type");
                let value = [
                    "office:string-value",
                    "office:date-value",
                    "office:time-value",
                    "office:boolean-value",
                    "office:value",
                ];
                self.cell = Open {
                    lines: Vec::new(),
                    value: value.iter().find_map(|v| named(v)),
                    is_text: kind.is_none_or(|k| k == "string" || k == "boolean"),
                    formula: named("table:formula").is_some(),
                    repeated: times(e, "table:number-columns-repeated"),
                    spans: (times(e, "table:number-rows-spanned"), times(e, "table:number-columns-spanned")),
                };
            }
            (Step::Open, "p" | "h") if self.tables == 1 => self.cell.lines.push(String::new()),
            (Step::Open, "s" | "tab" | "line-break") => self.add(" "),
            (Step::Text(text), name)
                if self.tables == 1 && !matches!(name, "table-cell" | "table-row" | "table") =>
            {
                self.add(text);
            }
            (Step::Close, "table-cell" | "covered-table-cell") if self.tables == 1 => self.end_cell(),
            _ => {}
        }
    }

    fn add(&mut self, text: &str) {
        if let Some(line) = self.cell.lines.last_mut() {
            line.push_str(text);
        }
    }

    fn end_cell(&mut self) {
        let open = std::mem::take(&mut self.cell);
        let (row, column) = (self.row, self.column);
        self.column = self.column.saturating_add(open.repeated);
        let lines: Vec<&str> = open.lines.iter().flat_map(|l| l.split_whitespace()).collect();
        let mut text = lines.join(" ");
        if text.is_empty() {
            text = open.value.map(|v| moment(&v)).unwrap_or_default();
        }
        let Some((_, _, sheet)) = self.sheets.last_mut() else { return };
        if text.is_empty() {
            sheet.unsaved += usize::from(open.formula && !open.is_text);
            return;
        }
        let is_new = sheet.rows.last().is_none_or(|r| r.number != row);
        let copies = open.repeated.min(REPEATS);
        if !self.spent.take(usize::from(is_new), text.len() * copies as usize) {
            self.full = true;
            return;
        }
        if is_new {
            sheet.rows.push(Row { number: row, cells: Vec::new() });
        }
        let Some(cells) = sheet.rows.last_mut().map(|r| &mut r.cells) else { return };
        for copy in 0..copies {
            let column = column.saturating_add(copy);
            cells.push(Cell { column, text: text.clone(), is_text: open.is_text, bold: false });
        }
        let (down, right) = open.spans;
        if (down > 1 || right > 1) && sheet.merges.len() < MERGES {
            let rows = (row, row.saturating_add(down - 1));
            sheet.merges.push(Merge { rows, columns: (column, column.saturating_add(right - 1)) });
        }
    }

    /// Repeats a row that holds something.
    fn end_row(&mut self) {
        let row = self.row;
        self.row = self.row.saturating_add(self.rows);
        let Some((_, _, sheet)) = self.sheets.last_mut() else { return };
        let Some(last) = sheet.rows.last().filter(|r| r.number == row) else { return };
        let cells: Vec<(u32, String, bool)> =
            last.cells.iter().map(|c| (c.column, c.text.clone(), c.is_text)).collect();
        let bytes = cells.iter().map(|(_, text, _)| text.len()).sum();
        for copy in 1..self.rows.min(REPEATS) {
            if !self.spent.take(1, bytes) {
                self.full = true;
                return;
            }
            let again = cells.iter().map(|(column, text, is_text)| Cell {
                column: *column,
                text: text.clone(),
                is_text: *is_text,
                bold: false,
            });
            sheet.rows.push(Row { number: row.saturating_add(copy), cells: again.collect() });
        }
    }
}

/// A day and time of ISO 8601 with a blank, without seconds that are none; a duration as hours and minutes.
pub(super) fn moment(value: &str) -> String {
    if let Some(lasts) = value.strip_prefix("PT") {
        let mut parts = [0_u32; 3];
        let mut digits = String::new();
        for c in lasts.chars() {
            match (c, digits.split('.').next().and_then(|d| d.parse().ok())) {
                ('H', Some(n)) => parts[0] = n,
                ('M', Some(n)) => parts[1] = n,
                ('S', Some(n)) => parts[2] = n,
                _ => {
                    digits.push(c);
                    continue;
                }
            }
            digits.clear();
        }
        let seconds = if parts[2] > 0 { format!(":{:02}", parts[2]) } else { String::new() };
        return format!("{:02}:{:02}{seconds}", parts[0], parts[1]);
    }
    let Some((day, time)) = value.split_once('T').filter(|(day, _)| day.len() == 10) else {
        return value.to_owned();
    };
    let time = time.trim_end_matches('Z').split('.').next().unwrap_or_default();
    let time = time.strip_suffix(":00").filter(|t| t.len() == 5).unwrap_or(time);
    if time == "00:00" { day.to_owned() } else { format!("{day} {time}") }
}
