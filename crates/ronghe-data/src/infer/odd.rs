//! Cells that are not what nearly all others of their column are.

use std::collections::BTreeMap;

/// Different words that are remembered.
const WORDS: usize = 64;

/// Words that were met, how often, and in which row first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    seen: BTreeMap<String, (u64, usize)>,
    count: u64,
    /// Whether there are more different words than are remembered.
    full: bool,
}

impl Words {
    pub(super) fn add(&mut self, word: &str, row: usize) {
        self.count += 1;
        if let Some((count, _)) = self.seen.get_mut(word) {
            *count += 1;
        } else if self.seen.len() < WORDS {
            self.seen.insert(word.chars().take(200).collect(), (1, row));
        } else {
            self.full = true;
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// All different words, if they are remembered.
    pub(super) fn all(&self) -> Option<Vec<String>> {
        (!self.full).then(|| self.seen.keys().cloned().collect())
    }

    pub(super) fn distinct(&self) -> usize {
        self.seen.len()
    }

    /// The words with their rows, the first rows first, at most `most`.
    pub(super) fn first(&self, most: usize) -> Vec<(usize, String)> {
        let mut words: Vec<(usize, String)> =
            self.seen.iter().map(|(w, (_, row))| (*row, w.clone())).collect();
        words.sort();
        words.truncate(most);
        words
    }

    /// Whether all of them are of signs without a letter or digit.
    pub(super) fn are_signs(&self) -> bool {
        self.seen.keys().all(|word| !word.contains(char::is_alphanumeric))
    }

    /// How often each word was met.
    pub(super) fn counts(&self) -> Vec<(String, u64)> {
        self.seen.iter().map(|(word, (count, _))| (word.clone(), *count)).collect()
    }
}
