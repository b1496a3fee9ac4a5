//! Files to tables.
//!
//! [`open`] finds the format and gives a [`Reader`] of batches; [`read`] gives the whole table. [`FORMATS`] is the
//! table of formats: `csv`, `jsonl` and `workbook` (rows of text cells, `cells`); `parquet_file`, `ipc` (Arrow),
//! `numpy` and `webdataset` (record batches with types, `batches` and `typed`); `shards` (a folder of tables as one);
//! `folder` (classes as folders of files), `idx` (MNIST) and `cifar` (`pickle` and `tar` parse what it is shipped in).
//! `packed`, `zipped` and `stdin` are ways in which files come, `bytes` undoes them and character encodings, `arrow`
//! makes the columns of typed files ours. `foreign` names formats that are not read.

mod ahead;
mod arrow;
mod batches;
mod block;
mod bytes;
mod cells;
mod cifar;
mod csv;
mod folder;
mod foreign;
mod idx;
mod idx_labels;
mod idx_sets;
mod ipc;
mod joined;
mod jsonl;
mod labelled;
mod layout;
mod look;
mod memory;
mod numpy;
mod options;
mod packed;
mod parquet_file;
mod parts;
mod pickle;
mod renamed;
mod rows;
mod shards;
mod stdin;
mod tar;
mod typed;
mod warned;
mod webdataset;
mod workbook;
mod zipped;

pub use options::{Limits, ReadOptions};
pub use renamed::renamed;

pub(crate) use cells::Source;
pub(crate) use parts::{PART_NAMES, Parts, part};
pub use stdin::forget_stdin;

use crate::media::file_kind;
use crate::{Error, Kind, Result, Schema, Table};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Batches of rows from a file.
pub trait Reader: Send {
    /// Names and kinds of the columns.
    fn schema(&self) -> &Schema;

    /// Number of rows in the file, with those that will be skipped; `None` if not known.
    fn rows(&self) -> Option<usize>;

    /// The next rows; `None` at the end.
    fn next_batch(&mut self) -> Result<Option<Table>>;

    /// Bad rows left out so far.
    fn skipped(&self) -> &Skipped;

    /// What was noticed while the kinds of the columns were found.
    fn warnings(&self) -> &[Warning] {
        &[]
    }
}

/// Bad rows that were left out because [`ReadOptions::skip_bad_rows`] is set.
#[derive(Debug, Default)]
pub struct Skipped {
    /// How many.
    pub rows: usize,
    /// What was wrong with the first of them, at most 20.
    pub first: Vec<Error>,
}

impl Skipped {
    pub(crate) fn add(&mut self, error: Error) {
        self.rows += 1;
        if self.first.len() < 20 {
            self.first.push(error);
        }
    }
}

/// What a reader noticed about a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "warning", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Warning {
    /// Dates are written in more than one way.
    MixedDates {
        /// Column.
        column: String,
        /// An example of each form.
        forms: Vec<String>,
    },
    /// Nothing shows whether the day or the month comes first; the month was taken first.
    AmbiguousDates {
        /// Column.
        column: String,
    },
    /// Nearly all cells are numbers (or dates), a few are something else.
    OddCells {
        /// Column.
        column: String,
        /// What nearly all cells are.
        kind: Kind,
        /// Whether the column was taken for that, and the odd cells for missing.
        taken: bool,
        /// Odd cells.
        cells: u64,
        /// Cells that are not missing.
        of: u64,
        /// The first of them with their rows, at most five.
        first: Vec<(usize, String)>,
    },
    /// A category has a name of its own in nearly every row.
    ManyNames {
        /// Column.
        column: String,
        /// Different names.
        names: usize,
        /// Rows with a name.
        rows: u64,
    },
    /// Words in a target that were taken as missing and may be names.
    MissingWords {
        /// Column.
        column: String,
        /// The words and how many rows have them.
        words: Vec<(String, u64)>,
    },
    /// A column of a type that is not learned from was left out.
    LeftOut {
        /// Column.
        column: String,
        /// What it holds.
        holds: String,
    },
    /// The first line looks like data, not like names.
    HeaderOfNumbers {
        /// What stands there.
        names: Vec<String>,
    },
    /// A quoted cell holds several lines that look like rows of their own.
    SwallowedLines {
        /// Row that the cell is in.
        row: usize,
        /// Lines in it.
        lines: usize,
    },
    /// A column names files of pictures or sounds that are not there, or addresses of such files.
    MediaElsewhere {
        /// Column.
        column: String,
        /// Picture or sound.
        kind: Kind,
        /// Whether the cells are addresses of another machine.
        addresses: bool,
    },
    /// Something in the file is not part of the table.
    PassedOver {
        /// What, in words.
        what: String,
    },
    /// A folder is named like a part of a split but was read as a class, as the folders beside it are.
    ClassNamedLikePart {
        /// The folder.
        class: String,
        /// The folders beside it.
        others: Vec<String>,
    },
}

/// A format of files.
#[derive(Debug)]
pub struct Format {
    /// Name, for [`ReadOptions::format`].
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Endings of its files, without the point; endings of packed files may follow them.
    pub extensions: &'static [&'static str],
    /// Whether the path, a file that begins with these bytes or a folder (no bytes), is of this format.
    sniff: fn(&Path, &[u8]) -> bool,
    open: fn(&Path, &ReadOptions) -> Result<Box<dyn Reader>>,
}

/// Every format. Content is asked first, in this order, then the file's ending.
pub static FORMATS: &[Format] = &[
    Format {
        name: "parquet",
        about: "Apache Parquet",
        extensions: &["parquet", "pq"],
        sniff: |_, head| head.starts_with(b"PAR1"),
        open: parquet_file::open,
    },
    Format {
        name: "arrow",
        about: "Arrow IPC files and streams, Feather of version 2",
        extensions: &["arrow", "arrows", "feather", "ipc"],
        sniff: ipc::sniff,
        open: ipc::open,
    },
    Format {
        name: "numpy",
        about: "NumPy's .npz and .npy: pictures and labels, columns of numbers",
        extensions: &["npz", "npy"],
        sniff: numpy::sniff,
        open: numpy::open,
    },
    Format {
        name: "workbook",
        about: "a sheet of a workbook: .xlsx, .xlsm, .xlsb, .xls, .ods",
        extensions: &["xlsx", "xlsm", "xlsb", "xls", "ods"],
        sniff: workbook::sniff,
        open: workbook::open,
    },
    Format {
        name: "idx",
        about: "MNIST's IDX: a folder or one of a pair of image and label files, plain or .gz",
        extensions: &["idx", "ubyte", "idx3-ubyte", "idx1-ubyte"],
        sniff: idx::sniff,
        open: idx::open,
    },
    Format {
        name: "cifar",
        about: "CIFAR-10 and CIFAR-100: a folder or .tar.gz of binary or Python batches",
        extensions: &["tar", "tgz"],
        sniff: cifar::sniff,
        open: cifar::open,
    },
    Format {
        name: "webdataset",
        about: "WebDataset: a .tar or .tar.gz of samples (000.jpg, 000.cls, 000.json), or a folder of such",
        extensions: &["tar", "tar.gz", "tgz"],
        sniff: webdataset::sniff,
        open: webdataset::open,
    },
    Format {
        name: "shards",
        about: "a folder of Parquet, Arrow, CSV or JSON Lines files that are parts of one table",
        extensions: &[],
        sniff: shards::sniff,
        open: shards::open,
    },
    Format {
        name: "folder",
        about: "a folder of pictures or sounds, one folder a class, or with a metadata.csv",
        extensions: &[],
        sniff: |path, _| path.is_dir(),
        open: folder::open,
    },
    Format {
        name: "jsonl",
        about: "JSON Lines, or one JSON array of objects",
        extensions: &["jsonl", "ndjson", "json"],
        sniff: |_, _| false,
        open: jsonl::open,
    },
    Format {
        name: "csv",
        about: "CSV or TSV, separated by comma, semicolon, tab or |, plain or as .gz, .bz2, .xz, .zst or .zip",
        extensions: &["csv", "tsv", "txt", "tab", "data"],
        sniff: |_, _| false,
        open: csv::open,
    },
];

/// Opens a file or folder, finding the kind of each column. `-` is standard input, which is kept in a temporary file
/// until [`forget_stdin`].
pub fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn Reader>> {
    let path = &stdin::file(path)?;
    (format_of(path, options)?.open)(path, options)
}

/// Reads a whole file or folder into memory.
pub fn read(path: &Path, options: &ReadOptions) -> Result<Table> {
    collect(open(path, options)?.as_mut(), path)
}

/// All batches of `reader` as one table.
pub fn collect(reader: &mut dyn Reader, path: &Path) -> Result<Table> {
    let Some(first) = reader.next_batch()? else {
        let first = reader.skipped().first.first().map_or("none".into(), |e| format!("none; first: {e}"));
        return Err(Error::file(path, "at least one good row", first, "mend the rows"));
    };
    let rest = std::iter::from_fn(|| reader.next_batch().transpose());
    // Among the threads that do the work, so that this one need not be woken for each batch.
    rayon::scope(|_| Table::join(std::iter::once(Ok(first)).chain(rest)))
}

fn format_of(path: &Path, options: &ReadOptions) -> Result<&'static Format> {
    let names = || FORMATS.iter().map(|f| f.name).collect::<Vec<_>>().join(", ");
    if let Some(name) = &options.format {
        return FORMATS.iter().find(|f| f.name == name).ok_or_else(|| {
            Error::file(
                path,
                "a known format",
                format!("`{name}`"),
                format!("save it in one of the formats that are read: {}", names()),
            )
        });
    }
    let head = if path.is_dir() { Vec::new() } else { bytes::head(path, 512)? };
    if let Some(format) = FORMATS.iter().find(|f| (f.sniff)(path, &head)) {
        return Ok(format);
    }
    foreign::refuse(path)?;
    let name = zipped::content_name(path, &head)?;
    let ending = |f: &&Format| f.extensions.iter().any(|e| name.ends_with(&format!(".{e}")));
    if let Some(format) = FORMATS.iter().find(ending) {
        return Ok(format);
    }
    // Standard input has no name.
    if stdin::is_spooled(path) {
        let first = head.iter().find(|b| !b.is_ascii_whitespace());
        let text = if matches!(first, Some(b'{' | b'[')) { "jsonl" } else { "csv" };
        if let Some(format) = FORMATS.iter().find(|f| f.name == text) {
            return Ok(format);
        }
    }
    if let Some(kind) = file_kind(&name) {
        return Err(Error::file(
            path,
            "a table, or a folder of pictures or sounds",
            format!("one file of kind {kind}"),
            "give the folder that it is in, or a table that names it",
        ));
    }
    let endings: Vec<&str> = FORMATS.iter().flat_map(|f| f.extensions).copied().collect();
    Err(Error::file(
        path,
        "a file of a known format",
        format!("the name `{name}`"),
        format!("give the file the ending of what it is: .{}", endings.join(", .")),
    ))
}
