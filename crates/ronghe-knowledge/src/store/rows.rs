//! Rows of a store's database, written with their checksums.

use super::{ChunkId, DocumentId, FileState};
use crate::chunk::Chunk;
use crate::document::Document;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970.
pub(super) fn seconds() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64)
}

/// Keeps a value under a name.
pub(super) fn set(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO settings VALUES (?1, ?2, row_sum(?1, ?2))";
    connection.execute(sql, [name, value]).map(|_| ())
}

/// Takes a file's documents away; their terms go from the text index later, and their rows after a while.
pub(super) fn forget(t: &Transaction<'_>, path: &str) -> rusqlite::Result<()> {
    t.execute("INSERT OR IGNORE INTO gone SELECT id FROM documents WHERE path = ? AND gone IS NULL", [path])?;
    t.execute(
        "UPDATE documents SET gone = ?2, sum = row_sum(id, path, title, date, chunks, ?2, text, blocks, notes)
         WHERE path = ?1 AND gone IS NULL",
        params![path, seconds()],
    )?;
    t.execute("DELETE FROM files WHERE path = ?", [path]).map(|_| ())
}

/// Gives a file and its documents another path.
pub(super) fn rename_file(t: &Transaction<'_>, from: &str, to: &FileState) -> rusqlite::Result<()> {
    let failure: Option<Option<String>> =
        t.query_row("SELECT failure FROM files WHERE path = ?", [from], |row| row.get(0)).optional()?;
    let Some(failure) = failure else { return Ok(()) };
    if from != to.path {
        forget(t, &to.path)?;
        t.execute(
            "UPDATE documents SET path = ?2, sum = row_sum(id, ?2, title, date, chunks, gone, text, blocks, notes)
             WHERE path = ?1 AND gone IS NULL",
            [from, &to.path],
        )?;
    }
    t.execute("DELETE FROM files WHERE path = ?", [from])?;
    put_file(t, to, failure.as_deref())
}

/// Lists a segment.
pub(super) fn put_segment(t: &Transaction<'_>, name: &str, vectors: u64) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO segments VALUES (?1, ?2, row_sum(?1, ?2))";
    t.execute(sql, params![name, vectors as i64]).map(|_| ())
}

/// Writes a file, and why it could not be read.
pub(super) fn put_file(t: &Transaction<'_>, file: &FileState, failure: Option<&str>) -> rusqlite::Result<()> {
    t.prepare_cached("INSERT INTO files VALUES (?1, ?2, ?3, ?4, ?5, ?6, row_sum(?1, ?2, ?3, ?4, ?5, ?6))")?
        .execute(params![file.path, file.domain, file.hash, file.bytes as i64, file.modified, failure])
        .map(|_| ())
}

/// Writes a document that was cut into so many chunks.
pub(super) fn put_document(
    t: &Transaction<'_>,
    id: DocumentId,
    path: &str,
    d: &Document,
    chunks: usize,
) -> rusqlite::Result<()> {
    t.prepare_cached(
        "INSERT INTO documents VALUES \
         (?1, ?2, ?3, ?4, ?5, NULL, row_sum(?1, ?2, ?3, ?4, ?5, NULL, ?6, ?7, ?8), ?6, ?7, ?8)",
    )?
    .execute(params![
        id as i64,
        path,
        d.title,
        d.date,
        chunks as i64,
        d.text,
        json(&d.blocks),
        json(&d.notes)
    ])
    .map(|_| ())
}

/// Writes a chunk.
pub(super) fn put_chunk(
    t: &Transaction<'_>,
    id: ChunkId,
    document: DocumentId,
    c: &Chunk,
) -> rusqlite::Result<()> {
    t.prepare_cached(
        "INSERT INTO chunks VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, row_sum(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8))",
    )?
    .execute(params![
        id as i64,
        document as i64,
        c.span.start as i64,
        c.span.end as i64,
        json(&c.headings),
        json(&c.place),
        c.language.name(),
        c.hash
    ])
    .map(|_| ())
}

/// Plain data of ours always has a JSON form.
fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
