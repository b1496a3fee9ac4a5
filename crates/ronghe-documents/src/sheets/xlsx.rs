//! Sheets of Office Open XML (ECMA-376 part 1, 18): cell by cell, so that a large sheet is never there as XML.

use super::{Book, Cell, Merge, Row, Sheet, Spent, too_large};
use crate::Result;
use crate::file::File;
use crate::formats::Format;
use crate::office::charts;
use crate::office::package::{self, Relation};
use crate::office::{Step, attribute, attributes, walk, walk_from};
use crate::packed::Packed;
use quick_xml::events::BytesStart;
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

/// Rows and columns of a sheet.
const ROWS: u32 = 1_048_576;
const COLUMNS: u32 = 16_384;
/// Formats of numbers that are followed.
const FORMATS: usize = 4096;
/// Merged cells of a sheet that are followed.
const MERGES: usize = 200_000;

/// What a workbook says of a sheet.
struct About {
    name: String,
    relation: String,
    hidden: bool,
}

pub(super) fn read(file: &File<'_>, packed: &mut Packed<'_>, book: &mut Book<'_>) -> Result<()> {
    let main = package::main_part(file, packed, "xl/workbook.xml")?;
    let Some(xml) = packed.entry(&main)? else {
        return Err(file.wrong("a workbook", &format!("a ZIP file without {main}")));
    };
    let (mut sheets, mut from_1904, mut is_book) = (Vec::new(), false, false);
    walk(file, &xml, &mut |step, name, e| match (step, name, e) {
        (Step::Open, "workbook", _) => is_book = true,
        (Step::Open, "workbookPr", Some(e)) => {
            from_1904 = attribute(e, "date1904").is_some_and(|v| v == "1" || v == "true");
        }
        (Step::Open, "sheet", Some(e)) => {
            let relation = attributes(e).flatten().find(|a| a.key.as_ref().ends_with(":id"));
            sheets.push(About {
                name: attribute(e, "name").unwrap_or_default(),
                relation: relation.map(|a| a.value.into_owned()).unwrap_or_default(),
                hidden: attribute(e, "state").is_some_and(|s| s != "visible"),
            });
        }
        _ => {}
    })?;
    if !is_book {
        return Err(file.wrong("a workbook", &format!("something else in {main}")));
    }
    let relations = package::relations(file, packed, &main)?.unwrap_or_default();
    let of_kind = |kind: &str| relations.iter().find(|r| r.kind == kind).map(|r| r.target.clone());
    let strings = match of_kind("sharedStrings") {
        Some(name) => strings(file, packed, &name)?,
        None => Strings::default(),
    };
    let styles = match of_kind("styles") {
        Some(name) => packed.entry(&name)?.map(|xml| Styles::read(file, &xml)).unwrap_or_default(),
        None => Styles::default(),
    };
    let mut spent = Spent::of(file);
    let mut seen = HashSet::new();
    for about in sheets {
        if about.hidden {
            book.hidden.push(about.name);
            continue;
        }
        let Some(Relation { kind, target, .. }) = relations.iter().find(|r| r.id == about.relation) else {
            book.unreadable(&about.name);
            continue;
        };
        // Sheets of a chart or of macros have no cells; a part is one sheet.
        if kind != "worksheet" || !seen.insert(target) {
            book.unreadable(&about.name);
            continue;
        }
        let mut reader = Cells {
            strings: &strings,
            styles: &styles,
            from_1904,
            sheet: Sheet::default(),
            spent: &mut spent,
            full: false,
            next: (1, 0),
            open: Open::default(),
        };
        let read = match packed.stream(target)? {
            Some(xml) => walk_from(file, xml, &mut |step, name, e| reader.see(&step, name, e)),
            None => Err(file.wrong("a workbook", "one without that sheet")),
        };
        if reader.full {
            return Err(too_large(file));
        }
        let mut sheet = reader.sheet;
        if read.is_err() {
            book.unreadable(&about.name);
            continue;
        }
        let beside = package::relations(file, packed, target)?.unwrap_or_default();
        for drawings in beside.iter().filter(|r| r.kind == "drawing") {
            sheet.aside.extend(charts::of_sheet(file, packed, &drawings.target)?);
        }
        book.add(file, &about.name, sheet)?;
    }
    Ok(())
}

/// Texts that cells share: all in one, and where each ends.
#[derive(Default)]
struct Strings {
    text: String,
    ends: Vec<usize>,
}

impl Strings {
    fn get(&self, at: usize) -> Option<&str> {
        let start = at.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.text.get(start..*self.ends.get(at)?)
    }
}

fn strings(file: &File<'_>, packed: &mut Packed<'_>, name: &str) -> Result<Strings> {
    let mut strings = Strings::default();
    let Some(xml) = packed.stream(name)? else { return Ok(strings) };
    let mut reading = false;
    walk_from(file, xml, &mut |step, name, _| match (step, name) {
        // How a word is pronounced is no part of it.
        (Step::Open, "rPh") => reading = true,
        (Step::Close, "rPh") => reading = false,
        (Step::Text(text), "t") if !reading => strings.text += text,
        (Step::Close, "si") => strings.ends.push(strings.text.len()),
        _ => {}
    })?;
    Ok(strings)
}

/// How cells look: the format of numbers, and whether letters are bold, by style.
#[derive(Default)]
struct Styles {
    formats: Vec<Rc<Format>>,
    bold: Vec<bool>,
}

impl Styles {
    /// Styles that are broken are none.
    fn read(file: &File<'_>, xml: &[u8]) -> Styles {
        let mut codes: BTreeMap<u32, String> = BTreeMap::new();
        let (mut fonts, mut cells): (Vec<bool>, Vec<(u32, usize)>) = (Vec::new(), Vec::new());
        let (mut in_fonts, mut in_cells) = (false, false);
        let number =
            |e: &BytesStart<'_>, name: &str| attribute(e, name).and_then(|v| v.trim().parse::<u32>().ok());
        let read = walk(file, xml, &mut |step, name, e| match (step, name, e) {
            (Step::Open, "fonts", _) => in_fonts = true,
            (Step::Close, "fonts", _) => in_fonts = false,
            (Step::Open, "cellXfs", _) => in_cells = true,
            (Step::Close, "cellXfs", _) => in_cells = false,
            (Step::Open, "numFmt", Some(e)) => {
                if let (Some(id), Some(code)) = (number(e, "numFmtId"), attribute(e, "formatCode")) {
                    codes.entry(id).or_insert(code);
                }
            }
            (Step::Open, "font", _) if in_fonts => fonts.push(false),
            (Step::Open, "b", Some(e)) if in_fonts => {
                let off = attribute(e, "val").is_some_and(|v| v == "0" || v == "false");
                fonts.last_mut().into_iter().for_each(|bold| *bold = !off);
            }
            (Step::Open, "xf", Some(e)) if in_cells && cells.len() < 100_000 => {
                cells.push((number(e, "numFmtId").unwrap_or(0), number(e, "fontId").unwrap_or(0) as usize));
            }
            _ => {}
        });
        if read.is_err() {
            return Styles::default();
        }
        let mut known: BTreeMap<u32, Rc<Format>> = BTreeMap::new();
        let usual = Rc::new(Format::General);
        let mut format = |id: u32| {
            let read = || match codes.get(&id) {
                // The date of the reader's country is often written out, as that of the writer's.
                Some(_) if id == 14 => Format::builtin(14),
                Some(code) => Some(Format::parse(code)),
                None => Format::builtin(id),
            };
            if known.len() >= FORMATS && !known.contains_key(&id) {
                return Rc::clone(&usual);
            }
            Rc::clone(known.entry(id).or_insert_with(|| Rc::new(read().unwrap_or(Format::General))))
        };
        Styles {
            formats: cells.iter().map(|(id, _)| format(*id)).collect(),
            bold: cells.iter().map(|(_, font)| fonts.get(*font).copied().unwrap_or(false)).collect(),
        }
    }
}

/// A cell that is being read.
#[derive(Default)]
struct Open {
    place: (u32, u32),
    kind: String,
    style: usize,
    value: String,
    text: String,
    formula: bool,
    has_value: bool,
    reading: bool,
}

/// A sheet that is being read.
struct Cells<'s> {
    strings: &'s Strings,
    styles: &'s Styles,
    from_1904: bool,
    sheet: Sheet,
    spent: &'s mut Spent,
    full: bool,
    /// Row from 1 and column from 0 of a cell that does not say where it is.
    next: (u32, u32),
    open: Open,
}

impl Cells<'_> {
    fn see(&mut self, step: &Step<'_>, name: &str, e: Option<&BytesStart<'_>>) {
        if self.full {
            return;
        }
        match (step, name) {
            (Step::Open, "row") => {
                let said = e.and_then(|e| attribute(e, "r")).and_then(|r| r.trim().parse().ok());
                self.next = (said.filter(|r| (1..=ROWS).contains(r)).unwrap_or(self.next.0), 0);
            }
            (Step::Close, "row") => self.next = (self.next.0.saturating_add(1), 0),
            (Step::Open, "c") => {
                let mut open = Open { place: self.next, ..Open::default() };
                for a in e.into_iter().flat_map(attributes).flatten() {
                    match a.key.as_ref() {
                        "r" => open.place = place(&a.value).unwrap_or(self.next),
                        "s" => open.style = a.value.trim().parse().unwrap_or(0),
                        "t" => open.kind.push_str(a.value.trim()),
                        _ => {}
                    }
                }
                self.next = (open.place.0, open.place.1.saturating_add(1));
                self.open = open;
            }
            (Step::Open, "f") => self.open.formula = true,
            (Step::Open, "v" | "is") => self.open.has_value = true,
            (Step::Open, "rPh") => self.open.reading = true,
            (Step::Close, "rPh") => self.open.reading = false,
            (Step::Text(text), "v") => self.open.value += text,
            (Step::Text(text), "t") if !self.open.reading => self.open.text += text,
            (Step::Close, "c") => self.close(),
            (Step::Open, "mergeCell") if self.sheet.merges.len() < MERGES => {
                let range = e.and_then(|e| attribute(e, "ref"));
                self.sheet.merges.extend(range.as_deref().and_then(merge));
            }
            _ => {}
        }
    }

    fn close(&mut self) {
        let open = std::mem::take(&mut self.open);
        let empty = open.value.trim().is_empty() && open.text.is_empty();
        // Programs that do not calculate write a formula alone, or with an empty value.
        if open.formula && empty && !(open.has_value && open.kind == "str") {
            self.sheet.unsaved += 1;
            return;
        }
        let (text, is_text) = self.shown(&open);
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let (number, column) = open.place;
        let is_new = self.sheet.rows.last().is_none_or(|r| r.number != number);
        if !self.spent.take(usize::from(is_new), text.len()) {
            self.full = true;
            return;
        }
        if is_new {
            self.sheet.rows.push(Row { number, cells: Vec::new() });
        }
        let bold = self.styles.bold.get(open.style).copied().unwrap_or(false);
        if let Some(row) = self.sheet.rows.last_mut() {
            row.cells.push(Cell { column, text: text.to_owned(), is_text, bold });
        }
    }

    /// What a cell shows, and whether it is a text.
    fn shown(&self, open: &Open) -> (String, bool) {
        let usual = Format::General;
        let format = self.styles.formats.get(open.style).map_or(&usual, Rc::as_ref);
        let text = |text: &str| (format.show_text(&plain(text)), true);
        let value = open.value.trim();
        match open.kind.as_str() {
            "s" => text(value.parse().ok().and_then(|at| self.strings.get(at)).unwrap_or_default()),
            "inlineStr" => text(&open.text),
            "str" => text(&open.value),
            "b" => (if matches!(value, "1" | "true") { "TRUE" } else { "FALSE" }.to_owned(), true),
            "e" => (value.to_owned(), true),
            "d" => (super::ods::moment(value), false),
            _ => match value.parse::<f64>() {
                Ok(n) => (format.show(n, self.from_1904), false),
                Err(_) => (value.to_owned(), true),
            },
        }
    }
}

/// `_x000D_` and the like as the characters that they stand for; blanks for line ends.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let code = rest.get(at + 2..at + 6).filter(|_| rest.as_bytes().get(at + 6) == Some(&b'_'));
        let known = code.and_then(|c| u32::from_str_radix(c, 16).ok()).and_then(char::from_u32);
        plain += &rest[..at];
        match known {
            Some(c) => {
                plain.push(c);
                rest = &rest[at + 7..];
            }
            None => {
                plain += "_x";
                rest = &rest[at + 2..];
            }
        }
    }
    plain += rest;
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Row from 1 and column from 0 of `B12`.
fn place(name: &str) -> Option<(u32, u32)> {
    let name = name.trim();
    let letters = name.bytes().take_while(u8::is_ascii_alphabetic).count();
    let mut column = 0_u32;
    for letter in name.get(..letters.min(4))?.bytes() {
        column = column * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1;
    }
    let row: u32 = name.get(letters..)?.parse().ok()?;
    let inside = (1..=ROWS).contains(&row) && (1..=COLUMNS).contains(&column) && letters < 4;
    inside.then(|| (row, column - 1))
}

fn merge(range: &str) -> Option<Merge> {
    let range = range.replace('$', "");
    let (from, to) = range.split_once(':')?;
    let (from, to) = (place(from)?, place(to)?);
    Some(Merge { rows: (from.0, to.0), columns: (from.1, to.1) })
}
