//! From glyphs at their places to the blocks of a document.
//!
//! | file | what |
//! |---|---|
//! | `lines` | glyphs to pieces of lines: blanks by gaps, raised letters, what is drawn twice |
//! | `bidi` | letters in the order of reading where they run from right to left |
//! | `running` | running titles and page numbers taken out |
//! | `columns` | pieces in the order of reading; tables |
//! | `paragraphs` | lines joined, also over columns and pages; headings by their size |

mod bidi;
mod columns;
mod lines;
mod paragraphs;
mod running;

use super::glyph::{Glyph, Page};
use crate::Document;
use lines::{Mark, Piece};
use running::Sheet;
use std::collections::BTreeMap;

/// Directions that differ by less are one: what was scanned is never quite straight. In degrees.
const STRAIGHT: f64 = 6.0;

/// The pieces of a page in its main direction, and apart from them those in others.
pub(super) struct Placed {
    /// Number of the page, from 1.
    number: u32,
    main: Sheet,
    others: Vec<Vec<Piece>>,
    remarks: Vec<String>,
}

/// Which way a glyph is read: degrees from the right, in steps of a right angle where it is straight; whether its line
/// runs from top to bottom.
fn direction(glyph: &Glyph) -> (i32, bool) {
    let (x, y) = (glyph.to[0] - glyph.from[0], glyph.to[1] - glyph.from[1]);
    if x.hypot(y) < 1e-6 {
        return (0, glyph.vertical);
    }
    let degrees = y.atan2(x).to_degrees();
    let right = (degrees / 90.0).round() * 90.0;
    let degrees = if (degrees - right).abs() < STRAIGHT { right } else { (degrees / 10.0).round() * 10.0 };
    let degrees = if degrees <= -180.0 { degrees + 360.0 } else { degrees };
    (degrees as i32, glyph.vertical)
}

/// Puts the glyphs of a page into lines.
pub(super) fn place(number: u32, page: Page) -> Placed {
    let mut groups: BTreeMap<(i32, bool), Vec<Mark>> = BTreeMap::new();
    let mut last = (0, false);
    let mut text = 0;
    for (order, glyph) in page.glyphs.into_iter().enumerate() {
        // A glyph of no width goes with the one before it.
        let flat = (glyph.to[0] - glyph.from[0]).hypot(glyph.to[1] - glyph.from[1]) < 1e-6;
        last = if flat { last } else { direction(&glyph) };
        text += glyph.text.len();
        let turn = Turn::new(last);
        let (from, to) = (turn.of(glyph.from), turn.of(glyph.to));
        groups.entry(last).or_default().push(Mark {
            from: from[0].min(to[0]),
            to: from[0].max(to[0]),
            down: from[1],
            size: glyph.size,
            text: glyph.text,
            bold: glyph.bold,
            order,
        });
    }
    let main = groups.iter().max_by_key(|(_, marks)| marks.len()).map(|(direction, _)| *direction);
    let mut placed = Placed {
        number,
        main: Sheet { pieces: Vec::new(), height: 0.0 },
        others: Vec::new(),
        remarks: page.remarks,
    };
    if text == 0 {
        return placed;
    }
    for (direction, mut marks) in groups {
        if Some(direction) != main {
            placed.others.push(lines::pieces(marks));
            continue;
        }
        let turn = Turn::new(direction);
        if let Some([left, low, right, top]) = page.bounds {
            let corners = [[left, low], [left, top], [right, low], [right, top]].map(|c| turn.of(c)[1]);
            let upper = corners.iter().copied().fold(f64::INFINITY, f64::min);
            placed.main.height = corners.iter().map(|c| c - upper).fold(0.0, f64::max);
            marks.iter_mut().for_each(|m| m.down -= upper);
        }
        placed.main.pieces = lines::pieces(marks);
    }
    placed
}

/// The turn into the frame of a direction.
struct Turn {
    along: [f64; 2],
    down: [f64; 2],
}

impl Turn {
    fn new((degrees, vertical): (i32, bool)) -> Turn {
        let (sine, cosine) = f64::from(degrees).to_radians().sin_cos();
        // The next line is below, in vertical writing on the left.
        let down = [sine, -cosine];
        Turn { along: [cosine, sine], down: if vertical { [sine, cosine] } else { down } }
    }

    fn of(&self, at: [f64; 2]) -> [f64; 2] {
        let dot = |v: [f64; 2]| v[0] * at[0] + v[1] * at[1];
        [dot(self.along), dot(self.down)]
    }
}

/// Adds the text of all pages to a document; how many pieces at heads and feet were left out.
pub(super) fn write(mut pages: Vec<Placed>, document: &mut Document) -> usize {
    let mut sheets: Vec<Sheet> = pages
        .iter_mut()
        .map(|p| std::mem::replace(&mut p.main, Sheet { pieces: Vec::new(), height: 0.0 }))
        .collect();
    let taken = running::take(&mut sheets);
    let mut all = Vec::new();
    let mut remarks = Vec::new();
    for (page, sheet) in pages.into_iter().zip(sheets) {
        for pieces in std::iter::once(sheet.pieces).chain(page.others) {
            all.extend(columns::areas(pieces).into_iter().map(|area| (page.number, area)));
        }
        remarks.extend(page.remarks.into_iter().map(|remark| (page.number, remark)));
    }
    paragraphs::write(&all, remarks, document);
    taken
}
