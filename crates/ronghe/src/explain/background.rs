//! Rows that say what is usual.

use super::Player;
use super::draw::Draw;
use crate::{CellKey, Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::{Array, StringArray, new_null_array};
use ronghe_data::{Schema, Table};
use sha2::{Digest, Sha256};
use std::path::{Path, absolute};
use std::sync::Arc;

/// The background rows of an explanation: the columns of its players, and a key for each cell.
pub(super) struct Background {
    /// Media paths in it are absolute.
    pub(super) table: Table,
    /// `[column][row]`
    pub(super) keys: Vec<Vec<CellKey>>,
    /// The first twelve hexadecimal digits of the hash over all keys, row by row.
    pub(super) id: String,
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
        Ok(Background { table, keys, id })
    }

    /// The explained row with the columns and types of the background, its media paths made absolute. A column that it
    /// lacks is missing, as it is to a model; a missing cell fits any type, for a file of few rows may say nothing
    /// about the kind of an empty column.
    pub(super) fn conform(&self, row: &Table) -> Result<Table> {
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
        let cells = like.schema().columns.iter().enumerate().map(|(i, column)| {
            let expected = like.column(i).data_type();
            match row.schema().index(&column.name) {
                None => Ok(new_null_array(expected, 1)),
                Some(at) if row.is_missing(at, 0) => Ok(new_null_array(expected, 1)),
                Some(at) if row.column(at).data_type() == expected => Ok(row.column(at).clone()),
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
        Ok(Table::new(schema, cells.collect::<Result<_>>()?, row.path(), row.base(), row.row_number(0))?)
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

/// At most `size` rows of a table, drawn without putting back, in their order in the table.
pub fn background_rows(table: &Table, size: usize, seed: u64) -> Result<Table> {
    let mut chosen = Draw::new(seed).order(table.rows());
    chosen.truncate(size);
    chosen.sort_unstable();
    Ok(table.take(&chosen)?)
}

/// A table of one column with other cells.
pub(super) fn with_cells(column: &Table, cells: arrow_array::ArrayRef) -> Result<Table> {
    let schema: Arc<Schema> = Arc::new(column.schema().clone());
    Ok(Table::new(schema, vec![cells], column.path(), column.base(), column.row_number(0))?)
}
