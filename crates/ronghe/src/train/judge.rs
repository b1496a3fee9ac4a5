//! Figures of rows by the network as it will predict.

use super::phase::Job;
use super::source::Source;
use super::trunks::Trunks;
use super::weighing::Weighing;
use crate::metric::{self, MetricSpec, Metrics};
use crate::model::network;
use crate::network::Trunk;
use crate::{Predictions, Result, Targets, Task, TaskKind, calibrate, head};
use ronghe_cpu::CpuExecutor;
use ronghe_graph::passes::{infer_optimise, merge_adapters};
use ronghe_graph::{Executor, Feed, Graph, Mode, Weights};
use std::collections::BTreeSet;

/// Rows evaluated at a time.
const EVALUATE_BATCH: usize = 64;

/// Evaluates rows with the network as it will predict: adapters merged, batch norms folded.
pub(super) struct Judge<'a> {
    task: &'a Task,
    targets: &'a Targets,
    weighing: Weighing,
    graph: Graph,
    executor: CpuExecutor,
}

/// Figures of some rows.
pub(super) struct Figures {
    /// As they are reported: every row counts the same.
    pub(super) plain: Metrics,
    /// The watched metric with rows weighted as in the loss, where they are and it has such a form.
    pub(super) weighted: Option<f64>,
}

impl<'a> Judge<'a> {
    /// `trunks` are the forms of the published networks.
    pub(super) fn new(
        job: Job<'a>,
        source: &Source,
        trunks: &[Trunk],
        weights: &mut Weights,
        executor: &CpuExecutor,
    ) -> Result<Judge<'a>> {
        let Job { config, task, targets, split } = job;
        let weighing = Weighing::new(task, targets, &split.train, config.training.class_weights);
        let mut net = network(config, task, &source.encoders(trunks), weights, Mode::Infer, None)?;
        net.graph.set_output("logits", net.logits);
        Ok(Judge { task, targets, weighing, graph: net.graph, executor: executor.clone() })
    }

    fn logits(&self, state: &Judged<'_>, rows: &[usize]) -> Result<Vec<f32>> {
        let mut weights: Weights = if state.trunks.adapters.is_empty() {
            // Not the published networks whose vectors are fed.
            let own = state.weights.iter().filter(|(name, _)| self.graph.weights().contains_key(*name));
            own.map(|(name, param)| (name.to_owned(), param.clone())).collect()
        } else {
            state.weights.clone()
        };
        merge_adapters(&mut weights, &state.trunks.adapters)?;
        let (graph, weights) = infer_optimise(&self.graph, weights)?;
        let mut plan = self.executor.compile(&graph, &[graph.outputs()["logits"]])?;
        let reads: BTreeSet<String> = graph.inputs().keys().cloned().collect();
        let mut logits = Vec::with_capacity(rows.len() * self.task.width());
        for batch in rows.chunks(EVALUATE_BATCH) {
            let mut feed = Feed::default();
            state.source.feed(batch, &reads, None, &mut feed)?;
            state.source.feed_present(batch, None, &mut feed)?;
            logits.extend_from_slice(plan.run(&weights, &feed)?.get(0));
        }
        Ok(logits)
    }

    /// Predictions of `rows` and figures on them, with that of `metric` by which epochs are compared.
    pub(super) fn figures(
        &self,
        state: &Judged<'_>,
        rows: &[usize],
        metric: &MetricSpec,
    ) -> Result<(Predictions, Figures)> {
        let predictions = self.predict(state, rows, 1.0)?;
        let targets = self.targets.take(rows);
        let plain = metric::evaluate(self.task, &predictions, &targets);
        let weighted = match self.weighing {
            Weighing::Even => None,
            _ => {
                let weights = self.weighing.of(self.targets, rows);
                metric::weighted(metric.name, &predictions, &targets, &weights)
            }
        };
        Ok((predictions, Figures { plain, weighted }))
    }

    pub(super) fn predict(
        &self,
        state: &Judged<'_>,
        rows: &[usize],
        temperature: f64,
    ) -> Result<Predictions> {
        let logits = self.logits(state, rows)?;
        let head = head::find(self.task.kind);
        let width = if self.task.kind == TaskKind::Regression { 1 } else { self.task.labels.len() };
        let values = logits
            .chunks_exact(self.task.width())
            .flat_map(|z| head.predict(self.task, z, temperature))
            .collect();
        Ok(Predictions { kind: self.task.kind, values, width })
    }

    /// The temperature that makes probabilities of `rows` honest, weighted as in the loss; 1 if not asked for.
    pub(super) fn temperature(&self, state: &Judged<'_>, rows: &[usize], calibrate: bool) -> Result<f64> {
        if !calibrate || rows.is_empty() {
            return Ok(1.0);
        }
        let logits = self.logits(state, rows)?;
        let weights = self.weighing.of(self.targets, rows);
        Ok(calibrate::temperature(self.task, &logits, &self.targets.take(rows), &weights))
    }
}

/// What is judged: weights as training left them, and the rows' source.
pub(super) struct Judged<'a> {
    pub(super) weights: &'a Weights,
    pub(super) trunks: &'a Trunks,
    pub(super) source: &'a Source,
}
