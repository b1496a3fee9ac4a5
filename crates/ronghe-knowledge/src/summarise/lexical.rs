//! Sentences as weighed words.
//!
//! For the terms `t` of a sentence (stems, Chinese words; stop words left out), `n` sentences, `n_t` of them with `t`:
//! `x_t = (1 + ln times) ln((1 + n) / (1 + n_t) + 1)`, rows made of length 1. `O(bytes)`; terms are found by several threads, a
//! batch of sentences at a time, and numbered in the order of the text.

use super::rows::{Rows, Sparse, normalise};
use crate::terms::{Term, is_stop, terms};
use rayon::prelude::*;
use std::collections::HashMap;

/// Sentences whose terms are in memory at once.
const BATCH: usize = 1_024;

/// Bytes of the longest stop word.
const LONGEST_STOP: usize = 9;

/// Words of sentences.
pub(super) struct Lexical {
    /// A row a sentence.
    pub(super) rows: Sparse,
    /// By term: sentences that have it.
    pub(super) sentences_with: Vec<u32>,
    numbers: HashMap<String, u32>,
}

impl Lexical {
    /// Of the sentences `texts`.
    pub(super) fn new(texts: &[&str]) -> Lexical {
        let mut rows = Sparse::new();
        let mut sentences_with: Vec<u32> = Vec::new();
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut row: Vec<u32> = Vec::new();
        for batch in texts.chunks(BATCH) {
            let found: Vec<Vec<String>> = batch.par_iter().map(|text| content(text)).collect();
            for terms in found {
                row.clear();
                for term in terms {
                    let next = numbers.len() as u32;
                    row.push(*numbers.entry(term).or_insert(next));
                }
                row.sort_unstable();
                sentences_with.resize(numbers.len(), 0);
                for &term in row.chunk_by(|a, b| a == b).map(|same| &same[0]) {
                    sentences_with[term as usize] += 1;
                }
                rows.push(counted(&row));
            }
        }
        let mut lexical = Lexical { rows: Sparse::new(), sentences_with, numbers };
        rows.weigh(|term| lexical.idf(texts.len(), term));
        lexical.rows = rows;
        lexical
    }

    fn idf(&self, sentences: usize, term: u32) -> f32 {
        let with = self.sentences_with.get(term as usize).copied().unwrap_or(0);
        ((1 + sentences) as f32 / (1 + with) as f32 + 1.0).ln()
    }

    /// The vector of a query; zeros where it shares no term with the sentences.
    pub(super) fn query(&self, text: &str) -> Vec<f32> {
        let mut found: Vec<u32> =
            content(text).iter().filter_map(|term| self.numbers.get(term).copied()).collect();
        found.sort_unstable();
        let mut vector = vec![0.0; self.rows.width()];
        for (term, weight) in counted(&found) {
            vector[term as usize] = weight * self.idf(self.rows.count(), term);
        }
        normalise(&mut vector);
        vector
    }
}

/// Terms and `1 + ln times` from sorted terms.
fn counted(sorted: &[u32]) -> impl Iterator<Item = (u32, f32)> {
    sorted.chunk_by(|a, b| a == b).map(|same| (same[0], 1.0 + (same.len() as f32).ln()))
}

/// The terms that say what a text is about.
fn content(text: &str) -> Vec<String> {
    let says = |term: &Term| {
        let written = &text[term.range.clone()];
        !term.pair
            && (written.len() > LONGEST_STOP || !is_stop(&written.to_lowercase()) && !is_stop(&term.text))
    };
    terms(text).into_iter().filter(says).map(|term| term.text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_matter_is_similar_in_both_languages_and_scripts() {
        let texts =
            ["The dogs were running", "A dog that runs", "机器学习的方法", "這是機器學習", "Of the and"];
        let lexical = Lexical::new(&texts);
        let near = |i, j| lexical.rows.similarity(i, j);
        assert!(near(0, 1) > 0.99, "{}", near(0, 1));
        assert!(near(2, 3) > 0.5, "{}", near(2, 3));
        assert_eq!((near(0, 2), near(4, 4)), (0.0, 0.0));
        let query = lexical.query("running? 未知");
        assert!(lexical.rows.dot(0, &query) > 0.5 && lexical.rows.dot(2, &query) == 0.0);
        assert!(lexical.query("nothing known").iter().all(|v| *v == 0.0));
    }
}
