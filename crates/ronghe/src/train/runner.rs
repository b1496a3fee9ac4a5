//! A compiled training network. What training does not change in it is computed by a graph of its own, as in prediction.

use crate::Result;
use ronghe_graph::passes::{infer_optimise, split_frozen};
use ronghe_graph::{Executor, Feed, Graph, Outputs, Plan, ValueId, Weights};
use std::collections::BTreeSet;

/// Plans for the outputs of a graph.
pub(super) struct Runner {
    frozen: Option<Frozen>,
    plan: Box<dyn Plan>,
    /// Inputs that the plans read.
    pub(super) reads: BTreeSet<String>,
}

/// The part that no trained weight reaches.
struct Frozen {
    plan: Box<dyn Plan>,
    /// With batch norms folded in.
    weights: Weights,
    /// What it hands on.
    cuts: Vec<String>,
}

impl Runner {
    /// Compiles `outputs` of `graph`. Weights that are not trainable must stay as they are.
    pub(super) fn new(
        executor: &dyn Executor,
        graph: &Graph,
        weights: &Weights,
        outputs: &[(&str, ValueId)],
    ) -> Result<Runner> {
        let reads = graph.inputs().keys().cloned().collect();
        let split = split_frozen(graph, weights, outputs)?;
        let Some(prefix) = split.prefix else {
            let values: Vec<ValueId> = outputs.iter().map(|o| o.1).collect();
            return Ok(Runner { frozen: None, plan: executor.compile(graph, &values)?, reads });
        };
        let (prefix, folded) = infer_optimise(&prefix, weights.clone())?;
        let cuts: Vec<ValueId> = split.cuts.iter().map(|cut| prefix.outputs()[cut]).collect();
        let frozen = Frozen { plan: executor.compile(&prefix, &cuts)?, weights: folded, cuts: split.cuts };
        let values: Vec<ValueId> = outputs.iter().map(|(name, _)| split.suffix.outputs()[*name]).collect();
        Ok(Runner { frozen: Some(frozen), plan: executor.compile(&split.suffix, &values)?, reads })
    }

    /// Computes the outputs.
    pub(super) fn run(&mut self, weights: &Weights, mut feed: Feed) -> Result<Outputs<'_>> {
        if let Some(frozen) = &mut self.frozen {
            let out = frozen.plan.run(&frozen.weights, &feed)?;
            let handed: Vec<_> = (0..frozen.cuts.len()).map(|i| out.tensor(i)).collect();
            feed.inputs.extend(frozen.cuts.iter().cloned().zip(handed));
        }
        Ok(self.plan.run(weights, &feed)?)
    }
}
