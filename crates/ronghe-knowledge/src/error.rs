//! What can go wrong.

use std::path::PathBuf;
use thiserror::Error;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that cannot be read or written.
    #[error("{}: {}", .path.display(), ronghe_data::plain::io(.source))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Reading documents.
    #[error(transparent)]
    Document(#[from] ronghe_documents::Error),
    /// A store that is damaged, of another version, or in use.
    #[error("store {path}: expected {expected}, found {found}; {mend}")]
    Store {
        /// Folder of the store.
        path: PathBuf,
        /// What was expected.
        expected: String,
        /// What is there.
        found: String,
        /// How to mend it.
        mend: String,
    },
    /// A setting, question or file of questions that cannot be used.
    #[error("{what}: expected {expected}, found {found}")]
    Input {
        /// What was given, with file and line where there is one.
        what: String,
        /// What was expected.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A name that does not exist.
    #[error(
        "{place}: no {what} `{name}`{}; there are: {}",
        ronghe_data::suggest::hint(name, valid),
        ronghe_data::suggest::list(name, valid)
    )]
    UnknownName {
        /// Where it was looked for.
        place: String,
        /// What it should name.
        what: &'static str,
        /// What was given.
        name: String,
        /// The names there are.
        valid: Vec<String>,
    },
    /// The server of a language model.
    #[error("{address}: expected {expected}, found {found}; {mend}")]
    Server {
        /// Its address.
        address: String,
        /// What was expected.
        expected: String,
        /// What came.
        found: String,
        /// How to mend it.
        mend: String,
    },
    /// The database of a store.
    #[error("store {path}: {source}")]
    Database {
        /// Folder of the store.
        path: PathBuf,
        /// What the database said.
        source: rusqlite::Error,
    },
    /// The text index of a store.
    #[error("store {path}: {source}")]
    TextIndex {
        /// Folder of the store.
        path: PathBuf,
        /// What the index said.
        source: tantivy::TantivyError,
    },
    /// Reading tables, pictures, sounds.
    #[error(transparent)]
    Data(#[from] ronghe_data::Error),
    /// Models and vectors.
    #[error(transparent)]
    Model(#[from] ronghe::Error),
    /// The user asked to stop.
    #[error("stopped")]
    Stopped,
}

impl Error {
    /// An error of the system at `path`.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { path, source }
    }
}
