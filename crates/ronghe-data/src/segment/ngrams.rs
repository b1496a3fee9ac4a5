//! N-grams: the features of a bag of words.
//!
//! For the words `w_1 .. w_n` of a text:
//! * word n-grams `w_i .. w_{i+k-1}`, joined by a blank, across punctuation;
//! * character n-grams of each word that is not Chinese, written `<word>`: `<ca`, `cat`, `at>` for `cat` and 3 characters;
//! * bigrams of each run of Chinese characters, across the words of the dictionary, so that a wrong cut costs little.
//!
//! [`ngram_hash`] tells the kinds apart: the word `cat` is not the character n-gram `cat`. `O(n)` in the length of the text
//! for a fixed configuration; buffers are reused from n-gram to n-gram.

use super::{is_han, tokens};
use std::ops::RangeInclusive;

/// Which n-grams to form.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NgramConfig {
    /// Lengths of word n-grams.
    pub words: RangeInclusive<usize>,
    /// Lengths of character n-grams in words that are not Chinese, the marks of the word's ends counted; none if empty.
    pub characters: RangeInclusive<usize>,
    /// Whether to form the bigrams of Chinese characters.
    pub han_bigrams: bool,
}

impl Default for NgramConfig {
    /// Words and pairs of words, 3 to 5 characters, Chinese bigrams.
    fn default() -> NgramConfig {
        NgramConfig { words: 1..=2, characters: 3..=5, han_bigrams: true }
    }
}

/// What an n-gram is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NgramKind {
    /// Words.
    Words,
    /// Characters of a word.
    Characters,
    /// Two Chinese characters.
    HanBigram,
}

/// Calls `sink` with every n-gram of `text`, with repetitions, in an order that depends on the text alone.
///
/// ```
/// use ronghe_data::segment::{NgramConfig, features};
/// let config = NgramConfig { words: 1..=2, characters: 4..=4, han_bigrams: true };
/// let mut found = Vec::new();
/// features("Red cat 天安门", &config, |_, ngram| found.push(ngram.to_owned()));
/// assert_eq!(found, ["red", "cat", "天安门", "red cat", "cat 天安门", "<red", "red>", "<cat", "cat>", "天安", "安门"]);
/// ```
pub fn features(text: &str, config: &NgramConfig, mut sink: impl FnMut(NgramKind, &str)) {
    let tokens = tokens(text);
    let mut buffer = String::new();
    for length in config.words.clone() {
        if length == 0 || length > tokens.len() {
            continue;
        }
        for window in tokens.windows(length) {
            buffer.clear();
            for (i, token) in window.iter().enumerate() {
                if i > 0 {
                    buffer.push(' ');
                }
                buffer.push_str(&token.word);
            }
            sink(NgramKind::Words, &buffer);
        }
    }
    if !config.characters.is_empty() {
        let mut starts = Vec::new();
        for token in tokens.iter().filter(|t| !t.han) {
            buffer.clear();
            buffer.push('<');
            buffer.push_str(&token.word);
            buffer.push('>');
            starts.clear();
            starts.extend(buffer.char_indices().map(|(i, _)| i));
            starts.push(buffer.len());
            for length in config.characters.clone() {
                if length == 0 || length >= starts.len() {
                    continue;
                }
                for ends in starts.windows(length + 1) {
                    sink(NgramKind::Characters, &buffer[ends[0]..ends[length]]);
                }
            }
        }
    }
    if config.han_bigrams {
        // Runs are contiguous: the second character of a bigram follows the first in the text itself.
        let mut last: Option<(usize, char)> = None;
        for (i, c) in text.char_indices() {
            let this = is_han(c).then_some((i, c));
            if let (Some((start, _)), Some((i, c))) = (last, this) {
                sink(NgramKind::HanBigram, &text[start..i + c.len_utf8()]);
            }
            last = this;
        }
    }
}

/// A 64-bit hash of an n-gram, the same on every machine and in every version: FNV-1a over the kind and the bytes, then a
/// final mix (Stafford's variant 13) that spreads it over all bits, so that the low bits make a bucket.
pub fn ngram_hash(kind: NgramKind, ngram: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for byte in std::iter::once(kind as u8).chain(ngram.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, config: &NgramConfig) -> Vec<(NgramKind, String)> {
        let mut found = Vec::new();
        features(text, config, |kind, n| found.push((kind, n.to_owned())));
        found
    }

    #[test]
    fn counts_follow_the_formula() {
        // "hello": 7 marks and letters: 5 + 4 + 3 n-grams of 3 to 5; 1 word.
        assert_eq!(all("hello", &NgramConfig::default()).len(), 13);
        assert_eq!(all("I", &NgramConfig::default()).len(), 2);
        assert!(all("", &NgramConfig::default()).is_empty());
        let words_only =
            NgramConfig { words: 2..=3, characters: RangeInclusive::new(1, 0), han_bigrams: false };
        let shown: Vec<String> = all("a b c, d", &words_only).into_iter().map(|n| n.1).collect();
        assert_eq!(shown, ["a b", "b c", "c d", "a b c", "b c d"]);
    }

    #[test]
    fn bigrams_stay_within_runs() {
        let bigrams = NgramConfig {
            words: RangeInclusive::new(1, 0),
            characters: RangeInclusive::new(1, 0),
            han_bigrams: true,
        };
        let shown: Vec<String> = all("好的，天x地人", &bigrams).into_iter().map(|n| n.1).collect();
        assert_eq!(shown, ["好的", "地人"]);
    }

    #[test]
    fn kinds_and_texts_hash_apart_and_hashes_are_stable() {
        let (words, characters) = (NgramKind::Words, NgramKind::Characters);
        assert_ne!(ngram_hash(words, "cat"), ngram_hash(characters, "cat"));
        let mut hashes: Vec<u64> = (0..20_000).map(|i| ngram_hash(words, &i.to_string()) & 0xfffff).collect();
        hashes.sort_unstable();
        hashes.dedup();
        // 20,000 balls in 2^20 urns: about 190 meet.
        assert!(hashes.len() > 19_700, "{}", hashes.len());
        assert_eq!(ngram_hash(words, "融合"), 0xe586_a60a_9591_a9d3);
    }
}
