//! What is at hand: a folder with one folder an item.
//!
//! ```text
//! CACHE/NAME/...            files of the item, under the catalogue's names
//! CACHE/hub/OWNER--NAME/    files of a repository, see `hub`
//! CACHE/.../.verified       what it is, then `bytes sha256 path` of every file: written once all hashes are right
//! CACHE/.NAME.lock          held by the process that brings the item in, and by the client that it started
//! CACHE/.NAME.part/         its half-finished work, which the next one goes on with: see `staging`
//! ```
//! An item appears by one rename, when it is whole. Later starts compare sizes, not hashes. What is here is only read, so
//! that a cache may lie on a disk that cannot be written to.

use super::collect::Kept;
use super::staging::Staging;
use super::{Item, Repository, digest, find};
use crate::{Error, Result};
use std::fs::{self, File};
use std::io;
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
    /// item has this name. `hub:OWNER/NAME` is the folder of a repository.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        match Repository::parse(name) {
            Some(repository) => self.repository(&repository.ok()?).map(|held| held.folder),
            None => self.path_of(find(name).ok()?),
        }
    }

    /// As [`Cache::path`], with an error that says how to get the item.
    pub fn find(&self, name: &str) -> Result<PathBuf> {
        match Repository::parse(name) {
            Some(repository) => drop(repository?),
            None => drop(find(name)?),
        }
        self.path(name).ok_or_else(|| self.not_pulled(name))
    }

    /// Reads every file of the item `name` again and compares its hash.
    pub fn verify(&self, name: &str) -> Result<PathBuf> {
        let path = self.find(name)?;
        let folder = match Repository::parse(name) {
            Some(repository) => self.repository_folder(&repository?),
            None => self.item_folder(find(name)?),
        };
        let (_, files) = marked(&folder).ok_or_else(|| self.not_pulled(name))?;
        for kept in files {
            let file = folder.join(&kept.path);
            let found = digest::of_file(&file).map_err(|e| io_error(&file, e))?;
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
        let (header, files) = marked(&folder)?;
        let expected: u64 = item.parts.iter().map(|p| u64::from(p.files)).sum();
        if header != fingerprint(item) || files.len() as u64 != expected || !are_whole(&folder, &files) {
            return None;
        }
        Some(match item.parts {
            [part] if !part.is_folder() => folder.join(part.name),
            _ => folder,
        })
    }

    pub(super) fn item_folder(&self, item: &Item) -> PathBuf {
        self.folder.join(item.name)
    }

    pub(super) fn not_pulled(&self, name: &str) -> Error {
        Error::NotPulled { name: name.to_owned(), cache: self.folder.clone() }
    }

    /// Waits for other processes that bring in `slot`, telling `waiting` first; the file is the lock.
    pub(super) fn lock(&self, slot: &str, waiting: &mut dyn FnMut()) -> Result<File> {
        fs::create_dir_all(&self.folder).map_err(|e| io_error(&self.folder, e))?;
        let path = self.folder.join(format!(".{slot}.lock"));
        let file = File::options().create(true).truncate(false).read(true).write(true).open(&path);
        let file = file.map_err(|e| io_error(&path, e))?;
        if file.try_lock().is_err() {
            waiting();
            file.lock().map_err(|e| io_error(&path, e))?;
        }
        Ok(file)
    }

    /// Does `work` in a folder for it, for the holder of the lock. Where the disk is full, nothing of it stays.
    pub(super) fn staged<T>(&self, slot: &str, work: impl FnOnce(Staging) -> Result<T>) -> Result<T> {
        let folder = self.folder.join(format!(".{slot}.part"));
        let made = Staging::open(folder.clone()).and_then(work);
        if let Err(Error::Io { source, .. }) = &made
            && matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        {
            let _ = fs::remove_dir_all(folder);
        }
        made
    }

    /// What kept something of up to `bytes` bytes out of the cache, said so that it can be mended.
    pub(super) fn explain(&self, name: &str, bytes: Option<u64>, error: Error) -> Error {
        match error {
            Error::Io { path, source } if path.starts_with(&self.folder) && is_refusal(source.kind()) => {
                Error::CacheFull { name: name.to_owned(), cache: self.folder.clone(), bytes, source }
            }
            other => other,
        }
    }
}

/// Whether the disk or its owner said no.
pub(super) fn is_refusal(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{NotADirectory, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(kind, NotADirectory | PermissionDenied | QuotaExceeded | ReadOnlyFilesystem | StorageFull)
}

/// Puts the files of `staging` at `folder`, with a marker that begins with the line `header`.
pub(super) fn settle(folder: &Path, staging: Staging, header: &str, kept: &[Kept]) -> Result<()> {
    let lines: Vec<String> = kept.iter().map(line).collect();
    let marker = staging.files().join(MARKER);
    fs::write(&marker, format!("{header}\n{}", lines.concat())).map_err(|e| io_error(&marker, e))?;
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(|e| io_error(parent, e))?;
    }
    if fs::symlink_metadata(folder).is_ok() {
        fs::rename(folder, staging.old()).map_err(|e| io_error(folder, e))?;
    }
    fs::rename(staging.files(), folder).map_err(|e| io_error(folder, e))?;
    staging.done();
    Ok(())
}

/// First line and files of the marker in a folder.
pub(super) fn marked(folder: &Path) -> Option<(String, Vec<Kept>)> {
    let text = fs::read_to_string(folder.join(MARKER)).ok()?;
    let mut lines = text.lines();
    let header = lines.next()?.to_owned();
    Some((header, lines.map(parse).collect::<Option<_>>()?))
}

/// Whether all files are there in their sizes.
pub(super) fn are_whole(folder: &Path, files: &[Kept]) -> bool {
    files.iter().all(|kept| {
        fs::metadata(folder.join(&kept.path)).is_ok_and(|m| m.is_file() && m.len() == kept.digest.bytes)
    })
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

pub(super) fn io_error(path: &Path, source: io::Error) -> Error {
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
