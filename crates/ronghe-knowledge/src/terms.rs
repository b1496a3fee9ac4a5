//! What a text is searched by: stems of words, Chinese words and pairs of Chinese characters.
//!
//! A text is folded first ([`crate::fold`]): ligatures, widths, accents as marks of their own, soft hyphens, so that texts and
//! questions that look alike have the same terms. A word of Latin letters is lower-cased and brought to its English stem (Porter 2, the `rust-stemmers` crate). Chinese is
//! written in simplified characters first (the `ferrous-opencc` crate), then given as the words of the dictionary and as every pair of
//! neighbouring characters, so that a word that the dictionary cuts differently in question and document is still found.
//! Words with hyphens between them are given one by one and as one: `e-mail` as `e`, `mail` and `email`.

use crate::fold::fold;
use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;
use ronghe_data::segment::{Token, tokens};
use rust_stemmers::{Algorithm, Stemmer};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

/// A term and the place of the word that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The term.
    pub text: String,
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// Whether it is a pair of characters, or words joined without their hyphens, beside the words that they belong to.
    pub pair: bool,
}

/// Which terms a text has: a text index of another version is made anew.
pub(crate) const VERSION: u32 = 2;

/// Most words of one with hyphens that are joined, and bytes of all of them.
const MOST_PARTS: usize = 4;
const MOST_JOINED: usize = 64;

/// Words that say little of what a text is about: English, then Chinese.
const STOP: &[&str] = &[
    "a",
    "an",
    "and",
    "are",
    "as",
    "at",
    "be",
    "been",
    "but",
    "by",
    "can",
    "did",
    "do",
    "does",
    "for",
    "from",
    "had",
    "has",
    "have",
    "he",
    "her",
    "his",
    "how",
    "i",
    "if",
    "in",
    "into",
    "is",
    "it",
    "its",
    "many",
    "me",
    "much",
    "my",
    "no",
    "not",
    "of",
    "on",
    "or",
    "our",
    "she",
    "so",
    "than",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "to",
    "was",
    "we",
    "were",
    "what",
    "when",
    "where",
    "which",
    "who",
    "whom",
    "whose",
    "why",
    "will",
    "with",
    "would",
    "you",
    "your",
    "的",
    "了",
    "是",
    "在",
    "和",
    "与",
    "及",
    "或",
    "也",
    "都",
    "就",
    "而",
    "着",
    "吗",
    "呢",
    "吧",
    "啊",
    "我",
    "你",
    "他",
    "她",
    "它",
    "我们",
    "你们",
    "他们",
    "这",
    "那",
    "这个",
    "那个",
    "什么",
    "怎么",
    "如何",
    "哪",
    "哪个",
    "哪里",
    "谁",
    "为什么",
    "多少",
    "几",
    "有",
    "被",
    "把",
    "对",
    "从",
    "到",
    "以",
    "为",
    "之",
    "其",
    "要",
    "多久",
    "多大",
    "能",
    "会",
    "可以",
    "应该",
    "请问",
    "请",
    "一个",
];

/// Whether the word (as written in a text, lower-cased) says little of what a text is about.
pub fn is_stop(word: &str) -> bool {
    STOP.contains(&word)
}

/// The terms of `text`, in order.
///
/// ```
/// let found: Vec<String> = ronghe_knowledge::terms("Running dogs; 機器學習").into_iter().map(|t| t.text).collect();
/// assert_eq!(found, ["run", "dog", "机器", "学习", "器学"]);
/// ```
pub fn terms(text: &str) -> Vec<Term> {
    let folded = fold(text);
    let mut found = of_folded(folded.text());
    for term in &mut found {
        term.range = folded.place(term.range.clone());
    }
    found
}

fn of_folded(text: &str) -> Vec<Term> {
    let mut found = Vec::new();
    // The characters of a run of Chinese words, with their places and whether a word begins there.
    let mut run: Vec<(char, Range<usize>, bool)> = Vec::new();
    let mut hyphened: Vec<Token<'_>> = Vec::new();
    for token in tokens(text) {
        if !token.han || run.last().is_some_and(|(_, last, _)| last.end != token.range.start) {
            pairs(&mut run, &mut found);
        }
        if token.han {
            let simple = simplified(&token.word);
            let mut at = token.range.start;
            for (i, (c, written)) in simple.chars().zip(text[token.range.clone()].chars()).enumerate() {
                run.push((c, at..at + written.len_utf8(), i == 0));
                at += written.len_utf8();
            }
            found.push(Term { text: simple.into_owned(), range: token.range, pair: false });
        } else {
            found.push(Term { text: stem(&token.word), range: token.range.clone(), pair: false });
            if hyphened.last().is_some_and(|last| !is_hyphen(&text[last.range.end..token.range.start])) {
                joined(&mut hyphened, &mut found);
            }
            hyphened.push(token);
        }
    }
    pairs(&mut run, &mut found);
    joined(&mut hyphened, &mut found);
    found
}

/// Whether what stands between two words is a hyphen, in a line or at its end.
fn is_hyphen(between: &str) -> bool {
    let Some(rest) = between.strip_prefix('-') else { return false };
    rest.is_empty() || rest.len() < 16 && rest.trim().is_empty() && rest.matches('\n').count() == 1
}

/// Adds words with hyphens between them as one word. Numbers alone are a date or a range.
fn joined(words: &mut Vec<Token<'_>>, found: &mut Vec<Term>) {
    let bytes: usize = words.iter().map(|w| w.word.len()).sum();
    let letters = words.iter().any(|w| w.word.contains(char::is_alphabetic));
    if let ([first, .., last], true) =
        (&words[..], letters && bytes <= MOST_JOINED && words.len() <= MOST_PARTS)
    {
        let one: String = words.iter().map(|w| w.word.as_ref()).collect();
        found.push(Term { text: stem(&one), range: first.range.start..last.range.end, pair: true });
    }
    words.clear();
}

/// Adds the pairs of neighbours in a run that are no word of two characters already.
fn pairs(run: &mut Vec<(char, Range<usize>, bool)>, found: &mut Vec<Term>) {
    for (i, two) in run.windows(2).enumerate() {
        let ends = run.get(i + 2).is_none_or(|(_, _, begins)| *begins);
        if !(two[0].2 && !two[1].2 && ends) {
            let text = [two[0].0, two[1].0].iter().collect();
            found.push(Term { text, range: two[0].1.start..two[1].1.end, pair: true });
        }
    }
    run.clear();
}

/// The stem of a word of Latin letters, the word itself of others.
fn stem(word: &str) -> String {
    if !word.is_ascii() {
        return word.to_owned();
    }
    Stemmer::create(Algorithm::English).stem(word).into_owned()
}

/// Chinese in simplified characters, as many as before.
pub(crate) fn simplified(text: &str) -> Cow<'_, str> {
    static TABLE: OnceLock<Option<OpenCC>> = OnceLock::new();
    let table = TABLE.get_or_init(|| OpenCC::from_config(BuiltinConfig::T2s).ok());
    let Some(table) = table else { return Cow::Borrowed(text) };
    let simple = table.convert(text);
    // Places are counted by characters: a phrase that would change their number stays.
    if simple.chars().count() == text.chars().count() { Cow::Owned(simple) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn places_are_those_of_the_text() {
        let text = "The Running, 北京大學 x";
        for term in terms(text) {
            let there = &text[term.range.clone()];
            let expected =
                if there.is_ascii() { stem(&there.to_lowercase()) } else { simplified(there).into_owned() };
            assert_eq!(term.text, expected);
        }
    }

    fn texts(text: &str) -> Vec<String> {
        terms(text).into_iter().map(|t| t.text).collect()
    }

    /// The cases text-ligature and text-softhyphen, and their neighbours: what looks alike has the same terms.
    #[test]
    fn words_are_found_as_a_reader_sees_them() {
        for (written, plain) in [
            ("oﬃce certiﬁcate eﬃcient ﬁlter ﬂoor", "office certificate efficient filter floor"),
            ("regis\u{ad}try dis\u{ad}count", "registry discount"),
            ("Ｃａｆｅ\u{301}　ＡＢＣ１２", "café ABC12"),
            ("ﾌﾟﾛｸﾞﾗﾑ", "プログラム"),
            ("zero\u{200b}width\u{2060} \u{feff}mark", "zerowidth mark"),
            ("O’Neil ʼs", "O'Neil 's"),
            ("STRASSE", "Straße"),
            ("ﻣﺮﺣﺒﺎ مرحـــبا", "مرحبا مرحبا"),
            ("⼈⼯智能⻓城", "人工智能长城"),
            ("50 m² CO₂ Ⅷ", "50 m2 CO2 VIII"),
            ("law¹ ①甲", "law 1 1甲"),
            ("停\u{200b}放", "停放"),
        ] {
            assert_eq!(texts(written), texts(plain), "{written}");
        }
        assert!(texts("任何单位和个人都不得占用疏散通道和安全\n出口").contains(&"全出".to_owned()));
        assert!(!texts("图书馆\n年报").contains(&"馆年".to_owned()));
    }

    #[test]
    fn words_with_hyphens_are_found_as_one_and_as_two() {
        for written in ["self-employed", "self\u{2011}employed", "self–employed", "self-\nemployed"] {
            assert_eq!(texts(written), ["self", "employ", "selfemploy"], "{written}");
        }
        assert!(texts("Every selfemployed builder").contains(&"selfemploy".to_owned()));
        assert!(texts("Send an e-mail.").contains(&"email".to_owned()));
        assert_eq!(texts("A-38"), ["a", "38", "a38"]);
        assert_eq!(texts("2026-12-01 a - b, c--d"), ["2026", "12", "01", "a", "b", "c", "d"]);
        assert_eq!(texts("a-b-c-d-e"), ["a", "b", "c", "d", "e"]);
        let text = "an e\u{2011}mail";
        let last = terms(text).pop().unwrap();
        assert!(last.pair && &text[last.range] == "e\u{2011}mail");
    }

    #[test]
    fn folded_terms_have_the_places_of_the_text() {
        let text = "Der ＡＢＣ oﬃce dis\u{ad}count: Cafe\u{301}!";
        let there: Vec<&str> = terms(text).into_iter().map(|t| &text[t.range]).collect();
        assert_eq!(there, ["Der", "ＡＢＣ", "oﬃce", "dis\u{ad}count", "Cafe\u{301}"]);
    }

    #[test]
    fn words_of_two_characters_come_once() {
        let found: Vec<(String, bool)> = terms("北京大学").into_iter().map(|t| (t.text, t.pair)).collect();
        let count = |word: &str| found.iter().filter(|(t, _)| t == word).count();
        assert!(count("北京") == 1 && count("京大") == 1 && count("大学") == 1, "{found:?}");
    }

    proptest! {
        #[test]
        fn places_are_places_of_the_text(text in "\\PC{0,40}|[ﬁﬃaé\u{301}\u{ad}\u{200b}ﾌﾟ①²ＡA汉⻓\n -]{0,40}") {
            for term in terms(&text) {
                prop_assert!(!term.text.is_empty() && !term.range.is_empty());
                prop_assert!(text.get(term.range).is_some());
            }
        }
    }
}
