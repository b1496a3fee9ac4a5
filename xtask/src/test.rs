//! `cargo test --workspace`, and the kernels once more with each lower instruction set; totals over all binaries.

use crate::cargo::cargo;
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

/// Instruction sets that the kernels are tested with besides the best one.
const LEVELS: &[&str] = &["avx2", "baseline"];

/// Modules of the kernels' tests. A filter, since naming the package would build its dependencies once more.
const KERNEL_TESTS: &[&str] = &["kernels::", "forward::", "gradient::"];

/// Runs the tests, passes on every line as it comes, and adds up the runners' own result lines.
pub(crate) fn run() -> Result<()> {
    let mut totals = Totals::default();
    let whole = pass(&[], None, &mut totals);
    let lower: Vec<Result<()>> =
        LEVELS.iter().map(|level| pass(KERNEL_TESTS, Some(level), &mut totals)).collect();
    println!(
        "test totals: {} passed; {} failed; {} ignored; {} test binaries",
        totals.passed, totals.failed, totals.ignored, totals.binaries
    );
    std::iter::once(whole).chain(lower).collect()
}

/// One call of `cargo test`, of the tests whose names contain one of `names`, or of all.
fn pass(names: &[&str], level: Option<&str>, totals: &mut Totals) -> Result<()> {
    let mut command = cargo();
    command.args(["test", "--workspace", "--locked", "--no-fail-fast"]).stdout(Stdio::piped());
    if !names.is_empty() {
        // Documentation tests know no filter by several names.
        command.args(["--lib", "--tests", "--"]).args(names);
    }
    if let Some(level) = level {
        println!("== kernels with RONGHE_CPU={level}");
        command.env("RONGHE_CPU", level);
    }
    let mut child = command.spawn().context("cargo test did not start")?;
    let stdout = child.stdout.take().context("cargo test has no output")?;
    for line in BufReader::new(stdout).lines() {
        let line = line.context("reading the output of cargo test")?;
        println!("{line}");
        totals.add(&line);
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("cargo test {}: {status}", names.join(" "));
    }
    Ok(())
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    passed: u64,
    failed: u64,
    ignored: u64,
    binaries: u64,
}

impl Totals {
    /// Takes in a line such as `test result: ok. 12 passed; 0 failed; 1 ignored; ...`; other lines change nothing.
    fn add(&mut self, line: &str) {
        let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        self.binaries += 1;
        for count in counts.split(';') {
            let mut words = count.split_whitespace();
            let (Some(number), Some(what)) = (words.next(), words.next()) else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_add_up() {
        let mut totals = Totals::default();
        totals.add("running 13 tests");
        totals.add(
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        );
        totals.add("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out");
        assert_eq!(totals, Totals { passed: 15, failed: 2, ignored: 1, binaries: 2 });
    }
}
