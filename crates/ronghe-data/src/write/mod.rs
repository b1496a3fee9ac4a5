//! Columns to files.
//!
//! [`write()`] writes one batch, [`create`] many; the format is the file's ending, one of [`WRITERS`]. A file appears
//! under its name only when it is whole: it is written beside it and renamed. [`stream`] writes to a pipe.

mod cell;
mod csv;
mod encoding;
mod jsonl;
mod parquet;
mod png;

pub use png::png;

pub use encoding::TextEncoding;

use crate::{Error, Result, Table};
use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema, SchemaRef};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Writes batches of the same columns.
pub trait BatchWriter {
    /// Appends the rows of `batch`.
    fn write(&mut self, batch: &RecordBatch) -> Result<()>;

    /// Writes what is still to be written.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// A place that bytes go to.
pub type Sink = Box<dyn Write + Send>;

/// Starts a file of one format in a sink; the path is for messages.
type Start = fn(Sink, &SchemaRef, &Path) -> Result<Box<dyn BatchWriter>>;

/// A format to write.
#[derive(Debug)]
pub struct WriteFormat {
    /// Name.
    pub name: &'static str,
    /// Endings of its files, without the point.
    pub extensions: &'static [&'static str],
    /// Whether it is a table as text, whose readers may expect another encoding than UTF-8.
    pub table_text: bool,
    start: Start,
}

/// Every format to write.
pub static WRITERS: &[WriteFormat] = &[
    WriteFormat {
        name: "csv",
        extensions: &["csv"],
        table_text: true,
        start: |out, s, path| csv::start(out, s, path, b','),
    },
    WriteFormat {
        name: "tsv",
        extensions: &["tsv"],
        table_text: true,
        start: |out, s, path| csv::start(out, s, path, b'\t'),
    },
    WriteFormat { name: "jsonl", extensions: &["jsonl", "ndjson"], table_text: false, start: jsonl::start },
    WriteFormat { name: "parquet", extensions: &["parquet", "pq"], table_text: false, start: parquet::start },
];

/// Writes one batch as the file `path`.
pub fn write(path: &Path, batch: &RecordBatch) -> Result<()> {
    let mut writer = create(path, batch.schema_ref())?;
    writer.write(batch)?;
    writer.finish()
}

/// The format that a file of this name is written in.
pub fn format_of(path: &Path) -> Result<&'static WriteFormat> {
    let name = file_name(path);
    let ending = |f: &&WriteFormat| f.extensions.iter().any(|e| name.ends_with(&format!(".{e}")));
    WRITERS.iter().find(ending).ok_or_else(|| unknown(path, &name))
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().to_ascii_lowercase()).unwrap_or_default()
}

/// Starts the file `path` of the columns `schema`. It appears when it is finished; until then, and if it never is,
/// what was there stays.
pub fn create(path: &Path, schema: &SchemaRef) -> Result<Box<dyn BatchWriter>> {
    create_in(path, schema, TextEncoding::default())
}

/// As [`create`], a table as text in the encoding given; other formats know one encoding only, and have that.
pub fn create_in(path: &Path, schema: &SchemaRef, encoding: TextEncoding) -> Result<Box<dyn BatchWriter>> {
    let format = format_of(path)?;
    let name = file_name(path);
    let beside = path.with_file_name(format!(".{}.{}.part", name, std::process::id()));
    let file = File::create(&beside).map_err(|e| Error::io(path, e))?;
    let part = Part { beside, path: path.to_owned(), done: false };
    let sink: Sink = Box::new(BufWriter::with_capacity(1 << 16, file));
    let sink = format.encoded(sink, encoding).map_err(|e| Error::io(path, e))?;
    let writer = (format.start)(sink, schema, path)?;
    Ok(Box::new(Whole { writer, part }))
}

/// Writes batches in the format called `format` to `out`, such as the standard output.
pub fn stream(
    out: Sink,
    format: &str,
    schema: &SchemaRef,
    encoding: TextEncoding,
) -> Result<Box<dyn BatchWriter>> {
    let path = Path::new("standard output");
    let found = WRITERS.iter().find(|f| f.name == format).ok_or_else(|| unknown(path, format))?;
    let out = found.encoded(out, encoding).map_err(|e| Error::io(path, e))?;
    (found.start)(out, schema, path)
}

impl WriteFormat {
    fn encoded(&self, out: Sink, encoding: TextEncoding) -> std::io::Result<Sink> {
        if self.table_text { encoding.into_sink(out) } else { Ok(out) }
    }
}

fn unknown(path: &Path, name: &str) -> Error {
    let names: Vec<&str> = WRITERS.iter().map(|f| f.name).collect();
    Error::file(
        path,
        "a format that can be written",
        format!("`{name}`"),
        format!("choose one of {}", names.join(", ")),
    )
}

/// A file that is not yet under its name; removed if it never gets there.
struct Part {
    beside: PathBuf,
    path: PathBuf,
    done: bool,
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.done {
            // Nothing more can be done about a file that cannot be removed either.
            let _ = fs::remove_file(&self.beside);
        }
    }
}

struct Whole {
    writer: Box<dyn BatchWriter>,
    part: Part,
}

impl BatchWriter for Whole {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.writer.write(batch)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Whole { writer, mut part } = *self;
        writer.finish()?;
        let path = part.path.clone();
        let settle = || {
            File::open(&part.beside)?.sync_all()?;
            fs::rename(&part.beside, &path)
        };
        settle().map_err(|e| Error::io(&path, e))?;
        part.done = true;
        Ok(())
    }
}

impl Table {
    /// The columns as an Arrow batch, to be written.
    pub fn to_batch(&self) -> Result<RecordBatch> {
        let fields: Vec<Field> = self
            .schema()
            .columns
            .iter()
            .enumerate()
            .map(|(i, spec)| Field::new(&spec.name, self.column(i).data_type().clone(), true))
            .collect();
        let columns = (0..fields.len()).map(|i| self.column(i).clone()).collect();
        let rows = arrow_array::RecordBatchOptions::new().with_row_count(Some(self.rows()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &rows).map_err(|e| {
            Error::file(self.path(), "columns that fit together", e.to_string(), "please report this defect")
        })
    }
}
