//! Networks that `versus/golden/onnx_files.py` wrote, beside their closed forms.

use super::*;
use arrow_array::{ArrayRef, Float64Array, LargeBinaryArray};
use ronghe_data::synth::pnm_bytes;
use ronghe_data::{ColumnSchema, Schema};
use std::sync::Arc;
use tempfile::TempDir;

const COLUMNS: &[u8] = include_bytes!("../../tests/golden/onnx/columns.onnx");
const PICTURE: &[u8] = include_bytes!("../../tests/golden/onnx/picture.onnx");
const FIXED: &[u8] = include_bytes!("../../tests/golden/onnx/fixed.onnx");

const CLASSES: &str = "task: multi_class\ntarget: y\nlabels: [甲, b, c]\n";

fn folder(bytes: &[u8], spec: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("m.onnx"), bytes).unwrap();
    if !spec.is_empty() {
        std::fs::write(folder.path().join("m.onnx.yaml"), spec).unwrap();
    }
    folder
}

fn open(bytes: &[u8], spec: &str) -> Result<Onnx> {
    Onnx::open(&folder(bytes, spec).path().join("m.onnx"))
}

fn said(bytes: &[u8], spec: &str) -> String {
    open(bytes, spec).err().expect("an error").to_string()
}

fn table(columns: Vec<(&str, Kind, ArrayRef)>) -> Table {
    let schema = columns.iter().map(|(name, kind, _)| ColumnSchema::new(*name, *kind)).collect();
    let cells = columns.into_iter().map(|c| c.2).collect();
    Table::new(Arc::new(Schema { columns: schema }), cells, Path::new("t.csv"), Path::new(""), 1).unwrap()
}

fn numbers(values: &[Option<f64>]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

fn softmax(logits: [f64; 3]) -> [f64; 3] {
    let sum: f64 = logits.iter().map(|x| x.exp()).sum();
    logits.map(|x| x.exp() / sum)
}

fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-5, "{found:?} is not {expected:?}");
    }
}

#[test]
fn columns_of_numbers_in_the_order_that_the_file_says() {
    let model = open(COLUMNS, &format!("{CLASSES}columns: [p, q, r]\nmissing: 0.5\n")).unwrap();
    // More rows than one call takes.
    let cell = |i: usize, k: usize| ((i * 7 + k * 3) % 11) as f64 / 5.0 - 1.0;
    let column =
        |k: usize| numbers(&(0..150).map(|i| (i != 4 || k != 1).then(|| cell(i, k))).collect::<Vec<_>>());
    let rows = table(vec![
        ("r", Kind::Number, column(2)),
        ("q", Kind::Number, column(1)),
        ("p", Kind::Number, column(0)),
    ]);
    let found = model.predict(&rows).unwrap();
    assert_eq!((found.rows(), found.width, model.task().labels[0].as_str()), (150, 3, "甲"));
    for i in 0..150 {
        let (p, q, r) = (cell(i, 0), if i == 4 { 0.5 } else { cell(i, 1) }, cell(i, 2));
        close(found.row(i), &softmax([p + 0.5 * q, -p + 2.0 * r + 0.25, -0.5 * q - 2.0 * r - 0.25]));
    }
    let strict = open(COLUMNS, &format!("{CLASSES}columns: [p, q, r]\n")).unwrap();
    let error = strict.predict(&rows).unwrap_err().to_string();
    assert!(error.contains("t.csv: row 5, column `q`") && error.contains("missing: NUMBER"), "{error}");
    assert_ne!(model.fingerprint(), strict.fingerprint());
}

#[test]
fn a_picture_as_a_network_of_pytorch_takes_it() {
    let picture = "picture: {column: p, height: 28, width: 28, channels: 1, mean: [0.25], std: [0.5]}\n";
    let model = open(PICTURE, &format!("{CLASSES}{picture}output: logits\nlink: softmax\n")).unwrap();
    let pixel = |x: usize, y: usize| ((x * 31 + y * 17) % 256) as u8;
    let pixels: Vec<u8> = (0..28 * 28).map(|i| pixel(i % 28, i / 28)).collect();
    let cell: ArrayRef = Arc::new(LargeBinaryArray::from_iter([Some(pnm_bytes(28, 28, 1, &pixels))]));
    let found = model.predict(&table(vec![("p", Kind::Image, cell)])).unwrap();
    let at = |x: i64, y: i64| match (0..28).contains(&x) && (0..28).contains(&y) {
        true => (f64::from(pixel(x as usize, y as usize)) / 255.0 - 0.25) / 0.5,
        false => 0.0,
    };
    let (mut edges, mut same) = (0.0, 0.0);
    for (x, y) in (0..28).flat_map(|x| (0..28).map(move |y| (x, y))) {
        let around = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1);
        edges += f64::max(0.0, around - 4.0 * at(x, y) + 0.125) / 784.0;
        same += at(x, y).max(0.0) / 784.0;
    }
    let logits = [4.0 * edges - same + 0.5, -4.0 * edges + same, 2.0 * same - 0.5];
    close(found.row(0), &softmax(logits));
}

#[test]
fn a_network_of_a_fixed_number_of_rows_is_filled_up() {
    let spec = "task: regression\ntarget: y\ncolumns: [a, b]\noutput: y\n";
    let model = open(FIXED, spec).unwrap();
    let a: Vec<Option<f64>> = (0..5).map(|i| Some(f64::from(i))).collect();
    let b: Vec<Option<f64>> = (0..5).map(|i| Some(f64::from(i * i))).collect();
    let rows = table(vec![("a", Kind::Number, numbers(&a)), ("b", Kind::Number, numbers(&b))]);
    let expected: Vec<f64> = (0..5).map(|i| f64::from(2 * i - i * i + 1)).collect();
    close(&model.predict(&rows).unwrap().values, &expected);
    // The last output is taken where none is named.
    let less = open(FIXED, "task: regression\ntarget: y\ncolumns: [a, b]\n").unwrap();
    close(&less.predict(&rows).unwrap().values, &expected.iter().map(|y| -y).collect::<Vec<_>>());
}

#[test]
fn two_classes_from_one_number() {
    let spec = "task: binary\ntarget: y\nlabels: ['no', 'yes']\ncolumns: [a, b]\noutput: y\nlink: sigmoid\n";
    let rows =
        table(vec![("a", Kind::Number, numbers(&[Some(0.25)])), ("b", Kind::Number, numbers(&[Some(0.5)]))]);
    let p = 1.0 / (1.0 + (-1.0_f64).exp());
    close(&open(FIXED, spec).unwrap().predict(&rows).unwrap().values, &[1.0 - p, p]);
}

#[test]
fn what_is_wrong_is_said() {
    let none = said(COLUMNS, "");
    assert!(none.contains("m.onnx.yaml") && none.contains("columns: [column1, column2, column3]"), "{none}");
    assert!(none.contains("output: probabilities"), "{none}");
    let none = said(PICTURE, "");
    assert!(none.contains("picture: {column: picture, height: 28, width: 28, channels: 1"), "{none}");
    // The template is one that is read.
    let template = spec::template(&[None, Some(1), Some(28), Some(28)], "logits");
    assert!(Spec::parse(&template, Path::new("m.yaml")).is_ok(), "{template}");
    assert!(Spec::parse(&spec::template(&[None, Some(3)], "y"), Path::new("m.yaml")).is_ok());
    let shape = said(COLUMNS, &format!("{CLASSES}columns: [p, q]\n"));
    assert!(shape.contains("[3]") && shape.contains("[2]") && shape.contains("`columns`"), "{shape}");
    let output = said(COLUMNS, &format!("{CLASSES}columns: [p, q, r]\noutput: logit\n"));
    assert!(output.contains("`logit`") && output.contains("probabilities"), "{output}");
    let both = said(COLUMNS, CLASSES);
    assert!(both.contains("either columns or a picture"), "{both}");
    let labels = said(COLUMNS, "task: binary\ntarget: y\nlabels: [a]\ncolumns: [p, q, r]\n");
    assert!(labels.contains("2 names"), "{labels}");
    assert!(said(COLUMNS, "task: many\n").contains("task"));
    assert!(said(b"no network", CLASSES).contains("ONNX format"));
    let width = open(COLUMNS, "task: multi_class\ntarget: y\nlabels: [a, b]\ncolumns: [p, q, r]\n").unwrap();
    let rows = table(["p", "q", "r"].map(|n| (n, Kind::Number, numbers(&[Some(1.0)]))).to_vec());
    assert!(width.predict(&rows).unwrap_err().to_string().contains("2 numbers a row"));
    // Cut off anywhere: an error, and no panic that gets out.
    for end in (0..COLUMNS.len()).step_by(9) {
        assert!(open(&COLUMNS[..end], &format!("{CLASSES}columns: [p, q, r]\n")).is_err(), "{end}");
    }
}
