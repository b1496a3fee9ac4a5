//! The folder that a training writes to.
//!
//! | file | what |
//! |---|---|
//! | `.lock` | held by the one program that writes |
//! | `checkpoint` | where a training stands that is not finished |
//! | `training.json` | what was asked for, so that it can go on |
//! | `hashes.json` | written last: a finished model |
//!
//! A finished model and a checkpoint are work that is not thrown away without a word.

use crate::{Error, Result};
use ronghe_graph::weights::write_atomic;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// Where a training stands that is not finished.
pub const CHECKPOINT: &str = "checkpoint";
/// What was asked for, beside the checkpoint.
pub const REQUEST: &str = "training.json";

const LOCK: &str = ".lock";

/// What is to be done with what a folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Nothing is there, or nothing that would be lost.
    New,
    /// Go on from the checkpoint.
    Resume,
    /// Replace a finished model, and start over where a training was stopped.
    Replace,
}

/// A folder that this program alone writes to, as long as the value lives.
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    /// Taken out to be closed before the folder is looked at.
    lock: Option<File>,
}

impl Place {
    /// Makes the folder, shows that it can be written to, and keeps others out. Files that a killed program left half written are
    /// removed; with [`Claim::Replace`], a checkpoint too.
    pub fn claim(folder: &Path, claim: Claim) -> Result<Place> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Io { path, source }
        };
        std::fs::create_dir_all(folder).map_err(io(folder))?;
        let path = folder.join(LOCK);
        let lock = File::create(&path).map_err(io(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(held(
                    folder,
                    "one training at a time",
                    "another that is running",
                    "wait until it is done, or name another folder with --out",
                ));
            }
            Err(TryLockError::Error(source)) => return Err(Error::Io { path, source }),
        }
        let place = Place { folder: folder.to_owned(), lock: Some(lock) };
        place.check(claim)?;
        clear_parts(folder)?;
        if claim == Claim::Replace {
            place.forget()?;
        }
        Ok(place)
    }

    /// Whether what the folder holds may be changed so.
    fn check(&self, claim: Claim) -> Result<()> {
        let folder = &self.folder;
        let stopped = folder.join(CHECKPOINT).exists();
        let finished = folder.join("hashes.json").exists() && !stopped;
        match claim {
            Claim::New if stopped => Err(held(
                folder,
                "a new folder",
                "a training that was stopped",
                &format!("go on with `{}`, or start over with --force", go_on(folder)),
            )),
            Claim::New if finished => Err(held(
                folder,
                "a new folder",
                "a finished model",
                "name another folder with --out, or replace the model with --force",
            )),
            Claim::Resume if finished => Err(held(
                folder,
                "a training that was stopped",
                "a finished model",
                "there is nothing to resume; train anew with --force in place of --resume",
            )),
            _ => Ok(()),
        }
    }

    /// Where the checkpoint is kept.
    pub fn checkpoint(&self) -> PathBuf {
        self.folder.join(CHECKPOINT)
    }

    /// What was asked for, where that is kept.
    pub fn request(&self) -> Result<Option<Vec<u8>>> {
        let path = self.folder.join(REQUEST);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Io { path, source }),
        }
    }

    /// Keeps what was asked for, unless there is a checkpoint, which belongs to what is kept already.
    pub fn keep(&self, request: &[u8]) -> Result<()> {
        if self.checkpoint().exists() && self.folder.join(REQUEST).exists() {
            return Ok(());
        }
        Ok(write_atomic(&self.folder.join(REQUEST), request)?)
    }

    /// How to go on, where there is a checkpoint.
    pub fn how_to_go_on(&self) -> Option<String> {
        self.checkpoint().exists().then(|| go_on(&self.folder))
    }

    /// Removes the checkpoint and what was asked for: the model is whole, or training starts over.
    pub fn forget(&self) -> Result<()> {
        for path in [self.checkpoint(), self.folder.join(REQUEST)] {
            match std::fs::remove_file(&path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::Io { path, source });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.folder.join(LOCK));
        drop(self.lock.take());
        // A training that failed before it wrote anything leaves no folder; others are not empty.
        let _ = std::fs::remove_dir(&self.folder);
    }
}

/// The command that goes on with the training in `folder`.
pub(crate) fn go_on(folder: &Path) -> String {
    let folder = folder.display().to_string();
    let plain = folder.chars().all(|c| c.is_alphanumeric() || "/\\:._-+=@".contains(c));
    let quoted = if plain { folder } else { format!("'{folder}'") };
    format!("ronghe train --resume --out {quoted}")
}

/// Removes what atomic writes of killed programs left: `.NAME.PROCESS.part`, here and in the folders of a model.
fn clear_parts(folder: &Path) -> Result<()> {
    for path in entries(folder)? {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let process = name.strip_prefix('.').and_then(|n| n.strip_suffix(".part")?.rsplit_once('.'));
        if process.is_some_and(|(_, id)| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit())) {
            std::fs::remove_file(&path).map_err(|source| Error::Io { path, source })?;
        } else if name == "encoders" && path.is_dir() {
            entries(&path)?.iter().filter(|p| p.is_dir()).try_for_each(|p| clear_parts(p))?;
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let io = |source| Error::Io { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        found.push(entry.map_err(io)?.path());
    }
    Ok(found)
}

fn held(folder: &Path, expected: &str, found: &str, mend: &str) -> Error {
    Error::Artifact {
        path: folder.to_owned(),
        expected: expected.to_owned(),
        found: found.to_owned(),
        mend: mend.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(folder: &Path, claim: Claim) -> String {
        Place::claim(folder, claim).err().map(|e| e.to_string()).unwrap_or_default()
    }

    #[test]
    fn one_writer_and_nothing_destroyed() {
        let room = tempfile::tempdir().unwrap();
        let folder = room.path().join("new/模型");
        let place = Place::claim(&folder, Claim::New).unwrap();
        assert!(said(&folder, Claim::Replace).contains("found another that is running"));
        drop(place);
        assert!(!folder.exists(), "an empty folder stays");

        let write = |name: &str| {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, name).unwrap();
        };
        write(CHECKPOINT);
        write(REQUEST);
        let message = said(&folder, Claim::New);
        assert!(
            message.contains("a training that was stopped; go on with `ronghe train --resume --out "),
            "{message}"
        );
        assert_eq!(said(&folder, Claim::Resume), "");
        assert!(folder.join(CHECKPOINT).exists() && folder.join(REQUEST).exists());

        // What killed writers left goes, what only looks like it stays.
        let parts = [".model.safetensors.4711.part", "encoders/text/.tokenizer.json.12.part"];
        let others = [".notes.part", "model.1.part", "other/.a.1.part", ".a.x1.part"];
        parts.iter().chain(&others).for_each(|name| write(name));
        assert_eq!(said(&folder, Claim::Replace), "");
        assert!(parts.iter().all(|name| !folder.join(name).exists()));
        assert!(others.iter().all(|name| folder.join(name).exists()));
        assert!(!folder.join(CHECKPOINT).exists() && !folder.join(REQUEST).exists());

        write("hashes.json");
        assert!(
            said(&folder, Claim::New)
                .contains("found a finished model; name another folder with --out, or replace")
        );
        assert!(said(&folder, Claim::Resume).contains("there is nothing to resume; train anew with --force"));
        assert_eq!(said(&folder, Claim::Replace), "");
        // A replacement that was stopped can go on, though the old model is still there.
        write(CHECKPOINT);
        assert_eq!(said(&folder, Claim::Resume), "");
        assert!(!folder.join(LOCK).exists());
    }
}
