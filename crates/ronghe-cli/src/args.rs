//! The command line, parsed and nothing else.

mod knowledge;
mod recommend;

pub(crate) use knowledge::{
    Ask, Documents, EvaluateAsk, EvaluateSearch, EvaluateSummary, Index, Model, Search, Store, StoreCommand,
    Summarise,
};

pub(crate) use recommend::{
    Events, Recommend, RecommendCommand, RecommendEvaluate, RecommendExplain, RecommendFit, RecommendFor,
    RecommendSimilar, RecommendTransfer, Rules,
};

use clap::{Args, Parser, Subcommand};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Fuse text, images, speech and table columns into one model; train, evaluate and explain it.
#[derive(Debug, Parser)]
#[command(name = "ronghe", version, about, after_help = AFTER, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub(crate) common: Common,
}

const AFTER: &str = "\
Results go to standard output, everything else to standard error.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 explanation not converged, 4 no answer in the
documents, 130 stopped (train: go on with --resume; index: run it again).";

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// One JSON document on standard output instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Threads; 0 = all cores. Results do not depend on it.
    #[arg(long, global = true, default_value_t = 0, value_name = "N")]
    pub(crate) threads: usize,
    /// No progress, only warnings and errors.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Folder for downloaded weights and data sets [default: the user's cache folder, or RONGHE_CACHE].
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The main job in one command: learn from pictures, sound, text and columns, compare, explain, report.
    Quickstart(Quickstart),
    /// Show what the columns of a table hold, and what is suspicious.
    Inspect(Inspect),
    /// Fetch pretrained weights and data sets through the package clients of this machine.
    Pull(Pull),
    /// Train a model from a YAML file, or from a table and a target column.
    Train(Train),
    /// Which published network to build on: tries those at hand on the rows of a table.
    TransferReport(TransferReport),
    /// Measure a model on a table.
    Evaluate(Evaluate),
    /// Predict the rows of a table.
    Predict(Predict),
    /// Show what each modality, column, word, patch and stretch of sound added to predictions.
    Explain(Box<Explain>),
    /// Which columns count: how much worse predictions are with each shuffled, and how they move with it.
    Importance(Importance),
    /// The smallest change to a row's columns that changes its class.
    Counterfactual(Counterfactual),
    /// The rows of another table that the model takes to be most alike.
    Nearest(Nearest),
    /// Recommend items to users: fit, ask, explain, measure, across domains.
    Recommend(Box<Recommend>),
    /// Bring a store of documents up to date with files and folders.
    Index(Index),
    /// Passages of a store's documents for a query, by words and by meaning.
    Search(Search),
    /// Answer a question from a store's documents, each sentence with its source; or say that they do not.
    Ask(Ask),
    /// The sentences that say most of some documents, each with its source.
    Summarise(Summarise),
    /// Check, describe or export a store.
    Store(Store),
    /// How good search is on a set of questions: by words, by meaning, by both.
    EvaluateSearch(EvaluateSearch),
    /// How good answers and refusals are on questions whose answers are known.
    EvaluateAsk(EvaluateAsk),
    /// How near summaries come to those that people wrote.
    EvaluateSummary(EvaluateSummary),
    /// The child process that reads documents for the others.
    #[command(hide = true)]
    ReadDocuments,
}

/// How to read a table.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize)]
pub(crate) struct Reading {
    /// Overrule the kind of a column: number, category, boolean, date, text, image, audio or identifier.
    #[arg(long = "kind", value_name = "COLUMN=KIND")]
    pub(crate) kinds: Vec<String>,
    /// Character encoding of text files, such as gb18030 [default: UTF-8, or what the byte order mark says].
    #[arg(long)]
    pub(crate) encoding: Option<String>,
    /// A word that stands for a missing cell, beside the usual ones; may be given again.
    #[arg(long, value_name = "WORD")]
    pub(crate) missing: Vec<String>,
    /// What comes first in dates such as 03/04/2024 [default: what the column shows].
    #[arg(long, value_name = "PART", value_parser = ["day", "month"])]
    pub(crate) date_order: Option<String>,
    /// The first line of a CSV file is a row, not names.
    #[arg(long)]
    pub(crate) no_header: bool,
    /// Names of the columns of a CSV file without a line of names.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) columns: Vec<String>,
    /// Folder that holds the pictures and sounds that the table names [default: the table's own].
    #[arg(long, value_name = "DIR")]
    pub(crate) media: Option<PathBuf>,
    /// Sheet of a workbook [default: the first one with a table].
    #[arg(long, value_name = "NAME")]
    pub(crate) sheet: Option<String>,
    /// Leave out rows that cannot be read, and count them, instead of stopping at the first.
    #[arg(long)]
    pub(crate) skip_bad_rows: bool,
}

/// A saved model, or one in another program.
#[derive(Debug, Clone, Args)]
pub(crate) struct ChosenModel {
    /// Folder of the model.
    #[arg(required_unless_present_any = ["model_command", "model_onnx"], conflicts_with_all = ["model_command", "model_onnx"])]
    pub(crate) model: Option<PathBuf>,
    /// Ask a model in another program, which reads rows and writes predictions as JSON lines.
    #[arg(long, value_name = "COMMAND")]
    pub(crate) model_command: Option<String>,
    /// Longest time that the other program may take for an answer, in seconds.
    #[arg(long, default_value_t = 60, value_name = "SECONDS", requires = "model_command", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) answer_seconds: u32,
    /// Ask a network in an ONNX file; FILE.yaml beside it says what goes in and comes out (without it, the error shows one).
    #[arg(long, value_name = "FILE", conflicts_with = "model_command")]
    pub(crate) model_onnx: Option<PathBuf>,
}

impl ChosenModel {
    /// How the model is called in messages.
    pub(crate) fn name(&self) -> String {
        match (self.model.as_ref().or(self.model_onnx.as_ref()), &self.model_command) {
            (Some(path), _) => path.display().to_string(),
            (None, command) => command.clone().unwrap_or_default(),
        }
    }
}

/// What a network computes in.
#[derive(Debug, Clone, Args)]
pub(crate) struct Precision {
    /// f32; bf16 (an error where the processor lacks it); int16; or auto: bf16 or int16 where the processor is faster in
    /// it and the first batch stays within 1 % of f32.
    #[arg(long, default_value = "f32", value_name = "MODE", value_parser = ["auto", "f32", "bf16", "int16"])]
    pub(crate) precision: String,
}

/// `quickstart`
#[derive(Debug, Args)]
pub(crate) struct Quickstart {
    /// Use the built-in synthetic set: no downloads.
    #[arg(long)]
    pub(crate) offline: bool,
    /// Where models and report go.
    #[arg(long, default_value = "ronghe-quickstart", value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// `inspect`
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// File or folder.
    pub(crate) data: PathBuf,
    /// Column to be predicted later: shows balance and leaks.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) target: Option<String>,
    /// How to read it.
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// `pull`
#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// Names from the catalogue, or hub:OWNER/NAME[@REVISION] for a repository of a hub of models.
    #[arg(required_unless_present_any = ["list", "check"])]
    pub(crate) names: Vec<String>,
    /// Show the catalogue.
    #[arg(long)]
    pub(crate) list: bool,
    /// Read what is here again, all of it or the names given, and compare hashes.
    #[arg(long, conflicts_with_all = ["list", "from"])]
    pub(crate) check: bool,
    /// Take a file or folder fetched by hand instead of downloading; its hash is checked.
    #[arg(long, value_name = "PATH", conflicts_with = "list")]
    pub(crate) from: Option<PathBuf>,
}

/// `train`
#[derive(Debug, Args)]
pub(crate) struct Train {
    /// Configuration (YAML).
    #[arg(required_unless_present_any = ["data", "resume"])]
    pub(crate) config: Option<PathBuf>,
    /// Table to learn from; overrules `data.path`.
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Option<PathBuf>,
    /// Column to predict; overrules `target.column`.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) target: Option<String>,
    /// Overrule any setting, such as training.epochs=3.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Folder for the model.
    #[arg(long, default_value = "model", value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Seed of everything random; overrules `seed`.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Go on from where a stopped training left off; the folder knows configuration and table.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Replace a finished model, or start over where a training was stopped.
    #[arg(long, conflicts_with = "resume")]
    pub(crate) force: bool,
    /// How to read the table.
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// `transfer-report`
#[derive(Debug, Args)]
pub(crate) struct TransferReport {
    /// File or folder.
    pub(crate) data: PathBuf,
    /// Column to predict.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) target: String,
    /// The one column to look at [default: every column of pictures, text or sound].
    #[arg(long, value_name = "COLUMN")]
    pub(crate) input: Option<String>,
    /// Rows to draw.
    #[arg(long, default_value_t = 2000, value_name = "N")]
    pub(crate) rows: usize,
    /// Another table, to measure how far its vectors lie from these.
    #[arg(long, value_name = "PATH")]
    pub(crate) source: Option<PathBuf>,
    /// Seconds for training from the start on the same rows; 0 leaves it out.
    #[arg(long, default_value_t = 60.0, value_name = "S", value_parser = seconds)]
    pub(crate) scratch_seconds: f64,
    /// Seed of everything random; that of the later training, whose test rows are then left alone.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// How to read the tables.
    #[command(flatten)]
    pub(crate) reading: Reading,
}

fn seconds(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|s| (0.0..=86_400.0).contains(s));
    number.ok_or_else(|| "expected 0 to 86400 seconds".into())
}

/// `evaluate`
#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    /// Folder of the model.
    pub(crate) model: PathBuf,
    /// Table with the target column.
    #[arg(long, value_name = "PATH")]
    pub(crate) data: PathBuf,
    /// Only rows whose column has this value, such as split=test.
    #[arg(long = "where", value_name = "COLUMN=VALUE")]
    pub(crate) only: Option<String>,
    /// Inputs to treat as missing, to see how the model does without them: figures with, without, and the difference.
    #[arg(long, value_name = "INPUT")]
    pub(crate) without: Vec<String>,
    /// Figures of all rows, also where the model was trained on most of them [default there: those kept for its test].
    #[arg(long)]
    pub(crate) all_rows: bool,
    /// Go on where the table has none of the columns that the model reads.
    #[arg(long)]
    pub(crate) allow_missing: bool,
    /// What the network computes in.
    #[command(flatten)]
    pub(crate) precision: Precision,
    /// How to read the table.
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// `predict`
#[derive(Debug, Args)]
pub(crate) struct Predict {
    /// Folder of the model.
    pub(crate) model: PathBuf,
    /// Table to predict.
    #[arg(long, value_name = "PATH")]
    pub(crate) data: PathBuf,
    /// File for the predictions: .csv, .tsv, .jsonl or .parquet [default: CSV on standard output, JSON Lines with --json].
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// All columns of the table before the predictions, not its identifiers alone.
    #[arg(long)]
    pub(crate) with_input: bool,
    /// The K most probable classes and their probabilities, in place of a probability for each class.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) top: Option<u32>,
    /// Significant digits of probabilities and quantities [default: 6; all in Parquet].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=17))]
    pub(crate) digits: Option<u32>,
    /// Character encoding of CSV and TSV, such as utf-8-bom or gb18030 [default: UTF-8, after a byte order mark where the
    /// table had one or another encoding, so that spreadsheets show it rightly].
    #[arg(long, value_name = "NAME")]
    pub(crate) out_encoding: Option<String>,
    /// Go on where the table has none of the columns that the model reads.
    #[arg(long)]
    pub(crate) allow_missing: bool,
    /// What the network computes in.
    #[command(flatten)]
    pub(crate) precision: Precision,
    /// How to read the table.
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// `explain`
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Which model.
    #[command(flatten)]
    pub(crate) chosen: ChosenModel,
    /// Table with the rows to explain.
    #[arg(long, value_name = "PATH")]
    pub(crate) data: PathBuf,
    /// Rows to explain, counted from 1: a number of rows from the top, or a list such as 3,17,40.
    #[arg(long, default_value = "3", value_name = "ROWS")]
    pub(crate) rows: String,
    /// Most background rows: what is usual.
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(crate) background: usize,
    /// Table that the background rows are drawn from [default: the training rows that the model keeps; if none, that of --data].
    #[arg(long, value_name = "PATH")]
    pub(crate) background_data: Option<PathBuf>,
    /// Measure how faithful the attributions are: deletion, insertion, infidelity, another fill, other background rows.
    #[arg(long)]
    pub(crate) check: bool,
    /// Folder for report.html, its plots, and explanations.json, .npz and .parquet.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Take over the evaluations that the folder keeps: a tighter --tolerance or a larger --budget costs only what is new.
    #[arg(long, requires = "out")]
    pub(crate) resume: bool,
    /// How fine: modalities, columns or parts (words, patches, stretches of sound).
    #[arg(long, default_value = "parts", value_parser = ["modalities", "columns", "parts"])]
    pub(crate) level: String,
    /// Divide texts, pictures and sounds (auto), or take cells as a whole (none).
    #[arg(long, default_value = "auto", value_parser = ["auto", "none"])]
    pub(crate) parts: String,
    /// How a column, or all of a modality, is divided and filled: text=words/delete, photo=patches:7x7/blur, voice=spans:10x3/silence.
    #[arg(long = "mask", value_name = "COLUMN=MASKER")]
    pub(crate) masks: Vec<String>,
    /// How whole cells are filled: background, missing or gaussian. Inside a divided cell its own masker fills.
    #[arg(long, default_value = "background")]
    pub(crate) masker: String,
    /// auto, exact, kernel, permutation, shap_kernel, linear (additive models only) or expected_gradients (not Shapley values).
    #[arg(long, default_value = "auto")]
    pub(crate) method: String,
    /// Class or label to show first [default: the predicted one].
    #[arg(long, value_name = "NAME")]
    pub(crate) class: Option<String>,
    /// Explain log-odds instead of probabilities.
    #[arg(long)]
    pub(crate) log_odds: bool,
    /// Largest standard error, as a share of the span of the attributions, at which sampling stops.
    #[arg(long, default_value_t = 0.01, value_name = "SHARE", value_parser = share)]
    pub(crate) tolerance: f64,
    /// Most evaluations of sampled explanations, for each group of players [default: 2 n + 2048 for n players].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) budget: Option<u32>,
    /// Seed of background and sampling.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// How to read the tables.
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// `importance`
#[derive(Debug, Args)]
pub(crate) struct Importance {
    /// Which model.
    #[command(flatten)]
    pub(crate) chosen: ChosenModel,
    /// Table with the truth.
    #[arg(long, value_name = "PATH")]
    pub(crate) data: PathBuf,
    /// Rows, drawn from the table where it has more.
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pub(crate) rows: usize,
    /// Times that each column is shuffled.
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub(crate) repeats: usize,
    /// Columns whose effect is shown, the most important first.
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub(crate) effects: usize,
    /// Seed of rows and shuffling.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// How to read the table.
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// `counterfactual`
#[derive(Debug, Args)]
pub(crate) struct Counterfactual {
    /// Which model.
    #[command(flatten)]
    pub(crate) chosen: ChosenModel,
    /// Table with the rows, and with values that columns may take beside those of the training rows that the model keeps.
    #[arg(long, value_name = "PATH")]
    pub(crate) data: PathBuf,
    /// Rows, counted from 1: a number of rows from the top, or a list such as 3,17,40.
    #[arg(long, default_value = "3", value_name = "ROWS")]
    pub(crate) rows: String,
    /// A column that must stay as it is.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) keep: Vec<String>,
    /// How to read the table.
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// `nearest`
#[derive(Debug, Args)]
pub(crate) struct Nearest {
    /// Folder of the model.
    pub(crate) model: PathBuf,
    /// Table with the rows.
    #[arg(long, value_name = "PATH")]
    pub(crate) data: PathBuf,
    /// Rows, counted from 1: a number of rows from the top, or a list such as 3,17,40.
    #[arg(long, default_value = "3", value_name = "ROWS")]
    pub(crate) rows: String,
    /// Table with the rows to look among, such as the one it was trained on.
    #[arg(long, value_name = "PATH")]
    pub(crate) among: PathBuf,
    /// How many to show of each row.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) neighbours: u32,
    /// How to read the tables.
    #[command(flatten)]
    pub(crate) reading: Reading,
}

fn share(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|s| (0.0..=1.0).contains(s));
    number.ok_or_else(|| "expected a share of 0 to 1".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
