//! A store in one folder, written.

use super::database::{self, Database};
use super::folder::{FolderStore, GENERATION, Look, TEXT_FOLDER, admitted, guard, is_text_folder};
use super::segment::{self, Segment};
use super::text_index::{TextIndex, TextWriter};
use super::{Change, ChunkId, DocumentId, Filter, Store};
use crate::{Error, Result, terms};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::fs::{File, TryLockError};
use std::path::Path;

/// From so many segments on the small ones are joined.
const MOST_SEGMENTS: usize = 12;
/// Vectors of a segment that is not joined any more.
const LARGE_SEGMENT: usize = 1 << 16;
/// Name of a setting that says that the network's name was lost with a part of the database.
pub(super) const NETWORK_LOST: &str = "network_lost";
/// Name of the setting that says how files were read, [`ronghe_documents::READING`].
const READING: &str = "reading";
/// Name of the setting that says what texts are searched by, [`crate::terms::VERSION`].
const TERMS: &str = "terms";
/// One in so many vectors, or pages of the database, may be gone before space is given back.
const DEAD: u64 = 3;
/// Bytes of free pages that are not worth giving back.
const SMALL: u64 = 4 << 20;

/// What was mended when a store was opened for writing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repair {
    /// What was done, in words.
    pub done: Vec<String>,
}

/// A store in one folder, open for writing.
pub struct FolderWriter {
    pub(super) store: FolderStore,
    /// None only while another takes its place.
    text: Option<TextWriter>,
    /// Held until this goes.
    _lock: File,
}

/// The lock of the one program that writes.
pub(super) fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let lock = File::create(&path).map_err(Error::io(&path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Error::Store {
            path: folder.to_owned(),
            expected: "one program that writes".into(),
            found: "another that is writing".into(),
            mend: "wait until it is done; searching goes on beside it".into(),
        }),
        Err(TryLockError::Error(source)) => Err(Error::Io { path, source }),
    }
}

impl FolderWriter {
    /// Opens the store in `folder` for writing; it is made where there is none, with vectors of `network` (name and width).
    /// What an interrupted write left is cleared, what is damaged is set aside or made anew.
    pub fn open(folder: &Path, network: Option<(&str, usize)>) -> Result<(FolderWriter, Repair)> {
        FolderWriter::open_as(folder, network, None, None)
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
        FolderWriter::open_as(folder, network, Some(fitted), None)
    }

    /// `held`: the lock, where it is held already.
    pub(super) fn open_as(
        folder: &Path,
        network: Option<(&str, usize)>,
        change: Option<&[&str]>,
        held: Option<File>,
    ) -> Result<(FolderWriter, Repair)> {
        let vectors = folder.join("vectors");
        std::fs::create_dir_all(&vectors).map_err(Error::io(&vectors))?;
        let lock = held.map_or_else(|| lock(folder), Ok)?;
        let database = Database::open(folder, true)?;
        if let Some(fitted) = change.filter(|_| {
            let kept = database.setting("network").ok().flatten();
            kept.as_deref() != network.map(|(name, _)| name)
        }) {
            database.change_network(network, fitted)?;
        }
        let mut repair = Repair::default();
        let made = database.setting(GENERATION)?.is_some();
        settle_network(folder, &database, network)?;
        let reading = ronghe_documents::READING.to_string();
        if database.setting(READING)?.as_ref() != Some(&reading) {
            let files = !database.files()?.is_empty();
            database.read_again(READING, &reading)?;
            if files {
                repair.done.push("files are read again: this version reads them in another way".into());
            }
        }
        let generation: u64 = database.setting(GENERATION)?.and_then(|g| g.parse().ok()).unwrap_or(0);
        let (text, why) = text_index(folder, &database, generation)?;
        if let Some(why) = why.filter(|_| made) {
            repair.done.push(format!("the text index was made anew from the documents: {why}"));
        }
        let ahead = text.generation()? > generation;
        let writer = text.writer()?;
        let store = FolderStore::with(folder, database, Some(text))?;
        let mut writer = FolderWriter { store, text: Some(writer), _lock: lock };
        writer.clear_segments(&mut repair)?;
        if ahead {
            writer.clear_orphans(generation)?;
            repair.done.push("what an interrupted write left was cleared".into());
        }
        writer.store.look(Look::Again)?;
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
        match self.write_text(&gone, &entries, generation) {
            // It is never in the way for long: the documents are in the database.
            Err(Error::TextIndex { .. }) => {
                self.write_text_anew()?;
                self.write_text(&gone, &entries, generation)?;
            }
            done => done?,
        }
        let mut database = guard(&self.store.database);
        database.apply(changes, first, segment, generation)?;
        database.cleared(&gone, false)?;
        database.settle_log()?;
        drop(database);
        self.store.look(Look::Again)?;
        self.join_segments(MOST_SEGMENTS)
    }

    /// Writes vectors of chunks that had none.
    pub fn add_vectors(&mut self, chunks: &[ChunkId], vectors: &[f32]) -> Result<()> {
        let Some((_, width)) = self.store.network else { return Ok(()) };
        let (Some(_), true) = (chunks.first(), chunks.is_sorted()) else { return Ok(()) };
        let name = self.fresh_name(chunks);
        segment::write(&self.store.folder.join("vectors"), &name, chunks, vectors, width)?;
        guard(&self.store.database).replace_segments(&[], Some((&name, chunks.len() as u64)))?;
        self.store.look(Look::Again)
    }

    /// A name that no segment has.
    fn fresh_name(&self, chunks: &[ChunkId]) -> String {
        let (first, now) = (chunks.first().copied().unwrap_or(0), self.store.now().generation);
        let folder = self.store.folder.join("vectors");
        let name = |n: u64| format!("{first:012}-{now}-{n}.vec");
        (0..).map(name).find(|name| !folder.join(name).exists()).unwrap_or_default()
    }

    /// Takes documents from the text index, adds entries, and makes that last.
    fn write_text(
        &mut self,
        gone: &[DocumentId],
        entries: &[(ChunkId, DocumentId, String)],
        generation: u64,
    ) -> Result<()> {
        let Some(text) = &mut self.text else { return Ok(()) };
        gone.iter().for_each(|&document| text.remove(document));
        add_text(text, entries)?;
        text.commit(generation)
    }

    /// Makes the text index anew from the documents, and searches that one from here on.
    pub(super) fn write_text_anew(&mut self) -> Result<()> {
        self.text = None;
        let database = guard(&self.store.database);
        let generation = self.store.now().generation;
        let text = text_anew(&self.store.folder, &database, generation)?;
        clear_texts(&self.store.folder, database.setting(TEXT_FOLDER)?.as_deref())?;
        drop(database);
        self.text = Some(text.writer()?);
        *guard(&self.store.text) = Some(text);
        self.store.look(Look::Again)
    }

    /// Takes away what the text index has of documents that were never there.
    fn clear_orphans(&mut self, generation: u64) -> Result<()> {
        let (next, _) = guard(&self.store.database).reserve(0, 0)?;
        let all = self.store.documents(&Filter::default())?;
        let last = all.last().copied().unwrap_or(0);
        let never: Vec<DocumentId> = (last + 1..next).collect();
        self.write_text(&never, &[], generation)
    }

    /// Deletes damaged segments, and files that no change lists.
    fn clear_segments(&mut self, repair: &mut Repair) -> Result<()> {
        let folder = self.store.folder.join("vectors");
        let damaged = self.store.now().damaged.clone();
        repair.done.extend(damaged.iter().map(|(name, why)| format!("vectors {name} were dropped: {why}")));
        let names: Vec<String> = damaged.into_iter().map(|(name, _)| name).collect();
        guard(&self.store.database).replace_segments(&names, None)?;
        let listed: BTreeMap<String, u64> = guard(&self.store.database).segments()?.into_iter().collect();
        for entry in std::fs::read_dir(&folder).map_err(Error::io(&folder))? {
            let entry = entry.map_err(Error::io(&folder))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !listed.contains_key(&name) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Joins small segments where there are more than `most`, and writes large ones again that are dead for a good part: without the
    /// vectors of chunks that are gone.
    fn join_segments(&mut self, most: usize) -> Result<()> {
        let now = self.store.now();
        let all = admitted(&now, &Filter::default())?;
        let live = |s: &Segment| s.chunks().iter().filter(|&&c| all.has(c)).count();
        let mut groups: Vec<Vec<&Segment>> = Vec::new();
        let mut held = LARGE_SEGMENT;
        for segment in now.segments.iter().map(AsRef::as_ref) {
            let dead = (segment.len() - live(segment)) as u64;
            if segment.len() < LARGE_SEGMENT && now.segments.len() > most {
                if held >= LARGE_SEGMENT {
                    held = 0;
                    groups.push(Vec::new());
                }
                held += segment.len();
                if let Some(group) = groups.last_mut() {
                    group.push(segment);
                }
            } else if dead > 0 && (most == 0 || dead * DEAD > segment.len() as u64) {
                groups.insert(0, vec![segment]);
            }
        }
        groups.retain(|g| g.len() > 1 || g.iter().any(|s| live(s) < s.len()));
        for group in &groups {
            self.join_group(group, &|chunk| all.has(chunk))?;
        }
        if groups.is_empty() { Ok(()) } else { self.store.look(Look::Again) }
    }

    fn join_group(&self, group: &[&Segment], has: &dyn Fn(ChunkId) -> bool) -> Result<()> {
        let Some((_, width)) = self.store.network else { return Ok(()) };
        let mut rows: Vec<(ChunkId, Vec<f32>)> = Vec::new();
        for segment in group {
            let places: Vec<usize> = (0..segment.len()).filter(|&at| has(segment.chunks()[at])).collect();
            let wide = segment.wide(&places)?;
            let chunks = places.iter().map(|&at| segment.chunks()[at]);
            rows.extend(chunks.zip(wide.chunks_exact(width).map(<[f32]>::to_vec)));
        }
        rows.sort_by_key(|(chunk, _)| *chunk);
        rows.dedup_by_key(|(chunk, _)| *chunk);
        let old: Vec<String> = group.iter().map(|s| s.name.clone()).collect();
        let folder = self.store.folder.join("vectors");
        let ids: Vec<ChunkId> = rows.iter().map(|(chunk, _)| *chunk).collect();
        let name = self.fresh_name(&ids);
        let vectors: Vec<f32> = rows.into_iter().flat_map(|(_, v)| v).collect();
        let new = (!ids.is_empty()).then_some((name.as_str(), ids.len() as u64));
        if new.is_some() {
            segment::write(&folder, &name, &ids, &vectors, width)?;
        }
        guard(&self.store.database).replace_segments(&old, new)?;
        old.iter().try_for_each(|name| remove(&folder.join(name)))
    }

    /// Gives space back where a good part is of documents that are gone.
    pub fn tidy(&mut self) -> Result<()> {
        let (vectors, chunks) = (self.store.stats()?.vectors, self.store.now().directory.len() as u64);
        if vectors.saturating_sub(chunks) * DEAD > vectors {
            self.join_segments(0)?;
        }
        let database = guard(&self.store.database);
        let (free, pages, size) = database.pages()?;
        if free * size > SMALL && free * DEAD > pages { database.shrink() } else { Ok(()) }
    }

    /// Gives the space of all that is gone back: in the database, the text index and the vectors. Returns bytes before and after.
    pub fn compact(&mut self) -> Result<(u64, u64)> {
        let before = bytes_in(&self.store.folder)?;
        // An empty change takes the terms of what is gone from the text index.
        self.apply(&[])?;
        guard(&self.store.database).cleared(&[], true)?;
        if let Some(text) = &mut self.text {
            text.join()?;
        }
        self.join_segments(0)?;
        let aside = self.store.folder.join(format!("{}.damaged", database::FILE));
        if aside.exists() {
            remove(&aside)?;
        }
        guard(&self.store.database).shrink()?;
        self.store.look(Look::Again)?;
        Ok((before, bytes_in(&self.store.folder)?))
    }

    /// Vectors known of equal chunks, by their hashes, so that a document that was changed in one place needs few new ones.
    pub fn known_vectors(&self, path: &str) -> Result<HashMap<String, Vec<f32>>> {
        let Some((_, width)) = self.store.network else { return Ok(HashMap::new()) };
        let mut known = HashMap::new();
        let documents = guard(&self.store.database).documents_of(path)?;
        for id in documents {
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
    let made = database.setting(GENERATION)?.is_some() && database.setting(NETWORK_LOST)?.is_none();
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
    if database.setting(GENERATION)?.is_none() {
        database.set(GENERATION, "0")?;
    }
    database.forget_setting(NETWORK_LOST)?;
    Ok(())
}

/// The text index, with the reason why it was made anew, if it was. Others in the folder, left by whoever was interrupted, go.
fn text_index(folder: &Path, database: &Database, generation: u64) -> Result<(TextIndex, Option<String>)> {
    let named = database.setting(TEXT_FOLDER)?.filter(|name| is_text_folder(name));
    let made_of = database.setting(TERMS)?;
    let opened = match &named {
        Some(_) if made_of != Some(terms::VERSION.to_string()) => {
            Err("this version finds words in another way".into())
        }
        Some(name) => whole_text(&folder.join(name), database, generation),
        None => Err("there was none".into()),
    };
    let (text, why) = match opened {
        Ok(text) => (text, None),
        Err(why) => (text_anew(folder, database, generation)?, Some(why)),
    };
    clear_texts(folder, database.setting(TEXT_FOLDER)?.as_deref())?;
    Ok((text, why))
}

/// Opens the text index if it is whole and has all chunks.
fn whole_text(folder: &Path, database: &Database, generation: u64) -> std::result::Result<TextIndex, String> {
    let say = |error: Error| error.to_string();
    let text = TextIndex::open(folder).map_err(say)?;
    let found = text.generation().map_err(say)?;
    if found < generation {
        return Err(format!("it was of change {found}, the documents of {generation}"));
    }
    let has = text.words().and_then(|words| words.chunks()).map_err(say)?;
    let rows = database.chunk_rows().map_err(say)?;
    let missing = rows.iter().filter(|row| has.binary_search(&row.id).is_err()).count();
    if missing > 0 { Err(format!("it had not {missing} of the chunks")) } else { Ok(text) }
}

/// Makes the text index anew in a folder of its own, and says in the database that this is it: only then it counts.
fn text_anew(folder: &Path, database: &Database, generation: u64) -> Result<TextIndex> {
    let taken = names(folder)?.iter().filter_map(|n| n.strip_prefix("text-")?.parse::<u64>().ok()).max();
    let name = format!("text-{}", taken.unwrap_or(0) + 1);
    let text = TextIndex::create(&folder.join(&name))?;
    let mut writer = text.writer()?;
    // What is damaged has no terms; `check` says it.
    let mut damaged = Vec::new();
    for row in database.document_rows()? {
        let Some(stored) = database.document(row.id, &mut damaged)? else { continue };
        let chunks = database.chunks(&database.chunks_of(row.id)?, &mut damaged)?;
        let entry = |c: &super::StoredChunk| (c.id, row.id, c.chunk.searched(&stored.document.text));
        add_text(&writer, &chunks.iter().map(entry).collect::<Vec<_>>())?;
    }
    writer.commit(generation)?;
    drop(writer);
    File::open(folder).and_then(|f| f.sync_all()).map_err(Error::io(folder))?;
    database.set(TEXT_FOLDER, &name)?;
    database.set(TERMS, &terms::VERSION.to_string())?;
    Ok(text)
}

/// Deletes text indexes but the one named, and what a write that was cut off left in that.
fn clear_texts(folder: &Path, named: Option<&str>) -> Result<()> {
    for name in names(folder)? {
        let path = folder.join(&name);
        if Some(name.as_str()) == named {
            for part in names(&path)?.iter().filter(|n| n.starts_with(".tmp")) {
                remove(&path.join(part))?;
            }
        } else if name == "text" || is_text_folder(&name) {
            std::fs::remove_dir_all(&path).map_err(Error::io(&path))?;
        }
    }
    Ok(())
}

/// Adds texts under their chunks' and documents' numbers.
fn add_text(text: &TextWriter, entries: &[(ChunkId, DocumentId, String)]) -> Result<()> {
    let joined: Vec<String> = entries.par_iter().map(|(_, _, text)| searched_terms(text)).collect();
    let mut entries = entries.iter().zip(&joined);
    entries.try_for_each(|((chunk, document, _), terms)| text.add(*chunk, *document, terms))
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(folder).map_err(Error::io(folder))?;
    let name = |e: std::io::Result<std::fs::DirEntry>| Ok(e?.file_name().to_string_lossy().into_owned());
    entries.map(name).collect::<std::io::Result<_>>().map_err(Error::io(folder))
}

/// Deletes a file that may be gone.
pub(super) fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io(path)(error)),
        _ => Ok(()),
    }
}

/// Bytes of all files in a folder and those in it.
fn bytes_in(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for name in names(folder)? {
        let path = folder.join(name);
        let about = std::fs::symlink_metadata(&path).map_err(Error::io(&path))?;
        sum += if about.is_dir() { bytes_in(&path)? } else { about.len() };
    }
    Ok(sum)
}
