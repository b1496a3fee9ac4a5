//! What a report is made of.

use super::Language;
use crate::explain::RowExplanation;
use ronghe_data::{Kind, Modality};

/// Everything on the page. Empty parts are left out.
#[derive(Debug, Clone, Default)]
pub struct ReportData {
    /// Language of the report's own words.
    pub language: Language,
    /// Title.
    pub title: String,
    /// A sentence below it: what was learned from what.
    pub lead: String,
    /// What the reader should know first.
    pub notes: Vec<Note>,
    /// Figures of the models on the test rows.
    pub results: Option<Results>,
    /// Training curves.
    pub curves: Vec<Curve>,
    /// Which class was taken for which.
    pub confusion: Option<Confusion>,
    /// Explained predictions.
    pub rows: Vec<ExplainedRow>,
    /// Columns of the table.
    pub schema: Vec<SchemaRow>,
    /// What was run: versions, seed, rows, hardware, seconds; name and value.
    pub run: Vec<(String, String)>,
    /// What to do next.
    pub commands: Vec<Command>,
}

/// A remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Good to know.
    Remark(String),
    /// Reason for doubt.
    Warning(String),
}

/// A column of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaRow {
    /// Name.
    pub column: String,
    /// What its cells are.
    pub kind: Kind,
    /// What it is used for, such as the input and encoder that read it, or `target`.
    pub role: String,
    /// Missing cells.
    pub missing: usize,
    /// All cells.
    pub rows: usize,
    /// A cell as an example.
    pub example: String,
}

/// A range of values, 95 % unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Figures of several models on the same rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    /// Name of the metric.
    pub metric: String,
    /// Its unit, if it has one.
    pub unit: String,
    /// Whether a larger value is better.
    pub larger_is_better: bool,
    /// Rows measured on.
    pub rows: usize,
    /// The models.
    pub scores: Vec<Score>,
    /// Fused less best single modality, measured row by row, and its interval.
    pub gain: Option<(f64, Interval)>,
}

/// One model's figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Name of the model.
    pub name: String,
    /// What it reads.
    pub detail: String,
    /// Value of the metric.
    pub value: f64,
    /// Its interval.
    pub interval: Option<Interval>,
    /// Whether it is the fused model, the others being what it is compared with.
    pub fused: bool,
}

/// A metric over the epochs of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Name of the model.
    pub model: String,
    /// Name of the metric.
    pub metric: String,
    /// Lines.
    pub series: Vec<Series>,
    /// Epoch whose weights were kept.
    pub best: Option<f64>,
}

/// A line.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Name, such as `training`.
    pub name: String,
    /// Epoch and value.
    pub points: Vec<(f64, f64)>,
}

/// Counts of test rows by true and predicted class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    /// Classes.
    pub labels: Vec<String>,
    /// `counts[truth][predicted]`.
    pub counts: Vec<Vec<u64>>,
}

/// A row, its prediction and why.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedRow {
    /// Which row.
    pub heading: String,
    /// Its cells.
    pub cells: Vec<Shown>,
    /// The truth, if it is known.
    pub truth: Option<String>,
    /// Why it was predicted so.
    pub explanation: RowExplanation,
}

/// A cell to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Column.
    pub column: String,
    /// Its modality.
    pub modality: Modality,
    /// What is in it.
    pub content: Content,
    /// The number in it, if its column holds numbers: what charts are coloured and laid out by.
    pub number: Option<f64>,
}

/// What is in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Nothing.
    Missing,
    /// Words or a number.
    Text(String),
    /// Bytes of a picture or sound file.
    Media(Vec<u8>),
}

/// A command to run next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// What it is for.
    pub purpose: String,
    /// The command line.
    pub line: String,
}
