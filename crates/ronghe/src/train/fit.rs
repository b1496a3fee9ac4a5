//! The whole of a training: split, task, encoders, epochs, best weights, calibration, test.

use super::background::Background;
use super::observe::{EpochReport, Event, Observer};
use super::outliers;
use super::phase::Job;
use super::rows::SeenRows;
use super::source::Source;
use super::steps::Training;
use super::targets::known;
use super::trunks::Trunks;
use crate::config::ModelConfig;
use crate::encode::{self, Encoder, FitInput};
use crate::metric::{self, Metrics};
use crate::model::ModelParts;
use crate::transfer::Stage;
use crate::{Error, Predictions, Result, Targets, Task};
use ronghe_cpu::CpuExecutor;
use ronghe_data::{Modality, Split, Table};
use ronghe_graph::Weights;
use ronghe_graph::passes::merge_adapters;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// How a training is run; none of it changes the result.
pub struct FitOptions<'a> {
    /// Threads; 0 = all cores.
    pub threads: usize,
    /// Where a pretrained file is, by catalogue name.
    pub files: &'a dyn Fn(&str) -> Result<PathBuf>,
    /// Folder for vectors of published networks, so that another training need not compute them again.
    pub vectors: Option<PathBuf>,
    /// Hash of the rows, so that a checkpoint is not taken for another table's.
    pub data_hash: &'a str,
    /// Where to keep the checkpoint; none is kept without it.
    pub checkpoint: Option<PathBuf>,
    /// Whether to go on from the checkpoint.
    pub resume: bool,
    /// Whether rows with a cell that cannot be read are left out instead of being an error.
    pub skip_bad_rows: bool,
    /// Set from outside to stop after the present step.
    pub stop: &'a AtomicBool,
}

/// What a training yields.
pub struct Fitted {
    /// The model, not yet compiled.
    pub parts: ModelParts,
    /// What training added to published networks and what stands around them, where they were trained by adapters.
    pub adapter: Option<Weights>,
    /// Epoch by epoch.
    pub history: Vec<EpochReport>,
    /// Which weights were taken.
    pub chosen: String,
    /// Figures on the validation rows with the final weights, calibrated.
    pub validation: Metrics,
    /// Figures on the test rows, calibrated.
    pub test: Metrics,
    /// Predictions of the test rows, in the split's order.
    pub test_predictions: Predictions,
    /// Targets of the test rows.
    pub test_targets: Targets,
    /// Which rows were used for what, after rows without target and unreadable rows were left out.
    pub split: Split,
    /// The rows of every part by content, to know them again; none beyond a limit.
    pub seen: Option<SeenRows>,
    /// Training rows that go with the model.
    pub background: Background,
    /// Rows left out because a cell could not be read, with what is wrong.
    pub skipped: Vec<(usize, String)>,
}

impl Fitted {
    /// Whether the last epoch was the best, and training ended only because there were no more.
    pub fn still_improving(&self) -> bool {
        let last = self.history.last();
        last.is_some_and(|epoch| epoch.best && epoch.epoch == epoch.epochs && epoch.epochs > 1)
    }
}

/// Trains a model of a resolved configuration on the rows of `table` that `split` gives to training.
pub fn fit(
    config: &ModelConfig,
    table: &Table,
    mut split: Split,
    options: &FitOptions<'_>,
    observer: &mut dyn Observer,
) -> Result<Fitted> {
    let columns = config.target.all();
    let separator = config.target.separator.as_deref().unwrap_or("|");
    let task = Task::fit(table, &columns, config.target.task, separator)?;
    let metric = metric::find(config.training.metric.as_deref(), task.kind, "training.metric")?;
    let targets = task.targets(table)?;
    leave_out(&mut split, |row| known(&targets, row), "without a target", observer);
    if let Some(ordinary) = outliers::targets(config, table, task.kind, &split, observer)? {
        leave_out(&mut split, |row| ordinary.contains(&row), "with such a target", observer);
    }
    outliers::warn(config, table, &split, observer)?;

    let encoders = fit_encoders(config, &table.take(&split.train)?, options)?;
    let inputs = config
        .inputs
        .iter()
        .zip(encoders)
        .map(|(input, encoder)| {
            let names: Vec<&str> = input.columns.iter().map(String::as_str).collect();
            Ok((input.name.clone(), table.select(&names)?, encoder))
        })
        .collect::<Result<Vec<_>>>()?;
    let mut source = Source::new(inputs);
    let (trunks, weights) = Trunks::open(config, &task, &source)?;
    for input in 0..source.inputs.len() {
        read(config, &mut source, &trunks, input, &split, options, observer)?;
    }
    if let (false, Some(error)) = (options.skip_bad_rows, source.first_bad()) {
        return Err(error);
    }
    let bad: BTreeSet<usize> = source.bad.iter().map(|b| b.0).collect();
    leave_out(&mut split, |row| !bad.contains(&row), "with a cell that cannot be read", observer);
    if split.train.is_empty() {
        return Err(Error::Target {
            path: table.path().to_owned(),
            column: columns.join(", "),
            expected: "training rows".into(),
            found: "none after the split".into(),
            mend: "give more rows, or set `split.validation` and `split.test` lower".into(),
        });
    }

    // Before the epochs: a file that cannot be read any more is known before the work is done.
    let background = Background::draw(config, table, &split.train)?;
    observer.event(&Event::Note(&background.said()));

    let job = Job { config, task: &task, targets: &targets, split: &split };
    let mut run = Training::start(job, (trunks, weights), metric, options, observer)?;
    run.epochs(&mut source, options, observer)?;
    let chosen = run.finish(&mut source, observer)?;
    let temperature = run.temperature(&source)?;
    let validation = run.metrics(&source, &split.validation, temperature)?;
    let test_predictions = run.predict(&source, &split.test, temperature)?;
    let Training { trunks, mut weights, state, .. } = run;
    let adapter = (!trunks.adapters.is_empty()).then(|| {
        let own = weights.iter().filter(|(name, _)| !trunks.is_as_published(name));
        own.map(|(name, param)| (name.to_owned(), param.clone())).collect()
    });
    merge_adapters(&mut weights, &trunks.adapters)?;
    let test_targets = targets.take(&split.test);
    let test = metric::evaluate(&task, &test_predictions, &test_targets);
    let skipped = std::mem::take(&mut source.bad).into_iter().collect();
    let encoders = source.inputs.into_iter().map(|i| i.encoder).collect();
    let parts = ModelParts { config: config.clone(), task: task.clone(), encoders, weights, temperature };
    let history = state.history;
    let seen = SeenRows::of(config, table, &split);
    Ok(Fitted {
        parts,
        adapter,
        history,
        chosen,
        validation,
        test,
        test_predictions,
        test_targets,
        split,
        seen,
        background,
        skipped,
    })
}

/// Reads what the epochs need of an input: vectors for those in which its published network stays as it is, prepared
/// cells for the others and for rows that are changed at random.
fn read(
    config: &ModelConfig,
    source: &mut Source,
    trunks: &Trunks,
    input: usize,
    split: &Split,
    options: &FitOptions<'_>,
    observer: &mut dyn Observer,
) -> Result<()> {
    let stages: Vec<Stage> = (0..config.training.passes()).map(|epoch| trunks.stages(epoch)[input]).collect();
    let open = stages.iter().any(|stage| *stage != Stage::Closed);
    let closed = stages.contains(&Stage::Closed);
    let augments = source.inputs[input].encoder.augments();
    let judged: Vec<usize> = split.validation.iter().chain(&split.test).copied().collect();
    let all: Vec<usize> = split.train.iter().chain(&judged).copied().collect();
    let name = source.inputs[input].name.clone();
    if let (true, Some(published)) = (closed, trunks.published(input)) {
        // The head alone may start from rows as they are; what it learns then goes on with the changed ones.
        let rows = if augments && !open { &judged } else { &all };
        let executor = CpuExecutor::new(options.threads);
        let embedded = {
            let keep = options.vectors.as_deref();
            let mut embedder = source.embedder(input, published, &executor, keep)?;
            let mut warnings = Vec::new();
            let stage = format!("encoding {name}");
            let table = &source.inputs[input].table;
            let embedded = {
                let mut progress = stage_of(observer, options, &stage);
                let mut warn = |error: &Error| warnings.push(error.to_string());
                embedder.as_mut().map(|e| e.embed(table, rows, &mut warn, &mut progress)).transpose()?
            };
            for warning in warnings {
                observer.event(&Event::Warning(&format!("vectors are not kept: {warning}")));
            }
            embedded
        };
        if let Some(embedded) = embedded {
            let found = source.take_vectors(input, rows, embedded);
            if found > 0 {
                let note = format!("{name}: vectors of {found} of {} rows were kept from before", rows.len());
                observer.event(&Event::Note(&note));
            }
        }
    }
    if open || augments || !closed {
        let rows = if open { &all } else { &split.train };
        let stage = format!("reading {name}");
        source.read(input, rows, &mut stage_of(observer, options, &stage))?;
    }
    Ok(())
}

/// Keeps the rows of every part that `keep` accepts, and says how many others there were.
fn leave_out(split: &mut Split, keep: impl Fn(usize) -> bool, why: &str, observer: &mut dyn Observer) {
    let count = |s: &Split| s.train.len() + s.validation.len() + s.test.len();
    let before = count(split);
    for part in [&mut split.train, &mut split.validation, &mut split.test] {
        part.retain(|&row| keep(row));
    }
    let gone = before - count(split);
    if gone > 0 {
        observer.event(&Event::Warning(&format!("{gone} of {before} rows {why} are left out")));
    }
}

fn fit_encoders(
    config: &ModelConfig,
    train: &Table,
    options: &FitOptions<'_>,
) -> Result<Vec<Box<dyn Encoder>>> {
    config
        .inputs
        .iter()
        .map(|input| {
            let modality = input.modality.unwrap_or(Modality::Tabular);
            let spec = encode::find(&input.encoder.kind, modality, &format!("inputs.{}", input.name))?;
            let names: Vec<&str> = input.columns.iter().map(String::as_str).collect();
            (spec.fit)(&FitInput {
                table: &train.select(&names)?,
                params: &serde_json::Value::Object(input.encoder.params.clone()),
                files: options.files,
                seed: config.seed,
            })
        })
        .collect()
}

/// Progress of a stage that can be stopped.
fn stage_of<'a>(
    observer: &'a mut dyn Observer,
    options: &'a FitOptions<'_>,
    name: &'a str,
) -> impl FnMut(usize, usize) -> Result<()> + 'a {
    move |done, total| {
        observer.event(&Event::Stage { name, done, total });
        if options.stop.load(Ordering::Relaxed) { Err(Error::Stopped) } else { Ok(()) }
    }
}
