//! What is at hand: a folder with one folder an item.
//!
//! ```text
//! CACHE/NAME/...            files of the item, under the catalogue's names
//! CACHE/NAME/.verified      fingerprint of the item, then `bytes sha256 path` of every file: written once all hashes are right
//! CACHE/.NAME.lock          held by the process that brings the item in
//! CACHE/.NAME.part/         its half-finished work; thrown away by the next one
//! ```
//! An item appears by one rename, when it is whole. Later starts compare sizes, not hashes.

use super::collect::Kept;
use super::{Item, digest, find};
use crate::{Error, Result};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

const MARKER: &str = ".verified";

/// A folder of weights and data sets. Nothing is written to it until something is pulled.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

/// The usual cache folder of a person whose home folder is `home`.
pub fn default_cache(home: &Path) -> PathBuf {
    home.join(".cache").join("ronghe")
}

impl Cache {
    /// The cache in `folder`, which need not be there yet.
    pub fn open(folder: &Path) -> Cache {
        Cache { folder: folder.to_owned() }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of the item `name` if it is a single one, else its folder; `None` if it is not here as a whole, or no
    /// item has this name.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.path_of(find(name).ok()?)
    }

    /// As [`Cache::path`], with an error that says how to get the item.
    pub fn find(&self, name: &str) -> Result<PathBuf> {
        let item = find(name)?;
        self.path_of(item)
            .ok_or_else(|| Error::NotPulled { name: name.to_owned(), cache: self.folder.clone() })
    }

    /// Reads every file of the item `name` again and compares its hash.
    pub fn verify(&self, name: &str) -> Result<PathBuf> {
        let item = find(name)?;
        let path = self.find(name)?;
        for kept in self.marked(item).unwrap_or_default() {
            let file = self.item_folder(item).join(&kept.path);
            let found = digest::of_file(&file).map_err(|e| io(&file, e))?;
            if found != kept.digest {
                return Err(Error::Checksum {
                    path: file,
                    expected: kept.digest.sha256,
                    found: found.sha256,
                    mend: format!("remove the folder and run `ronghe pull {name}` again"),
                });
            }
        }
        Ok(path)
    }

    pub(super) fn path_of(&self, item: &Item) -> Option<PathBuf> {
        let folder = self.item_folder(item);
        let files = self.marked(item)?;
        let whole = files.iter().all(|kept| {
            fs::metadata(folder.join(&kept.path)).is_ok_and(|m| m.is_file() && m.len() == kept.digest.bytes)
        });
        whole.then(|| match item.parts {
            [part] if !part.is_folder() => folder.join(part.name),
            _ => folder,
        })
    }

    pub(super) fn item_folder(&self, item: &Item) -> PathBuf {
        self.folder.join(item.name)
    }

    /// Files that the marker of this very item lists.
    fn marked(&self, item: &Item) -> Option<Vec<Kept>> {
        let text = fs::read_to_string(self.item_folder(item).join(MARKER)).ok()?;
        let mut lines = text.lines();
        if lines.next() != Some(fingerprint(item).as_str()) {
            return None;
        }
        let files: Vec<Kept> = lines.map(parse).collect::<Option<_>>()?;
        let expected: u64 = item.parts.iter().map(|p| u64::from(p.files)).sum();
        (files.len() as u64 == expected).then_some(files)
    }

    /// Waits for other processes that bring in `item`, telling `waiting` first; the file is the lock.
    pub(super) fn lock(&self, item: &Item, waiting: &mut dyn FnMut()) -> Result<File> {
        fs::create_dir_all(&self.folder).map_err(|e| io(&self.folder, e))?;
        let path = self.folder.join(format!(".{}.lock", item.name));
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|e| io(&path, e))?;
        if file.try_lock().is_err() {
            waiting();
            file.lock().map_err(|e| io(&path, e))?;
        }
        Ok(file)
    }

    /// An empty folder to work in, for the holder of the lock.
    pub(super) fn staging(&self, item: &Item) -> Result<Staging> {
        let folder = self.folder.join(format!(".{}.part", item.name));
        let staging = Staging { folder };
        staging.remove();
        let files = staging.files();
        fs::create_dir_all(&files).map_err(|e| io(&files, e))?;
        Ok(staging)
    }

    /// Puts the files of `staging` under the name of the item.
    pub(super) fn settle(&self, item: &Item, staging: &Staging, kept: &[Kept]) -> Result<()> {
        let lines: Vec<String> = kept.iter().map(line).collect();
        let marker = staging.files().join(MARKER);
        fs::write(&marker, format!("{}\n{}", fingerprint(item), lines.concat()))
            .map_err(|e| io(&marker, e))?;
        let folder = self.item_folder(item);
        if fs::symlink_metadata(&folder).is_ok() {
            let old = staging.folder.join("old");
            fs::rename(&folder, &old).map_err(|e| io(&folder, e))?;
        }
        fs::rename(staging.files(), &folder).map_err(|e| io(&folder, e))
    }
}

/// The folder an item is made in; removed when dropped.
#[derive(Debug)]
pub(super) struct Staging {
    folder: PathBuf,
}

impl Staging {
    /// Where the client and its archive are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the wanted files go.
    pub(super) fn files(&self) -> PathBuf {
        self.folder.join("files")
    }

    fn remove(&self) {
        // What cannot be removed is told by the next step that needs the place.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Changes when the catalogue wants other files.
pub(super) fn fingerprint(item: &Item) -> String {
    let parts: Vec<String> = item.parts.iter().map(|p| format!("{} {}\n", p.name, p.sha256)).collect();
    digest::of_text(&parts.concat())
}

fn line(kept: &Kept) -> String {
    format!("{} {} {}\n", kept.digest.bytes, kept.digest.sha256, kept.path)
}

fn parse(line: &str) -> Option<Kept> {
    let mut fields = line.splitn(3, ' ');
    let bytes = fields.next()?.parse().ok()?;
    let sha256 = fields.next()?.to_owned();
    Some(Kept { path: fields.next()?.to_owned(), digest: digest::Digest { bytes, sha256 } })
}

pub(super) fn io(path: &Path, source: std::io::Error) -> Error {
    Error::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_cache_says_how_to_fill_it_and_stays_empty() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::open(&default_cache(home.path()));
        assert_eq!(cache.path("minilm"), None);
        assert_eq!(cache.path("no such item"), None);
        let message = cache.find("minilm").unwrap_err().to_string();
        assert!(message.contains("ronghe pull minilm"), "{message}");
        assert!(matches!(cache.find("no such item"), Err(Error::UnknownName { .. })));
        assert!(!cache.folder().exists());
    }
}
