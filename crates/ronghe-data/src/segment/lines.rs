//! Lines: which line break ends a sentence, and how the items of lists begin.
//!
//! A line that was broken to fit a page goes on in the next one. In Latin letters that is one before a lower-case letter, or a
//! long one without a stop. In Chinese it is one that is about as long as the longest line of its paragraph, with a stop in
//! some later line of it: headings, verse and the items of lists are shorter, or have none. A paragraph is looked at once, a line
//! twice: `O(n)`.

use super::pairs::{is_opening, is_stop};
use super::script::{fold_width, is_han};
use std::ops::Range;

/// A line of Latin letters at least this long, in characters, may have been broken to fit a page.
const PAGE_LINE: usize = 50;
/// The same in Chinese, in cells: a Chinese character has two.
const PAGE_CELLS: usize = 20;
/// Cells by which lines of one width differ: a word or a mark that did not fit.
const RAGGED: usize = 4;

/// The lines of a text.
pub(super) struct Lines<'a> {
    text: &'a str,
    /// The paragraph that was looked at last.
    paragraph: Range<usize>,
    /// Cells of its longest line.
    widest: usize,
    /// Its last stop.
    last_stop: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Lines<'a> {
        Lines { text, paragraph: 0..0, widest: 0, last_stop: 0 }
    }

    /// Whether the line break at byte `at`, of the line begun at `line`, ends a sentence.
    pub(super) fn ends_at(&mut self, line: usize, at: usize) -> bool {
        let rest = self.text[at + 1..].trim_start_matches([' ', '\t', '\r', '\u{3000}']);
        let Some(next) = rest.chars().next().filter(|&c| c != '\n') else { return true };
        let written = self.text[line..at].trim();
        let Some(last) = written.chars().next_back() else { return true };
        // A point that was left open: of an abbreviation.
        if (is_stop(last) && last != '.') || matches!(last, ':' | '：') || starts_item(rest) {
            return true;
        }
        if is_wide(last) || (is_wide(next) && written.contains(is_han)) {
            return !self.chinese_goes_on(line, at, last);
        }
        !(next.is_lowercase() || written.chars().count() >= PAGE_LINE && joins(last))
    }

    fn chinese_goes_on(&mut self, line: usize, at: usize, last: char) -> bool {
        if matches!(last, '，' | '、' | ',') || is_opening(last) {
            return true;
        }
        if !self.paragraph.contains(&at) {
            self.look(line);
        }
        let own = cells(self.text[line..at].trim());
        let next = self.text[at + 1..].lines().next().unwrap_or_default().trim();
        let full = |cells: usize| cells >= PAGE_CELLS && cells + RAGGED >= self.widest;
        let whole = next.contains(is_stop) || full(cells(next));
        full(own) && whole && self.last_stop > at
    }

    /// Looks at the paragraph from `line` on.
    fn look(&mut self, line: usize) {
        let (mut at, mut widest, mut last_stop) = (line, 0, 0);
        for written in self.text[line..].split_inclusive('\n') {
            if written.trim().is_empty() {
                break;
            }
            widest = widest.max(cells(written.trim()));
            last_stop = written.rfind(is_stop).map_or(last_stop, |stop| at + stop);
            at += written.len();
        }
        (self.paragraph, self.widest, self.last_stop) = (line..at, widest, last_stop);
    }
}

/// Whether a line of Latin letters may go on after this mark.
fn joins(last: char) -> bool {
    last.is_alphanumeric() || matches!(last, ',' | ';' | '-' | '–' | '—' | '.' | ')' | '”' | '’' | '"' | '\'')
}

fn is_wide(c: char) -> bool {
    matches!(u32::from(c), 0x2e80..=0xa4cf | 0xf900..=0xfaff | 0xfe30..=0xfe4f | 0xff01..=0xff60 | 0x20000..=0x3ffff)
}

fn cells(line: &str) -> usize {
    line.chars().map(|c| 1 + usize::from(is_wide(c))).sum()
}

/// Whether a line, without the blanks before it, begins with the mark of a list item or the number of a clause.
pub(super) fn starts_item(line: &str) -> bool {
    let mut chars = line.chars();
    let (Some(first), second) = (chars.next(), chars.next()) else { return false };
    match first {
        '•' | '·' | '●' | '○' | '■' | '□' | '▪' | '◦' | '◆' | '◇' | '‣' | '⁃' | '➢' | '※' | '★' | '✓' => {
            true
        }
        '-' | '*' | '+' | '–' | '—' => {
            second.is_some_and(|c| c.is_whitespace() || first == '-' && is_han(c))
        }
        '\u{2460}'..='\u{249b}' | '\u{2776}'..='\u{2793}' => true,
        '第' => numbered_clause(line),
        _ => enumerator(line).is_some() || chinese_number(line) || section(line),
    }
}

/// `第三条`, `第 12 章`.
fn numbered_clause(line: &str) -> bool {
    let mut number = false;
    for c in line.chars().skip(1).take(12) {
        match c {
            ' ' => {}
            _ if is_numeral(c) => number = true,
            _ => return number && "条條章节節编編款项項部篇回".contains(c),
        }
    }
    false
}

/// `一、`, `十二．`, `（三）`.
fn chinese_number(line: &str) -> bool {
    let bare = line.trim_start_matches(['（', '(']);
    let length = bare.find(|c| !CHINESE_NUMERALS.contains(c)).unwrap_or(bare.len());
    let mark = bare[length..].chars().next();
    let ends = if bare.len() < line.len() { "）)" } else { "、．.）)" };
    (1..=15).contains(&length) && mark.is_some_and(|c| ends.contains(c))
}

const CHINESE_NUMERALS: &str = "〇零一二三四五六七八九十百";

fn is_numeral(c: char) -> bool {
    fold_width(c).is_ascii_digit() || CHINESE_NUMERALS.contains(c)
}

/// `2.1 Scope`, `3.2.1 范围`: numbers with points between them, and a word that begins.
fn section(line: &str) -> bool {
    let length = line.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').take(16).count();
    let (number, rest) = line.split_at(length);
    let word = rest.trim_start_matches([' ', '\t', '\u{3000}']);
    let begins = word.chars().next().is_some_and(|c| c.is_uppercase() || is_han(c));
    number.contains('.')
        && number.split('.').all(|n| (1..=2).contains(&n.len()))
        && word.len() < rest.len()
        && begins
}

/// The number of a list item, as it is written: `(2)`, `2)`, `2.`, `b.`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Enumerator {
    number: u32,
    letter: bool,
    bracket: bool,
    end: char,
}

impl Enumerator {
    /// Whether `next` is that of the item after this one.
    pub(super) fn before(self, next: Enumerator) -> bool {
        Enumerator { number: self.number + 1, ..self } == next
    }
}

/// The number of the list item that a text begins with.
pub(super) fn enumerator(text: &str) -> Option<Enumerator> {
    let mut chars = text.chars().map(fold_width).peekable();
    let bracket = chars.next_if_eq(&'(').is_some();
    let (mut number, mut digits, mut letter) = (0, 0, false);
    while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric()) {
        match c.to_digit(10) {
            Some(digit) if !letter && digits < 3 => {
                number = number * 10 + digit;
                digits += 1;
            }
            None if digits == 0 && !letter => {
                letter = true;
                number = u32::from(c);
            }
            _ => return None,
        }
    }
    let mut end = chars.next().filter(|c| matches!(c, '.' | ')' | '、'))?;
    if end == '.' && chars.next_if_eq(&')').is_some() {
        end = ':';
    }
    let blank = chars.peek().is_none_or(|c| c.is_whitespace() || !c.is_ascii());
    let named = (digits > 0 || letter) && (!bracket || end == ')');
    // `A. Smith` is no item.
    let initial = letter && !bracket && end == '.' && number < u32::from('a');
    (named && blank && !initial).then_some(Enumerator { number, letter, bracket, end })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_known_by_their_marks() {
        for line in [
            "- a",
            "• b",
            "-甲",
            "1. a",
            "１．开",
            "(a) x",
            "b) y",
            "1.) z",
            "（一）甲",
            "一、甲",
            "第三条 甲",
            "第 12 章",
            "2.1 Scope",
            "①甲",
            "3、甲",
        ] {
            assert!(starts_item(line), "{line}");
        }
        for line in
            ["-5 degrees", "1990. It", "3.5 kg", "A. Smith", "第三次来", "一天", "1,000 a", "a.m. x", "x"]
        {
            assert!(!starts_item(line), "{line}");
        }
    }
}
