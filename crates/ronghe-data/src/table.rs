//! Rows of typed columns.

use crate::gathered::Gathered;
use crate::media::{inline_bytes, inline_kind};
use crate::{ColumnSchema, Error, Kind, Result, Schema};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, UInt32Array};
use arrow_schema::{ArrowError, DataType};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows of typed columns, with the place they came from. Cheap to clone: columns are shared.
#[derive(Debug, Clone)]
pub struct Table {
    schema: Arc<Schema>,
    columns: Vec<ArrayRef>,
    rows: usize,
    path: Arc<PathBuf>,
    base: Arc<PathBuf>,
    numbers: RowNumbers,
}

/// The numbers that rows have in their file, from 1.
#[derive(Debug, Clone)]
enum RowNumbers {
    /// One after another, from this one.
    From(usize),
    /// Any.
    Each(Arc<[u32]>),
}

/// The content of an image or audio cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell<'a> {
    /// A file, resolved against the table's folder.
    Path(PathBuf),
    /// The bytes of a file.
    Bytes(&'a [u8]),
    /// The bytes of a file as text: a `data:` URI in base64.
    Inline(&'a str),
}

impl Cell<'_> {
    /// The bytes that are in the cell itself; `None` for a file, and for a URI that is none.
    pub fn bytes(&self) -> Option<Cow<'_, [u8]>> {
        match self {
            Cell::Path(_) => None,
            Cell::Bytes(bytes) => Some(Cow::Borrowed(bytes)),
            Cell::Inline(uri) => inline_bytes(uri).map(Cow::Owned),
        }
    }
}

impl Table {
    /// A table from the file `path`, whose media cells are relative to the folder `base`. `first_row` is the row
    /// number, from 1, of its first row in the file. Columns must be of the Arrow types that [`Kind`] names.
    pub fn new(
        schema: Arc<Schema>,
        columns: Vec<ArrayRef>,
        path: &Path,
        base: &Path,
        first_row: usize,
    ) -> Result<Table> {
        let rows = columns.first().map_or(0, |c| c.len());
        for (i, spec) in schema.columns.iter().enumerate() {
            let found = columns.get(i);
            let good = found.is_some_and(|c| c.len() == rows && fits(spec.kind, c.data_type()));
            if !good {
                return Err(Error::File {
                    path: path.to_owned(),
                    expected: format!("column `{}` of kind {} with {rows} rows", spec.name, spec.kind),
                    found: found
                        .map_or("nothing".into(), |c| format!("{} with {} rows", c.data_type(), c.len())),
                    mend: "this is a defect of the reader; please report it".into(),
                });
            }
        }
        Ok(Table {
            schema,
            columns,
            rows,
            path: Arc::new(path.to_owned()),
            base: Arc::new(base.to_owned()),
            numbers: RowNumbers::From(first_row),
        })
    }

    /// This table with the numbers that its rows have in their file, from 1; as many as there are rows.
    pub(crate) fn with_row_numbers(self, numbers: Vec<u32>) -> Table {
        debug_assert_eq!(numbers.len(), self.rows);
        let consecutive = numbers.windows(2).all(|w| w[1] == w[0].wrapping_add(1));
        let numbers = match numbers.first() {
            Some(&first) if consecutive => RowNumbers::From(first as usize),
            _ => RowNumbers::Each(numbers.into()),
        };
        Table { numbers, ..self }
    }

    /// Names and kinds of the columns.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// File the rows came from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Folder that paths in media cells are relative to.
    pub fn base(&self) -> &Path {
        &self.base
    }

    /// Number in its file, from 1, of row `i` of this table; chosen rows keep theirs.
    pub fn row_number(&self, i: usize) -> usize {
        match &self.numbers {
            RowNumbers::From(first) => first + i,
            RowNumbers::Each(numbers) => numbers.get(i).map_or(i + 1, |&n| n as usize),
        }
    }

    /// Column `i`.
    pub fn column(&self, i: usize) -> &ArrayRef {
        &self.columns[i]
    }

    /// Position and kind of the column called `name`.
    pub fn find(&self, name: &str) -> Result<(usize, Kind)> {
        match self.schema.index(name) {
            Some(i) => Ok((i, self.schema.columns[i].kind)),
            None => Err(Error::UnknownColumn {
                path: self.path.to_path_buf(),
                column: name.to_owned(),
                valid: self.schema.names(),
            }),
        }
    }

    /// The rows `rows`, in that order; a row may be taken more than once.
    pub fn take(&self, rows: &[usize]) -> Result<Table> {
        let indices = UInt32Array::from_iter_values(rows.iter().map(|&r| r as u32));
        let columns = self
            .columns
            .iter()
            .map(|c| arrow_select::take::take(c, &indices, None))
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(|e| self.arrow(&e.to_string()))?;
        let numbers = rows.iter().map(|&r| self.row_number(r) as u32).collect();
        Ok(Table { columns, rows: rows.len(), ..self.clone() }.with_row_numbers(numbers))
    }

    /// `len` rows from row `start`, without copying.
    pub fn slice(&self, start: usize, len: usize) -> Table {
        let columns = self.columns.iter().map(|c| c.slice(start, len)).collect();
        let numbers = match &self.numbers {
            RowNumbers::From(first) => RowNumbers::From(first + start),
            RowNumbers::Each(numbers) => RowNumbers::Each(numbers[start..start + len].into()),
        };
        Table { columns, rows: len, numbers, ..self.clone() }
    }

    /// The rows of all `tables` one after another. They must have the same columns.
    pub fn concat(tables: &[Table]) -> Result<Table> {
        Table::join(tables.iter().cloned().map(Ok))
    }

    /// As [`Table::concat`], of tables that come one by one and are let go of at once.
    pub(crate) fn join(tables: impl IntoIterator<Item = Result<Table>>) -> Result<Table> {
        let mut tables = tables.into_iter();
        let Some(first) = tables.next().transpose()? else {
            return Err(Error::File {
                path: PathBuf::new(),
                expected: "at least one table".into(),
                found: "none".into(),
                mend: "give a table with rows".into(),
            });
        };
        let Some(second) = tables.next() else { return Ok(first) };
        let whole = Table { columns: Vec::new(), ..first.clone() };
        let wrong = |e: ArrowError| whole.arrow(&e.to_string());
        let columns = first.columns.iter().map(|c| Gathered::new(c.data_type()));
        let mut columns = columns.collect::<std::result::Result<Vec<_>, _>>().map_err(wrong)?;
        let mut numbers: Vec<u32> = Vec::new();
        for table in [Ok(first), second].into_iter().chain(tables) {
            let table = table?;
            if table.schema != whole.schema {
                let names = (table.schema.names(), whole.schema.names());
                return Err(whole.arrow(&format!("columns {:?} beside {:?}", names.0, names.1)));
            }
            numbers.extend((0..table.rows).map(|i| table.row_number(i) as u32));
            let added = columns.par_iter_mut().zip(table.columns).map(|(column, part)| column.add(&part));
            // The first column's error, not the first that a thread met.
            let added: Vec<std::result::Result<(), ArrowError>> = added.collect();
            added.into_iter().collect::<std::result::Result<(), _>>().map_err(wrong)?;
        }
        let columns = columns.into_iter().map(Gathered::finish).collect();
        Ok(Table { columns, rows: numbers.len(), ..whole }.with_row_numbers(numbers))
    }

    /// This table with the cells of column `i` replaced; kind and length must stay.
    pub fn with_column(&self, i: usize, cells: ArrayRef) -> Result<Table> {
        let mut columns = self.columns.clone();
        columns[i] = cells;
        let table = Table::new(self.schema.clone(), columns, &self.path, &self.base, 1)?;
        Ok(Table { numbers: self.numbers.clone(), ..table })
    }

    /// Only the columns `names`, in that order.
    pub fn select(&self, names: &[&str]) -> Result<Table> {
        let found = names.iter().map(|n| self.find(n)).collect::<Result<Vec<_>>>()?;
        let columns: Vec<ColumnSchema> = found.iter().map(|(i, _)| self.schema.columns[*i].clone()).collect();
        Ok(Table {
            schema: Arc::new(Schema { columns }),
            columns: found.iter().map(|(i, _)| self.columns[*i].clone()).collect(),
            ..self.clone()
        })
    }

    /// This table with other names for some of its columns, by the names that they have.
    pub fn renamed(&self, names: &BTreeMap<String, String>) -> Table {
        Table { schema: Arc::new(self.schema.renamed(names)), ..self.clone() }
    }

    /// Whether the cell is missing.
    pub fn is_missing(&self, column: usize, row: usize) -> bool {
        self.columns[column].is_null(row)
    }

    /// The string of a category, text or identifier cell; `None` if it is missing or not a string.
    pub fn text(&self, column: usize, row: usize) -> Option<&str> {
        let cells = &self.columns[column];
        (!cells.is_null(row)).then(|| cells.as_string_opt::<i32>().map(|a| a.value(row))).flatten()
    }

    /// The content of an image or audio cell; `None` if it is missing.
    pub fn media(&self, column: usize, row: usize) -> Option<Cell<'_>> {
        let cells = &self.columns[column];
        if cells.is_null(row) {
            return None;
        }
        if let Some(paths) = cells.as_string_opt::<i32>() {
            let text = paths.value(row);
            return Some(match inline_kind(text.trim_start()) {
                Some(_) => Cell::Inline(text),
                None => Cell::Path(self.base.join(text)),
            });
        }
        cells.as_binary_opt::<i64>().map(|bytes| Cell::Bytes(bytes.value(row)))
    }

    /// The numbers of a vector cell; `None` if it is missing.
    pub fn vector(&self, column: usize, row: usize) -> Option<Vec<f32>> {
        let cells = self.columns[column].as_binary_opt::<i64>().filter(|c| c.is_valid(row))?;
        let (numbers, _) = cells.value(row).as_chunks::<4>();
        Some(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    /// A cell as people read it; empty for a missing one.
    pub fn display(&self, column: usize, row: usize) -> Cow<'_, str> {
        use arrow_array::types::{Float64Type, TimestampMillisecondType};
        let cells = &self.columns[column];
        if cells.is_null(row) {
            return Cow::Borrowed("");
        }
        if let Some(text) = self.text(column, row) {
            return Cow::Borrowed(text);
        }
        match self.schema.columns[column].kind {
            Kind::Number => Cow::Owned(cells.as_primitive::<Float64Type>().value(row).to_string()),
            Kind::Boolean => Cow::Owned(cells.as_boolean().value(row).to_string()),
            Kind::Date => {
                let millis = cells.as_primitive::<TimestampMillisecondType>().value(row);
                Cow::Owned(date_text(millis))
            }
            Kind::Vector => {
                let numbers = self.vector(column, row).unwrap_or_default();
                let shown: Vec<String> = numbers.iter().take(4).map(f32::to_string).collect();
                let more = if numbers.len() > 4 { ", ..." } else { "" };
                Cow::Owned(format!("[{}{more}] ({} numbers)", shown.join(", "), numbers.len()))
            }
            _ => Cow::Owned(format!(
                "<{} bytes>",
                cells.as_binary_opt::<i64>().map_or(0, |b| b.value(row).len())
            )),
        }
    }

    fn arrow(&self, found: &str) -> Error {
        Error::File {
            path: self.path.to_path_buf(),
            expected: "columns that fit together".into(),
            found: found.to_owned(),
            mend: "check that all parts have the same columns".into(),
        }
    }
}

/// A date as text that is read as the same date: the day, and the time where there is one.
pub(crate) fn date_text(millis: i64) -> String {
    let Some(at) = chrono::DateTime::from_timestamp_millis(millis) else { return millis.to_string() };
    let form = match millis {
        _ if millis % 86_400_000 == 0 => "%Y-%m-%d",
        _ if millis % 1000 == 0 => "%Y-%m-%dT%H:%M:%SZ",
        _ => "%Y-%m-%dT%H:%M:%S%.3fZ",
    };
    at.format(form).to_string()
}

fn fits(kind: Kind, found: &DataType) -> bool {
    use arrow_schema::TimeUnit::Millisecond;
    match kind {
        Kind::Number => *found == DataType::Float64,
        Kind::Boolean => *found == DataType::Boolean,
        Kind::Date => matches!(found, DataType::Timestamp(Millisecond, _)),
        Kind::Category | Kind::Text | Kind::Identifier => *found == DataType::Utf8,
        Kind::Image | Kind::Audio => matches!(found, DataType::Utf8 | DataType::LargeBinary),
        Kind::Vector => *found == DataType::LargeBinary,
    }
}
