//! The whole report on a table: every network at hand tried on every input, ranked, with the plain baseline among them.
//!
//! Only rows are used that a training with the same seed would learn from or tune on, so that its test rows stay unseen by whoever
//! chooses a network by this report. Of these, `rows` are drawn that have the input and a target.

use super::frechet::{SetDistance, set_distance};
use super::nearest::{self, ImageNetView, imagenet_view};
use super::norms::{DomainGap, domain_gap};
use super::plain::Plain;
use super::scratch::{Duel, Ground, duel, scratch_encoder};
use super::verdict::{Advice, Nearness, advise};
use super::{Features, Goal, Score, cross_validate, leave_one_out};
use crate::config::{ModelConfig, TargetConfig, resolve};
use crate::embed::Embedder;
use crate::encode::{ENCODERS, Encoder, EncoderSpec, FitInput};
use crate::train::{Event, Observer, split};
use crate::{Error, Result, Task};
use ronghe_cpu::CpuExecutor;
use ronghe_data::{ColumnSchema, Modality, Schema, Table};
use ronghe_graph::{SplitMix, Weights};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// What to report on, and with what.
pub struct ReportOptions<'a> {
    /// The one input to look at; all pictures, texts and sounds without it.
    pub input: Option<&'a str>,
    /// Rows to draw.
    pub rows: usize,
    /// A table to measure the distance from: its column of the same name, or the first of the same modality.
    pub source: Option<&'a Table>,
    /// Seconds for the training from the start; none at 0.
    pub scratch_seconds: f64,
    /// Seed of everything random.
    pub seed: u64,
    /// Threads; 0 = all cores.
    pub threads: usize,
    /// Where a pretrained file is, by catalogue name; an error for one that is not at hand.
    pub files: &'a dyn Fn(&str) -> Result<PathBuf>,
    /// Folder in which vectors are kept.
    pub vectors: Option<PathBuf>,
    /// Set from outside to stop.
    pub stop: &'a AtomicBool,
}

/// The report on a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TransferReport {
    /// The target.
    pub target: String,
    /// `accuracy`, or `r2` of a quantity.
    pub metric: &'static str,
    /// Input by input.
    pub inputs: Vec<InputReport>,
}

/// The report on one input.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InputReport {
    /// Its column.
    pub input: String,
    /// Its modality.
    pub modality: Modality,
    /// Rows that were drawn and could be read.
    pub rows: usize,
    /// Rows they were drawn from.
    pub of_rows: usize,
    /// Classes among them; 0 for a quantity.
    pub classes: usize,
    /// What is told without looking: the most frequent class, or the mean.
    pub blind: Score,
    /// Everything that was tried, best first.
    pub ranked: Vec<Tried>,
    /// Encoders whose weights are not at hand, with the catalogue names to pull.
    pub to_pull: Vec<(String, Vec<String>)>,
    /// How far the pictures lie from those of each network with batch norms.
    pub gaps: Vec<NetworkGap>,
    /// What an ImageNet classifier takes the pictures for.
    pub imagenet: Option<ImageNetView>,
    /// How far the other table's vectors lie, by the best network.
    pub source: Option<SetDistance>,
    /// The best network beside one trained from the start.
    pub duel: Option<Duel>,
    /// What to do.
    pub advice: Advice,
    /// Configuration of this input, as YAML.
    pub yaml: String,
}

/// How well one kind of vector tells the target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tried {
    /// Encoder, or what the plain vectors are.
    pub name: String,
    /// Whether it is the plain baseline.
    pub plain: bool,
    /// Linear model, cross-validated.
    pub linear: Score,
    /// Its mean negative logarithm of the right class' probability, or squared error.
    pub loss: f64,
    /// Five nearest neighbours, each row left out once.
    pub five_nearest: Score,
    /// The nearest neighbour.
    pub nearest: Score,
    /// Width of a vector.
    pub width: usize,
    /// Seconds for the vectors.
    pub seconds: f64,
    /// How many rows' vectors were kept from before, and cost nothing now.
    pub kept: usize,
    /// Weights of the network, in millions.
    pub million_weights: f64,
    /// Megabytes that they take in a saved model.
    pub megabytes: f64,
}

/// The gap of one network in numbers and in a word.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NetworkGap {
    /// Encoder.
    pub encoder: String,
    /// The word for it.
    pub nearness: Nearness,
    /// The figures.
    #[serde(flatten)]
    pub gap: DomainGap,
}

/// Pictures that go through a network for its gap.
const GAP_ROWS: usize = 128;

/// Reports on the inputs of `table` for `target`.
pub fn transfer_report(
    table: &Table,
    target: &str,
    options: &ReportOptions<'_>,
    observer: &mut dyn Observer,
) -> Result<TransferReport> {
    let target = TargetConfig { column: target.to_owned(), ..TargetConfig::default() };
    let config = ModelConfig { target: target.clone(), seed: options.seed, ..ModelConfig::default() };
    let config = resolve(&config, table, &|_| false)?;
    let rows = split(&config, table)?;
    let mut pool: Vec<usize> = rows.train.into_iter().chain(rows.validation).collect();
    pool.sort_unstable();
    let mut unused: Vec<String> = config.split.column.into_iter().collect();
    unused.push(target.column.clone());
    let inputs = inputs(table, options.input, &unused)?;
    let mut report = TransferReport { target: target.column.clone(), metric: "accuracy", inputs: Vec::new() };
    for (column, modality) in inputs {
        let mut survey = Survey { table, target: &target, column, modality, options, observer };
        let (found, quantity) = survey.input(&pool)?;
        if quantity {
            report.metric = "r2";
        }
        report.inputs.push(found);
    }
    Ok(report)
}

/// Columns of pictures, text and sound.
fn inputs(table: &Table, only: Option<&str>, unused: &[String]) -> Result<Vec<(String, Modality)>> {
    let columns = &table.schema().columns;
    let all: Vec<(String, Modality)> = columns
        .iter()
        .filter(|c| !unused.contains(&c.name))
        .filter_map(|c| Some((c.name.clone(), c.kind.modality().filter(|&m| m != Modality::Tabular)?)))
        .collect();
    let chosen: Vec<_> = all.iter().filter(|(name, _)| only.is_none_or(|o| o == name)).cloned().collect();
    if chosen.is_empty() {
        return Err(Error::UnknownName {
            place: table.path().display().to_string(),
            what: "column of pictures, text or sound",
            name: only.unwrap_or("(any)").to_owned(),
            valid: all.into_iter().map(|(name, _)| name).collect(),
        });
    }
    Ok(chosen)
}

/// One input being looked at.
struct Survey<'a> {
    table: &'a Table,
    target: &'a TargetConfig,
    column: String,
    modality: Modality,
    options: &'a ReportOptions<'a>,
    observer: &'a mut dyn Observer,
}

/// A network that was tried.
struct Network {
    encoder: Box<dyn Encoder>,
    weights: Weights,
    features: Arc<Features>,
}

impl Survey<'_> {
    fn input(&mut self, pool: &[usize]) -> Result<(InputReport, bool)> {
        let (sample, plain, of_rows) = self.sample(pool)?;
        let task = Task::fit(&sample, std::slice::from_ref(&self.target.column), None, "|")?;
        let targets = task.targets(&sample)?;
        let all: Vec<usize> = (0..sample.rows()).collect();
        let (goal, _) = Goal::new(&task, &targets, &all).ok_or_else(|| Error::Setting {
            place: "transfer report".into(),
            setting: "target".into(),
            expected: "one class or one number a row".into(),
            found: "several labels".into(),
        })?;
        let cells = sample.select(&[&self.column])?;
        let started = Instant::now();
        let features = plain.features(&all, self.options.seed)?;
        let seconds = started.elapsed().as_secs_f64();
        let seed = self.options.seed;
        let of = |train: &[usize]| plain.features(train, seed);
        let mut tried = vec![(self.tried(plain.name, &of, &features, &goal)?, None)];
        tried[0].0.plain = true;
        tried[0].0.seconds = seconds;

        let mut to_pull = Vec::new();
        let modality = self.modality;
        for spec in ENCODERS.iter().filter(|e| e.published && e.modality == modality && !e.needs.is_empty()) {
            let missing: Vec<String> = spec
                .needs
                .iter()
                .filter(|n| (self.options.files)(n).is_err())
                .map(|n| (*n).to_owned())
                .collect();
            if missing.is_empty() {
                let (found, network) = self.network(spec, &cells, &goal)?;
                tried.push((found, Some(network)));
            } else {
                to_pull.push((spec.name.to_owned(), missing));
            }
        }
        // Stable: of equal ones, the plain one and then the order of the table.
        tried.sort_by(|a, b| b.0.linear.value.total_cmp(&a.0.linear.value));

        let executor = CpuExecutor::new(self.options.threads);
        let mut gaps = Vec::new();
        for (found, network) in tried.iter().filter_map(|(t, n)| Some((t, n.as_ref()?))) {
            gaps.extend(self.gap(&found.name, network, &executor, &cells)?);
        }
        let named = tried.iter().find(|(t, _)| t.name == nearest::ENCODER);
        let imagenet = match named.and_then(|(_, network)| network.as_ref()) {
            Some(network) => self.imagenet(network, &goal, &task, &executor)?,
            None => None,
        };
        let best = tried.iter().find_map(|(found, network)| Some((found, network.as_ref()?)));
        let source = match best {
            Some((_, network)) => self.source(network)?,
            None => None,
        };
        let duel = match best {
            Some((_, network)) if self.options.scratch_seconds > 0.0 => {
                Some(self.duel(&sample, &goal, &network.features)?)
            }
            _ => None,
        };
        let ranked: Vec<Tried> = tried.into_iter().map(|(found, _)| found).collect();
        let advice = advise(&ranked, duel.as_ref(), scratch_encoder(self.modality));
        let yaml = advice.yaml(&self.column);
        let (classes, quantity) = match &goal {
            Goal::Classes { count, .. } => (*count, false),
            Goal::Numbers(_) => (0, true),
        };
        let report = InputReport {
            input: self.column.clone(),
            modality: self.modality,
            rows: sample.rows(),
            of_rows,
            classes,
            blind: goal.blind(),
            ranked,
            to_pull,
            gaps,
            imagenet,
            source,
            duel,
            advice,
            yaml,
        };
        Ok((report, quantity))
    }

    /// Draws rows that have a target and a cell that can be read; with their plain vectors, and how many they were drawn from.
    fn sample(&mut self, pool: &[usize]) -> Result<(Table, Plain, usize)> {
        let (column, _) = self.table.find(&self.column)?;
        let (target, _) = self.table.find(&self.target.column)?;
        let whole = |&row: &usize| !self.table.is_missing(column, row) && !self.table.is_missing(target, row);
        let mut rows: Vec<usize> = pool.iter().copied().filter(whole).collect();
        let of_rows = rows.len();
        SplitMix::named(self.options.seed, "probe/rows").shuffle(&mut rows);
        rows.truncate(self.options.rows.max(LEAST_ROWS));
        rows.sort_unstable();
        let mut plain = self.plain(&rows)?;
        if let Some(first) = plain.bad.first() {
            let (count, first) = (plain.bad.len(), first.message.clone());
            let text =
                format!("{count} of {} rows cannot be read and are left out; the first: {first}", rows.len());
            self.observer.event(&Event::Warning(&text));
            let bad: Vec<usize> = plain.bad.iter().map(|b| rows[b.row]).collect();
            rows.retain(|row| !bad.contains(row));
            plain = self.plain(&rows)?;
        }
        if rows.len() < LEAST_ROWS {
            return Err(Error::Target {
                path: self.table.path().to_owned(),
                column: self.target.column.clone(),
                expected: format!("{LEAST_ROWS} rows with a target and with `{}`", self.column),
                found: rows.len().to_string(),
                mend: "give more rows".into(),
            });
        }
        Ok((self.table.take(&rows)?, plain, of_rows))
    }

    fn plain(&mut self, rows: &[usize]) -> Result<Plain> {
        let cells = self.table.select(&[&self.column])?.take(rows)?;
        let stop = self.options.stop;
        let name = format!("reading {}", self.column);
        Plain::new(&cells, self.modality, &mut stage(self.observer, stop, &name))
    }

    fn tried(
        &mut self,
        name: &str,
        of: &dyn Fn(&[usize]) -> Result<Arc<Features>>,
        features: &Features,
        goal: &Goal,
    ) -> Result<Tried> {
        let said = format!("{}: fitting on {name}", self.column);
        let mut progress = stage(self.observer, self.options.stop, &said);
        let crossed = cross_validate(of, goal, self.options.seed, &mut progress)?;
        let mut scores = leave_one_out(features, goal, &[5, 1]).into_iter();
        let (Some(five_nearest), Some(nearest)) = (scores.next(), scores.next()) else {
            unreachable!("a score for each k")
        };
        Ok(Tried {
            name: name.to_owned(),
            plain: false,
            linear: crossed.score,
            loss: crossed.loss,
            five_nearest,
            nearest,
            width: features.width(),
            seconds: 0.0,
            kept: 0,
            million_weights: 0.0,
            megabytes: 0.0,
        })
    }

    fn network(
        &mut self,
        spec: &'static EncoderSpec,
        cells: &Table,
        goal: &Goal,
    ) -> Result<(Tried, Network)> {
        let params = (spec.defaults)();
        let given =
            FitInput { table: cells, params: &params, files: self.options.files, seed: self.options.seed };
        let encoder = (spec.fit)(&given)?;
        let weights = encoder.pretrained()?.unwrap_or_default();
        let started = Instant::now();
        let (width, values, kept) = self.embed(encoder.as_ref(), &weights, cells)?;
        let seconds = started.elapsed().as_secs_f64();
        let features = Arc::new(Features::Dense { width, values });
        let mut found = self.tried(spec.name, &|_| Ok(features.clone()), &features, goal)?;
        let (elements, _) = weights.elements();
        (found.seconds, found.kept) = (seconds, kept);
        (found.million_weights, found.megabytes) = (elements as f64 * 1e-6, elements as f64 * 4e-6);
        Ok((found, Network { encoder, weights, features }))
    }

    /// Width, vectors and how many were kept.
    fn embed(
        &mut self,
        encoder: &dyn Encoder,
        weights: &Weights,
        cells: &Table,
    ) -> Result<(usize, Vec<f32>, usize)> {
        let executor = CpuExecutor::new(self.options.threads);
        let keep = self.options.vectors.as_deref();
        let Some(mut embedder) = Embedder::new(encoder, weights, &executor, keep)? else {
            return Ok((0, Vec::new(), 0));
        };
        let rows: Vec<usize> = (0..cells.rows()).collect();
        let name = format!("{}: vectors of {}", self.column, encoder.spec().name);
        let mut warnings = Vec::new();
        let mut warn = |error: &Error| warnings.push(format!("vectors are not kept: {error}"));
        let found =
            embedder.embed(cells, &rows, &mut warn, &mut stage(self.observer, self.options.stop, &name))?;
        warnings.iter().for_each(|text| self.observer.event(&Event::Warning(text)));
        Ok((found.width, found.vectors, found.kept))
    }

    fn gap(
        &mut self,
        name: &str,
        network: &Network,
        executor: &CpuExecutor,
        cells: &Table,
    ) -> Result<Option<NetworkGap>> {
        let mut rows: Vec<usize> = (0..cells.rows()).collect();
        SplitMix::named(self.options.seed, "probe/gap").shuffle(&mut rows);
        rows.truncate(GAP_ROWS);
        let said = format!("{}: norms of {name}", self.column);
        let mut progress = stage(self.observer, self.options.stop, &said);
        let (encoder, weights) = (network.encoder.as_ref(), &network.weights);
        let found = domain_gap(encoder, weights, executor, cells, &rows, &mut progress)?;
        Ok(found.map(|gap| NetworkGap { encoder: name.to_owned(), nearness: Nearness::of(gap.gap), gap }))
    }

    fn imagenet(
        &self,
        network: &Network,
        goal: &Goal,
        task: &Task,
        executor: &CpuExecutor,
    ) -> Result<Option<ImageNetView>> {
        let Features::Dense { width, values } = network.features.as_ref() else { return Ok(None) };
        let (Ok(weights), Ok(names)) =
            ((self.options.files)("efficientnet-lite0"), (self.options.files)(nearest::NAMES_ITEM))
        else {
            return Ok(None);
        };
        imagenet_view(values, *width, goal, &task.labels, &weights, &names, executor).map(Some)
    }

    fn source(&mut self, network: &Network) -> Result<Option<SetDistance>> {
        let (Some(source), Features::Dense { width, values }) =
            (self.options.source, network.features.as_ref())
        else {
            return Ok(None);
        };
        let columns = &source.schema().columns;
        let fits = |c: &&ColumnSchema| c.kind.modality() == Some(self.modality);
        let same = columns.iter().filter(fits).find(|c| c.name == self.column);
        let Some(column) = same.or_else(|| columns.iter().find(fits)) else {
            let text = format!("the source has no {} column: no distance to it", self.modality);
            self.observer.event(&Event::Warning(&text));
            return Ok(None);
        };
        let (index, _) = source.find(&column.name)?;
        let mut rows: Vec<usize> = (0..source.rows()).filter(|&r| !source.is_missing(index, r)).collect();
        SplitMix::named(self.options.seed, "probe/rows").shuffle(&mut rows);
        rows.truncate(SOURCE_ROWS);
        rows.sort_unstable();
        let cells = source.take(&rows)?;
        // Encoders know their column by its name.
        let schema = Schema { columns: vec![ColumnSchema { name: self.column.clone(), ..column.clone() }] };
        let cells =
            Table::new(Arc::new(schema), vec![cells.column(index).clone()], source.path(), source.base(), 1)?;
        let (_, vectors, _) = self.embed(network.encoder.as_ref(), &network.weights, &cells)?;
        Ok(set_distance(&vectors, values, *width, self.options.seed))
    }

    fn duel(&mut self, sample: &Table, goal: &Goal, features: &Features) -> Result<Duel> {
        let ground = Ground {
            table: sample,
            column: &self.column,
            modality: self.modality,
            target: self.target,
            goal,
            seed: self.options.seed,
            threads: self.options.threads,
            stop: self.options.stop,
        };
        duel(&ground, features, self.options.scratch_seconds, self.observer)
    }
}

/// Fewer say nothing.
const LEAST_ROWS: usize = 20;
const SOURCE_ROWS: usize = 300;

/// Progress that can be stopped.
fn stage<'b>(
    observer: &'b mut dyn Observer,
    stop: &'b AtomicBool,
    name: &'b str,
) -> impl FnMut(usize, usize) -> Result<()> + 'b {
    move |done, total| {
        observer.event(&Event::Stage { name, done, total });
        if stop.load(Ordering::Relaxed) { Err(Error::Stopped) } else { Ok(()) }
    }
}
