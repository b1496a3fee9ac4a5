//! Replaced, touched, compacted, of an earlier version: what is there is found.

use crate::double::{Bag, bring};
use ronghe_knowledge::Embed;
use ronghe_knowledge::retrieve::{Options, search};
use ronghe_knowledge::store::{FolderStore, FolderWriter, Store, check};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

fn folder_with(files: usize) -> (tempfile::TempDir, std::path::PathBuf, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (docs, place) = (folder.path().join("docs"), folder.path().join("store"));
    std::fs::create_dir_all(&docs).unwrap();
    for i in 0..files {
        std::fs::write(docs.join(format!("{i}.txt")), format!("Document number{i} about anchors.")).unwrap();
    }
    (folder, docs, place)
}

#[test]
fn a_file_that_is_replaced_is_found_at_every_moment() {
    let (_folder, docs, place) = folder_with(5);
    bring(&place, &docs, Some(&Bag));
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = |opens: bool| {
            let (place, over) = (&place, &over);
            move || {
                let mut searches = 0;
                let mut store = FolderStore::open(place).unwrap();
                while !over.load(Ordering::Relaxed) {
                    if opens {
                        store = FolderStore::open(place).unwrap();
                    }
                    let hits = search(&store, Some(&Bag), "anchor", &Options::default()).unwrap();
                    let of = |i: usize| hits.iter().any(|h| h.document.path.ends_with(&format!("/{i}.txt")));
                    assert!(
                        (0..5).all(of),
                        "{:?}",
                        hits.iter().map(|h| &h.document.path).collect::<Vec<_>>()
                    );
                    assert_eq!(store.damaged(), Vec::<String>::new());
                    searches += 1;
                }
                searches
            }
        };
        let readers = [scope.spawn(reader(true)), scope.spawn(reader(false))];
        for version in 0..25 {
            for i in 0..5 {
                let text = format!("Document number{i} about anchors, version {version}.");
                std::fs::write(docs.join(format!("{i}.txt")), text).unwrap();
            }
            bring(&place, &docs, Some(&Bag));
        }
        over.store(true, Ordering::Relaxed);
        assert!(readers.into_iter().map(|r| r.join().unwrap()).sum::<usize>() > 0);
    });
    assert_eq!(check(&place).unwrap().problems, Vec::<String>::new());
}

#[test]
fn a_file_that_was_only_touched_stays() {
    let (_folder, docs, place) = folder_with(2);
    bring(&place, &docs, Some(&Bag));
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
    std::fs::File::options().write(true).open(docs.join("1.txt")).unwrap().set_modified(old).unwrap();
    assert_eq!(bring(&place, &docs, Some(&Bag)).unchanged, 2);
    let store = FolderStore::open(&place).unwrap();
    assert_eq!((store.stats().unwrap().documents, check(&place).unwrap().problems.len()), (2, 0));
    assert_eq!(search(&store, Some(&Bag), "number1", &Options::default()).unwrap().len(), 2);
}

fn bytes_in(folder: &Path) -> u64 {
    let of = |e: std::fs::DirEntry| {
        if e.path().is_dir() { bytes_in(&e.path()) } else { e.metadata().unwrap().len() }
    };
    std::fs::read_dir(folder).unwrap().flatten().map(of).sum()
}

#[test]
fn space_of_what_is_gone_comes_back() {
    let (_folder, docs, place) = folder_with(400);
    for i in 0..400 {
        let text: String = (0..200).map(|j| format!("Line {j} of {i} about word{}.\n", i * j)).collect();
        std::fs::write(docs.join(format!("{i}.txt")), text).unwrap();
    }
    bring(&place, &docs, Some(&Bag));
    let full = bytes_in(&place);
    for i in 10..400 {
        std::fs::remove_file(docs.join(format!("{i}.txt"))).unwrap();
    }
    bring(&place, &docs, Some(&Bag));
    let (mut writer, _) = FolderWriter::open(&place, Some((Bag.name(), Bag.width()))).unwrap();
    let (before, after) = writer.compact().unwrap();
    drop(writer);
    assert!(after < before && bytes_in(&place) < full / 10, "{full} {before} {after} {}", bytes_in(&place));
    assert_eq!(check(&place).unwrap().problems, Vec::<String>::new());
    let store = FolderStore::open(&place).unwrap();
    assert_eq!(store.stats().unwrap().documents, 10);
    assert!(!search(&store, Some(&Bag), "word9", &Options::default()).unwrap().is_empty());
}

#[test]
fn a_store_of_the_first_version_is_brought_up_to_date() {
    let (_folder, docs, place) = folder_with(3);
    bring(&place, &docs, Some(&Bag));
    let database = rusqlite::Connection::open(place.join("store.db")).unwrap();
    database
        .execute_batch(
            "PRAGMA foreign_keys = OFF; BEGIN;
             CREATE TABLE s AS SELECT name, value FROM settings WHERE name NOT IN ('layout', 'text_folder');
             CREATE TABLE f AS SELECT path, domain, hash, bytes, modified, failure FROM files;
             CREATE TABLE d AS SELECT id, path, title, date, text, blocks, notes FROM documents;
             CREATE TABLE c AS SELECT id, document, first, last, headings, place, language, hash FROM chunks;
             CREATE TABLE v AS SELECT name, vectors FROM segments;
             DROP TABLE chunks; DROP TABLE documents; DROP TABLE files; DROP TABLE settings; DROP TABLE segments;
             ALTER TABLE s RENAME TO settings; ALTER TABLE f RENAME TO files; ALTER TABLE d RENAME TO documents;
             ALTER TABLE c RENAME TO chunks; ALTER TABLE v RENAME TO segments;
             CREATE INDEX documents_by_path ON documents(path); CREATE INDEX chunks_by_document ON chunks(document);
             PRAGMA user_version = 1; COMMIT;",
        )
        .unwrap();
    drop(database);
    // By meaning at once, by words after the next change.
    let store = FolderStore::open(&place).unwrap();
    assert_eq!(search(&store, Some(&Bag), "number1", &Options::default()).unwrap().len(), 3);
    assert_eq!(bring(&place, &docs, Some(&Bag)).unchanged, 3);
    assert_eq!(search(&store, Some(&Bag), "number1", &Options::default()).unwrap().len(), 3);
    assert_eq!(check(&place).unwrap().problems, Vec::<String>::new());
}

#[test]
fn files_are_read_again_where_they_were_read_in_another_way() {
    let (_folder, docs, place) = folder_with(3);
    assert_eq!(bring(&place, &docs, Some(&Bag)).read, 3);
    assert_eq!(bring(&place, &docs, Some(&Bag)).unchanged, 3);
    let (writer, repair) = FolderWriter::open(&place, Some((Bag.name(), Bag.width()))).unwrap();
    assert_eq!(repair.done, Vec::<String>::new());
    writer.set("reading", "1").unwrap();
    drop(writer);
    let report = bring(&place, &docs, Some(&Bag));
    // Texts that did not change keep their vectors.
    assert_eq!((report.read, report.documents, report.vectors_known), (3, 3, 3));
    assert_eq!(bring(&place, &docs, Some(&Bag)).unchanged, 3);
    assert_eq!(check(&place).unwrap().problems, Vec::<String>::new());
}
