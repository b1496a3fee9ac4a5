//! Tables of data sets whose files no reader opens as they are.
//!
//! Each file has `make(folder)`: it reads the raw files in an item's folder and writes the table beside them. The same raw
//! files give the same table, byte for byte. Columns that give the answer away are left out, as each file says; the raw
//! files stay.

pub(super) mod adult;
pub(super) mod answers;
pub(super) mod chinese_reviews;
pub(super) mod clothing;
pub(super) mod emoji;
pub(super) mod labelled_images;
pub(super) mod newsgroups;
pub(super) mod sounds;

use super::cache::{fingerprint, io_error as io};
use super::{Cache, Item, find, items};
use crate::{Error, Result};
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Raised when a table is to be made anew from the same raw files.
const VERSION: u32 = 1;

/// Says which tables a folder has.
const MARKER: &str = ".prepared";

/// Bytes of a raw text file.
const MOST: u64 = 256 << 20;

/// The table of the data set `name`, which must be in the cache: a file or folder for `ronghe_data::read`. Made once.
pub fn prepare(name: &str, cache: &Cache) -> Result<PathBuf> {
    let item = find(name)?;
    let Some(table) = &item.table else {
        return Err(Error::UnknownName {
            place: "prepare".into(),
            what: "data set",
            name: name.to_owned(),
            valid: items().filter(|i| i.table.is_some()).map(|i| i.name.to_owned()).collect(),
        });
    };
    cache.find(name)?;
    let folder = cache.item_folder(item);
    let path = if table.path.is_empty() { folder.clone() } else { folder.join(table.path) };
    let Some(make) = table.make else { return Ok(path) };
    if is_made(item, &folder) && path.exists() {
        return Ok(path);
    }
    let write = || {
        let _lock = cache.lock(item.name, &mut || ())?;
        if is_made(item, &folder) && path.exists() {
            return Ok(());
        }
        make(&folder)?;
        let marker = folder.join(MARKER);
        fs::write(&marker, made(item)).map_err(|e| io(&marker, e))
    };
    write().map_err(|e| cache.explain(name, Some(item.parts.iter().map(|part| part.bytes).sum()), e))?;
    Ok(path)
}

fn made(item: &Item) -> String {
    format!("{VERSION} {}\n", fingerprint(item))
}

fn is_made(item: &Item, folder: &Path) -> bool {
    fs::read_to_string(folder.join(MARKER)).is_ok_and(|found| found == made(item))
}

/// The text of a raw file.
fn text_of(path: &Path) -> Result<String> {
    let size = fs::metadata(path).map_err(|e| io(path, e))?.len();
    if size > MOST {
        return Err(unlike(path, &format!("at most {MOST} bytes"), &size.to_string()));
    }
    fs::read_to_string(path).map_err(|e| io(path, e))
}

/// Names of the files in a folder, sorted.
fn names_in(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).map_err(|e| io(folder, e))?;
    let mut names: Vec<String> = entries
        .map(|e| e.map(|e| e.file_name().to_string_lossy().into_owned()))
        .collect::<std::io::Result<_>>()
        .map_err(|e| io(folder, e))?;
    names.sort();
    Ok(names)
}

/// A column of strings.
fn strings<S: AsRef<str>>(cells: impl IntoIterator<Item = S>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(cells))
}

/// Writes columns of the same length.
fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) -> Result<()> {
    let batch =
        RecordBatch::try_from_iter(columns).map_err(|e| unlike(path, "columns that fit", &e.to_string()))?;
    Ok(ronghe_data::write::write(path, &batch)?)
}

/// A raw file is not as its hash promised; only a defect here can be the cause.
fn unlike(path: &Path, expected: &str, found: &str) -> Error {
    Error::Artifact {
        path: path.to_owned(),
        expected: expected.to_owned(),
        found: found.to_owned(),
        mend: "pull it again; if that does not help, please report it".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_have_no_table_and_data_must_be_there() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::open(home.path());
        let message = prepare("minilm", &cache).unwrap_err().to_string();
        assert!(message.contains("no data set") && message.contains("emoji"), "{message}");
        assert!(prepare("emoji", &cache).unwrap_err().to_string().contains("ronghe pull emoji"));
    }
}
