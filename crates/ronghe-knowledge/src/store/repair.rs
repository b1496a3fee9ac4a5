//! What can be read of a damaged database, in a new one.
//!
//! Every row is taken by itself, and only with the right checksum: lists are read from both ends, for a damaged page in the middle ends
//! each of them; documents are asked for by every number that there may be. The damaged file stays beside the new one until the store
//! is compacted.

use super::database::{self, Database};
use super::folder::GENERATION;
use super::rows;
use super::writer::{FolderWriter, NETWORK_LOST, Repair, lock, remove};
use super::{ChunkId, DocumentId, FileState, StoredChunk, StoredDocument, tables};
use crate::chunk::{self, Chunk};
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

/// Name of the copy that is read from.
const COPY: &str = "store.db.copy";
/// Name of the new database until it is whole.
const NEW: &str = "store.db.new";
/// Bytes of a page of the database.
const PAGE: usize = 4096;

/// Mends the store in `folder`: a damaged database is written anew with all that is whole in it, a text index that is damaged or lacks
/// chunks is made anew from the documents, damaged vectors are dropped. Indexing again brings back what was dropped.
pub fn repair(folder: &Path) -> Result<Repair> {
    if !folder.join("vectors").is_dir() && !folder.join(database::FILE).is_file() {
        return Err(Error::Store {
            path: folder.to_owned(),
            expected: "the folder of a store".into(),
            found: "none".into(),
            mend: "make one with `ronghe index PATH --store FOLDER`".into(),
        });
    }
    let lock = lock(folder)?;
    let mut repair = Repair::default();
    let problems = match Database::open(folder, false) {
        Ok(database) => tables::problems(database.connection()),
        Err(error) => vec![error.to_string()],
    };
    if !problems.is_empty() {
        repair.done.extend(problems);
        salvage(folder, &mut repair)?;
    }
    let database = Database::open(folder, true)?;
    let width = database.setting("vector_width")?.and_then(|w| w.parse().ok());
    let network: Option<(String, usize)> = database.setting("network")?.zip(width);
    let lost = database.setting(NETWORK_LOST)?.is_some();
    drop(database);
    let named = network.as_ref().map(|(name, width)| (name.as_str(), *width));
    let (writer, mended) = FolderWriter::open_as(folder, named, None, Some(lock))?;
    if lost {
        // Whoever indexes next names it.
        writer.set(NETWORK_LOST, "1")?;
    }
    repair.done.extend(mended.done);
    Ok(repair)
}

/// What was read of a damaged database.
#[derive(Default)]
struct Found {
    settings: BTreeMap<String, String>,
    files: BTreeMap<String, (FileState, Option<String>)>,
    documents: BTreeMap<DocumentId, (StoredDocument, Vec<StoredChunk>)>,
    segments: Vec<(String, u64)>,
    /// Settings or segments may be missing.
    unsure: bool,
    /// What could not be read, in words.
    lost: Vec<String>,
    /// The largest number of a chunk that was seen.
    last_chunk: ChunkId,
}

fn salvage(folder: &Path, repair: &mut Repair) -> Result<()> {
    for name in [COPY, NEW] {
        clear(folder, name)?;
    }
    if let Ok(database) = Database::open(folder, false) {
        // What is in the log belongs to the file that is read.
        let _ = database.settle_log();
    }
    let found = match copy(folder).and_then(|()| Database::open_damaged(folder, COPY)) {
        Ok(database) => {
            later(folder, &database)?;
            read(&database)
        }
        Err(error) => Found { lost: vec![error.to_string()], unsure: true, ..Found::default() },
    };
    let whole = found.lost.is_empty();
    repair.done.push(format!("{} documents of {} files were kept", found.documents.len(), found.files.len()));
    repair.done.extend(found.lost.iter().map(|lost| format!("lost: {lost}")));
    if !whole {
        repair.done.push("all files are read again at the next index".into());
    }
    write(folder, found)?;
    let (old, aside) = (folder.join(database::FILE), folder.join(format!("{}.damaged", database::FILE)));
    remove(&aside)?;
    if old.exists() {
        std::fs::hard_link(&old, &aside).map_err(Error::io(&aside))?;
    }
    for end in ["-wal", "-shm"] {
        remove(&folder.join(format!("{}{end}", database::FILE)))?;
    }
    std::fs::rename(folder.join(NEW), &old).map_err(Error::io(&old))?;
    File::open(folder).and_then(|f| f.sync_all()).map_err(Error::io(folder))?;
    clear(folder, COPY)
}

/// A store of a later version is not damaged.
fn later(folder: &Path, database: &Database) -> Result<()> {
    let layout = database.setting(tables::LAYOUT).ok().flatten().and_then(|l| l.parse::<i64>().ok());
    match layout {
        Some(layout) if layout > tables::VERSION => Err(Error::Store {
            path: folder.to_owned(),
            expected: format!("a store of version {} or earlier", tables::VERSION),
            found: format!("version {layout}"),
            mend: "use the program that wrote it".into(),
        }),
        _ => Ok(()),
    }
}

fn clear(folder: &Path, name: &str) -> Result<()> {
    ["", "-wal", "-shm", "-journal"].iter().try_for_each(|end| remove(&folder.join(format!("{name}{end}"))))
}

/// Copies the database, with the head that ours all have.
fn copy(folder: &Path) -> Result<()> {
    let (from, to) = (folder.join(database::FILE), folder.join(COPY));
    let bytes = std::fs::copy(&from, &to).map_err(Error::io(&from))?;
    let log = folder.join(format!("{}-wal", database::FILE));
    if log.exists() {
        std::fs::copy(&log, folder.join(format!("{COPY}-wal"))).map_err(Error::io(&log))?;
    }
    if bytes < PAGE as u64 {
        return Ok(());
    }
    let pages = (bytes as usize / PAGE) as u32;
    // Name, size of a page, versions of reading and writing, fractions, a counter; pages; no free ones.
    let mut head = b"SQLite format 3\0\x10\0\x02\x02\0\x40\x20\x20\0\0\0\x01".to_vec();
    head.extend(pages.to_be_bytes());
    head.extend([0; 8]);
    let mut rest = vec![0_u8; 60];
    rest[3] = 1; // Counter of the schema, at 40.
    rest[7] = 4; // Format of the schema, at 44.
    rest[19] = 1; // UTF-8, at 56.
    rest[23] = tables::VERSION as u8; // At 60.
    rest[55] = 1; // The counter again, at 92.
    head.extend(rest);
    let mut file = File::options().write(true).open(&to).map_err(Error::io(&to))?;
    file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(&head)).map_err(Error::io(&to))
}

/// Reads what is whole.
fn read(database: &Database) -> Found {
    let mut found = Found::default();
    let connection = database.connection();
    // Rows of a query, until one cannot be read; whether that happened.
    let every = |sql: &str| -> (Vec<rusqlite::Result<Vec<rusqlite::types::Value>>>, bool) {
        let Ok(mut query) = connection.prepare(sql) else { return (Vec::new(), true) };
        let columns = query.column_count();
        let mut all = Vec::new();
        let Ok(mut open) = query.query([]) else { return (all, true) };
        loop {
            match open.next() {
                Ok(Some(row)) => all.push((0..columns).map(|at| row.get(at)).collect()),
                Ok(None) => return (all, false),
                Err(_) => return (all, true),
            }
        }
    };
    // Both ends of a list.
    let both = |what: &str, order: &str| {
        let (mut all, cut) = every(&format!("{what} ORDER BY {order}"));
        if cut {
            all.extend(every(&format!("{what} ORDER BY {order} DESC")).0);
        }
        (all.into_iter().flatten().collect::<Vec<_>>(), cut)
    };
    use rusqlite::types::Value::{Integer, Text};
    let whole = |table: &str| {
        let columns = tables::SUMMED.iter().find(|(name, ..)| *name == table).map_or(&[][..], |(_, _, c)| c);
        format!("SELECT *, sum IS {} FROM {table}", tables::sum_of(table, columns))
    };
    let (settings, cut) = both(&whole("settings"), "name");
    found.unsure |= cut;
    for row in settings {
        match &row[..] {
            [Text(name), Text(value), _, Integer(1)] => {
                found.settings.insert(name.clone(), value.clone());
            }
            _ => found.unsure = true,
        }
    }
    let (segments, cut) = both(&whole("segments"), "name");
    found.unsure |= cut;
    for row in segments {
        match &row[..] {
            [Text(name), Integer(vectors), _, Integer(1)] => {
                found.segments.push((name.clone(), *vectors as u64));
            }
            _ => found.lost.push("a list of vectors".into()),
        }
    }
    found.segments.sort();
    found.segments.dedup();
    let (files, cut) = both(&whole("files"), "path");
    if cut {
        found.lost.push("a part of the list of files".into());
    }
    for row in files {
        if let [
            Text(path),
            Text(domain),
            Text(hash),
            Integer(bytes),
            Integer(modified),
            failure,
            _,
            Integer(1),
        ] = &row[..]
        {
            let failure = if let Text(why) = failure { Some(why.clone()) } else { None };
            let state = FileState {
                path: path.clone(),
                domain: domain.clone(),
                hash: hash.clone(),
                bytes: *bytes as u64,
                modified: *modified,
            };
            found.files.insert(path.clone(), (state, failure));
        } else {
            found.lost.push("a row of the list of files".into());
        }
    }
    // Documents by every number there may be.
    let mut ids: BTreeSet<i64> = BTreeSet::new();
    for what in
        ["SELECT id FROM documents NOT INDEXED", "SELECT id FROM documents INDEXED BY documents_by_path"]
    {
        let order = if what.contains("NOT") { "id" } else { "path" };
        let (all, cut) = both(what, order);
        if cut {
            found.lost.push("a part of the list of documents".into());
        }
        ids.extend(
            all.into_iter().filter_map(|row| if let [Integer(id)] = row[..] { Some(id) } else { None }),
        );
    }
    let next = found.settings.get(database::NEXT_DOCUMENT).and_then(|n| n.parse::<i64>().ok());
    let most = next.unwrap_or(0).max(ids.last().copied().unwrap_or(0) + 1);
    // A number that was flipped is not taken for millions of documents.
    ids.extend(1..most.min(1 << 24));
    let mut of: BTreeMap<DocumentId, BTreeSet<ChunkId>> = BTreeMap::new();
    let (chunks, cut) = both("SELECT id, document FROM chunks NOT INDEXED", "id");
    if cut {
        found.lost.push("a part of the list of chunks".into());
    }
    for row in chunks {
        if let [Integer(id), Integer(document)] = row[..] {
            of.entry(document as u64).or_default().insert(id as u64);
            found.last_chunk = found.last_chunk.max(id as u64);
        }
    }
    for id in ids.into_iter().map(|id| id as DocumentId) {
        let mut damaged = Vec::new();
        let stored = database.document(id, &mut damaged).ok().flatten();
        found.lost.append(&mut damaged);
        let Some(stored) = stored.filter(|_| database.is_live(id)) else { continue };
        let mut ids = of.remove(&id).unwrap_or_default();
        ids.extend(database.chunks_of(id).unwrap_or_default());
        let ids: Vec<ChunkId> = ids.into_iter().collect();
        let mut chunks = database.chunks(&ids, &mut damaged).unwrap_or_default();
        chunks.retain(|c| c.document == id);
        if database.count_of(id) != Some(chunks.len() as u64) {
            found.lost.push(format!("passages of {}: cut anew from its text", stored.path));
            chunks.clear();
        }
        found.documents.insert(id, (stored, chunks));
    }
    found.lost.sort();
    found.lost.dedup();
    found
}

/// Writes what was read into a new database.
fn write(folder: &Path, mut found: Found) -> Result<()> {
    let database = Database::open_file(folder, NEW, true)?;
    let number = |name: &str| found.settings.get(name).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
    let generation = number(GENERATION) + 1;
    let next_document =
        number(database::NEXT_DOCUMENT).max(found.documents.keys().last().map_or(1, |last| last + 1));
    // Numbers of chunks whose list is lost are passed over: vectors of them may be there.
    let mut next_chunk = number(database::NEXT_CHUNK).max(found.last_chunk + 1);
    if number(database::NEXT_CHUNK) == 0 {
        next_chunk += 1 << 20;
    }
    if !found.lost.is_empty() {
        found.files.values_mut().for_each(|(state, _)| state.hash.clear());
    }
    let known = found.settings.contains_key("network") && found.settings.contains_key("vector_width");
    found.settings.remove(super::folder::TEXT_FOLDER);
    if found.unsure && !known {
        ["network", "vector_width"].iter().for_each(|name| drop(found.settings.remove(*name)));
        found.segments.clear();
        found.settings.insert(NETWORK_LOST.into(), "1".into());
    }
    let wrap = |source| database::failure(folder, source);
    let t = database.connection().unchecked_transaction().map_err(wrap)?;
    let mut work = || -> rusqlite::Result<()> {
        let mut kept: BTreeSet<&str> = BTreeSet::new();
        for (id, (stored, chunks)) in &found.documents {
            let anew: Vec<Chunk>;
            let numbered: Vec<(ChunkId, &Chunk)> = if chunks.is_empty() {
                anew = chunk::cut(&stored.document, &chunk::Options::default());
                let first = next_chunk;
                next_chunk += anew.len() as u64;
                (first..).zip(&anew).collect()
            } else {
                chunks.iter().map(|c| (c.id, &c.chunk)).collect()
            };
            rows::put_document(&t, *id, &stored.path, &stored.document, numbered.len())?;
            for (number, chunk) in numbered {
                rows::put_chunk(&t, number, *id, chunk)?;
            }
            if kept.insert(&stored.path) && !found.files.contains_key(&stored.path) {
                // Of its file only the name is known.
                let state = FileState {
                    path: stored.path.clone(),
                    domain: "recovered".into(),
                    hash: String::new(),
                    bytes: 0,
                    modified: 0,
                };
                rows::put_file(&t, &state, None)?;
            }
        }
        for (path, (state, failure)) in &found.files {
            if failure.is_some() || kept.contains(path.as_str()) {
                rows::put_file(&t, state, failure.as_deref())?;
            }
        }
        found.segments.iter().try_for_each(|(name, vectors)| rows::put_segment(&t, name, *vectors))?;
        found.settings.iter().try_for_each(|(name, value)| rows::set(&t, name, value))?;
        rows::set(&t, GENERATION, &generation.to_string())?;
        rows::set(&t, tables::LAYOUT, &tables::VERSION.to_string())?;
        rows::set(&t, database::NEXT_DOCUMENT, &next_document.to_string())?;
        rows::set(&t, database::NEXT_CHUNK, &next_chunk.to_string())
    };
    work().map_err(wrap)?;
    t.commit().map_err(wrap)?;
    database.settle_log()
}
