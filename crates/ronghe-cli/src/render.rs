//! The only place that writes to standard output and standard error.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use ronghe::report::{Language, text::Style};
use ronghe_data::plain;
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::sync::OnceLock;

/// Why standard output could not be written, the first time.
static BROKEN: OnceLock<std::io::Error> = OnceLock::new();

/// Prints a result. What goes wrong is said by [`finish`].
pub(crate) fn out(text: &str) {
    if BROKEN.get().is_some() {
        return;
    }
    let mut stdout = std::io::stdout().lock();
    let end: &[u8] = if text.ends_with('\n') { b"" } else { b"\n" };
    if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.write_all(end)) {
        let _ = BROKEN.set(error);
    }
}

/// An error where something printed did not arrive: a full disk, or a program behind a pipe that has ended.
pub(crate) fn finish() -> anyhow::Result<()> {
    let flushed = std::io::stdout().lock().flush();
    match (BROKEN.get(), flushed) {
        (Some(error), _) => anyhow::bail!("standard output: {}", plain::io(error)),
        (None, Err(error)) => anyhow::bail!("standard output: {}", plain::io(&error)),
        (None, Ok(())) => Ok(()),
    }
}

/// Prints a result as JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    out(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints a line of the log.
pub(crate) fn log(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Prints a warning.
pub(crate) fn warn(line: &str) {
    log(&format!("warning: {}", plain::without_numbers(line)));
}

/// Prints an error with its causes, each once.
pub(crate) fn error(error: &anyhow::Error) {
    let mut said = String::new();
    for cause in error.chain() {
        let text = match cause.downcast_ref::<std::io::Error>() {
            Some(refused) => plain::io(refused),
            None => plain::without_numbers(&cause.to_string()),
        };
        if !said.contains(&text) {
            said = if said.is_empty() { text } else { format!("{said}: {text}") };
        }
    }
    log(&format!("error: {said}"));
}

/// How tables are drawn on standard output.
pub(crate) fn style() -> Style {
    let width = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(100usize);
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    Style { width: width.clamp(40, 160), colour, language: Language::English }
}

/// Columns that a string takes on a terminal: two for a Chinese character.
pub(crate) fn display_width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

fn char_width(c: char) -> usize {
    if ronghe_data::segment::is_han(c) { 2 } else { 1 }
}

/// The text with blanks up to so many columns.
pub(crate) fn pad(text: &str, width: usize) -> String {
    let spaces = width.saturating_sub(display_width(text));
    format!("{text}{}", " ".repeat(spaces))
}

/// As much of a line as fits into so many columns.
pub(crate) fn cut(line: &str, width: usize) -> String {
    let mut used = 0;
    line.chars()
        .take_while(|&c| {
            used += char_width(c);
            used <= width
        })
        .collect()
}
