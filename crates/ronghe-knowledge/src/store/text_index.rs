//! BM25 over the chunks' terms (the `tantivy` crate).
//!
//! A chunk is a document of tantivy with its number, that of its document, and its terms (see [`terms`](crate::terms)) with blanks
//! between. A commit carries the generation of the store that it belongs to. Checksums of all files are looked at before they are
//! used, and calls are guarded: the crate panics on files that are not as it wrote them.

use super::sealed::Sealed;
use super::{ChunkId, DocumentId};
use crate::{Error, Result};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tantivy::collector::{FilterCollector, TopDocs};
use tantivy::directory::{Directory, META_LOCK, MmapDirectory};
use tantivy::index::SegmentComponent;
use tantivy::merge_policy::LogMergePolicy;
use tantivy::query::{BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{
    Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, Searcher, TantivyDocument, TantivyError,
    Term,
};

/// Memory of the writer.
const WRITER_BYTES: usize = 48 << 20;
/// Most terms of a search: the rest of a very long question is left out.
const MOST_TERMS: usize = 512;
/// Share of a segment's chunks that are gone from which on it is written again.
const DEAD: f32 = 0.25;

/// The index, open for reading.
pub(super) struct TextIndex {
    folder: PathBuf,
    index: Index,
    reader: IndexReader,
    fields: Fields,
    /// Files whose checksums were right.
    whole: Mutex<BTreeSet<PathBuf>>,
}

#[derive(Clone, Copy)]
struct Fields {
    chunk: Field,
    document: Field,
    terms: Field,
}

/// The index as it was at one commit.
#[derive(Clone)]
pub(super) struct Words {
    folder: Arc<Path>,
    searcher: Searcher,
    fields: Fields,
    /// At most this: that of the commit, or a later one.
    pub(super) generation: u64,
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer("whitespace")
        .set_index_option(IndexRecordOption::WithFreqs);
    let fields = Fields {
        chunk: schema.add_u64_field("chunk", FAST),
        document: schema.add_u64_field("document", INDEXED),
        terms: schema.add_text_field("terms", TextOptions::default().set_indexing_options(indexing)),
    };
    (schema.build(), fields)
}

/// Does something with the index; what it says of damage, and a panic, is an error.
fn guarded<T>(folder: &Path, work: impl FnOnce() -> tantivy::Result<T>) -> Result<T> {
    let done = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(TantivyError::InternalError("the text index holds what it cannot have written".into()))
    });
    done.map_err(|source| Error::TextIndex { path: folder.to_owned(), source })
}

fn files_of(folder: &Path) -> tantivy::Result<Sealed> {
    Ok(Sealed(MmapDirectory::open(folder)?))
}

impl TextIndex {
    /// Makes an empty index in `folder`, which has none.
    pub(super) fn create(folder: &Path) -> Result<TextIndex> {
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        let make = || Index::create(files_of(folder)?, schema().0, IndexSettings::default());
        TextIndex::with(folder, guarded(folder, make)?)
    }

    /// Opens the index in `folder`.
    pub(super) fn open(folder: &Path) -> Result<TextIndex> {
        let index = guarded(folder, || Index::open(files_of(folder)?))?;
        let whole = sound(folder, &index, &BTreeSet::new())?;
        let text = TextIndex::with(folder, index)?;
        *text.whole.lock().unwrap_or_else(PoisonError::into_inner) = whole;
        Ok(text)
    }

    fn with(folder: &Path, index: Index) -> Result<TextIndex> {
        let reader =
            guarded(folder, || index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into())?;
        let whole = Mutex::default();
        Ok(TextIndex { folder: folder.to_owned(), index, reader, fields: schema().1, whole })
    }

    /// Its folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Looks at the checksums of all files, also of those that were right before.
    pub(super) fn check(&self) -> Result<()> {
        sound(&self.folder, &self.index, &BTreeSet::new()).map(|_| ())
    }

    /// The index as of its last commit.
    pub(super) fn words(&self) -> Result<Words> {
        let mut whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        *whole = sound(&self.folder, &self.index, &whole)?;
        guarded(&self.folder, || self.reader.reload())?;
        Ok(Words {
            folder: self.folder.as_path().into(),
            searcher: self.reader.searcher(),
            fields: self.fields,
            generation: self.generation()?,
        })
    }

    /// The generation of the last commit; 0 before the first.
    pub(super) fn generation(&self) -> Result<u64> {
        let payload = guarded(&self.folder, || self.index.load_metas())?.payload;
        Ok(payload.and_then(|p| p.parse().ok()).unwrap_or(0))
    }

    /// A writer; there can be one at a time.
    pub(super) fn writer(&self) -> Result<TextWriter> {
        let writer = index_writer(&self.folder, &self.index)?;
        Ok(TextWriter { folder: self.folder.clone(), writer: Some(writer), fields: self.fields })
    }
}

fn index_writer(folder: &Path, index: &Index) -> Result<IndexWriter> {
    let writer = guarded(folder, || index.writer_with_num_threads(1, WRITER_BYTES))?;
    let mut policy = LogMergePolicy::default();
    policy.set_del_docs_ratio_before_merge(DEAD);
    writer.set_merge_policy(Box::new(policy));
    Ok(writer)
}

/// The files of all segments, if their checksums are right; those in `known` are not read again.
fn sound(folder: &Path, index: &Index, known: &BTreeSet<PathBuf>) -> Result<BTreeSet<PathBuf>> {
    guarded(folder, || {
        // Nobody deletes files of this list meanwhile.
        let _lock = index.directory().acquire_lock(&META_LOCK)?;
        let mut whole = BTreeSet::new();
        for segment in index.searchable_segment_metas()? {
            let mut parts = vec![
                SegmentComponent::Postings,
                SegmentComponent::Positions,
                SegmentComponent::FastFields,
                SegmentComponent::FieldNorms,
                SegmentComponent::Terms,
                SegmentComponent::Store,
            ];
            if segment.has_deletes() {
                parts.push(SegmentComponent::Delete);
            }
            for part in parts {
                let path = segment.relative_path(part);
                if !known.contains(&path) && !index.directory().validate_checksum(&path)? {
                    let why = format!("{}: other bytes than were written", path.display());
                    return Err(TantivyError::InternalError(why));
                }
                whole.insert(path);
            }
        }
        Ok(whole)
    })
}

impl Words {
    /// The chunks that `admits` lets through with the best scores for `terms`, best first.
    pub(super) fn search(
        &self,
        terms: &[String],
        most: usize,
        admits: impl Fn(ChunkId) -> bool + Clone + Send + Sync + 'static,
    ) -> Result<Vec<(ChunkId, f32)>> {
        if terms.is_empty() || most == 0 {
            return Ok(Vec::new());
        }
        let clause = |term: &String| -> (Occur, Box<dyn Query>) {
            let term = Term::from_field_text(self.fields.terms, term);
            (Occur::Should, Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)))
        };
        let query = BooleanQuery::new(terms.iter().take(MOST_TERMS).map(clause).collect());
        let top = TopDocs::with_limit(most).order_by_score();
        let collector = FilterCollector::new("chunk".to_owned(), admits, top);
        guarded(&self.folder, || {
            let found = self.searcher.search(&query, &collector)?.into_iter();
            let chunk = |(score, at): (f32, tantivy::DocAddress)| {
                let chunks = self.searcher.segment_reader(at.segment_ord).fast_fields().u64("chunk")?;
                Ok((chunks.first(at.doc_id).unwrap_or_default(), score))
            };
            found.map(chunk).collect()
        })
    }

    /// In how many chunks the term stands, and how many there are.
    pub(super) fn frequency(&self, term: &str) -> Result<(u64, u64)> {
        let term = Term::from_field_text(self.fields.terms, term);
        guarded(&self.folder, || Ok((self.searcher.doc_freq(&term)?, self.searcher.num_docs())))
    }

    /// The numbers of all chunks, ascending.
    pub(super) fn chunks(&self) -> Result<Vec<ChunkId>> {
        guarded(&self.folder, || {
            let mut all = Vec::new();
            for segment in self.searcher.segment_readers() {
                let chunks = segment.fast_fields().u64("chunk")?;
                all.extend(segment.doc_ids_alive().map(|doc| chunks.first(doc).unwrap_or_default()));
            }
            all.sort_unstable();
            Ok(all)
        })
    }
}

/// The index, open for writing.
pub(super) struct TextWriter {
    folder: PathBuf,
    /// None while it is dropped or opened again.
    writer: Option<IndexWriter>,
    fields: Fields,
}

impl Drop for TextWriter {
    /// Waits for segments that are being joined: else they would be put in place of those that the next writer has written by then.
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            // What could not be joined stays as it is.
            let _ = guarded(&self.folder, || writer.wait_merging_threads());
        }
    }
}

impl TextWriter {
    /// Adds a chunk.
    pub(super) fn add(&self, chunk: ChunkId, document: DocumentId, terms: &str) -> Result<()> {
        let mut entry = TantivyDocument::default();
        entry.add_u64(self.fields.chunk, chunk);
        entry.add_u64(self.fields.document, document);
        entry.add_text(self.fields.terms, terms);
        let Some(writer) = &self.writer else { return Ok(()) };
        guarded(&self.folder, || writer.add_document(entry).map(|_| ()))
    }

    /// Takes the chunks of a document away.
    pub(super) fn remove(&self, document: DocumentId) {
        if let Some(writer) = &self.writer {
            writer.delete_term(Term::from_field_u64(self.fields.document, document));
        }
    }

    /// Makes what was added and taken away last.
    pub(super) fn commit(&mut self, generation: u64) -> Result<()> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        guarded(&self.folder, || {
            let mut prepared = writer.prepare_commit()?;
            prepared.set_payload(&generation.to_string());
            prepared.commit().map(|_| ())
        })
    }

    /// Joins all segments, without what is gone from them.
    pub(super) fn join(&mut self) -> Result<()> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        // Segments that are being joined in the background cannot be joined again.
        let index = writer.index().clone();
        let _ = guarded(&self.folder, || writer.wait_merging_threads());
        let writer = self.writer.insert(index_writer(&self.folder, &index)?);
        guarded(&self.folder, || {
            let all = writer.index().searchable_segment_ids()?;
            if !all.is_empty() {
                writer.merge(&all).wait()?;
            }
            writer.garbage_collect_files().wait().map(|_| ())
        })
    }
}
