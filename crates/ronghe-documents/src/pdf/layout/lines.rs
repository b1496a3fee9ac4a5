//! Glyphs to pieces of lines: what stands on one base line without a wide gap.
//!
//! Places are in the frame of the reading direction: `along` grows as a line is read, `down` from line to line.

use super::bidi;
use std::collections::HashMap;
use std::rc::Rc;

/// A gap that is wider parts a line, in parts of the size. Parts of one line are joined again where they are no columns.
const WIDE: f64 = 0.75;
/// A gap of this much over the usual one between letters is a blank.
const BLANK: f64 = 0.15;
/// The same in a line that has blanks of its own.
const BESIDE_BLANKS: f64 = 0.25;
/// The widest usual gap between letters of a heading that is spaced out.
const SPACED: f64 = 0.7;
/// Base lines so near are one, in parts of the size.
const SAME: f64 = 0.2;
/// The same glyph again so near is the same one, drawn twice to look bold.
const TWICE: f64 = 0.12;
/// Glyphs that a raised or lowered part may have.
const RAISED: usize = 12;

/// Glyphs of a line beside which raised parts are looked for.
const HOSTS: usize = 2000;

/// A glyph in the frame of its reading direction.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) down: f64,
    pub(super) size: f64,
    pub(super) text: Rc<str>,
    pub(super) bold: bool,
    /// Its number in the order of drawing.
    pub(super) order: usize,
}

/// A part of a line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) base: f64,
    pub(super) size: f64,
    pub(super) bold: bool,
    pub(super) order: usize,
}

/// Whether no blank stands between letters of this script.
pub(super) fn is_dense(c: char) -> bool {
    matches!(c as u32, 0x2e80..=0x312f | 0x31a0..=0x9fff | 0xf900..=0xfaff | 0xfe30..=0xfe4f | 0xff00..=0xffef | 0x20000..=0x3ffff)
}

/// Adds a part of a cell or line, with a blank where the script has them.
pub(super) fn append(text: &mut String, more: &str) {
    let dense = [text.chars().next_back(), more.chars().next()].map(|c| c.is_some_and(is_dense));
    if !(text.is_empty() || dense == [true, true]) {
        text.push(' ');
    }
    text.push_str(more);
}

/// Makes pieces of glyphs, from above.
pub(super) fn pieces(marks: Vec<Mark>) -> Vec<Piece> {
    let mut rows = rows(once(marks));
    raise(&mut rows);
    let mut found = Vec::new();
    for mut row in rows {
        row.sort_by(|a, b| a.from.total_cmp(&b.from).then(a.order.cmp(&b.order)));
        let mut start = 0;
        // A blank or a glyph without text may be as wide as it will: only text counts.
        let mut end: Option<(f64, f64)> = None;
        for at in 0..row.len() {
            let mark = &row[at];
            if mark.text.trim().is_empty() && !mark.text.is_empty() {
                continue;
            }
            if let Some((to, size)) = end
                && mark.from - to > WIDE * size.max(mark.size)
            {
                found.extend(piece(&row[start..at]));
                start = at;
            }
            end = Some((end.map_or(mark.to, |e| e.0.max(mark.to).min(mark.to + mark.size)), mark.size));
        }
        found.extend(piece(&row[start..]));
    }
    found.sort_by(|a, b| a.base.total_cmp(&b.base).then(a.left.total_cmp(&b.left)));
    found
}

/// A text and the square of the page that it begins in.
type Cell = (Rc<str>, i64, i64);

/// Leaves out glyphs that are drawn again at nearly the same place.
fn once(marks: Vec<Mark>) -> Vec<Mark> {
    let mut seen: HashMap<Cell, Vec<(f64, f64)>> = HashMap::new();
    let mut kept = Vec::with_capacity(marks.len());
    for mark in marks {
        let near = (TWICE * mark.size).min(4.0);
        // Cells are wider than what is near, so that it is in this one or in one beside it.
        let cell = |v: f64| (v / 4.0).floor() as i64;
        let (x, y) = (cell(mark.from), cell(mark.down));
        let blank = mark.text.trim().is_empty();
        let around = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)];
        let again = !blank
            && around.iter().any(|(i, j)| {
                seen.get(&(mark.text.clone(), x + i, y + j)).is_some_and(|all| {
                    let last = all.iter().rev().take(8);
                    last.into_iter()
                        .any(|(f, d)| (f - mark.from).abs() < near && (d - mark.down).abs() < near)
                })
            });
        if !again {
            if !blank {
                seen.entry((mark.text.clone(), x, y)).or_default().push((mark.from, mark.down));
            }
            kept.push(mark);
        }
    }
    kept
}

/// Glyphs by base line, from above.
fn rows(mut marks: Vec<Mark>) -> Vec<Vec<Mark>> {
    marks.sort_by(|a, b| a.down.total_cmp(&b.down).then(a.from.total_cmp(&b.from)));
    let mut rows: Vec<Vec<Mark>> = Vec::new();
    let mut last = f64::NEG_INFINITY;
    for mark in marks {
        if mark.down - last > SAME * mark.size {
            rows.push(Vec::new());
        }
        last = mark.down;
        if let Some(row) = rows.last_mut() {
            row.push(mark);
        }
    }
    rows
}

/// Puts raised and lowered parts (exponents, marks of footnotes) into the line that they stand beside.
fn raise(rows: &mut [Vec<Mark>]) {
    let levels: Vec<f64> = rows.iter().map(|r| r[0].down).collect();
    for at in 0..rows.len() {
        if rows[at].is_empty() {
            continue;
        }
        let mut row = std::mem::take(&mut rows[at]);
        row.sort_by(|a, b| a.from.total_cmp(&b.from));
        let mut kept = Vec::with_capacity(row.len());
        for part in parts(row) {
            match (part.len() <= RAISED).then(|| beside(rows, &levels, at, &part)).flatten() {
                Some((host, level)) => rows[host].extend(part.into_iter().map(|m| Mark { down: level, ..m })),
                None => kept.extend(part),
            }
        }
        rows[at] = kept;
    }
}

/// Parts of a sorted row between gaps.
fn parts(row: Vec<Mark>) -> Vec<Vec<Mark>> {
    let mut parts: Vec<Vec<Mark>> = Vec::new();
    for mark in row {
        match parts.last_mut() {
            Some(part) if part.last().is_some_and(|l| mark.from - l.to < 0.5 * mark.size) => part.push(mark),
            _ => parts.push(vec![mark]),
        }
    }
    parts
}

/// The row that a small part is raised or lowered from, and its base line.
fn beside(rows: &[Vec<Mark>], levels: &[f64], at: usize, part: &[Mark]) -> Option<(usize, f64)> {
    let (first, last) = (part.first()?, part.last()?);
    let size = part.iter().map(|m| m.size).fold(0.0, f64::max);
    let reach = 1.5 * size;
    let before = (0..at).rev().take_while(|i| levels[at] - levels[*i] < reach);
    let after = (at + 1..rows.len()).take_while(|i| levels[*i] - levels[at] < reach);
    let mut best: Option<(f64, usize, f64)> = None;
    for row in after.chain(before) {
        // No line of text is so long.
        for host in rows[row].iter().take(HOSTS) {
            let by = host.down - first.down;
            let small = size < 0.9 * host.size;
            let level = small && (-0.4 * host.size..0.75 * host.size).contains(&by);
            if !level || host.text.trim().is_empty() {
                continue;
            }
            // Beside it, after or before, and not over it.
            let gap = (first.from - host.to).abs().min((host.from - last.to).abs());
            let over = first.from < host.to - 0.4 * size && host.from < last.to - 0.4 * size;
            if gap < 0.35 * host.size && !over && best.is_none_or(|(g, ..)| gap < g) {
                best = Some((gap, row, host.down));
            }
        }
    }
    best.map(|(_, row, level)| (row, level))
}

/// A piece of the glyphs of a row between two gaps, with its blanks.
fn piece(marks: &[Mark]) -> Option<Piece> {
    let shown: Vec<&Mark> = marks.iter().filter(|m| !m.text.trim().is_empty()).collect();
    let (first, last) = (shown.first()?, shown.last()?);
    // Letters between which blanks may be: (text, gap before it, whether a blank is drawn in the gap).
    let mut letters: Vec<(&str, f64, bool)> = Vec::with_capacity(marks.len());
    let (mut end, mut blank) = (None, false);
    for mark in marks {
        let text = mark.text.trim();
        if text.is_empty() {
            blank |= !mark.text.is_empty();
            if mark.text.is_empty() {
                // A glyph without text fills its place.
                end = Some((mark.to, mark.size));
            }
            continue;
        }
        let gap = end.map_or(0.0, |(end, size): (f64, f64)| (mark.from - end) / mark.size.max(size));
        letters.push((&mark.text, gap, blank || mark.text.starts_with(' ')));
        blank = mark.text.ends_with(' ') && mark.text.len() > 1;
        end = Some((mark.to, mark.size));
    }
    let texts: Vec<&str> = letters
        .iter()
        .zip(blanks(&letters))
        .flat_map(|((text, ..), blank)| [if blank { " " } else { "" }, text.trim()])
        .filter(|t| !t.is_empty())
        .collect();
    let text = bidi::logical(&texts);
    let mut sizes: Vec<f64> = shown.iter().map(|m| m.size).collect();
    sizes.sort_by(f64::total_cmp);
    let mut levels: Vec<f64> = shown.iter().map(|m| m.down).collect();
    levels.sort_by(f64::total_cmp);
    Some(Piece {
        text: text.split_whitespace().collect::<Vec<_>>().join(" "),
        left: first.from,
        right: shown.iter().map(|m| m.to).fold(last.to, f64::max),
        base: levels[levels.len() / 2],
        size: sizes[sizes.len() / 2],
        bold: 2 * shown.iter().filter(|m| m.bold).count() > shown.len(),
        order: shown.iter().map(|m| m.order).min().unwrap_or(0),
    })
}

/// Before which letters a blank stands.
fn blanks(letters: &[(&str, f64, bool)]) -> Vec<bool> {
    let drawn = letters.iter().skip(1).filter(|l| l.2).count();
    let alphabetic =
        letters.iter().filter(|l| l.0.chars().all(|c| c.is_alphabetic() && !is_dense(c))).count();
    let mut gaps: Vec<f64> = letters.iter().skip(1).map(|l| l.1).collect();
    gaps.sort_by(f64::total_cmp);
    let middle = gaps.get(gaps.len() / 2).copied().unwrap_or(0.0);
    // A heading of letters that all have blanks between them.
    let spaced =
        letters.len() >= 4 && 10 * drawn >= 8 * (letters.len() - 1) && 10 * alphabetic >= 9 * letters.len();
    let usual =
        if spaced { middle } else { middle.clamp(-0.1, if letters.len() >= 4 { SPACED } else { 0.05 }) };
    let least = usual + if 12 * drawn >= letters.len() { BESIDE_BLANKS } else { BLANK };
    let mut before: Option<char> = None;
    let mut found = Vec::with_capacity(letters.len());
    for (text, gap, drawn) in letters {
        let next = text.chars().next();
        let dense = [before, next].map(|c| c.is_some_and(is_dense));
        let blank = if spaced {
            *gap > 1.5 * usual.max(0.1)
        } else {
            match dense {
                // Between two letters of a script without blanks, one is a blank only if it is seen.
                [true, true] => *gap > if *drawn { 0.4 } else { 0.65 },
                [true, false] | [false, true] => *drawn && *gap > 0.05 || *gap > 0.4,
                _ => *drawn && *gap > -0.3 || *gap > least,
            }
        };
        found.push(blank && before.is_some());
        before = text.chars().next_back();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters of half the size each, `_` a gap without a glyph.
    fn marks(text: &str, from: f64, down: f64, size: f64) -> Vec<Mark> {
        let mut at = from;
        let mut found = Vec::new();
        for (order, c) in text.chars().enumerate() {
            let to = at + 0.5 * size;
            if c != '_' {
                found.push(Mark { from: at, to, down, size, text: c.to_string().into(), bold: false, order });
            }
            at = to;
        }
        found
    }

    fn texts(marks: Vec<Mark>) -> Vec<String> {
        pieces(marks).into_iter().map(|p| p.text).collect()
    }

    #[test]
    fn gaps_are_blanks_or_part_lines() {
        assert_eq!(texts(marks("two_words and__more", 0.0, 0.0, 10.0)), ["two words and", "more"]);
        assert_eq!(texts(marks("G R A I N", 0.0, 0.0, 10.0)), ["GRAIN"]);
        assert_eq!(texts(marks("a  b", 0.0, 0.0, 10.0)), ["a", "b"]);
        let mut spaced = marks("GRANARY", 0.0, 0.0, 10.0);
        for (at, mark) in spaced.iter_mut().enumerate() {
            mark.from += 3.0 * at as f64;
            mark.to += 3.0 * at as f64;
        }
        assert_eq!(texts(spaced), ["GRANARY"]);
    }

    #[test]
    fn what_is_raised_stays_in_its_line() {
        let mut all = marks("area 5 m_ of land", 0.0, 100.0, 10.0);
        all.extend(marks("2", 41.0, 96.0, 6.0));
        all.extend(marks("next line", 0.0, 112.0, 10.0));
        assert_eq!(texts(all), ["area 5 m2 of land", "next line"]);
    }

    #[test]
    fn what_is_drawn_twice_is_read_once() {
        let mut all = marks("bold", 0.0, 0.0, 10.0);
        all.extend(marks("bold", 0.3, 0.2, 10.0));
        assert_eq!(texts(all), ["bold"]);
        assert_eq!(texts(marks("ll", 0.0, 0.0, 10.0)), ["ll"]);
    }
}
