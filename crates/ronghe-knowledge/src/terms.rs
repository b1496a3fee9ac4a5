//! What a text is searched by: stems of words, Chinese words and pairs of Chinese characters.
//!
//! A word of Latin letters is lower-cased and brought to its English stem (Porter 2, the `rust-stemmers` crate). Chinese is
//! written in simplified characters first (the `ferrous-opencc` crate), then given as the words of the dictionary and as every pair of
//! neighbouring characters, so that a word that the dictionary cuts differently in question and document is still found.

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;
use ronghe_data::segment::tokens;
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
    /// Whether it is a pair of characters, beside the words that they belong to.
    pub pair: bool,
}

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
    let mut found = Vec::new();
    // The characters of a run of Chinese words, with their places and whether a word begins there.
    let mut run: Vec<(char, Range<usize>, bool)> = Vec::new();
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
            found.push(Term { text: stem(&token.word), range: token.range, pair: false });
        }
    }
    pairs(&mut run, &mut found);
    found
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

    #[test]
    fn words_of_two_characters_come_once() {
        let found: Vec<(String, bool)> = terms("北京大学").into_iter().map(|t| (t.text, t.pair)).collect();
        let count = |word: &str| found.iter().filter(|(t, _)| t == word).count();
        assert!(count("北京") == 1 && count("京大") == 1 && count("大学") == 1, "{found:?}");
    }
}
