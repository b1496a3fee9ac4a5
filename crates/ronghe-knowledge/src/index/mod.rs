//! From files to a store: what is new, changed, moved or gone, and nothing else.
//!
//! ```text
//! walk -> compare with the store (size and time, then SHA-256) -> read -> cut -> embed -> apply, some files at a time
//! ```
//! A picture or recording and the file beside it that says what it holds are one: a change of either is one of the file.
//! A file is ready once the batch that it is in was applied. What is stopped before starts there the next time. A file that
//! cannot be read is noted with its reason and does not stop the others. What the system does not give (a folder without
//! permission, a file that is gone again) is noted too, what the store knows of it stays, and it is tried again next time.

mod walk;

use crate::chunk::{self, Chunk};
use crate::document::{Document, sidecar_of};
use crate::store::{Change, FileState, FolderWriter, Prepared, Store};
use crate::{Embed, Error, Result, Role};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};
use walk::{Found, key, walk};

/// Files of a batch, at most.
const BATCH_FILES: usize = 1024;
/// Chunks after which a batch ends.
const BATCH_CHUNKS: usize = 2048;
/// Chunks whose vectors are computed between two reports of progress.
const TOGETHER: usize = 512;

/// Reads the documents in a file.
pub type ReadFile<'a> = dyn FnMut(&Path) -> Result<Vec<Document>> + 'a;

/// How to index.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// Domain of all files; none: that of the folder below the root that a file is in.
    pub domain: Option<String>,
    /// How documents are cut.
    pub chunks: chunk::Options,
}

/// What indexing tells while it goes on. Returning an error stops it; what was ready stays so.
pub trait Observer {
    /// `done` of `total` files were dealt with; `message` says what is going on.
    fn progress(&mut self, done: usize, total: usize, message: &str) -> Result<()>;

    /// So many more files are ready: whatever happens, they are in the store.
    fn ready(&mut self, files: usize);
}

/// What indexing did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Files that are new or changed.
    pub read: usize,
    /// Files that are as they were.
    pub unchanged: usize,
    /// Files that have another path.
    pub moved: usize,
    /// Files that are gone.
    pub removed: usize,
    /// Files without any text in them or beside them.
    pub empty: usize,
    /// Files of no format that is read, by the ends of their names.
    pub skipped: BTreeMap<String, usize>,
    /// Files that could not be read, and why.
    pub failed: Vec<(String, String)>,
    /// What of files that were read could not be, by their paths.
    pub notes: Vec<(String, String)>,
    /// Documents written.
    pub documents: usize,
    /// Chunks written.
    pub chunks: usize,
    /// Chunks whose vectors were known already.
    pub vectors_known: usize,
}

/// Brings the store up to date with what is below `roots`. `known` says whether a file's name is of a format that is
/// read.
pub fn index(
    writer: &mut FolderWriter,
    roots: &[PathBuf],
    options: &Options,
    known: &dyn Fn(&Path) -> bool,
    read: &mut ReadFile<'_>,
    embed: Option<&dyn Embed>,
    observer: &mut dyn Observer,
) -> Result<Report> {
    let mut report = Report::default();
    complete(writer, embed, observer)?;
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    let (mut below, mut unseen) = (Vec::new(), Vec::new());
    for root in roots {
        let whole = std::path::absolute(root).map_err(Error::io(root))?;
        below.push(key(&root.canonicalize().unwrap_or(whole)));
        // A root that is gone is a folder without files, if there were any.
        if root.exists() || !writer.store().files()?.iter().any(|f| inside(&f.path, below.last())) {
            let walked = walk(root, options.domain.as_deref())?;
            for (path, why) in walked.failed {
                unseen.push(key(&path));
                report.failed.push((key(&path), why));
            }
            for file in walked.files {
                if known(&file.path) {
                    found.insert(key(&file.path), file);
                } else {
                    let end =
                        file.path.extension().map_or("none".into(), |e| e.to_string_lossy().to_lowercase());
                    *report.skipped.entry(end).or_default() += 1;
                }
            }
        }
    }
    let beside = join_sidecars(&mut found);
    let before: BTreeMap<String, FileState> =
        writer.store().files()?.into_iter().map(|f| (f.path.clone(), f)).collect();
    let gone: BTreeSet<&String> = before
        .keys()
        .filter(|path| !found.contains_key(*path) && below.iter().any(|root| inside(path, Some(root))))
        .filter(|path| !unseen.iter().any(|folder| inside(path, Some(folder))))
        .collect();
    let mut by_hash: HashMap<&str, &String> = gone.iter().map(|&p| (before[p].hash.as_str(), p)).collect();

    let mut batch = Batch::default();
    let mut moved = BTreeSet::new();
    let total = found.len();
    for (done, (path, file)) in found.iter().enumerate() {
        observer.progress(done, total, &name(path))?;
        let same = |old: &&FileState| {
            (old.bytes, old.modified, &old.domain) == (file.bytes, file.modified, &file.domain)
        };
        let old = before.get(path);
        if old.filter(same).is_some() {
            report.unchanged += 1;
            continue;
        }
        let hash = match hash(std::iter::once(&file.path).chain(beside.get(path))) {
            Ok(hash) => hash,
            Err(error) => {
                report.failed.push((path.clone(), error.to_string()));
                continue;
            }
        };
        let (bytes, modified) = (file.bytes, file.modified);
        let state = FileState { path: path.clone(), domain: file.domain.clone(), hash, bytes, modified };
        if old.is_some_and(|old| old.hash == state.hash) {
            report.unchanged += 1;
            batch.push(Change::Moved { from: path.clone(), to: state });
        } else if let Some(from) = by_hash.remove(state.hash.as_str()).filter(|_| old.is_none()) {
            report.moved += 1;
            moved.insert(from);
            batch.push(Change::Moved { from: from.clone(), to: state });
        } else {
            match read(&file.path) {
                Ok(documents) => {
                    report.read += 1;
                    report.empty += usize::from(documents.iter().all(|d| d.blocks.is_empty()));
                    let notes = documents.iter().flat_map(|d| &d.notes);
                    report.notes.extend(notes.map(|note| (path.clone(), note.clone())));
                    batch.push(Change::Put(state, prepare(documents, &options.chunks)));
                }
                Err(Error::Stopped) => return Err(Error::Stopped),
                // No fault of the file.
                Err(error @ Error::Io { .. }) => report.failed.push((path.clone(), error.to_string())),
                Err(error) => {
                    report.failed.push((path.clone(), error.to_string()));
                    batch.push(Change::Failed(state, error.to_string()));
                }
            }
        }
        if batch.is_full() {
            batch.write(writer, embed, observer, (done + 1, total), &mut report)?;
        }
    }
    for path in gone.into_iter().filter(|path| !moved.contains(path)) {
        report.removed += 1;
        batch.push(Change::Removed(path.clone()));
    }
    batch.write(writer, embed, observer, (total, total), &mut report)?;
    writer.tidy()?;
    Ok(report)
}

/// A document that is in no file of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What it is cited as.
    pub name: String,
    /// Its domain.
    pub domain: String,
    /// The document.
    pub document: Document,
}

/// Writes documents that are in no files. One of the same name is replaced, unless it is the same.
pub fn add(
    writer: &mut FolderWriter,
    items: Vec<Item>,
    options: &chunk::Options,
    embed: Option<&dyn Embed>,
    observer: &mut dyn Observer,
) -> Result<Report> {
    let mut report = Report::default();
    complete(writer, embed, observer)?;
    let before: HashMap<String, FileState> =
        writer.store().files()?.into_iter().map(|f| (f.path.clone(), f)).collect();
    let mut batch = Batch::default();
    let total = items.len();
    for (done, item) in items.into_iter().enumerate() {
        observer.progress(done, total, &item.name)?;
        let hash = hexadecimal(Sha256::digest(&item.document.text));
        let bytes = item.document.text.len() as u64;
        let state = FileState { path: item.name, domain: item.domain, hash, bytes, modified: 0 };
        if before.get(&state.path) == Some(&state) {
            report.unchanged += 1;
            continue;
        }
        report.read += 1;
        batch.push(Change::Put(state, prepare(vec![item.document], options)));
        if batch.is_full() {
            batch.write(writer, embed, observer, (done + 1, total), &mut report)?;
        }
    }
    batch.write(writer, embed, observer, (total, total), &mut report)?;
    writer.tidy()?;
    Ok(report)
}

/// Whether a path is a root or below it.
fn inside(path: &str, root: Option<&String>) -> bool {
    let Some(rest) = root.and_then(|root| path.strip_prefix(root.as_str())) else { return false };
    rest.is_empty() || rest.starts_with('/') || root.is_some_and(|root| root.ends_with('/'))
}

fn name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// Documents cut into chunks, still without vectors.
fn prepare(documents: Vec<Document>, options: &chunk::Options) -> Vec<Prepared> {
    let cut = |document: Document| {
        let chunks = chunk::cut(&document, options);
        Prepared { document, chunks, vectors: Vec::new() }
    };
    documents.into_iter().map(cut).collect()
}

/// Changes that are applied together.
#[derive(Default)]
struct Batch {
    changes: Vec<Change>,
    chunks: usize,
}

impl Batch {
    fn push(&mut self, change: Change) {
        if let Change::Put(_, documents) = &change {
            self.chunks += documents.iter().map(|d| d.chunks.len()).sum::<usize>();
        }
        self.changes.push(change);
    }

    fn is_full(&self) -> bool {
        self.changes.len() >= BATCH_FILES || self.chunks >= BATCH_CHUNKS
    }

    /// Computes the vectors and applies the changes.
    fn write(
        &mut self,
        writer: &mut FolderWriter,
        embed: Option<&dyn Embed>,
        observer: &mut dyn Observer,
        (done, total): (usize, usize),
        report: &mut Report,
    ) -> Result<()> {
        if self.changes.is_empty() {
            return Ok(());
        }
        if let Some(embed) = embed {
            // Chunks that stand in the store or twice in the batch are computed once.
            let mut known: HashMap<String, Vec<f32>> = HashMap::new();
            for change in &self.changes {
                if let Change::Put(file, _) = change {
                    known.extend(writer.known_vectors(&file.path)?);
                }
            }
            let each =
                || self.changes.iter().flat_map(|c| if let Change::Put(_, all) = c { &all[..] } else { &[] });
            let all: Vec<(&Chunk, &str)> =
                each().flat_map(|p| p.chunks.iter().map(|c| (c, p.document.text.as_str()))).collect();
            let mut asked = BTreeSet::new();
            let new: Vec<(&Chunk, &str)> = all
                .iter()
                .filter(|(c, _)| !known.contains_key(&c.hash) && asked.insert(c.hash.as_str()))
                .copied()
                .collect();
            report.vectors_known += all.len() - new.len();
            for (i, some) in new.chunks(TOGETHER).enumerate() {
                observer.progress(done, total, &format!("vectors {} of {}", i * TOGETHER, new.len()))?;
                let texts: Vec<String> = some.iter().map(|(c, text)| c.searched(text)).collect();
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                let vectors = embed.embed(&texts, Role::Passage)?;
                let rows = vectors.chunks_exact(embed.width()).map(<[f32]>::to_vec);
                known.extend(some.iter().map(|(c, _)| c.hash.clone()).zip(rows));
            }
            for change in &mut self.changes {
                let Change::Put(_, documents) = change else { continue };
                for p in documents {
                    p.vectors = p.chunks.iter().flat_map(|c| known[&c.hash].iter().copied()).collect();
                }
            }
        }
        writer.apply(&self.changes)?;
        let written =
            self.changes.iter().filter_map(|c| if let Change::Put(_, all) = c { Some(all) } else { None });
        report.documents += written.clone().map(Vec::len).sum::<usize>();
        report.chunks += written.flatten().map(|d| d.chunks.len()).sum::<usize>();
        observer.ready(self.changes.len());
        *self = Batch::default();
        Ok(())
    }
}

/// Computes the vectors of chunks that have none: those of damaged segments, or of all after the network was changed.
pub fn complete(
    writer: &mut FolderWriter,
    embed: Option<&dyn Embed>,
    observer: &mut dyn Observer,
) -> Result<()> {
    let Some(embed) = embed else { return Ok(()) };
    let missing = writer.store().without_vector()?;
    for (i, ids) in missing.chunks(BATCH_CHUNKS).enumerate() {
        let mut vectors = Vec::with_capacity(ids.len() * embed.width());
        for (j, some) in ids.chunks(TOGETHER).enumerate() {
            observer.progress(
                i * BATCH_CHUNKS + j * TOGETHER,
                missing.len(),
                "vectors of passages without one",
            )?;
            let chunks = writer.store().chunks(some)?;
            let texts: Vec<String> = chunks.iter().map(|c| c.chunk.with_headings(&c.text)).collect();
            vectors
                .extend(embed.embed(&texts.iter().map(String::as_str).collect::<Vec<_>>(), Role::Passage)?);
        }
        writer.add_vectors(ids, &vectors)?;
    }
    Ok(())
}

/// Files that say what others hold are no files of their own. They count into size and time of those, and are returned by
/// their paths.
fn join_sidecars(found: &mut BTreeMap<String, Found>) -> BTreeMap<String, PathBuf> {
    let of = |(path, file): (&String, &Found)| Some((path.clone(), sidecar_of(&file.path)?));
    let beside: BTreeMap<String, PathBuf> = found.iter().filter_map(of).collect();
    for (path, sidecar) in &beside {
        found.remove(&key(sidecar));
        let (Some(file), Ok(about)) = (found.get_mut(path), std::fs::metadata(sidecar)) else { continue };
        file.bytes += about.len();
        // A sum, for a sidecar that was replaced by an older one is a change too.
        file.modified = file.modified.wrapping_add(walk::modified(&about));
    }
    beside
}

/// SHA-256 of some files, in hexadecimal digits.
fn hash<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> Result<String> {
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 16];
    for (i, path) in paths.enumerate() {
        if i > 0 {
            // Where one ends and the next begins, and what that is, belongs to it.
            hash.update(path.extension().unwrap_or_default().as_encoded_bytes());
            hash.update([0; 32]);
        }
        let mut file = std::fs::File::open(path).map_err(Error::io(path))?;
        loop {
            match file.read(&mut block).map_err(Error::io(path))? {
                0 => break,
                n => hash.update(&block[..n]),
            }
        }
    }
    Ok(hexadecimal(hash.finalize()))
}

fn hexadecimal(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}
