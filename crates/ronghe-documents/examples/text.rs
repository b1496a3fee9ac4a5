//! Prints what is read of files, a line of JSON a block (`file`, `kind`, `page`, `text`); notes and errors on stderr.
//!
//! `cargo run -p ronghe-documents --example text -- FILE ...`

#![allow(clippy::print_stdout, clippy::print_stderr)]

use ronghe_documents::{Limits, read};
use std::path::PathBuf;

fn main() {
    for path in std::env::args_os().skip(1).map(PathBuf::from) {
        let documents = match read(&path, &Limits::default()) {
            Ok(documents) => documents,
            Err(error) => {
                eprintln!("{error}");
                continue;
            }
        };
        for document in documents {
            for note in &document.notes {
                eprintln!("{}: {note}", path.display());
            }
            for block in &document.blocks {
                let line = serde_json::json!({
                    "file": path.to_string_lossy(),
                    "kind": block.kind,
                    "page": block.place.page,
                    "text": &document.text[block.range.clone()],
                });
                println!("{line}");
            }
        }
    }
}
