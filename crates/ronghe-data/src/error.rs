//! What can be wrong with data, always with its place.

use crate::{plain, suggest};
use std::path::{Path, PathBuf};

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can be wrong with a file, a table or a cell. Rows count from 1, the first row of data being row 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Reading failed.
    #[error("{}: {}", .path.display(), plain::io(.source))]
    Io {
        /// File.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// The file as a whole cannot be read.
    #[error("{}: expected {expected}, found {found}; {mend}", .path.display())]
    File {
        /// File or folder.
        path: PathBuf,
        /// What was expected.
        expected: String,
        /// What is there.
        found: String,
        /// What the user can do.
        mend: String,
    },
    /// One row cannot be read.
    #[error("{}: row {row}: expected {expected}, found {found}; {mend}", .path.display())]
    Row {
        /// File.
        path: PathBuf,
        /// Row of data, from 1.
        row: usize,
        /// What was expected.
        expected: String,
        /// What is there.
        found: String,
        /// What the user can do.
        mend: String,
    },
    /// One cell cannot be read.
    #[error("{}: row {row}, column `{column}`: expected {expected}, found {found}; {mend}", .path.display())]
    Cell {
        /// File.
        path: PathBuf,
        /// Row of data, from 1.
        row: usize,
        /// Column name.
        column: String,
        /// What was expected.
        expected: String,
        /// What is there.
        found: String,
        /// What the user can do.
        mend: String,
    },
    /// A column was asked for that the table does not have.
    #[error(
        "{}: no column `{column}`{}; the columns are {}",
        .path.display(),
        suggest::hint(.column, .valid),
        suggest::list(.column, .valid)
    )]
    UnknownColumn {
        /// File.
        path: PathBuf,
        /// Name asked for.
        column: String,
        /// Names there are.
        valid: Vec<String>,
    },
    /// A limit was passed.
    #[error("{}: {what} is {found}, above the limit of {limit}; {mend}", .path.display())]
    Limit {
        /// File.
        path: PathBuf,
        /// What is too large.
        what: String,
        /// Its size.
        found: String,
        /// The limit.
        limit: String,
        /// What the user can do.
        mend: String,
    },
}

impl Error {
    /// Reading or writing `path` failed.
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Error {
        Error::Io { path: path.to_owned(), source }
    }

    /// The file as a whole cannot be read.
    pub(crate) fn file(
        path: &Path,
        expected: impl Into<String>,
        found: impl Into<String>,
        mend: impl Into<String>,
    ) -> Error {
        Error::File {
            path: path.to_owned(),
            expected: expected.into(),
            found: found.into(),
            mend: mend.into(),
        }
    }

    /// Whether only one row is bad, so that reading can go on after it.
    pub(crate) fn is_row(&self) -> bool {
        matches!(self, Error::Row { .. } | Error::Cell { .. })
    }
}
