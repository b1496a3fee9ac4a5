//! Apache Parquet files as record batches.

use super::batches::{Batches, Origin};
use super::{ReadOptions, Reader, typed};
use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_schema::{DataType, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn Reader>> {
    typed::open(&ParquetFile::open(path)?, path, options)
}

/// One file.
pub(crate) struct ParquetFile {
    path: PathBuf,
    schema: SchemaRef,
    rows: usize,
}

impl ParquetFile {
    pub(crate) fn open(path: &Path) -> Result<ParquetFile> {
        let file = builder(path)?;
        let rows = usize::try_from(file.metadata().file_metadata().num_rows()).unwrap_or(0);
        Ok(ParquetFile { path: path.to_owned(), schema: file.schema().clone(), rows })
    }
}

impl Origin for ParquetFile {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn batches(&self, columns: &[usize], batch_rows: usize) -> Result<Box<dyn Batches>> {
        let file = builder(&self.path)?;
        let mask = ProjectionMask::roots(file.parquet_schema(), columns.iter().copied());
        let inner = guarded(&self.path, || file.with_projection(mask).with_batch_size(batch_rows).build())?;
        Ok(Box::new(ParquetBatches { inner, path: self.path.clone() }))
    }
}

struct ParquetBatches {
    inner: ParquetRecordBatchReader,
    path: PathBuf,
}

impl Batches for ParquetBatches {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        guarded(&self.path, || self.inner.next().transpose().map_err(ParquetError::from))
    }
}

/// The file's columns by the Arrow schema that its writer left in it; by Parquet's own types where that schema has types which are
/// not known here (whole numbers of 128 bits by Polars) or not read here (dictionaries of anything but strings by pandas and pyarrow).
fn builder(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    let file = || File::open(path).map_err(|e| Error::io(path, e));
    let (first, second) = (file()?, file()?);
    let by_arrow = guarded(path, || ParquetRecordBatchReaderBuilder::try_new(first));
    if by_arrow.as_ref().is_ok_and(|b| b.schema().fields().iter().all(|f| is_read(f.data_type()))) {
        return by_arrow;
    }
    let plainly = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let by_parquet = guarded(path, || ParquetRecordBatchReaderBuilder::try_new_with_options(second, plainly));
    // What is wrong with the file itself is said by the first try.
    if by_parquet.is_ok() { by_parquet } else { by_arrow }
}

/// Whether the decoder reads columns of this type.
fn is_read(of: &DataType) -> bool {
    match of {
        DataType::Dictionary(_, values) => {
            matches!(
                values.as_ref(),
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary | DataType::LargeBinary
            )
        }
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            is_read(item.data_type())
        }
        DataType::Struct(fields) => fields.iter().all(|f| is_read(f.data_type())),
        _ => true,
    }
}

/// Runs the decoder; a panic in it (a defect there, set off by damaged bytes) is an error here.
fn guarded<T>(path: &Path, run: impl FnOnce() -> std::result::Result<T, ParquetError>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(e)) => Err(failed(path, &e)),
        Err(_) => Err(damaged(path, "content that the decoder cannot handle")),
    }
}

/// What the decoder does not know is no damage.
fn failed(path: &Path, e: &ParquetError) -> Error {
    let found = e.to_string();
    let said = found.to_ascii_lowercase();
    let unknown = matches!(e, ParquetError::NYI(_))
        || [
            "not supported",
            "unexpected compressioncodec",
            "unsupported",
            "not yet implemented",
            "encrypt",
            "disabled at compile time",
        ]
        .iter()
        .any(|words| said.contains(words));
    if unknown {
        let mend =
            "write it again with a usual codec and usual types, such as compression `zstd` or `snappy`";
        return Error::file(path, "a Parquet file of codecs and types that are known here", found, mend);
    }
    damaged(path, &found)
}

pub(crate) fn damaged(path: &Path, found: &str) -> Error {
    Error::file(
        path,
        "a complete Parquet file",
        found,
        "the file is cut off or damaged: copy, download or write it again",
    )
}
