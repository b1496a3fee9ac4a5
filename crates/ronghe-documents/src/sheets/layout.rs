//! Tables on a sheet: titles, headers and rows.
//!
//! Rows without an empty one between them are a group. Rows of one cell at its head are titles. The first row of more cells is the
//! header if a row is below it; a later group has a header of its own if its first row looks like one (bold, or words over numbers),
//! else it goes on with the one before.

use super::{Cell, Merge, Row, too_large};
use crate::file::File;
use crate::{BlockKind, Document, Place, Result};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Rows that merged cells may span, all together.
const STEPS: usize = 4_000_000;
/// Bytes of a name that is given to several columns.
const NAME: usize = 1000;
/// Columns that a merged header may name.
const COLUMNS: u32 = 256;

/// Cells that span columns, by their first row.
type Wide = HashMap<u32, Vec<Merge>>;
/// Names of columns.
type Header = BTreeMap<u32, String>;

/// Adds the rows of a sheet.
pub(super) fn add(
    file: &File<'_>,
    document: &mut Document,
    mut rows: Vec<Row>,
    merges: &[Merge],
) -> Result<()> {
    rows.sort_by_key(|row| row.number);
    spread(file, &mut rows, merges)?;
    let mut wide = Wide::new();
    for merge in merges.iter().filter(|m| m.columns.0 < m.columns.1) {
        wide.entry(merge.rows.0).or_default().push(*merge);
    }
    let mut header = Header::new();
    let mut start = 0;
    while start < rows.len() {
        let ends = |i: &usize| rows.get(i + 1).is_none_or(|next| next.number > rows[*i].number + 1);
        let end = (start..rows.len()).find(ends).map_or(rows.len(), |i| i + 1);
        group(file, document, &rows[start..end], &wide, &mut header)?;
        start = end;
    }
    Ok(())
}

/// Puts the value of cells that are one into each row that they span.
fn spread(file: &File<'_>, rows: &mut [Row], merges: &[Merge]) -> Result<()> {
    let mut left = STEPS;
    let mut bytes = file.limits.text_bytes;
    for merge in merges.iter().filter(|m| m.rows.0 < m.rows.1) {
        let first = rows.partition_point(|r| r.number < merge.rows.0);
        let Some(row) = rows.get(first).filter(|r| r.number == merge.rows.0) else { continue };
        let Some(cell) = row.cells.iter().find(|c| c.column == merge.columns.0) else { continue };
        let (text, is_text, bold) = (cell.text.clone(), cell.is_text, cell.bold);
        for row in rows[first + 1..].iter_mut().take_while(|r| r.number <= merge.rows.1) {
            // Cells are one with few others; a file that says otherwise is not followed for ever.
            let Some(steps) = left.checked_sub(1) else { return Ok(()) };
            left = steps;
            let at = row.cells.partition_point(|c| c.column < merge.columns.0);
            if row.cells.get(at).is_some_and(|c| c.column == merge.columns.0) {
                continue;
            }
            bytes = bytes.checked_sub(text.len()).ok_or_else(|| too_large(file))?;
            row.cells.insert(at, Cell { column: merge.columns.0, text: text.clone(), is_text, bold });
        }
    }
    Ok(())
}

/// Adds rows that belong together.
fn group(
    file: &File<'_>,
    document: &mut Document,
    rows: &[Row],
    wide: &Wide,
    header: &mut Header,
) -> Result<()> {
    let titles = rows.iter().take_while(|r| r.cells.len() < 2).count();
    for row in &rows[..titles] {
        line(file, document, BlockKind::Paragraph, row, None)?;
    }
    let mut rest = &rows[titles..];
    let Some((first, below)) = rest.split_first() else { return Ok(()) };
    if below.is_empty() {
        // A row for itself goes on with the table before only if it is like its rows.
        let known = first.cells.iter().all(|c| header.contains_key(&c.column));
        let alike = known && !first.cells.iter().all(|c| c.is_text);
        return line(file, document, BlockKind::Row, first, alike.then_some(&*header));
    }
    // `Date: | today` over `Place: | here` is no table with a header.
    if rest.iter().all(|row| row.cells.first().is_some_and(is_label)) {
        return rest.iter().try_for_each(|row| line(file, document, BlockKind::Row, row, None));
    }
    if header.is_empty() || is_header(first, below, header) {
        let mut depth = 1;
        *header = names(first, wide);
        // A row under names that span columns divides them.
        if let Some(second) = below.first().filter(|_| below.len() > 1)
            && second.cells.iter().all(|c| c.is_text)
            && divides(first, second, wide)
        {
            for (column, name) in names(second, wide) {
                let above = header.entry(column).or_default();
                if *above != name {
                    let blank = if above.is_empty() { "" } else { " " };
                    *above += &format!("{blank}{name}");
                }
            }
            depth = 2;
        }
        rest = &rest[depth..];
    }
    for row in rest {
        // A word over all columns is the value of none.
        let over_all = row.cells.len() == 1 && header.len() > 1 && !across(row, wide).is_empty();
        line(file, document, BlockKind::Row, row, (!over_all).then_some(&*header))?;
    }
    Ok(())
}

/// Names by column; one over several columns names each of them.
fn names(row: &Row, wide: &Wide) -> Header {
    let mut names = Header::new();
    for cell in &row.cells {
        names.insert(cell.column, cell.text.clone());
    }
    for merge in across(row, wide) {
        let name = names.get(&merge.columns.0).filter(|name| name.len() <= NAME).cloned();
        let Some(name) = name else { continue };
        for column in merge.columns.0 + 1..=merge.columns.1.min(merge.columns.0 + COLUMNS) {
            names.entry(column).or_insert_with(|| name.clone());
        }
    }
    names
}

/// Cells of a row that span columns.
fn across<'m>(row: &Row, wide: &'m Wide) -> &'m [Merge] {
    wide.get(&row.number).map_or(&[], Vec::as_slice)
}

/// Whether a second row of a header has a name under each of several columns of one above.
fn divides(first: &Row, second: &Row, wide: &Wide) -> bool {
    let under = |m: &Merge| {
        let within = second.cells.iter().filter(|c| (m.columns.0..=m.columns.1).contains(&c.column));
        within.count() > 1 && first.cells.iter().any(|c| c.column == m.columns.0)
    };
    across(first, wide).iter().any(under)
}

/// Whether the first row of a later group names its columns.
fn is_header(first: &Row, below: &[Row], before: &Header) -> bool {
    if first.cells.len() < 2 || !first.cells.iter().all(|c| c.is_text) {
        return false;
    }
    if first.cells.iter().all(|c| before.get(&c.column) == Some(&c.text)) {
        return true;
    }
    let bold = |row: &Row| row.cells.iter().all(|c| c.bold);
    if bold(first) && !below.iter().all(bold) {
        return true;
    }
    let numbers: HashSet<u32> =
        below.iter().take(20).flat_map(|row| &row.cells).filter(|c| !c.is_text).map(|c| c.column).collect();
    let words: HashSet<&str> = first.cells.iter().map(|c| c.text.as_str()).collect();
    let same_place = first.cells.iter().all(|c| before.contains_key(&c.column));
    let over_numbers = first.cells.iter().any(|c| numbers.contains(&c.column));
    words.len() == first.cells.len() && (over_numbers || !same_place)
}

/// Whether a cell says what stands beside it.
fn is_label(cell: &Cell) -> bool {
    cell.is_text && cell.text.ends_with([':', '：'])
}

/// Adds a row, each value with the name of its column where there is one.
fn line(
    file: &File<'_>,
    document: &mut Document,
    kind: BlockKind,
    row: &Row,
    header: Option<&Header>,
) -> Result<()> {
    let named = |cell: &Cell| match header.and_then(|h| h.get(&cell.column)) {
        Some(name) => format!("{name}: {}", cell.text),
        None => cell.text.clone(),
    };
    let mut text = String::new();
    let mut before: Option<&Cell> = None;
    for cell in &row.cells {
        text += match before {
            None => "",
            Some(label) if header.is_none() && is_label(label) => " ",
            Some(_) => "; ",
        };
        text += &named(cell);
        before = Some(cell);
    }
    document.push(kind, &text, Place { row: Some(u64::from(row.number)), ..Place::default() });
    if document.blocks.len() > file.limits.rows || document.text.len() > file.limits.text_bytes {
        return Err(too_large(file));
    }
    Ok(())
}
