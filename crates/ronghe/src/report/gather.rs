//! Fills a report from what training and explanation yield.

use super::{Confusion, Content, Curve, ExplainedRow, Interval, Results, SchemaRow, Score, Series, Shown};
use crate::config::ModelConfig;
use crate::explain::RowExplanation;
use crate::metric::METRICS;
use crate::study::{Study, StudyModel};
use crate::{InputInfo, Task};
use arrow_array::{Array, Float64Array};
use ronghe_data::decode::{Limits, decode_image};
use ronghe_data::write::png;
use ronghe_data::{Cell, Modality, Table};

/// Longest media file that a report carries, bytes.
const MOST_MEDIA: u64 = 2 << 20;

/// Test figures of all models of a study.
pub fn results(study: &Study) -> Option<Results> {
    let headline = study.fused()?.fitted.test.headline()?.name.clone();
    let larger_is_better = METRICS.iter().find(|m| m.name == headline).is_none_or(|m| m.larger_is_better);
    let scores = study.models.iter().filter_map(|m| score(m, &headline)).collect();
    let interval = |(low, high)| Interval { low, high };
    Some(Results {
        metric: headline,
        unit: String::new(),
        larger_is_better,
        rows: study.fused()?.fitted.test.rows,
        scores,
        gain: study.gain.as_ref().map(|g| (g.value, interval(g.interval))),
    })
}

fn score(model: &StudyModel, metric: &str) -> Option<Score> {
    let found = model.fitted.test.figures.iter().find(|f| f.name == metric)?;
    Some(Score {
        name: model.name.clone(),
        detail: model.inputs.join(", "),
        value: found.value,
        interval: found.interval.map(|(low, high)| Interval { low, high }),
        fused: model.inputs.len() > 1 && model.name == "fused",
    })
}

/// Training and validation loss of each model, epoch by epoch.
pub fn curves(study: &Study) -> Vec<Curve> {
    let line =
        |m: &StudyModel, name: &str, value: &dyn Fn(&crate::train::EpochReport) -> Option<f64>| Series {
            name: name.into(),
            points: m.fitted.history.iter().filter_map(|e| Some((e.epoch as f64, value(e)?))).collect(),
        };
    study
        .models
        .iter()
        .map(|m| Curve {
            model: m.name.clone(),
            metric: "loss".into(),
            series: vec![
                line(m, "training", &|e| Some(e.loss)),
                line(m, "validation", &|e| e.validation.get("log_loss").or_else(|| e.validation.get("rmse"))),
            ],
            best: m.fitted.history.iter().rev().find(|e| e.best).map(|e| e.epoch as f64),
        })
        .collect()
}

/// Which class was taken for which on the test rows.
pub fn confusion(model: &StudyModel) -> Option<Confusion> {
    let found = model.fitted.test.confusion.as_ref()?;
    let counts = found.counts.iter().map(|row| row.iter().map(|&n| n as u64).collect()).collect();
    Some(Confusion { labels: found.labels.clone(), counts })
}

/// What each column of a table is and what a configuration uses it for.
pub fn schema(table: &Table, config: &ModelConfig) -> Vec<SchemaRow> {
    let targets = config.target.all();
    let role = |name: &String| {
        if targets.contains(name) {
            return "target".to_owned();
        }
        let reader = config.inputs.iter().find(|i| i.columns.contains(name));
        reader.map_or("not used".to_owned(), |i| format!("{} ({})", i.name, i.encoder.kind))
    };
    let columns = &table.schema().columns;
    (0..columns.len())
        .map(|i| {
            let first = (0..table.rows()).find(|&row| !table.is_missing(i, row));
            SchemaRow {
                column: columns[i].name.clone(),
                kind: columns[i].kind,
                role: role(&columns[i].name),
                missing: (0..table.rows()).filter(|&row| table.is_missing(i, row)).count(),
                rows: table.rows(),
                example: first.map_or(String::new(), |row| table.display(i, row).chars().take(60).collect()),
            }
        })
        .collect()
}

/// An explained row with the cells it was predicted from. `row` counts within `table`.
pub fn explained(
    table: &Table,
    row: usize,
    task: &Task,
    inputs: &[InputInfo],
    explanation: RowExplanation,
) -> ExplainedRow {
    let mut cells = Vec::new();
    for input in inputs {
        for column in &input.columns {
            let found = table.find(column).ok();
            let content = found.map_or(Content::Missing, |(i, _)| content(table, i, row, input.modality));
            let number = found.and_then(|(i, _)| number(table, i, row));
            cells.push(Shown { column: column.clone(), modality: input.modality, content, number });
        }
    }
    let truth = task
        .columns
        .first()
        .and_then(|c| table.find(c).ok())
        .map(|(i, _)| table.display(i, row).into_owned());
    ExplainedRow {
        heading: format!("row {}", explanation.row),
        cells,
        truth: truth.filter(|t| !t.is_empty()),
        explanation,
    }
}

/// The number in a cell of a column of numbers.
fn number(table: &Table, column: usize, row: usize) -> Option<f64> {
    let cells = table.column(column).as_any().downcast_ref::<Float64Array>()?;
    (!table.is_missing(column, row)).then(|| cells.value(row))
}

/// Pictures of formats that no browser knows (raw pixels of MNIST and its like, TIFF) as PNG.
fn shown(bytes: Vec<u8>) -> Vec<u8> {
    let known = [&b"\x89PNG"[..], b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM"];
    if known.iter().any(|magic| bytes.starts_with(magic)) {
        return bytes;
    }
    let picture = decode_image(&Cell::Bytes(&bytes), &Limits::default()).ok();
    picture.and_then(|picture| png(&picture)).unwrap_or(bytes)
}

/// A cell as it is shown; media that are gone or too large are shown by name.
fn content(table: &Table, column: usize, row: usize, modality: Modality) -> Content {
    if table.is_missing(column, row) {
        return Content::Missing;
    }
    let words = || Content::Text(table.display(column, row).into_owned());
    if !matches!(modality, Modality::Image | Modality::Audio) {
        return words();
    }
    match table.media(column, row) {
        Some(Cell::Path(path)) => {
            let small = std::fs::metadata(&path).is_ok_and(|m| m.len() <= MOST_MEDIA);
            small
                .then(|| std::fs::read(&path).ok())
                .flatten()
                .map_or_else(words, |b| Content::Media(shown(b)))
        }
        Some(cell) => {
            cell.bytes().map_or(Content::Missing, |bytes| Content::Media(shown(bytes.into_owned())))
        }
        None => Content::Missing,
    }
}
