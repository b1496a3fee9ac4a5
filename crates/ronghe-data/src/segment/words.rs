//! Words.
//!
//! A word is a run of letters and digits, with an apostrophe between two letters (`don't`) or a point between two digits (`3.5`)
//! inside it, lower-cased and of the usual width; or a word of the jieba dictionary in a run of Chinese characters, the most
//! probable path through the dictionary's words with a hidden Markov model for those it lacks (the `jieba-rs` crate).
//! Punctuation separates and is dropped. `O(n)` in the length of the text.

use super::script::{Role, fold_width, is_apostrophe, role};
use jieba_rs::Jieba;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

/// One word and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token<'a> {
    /// The word, lower-cased, of the usual width.
    pub word: Cow<'a, str>,
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// Whether it is Chinese.
    pub han: bool,
}

/// The words of `text`.
///
/// ```
/// assert_eq!(ronghe_data::segment::words("Don't panic, ＡＢＣ!"), ["don't", "panic", "abc"]);
/// assert_eq!(ronghe_data::segment::words("我爱北京天安门"), ["我", "爱", "北京", "天安门"]);
/// ```
pub fn words(text: &str) -> Vec<Cow<'_, str>> {
    tokens(text).into_iter().map(|t| t.word).collect()
}

/// The words of `text` with their places, in order.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((first, _)) = char_at(text, at) {
        let end = match role(first) {
            Role::Han => {
                let end = run_end(text, at, |r| r == Role::Han);
                cut_han(text, at..end, &mut found);
                end
            }
            Role::Letter | Role::Digit => {
                let end = word_end(text, at);
                found.push(Token { word: normal(&text[at..end]), range: at..end, han: false });
                end
            }
            Role::Other => run_end(text, at, |r| r == Role::Other),
        };
        at = end;
    }
    found
}

/// The character at byte `at`, of the usual width, and the bytes it takes.
fn char_at(text: &str, at: usize) -> Option<(char, usize)> {
    text.get(at..)?.chars().next().map(|c| (fold_width(c), c.len_utf8()))
}

/// End of the run from `at` of characters whose role is wanted.
fn run_end(text: &str, at: usize, wanted: impl Fn(Role) -> bool) -> usize {
    text[at..].char_indices().find(|&(_, c)| !wanted(role(fold_width(c)))).map_or(text.len(), |(i, _)| at + i)
}

/// End of the word that starts at `at`.
fn word_end(text: &str, mut at: usize) -> usize {
    let is_word = |r: Role| matches!(r, Role::Letter | Role::Digit);
    loop {
        at = run_end(text, at, is_word);
        let before = text[..at].chars().next_back().map(|c| role(fold_width(c)));
        let Some((mark, length)) = char_at(text, at) else { return at };
        let after = char_at(text, at + length).map(|(c, _)| role(c));
        let inside = match mark {
            '.' => before == Some(Role::Digit) && after == Some(Role::Digit),
            c => is_apostrophe(c) && before == Some(Role::Letter) && after == Some(Role::Letter),
        };
        if !inside {
            return at;
        }
        at += length;
    }
}

/// `word` lower-cased, of the usual width, with straight apostrophes; borrowed if it is so already.
fn normal(word: &str) -> Cow<'_, str> {
    if word.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return Cow::Borrowed(word);
    }
    let straight = |c: char| if is_apostrophe(c) { '\'' } else { fold_width(c) };
    let low: String = word.chars().map(straight).flat_map(char::to_lowercase).collect();
    if low == word { Cow::Borrowed(word) } else { Cow::Owned(low) }
}

/// Appends the words of a run of Chinese characters.
fn cut_han<'a>(text: &'a str, run: Range<usize>, found: &mut Vec<Token<'a>>) {
    let mut push = |range: Range<usize>| {
        found.push(Token { word: Cow::Borrowed(&text[range.clone()]), range, han: true });
    };
    let first = text[run.clone()].chars().next().map_or(0, char::len_utf8);
    if run.len() <= first {
        // One character is one word; the dictionary has nothing to say.
        return push(run);
    }
    for token in jieba().cut(&text[run.clone()], true) {
        push(run.start + token.byte_start..run.start + token.byte_end);
    }
}

/// The dictionary, loaded at the first call.
fn jieba() -> &'static Jieba {
    static JIEBA: OnceLock<Jieba> = OnceLock::new();
    JIEBA.get_or_init(Jieba::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn english_words_are_lower_case_with_inner_marks() {
        assert_eq!(
            words("The cat's O’Neil, e-mail: x2 3.14; 1,000 'quoted' end. Überraschung"),
            [
                "the",
                "cat's",
                "o'neil",
                "e",
                "mail",
                "x2",
                "3.14",
                "1",
                "000",
                "quoted",
                "end",
                "überraschung"
            ]
        );
        assert!(words("").is_empty());
        assert!(words("。！？ ... \n").is_empty());
    }

    #[test]
    fn width_is_folded() {
        assert_eq!(words("Ｈｅｌｌｏ　１２３．５ｋｇ"), ["hello", "123.5kg"]);
    }

    #[test]
    fn chinese_words_come_from_the_dictionary_and_keep_their_places() {
        let text = "今天天气很好，iPhone15降价了。";
        let found = tokens(text);
        let shown: Vec<&str> = found.iter().map(|t| t.word.as_ref()).collect();
        assert_eq!(shown, ["今天天气", "很", "好", "iphone15", "降价", "了"]);
        assert!(found.iter().all(|t| t.han == t.word.chars().all(super::super::is_han)));
        assert_eq!(&text[found[3].range.clone()], "iPhone15");
    }

    #[test]
    fn plain_words_are_borrowed() {
        assert!(words("plain words 汉字").iter().all(|w| matches!(w, Cow::Borrowed(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn places_are_in_order_and_apart(text in "[ -~一-龥Ａ-ｚ。，’\u{300}À-ɏ\u{20000}-\u{20010}]{0,40}") {
            let mut end = 0;
            for token in tokens(&text) {
                prop_assert!(token.range.start >= end && !token.range.is_empty());
                prop_assert!(!token.word.is_empty());
                prop_assert!(text.get(token.range.clone()).is_some());
                end = token.range.end;
            }
        }

        #[test]
        fn any_text_is_cut(text in "\\PC{0,40}") {
            let _ = tokens(&text);
        }
    }
}
