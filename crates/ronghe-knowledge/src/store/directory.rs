//! What is there, in memory: which document each chunk belongs to, and what a filter lets through.

use super::database::{ChunkRow, Database, DocumentRow};
use super::{ChunkId, DocumentId, Filter};
use crate::{Error, Language, Result};
use std::collections::BTreeSet;

/// Everything that is there, by ascending numbers.
#[derive(Default)]
pub(super) struct Directory {
    documents: Vec<DocumentRow>,
    chunks: Vec<ChunkRow>,
}

/// The chunks that a filter lets through: a bit each, from the first chunk's number on.
#[derive(Clone)]
pub(super) struct Admitted {
    first: ChunkId,
    bits: std::sync::Arc<[u64]>,
}

impl Admitted {
    /// Whether the chunk is let through.
    pub(super) fn has(&self, chunk: ChunkId) -> bool {
        let Some(at) = chunk.checked_sub(self.first) else { return false };
        self.bits.get(at as usize / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }
}

impl Directory {
    pub(super) fn load(database: &Database) -> Result<Directory> {
        Ok(Directory { documents: database.document_rows()?, chunks: database.chunk_rows()? })
    }

    /// Number of chunks.
    pub(super) fn len(&self) -> usize {
        self.chunks.len()
    }

    /// Every chunk, ascending.
    pub(super) fn all_chunks(&self) -> impl Iterator<Item = ChunkId> + '_ {
        self.chunks.iter().map(|c| c.id)
    }

    /// The chunks of a document, in order.
    pub(super) fn chunks_of(&self, document: DocumentId) -> Vec<ChunkId> {
        let from = self.chunks.partition_point(|c| c.document < document);
        self.chunks[from..].iter().take_while(|c| c.document == document).map(|c| c.id).collect()
    }

    /// The documents that the filter lets through; its names must exist.
    pub(super) fn documents(&self, filter: &Filter) -> Result<Vec<DocumentId>> {
        for domain in &filter.domains {
            if !self.documents.iter().any(|d| d.domain == *domain) {
                let valid: BTreeSet<&str> = self.documents.iter().map(|d| d.domain.as_str()).collect();
                return Err(Error::UnknownName {
                    place: "store".into(),
                    what: "domain",
                    name: domain.clone(),
                    valid: valid.into_iter().map(str::to_owned).collect(),
                });
            }
        }
        let without: BTreeSet<DocumentId> = filter.without.iter().copied().collect();
        let day = |d: &DocumentRow| {
            let after = |since: &String| d.date.as_ref().is_some_and(|date| date >= since);
            let before = |until: &String| d.date.as_ref().is_some_and(|date| date <= until);
            filter.since.as_ref().is_none_or(after) && filter.until.as_ref().is_none_or(before)
        };
        let passes = |d: &&DocumentRow| {
            (filter.domains.is_empty() || filter.domains.contains(&d.domain))
                && (filter.paths.is_empty() || filter.paths.iter().any(|p| d.path.starts_with(p.as_str())))
                && !without.contains(&d.id)
                && day(d)
        };
        Ok(self.documents.iter().filter(passes).map(|d| d.id).collect())
    }

    /// The chunks that the filter lets through.
    pub(super) fn admitted(&self, filter: &Filter) -> Result<Admitted> {
        let (first, last) = match (self.chunks.first(), self.chunks.last()) {
            (Some(first), Some(last)) => (first.id, last.id),
            _ => (1, 0),
        };
        let mut bits = vec![0_u64; ((last + 1 - first) as usize).div_ceil(64)];
        let documents = self.documents(filter)?;
        let every = documents.len() == self.documents.len();
        let speaks = |l: Language| filter.languages.is_empty() || filter.languages.contains(&l);
        let mut passing = documents.iter().copied().peekable();
        for chunk in &self.chunks {
            while passing.next_if(|&d| d < chunk.document).is_some() {}
            if (every || passing.peek() == Some(&chunk.document)) && speaks(chunk.language) {
                let at = (chunk.id - first) as usize;
                bits[at / 64] |= 1 << (at % 64);
            }
        }
        Ok(Admitted { first, bits: bits.into() })
    }
}
