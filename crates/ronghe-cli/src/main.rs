//! The `ronghe` program: parses, calls the library, renders. No arithmetic.

mod args;
mod commands;
mod library;
mod outputs;
mod progress;
mod render;
mod session;
mod tables;
mod watch;

use clap::Parser;
use std::process::ExitCode;

/// What a command ended with, if not an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    NotConverged,
    NoAnswer,
}

fn main() -> ExitCode {
    let cli = match args::Cli::try_parse() {
        Ok(cli) => cli,
        Err(wrong) if wrong.use_stderr() => wrong.exit(),
        // Help and version are results.
        Err(help) => {
            render::out(&help.to_string());
            return ended(render::finish().map(|()| Outcome::Done));
        }
    };
    ended(commands::run(cli).and_then(|outcome| render::finish().map(|()| outcome)))
}

fn ended(result: anyhow::Result<Outcome>) -> ExitCode {
    ronghe_data::read::forget_stdin();
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::NotConverged) => ExitCode::from(3),
        Ok(Outcome::NoAnswer) => ExitCode::from(4),
        Err(error) => {
            let stopped = matches!(error.downcast_ref(), Some(ronghe::Error::Stopped))
                || matches!(error.downcast_ref(), Some(ronghe_knowledge::Error::Stopped))
                || matches!(error.downcast_ref(), Some(ronghe_recommend::Error::Stopped));
            render::error(&error);
            ExitCode::from(if stopped { 130 } else { 1 })
        }
    }
}
