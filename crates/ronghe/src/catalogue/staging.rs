//! The folder that something is brought in by, and what of it outlives a stop.
//!
//! ```text
//! archive/     the client's finished file, its hash checked: kept until the item is in the cache
//! download/    where the client works: kept for clients that go on with a file of their own
//! files/ old/ temporary/ log wanted.txt    made anew by every run
//! ```
//! Every step into `archive/` and out of the folder is one rename, so that a stop at any moment leaves what the next run
//! can use. Whoever holds the lock of the item owns the folder.

use super::cache::io_error;
use super::{Package, digest};
use crate::Result;
use std::fs;
use std::path::{Path, PathBuf};

/// A working folder. Dropped, it keeps what the next run can use; if there is nothing of that kind, it goes.
#[derive(Debug)]
pub(super) struct Staging {
    folder: PathBuf,
}

impl Staging {
    pub(super) fn open(folder: PathBuf) -> Result<Staging> {
        let staging = Staging { folder };
        staging.clear();
        for folder in [staging.files(), staging.download(), staging.temporary(), staging.archive()] {
            fs::create_dir_all(&folder).map_err(|e| io_error(&folder, e))?;
        }
        Ok(staging)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the wanted files go.
    pub(super) fn files(&self) -> PathBuf {
        self.folder.join("files")
    }

    /// Where the client works.
    pub(super) fn download(&self) -> PathBuf {
        self.folder.join("download")
    }

    pub(super) fn temporary(&self) -> PathBuf {
        self.folder.join("temporary")
    }

    /// What was under the item's name before.
    pub(super) fn old(&self) -> PathBuf {
        self.folder.join("old")
    }

    fn archive(&self) -> PathBuf {
        self.folder.join("archive")
    }

    /// The finished archive of `package`, if it is here: from a run that was stopped, or left behind by a client whose
    /// caller was.
    pub(super) fn finished(&self, package: &Package) -> Result<Option<PathBuf>> {
        for folder in [self.archive(), self.download()] {
            for file in files_in(&folder)? {
                let right = |d: digest::Digest| d.bytes == package.bytes && d.sha256 == package.sha256;
                let size = fs::metadata(&file).map(|m| m.len()).unwrap_or(0);
                if size != package.bytes || !right(digest::of_file(&file).map_err(|e| io_error(&file, e))?) {
                    continue;
                }
                let kept = self.archive().join(file.file_name().unwrap_or_default());
                fs::rename(&file, &kept).map_err(|e| io_error(&file, e))?;
                return Ok(Some(kept));
            }
        }
        Ok(None)
    }

    /// Forgets what clients left.
    pub(super) fn forget(&self) -> Result<()> {
        for folder in [self.download(), self.archive()] {
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).map_err(|e| io_error(&folder, e))?;
        }
        Ok(())
    }

    /// All of it has been used.
    pub(super) fn done(self) {
        let _ = fs::remove_dir_all(&self.folder);
    }

    /// What cannot be removed is told by the next step that needs the place.
    fn clear(&self) {
        for folder in [self.files(), self.old(), self.temporary()] {
            let _ = fs::remove_dir_all(folder);
        }
        for file in ["log", "wanted.txt"] {
            let _ = fs::remove_file(self.folder.join(file));
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.clear();
        // Only empty folders can be removed so.
        for folder in [self.archive(), self.download(), self.folder.clone()] {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// The files right in a folder, by name.
pub(super) fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|e| io_error(folder, e))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(std::io::Result::ok)
        .filter(|e| e.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|e| e.path())
        .collect();
    files.sort();
    Ok(files)
}
