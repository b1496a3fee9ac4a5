//! Record batches to typed tables: Parquet and the other formats whose columns have types.
//!
//! Types give the kinds of numbers, booleans and dates; strings are looked at like those of other files. Bytes are
//! pictures or sound by their first bytes, alone or as `{bytes, path}`.

use super::arrow::{Place, convert};
use super::batches::{Batches, Origin};
use super::look::{Looked, look};
use super::{ReadOptions, Reader, Skipped, Warning};
use crate::{Error, Result, Schema, Table};
use arrow_array::{BooleanArray, RecordBatch};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A reader of what `origin` holds, found at `path`.
pub(super) fn open(origin: &dyn Origin, path: &Path, options: &ReadOptions) -> Result<Box<dyn Reader>> {
    let schema = origin.schema();
    let rows = origin.rows();
    let mut scan = |places: &[usize], rows: usize, each: &mut dyn FnMut(&RecordBatch) -> Result<bool>| {
        let mut batches = origin.batches(places, rows)?;
        let mut at = 0;
        while let Some(batch) = batches.next()? {
            if !each(&batch).map_err(|e| in_file(e, batches.as_ref(), at))? {
                break;
            }
            at += batch.num_rows();
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
    let specs = columns.iter().map(|c| c.found.column(&c.name));
    let places: Vec<usize> = columns.iter().map(|c| c.place).collect();
    Ok(Box::new(TypedReader {
        batches: origin.batches(&places, options.batch_rows.max(1))?,
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

struct TypedReader {
    batches: Box<dyn Batches>,
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

/// The batch lacks what the format promises.
fn damaged(path: &Path, found: &str) -> Error {
    Error::file(path, "complete batches of rows", found, "copy, download or write the file again")
}

/// `error` with the file that its row is in and its row there, where batches come from more than one file. The batch just
/// given begins after `at` rows.
fn in_file(error: Error, batches: &dyn Batches, at: usize) -> Error {
    match (error, batches.place()) {
        (Error::Cell { row, column, expected, found, mend, .. }, Some((file, before))) if row > at => {
            Error::Cell { path: file.to_owned(), row: row - at + before, column, expected, found, mend }
        }
        (error, _) => error,
    }
}

impl TypedReader {
    fn table(&self, batch: &RecordBatch, first_row: usize) -> Result<Table> {
        let (path, options) = (&self.path, &self.options);
        let columns = self
            .columns
            .par_iter()
            .map(|column| {
                let place = Place { path, column: &column.name, first_row };
                convert(&column.cells(batch, path, first_row)?, &column.found, options, place)
            })
            .collect::<Vec<Result<_>>>()
            .into_iter()
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
                    let error = Error::Cell { path, row, column, expected, found, mend };
                    self.skipped.add(in_file(error, self.batches.as_ref(), first_row - 1));
                }
                Err(Error::Cell { path, row, column, expected, found, mend }) => {
                    let row = numbers.get(row).map_or(row, |&n| n as usize);
                    let error = Error::Cell { path, row, column, expected, found, mend };
                    return Err(in_file(error, self.batches.as_ref(), first_row - 1));
                }
                Err(e) => return Err(e),
            }
        }
    }
}

impl Reader for TypedReader {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn rows(&self) -> Option<usize> {
        Some(self.rows)
    }

    fn next_batch(&mut self) -> Result<Option<Table>> {
        loop {
            let Some(batch) = self.batches.next()? else { return Ok(None) };
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
