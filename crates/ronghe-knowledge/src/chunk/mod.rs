//! Documents to chunks: passages of a few hundred tokens, the unit of search.
//!
//! A chunk is a run of whole sentences of one section, of [`Options::tokens`] tokens at most (a longer sentence is cut at
//! words), and begins with the last sentences of the one before (about an eighth of it). What is searched is its heading
//! path and its text; what is cited is its text alone.

mod cut;

pub use cut::cut;
pub(crate) use cut::hash;

use crate::document::Place;
use crate::{Language, Span};
use ronghe_data::segment::is_han;
use serde::{Deserialize, Serialize};

/// How to cut.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Most tokens of a chunk.
    pub tokens: usize,
    /// Share of a chunk that repeats the end of the one before.
    pub overlap: f64,
}

impl Default for Options {
    fn default() -> Options {
        Options { tokens: 320, overlap: 0.125 }
    }
}

/// A passage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    /// Its bytes in the document's text.
    pub span: Span,
    /// Headings above it, outermost first; the title of the document before them.
    pub headings: Vec<String>,
    /// Where it begins.
    pub place: Place,
    /// Its language.
    pub language: Language,
    /// SHA-256 of heading path and text, in hexadecimal digits.
    pub hash: String,
}

impl Chunk {
    /// What is searched: the heading path in a line of its own, and the text.
    pub fn searched(&self, document: &str) -> String {
        self.with_headings(&document[std::ops::Range::from(&self.span)])
    }

    /// The same from the chunk's own text.
    pub fn with_headings(&self, text: &str) -> String {
        if self.headings.is_empty() {
            text.to_owned()
        } else {
            format!("{}\n{text}", self.headings.join(" > "))
        }
    }
}

/// How many tokens a text is about: one for each Chinese character, 1.3 for each other word, half for each mark. Of a word or
/// a run of blanks that goes on and on, every 40 characters count.
pub fn tokens(text: &str) -> f64 {
    let mut count = Count::default();
    text.chars().for_each(|c| count.add(c));
    count.sum
}

/// Longest run of letters or blanks that counts as one.
const RUN: u32 = 40;

/// Counts tokens, a character at a time.
#[derive(Default)]
struct Count {
    sum: f64,
    /// Letters, or blanks, before this place.
    letters: u32,
    blanks: u32,
}

impl Count {
    fn add(&mut self, c: char) {
        let letter = c.is_alphanumeric() && !is_han(c);
        let blank = c.is_whitespace();
        self.sum += match c {
            c if is_han(c) => 1.0,
            _ if letter => f64::from(u8::from(self.letters.is_multiple_of(RUN))) * 1.3,
            _ if blank => f64::from(u8::from(self.blanks % RUN == RUN - 1)) * 0.5,
            _ => 0.5,
        };
        self.letters = if letter { self.letters.wrapping_add(1) } else { 0 };
        self.blanks = if blank { self.blanks.wrapping_add(1) } else { 0 };
    }
}
