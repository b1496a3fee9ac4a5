//! Files of a store are altered: every alteration is found or harmless, nothing wrong is ever quoted, and all comes back.

use crate::double::{Bag, Draw, bring};
use ronghe_knowledge::Embed;
use ronghe_knowledge::retrieve::{Mode, Options, search};
use ronghe_knowledge::store::{FolderStore, FolderWriter, Store, check, repair};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Files that are indexed.
const FILES: usize = 24;

fn text(i: usize) -> String {
    let more = "Some more words about it, so that the text fills a page of the database. ".repeat(i % 5 * 8);
    format!("Sentinel{i} stands here.\n第{i}篇文章说的是天气。\n{more}")
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() { all.extend(files_of(&entry.path())) } else { all.push(entry.path()) }
    }
    all.sort();
    all
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for path in files_of(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(path, target).unwrap();
    }
}

/// Files that are found, by words and by meaning; nothing found may be of other bytes than were written.
fn found(store: &FolderStore, mode: Mode) -> usize {
    let one = |i: &usize| {
        let options = Options { mode, most: 5000, ..Options::default() };
        let Ok(hits) = search(store, Some(&Bag), &format!("sentinel{i}"), &options) else { return false };
        for hit in &hits {
            let path = hit.document.path.as_str();
            let of: usize = path.rsplit_once('/').unwrap().1.trim_end_matches(".txt").parse().unwrap();
            let written = hit.chunk.text.lines().all(|line| text(of).contains(line.trim()));
            assert!(written, "{path}: {}", hit.chunk.text);
        }
        hits.iter().any(|h| h.chunk.text.contains(&format!("Sentinel{i} ")))
    };
    (0..FILES).filter(one).count()
}

/// Alters each file of a store as often as there are `times`: 0 is to delete it, 1 to empty it, the others are drawn.
fn alter(times: Range<usize>, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let (docs, whole, place) =
        (folder.path().join("docs"), folder.path().join("whole"), folder.path().join("store"));
    std::fs::create_dir_all(&docs).unwrap();
    for i in 0..FILES {
        std::fs::write(docs.join(format!("{i}.txt")), text(i)).unwrap();
        if i % 8 == 7 {
            bring(&whole, &docs, Some(&Bag));
        }
    }
    // With terms and vectors of what is gone.
    std::fs::write(docs.join("0.txt"), "Sentinel0 in another version.").unwrap();
    bring(&whole, &docs, Some(&Bag));
    std::fs::write(docs.join("0.txt"), text(0)).unwrap();
    bring(&whole, &docs, Some(&Bag));
    let store = FolderStore::open(&whole).unwrap();
    let expected = [Mode::Words, Mode::Meaning].map(|mode| (mode, found(&store, mode)));
    drop(store);
    assert_eq!(expected[0].1, FILES);
    let mut draw = Draw(seed);
    let (mut noticed, mut harmless) = (0, 0);
    for file in files_of(&whole) {
        let name = file.strip_prefix(&whole).unwrap();
        let bytes = std::fs::read(&file).unwrap();
        for time in times.clone() {
            let _ = std::fs::remove_dir_all(&place);
            copied(&whole, &place);
            let target = place.join(name);
            let at = draw.below(bytes.len().max(1) as u64) as usize;
            let what = match (time, draw.below(8)) {
                (0, _) => {
                    std::fs::remove_file(&target).unwrap();
                    "deleted".to_owned()
                }
                (1, _) => {
                    std::fs::write(&target, "").unwrap();
                    "emptied".to_owned()
                }
                (_, 0) => {
                    std::fs::write(&target, &bytes[..at]).unwrap();
                    format!("cut off at {at}")
                }
                (_, 1) => {
                    let mut other = bytes.clone();
                    let end = (at + 512).min(bytes.len());
                    other[at..end].fill(0);
                    std::fs::write(&target, &other).unwrap();
                    format!("zeros from {at}")
                }
                _ if bytes.is_empty() => continue,
                _ => {
                    let bit = draw.below(8);
                    let mut other = bytes.clone();
                    other[at] ^= 1 << bit;
                    std::fs::write(&target, &other).unwrap();
                    format!("bit {bit} of byte {at}")
                }
            };
            let what = format!("{}: {what}", name.display());
            // Whoever searches meanwhile is told nothing wrong.
            if let Ok(store) = FolderStore::open(&place) {
                found(&store, Mode::Fused);
            }
            let health = check(&place).unwrap();
            if health.problems.is_empty() {
                harmless += 1;
            } else {
                noticed += 1;
                assert!(!health.mend.is_empty());
                let done = repair(&place).unwrap_or_else(|e| panic!("{what}: {e}"));
                bring(&place, &docs, Some(&Bag));
                let after = check(&place).unwrap();
                assert_eq!(after.problems, Vec::<String>::new(), "{what}: {:?}", done.done);
            }
            let store = FolderStore::open(&place).unwrap();
            for (mode, all) in expected {
                assert!(found(&store, mode) >= all, "{what}, {mode:?}: {:?}", health.problems);
            }
            drop(store);
            // And it can be written.
            FolderWriter::open(&place, Some((Bag.name(), Bag.width())))
                .unwrap_or_else(|e| panic!("{what}: {e}"));
        }
    }
    println!("{noticed} alterations were found, {harmless} were harmless");
    assert!(noticed > harmless / 4);
}

#[test]
fn alterations_are_found_or_harmless() {
    alter(3..4, 3);
}

#[test]
#[ignore = "minutes: cargo test -p ronghe-knowledge three_hundred_alterations -- --ignored --nocapture"]
fn three_hundred_alterations_of_each_file() {
    alter(0..300, 5);
}

#[test]
fn a_text_that_was_altered_is_said_and_not_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, place) = (folder.path().join("docs"), folder.path().join("store"));
    std::fs::create_dir_all(&docs).unwrap();
    std::fs::write(docs.join("a.txt"), "The lease ends after nine months.").unwrap();
    std::fs::write(docs.join("b.txt"), "The lease may be renewed once.").unwrap();
    bring(&place, &docs, None);
    let database = rusqlite::Connection::open(place.join("store.db")).unwrap();
    database.execute("UPDATE documents SET text = replace(text, 'nine', 'four')", []).unwrap();
    drop(database);
    let store = FolderStore::open(&place).unwrap();
    let hits = search(&store, None, "lease", &Options::default()).unwrap();
    assert_eq!(hits.len(), 1);
    assert!(hits[0].chunk.text.contains("renewed"));
    assert!(store.damaged().iter().any(|what| what.contains("other bytes than were written")));
    let health = check(&place).unwrap();
    assert!(health.problems.iter().any(|p| p.contains("a.txt")), "{:?}", health.problems);
    drop(store);
    let done = repair(&place).unwrap().done;
    assert!(done.iter().any(|line| line.contains("lost") && line.contains("a.txt")), "{done:?}");
    bring(&place, &docs, None);
    let store = FolderStore::open(&place).unwrap();
    assert_eq!(search(&store, None, "lease", &Options::default()).unwrap().len(), 2);
    assert_eq!(check(&place).unwrap().problems, Vec::<String>::new());
}

#[test]
fn without_a_text_index_search_by_meaning_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, place) = (folder.path().join("docs"), folder.path().join("store"));
    std::fs::create_dir_all(&docs).unwrap();
    std::fs::write(docs.join("a.txt"), "The lease ends after nine months.").unwrap();
    bring(&place, &docs, Some(&Bag));
    let terms = files_of(&place).into_iter().find(|p| p.extension().is_some_and(|e| e == "term")).unwrap();
    let mut bytes = std::fs::read(&terms).unwrap();
    bytes[3] ^= 64;
    std::fs::write(&terms, bytes).unwrap();
    let store = FolderStore::open(&place).unwrap();
    assert_eq!(search(&store, Some(&Bag), "lease", &Options::default()).unwrap().len(), 1);
    assert!(store.damaged()[0].contains("text index"), "{:?}", store.damaged());
    // The next writer mends it without being asked.
    let (_, mended) = FolderWriter::open(&place, Some((Bag.name(), Bag.width()))).unwrap();
    assert!(mended.done[0].contains("made anew from the documents"), "{mended:?}");
    store.refresh().unwrap();
    assert_eq!(store.lexical(&["leas".into()], &Default::default(), 3).unwrap().len(), 1);
}
