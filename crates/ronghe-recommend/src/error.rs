//! What can go wrong.

use thiserror::Error;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A table that cannot be read.
    #[error(transparent)]
    Data(#[from] ronghe_data::Error),
    /// A network that cannot be computed.
    #[error(transparent)]
    Graph(#[from] ronghe_graph::Error),
    /// A file that cannot be read or written.
    #[error("{}: {}", .path.display(), ronghe_data::plain::io(.source))]
    Io {
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Events, settings or a request that cannot be used.
    #[error("{what}: expected {expected}, found {found}; {help}")]
    Input {
        /// What was given.
        what: String,
        /// What was expected.
        expected: String,
        /// What is there.
        found: String,
        /// How to mend it.
        help: String,
    },
    /// A name that does not exist.
    #[error(
        "no {what} `{name}`{}; there are: {}",
        ronghe_data::suggest::hint(name, valid),
        ronghe_data::suggest::list(name, valid)
    )]
    Unknown {
        /// Of what kind.
        what: &'static str,
        /// The name given.
        name: String,
        /// All names.
        valid: Vec<String>,
    },
    /// An encoder of the caller that failed.
    #[error("the encoder `{name}`: {source}")]
    Encoder {
        /// Its name.
        name: String,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The caller asked to stop.
    #[error("stopped")]
    Stopped,
}

impl Error {
    pub(crate) fn io(path: &std::path::Path, source: std::io::Error) -> Error {
        Error::Io { path: path.to_owned(), source }
    }

    pub(crate) fn input(
        what: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
        help: impl Into<String>,
    ) -> Error {
        Error::Input { what: what.into(), expected: expected.into(), found: found.into(), help: help.into() }
    }
}
