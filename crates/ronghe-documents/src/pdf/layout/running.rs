//! What repeats at the head and foot of pages: running titles and page numbers.
//!
//! Such a piece stands among the outermost lines, apart from the text or on several pages at the same height, with the
//! same words but for numbers. A number alone is a page number if it counts with the pages.

use super::lines::Piece;
use std::collections::{HashMap, HashSet};

/// Outermost lines of a page that may repeat, at each end.
const LINES: usize = 3;
/// Heights so near are the same, in points.
const NEAR: f64 = 3.0;
/// What is so much larger than the usual text of its page is no running title.
const LARGE: f64 = 1.3;

/// A page: the pieces in its main direction, from above, and its height in that direction, from 0 at the upper edge.
pub(super) struct Sheet {
    pub(super) pieces: Vec<Piece>,
    pub(super) height: f64,
}

/// A piece that may repeat.
struct Candidate {
    page: usize,
    piece: usize,
    /// Which line from outside.
    line: usize,
    at_end: bool,
    key: String,
    base: f64,
    /// Whether there is a gap between its line and the next one inside.
    apart: bool,
}

/// Takes what repeats out of the pages; how many pieces that were.
pub(super) fn take(sheets: &mut [Sheet]) -> usize {
    let candidates: Vec<Candidate> = (0..sheets.len()).flat_map(|page| of(page, &sheets[page])).collect();
    let mut alike: HashMap<(bool, &str), Vec<usize>> = HashMap::new();
    for (at, candidate) in candidates.iter().enumerate() {
        alike.entry((candidate.at_end, &candidate.key)).or_default().push(at);
    }
    let mut taken: HashSet<usize> = HashSet::new();
    for (at, candidate) in candidates.iter().enumerate() {
        let text = &sheets[candidate.page].pieces[candidate.piece].text;
        let group = &alike[&(candidate.at_end, candidate.key.as_str())];
        // Pages are near: running titles change with the chapter. Candidates are in the order of their pages.
        let middle = group.partition_point(|i| *i < at);
        let near = &group[middle.saturating_sub(16)..(middle + 17).min(group.len())];
        let same = |i: &&usize| {
            let other = &candidates[**i];
            let apart = other.page.abs_diff(candidate.page);
            (other.base - candidate.base).abs() < NEAR && apart > 0 && apart <= 8
        };
        let number = numeral(text);
        let repeats = if number.is_some() || candidate.key.chars().filter(|c| c.is_alphabetic()).count() < 2 {
            // It has to count with the pages, whatever the number of the first.
            near.iter()
                .filter(same)
                .filter(|i| counts(&candidates[**i], sheets, candidate.page, number))
                .count()
        } else {
            near.iter().filter(same).count()
        };
        let spoken = is_spoken(text);
        let enough = if candidate.apart { 1 } else { 2 };
        if repeats >= enough || spoken && candidate.apart {
            taken.insert(at);
        }
    }
    // A line inside counts only if those outside of it are taken or empty.
    let mut gone: Vec<Vec<usize>> = vec![Vec::new(); sheets.len()];
    let open: HashSet<(usize, bool, usize)> = candidates
        .iter()
        .enumerate()
        .filter(|(at, _)| !taken.contains(at))
        .map(|(_, c)| (c.page, c.at_end, c.line))
        .collect();
    for at in taken {
        let c = &candidates[at];
        if (0..c.line).all(|line| !open.contains(&(c.page, c.at_end, line))) {
            gone[c.page].push(c.piece);
        }
    }
    let mut count = 0;
    for (sheet, mut gone) in sheets.iter_mut().zip(gone) {
        gone.sort_unstable();
        gone.dedup();
        count += gone.len();
        gone.into_iter().rev().for_each(|piece| drop(sheet.pieces.remove(piece)));
    }
    count
}

/// Pieces of the outermost lines of a page.
fn of(page: usize, sheet: &Sheet) -> Vec<Candidate> {
    let mut rows: Vec<(f64, f64, Vec<usize>)> = Vec::new();
    for (at, piece) in sheet.pieces.iter().enumerate() {
        match rows.last_mut() {
            Some((base, _, row)) if piece.base - *base < 0.5 * piece.size => row.push(at),
            _ => rows.push((piece.base, piece.size, vec![at])),
        }
    }
    let mut sizes: Vec<f64> = sheet.pieces.iter().map(|p| p.size).collect();
    sizes.sort_by(f64::total_cmp);
    let usual = sizes.get(sizes.len() / 2).copied().unwrap_or(0.0);
    let mut steps: Vec<f64> = rows.windows(2).map(|w| w[1].0 - w[0].0).filter(|s| *s > 0.9 * usual).collect();
    steps.sort_by(f64::total_cmp);
    let step = steps.get(steps.len() / 4).copied().unwrap_or(0.0);
    let mut found = Vec::new();
    for at_end in [false, true] {
        for line in 0..LINES.min(rows.len()) {
            let row = if at_end { rows.len() - 1 - line } else { line };
            let (base, size, pieces) = &rows[row];
            // Nothing repeats in the middle of a page.
            if sheet.height > 0.0 && (base / sheet.height - if at_end { 1.0 } else { 0.0 }).abs() > 0.3 {
                break;
            }
            let inside = if at_end { row.checked_sub(1) } else { Some(row + 1) }.and_then(|i| rows.get(i));
            let gap = inside.map_or(f64::INFINITY, |(other, ..)| (other - base).abs());
            let apart = gap > 1.25 * step.max(*size) || rows.len() < 4 && gap > 1.6 * size;
            // Titles of slides and chapters are larger than the text.
            let small = pieces.iter().filter(|p| sheet.pieces[**p].size < LARGE * usual);
            found.extend(small.map(|piece| Candidate {
                page,
                piece: *piece,
                line,
                at_end,
                key: key(&sheet.pieces[*piece].text),
                base: if at_end { base - sheet.height } else { *base },
                apart,
            }));
        }
    }
    found
}

/// A text with its numbers as `#`.
fn key(text: &str) -> String {
    if numeral(text).is_some() {
        return "#".into();
    }
    let mut key = String::new();
    for c in text.to_lowercase().chars() {
        let digit = c.is_numeric();
        if !(c.is_whitespace() || digit && key.ends_with('#')) {
            key.push(if digit { '#' } else { c });
        }
    }
    key
}

/// The page number that a text is, with what stands around it: `7`, `- 7 -`, `Page 7 of 9`, `vii`, `第7页`.
fn numeral(text: &str) -> Option<i64> {
    let text = text.trim().to_lowercase();
    let bare = text.trim_matches(|c: char| {
        matches!(c, '-' | '–' | '—' | '·' | '|' | '.' | '[' | ']' | '(' | ')' | '~' | ' ')
    });
    let bare = ["page", "seite", "s.", "p.", "pág.", "página", "стр.", "第"]
        .iter()
        .find_map(|w| bare.strip_prefix(w))
        .unwrap_or(bare)
        .trim();
    let digits = bare.chars().take_while(char::is_ascii_digit).count();
    if digits > 0 {
        let (number, rest) = bare.split_at(digits);
        let rest: String = rest.chars().filter(|c| !c.is_whitespace() && !c.is_ascii_digit()).collect();
        let known = [
            "",
            "/",
            "of",
            "von",
            "sur",
            "de",
            "页",
            "頁",
            "页共页",
            "頁共頁",
            "页/共页",
            "页，共页",
            "页,共页",
            "из",
        ];
        return (known.contains(&rest.as_str()) && digits < 6).then(|| number.parse().ok()).flatten();
    }
    roman(bare)
}

/// Whether a text is a page number by its words, so that one page is enough.
fn is_spoken(text: &str) -> bool {
    let text = text.trim();
    let worded = text.chars().any(|c| c.is_alphabetic() && !"ivxlcdmIVXLCDM".contains(c));
    let dashed = text.starts_with(['-', '–', '—']) && text.ends_with(['-', '–', '—']);
    numeral(text).is_some() && (worded || dashed)
}

fn roman(text: &str) -> Option<i64> {
    if text.is_empty() || text.len() > 8 {
        return None;
    }
    let value = |c| match c {
        'i' => Some(1),
        'v' => Some(5),
        'x' => Some(10),
        'l' => Some(50),
        'c' => Some(100),
        _ => None,
    };
    let values: Option<Vec<i64>> = text.chars().map(value).collect();
    let values = values?;
    let signed = values
        .iter()
        .enumerate()
        .map(|(i, v)| if values.get(i + 1).is_some_and(|n| n > v) { -v } else { *v });
    Some(signed.sum())
}

/// Whether the number of another page goes as far on from this one as the pages do.
fn counts(other: &Candidate, sheets: &[Sheet], page: usize, number: Option<i64>) -> bool {
    let theirs = numeral(&sheets[other.page].pieces[other.piece].text);
    match (number, theirs) {
        (Some(ours), Some(theirs)) => theirs - ours == other.page as i64 - page as i64,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(lines: &[(&str, f64)]) -> Sheet {
        let piece = |(text, base): &(&str, f64)| Piece {
            text: (*text).into(),
            left: 60.0,
            right: 200.0,
            base: *base,
            size: 11.0,
            bold: false,
            order: 0,
        };
        Sheet { pieces: lines.iter().map(piece).collect(), height: 842.0 }
    }

    fn left(sheets: &[Sheet]) -> Vec<Vec<&str>> {
        sheets.iter().map(|s| s.pieces.iter().map(|p| p.text.as_str()).collect()).collect()
    }

    #[test]
    fn titles_and_numbers_are_taken_out() {
        let mut sheets = vec![
            sheet(&[("City Guide", 42.0), ("First of all", 82.0), ("goes on", 96.0), ("- 1 -", 812.0)]),
            sheet(&[("City Guide", 42.0), ("Second", 82.0), ("ends", 96.0), ("- 2 -", 812.0)]),
        ];
        assert_eq!(take(&mut sheets), 4);
        assert_eq!(left(&sheets), [vec!["First of all", "goes on"], vec!["Second", "ends"]]);
    }

    #[test]
    fn what_does_not_count_stays() {
        let mut sheets = vec![
            sheet(&[("12", 42.0), ("text", 82.0), ("end", 96.0)]),
            sheet(&[("40", 42.0), ("other", 82.0), ("end", 96.0)]),
        ];
        assert_eq!(take(&mut sheets), 0);
        // Titles of left and right pages, and a page without any.
        let mut sheets: Vec<Sheet> = (0..6)
            .map(|i| {
                sheet(&[
                    (if i % 2 == 0 { "Left title" } else { "Right title" }, 42.0),
                    (["a", "b", "c", "d", "e", "f"][i], 82.0),
                ])
            })
            .collect();
        sheets[3].pieces.remove(0);
        take(&mut sheets);
        assert_eq!(left(&sheets), [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]);
    }

    #[test]
    fn page_numbers_are_known() {
        let of = |text| numeral(text);
        assert_eq!(["7", "- 7 -", "Page 7 of 9", "vii", "第7页 共9页", "7 / 9", "[7]"].map(of), [Some(7); 7]);
        assert_eq!(["7 apples", "word", "1999999", ""].map(of), [None; 4]);
        assert!(is_spoken("Page 7 of 9") && is_spoken("第 7 页") && !is_spoken("7") && !is_spoken("vii"));
    }
}
