//! Sentences to vectors.
//!
//! | file | encoder |
//! |---|---|
//! | `transformer` | sentence transformers: MiniLM (English) and multilingual E5 |
//! | `tfidf` | hashed word and character n-grams, weighted by rarity, into a learned table; needs no pretrained file |

mod tfidf;
mod transformer;

pub(super) use tfidf::TFIDF;
pub(super) use transformer::{E5, MINILM};
