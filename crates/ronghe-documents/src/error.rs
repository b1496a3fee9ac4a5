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
    /// A document that is not what its name says, or beyond a limit.
    #[error("{path}: expected {expected}, found {found}; {mend}")]
    Document {
        /// The file.
        path: PathBuf,
        /// What was expected.
        expected: String,
        /// What is there.
        found: String,
        /// How to mend it.
        mend: String,
    },
    /// Reading tables.
    #[error(transparent)]
    Data(#[from] ronghe_data::Error),
}

impl Error {
    /// An error of the system at `path`.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { path, source }
    }
}
