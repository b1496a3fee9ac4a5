//! One command a file.

mod ask;
mod background;
mod counterfactual;
mod evaluate;
mod evaluate_ask;
mod evaluate_search;
mod evaluate_summary;
mod explain;
mod importance;
mod index;
mod inspect;
mod nearest;
mod predict;
mod pull;
mod pull_table;
mod quickstart;
mod recommend;
mod search;
mod store;
mod summarise;
mod train;
mod transfer_report;

use crate::Outcome;
use crate::args::{Cli, Command};
use crate::{library, session};
use anyhow::Result;

/// Runs the command that was asked for.
pub(crate) fn run(cli: Cli) -> Result<Outcome> {
    let common = cli.common;
    session::start_threads(&common);
    match cli.command {
        Command::Quickstart(args) => quickstart::run(&args, &common),
        Command::Inspect(args) => inspect::run(&args, &common),
        Command::Pull(args) => pull::run(&args, &common),
        Command::Train(args) => train::run(&args, &common),
        Command::TransferReport(args) => transfer_report::run(&args, &common),
        Command::Evaluate(args) => evaluate::run(&args, &common),
        Command::Predict(args) => predict::run(&args, &common),
        Command::Explain(args) => explain::run(&args, &common),
        Command::Importance(args) => importance::run(&args, &common),
        Command::Counterfactual(args) => counterfactual::run(&args, &common),
        Command::Nearest(args) => nearest::run(&args, &common),
        Command::Recommend(args) => recommend::run(&args, &common),
        Command::Index(args) => index::run(&args, &common),
        Command::Search(args) => search::run(&args, &common),
        Command::Ask(args) => ask::run(&args, &common),
        Command::Summarise(args) => summarise::run(&args, &common),
        Command::Store(args) => store::run(&args, &common),
        Command::EvaluateSearch(args) => evaluate_search::run(&args, &common),
        Command::EvaluateAsk(args) => evaluate_ask::run(&args, &common),
        Command::EvaluateSummary(args) => evaluate_summary::run(&args, &common),
        Command::ReadDocuments => library::serve_reader(),
    }
}
