//! The `ronghe` program: parses, calls the library, renders. No arithmetic.

mod args;
mod commands;
mod library;
mod progress;
mod render;
mod session;

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
    let cli = args::Cli::parse();
    match commands::run(cli) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::NotConverged) => ExitCode::from(3),
        Ok(Outcome::NoAnswer) => ExitCode::from(4),
        Err(error) => {
            let stopped = matches!(error.downcast_ref(), Some(ronghe::Error::Stopped))
                || matches!(error.downcast_ref(), Some(ronghe_knowledge::Error::Stopped));
            render::error(&error);
            ExitCode::from(if stopped { 130 } else { 1 })
        }
    }
}
