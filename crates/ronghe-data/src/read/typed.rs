//! Record batches to typed tables: Parquet and the other formats whose columns have types.
//!
//! Types give the kinds of numbers, booleans and dates; strings are looked at like those of other files. Bytes are
//! pictures or sound by their first bytes, alone or as `{bytes, path}`.

use super::ahead::{Ahead, Placed};
use super::arrow::{Place, convert};
use super::batches::Origin;
use super::look::{Looked, look};
use super::{ReadOptions, Reader, Skipped, Warning};
use crate::{Error, Result, Schema, Table};
use arrow_array::{BooleanArray, RecordBatch};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The batches of a file, as often as one likes.
pub(super) struct Scan<'a> {
    origin: &'a dyn Origin,
}

impl Scan<'_> {
    /// Gives all batches of `rows` rows of the columns at `places`; the next is decoded beside the work with each.
    pub(super) fn all(
        &self,
        places: &[usize],
        rows: usize,
        mut each: impl FnMut(&RecordBatch) -> Result<()> + Send,
    ) -> Result<()> {
        let mut batches = Ahead::new(self.origin.batches(places, rows)?);
        let mut at = 0;
        let mut work = |Placed { batch, place }: Placed| {
            each(&batch).map_err(|e| in_file(e, place.as_ref(), at))?;
            at += batch.num_rows();
            Ok(())
        };
        // Among the threads that do the work, so that this one need not be woken for each batch.
        rayon::scope(|_| {
            while let Some(done) = batches.each(&mut work)? {
                done?;
            }
            Ok(())
        })
    }

    /// Gives batches of `rows` rows of the columns at `places` until `each` says that it needs no more.
    pub(super) fn until(
        &self,
        places: &[usize],
        rows: usize,
        mut each: impl FnMut(&RecordBatch) -> Result<bool>,
    ) -> Result<()> {
        let mut batches = self.origin.batches(places, rows)?;
        let mut at = 0;
        while let Some(batch) = batches.next()? {
            let place = batches.place().map(|(file, before)| (file.to_owned(), before));
            if !each(&batch).map_err(|e| in_file(e, place.as_ref(), at))? {
                break;
            }
            at += batch.num_rows();
        }
        Ok(())
    }
}

/// A reader of what `origin` holds, found at `path`.
pub(super) fn open(origin: &dyn Origin, path: &Path, options: &ReadOptions) -> Result<Box<dyn Reader>> {
    let schema = origin.schema();
    let rows = origin.rows();
    let (columns, warnings) = look(&schema, path, options, &Scan { origin })?;
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
        batches: Ahead::new(origin.batches(&places, options.batch_rows.max(1))?),
        converter: Converter {
            schema: Arc::new(Schema { columns: specs.collect() }),
            columns,
            options: options.clone(),
            path: path.to_owned(),
            base: options.base(path),
            at: 0,
            skipped: Skipped::default(),
        },
        warnings,
        rows,
    }))
}

struct TypedReader {
    batches: Ahead,
    converter: Converter,
    warnings: Vec<Warning>,
    rows: usize,
}

/// Makes tables of batches.
struct Converter {
    schema: Arc<Schema>,
    columns: Vec<Looked>,
    options: ReadOptions,
    path: PathBuf,
    base: PathBuf,
    /// Rows so far.
    at: usize,
    skipped: Skipped,
}

/// The batch lacks what the format promises.
fn damaged(path: &Path, found: &str) -> Error {
    Error::file(path, "complete batches of rows", found, "copy, download or write the file again")
}

/// `error` with the file that its row is in and its row there, where batches come from more than one file. The batch of
/// `place` begins after `at` rows.
fn in_file(error: Error, place: Option<&(PathBuf, usize)>, at: usize) -> Error {
    match (error, place) {
        (Error::Cell { row, column, expected, found, mend, .. }, Some((file, before))) if row > at => {
            Error::Cell { path: file.clone(), row: row - at + before, column, expected, found, mend }
        }
        (error, _) => error,
    }
}

impl Converter {
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

    /// The good rows of the next batch. Each attempt finds one bad row, which is then left out.
    fn good_rows(&mut self, Placed { mut batch, place }: Placed) -> Result<Table> {
        let before = self.at;
        self.at += batch.num_rows();
        let mut numbers: Vec<u32> = (0..batch.num_rows()).map(|i| (before + 1 + i) as u32).collect();
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
                    self.skipped.add(in_file(error, place.as_ref(), before));
                }
                Err(Error::Cell { path, row, column, expected, found, mend }) => {
                    let row = numbers.get(row).map_or(row, |&n| n as usize);
                    let error = Error::Cell { path, row, column, expected, found, mend };
                    return Err(in_file(error, place.as_ref(), before));
                }
                Err(e) => return Err(e),
            }
        }
    }
}

impl Reader for TypedReader {
    fn schema(&self) -> &Schema {
        &self.converter.schema
    }

    fn rows(&self) -> Option<usize> {
        Some(self.rows)
    }

    fn next_batch(&mut self) -> Result<Option<Table>> {
        loop {
            let converter = &mut self.converter;
            match self.batches.each(|batch| converter.good_rows(batch))?.transpose()? {
                Some(table) if table.rows() == 0 => {}
                table => return Ok(table),
            }
        }
    }

    fn skipped(&self) -> &Skipped {
        &self.converter.skipped
    }

    fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}
