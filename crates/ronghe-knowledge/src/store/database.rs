//! The database of a store: files, documents, chunks, segments, settings.

use super::rows::{forget, put_chunk, put_document, put_file, put_segment, rename_file, seconds, set};
use super::tables;
use super::{Change, ChunkId, DocumentId, FileState, Stats, StoredChunk, StoredDocument};
use crate::chunk::{self, Chunk};
use crate::document::{Block, Document, Place};
use crate::{Error, Language, Result, Span};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Name of the database in its folder.
pub(super) const FILE: &str = "store.db";
/// Name of the setting that holds the next document's number.
pub(super) const NEXT_DOCUMENT: &str = "next_document";
/// Name of the setting that holds the next chunk's number.
pub(super) const NEXT_CHUNK: &str = "next_chunk";
/// How long another program is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// Seconds for which what was replaced can still be read, by those who found it just before.
const KEPT: i64 = 60;

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
pub(super) fn failure(folder: &Path, source: rusqlite::Error) -> Error {
    match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => Error::Store {
            path: folder.to_owned(),
            expected: "a disk with room that can be written".into(),
            found: source.to_string(),
            mend: "make room and do it again: what was ready stays ready".into(),
        },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Error::Store {
            path: folder.to_owned(),
            expected: "a whole database".into(),
            found: format!("a damaged one ({source})"),
            mend: "`ronghe store repair` keeps what can be read, then index again".into(),
        },
        _ => Error::Database { path: folder.to_owned(), source },
    }
}

impl Database {
    /// Opens the database in `folder`; makes it where `create` says so.
    pub(super) fn open(folder: &Path, create: bool) -> Result<Database> {
        Database::open_file(folder, FILE, create)
    }

    /// Opens the file `name` of `folder` as a database.
    pub(super) fn open_file(folder: &Path, name: &str, create: bool) -> Result<Database> {
        let wrap = |source| failure(folder, source);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let flags = if create { flags | OpenFlags::SQLITE_OPEN_CREATE } else { flags };
        let connection = Connection::open_with_flags(folder.join(name), flags).map_err(wrap)?;
        let settle = || -> rusqlite::Result<i64> {
            connection.busy_timeout(PATIENCE)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.pragma_update(None, "cell_size_check", true)?;
            tables::add_row_sum(&connection)?;
            connection.query_row("PRAGMA user_version", [], |row| row.get(0))
        };
        let version = settle().map_err(wrap)?;
        if !(0..=tables::VERSION).contains(&version) || (version == 0 && !create) {
            return Err(Error::Store {
                path: folder.to_owned(),
                expected: format!("a store of version {} or earlier", tables::VERSION),
                found: if version == 0 { "no store".into() } else { format!("version {version}") },
                mend: "use the program that wrote it, or index the documents again into another folder; \
                       if it was this one, `ronghe store repair`"
                    .into(),
            });
        }
        tables::settle(&connection, version).map_err(wrap)?;
        Ok(Database { connection, folder: folder.to_owned() })
    }

    /// Opens the file `name` of `folder`, whatever is wrong with it.
    pub(super) fn open_damaged(folder: &Path, name: &str) -> Result<Database> {
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(folder.join(name))?;
            tables::add_row_sum(&connection)?;
            connection.pragma_update(None, "cell_size_check", true)?;
            Ok(connection)
        };
        let connection = open().map_err(|source| failure(folder, source))?;
        Ok(Database { connection, folder: folder.to_owned() })
    }

    /// Whether a document is there and was not replaced.
    pub(super) fn is_live(&self, id: DocumentId) -> bool {
        let sql = "SELECT gone IS NULL FROM documents WHERE id = ?";
        self.connection.query_row(sql, [id as i64], |row| row.get(0)).unwrap_or(false)
    }

    /// How many chunks a document was cut into.
    pub(super) fn count_of(&self, id: DocumentId) -> Option<u64> {
        let sql = "SELECT chunks FROM documents WHERE id = ?";
        self.connection.query_row(sql, [id as i64], |row| row.get::<_, i64>(0)).ok().map(|n| n as u64)
    }

    /// The connection, for what looks at the tables as such.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// A number that changes whenever another connection changes something.
    pub(super) fn version(&self) -> Result<i64> {
        self.connection.query_row("PRAGMA data_version", [], |row| row.get(0)).map_err(self.wrap())
    }

    /// Reads several things as they are at one moment.
    pub(super) fn at_once<T>(&self, read: impl FnOnce(&Database) -> Result<T>) -> Result<T> {
        let transaction = self.connection.unchecked_transaction().map_err(self.wrap())?;
        let found = read(self)?;
        transaction.commit().map_err(self.wrap())?;
        Ok(found)
    }

    /// Writes what is in the log into the database itself, if nobody is reading just now.
    pub(super) fn settle_log(&self) -> Result<()> {
        let work = || -> rusqlite::Result<()> {
            self.connection.busy_timeout(Duration::ZERO)?;
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            self.connection.busy_timeout(PATIENCE)
        };
        work().map_err(self.wrap())
    }

    /// Pages that are free, of how many, and bytes of one.
    pub(super) fn pages(&self) -> Result<(u64, u64, u64)> {
        let one = |name: &str| {
            let sql = format!("PRAGMA {name}");
            self.connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).map(|n| n as u64)
        };
        let work =
            || -> rusqlite::Result<_> { Ok((one("freelist_count")?, one("page_count")?, one("page_size")?)) };
        work().map_err(self.wrap())
    }

    /// Gives free pages back to the disk.
    pub(super) fn shrink(&self) -> Result<()> {
        self.connection.execute_batch("VACUUM").map_err(self.wrap())?;
        self.settle_log()
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

    /// Forgets what is kept under a name.
    pub(super) fn forget_setting(&self, name: &str) -> Result<()> {
        let gone = self.connection.execute("DELETE FROM settings WHERE name = ?", [name]);
        gone.map(|_| ()).map_err(self.wrap())
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

    /// Has every file read again the next time that it is looked at, and keeps `value` under `name`.
    pub(super) fn read_again(&self, name: &str, value: &str) -> Result<()> {
        let work = || -> rusqlite::Result<()> {
            let t = self.connection.unchecked_transaction()?;
            // What is in no file has no time.
            t.execute(
                "UPDATE files SET hash = '', modified = -1, sum = row_sum(path, domain, '', bytes, -1, failure)
                 WHERE modified <> 0",
                [],
            )?;
            set(&t, name, value)?;
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
            let first = (take(&t, NEXT_DOCUMENT, documents)?, take(&t, NEXT_CHUNK, chunks)?);
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
        let sql = "SELECT d.id, d.path, f.domain, d.date FROM documents d JOIN files f ON f.path = d.path \
                   WHERE d.gone IS NULL ORDER BY d.id";
        self.all(sql, |row| {
            let id: i64 = row.get(0)?;
            Ok(DocumentRow { id: id as u64, path: row.get(1)?, domain: row.get(2)?, date: row.get(3)? })
        })
    }

    /// Every chunk.
    pub(super) fn chunk_rows(&self) -> Result<Vec<ChunkRow>> {
        let sql = "SELECT id, document, language FROM chunks \
                   WHERE document NOT IN (SELECT id FROM documents WHERE gone IS NOT NULL) ORDER BY id";
        self.all(sql, |row| {
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

    /// Documents of the file at `path`, by their numbers.
    pub(super) fn documents_of(&self, path: &str) -> Result<Vec<DocumentId>> {
        let work = || -> rusqlite::Result<Vec<DocumentId>> {
            let sql = "SELECT id FROM documents WHERE path = ? AND gone IS NULL ORDER BY id";
            let mut query = self.connection.prepare_cached(sql)?;
            query.query_map([path], |row| row.get::<_, i64>(0).map(|id| id as u64))?.collect()
        };
        work().map_err(self.wrap())
    }

    /// Chunks of a document, by their numbers.
    pub(super) fn chunks_of(&self, document: DocumentId) -> Result<Vec<ChunkId>> {
        let work = || -> rusqlite::Result<Vec<ChunkId>> {
            let mut query =
                self.connection.prepare_cached("SELECT id FROM chunks WHERE document = ? ORDER BY id")?;
            query.query_map([document as i64], |row| row.get::<_, i64>(0).map(|id| id as u64))?.collect()
        };
        work().map_err(self.wrap())
    }

    /// A document. One whose bytes are not those that were written is none, and is told to `damaged`.
    pub(super) fn document(
        &self,
        id: DocumentId,
        damaged: &mut Vec<String>,
    ) -> Result<Option<StoredDocument>> {
        let sql = format!(
            "SELECT d.path, coalesce(f.domain, ''), d.title, d.date, d.text, d.blocks, d.notes, d.sum = {}
             FROM documents d LEFT JOIN files f ON f.path = d.path WHERE d.id = ?",
            tables::sum_of("d", tables::DOCUMENT)
        );
        let read = |row: &rusqlite::Row<'_>| -> rusqlite::Result<Option<StoredDocument>> {
            if !row.get::<_, bool>(7)? {
                return Ok(None);
            }
            let (blocks, notes): (String, String) = (row.get(5)?, row.get(6)?);
            let document = Document {
                title: row.get(2)?,
                date: row.get(3)?,
                text: row.get(4)?,
                blocks: serde_json::from_str::<Vec<Block>>(&blocks).unwrap_or_default(),
                notes: serde_json::from_str(&notes).unwrap_or_default(),
            };
            Ok(Some(StoredDocument { id, path: row.get(0)?, domain: row.get(1)?, document }))
        };
        let work = || self.connection.prepare_cached(&sql)?.query_row([id as i64], read).optional();
        match work() {
            Ok(Some(Some(found))) => Ok(Some(found)),
            Ok(None) => Ok(None),
            Ok(Some(None)) => {
                let path = "SELECT path FROM documents WHERE id = ?";
                let path: String =
                    self.connection.query_row(path, [id as i64], |row| row.get(0)).unwrap_or_default();
                damaged.push(format!("document {id} ({path}): other bytes than were written"));
                Ok(None)
            }
            Err(error) if is_damage(&error) => {
                damaged.push(format!("document {id}: {error}"));
                Ok(None)
            }
            Err(error) => Err(failure(&self.folder, error)),
        }
    }

    /// The chunks among `ids` that exist, in their order. Those whose bytes are not those that were written are left out, and
    /// told to `damaged`.
    pub(super) fn chunks(&self, ids: &[ChunkId], damaged: &mut Vec<String>) -> Result<Vec<StoredChunk>> {
        let sql = format!(
            "SELECT c.document, c.first, c.last, c.headings, c.place, c.language, c.hash,
             CAST(substr(CAST(d.text AS BLOB), c.first + 1, c.last - c.first) AS TEXT), c.sum = {}
             FROM chunks c JOIN documents d ON d.id = c.document WHERE c.id = ?",
            tables::sum_of("c", tables::CHUNK)
        );
        let read = |id: ChunkId, row: &rusqlite::Row<'_>| -> rusqlite::Result<Option<StoredChunk>> {
            if !row.get::<_, bool>(8)? {
                return Ok(None);
            }
            let (headings, place, language): (String, String, String) =
                (row.get(3)?, row.get(4)?, row.get(5)?);
            let chunk = Chunk {
                span: Span { start: row.get::<_, i64>(1)? as usize, end: row.get::<_, i64>(2)? as usize },
                headings: serde_json::from_str(&headings).unwrap_or_default(),
                place: serde_json::from_str::<Place>(&place).unwrap_or_default(),
                language: language_of(&language),
                hash: row.get(6)?,
            };
            let text: String = row.get(7)?;
            let whole = chunk.hash == chunk::hash(&chunk.headings, &text);
            Ok(whole.then_some(StoredChunk { id, document: row.get::<_, i64>(0)? as u64, chunk, text }))
        };
        let mut query = self.connection.prepare_cached(&sql).map_err(self.wrap())?;
        let mut found = Vec::with_capacity(ids.len());
        for &id in ids {
            match query.query_row([id as i64], |row| read(id, row)).optional() {
                Ok(Some(Some(chunk))) => found.push(chunk),
                Ok(None) => {}
                Ok(Some(None)) => damaged.push(format!("chunk {id}: other bytes than were written")),
                Err(error) if is_damage(&error) => damaged.push(format!("chunk {id}: {error}")),
                Err(error) => return Err(failure(&self.folder, error)),
            }
        }
        Ok(found)
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
            documents: one("SELECT count(*) FROM documents WHERE gone IS NULL")?,
            written: self
                .setting(NEXT_DOCUMENT)?
                .and_then(|n| n.parse::<u64>().ok())
                .map_or(0, |n| n.saturating_sub(1)),
            chunks: one("SELECT coalesce(sum(chunks), 0) FROM documents WHERE gone IS NULL")?,
            vectors: 0,
            text_bytes: one("SELECT coalesce(sum(octet_length(text)), 0) FROM documents WHERE gone IS NULL")?,
            domains: pairs(
                "SELECT f.domain, count(*) FROM documents d JOIN files f ON f.path = d.path \
                 WHERE d.gone IS NULL GROUP BY f.domain ORDER BY f.domain",
            )?,
            languages: pairs(
                "SELECT language, count(*) FROM chunks \
                 WHERE document NOT IN (SELECT id FROM documents WHERE gone IS NOT NULL) GROUP BY language ORDER BY language",
            )?,
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
                            let count = prepared.chunks.len();
                            put_document(&t, document, &file.path, &prepared.document, count)?;
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
                        rename_file(&t, from, to)?;
                    }
                    Change::Removed(path) => forget(&t, path)?,
                }
            }
            if let Some((name, vectors)) = segment {
                put_segment(&t, name, vectors)?;
            }
            set(&t, "generation", &generation.to_string())?;
            t.commit()
        };
        work().map_err(wrap)
    }

    /// Forgets that the terms of these documents have still to go, and takes away the rows of documents that went some time ago
    /// (`now`: of all that went).
    pub(super) fn cleared(&self, gone: &[DocumentId], now: bool) -> Result<()> {
        let work = || -> rusqlite::Result<()> {
            let t = self.connection.unchecked_transaction()?;
            for id in gone {
                t.execute("DELETE FROM gone WHERE document = ?", [*id as i64])?;
            }
            let until = if now { i64::MAX } else { seconds().saturating_sub(KEPT) };
            t.execute(
                "DELETE FROM documents WHERE gone < ? AND id NOT IN (SELECT document FROM gone)",
                [until],
            )?;
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
                put_segment(&t, name, vectors)?;
            }
            t.commit()
        };
        work().map_err(self.wrap())
    }
}

/// Whether the error says that the database is damaged.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error};
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        || matches!(
            error,
            FromSqlConversionFailure(..)
                | IntegralValueOutOfRange(..)
                | InvalidColumnType(..)
                | Utf8Error(..)
        )
}

fn language_of(name: &str) -> Language {
    Language::ALL.into_iter().find(|(n, _)| *n == name).map_or(Language::Other, |(_, l)| l)
}
