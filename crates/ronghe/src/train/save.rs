//! Saves what a training yielded: the model with its figures and its card.

use super::fit::Fitted;
use super::observe::EpochReport;
use super::rows::ROWS;
use crate::artifact::{self, ExtraFiles, pretty};
use crate::metric::{Measured, Metrics};
use crate::{Result, TaskKind};
use ronghe_graph::weights::safetensors;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// What `metrics.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricsFile {
    /// Which weights were taken.
    pub chosen: String,
    /// Rows of each part.
    pub rows: BTreeMap<String, usize>,
    /// Figures on the validation rows.
    pub validation: Metrics,
    /// Figures on the test rows.
    pub test: Metrics,
    /// Epoch by epoch.
    pub history: Vec<EpochReport>,
}

/// Facts about a run that differ from run to run: seconds, threads, machine. Kept beside the model, not hashed.
pub type RunFacts = BTreeMap<String, serde_json::Value>;

/// Writes the model folder and returns the hash of each file. The same data, configuration and seed give the same
/// hashes at any number of threads.
pub fn save(
    fitted: &Fitted,
    data_hash: &str,
    run: &RunFacts,
    folder: &Path,
) -> Result<BTreeMap<String, String>> {
    let metrics = MetricsFile {
        chosen: fitted.chosen.clone(),
        rows: parts(fitted).map(|(name, rows)| (name.to_owned(), rows)).collect(),
        validation: fitted.validation.clone(),
        test: fitted.test.clone(),
        history: fitted.history.clone(),
    };
    let mut hashed = ExtraFiles::new();
    hashed.insert("metrics.json".into(), pretty(&metrics, folder)?);
    hashed.insert("README.md".into(), card(fitted, data_hash).into_bytes());
    if let Some(adapter) = &fitted.adapter {
        hashed.insert(artifact::ADAPTER.into(), safetensors::write(adapter, &BTreeMap::new()));
    }
    if let Some(seen) = &fitted.seen {
        hashed.insert(ROWS.into(), seen.to_bytes());
    }
    if let Some(background) = &fitted.background.file {
        hashed.insert(artifact::BACKGROUND.into(), background.clone());
    }
    let mut loose = ExtraFiles::new();
    loose.insert("run.json".into(), pretty(run, folder)?);
    artifact::save(&fitted.parts, folder, &hashed, &loose)
}

fn parts(fitted: &Fitted) -> impl Iterator<Item = (&'static str, usize)> {
    let split = &fitted.split;
    [("train", split.train.len()), ("validation", split.validation.len()), ("test", split.test.len())]
        .into_iter()
}

/// The model card.
fn card(fitted: &Fitted, data_hash: &str) -> String {
    let config = &fitted.parts.config;
    let task = &fitted.parts.task;
    let mut text = String::new();
    let kind = match task.kind {
        TaskKind::Binary | TaskKind::MultiClass => {
            format!("classifies rows into {} classes", task.labels.len())
        }
        TaskKind::MultiLabel => format!("gives rows any of {} labels", task.labels.len()),
        TaskKind::Regression => "predicts a quantity".into(),
    };
    // Writing to a string cannot fail.
    let mut line = |args: std::fmt::Arguments<'_>| _ = writeln!(text, "{args}");
    line(format_args!("# Model: {}\n", task.columns.join(", ")));
    line(format_args!("This model {kind} (`{}`).\n", task.columns.join("`, `")));
    line(format_args!("## Inputs\n\n| input | modality | columns | encoder |\n|---|---|---|---|"));
    for input in &config.inputs {
        let modality = input.modality.map_or("", |m| m.name());
        line(format_args!(
            "| {} | {modality} | {} | `{}` |",
            escape(&input.name),
            escape(&input.columns.join(", ")),
            input.encoder.kind
        ));
    }
    line(format_args!("\nFusion: `{}`. Any input may be missing when predicting.\n", config.fusion.kind));
    let (all, trainable) = fitted.parts.weights.elements();
    line(format_args!("Weights: {all}, of which {trainable} were trained.\n"));
    line(format_args!("## Figures\n\n| metric | validation | test |\n|---|---|---|"));
    for measured in &fitted.validation.figures {
        let test = fitted.test.figures.iter().find(|m| m.name == measured.name);
        line(format_args!(
            "| {} | {} | {} |",
            measured.name,
            figure(measured),
            test.map_or(String::new(), figure)
        ));
    }
    let rows: Vec<String> = parts(fitted).map(|(name, rows)| format!("{rows} {name}")).collect();
    line(format_args!(
        "\nRows: {}. Intervals are 95 % (Wilson). Weights taken: {}.\n",
        rows.join(", "),
        fitted.chosen
    ));
    let kept = &fitted.background;
    line(format_args!("## Rows kept\n"));
    let mut said = kept.said();
    said[..1].make_ascii_uppercase();
    line(format_args!("{said}."));
    if kept.rows > 0 {
        line(format_args!(
            "They stand in `{}`, cells of the inputs only, and say what is usual when predictions are explained. Whoever has the \
             model can read them; `--set artifact.background=0` trains one without.",
            artifact::BACKGROUND
        ));
    }
    line(format_args!("\n## Origin\n"));
    line(format_args!("- data: sha256 `{data_hash}`\n- seed: {}", config.seed));
    line(format_args!(
        "- ronghe {}\n- temperature of the probabilities: {:.4}",
        env!("CARGO_PKG_VERSION"),
        fitted.parts.temperature
    ));
    line(format_args!(
        "\nUse it with `ronghe predict FOLDER --data FILE`, `ronghe evaluate`, `ronghe explain`."
    ));
    text
}

fn figure(measured: &Measured) -> String {
    match measured.interval {
        Some((low, high)) => format!("{:.4} ({low:.4} to {high:.4})", measured.value),
        None => format!("{:.4}", measured.value),
    }
}

fn escape(cell: &str) -> String {
    cell.replace('|', "\\|").replace(['\n', '\r'], " ")
}
