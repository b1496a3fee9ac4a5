//! Sentences to vectors.
//!
//! | file | encoder |
//! |---|---|
//! | `tfidf` | hashed word and character n-grams, weighted by rarity, into a learned table; needs no pretrained file |

mod tfidf;

pub(super) use tfidf::TFIDF;
