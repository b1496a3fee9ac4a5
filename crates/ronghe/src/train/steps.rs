//! The epochs of a training: batches, steps, checkpoints, the best weights.

use super::best::{Best, restore, snapshot};
use super::checkpoint::{Checkpoint, State};
use super::diverged::{At, Scene, check_predictions, finite};
use super::feeder::Feeder;
use super::fit::FitOptions;
use super::judge::{Figures, Judge, Judged};
use super::observe::{EpochReport, Event, Observer};
use super::phase::{Job, Phase};
use super::schedule::learning_rate;
use super::source::Source;
use super::targets::TargetFeed;
use super::trunks::Trunks;
use super::weighing::Weighing;
use crate::artifact::sha256;
use crate::config::{ModelConfig, OptimizerKind};
use crate::metric::{self, MetricSpec, Metrics};
use crate::transfer::Stage;
use crate::{Error, Predictions, Result, Targets};
use ronghe_cpu::{CpuExecutor, Optimizer, OptimizerConfig};
use ronghe_data::Split;
use ronghe_graph::{Feed, SplitMix, Weights};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// At least this long between two checkpoints within an epoch.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(30);
/// At least this long between those at the ends of epochs, which may be one step long: the first and the last are always kept.
const CHECKPOINT_EPOCHS: Duration = Duration::from_secs(3);

/// A training under way.
pub(super) struct Training<'a> {
    job: Job<'a>,
    metric: &'static MetricSpec,
    feed: TargetFeed<'a>,
    pub(super) trunks: Trunks,
    pub(super) weights: Weights,
    /// Whose threads the optimiser uses too.
    executor: CpuExecutor,
    optimizer: Optimizer,
    phase: Option<Phase<'a>>,
    /// Names of the weights that any phase changes.
    changing: Vec<String>,
    best: Best,
    pub(super) state: State,
    checkpoint: Option<PathBuf>,
    /// When the checkpoint was last written.
    saved: Option<Instant>,
}

impl<'a> Training<'a> {
    pub(super) fn start(
        job: Job<'a>,
        (trunks, mut weights): (Trunks, Weights),
        metric: &'static MetricSpec,
        options: &FitOptions<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Training<'a>> {
        let Job { config, task, targets, split } = job;
        let mut changing: BTreeSet<String> = trunks.statistics.iter().cloned().collect();
        for epoch in 0..config.training.passes() {
            trunks.set_trainable(&trunks.stages(epoch), &mut weights);
            changing.extend(weights.iter().filter(|(_, p)| p.trainable).map(|(name, _)| name.to_owned()));
        }
        let weighing = Weighing::new(task, targets, &split.train, config.training.class_weights);
        let mut run = Training {
            job,
            metric,
            feed: TargetFeed::new(task, targets, weighing, &config.training),
            optimizer: Optimizer::new(optimizer(config)).with_multipliers(trunks.rates()),
            trunks,
            weights,
            executor: CpuExecutor::new(options.threads),
            phase: None,
            changing: changing.into_iter().collect(),
            best: Best::new(config.training.soup, metric.larger_is_better),
            state: State { identity: identity(config, options.data_hash, split)?, ..State::default() },
            checkpoint: options.checkpoint.clone(),
            saved: None,
        };
        if options.resume {
            run.resume(observer)?;
        }
        Ok(run)
    }

    /// Makes the networks of the present epoch, where they differ from those at hand.
    fn enter(&mut self, source: &mut Source, observer: &mut dyn Observer) -> Result<()> {
        let stages = self.trunks.stages(self.state.epoch);
        if self.phase.as_ref().is_some_and(|phase| phase.stages == stages) {
            return Ok(());
        }
        let first = self.phase.take().is_none();
        for (input, _) in stages.iter().enumerate().filter(|(_, stage)| **stage != Stage::Closed) {
            source.forget_vectors(input);
        }
        let phase = Phase::new(self.job, stages, source, &self.trunks, &mut self.weights, &self.executor)?;
        let (all, open) = self.weights.elements();
        let Split { train, validation, test } = self.job.split;
        if first {
            observer.event(&Event::Start {
                train_rows: train.len(),
                validation_rows: validation.len(),
                test_rows: test.len(),
                parameters: all,
                trainable: open,
            });
        } else {
            let note = format!("epoch {}: {open} weights are trained from now on", self.state.epoch + 1);
            observer.event(&Event::Note(&note));
        }
        self.phase = Some(phase);
        Ok(())
    }

    /// What there is to be judged.
    fn judged<'b>(&'b self, source: &'b Source) -> Judged<'b> {
        Judged { weights: &self.weights, trunks: &self.trunks, source }
    }

    pub(super) fn epochs(
        &mut self,
        source: &mut Source,
        options: &FitOptions<'_>,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let epochs = self.job.config.training.passes();
        while self.state.epoch < epochs && !self.out_of_patience() {
            let started = Instant::now();
            self.enter(source, observer)?;
            self.epoch(source, options, observer)?;
            let epoch = self.state.epoch + 1;
            let Figures { plain: validation, weighted } = self.figures(source, epoch)?;
            let value = weighted.or(validation.get(self.metric.name));
            let best = value.is_some_and(|v| self.best.offer(epoch, v, &self.weights, &self.changing));
            let seen = self.state.seen.max(1) as f64;
            let classes = matches!(self.job.targets, Targets::Classes(_));
            let report = EpochReport {
                epoch,
                epochs,
                loss: self.state.loss_sum / seen,
                accuracy: classes.then(|| self.state.right as f64 / seen),
                validation,
                weighted,
                best,
                seconds: started.elapsed().as_secs_f64(),
            };
            observer.event(&Event::Epoch(&report));
            self.state = State {
                identity: std::mem::take(&mut self.state.identity),
                epoch,
                history: std::mem::take(&mut self.state.history),
                ..State::default()
            };
            self.state.history.push(report);
            let last = epoch == epochs || self.out_of_patience();
            if last || self.saved.is_none_or(|saved| saved.elapsed() >= CHECKPOINT_EPOCHS) {
                self.save()?;
            }
        }
        Ok(())
    }

    fn epoch(
        &mut self,
        source: &Source,
        options: &FitOptions<'_>,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let Some(mut phase) = self.phase.take() else { return Ok(()) };
        let (epoch, config) = (self.state.epoch, self.job.config);
        let mut order = self.job.split.train.clone();
        SplitMix::named(config.seed, &format!("order/{epoch}")).shuffle(&mut order);
        let batches: Vec<&[usize]> = order.chunks(config.training.batch_size.max(1)).collect();
        let first = epoch * batches.len();
        let numbered: Vec<(usize, &[usize])> =
            (first..).zip(batches.iter().copied()).skip(self.state.batch).collect();
        let targets = self.feed.clone();
        let reads = phase.runner.reads.clone();
        let feeder = Feeder { config, source, targets: &targets, reads: &reads };
        let started = Instant::now();
        let done = feeder.each(&numbered, |rows, feed| {
            self.step(&mut phase, &targets, source, rows, feed, batches.len())?;
            self.state.batch += 1;
            observer.event(&Event::Batch {
                epoch: epoch + 1,
                epochs: config.training.passes(),
                batch: self.state.batch,
                batches: batches.len(),
                loss: self.state.loss_sum / self.state.seen.max(1) as f64,
            });
            if options.stop.load(Ordering::Relaxed) {
                self.save()?;
                return Err(Error::Stopped);
            }
            let since = self.saved.map_or(started, |saved| saved.max(started));
            if since.elapsed() >= CHECKPOINT_EVERY && self.state.batch < batches.len() {
                self.save()?;
            }
            Ok(())
        });
        self.phase = Some(phase);
        done
    }

    fn step(
        &mut self,
        phase: &mut Phase<'_>,
        targets: &TargetFeed<'_>,
        source: &Source,
        rows: &[usize],
        feed: Feed,
        batches: usize,
    ) -> Result<()> {
        let training = &self.job.config.training;
        let step = self.state.epoch * batches + self.state.batch;
        let out = phase.runner.run(&self.weights, feed)?;
        if !out.get(0)[0].is_finite() {
            return Err(self.diverged("loss", &phase.stages, source, rows, step));
        }
        self.state.loss_sum += f64::from(out.get(0)[0]) * rows.len() as f64;
        self.state.right += targets.right(rows, out.get(1)).unwrap_or(0);
        self.state.seen += rows.len();
        let first_update = 2 + phase.gradients.len();
        let updates: Vec<(&String, Vec<f32>)> = phase
            .updates
            .iter()
            .enumerate()
            .map(|(i, name)| (name, out.get(first_update + i).to_vec()))
            .collect();
        let grads: Vec<(&str, &[f32])> =
            phase.gradients.iter().enumerate().map(|(i, name)| (name.as_str(), out.get(2 + i))).collect();
        let rate = learning_rate(training, step, training.passes() * batches);
        let (optimizer, weights) = (&mut self.optimizer, &mut self.weights);
        let norm = self.executor.install(|| optimizer.step(weights, &grads, rate, training.clip_norm))??;
        if !norm.is_finite() {
            return Err(self.diverged("gradient", &phase.stages, source, rows, step));
        }
        let mut broken =
            phase.gradients.iter().find(|n| self.weights.get(n).is_some_and(|t| !finite(t.as_f32())));
        broken = broken.or(updates.iter().find(|(_, value)| !finite(value)).map(|(name, _)| *name));
        if let Some(name) = broken {
            return Err(self.diverged(&format!("weight `{name}`"), &phase.stages, source, rows, step));
        }
        for (name, value) in updates {
            if let Some(tensor) = self.weights.get_mut(name) {
                tensor.as_f32_mut().copy_from_slice(&value);
            }
        }
        Ok(())
    }

    /// Why training cannot go on after step `step`, counted from 0.
    fn diverged(&self, what: &str, stages: &[Stage], source: &Source, rows: &[usize], step: usize) -> Error {
        let Training { job, trunks, weights, executor, .. } = self;
        let at = At { step: step + 1, epoch: self.state.epoch + 1 };
        Scene { job: *job, source, trunks, stages, weights, executor }.error(what, at, rows)
    }

    /// Figures on the validation rows after `epoch`.
    fn figures(&self, source: &Source, epoch: usize) -> Result<Figures> {
        let rows = &self.job.split.validation;
        let (predictions, figures) = self.judge()?.figures(&self.judged(source), rows, self.metric)?;
        self.check(source, &predictions, rows, epoch)?;
        Ok(figures)
    }

    /// An error where a prediction of `rows` after `epoch` is not finite.
    fn check(&self, source: &Source, predictions: &Predictions, rows: &[usize], epoch: usize) -> Result<()> {
        let Some(input) = source.inputs.first() else { return Ok(()) };
        let training = &self.job.config.training;
        let at = At { step: epoch * self.job.split.train.len().div_ceil(training.batch_size.max(1)), epoch };
        check_predictions(predictions, rows, &input.table, at, training.learning_rate)
    }

    /// Figures on `rows` with the present weights.
    pub(super) fn metrics(&self, source: &Source, rows: &[usize], temperature: f64) -> Result<Metrics> {
        let predictions = self.predict(source, rows, temperature)?;
        Ok(metric::evaluate(self.job.task, &predictions, &self.job.targets.take(rows)))
    }

    /// Predictions of `rows` with the present weights.
    pub(super) fn predict(&self, source: &Source, rows: &[usize], temperature: f64) -> Result<Predictions> {
        let predictions = self.judge()?.predict(&self.judged(source), rows, temperature)?;
        self.check(source, &predictions, rows, self.state.epoch)?;
        Ok(predictions)
    }

    /// The temperature that makes probabilities of the validation rows honest.
    pub(super) fn temperature(&self, source: &Source) -> Result<f64> {
        let calibrate = self.job.config.training.calibrate;
        self.judge()?.temperature(&self.judged(source), &self.job.split.validation, calibrate)
    }

    fn judge(&self) -> Result<&Judge<'a>> {
        self.phase.as_ref().map(|phase| &phase.judge).ok_or(Error::Stopped)
    }

    fn out_of_patience(&self) -> bool {
        // Without a figure there is nothing to wait for, and no reason to stop.
        let Some(best) = self.best.entries.first() else { return false };
        self.job.config.training.patience.is_some_and(|p| self.state.epoch - best.epoch >= p.max(1))
    }

    fn save(&mut self) -> Result<()> {
        self.saved = Some(Instant::now());
        let Some(path) = &self.checkpoint else { return Ok(()) };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|source| Error::Io { path: folder.to_owned(), source })?;
        }
        let checkpoint = Checkpoint {
            state: self.state.clone(),
            weights: snapshot(&self.weights, &self.changing),
            optimizer: self.optimizer.state(),
            best: self.best.entries.clone(),
        };
        checkpoint.save(path)
    }

    fn resume(&mut self, observer: &mut dyn Observer) -> Result<()> {
        let Some(path) = &self.checkpoint else { return Ok(()) };
        let Some(checkpoint) = Checkpoint::load(path)? else {
            observer.event(&Event::Note("no checkpoint to resume from: training starts at the beginning"));
            return Ok(());
        };
        if checkpoint.state.identity != self.state.identity {
            return Err(Error::Artifact {
                path: path.clone(),
                expected: "a checkpoint of this configuration and data".into(),
                found: "one of another".into(),
                mend: "resume with the same configuration, data and seed, or train without --resume".into(),
            });
        }
        restore(&mut self.weights, &checkpoint.weights);
        self.optimizer.set_state(&checkpoint.optimizer)?;
        self.best.entries = checkpoint.best;
        self.state = checkpoint.state;
        let note = format!("resumed after epoch {} and {} steps", self.state.epoch, self.state.batch);
        observer.event(&Event::Note(&note));
        Ok(())
    }

    /// Takes the best weights: of the best epoch, or the average of the best ones where that is better. Says which.
    pub(super) fn finish(&mut self, source: &mut Source, observer: &mut dyn Observer) -> Result<String> {
        // Whoever resumes a finished training has no networks yet.
        if self.phase.is_none() {
            let epoch = self.state.epoch;
            self.state.epoch = epoch.saturating_sub(1);
            self.enter(source, observer)?;
            self.state.epoch = epoch;
        }
        let Some(first) = self.best.entries.first().cloned() else {
            return Ok(format!("epoch {} (the last: no validation figure to choose by)", self.state.epoch));
        };
        if let Some(average) = self.best.average() {
            restore(&mut self.weights, &average);
            let Figures { plain, weighted } = self.figures(source, self.state.epoch)?;
            let value = weighted.or(plain.get(self.metric.name));
            if value.is_some_and(|v| self.best.better(v, first.value)) {
                let mut epochs: Vec<usize> = self.best.entries.iter().map(|e| e.epoch).collect();
                epochs.sort_unstable();
                let epochs: Vec<String> = epochs.iter().map(usize::to_string).collect();
                return Ok(format!("average of epochs {}{}", epochs.join(", "), self.judged_by()));
            }
        }
        restore(&mut self.weights, &first.weights);
        Ok(format!("epoch {}{}", first.epoch, self.judged_by()))
    }

    /// By what the best epoch was chosen, where the figures that are reported do not show it.
    fn judged_by(&self) -> String {
        let weighted = self.state.history.iter().any(|report| report.weighted.is_some());
        if weighted { format!(", by {} with balanced classes", self.metric.name) } else { String::new() }
    }
}

/// What makes a training this one: configuration, data and split.
fn identity(config: &ModelConfig, data_hash: &str, split: &Split) -> Result<String> {
    let mut text =
        String::from_utf8_lossy(&crate::artifact::pretty(config, Path::new("config"))?).into_owned();
    text.push_str(&format!("{data_hash}{:?}{:?}{:?}", split.train, split.validation, split.test));
    Ok(sha256(text.as_bytes()))
}

fn optimizer(config: &ModelConfig) -> OptimizerConfig {
    let decay = f64::from(config.training.weight_decay);
    match config.training.optimizer {
        OptimizerKind::Adam => OptimizerConfig::adam(),
        OptimizerKind::Adamw => OptimizerConfig::adamw(decay),
        OptimizerKind::Sgd => OptimizerConfig::Sgd { momentum: 0.9, nesterov: true },
    }
}
