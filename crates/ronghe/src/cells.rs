//! Rows put together from distinct cells.
//!
//! An explanation asks for hundreds of thousands of rows made of a few hundred different cells. Here each cell stands once, and
//! a row says by a number which cell it shows in each column.

use crate::{Error, Predictions, Predictor, Result};
use arrow_array::ArrayRef;
use ronghe_data::{Schema, Table};
use std::sync::Arc;

/// What tells a cell from all others: equal keys mean equal cells, in this call and in every other.
pub type CellKey = [u8; 32];

/// Most rows that are written out at a time for a predictor that reads tables only.
const MOST_ROWS: usize = 16_384;
/// Most bytes of rows that are written out at a time.
const MOST_BYTES: usize = 128 << 20;

/// One column: its distinct cells, and which of them each row shows.
#[derive(Debug, Clone)]
pub struct CellColumn {
    cells: Table,
    keys: Option<Vec<CellKey>>,
    rows: Vec<u32>,
}

/// Rows put together from distinct cells.
#[derive(Debug, Clone)]
pub struct Cells {
    columns: Vec<CellColumn>,
    rows: usize,
}

impl CellColumn {
    /// `cells` is a table of one column, `keys` has an entry for each of its rows (none where it is not worth remembering
    /// them), and each of `rows` is a row of `cells`.
    pub fn new(cells: Table, keys: Option<Vec<CellKey>>, rows: Vec<u32>) -> Result<CellColumn> {
        let fits = cells.schema().columns.len() == 1
            && keys.as_ref().is_none_or(|k| k.len() == cells.rows())
            && rows.iter().all(|&r| (r as usize) < cells.rows());
        match fits {
            true => Ok(CellColumn { cells, keys, rows }),
            false => Err(unfit("one column, a key for each cell, rows that name cells")),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.cells.schema().columns[0].name
    }

    /// The distinct cells: a table of one column.
    pub fn cells(&self) -> &Table {
        &self.cells
    }

    /// The key of each cell; none where cells are not worth remembering.
    pub fn keys(&self) -> Option<&[CellKey]> {
        self.keys.as_deref()
    }

    /// Which cell each row shows.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }
}

impl Cells {
    /// Columns of one length and of different names, at least one.
    pub fn new(columns: Vec<CellColumn>) -> Result<Cells> {
        let rows = columns.first().map_or(0, |c| c.rows.len());
        let names: Vec<&str> = columns.iter().map(CellColumn::name).collect();
        let twice = (1..names.len()).any(|i| names[..i].contains(&names[i]));
        if columns.is_empty() || twice || columns.iter().any(|c| c.rows.len() != rows) {
            return Err(unfit("columns of one length and of different names"));
        }
        Ok(Cells { columns, rows })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns.
    pub fn columns(&self) -> &[CellColumn] {
        &self.columns
    }

    /// The column called `name`.
    pub fn find(&self, name: &str) -> Option<&CellColumn> {
        self.columns.iter().find(|c| c.name() == name)
    }

    /// `len` rows from row `start`, written out.
    pub fn table(&self, start: usize, len: usize) -> Result<Table> {
        let take = |column: &CellColumn| -> Result<ArrayRef> {
            let rows: Vec<usize> = column.rows[start..start + len].iter().map(|&r| r as usize).collect();
            Ok(column.cells.take(&rows)?.column(0).clone())
        };
        let cells = self.columns.iter().map(take).collect::<Result<Vec<_>>>()?;
        let columns = self.columns.iter().map(|c| c.cells.schema().columns[0].clone()).collect();
        let like = &self.columns[0].cells;
        let schema = Arc::new(Schema { columns });
        Ok(Table::new(schema, cells, like.path(), like.base(), like.row_number(0))?)
    }

    /// Predictions of the rows written out, window by window.
    pub(crate) fn written_out<P: Predictor + ?Sized>(&self, predictor: &P) -> Result<Predictions> {
        let bytes = |c: &CellColumn| c.cells.column(0).get_array_memory_size() / c.cells.rows().max(1);
        let row_bytes: usize = self.columns.iter().map(bytes).sum();
        let window = (MOST_BYTES / row_bytes.max(1)).clamp(1, MOST_ROWS);
        let mut all: Option<Predictions> = None;
        for start in (0..self.rows.max(1)).step_by(window) {
            let found = predictor.predict(&self.table(start, window.min(self.rows - start))?)?;
            match &mut all {
                Some(all) => all.values.extend(found.values),
                None => all = Some(found),
            }
        }
        all.ok_or_else(|| unfit("rows"))
    }
}

fn unfit(expected: &str) -> Error {
    Error::Explain {
        what: "cells of masked rows".into(),
        expected: expected.into(),
        found: "others".into(),
        mend: "this is a defect of the masker; please report it".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::StringArray;
    use ronghe_data::{ColumnSchema, Kind};
    use std::path::Path;

    fn column(name: &str, cells: &[&str], rows: &[u32]) -> Result<CellColumn> {
        let schema = Schema { columns: vec![ColumnSchema::new(name, Kind::Text)] };
        let cells: ArrayRef = Arc::new(StringArray::from(cells.to_vec()));
        let here = Path::new("t.csv");
        CellColumn::new(Table::new(Arc::new(schema), vec![cells], here, here, 1)?, None, rows.to_vec())
    }

    #[test]
    fn rows_are_written_out_as_their_numbers_say() {
        let a = column("a", &["x", "信"], &[1, 0, 1]).unwrap();
        let b = column("b", &["y"], &[0, 0, 0]).unwrap();
        let cells = Cells::new(vec![a.clone(), b]).unwrap();
        let table = cells.table(0, 3).unwrap();
        let texts: Vec<_> = (0..3).map(|r| table.text(0, r).unwrap().to_owned()).collect();
        assert_eq!((texts, cells.rows()), (vec!["信".to_owned(), "x".into(), "信".into()], 3));
        assert_eq!(cells.table(2, 1).unwrap().text(1, 0), Some("y"));
        assert!(Cells::new(vec![a.clone(), a]).is_err());
        assert!(column("a", &["x"], &[1]).is_err());
    }
}
