//! Apache Parquet, compressed with Zstandard.

use super::{BatchWriter, Sink};
use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use std::io::Write;
use std::path::{Path, PathBuf};

pub(super) fn start(out: Sink, schema: &SchemaRef, path: &Path) -> Result<Box<dyn BatchWriter>> {
    let compressed =
        WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let out = ArrowWriter::try_new(out, schema.clone(), Some(compressed)).map_err(|e| failed(path, e))?;
    Ok(Box::new(ParquetWriter { out, path: path.to_owned() }))
}

struct ParquetWriter {
    out: ArrowWriter<Sink>,
    path: PathBuf,
}

fn failed(path: &Path, error: ParquetError) -> Error {
    let found = match error {
        ParquetError::External(cause) => match cause.downcast::<std::io::Error>() {
            Ok(refused) => return Error::io(path, *refused),
            Err(other) => other.to_string(),
        },
        other => other.to_string(),
    };
    Error::file(path, "columns that Parquet can hold", found, "write another format")
}

impl BatchWriter for ParquetWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.out.write(batch).map_err(|e| failed(&self.path, e))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let ParquetWriter { out, path } = *self;
        let mut out = out.into_inner().map_err(|e| failed(&path, e))?;
        out.flush().map_err(|e| Error::io(&path, e))
    }
}
