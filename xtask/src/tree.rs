//! The step that reads the tree: gathers the tracked files, hands each to the scanners.

use crate::finding::{self, Finding};
use crate::{arrows, metadata, style};
use anyhow::{Context, Result, bail};
use std::process::Command;

/// A file of the project.
#[derive(Debug)]
pub(crate) struct File {
    /// Relative to the root, `/` between names.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    /// The text, where this is a source file.
    pub(crate) text: Option<String>,
}

/// Dependency arrows, file sizes, unsafe and unfinished marks.
pub(crate) fn check() -> Result<()> {
    let files = files()?;
    let mut findings = arrows::between_crates(&metadata::load()?);
    findings.extend(scan(&files));
    println!("{} files", files.len());
    finding::report(findings)
}

/// All findings that need only the files.
fn scan(files: &[File]) -> Vec<Finding> {
    let mut findings = arrows::between_modules(files);
    for file in files {
        findings.extend(style::check(file));
    }
    findings
}

/// Makes the project's root the current directory, so that every step may be started from anywhere inside it.
pub(crate) fn enter_root() -> Result<()> {
    let root = git(&["rev-parse", "--show-toplevel"])?;
    std::env::set_current_dir(root.trim()).with_context(|| root.trim().to_string())
}

fn git(args: &[&str]) -> Result<String> {
    let output = Command::new("git").args(args).output().context("git did not start")?;
    if !output.status.success() {
        bail!("git {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Tracked files and new ones that git does not ignore.
fn files() -> Result<Vec<File>> {
    let list = git(&["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    let mut files = Vec::new();
    for path in list.split('\0').filter(|path| !path.is_empty()) {
        // A tracked file that was just deleted is still listed.
        let Ok(about) = std::fs::symlink_metadata(path) else { continue };
        if !about.is_file() {
            continue;
        }
        let text = match style::is_source(path) {
            true => Some(std::fs::read_to_string(path).with_context(|| path.to_string())?),
            false => None,
        };
        files.push(File { path: path.to_string(), bytes: about.len(), text });
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), bytes: text.len() as u64, text: Some(text.into()) }
    }

    #[test]
    fn planted_violations_are_all_found() {
        let files = [
            file("crates/ronghe/src/lib.rs", "pub mod explain;\n"),
            file(
                "crates/ronghe/src/explain/shapley.rs",
                "use crate::train::Trainer;\nfn f() { unsafe { g() } }\n",
            ),
            file("crates/ronghe/src/fuse/concat.rs", "fn f() { todo!() }\n"),
            file("crates/ronghe-data/src/table.rs", &"// line\n".repeat(601)),
        ];
        let found: Vec<String> = scan(&files).iter().map(|f| format!("{}:{}", f.path, f.line)).collect();
        assert_eq!(
            found,
            [
                "crates/ronghe/src/explain/shapley.rs:1",
                "crates/ronghe/src/explain/shapley.rs:2",
                "crates/ronghe/src/fuse/concat.rs:1",
                "crates/ronghe-data/src/table.rs:0",
            ]
        );
    }
}
