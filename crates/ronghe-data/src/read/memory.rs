//! A table in memory as a reader.

use super::{ReadOptions, Reader, Skipped, Warning};
use crate::{Result, Schema, Table};

/// Gives the batches of a table that is small enough to be in memory.
#[derive(Debug)]
pub(crate) struct MemoryReader {
    table: Table,
    at: usize,
    batch_rows: usize,
    skipped: Skipped,
    warnings: Vec<Warning>,
}

impl MemoryReader {
    pub(crate) fn new(table: Table, options: &ReadOptions) -> MemoryReader {
        let (skipped, warnings) = Default::default();
        MemoryReader { table, at: 0, batch_rows: options.batch_rows.max(1), skipped, warnings }
    }

    /// This reader with `warnings`.
    pub(crate) fn warning(self, warnings: Vec<Warning>) -> MemoryReader {
        MemoryReader { warnings, ..self }
    }
}

impl Reader for MemoryReader {
    fn schema(&self) -> &Schema {
        self.table.schema()
    }

    fn rows(&self) -> Option<usize> {
        Some(self.table.rows())
    }

    fn next_batch(&mut self) -> Result<Option<Table>> {
        let len = self.batch_rows.min(self.table.rows() - self.at);
        if len == 0 {
            return Ok(None);
        }
        self.at += len;
        Ok(Some(self.table.slice(self.at - len, len)))
    }

    fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}
