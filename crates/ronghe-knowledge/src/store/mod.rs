//! Where documents, chunks, their terms and their vectors are kept.
//!
//! ```text
//! Changes -> apply -> vector segment (new file) -> text index (commit) -> database (transaction): only now are they there
//! ```
//!
//! The database is the truth: what stands in the other two without being in the database is not there. Numbers of documents and
//! chunks are given once and never again, so that what an interrupted write left behind cannot be taken for something else.
//! One program writes at a time, any number read.
//!
//! | file | what |
//! |---|---|
//! | `folder` | [`FolderStore`]: a store in one folder, read |
//! | `writer` | [`FolderWriter`]: the same, written; the text index made anew, space given back |
//! | `health` | [`check`]: whether every byte is as it was written |
//! | `repair` | [`repair`]: what can be read of a damaged database in a new one |
//! | `database`, `tables`, `rows` | documents, chunks, failures, settings (SQLite), a checksum in every row |
//! | `text_index`, `sealed` | BM25 (tantivy), its files with checksums |
//! | `segment` | vectors: immutable files with a checksum, scanned in 8 bits, scored again in 32 |
//! | `directory` | who belongs to which document, what a filter lets through, in memory |

mod database;
mod directory;
mod folder;
mod health;
mod repair;
mod rows;
mod sealed;
mod segment;
mod tables;
mod text_index;
mod writer;

pub use folder::FolderStore;
pub use health::{Health, check};
pub use repair::repair;
pub use writer::{FolderWriter, Repair};

use crate::chunk::Chunk;
use crate::document::Document;
use crate::{Language, Result};
use serde::{Deserialize, Serialize};

/// Number of a document, never given twice.
pub type DocumentId = u64;
/// Number of a chunk, never given twice; later chunks of a document have larger ones.
pub type ChunkId = u64;

/// What can be searched.
pub trait Store: Send + Sync {
    /// The network whose vectors it holds; none for a store without vectors.
    fn network(&self) -> Option<&str>;

    /// A document.
    fn document(&self, id: DocumentId) -> Result<Option<StoredDocument>>;

    /// Chunks, those that exist, in the order asked for.
    fn chunks(&self, ids: &[ChunkId]) -> Result<Vec<StoredChunk>>;

    /// Every document that passes the filter.
    fn documents(&self, filter: &Filter) -> Result<Vec<DocumentId>>;

    /// Chunks of a document, in order.
    fn chunks_of(&self, id: DocumentId) -> Result<Vec<ChunkId>>;

    /// The chunks with the best BM25 scores for some terms, best first.
    fn lexical(&self, terms: &[String], filter: &Filter, most: usize) -> Result<Vec<(ChunkId, f32)>>;

    /// The chunks whose vectors have the largest dot products with `query`, best first.
    fn dense(&self, query: &[f32], filter: &Filter, most: usize) -> Result<Vec<(ChunkId, f32)>>;

    /// In how many chunks a term stands, and how many there are.
    fn frequency(&self, term: &str) -> Result<(u64, u64)>;

    /// The vectors of chunks, one after another; zeros for a chunk without one.
    fn vectors(&self, ids: &[ChunkId]) -> Result<Vec<f32>>;

    /// How much there is.
    fn stats(&self) -> Result<Stats>;

    /// A value that was kept under a name.
    fn setting(&self, name: &str) -> Result<Option<String>>;
}

/// Which documents to search.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Domains; any, if empty.
    pub domains: Vec<String>,
    /// Beginnings of paths; any, if empty.
    pub paths: Vec<String>,
    /// Languages of chunks; any, if empty.
    pub languages: Vec<Language>,
    /// Not before this day, `YYYY-MM-DD`. A document without a date does not pass.
    pub since: Option<String>,
    /// Not after this day.
    pub until: Option<String>,
    /// Not these documents.
    pub without: Vec<DocumentId>,
}

impl Filter {
    /// Whether everything passes.
    pub fn is_open(&self) -> bool {
        *self == Filter::default()
    }
}

/// A file as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileState {
    /// Its absolute path, without links, with `/` between names.
    pub path: String,
    /// Domain of its documents.
    pub domain: String,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub hash: String,
    /// Bytes.
    pub bytes: u64,
    /// Nanoseconds since 1970 of its last change.
    pub modified: i64,
}

/// A document to be stored, with its chunks and their vectors (`[chunks, width]`; empty in a store without vectors).
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The document.
    pub document: Document,
    /// Its chunks.
    pub chunks: Vec<Chunk>,
    /// Their vectors.
    pub vectors: Vec<f32>,
}

/// What becomes of a file.
#[derive(Debug)]
pub enum Change {
    /// Its documents are these, whatever they were.
    Put(FileState, Vec<Prepared>),
    /// It cannot be read, and says why. What was known of it goes.
    Failed(FileState, String),
    /// It is the same under another path.
    Moved {
        /// The path it had.
        from: String,
        /// What it is now.
        to: FileState,
    },
    /// It is gone.
    Removed(String),
}

/// A stored document.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredDocument {
    /// Its number.
    pub id: DocumentId,
    /// Path of its file.
    pub path: String,
    /// Its domain.
    pub domain: String,
    /// The document.
    pub document: Document,
}

/// A stored chunk.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredChunk {
    /// Its number.
    pub id: ChunkId,
    /// Its document.
    pub document: DocumentId,
    /// The chunk.
    pub chunk: Chunk,
    /// Its text: the document's bytes there.
    pub text: String,
}

/// How much a store holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Files read.
    pub files: u64,
    /// Documents.
    pub documents: u64,
    /// Documents ever written, those replaced or gone counted.
    pub written: u64,
    /// Chunks.
    pub chunks: u64,
    /// Vectors.
    pub vectors: u64,
    /// Bytes of documents' texts.
    pub text_bytes: u64,
    /// Documents of each domain.
    pub domains: Vec<(String, u64)>,
    /// Chunks of each language.
    pub languages: Vec<(String, u64)>,
    /// Files that could not be read, and why.
    pub failures: Vec<(String, String)>,
}
