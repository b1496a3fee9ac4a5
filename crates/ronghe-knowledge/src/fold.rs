//! Texts as a reader sees them: characters that look alike, or are not seen at all, become the same.
//!
//! Every character, with the marks on it, is brought to Unicode's compatibility form NFKC (the `unicode-normalization` crate):
//! ligatures, full and half widths, presentation forms, radicals, superscripts. Beside that
//! * what is not seen goes: soft hyphens, joiners, marks of direction, the stretching of Arabic and its vowel marks;
//! * hyphens of all kinds and en dashes become `-`, apostrophes `'`, `ß` becomes `ss`;
//! * a number that NFKC would glue to the word or number before it (`law¹`, `10⁵`, `1½`, `word①`) is kept apart by a blank, but for
//!   those of units and formulas (`m²`, `CO₂`);
//! * a line break between two Chinese characters of a line broken by hand goes.
//!
//! Each character of the result has its place in the text. `O(n)`; a text that is as it should be is not copied.

use ronghe_data::segment::is_han;
use std::borrow::Cow;
use std::ops::Range;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// Radicals that stand in the text of PDFs for characters, and that NFKC leaves: the radical, the character.
const RADICALS: [(char, char); 28] = [
    ('⺠', '民'),
    ('⻁', '虎'),
    ('⻄', '西'),
    ('⻅', '见'),
    ('⻆', '角'),
    ('⻉', '贝'),
    ('⻋', '车'),
    ('⻑', '長'),
    ('⻓', '长'),
    ('⻔', '门'),
    ('⻘', '青'),
    ('⻙', '韦'),
    ('⻚', '页'),
    ('⻛', '风'),
    ('⻜', '飞'),
    ('⻝', '食'),
    ('⻢', '马'),
    ('⻣', '骨'),
    ('⻤', '鬼'),
    ('⻥', '鱼'),
    ('⻦', '鸟'),
    ('⻧', '卤'),
    ('⻨', '麦'),
    ('⻩', '黄'),
    ('⻬', '齐'),
    ('⻮', '齿'),
    ('⻰', '龙'),
    ('⻳', '龟'),
];

/// Characters of a Chinese line that may have been broken by hand.
const BROKEN_LINE: usize = 10;

/// Longest unit of Latin letters that a superscript belongs to: `km²`.
const UNIT: usize = 2;

/// A folded text.
pub(crate) struct Folded<'a> {
    text: Cow<'a, str>,
    /// What its bytes stand for, in order; none where it is the text itself.
    runs: Vec<Run>,
}

/// Bytes of a folded text and what they stand for.
struct Run {
    at: usize,
    place: Range<usize>,
    /// Whether it is byte for byte that of the text.
    same: bool,
}

impl Folded<'_> {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What `range`, which is not empty, stands for in the text.
    pub(crate) fn place(&self, range: Range<usize>) -> Range<usize> {
        let run =
            |at: usize| self.runs.partition_point(|run| run.at <= at).checked_sub(1).map(|i| &self.runs[i]);
        let (Some(first), Some(last)) = (run(range.start), run(range.end.saturating_sub(1))) else {
            return range;
        };
        let start = if first.same { first.place.start + range.start - first.at } else { first.place.start };
        let end = if last.same { last.place.start + range.end - last.at } else { last.place.end };
        start..end
    }
}

/// Folds `text`.
pub(crate) fn fold(text: &str) -> Folded<'_> {
    let broken = text.contains('\n') && text.contains(is_han);
    let Some(first) = text.find(|c| !is_plain(c) || broken && c == '\n') else {
        return Folded { text: Cow::Borrowed(text), runs: Vec::new() };
    };
    // Marks may stand on the character before.
    let mut at = text[..first].char_indices().next_back().map_or(0, |(i, _)| i);
    let mut folding = Folding {
        out: text[..at].to_owned(),
        runs: vec![Run { at: 0, place: 0..at, same: true }],
        line: text[..at].rfind('\n').map_or(0, |i| i + 1),
    };
    while let Some(c) = text[at..].chars().next() {
        let next = at + c.len_utf8();
        if c == '\n' {
            folding.line_break(text, at);
            at = next;
            continue;
        }
        let end = next + text[next..].find(|c| !is_mark(c)).unwrap_or(text.len() - next);
        if end == next && is_plain(c) {
            folding.keep(c, at..next);
        } else if !is_unseen(c) {
            folding.put(&text[at..end], at..end);
        }
        at = if is_unseen(c) { next } else { end };
    }
    Folded { text: Cow::Owned(folding.out), runs: folding.runs }
}

struct Folding {
    out: String,
    runs: Vec<Run>,
    /// Where the line begins in `out`.
    line: usize,
}

impl Folding {
    /// Appends a character as it is.
    fn keep(&mut self, c: char, place: Range<usize>) {
        match self.runs.last_mut() {
            Some(run) if run.same && run.place.end == place.start => run.place.end = place.end,
            _ => self.runs.push(Run { at: self.out.len(), place, same: true }),
        }
        self.out.push(c);
    }

    /// Appends what a character with its marks is folded to.
    fn put(&mut self, written: &str, place: Range<usize>) {
        let at = self.out.len();
        let first = written.chars().next().unwrap_or(' ');
        if self.glues(first) {
            self.out.push(' ');
        }
        if matches!(first, '™' | '℠') {
            self.out.push(' ');
        } else {
            for c in written.chars().filter(|&c| !is_unseen(c)).nfkc() {
                match c {
                    '\u{2010}'..='\u{2013}' | '\u{2212}' | '\u{fe63}' => self.out.push('-'),
                    '\u{2bc}' | '\u{2b9}' | '‛' => self.out.push('\''),
                    'ß' | 'ẞ' => self.out.push_str("ss"),
                    'ς' => self.out.push('σ'),
                    'İ' => self.out.push('I'),
                    _ => match RADICALS.iter().find(|(radical, _)| *radical == c) {
                        Some((_, han)) => self.out.push(*han),
                        None if is_unseen(c) => {}
                        None => self.out.push(c),
                    },
                }
            }
        }
        if self.out.len() > at {
            self.runs.push(Run { at, place, same: false });
        }
    }

    /// Whether a number of another kind would be glued to what stands before it.
    fn glues(&self, c: char) -> bool {
        let raised = matches!(c, '²' | '³' | '¹' | '⁰'..='⁹');
        let circled = matches!(c, '①'..='⒛' | '⓪' | '¼'..='¾' | '⅐'..='⅞');
        if !raised && !circled {
            return false;
        }
        let letters = self.out.chars().rev().take_while(|c| c.is_alphabetic()).take(UNIT + 1).count();
        let digit = self.out.ends_with(|c: char| c.is_ascii_digit());
        digit || circled && letters > 0 || letters > UNIT
    }

    /// A line break; none where it stands within a Chinese sentence.
    fn line_break(&mut self, text: &str, at: usize) {
        let above = self.out[self.line..].trim_end();
        let broken = above.ends_with(is_han) && above.chars().take(BROKEN_LINE).count() == BROKEN_LINE;
        if !(broken && text[at + 1..].starts_with(is_han)) {
            self.keep('\n', at..at + 1);
        }
        self.line = self.out.len();
    }
}

/// Whether a character stays as it is, wherever it stands.
fn is_plain(c: char) -> bool {
    match u32::from(c) {
        0..=0x7f => true,
        0x4e00..=0x9fff | 0x3041..=0x3096 | 0x30a1..=0x30fa | 0xac00..=0xd7a3 => true,
        // Letters with accents, Greek, Cyrillic: those that are their own form.
        0xc0..=0x17e | 0x386..=0x3ce | 0x400..=0x481 => {
            !matches!(c, 'ß' | 'ς' | 'İ' | 'ĳ' | 'Ĳ' | 'ŀ' | 'Ŀ' | 'ŉ' | '\u{387}')
        }
        // Marks of punctuation in Chinese and English.
        _ if is_wide_mark(c) => true,
        0x3001..=0x3011 | 0x2014 | 0x2018..=0x201d => !matches!(c, '\u{201b}'),
        _ => false,
    }
}

/// Marks of Chinese that part words as those of ASCII do, which NFKC makes of them.
fn is_wide_mark(c: char) -> bool {
    matches!(c, '，' | '！' | '？' | '：' | '；' | '（' | '）')
}

/// Whether a character is a mark on the one before it.
fn is_mark(c: char) -> bool {
    !c.is_ascii()
        && (canonical_combining_class(c) != 0
            || matches!(c, '\u{ff9e}' | '\u{ff9f}' | '\u{1160}'..='\u{11ff}' | '\u{fe00}'..='\u{fe0f}'))
}

/// Whether a character is not seen: it only says how words are broken, joined or turned.
fn is_unseen(c: char) -> bool {
    matches!(
        u32::from(c),
        0xad | 0x34f | 0x61c | 0x640 | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x2069 | 0xfe00..=0xfe0f | 0xfeff
        | 0x180b..=0x180e | 0xe0100..=0xe01ef
        // Vowels of Arabic and Hebrew, which are mostly left out.
        | 0x64b..=0x652 | 0x670 | 0x591..=0x5bd | 0x5bf | 0x5c1..=0x5c2 | 0x5c4..=0x5c5 | 0x5c7
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_texts_are_not_copied() {
        for text in ["plain text, e-mail", "中文，也一样。", "Überraschung ‘x’ “y” naïve Привет"]
        {
            assert!(matches!(fold(text).text, Cow::Borrowed(_)), "{text}");
        }
    }

    /// What is left as it is must be what NFKC leaves.
    #[test]
    fn plain_characters_are_their_own_form() {
        for c in (0..0x1_0000).filter_map(char::from_u32).filter(|&c| is_plain(c) && !is_wide_mark(c)) {
            assert!(std::iter::once(c).nfkc().eq([c]), "{c} {:x}", u32::from(c));
        }
    }

    #[test]
    fn long_texts_of_one_kind() {
        for unit in ["\u{301}", "\u{ad}", "ﬃ", "\n", "字\n", "①", "ﾞ", "\u{1160}"] {
            let text = unit.repeat((1 << 19) / unit.len());
            let folded = fold(&text);
            assert!(folded.text().len() <= 2 * text.len());
        }
    }
}
