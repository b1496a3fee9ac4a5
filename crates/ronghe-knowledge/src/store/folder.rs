//! A store in one folder.
//!
//! ```text
//! FOLDER/store.db   documents, chunks, settings (SQLite)      FOLDER/text/      the text index (tantivy)
//! FOLDER/vectors/   segments                                  FOLDER/lock       held by the program that writes
//! ```

use super::database::Database;
use super::directory::{Admitted, Directory};
use super::segment::{self, Segment};
use super::text_index::{TextIndex, TextWriter};
use super::{Change, ChunkId, DocumentId, FileState, Filter, Stats, Store, StoredChunk, StoredDocument};
use crate::{Error, Result, terms};
use rayon::prelude::*;
use ronghe_vector::{dot, top_k};
use std::collections::{BTreeMap, HashMap};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// From so many segments on the small ones are joined.
const MOST_SEGMENTS: usize = 12;
/// Vectors of a segment that is not joined any more.
const LARGE_SEGMENT: usize = 1 << 16;
/// Places scored again in 32 bits for each one asked for.
const RESCORED: usize = 4;

/// A store in one folder, open for reading.
pub struct FolderStore {
    folder: PathBuf,
    database: Mutex<Database>,
    text: Option<TextIndex>,
    network: Option<(String, usize)>,
    now: RwLock<Arc<Now>>,
}

/// What was there when it was last looked at.
#[derive(Default)]
struct Now {
    generation: u64,
    directory: Directory,
    segments: Vec<Segment>,
    /// Segments that could not be opened, and why.
    damaged: Vec<(String, String)>,
    /// Every chunk.
    all: Option<Admitted>,
}

/// What `check` found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// What is wrong, in words; nothing, if all is well.
    pub problems: Vec<String>,
    /// What was looked at, in words.
    pub checked: Vec<String>,
}

/// What was mended when a store was opened for writing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repair {
    /// What was done, in words.
    pub done: Vec<String>,
}

/// A store in one folder, open for writing.
pub struct FolderWriter {
    store: FolderStore,
    text: TextWriter,
    /// Held until this goes.
    _lock: File,
}

fn guard<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FolderStore {
    /// Opens the store in `folder` for reading.
    pub fn open(folder: &Path) -> Result<FolderStore> {
        if !folder.join("store.db").is_file() {
            return Err(Error::Store {
                path: folder.to_owned(),
                expected: "the folder of a store".into(),
                found: if folder.exists() { "a folder without one" } else { "no such folder" }.into(),
                mend: "make one with `ronghe index PATH --store FOLDER`".into(),
            });
        }
        FolderStore::with(
            folder,
            Database::open(folder, false)?,
            TextIndex::open(&folder.join("text"), false).ok(),
        )
    }

    fn with(folder: &Path, database: Database, text: Option<TextIndex>) -> Result<FolderStore> {
        let width = database.setting("vector_width")?.and_then(|w| w.parse().ok());
        let network = database.setting("network")?.zip(width);
        let store = FolderStore {
            folder: folder.to_owned(),
            database: Mutex::new(database),
            text,
            network,
            now: RwLock::new(Arc::new(Now::default())),
        };
        store.look(true)?;
        Ok(store)
    }

    /// Sees what was written since it was opened.
    pub fn refresh(&self) -> Result<()> {
        self.look(false)
    }

    fn look(&self, anyway: bool) -> Result<()> {
        let database = guard(&self.database);
        let generation = database.setting("generation")?.and_then(|g| g.parse().ok()).unwrap_or(0);
        let before = self.now();
        if !anyway && before.generation == generation {
            return Ok(());
        }
        let mut now = Now { generation, directory: Directory::load(&database)?, ..Now::default() };
        if let Some((_, width)) = self.network {
            for (name, _) in database.segments()? {
                match Segment::open(&self.folder.join("vectors"), &name, width) {
                    Ok(segment) => now.segments.push(segment),
                    Err(error) => now.damaged.push((name, error.to_string())),
                }
            }
        }
        if let Some(text) = &self.text {
            text.reload()?;
        }
        now.all = Some(now.directory.admitted(&Filter::default())?);
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(now);
        Ok(())
    }

    fn now(&self) -> Arc<Now> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn text(&self) -> Result<&TextIndex> {
        self.text.as_ref().ok_or_else(|| Error::Store {
            path: self.folder.clone(),
            expected: "a whole text index".into(),
            found: "a damaged one, or none".into(),
            mend: "index again: it is made anew from the documents in the store".into(),
        })
    }

    /// Files that were looked at, with what they were.
    pub fn files(&self) -> Result<Vec<FileState>> {
        guard(&self.database).files()
    }

    /// Segments that could not be opened: their chunks have no vectors until they are indexed again.
    pub fn damaged(&self) -> Vec<(String, String)> {
        self.now().damaged.clone()
    }

    /// Chunks without a vector, though the store has a network.
    pub fn without_vector(&self) -> Result<Vec<ChunkId>> {
        let now = self.now();
        if self.network.is_none() {
            return Ok(Vec::new());
        }
        let mut known: Vec<ChunkId> = now.segments.iter().flat_map(Segment::chunks).copied().collect();
        known.sort_unstable();
        let all = guard(&self.database).chunk_rows()?;
        Ok(all.into_iter().map(|c| c.id).filter(|id| known.binary_search(id).is_err()).collect())
    }

    /// Looks at everything: checksums of vectors, the text index beside the database, places of chunks in their documents.
    pub fn check(&self) -> Result<Health> {
        self.look(true)?;
        let now = self.now();
        let mut health = Health::default();
        health.problems.extend(now.damaged.iter().map(|(name, why)| format!("vectors {name}: {why}")));
        let vectors: usize = now.segments.iter().map(Segment::len).sum();
        health.checked.push(format!("{} segments, {vectors} vectors", now.segments.len()));
        let missing = self.without_vector()?.len();
        if missing > 0 {
            health.problems.push(format!("{missing} chunks have no vector: index again"));
        }
        let mut chunks = 0;
        for id in now.directory.documents(&Filter::default())? {
            let Some(stored) = self.document(id)? else { continue };
            let ids = now.directory.chunks_of(id);
            for chunk in guard(&self.database).chunks(&ids)? {
                chunks += 1;
                let span = chunk.chunk.span.start..chunk.chunk.span.end;
                if stored.document.text.get(span) != Some(chunk.text.as_str()) {
                    health
                        .problems
                        .push(format!("{}: chunk {} is not in its document", stored.path, chunk.id));
                }
            }
        }
        health.checked.push(format!("{chunks} chunks in their documents"));
        match self.text() {
            Err(error) => health.problems.push(error.to_string()),
            Ok(text) => {
                let generation = text.generation()?;
                if generation < now.generation {
                    health.problems.push(format!(
                        "the text index is of change {generation}, the documents of {}: index again",
                        now.generation
                    ));
                }
                health.checked.push(format!("text index of change {generation}"));
            }
        }
        Ok(health)
    }
}

impl Store for FolderStore {
    fn network(&self) -> Option<&str> {
        self.network.as_ref().map(|(name, _)| name.as_str())
    }

    fn document(&self, id: DocumentId) -> Result<Option<StoredDocument>> {
        guard(&self.database).document(id)
    }

    fn chunks(&self, ids: &[ChunkId]) -> Result<Vec<StoredChunk>> {
        guard(&self.database).chunks(ids)
    }

    fn documents(&self, filter: &Filter) -> Result<Vec<DocumentId>> {
        self.now().directory.documents(filter)
    }

    fn chunks_of(&self, id: DocumentId) -> Result<Vec<ChunkId>> {
        Ok(self.now().directory.chunks_of(id))
    }

    fn lexical(&self, terms: &[String], filter: &Filter, most: usize) -> Result<Vec<(ChunkId, f32)>> {
        let admitted = admitted(&self.now(), filter)?;
        self.text()?.search(terms, most, move |chunk| admitted.has(chunk))
    }

    fn dense(&self, query: &[f32], filter: &Filter, most: usize) -> Result<Vec<(ChunkId, f32)>> {
        let now = self.now();
        let admitted = admitted(&now, filter)?;
        let mut found: Vec<(ChunkId, f32)> = Vec::new();
        for segment in &now.segments {
            let near = segment.scan(query, most * RESCORED, &|chunk| admitted.has(chunk));
            let places: Vec<usize> = near.into_iter().map(|(at, _)| at as usize).collect();
            let wide = segment.wide(&places)?;
            let scores = wide.chunks_exact(query.len().max(1)).map(|vector| dot(vector, query));
            found.extend(places.iter().map(|&at| segment.chunks()[at]).zip(scores));
        }
        Ok(top_k(found, most))
    }

    fn frequency(&self, term: &str) -> Result<(u64, u64)> {
        self.text()?.frequency(term)
    }

    fn vectors(&self, ids: &[ChunkId]) -> Result<Vec<f32>> {
        let width = self.network.as_ref().map_or(0, |(_, width)| *width);
        let mut vectors = vec![0.0; ids.len() * width];
        for segment in &self.now().segments {
            let known =
                |(i, id): (usize, &ChunkId)| segment.chunks().binary_search(id).ok().map(|at| (i, at));
            let (asked, places): (Vec<usize>, Vec<usize>) = ids.iter().enumerate().filter_map(known).unzip();
            for (i, row) in asked.into_iter().zip(segment.wide(&places)?.chunks_exact(width.max(1))) {
                vectors[i * width..][..width].copy_from_slice(row);
            }
        }
        Ok(vectors)
    }

    fn stats(&self) -> Result<Stats> {
        let vectors = self.now().segments.iter().map(|s| s.len() as u64).sum();
        Ok(Stats { vectors, ..guard(&self.database).stats()? })
    }

    fn setting(&self, name: &str) -> Result<Option<String>> {
        guard(&self.database).setting(name)
    }
}

fn admitted(now: &Now, filter: &Filter) -> Result<Admitted> {
    match (&now.all, filter.is_open()) {
        (Some(all), true) => Ok(all.clone()),
        _ => now.directory.admitted(filter),
    }
}

impl FolderWriter {
    /// Opens the store in `folder` for writing; it is made where there is none, with vectors of `network` (name and width).
    /// What an interrupted write left is cleared, what is damaged is set aside or made anew.
    pub fn open(folder: &Path, network: Option<(&str, usize)>) -> Result<(FolderWriter, Repair)> {
        FolderWriter::open_as(folder, network, None)
    }

    /// Opens a store for writing with vectors of another network, or none: those that it has are forgotten, with the settings called
    /// `fitted`. Chunks have no vectors until [`crate::index::complete`] has computed them; meanwhile they are found by words.
    pub fn migrate(
        folder: &Path,
        network: Option<(&str, usize)>,
        fitted: &[&str],
    ) -> Result<(FolderWriter, Repair)> {
        // A folder without a store is not to become one.
        FolderStore::open(folder)?;
        FolderWriter::open_as(folder, network, Some(fitted))
    }

    fn open_as(
        folder: &Path,
        network: Option<(&str, usize)>,
        change: Option<&[&str]>,
    ) -> Result<(FolderWriter, Repair)> {
        let vectors = folder.join("vectors");
        std::fs::create_dir_all(&vectors).map_err(Error::io(&vectors))?;
        let path = folder.join("lock");
        let lock = File::create(&path).map_err(Error::io(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Store {
                    path: folder.to_owned(),
                    expected: "one program that writes".into(),
                    found: "another that is writing".into(),
                    mend: "wait until it is done; searching goes on beside it".into(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(Error::Io { path, source }),
        }
        let database = Database::open(folder, true)?;
        if let Some(fitted) = change.filter(|_| {
            let kept = database.setting("network").ok().flatten();
            kept.as_deref() != network.map(|(name, _)| name)
        }) {
            database.change_network(network, fitted)?;
        }
        settle_network(folder, &database, network)?;
        let mut repair = Repair::default();
        let generation: u64 = database.setting("generation")?.and_then(|g| g.parse().ok()).unwrap_or(0);
        let (text, anew) = text_index(folder, generation, &mut repair)?;
        let store = FolderStore::with(folder, database, Some(text))?;
        let writer = store.text()?.writer()?;
        let mut writer = FolderWriter { store, text: writer, _lock: lock };
        writer.clear_segments(&mut repair)?;
        if anew {
            writer.write_text_anew(generation)?;
        } else if writer.store.text()?.generation()? > generation {
            writer.clear_orphans(generation)?;
            repair.done.push("what an interrupted write left was cleared".into());
        }
        writer.store.look(true)?;
        Ok((writer, repair))
    }

    /// The store, to be read.
    pub fn store(&self) -> &FolderStore {
        &self.store
    }

    /// Keeps a value under a name.
    pub fn set(&self, name: &str, value: &str) -> Result<()> {
        guard(&self.store.database).set(name, value)
    }

    /// Makes changes: all of them, or none. Once this returns they are on the disk.
    pub fn apply(&mut self, changes: &[Change]) -> Result<()> {
        let prepared =
            || changes.iter().flat_map(|c| if let Change::Put(_, all) = c { &all[..] } else { &[] });
        let count = prepared().map(|p| p.chunks.len() as u64).sum();
        let first = guard(&self.store.database).reserve(prepared().count() as u64, count)?;
        let generation = self.store.now().generation + 1;

        let name = format!("{:012}.vec", first.1);
        let width = self.store.network.as_ref().map_or(0, |(_, width)| *width);
        let vectors: Vec<f32> = prepared().flat_map(|p| p.vectors.iter().copied()).collect();
        if vectors.len() != count as usize * width {
            return Err(Error::Input {
                what: "vectors of chunks".into(),
                expected: format!("{count} of {width} numbers"),
                found: format!("{} numbers", vectors.len()),
            });
        }
        let segment = (count > 0 && width > 0).then_some((name.as_str(), count));
        if segment.is_some() {
            let ids: Vec<ChunkId> = (first.1..first.1 + count).collect();
            segment::write(&self.store.folder.join("vectors"), &name, &ids, &vectors, width)?;
        }

        let mut entries = Vec::with_capacity(count as usize);
        let mut chunk = first.1;
        for (document, p) in (first.0..).zip(prepared()) {
            for c in &p.chunks {
                entries.push((chunk, document, c.searched(&p.document.text)));
                chunk += 1;
            }
        }
        let gone = guard(&self.store.database).gone()?;
        gone.iter().for_each(|&document| self.text.remove(document));
        self.add_text(&entries)?;
        self.text.commit(generation)?;
        let mut database = guard(&self.store.database);
        database.apply(changes, first, segment, generation)?;
        database.cleared(&gone)?;
        drop(database);
        self.store.look(true)?;
        self.join_segments()
    }

    /// Writes vectors of chunks that had none.
    pub fn add_vectors(&mut self, chunks: &[ChunkId], vectors: &[f32]) -> Result<()> {
        let Some((_, width)) = self.store.network else { return Ok(()) };
        let (Some(first), true) = (chunks.first(), chunks.is_sorted()) else { return Ok(()) };
        let name = format!("{first:012}-again-{}.vec", self.store.now().generation);
        segment::write(&self.store.folder.join("vectors"), &name, chunks, vectors, width)?;
        guard(&self.store.database).replace_segments(&[], Some((&name, chunks.len() as u64)))?;
        self.store.look(true)
    }

    /// Adds texts under their chunks' and documents' numbers.
    fn add_text(&self, entries: &[(ChunkId, DocumentId, String)]) -> Result<()> {
        let joined: Vec<String> = entries.par_iter().map(|(_, _, text)| searched_terms(text)).collect();
        for ((chunk, document, _), terms) in entries.iter().zip(&joined) {
            self.text.add(*chunk, *document, terms)?;
        }
        Ok(())
    }

    /// Fills an empty text index from the documents.
    fn write_text_anew(&mut self, generation: u64) -> Result<()> {
        let now = self.store.now();
        for id in now.directory.documents(&Filter::default())? {
            let Some(stored) = self.store.document(id)? else { continue };
            let chunks = self.store.chunks(&now.directory.chunks_of(id))?;
            let entry = |c: &StoredChunk| (c.id, id, c.chunk.searched(&stored.document.text));
            self.add_text(&chunks.iter().map(entry).collect::<Vec<_>>())?;
        }
        self.text.commit(generation)
    }

    /// Takes away what the text index has of documents that were never there.
    fn clear_orphans(&mut self, generation: u64) -> Result<()> {
        let (next, _) = guard(&self.store.database).reserve(0, 0)?;
        let all = self.store.documents(&Filter::default())?;
        let last = all.last().copied().unwrap_or(0);
        (last + 1..next).for_each(|document| self.text.remove(document));
        self.text.commit(generation)
    }

    /// Sets damaged segments aside, and deletes files that no change lists.
    fn clear_segments(&mut self, repair: &mut Repair) -> Result<()> {
        let folder = self.store.folder.join("vectors");
        let damaged = self.store.damaged();
        for (name, why) in &damaged {
            let from = folder.join(name);
            if from.exists() {
                std::fs::rename(&from, folder.join(format!("{name}.damaged"))).map_err(Error::io(&from))?;
            }
            repair.done.push(format!("vectors {name} were set aside: {why}"));
        }
        let names: Vec<String> = damaged.into_iter().map(|(name, _)| name).collect();
        guard(&self.store.database).replace_segments(&names, None)?;
        let listed: BTreeMap<String, u64> = guard(&self.store.database).segments()?.into_iter().collect();
        for entry in std::fs::read_dir(&folder).map_err(Error::io(&folder))? {
            let entry = entry.map_err(Error::io(&folder))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !listed.contains_key(&name) && !name.ends_with(".damaged") {
                std::fs::remove_file(entry.path()).map_err(Error::io(entry.path()))?;
            }
        }
        Ok(())
    }

    /// Joins small segments once there are many, without the vectors of chunks that are gone.
    fn join_segments(&mut self) -> Result<()> {
        let now = self.store.now();
        if now.segments.len() <= MOST_SEGMENTS {
            return Ok(());
        }
        let Some((_, width)) = self.store.network else { return Ok(()) };
        let small: Vec<&Segment> = now.segments.iter().filter(|s| s.len() < LARGE_SEGMENT).collect();
        let all = admitted(&now, &Filter::default())?;
        let mut rows: Vec<(ChunkId, Vec<f32>)> = Vec::new();
        for segment in &small {
            let places: Vec<usize> = (0..segment.len()).filter(|&at| all.has(segment.chunks()[at])).collect();
            let wide = segment.wide(&places)?;
            rows.extend(
                places
                    .iter()
                    .map(|&at| segment.chunks()[at])
                    .zip(wide.chunks_exact(width).map(<[f32]>::to_vec)),
            );
        }
        rows.sort_by_key(|(chunk, _)| *chunk);
        rows.dedup_by_key(|(chunk, _)| *chunk);
        let old: Vec<String> = small.iter().map(|s| s.name.clone()).collect();
        let folder = self.store.folder.join("vectors");
        let name = format!("{:012}-{}.vec", rows.first().map_or(0, |(chunk, _)| *chunk), now.generation);
        let ids: Vec<ChunkId> = rows.iter().map(|(chunk, _)| *chunk).collect();
        let vectors: Vec<f32> = rows.into_iter().flat_map(|(_, v)| v).collect();
        let new = (!ids.is_empty()).then_some((name.as_str(), ids.len() as u64));
        if new.is_some() {
            segment::write(&folder, &name, &ids, &vectors, width)?;
        }
        guard(&self.store.database).replace_segments(&old, new)?;
        for name in old {
            std::fs::remove_file(folder.join(&name)).map_err(Error::io(folder.join(&name)))?;
        }
        self.store.look(true)
    }

    /// Vectors known of equal chunks, by their hashes, so that a document that was changed in one place needs few new ones.
    pub fn known_vectors(&self, path: &str) -> Result<HashMap<String, Vec<f32>>> {
        let Some((_, width)) = self.store.network else { return Ok(HashMap::new()) };
        let filter = Filter { paths: vec![path.to_owned()], ..Filter::default() };
        let mut known = HashMap::new();
        for id in self.store.documents(&filter)? {
            let ids = self.store.chunks_of(id)?;
            let chunks = self.store.chunks(&ids)?;
            let vectors = self.store.vectors(&ids)?;
            for (chunk, vector) in chunks.into_iter().zip(vectors.chunks_exact(width.max(1))) {
                if vector.iter().any(|v| *v != 0.0) {
                    known.insert(chunk.chunk.hash, vector.to_vec());
                }
            }
        }
        Ok(known)
    }
}

/// What the text index is given of a text.
fn searched_terms(text: &str) -> String {
    let mut joined = String::with_capacity(text.len() + text.len() / 2);
    for term in terms(text) {
        joined.push_str(&term.text);
        joined.push(' ');
    }
    joined
}

/// A store keeps the network that it was made with.
fn settle_network(folder: &Path, database: &Database, network: Option<(&str, usize)>) -> Result<()> {
    let made = database.setting("generation")?.is_some();
    let kept = database.setting("network")?;
    let asked = network.map(|(name, _)| name.to_owned());
    if made && kept != asked {
        let name = |n: Option<String>| n.unwrap_or_else(|| "none".into());
        return Err(Error::Store {
            path: folder.to_owned(),
            expected: format!("vectors of the network that it was made with: {}", name(kept)),
            found: name(asked),
            mend: "ask for that one, or change it with `ronghe store migrate`".into(),
        });
    }
    if let (Some((name, width)), false) = (network, made) {
        database.set("network", name)?;
        database.set("vector_width", &width.to_string())?;
    }
    if !made {
        database.set("generation", "0")?;
    }
    Ok(())
}

/// Opens the text index; one that is damaged or of an earlier change is made anew, empty, which is said.
fn text_index(folder: &Path, generation: u64, repair: &mut Repair) -> Result<(TextIndex, bool)> {
    let path = folder.join("text");
    let opened = TextIndex::open(&path, true).and_then(|text| Ok((text.generation()?, text)));
    match opened {
        Ok((found, text)) if found >= generation => Ok((text, false)),
        _ => {
            if path.exists() {
                std::fs::remove_dir_all(&path).map_err(Error::io(&path))?;
            }
            repair.done.push("the text index was made anew".into());
            Ok((TextIndex::open(&path, true)?, true))
        }
    }
}
