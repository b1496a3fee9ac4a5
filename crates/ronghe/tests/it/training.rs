//! Trainings from table to saved model: what must be the same bit for bit, and what must be learned.

use arrow_array::{ArrayRef, Float64Array, StringArray};
use ronghe::config::{ClassWeights, ModelConfig, NamedConfig, OptimizerKind, resolve};
use ronghe::fuse::FUSIONS;
use ronghe::train::{Event, FitOptions, Fitted, Observer, Quiet, RunFacts, fit, save, split};
use ronghe::{Error, Model, Predictor, TaskKind, UnknownNames, artifact, metric};
use ronghe_data::synth::{SynthConfig, multimodal};
use ronghe_data::{ColumnSchema, Kind, Schema, Table};
use ronghe_graph::SplitMix;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

pub(crate) type Outcome = Result<(), Box<dyn std::error::Error>>;

/// 200 rows of pictures, sound, sentences and columns.
fn synthetic() -> ronghe::Result<Table> {
    Ok(multimodal(200, 3, &SynthConfig::default())?)
}

/// The cheap columns of the same set.
fn small() -> ronghe::Result<Table> {
    Ok(synthetic()?.select(&["sentence", "size", "shop", "member", "day", "label"])?)
}

/// A resolved configuration for `target`, after `change`.
pub(crate) fn config(
    table: &Table,
    target: &str,
    change: impl FnOnce(&mut ModelConfig),
) -> ronghe::Result<ModelConfig> {
    let mut config = ModelConfig { seed: 7, ..ModelConfig::default() };
    config.target.column = target.into();
    config.training.epochs = Some(2);
    config.training.batch_size = 32;
    change(&mut config);
    resolve(&config, table, &|_| false)
}

/// Has every input that can be changed at random.
fn augment(config: &mut ModelConfig) {
    for input in &mut config.inputs {
        let (key, value) = match input.encoder.kind.as_str() {
            "tfidf" => ("token_dropout", json!(0.2)),
            "cnn" => ("augment", json!("strong")),
            "mel_cnn" => ("augment", json!({"time_shift": 0.1, "time_masks": 1})),
            _ => continue,
        };
        input.encoder.params.insert(key.into(), value);
    }
}

/// Where and how a training runs.
#[derive(Default)]
struct How {
    threads: usize,
    checkpoint: Option<PathBuf>,
    resume: bool,
    /// Steps after which to stop; never if 0.
    stop_after: usize,
}

/// Sets the flag after so many steps.
struct Stopper<'a> {
    left: usize,
    stop: &'a AtomicBool,
}

impl Observer for Stopper<'_> {
    fn event(&mut self, event: &Event<'_>) {
        if matches!(event, Event::Batch { .. }) && self.left > 0 {
            self.left -= 1;
            self.stop.store(self.left == 0, Ordering::Relaxed);
        }
    }
}

fn train(config: &ModelConfig, table: &Table, how: How) -> ronghe::Result<Fitted> {
    let stop = AtomicBool::new(false);
    let hash = table.content_hash();
    let options = FitOptions {
        threads: how.threads,
        files: &|name| Err(Error::NotPulled { name: name.to_owned(), cache: PathBuf::new() }),
        vectors: None,
        data_hash: &hash,
        checkpoint: how.checkpoint,
        resume: how.resume,
        skip_bad_rows: false,
        stop: &stop,
    };
    let rows = split(config, table)?;
    match how.stop_after {
        0 => fit(config, table, rows, &options, &mut Quiet),
        left => fit(config, table, rows, &options, &mut Stopper { left, stop: &stop }),
    }
}

/// A training with nothing special about it.
pub(crate) fn train_plain(config: &ModelConfig, table: &Table) -> ronghe::Result<Fitted> {
    train(config, table, How::default())
}

fn hashes(fitted: &Fitted, table: &Table) -> Result<BTreeMap<String, String>, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    Ok(save(fitted, &table.content_hash(), &RunFacts::new(), folder.path())?)
}

/// A saved model of all four modalities with gated fusion, trained once for all tests.
fn saved() -> Result<(&'static Path, &'static Table), Box<dyn std::error::Error>> {
    static MADE: OnceLock<Result<(tempfile::TempDir, Table), String>> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let make = || -> Result<(tempfile::TempDir, Table), Box<dyn std::error::Error>> {
            let table = synthetic()?;
            let config = config(&table, "label", |c| c.fusion = named("gated"))?;
            let fitted = train(&config, &table, How { threads: 2, ..How::default() })?;
            let folder = tempfile::tempdir()?;
            save(&fitted, &table.content_hash(), &RunFacts::new(), folder.path())?;
            Ok((folder, table))
        };
        make().map_err(|e| e.to_string())
    });
    let (folder, table) = made.as_ref().map_err(Clone::clone)?;
    Ok((folder.path(), table))
}

fn loaded() -> Result<(Model, &'static Table), Box<dyn std::error::Error>> {
    let (folder, table) = saved()?;
    Ok((Model::new(artifact::load(folder)?, 2)?, table))
}

fn named(kind: &str) -> NamedConfig {
    NamedConfig { kind: kind.into(), ..NamedConfig::default() }
}

#[test]
fn threads_do_not_change_a_saved_byte() -> Outcome {
    let table = synthetic()?;
    let mut config = config(&table, "label", |_| {})?;
    assert_eq!(config.inputs.len(), 4);
    augment(&mut config);
    let run = |threads: usize| -> Result<_, Box<dyn std::error::Error>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let fitted = pool.install(|| train(&config, &table, How { threads, ..How::default() }))?;
        hashes(&fitted, &table)
    };
    let one = run(1)?;
    assert!(one.contains_key("model.safetensors") && one.contains_key("metrics.json"), "{one:?}");
    assert_eq!(one, run(2)?);
    Ok(())
}

#[test]
fn a_stopped_training_goes_on_bit_for_bit() -> Outcome {
    let table = small()?;
    let mut config = config(&table, "label", |c| c.training.epochs = Some(3))?;
    augment(&mut config);
    let whole = train(&config, &table, How::default())?;
    let batches = whole.split.train.len().div_ceil(config.training.batch_size);
    assert!(batches > 3, "{batches}");
    let expected = hashes(&whole, &table)?;
    let folder = tempfile::tempdir()?;
    // Inside an epoch, at its last step, at the next one's first, at the very last.
    for stops in [vec![2], vec![batches], vec![batches + 1, 1], vec![1, batches, 2], vec![3 * batches]] {
        let path = folder.path().join(format!("{stops:?}"));
        let how =
            |resume, stop_after| How { checkpoint: Some(path.clone()), resume, stop_after, ..How::default() };
        for (i, &steps) in stops.iter().enumerate() {
            let stopped = train(&config, &table, how(i > 0, steps));
            assert!(matches!(stopped, Err(Error::Stopped)), "{stops:?}: {:?}", stopped.err());
        }
        let resumed = train(&config, &table, how(true, 0))?;
        assert_eq!(resumed.parts.weights, whole.parts.weights, "{stops:?}");
        assert_eq!(hashes(&resumed, &table)?, expected, "{stops:?}");
    }
    // A finished one has nothing left to do, and one of another seed is refused.
    let path = folder.path().join("[2]");
    let again = How { checkpoint: Some(path.clone()), resume: true, ..How::default() };
    assert_eq!(hashes(&train(&config, &table, again)?, &table)?, expected);
    let other = ModelConfig { seed: 8, ..config };
    let again = How { checkpoint: Some(path), resume: true, ..How::default() };
    assert!(matches!(train(&other, &table, again), Err(Error::Artifact { .. })));
    Ok(())
}

#[test]
fn a_loaded_model_predicts_the_same_bits() -> Outcome {
    let table = synthetic()?;
    let config = config(&table, "label", |c| c.training.epochs = Some(1))?;
    let fitted = train(&config, &table, How::default())?;
    let folder = tempfile::tempdir()?;
    save(&fitted, "", &RunFacts::new(), folder.path())?;
    let before = Model::new(fitted.parts, 2)?.predict_detailed(&table)?;
    let after = Model::new(artifact::load(folder.path())?, 1)?.predict_detailed(&table)?;
    assert_eq!(before, after);
    assert!(before.bad.is_empty());
    Ok(())
}

#[test]
fn a_flipped_byte_or_a_missing_file_is_refused() -> Outcome {
    let (good, _) = saved()?;
    let names: Vec<String> =
        serde_json::from_slice::<BTreeMap<String, String>>(&std::fs::read(good.join("hashes.json"))?)?
            .into_keys()
            .collect();
    assert!(names.len() >= 4, "{names:?}");
    let folder = tempfile::tempdir()?;
    for name in names.iter().map(String::as_str).chain(["hashes.json"]) {
        let place = folder.path().join(name);
        std::fs::create_dir_all(place.parent().unwrap_or(folder.path()))?;
        std::fs::copy(good.join(name), &place)?;
    }
    artifact::load(folder.path())?;
    for name in names.iter().map(String::as_str).chain(["hashes.json"]) {
        let place = folder.path().join(name);
        let bytes = std::fs::read(&place)?;
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            std::fs::write(&place, &bad)?;
            let found = artifact::load(folder.path());
            assert!(matches!(found, Err(Error::Artifact { .. })), "{name}, byte {at}: {:?}", found.err());
        }
        std::fs::remove_file(&place)?;
        assert!(matches!(artifact::load(folder.path()), Err(Error::Artifact { .. })), "without {name}");
        std::fs::write(&place, &bytes)?;
    }
    artifact::load(folder.path())?;
    Ok(())
}

#[test]
fn names_that_training_did_not_have_are_counted() -> Outcome {
    let (model, table) = loaded()?;
    assert_eq!(model.unknown_names(table)?, []);
    let shop = ["Rome", "罗马", "Rome", "Oslo", "Lima"].map(Some).into_iter().chain([None, Some("north")]);
    let schema =
        Schema { columns: ["shop", "member"].map(|name| ColumnSchema::new(name, Kind::Category)).into() };
    let member: ArrayRef = Arc::new(StringArray::from(vec!["yes"; 7]));
    let cells = vec![Arc::new(StringArray::from_iter(shop)), member];
    let strange = Table::new(Arc::new(schema), cells, Path::new("new.csv"), Path::new("."), 1)?;
    let expected = UnknownNames {
        column: "shop".into(),
        cells: 5,
        examples: ["Rome", "罗马", "Oslo"].map(str::to_owned).into(),
    };
    assert_eq!(model.unknown_names(&strange)?, [expected]);
    Ok(())
}

#[test]
fn predicts_without_any_of_its_inputs() -> Outcome {
    let (model, table) = loaded()?;
    let whole = model.predict_detailed(table)?;
    let names: Vec<String> = model.inputs().iter().map(|i| i.name.clone()).collect();
    assert_eq!(names.len(), 4);
    for (i, name) in names.iter().enumerate() {
        let without = model.predict_detailed(&model.hide(table, std::slice::from_ref(name))?)?;
        let changed = (0..table.rows()).filter(|&r| whole.predictions.row(r) != without.predictions.row(r));
        // About a row in twelve lacks the input anyway.
        assert!(changed.count() > table.rows() / 2, "{name} makes no difference");
        let shares = without.fusion_weights.ok_or("gated fusion has weights")?;
        assert!(shares.chunks(4).all(|s| s[i] == 0.0), "{name} is hidden and weighs something");
        distributions(&without.predictions.values, without.predictions.width);
    }
    let none = model.predict(&model.hide(table, &names)?)?;
    distributions(&none.values, none.width);
    assert_eq!(none.rows(), table.rows());
    assert!((1..none.rows()).all(|r| none.row(r) == none.row(0)), "rows of nothing differ");
    Ok(())
}

/// Each row finite and summing to one.
fn distributions(values: &[f64], width: usize) {
    for row in values.chunks(width) {
        assert!(row.iter().all(|p| (0.0..=1.0).contains(p)), "{row:?}");
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-6, "{row:?}");
    }
}

#[test]
fn neighbours_do_not_change_a_prediction() -> Outcome {
    let (model, table) = loaded()?;
    let together = model.predict(table)?;
    let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-5);
    let mut order: Vec<usize> = (0..table.rows()).collect();
    SplitMix::named(1, "order").shuffle(&mut order);
    // Every other row twice, so that equal cells meet in one call.
    order.extend_from_within(..50);
    let mixed = model.predict(&table.take(&order)?)?;
    for (at, &row) in order.iter().enumerate() {
        assert!(close(mixed.row(at), together.row(row)), "row {row} at {at}");
    }
    for row in [0, 77, 199] {
        assert!(close(model.predict(&table.slice(row, 1))?.row(0), together.row(row)), "row {row} alone");
    }
    assert_eq!(model.predict(&table.slice(0, 0))?.rows(), 0);
    Ok(())
}

/// A table of planted relations: `y = 3 a - 2 b + 5`, whether `a + b > 0`, and labels for each sign and shop.
fn planted(rows: usize) -> Result<Table, Box<dyn std::error::Error>> {
    let mut draw = SplitMix::named(11, "planted");
    let mut centred =
        |count: usize| -> Vec<f64> { (0..count).map(|_| f64::from(draw.unit()) * 2.0 - 1.0).collect() };
    let (a, b, s) = (centred(rows), centred(rows), centred(rows));
    let shop: Vec<&str> = s.iter().map(|&s| if s > 0.0 { "east" } else { "west" }).collect();
    let tags: Vec<String> = (0..rows)
        .map(|i| {
            let found = [(a[i] > 0.0, "warm"), (b[i] > 0.0, "big"), (s[i] > 0.0, "近")];
            found.iter().filter(|f| f.0).map(|f| f.1).collect::<Vec<_>>().join("|")
        })
        .collect();
    let number =
        |f: &dyn Fn(usize) -> f64| -> ArrayRef { Arc::new(Float64Array::from_iter_values((0..rows).map(f))) };
    let sign = (0..rows).map(|i| if a[i] + b[i] > 0.0 { "yes" } else { "no" });
    let columns: [(&str, Kind, ArrayRef); 6] = [
        ("a", Kind::Number, number(&|i| a[i])),
        ("b", Kind::Number, number(&|i| b[i])),
        ("shop", Kind::Category, Arc::new(StringArray::from_iter_values(&shop))),
        ("y", Kind::Number, number(&|i| 3.0 * a[i] - 2.0 * b[i] + 5.0)),
        ("sum", Kind::Category, Arc::new(StringArray::from_iter_values(sign))),
        ("tags", Kind::Category, Arc::new(StringArray::from_iter_values(&tags))),
    ];
    let schema = columns.iter().map(|(name, kind, _)| ColumnSchema::new(*name, *kind));
    let schema = Arc::new(Schema { columns: schema.collect() });
    let cells = columns.into_iter().map(|c| c.2).collect();
    Ok(Table::new(schema, cells, Path::new("planted.csv"), Path::new("."), 1)?)
}

#[test]
fn every_task_learns_what_is_planted() -> Outcome {
    let table = planted(600)?;
    for (target, task, expected, figure, floor) in [
        ("y", None, TaskKind::Regression, "r2", 0.95),
        ("sum", None, TaskKind::Binary, "accuracy", 0.93),
        ("tags", Some(TaskKind::MultiLabel), TaskKind::MultiLabel, "accuracy", 0.93),
    ] {
        let columns = table.select(&["a", "b", "shop", target])?;
        let config = config(&columns, target, |c| {
            c.target.task = task;
            c.training.epochs = Some(15);
            c.training.learning_rate = 5e-3;
        })?;
        let fitted = train(&config, &columns, How::default())?;
        assert_eq!(fitted.parts.task.kind, expected);
        let value = fitted.test.get(figure).ok_or(figure)?;
        assert!(value > floor, "{target}: {figure} {value}");
        let first = fitted.history.first().map(|e| e.loss).unwrap_or_default();
        let last = fitted.history.last().map(|e| e.loss).unwrap_or_default();
        assert!(last < 0.5 * first, "{target}: loss {first} to {last}");
        let model = Model::new(fitted.parts, 2)?;
        let found = model.predict(&columns)?;
        if expected == TaskKind::Regression {
            // In the target's own unit, whose mean is 5.
            let mean = found.values.iter().sum::<f64>() / found.rows() as f64;
            assert!((mean - 5.0).abs() < 0.3, "{mean}");
        }
        if expected == TaskKind::MultiLabel {
            assert_eq!(model.task().labels, ["big", "warm", "近"]);
            assert_eq!(found.width, 3);
        }
    }
    Ok(())
}

#[test]
fn every_fusion_learns() -> Outcome {
    let table = small()?;
    for spec in FUSIONS {
        let config = config(&table, "label", |c| {
            c.fusion = named(spec.name);
            c.training.epochs = Some(15);
            c.training.learning_rate = 3e-3;
        })?;
        let fitted = train(&config, &table, How::default())?;
        let losses: Vec<f64> = fitted.history.iter().map(|e| e.loss).collect();
        assert!(losses[14] < 0.8 * losses[0], "{}: {losses:?}", spec.name);
        let model = Model::new(fitted.parts, 2)?;
        // Of all rows, for forty test rows are too few to tell learning from luck.
        let targets = model.task().targets(&table)?;
        let figures = metric::evaluate(model.task(), &model.predict(&table)?, &targets);
        let accuracy = figures.get("accuracy").ok_or("no accuracy")?;
        assert!(accuracy > 0.5, "{}: accuracy {accuracy}, chance is 0.25", spec.name);
        let shares = model.predict_detailed(&table)?.fusion_weights;
        assert_eq!(shares.is_some(), spec.name == "gated", "{}", spec.name);
        for row in shares.unwrap_or_default().chunks(model.inputs().len()) {
            assert!(row.iter().all(|&s| s >= 0.0), "{row:?}");
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{row:?}");
        }
    }
    Ok(())
}

/// Two numbers, a target that follows from them, and what is put in one cell of `column`.
fn numbers(rows: usize, column: &str, huge: Option<f64>) -> Result<Table, Box<dyn std::error::Error>> {
    let mut draw = SplitMix::named(5, "numbers");
    let mut centred = || -> Vec<f64> { (0..rows).map(|_| f64::from(draw.unit()) * 2.0 - 1.0).collect() };
    let (a, b) = (centred(), centred());
    let y: Vec<f64> = a.iter().zip(&b).map(|(a, b)| 3.0 * a - 2.0 * b + 5.0).collect();
    let mut columns = [("a", a), ("b", b), ("y", y)];
    if let (Some(huge), Some((_, values))) = (huge, columns.iter_mut().find(|c| c.0 == column)) {
        values[16] = huge;
    }
    let schema = columns.iter().map(|(name, _)| ColumnSchema::new(*name, Kind::Number)).collect();
    let cells = columns.into_iter().map(|(_, v)| Arc::new(Float64Array::from(v)) as ArrayRef).collect();
    Ok(Table::new(Arc::new(Schema { columns: schema }), cells, Path::new("n.csv"), Path::new("."), 1)?)
}

/// Keeps warnings and epochs.
#[derive(Default)]
struct Heard {
    warnings: Vec<String>,
}

impl Observer for Heard {
    fn event(&mut self, event: &Event<'_>) {
        if let Event::Warning(text) = event {
            self.warnings.push((*text).to_owned());
        }
    }
}

fn heard(config: &ModelConfig, table: &Table) -> Result<(Fitted, Vec<String>), Box<dyn std::error::Error>> {
    let stop = AtomicBool::new(false);
    let options = FitOptions {
        threads: 1,
        files: &|name| Err(Error::NotPulled { name: name.to_owned(), cache: PathBuf::new() }),
        vectors: None,
        data_hash: "",
        checkpoint: None,
        resume: false,
        skip_bad_rows: false,
        stop: &stop,
    };
    let mut heard = Heard::default();
    let fitted = fit(config, table, split(config, table)?, &options, &mut heard)?;
    Ok((fitted, heard.warnings))
}

#[test]
fn one_cell_out_of_all_proportion_is_named_and_does_not_ruin_the_rest() -> Outcome {
    for (column, expected) in [
        (
            "a",
            vec![
                "column `a`: row 17 is 1e200: out of all proportion to the other training rows, and read as their outermost value",
            ],
        ),
        (
            "y",
            vec![
                "target `y`: row 17 is 1e200: out of all proportion to the others",
                "1 of 300 rows with such a target are left out",
            ],
        ),
        ("", vec![]),
    ] {
        let table = numbers(300, column, Some(1e200))?;
        let config = config(&table, "y", |c| {
            c.training.epochs = Some(60);
            c.training.learning_rate = 3e-3;
            // The row in question is one of those that are learned from.
            (c.split.validation, c.split.test) = (0.1, 0.2);
        })?;
        let (fitted, warnings) = heard(&config, &table)?;
        assert_eq!(warnings, expected, "{column}");
        let r2 = fitted.test.get("r2").ok_or("no r2")?;
        assert!(r2 > 0.9, "{column}: {r2}");
        assert!(fitted.parts.task.std < 10.0, "{column}: {}", fitted.parts.task.std);
    }
    Ok(())
}

#[test]
fn a_training_that_leaves_the_finite_numbers_stops_at_once() -> Outcome {
    let table = numbers(300, "", None)?;
    for optimizer in [OptimizerKind::Adamw, OptimizerKind::Sgd] {
        let config = config(&table, "y", |c| {
            c.training.learning_rate = 1e30;
            c.training.warmup = 0.0;
            c.training.optimizer = optimizer;
            c.training.clip_norm = None;
        })?;
        let error = train(&config, &table, How::default()).err().ok_or("it was trained")?;
        let Error::Diverged { step, epoch, place, .. } = &error else { return Err(error.into()) };
        assert!((1..=3).contains(step) && *epoch == 1, "{error}");
        assert!(place.contains("input `columns`") || place.contains("follows the vectors"), "{error}");
        let message = error.to_string();
        assert!(
            message.starts_with(&format!("training stopped at step {step}, in epoch 1: the ")),
            "{message}"
        );
        assert!(
            message.contains("lower training.learning_rate, 1000000000000000000000000000000 now"),
            "{message}"
        );
    }
    Ok(())
}

#[test]
fn with_balanced_classes_the_best_epoch_is_judged_by_them() -> Outcome {
    // One row in twenty is rare, and the columns tell it.
    let mut draw = SplitMix::named(9, "rare");
    let rows = 400;
    let rare: Vec<bool> = (0..rows).map(|i| i % 20 == 3).collect();
    let x = Float64Array::from_iter_values(
        rare.iter().map(|&rare| f64::from(draw.normal()) + if rare { 3.0 } else { 0.0 }),
    );
    let y = StringArray::from_iter_values(rare.iter().map(|&rare| if rare { "罕见" } else { "usual" }));
    let schema = Schema {
        columns: vec![ColumnSchema::new("x", Kind::Number), ColumnSchema::new("y", Kind::Category)],
    };
    let cells: Vec<ArrayRef> = vec![Arc::new(x), Arc::new(y)];
    let table = Table::new(Arc::new(schema), cells, Path::new("rare.csv"), Path::new("."), 1)?;
    let balanced = config(&table, "y", |c| {
        c.training.epochs = None;
        c.training.batch_size = 64;
        c.training.class_weights = ClassWeights::Balanced;
    })?;
    assert_eq!((balanced.training.epochs, balanced.training.patience), (Some(300), Some(60)));
    let fitted = train(&balanced, &table, How::default())?;
    assert!(fitted.chosen.ends_with(", by log_loss with balanced classes"), "{}", fitted.chosen);
    let value = |e: &ronghe::train::EpochReport| e.weighted.unwrap_or(f64::NAN);
    let best = fitted.history.iter().rfind(|e| e.best).ok_or("no best epoch")?;
    assert!(fitted.history.iter().all(|e| value(e) >= value(best)), "not the best by the weights");
    let model = Model::new(fitted.parts, 1)?;
    let found = metric::evaluate(model.task(), &model.predict(&table)?, &model.task().targets(&table)?);
    let recall = found.get("balanced_accuracy").ok_or("no recall")?;
    assert!(recall > 0.85, "{recall}");

    let plain = config(&table, "y", |_| {})?;
    let fitted = train(&plain, &table, How::default())?;
    assert!(fitted.history.iter().all(|e| e.weighted.is_none()) && !fitted.chosen.contains("balanced"));
    let quantity = config(&table, "x", |c| c.training.class_weights = ClassWeights::Balanced);
    assert_eq!(
        quantity.err().map(|e| e.to_string()).unwrap_or_default(),
        "configuration: `training.class_weights`: expected none for a quantity, which has no classes, found balanced"
    );
    Ok(())
}

#[test]
fn a_training_without_validation_rows_runs_to_its_end() -> Outcome {
    let table = numbers(80, "", None)?;
    let config = config(&table, "y", |c| {
        c.training.epochs = None;
        c.split.validation = 0.0;
    })?;
    let fitted = train(&config, &table, How::default())?;
    assert_eq!(fitted.history.len(), 300);
    assert!(!fitted.still_improving());
    assert!(fitted.test.get("r2").is_some_and(|r2| r2 > 0.5), "{:?}", fitted.test);
    Ok(())
}
