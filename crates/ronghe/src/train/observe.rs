//! What training tells while it runs.

use crate::metric::Metrics;
use serde::{Deserialize, Serialize};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A note for the user: a choice made, rows left out.
    Note(&'a str),
    /// Something that deserves attention but does not stop training.
    Warning(&'a str),
    /// A stage before the first epoch: `done` of `total` rows.
    Stage {
        /// What is being done.
        name: &'a str,
        /// Rows done.
        done: usize,
        /// Rows in all.
        total: usize,
    },
    /// Training starts.
    Start {
        /// Training rows.
        train_rows: usize,
        /// Validation rows.
        validation_rows: usize,
        /// Test rows.
        test_rows: usize,
        /// Elements of all weights.
        parameters: usize,
        /// Elements that training changes.
        trainable: usize,
    },
    /// A step was taken.
    Batch {
        /// Epoch, from 1.
        epoch: usize,
        /// Epochs in all.
        epochs: usize,
        /// Steps taken in this epoch.
        batch: usize,
        /// Steps an epoch.
        batches: usize,
        /// Mean loss of the epoch so far.
        loss: f64,
    },
    /// An epoch ended.
    Epoch(&'a EpochReport),
}

/// Figures of one epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochReport {
    /// From 1.
    pub epoch: usize,
    /// Epochs asked for.
    pub epochs: usize,
    /// Mean training loss.
    pub loss: f64,
    /// Training accuracy (classes), measured while the weights moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// Figures on the validation rows.
    pub validation: Metrics,
    /// The watched metric on the validation rows with rows weighted as in the loss, where they are: by it the best epoch is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weighted: Option<f64>,
    /// Whether this epoch is the best so far.
    pub best: bool,
    /// Wall-clock seconds. Not part of what a saved model hashes.
    #[serde(skip)]
    pub seconds: f64,
}

/// Listens to training.
pub trait Observer {
    /// Is told each event as it happens.
    fn event(&mut self, event: &Event<'_>);
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Observer for Quiet {
    fn event(&mut self, _: &Event<'_>) {}
}
