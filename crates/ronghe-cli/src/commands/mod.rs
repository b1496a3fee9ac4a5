//! One command a file.

mod counterfactual;
mod evaluate;
mod explain;
mod importance;
mod inspect;
mod predict;
mod pull;
mod pull_table;
mod quickstart;
mod train;
mod transfer_report;

use crate::Outcome;
use crate::args::{Cli, Command};
use crate::session;
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
    }
}
