//! The vectors that the head reads.

use super::{FUSE_BATCH, Model, WINDOW, rows};
use crate::{Representations, Result};
use ronghe_data::Table;
use ronghe_graph::Executor;

/// Name of the output.
pub(super) const OUTPUT: &str = "representation";

impl Model {
    /// The fused vector of each row.
    pub(super) fn represent(&self, table: &Table) -> Result<Representations> {
        let at = self.fused.outputs()[OUTPUT];
        let mut plan = self.executor.compile(&self.fused, &[at])?;
        let width = self.fused.value(at).shape.last().unwrap_or(0);
        let tables = self.inputs.iter().map(|i| rows::columns(table, i)).collect::<Result<Vec<_>>>()?;
        let mut values = Vec::with_capacity(table.rows() * width);
        for window in (0..table.rows()).step_by(WINDOW) {
            let len = WINDOW.min(table.rows() - window);
            let encoded = tables
                .iter()
                .enumerate()
                .map(|(i, t)| self.encode(i, &t.slice(window, len)))
                .collect::<Result<Vec<_>>>()?;
            for start in (0..len).step_by(FUSE_BATCH) {
                let feed = self.vectors(&encoded, start, FUSE_BATCH.min(len - start))?;
                values.extend_from_slice(plan.run(&self.weights, &feed)?.get(0));
            }
        }
        Ok(Representations { values, width })
    }
}
