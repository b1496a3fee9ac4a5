//! ROUGE: what a summary shares with a reference.
//!
//! ROUGE-N: with `c(g)` the times that the n-gram `g` occurs, `shared = sum_g min(c_reference(g), c_candidate(g))`,
//! `P = shared / n-grams of the candidate`, `R = shared / n-grams of the reference`, `F = 2 P R / (P + R)`.
//! ROUGE-L: the same with `shared` = tokens of a longest common subsequence. All are 0 where there is nothing to count.
//!
//! English tokens are runs of `a-z0-9` of the lower-cased text, words above three letters brought to their Porter stem on
//! demand: values equal those of the rouge-score package 0.1.2 (golden test) for texts in Latin letters. That package drops every
//! other character: a text in Cyrillic, Greek, Arabic or Korean scores 0 beside itself, and so do full-width letters and digits.
//! Here runs of letters and digits of other scripts are tokens, as they stand, and full-width ones are taken as ASCII. Latin letters
//! with accents part words, as they do there. [`rouge_zh`] takes every Chinese character, and those of Japanese, as a token, and
//! the rest as English does; it does not fold traditional to simplified.
//!
//! With `n` and `m` tokens: n-grams `O(n + m)`; the subsequence in bits, `O(n m / 64)` time and `O(n + m)` memory
//! (H. Hyyrö, "Bit-parallel LCS-length computation revisited", 2004).
//!
//! Source: C.-Y. Lin, "ROUGE: a package for automatic evaluation of summaries", 2004.

use super::porter::stem;
use ronghe_data::segment::is_han;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Precision, recall and their harmonic mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Share of the candidate that is in the reference.
    pub precision: f64,
    /// Share of the reference that is in the candidate.
    pub recall: f64,
    /// Harmonic mean.
    pub f: f64,
}

impl Score {
    /// Of `shared` things out of `candidate` and `reference` things.
    pub(super) fn new(shared: usize, candidate: usize, reference: usize) -> Score {
        let precision = shared as f64 / candidate.max(1) as f64;
        let recall = shared as f64 / reference.max(1) as f64;
        let sum = precision + recall;
        let f = if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 };
        Score { precision, recall, f }
    }
}

/// Scores of a summary.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Rouge {
    /// By single tokens.
    #[serde(rename = "rouge1")]
    pub one: Score,
    /// By pairs of tokens.
    #[serde(rename = "rouge2")]
    pub two: Score,
    /// By the longest common subsequence.
    #[serde(rename = "rougeL")]
    pub longest: Score,
}

/// Scores of an English `candidate`; `stemmed`: words are compared by their stems.
///
/// ```
/// let found = ronghe_knowledge::evaluate::rouge("The cat sat on the mat.", "the cat lay on a mat", false);
/// assert_eq!(found.one.recall, 4.0 / 6.0);
/// assert_eq!(found.two.precision, 1.0 / 5.0);
/// assert_eq!(found.longest.precision, 4.0 / 6.0);
/// ```
pub fn rouge(reference: &str, candidate: &str, stemmed: bool) -> Rouge {
    scores(&words(reference, stemmed), &words(candidate, stemmed))
}

/// Scores of a Chinese `candidate`, by character.
///
/// ```
/// let found = ronghe_knowledge::evaluate::rouge_zh("今天天气很好", "今天天气不好");
/// assert_eq!(found.one.precision, 5.0 / 6.0);
/// assert_eq!(found.two.recall, 3.0 / 5.0);
/// ```
pub fn rouge_zh(reference: &str, candidate: &str) -> Rouge {
    scores(&characters(reference), &characters(candidate))
}

/// For each kind the score with the highest F, the first of equals; zeros for none.
pub fn best_rouge(scores: impl IntoIterator<Item = Rouge>) -> Rouge {
    let better = |a: Score, b: Score| if b.f > a.f { b } else { a };
    scores
        .into_iter()
        .reduce(|a, b| Rouge {
            one: better(a.one, b.one),
            two: better(a.two, b.two),
            longest: better(a.longest, b.longest),
        })
        .unwrap_or_default()
}

/// A character of a token, lower-cased and of the usual width, if it is one.
fn of_token(c: char) -> Option<char> {
    let c = match u32::from(c) {
        code @ 0xff01..=0xff5e => char::from_u32(code - 0xfee0)?.to_ascii_lowercase(),
        _ => c,
    };
    // Latin letters with accents, and what looks like letters among the marks after them.
    let latin = matches!(u32::from(c), 0x80..=0x24f | 0x1e00..=0x1eff | 0x2000..=0x2bff);
    let mark = matches!(u32::from(c), 0x94d | 0x9cd | 0xe31..=0xe4e);
    (c.is_ascii_alphanumeric() || !c.is_ascii() && !latin && (c.is_alphanumeric() || mark)).then_some(c)
}

/// Tokens of a text in words.
fn words(text: &str, stemmed: bool) -> Vec<String> {
    let low: String = text.to_lowercase().chars().map(|c| of_token(c).unwrap_or(' ')).collect();
    let stem =
        |word: &str| if stemmed && word.len() > 3 && word.is_ascii() { stem(word) } else { word.to_owned() };
    low.split_ascii_whitespace().map(stem).collect()
}

/// Chinese and Japanese characters, and words of others between them.
pub(super) fn characters(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut inside = false;
    for c in text.to_lowercase().chars() {
        let single = is_han(c) || matches!(u32::from(c), 0x3041..=0x30ff | 0x31f0..=0x31ff);
        let Some(c) = of_token(c) else {
            inside = false;
            continue;
        };
        match found.last_mut() {
            Some(last) if !single && inside => last.push(c),
            _ => found.push(c.to_string()),
        }
        inside = !single;
    }
    found
}

fn scores(reference: &[String], candidate: &[String]) -> Rouge {
    // Numbers for tokens: what follows compares and counts numbers.
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    let mut of = Vec::with_capacity(reference.len() + candidate.len());
    for token in reference.iter().chain(candidate) {
        let next = numbers.len() as u32;
        of.push(*numbers.entry(token).or_insert(next));
    }
    let (r, c) = of.split_at(reference.len());
    Rouge { one: grams(r, c, 1), two: grams(r, c, 2), longest: Score::new(common(r, c), c.len(), r.len()) }
}

/// ROUGE-N.
fn grams(reference: &[u32], candidate: &[u32], n: usize) -> Score {
    let mut counts: HashMap<&[u32], usize> = HashMap::new();
    for gram in reference.windows(n) {
        *counts.entry(gram).or_default() += 1;
    }
    let mut shared = 0;
    for gram in candidate.windows(n) {
        if let Some(left) = counts.get_mut(gram).filter(|left| **left > 0) {
            *left -= 1;
            shared += 1;
        }
    }
    Score::new(shared, candidate.windows(n).len(), reference.windows(n).len())
}

/// Length of a longest common subsequence. Bit `i` of `row` is 0 where the length rises at `a[i]`; a token of `b` changes a
/// row by `row = (row + (row & match)) | (row & !match)`, a long addition.
fn common(a: &[u32], b: &[u32]) -> usize {
    let mut places: HashMap<u32, Vec<usize>> = HashMap::new();
    for (i, &token) in a.iter().enumerate() {
        places.entry(token).or_default().push(i);
    }
    let mut row = vec![u64::MAX; a.len().div_ceil(64)];
    let mut matches = vec![0u64; row.len()];
    for token in b {
        let Some(places) = places.get(token) else { continue };
        for &i in places {
            matches[i / 64] |= 1 << (i % 64);
        }
        let mut carry = false;
        for (bits, &here) in row.iter_mut().zip(&matches) {
            let (sum, first) = bits.overflowing_add(*bits & here);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            carry = first || second;
            *bits = sum | (*bits & !here);
        }
        for &i in places {
            matches[i / 64] = 0;
        }
    }
    (0..a.len()).filter(|i| row[i / 64] >> (i % 64) & 1 == 0).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_scores_nothing() {
        assert_eq!(rouge("", "a b", true), Rouge::default());
        assert_eq!(rouge("a b", "", true), Rouge::default());
        assert_eq!(rouge_zh("。", "，"), Rouge::default());
        assert_eq!(best_rouge([]), Rouge::default());
        // One token has no pair.
        assert_eq!(rouge("word", "word", false).two, Score::default());
        assert_eq!(rouge("word", "word", false).longest.f, 1.0);
    }

    /// versus/knowledge/golden_rouge.py wrote it.
    #[test]
    fn equal_to_the_rouge_score_package() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/data/rouge.json")).unwrap();
        let check = |found: Rouge, expected: &serde_json::Value, case: &serde_json::Value| {
            for (kind, score) in [("rouge1", found.one), ("rouge2", found.two), ("rougeL", found.longest)] {
                let expected: [f64; 3] = serde_json::from_value(expected[kind].clone()).unwrap();
                for (found, expected) in [score.precision, score.recall, score.f].into_iter().zip(expected) {
                    assert!((found - expected).abs() < 1e-15, "{kind} {found} {expected} {case}");
                }
            }
        };
        let text = |case: &serde_json::Value, name: &str| case[name].as_str().unwrap().to_owned();
        for case in golden["english"].as_array().unwrap() {
            let (reference, candidate) = (text(case, "reference"), text(case, "candidate"));
            check(rouge(&reference, &candidate, false), &case["plain"], case);
            check(rouge(&reference, &candidate, true), &case["stemmed"], case);
        }
        for case in golden["chinese"].as_array().unwrap() {
            check(rouge_zh(&text(case, "reference"), &text(case, "candidate")), &case["scores"], case);
        }
        let stems = golden["stems"].as_object().unwrap();
        assert!(stems.len() > 200);
        for (word, expected) in stems {
            assert_eq!(stem(word), expected.as_str().unwrap(), "{word}");
        }
    }

    /// rouge-score 0.1.2 has 0 for the first two and 6/7 for the third, of whose four words it drops one.
    #[test]
    fn other_scripts_count() {
        let f = |a: &str, b: &str| rouge(a, b, true).one.f;
        assert_eq!(f("Кошка спит", "кошка спит!"), 1.0);
        assert_eq!(f("고양이가 잔다", "고양이가 잔다"), 1.0);
        assert_eq!(f("The cat １２ sat", "the cat 12 sat"), 1.0);
        assert!((f("café au lait", "cafe au lait") - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(characters("用ＧＰＵ訓練きる Привет"), ["用", "gpu", "訓", "練", "き", "る", "привет"]);
    }

    #[test]
    fn mixed_text_keeps_words_whole() {
        assert_eq!(characters("用GPU训练30天。OK"), ["用", "gpu", "训", "练", "30", "天", "ok"]);
    }

    #[test]
    fn the_best_reference_is_taken_by_kind() {
        let of = |reference| rouge(reference, "a b c d", false);
        let best = best_rouge([of("d c b a"), of("a b")]);
        assert_eq!((best.one.f, best.two.recall), (1.0, 1.0));
    }

    proptest! {
        #[test]
        fn bits_count_what_the_table_counts(
            a in proptest::collection::vec(0u32..6, 0..200),
            b in proptest::collection::vec(0u32..6, 0..200),
        ) {
            let mut row = vec![0; b.len() + 1];
            for x in &a {
                let mut diagonal = 0;
                for (j, y) in b.iter().enumerate() {
                    let above = row[j + 1];
                    row[j + 1] = if x == y { diagonal + 1 } else { above.max(row[j]) };
                    diagonal = above;
                }
            }
            prop_assert_eq!(common(&a, &b), row[b.len()]);
        }
    }
}
