//! Milliseconds of a search and memory of a store of many chunks: `cargo run --release -p ronghe-knowledge --example latency --
//! STORE_DIR TEXTS CHUNKS CACHE`
//!
//! TEXTS is a file with a text a line. The store's vectors are drawn at random, for computing real ones would take an hour
//! and the time of a scan does not depend on what they are; the question's vector is that of multilingual-e5-small, and
//! computing it counts.
#![allow(clippy::print_stdout)]

use ronghe_knowledge::chunk;
use ronghe_knowledge::document::{BlockKind, Document, Place};
use ronghe_knowledge::index::{Item, Observer, add};
use ronghe_knowledge::retrieve::{Options, Query, search_for};
use ronghe_knowledge::store::{FolderStore, FolderWriter, Store};
use ronghe_knowledge::vectors::TextVectors;
use ronghe_knowledge::{Embed, Result, Role};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::time::Instant;

/// Width of the vectors of multilingual-e5-small.
const WIDTH: usize = 384;
/// Chunks of a document.
const TOGETHER: usize = 50;
/// Searches that are timed.
const SEARCHES: usize = 1000;

/// Vectors drawn at random, by text.
struct Drawn;

impl Embed for Drawn {
    fn name(&self) -> &str {
        "e5"
    }

    fn width(&self) -> usize {
        WIDTH
    }

    fn embed(&self, texts: &[&str], _: Role) -> Result<Vec<f32>> {
        let mut all = Vec::with_capacity(texts.len() * WIDTH);
        for text in texts {
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            let mut state = hasher.finish();
            let mut vector: Vec<f32> = (0..WIDTH)
                .map(|_| {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (state >> 40) as f32 / (1 << 23) as f32 - 1.0
                })
                .collect();
            let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
            vector.iter_mut().for_each(|v| *v /= length);
            all.extend(vector);
        }
        Ok(all)
    }
}

struct Quiet;

impl Observer for Quiet {
    fn progress(&mut self, _: usize, _: usize, _: &str) -> Result<()> {
        Ok(())
    }

    fn ready(&mut self, _: usize) {}
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [folder, texts, chunks, cache] = &words[..] else {
        return Err("expected STORE_DIR TEXTS CHUNKS CACHE".into());
    };
    let chunks: usize = chunks.parse()?;
    let all = std::fs::read_to_string(texts)?;
    let lines: Vec<&str> = all.lines().filter(|l| !l.trim().is_empty()).collect();
    let folder = Path::new(folder);
    if !folder.exists() {
        let (mut writer, _) = FolderWriter::open(folder, Some(("e5", WIDTH)))?;
        // A heading begins a chunk, so each line is one.
        let item = |number: usize| {
            let mut document = Document::default();
            for i in number * TOGETHER..(number + 1) * TOGETHER {
                document.push(BlockKind::Heading(1), &format!("{i}"), Place::default());
                document.push(BlockKind::Paragraph, lines[i % lines.len()], Place::default());
            }
            Item { name: format!("{number}"), domain: "texts".into(), document }
        };
        let start = Instant::now();
        let items = (0..chunks / TOGETHER).map(item).collect();
        let report = add(&mut writer, items, &chunk::Options::default(), Some(&Drawn), &mut Quiet)?;
        println!(
            "{} chunks written in {:.1} s, peak {} MB",
            report.chunks,
            start.elapsed().as_secs_f64(),
            memory("VmHWM")
        );
        return Ok(());
    }
    let start = Instant::now();
    let store = FolderStore::open(folder)?;
    println!("{} chunks opened in {:.2} s", store.stats()?.chunks, start.elapsed().as_secs_f64());
    let cache = ronghe::catalogue::Cache::open(Path::new(cache));
    let network = TextVectors::open("e5", &|file| cache.find(file), 0)?;
    let (mut whole, mut legs) = (Vec::new(), Vec::new());
    for i in 0..SEARCHES {
        let line = lines[i * 7919 % lines.len()];
        let question: String = line.split_whitespace().take(10).collect::<Vec<_>>().join(" ");
        let question: String = question.chars().take(80).collect();
        let start = Instant::now();
        let Ok(query) = Query::new(&store, Some(&network), &question) else { continue };
        let middle = Instant::now();
        let hits = search_for(&store, &query, &Options::default())?;
        // The first decides in what precision the network computes.
        if i > 0 && !hits.is_empty() {
            legs.push(middle.elapsed().as_secs_f64() * 1e3);
            whole.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    for (name, times) in
        [("from the question's text", &mut whole), ("search legs and passages alone", &mut legs)]
    {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((share * times.len() as f64) as usize).min(times.len() - 1)];
        println!("{name}: p50 {:.1} ms, p99 {:.1} ms of {}", at(0.5), at(0.99), times.len());
    }
    println!(
        "vectors of questions: {}; resident {} MB, peak {} MB",
        network.precision(),
        memory("VmRSS"),
        memory("VmHWM")
    );
    Ok(())
}

/// Megabytes of this process, as Linux says.
fn memory(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with(what)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|k| k.parse::<u64>().ok()).unwrap_or(0) / 1024
}
