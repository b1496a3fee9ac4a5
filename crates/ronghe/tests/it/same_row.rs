//! A row is judged by the model alone: whatever stands beside it, in whatever order and format it comes.

use crate::training::{Outcome, config, train_plain};
use arrow_array::{ArrayRef, RecordBatch};
use ronghe::{Model, Predictor};
use ronghe_data::read::{ReadOptions, read};
use ronghe_data::{Kind, Table, write};
use ronghe_graph::SplitMix;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// Columns as people write them: what is in a cell is only seen from the column.
const NAMES: [&str; 9] = ["id", "day", "price", "share", "area", "count", "city", "code", "kept"];

/// The cells of row `i`, as text; a blank one is missing.
fn cells(i: usize) -> [String; 9] {
    let mut random = SplitMix::named(i as u64, "row");
    let mut below = |n: usize| random.below(n);
    // Days of all months; in half of the rows the day may be a month.
    let day = if below(2) == 0 { 1 + below(12) } else { 13 + below(16) };
    let money = below(900_000) + 100;
    let missing = ["", "暂无", "-", "#N/A"][below(4)];
    let gone =
        |cell: String, one_in: usize, n: usize| if n == 0 && one_in > 0 { missing.to_owned() } else { cell };
    [
        format!("2024010{:08}", 10_000_000 + i * 7919),
        format!("{day:02}/{:02}/20{:02}", 1 + below(12), 20 + below(5)),
        gone(format!("{}.{:03},{:02}", money / 1000, money % 1000, below(100)), 9, below(9)),
        format!("{},{} %", below(100), below(10)),
        format!("{},{} 平米", 30 + below(200), below(10)),
        gone(format!("{}", below(40)), 7, below(7)),
        ["北京", "上海", "Rome", "Oslo", ""][below(5)].to_owned(),
        format!("{}.0", below(6)),
        ["是", "否"][below(2)].to_owned(),
    ]
}

fn label(i: usize) -> &'static str {
    let row = cells(i);
    if row[1][3..5].parse::<u8>().is_ok_and(|month| month > 6) == (row[8] == "是") { "yes" } else { "no" }
}

/// The rows as CSV between semicolons.
fn csv(rows: &[usize], labelled: bool) -> String {
    let mut text = NAMES.join(";") + if labelled { ";label\n" } else { "\n" };
    for &i in rows {
        text += &cells(i).join(";");
        let _ = if labelled { writeln!(text, ";{}", label(i)) } else { writeln!(text) };
    }
    text
}

/// The rows as JSON Lines of strings.
fn json_lines(rows: &[usize]) -> String {
    let line = |&i: &usize| {
        let fields: Vec<String> = NAMES
            .iter()
            .zip(cells(i))
            .map(|(name, cell)| {
                // A word that is missing in CSV is a string here; such a cell is left out as programs do.
                if cell.is_empty() || cell == "#N/A" {
                    format!("\"{name}\": null")
                } else {
                    format!("\"{name}\": \"{cell}\"")
                }
            })
            .collect();
        format!("{{{}}}\n", fields.join(", "))
    };
    rows.iter().map(line).collect()
}

/// Rows of a table that was read, as typed columns.
fn parquet(path: &Path, table: &Table) -> Result<(), Box<dyn std::error::Error>> {
    let columns = table.schema().columns.iter().enumerate();
    let columns = columns.map(|(i, c)| (c.name.clone(), table.column(i).clone()));
    write::write(
        path,
        &RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c): (String, ArrayRef)| (n, c, true)))?,
    )?;
    Ok(())
}

#[test]
fn a_row_is_judged_alone() -> Outcome {
    let folder = tempfile::tempdir()?;
    let all: Vec<usize> = (0..240).collect();
    let train = folder.path().join("train.csv");
    std::fs::write(&train, csv(&all, true))?;
    let labels = ["label".to_owned()].into();
    let table = read(&train, &ReadOptions { labels, ..ReadOptions::default() })?;
    let kinds: Vec<Kind> = table.schema().columns.iter().map(|c| c.kind).collect();
    use Kind::{Boolean, Category, Date, Identifier, Number};
    assert_eq!(
        kinds,
        [Identifier, Date, Number, Number, Number, Number, Category, Category, Boolean, Category]
    );
    let config = config(&table, "label", |_| {})?;
    let model = Model::new(train_plain(&config, &table)?.parts, 1)?;
    let like = model.config().columns().into_iter().map(|c| (c.name.clone(), c)).collect();
    let options = Arc::new(ReadOptions { like, ..ReadOptions::default() });
    let truth = model.predict(&table)?;

    let mut random = SplitMix::named(1, "subsets");
    let mut worst: f64 = 0.0;
    for round in 0..1000 {
        let mut rows = all.clone();
        random.shuffle(&mut rows);
        rows.truncate(if round % 3 == 0 { 1 } else { 1 + random.below(12) });
        let path = match round % 3 {
            0 => folder.path().join("part.csv"),
            1 => folder.path().join("part.jsonl"),
            _ => folder.path().join("part.parquet"),
        };
        match round % 3 {
            0 => std::fs::write(&path, csv(&rows, false))?,
            1 => std::fs::write(&path, json_lines(&rows))?,
            _ => parquet(&path, &table.take(&rows)?)?,
        }
        let found = model.predict(&read(&path, &options)?)?;
        assert_eq!(found.rows(), rows.len());
        for (k, &i) in rows.iter().enumerate() {
            assert_eq!(found.best(k), truth.best(i), "row {i} of {rows:?} in {}", path.display());
            let off = found.row(k).iter().zip(truth.row(i)).map(|(a, b)| (a - b).abs());
            worst = off.fold(worst, f64::max);
        }
    }
    assert!(worst <= 1e-6, "{worst}");
    Ok(())
}
