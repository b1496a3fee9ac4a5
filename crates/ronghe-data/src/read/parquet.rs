//! Apache Parquet.
//!
//! Types give the kinds of numbers, booleans and dates; strings are looked at like those of other files. Bytes are
//! pictures or sound by their first bytes, alone or as `{bytes, path}`.

use super::arrow::{Place, convert};
use super::look::{Looked, look};
use super::{ReadOptions, Reader, Skipped, Warning};
use crate::{ColumnSchema, Error, Result, Schema, Table};
use arrow_array::{BooleanArray, RecordBatch};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn Reader>> {
    let file = builder(path)?;
    let schema = file.schema().clone();
    let rows = usize::try_from(file.metadata().file_metadata().num_rows()).unwrap_or(0);
    let mut scan = |places: &[usize], rows: usize, each: &mut dyn FnMut(&RecordBatch) -> Result<bool>| {
        let mut batches = select(path, builder(path)?, places, rows)?;
        while let Some(batch) = next(path, &mut batches)? {
            if !each(&batch)? {
                break;
            }
        }
        Ok(())
    };
    let (columns, warnings) = look(&schema, path, options, &mut scan)?;
    if rows == 0 {
        return Err(Error::file(
            path,
            "at least one row of data",
            "none",
            "add rows; column names alone are no table",
        ));
    }
    let specs = columns.iter().map(|c| ColumnSchema {
        name: c.name.clone(),
        kind: c.found.kind,
        notation: c.found.notation.clone(),
    });
    let places: Vec<usize> = columns.iter().map(|c| c.place).collect();
    Ok(Box::new(ParquetReader {
        batches: select(path, file, &places, options.batch_rows.max(1))?,
        schema: Arc::new(Schema { columns: specs.collect() }),
        columns,
        warnings,
        options: options.clone(),
        path: path.to_owned(),
        base: options.base(path),
        rows,
        at: 0,
        skipped: Skipped::default(),
    }))
}

struct ParquetReader {
    batches: ParquetRecordBatchReader,
    schema: Arc<Schema>,
    columns: Vec<Looked>,
    warnings: Vec<Warning>,
    options: ReadOptions,
    path: PathBuf,
    base: PathBuf,
    rows: usize,
    at: usize,
    skipped: Skipped,
}

/// Runs the decoder; a panic in it (a defect there, set off by damaged bytes) is an error here.
fn guarded<T>(path: &Path, run: impl FnOnce() -> std::result::Result<T, ParquetError>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(done) => done.map_err(|e| damaged(path, &e.to_string())),
        Err(_) => Err(damaged(path, "content that the decoder cannot handle")),
    }
}

/// The next batch.
fn next(path: &Path, batches: &mut ParquetRecordBatchReader) -> Result<Option<RecordBatch>> {
    guarded(path, || batches.next().transpose().map_err(ParquetError::from))
}

fn builder(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    guarded(path, || ParquetRecordBatchReaderBuilder::try_new(file))
}

fn select(
    path: &Path,
    file: ParquetRecordBatchReaderBuilder<File>,
    columns: &[usize],
    batch_rows: usize,
) -> Result<ParquetRecordBatchReader> {
    let mask = ProjectionMask::roots(file.parquet_schema(), columns.iter().copied());
    guarded(path, || file.with_projection(mask).with_batch_size(batch_rows).build())
}

fn damaged(path: &Path, found: &str) -> Error {
    Error::file(
        path,
        "a complete Parquet file",
        found,
        "the file is cut off or damaged: copy, download or write it again",
    )
}

impl ParquetReader {
    fn table(&self, batch: &RecordBatch, first_row: usize) -> Result<Table> {
        let columns = self
            .columns
            .iter()
            .map(|column| {
                let place = Place { path: &self.path, column: &column.name, first_row };
                convert(&column.cells(batch, &self.path, first_row)?, &column.found, &self.options, place)
            })
            .collect::<Result<Vec<_>>>()?;
        Table::new(self.schema.clone(), columns, &self.path, &self.base, first_row)
    }

    /// The good rows of `batch`. Each attempt finds one bad row, which is then left out.
    fn good_rows(&mut self, mut batch: RecordBatch, first_row: usize) -> Result<Table> {
        let mut numbers: Vec<u32> = (0..batch.num_rows()).map(|i| (first_row + i) as u32).collect();
        loop {
            // Rows are numbered from 0 here, so that the number found is a position.
            match self.table(&batch, 0) {
                Ok(table) => return Ok(table.with_row_numbers(numbers)),
                Err(Error::Cell { path, row: at, column, expected, found, mend })
                    if self.options.skip_bad_rows && at < numbers.len() =>
                {
                    let keep: BooleanArray = (0..numbers.len()).map(|i| Some(i != at)).collect();
                    batch = arrow_select::filter::filter_record_batch(&batch, &keep)
                        .map_err(|e| damaged(&self.path, &e.to_string()))?;
                    let row = numbers.remove(at) as usize;
                    self.skipped.add(Error::Cell { path, row, column, expected, found, mend });
                }
                Err(Error::Cell { path, row, column, expected, found, mend }) => {
                    let row = numbers.get(row).map_or(row, |&n| n as usize);
                    return Err(Error::Cell { path, row, column, expected, found, mend });
                }
                Err(e) => return Err(e),
            }
        }
    }
}

impl Reader for ParquetReader {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn rows(&self) -> Option<usize> {
        Some(self.rows)
    }

    fn next_batch(&mut self) -> Result<Option<Table>> {
        loop {
            let Some(batch) = next(&self.path, &mut self.batches)? else { return Ok(None) };
            let first_row = self.at + 1;
            self.at += batch.num_rows();
            let table = self.good_rows(batch, first_row)?;
            if table.rows() > 0 {
                return Ok(Some(table));
            }
        }
    }

    fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}
