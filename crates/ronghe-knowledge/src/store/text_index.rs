//! BM25 over the chunks' terms (the `tantivy` crate).
//!
//! A chunk is a document of tantivy with its number, that of its document, and its terms (see [`terms`](crate::terms)) with blanks
//! between. A commit carries the generation of the store that it belongs to.

use super::{ChunkId, DocumentId};
use crate::{Error, Result};
use std::path::{Path, PathBuf};
use tantivy::collector::{FilterCollector, TopDocs};
use tantivy::query::{BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, Term};

/// Memory of the writer.
const WRITER_BYTES: usize = 48 << 20;
/// Most terms of a search: the rest of a very long question is left out.
const MOST_TERMS: usize = 512;

/// The index, open for reading.
pub(super) struct TextIndex {
    folder: PathBuf,
    index: Index,
    reader: IndexReader,
    fields: Fields,
}

#[derive(Clone, Copy)]
struct Fields {
    chunk: Field,
    document: Field,
    terms: Field,
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

/// The index, open for writing.
pub(super) struct TextWriter {
    folder: PathBuf,
    /// None only while it is dropped.
    writer: Option<IndexWriter>,
    fields: Fields,
}

impl Drop for TextWriter {
    /// Waits for segments that are being joined: else they would be put in place of those that the next writer has written by then.
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            // What could not be joined stays as it is.
            let _ = writer.wait_merging_threads();
        }
    }
}

impl TextIndex {
    /// Opens the index in `folder`, made where it is missing and `create` says so.
    pub(super) fn open(folder: &Path, create: bool) -> Result<TextIndex> {
        let wrap = |source| Error::TextIndex { path: folder.to_owned(), source };
        let (schema, fields) = schema();
        let index = if create && !folder.join("meta.json").exists() {
            std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
            Index::create_in_dir(folder, schema).map_err(wrap)?
        } else {
            Index::open_in_dir(folder).map_err(wrap)?
        };
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into().map_err(wrap)?;
        Ok(TextIndex { folder: folder.to_owned(), index, reader, fields })
    }

    fn wrap(&self) -> impl Fn(tantivy::TantivyError) -> Error + use<> {
        let path = self.folder.clone();
        move |source| Error::TextIndex { path: path.clone(), source }
    }

    /// Sees what was committed since.
    pub(super) fn reload(&self) -> Result<()> {
        self.reader.reload().map_err(self.wrap())
    }

    /// The generation of the last commit; 0 before the first.
    pub(super) fn generation(&self) -> Result<u64> {
        let payload = self.index.load_metas().map_err(self.wrap())?.payload;
        Ok(payload.and_then(|p| p.parse().ok()).unwrap_or(0))
    }

    /// A writer; there can be one at a time.
    pub(super) fn writer(&self) -> Result<TextWriter> {
        let writer = self.index.writer_with_num_threads(1, WRITER_BYTES).map_err(self.wrap())?;
        Ok(TextWriter { folder: self.folder.clone(), writer: Some(writer), fields: self.fields })
    }

    /// The chunks that `admits` lets through with the best scores for `terms`, best first.
    pub(super) fn search(
        &self,
        terms: &[String],
        most: usize,
        admits: impl Fn(ChunkId) -> bool + Clone + Send + Sync + 'static,
    ) -> Result<Vec<(ChunkId, f32)>> {
        let wrap = self.wrap();
        if terms.is_empty() || most == 0 {
            return Ok(Vec::new());
        }
        let clause = |term: &String| -> (Occur, Box<dyn Query>) {
            let term = Term::from_field_text(self.fields.terms, term);
            (Occur::Should, Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)))
        };
        let query = BooleanQuery::new(terms.iter().take(MOST_TERMS).map(clause).collect());
        let searcher = self.reader.searcher();
        let top = TopDocs::with_limit(most).order_by_score();
        let collector = FilterCollector::new("chunk".to_owned(), admits, top);
        let found = searcher.search(&query, &collector).map_err(&wrap)?;
        found
            .into_iter()
            .map(|(score, at)| {
                let chunks =
                    searcher.segment_reader(at.segment_ord).fast_fields().u64("chunk").map_err(&wrap)?;
                Ok((chunks.first(at.doc_id).unwrap_or_default(), score))
            })
            .collect()
    }

    /// In how many chunks the term stands, and how many there are.
    pub(super) fn frequency(&self, term: &str) -> Result<(u64, u64)> {
        let searcher = self.reader.searcher();
        let term = Term::from_field_text(self.fields.terms, term);
        Ok((searcher.doc_freq(&term).map_err(self.wrap())?, searcher.num_docs()))
    }
}

impl TextWriter {
    fn wrap(&self) -> impl Fn(tantivy::TantivyError) -> Error + use<> {
        let path = self.folder.clone();
        move |source| Error::TextIndex { path: path.clone(), source }
    }

    /// Adds a chunk.
    pub(super) fn add(&self, chunk: ChunkId, document: DocumentId, terms: &str) -> Result<()> {
        let mut entry = TantivyDocument::default();
        entry.add_u64(self.fields.chunk, chunk);
        entry.add_u64(self.fields.document, document);
        entry.add_text(self.fields.terms, terms);
        let Some(writer) = &self.writer else { return Ok(()) };
        writer.add_document(entry).map(|_| ()).map_err(self.wrap())
    }

    /// Takes the chunks of a document away.
    pub(super) fn remove(&self, document: DocumentId) {
        if let Some(writer) = &self.writer {
            writer.delete_term(Term::from_field_u64(self.fields.document, document));
        }
    }

    /// Makes what was added and taken away last.
    pub(super) fn commit(&mut self, generation: u64) -> Result<()> {
        let wrap = self.wrap();
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let mut prepared = writer.prepare_commit().map_err(&wrap)?;
        prepared.set_payload(&generation.to_string());
        prepared.commit().map(|_| ()).map_err(wrap)
    }
}
