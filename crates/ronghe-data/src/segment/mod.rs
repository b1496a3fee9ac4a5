//! Text into words, sentences and n-grams, Chinese and English alike.
//!
//! | file | what |
//! |---|---|
//! | `script` | what a character is: Han, letter, digit, mark; width folding |
//! | `words` | [`tokens`], [`words`]: English by letters, Chinese by dictionary |
//! | `sentences` | [`sentences`], [`sentence_ranges`] |
//! | `pairs` | quotations, titles and brackets, which hold sentences together |
//! | `points` | a point: the end of a sentence or of an abbreviation |
//! | `lines` | line breaks and the items of lists |
//! | `ngrams` | [`features`]: word n-grams, character n-grams, Chinese bigrams |
//!
//! Everything is a pure function of the text. The Chinese dictionary is loaded when the first Chinese character is met and
//! not before.

mod lines;
mod ngrams;
mod pairs;
mod points;
mod script;
mod sentences;
#[cfg(test)]
mod sentences_tests;
mod words;

pub use ngrams::{NgramConfig, NgramKind, features, ngram_hash};
pub use script::is_han;
pub use sentences::{sentence_ranges, sentences};
pub use words::{Token, tokens, words};
