//! Hiding parts of a row: each coalition of players becomes rows of a raw table, which any predictor can read.
//!
//! Cells of players that are present come from the explained row; cells of absent players come from a filler row.
//! One filler row fills all absent columns at once, so that a hidden pair of columns is a pair that occurs. The value
//! of a coalition is the mean over the fillers: with B background rows, B masked rows a coalition (Lundberg and Lee
//! 2017, the "interventional" value); the full coalition is the row itself, once.

use super::{Coalition, Player};
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, StringArray, new_null_array};
use ronghe_data::{Schema, Table};
use std::path::{Path, absolute};
use std::sync::Arc;

/// Makes the masked rows of one explained row.
pub trait Masker: Send + Sync {
    /// How many masked rows stand for the coalition.
    fn samples(&self, coalition: &Coalition) -> usize;

    /// Bytes that a masked row takes, roughly.
    fn row_bytes(&self) -> usize;

    /// The masked rows of all coalitions, one coalition after another.
    fn rows(&self, coalitions: &[Coalition]) -> Result<Table>;
}

/// What a masker is made from.
pub struct MaskerInput<'a> {
    /// The explained row, alone.
    pub row: &'a Table,
    /// Rows that say what is usual.
    pub background: &'a Table,
    /// Who can be hidden.
    pub players: &'a [Player],
}

/// An entry of the table of maskers.
pub struct MaskerSpec {
    /// Name in configurations.
    pub name: &'static str,
    /// One line of help.
    pub summary: &'static str,
    /// Makes one for a row.
    pub build: fn(&MaskerInput<'_>) -> Result<Box<dyn Masker>>,
}

/// All maskers; the first is the default.
pub static MASKERS: &[MaskerSpec] = &[
    MaskerSpec {
        name: "background",
        summary: "hidden cells take those of background rows; what the value does beside what is usual",
        build: |input| Fill::boxed(input, input.background),
    },
    MaskerSpec {
        name: "missing",
        summary: "hidden cells become missing; what the value does beside nothing (the model must know missing)",
        build: |input| {
            let one = input.background.slice(0, input.background.rows().min(1));
            let cells = |i: usize| new_null_array(one.column(i).data_type(), 1);
            let empty =
                (0..one.schema().columns.len()).try_fold(one.clone(), |t, i| t.with_column(i, cells(i)));
            Fill::boxed(input, &empty?)
        },
    },
];

/// Fills hidden cells from the rows of a table.
struct Fill {
    /// One table of one column a column: the explained row first, then the fillers.
    columns: Vec<Table>,
    /// Which player each column belongs to.
    owners: Vec<usize>,
    schema: Arc<Schema>,
    fillers: usize,
    row_bytes: usize,
}

impl Fill {
    fn boxed(input: &MaskerInput<'_>, fillers: &Table) -> Result<Box<dyn Masker>> {
        if input.row.rows() != 1 || fillers.rows() == 0 {
            return Err(Error::Explain {
                what: "rows to explain".into(),
                expected: "one row, and at least one background row".into(),
                found: format!("{} and {}", input.row.rows(), fillers.rows()),
                mend: "explain row by row, and give training rows as background".into(),
            });
        }
        let named: Vec<(usize, &str)> = (0..input.players.len())
            .flat_map(|p| input.players[p].columns.iter().map(move |c| (p, c.as_str())))
            .collect();
        let names: Vec<&str> = named.iter().map(|(_, c)| *c).collect();
        let fillers = fillers.select(&names)?;
        let row = conform(input.row, &fillers)?;
        let all = Table::concat(&[row, anchored(&fillers)?])?;
        let bytes: usize = (0..names.len()).map(|i| all.column(i).get_array_memory_size()).sum();
        Ok(Box::new(Fill {
            columns: names.iter().map(|n| Ok(all.select(&[n])?)).collect::<Result<_>>()?,
            owners: named.iter().map(|(p, _)| *p).collect(),
            schema: Arc::new(all.schema().clone()),
            fillers: fillers.rows(),
            row_bytes: bytes / all.rows(),
        }))
    }
}

impl Masker for Fill {
    fn samples(&self, coalition: &Coalition) -> usize {
        if coalition.is_full() { 1 } else { self.fillers }
    }

    fn row_bytes(&self) -> usize {
        self.row_bytes
    }

    fn rows(&self, coalitions: &[Coalition]) -> Result<Table> {
        let cells = self.columns.iter().zip(&self.owners).map(|(column, &owner)| {
            let mut from = Vec::new();
            for coalition in coalitions {
                let samples = self.samples(coalition);
                match coalition.contains(owner) {
                    true => from.resize(from.len() + samples, 0),
                    false => from.extend(1..=samples),
                }
            }
            Ok(column.take(&from)?.column(0).clone())
        });
        let like = &self.columns[0];
        Ok(Table::new(
            self.schema.clone(),
            cells.collect::<Result<Vec<ArrayRef>>>()?,
            like.path(),
            like.base(),
            like.row_number(0),
        )?)
    }
}

/// The explained row with the columns and types of the fillers, its media paths made absolute. A column that it
/// lacks is missing, as it is to a model; a missing cell fits any type, for a file of few rows may say nothing about
/// the kind of an empty column.
fn conform(row: &Table, like: &Table) -> Result<Table> {
    let row = anchored(row)?;
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
