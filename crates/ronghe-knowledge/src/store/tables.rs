//! The tables of a store's database, with a checksum in every row.
//!
//! `row_sum(columns ...)` is the first eight bytes of the SHA-256 over the kinds, lengths and bytes of the values: a row whose `sum` is
//! another one is damaged. The columns before `text` are read without it.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use sha2::{Digest, Sha256};

/// Layout of the tables. A store of a later one is refused, one of an earlier one is brought up to it.
pub(super) const VERSION: i64 = 2;

/// Name of the setting that holds the layout a second time, for the day when the file's head is damaged.
pub(super) const LAYOUT: &str = "layout";

const TABLES: &str = "
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL, sum INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE files (
    path TEXT PRIMARY KEY, domain TEXT NOT NULL, hash TEXT NOT NULL, bytes INTEGER NOT NULL, modified INTEGER NOT NULL,
    failure TEXT, sum INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, title TEXT, date TEXT, chunks INTEGER NOT NULL, gone INTEGER,
    sum INTEGER NOT NULL, text TEXT NOT NULL, blocks TEXT NOT NULL, notes TEXT NOT NULL
);
CREATE INDEX documents_by_path ON documents(path);
CREATE INDEX documents_gone ON documents(gone) WHERE gone IS NOT NULL;
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    first INTEGER NOT NULL, last INTEGER NOT NULL, headings TEXT NOT NULL, place TEXT NOT NULL, language TEXT NOT NULL,
    hash TEXT NOT NULL, sum INTEGER NOT NULL
);
CREATE INDEX chunks_by_document ON chunks(document);
CREATE TABLE segments (name TEXT PRIMARY KEY, vectors INTEGER NOT NULL, sum INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE gone (document INTEGER PRIMARY KEY);
";

/// From version 1, which had no sums.
const FROM_FIRST: &str = "
DROP INDEX documents_by_path;
DROP INDEX chunks_by_document;
ALTER TABLE settings RENAME TO settings_1;
ALTER TABLE files RENAME TO files_1;
ALTER TABLE documents RENAME TO documents_1;
ALTER TABLE chunks RENAME TO chunks_1;
ALTER TABLE segments RENAME TO segments_1;
ALTER TABLE gone RENAME TO gone_1;
";
const COPY_FIRST: &str = "
INSERT INTO settings SELECT name, value, row_sum(name, value) FROM settings_1;
INSERT INTO files SELECT path, domain, hash, bytes, modified, failure,
    row_sum(path, domain, hash, bytes, modified, failure) FROM files_1;
INSERT INTO documents SELECT id, path, title, date, n, NULL,
    row_sum(id, path, title, date, n, NULL, text, blocks, notes), text, blocks, notes
    FROM (SELECT *, (SELECT count(*) FROM chunks_1 c WHERE c.document = d.id) AS n FROM documents_1 d);
INSERT INTO chunks SELECT id, document, first, last, headings, place, language, hash,
    row_sum(id, document, first, last, headings, place, language, hash) FROM chunks_1;
INSERT INTO segments SELECT name, vectors, row_sum(name, vectors) FROM segments_1;
INSERT INTO gone SELECT document FROM gone_1;
DROP TABLE chunks_1;
DROP TABLE documents_1;
DROP TABLE files_1;
DROP TABLE settings_1;
DROP TABLE segments_1;
DROP TABLE gone_1;
";

/// Columns of a document's sum.
pub(super) const DOCUMENT: &[&str] =
    &["id", "path", "title", "date", "chunks", "gone", "text", "blocks", "notes"];
/// Columns of a chunk's sum.
pub(super) const CHUNK: &[&str] =
    &["id", "document", "first", "last", "headings", "place", "language", "hash"];
/// Tables with a sum: name, what a row is called by, columns of the sum.
pub(super) const SUMMED: &[(&str, &str, &[&str])] = &[
    ("settings", "name", &["name", "value"]),
    ("files", "path", &["path", "domain", "hash", "bytes", "modified", "failure"]),
    ("documents", "path", DOCUMENT),
    ("chunks", "id", CHUNK),
    ("segments", "name", &["name", "vectors"]),
];

/// The sum that a row of `table` should have, in SQL.
pub(super) fn sum_of(table: &str, columns: &[&str]) -> String {
    let columns: Vec<String> = columns.iter().map(|c| format!("{table}.{c}")).collect();
    format!("row_sum({})", columns.join(", "))
}

/// Teaches a connection `row_sum`.
pub(super) fn add_row_sum(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("row_sum", -1, flags, |row| {
        let mut hash = Sha256::new();
        for at in 0..row.len() {
            let mut take = |kind: u8, bytes: &[u8]| {
                hash.update([kind]);
                hash.update((bytes.len() as u64).to_le_bytes());
                hash.update(bytes);
            };
            match row.get_raw(at) {
                ValueRef::Null => take(0, &[]),
                ValueRef::Integer(n) => take(1, &n.to_le_bytes()),
                ValueRef::Real(x) => take(2, &x.to_le_bytes()),
                ValueRef::Text(text) => take(3, text),
                ValueRef::Blob(bytes) => take(4, bytes),
            }
        }
        let whole: [u8; 32] = hash.finalize().into();
        Ok(whole.iter().take(8).fold(0_i64, |sum, &byte| sum << 8 | i64::from(byte)))
    })
}

/// Makes the tables where there are none (version 0), and those of this version of earlier ones.
pub(super) fn settle(connection: &Connection, version: i64) -> rusqlite::Result<()> {
    if version == VERSION {
        return Ok(());
    }
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let work = || -> rusqlite::Result<()> {
        // Another program may have done it meanwhile.
        match connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))? {
            0 => connection.execute_batch(TABLES)?,
            1 => [FROM_FIRST, TABLES, COPY_FIRST].iter().try_for_each(|sql| connection.execute_batch(sql))?,
            _ => {}
        }
        let layout = "INSERT OR REPLACE INTO settings VALUES (?1, ?2, row_sum(?1, ?2))";
        connection.execute(layout, [LAYOUT, &VERSION.to_string()])?;
        connection.pragma_update(None, "user_version", VERSION)
    };
    match work() {
        Ok(()) => connection.execute_batch("COMMIT")?,
        Err(error) => {
            connection.execute_batch("ROLLBACK")?;
            return Err(error);
        }
    }
    connection.pragma_update(None, "foreign_keys", true)
}

/// What is wrong with the tables, in words: first what the database itself finds, then rows with other bytes than were written.
pub(super) fn problems(connection: &Connection) -> Vec<String> {
    let mut found = Vec::new();
    let mut ask = |sql: &str, say: &dyn Fn(String) -> Option<String>| {
        let work = || -> rusqlite::Result<Vec<String>> {
            let mut query = connection.prepare(sql)?;
            query.query_map([], |row| row.get_ref(0).map(written))?.collect()
        };
        match work() {
            Ok(rows) => found.extend(rows.into_iter().filter_map(say)),
            Err(error) => found.push(format!("database: {error}")),
        }
    };
    ask("PRAGMA integrity_check(20)", &|said| (said != "ok").then(|| format!("database: {said}")));
    ask("PRAGMA foreign_key_check", &|table| Some(format!("database: {table}: a row without its document")));
    for (table, name, columns) in SUMMED {
        let sum = sum_of(table, columns);
        ask(&format!("SELECT {name} FROM {table} WHERE sum IS NOT {sum}"), &|row| {
            Some(format!("database: {table}: {row}: other bytes than were written"))
        });
    }
    let lost = "SELECT path FROM documents d WHERE chunks != (SELECT count(*) FROM chunks c WHERE c.document = d.id)";
    ask(lost, &|path| Some(format!("database: {path}: not all of its chunks are there")));
    let alone = "SELECT path FROM documents WHERE gone IS NULL AND path NOT IN (SELECT path FROM files)";
    ask(alone, &|path| Some(format!("database: {path}: a document of no known file")));
    found
}

fn written(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Integer(n) => n.to_string(),
        ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned(),
        _ => "a row without a name".into(),
    }
}
