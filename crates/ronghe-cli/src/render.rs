//! The only place that writes to standard output and standard error.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use ronghe::report::{Language, text::Style};
use serde::Serialize;
use std::io::{IsTerminal, Write};

/// Prints a result.
pub(crate) fn out(text: &str) {
    let mut stdout = std::io::stdout().lock();
    // A closed pipe (`| head`) is no failure of ours.
    let _ = stdout.write_all(text.as_bytes());
    let _ = if text.ends_with('\n') { Ok(()) } else { stdout.write_all(b"\n") };
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
    log(&format!("warning: {line}"));
}

/// Prints an error with its causes, each once.
pub(crate) fn error(error: &anyhow::Error) {
    let mut said = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
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
