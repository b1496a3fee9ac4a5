//! CSV and TSV: a header line, an empty cell where a value is missing, dates in ISO 8601, lists joined with `|`.

use super::{BatchWriter, Sink, cell};
use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use csv::{Writer, WriterBuilder};
use std::path::{Path, PathBuf};

pub(super) fn start(
    out: Sink,
    schema: &SchemaRef,
    path: &Path,
    separator: u8,
) -> Result<Box<dyn BatchWriter>> {
    cell::check(schema, path)?;
    let mut csv =
        CsvWriter { out: WriterBuilder::new().delimiter(separator).from_writer(out), path: path.to_owned() };
    let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    csv.record(&names)?;
    Ok(Box::new(csv))
}

struct CsvWriter {
    out: Writer<Sink>,
    path: PathBuf,
}

impl CsvWriter {
    fn record<S: AsRef<[u8]>>(&mut self, cells: &[S]) -> Result<()> {
        self.out.write_record(cells).map_err(|e| match e.into_kind() {
            csv::ErrorKind::Io(error) => Error::io(&self.path, error),
            other => Error::io(&self.path, std::io::Error::other(format!("{other:?}"))),
        })
    }
}

impl BatchWriter for CsvWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        for row in 0..batch.num_rows() {
            let cells =
                batch.columns().iter().map(|c| cell::value(c, row).map_or(String::new(), |v| cell::text(&v)));
            let cells: Vec<String> = cells.collect();
            self.record(&cells)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.out.flush().map_err(|e| Error::io(&self.path, e))
    }
}
