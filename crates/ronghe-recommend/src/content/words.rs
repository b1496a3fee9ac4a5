//! Texts by their words.
//!
//! `x_w = ln((1 + N) / (1 + n_w))` for each different word w of a text, N texts of which n_w have the word; then the row is brought to
//! length 1. Words are those of [`ronghe_data::segment`], Chinese and English, English ones without the `s` of plurals and owners. A word of a single text says nothing of another text,
//! one of more than half of them little: both are left out, and of the rest the 2,000 that most texts have are kept.

use super::unit;
use crate::Features;
use ronghe_data::segment;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Words that are kept, at most.
const MOST: usize = 2_000;

/// Words with their weights, in the order of their characters.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Words {
    words: Vec<String>,
    weights: Vec<f32>,
}

impl Words {
    /// The words of these texts that tell them apart.
    pub fn of(texts: &[String]) -> Words {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for text in texts {
            different(text).into_iter().for_each(|word| *counts.entry(word).or_default() += 1);
        }
        let there = texts.iter().filter(|t| !t.is_empty()).count();
        // Of few texts every word of two is kept.
        let common = (there / 2).max(2);
        let mut kept: Vec<(String, usize)> =
            counts.into_iter().filter(|(_, n)| *n > 1 && *n <= common).collect();
        kept.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        kept.truncate(MOST);
        kept.sort();
        let weight = |n: usize| (((1 + there) as f64) / ((1 + n) as f64)).ln() as f32;
        Words {
            weights: kept.iter().map(|(_, n)| weight(*n)).collect(),
            words: kept.into_iter().map(|(word, _)| word).collect(),
        }
    }

    /// The words, in order.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The row of a text, of length 1; zeros if it has none of the words.
    pub fn vector(&self, text: &str) -> Vec<f32> {
        let mut row = vec![0.0; self.words.len()];
        for word in different(text) {
            if let Ok(place) = self.words.binary_search(&word) {
                row[place] = self.weights[place];
            }
        }
        unit(row, self.words.len())
    }

    pub(super) fn features(&self, texts: &[String]) -> Features {
        Features {
            width: self.words.len(),
            values: texts.iter().flat_map(|text| self.vector(text)).collect(),
            names: self.words.clone(),
        }
    }
}

fn different(text: &str) -> BTreeSet<String> {
    segment::words(text).into_iter().map(|word| stem(&word).to_owned()).collect()
}

/// Without the `s` of plurals and owners: `films`, `film's`, `children's`.
fn stem(word: &str) -> &str {
    let bare = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
    let plural = bare.len() > 3 && bare.is_ascii() && !bare.ends_with("ss") && !bare.ends_with("us");
    bare.strip_suffix('s').filter(|_| plural).unwrap_or(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_both_languages_are_weighted_by_how_rare_they_are() {
        let texts: Vec<String> = ["一部 战争 电影 war", "战争 与 和平 war", "爱情 电影", "爱情 war"]
            .iter()
            .map(|t| (*t).to_owned())
            .collect();
        let words = Words::of(&texts);
        // `war` is in three of four.
        assert_eq!(words.words(), ["战争", "爱情", "电影"]);
        let row = words.vector("战争电影，战争");
        assert!((row[0] - 0.5_f32.sqrt()).abs() < 1e-6 && row[1] == 0.0 && row[0] == row[2]);
        assert_eq!(words.vector("love"), [0.0; 3]);
        assert_eq!(
            ["films", "children's", "glass", "bus", "war"].map(stem),
            ["film", "children", "glass", "bus", "war"]
        );
        assert_eq!(Words::of(&[]).vector("x"), [0.0; 0]);
    }
}
