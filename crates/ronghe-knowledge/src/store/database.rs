//! The database of a store: files, documents, chunks, segments, settings.

use super::{Change, ChunkId, DocumentId, FileState, Stats, StoredChunk, StoredDocument};
use crate::chunk::Chunk;
use crate::document::{Block, Document, Place};
use crate::{Error, Language, Result, Span};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, params};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Layout of the tables. A store of a later one is refused.
const VERSION: i64 = 1;

/// Name of the setting that holds the next document's number.
const NEXT_DOCUMENT: &str = "next_document";

const TABLES: &str = "
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE files (
    path TEXT PRIMARY KEY, domain TEXT NOT NULL, hash TEXT NOT NULL, bytes INTEGER NOT NULL, modified INTEGER NOT NULL,
    failure TEXT
) WITHOUT ROWID;
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL REFERENCES files(path) ON UPDATE CASCADE ON DELETE CASCADE,
    title TEXT, date TEXT, text TEXT NOT NULL, blocks TEXT NOT NULL, notes TEXT NOT NULL
);
CREATE INDEX documents_by_path ON documents(path);
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    first INTEGER NOT NULL, last INTEGER NOT NULL, headings TEXT NOT NULL, place TEXT NOT NULL, language TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX chunks_by_document ON chunks(document);
CREATE TABLE segments (name TEXT PRIMARY KEY, vectors INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE gone (document INTEGER PRIMARY KEY);
";

/// A connection to the database.
pub(super) struct Database {
    connection: Connection,
    folder: PathBuf,
}

/// A chunk as the directory knows it.
pub(super) struct ChunkRow {
    pub(super) id: ChunkId,
    pub(super) document: DocumentId,
    pub(super) language: Language,
}

/// A document as the directory knows it.
pub(super) struct DocumentRow {
    pub(super) id: DocumentId,
    pub(super) path: String,
    pub(super) domain: String,
    pub(super) date: Option<String>,
}

/// What went wrong, with a way out where the disk is full or fails.
fn failure(folder: &Path, source: rusqlite::Error) -> Error {
    match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => Error::Store {
            path: folder.to_owned(),
            expected: "a disk with room that can be written".into(),
            found: source.to_string(),
            mend: "make room and do it again: what was ready stays ready".into(),
        },
        _ => Error::Database { path: folder.to_owned(), source },
    }
}

impl Database {
    /// Opens the database in `folder`; makes it where `create` says so.
    pub(super) fn open(folder: &Path, create: bool) -> Result<Database> {
        let wrap = |source| failure(folder, source);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let flags = if create { flags | OpenFlags::SQLITE_OPEN_CREATE } else { flags };
        let connection = Connection::open_with_flags(folder.join("store.db"), flags).map_err(wrap)?;
        let settle = || -> rusqlite::Result<i64> {
            connection.busy_timeout(Duration::from_secs(10))?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.query_row("PRAGMA user_version", [], |row| row.get(0))
        };
        let version = settle().map_err(wrap)?;
        if version > VERSION || (version == 0 && !create) {
            return Err(Error::Store {
                path: folder.to_owned(),
                expected: format!("a store of version {VERSION} or earlier"),
                found: if version == 0 { "no store".into() } else { format!("version {version}") },
                mend: "use the program that wrote it, or index the documents again into another folder"
                    .into(),
            });
        }
        if version == 0 {
            connection
                .execute_batch(&format!("BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;"))
                .map_err(wrap)?;
        }
        Ok(Database { connection, folder: folder.to_owned() })
    }

    fn wrap(&self) -> impl Fn(rusqlite::Error) -> Error + use<> {
        let path = self.folder.clone();
        move |source| failure(&path, source)
    }

    /// A value kept under a name.
    pub(super) fn setting(&self, name: &str) -> Result<Option<String>> {
        self.connection
            .query_row("SELECT value FROM settings WHERE name = ?", [name], |row| row.get(0))
            .optional()
            .map_err(self.wrap())
    }

    /// Keeps a value under a name.
    pub(super) fn set(&self, name: &str, value: &str) -> Result<()> {
        set(&self.connection, name, value).map_err(self.wrap())
    }

    /// Forgets all vectors and the settings called `fitted`, and names the network that new ones are to be of.
    pub(super) fn change_network(&self, network: Option<(&str, usize)>, fitted: &[&str]) -> Result<()> {
        let work = || -> rusqlite::Result<()> {
            let t = self.connection.unchecked_transaction()?;
            t.execute("DELETE FROM segments", [])?;
            for name in fitted.iter().chain(&["network", "vector_width"]) {
                t.execute("DELETE FROM settings WHERE name = ?", [name])?;
            }
            if let Some((name, width)) = network {
                set(&t, "network", name)?;
                set(&t, "vector_width", &width.to_string())?;
            }
            t.commit()
        };
        work().map_err(self.wrap())
    }

    /// Gives `documents` and `chunks` new numbers, of which the first are returned: for good, whatever becomes of them.
    pub(super) fn reserve(&mut self, documents: u64, chunks: u64) -> Result<(DocumentId, ChunkId)> {
        let wrap = self.wrap();
        let take = |t: &Transaction<'_>, name: &str, count: u64| -> rusqlite::Result<u64> {
            let next: Option<String> =
                t.query_row("SELECT value FROM settings WHERE name = ?", [name], |r| r.get(0)).optional()?;
            let next = next.and_then(|n| n.parse().ok()).unwrap_or(1);
            set(t, name, &(next + count).to_string())?;
            Ok(next)
        };
        let mut work = || -> rusqlite::Result<(u64, u64)> {
            let t = self.connection.transaction()?;
            let first = (take(&t, NEXT_DOCUMENT, documents)?, take(&t, "next_chunk", chunks)?);
            t.commit()?;
            Ok(first)
        };
        work().map_err(wrap)
    }

    /// Every file that was looked at.
    pub(super) fn files(&self) -> Result<Vec<FileState>> {
        self.all("SELECT path, domain, hash, bytes, modified FROM files ORDER BY path", |row| {
            Ok(FileState {
                path: row.get(0)?,
                domain: row.get(1)?,
                hash: row.get(2)?,
                bytes: row.get::<_, i64>(3)? as u64,
                modified: row.get(4)?,
            })
        })
    }

    /// Every document.
    pub(super) fn document_rows(&self) -> Result<Vec<DocumentRow>> {
        let sql = "SELECT d.id, d.path, f.domain, d.date FROM documents d JOIN files f ON f.path = d.path ORDER BY d.id";
        self.all(sql, |row| {
            let id: i64 = row.get(0)?;
            Ok(DocumentRow { id: id as u64, path: row.get(1)?, domain: row.get(2)?, date: row.get(3)? })
        })
    }

    /// Every chunk.
    pub(super) fn chunk_rows(&self) -> Result<Vec<ChunkRow>> {
        self.all("SELECT id, document, language FROM chunks ORDER BY id", |row| {
            let language: String = row.get(2)?;
            let (id, document): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok(ChunkRow { id: id as u64, document: document as u64, language: language_of(&language) })
        })
    }

    /// Names of the segments, with their numbers of vectors.
    pub(super) fn segments(&self) -> Result<Vec<(String, u64)>> {
        self.all("SELECT name, vectors FROM segments ORDER BY name", |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)? as u64))
        })
    }

    /// Documents whose terms have still to go from the text index.
    pub(super) fn gone(&self) -> Result<Vec<DocumentId>> {
        self.all("SELECT document FROM gone", |row| Ok(row.get::<_, i64>(0)? as u64))
    }

    fn all<T>(&self, sql: &str, row: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>) -> Result<Vec<T>> {
        let work = || -> rusqlite::Result<Vec<T>> {
            let mut query = self.connection.prepare(sql)?;
            query.query_map([], |r| row(r))?.collect()
        };
        work().map_err(self.wrap())
    }

    /// A document.
    pub(super) fn document(&self, id: DocumentId) -> Result<Option<StoredDocument>> {
        let sql = "SELECT d.path, f.domain, d.title, d.date, d.text, d.blocks, d.notes
                   FROM documents d JOIN files f ON f.path = d.path WHERE d.id = ?";
        let read = |row: &rusqlite::Row<'_>| -> rusqlite::Result<StoredDocument> {
            let (blocks, notes): (String, String) = (row.get(5)?, row.get(6)?);
            let document = Document {
                title: row.get(2)?,
                date: row.get(3)?,
                text: row.get(4)?,
                blocks: serde_json::from_str::<Vec<Block>>(&blocks).unwrap_or_default(),
                notes: serde_json::from_str(&notes).unwrap_or_default(),
            };
            Ok(StoredDocument { id, path: row.get(0)?, domain: row.get(1)?, document })
        };
        self.connection.query_row(sql, [id as i64], read).optional().map_err(self.wrap())
    }

    /// The chunks among `ids` that exist, in their order.
    pub(super) fn chunks(&self, ids: &[ChunkId]) -> Result<Vec<StoredChunk>> {
        let sql = "SELECT c.document, c.first, c.last, c.headings, c.place, c.language, c.hash,
                   CAST(substr(CAST(d.text AS BLOB), c.first + 1, c.last - c.first) AS TEXT)
                   FROM chunks c JOIN documents d ON d.id = c.document WHERE c.id = ?";
        let work = || -> rusqlite::Result<Vec<StoredChunk>> {
            let mut query = self.connection.prepare_cached(sql)?;
            let mut found = Vec::with_capacity(ids.len());
            for &id in ids {
                let chunk = query.query_row([id as i64], |row| {
                    let (headings, place, language): (String, String, String) =
                        (row.get(3)?, row.get(4)?, row.get(5)?);
                    let chunk = Chunk {
                        span: Span {
                            start: row.get::<_, i64>(1)? as usize,
                            end: row.get::<_, i64>(2)? as usize,
                        },
                        headings: serde_json::from_str(&headings).unwrap_or_default(),
                        place: serde_json::from_str::<Place>(&place).unwrap_or_default(),
                        language: language_of(&language),
                        hash: row.get(6)?,
                    };
                    Ok(StoredChunk { id, document: row.get::<_, i64>(0)? as u64, chunk, text: row.get(7)? })
                });
                found.extend(chunk.optional()?);
            }
            Ok(found)
        };
        work().map_err(self.wrap())
    }

    /// How much there is, but for vectors.
    pub(super) fn stats(&self) -> Result<Stats> {
        let one = |sql: &str| -> Result<u64> {
            self.connection
                .query_row(sql, [], |row| row.get::<_, i64>(0))
                .map(|n| n as u64)
                .map_err(self.wrap())
        };
        let pairs = |sql: &str| self.all(sql, |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)));
        Ok(Stats {
            files: one("SELECT count(*) FROM files WHERE failure IS NULL")?,
            documents: one("SELECT count(*) FROM documents")?,
            written: self
                .setting(NEXT_DOCUMENT)?
                .and_then(|n| n.parse::<u64>().ok())
                .map_or(0, |n| n.saturating_sub(1)),
            chunks: one("SELECT count(*) FROM chunks")?,
            vectors: 0,
            text_bytes: one("SELECT coalesce(sum(length(CAST(text AS BLOB))), 0) FROM documents")?,
            domains: pairs(
                "SELECT f.domain, count(*) FROM documents d JOIN files f ON f.path = d.path GROUP BY f.domain ORDER BY f.domain",
            )?,
            languages: pairs("SELECT language, count(*) FROM chunks GROUP BY language ORDER BY language")?,
            failures: self
                .all("SELECT path, failure FROM files WHERE failure IS NOT NULL ORDER BY path", |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?,
        })
    }

    /// Makes changes, whose new documents and chunks have the numbers from `first` on, and lists a new segment, all at once.
    pub(super) fn apply(
        &mut self,
        changes: &[Change],
        first: (DocumentId, ChunkId),
        segment: Option<(&str, u64)>,
        generation: u64,
    ) -> Result<()> {
        let wrap = self.wrap();
        let mut work = || -> rusqlite::Result<()> {
            let t = self.connection.transaction()?;
            let (mut document, mut chunk) = first;
            for change in changes {
                match change {
                    Change::Put(file, documents) => {
                        forget(&t, &file.path)?;
                        put_file(&t, file, None)?;
                        for prepared in documents {
                            put_document(&t, document, &file.path, &prepared.document)?;
                            for c in &prepared.chunks {
                                put_chunk(&t, chunk, document, c)?;
                                chunk += 1;
                            }
                            document += 1;
                        }
                    }
                    Change::Failed(file, reason) => {
                        forget(&t, &file.path)?;
                        put_file(&t, file, Some(reason))?;
                    }
                    Change::Moved { from, to } => {
                        forget(&t, &to.path)?;
                        t.execute(
                            "UPDATE files SET path = ?, domain = ?, bytes = ?, modified = ? WHERE path = ?",
                            params![to.path, to.domain, to.bytes as i64, to.modified, from],
                        )?;
                    }
                    Change::Removed(path) => forget(&t, path)?,
                }
            }
            if let Some((name, vectors)) = segment {
                t.execute("INSERT OR REPLACE INTO segments VALUES (?, ?)", params![name, vectors as i64])?;
            }
            set(&t, "generation", &generation.to_string())?;
            t.commit()
        };
        work().map_err(wrap)
    }

    /// Forgets that the terms of these documents have still to go.
    pub(super) fn cleared(&self, gone: &[DocumentId]) -> Result<()> {
        let work = || -> rusqlite::Result<()> {
            let t = self.connection.unchecked_transaction()?;
            for id in gone {
                t.execute("DELETE FROM gone WHERE document = ?", [*id as i64])?;
            }
            t.commit()
        };
        work().map_err(self.wrap())
    }

    /// Puts one segment in the place of others.
    pub(super) fn replace_segments(&self, old: &[String], new: Option<(&str, u64)>) -> Result<()> {
        let work = || -> rusqlite::Result<()> {
            let t = self.connection.unchecked_transaction()?;
            for name in old {
                t.execute("DELETE FROM segments WHERE name = ?", [name])?;
            }
            if let Some((name, vectors)) = new {
                t.execute("INSERT OR REPLACE INTO segments VALUES (?, ?)", params![name, vectors as i64])?;
            }
            t.commit()
        };
        work().map_err(self.wrap())
    }
}

fn set(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", [name, value]).map(|_| ())
}

/// Takes a file's documents away; their terms go from the text index later.
fn forget(t: &Transaction<'_>, path: &str) -> rusqlite::Result<()> {
    t.execute("INSERT OR IGNORE INTO gone SELECT id FROM documents WHERE path = ?", [path])?;
    t.execute("DELETE FROM files WHERE path = ?", [path]).map(|_| ())
}

fn put_file(t: &Transaction<'_>, file: &FileState, failure: Option<&str>) -> rusqlite::Result<()> {
    t.prepare_cached("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?)")?
        .execute(params![file.path, file.domain, file.hash, file.bytes as i64, file.modified, failure])
        .map(|_| ())
}

fn put_document(t: &Transaction<'_>, id: DocumentId, path: &str, d: &Document) -> rusqlite::Result<()> {
    t.prepare_cached("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?)")?
        .execute(params![id as i64, path, d.title, d.date, d.text, json(&d.blocks), json(&d.notes)])
        .map(|_| ())
}

fn put_chunk(t: &Transaction<'_>, id: ChunkId, document: DocumentId, c: &Chunk) -> rusqlite::Result<()> {
    t.prepare_cached("INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?)")?
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

fn language_of(name: &str) -> Language {
    Language::ALL.into_iter().find(|(n, _)| *n == name).map_or(Language::Other, |(_, l)| l)
}
