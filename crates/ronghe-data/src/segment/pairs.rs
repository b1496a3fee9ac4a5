//! Quotations, titles and brackets: what stands between two marks belongs together.
//!
//! A mark that opens waits for the one that closes it until the paragraph ends: at a blank line, at a line that ends with a
//! stop, before the item of a list. One that is never closed therefore holds nothing together. One pass, `O(n)`: at most
//! [`DEEPEST`] marks wait.

use super::lines::starts_item;
use super::script::is_han;

/// Most bytes between two marks that are held together: a longer quotation is a text of its own.
const LONGEST: usize = 450;

/// Most marks that wait for their closing ones.
const DEEPEST: usize = 16;

/// What a mark is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// What somebody says.
    Quote,
    /// An aside.
    Bracket,
    /// The title of a work.
    Title,
}

/// A mark that opens and the one that closes it.
const MARKS: [(char, char, Mark); 17] = [
    ('“', '”', Mark::Quote),
    ('‘', '’', Mark::Quote),
    ('「', '」', Mark::Quote),
    ('『', '』', Mark::Quote),
    ('«', '»', Mark::Quote),
    ('"', '"', Mark::Quote),
    ('\'', '\'', Mark::Quote),
    ('（', '）', Mark::Bracket),
    ('【', '】', Mark::Bracket),
    ('〔', '〕', Mark::Bracket),
    ('［', '］', Mark::Bracket),
    ('｛', '｝', Mark::Bracket),
    ('(', ')', Mark::Bracket),
    ('[', ']', Mark::Bracket),
    ('{', '}', Mark::Bracket),
    ('《', '》', Mark::Title),
    ('〈', '〉', Mark::Title),
];

/// What a closing mark is for.
pub(super) fn closing(c: char) -> Option<Mark> {
    MARKS.iter().find(|(_, close, _)| *close == c).map(|(_, _, mark)| *mark)
}

/// Whether a mark opens something.
pub(super) fn is_opening(c: char) -> bool {
    c == '¿' || c == '¡' || c == '„' || MARKS.iter().any(|(open, _, _)| *open == c)
}

/// Whether a mark ends a sentence.
pub(super) fn is_stop(c: char) -> bool {
    matches!(c, '.' | '!' | '?')
        || matches!(c, '。' | '！' | '？' | '｡' | '．' | '…' | '‼' | '⁇' | '⁈' | '⁉')
        || matches!(c, '؟' | '۔' | '।' | '॥' | '።' | '։')
}

/// Two marks and what stands between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    /// Byte of the mark that opens.
    pub(super) open: usize,
    /// Byte after the one that closes.
    pub(super) end: usize,
}

/// The outermost pairs of `text` that are not too long, in order.
pub(super) fn pairs(text: &str) -> Vec<Pair> {
    let mut found = Vec::new();
    // The marks that are waited for, and where their openers stand.
    let mut open: Vec<(char, usize)> = Vec::new();
    let (mut before, mut said) = ('\n', '\n');
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let after = chars.peek().map_or('\n', |&(_, c)| c);
        if c == '\n' {
            if said == '\n' || is_stop(said) || closing(said).is_some() || starts_item(&text[at + 1..]) {
                open.clear();
            }
            said = c;
        } else if let Some(depth) = open.iter().rposition(|(close, _)| *close == c && ends(c, before)) {
            found.push(Pair { open: open[depth].1, end: at + c.len_utf8() });
            open.truncate(depth);
        } else if let Some((_, close, _)) = MARKS.iter().find(|(mark, _, _)| *mark == c) {
            if begins(c, before, after) {
                open.push((*close, at));
            }
            if open.len() > DEEPEST {
                open.remove(0);
            }
        }
        if !c.is_whitespace() {
            said = c;
        }
        before = c;
    }
    found.sort_unstable_by_key(|pair| pair.open);
    let mut last = 0;
    found.retain(|pair| {
        let outer = pair.open >= last && pair.end - pair.open <= LONGEST;
        last = if outer { pair.end } else { last };
        outer
    });
    found
}

/// Whether an opening mark between two characters opens: straight ones only before a word, single ones only in Chinese, where
/// they are no apostrophes.
fn begins(c: char, before: char, after: char) -> bool {
    match c {
        '"' => !after.is_whitespace() && !before.is_alphanumeric() || is_han(before) || is_han(after),
        '‘' => is_han(before) || is_han(after) || closing(before).is_some() || is_opening(before),
        '\'' => false,
        _ => true,
    }
}

/// Whether a closing mark closes what waits for it.
fn ends(c: char, before: char) -> bool {
    c != '"' || !before.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<&str> {
        pairs(text).into_iter().map(|p| &text[p.open..p.end]).collect()
    }

    #[test]
    fn outermost_pairs() {
        assert_eq!(shown("a（b“c”d）e“f”"), ["（b“c”d）", "“f”"]);
        assert_eq!(shown("\"a b\" c (d) don't 5\" x"), ["\"a b\"", "(d)"]);
        assert_eq!(shown("他说：“她问‘谁？’了。”"), ["“她问‘谁？’了。”"]);
    }

    #[test]
    fn what_is_not_closed_holds_nothing() {
        assert_eq!(shown("他说：“没有关。后来（有）。"), ["（有）"]);
        assert_eq!(shown("他说：“没有关。\n后来”有。"), [""; 0]);
        assert_eq!(shown("a (b\n\nc) d"), [""; 0]);
        assert_eq!(shown(&format!("“{}（短）”", "长".repeat(200))), ["（短）"]);
        assert_eq!(shown(&"（".repeat(100_000)), [""; 0]);
    }
}
