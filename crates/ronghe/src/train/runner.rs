//! A network whose frozen part is computed once a row and kept.

use super::source::Source;
use crate::Result;
use ronghe_graph::passes::{fuse_activations, split_frozen};
use ronghe_graph::{Executor, Feed, Graph, Outputs, Plan, Tensor, ValueId, Weights};
use std::collections::BTreeSet;

/// Rows of the frozen part computed at a time.
const BATCH: usize = 32;

/// A compiled network for a fixed set of rows.
pub(super) struct Runner {
    plan: Box<dyn Plan>,
    /// Inputs that the compiled part reads.
    pub(super) reads: BTreeSet<String>,
    frozen: Vec<Kept>,
    /// Position of each row among the kept ones.
    position: Vec<u32>,
}

/// One border value of all rows.
struct Kept {
    name: String,
    shape: Vec<usize>,
    data: Vec<f32>,
}

impl Runner {
    /// Compiles `outputs` of `graph`. What no trainable weight, random mask or input in `varying` changes is computed
    /// here, once, for `rows`.
    pub(super) fn new(
        executor: &dyn Executor,
        graph: &Graph,
        weights: &Weights,
        outputs: &[(&str, ValueId)],
        varying: &[&str],
        source: &Source,
        rows: &[usize],
        mut progress: impl FnMut(usize, usize) -> Result<()>,
    ) -> Result<Runner> {
        let split = split_frozen(graph, weights, outputs, varying)?;
        let prefix = split.prefix.filter(|_| split.cuts.iter().all(|c| !c.per_token));
        let Some(prefix) = prefix else {
            let values: Vec<ValueId> = outputs.iter().map(|o| o.1).collect();
            let reads = graph.inputs().keys().cloned().collect();
            return Ok(Runner {
                plan: executor.compile(graph, &values)?,
                reads,
                frozen: vec![],
                position: vec![],
            });
        };

        // What is frozen needs no gradient, so that its activations can be joined to the layers before them.
        let prefix = fuse_activations(&prefix)?;
        let cuts: Vec<ValueId> = split.cuts.iter().map(|c| prefix.outputs()[&c.name]).collect();
        let mut plan = executor.compile(&prefix, &cuts)?;
        let reads: BTreeSet<String> = prefix.inputs().keys().cloned().collect();
        let mut frozen: Vec<Kept> = split
            .cuts
            .iter()
            .map(|c| Kept {
                name: c.name.clone(),
                shape: c.shape.0.iter().skip(1).filter_map(|d| d.fixed()).collect(),
                data: Vec::new(),
            })
            .collect();
        let mut position = vec![0; source.rows()];
        // Rows of like length side by side: a batch is as wide as its longest row.
        let mut rows = rows.to_vec();
        rows.sort_by_key(|&row| source.length(row));
        for (start, batch) in rows.chunks(BATCH).enumerate().map(|(i, b)| (i * BATCH, b)) {
            let mut feed = Feed::default();
            source.feed(batch, &reads, None, &mut feed)?;
            source.feed_present(batch, None, &mut feed)?;
            let out = plan.run(weights, &feed)?;
            for (i, kept) in frozen.iter_mut().enumerate() {
                kept.data.extend_from_slice(out.get(i));
            }
            batch.iter().enumerate().for_each(|(i, &row)| position[row] = (start + i) as u32);
            progress(start + batch.len(), rows.len())?;
        }
        let values: Vec<ValueId> = outputs.iter().map(|(name, _)| split.suffix.outputs()[*name]).collect();
        let reads = split.suffix.inputs().keys().cloned().collect();
        Ok(Runner { plan: executor.compile(&split.suffix, &values)?, reads, frozen, position })
    }

    /// Feeds the kept part and the fields of `rows`, augmented if a step's seed is given. Presence and targets are the
    /// caller's.
    pub(super) fn feed(
        &self,
        source: &Source,
        rows: &[usize],
        augment: Option<u64>,
        feed: &mut Feed,
    ) -> Result<()> {
        source.feed(rows, &self.reads, augment, feed)?;
        for kept in &self.frozen {
            let width: usize = kept.shape.iter().product();
            let mut data = Vec::with_capacity(rows.len() * width);
            for &row in rows {
                let at = self.position[row] as usize * width;
                data.extend_from_slice(&kept.data[at..at + width]);
            }
            let mut shape = vec![rows.len()];
            shape.extend_from_slice(&kept.shape);
            feed.inputs.insert(kept.name.clone(), Tensor::f32(&shape, data)?);
        }
        Ok(())
    }

    /// Runs the trained part.
    pub(super) fn run(&mut self, weights: &Weights, feed: &Feed) -> Result<Outputs<'_>> {
        Ok(self.plan.run(weights, feed)?)
    }
}
