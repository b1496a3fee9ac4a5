//! Lines to blocks: paragraphs, also over columns and pages, items, rows, and headings by their size.
//!
//! A line ends its paragraph where the next one is further away, of another size, set in, or would have had room for its
//! first word on this one.

use super::columns::{Area, Line, is_mark};
use super::lines::{append, is_dense};
use crate::{BlockKind, Document, Place};
use std::collections::{BTreeMap, HashSet};

/// Sizes so near are the same.
const ALIKE: f64 = 1.08;
/// A heading is so much larger than the text.
const LARGE: f64 = 1.12;
/// So many headings of one level without a text between them are none.
const RUN: usize = 5;
/// Characters of the longest heading.
const HEADING: usize = 200;
/// A line further away than this many usual steps begins a paragraph.
const STEP: f64 = 1.35;
/// Words that are remembered to judge hyphens by.
const WORDS: usize = 1 << 20;
/// Paragraphs back that one goes on from, with pictures' captions and footnotes between.
const BACK: usize = 4;

/// A paragraph while it grows.
struct Paragraph {
    kind: Kind,
    text: String,
    page: u32,
    size: f64,
    bold: bool,
    lines: usize,
    /// Whether its last line went to the right edge, or was alone in its area.
    full: bool,
    /// Whether it is the last of its area.
    last: bool,
}

#[derive(PartialEq, Clone, Copy)]
enum Kind {
    Text,
    Item,
    Row,
}

/// What is known of an area.
struct Measure {
    left: f64,
    right: f64,
    step: f64,
}

fn measure(lines: &[Line]) -> Measure {
    let mut steps: Vec<f64> = lines.windows(2).map(|w| w[1].base - w[0].base).collect();
    steps.sort_by(f64::total_cmp);
    // Most lines of most paragraphs are a step apart; the longer ones are between paragraphs.
    let step = steps.get(steps.len() * 2 / 5).copied().unwrap_or(0.0);
    Measure {
        left: lines.iter().map(|l| l.left).fold(f64::INFINITY, f64::min),
        right: lines.iter().map(|l| l.right).fold(f64::NEG_INFINITY, f64::max),
        step,
    }
}

/// Adds the areas of all pages, each with the number of its page, and the notes on them.
pub(super) fn write(areas: &[(u32, Area)], remarks: Vec<(u32, String)>, document: &mut Document) {
    let words = words(areas);
    let mut found: Vec<Paragraph> = Vec::new();
    for (page, area) in areas {
        match area {
            Area::Table(rows) => found.extend(rows.iter().map(|row| Paragraph {
                kind: Kind::Row,
                text: row.text.clone(),
                page: *page,
                size: row.size,
                bold: row.bold,
                lines: 1,
                full: false,
                last: false,
            })),
            Area::Lines(lines) => {
                let measure = measure(lines);
                let mut first = true;
                for (at, line) in lines.iter().enumerate() {
                    let goes_on = if first { None } else { Some(goes_on(lines, at, &measure)) };
                    let onto = match goes_on {
                        Some(true) => found.len().checked_sub(1),
                        Some(false) => None,
                        // The first line of an area may go on from a paragraph before.
                        None => open(&found, line),
                    };
                    first = false;
                    let full = lines.len() == 1 || line.right > measure.right - 2.0 * line.size;
                    if let Some(onto) = onto {
                        let paragraph = &mut found[onto];
                        join(&mut paragraph.text, &line.text, &words);
                        paragraph.lines += 1;
                        paragraph.full = full;
                        paragraph.bold &= line.bold;
                        // What follows in this area goes on here.
                        if onto + 1 < found.len() {
                            let moved = found.remove(onto);
                            found.push(moved);
                        }
                    } else {
                        found.push(Paragraph {
                            kind: if begins_item(&line.text) { Kind::Item } else { Kind::Text },
                            text: line.text.clone(),
                            page: *page,
                            size: line.size,
                            bold: line.bold,
                            lines: 1,
                            full,
                            last: false,
                        });
                    }
                }
                if let Some(last) = found.last_mut() {
                    last.last = true;
                }
            }
        }
    }
    let levels = levels(&found);
    let headings: Vec<Option<u8>> = found.iter().map(|p| heading(p, &levels)).collect();
    let mut remarks = remarks.into_iter().peekable();
    for (at, paragraph) in found.iter().enumerate() {
        while let Some((page, remark)) = remarks.next_if(|(page, _)| *page < paragraph.page) {
            push(document, BlockKind::Paragraph, &remark, page);
        }
        let kind = match paragraph.kind {
            Kind::Row => BlockKind::Row,
            Kind::Item => BlockKind::Item,
            Kind::Text if in_run(&headings, at) => BlockKind::Paragraph,
            Kind::Text => headings[at].map_or(BlockKind::Paragraph, BlockKind::Heading),
        };
        push(document, kind, &paragraph.text, paragraph.page);
    }
    remarks.for_each(|(page, remark)| push(document, BlockKind::Paragraph, &remark, page));
}

fn push(document: &mut Document, kind: BlockKind, text: &str, page: u32) {
    document.push(kind, text, Place { page: Some(page), ..Place::default() });
}

/// Whether a line of an area goes on from the one before it.
fn goes_on(lines: &[Line], at: usize, area: &Measure) -> bool {
    let (before, line) = (&lines[at - 1], &lines[at]);
    let size = before.size.max(line.size);
    let step = line.base - before.base;
    // Few lines do not say how far apart lines are.
    let open = starts_low(&line.text) && !stops(&before.text);
    let usual = area.step.clamp(0.5 * size, if lines.len() < 4 && !open { 1.3 } else { 2.2 } * size);
    if step > STEP * usual || size > ALIKE * before.size.min(line.size) || begins_item(&line.text) {
        return false;
    }
    // All of a line in bold is a heading or a label, but not in the middle of a paragraph in bold.
    if before.bold != line.bold && !starts_low(&line.text) {
        return false;
    }
    let stops = stops(&before.text);
    let room = area.right - before.right;
    let first: f64 = line.text.split_whitespace().next().map_or(0.0, |w| {
        let all = line.text.chars().count().max(1) as f64;
        let word = if w.chars().any(is_dense) { 1.0 } else { w.chars().count() as f64 + 1.0 };
        (line.right - line.left) * word / all
    });
    let forced = room > first + 0.3 * size;
    let set_in = line.left - before.left;
    if set_in > 0.8 * size && line.left > area.left + 0.8 * size {
        // Set in: a new paragraph, if the line after it is not set in as well (an item whose lines hang).
        let hangs = lines.get(at + 1).is_some_and(|next| (next.left - line.left).abs() < 0.4 * size);
        let marked = before.text.split_whitespace().next().is_some_and(is_mark) || begins_item(&before.text);
        // Lines in the middle of the area.
        let centred = (before.left + before.right - line.left - line.right).abs() < 0.6 * size;
        let open = centred || hangs && !forced;
        if !marked && (stops || !open) {
            return false;
        }
    }
    if stops { !forced } else { !forced || starts_low(&line.text) || centred(before, line, area) }
}

fn centred(before: &Line, line: &Line, area: &Measure) -> bool {
    let middle = |l: &Line| (l.left + l.right) / 2.0;
    let inner = (area.left + area.right) / 2.0;
    let near = |l: &Line| (middle(l) - inner).abs() < 0.8 * l.size;
    near(before)
        && near(line)
        && before.left > area.left + line.size
        && before.size > 1.2 * line.size.min(before.size)
}

/// The paragraph before that the first line of an area goes on from.
fn open(found: &[Paragraph], line: &Line) -> Option<usize> {
    if begins_item(&line.text) {
        return None;
    }
    let low = starts_low(&line.text);
    let dense = line.text.chars().next().is_some_and(is_dense);
    for (back, paragraph) in found.iter().rev().take(BACK).enumerate() {
        let alike = paragraph.size.max(line.size) < ALIKE * paragraph.size.min(line.size);
        if paragraph.kind == Kind::Row || !paragraph.last || !alike || paragraph.bold != line.bold {
            continue;
        }
        let open = !stops(&paragraph.text) && !paragraph.text.ends_with([':', '：']);
        let prose = paragraph.lines > 1 && paragraph.full;
        let hyphen = paragraph.text.ends_with(['-', '\u{2010}', '\u{ad}']);
        if open && (low || hyphen || back == 0 && prose || dense && paragraph.full) {
            return Some(found.len() - 1 - back);
        }
        if !low {
            break;
        }
    }
    None
}

/// Whether a text ends as a sentence does.
fn stops(text: &str) -> bool {
    let end = text.trim_end_matches(['"', '\'', '”', '’', ')', '）', '」', '』', '»', ']', '】']);
    end.ends_with(['.', '!', '?', '。', '！', '？', '…', '؟', '۔', ';', '；', ':', '：'])
}

fn starts_low(text: &str) -> bool {
    text.chars().find(|c| c.is_alphanumeric()).is_some_and(char::is_lowercase)
}

/// Whether a line is the first of an item of a list.
fn begins_item(text: &str) -> bool {
    let Some((first, rest)) = text.split_once(' ') else { return false };
    let sign = matches!(
        first,
        "•" | "▪" | "◦" | "‣" | "●" | "■" | "○" | "–" | "—" | "*" | "·" | "➢" | "✓" | "-" | "▶"
    );
    let number = is_mark(first) && first.chars().any(char::is_alphanumeric);
    // A stop behind a number may be the end of a sentence, so that short numbers alone are marks.
    !rest.is_empty() && (sign || number)
}

/// Joins a line to a paragraph. A word that is parted is joined as it is written elsewhere in the file; if it is not, its
/// hyphen stays, so that it is found as one word and as two.
fn join(text: &mut String, more: &str, words: &HashSet<String>) {
    if text.ends_with('\u{ad}') {
        text.pop();
        text.push_str(more);
        return;
    }
    let hyphen = text.ends_with(['-', '\u{2010}']);
    let bare = text.trim_end_matches(['-', '\u{2010}']);
    let letters = |c: &char| c.is_alphabetic();
    let head: String = bare.chars().rev().take_while(letters).collect::<Vec<_>>().into_iter().rev().collect();
    let tail: String = more.chars().take_while(letters).collect();
    if !hyphen || head.is_empty() || tail.is_empty() {
        if hyphen
            && !bare.ends_with(char::is_whitespace)
            && !bare.is_empty()
            && more.starts_with(char::is_alphanumeric)
        {
            text.push_str(more);
        } else {
            append(text, more);
        }
        return;
    }
    let parted = format!("{head}-{tail}").to_lowercase();
    let whole = format!("{head}{tail}").to_lowercase();
    if starts_low(more) && words.contains(&whole) && !words.contains(&parted) {
        text.truncate(bare.len());
    }
    text.push_str(more);
}

/// Words of the lines, whole ones and those with hyphens.
fn words(areas: &[(u32, Area)]) -> HashSet<String> {
    let mut words = HashSet::new();
    for (_, area) in areas {
        let (Area::Lines(lines) | Area::Table(lines)) = area;
        for line in lines {
            for word in line.text.split(|c: char| !(c.is_alphabetic() || c == '-')) {
                if word.len() > 2 && !word.ends_with('-') && words.len() < WORDS {
                    words.insert(word.to_lowercase());
                }
            }
        }
    }
    words
}

/// The size of most of the text, and sizes of headings from the largest, in tenths of a point.
struct Levels {
    usual: f64,
    larger: Vec<i64>,
}

fn tenths(size: f64) -> i64 {
    (size * 10.0).round() as i64
}

fn levels(found: &[Paragraph]) -> Levels {
    let mut sizes: BTreeMap<i64, usize> = BTreeMap::new();
    for paragraph in found {
        *sizes.entry(tenths(paragraph.size)).or_default() += paragraph.text.chars().count();
    }
    let usual = sizes
        .iter()
        .max_by_key(|(size, count)| (**count, -**size))
        .map_or(0.0, |(size, _)| *size as f64 / 10.0);
    let mut larger: Vec<i64> = Vec::new();
    for paragraph in found.iter().filter(|p| is_large(p, usual)) {
        larger.push(tenths(paragraph.size));
    }
    larger.sort_by(|a, b| b.cmp(a));
    // Sizes that differ by rounding are one level.
    larger.dedup_by(|a, b| (*b - *a) as f64 <= 0.04 * *b as f64);
    Levels { usual, larger }
}

fn is_large(paragraph: &Paragraph, usual: f64) -> bool {
    let short = paragraph.text.chars().count() <= HEADING && paragraph.lines <= 3;
    let worded = paragraph.text.chars().any(char::is_alphabetic);
    paragraph.kind != Kind::Row && paragraph.size > LARGE * usual && short && worded
}

/// Level of the heading that a paragraph is.
fn heading(paragraph: &Paragraph, levels: &Levels) -> Option<u8> {
    if !is_large(paragraph, levels.usual) {
        return None;
    }
    let size = tenths(paragraph.size);
    let rank = levels.larger.iter().take_while(|s| (**s - size) as f64 > 0.04 * **s as f64).count();
    Some((rank + 1).min(6) as u8)
}

/// Whether so many headings of one level stand under each other that they are none: an address, a cover.
fn in_run(headings: &[Option<u8>], at: usize) -> bool {
    let same = |h: &&Option<u8>| h.is_some() && **h == headings[at];
    let before = headings[..at].iter().rev().take(RUN).take_while(same).count();
    before + headings[at..].iter().take(RUN).take_while(same).count() >= RUN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, left: f64, base: f64) -> Line {
        let right = left + 5.0 * text.chars().map(|c| if is_dense(c) { 2.0 } else { 1.0 }).sum::<f64>();
        Line { text: text.into(), left, right, base, size: 10.0, bold: false }
    }

    fn texts(areas: &[(u32, Area)]) -> Vec<String> {
        let mut document = Document::default();
        write(areas, Vec::new(), &mut document);
        document.blocks.iter().map(|b| document.text[b.range.clone()].to_owned()).collect()
    }

    fn area(lines: &[&str]) -> Area {
        Area::Lines(lines.iter().enumerate().map(|(at, text)| line(text, 0.0, 12.0 * at as f64)).collect())
    }

    #[test]
    fn lines_are_joined() {
        let found = texts(&[(
            1,
            area(&[
                "A long line that was broken by the edge of the pa-",
                "per goes on here, and the paper is white.",
                "Short.",
                "Next one",
            ]),
        )]);
        assert_eq!(
            found[0],
            "A long line that was broken by the edge of the paper goes on here, and the paper is white."
        );
        assert_eq!(found[1..], ["Short.", "Next one"]);
        assert_eq!(texts(&[(1, area(&["知识库回答", "问题。"]))]), ["知识库回答问题。"]);
    }

    #[test]
    fn hyphens_stay_unless_the_word_is_known() {
        let words: HashSet<String> = ["insurance", "well-known"].map(String::from).into();
        let of = |a: &str, b: &str| {
            let mut text = a.to_owned();
            join(&mut text, b, &words);
            text
        };
        assert_eq!(of("The insur-", "ance costs"), "The insurance costs");
        assert_eq!(of("Every self-", "employed builder"), "Every self-employed builder");
        assert_eq!(of("a contri\u{ad}", "bution"), "a contribution");
        assert_eq!(of("well-", "known"), "well-known");
        assert_eq!(of("1914-", "1918"), "1914-1918");
        assert_eq!(of("a dash -", "and more"), "a dash - and more");
    }

    #[test]
    fn paragraphs_go_on_over_pages() {
        let found = texts(&[
            (1, area(&["Visitors who arrive after five in the", "afternoon pay only half of the"])),
            (2, area(&["normal entrance fee of twelve francs.", "The cloakroom is free of charge."])),
        ]);
        assert!(found[0].starts_with("Visitors who arrive after five in the afternoon pay only half of the normal entrance fee of twelve francs."));
        let found = texts(&[(1, area(&["It ends here."])), (2, area(&["lower case begins anew"]))]);
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn larger_lines_are_headings() {
        let large = Line { size: 18.0, ..line("Title", 0.0, 0.0) };
        let lines = vec![large, line("A text below it that is longer than its title.", 0.0, 30.0)];
        let mut document = Document::default();
        write(&[(1, Area::Lines(lines))], Vec::new(), &mut document);
        assert_eq!(document.blocks[0].kind, BlockKind::Heading(1));
        assert_eq!(document.blocks[1].kind, BlockKind::Paragraph);
    }
}
