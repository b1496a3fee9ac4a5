//! A program that writes is killed at any moment, again and again: what it said was ready is there afterwards.

use crate::double::{Bag, Draw, Silent};
use ronghe_knowledge::Embed;
use ronghe_knowledge::chunk::Options;
use ronghe_knowledge::document::{BlockKind, Document, Place};
use ronghe_knowledge::index::{Item, add};
use ronghe_knowledge::store::{Filter, FolderStore, FolderWriter, Store};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const STORE: &str = "RONGHE_KILLED_STORE";
const SEED: &str = "RONGHE_KILLED_SEED";
/// Names of documents that are written.
const NAMES: u64 = 60;

fn item(name: u64, version: u64) -> Item {
    let mut document = Document::default();
    let text = format!(
        "Sentinel{name} in version{name}x{version} stands here. 第{name}篇文章说的是第{version}件事。"
    );
    document.push(BlockKind::Paragraph, &text, Place::default());
    Item { name: format!("n{name}"), domain: "d".into(), document }
}

/// Not a test: what is killed. It writes documents in new versions and says which are ready; now and then it compacts.
#[test]
fn child_that_is_killed() {
    let Ok(store) = std::env::var(STORE) else { return };
    let mut draw = Draw(std::env::var(SEED).unwrap().parse().unwrap());
    let (mut writer, _) = FolderWriter::open(Path::new(&store), Some((Bag.name(), Bag.width()))).unwrap();
    for round in 1.. {
        let version = draw.0 % 1_000_000 * 1000 + round;
        let batch: Vec<u64> = (0..1 + draw.below(8)).map(|_| draw.below(NAMES)).collect();
        let items = batch.iter().map(|&n| item(n, version)).collect();
        let mut out = std::io::stdout().lock();
        batch.iter().for_each(|n| writeln!(out, "\nbegun {n} {version}").unwrap());
        out.flush().unwrap();
        add(&mut writer, items, &Options::default(), Some(&Bag), &mut Silent).unwrap();
        batch.iter().for_each(|n| writeln!(out, "\nready {n} {version}").unwrap());
        out.flush().unwrap();
        if draw.below(12) == 0 {
            writer.compact().unwrap();
        }
    }
}

/// Versions that a document may have: the one that was ready last, and those begun since.
#[derive(Default)]
struct Known {
    ready: Option<u64>,
    begun: Vec<u64>,
}

fn kill_once(store: &Path, seed: u64, after: Duration, known: &mut BTreeMap<u64, Known>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kills::child_that_is_killed", "--nocapture"])
        .env(STORE, store)
        .env(SEED, seed.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(after);
    child.kill().unwrap();
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let [what @ ("begun" | "ready"), name, version] = words[..] else { continue };
        // A line may be cut off.
        let (Ok(name), Ok(version)) = (name.parse(), version.parse()) else { continue };
        let of: &mut Known = known.entry(name).or_default();
        if what == "ready" {
            of.ready = Some(version);
            of.begun.clear();
        } else {
            of.begun.push(version);
        }
    }
    child.wait().unwrap();
    assert!(!said.contains("panicked"), "{said}");
}

/// Damages the text index, so that the next writer has something to make anew.
fn spoil_text(store: &Path, draw: &mut Draw) {
    for entry in std::fs::read_dir(store).unwrap().flatten() {
        if !entry.file_name().to_string_lossy().starts_with("text-") {
            continue;
        }
        let mut files: Vec<_> =
            std::fs::read_dir(entry.path()).unwrap().flatten().map(|e| e.path()).collect();
        files.sort();
        if let Some(path) = files.get(draw.below(files.len().max(1) as u64) as usize) {
            let bytes = std::fs::read(path).unwrap();
            std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        }
    }
}

fn kills(count: u64, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("store");
    let named = Some((Bag.name(), Bag.width()));
    drop(FolderWriter::open(&place, named).unwrap());
    let mut draw = Draw(seed);
    let mut known: BTreeMap<u64, Known> = BTreeMap::new();
    let (mut done, mut repaired) = (0, 0);
    while done < count {
        let spoilt = draw.below(3) == 0;
        if spoilt {
            spoil_text(&place, &mut draw);
        }
        // Often two or three in a row, without anybody mending in between, and soon where there is something to mend.
        for _ in 0..=draw.below(3) {
            let most = if spoilt || draw.below(2) == 0 { 60 } else { 400 };
            let (child, after) = (draw.below(1 << 40), Duration::from_millis(1 + draw.below(most)));
            kill_once(&place, child, after, &mut known);
            done += 1;
        }
        let (writer, repair) = FolderWriter::open(&place, named).unwrap();
        repaired += usize::from(!repair.done.is_empty());
        drop(writer);
        let store = FolderStore::open(&place).unwrap();
        let health = store.check().unwrap();
        assert_eq!(health.problems, Vec::<String>::new(), "after {done} kills, {:?}", repair.done);
        for (name, of) in &mut known {
            let words = [format!("sentinel{name}")];
            let hits = store.lexical(&words, &Filter::default(), 100).unwrap();
            let ids: Vec<u64> = hits.iter().map(|h| h.0).collect();
            let texts: Vec<String> = store.chunks(&ids).unwrap().into_iter().map(|c| c.text).collect();
            assert!(texts.len() <= 1, "{name}: {texts:?}");
            let Some(ready) = of.ready else { continue };
            let whole = |version: &u64| texts[0].contains(&format!("version{name}x{version} "));
            assert!(!texts.is_empty(), "{name}: {ready} is lost");
            let is = std::iter::once(ready).chain(of.begun.iter().copied()).find(whole);
            // From here on it is this one.
            *of = Known { ready: Some(is.unwrap_or_else(|| panic!("{name}: {texts:?}"))), begun: Vec::new() };
        }
    }
    let ready = known.values().filter(|k| k.ready.is_some()).count();
    println!("{done} kills, {ready} documents ready, {repaired} times there was something to mend");
    let lists = std::fs::read_dir(&place).unwrap().flatten();
    let texts = lists.filter(|e| e.file_name().to_string_lossy().starts_with("text")).count();
    assert_eq!(texts, 1);
}

#[test]
fn twenty_kills_lose_nothing() {
    kills(20, 7);
}

#[test]
#[ignore = "minutes: cargo test -p ronghe-knowledge five_hundred_kills -- --ignored --nocapture"]
fn five_hundred_kills_lose_nothing() {
    kills(500, 11);
}
