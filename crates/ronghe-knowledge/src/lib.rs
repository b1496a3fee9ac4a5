//! Documents of many domains: index them, search, answer with citations, summarise.
//!
//! ```text
//! file -> document::read -> Document(text, blocks) -> chunk::cut -> Chunk -> Store (SQLite, BM25, vectors)
//! question -> retrieve -> Hit -> ask -> Answer, every sentence with its Citation; or a refusal
//! documents -> summarise -> Summary, every sentence with its Citation
//! Answer or Summary -> generate -> Written: a language model's sentences, as far as citations bear them
//! ```
//!
//! A sentence that is shown is a span of a document's text, byte for byte, or carries the span that it rests on. Nothing here
//! prints or reads environment variables, and only `generate` opens a connection, to the address that it is given.

pub mod ask;
pub mod chunk;
mod citation;
mod embed;
mod error;
pub mod evaluate;
mod fold;
pub mod generate;
pub mod index;
mod language;
mod numerals;
pub mod retrieve;
pub mod store;
pub mod summarise;
mod terms;
pub mod vectors;

pub use ronghe_documents as document;

pub use citation::{Citation, Span};
pub(crate) use embed::Remembered;
pub use embed::{Embed, Role};
pub use error::{Error, Result};
pub use language::{Language, language};
pub use terms::{Term, is_stop, terms};
