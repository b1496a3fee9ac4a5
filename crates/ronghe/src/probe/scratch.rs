//! Does transfer pay? The best frozen network beside a small one that is trained from the start on the same rows.
//!
//! Rows are split once: both learn from the same training rows, are tuned on the same validation rows and told on the same test
//! rows. The small network gets as many epochs as fit into a budget of seconds, from the speed of its first steps, so that its
//! learning rate comes down as it should; how many those are depends on the machine, and is part of the answer. The frozen
//! network gets a linear head. The difference is taken row by row:
//! ```text
//! d_i = right_i(transfer) - right_i(scratch),  mean d ± 1.96 standard errors
//! ```

use super::cross::along;
use super::{Features, Goal, Score};
use crate::config::{InputConfig, ModelConfig, NamedConfig, TargetConfig, resolve};
use crate::train::{Event, FitOptions, Observer, fit, split};
use crate::{Error, Result, Targets};
use ronghe_data::{Modality, Split, Table};
use ronghe_stats::interval::paired;
use serde::Serialize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Both on the same test rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Duel {
    /// Encoder that was trained from the start.
    pub encoder: String,
    /// Rows that both learned from.
    pub train_rows: usize,
    /// Epochs that it was given.
    pub epochs: usize,
    /// Seconds that they took.
    pub seconds: f64,
    /// How it did.
    pub scratch: Score,
    /// How the frozen network did.
    pub transfer: Score,
    /// Transfer less scratch, and the 95 % interval of this difference; of classes.
    pub difference: Option<(f64, (f64, f64))>,
}

/// What both are told apart on.
pub(super) struct Ground<'a> {
    /// The sampled rows.
    pub(super) table: &'a Table,
    pub(super) column: &'a str,
    pub(super) modality: Modality,
    pub(super) target: &'a TargetConfig,
    pub(super) goal: &'a Goal,
    pub(super) seed: u64,
    pub(super) threads: usize,
    pub(super) stop: &'a AtomicBool,
}

const MOST_EPOCHS: usize = 60;
const PATIENCE: usize = 8;
/// Share of the budget in which the speed is measured.
const TRIAL: f64 = 0.1;

/// The encoder that is trained from the start.
pub fn scratch_encoder(modality: Modality) -> &'static str {
    match modality {
        Modality::Tabular => "columns",
        Modality::Text => "tfidf",
        Modality::Image => "cnn",
        Modality::Audio => "mel_cnn",
    }
}

/// Trains from the start within `seconds`, and compares with `features`, the vectors of the frozen network for the same rows.
pub(super) fn duel(
    ground: &Ground<'_>,
    features: &Features,
    seconds: f64,
    observer: &mut dyn Observer,
) -> Result<Duel> {
    let table = ground.table.select(&[ground.column, &ground.target.column])?;
    let encoder = scratch_encoder(ground.modality);
    let mut config = ModelConfig {
        inputs: vec![InputConfig {
            name: ground.column.to_owned(),
            modality: Some(ground.modality),
            columns: vec![ground.column.to_owned()],
            encoder: NamedConfig { kind: encoder.into(), ..NamedConfig::default() },
            transfer: NamedConfig::default(),
        }],
        target: ground.target.clone(),
        seed: ground.seed,
        ..ModelConfig::default()
    };
    config.training.patience = Some(PATIENCE);
    let mut config = resolve(&config, &table, &|_| false)?;
    let rows = split(&config, &table)?;

    config.training.epochs = Some(MOST_EPOCHS * 100);
    let trial = Duration::from_secs_f64((seconds * TRIAL).clamp(0.2, 5.0));
    let mut clock = Clock::new(ground.stop, Some(trial), observer);
    let tried = run(&config, &table, &rows, ground, &mut clock);
    let epoch = clock.seconds_a_batch() * clock.batches as f64;
    match tried {
        Ok(_) | Err(Error::Stopped) if !ground.stop.load(Ordering::Relaxed) => {}
        Ok(_) => return Err(Error::Stopped),
        Err(error) => return Err(error),
    }
    let affordable = if epoch > 0.0 { seconds * (1.0 - TRIAL) / epoch } else { 1.0 };
    config.training.epochs = Some((affordable as usize).clamp(1, MOST_EPOCHS));

    let started = Instant::now();
    let mut clock = Clock::new(ground.stop, None, observer);
    let fitted = run(&config, &table, &rows, ground, &mut clock)?;
    let seconds = started.elapsed().as_secs_f64();
    let scratch = match &fitted.test_targets {
        Targets::Classes(classes) => {
            let right = |(row, &class): (usize, &i32)| {
                usize::try_from(class) == Ok(fitted.test_predictions.best(row))
            };
            Score::of_right(classes.iter().enumerate().map(right).collect())
        }
        _ => Score {
            rows: fitted.test.rows,
            value: fitted.test.get("r2").unwrap_or(0.0),
            interval: None,
            right: Vec::new(),
        },
    };
    let Split { train, validation, test } = &fitted.split;
    let (model, _) = along(features, ground.goal, train, validation);
    let transfer = ground.goal.score(test, &model.predict(features, test));
    let difference = paired(&transfer.right, &scratch.right);
    let epochs = fitted.history.len();
    Ok(Duel {
        encoder: encoder.into(),
        train_rows: train.len(),
        epochs,
        seconds,
        scratch,
        transfer,
        difference,
    })
}

fn run(
    config: &ModelConfig,
    table: &Table,
    rows: &Split,
    ground: &Ground<'_>,
    clock: &mut Clock<'_>,
) -> Result<crate::train::Fitted> {
    let stop = clock.own.clone();
    let options = FitOptions {
        threads: ground.threads,
        files: &|name| {
            Err(Error::WeightsNeeded {
                encoder: scratch_encoder(ground.modality).into(),
                weights: name.into(),
                mend: "it is trained from the start and needs none: please report this".into(),
            })
        },
        vectors: None,
        data_hash: "",
        checkpoint: None,
        resume: false,
        skip_bad_rows: true,
        stop: &stop,
    };
    fit(config, table, rows.clone(), &options, clock)
}

/// Measures steps, and stops a training that is there to be measured.
struct Clock<'a> {
    asked: &'a AtomicBool,
    own: std::sync::Arc<AtomicBool>,
    limit: Option<Duration>,
    first: Option<Instant>,
    last: Duration,
    steps: usize,
    batches: usize,
    observer: &'a mut dyn Observer,
}

impl<'a> Clock<'a> {
    fn new(asked: &'a AtomicBool, limit: Option<Duration>, observer: &'a mut dyn Observer) -> Clock<'a> {
        Clock {
            asked,
            own: std::sync::Arc::default(),
            limit,
            first: None,
            last: Duration::ZERO,
            steps: 0,
            batches: 0,
            observer,
        }
    }

    /// From the end of the first step, which lays out memory, to that of the last; validation between them counts.
    fn seconds_a_batch(&self) -> f64 {
        self.last.as_secs_f64() / self.steps.max(1) as f64
    }
}

impl Observer for Clock<'_> {
    fn event(&mut self, event: &Event<'_>) {
        if let Event::Batch { epoch, epochs, batch, batches, .. } = *event {
            self.batches = batches;
            match self.first {
                None => self.first = Some(Instant::now()),
                Some(first) => {
                    self.last = first.elapsed();
                    self.steps += 1;
                }
            }
            if self.limit.is_some_and(|limit| self.last >= limit) {
                self.own.store(true, Ordering::Relaxed);
            }
            if self.limit.is_none() {
                let (done, total) = ((epoch - 1) * batches + batch, epochs * batches);
                self.observer.event(&Event::Stage { name: "training from the start", done, total });
            }
        }
        if self.asked.load(Ordering::Relaxed) {
            self.own.store(true, Ordering::Relaxed);
        }
    }
}
