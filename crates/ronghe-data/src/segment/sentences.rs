//! Sentences.
//!
//! A sentence ends after `。！？!?…` or `.`, with the closing quotes and brackets that follow; at a blank line; and at a line break,
//! unless the line was broken within a sentence to fit a page. It does not end
//! * after a title or an initial (`Dr. Li`, `J. Smith`), an abbreviation before more of the sentence (`e.g. this`), within a
//!   number (`3.5`) or after the number of a list item (`1. First`);
//! * where the text goes on with a lower-case letter or a comma (`"Stop!" he said`, `“好。”，他说`).
//!
//! One pass, `O(n)`.

use super::script::{fold_width, is_han};
use std::ops::Range;

/// Before a name: these never end a sentence.
const TITLES: [&str; 22] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "gen", "col", "capt", "lt", "sgt", "rev", "hon", "mt", "messrs",
    "vs", "e.g", "i.e", "cf", "fig", "eq", "approx",
];

/// These end a sentence only before a word that commonly begins one.
const ABBREVIATIONS: [&str; 29] = [
    "etc", "inc", "ltd", "co", "corp", "jr", "sr", "no", "vol", "pp", "al", "dept", "est", "ave", "jan",
    "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "a.m", "p.m", "ph.d",
];

/// Words that commonly begin a sentence.
const OPENERS: [&str; 28] = [
    "a", "after", "all", "an", "and", "as", "at", "but", "for", "he", "his", "however", "i", "if", "in",
    "it", "its", "on", "she", "so", "that", "the", "there", "these", "they", "this", "we", "when",
];

/// A line at least this long may have been broken to fit a page.
const PAGE_LINE: usize = 50;

/// The sentences of `text`, without the blanks around them.
///
/// ```
/// let text = "Dr. Li paid 3.5 yuan. “好吗？”他问。走吧！";
/// assert_eq!(ronghe_data::segment::sentences(text), ["Dr. Li paid 3.5 yuan.", "“好吗？”", "他问。", "走吧！"]);
/// ```
pub fn sentences(text: &str) -> Vec<&str> {
    sentence_ranges(text).into_iter().map(|r| &text[r]).collect()
}

/// The places of the sentences of `text` in bytes, in order.
pub fn sentence_ranges(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut line = 0;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let next = at + c.len_utf8();
        let end = match c {
            '\n' => {
                let ends = breaks_at_line(text, line, at);
                line = next;
                ends.then_some(next)
            }
            _ if is_stop(c) => {
                let end = closed(text, next);
                at = end;
                ends_here(text, start, c, next, end).then_some(end)
            }
            _ => None,
        };
        at = at.max(next);
        if let Some(end) = end {
            push_trimmed(text, start..end, &mut found);
            start = end;
        }
    }
    push_trimmed(text, start..text.len(), &mut found);
    found
}

fn is_stop(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '｡' | '．' | '…' | '.' | '!' | '?')
}

/// End of the further stops and closing marks after a stop.
fn closed(text: &str, from: usize) -> usize {
    let closes = |c: char| {
        is_stop(c)
            || matches!(c, '”' | '’' | '」' | '』' | '）' | '】' | '》' | '〉' | ')' | ']' | '}' | '"' | '\'')
    };
    text[from..].char_indices().find(|&(_, c)| !closes(c)).map_or(text.len(), |(i, _)| from + i)
}

/// Whether the sentence begun at `start` ends with `stop`, whose byte after is `after`, and the marks up to `end`.
fn ends_here(text: &str, start: usize, stop: char, after: usize, end: usize) -> bool {
    let rest = &text[end..];
    let Some(follows) = rest.chars().next() else { return true };
    if matches!(follows, '，' | '、' | ',' | ';' | '；' | ':' | '：') {
        return false;
    }
    let ascii = stop.is_ascii();
    // `3.5`, `e.g`, `what?!x`, `example.com`: a Latin stop needs a blank or Chinese after it.
    if ascii && !follows.is_whitespace() && !is_han(follows) && !is_opening(follows) {
        return false;
    }
    // A blank line or a Chinese stop leaves no doubt.
    let next = rest.trim_start().chars().next();
    if !ascii
        || rest.len() > rest.trim_start_matches([' ', '\t', '\r']).len()
            && rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n')
    {
        return stop != '…' || !next.is_some_and(char::is_lowercase);
    }
    if next.is_some_and(char::is_lowercase) {
        return false;
    }
    if stop != '.' || text[after..end].starts_with('.') {
        return true;
    }
    ends_at_point(text[start..after].trim_end_matches('.'), rest.trim_start())
}

/// Whether a single point after `before` ends the sentence, when it goes on with `rest`.
fn ends_at_point(before: &str, rest: &str) -> bool {
    // The number of a list item.
    if !before.trim().is_empty() && before.trim().chars().all(|c| fold_width(c).is_ascii_digit()) {
        return false;
    }
    let word = before.rsplit(|c: char| c.is_whitespace() || is_opening(c) || is_han(c)).next().unwrap_or("");
    let low = word.to_lowercase();
    if TITLES.contains(&low.as_str()) {
        return false;
    }
    let one_letter = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    let acronym = word.contains('.') && word.split('.').all(|part| part.chars().count() == 1);
    if one_letter || acronym || ABBREVIATIONS.contains(&low.as_str()) {
        let next = rest.split(|c: char| !c.is_alphanumeric()).find(|w| !w.is_empty()).unwrap_or("");
        return OPENERS.contains(&next.to_lowercase().as_str()) || next.chars().next().is_some_and(is_han);
    }
    true
}

fn is_opening(c: char) -> bool {
    matches!(c, '“' | '‘' | '「' | '『' | '（' | '【' | '《' | '(' | '[' | '"' | '\'')
}

/// Whether the line break at `at`, of the line begun at `line`, ends the sentence.
fn breaks_at_line(text: &str, line: usize, at: usize) -> bool {
    let rest = text[at + 1..].trim_start_matches([' ', '\t', '\r']);
    if rest.is_empty() || rest.starts_with('\n') {
        return true;
    }
    let written = text[line..at].trim();
    let latin = written.chars().next_back().is_some_and(|c| c.is_alphanumeric() && !is_han(c) || c == ',');
    let goes_on = rest.chars().next().is_some_and(char::is_lowercase) || written.chars().count() >= PAGE_LINE;
    !(latin && goes_on && !starts_item(rest))
}

/// Whether a line begins with the mark of a list item.
fn starts_item(line: &str) -> bool {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    line.starts_with(['-', '*', '•', '·']) || digits > 0 && line[digits..].starts_with(['.', ')', '、'])
}

/// Appends `range` without the blanks around it, if something is left.
fn push_trimmed(text: &str, range: Range<usize>, found: &mut Vec<Range<usize>>) {
    let part = &text[range.clone()];
    let start = range.start + (part.len() - part.trim_start().len());
    let length = part.trim().len();
    if length > 0 {
        found.push(start..start + length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn english_abbreviations_numbers_and_quotes() {
        assert_eq!(
            sentences(
                "Mr. J. Smith met Dr. Wu at 3.30 p.m. in the U.S. \"Stop!\" he said. Costs, e.g. rent, rose 2.5%. \
                 Was it so?! Yes... Perhaps. See example.com now. It closed at 5 p.m. The end"
            ),
            [
                "Mr. J. Smith met Dr. Wu at 3.30 p.m. in the U.S. \"Stop!\" he said.",
                "Costs, e.g. rent, rose 2.5%.",
                "Was it so?!",
                "Yes...",
                "Perhaps.",
                "See example.com now.",
                "It closed at 5 p.m.",
                "The end",
            ]
        );
        assert_eq!(sentences("1. First item. 2. Second item."), ["1. First item.", "2. Second item."]);
    }

    #[test]
    fn chinese_stops_quotes_and_numbers() {
        assert_eq!(
            sentences("他说：“你好！”然后走了。价格是3.5元……真的吗？！“好。”，她答。OK.下一句"),
            [
                "他说：“你好！”",
                "然后走了。",
                "价格是3.5元……",
                "真的吗？！",
                "“好。”，她答。",
                "OK.",
                "下一句"
            ]
        );
    }

    #[test]
    fn lines() {
        let wrapped =
            "This line was broken by hand because the page ends\nhere and goes on.\n\nA title\n你好\n世界";
        assert_eq!(
            sentences(wrapped),
            [
                "This line was broken by hand because the page ends\nhere and goes on.",
                "A title",
                "你好",
                "世界"
            ]
        );
        assert!(sentences(" \n\n ").is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn nothing_but_blanks_is_lost(text in "[a-cA-C0-9.!?。！？…”“\"'\n ，,好的.]{0,60}") {
            let kept: String = sentences(&text).concat();
            let strip = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(strip(&kept), strip(&text));
        }

        #[test]
        fn any_text_is_cut(text in "\\PC{0,60}") {
            let _ = sentences(&text);
        }
    }
}
