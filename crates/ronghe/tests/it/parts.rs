//! Signals planted in words, pixels, sounds and columns, found by explanations down to the part.

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, Float64Array, LargeBinaryArray, StringArray};
use ronghe::config::{ModelConfig, resolve};
use ronghe::explain::{Explanation, Level, Options, Part, RowExplainer, RowExplanation, explain_row};
use ronghe::train::{FitOptions, Quiet, RunFacts, fit, save, split};
use ronghe::{
    CellColumn, Cells, Error, InputInfo, Model, Predictions, Predictor, Result, Task, TaskKind, artifact,
};
use ronghe_data::decode::{Limits, decode_image, decode_sound};
use ronghe_data::synth::{SynthConfig, multimodal, pnm_bytes, wav_bytes};
use ronghe_data::{ColumnSchema, Kind, Modality, Schema, Table};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

/// A regression by a formula over rows of text `t`, picture `p`, sound `s` and numbers `a`, `b`.
pub(crate) struct Formula<F> {
    task: Task,
    inputs: Vec<InputInfo>,
    formula: F,
}

impl<F: Fn(&Seen<'_>) -> f64 + Send + Sync> Predictor for Formula<F> {
    fn task(&self) -> &Task {
        &self.task
    }

    fn inputs(&self) -> &[InputInfo] {
        &self.inputs
    }

    fn predict(&self, table: &Table) -> Result<Predictions> {
        let values = (0..table.rows()).map(|row| (self.formula)(&Seen { table, row })).collect();
        Ok(Predictions { kind: TaskKind::Regression, values, width: 1 })
    }
}

/// What a formula sees of a row.
pub(crate) struct Seen<'a> {
    pub(crate) table: &'a Table,
    pub(crate) row: usize,
}

impl Seen<'_> {
    pub(crate) fn column(&self, name: &str) -> usize {
        self.table.find(name).unwrap().0
    }

    /// Whether the text says the word.
    pub(crate) fn says(&self, word: &str) -> f64 {
        let text = self.table.text(self.column("t"), self.row).unwrap_or("");
        f64::from(u8::from(text.contains(word)))
    }

    pub(crate) fn number(&self, name: &str) -> f64 {
        let at = self.column(name);
        if self.table.is_missing(at, self.row) {
            return -9.0;
        }
        self.table.column(at).as_primitive::<Float64Type>().value(self.row)
    }

    /// Mean of the pixels in the upper left quarter.
    fn corner(&self) -> f64 {
        let Some(cell) = self.table.media(self.column("p"), self.row) else { return 0.0 };
        let p = decode_image(&cell, &Limits::default()).unwrap();
        let inside = |i: &usize| i / p.width < p.height / 2 && i % p.width < p.width / 2;
        let sum: f64 = (0..p.pixels.len()).filter(inside).map(|i| f64::from(p.pixels[i])).sum();
        sum / (p.height / 2 * (p.width / 2)) as f64
    }

    /// Power of the first half of the sound.
    fn beginning(&self) -> f64 {
        let Some(cell) = self.table.media(self.column("s"), self.row) else { return 0.0 };
        let samples = decode_sound(&cell, &Limits::default()).unwrap().samples;
        let half = &samples[..samples.len() / 2];
        half.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>() / half.len() as f64
    }
}

pub(crate) fn formula<F: Fn(&Seen<'_>) -> f64 + Send + Sync>(columns: &str, formula: F) -> Formula<F> {
    let inputs = columns
        .split(' ')
        .map(|name| InputInfo {
            name: name.into(),
            modality: match name {
                "t" => Modality::Text,
                "p" => Modality::Image,
                "s" => Modality::Audio,
                _ => Modality::Tabular,
            },
            columns: vec![name.into()],
        })
        .collect();
    let task = Task {
        kind: TaskKind::Regression,
        columns: vec!["y".into()],
        separator: " ".into(),
        labels: vec!["y".into()],
        mean: 0.0,
        std: 1.0,
    };
    Formula { task, inputs, formula }
}

/// Rows of text, light of the picture, amplitude of the sound, and two numbers.
pub(crate) fn rows(rows: &[(&str, u8, f32, Option<f64>, f64)]) -> Table {
    let pictures: Vec<Vec<u8>> = rows
        .iter()
        .map(|r| {
            let pixels: Vec<u8> = (0..64_usize).map(|i| r.1.wrapping_add((i * 37 % 50) as u8)).collect();
            pnm_bytes(8, 8, 1, &pixels)
        })
        .collect();
    let sounds: Vec<Vec<u8>> = rows
        .iter()
        .map(|r| wav_bytes(&(0..4_000).map(|i| r.2 * (i as f32 * 0.3).sin()).collect::<Vec<_>>(), 8_000))
        .collect();
    let columns: [(&str, Kind, ArrayRef); 5] = [
        ("t", Kind::Text, Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.0)))),
        ("p", Kind::Image, Arc::new(LargeBinaryArray::from_iter_values(pictures))),
        ("s", Kind::Audio, Arc::new(LargeBinaryArray::from_iter_values(sounds))),
        ("a", Kind::Number, Arc::new(rows.iter().map(|r| r.3).collect::<Float64Array>())),
        ("b", Kind::Number, Arc::new(rows.iter().map(|r| Some(r.4)).collect::<Float64Array>())),
    ];
    let schema = Schema { columns: columns.iter().map(|c| ColumnSchema::new(c.0, c.1)).collect() };
    let here = Path::new("t.csv");
    Table::new(Arc::new(schema), columns.into_iter().map(|c| c.2).collect(), here, Path::new("."), 5).unwrap()
}

pub(crate) fn row() -> Table {
    rows(&[("a very good book, 真好看", 120, 0.5, Some(3.0), 1.0)])
}

pub(crate) fn background() -> Table {
    let far =
        [("dull", 10, 0.1, Some(1.0), 0.0), ("", 60, 0.2, None, 0.0), ("so good", 90, 0.3, Some(2.0), 0.0)];
    rows(&far)
}

pub(crate) fn auto() -> Options {
    Options { parts: "auto".into(), ..Options::default() }
}

pub(crate) fn masked(masks: &[(&str, &str)]) -> Options {
    Options { masks: masks.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(), ..auto() }
}

pub(crate) fn phi(e: &Explanation, name: &str) -> f64 {
    e.attributions[e.players.iter().position(|p| p.name == name).unwrap_or_else(|| panic!("no {name}"))][0]
}

pub(crate) fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

/// Every level sums to the prediction, parts to their columns, columns to their modalities.
pub(crate) fn assert_nested(e: &RowExplanation) {
    let parts = e.parts.as_ref().unwrap();
    for level in [&e.modalities, &e.fields, parts] {
        assert!(level.residual < 1e-6);
        for k in 0..level.outputs.len() {
            assert!((level.base[k] + level.sum(k) - level.prediction[k]).abs() < 1e-6);
        }
    }
    for k in 0..parts.outputs.len() {
        for (f, field) in e.fields.players.iter().enumerate() {
            let own = (0..parts.players.len()).filter(|&i| parts.players[i].columns == field.columns);
            let sum: f64 = own.map(|i| parts.attributions[i][k]).sum();
            assert!((sum - e.fields.attributions[f][k]).abs() < 1e-6, "{}", field.name);
        }
        for (m, modality) in e.modalities.players.iter().enumerate() {
            let own =
                (0..e.fields.players.len()).filter(|&i| e.fields.players[i].modality == modality.modality);
            let sum: f64 = own.map(|i| e.fields.attributions[i][k]).sum();
            assert!((sum - e.modalities.attributions[m][k]).abs() < 1e-6, "{}", modality.name);
        }
    }
}

#[test]
fn a_signal_in_one_word_is_found_there() {
    let model = formula("t p s a b", |r| 2.0 * r.says("good"));
    let found = explain_row(&model, &row(), &background(), &auto()).unwrap();
    assert_nested(&found);
    let parts = found.parts.as_ref().unwrap();
    near(phi(parts, "good"), 2.0);
    // One of three usual texts says it too: beside them, a text without its words is worth that much less.
    let rest =
        parts.players.iter().position(|p| p.part == Some(Part::Rest { fill: "delete".into() })).unwrap();
    near(parts.attributions[rest][0], -2.0 / 3.0);
    near(phi(&found.fields, "t"), 4.0 / 3.0);
    let all: f64 = parts.attributions.iter().map(|a| a[0].abs()).sum();
    near(all, 2.0 + 2.0 / 3.0);
    let good = parts.players.iter().find(|p| p.name == "good").unwrap();
    assert_eq!(good.part, Some(Part::Words { from: 7, to: 11 }));
    // Words, 49 patches, 30 stretches within bands, two numbers.
    assert!(parts.players.len() > 83, "{}", parts.players.len());
    assert!(
        found.notes.iter().any(|n| n == "text carries 100 % of all attributions here"),
        "{:?}",
        found.notes
    );
    assert_eq!((found.background_id.len(), found.row), (12, 5));
}

#[test]
fn either_or_of_two_modalities_is_shared_and_told() {
    // The text says good, and b is 1 where the background has 0: one of both, and not both.
    let usual = background().slice(0, 2);
    let model = formula("t b", |r| (r.says("good") - r.number("b")).abs());
    let found = explain_row(&model, &row(), &usual, &auto()).unwrap();
    assert_nested(&found);
    near(phi(&found.modalities, "tabular"), 0.0);
    near(phi(&found.modalities, "text"), 0.0);
    assert_eq!(found.synergy.len(), 1);
    assert_eq!(found.synergy[0].players, (0, 1));
    near(found.synergy[0].values[0], -2.0);

    let both = formula("t b", |r| r.says("good") * r.number("b"));
    let found = explain_row(&both, &row(), &usual, &auto()).unwrap();
    near(phi(&found.modalities, "tabular"), 0.5);
    near(phi(found.parts.as_ref().unwrap(), "good"), 0.5);
    near(found.synergy[0].values[0], 1.0);

    let either = formula("t b", |r| r.says("good").max(r.number("b")));
    let found = explain_row(&either, &row(), &usual, &auto()).unwrap();
    near(phi(&found.modalities, "tabular"), 0.5);
    near(phi(&found.modalities, "text"), 0.5);
    near(found.synergy[0].values[0], -1.0);
}

#[test]
fn patches_and_stretches_are_found_where_they_are() {
    let model = formula("p s", |r| r.corner() + 100.0 * r.beginning());
    let options = masked(&[("image", "patches:2x2/mean"), ("s", "spans:4x1/silence")]);
    let found = explain_row(&model, &row(), &background(), &options).unwrap();
    assert_nested(&found);
    let parts = found.parts.as_ref().unwrap();
    let names: Vec<&str> = parts.players.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(&names[..4], ["patch 1,1", "patch 1,2", "patch 2,1", "patch 2,2"]);
    assert_eq!((names[4], names[5], names[9]), ("rest of the cell", "0.00–0.12 s", "rest of the cell"));
    // The model is a sum, and only the first patch is in it: its mean less the mean colour.
    let pixels: Vec<f64> = (0..64_usize).map(|i| f64::from(120 + (i * 37 % 50) as u8)).collect();
    let mean = (pixels.iter().sum::<f64>() / 64.0).round();
    let corner = (0..64).filter(|i| i / 8 < 4 && i % 8 < 4).map(|i| pixels[i]).sum::<f64>() / 16.0;
    near(phi(parts, "patch 1,1"), corner - mean);
    // Its mean colour alone, beside the corners of the usual pictures.
    let usual = [10.0, 60.0, 90.0].iter().map(|light| light + corner - 120.0).sum::<f64>() / 3.0;
    near(parts.attributions[4][0], mean - usual);
    near(phi(&found.fields, "p"), corner - usual);
    for other in ["patch 1,2", "patch 2,1", "patch 2,2"] {
        near(phi(parts, other), 0.0);
    }
    // Half the power in each of the first stretches, but for the fades.
    let power = 100.0 * 0.125;
    for (i, share) in [(5, 0.5), (6, 0.5), (7, 0.0), (8, 0.0)] {
        assert!((parts.attributions[i][0] - share * power).abs() < 0.1, "{}", names[i]);
    }
}

#[test]
fn a_missing_cell_gets_nothing_and_stays_missing() {
    let model = formula("t a b", |r| r.number("a") + r.number("b") + r.says("good"));
    let bare = rows(&[("good", 0, 0.0, None, 1.0)]);
    let found = explain_row(&model, &bare, &background(), &auto()).unwrap();
    assert_nested(&found);
    near(phi(&found.fields, "a"), 0.0);
    near(phi(&found.fields, "b"), 1.0);
    // A missing number stays missing; one of three usual texts says good.
    near(found.fields.base[0], -9.0 + 1.0 / 3.0);
    let none = formula("a", |r| r.number("a"));
    let found = explain_row(&none, &bare, &background(), &auto()).unwrap();
    assert_eq!((found.fields.base[0], found.fields.attributions[0][0], found.parts), (-9.0, 0.0, None));
}

#[test]
fn levels_are_as_deep_as_asked() {
    let model = formula("t a b", |r| r.says("good") * r.number("a") + r.number("b"));
    let of = |level| explain_row(&model, &row(), &background(), &Options { level, ..auto() }).unwrap();
    let (deep, columns, flat) = (of(Level::Parts), of(Level::Columns), of(Level::Modalities));
    assert!(deep.parts.is_some() && columns.parts.is_none() && flat.parts.is_none());
    for k in 0..2 {
        near(deep.modalities.attributions[k][0], columns.modalities.attributions[k][0]);
        near(deep.modalities.attributions[k][0], flat.modalities.attributions[k][0]);
    }
    assert_eq!(flat.fields, flat.modalities);
    assert_eq!((flat.modalities.evaluations, columns.fields.evaluations), (4, 8));
    assert!(
        deep.fields
            .attributions
            .iter()
            .zip(&columns.fields.attributions)
            .all(|(a, b)| (a[0] - b[0]).abs() < 1e-9)
    );
}

#[test]
fn a_seed_repeats_to_the_bit() {
    let model = formula("t p s a b", |r| {
        r.says("good") * r.corner() / 100.0
            + r.beginning() * r.number("b")
            + (r.number("a") * r.corner() / 50.0).sin()
    });
    let options =
        masked(&[("p", "superpixels:12/inpaint"), ("s", "spans:3x2/noise"), ("a", "whole/gaussian")]);
    let options = Options { seed: 3, budget: 600, ..options };
    let first = explain_row(&model, &row(), &background(), &options).unwrap();
    assert_nested(&first);
    assert_eq!(first, explain_row(&model, &row(), &background(), &options).unwrap());
    let json = serde_json::to_string(&first).unwrap();
    let back: RowExplanation = serde_json::from_str(&json).unwrap();
    assert_eq!(back.parts.unwrap().players, first.parts.unwrap().players);
}

#[test]
fn fills_from_background_rows_keep_to_their_row() {
    // Where the picture is hidden, so is b of the same background row.
    let model = formula("p s b", |r| r.corner() + 1000.0 * r.number("b") + r.beginning());
    let options = masked(&[("p", "patches:2x2/background"), ("s", "spans:2x2/background")]);
    let usual = rows(&[("", 10, 0.1, None, 1.0), ("", 60, 0.2, None, 2.0)]);
    let found = explain_row(&model, &row(), &usual, &options).unwrap();
    assert_nested(&found);
    let corner = |light: u8| {
        let pixel = |i: usize| f64::from(light + (i * 37 % 50) as u8);
        (0..64).filter(|i| i / 8 < 4 && i % 8 < 4).map(pixel).sum::<f64>() / 16.0
    };
    let power = (0.005 + 0.02) / 2.0;
    let base = (corner(10) + corner(60)) / 2.0 + 1500.0 + power;
    assert!((found.fields.base[0] - base).abs() < 0.01, "{} is not {base}", found.fields.base[0]);
}

#[test]
fn what_cannot_be_explained_says_so() {
    let model = formula("t b", |r| if r.says("good") == 0.0 { f64::NAN } else { 1.0 });
    let said = explain_row(&model, &row(), &background(), &auto()).unwrap_err().to_string();
    assert!(said.contains("row 5") && said.contains("hidden") && said.contains("finite"), "{said}");
    let model = formula("t b", |r| r.says("good"));
    let empty = background().take(&[]).unwrap();
    let said = explain_row(&model, &row(), &empty, &auto()).unwrap_err().to_string();
    assert!(said.contains("background") && said.contains("at least one row"), "{said}");
    let said = explain_row(&model, &empty, &background(), &auto()).unwrap_err().to_string();
    assert!(said.contains("one row"), "{said}");
    let lacking = background().select(&["t"]).unwrap();
    let said = explain_row(&model, &row(), &lacking, &auto()).unwrap_err().to_string();
    assert!(said.contains("`b`"), "{said}");
    let said =
        explain_row(&model, &row(), &background(), &masked(&[("t", "patches")])).unwrap_err().to_string();
    assert!(said.contains("whole, words"), "{said}");

    let one = background().slice(0, 1);
    let found = explain_row(&model, &row(), &one, &auto()).unwrap();
    assert!(found.notes.iter().any(|n| n.contains("single row")), "{:?}", found.notes);
    let constant = rows(&[("x", 1, 0.1, Some(1.0), 1.0), ("y", 1, 0.1, Some(1.0), 1.0)]);
    let found = explain_row(&model, &row(), &constant, &auto()).unwrap();
    assert!(found.notes.iter().any(|n| n.starts_with("`b`: the same cell")), "{:?}", found.notes);
    let broken = row().with_column(1, Arc::new(LargeBinaryArray::from_iter_values([b"no picture"]))).unwrap();
    let model = formula("t p", |r| r.says("good"));
    let found = explain_row(&model, &broken, &background(), &auto()).unwrap();
    assert!(found.notes.iter().any(|n| n.starts_with("`p`: it cannot be read")), "{:?}", found.notes);
}

/// A model after an epoch on little: of all four modalities, or of these columns.
fn small_model(columns: Option<&[&str]>) -> (Model, Table) {
    let (model, table, _) = saved_model(columns);
    (model, table)
}

/// The same, and the rows that it keeps.
pub(crate) fn saved_model(columns: Option<&[&str]>) -> (Model, Table, Table) {
    let table = multimodal(120, 3, &SynthConfig { missing: 0.0 }).unwrap();
    let table = columns.map_or(table.clone(), |names| table.select(names).unwrap());
    let mut config = ModelConfig { seed: 7, ..ModelConfig::default() };
    config.target.column = "label".into();
    config.training.epochs = Some(1);
    let mut config = resolve(&config, &table, &|_| false).unwrap();
    if columns.is_some() {
        config.inputs[0].encoder.kind = "dense".into();
        config.inputs[0].encoder.params.clear();
        config = resolve(&config, &table, &|_| false).unwrap();
    }
    let hash = table.content_hash();
    let stop = AtomicBool::new(false);
    let options = FitOptions {
        threads: 2,
        files: &|name| Err(Error::NotPulled { name: name.to_owned(), cache: PathBuf::new() }),
        vectors: None,
        data_hash: &hash,
        checkpoint: None,
        resume: false,
        skip_bad_rows: false,
        stop: &stop,
    };
    let fitted = fit(&config, &table, split(&config, &table).unwrap(), &options, &mut Quiet).unwrap();
    let folder = tempfile::tempdir().unwrap();
    save(&fitted, &hash, &RunFacts::new(), folder.path()).unwrap();
    let card = std::fs::read_to_string(folder.path().join("README.md")).unwrap();
    assert!(card.contains("84 of 84 training rows travel with this model ("), "{card}");
    let kept = artifact::background(folder.path()).unwrap().unwrap();
    (Model::new(artifact::load(folder.path()).unwrap(), 2).unwrap(), table, kept)
}

#[test]
fn a_model_explains_all_its_leaves() {
    let (model, table) = small_model(None);
    // Rows put together from cells are predicted as the same rows written out, and remembered cells as new ones.
    let names = ["picture", "tone", "sentence", "size", "shop", "member", "day"];
    let columns = names.iter().enumerate().map(|(i, name)| {
        let cells = table.select(&[name]).unwrap().slice(0, 10);
        let keys = (0..10).map(|r| cells.row_hash(r).unwrap()).collect();
        CellColumn::new(cells, Some(keys), (0..90).map(|r| (r * (i as u32 + 1) + r / 7) % 10).collect())
            .unwrap()
    });
    let cells = Cells::new(columns.collect()).unwrap();
    let plain = model.predict(&cells.table(0, 90).unwrap()).unwrap();
    for _ in 0..2 {
        let found = model.predict_cells(&cells).unwrap();
        assert_eq!((found.width, found.values.len()), (plain.width, plain.values.len()));
        let off = found.values.iter().zip(&plain.values).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off < 1e-6, "{off}");
    }

    let options = Options { budget: 0, tolerance: 0.05, ..auto() };
    let background = table.slice(10, 20);
    let explainer = RowExplainer::new(&model, &background, &options).unwrap();
    let calls = Mutex::new(Vec::new());
    let found = explainer.explain(&table.slice(3, 1), &|n| calls.lock().unwrap().push(n)).unwrap();
    assert_nested(&found);
    for level in [&found.modalities, &found.fields, found.finest()] {
        assert!(!level.converged || level.ratio <= options.tolerance, "{}", level.ratio);
    }
    let calls = calls.into_inner().unwrap();
    assert_eq!(calls.last(), Some(&found.finest().evaluations));
    assert!(found.finest().players.len() > 49 + 30 + 4);
    assert_eq!(found, explainer.explain(&table.slice(3, 1), &|_| ()).unwrap());
}

/// A model without anything but its predictions.
struct Plain<'a>(&'a Model);

impl Predictor for Plain<'_> {
    fn task(&self) -> &Task {
        self.0.task()
    }

    fn inputs(&self) -> &[InputInfo] {
        self.0.inputs()
    }

    fn predict(&self, table: &Table) -> Result<Predictions> {
        self.0.predict(table)
    }
}

#[test]
fn a_dense_beginning_is_taken_apart_as_any_model() {
    let (model, table) = small_model(Some(&["picture", "label"]));
    assert!(model.opening().unwrap().is_some());
    let background = table.slice(10, 5);
    for fill in ["background", "mean", "inpaint"] {
        let options = masked(&[("picture", &format!("patches:2x3/{fill}"))]);
        let of = |p: &dyn Predictor| explain_row(p, &table.slice(3, 1), &background, &options).unwrap();
        let (fast, plain) = (of(&model), of(&Plain(&model)));
        assert_nested(&fast);
        let (fast, plain) = (fast.parts.unwrap(), plain.parts.unwrap());
        assert_eq!((fast.players.len(), &fast.players), (7, &plain.players));
        for (a, b) in fast.attributions.iter().flatten().zip(plain.attributions.iter().flatten()) {
            assert!((a - b).abs() < 1e-4, "{fill}: {a} and {b}");
        }
    }
}
