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

pub use renamed::renamed;

pub(crate) use cells::Source;
pub(crate) use parts::{PART_NAMES, Parts, part};
pub use stdin::forget_stdin;

use crate::infer::{Found, Guess, names_rows};
use crate::media::file_kind;
use crate::{ColumnSchema, DateOrder, Error, Kind, Notation, Result, Schema, Table, value};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

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

/// Bounds on what a file may ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Columns of a table.
    pub columns: usize,
    /// Bytes of one row of text.
    pub row_bytes: usize,
    /// Files in a folder.
    pub files: usize,
    /// Bytes of a part that must be in memory as a whole (one CIFAR batch, one label file).
    pub part_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { columns: 20_000, row_bytes: 64 << 20, files: 10_000_000, part_bytes: 1 << 30 }
    }
}

/// How to read a file. The default reads every format as it is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadOptions {
    /// Name of the format ([`FORMATS`]); found from name and content by default.
    pub format: Option<String>,
    /// Kinds of columns that are not to be inferred.
    pub kinds: BTreeMap<String, Kind>,
    /// What columns of these names were found to be in another table, such as that of training; nothing is inferred for
    /// them. `kinds` and `notation` go before.
    pub like: BTreeMap<String, ColumnSchema>,
    /// How the cells of columns are written, where that is not to be inferred.
    pub notation: BTreeMap<String, Notation>,
    /// Order of day and month where dates leave it open, for all columns.
    pub date_order: Option<DateOrder>,
    /// Columns of labels: one that two words or 0 and 1 would make boolean is a category, so that its labels stay as
    /// they are written.
    pub labels: BTreeSet<String>,
    /// Only these columns, in this order.
    pub only: Option<Vec<String>>,
    /// Only those of these columns that there are; all where there is none of them.
    pub among: Option<BTreeSet<String>>,
    /// With `among`: also columns whose name says that they name the row (`id`, `编号` ...), as identifiers.
    pub row_names: bool,
    /// Columns to leave out before they are looked at.
    pub drop: BTreeSet<String>,
    /// Rows of a batch.
    pub batch_rows: usize,
    /// Leave out rows that cannot be read, and count them.
    pub skip_bad_rows: bool,
    /// Character encoding of text files, as named on the web (`gb18030`, `utf-16le`, `windows-1252` ...). By default
    /// the byte order mark decides, else UTF-8.
    pub encoding: Option<String>,
    /// CSV: whether the first line names the columns; otherwise they are `column_1`, `column_2` ...
    pub header: bool,
    /// CSV: names of the columns, for a file without a header line.
    pub columns: Option<Vec<String>>,
    /// CSV: cells that count as missing.
    pub missing: Vec<String>,
    /// Words that count as missing in every format, beside the usual ones.
    pub also_missing: Vec<String>,
    /// Words that are names in these columns although they count as missing elsewhere.
    pub keep: BTreeMap<String, BTreeSet<String>>,
    /// Whether paths in media cells may leave the table's folder.
    pub outside_paths: bool,
    /// Folder that names of files in media cells are relative to; by default the table's own.
    pub media: Option<PathBuf>,
    /// Bounds on what a file may ask for.
    pub limits: Limits,
    /// Workbooks: the sheet to read; by default the first one with a table.
    pub sheet: Option<String>,
}

impl Default for ReadOptions {
    fn default() -> ReadOptions {
        ReadOptions {
            format: None,
            kinds: BTreeMap::new(),
            like: BTreeMap::new(),
            notation: BTreeMap::new(),
            date_order: None,
            labels: BTreeSet::new(),
            only: None,
            among: None,
            row_names: false,
            drop: BTreeSet::new(),
            batch_rows: 8192,
            skip_bad_rows: false,
            encoding: None,
            header: true,
            columns: None,
            missing: value::usual_words(),
            also_missing: Vec::new(),
            keep: BTreeMap::new(),
            outside_paths: false,
            media: None,
            limits: Limits::default(),
            sheet: None,
        }
    }
}

impl ReadOptions {
    /// The same, for exactly these columns, of which nothing is looked for any more: a table that was opened before is
    /// read in one pass.
    pub fn again(&self, columns: &[ColumnSchema]) -> ReadOptions {
        ReadOptions {
            kinds: BTreeMap::new(),
            drop: BTreeSet::new(),
            only: Some(columns.iter().map(|c| c.name.clone()).collect()),
            like: columns.iter().map(|c| (c.name.clone(), c.clone())).collect(),
            ..self.clone()
        }
    }

    /// Takes the column called `name` for `kind`, unless something else was asked for.
    fn take_as(&mut self, name: &str, kind: Kind) {
        self.like.entry(name.to_owned()).or_insert_with(|| ColumnSchema::new(name, kind));
    }

    /// The kind of the column called `name`, if it is not to be inferred.
    fn kind(&self, name: &str) -> Option<Kind> {
        self.kinds.get(name).copied().or_else(|| self.like.get(name).map(|c| c.kind))
    }

    /// Whether nothing is left to infer of the columns that are read.
    fn knows(&self, names: &[String]) -> bool {
        let known = |name: &String| self.like.contains_key(name) || self.copied(name);
        names.iter().filter(|n| self.reads(n)).all(|n| known(n) && !self.kinds.contains_key(n))
    }

    /// Whether the column called `name` is read only to be copied.
    fn copied(&self, name: &str) -> bool {
        let other = self.among.as_ref().is_some_and(|among| !among.contains(name));
        other && self.row_names && !self.like.contains_key(name) && names_rows(name)
    }

    /// Whether the column called `name` is read.
    fn reads(&self, name: &str) -> bool {
        !self.drop.contains(name)
            && (self.among.as_ref().is_none_or(|among| among.contains(name)) || self.copied(name))
            && self.only.as_ref().is_none_or(|only| only.iter().any(|n| n == name))
    }

    /// Folder that the media cells of the table `path` are relative to.
    pub(crate) fn base(&self, path: &Path) -> PathBuf {
        self.media.clone().unwrap_or_else(|| bytes::base(path))
    }

    /// What a column is, from what was seen of it.
    fn settle(&self, name: &str, seen: &Guess, warnings: &mut Vec<Warning>) -> Found {
        let given = self.kinds.get(name);
        let mut found = match (self.like.get(name), given) {
            (Some(like), None) => Found::like(like),
            (_, Some(&kind)) => seen.found_as(name, kind),
            (None, None) if self.copied(name) => Found::plain(Kind::Identifier),
            (None, None) => {
                let found = seen.found(name);
                // Yes and YES are one truth but two words: such a column stays boolean.
                let label = self.labels.contains(name) && found.kind == Kind::Boolean && seen.distinct() <= 2;
                if label { seen.found_as(name, Kind::Category) } else { found }
            }
        };
        if let (Kind::Date, Some(order), None) = (found.kind, self.date_order, self.like.get(name)) {
            found.notation.date_order = Some(order);
        }
        if let Some(notation) = self.notation.get(name) {
            overrule(&mut found.notation, notation);
        }
        if self.like.contains_key(name) || self.copied(name) {
            return found;
        }
        let told =
            self.date_order.is_some() || self.notation.get(name).is_some_and(|n| n.date_order.is_some());
        let open = |w: &Warning| !(told && matches!(w, Warning::AmbiguousDates { .. }));
        warnings.extend(seen.warnings(name, &found).into_iter().filter(open));
        let words = seen.missing_words();
        if self.labels.contains(name) && !words.is_empty() {
            warnings.push(Warning::MissingWords { column: name.to_owned(), words });
        }
        found
    }

    /// Positions of the columns to read, after checking that all columns named exist and differ.
    fn choose(&self, path: &Path, names: &[String]) -> Result<Vec<usize>> {
        if names.len() > self.limits.columns {
            return Err(Error::Limit {
                path: path.to_owned(),
                what: "the number of columns".into(),
                found: names.len().to_string(),
                limit: self.limits.columns.to_string(),
                mend: "leave columns out: a table may not have more".into(),
            });
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
            let places: Vec<String> = names
                .iter()
                .enumerate()
                .filter(|(_, name)| *name == twice)
                .map(|(i, _)| (i + 1).to_string())
                .collect();
            return Err(Error::file(
                path,
                "distinct column names",
                format!("`{twice}` as columns {}", places.join(" and ")),
                "rename one of them",
            ));
        }
        let place = |name: &String| {
            names.iter().position(|n| n == name).ok_or_else(|| Error::UnknownColumn {
                path: path.to_owned(),
                column: name.clone(),
                valid: names.to_vec(),
            })
        };
        self.kinds.keys().chain(&self.drop).try_for_each(|name| place(name).map(drop))?;
        if names.is_empty() || self.only.as_ref().is_some_and(Vec::is_empty) {
            return Err(Error::file(path, "at least one column", "none", "give rows with values"));
        }
        match &self.only {
            None => {
                let named = |i: &usize| self.among.as_ref().is_some_and(|among| among.contains(&names[*i]));
                let all = 0..names.len();
                Ok(if self.among.is_some() && !all.clone().any(|i| named(&i)) {
                    all.filter(|&i| !self.drop.contains(&names[i])).collect()
                } else {
                    all.filter(|&i| self.reads(&names[i])).collect()
                })
            }
            Some(only) => {
                let mut seen = BTreeSet::new();
                match only.iter().find(|name| !seen.insert(name.as_str())) {
                    Some(twice) => Err(Error::file(
                        path,
                        "distinct names in `only`",
                        format!("`{twice}` twice"),
                        "name each column once",
                    )),
                    None => only.iter().map(place).collect(),
                }
            }
        }
    }
}

/// Puts what was given in the place of what was found.
fn overrule(found: &mut Notation, given: &Notation) {
    let Notation { date_order, date_unit, decimal, unit, whole_names, width, missing } = given.clone();
    found.date_order = date_order.or(found.date_order);
    found.date_unit = date_unit.or(found.date_unit);
    found.decimal = decimal.or(found.decimal);
    found.unit = unit.or(found.unit.take());
    found.whole_names |= whole_names;
    found.width = width.or(found.width);
    found.missing.extend(missing);
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
