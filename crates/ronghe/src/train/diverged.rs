//! A training that has left the finite numbers: found at once, and where they were left.

use super::phase::Job;
use super::source::Source;
use super::trunks::Trunks;
use crate::model::network;
use crate::network::Trunk;
use crate::transfer::Stage;
use crate::{Error, Predictions, Result};
use ronghe_cpu::CpuExecutor;
use ronghe_data::Table;
use ronghe_graph::passes::merge_adapters;
use ronghe_graph::{DType, Executor, Feed, Mode, Weights};

/// Whether all are finite.
pub(super) fn finite(values: &[f32]) -> bool {
    // Without a way out early, so that it is compiled to wide registers.
    values.iter().fold(true, |finite, value| finite & value.is_finite())
}

/// Where a training stands.
#[derive(Clone, Copy)]
pub(super) struct At {
    /// Steps taken, this one included.
    pub(super) step: usize,
    /// From 1.
    pub(super) epoch: usize,
}

/// What is looked at to say where finite numbers were left.
pub(super) struct Scene<'a> {
    pub(super) job: Job<'a>,
    pub(super) source: &'a Source,
    pub(super) trunks: &'a Trunks,
    pub(super) stages: &'a [Stage],
    pub(super) weights: &'a Weights,
    pub(super) executor: &'a CpuExecutor,
}

impl Scene<'_> {
    /// The error for `what` (the loss, the gradient, a weight), which is not finite after a step over `rows`.
    pub(super) fn error(&self, what: &str, at: At, rows: &[usize]) -> Error {
        // Whatever goes wrong in looking is less than what is to be said.
        let place = self.input(rows).ok().flatten();
        let place = place.unwrap_or_else(|| "what follows the vectors of the inputs".into());
        let rate = self.job.config.training.learning_rate;
        let mend = format!("lower training.learning_rate, {rate} now");
        Error::Diverged { step: at.step, epoch: at.epoch, what: what.to_owned(), place, mend }
    }

    /// The first input whose cells or vectors of `rows` are not finite.
    fn input(&self, rows: &[usize]) -> Result<Option<String>> {
        let Job { config, task, .. } = self.job;
        let form = |(input, stage): (usize, &Stage)| match (stage, self.source.width(input, rows)) {
            (Stage::Closed, Some(width)) => Trunk::Fed(width),
            (Stage::Closed, None) => Trunk::Fixed,
            _ => Trunk::Part,
        };
        let forms: Vec<Trunk> = self.stages.iter().enumerate().map(form).collect();
        let mut weights = self.weights.clone();
        let net = network(config, task, &self.source.encoders(&forms), &mut weights, Mode::Infer, None)?;
        merge_adapters(&mut weights, &self.trunks.adapters)?;
        let reads = net.graph.inputs().keys().cloned().collect();
        let mut feed = Feed::default();
        self.source.feed(rows, &reads, None, &mut feed)?;
        self.source.feed_present(rows, None, &mut feed)?;
        for input in &config.inputs {
            let prefix = format!("encode.{}.", input.name);
            let mut own = feed.inputs.iter().filter(|(name, _)| name.starts_with(&prefix));
            if own.any(|(_, t)| t.dtype() == DType::F32 && !finite(t.as_f32())) {
                return Ok(Some(format!("the cells of input `{}`", input.name)));
            }
        }
        let mut plan = self.executor.compile(&net.graph, &net.vectors)?;
        let out = plan.run(&weights, &feed)?;
        let broken = config.inputs.iter().enumerate().find(|(i, _)| !finite(out.get(*i)));
        Ok(broken.map(|(_, input)| format!("the vector of input `{}`", input.name)))
    }
}

/// An error where a prediction of `rows` is not finite.
pub(super) fn check_predictions(
    predictions: &Predictions,
    rows: &[usize],
    table: &Table,
    at: At,
    rate: f32,
) -> Result<()> {
    let Some(place) = predictions.values.iter().position(|v| !v.is_finite()) else { return Ok(()) };
    let row = rows.get(place / predictions.width.max(1)).map_or(0, |&row| table.row_number(row));
    Err(Error::Diverged {
        step: at.step,
        epoch: at.epoch,
        what: format!("prediction of row {row}"),
        place: "the network with the weights of this step".into(),
        mend: format!("lower training.learning_rate, {rate} now"),
    })
}
