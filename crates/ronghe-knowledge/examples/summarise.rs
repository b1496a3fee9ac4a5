//! Summarises text files by the words that they share, and says how long it took:
//! `cargo run --release -p ronghe-knowledge --example summarise -- SENTENCES FILE...`
#![allow(clippy::print_stdout)]

use ronghe_knowledge::document::{BlockKind, Document, Place};
use ronghe_knowledge::summarise::{Length, Options, Source, summarise};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let sentences = words.next().ok_or("expected a number of sentences and text files")?.parse()?;
    let mut sources = Vec::new();
    for path in words {
        let mut document = Document::default();
        for paragraph in std::fs::read_to_string(&path)?.split("\n\n") {
            document.push(BlockKind::Paragraph, paragraph, Place::default());
        }
        sources.push(Source { domain: path.clone(), path, title: None, document });
    }
    let options = Options { length: Length::Sentences(sentences), ..Options::default() };
    // The second time, dictionaries are loaded.
    for time in 0..2 {
        let clock = Instant::now();
        let summary = summarise(&sources, &options, None)?;
        println!("{:.4} s for {} sentences", clock.elapsed().as_secs_f64(), summary.report.sentences_in);
        if time == 1 {
            println!("{}\n{}", serde_json::to_string(&summary.report)?, summary.text());
        }
    }
    Ok(())
}
