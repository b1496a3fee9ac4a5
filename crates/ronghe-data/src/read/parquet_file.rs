//! Apache Parquet files as record batches.

use super::batches::{Batches, Origin};
use super::{ReadOptions, Reader, typed};
use crate::{Error, Result};
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{DataType, FieldRef, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Runs of columns, which are decoded side by side, for each thread.
const RUNS: usize = 4;
/// Less than this is not worth a reader of its own.
const LEAST: u64 = 16 << 10;

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
        let file = metadata(path)?;
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
        let file = metadata(&self.path)?;
        let runs = runs(&file, columns);
        let readers = runs.into_iter().map(|run| {
            let input = File::open(&self.path).map_err(|e| Error::io(&self.path, e))?;
            let mask = ProjectionMask::roots(file.parquet_schema(), run);
            let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(input, file.clone());
            guarded(&self.path, || reader.with_projection(mask).with_batch_size(batch_rows).build())
        });
        let readers = readers.collect::<Result<Vec<_>>>()?;
        let fields: Vec<FieldRef> = readers.iter().flat_map(|r| r.schema().fields().to_vec()).collect();
        let schema = Arc::new(Schema::new(fields));
        Ok(Box::new(ParquetBatches { readers, schema, path: self.path.clone() }))
    }
}

/// Readers of runs of columns, which decode side by side.
struct ParquetBatches {
    readers: Vec<ParquetRecordBatchReader>,
    schema: SchemaRef,
    path: PathBuf,
}

impl Batches for ParquetBatches {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        let path = &self.path;
        let next = |reader: &mut ParquetRecordBatchReader| {
            guarded(path, || reader.next().transpose().map_err(ParquetError::from))
        };
        if let [reader] = self.readers.as_mut_slice() {
            return next(reader);
        }
        let parts: Vec<Result<Option<RecordBatch>>> = self.readers.par_iter_mut().map(next).collect();
        // The first column's error, not the first that a thread met.
        let parts = parts.into_iter().collect::<Result<Vec<_>>>()?;
        let ended = parts.iter().filter(|part| part.is_none()).count();
        if ended == parts.len() {
            return Ok(None);
        }
        let cells = parts.into_iter().flatten().flat_map(|part| part.columns().to_vec()).collect();
        RecordBatch::try_new(self.schema.clone(), cells).map(Some).map_err(|e| damaged(path, &e.to_string()))
    }
}

/// `columns` in the file's order, in runs of about the same size: a few for each thread, so that all have something to do.
fn runs(file: &ArrowReaderMetadata, columns: &[usize]) -> Vec<Vec<usize>> {
    let mut sizes: BTreeMap<usize, u64> = columns.iter().map(|&column| (column, 1)).collect();
    for group in file.metadata().row_groups() {
        for (leaf, chunk) in (0..file.parquet_schema().num_columns()).zip(group.columns()) {
            if let Some(size) = sizes.get_mut(&file.parquet_schema().get_column_root_idx(leaf)) {
                // To unpack takes time, and so does each value.
                let work = chunk.compressed_size().max(0).unsigned_abs();
                *size = size.saturating_add(work).saturating_add(chunk.num_values().max(0).unsigned_abs());
            }
        }
    }
    let total = sizes.values().fold(0, |total: u64, &size| total.saturating_add(size));
    let most = (total / (RUNS * rayon::current_num_threads()) as u64).max(LEAST);
    let mut runs: Vec<Vec<usize>> = vec![Vec::new()];
    let mut filled = 0u64;
    for (column, size) in sizes {
        if filled >= most {
            runs.push(Vec::new());
            filled = 0;
        }
        filled = filled.saturating_add(size);
        if let Some(run) = runs.last_mut() {
            run.push(column);
        }
    }
    runs
}

/// The file's columns by the Arrow schema that its writer left in it; by Parquet's own types where that schema has types which are
/// not known here (whole numbers of 128 bits by Polars) or not read here (dictionaries of anything but strings by pandas and pyarrow).
fn metadata(path: &Path) -> Result<ArrowReaderMetadata> {
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    let load = |options: ArrowReaderOptions| guarded(path, || ArrowReaderMetadata::load(&file, options));
    let by_arrow = load(ArrowReaderOptions::new());
    if let Ok(found) = &by_arrow
        && found.schema().fields().iter().all(|f| is_read(f.data_type()))
    {
        return Ok(plainly(found).unwrap_or_else(|| found.clone()));
    }
    let by_parquet = load(ArrowReaderOptions::new().with_skip_arrow_metadata(true));
    // What is wrong with the file itself is said by the first try.
    if by_parquet.is_ok() { by_parquet } else { by_arrow }
}

/// The same file with its strings as [`crate::Kind`] has them, so that they need not be converted.
fn plainly(file: &ArrowReaderMetadata) -> Option<ArrowReaderMetadata> {
    let fields = file.schema().fields().iter().map(|field| match field.data_type() {
        DataType::LargeUtf8 | DataType::Utf8View => {
            Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8))
        }
        _ => field.clone(),
    });
    let fields: Vec<FieldRef> = fields.collect();
    let schema = Schema::new_with_metadata(fields, file.schema().metadata().clone());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    ArrowReaderMetadata::try_new(file.metadata().clone(), options).ok()
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
