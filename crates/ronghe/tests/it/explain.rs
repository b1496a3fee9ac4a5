//! Explanations of closed forms whose Shapley values are known.

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float64Array, StringArray};
use proptest::prelude::*;
use ronghe::explain::{self, Coalition, EXPLAINERS, Game, Link, MASKERS, Options, Values, explain_row};
use ronghe::{Error, InputInfo, Predictions, Predictor, Result, Task, TaskKind};
use ronghe_data::{Cell, ColumnSchema, Kind, Modality, Schema, Table};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A predictor given by a formula over rows.
struct Closed<F> {
    task: Task,
    inputs: Vec<InputInfo>,
    formula: F,
    largest_call: AtomicUsize,
}

impl<F: Fn(&Table, usize) -> Vec<f64> + Send + Sync> Predictor for Closed<F> {
    fn task(&self) -> &Task {
        &self.task
    }

    fn inputs(&self) -> &[InputInfo] {
        &self.inputs
    }

    fn predict(&self, table: &Table) -> Result<Predictions> {
        self.largest_call.fetch_max(table.rows(), Ordering::Relaxed);
        let values = (0..table.rows()).flat_map(|r| (self.formula)(table, r)).collect();
        Ok(Predictions { kind: self.task.kind, values, width: self.task.labels.len() })
    }
}

fn closed<F: Fn(&Table, usize) -> Vec<f64> + Send + Sync>(
    kind: TaskKind,
    labels: &[&str],
    inputs: &[(Modality, &[&str])],
    formula: F,
) -> Closed<F> {
    Closed {
        task: Task {
            kind,
            columns: vec!["y".into()],
            separator: " ".into(),
            labels: labels.iter().map(|l| (*l).to_owned()).collect(),
            mean: 0.0,
            std: 1.0,
        },
        inputs: inputs
            .iter()
            .map(|(modality, columns)| InputInfo {
                name: modality.to_string(),
                modality: *modality,
                columns: columns.iter().map(|c| (*c).to_owned()).collect(),
            })
            .collect(),
        formula,
        largest_call: AtomicUsize::new(0),
    }
}

fn table(folder: &str, columns: Vec<(&str, Kind, ArrayRef)>) -> Table {
    let schema = Schema { columns: columns.iter().map(|(n, k, _)| ColumnSchema::new(*n, *k)).collect() };
    let cells = columns.into_iter().map(|(_, _, c)| c).collect();
    Table::new(Arc::new(schema), cells, Path::new("t.csv"), Path::new(folder), 1).unwrap()
}

fn numbers(cells: &[Option<f64>]) -> ArrayRef {
    Arc::new(Float64Array::from(cells.to_vec()))
}

fn words(cells: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(cells.to_vec()))
}

/// The number in a cell; a missing one counts -1.
fn number(t: &Table, column: &str, row: usize) -> f64 {
    let cells = t.column(t.find(column).unwrap().0);
    if cells.is_null(row) { -1.0 } else { cells.as_primitive::<Float64Type>().value(row) }
}

fn length(t: &Table, column: &str, row: usize) -> f64 {
    t.text(t.find(column).unwrap().0, row).map_or(0.0, |s| s.chars().count() as f64)
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

/// Four background rows of two numbers and a text.
fn background() -> Table {
    table(
        ".",
        vec![
            ("a", Kind::Number, numbers(&[Some(1.0), Some(2.0), None, Some(6.0)])),
            ("b", Kind::Number, numbers(&[Some(0.0), Some(1.0), Some(0.0), Some(1.0)])),
            ("标题", Kind::Text, words(&["好", "一本书", "", "good"])),
        ],
    )
}

fn one_row() -> Table {
    table(
        ".",
        vec![
            ("b", Kind::Number, numbers(&[Some(3.0)])),
            ("标题", Kind::Text, words(&["很好的"])),
            ("a", Kind::Number, numbers(&[Some(4.0)])),
        ],
    )
}

const INPUTS: &[(Modality, &[&str])] = &[(Modality::Tabular, &["a", "b"]), (Modality::Text, &["标题"])];

#[test]
fn a_linear_model_pays_weight_times_distance_from_the_mean() {
    let model = closed(TaskKind::Regression, &["price"], INPUTS, |t, r| {
        vec![2.0 * number(t, "a", r) - 3.0 * number(t, "b", r) + 0.5 * length(t, "标题", r) + 7.0]
    });
    let found = explain_row(&model, &one_row(), &background(), &Options::default()).unwrap();
    // Means over the background: a 2 (a missing cell counts -1), b 0.5, length 2.
    let phi: Vec<f64> = found.fields.attributions.iter().map(|a| a[0]).collect();
    [2.0 * (4.0 - 2.0), -3.0 * (3.0 - 0.5), 0.5 * (3.0 - 2.0)]
        .into_iter()
        .zip(&phi)
        .for_each(|(e, f)| near(*f, e));
    near(found.fields.base[0], 2.0 * 2.0 - 3.0 * 0.5 + 0.5 * 2.0 + 7.0);
    near(found.fields.prediction[0], 8.0 - 9.0 + 1.5 + 7.0);
    assert_eq!((found.fields.unit.as_str(), found.fields.method.as_str()), ("unit of y", "exact"));

    // An additive model: modalities are the sums of their columns.
    let names: Vec<&str> = found.modalities.players.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["tabular", "text"]);
    near(found.modalities.attributions[0][0], phi[0] + phi[1]);
    near(found.modalities.attributions[1][0], phi[2]);
    // Both levels from 2^3 coalitions: 7 of 4 background rows each, and the row itself.
    assert_eq!(found.rows_predicted, 7 * 4 + 1);
    assert_eq!((found.fields.evaluations, found.modalities.evaluations), (8, 4));
}

#[test]
fn a_product_is_shared_between_its_factors() {
    let model = closed(TaskKind::Regression, &["y"], &[(Modality::Tabular, &["a", "b"])], |t, r| {
        vec![number(t, "a", r) * number(t, "b", r)]
    });
    let two = |a, b| {
        table(".", vec![("a", Kind::Number, numbers(&[Some(a)])), ("b", Kind::Number, numbers(&[Some(b)]))])
    };
    let found = explain_row(&model, &two(5.0, 7.0), &two(1.0, 3.0), &Options::default()).unwrap();
    near(found.fields.attributions[0][0], (5.0 - 1.0) * (7.0 + 3.0) / 2.0);
    near(found.fields.attributions[1][0], (7.0 - 3.0) * (5.0 + 1.0) / 2.0);
    assert_eq!(found.modalities.players.len(), 1);
    near(found.modalities.attributions[0][0], 35.0 - 3.0);
}

#[test]
fn hidden_columns_come_from_one_background_row() {
    // a and b agree in every row, so a model that sees both hidden must never see them differ.
    let model = closed(TaskKind::Regression, &["y"], INPUTS, |t, r| {
        vec![f64::from(u8::from(number(t, "a", r) == number(t, "b", r)))]
    });
    let pairs = |a: &[f64]| {
        let cells: Vec<Option<f64>> = a.iter().copied().map(Some).collect();
        table(
            ".",
            vec![
                ("a", Kind::Number, numbers(&cells)),
                ("b", Kind::Number, numbers(&cells)),
                ("标题", Kind::Text, words(&vec!["x"; a.len()])),
            ],
        )
    };
    let found = explain_row(&model, &pairs(&[9.0]), &pairs(&[1.0, 2.0, 3.0]), &Options::default()).unwrap();
    near(found.fields.base[0], 1.0);
    // The text is a dummy, a and b are symmetric.
    near(found.fields.attributions[2][0], 0.0);
    near(found.fields.attributions[0][0], found.fields.attributions[1][0]);
}

#[test]
fn log_odds_of_a_logistic_model_are_those_of_the_linear_one() {
    let model = closed(TaskKind::Binary, &["no", "是"], INPUTS, |t, r| {
        let p = 1.0 / (1.0 + (-(0.3 * number(t, "a", r) - 0.2 * length(t, "标题", r))).exp());
        vec![1.0 - p, p]
    });
    let options = Options { link: Link::LogOdds, ..Options::default() };
    let found = explain_row(&model, &one_row(), &background(), &options).unwrap();
    let fields = &found.fields;
    near(fields.attributions[0][1], 0.3 * (4.0 - 2.0));
    near(fields.attributions[1][1], 0.0);
    near(fields.attributions[2][1], -0.2 * (3.0 - 2.0));
    near(fields.attributions[0][0], -fields.attributions[0][1]);
    assert_eq!((fields.unit.as_str(), fields.explained), ("log-odds", 1));
    assert_eq!(fields.outputs, ["no", "是"]);

    let plain = explain_row(&model, &one_row(), &background(), &Options::default()).unwrap();
    assert_eq!(plain.fields.unit, "probability");
    near(plain.fields.prediction[1], Link::LogOdds.invert(fields.prediction[1]));
}

#[test]
fn a_quantity_has_no_odds() {
    let model = closed(TaskKind::Regression, &["y"], INPUTS, |_, _| vec![1.0]);
    let options = Options { link: Link::LogOdds, ..Options::default() };
    let error = explain_row(&model, &one_row(), &background(), &options).unwrap_err().to_string();
    assert!(error.contains("link") && error.contains("identity"), "{error}");
}

#[test]
fn the_missing_masker_hides_by_null() {
    let model = closed(TaskKind::Regression, &["y"], INPUTS, |t, r| {
        vec![(0..3).filter(|&c| !t.is_missing(c, r)).count() as f64]
    });
    let options = Options { masker: "missing".into(), ..Options::default() };
    let found = explain_row(&model, &one_row(), &background(), &options).unwrap();
    assert_eq!((found.fields.base[0], found.fields.prediction[0]), (0.0, 3.0));
    assert_eq!(found.rows_predicted, 8);
    // A cell that is missing already adds nothing by being shown.
    let bare = one_row().with_column(0, numbers(&[None])).unwrap();
    let found = explain_row(&model, &bare, &background(), &options).unwrap();
    let phi: Vec<f64> = found.fields.attributions.iter().map(|a| a[0]).collect();
    [1.0, 0.0, 1.0].into_iter().zip(phi).for_each(|(e, f)| near(f, e));
}

#[test]
fn pictures_of_two_folders_keep_their_places() {
    let picture = |folder: &str, name: &str| table(folder, vec![("photo", Kind::Image, words(&[name]))]);
    let model = closed(TaskKind::Regression, &["y"], &[(Modality::Image, &["photo"])], |t, r| {
        let Some(Cell::Path(path)) = t.media(0, r) else { return vec![0.0] };
        let path = path.to_string_lossy().into_owned();
        vec![
            f64::from(u8::from(path.ends_with("new/a.png")))
                + 2.0 * f64::from(u8::from(path.ends_with("old/b.png"))),
        ]
    });
    let found =
        explain_row(&model, &picture("new", "a.png"), &picture("old", "b.png"), &Options::default()).unwrap();
    assert_eq!((found.fields.prediction[0], found.fields.base[0]), (1.0, 2.0));
}

#[test]
fn a_column_of_another_kind_is_named() {
    let model = closed(TaskKind::Regression, &["y"], &[(Modality::Tabular, &["a"])], |_, _| vec![1.0]);
    let wrong = table(".", vec![("a", Kind::Text, words(&["four"]))]);
    let error = explain_row(&model, &wrong, &background(), &Options::default()).unwrap_err().to_string();
    assert!(error.contains("`a`") && error.contains("number") && error.contains("text"), "{error}");
    // A missing cell fits, whatever kind was inferred for a file that has nothing else in the column.
    let empty: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>]));
    let empty = table(".", vec![("a", Kind::Text, empty)]);
    assert!(explain_row(&model, &empty, &background(), &Options::default()).is_ok());
    // So does a column that the file does not have at all.
    let other = table(".", vec![("z", Kind::Text, words(&["four"]))]);
    assert!(explain_row(&model, &other, &background(), &Options::default()).is_ok());
}

#[test]
fn a_prediction_that_is_no_number_is_an_error() {
    let model = closed(TaskKind::Regression, &["y"], INPUTS, |_, _| vec![f64::NAN]);
    let error = explain_row(&model, &one_row(), &background(), &Options::default()).unwrap_err().to_string();
    assert!(error.contains("finite"), "{error}");
}

#[test]
fn large_backgrounds_go_in_bounded_calls() {
    let model = closed(TaskKind::Regression, &["y"], INPUTS, |t, r| vec![number(t, "a", r)]);
    let many: Vec<usize> = (0..6000).map(|i| i % 4).collect();
    let many = background().take(&many).unwrap();
    let found = explain_row(&model, &one_row(), &many, &Options::default()).unwrap();
    assert_eq!(found.rows_predicted, 7 * 6000 + 1);
    assert!(model.largest_call.load(Ordering::Relaxed) <= 16_384);
    near(found.fields.attributions[0][0], 2.0);
}

/// Twelve columns with interactions of three, more than `auto` counts out.
fn wide() -> (impl Predictor, Table, Table) {
    let names: Vec<String> = (0..12).map(|i| format!("x{i}")).collect();
    let of = |rows: usize, shift: f64| {
        let columns = names.iter().enumerate().map(|(i, n)| {
            let cells: Vec<Option<f64>> =
                (0..rows).map(|r| Some(((i * 5 + r * 3) as f64 + shift).sin())).collect();
            (n.as_str(), Kind::Number, numbers(&cells))
        });
        table(".", columns.collect())
    };
    let columns: Vec<&str> = names.iter().map(String::as_str).collect();
    let model = closed(TaskKind::Regression, &["y"], &[(Modality::Tabular, &columns[..])], |t, r| {
        let x = |i: usize| t.column(i).as_primitive::<Float64Type>().value(r);
        vec![(0..12).map(|i| x(i) * x((i + 1) % 12) * x((i + 5) % 12) + x(i)).sum()]
    });
    (model, of(1, 0.4), of(5, 2.0))
}

#[test]
fn sampling_agrees_with_counting_within_its_own_errors() {
    let (model, row, background) = wide();
    let exact = Options { method: "exact".into(), ..Options::default() };
    let exact = explain_row(&model, &row, &background, &exact).unwrap();
    let sampled = explain_row(&model, &row, &background, &Options::default()).unwrap();
    assert_eq!((exact.fields.method.as_str(), sampled.fields.method.as_str()), ("exact", "kernel"));
    assert!(sampled.fields.converged && sampled.fields.residual <= 1e-6);
    assert!(sampled.fields.evaluations < exact.fields.evaluations);
    for i in 0..12 {
        let error = (sampled.fields.attributions[i][0] - exact.fields.attributions[i][0]).abs();
        assert!(error <= 4.0 * sampled.fields.standard_error[i][0], "player {i}: {error}");
    }
    assert_eq!(sampled.modalities.method, "exact");
}

#[test]
fn a_seed_repeats_to_the_bit_and_json_keeps_it() {
    let (model, row, background) = wide();
    let options = Options { seed: 11, ..Options::default() };
    let first = explain_row(&model, &row, &background, &options).unwrap();
    assert_eq!(first, explain_row(&model, &row, &background, &options).unwrap());
    let json = serde_json::to_string(&first).unwrap();
    let back: explain::RowExplanation = serde_json::from_str(&json).unwrap();
    assert_eq!(back.fields.players, first.fields.players);
    near(back.fields.attributions[3][0], first.fields.attributions[3][0]);
}

#[test]
fn the_schema_names_what_is_written() {
    let model = closed(TaskKind::Regression, &["y"], INPUTS, |t, r| vec![number(t, "a", r)]);
    let found = explain_row(&model, &one_row(), &background(), &Options::default()).unwrap();
    let written = serde_json::to_value(&found).unwrap();
    let schema: serde_json::Value = serde_json::from_str(explain::SCHEMA).unwrap();
    let keys = |v: &serde_json::Value| -> Vec<String> { v.as_object().unwrap().keys().cloned().collect() };
    let level = &schema["$defs"]["explanation"];
    let player = &level["properties"]["players"]["items"];
    let places =
        [(&written, &schema), (&written["fields"], level), (&written["fields"]["players"][0], player)];
    for (value, declared) in places {
        let required: Vec<String> = serde_json::from_value(declared["required"].clone()).unwrap();
        let declared = keys(&declared["properties"]);
        let written = keys(value);
        assert!(required.iter().all(|k| written.contains(k)), "{written:?} lack some of {required:?}");
        assert!(written.iter().all(|k| declared.contains(k)), "{declared:?} lack some of {written:?}");
    }
    assert_eq!(schema["properties"]["format"]["const"], explain::FORMAT);
}

#[test]
fn background_rows_are_drawn_once_and_in_order() {
    let (_, _, few) = wide();
    let rows: Vec<usize> = (0..50).map(|i| i % 5).collect();
    let many = few.take(&rows).unwrap();
    assert_eq!(explain::background_rows(&many, 20, 3).unwrap().rows(), 20);
    assert_eq!(explain::background_rows(&many, 80, 3).unwrap().rows(), 50);
}

/// A game given by a value for every coalition.
struct Listed(usize, Vec<f64>);

impl Game for Listed {
    fn players(&self) -> usize {
        self.0
    }

    fn outputs(&self) -> usize {
        1
    }

    fn values(&self, coalitions: &[Coalition]) -> Result<Values> {
        let index = |c: &Coalition| c.iter().map(|p| 1_usize << p).sum::<usize>();
        Values::new(coalitions.iter().map(|c| self.1[index(c)]).collect(), coalitions.len(), 1)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The conformance suite of explainers: shares add up; who changes nothing gets nothing; who is like another
    /// gets the same; a sum of games pays the sum. Sampled shares may miss by their standard error.
    #[test]
    fn every_explainer_shares_by_shapleys_rules(values in proptest::collection::vec(-3.0_f64..3.0, 16)) {
        // Player 3 of five is a dummy, players 0 and 4 are alike.
        let core = |coalition: usize| {
            let alike = (coalition & 1) + (coalition >> 4 & 1);
            values[(coalition >> 1 & 3) + 4 * alike]
        };
        let game = Listed(5, (0..32).map(core).collect());
        let twice = Listed(5, (0..32).map(|c| 2.0 * core(c) + f64::from((c & 2) as u32)).collect());
        for explainer in EXPLAINERS {
            let options = Options { budget: 3000, tolerance: 0.001, ..Options::default() };
            let found = match explainer.explain(&game, &options) {
                Err(Error::Unsuited { .. }) => continue,
                found => found.unwrap(),
            };
            let phi: Vec<f64> = found.attributions.iter().map(|a| a[0]).collect();
            let total = found.prediction[0] - found.base[0];
            prop_assert!((phi.iter().sum::<f64>() - total).abs() < 1e-9, "{}", explainer.name());
            prop_assert!(phi[3].abs() < 1e-12);
            let slack = 6.0 * (found.standard_error[0][0] + found.standard_error[4][0]) + 1e-9;
            prop_assert!((phi[0] - phi[4]).abs() <= slack);
            // The same seed walks the same orders, so sums of games hold to rounding here too.
            let options = Options { tolerance: 0.0, ..options };
            let one = explainer.explain(&game, &options).unwrap();
            let two = explainer.explain(&twice, &options).unwrap();
            for i in 0..5 {
                let plus = if i == 1 { 2.0 } else { 0.0 };
                prop_assert!((two.attributions[i][0] - 2.0 * one.attributions[i][0] - plus).abs() < 1e-9);
            }
        }
    }
}

#[test]
fn every_masker_shows_the_row_itself_when_nobody_is_hidden() {
    let model = closed(TaskKind::Regression, &["y"], INPUTS, |t, r| {
        vec![number(t, "a", r) + 10.0 * number(t, "b", r) + 100.0 * length(t, "标题", r)]
    });
    for masker in MASKERS {
        for fill in masker.fills {
            let own = masker.name != "whole" && masker.modalities == [Modality::Text];
            let masks = own.then(|| ("标题".to_owned(), format!("{}/{}", masker.name, fill.name)));
            let whole = if masker.name == "whole" { fill.name } else { "background" };
            let masks = masks.into_iter().collect();
            let options = Options { masker: whole.into(), masks, ..Options::default() };
            let found = explain_row(&model, &one_row(), &background(), &options).unwrap();
            assert_eq!(found.fields.prediction[0], 4.0 + 30.0 + 300.0, "{}/{}", masker.name, fill.name);
            assert!(!masker.summary.is_empty() && !fill.summary.is_empty());
        }
    }
}
