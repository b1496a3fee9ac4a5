//! A store in one folder, read.
//!
//! ```text
//! FOLDER/store.db   documents, chunks, settings (SQLite)      FOLDER/text-N/    the text index (tantivy)
//! FOLDER/vectors/   segments                                  FOLDER/lock       held by the program that writes
//! ```
//! What is searched is a snapshot: lists of the database at one moment, with segments and a text index that hold all that these list. It
//! is taken anew when a search begins and something was written since.

use super::database::{self, Database};
use super::directory::{Admitted, Directory};
use super::segment::Segment;
use super::text_index::{TextIndex, Words};
use super::{ChunkId, DocumentId, FileState, Filter, Stats, Store, StoredChunk, StoredDocument};
use crate::{Error, Result};
use ronghe_vector::{dot, top_k};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// Places scored again in 32 bits for each one asked for.
const RESCORED: usize = 4;
/// A snapshot is taken again so often where another program writes meanwhile.
const TRIES: usize = 50;
/// Name of the setting that holds which folder the text index is in.
pub(super) const TEXT_FOLDER: &str = "text_folder";
/// Name of the setting that counts changes.
pub(super) const GENERATION: &str = "generation";

/// A store in one folder, open for reading.
pub struct FolderStore {
    pub(super) folder: PathBuf,
    pub(super) database: Mutex<Database>,
    pub(super) text: Mutex<Option<TextIndex>>,
    pub(super) network: Option<(String, usize)>,
    now: RwLock<Arc<Now>>,
    /// What was found damaged while it was read.
    met: Mutex<BTreeSet<String>>,
}

/// What was there when it was last looked at.
#[derive(Default)]
pub(super) struct Now {
    pub(super) generation: u64,
    pub(super) directory: Directory,
    pub(super) segments: Vec<Arc<Segment>>,
    /// Segments that could not be opened, and why.
    pub(super) damaged: Vec<(String, String)>,
    /// The text index, or what is wrong with it.
    pub(super) words: Option<std::result::Result<Words, String>>,
    /// Every chunk.
    all: Option<Admitted>,
    version: i64,
}

/// Whether to look again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Where another program wrote.
    IfChanged,
    /// In any case.
    Again,
    /// And read every file again.
    Afresh,
}

pub(super) fn guard<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a name is that of a folder of a text index.
pub(super) fn is_text_folder(name: &str) -> bool {
    name.strip_prefix("text-").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

impl FolderStore {
    /// Opens the store in `folder` for reading.
    pub fn open(folder: &Path) -> Result<FolderStore> {
        if !folder.join(database::FILE).is_file() {
            let whole = folder.join("vectors").is_dir();
            return Err(Error::Store {
                path: folder.to_owned(),
                expected: "the folder of a store".into(),
                found: match (whole, folder.exists()) {
                    (true, _) => "one whose store.db is gone",
                    (_, true) => "a folder without one",
                    _ => "no such folder",
                }
                .into(),
                mend: "make one with `ronghe index PATH --store FOLDER`".into(),
            });
        }
        FolderStore::with(folder, Database::open(folder, false)?, None)
    }

    pub(super) fn with(folder: &Path, database: Database, text: Option<TextIndex>) -> Result<FolderStore> {
        let width = database.setting("vector_width")?.and_then(|w| w.parse().ok());
        let network = database.setting("network")?.zip(width);
        let store = FolderStore {
            folder: folder.to_owned(),
            database: Mutex::new(database),
            text: Mutex::new(text),
            network,
            now: RwLock::default(),
            met: Mutex::default(),
        };
        store.look(Look::Again)?;
        Ok(store)
    }

    /// Sees what was written since it was opened.
    pub fn refresh(&self) -> Result<()> {
        self.look(Look::IfChanged)
    }

    pub(super) fn look(&self, look: Look) -> Result<()> {
        let database = guard(&self.database);
        let before = self.now();
        let mut tries = 0;
        let now = loop {
            let version = database.version()?;
            if version == before.version && look == Look::IfChanged {
                return Ok(());
            }
            let (mut now, segments, text) = database.at_once(|database| {
                let generation = database.setting(GENERATION)?.and_then(|g| g.parse().ok()).unwrap_or(0);
                let directory = Directory::load(database)?;
                let now = Now { generation, directory, version, ..Now::default() };
                Ok((now, database.segments()?, database.setting(TEXT_FOLDER)?))
            })?;
            self.open_segments(&mut now, &before, &segments, look);
            let words = self.words(text.as_deref(), look);
            // Terms of what this snapshot lists may have gone already from a text index that is later by two changes.
            let late = words.as_ref().is_ok_and(|words| words.generation > now.generation + 1);
            let torn = late || words.is_err() || !now.damaged.is_empty();
            now.words = Some(words.map_err(|error| error.to_string()));
            tries += 1;
            if !torn || tries == TRIES || database.version()? == version {
                break now;
            }
        };
        drop(database);
        let all = Some(now.directory.admitted(&Filter::default())?);
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Now { all, ..now });
        Ok(())
    }

    /// Opens the segments listed; those that were open stay so.
    fn open_segments(&self, now: &mut Now, before: &Now, listed: &[(String, u64)], look: Look) {
        let Some((_, width)) = self.network else { return };
        for (name, vectors) in listed {
            let open = before.segments.iter().find(|s| s.name == *name && look != Look::Afresh);
            let segment = match open {
                Some(segment) => Ok(segment.clone()),
                None => Segment::open(&self.folder.join("vectors"), name, width).map(Arc::new),
            };
            match segment {
                Ok(segment) if segment.len() as u64 == *vectors => now.segments.push(segment),
                Ok(segment) => {
                    let why = format!("expected {vectors} vectors, found {}", segment.len());
                    now.damaged.push((name.clone(), why));
                }
                Err(error) => now.damaged.push((name.clone(), error.to_string())),
            }
        }
    }

    /// The text index as it is, opened where it is another than before.
    fn words(&self, named: Option<&str>, look: Look) -> Result<Words> {
        let named = named.filter(|name| is_text_folder(name)).ok_or_else(|| self.no_text("none"))?;
        let folder = self.folder.join(named);
        let mut text = guard(&self.text);
        let open = match text.take().filter(|text| text.folder() == folder) {
            Some(open) => open,
            None => TextIndex::open(&folder)?,
        };
        if look == Look::Afresh {
            open.check()?;
        }
        text.insert(open).words()
    }

    pub(super) fn now(&self) -> Arc<Now> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn no_text(&self, found: &str) -> Error {
        Error::Store {
            path: self.folder.clone(),
            expected: "a whole text index".into(),
            found: found.to_owned(),
            mend: "`ronghe store repair`, or index again: it is made anew from the documents in the store"
                .into(),
        }
    }

    /// Asks the text index. Where it is damaged and there are vectors, search by meaning goes on, and `damaged` says it.
    fn ask<T>(&self, now: &Now, without: T, ask: impl FnOnce(&Words) -> Result<T>) -> Result<T> {
        let why = match now.words.as_ref() {
            Some(Ok(words)) => match ask(words) {
                Ok(found) => return Ok(found),
                Err(error) => error.to_string(),
            },
            Some(Err(why)) => why.clone(),
            None => "none".into(),
        };
        let error = self.no_text(&why);
        guard(&self.met).insert(error.to_string());
        if now.segments.is_empty() { Err(error) } else { Ok(without) }
    }

    /// The network that it was made with, and the width of its vectors.
    pub fn made_with(&self) -> Option<(String, usize)> {
        self.network.clone()
    }

    /// Files that were looked at, with what they were.
    pub fn files(&self) -> Result<Vec<FileState>> {
        guard(&self.database).files()
    }

    /// What is damaged and left out, as far as it was come across, in words: segments of vectors (their chunks have none until they are
    /// indexed again), the text index, texts that were asked for.
    pub fn damaged(&self) -> Vec<String> {
        let now = self.now();
        let mut found: BTreeSet<String> = guard(&self.met).clone();
        if let Some(Err(why)) = &now.words {
            found.insert(self.no_text(why).to_string());
        }
        let segments = now.damaged.iter().map(|(name, why)| format!("vectors {name}: {why}"));
        segments.chain(found).collect()
    }

    /// Chunks without a vector, though the store has a network.
    pub fn without_vector(&self) -> Result<Vec<ChunkId>> {
        let now = self.now();
        if self.network.is_none() {
            return Ok(Vec::new());
        }
        let mut known: Vec<ChunkId> = now.segments.iter().flat_map(|s| s.chunks()).copied().collect();
        known.sort_unstable();
        let all = guard(&self.database).chunk_rows()?;
        Ok(all.into_iter().map(|c| c.id).filter(|id| known.binary_search(id).is_err()).collect())
    }

    /// Notes what was damaged.
    fn noted<T>(&self, read: impl FnOnce(&Database, &mut Vec<String>) -> Result<T>) -> Result<T> {
        let mut damaged = Vec::new();
        let found = read(&guard(&self.database), &mut damaged)?;
        let mend = "left out; `ronghe store check` finds all";
        guard(&self.met).extend(damaged.into_iter().map(|what| format!("{what}: {mend}")));
        Ok(found)
    }
}

impl Store for FolderStore {
    fn network(&self) -> Option<&str> {
        self.network.as_ref().map(|(name, _)| name.as_str())
    }

    fn document(&self, id: DocumentId) -> Result<Option<StoredDocument>> {
        self.noted(|database, damaged| database.document(id, damaged))
    }

    fn chunks(&self, ids: &[ChunkId]) -> Result<Vec<StoredChunk>> {
        self.noted(|database, damaged| database.chunks(ids, damaged))
    }

    fn documents(&self, filter: &Filter) -> Result<Vec<DocumentId>> {
        self.now().directory.documents(filter)
    }

    fn chunks_of(&self, id: DocumentId) -> Result<Vec<ChunkId>> {
        Ok(self.now().directory.chunks_of(id))
    }

    fn lexical(&self, terms: &[String], filter: &Filter, most: usize) -> Result<Vec<(ChunkId, f32)>> {
        self.look(Look::IfChanged)?;
        let now = self.now();
        let admitted = admitted(&now, filter)?;
        self.ask(&now, Vec::new(), |words| words.search(terms, most, move |chunk| admitted.has(chunk)))
    }

    fn dense(&self, query: &[f32], filter: &Filter, most: usize) -> Result<Vec<(ChunkId, f32)>> {
        self.look(Look::IfChanged)?;
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
        let now = self.now();
        self.ask(&now, (0, now.directory.len() as u64), |words| words.frequency(term))
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

pub(super) fn admitted(now: &Now, filter: &Filter) -> Result<Admitted> {
    match (&now.all, filter.is_open()) {
        (Some(all), true) => Ok(all.clone()),
        _ => now.directory.admitted(filter),
    }
}
