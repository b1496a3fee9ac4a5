//! Sentences to vectors.
//!
//! | file | encoder |
//! |---|---|
//! | `transformer` | sentence transformers: MiniLM (English), multilingual E5, and a BERT of one's own |
//! | `tfidf` | hashed word and character n-grams, weighted by rarity, into a learned table; needs no pretrained file |
//!
//! `token_dropout` leaves out tokens of training texts at random.

mod tfidf;
mod token_dropout;
mod transformer;

pub(super) use tfidf::TFIDF;
pub(super) use transformer::{E5, MINILM, PRETRAINED};
