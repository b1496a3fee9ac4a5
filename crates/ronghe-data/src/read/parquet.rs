//! Apache Parquet.
//!
//! Types give the kinds of numbers, booleans and dates; strings are looked at like those of other files. Bytes are
//! pictures or sound by their first bytes, alone or as `{bytes, path}`.

use super::arrow::{Nature, Place, convert, nature, no_values, numbers, strings};
use super::{ReadOptions, Reader, Skipped};
use crate::DateOrder;
use crate::decode::media_kind;
use crate::infer::{Found, Guess};
use crate::{ColumnSchema, Error, Kind, Result, Schema, Table};
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
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
    let names: Vec<String> = file.schema().fields().iter().map(|f| f.name().clone()).collect();
    let rows = usize::try_from(file.metadata().file_metadata().num_rows()).unwrap_or(0);
    let chosen = options.choose(path, &names)?;
    let found = infer(path, options, &names, &chosen)?;
    if rows == 0 {
        return Err(Error::file(
            path,
            "at least one row of data",
            "none",
            "add rows; column names alone are no table",
        ));
    }
    let columns =
        chosen.iter().zip(&found).map(|(&c, f)| ColumnSchema::new(names[c].clone(), f.kind)).collect();
    Ok(Box::new(ParquetReader {
        batches: select(path, file, &chosen, options.batch_rows.max(1))?,
        schema: Arc::new(Schema { columns }),
        found,
        options: options.clone(),
        path: path.to_owned(),
        base: path.parent().unwrap_or(Path::new("")).to_owned(),
        rows,
        at: 0,
        skipped: Skipped::default(),
    }))
}

struct ParquetReader {
    batches: ParquetRecordBatchReader,
    schema: Arc<Schema>,
    found: Vec<Found>,
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

/// The column `name` of a batch: a projection keeps the file's order of columns, not the one asked for.
fn cells<'a>(batch: &'a RecordBatch, name: &str, path: &Path) -> Result<&'a arrow_array::ArrayRef> {
    batch.column_by_name(name).ok_or_else(|| damaged(path, &format!("no column `{name}` in a batch")))
}

/// The kinds of the columns `chosen`: those of strings and numbers from all values, those of bytes from the first.
fn infer(path: &Path, options: &ReadOptions, names: &[String], chosen: &[usize]) -> Result<Vec<Found>> {
    let base = path.parent().unwrap_or(Path::new("")).to_owned();
    let schema = builder(path)?.schema().clone();
    let mut found = Vec::with_capacity(chosen.len());
    let (mut look, mut bytes) = (Vec::new(), Vec::new());
    for (i, &c) in chosen.iter().enumerate() {
        let place = Place { path, column: &names[c], first_row: 1 };
        let nature = nature(schema.field(c).data_type())
            .ok_or_else(|| no_values(schema.field(c).data_type(), place))?;
        let kind = match nature {
            Nature::Booleans => Kind::Boolean,
            Nature::Dates => Kind::Date,
            Nature::Numbers => Kind::Number,
            Nature::Strings => Kind::Category,
            Nature::Bytes => Kind::Image,
        };
        let given = options.kind(&names[c]);
        // A date written as a string has its order of day and month found even if its kind is given.
        match nature {
            Nature::Strings => look.push((i, nature)),
            Nature::Numbers if given.is_none() => look.push((i, nature)),
            Nature::Bytes if given.is_none() => bytes.push(i),
            _ => {}
        }
        let kind = given.unwrap_or(kind);
        found.push(Found { kind, order: DateOrder::MonthFirst, forms: 0, ambiguous: false });
    }
    let mut guesses = vec![Guess::default(); look.len()];
    if !look.is_empty() {
        let columns: Vec<usize> = look.iter().map(|&(i, _)| chosen[i]).collect();
        let mut batches = select(path, builder(path)?, &columns, 8192)?;
        while let Some(batch) = next(path, &mut batches)? {
            for (&(i, nature), guess) in look.iter().zip(&mut guesses) {
                let name = &names[chosen[i]];
                let place = Place { path, column: name, first_row: 1 };
                let cells = cells(&batch, name, path)?;
                if nature == Nature::Strings {
                    let strings = strings(cells, place)?;
                    strings.as_string::<i32>().iter().flatten().for_each(|s| guess.observe(s, true, &base));
                } else if let Ok(numbers) = numbers(cells, place) {
                    // A column with infinite numbers is one of numbers; its rows say what is wrong.
                    numbers
                        .as_primitive::<Float64Type>()
                        .iter()
                        .flatten()
                        .for_each(|x| guess.observe_number(x));
                }
            }
        }
    }
    for (&(i, nature), guess) in look.iter().zip(&guesses) {
        let name = &names[chosen[i]];
        found[i] = options.settle(name, guess);
        if nature == Nature::Numbers && guess.is_empty() {
            found[i].kind = options.kind(name).unwrap_or(Kind::Number);
        }
    }
    if !bytes.is_empty() {
        let columns: Vec<usize> = bytes.iter().map(|&i| chosen[i]).collect();
        let mut open: Vec<usize> = bytes;
        let mut batches = select(path, builder(path)?, &columns, 64)?;
        while let Some(batch) = next(path, &mut batches)? {
            let mut still = Vec::new();
            for i in open {
                let name = &names[chosen[i]];
                let place = Place { path, column: name, first_row: 1 };
                let media = Found { kind: Kind::Image, ..found[i] };
                let media = convert(cells(&batch, name, path)?, media, options, place)?;
                match media.as_binary::<i64>().iter().flatten().next() {
                    Some(first) => {
                        found[i].kind = media_kind(first).ok_or_else(|| {
                            Error::file(
                                path,
                                format!("column `{name}` to hold the bytes of pictures or sound"),
                                "other bytes",
                                "leave the column out (option `only`), or give its kind",
                            )
                        })?;
                    }
                    None => still.push(i),
                }
            }
            open = still;
            if open.is_empty() {
                break;
            }
        }
    }
    Ok(found)
}

impl ParquetReader {
    fn table(&self, batch: &RecordBatch, first_row: usize) -> Result<Table> {
        let columns = self
            .schema
            .columns
            .iter()
            .zip(&self.found)
            .map(|(spec, &found)| {
                let place = Place { path: &self.path, column: &spec.name, first_row };
                convert(cells(batch, &spec.name, &self.path)?, found, &self.options, place)
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
}
