//! Apache Parquet, compressed with Zstandard.

use super::{BatchWriter, Sink};
use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::io::Write;
use std::path::{Path, PathBuf};

pub(super) fn start(out: Sink, schema: &SchemaRef, path: &Path) -> Result<Box<dyn BatchWriter>> {
    let compressed =
        WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let out = ArrowWriter::try_new(out, schema.clone(), Some(compressed))
        .map_err(|e| failed(path, &e.to_string()))?;
    Ok(Box::new(ParquetWriter { out, path: path.to_owned() }))
}

struct ParquetWriter {
    out: ArrowWriter<Sink>,
    path: PathBuf,
}

fn failed(path: &Path, found: &str) -> Error {
    Error::file(path, "columns that Parquet can hold", found, "check the disk, or write another format")
}

impl BatchWriter for ParquetWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.out.write(batch).map_err(|e| failed(&self.path, &e.to_string()))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let ParquetWriter { out, path } = *self;
        let mut out = out.into_inner().map_err(|e| failed(&path, &e.to_string()))?;
        out.flush().map_err(|e| Error::io(&path, e))
    }
}
