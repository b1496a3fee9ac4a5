//! Figures of rows by the network as it will predict.

use super::fit::{FitOptions, stage};
use super::observe::Observer;
use super::runner::Runner;
use super::source::Source;
use crate::config::ModelConfig;
use crate::metric::{self, Metrics};
use crate::model::network;
use crate::{Predictions, Result, Targets, Task, TaskKind, calibrate, head};
use ronghe_cpu::CpuExecutor;
use ronghe_data::Split;
use ronghe_graph::{Feed, Mode, Weights};

/// Rows evaluated at a time.
const EVALUATE_BATCH: usize = 64;

/// Evaluates rows with the network as it will predict.
pub(super) struct Judge<'a> {
    task: &'a Task,
    targets: &'a Targets,
    pub(super) runner: Runner,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        config: &ModelConfig,
        task: &'a Task,
        targets: &'a Targets,
        source: &Source,
        weights: &mut Weights,
        split: &Split,
        options: &FitOptions<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Judge<'a>> {
        let net = network(config, task, &source.encoders(), weights, Mode::Infer, None)?;
        let rows: Vec<usize> = split.validation.iter().chain(&split.test).copied().collect();
        let executor = CpuExecutor::new(options.threads);
        let progress = stage(observer, options, "encoding validation and test rows");
        let outputs = [("logits", net.logits)];
        let runner = Runner::new(&executor, &net.graph, weights, &outputs, &[], source, &rows, progress)?;
        Ok(Judge { task, targets, runner })
    }

    fn logits(&mut self, weights: &Weights, source: &Source, rows: &[usize]) -> Result<Vec<f32>> {
        let mut logits = Vec::with_capacity(rows.len() * self.task.width());
        for batch in rows.chunks(EVALUATE_BATCH) {
            let mut feed = Feed::default();
            self.runner.feed(source, batch, None, &mut feed)?;
            source.feed_present(batch, None, &mut feed)?;
            logits.extend_from_slice(self.runner.run(weights, &feed)?.get(0));
        }
        Ok(logits)
    }

    pub(super) fn metrics(
        &mut self,
        weights: &Weights,
        source: &Source,
        rows: &[usize],
        temperature: f64,
    ) -> Result<Metrics> {
        let predictions = self.predict(weights, source, rows, temperature)?;
        Ok(metric::evaluate(self.task, &predictions, &self.targets.take(rows)))
    }

    pub(super) fn predict(
        &mut self,
        weights: &Weights,
        source: &Source,
        rows: &[usize],
        temperature: f64,
    ) -> Result<Predictions> {
        let logits = self.logits(weights, source, rows)?;
        let head = head::find(self.task.kind);
        let width = if self.task.kind == TaskKind::Regression { 1 } else { self.task.labels.len() };
        let values = logits
            .chunks_exact(self.task.width())
            .flat_map(|z| head.predict(self.task, z, temperature))
            .collect();
        Ok(Predictions { kind: self.task.kind, values, width })
    }

    pub(super) fn temperature(
        &mut self,
        weights: &Weights,
        source: &Source,
        rows: &[usize],
        calibrate: bool,
    ) -> Result<f64> {
        if !calibrate || rows.is_empty() {
            return Ok(1.0);
        }
        let logits = self.logits(weights, source, rows)?;
        Ok(calibrate::temperature(self.task, &logits, &self.targets.take(rows)))
    }
}
