//! Training as it is seen: a live bar with the time left on a terminal, plain lines elsewhere.

use crate::render;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ronghe::metric::Metrics;
use ronghe::train::{EpochReport, Event, Observer};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Shows events on standard error.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    quiet: bool,
    live: bool,
    stage: String,
    said: Instant,
    /// When the stage began, and how much was done then.
    begun: (Instant, usize),
    epochs: Epochs,
}

/// Lines of epochs come at most this often, for an epoch may be one step.
const EPOCHS: Duration = Duration::from_secs(1);

/// Which epochs were shown.
#[derive(Default)]
struct Epochs {
    shown: Option<Instant>,
    /// The last best one and the last one, where they were not.
    best: Option<EpochReport>,
    last: Option<EpochReport>,
}

/// Plain lines come at most this often.
const EVERY: Duration = Duration::from_secs(10);

impl Progress {
    /// Shows nothing but warnings if `quiet`.
    pub(crate) fn new(quiet: bool) -> Progress {
        let live = std::io::stderr().is_terminal() && !quiet;
        Progress {
            bar: None,
            quiet,
            live,
            stage: String::new(),
            said: Instant::now(),
            begun: (Instant::now(), 0),
            epochs: Epochs::default(),
        }
    }

    /// Says something while a bar may be shown.
    pub(crate) fn line(&mut self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| render::log(text)),
            None if !self.quiet => render::log(text),
            None => {}
        }
    }

    /// Moves the bar of `stage`, or says now and then how far it is.
    pub(crate) fn step(&mut self, stage: &str, done: usize, total: usize, message: &str) {
        self.moved(stage, done, total, message, false);
    }

    /// `own_time`: the message says the time left, so the bar does not.
    fn moved(&mut self, stage: &str, done: usize, total: usize, message: &str, own_time: bool) {
        if self.quiet {
            return;
        }
        if self.stage != stage {
            self.end();
            stage.clone_into(&mut self.stage);
            self.said = Instant::now();
            self.begun = (self.said, done);
            if self.live {
                let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
                let template = match own_time {
                    false => "{prefix} [{bar:30}] {pos}/{len} {msg} eta {eta}",
                    true => "{prefix} [{bar:30}] {pos} % {msg}",
                };
                bar.set_style(
                    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
                );
                bar.set_prefix(stage.to_owned());
                // Time left is told from here on, also where a training goes on in its middle.
                bar.set_position(done as u64);
                bar.reset_eta();
                self.bar = Some(bar);
            }
        }
        if let Some(bar) = &self.bar {
            bar.set_position(done as u64);
            bar.set_message(message.to_owned());
        } else if self.said.elapsed() >= EVERY {
            self.said = Instant::now();
            let left = if own_time { String::new() } else { self.left(done, total) };
            render::log(format!("{stage}: {done}/{total}{left} {message}").trim_end());
        }
    }

    /// Moves the bar of `stage` to a share of its time, with what is being done and what it says itself of the time left.
    pub(crate) fn timed(&mut self, stage: &str, share: f64, left: Duration, message: &str) {
        let left = spoken(left);
        self.moved(stage, (share * 100.0) as usize, 100, &format!("{message}, {left}"), true);
    }

    /// The time left of this stage at its pace so far, in words after a comma; nothing where there is no pace yet.
    pub(crate) fn left(&self, done: usize, total: usize) -> String {
        let (since, first) = self.begun;
        match done.checked_sub(first) {
            Some(steps) if steps > 0 && total >= done => {
                let left = since.elapsed().as_secs_f64() * (total - done) as f64 / steps as f64;
                format!(", {}", spoken(Duration::from_secs_f64(left.min(1e9))))
            }
            _ => String::new(),
        }
    }

    /// Takes the bar away, and shows the last epochs that were held back.
    pub(crate) fn finish(&mut self) {
        self.end();
        let Epochs { best, last, .. } = std::mem::take(&mut self.epochs);
        let again = best.as_ref().map(|b| b.epoch) == last.as_ref().map(|l| l.epoch);
        for report in best.iter().chain(last.iter().filter(|_| !again)) {
            self.line(&epoch(report));
        }
    }

    /// Shows an epoch, unless another was shown just before.
    fn epoch(&mut self, report: &EpochReport) {
        let epochs = &mut self.epochs;
        if epochs.shown.is_some_and(|shown| shown.elapsed() < EPOCHS) {
            if report.best {
                epochs.best = Some(report.clone());
            }
            epochs.last = Some(report.clone());
            return;
        }
        epochs.shown = Some(Instant::now());
        epochs.last = None;
        // A later best one says all that an earlier one did.
        let best = epochs.best.take().filter(|_| !report.best);
        if let Some(best) = best {
            self.line(&epoch(&best));
        }
        self.line(&epoch(report));
    }

    /// Takes the bar away.
    pub(crate) fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.stage.clear();
    }
}

impl Observer for Progress {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Note(text) => {
                self.end();
                self.line(text);
            }
            Event::Warning(text) => {
                self.end();
                render::warn(text);
            }
            Event::Stage { name, done, total } => self.step(name, *done, *total, ""),
            Event::Start { train_rows, validation_rows, test_rows, parameters, trainable } => {
                self.finish();
                self.line(&format!(
                    "{train_rows} training, {validation_rows} validation, {test_rows} test rows; \
                     {parameters} weights, {trainable} of them trained"
                ));
            }
            Event::Batch { epoch, epochs, batch, batches, loss } => {
                // One bar over all steps: its time left is that of the whole training.
                let done = (epoch - 1) * batches + batch;
                let message = format!("epoch {epoch}/{epochs} loss {loss:.4}");
                self.step("training", done, epochs * batches, &message);
            }
            Event::Epoch(report) => self.epoch(report),
            _ => {}
        }
    }
}

fn spoken(left: Duration) -> String {
    match left.as_secs() {
        0 => "a moment left".to_owned(),
        s if s < 60 => format!("about {s} s left"),
        s => format!("about {} min left", s.div_ceil(60)),
    }
}

/// One line of an epoch, as Keras users know it.
fn epoch(report: &EpochReport) -> String {
    let mut line =
        format!("epoch {}/{}  {:.1} s  loss {:.4}", report.epoch, report.epochs, report.seconds, report.loss);
    if let Some(accuracy) = report.accuracy {
        line.push_str(&format!("  accuracy {accuracy:.4}"));
    }
    for name in ["log_loss", "accuracy", "auc", "rmse", "r2"] {
        if let Some(value) = report.validation.get(name) {
            line.push_str(&format!("  val_{name} {value:.4}"));
        }
    }
    if let Some(value) = report.weighted {
        line.push_str(&format!("  val_balanced {value:.4}"));
    }
    if report.best { format!("{line}  best so far") } else { line }
}

/// The figures of some rows as a table.
pub(crate) fn figures(title: &str, metrics: &Metrics) -> String {
    let mut text = format!("{title} ({} rows)\n", metrics.rows);
    for figure in &metrics.figures {
        let interval = figure
            .interval
            .map_or(String::new(), |(low, high)| format!("   95 % interval {low:.4} to {high:.4}"));
        text.push_str(&format!("  {:<18} {:>9.4}{interval}\n", figure.name, figure.value));
    }
    text
}
