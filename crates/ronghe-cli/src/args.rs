//! The command line, parsed and nothing else.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Fuse text, images, speech and table columns into one model; train, evaluate and explain it.
#[derive(Debug, Parser)]
#[command(name = "ronghe", version, about, after_help = AFTER, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

const AFTER: &str = "\
Results go to standard output, everything else to standard error.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 explanation not converged, 130 stopped (train: go on with --resume).";

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// One JSON document on standard output instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// Threads; 0 = all cores. Results do not depend on it.
    #[arg(long, global = true, default_value_t = 0, value_name = "N")]
    pub threads: usize,
    /// No progress, only warnings and errors.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Folder for downloaded weights and data sets [default: the user's cache folder, or RONGHE_CACHE].
    #[arg(long, global = true, value_name = "DIR")]
    pub cache: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The main job in one command: learn from pictures, sound, text and columns, compare, explain, report.
    Quickstart(Quickstart),
    /// Show what the columns of a table hold, and what is suspicious.
    Inspect(Inspect),
    /// Fetch pretrained weights and data sets through the package clients of this machine.
    Pull(Pull),
    /// Train a model from a YAML file, or from a table and a target column.
    Train(Train),
    /// Measure a model on a table.
    Evaluate(Evaluate),
    /// Predict the rows of a table.
    Predict(Predict),
    /// Show what each modality and column added to predictions.
    Explain(Explain),
}

/// How to read a table.
#[derive(Debug, Clone, Args)]
pub struct Reading {
    /// Overrule the kind of a column: number, category, boolean, date, text, image, audio or identifier.
    #[arg(long = "kind", value_name = "COLUMN=KIND")]
    pub kinds: Vec<String>,
    /// Character encoding of text files, such as gb18030 [default: UTF-8, or what the byte order mark says].
    #[arg(long)]
    pub encoding: Option<String>,
    /// Leave out rows that cannot be read, and count them, instead of stopping at the first.
    #[arg(long)]
    pub skip_bad_rows: bool,
}

/// `quickstart`
#[derive(Debug, Args)]
pub struct Quickstart {
    /// Use the built-in synthetic set: no downloads.
    #[arg(long)]
    pub offline: bool,
    /// Where models and report go.
    #[arg(long, default_value = "ronghe-quickstart", value_name = "DIR")]
    pub out: PathBuf,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// `inspect`
#[derive(Debug, Args)]
pub struct Inspect {
    /// File or folder.
    pub data: PathBuf,
    /// Column to be predicted later: shows balance and leaks.
    #[arg(long, value_name = "COLUMN")]
    pub target: Option<String>,
    /// How to read it.
    #[command(flatten)]
    pub reading: Reading,
}

/// `pull`
#[derive(Debug, Args)]
pub struct Pull {
    /// Names from the catalogue.
    #[arg(required_unless_present = "list")]
    pub names: Vec<String>,
    /// Show the catalogue.
    #[arg(long)]
    pub list: bool,
    /// Take a file or folder fetched by hand instead of downloading; its hash is checked.
    #[arg(long, value_name = "PATH", conflicts_with = "list")]
    pub from: Option<PathBuf>,
}

/// `train`
#[derive(Debug, Args)]
pub struct Train {
    /// Configuration (YAML).
    #[arg(required_unless_present = "data")]
    pub config: Option<PathBuf>,
    /// Table to learn from; overrules `data.path`.
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
    /// Column to predict; overrules `target.column`.
    #[arg(long, value_name = "COLUMN")]
    pub target: Option<String>,
    /// Overrule any setting, such as training.epochs=3.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Folder for the model.
    #[arg(long, default_value = "model", value_name = "DIR")]
    pub out: PathBuf,
    /// Seed of everything random; overrules `seed`.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Go on from where a stopped training left off.
    #[arg(long)]
    pub resume: bool,
    /// How to read the table.
    #[command(flatten)]
    pub reading: Reading,
}

/// `evaluate`
#[derive(Debug, Args)]
pub struct Evaluate {
    /// Folder of the model.
    pub model: PathBuf,
    /// Table with the target column.
    #[arg(long, value_name = "PATH")]
    pub data: PathBuf,
    /// Only rows whose column has this value, such as split=test.
    #[arg(long = "where", value_name = "COLUMN=VALUE")]
    pub only: Option<String>,
    /// Inputs to treat as missing, to see how the model does without them.
    #[arg(long, value_name = "INPUT")]
    pub without: Vec<String>,
    /// How to read the table.
    #[command(flatten)]
    pub reading: Reading,
}

/// `predict`
#[derive(Debug, Args)]
pub struct Predict {
    /// Folder of the model.
    pub model: PathBuf,
    /// Table to predict.
    #[arg(long, value_name = "PATH")]
    pub data: PathBuf,
    /// File for the predictions: .csv, .tsv, .jsonl or .parquet [default: CSV on standard output, JSON Lines with --json].
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// How to read the table.
    #[command(flatten)]
    pub reading: Reading,
}

/// `explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// Folder of the model.
    pub model: PathBuf,
    /// Table with the rows to explain and the background rows.
    #[arg(long, value_name = "PATH")]
    pub data: PathBuf,
    /// Rows to explain, counted from 1: a number of rows from the top, or a list such as 3,17,40.
    #[arg(long, default_value = "3", value_name = "ROWS")]
    pub rows: String,
    /// Background rows that hidden cells are filled from.
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub background: usize,
    /// Folder for report.html and explanations.json.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// auto, exact or permutation.
    #[arg(long, default_value = "auto")]
    pub method: String,
    /// How hidden cells are filled.
    #[arg(long, default_value = "background")]
    pub masker: String,
    /// Explain log-odds instead of probabilities.
    #[arg(long)]
    pub log_odds: bool,
    /// Most evaluations of sampled explanations.
    #[arg(long, default_value_t = 4096, value_name = "N")]
    pub budget: usize,
    /// Seed of background and sampling.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// How to read the table.
    #[command(flatten)]
    pub reading: Reading,
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
