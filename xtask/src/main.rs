//! The project's checks, cheapest first: `cargo xtask ci`.
//!
//! `cargo xtask STEP` runs one of them. A step prints what it found and how long it took; `ci` stops at the first that
//! fails. Nothing here builds the product.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program: its output is what it prints")]

mod arrows;
mod cargo;
mod deny;
mod finding;
mod licences;
mod metadata;
mod paths;
mod source;
mod style;
mod test;
mod tree;

use anyhow::{Result, bail};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A step of `ci`.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn(strict: bool) -> Result<()>,
}

/// In the order in which `ci` runs them.
const STEPS: &[Step] = &[
    Step { name: "fmt", about: "the formatter would change nothing", run: |_| cargo::fmt() },
    Step {
        name: "arrows",
        about: "who may use whom, file sizes, unsafe, unfinished marks",
        run: |_| tree::check(),
    },
    Step { name: "deny", about: "licences, sources and bans of all dependencies", run: deny::check },
    Step { name: "clippy", about: "clippy over all targets, warnings are errors", run: |_| cargo::clippy() },
    Step { name: "test", about: "all tests of the workspace", run: |_| test::run() },
    Step { name: "doc", about: "rustdoc, warnings are errors", run: |_| cargo::doc() },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<()> {
    let (chosen, strict) = parse(args)?;
    tree::enter_root()?;
    let mut times: Vec<(&str, Duration)> = Vec::new();
    for step in &chosen {
        println!("== {}: {}", step.name, step.about);
        let start = Instant::now();
        let result = (step.run)(strict);
        let time = start.elapsed();
        times.push((step.name, time));
        if let Err(error) = result {
            println!("== {} failed after {:.1} s", step.name, time.as_secs_f64());
            bail!("{}: {error:#}", step.name);
        }
        println!("== {} passed in {:.1} s", step.name, time.as_secs_f64());
    }
    if times.len() > 1 {
        let total: Duration = times.iter().map(|(_, time)| *time).sum();
        let each: Vec<String> = times.iter().map(|(n, t)| format!("{n} {:.1} s", t.as_secs_f64())).collect();
        println!("== all passed in {:.1} s: {}", total.as_secs_f64(), each.join(", "));
    }
    Ok(())
}

/// The steps to run, and whether a missing cargo-deny is an error.
fn parse(args: &[String]) -> Result<(Vec<&'static Step>, bool)> {
    let mut chosen: Vec<&'static Step> = Vec::new();
    let mut strict = false;
    for arg in args {
        match arg.as_str() {
            "--strict" => strict = true,
            "ci" => chosen.extend(STEPS),
            name => match STEPS.iter().find(|step| step.name == name) {
                Some(step) => chosen.push(step),
                None => bail!("no step `{name}`\n{}", usage()),
            },
        }
    }
    if chosen.is_empty() {
        bail!("no step given\n{}", usage());
    }
    Ok((chosen, strict))
}

fn usage() -> String {
    let mut text =
        String::from("usage: cargo xtask ci | STEP ... [--strict]\n\n  ci      all of the following\n");
    for step in STEPS {
        text.push_str(&format!("  {:<7} {}\n", step.name, step.about));
    }
    text.push_str("\n  --strict  fail where cargo-deny is not installed");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn ci_is_every_step_in_order() {
        let (steps, strict) = parse(&args(&["ci", "--strict"])).unwrap();
        let names: Vec<&str> = steps.iter().map(|step| step.name).collect();
        assert_eq!(names, ["fmt", "arrows", "deny", "clippy", "test", "doc"]);
        assert!(strict);
    }

    #[test]
    fn an_unknown_step_lists_the_steps() {
        let message = parse(&args(&["clipy"])).err().unwrap().to_string();
        assert!(message.contains("no step `clipy`"), "{message}");
        assert!(message.contains("clippy"), "{message}");
        assert!(parse(&[]).is_err());
    }
}
