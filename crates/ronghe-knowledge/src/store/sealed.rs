//! The files of the text index, where those that are replaced as a whole (which segments there are) end with their SHA-256.
//!
//! The others have a checksum of the index's own.

use sha2::{Digest, Sha256};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    Directory, DirectoryLock, FileHandle, Lock, MmapDirectory, WatchCallback, WatchHandle, WritePtr,
};

/// Bytes of a seal.
const SEAL: usize = 32;

/// A folder whose lists are sealed.
#[derive(Debug, Clone)]
pub(super) struct Sealed(pub(super) MmapDirectory);

impl Directory for Sealed {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.0.get_file_handle(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.0.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.0.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        self.0.open_write(path)
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        let mut bytes = self.0.atomic_read(path)?;
        let split = bytes.len().saturating_sub(SEAL);
        if Sha256::digest(&bytes[..split])[..] != bytes[split..] {
            let why = io::Error::new(io::ErrorKind::InvalidData, "other bytes than were written");
            return Err(OpenReadError::wrap_io_error(why, path.to_owned()));
        }
        bytes.truncate(split);
        Ok(bytes)
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        let seal = Sha256::digest(data);
        self.0.atomic_write(path, &[data, &seal[..]].concat())
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.0.sync_directory()
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.0.acquire_lock(lock)
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.0.watch(callback)
    }
}
