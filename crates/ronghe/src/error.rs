//! What can go wrong between a table and a prediction.

use ronghe_data::{plain, suggest};
use std::path::PathBuf;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong between a table and a prediction.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data cannot be read.
    #[error(transparent)]
    Data(#[from] ronghe_data::Error),
    /// The network or a weight file is wrong.
    #[error(transparent)]
    Graph(ronghe_graph::Error),
    /// A setting is wrong. `place` names the file and line where they are known.
    #[error("{place}: `{setting}`: expected {expected}, found {found}")]
    Setting {
        /// File and line, or the option.
        place: String,
        /// Dotted key.
        setting: String,
        /// What it takes.
        expected: String,
        /// What was given.
        found: String,
    },
    /// A name is not in a table of names.
    #[error(
        "{place}: no {what} called `{name}`{}; there are {}",
        suggest::hint(.name, .valid),
        suggest::list(.name, .valid)
    )]
    UnknownName {
        /// File and line, or the option.
        place: String,
        /// Kind of thing.
        what: &'static str,
        /// Name asked for.
        name: String,
        /// Names there are.
        valid: Vec<String>,
    },
    /// The target column cannot be learned from.
    #[error("{}: target `{column}`: expected {expected}, found {found}; {mend}", .path.display())]
    Target {
        /// Table.
        path: PathBuf,
        /// Target column.
        column: String,
        /// What was expected.
        expected: String,
        /// What is there.
        found: String,
        /// What the user can do.
        mend: String,
    },
    /// A table has none of the columns that a model reads.
    #[error(
        "{}: the model reads {}, and the table has none of them; its columns are {}{}; rename them, or predict without any \
         by --allow-missing",
        .path.display(),
        suggest::list("", .wanted),
        suggest::list("", .found),
        near_names(.near)
    )]
    NoInputs {
        /// Table.
        path: PathBuf,
        /// Columns that the model reads.
        wanted: Vec<String>,
        /// Columns of the table.
        found: Vec<String>,
        /// Of a column that the model reads, one that may be meant.
        near: Vec<(String, String)>,
    },
    /// A cell cannot be used by an encoder.
    #[error("{}: row {row}, column `{column}`: expected {expected}, found {found}; {mend}", .path.display())]
    Cell {
        /// Table.
        path: PathBuf,
        /// Row of data, from 1.
        row: usize,
        /// Column.
        column: String,
        /// What was expected.
        expected: String,
        /// What is there.
        found: String,
        /// What the user can do.
        mend: String,
    },
    /// Cells of pictures or sound cannot be read.
    #[error("{first} ({count} such rows in {}; leave them out with --skip-bad-rows)", .path.display())]
    BadCells {
        /// Table.
        path: PathBuf,
        /// Row of data, from 1, of the first one.
        row: usize,
        /// How many rows.
        count: usize,
        /// What is wrong with the first one.
        first: String,
    },
    /// A pretrained weight file is needed and not there.
    #[error("encoder `{encoder}` needs the weights `{weights}`: {mend}")]
    WeightsNeeded {
        /// Encoder.
        encoder: String,
        /// Catalogue name.
        weights: String,
        /// What the user can do.
        mend: String,
    },
    /// Weights or a data set are not in the cache.
    #[error("`{name}` is not in {}: run `ronghe pull {name}`, or `ronghe pull {name} --from FILE` if you have it", .cache.display())]
    NotPulled {
        /// Catalogue name.
        name: String,
        /// Cache folder.
        cache: PathBuf,
    },
    /// The cache folder cannot be written to, or its disk is full.
    #[error(
        "{}: {}; `{name}` needs {} there: free them, or name another folder with --cache or RONGHE_CACHE",
        .cache.display(),
        plain::io(.source),
        .bytes.map_or("more bytes than there are".into(), |bytes| format!("up to {bytes} bytes"))
    )]
    CacheFull {
        /// What was to be pulled.
        name: String,
        /// Cache folder.
        cache: PathBuf,
        /// What it takes, where that is known.
        bytes: Option<u64>,
        /// Cause.
        source: std::io::Error,
    },
    /// The client of a package registry is not installed.
    #[error("{client} is needed and `{}` cannot be run: {mend}", .program.display())]
    ClientMissing {
        /// Program that was tried.
        program: PathBuf,
        /// What it is.
        client: &'static str,
        /// What the user can do.
        mend: String,
    },
    /// The client of a package registry did not bring the package.
    #[error("{client} could not fetch {package}: {found}; {mend}")]
    Fetch {
        /// Package and version.
        package: String,
        /// Client.
        client: &'static str,
        /// How it ended, and its last lines.
        found: String,
        /// What the user can do.
        mend: String,
    },
    /// A file is another one than is meant.
    #[error("{}: expected sha256 {expected}, found {found}; {mend}", .path.display())]
    Checksum {
        /// File or folder.
        path: PathBuf,
        /// Hash it should have.
        expected: String,
        /// Hash it has.
        found: String,
        /// What the user can do.
        mend: String,
    },
    /// A saved model, a checkpoint or an archive is damaged, too new or incomplete.
    #[error("{}: expected {expected}, found {found}; {mend}", .path.display())]
    Artifact {
        /// File or folder.
        path: PathBuf,
        /// What was expected.
        expected: String,
        /// What is there.
        found: String,
        /// What the user can do.
        mend: String,
    },
    /// Reading or writing failed.
    #[error("{}: {}", .path.display(), plain::io(.source))]
    Io {
        /// File.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// A training left the finite numbers: it would never come back.
    #[error(
        "training stopped at step {step}, in epoch {epoch}: the {what} is not a finite number; the first that is not is in {place}; \
         {mend}"
    )]
    Diverged {
        /// Steps taken, the failed one included.
        step: usize,
        /// Epoch, from 1.
        epoch: usize,
        /// The loss, the gradient, a weight or a prediction.
        what: String,
        /// Where it began.
        place: String,
        /// What the user can do.
        mend: String,
    },
    /// A prediction cannot be explained.
    #[error("{what}: expected {expected}, found {found}; {mend}")]
    Explain {
        /// What is wrong.
        what: String,
        /// What was expected.
        expected: String,
        /// What is there.
        found: String,
        /// What the user can do.
        mend: String,
    },
    /// An explainer does not take such a game.
    #[error("explainer `{explainer}`: expected {expected}, found {found}; {mend}")]
    Unsuited {
        /// Its name.
        explainer: &'static str,
        /// The games it takes.
        expected: String,
        /// What this one is.
        found: String,
        /// What to take in its place.
        mend: String,
    },
    /// A model in another program does not answer as it should.
    #[error("model `{command}`: expected {expected}, found {found}")]
    External {
        /// What was started.
        command: String,
        /// What was expected of it.
        expected: String,
        /// What it did.
        found: String,
    },
    /// The caller asked to stop; everything acknowledged is on disk.
    #[error("stopped on request")]
    Stopped,
}

fn near_names(near: &[(String, String)]) -> String {
    let hints: Vec<String> =
        near.iter().map(|(wanted, found)| format!(" (did you mean `{found}` for `{wanted}`?)")).collect();
    hints.concat()
}

impl From<ronghe_graph::Error> for Error {
    fn from(error: ronghe_graph::Error) -> Error {
        match error {
            // One way to say that a file cannot be read.
            ronghe_graph::Error::Io { path, source } => Error::Io { path: path.into(), source },
            other => Error::Graph(other),
        }
    }
}
