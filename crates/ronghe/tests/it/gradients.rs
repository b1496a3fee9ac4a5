//! Slopes of models, and what is made of them.

use arrow_array::{ArrayRef, Float64Array, LargeBinaryArray, StringArray};
use ronghe::config::{ModelConfig, resolve};
use ronghe::explain::{Explanation, Link, Options, RowExplanation, explain_row};
use ronghe::train::{FitOptions, Quiet, RunFacts, fit, save, split};
use ronghe::{Error, Model, Predictor, artifact};
use ronghe_data::synth::pnm_bytes;
use ronghe_data::{ColumnSchema, Kind, Schema, Table};
use ronghe_graph::SplitMix;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const ROWS: usize = 90;

/// Random pictures of 6 x 8 pixels, grey by grey, two numbers, a category and a text; `y` goes with all, `label` with the
/// brightest corner.
fn table() -> Table {
    let mut draw = SplitMix::named(5, "gradients");
    let mut pictures = Vec::new();
    let (mut a, mut b, mut shops, mut texts, mut y, mut label) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in 0..ROWS {
        let pixels: Vec<u8> = (0..48).map(|_| (draw.unit() * 256.0) as u8).collect();
        let corner =
            f64::from(pixels[0]) + f64::from(pixels[1]) - f64::from(pixels[46]) - f64::from(pixels[47]);
        pictures.push(pnm_bytes(6, 8, 1, &pixels));
        let (one, two) = (f64::from(draw.unit()), f64::from(draw.unit()));
        a.push((row % 17 != 0).then_some(one));
        b.push(two);
        shops.push(["north", "south", "东"][row % 3]);
        texts.push(["a good book", "bad", "a bad good shop"][row % 3]);
        y.push(2.0 * one - two + [0.5, -0.5, 0.0][row % 3]);
        label.push(if corner + 100.0 * (one - 0.5) > 0.0 { "yes" } else { "no" });
    }
    let columns: Vec<(&str, Kind, ArrayRef)> = vec![
        ("picture", Kind::Image, Arc::new(LargeBinaryArray::from_iter_values(pictures))),
        ("a", Kind::Number, Arc::new(Float64Array::from(a))),
        ("b", Kind::Number, Arc::new(Float64Array::from(b))),
        ("shop", Kind::Category, Arc::new(StringArray::from(shops))),
        ("text", Kind::Text, Arc::new(StringArray::from(texts))),
        ("y", Kind::Number, Arc::new(Float64Array::from(y))),
        ("label", Kind::Category, Arc::new(StringArray::from(label))),
    ];
    let schema = Schema { columns: columns.iter().map(|(n, k, _)| ColumnSchema::new(*n, *k)).collect() };
    let cells = columns.into_iter().map(|(_, _, c)| c).collect();
    Table::new(Arc::new(schema), cells, Path::new("t.csv"), Path::new("."), 1).unwrap()
}

/// A model of these columns, the last of which is its target.
fn model(columns: &[&str], change: impl FnOnce(&mut ModelConfig)) -> (Model, Table) {
    let table = table().select(columns).unwrap();
    let mut config = ModelConfig { seed: 3, ..ModelConfig::default() };
    config.target.column = columns[columns.len() - 1].into();
    config.training.epochs = Some(4);
    let mut config = resolve(&config, &table, &|_| false).unwrap();
    change(&mut config);
    let config = resolve(&config, &table, &|_| false).unwrap();
    let (hash, stop) = (table.content_hash(), AtomicBool::new(false));
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
    (Model::new(artifact::load(folder.path()).unwrap(), 2).unwrap(), table)
}

fn options(method: &str) -> Options {
    Options { method: method.into(), parts: "auto".into(), tolerance: 1e-3, ..Options::default() }
}

/// Parts sum to columns, columns to modalities, all to the prediction.
fn assert_sums(found: &RowExplanation) {
    for level in [&found.modalities, &found.fields, found.finest()] {
        for k in 0..level.outputs.len() {
            assert!((level.base[k] + level.sum(k) - level.prediction[k]).abs() < 1e-6);
        }
    }
    let of = |e: &Explanation, column: &str, k: usize| -> f64 {
        let pairs = e.players.iter().zip(&e.attributions);
        pairs.filter(|(p, _)| p.columns == [column]).map(|(_, a)| a[k]).sum()
    };
    for (player, share) in found.fields.players.iter().zip(&found.fields.attributions) {
        for (k, share) in share.iter().enumerate() {
            assert!((of(found.finest(), &player.columns[0], k) - share).abs() < 1e-9);
        }
    }
}

/// Slopes against differences of predictions between features moved a little each way, and predictions against the model's own.
fn assert_slopes(model: &Model, rows: &Table) {
    let slopes = model.slopes().unwrap().unwrap();
    let features = slopes.features(rows).unwrap();
    let width = features.values.len() / rows.rows();
    assert_eq!(slopes.places().iter().map(|p| p.features.len()).sum::<usize>(), width);
    let own = model.predict(rows).unwrap();
    let outputs = own.width;
    for row in 0..rows.rows() {
        let z = &features.values[row * width..(row + 1) * width];
        for k in 0..outputs {
            let (predictions, found) = slopes.slopes(z, &features.present[row], &[k]).unwrap();
            for (p, expected) in predictions.iter().zip(own.row(row)) {
                assert!((f64::from(*p) - expected).abs() < 1e-5 * expected.abs().max(1.0));
            }
            let scale = found.iter().fold(0.0_f32, |m, s| m.max(s.abs()));
            for f in 0..width {
                let at = |by: f32| {
                    let mut z = z.to_vec();
                    z[f] += by;
                    f64::from(slopes.slopes(&z, &features.present[row], &[k]).unwrap().0[k])
                };
                let step = 4e-3;
                let (before, here, after) = (at(-step), at(0.0), at(step));
                // A rectifier may bend within the step, but hardly on both sides.
                let sides = [after - here, here - before].map(|d| d / f64::from(step));
                let off = sides.map(|d| (d - f64::from(found[f])).abs()).into_iter().fold(1e9, f64::min);
                let allowed = 0.03 * f64::from(scale) + 3e-4;
                assert!(off < allowed, "feature {f}: {} is not one of {sides:?}", found[f]);
            }
        }
    }
}

#[test]
fn slopes_of_columns_are_those_of_differences() {
    let (numbers, table) = model(&["a", "b", "shop", "y"], |_| ());
    assert_slopes(&numbers, &table.slice(1, 2));
}

#[test]
fn slopes_of_a_convolutional_net_are_those_of_differences() {
    let (net, table) = model(&["picture", "a", "label"], |_| ());
    assert_eq!(net.config().inputs.len(), 2);
    assert_slopes(&net, &table.slice(1, 1));
}

#[test]
fn a_linear_model_is_shared_alike_by_all_rules() {
    let (linear, table) = model(&["a", "b", "shop", "y"], |config| {
        config.inputs[0].encoder.params.insert("hidden".into(), serde_json::json!([]));
        config.inputs[0].encoder.params.insert("numbers".into(), serde_json::json!("standard"));
    });
    let background = table.slice(20, 10);
    let of = |method: &str| explain_row(&linear, &table.slice(2, 1), &background, &options(method)).unwrap();
    let exact = of("exact");
    for method in ["linear", "expected_gradients"] {
        let found = of(method);
        assert_eq!(found.fields.method, method);
        assert!(found.converged(), "{method}");
        assert_sums(&found);
        for (a, b) in found.fields.attributions.iter().zip(&exact.fields.attributions) {
            assert!((a[0] - b[0]).abs() < 1e-5, "{method}: {} is not {}", a[0], b[0]);
        }
    }
    let (bent, table) = model(&["a", "b", "shop", "label"], |_| ());
    let error = explain_row(&bent, &table.slice(2, 1), &background, &options("linear")).unwrap_err();
    assert!(matches!(error, Error::Unsuited { explainer: "linear", .. }), "{error}");
}

#[test]
fn all_levels_of_a_fused_model_are_told_by_one_game() {
    let (net, table) = model(&["picture", "a", "b", "shop", "label"], |_| ());
    for link in [Link::Identity, Link::LogOdds] {
        // Six pictures stand behind the row's, one of each background row: six ways to go, where its own blur was one.
        let options = Options { link, tolerance: 0.02, budget: 4096, ..options("expected_gradients") };
        let found = explain_row(&net, &table.slice(3, 1), &table.slice(40, 6), &options).unwrap();
        assert_sums(&found);
        assert!(found.converged(), "{}", found.finest().ratio);
        assert_eq!(found.finest().method, "expected_gradients");
        assert!(found.finest().players.len() >= 48 / 4 + 3);
        let same = explain_row(&net, &table.slice(3, 1), &table.slice(40, 6), &options).unwrap();
        assert_eq!(found, same);
    }
}

#[test]
fn equal_cells_get_nothing_and_one_row_is_a_background() {
    let (net, table) = model(&["a", "b", "shop", "label"], |_| ());
    // Rows 3 and 6 are of one shop.
    let found =
        explain_row(&net, &table.slice(3, 1), &table.slice(6, 1), &options("expected_gradients")).unwrap();
    assert_sums(&found);
    let of = |name: &str| {
        let e = &found.fields;
        e.attributions[e.players.iter().position(|p| p.name == name).unwrap()].clone()
    };
    assert_eq!(of("shop"), [0.0, 0.0]);
    assert!(of("a")[0] != 0.0 && (of("a")[0] + of("a")[1]).abs() < 1e-6);
}

#[test]
fn what_cannot_be_blended_is_refused_by_name() {
    let (net, table) = model(&["text", "a", "label"], |_| ());
    let explain = |options: &Options| explain_row(&net, &table.slice(3, 1), &table.slice(40, 4), options);
    // Words are hidden one by one, but what a bag of words makes of each depends on the others.
    let error = explain(&options("expected_gradients")).unwrap_err().to_string();
    assert!(error.contains("`text`") && error.contains("whole"), "{error}");
    let whole = Options { parts: "none".into(), ..options("expected_gradients") };
    assert_sums(&explain(&whole).unwrap());
    let gaussian = Options { masker: "gaussian".into(), ..whole };
    let error = explain(&gaussian).unwrap_err().to_string();
    assert!(error.contains("`a`") && error.contains("depends"), "{error}");
}
