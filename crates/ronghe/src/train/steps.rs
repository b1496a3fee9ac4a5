//! The epochs of a training: batches, steps, checkpoints, the best weights.

use super::best::{Best, restore, snapshot};
use super::checkpoint::{Checkpoint, State};
use super::fit::{FitOptions, stage};
use super::judge::Judge;
use super::observe::{EpochReport, Event, Observer};
use super::runner::Runner;
use super::schedule::learning_rate;
use super::source::Source;
use super::targets::TargetFeed;
use crate::artifact::sha256;
use crate::config::{ModelConfig, OptimizerKind};
use crate::metric::MetricSpec;
use crate::model::network;
use crate::{Error, Result, Targets, Task};
use ronghe_cpu::{CpuExecutor, Optimizer, OptimizerConfig};
use ronghe_data::Split;
use ronghe_graph::{Feed, Graph, Mode, SplitMix, ValueId, Weights, grad};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// At least this long between two checkpoints within an epoch.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(30);

/// A training under way.
pub(super) struct Training<'a> {
    config: &'a ModelConfig,
    targets: &'a Targets,
    metric: &'static MetricSpec,
    feed: TargetFeed<'a>,
    train: Vec<usize>,
    validation: Vec<usize>,
    weights: Weights,
    /// Whose threads the optimiser uses too.
    executor: CpuExecutor,
    optimizer: Optimizer,
    runner: Runner,
    judge: Judge<'a>,
    /// Names of the weights whose gradients follow logits and loss among the runner's outputs.
    gradients: Vec<String>,
    /// Names of the weights whose new values follow the gradients.
    updates: Vec<String>,
    changing: Vec<String>,
    best: Best,
    state: State,
    checkpoint: Option<PathBuf>,
}

impl<'a> Training<'a> {
    pub(super) fn start(
        config: &'a ModelConfig,
        task: &'a Task,
        targets: &'a Targets,
        source: &mut Source,
        split: &Split,
        metric: &'static MetricSpec,
        options: &FitOptions<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Training<'a>> {
        let mut weights = Weights::new();
        for input in &source.inputs {
            if let Some(pretrained) = input.encoder.pretrained()? {
                weights.absorb(&format!("encode.{}", input.name), pretrained);
            }
        }
        let smoothing = Some(config.training.label_smoothing);
        let mut net = network(config, task, &source.encoders(), &mut weights, Mode::Train, smoothing)?;
        let Some(loss) = net.loss else { unreachable!("a training network has a loss") };
        let trainable: BTreeSet<String> =
            weights.iter().filter(|(_, p)| p.trainable).map(|(name, _)| name.to_owned()).collect();
        let grads = grad(&mut net.graph, loss, &trainable)?;
        let (outputs, gradients, updates) = training_outputs(&net.graph, loss, net.logits, &grads);
        let (all, trainable) = weights.elements();
        observer.event(&Event::Start {
            train_rows: split.train.len(),
            validation_rows: split.validation.len(),
            test_rows: split.test.len(),
            parameters: all,
            trainable,
        });
        let executor = CpuExecutor::new(options.threads);
        // Presence and augmented inputs are drawn anew in each epoch: nothing after them can be kept.
        let mut varying: Vec<String> = source.inputs.iter().map(|i| format!("present.{}", i.name)).collect();
        for input in source.inputs.iter().filter(|i| i.encoder.augments()) {
            let dotted = format!("encode.{}.", input.name);
            varying.extend(net.graph.inputs().keys().filter(|name| name.starts_with(&dotted)).cloned());
        }
        let varying: Vec<&str> = varying.iter().map(String::as_str).collect();
        let named: Vec<(&str, ValueId)> = outputs.iter().map(|(n, v)| (n.as_str(), *v)).collect();
        let runner = Runner::new(
            &executor,
            &net.graph,
            &weights,
            &named,
            &varying,
            source,
            &split.train,
            stage(observer, options, "encoding training rows"),
        )?;
        let judge = Judge::new(config, task, targets, source, &mut weights, split, options, observer)?;
        let mut reads = runner.reads.clone();
        reads.extend(judge.runner.reads.iter().cloned());
        source.forget(&reads);
        let mut changing: Vec<String> = gradients.iter().chain(&updates).cloned().collect();
        changing.sort();
        let identity = identity(config, options.data_hash, split)?;
        let mut run = Training {
            config,
            targets,
            metric,
            feed: TargetFeed::new(task, targets, &split.train, &config.training),
            train: split.train.clone(),
            validation: split.validation.clone(),
            weights,
            executor,
            optimizer: Optimizer::new(optimizer(config)),
            runner,
            judge,
            gradients,
            updates,
            changing,
            best: Best::new(config.training.soup, metric.larger_is_better),
            state: State { identity, ..State::default() },
            checkpoint: options.checkpoint.clone(),
        };
        if options.resume {
            run.resume(observer)?;
        }
        Ok(run)
    }

    pub(super) fn epochs(
        &mut self,
        source: &Source,
        options: &FitOptions<'_>,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let epochs = self.config.training.epochs;
        while self.state.epoch < epochs && !self.out_of_patience() {
            let started = Instant::now();
            self.epoch(source, options, observer)?;
            let epoch = self.state.epoch + 1;
            let validation = self.judge.metrics(&self.weights, source, &self.validation, 1.0)?;
            let value = validation.get(self.metric.name);
            let best = value.is_some_and(|v| self.best.offer(epoch, v, &self.weights, &self.changing));
            let seen = self.state.seen.max(1) as f64;
            let classes = matches!(self.targets, Targets::Classes(_));
            let report = EpochReport {
                epoch,
                epochs,
                loss: self.state.loss_sum / seen,
                accuracy: classes.then(|| self.state.right as f64 / seen),
                validation,
                best,
                seconds: started.elapsed().as_secs_f64(),
            };
            observer.event(&Event::Epoch(&report));
            if !report.loss.is_finite() {
                observer.event(&Event::Warning("the loss is not finite: try a lower training.learning_rate"));
            }
            self.state = State {
                identity: std::mem::take(&mut self.state.identity),
                epoch,
                history: std::mem::take(&mut self.state.history),
                ..State::default()
            };
            self.state.history.push(report);
            self.save()?;
        }
        Ok(())
    }

    fn epoch(
        &mut self,
        source: &Source,
        options: &FitOptions<'_>,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let (epoch, seed) = (self.state.epoch, self.config.seed);
        let mut order = self.train.clone();
        SplitMix::named(seed, &format!("order/{epoch}")).shuffle(&mut order);
        let batches: Vec<&[usize]> = order.chunks(self.config.training.batch_size.max(1)).collect();
        let mut saved = Instant::now();
        while self.state.batch < batches.len() {
            let batch = self.state.batch;
            self.step(source, batches[batch], epoch * batches.len() + batch, batches.len())?;
            self.state.batch += 1;
            observer.event(&Event::Batch {
                epoch: epoch + 1,
                epochs: self.config.training.epochs,
                batch: batch + 1,
                batches: batches.len(),
                loss: self.state.loss_sum / self.state.seen.max(1) as f64,
            });
            if options.stop.load(Ordering::Relaxed) {
                self.save()?;
                return Err(Error::Stopped);
            }
            if saved.elapsed() >= CHECKPOINT_EVERY && batch + 1 < batches.len() {
                self.save()?;
                saved = Instant::now();
            }
        }
        Ok(())
    }

    fn step(&mut self, source: &Source, rows: &[usize], step: usize, batches: usize) -> Result<()> {
        let training = &self.config.training;
        let mut stream = SplitMix::named(self.config.seed, &format!("step/{step}"));
        let mut feed = Feed { seed: stream.next_u64(), ..Feed::default() };
        self.runner.feed(source, rows, Some(feed.seed), &mut feed)?;
        source.feed_present(rows, Some((training.modality_dropout, &mut stream)), &mut feed)?;
        self.feed.feed(rows, &mut feed)?;
        let out = self.runner.run(&self.weights, &feed)?;
        self.state.loss_sum += f64::from(out.get(0)[0]) * rows.len() as f64;
        self.state.right += self.feed.right(rows, out.get(1)).unwrap_or(0);
        self.state.seen += rows.len();
        let first_update = 2 + self.gradients.len();
        let updates: Vec<(&String, Vec<f32>)> = self
            .updates
            .iter()
            .enumerate()
            .map(|(i, name)| (name, out.get(first_update + i).to_vec()))
            .collect();
        let grads: Vec<(&str, &[f32])> =
            self.gradients.iter().enumerate().map(|(i, name)| (name.as_str(), out.get(2 + i))).collect();
        let rate = learning_rate(training, step, training.epochs * batches);
        let (optimizer, weights) = (&mut self.optimizer, &mut self.weights);
        self.executor.install(|| optimizer.step(weights, &grads, rate, training.clip_norm))??;
        for (name, value) in updates {
            if let Some(tensor) = self.weights.get_mut(name) {
                tensor.as_f32_mut().copy_from_slice(&value);
            }
        }
        Ok(())
    }

    fn out_of_patience(&self) -> bool {
        let since = |best: usize| self.state.epoch - best;
        let best = self.best.entries.first().map_or(0, |e| e.epoch);
        self.config.training.patience.is_some_and(|p| since(best) >= p.max(1) && self.state.epoch > 0)
    }

    fn save(&self) -> Result<()> {
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

    /// Takes the best weights: of the best epoch, or the average of the best ones where that is better.
    pub(super) fn finish(mut self, source: &Source, split: &Split) -> Result<Finished<'a>> {
        let mut chosen = format!("epoch {} (the last: no validation figure to choose by)", self.state.epoch);
        if let Some(first) = self.best.entries.first().cloned() {
            let average = match self.best.average() {
                Some(average) => {
                    restore(&mut self.weights, &average);
                    let figures = self.judge.metrics(&self.weights, source, &split.validation, 1.0)?;
                    figures.get(self.metric.name).is_some_and(|v| self.best.better(v, first.value))
                }
                None => false,
            };
            if average {
                let mut epochs: Vec<usize> = self.best.entries.iter().map(|e| e.epoch).collect();
                epochs.sort_unstable();
                let epochs: Vec<String> = epochs.iter().map(usize::to_string).collect();
                chosen = format!("average of epochs {}", epochs.join(", "));
            } else {
                restore(&mut self.weights, &first.weights);
                chosen = format!("epoch {}", first.epoch);
            }
        }
        Ok(Finished { weights: self.weights, history: self.state.history, chosen, judge: self.judge })
    }
}

/// What is left of a training when its epochs are over.
pub(super) struct Finished<'a> {
    pub(super) weights: Weights,
    pub(super) history: Vec<EpochReport>,
    pub(super) chosen: String,
    pub(super) judge: Judge<'a>,
}

type Named = Vec<(String, ValueId)>;

/// Outputs of a training step in the order in which a step reads them: loss, logits, gradients, new statistics.
fn training_outputs(
    graph: &Graph,
    loss: ValueId,
    logits: ValueId,
    grads: &BTreeMap<String, ValueId>,
) -> (Named, Vec<String>, Vec<String>) {
    let mut outputs = vec![("loss".to_owned(), loss), ("logits".to_owned(), logits)];
    outputs.extend(grads.iter().map(|(name, &value)| (format!("grad.{name}"), value)));
    let updates: Vec<String> = graph.updates().iter().map(|u| u.weight.clone()).collect();
    outputs.extend(graph.updates().iter().map(|u| (format!("update.{}", u.weight), u.value)));
    (outputs, grads.keys().cloned().collect(), updates)
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
