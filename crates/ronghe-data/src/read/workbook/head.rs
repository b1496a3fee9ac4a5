//! Where the names of the columns stand in a sheet.
//!
//! The table is as wide as its widest row of the first 50. The names are in the first row that fills at least four
//! fifths of that, merged cells counting as many as they cover; a row with cells merged side by side has the names of
//! groups, and the row below goes on. Names of one column in two rows are joined with a space.

use super::sheet::{Line, Sheet};
use std::collections::BTreeMap;

/// Rows looked at.
const LOOK: usize = 50;
/// Rows that names may take.
const DEEP: usize = 4;

/// The names of the columns, and where the rows below them begin.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) names: Vec<String>,
    /// Columns of the sheet.
    pub(super) columns: Vec<u32>,
    /// Position of the first row of data.
    pub(super) first: usize,
    /// Rows above the names, as text.
    pub(super) passed: Vec<String>,
}

impl Head {
    /// Finds the names; without `header` the columns are numbered and all rows are data.
    pub(super) fn find(sheet: &Sheet, header: bool) -> Head {
        let rows = sheet.rows();
        let columns = |from: usize| {
            let mut used: Vec<u32> =
                rows.iter().skip(from).flat_map(|l| sheet.cells(l)).map(|c| c.column).collect();
            used.sort_unstable();
            used.dedup();
            used
        };
        let numbered = |i: usize| format!("column_{}", i + 1);
        if !header {
            let columns = columns(0);
            return Head {
                names: (0..columns.len()).map(numbered).collect(),
                columns,
                first: 0,
                passed: Vec::new(),
            };
        }
        let widths: Vec<usize> = rows.iter().take(LOOK).map(|l| names(sheet, l).len()).collect();
        let widest = widths.iter().max().copied().unwrap_or(0);
        let start = widths.iter().position(|w| w * 5 >= widest * 4).unwrap_or(0);
        let mut parts: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        let mut first = start;
        while let Some(line) = rows.get(first) {
            for (column, name) in names(sheet, line) {
                let known = parts.entry(column).or_default();
                if known.last() != Some(&name) {
                    known.push(name);
                }
            }
            first += 1;
            let goes_on = groups(sheet, line) && first - start < DEEP && first + 1 < rows.len();
            if !goes_on {
                break;
            }
        }
        let columns = {
            let mut all = columns(first);
            all.extend(parts.keys());
            all.sort_unstable();
            all.dedup();
            all
        };
        let name =
            |(i, column): (usize, &u32)| parts.get(column).map_or_else(|| numbered(i), |p| p.join(" "));
        let names = columns.iter().enumerate().map(name).collect();
        let text = |l: &Line| sheet.cells(l).map(|c| c.text.trim().to_owned()).collect::<Vec<_>>().join(" ");
        let passed = rows.iter().take(start).map(text).collect();
        Head { names, columns, first, passed }
    }
}

/// The cells of a row by column, those merged side by side under each of their columns; a row of one cell only is a
/// title, however wide.
fn names(sheet: &Sheet, line: &Line) -> BTreeMap<u32, String> {
    let mut found: BTreeMap<u32, String> = sheet
        .cells(line)
        .map(|c| (c.column, c.text.split_whitespace().collect::<Vec<_>>().join(" ")))
        .collect();
    if found.len() > 1 {
        for (left, right) in merged(sheet, line) {
            let Some(text) = found.get(&left).cloned() else { continue };
            for column in left + 1..=right {
                found.entry(column).or_insert_with(|| text.clone());
            }
        }
    }
    found
}

/// Whether cells of the row are merged side by side.
fn groups(sheet: &Sheet, line: &Line) -> bool {
    sheet.cells(line).count() > 1 && merged(sheet, line).next().is_some()
}

/// First and last columns of the cells of a row that are merged side by side.
fn merged<'a>(sheet: &'a Sheet, line: &Line) -> impl Iterator<Item = (u32, u32)> + 'a {
    let row = line.row;
    let here = sheet.merged.iter().filter(move |d| d.start.0 <= row && row <= d.end.0);
    here.filter(|d| d.end.1 > d.start.1 && d.end.1 - d.start.1 < 20_000).map(|d| (d.start.1, d.end.1))
}
