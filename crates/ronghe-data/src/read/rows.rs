//! Rows of text cells to typed columns: what CSV and JSON Lines have in common.
//!
//! The file is read twice: the first pass sees every value and settles the kind of each column, the second makes
//! batches of rows. Rows are read in blocks, the next one beside the work on the present one, whose columns are spread over
//! the threads. Memory is bounded by one batch.

use super::block::Block;
use super::cells::{Bad, MissingWords, Source, Value, parse};
use super::{ReadOptions, Reader, Skipped, Warning};
use crate::gathered::ColumnBuilder;
use crate::infer::{Found, Guess};
use crate::{Error, Result, Schema, Table, value};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One row of text cells.
#[derive(Debug, Default)]
pub(crate) struct Row {
    text: String,
    cells: Vec<Option<(usize, usize, Source)>>,
}

impl Row {
    /// Forgets all cells.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.cells.clear();
    }

    /// Sets the cell of `column`.
    pub(crate) fn set(&mut self, column: usize, text: &str, source: Source) {
        if self.cells.len() <= column {
            self.cells.resize(column + 1, None);
        }
        let start = self.text.len();
        self.text.push_str(text);
        self.cells[column] = Some((start, self.text.len(), source));
    }

    /// Sets all cells: parts of `text`, trimmed; an empty one is none.
    pub(crate) fn set_all(&mut self, text: &str, cells: impl Iterator<Item = Range<usize>>) {
        self.clear();
        self.text.push_str(text);
        self.cells.extend(cells.map(|cell| {
            let whole = text.get(cell.clone())?;
            let trimmed = value::trim(whole);
            let start = cell.start + trimmed.as_ptr() as usize - whole.as_ptr() as usize;
            (!trimmed.is_empty()).then_some((start, start + trimmed.len(), Source::Bare))
        }));
    }

    /// The cell of `column`; `None` if there is none.
    pub(crate) fn get(&self, column: usize) -> Option<(&str, Source)> {
        let (start, end, source) = (*self.cells.get(column)?)?;
        Some((&self.text[start..end], source))
    }

    /// Bytes of all cells.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }
}

/// Rows of text cells, one after another.
pub(crate) trait Rows: Send {
    /// Reads the next row; false at the end. After an [`Error::Row`] or [`Error::Cell`] the row after it can be read.
    fn next_row(&mut self, row: &mut Row) -> Result<bool>;

    /// Names of the columns met so far.
    fn names(&self) -> &[String];

    /// Whether all columns are known before the first row.
    fn names_are_known(&self) -> bool;

    /// Columns met so far that hold more than plain values, which are left out.
    fn nested(&self) -> Vec<String> {
        Vec::new()
    }

    /// What was noticed about the file as a whole so far.
    fn warnings(&self) -> &[Warning] {
        &[]
    }

    /// The file of the row just read and its row there, where rows come from more than one file.
    fn place(&self) -> Option<(&Path, usize)> {
        None
    }
}

/// Opens the same rows again, with the names of the columns if they are known.
pub(crate) type Reopen<'a, R> = dyn Fn(Option<Vec<String>>) -> Result<R> + 'a;

/// Typed batches from rows of text cells.
#[derive(Debug)]
pub(crate) struct RowsReader<R> {
    source: R,
    /// Rows that were read and are not parsed yet, and room for those after them.
    ready: Block,
    spare: Block,
    schema: Arc<Schema>,
    columns: Vec<Column>,
    options: ReadOptions,
    path: PathBuf,
    base: PathBuf,
    rows: Option<usize>,
    skipped: Skipped,
    warnings: Vec<Warning>,
}

/// Bytes of text after which a batch ends early, so that its strings stay addressable by 32 bits.
const BATCH_BYTES: usize = 256 << 20;

impl<R: Rows> RowsReader<R> {
    /// Looks at all rows once, unless all columns are known, and stands before the first.
    pub(crate) fn open(path: &Path, options: &ReadOptions, reopen: &Reopen<'_, R>) -> Result<RowsReader<R>> {
        let base = options.base(path);
        let mut source = reopen(None)?;
        let known = source.names_are_known() && options.knows(source.names());
        let (guesses, rows) = match known {
            true => (Vec::new(), None),
            false => look(path, options, &mut source, &base).map(|(guesses, rows)| (guesses, Some(rows)))?,
        };
        let names = source.names().to_vec();
        let mut warnings = source.warnings().to_vec();
        let mut options = options.clone();
        for column in source.nested() {
            if options.reads(&column) {
                warnings.push(Warning::LeftOut { column: column.clone(), holds: "nested objects".into() });
                options.drop.insert(column);
            }
        }
        let chosen = options.choose(path, &names)?;
        if chosen.is_empty() {
            return Err(Error::file(
                path,
                "at least one column of plain values",
                "nested objects in all of them",
                "write one object a row with a plain value a key (pandas: orient=\"records\")",
            ));
        }
        let mut columns = Vec::with_capacity(chosen.len());
        let nothing = Guess::default();
        for &place in &chosen {
            let name = &names[place];
            let guess = guesses.get(place).unwrap_or(&nothing);
            let found = options.settle(name, guess, &mut warnings);
            columns.push(Column::new(place, name, found, &options));
        }
        let schema = columns.iter().map(|c| c.found.column(&c.name));
        let mut source = reopen(Some(names))?;
        let mut ready = Block::default();
        ready.fill(&mut source, 0, &options, options.batch_rows);
        Ok(RowsReader {
            schema: Arc::new(Schema { columns: schema.collect() }),
            source,
            ready,
            spare: Block::default(),
            columns,
            options,
            path: path.to_owned(),
            base,
            rows,
            skipped: Skipped::default(),
            warnings,
        })
    }

    /// Parses the rows that are ready beside reading the next `most`; numbers of the good ones.
    fn advance(&mut self, most: usize) -> Result<Vec<u32>> {
        let RowsReader { source, ready, spare, columns, options, .. } = self;
        let read_on = || match ready.more {
            true => spare.fill(source, ready.last_row, options, most),
            false => spare.clear(ready.last_row),
        };
        rayon::join(read_on, || columns.par_iter_mut().for_each(|c| c.parse(ready, options)));
        let bad = self.bad_rows()?;
        let RowsReader { ready, columns, .. } = self;
        columns.par_iter_mut().for_each(|c| c.push(ready, &bad));
        let good = ready.numbers.iter().enumerate().filter(|(i, _)| bad.binary_search(i).is_err());
        let numbers = good.map(|(_, &number)| number as u32).collect();
        if let Some(error) = ready.failed.take() {
            return Err(error);
        }
        std::mem::swap(&mut self.ready, &mut self.spare);
        Ok(numbers)
    }

    /// Positions of the ready rows that have a bad cell, in order, after taking note of them; an error unless they may be left out.
    fn bad_rows(&mut self) -> Result<Vec<usize>> {
        let mut bad: BTreeMap<usize, Error> = BTreeMap::new();
        for column in &mut self.columns {
            for (i, cell) in column.bad.drain(..) {
                let (path, row) = self.ready.place(i, &self.path);
                bad.entry(i).or_insert_with(|| cell.at(path, row, &column.name));
            }
        }
        if !self.options.skip_bad_rows
            && let Some((_, error)) = bad.pop_first()
        {
            return Err(error);
        }
        let positions = bad.keys().copied().collect();
        let cells = bad.into_iter().map(|(i, error)| (self.ready.numbers[i], error));
        let mut errors: Vec<(usize, Error)> = self.ready.bad.drain(..).chain(cells).collect();
        errors.sort_by_key(|(row, _)| *row);
        errors.into_iter().for_each(|(_, error)| self.skipped.add(error));
        Ok(positions)
    }
}

/// What all rows say of each column, and their number.
fn look<R: Rows>(
    path: &Path,
    options: &ReadOptions,
    source: &mut R,
    base: &Path,
) -> Result<(Vec<Guess>, usize)> {
    let mut columns: Vec<(Guess, MissingWords)> = Vec::new();
    let (mut block, mut next) = (Block::default(), Block::default());
    block.fill(source, 0, options, usize::MAX);
    loop {
        if let Some(error) = block.failed.take() {
            return Err(error);
        }
        for name in &source.names()[columns.len()..] {
            columns.push((Guess::default(), MissingWords::of(name, options)));
        }
        // Each column sees its values in order, whichever thread looks.
        let mut look = || {
            columns.par_iter_mut().enumerate().for_each(|(i, (guess, missing))| {
                for (row, number) in block.rows() {
                    match row.get(i) {
                        None => {}
                        Some((text, source)) if missing.say(text, source) => {
                            guess.observe_missing(text, number);
                        }
                        Some((text, source)) => guess.observe(text, source, base, number),
                    }
                }
            });
        };
        if !block.more {
            look();
            break;
        }
        rayon::join(|| next.fill(source, block.last_row, options, usize::MAX), look);
        std::mem::swap(&mut block, &mut next);
    }
    if block.last_row == 0 {
        return Err(no_rows(path));
    }
    Ok((columns.into_iter().map(|(guess, _)| guess).collect(), block.last_row))
}

fn no_rows(path: &Path) -> Error {
    Error::file(path, "at least one row of data", "none", "add rows; a header line alone is no table")
}

/// A column of the schema, and what was read of it.
#[derive(Debug)]
struct Column {
    /// Its place in the source.
    place: usize,
    name: String,
    found: Found,
    missing: MissingWords,
    builder: ColumnBuilder,
    /// The cells of a block, and those of them that are wrong.
    values: Vec<Value>,
    bad: Vec<(usize, Bad)>,
}

impl Column {
    fn new(place: usize, name: &str, found: Found, options: &ReadOptions) -> Column {
        let missing = MissingWords::of(name, options);
        let builder = ColumnBuilder::new(found.kind);
        Column { place, name: name.to_owned(), found, missing, builder, values: Vec::new(), bad: Vec::new() }
    }

    /// Reads its cells of a block. The first bad one is the last where none may be.
    fn parse(&mut self, block: &Block, options: &ReadOptions) {
        self.values.clear();
        for (i, (row, _)) in block.rows().enumerate() {
            let value = match row.get(self.place) {
                None => Ok(Value::Missing),
                Some((text, source)) if self.missing.say(text, source) => Ok(Value::Missing),
                Some((text, source)) => parse(text, source, &self.found, options.outside_paths),
            };
            self.values.push(value.unwrap_or_else(|bad| {
                self.bad.push((i, bad));
                Value::Missing
            }));
            if !options.skip_bad_rows && !self.bad.is_empty() {
                return;
            }
        }
    }

    /// Keeps its cells but for those of the `bad` rows.
    fn push(&mut self, block: &Block, bad: &[usize]) {
        for (i, ((row, _), value)) in block.rows().zip(&self.values).enumerate() {
            if bad.binary_search(&i).is_err() {
                self.builder.push(*value, row.get(self.place).map_or("", |(text, _)| text));
            }
        }
    }
}

impl<R: Rows> Reader for RowsReader<R> {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn rows(&self) -> Option<usize> {
        self.rows
    }

    fn next_batch(&mut self) -> Result<Option<Table>> {
        let batch_rows = self.options.batch_rows.max(1);
        let mut numbers: Vec<u32> = Vec::new();
        let (mut read, mut size) = (0, 0);
        loop {
            let last = !self.ready.more;
            read += self.ready.numbers.len();
            size += self.ready.bytes;
            let full = read >= batch_rows || size >= BATCH_BYTES;
            let room = if full { batch_rows } else { batch_rows - read };
            numbers.extend(self.advance(room)?);
            if last || full && !numbers.is_empty() {
                break;
            }
            if full {
                (read, size) = (0, 0);
            }
        }
        if numbers.is_empty() {
            return if self.ready.last_row == 0 { Err(no_rows(&self.path)) } else { Ok(None) };
        }
        let kinds = self.schema.columns.iter().map(|c| c.kind);
        let fresh = kinds.map(ColumnBuilder::new);
        let done =
            self.columns.iter_mut().zip(fresh).map(|(c, fresh)| std::mem::replace(&mut c.builder, fresh));
        let cells = done.map(ColumnBuilder::finish).collect();
        let table = Table::new(self.schema.clone(), cells, &self.path, &self.base, numbers[0] as usize)?;
        Ok(Some(table.with_row_numbers(numbers)))
    }

    fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}
