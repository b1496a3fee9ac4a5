//! A sample of the rows of a table that streams by.
//!
//! Row `i` has the rank `mix(i)`, a fixed shuffle; the rows of the lowest ranks are kept. Whenever twice the wanted
//! number is held, the bound on ranks is halved. The sample depends on the row numbers alone.

use crate::distinct::mix;
use crate::{Kind, Result, Table};

/// Rows wanted.
const WANTED: usize = 20_000;

#[derive(Debug)]
pub(super) struct Sample {
    parts: Vec<(Table, Vec<u64>)>,
    bound: u64,
    held: usize,
    next: u64,
}

impl Default for Sample {
    fn default() -> Sample {
        Sample { parts: Vec::new(), bound: u64::MAX, held: 0, next: 0 }
    }
}

impl Sample {
    /// Offers the next rows.
    pub(super) fn add(&mut self, table: &Table) -> Result<()> {
        let ranks: Vec<u64> = (0..table.rows() as u64).map(|i| mix(self.next + i)).collect();
        self.next += table.rows() as u64;
        let part = self.below(&lighten(table)?, &ranks)?;
        self.held += part.1.len();
        self.parts.push(part);
        while self.held > 2 * WANTED {
            self.bound /= 2;
            let parts = std::mem::take(&mut self.parts);
            self.parts = parts.iter().map(|(t, ranks)| self.below(t, ranks)).collect::<Result<_>>()?;
            self.held = self.parts.iter().map(|(_, ranks)| ranks.len()).sum();
        }
        Ok(())
    }

    fn below(&self, table: &Table, ranks: &[u64]) -> Result<(Table, Vec<u64>)> {
        let rows: Vec<usize> = (0..ranks.len()).filter(|&i| ranks[i] <= self.bound).collect();
        Ok((table.take(&rows)?, rows.iter().map(|&i| ranks[i]).collect()))
    }

    /// The rows kept; `None` if there were none.
    pub(super) fn table(self) -> Result<Option<Table>> {
        let tables: Vec<Table> = self.parts.into_iter().map(|(table, _)| table).collect();
        if tables.is_empty() { Ok(None) } else { Table::concat(&tables).map(Some) }
    }
}

/// The table with the cells of pictures, sound and text emptied, which a search for leaks does not look at.
fn lighten(table: &Table) -> Result<Table> {
    let mut light = table.clone();
    for (i, spec) in table.schema().columns.iter().enumerate() {
        if matches!(spec.kind, Kind::Image | Kind::Audio | Kind::Text) {
            let empty = arrow_array::new_null_array(table.column(i).data_type(), table.rows());
            light = light.with_column(i, empty)?;
        }
    }
    Ok(light)
}
