//! Whole cells hidden behind usual ones, whatever hides their parts; and the training rows that a model keeps to say what is usual.

use crate::parts::{
    Seen, assert_nested, auto, background, formula, masked, near, phi, row, rows, saved_model,
};
use arrow_array::{ArrayRef, Float64Array, LargeBinaryArray, StringArray};
use ronghe::Predictor;
use ronghe::explain::global::importance;
use ronghe::explain::{Options, Part, RowExplainer, explain_row};
use ronghe_data::decode::{Limits, decode_image};
use ronghe_data::synth::pnm_bytes;
use ronghe_data::{ColumnSchema, Kind, Schema, Table};
use std::path::Path;
use std::sync::Arc;

/// A picture's left half of light `left`, its right half of light `right`.
fn halves(left: u8, right: u8) -> Vec<u8> {
    let pixels: Vec<u8> = (0..256_usize).map(|i| if i % 16 < 8 { left } else { right }).collect();
    pnm_bytes(16, 16, 1, &pixels)
}

/// Whether the left half of picture `p` is the lighter one.
fn shape(r: &Seen<'_>) -> f64 {
    let Some(cell) = r.table.media(r.column("p"), r.row) else { return 0.5 };
    let p = decode_image(&cell, &Limits::default()).unwrap();
    let half = |left: bool| -> f64 {
        let inside = |i: &usize| (i % p.width < p.width / 2) == left;
        (0..p.pixels.len()).filter(inside).map(|i| f64::from(p.pixels[i])).sum()
    };
    f64::from(u8::from(half(true) > half(false)))
}

/// Rows of a shop: a picture of one of two shapes, a title, a price, what they are worth together.
fn products(count: usize, worth: [f64; 3]) -> Table {
    let shaped = |i: usize| i * 7 % 5 < 2;
    let titled = |i: usize| i * 11 % 7 < 3;
    let price = |i: usize| (i * 37 % 101) as f64 / 100.0;
    let flag = |b: bool| f64::from(u8::from(b));
    let y = |i: usize| worth[0] * flag(shaped(i)) + worth[1] * flag(titled(i)) + worth[2] * price(i);
    let pictures = (0..count).map(|i| if shaped(i) { halves(200, 40) } else { halves(40, 200) });
    let titles = (0..count).map(|i| if titled(i) { "a good shirt 好" } else { "a plain shirt 好" });
    let columns: Vec<(&str, Kind, ArrayRef)> = vec![
        ("p", Kind::Image, Arc::new(LargeBinaryArray::from_iter_values(pictures))),
        ("t", Kind::Text, Arc::new(StringArray::from_iter_values(titles))),
        ("b", Kind::Number, Arc::new((0..count).map(|i| Some(price(i))).collect::<Float64Array>())),
        ("y", Kind::Number, Arc::new((0..count).map(|i| Some(y(i))).collect::<Float64Array>())),
    ];
    let schema = Schema { columns: columns.iter().map(|c| ColumnSchema::new(c.0, c.1)).collect() };
    let here = Path::new("products.csv");
    Table::new(Arc::new(schema), columns.into_iter().map(|c| c.2).collect(), here, Path::new("."), 1).unwrap()
}

fn worth(worth: [f64; 3]) -> impl Predictor {
    formula("p t b", move |r| worth[0] * shape(r) + worth[1] * r.says("good") + worth[2] * r.number("b"))
}

#[test]
fn a_shape_that_blur_keeps_still_counts() {
    let of = [1.0, 0.02, 0.01];
    let (model, table) = (worth(of), products(60, of));
    let usual = table.slice(20, 40);
    let found = explain_row(&model, &table.slice(0, 1), &usual, &auto()).unwrap();
    assert_nested(&found);
    let image = phi(&found.modalities, "image");
    let all: f64 = found.modalities.attributions.iter().map(|a| a[0].abs()).sum();
    assert!(image > 0.9 * all, "{:?}", found.modalities.attributions);
    // Blurred, it is of the same shape: what the picture adds is not in any of its patches.
    let parts = found.parts.as_ref().unwrap();
    let rest = parts.players.iter().position(|p| p.part == Some(Part::Rest { fill: "blur".into() })).unwrap();
    near(parts.attributions[rest][0], image);
    assert_eq!((found.masks["p"].as_str(), found.fills["p"].as_str()), ("patches:7x7/blur", "background"));
}

#[test]
fn the_base_is_what_the_model_says_of_the_usual_row_whatever_is_divided() {
    let of = [0.6, 0.3, 0.2];
    let (model, table) = (worth(of), products(50, of));
    let (row, usual) = (table.slice(3, 1), table.slice(10, 40));
    let mean = model.predict(&usual).unwrap().values.iter().sum::<f64>() / 40.0;
    let masks: [&[(&str, &str)]; 4] = [
        &[],
        &[("p", "whole/background"), ("t", "whole/background")],
        &[("p", "patches:2x2/mean"), ("t", "words:3/mask")],
        &[("p", "superpixels:4/inpaint")],
    ];
    let whole = explain_row(&model, &row, &usual, &Options::default()).unwrap();
    for masks in masks {
        let found = explain_row(&model, &row, &usual, &masked(masks)).unwrap();
        if found.parts.is_some() {
            assert_nested(&found);
        }
        near(found.finest().base[0], mean);
        for (a, b) in found.fields.attributions.iter().zip(&whole.fields.attributions) {
            near(a[0], b[0]);
        }
    }
}

#[test]
fn explanations_and_importance_agree_on_the_order_of_modalities() {
    let many = 60;
    for of in [[0.8, 0.4, 0.2], [0.2, 0.9, 0.4], [0.3, 0.15, 1.5]] {
        let (model, table) = (worth(of), products(many, of));
        let (_, shuffled) = importance(&model, &table, 5, 1).unwrap();
        let by_importance: Vec<&str> = shuffled.iter().map(|i| i.column.as_str()).collect();
        let options = auto();
        let usual = table.slice(0, 40);
        let explainer = RowExplainer::new(&model, &usual, &options).unwrap();
        let mut sums = [0.0; 3];
        for row in (0..many).step_by(3) {
            let found = explainer.explain(&table.slice(row, 1), &|_| ()).unwrap();
            for (sum, name) in sums.iter_mut().zip(["p", "t", "b"]) {
                *sum += phi(&found.fields, name).abs();
            }
        }
        let mut by_explanation = ["p", "t", "b"];
        let place = |name: &str| ["p", "t", "b"].iter().position(|n| *n == name).unwrap();
        by_explanation.sort_by(|a, b| sums[place(b)].total_cmp(&sums[place(a)]));
        assert_eq!(by_importance, by_explanation, "{of:?}: {shuffled:?} {sums:?}");
    }
}

#[test]
fn a_row_like_its_background_is_told_why_nothing_counts() {
    let model = formula("t b", |r| r.says("good") + r.number("b"));
    let found = explain_row(&model, &row(), &row(), &auto()).unwrap();
    assert!(found.finest().attributions.iter().all(|a| a[0] == 0.0));
    let why = found.notes.iter().filter(|n| n.contains("the background holds the same values as the row"));
    assert_eq!(why.count(), 1, "{:?}", found.notes);
    let none = formula("a", |r| r.number("a"));
    let bare = rows(&[("good", 0, 0.0, None, 1.0)]);
    let found = explain_row(&none, &bare, &background(), &auto()).unwrap();
    assert!(found.notes.iter().any(|n| n.contains("every cell that the model reads is missing")));
}

#[test]
fn files_are_explained_beside_kept_bytes() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.pgm"), halves(200, 40)).unwrap();
    let model = formula("p", shape);
    let column = |cells: ArrayRef| {
        let schema = Schema { columns: vec![ColumnSchema::new("p", Kind::Image)] };
        Table::new(Arc::new(schema), vec![cells], Path::new("t.csv"), folder.path(), 1).unwrap()
    };
    let named = |name: &str| column(Arc::new(StringArray::from(vec![name])));
    let kept = column(Arc::new(LargeBinaryArray::from_iter_values([halves(40, 200), halves(40, 200)])));
    let found = explain_row(&model, &named("a.pgm"), &kept, &auto()).unwrap();
    assert_nested(&found);
    assert_eq!((found.fields.base[0], found.fields.attributions[0][0]), (0.0, 1.0));
    let lost = explain_row(&model, &named("b.pgm"), &kept, &auto()).unwrap();
    assert!(lost.notes.iter().any(|n| n.starts_with("`p`: it cannot be read")), "{:?}", lost.notes);
    // And bytes beside files.
    let files = column(Arc::new(StringArray::from(vec!["a.pgm", "a.pgm"])));
    let bytes = column(Arc::new(LargeBinaryArray::from_iter_values([halves(40, 200)])));
    let error = explain_row(&model, &bytes, &files, &auto()).unwrap_err().to_string();
    assert!(error.contains("as in the background rows"), "{error}");
}

#[test]
fn a_model_says_of_the_rows_it_keeps_what_it_says_of_its_training_rows() {
    let (model, table, kept) = saved_model(None);
    assert_eq!(kept.rows(), 84);
    assert!(kept.schema().index("label").is_none() && kept.schema().index("picture").is_some());
    let (all, some) = (model.predict(&table).unwrap(), model.predict(&kept).unwrap());
    let mut from = 0;
    for row in 0..kept.rows() {
        // In the order of the table.
        let at = (from..table.rows()).find(|&i| all.row(i) == some.row(row));
        from = at.unwrap_or_else(|| panic!("kept row {row} is no row of the table")) + 1;
    }
    let explained = |table: &Table, row: usize| {
        explain_row(&model, &table.slice(row, 1), &kept, &Options::default()).unwrap()
    };
    assert_eq!(explained(&table, 5), explained(&table.slice(5, 1), 0));
}
