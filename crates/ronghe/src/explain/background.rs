//! Rows that say what is usual.

use super::Player;
use crate::{CellKey, Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::{Array, LargeBinaryArray, StringArray, new_null_array};
use arrow_schema::DataType;
use ronghe_data::{Cell, Kind, Schema, Table};
use ronghe_stats::random::SplitMix64;
use sha2::{Digest, Sha256};
use std::path::{Path, absolute};
use std::sync::{Arc, OnceLock};

/// The background rows of an explanation: the columns of its players, and a key for each cell.
pub(super) struct Background {
    /// Media paths in it are absolute.
    pub(super) table: Table,
    /// `[column][row]`
    pub(super) keys: Vec<Vec<CellKey>>,
    /// The first twelve hexadecimal digits of the hash over all keys, row by row.
    pub(super) id: String,
    /// Each column with the bytes of files in place of their paths, once it was asked for.
    bytes: Vec<OnceLock<Table>>,
}

impl Background {
    pub(super) fn new(table: &Table, fields: &[Player]) -> Result<Background> {
        if table.rows() == 0 {
            return Err(Error::Explain {
                what: "background".into(),
                expected: "at least one row".into(),
                found: "none".into(),
                mend: "give training rows as background".into(),
            });
        }
        let names: Vec<&str> = fields.iter().map(|f| f.name.as_str()).collect();
        let table = anchored(&table.select(&names)?)?;
        let keys = names.iter().map(|n| Ok(keys(&table.select(&[n])?))).collect::<Result<Vec<_>>>()?;
        let mut state = Sha256::new();
        (0..table.rows()).for_each(|row| keys.iter().for_each(|k: &Vec<CellKey>| state.update(k[row])));
        let id = state.finalize().iter().take(6).map(|b| format!("{b:02x}")).collect();
        let bytes = keys.iter().map(|_| OnceLock::new()).collect();
        Ok(Background { table, keys, id, bytes })
    }

    /// One of its columns.
    pub(super) fn column(&self, place: usize) -> Result<Table> {
        Ok(self.table.select(&[&self.table.schema().columns[place].name])?)
    }

    /// One of its columns, files as bytes.
    pub(super) fn bytes(&self, place: usize) -> Result<Table> {
        if let Some(known) = self.bytes[place].get() {
            return Ok(known.clone());
        }
        let read = as_bytes(&self.column(place)?)?;
        Ok(self.bytes[place].get_or_init(|| read).clone())
    }

    /// The explained row with the columns and types of the background, its media paths made absolute. A column that it
    /// lacks is missing, as it is to a model; a missing cell fits any type, for a file of few rows may say nothing
    /// about the kind of an empty column. A file is read where the background has bytes; one that cannot be read is missing, and a note
    /// says so.
    pub(super) fn conform(&self, row: &Table) -> Result<(Table, Vec<String>)> {
        if row.rows() != 1 {
            return Err(Error::Explain {
                what: "rows to explain".into(),
                expected: "one row at a time".into(),
                found: row.rows().to_string(),
                mend: "explain row by row".into(),
            });
        }
        let row = anchored(row)?;
        let like = &self.table;
        let mut notes = Vec::new();
        let cells = like.schema().columns.iter().enumerate().map(|(i, column)| {
            let expected = like.column(i).data_type();
            match row.schema().index(&column.name) {
                None => Ok(new_null_array(expected, 1)),
                Some(at) if row.is_missing(at, 0) => Ok(new_null_array(expected, 1)),
                Some(at) if row.column(at).data_type() == expected => Ok(row.column(at).clone()),
                Some(at)
                    if column.kind == row.schema().columns[at].kind && *expected == DataType::LargeBinary =>
                {
                    match as_bytes(&row.select(&[&column.name])?) {
                        Ok(read) => Ok(read.column(0).clone()),
                        Err(error) => {
                            let name = &column.name;
                            notes.push(format!("`{name}`: it cannot be read and counts as missing: {error}"));
                            Ok(new_null_array(expected, 1))
                        }
                    }
                }
                Some(at) => Err(Error::Cell {
                    path: row.path().to_owned(),
                    row: row.row_number(0),
                    column: column.name.clone(),
                    expected: format!("{} ({expected}), as in the background rows", column.kind),
                    found: format!("{} ({})", row.schema().columns[at].kind, row.column(at).data_type()),
                    mend: "read the row with the kinds of the training table".into(),
                }),
            }
        });
        let schema = Arc::new(like.schema().clone());
        let cells = cells.collect::<Result<_>>()?;
        Ok((Table::new(schema, cells, row.path(), row.base(), row.row_number(0))?, notes))
    }
}

/// What tells the cells of a column apart: kind and content; of a file that cannot be read, its name.
pub(super) fn keys(column: &Table) -> Vec<CellKey> {
    let named = |row: usize| {
        let mut state = Sha256::new_with_prefix(b"unreadable ");
        state.update(column.display(0, row).as_bytes());
        state.finalize().into()
    };
    (0..column.rows()).map(|row| column.row_hash(row).unwrap_or_else(|_| named(row))).collect()
}

/// A table of one column with the bytes of files in place of their paths.
pub(crate) fn as_bytes(column: &Table) -> Result<Table> {
    let media = matches!(column.schema().columns[0].kind, Kind::Image | Kind::Audio);
    if !media || column.column(0).as_string_opt::<i32>().is_none() {
        return Ok(column.clone());
    }
    let read = |row: usize| match column.media(0, row) {
        Some(Cell::Path(path)) => std::fs::read(&path).map(Some).map_err(|source| Error::Io { path, source }),
        Some(cell) => Ok(cell.bytes().map(std::borrow::Cow::into_owned)),
        None => Ok(None),
    };
    let files = (0..column.rows()).map(read).collect::<Result<Vec<_>>>()?;
    with_cells(column, Arc::new(LargeBinaryArray::from_iter(files)))
}

/// The table with media paths that no longer depend on its folder, so that rows of two folders can be mixed.
fn anchored(table: &Table) -> Result<Table> {
    use ronghe_data::Kind::{Audio, Image};
    let mut out = table.clone();
    for (i, column) in table.schema().columns.iter().enumerate() {
        let Some(paths) = table.column(i).as_string_opt::<i32>() else { continue };
        if !matches!(column.kind, Image | Audio) {
            continue;
        }
        // The folder of a bare file name is the empty path, which means the current one.
        let base = if table.base().as_os_str().is_empty() { Path::new(".") } else { table.base() };
        let folder = absolute(base).map_err(|source| Error::Io { path: base.to_owned(), source })?;
        let cells: StringArray = paths
            .iter()
            .map(|cell| cell.map(|path| folder.join(path).to_string_lossy().into_owned()))
            .collect();
        out = out.with_column(i, Arc::new(cells))?;
    }
    Ok(out)
}

/// The rows of a table of `rows` in the order in which a background is drawn from them.
pub(crate) fn background_order(rows: usize, seed: u64) -> Vec<usize> {
    SplitMix64::new(seed).order(rows)
}

/// At most `size` rows of a table, drawn without putting back, in their order in the table.
pub fn background_rows(table: &Table, size: usize, seed: u64) -> Result<Table> {
    let mut chosen = background_order(table.rows(), seed);
    chosen.truncate(size);
    chosen.sort_unstable();
    Ok(table.take(&chosen)?)
}

/// A table of one column with other cells.
pub(super) fn with_cells(column: &Table, cells: arrow_array::ArrayRef) -> Result<Table> {
    let schema: Arc<Schema> = Arc::new(column.schema().clone());
    Ok(Table::new(schema, vec![cells], column.path(), column.base(), column.row_number(0))?)
}
