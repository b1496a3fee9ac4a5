//! Tables of Word files: a piece a row; a value that spans rows stands in each of them.

use super::word::{From, Piece, Reader};
use super::xml::Element;
use crate::{BlockKind, Result};
use std::collections::BTreeMap;

/// Columns that a cell may span.
const SPAN: i64 = 64;

/// Elements of that name that are not deleted, also those within controls and changes.
fn parts<'t>(container: Element<'t>, name: &str, into: &mut Vec<Element<'t>>) {
    for child in container.children() {
        match child.name() {
            found if found == name => into.push(child),
            "sdt" | "sdtContent" | "customXml" | "ins" | "moveTo" | "smartTag" => parts(child, name, into),
            "AlternateContent" => {
                if let Some(branch) = child.choice() {
                    parts(branch, name, into);
                }
            }
            _ => {}
        }
    }
}

fn number(properties: Option<Element<'_>>, name: &str) -> i64 {
    properties.and_then(|p| p.child(name)).and_then(|c| c.number_of("val")).unwrap_or(0)
}

/// Adds the rows of a table.
pub(super) fn read<'t>(reader: &mut Reader<'t, '_>, table: Element<'t>, into: &mut Vec<Piece>) -> Result<()> {
    let mut rows = Vec::new();
    parts(table, "tr", &mut rows);
    let rows: Vec<(Element<'t>, Vec<Element<'t>>)> = rows
        .into_iter()
        .filter(|row| {
            let has = |name: &str| row.child("trPr").and_then(|p| p.child(name)).is_some_and(Element::is_on);
            !has("del") && !has("hidden")
        })
        .map(|row| {
            let mut cells = Vec::new();
            parts(row, "tc", &mut cells);
            (row, cells)
        })
        .collect();
    // A table of one column is a frame around text.
    if rows.iter().all(|(_, cells)| cells.len() < 2) {
        for cell in rows.into_iter().flat_map(|(_, cells)| cells) {
            reader.story(cell, into)?;
        }
        return Ok(());
    }
    let mut spanning: BTreeMap<i64, String> = BTreeMap::new();
    for (row, cells) in rows {
        let mut column = number(row.child("trPr"), "gridBefore").clamp(0, SPAN);
        let mut texts = Vec::new();
        let mut contents: Vec<Vec<Piece>> = Vec::new();
        for cell in cells {
            let properties = cell.child("tcPr");
            let merged = |name: &str| {
                let merge = properties.and_then(|p| p.child(name))?;
                Some(merge.attr("val").unwrap_or("continue"))
            };
            let mut content = Vec::new();
            if properties.and_then(|p| p.child("cellDel")).is_none() {
                reader.story(cell, &mut content)?;
            }
            let mut text = String::new();
            for piece in content.iter().filter(|p| p.from == From::Own) {
                let blank = if text.is_empty() { "" } else { " " };
                text += blank;
                text += &piece.text.split_whitespace().collect::<Vec<_>>().join(" ");
            }
            contents.push(content);
            match merged("vMerge") {
                Some("restart") => drop(spanning.insert(column, text.clone())),
                Some(_) if text.is_empty() => text = spanning.get(&column).cloned().unwrap_or_default(),
                Some(_) => {}
                None => drop(spanning.remove(&column)),
            }
            let span = number(properties, "gridSpan").clamp(1, SPAN);
            column += span;
            if merged("hMerge") == Some("continue") {
                text.clear();
            }
            texts.push(text);
            texts.extend((1..span).map(|_| String::new()));
        }
        let is_layout = |content: &Vec<Piece>| {
            content.iter().any(|p| p.from == From::Own) && content.iter().any(|p| p.from == From::Table)
        };
        let filled = contents.iter().filter(|c| c.iter().any(|p| p.from == From::Own)).count();
        let headed = contents.iter().flatten().any(|p| matches!(p.kind, BlockKind::Heading(_)));
        // Cells that hold tables among their text, and headings that have a row for themselves, are no row of values.
        if contents.iter().any(is_layout) || (filled == 1 && headed) {
            into.extend(contents.into_iter().flatten());
            continue;
        }
        if filled > 0 {
            reader.add(BlockKind::Row, texts.join("\t"), From::Own, into)?;
        }
        into.extend(contents.into_iter().flatten().filter(|p| p.from != From::Own));
    }
    Ok(())
}
