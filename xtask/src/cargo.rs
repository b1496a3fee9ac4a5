//! Steps that are one cargo command.

use anyhow::{Context, Result, bail};
use std::process::Command;

/// Names the files that `cargo fmt --all` would change.
pub(crate) fn fmt() -> Result<()> {
    run(cargo().args(["fmt", "--all", "--", "--check", "-l"]))
}

/// Clippy over every target, warnings are errors.
pub(crate) fn clippy() -> Result<()> {
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
}

/// Rustdoc over the workspace, warnings are errors.
pub(crate) fn doc() -> Result<()> {
    run(cargo().args(["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings"))
}

/// The cargo that started this program.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a command that prints for itself; an error where it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    let status = command.status().with_context(|| format!("{shown} did not start"))?;
    if !status.success() {
        bail!("{shown}: {status}");
    }
    Ok(())
}
