//! Vectors on disk, by the hash of what they were made of.
//!
//! ```text
//! FOLDER/KEY.vectors    "RONGVEC1", width (u32), then records: SHA-256 of the row, vector (f32 each), check (u64)
//! ```
//! All little-endian. `check` is the beginning of the SHA-256 of the record before it. Records are only ever added at the
//! end: whatever moment a writer is killed at, all but the last are whole, and the next one cuts the rest off. One
//! process writes at a time, the others only read.

use crate::{Error, Result};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// SHA-256 of the cells of a row.
pub(super) type Digest = [u8; 32];

const MAGIC: &[u8; 8] = b"RONGVEC1";
const HEADER: u64 = 12;
const CHECK: usize = 8;

/// All files of a folder together; the oldest make room.
const MOST_BYTES: u64 = 8 << 30;

/// The file of one network.
pub(super) struct Store {
    path: PathBuf,
    width: usize,
    /// Open for writing, behind its last whole record.
    writer: Option<File>,
    /// Where the last whole record ends.
    end: u64,
}

impl Store {
    pub(super) fn new(folder: &Path, key: &Digest, width: usize) -> Store {
        let name: String = key[..16].iter().map(|b| format!("{b:02x}")).collect();
        Store { path: folder.join(format!("{name}.vectors")), width, writer: None, end: 0 }
    }

    fn record(&self) -> usize {
        32 + self.width * 4 + CHECK
    }

    /// Shows every whole record to `found`.
    pub(super) fn read(&mut self, found: &mut dyn FnMut(&Digest, &[f32])) -> Result<()> {
        self.end = 0;
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(self.io(error)),
        };
        let mut file = BufReader::with_capacity(1 << 20, file);
        let mut header = [0; HEADER as usize];
        let whole = fill(&mut file, &mut header).map_err(|e| self.io(e))?;
        if !whole || header != *self.header() {
            // Not one of ours: written anew.
            return Ok(());
        }
        self.end = HEADER;
        let mut record = vec![0; self.record()];
        let mut vector = vec![0.0; self.width];
        while fill(&mut file, &mut record).map_err(|e| self.io(e))? {
            let (body, found_check) = record.split_at(record.len() - CHECK);
            if check(body) != *found_check {
                break;
            }
            let (digest, values) = body.split_at(32);
            for (to, from) in vector.iter_mut().zip(values.chunks_exact(4)) {
                *to = f32::from_le_bytes([from[0], from[1], from[2], from[3]]);
            }
            let mut key = Digest::default();
            key.copy_from_slice(digest);
            found(&key, &vector);
            self.end += record.len() as u64;
        }
        Ok(())
    }

    /// Adds records. Does nothing while another process writes the file.
    pub(super) fn append(&mut self, records: &[(Digest, &[f32])]) -> Result<()> {
        if self.writer.is_none() && !self.open().map_err(|e| self.io(e))? {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(records.len() * self.record());
        for (digest, vector) in records {
            let start = bytes.len();
            bytes.extend_from_slice(digest);
            vector.iter().for_each(|v| bytes.extend_from_slice(&v.to_le_bytes()));
            let check = check(&bytes[start..]);
            bytes.extend_from_slice(&check);
        }
        match &mut self.writer {
            Some(file) => file.write_all(&bytes).map_err(|e| self.io(e)),
            None => Ok(()),
        }
    }

    /// Whether the file could be locked; then it stands behind the last whole record.
    fn open(&mut self) -> std::io::Result<bool> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
            make_room(folder, &self.path)?;
        }
        let mut file = File::options().create(true).truncate(false).write(true).open(&self.path)?;
        if file.try_lock().is_err() || file.metadata()?.len() > self.end && self.grown(&file)? {
            return Ok(false);
        }
        file.set_len(self.end)?;
        file.seek(SeekFrom::Start(self.end))?;
        if self.end == 0 {
            file.write_all(&*self.header())?;
        }
        self.writer = Some(file);
        Ok(true)
    }

    /// Whether another process added whole records since this one read the file: they must not be cut off.
    fn grown(&self, file: &File) -> std::io::Result<bool> {
        Ok(self.end > 0 && file.metadata()?.len() >= self.end + self.record() as u64 && {
            let mut reader = File::open(&self.path)?;
            reader.seek(SeekFrom::Start(self.end))?;
            let mut record = vec![0; self.record()];
            let whole = fill(&mut reader, &mut record)?;
            let (body, found) = record.split_at(record.len() - CHECK);
            whole && check(body) == *found
        })
    }

    fn header(&self) -> Box<[u8; HEADER as usize]> {
        let mut header = Box::new([0; HEADER as usize]);
        header[..8].copy_from_slice(MAGIC);
        header[8..].copy_from_slice(&(self.width as u32).to_le_bytes());
        header
    }

    fn io(&self, source: std::io::Error) -> Error {
        Error::Io { path: self.path.clone(), source }
    }
}

/// The first bytes of the hash.
fn check(body: &[u8]) -> [u8; CHECK] {
    let mut out = [0; CHECK];
    out.copy_from_slice(&Sha256::digest(body)[..CHECK]);
    out
}

/// Fills `bytes`; `false` if the file ends before.
fn fill(file: &mut impl Read, bytes: &mut [u8]) -> std::io::Result<bool> {
    match file.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes the files that were written longest ago while all together are too large. `own` stays.
fn make_room(folder: &Path, own: &Path) -> std::io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, data) = (entry.path(), entry.metadata()?);
        if path.extension().is_some_and(|e| e == "vectors") && path != own {
            files.push((data.modified()?, data.len(), path));
        }
    }
    files.sort();
    let mut bytes: u64 = files.iter().map(|f| f.1).sum();
    for (_, len, path) in files {
        if bytes <= MOST_BYTES {
            break;
        }
        fs::remove_file(path)?;
        bytes -= len;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(store: &mut Store) -> Vec<(u8, Vec<f32>)> {
        let mut found = Vec::new();
        store.read(&mut |digest, vector| found.push((digest[0], vector.to_vec()))).expect("a readable file");
        found
    }

    #[test]
    fn what_was_added_is_found_and_a_torn_end_is_cut_off() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = || Store::new(folder.path(), &[7; 32], 2);
        let mut first = store();
        assert!(all(&mut first).is_empty());
        first.append(&[([1; 32], &[1.0, 2.0]), ([2; 32], &[3.0, 4.0])]).expect("room");
        first.append(&[([3; 32], &[5.0, 6.0])]).expect("room");
        // While one writes, others only read.
        let mut second = store();
        assert_eq!(all(&mut second).len(), 3);
        second.append(&[([4; 32], &[7.0, 8.0])]).expect("nothing done");
        drop(first);
        assert_eq!(all(&mut store()).len(), 3);

        let path = folder.path().join(format!("{}.vectors", "07".repeat(16)));
        let bytes = fs::read(&path).expect("the file");
        for cut in [bytes.len() - 1, bytes.len() - 40] {
            fs::write(&path, &bytes[..cut]).expect("the file");
            let mut third = store();
            assert_eq!(all(&mut third), [(1, vec![1.0, 2.0]), (2, vec![3.0, 4.0])]);
            third.append(&[([9; 32], &[9.0, 9.0])]).expect("room");
            assert_eq!(all(&mut store()).last(), Some(&(9, vec![9.0, 9.0])));
        }
        let mut damaged = bytes;
        damaged[70] ^= 1;
        fs::write(&path, damaged).expect("the file");
        assert_eq!(all(&mut store()).len(), 1);
        fs::write(&path, b"something else").expect("the file");
        assert!(all(&mut store()).is_empty());
    }

    #[test]
    fn a_file_that_grew_meanwhile_is_left_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = || Store::new(folder.path(), &[7; 32], 1);
        store().append(&[([1; 32], &[1.0])]).expect("room");
        let mut late = store();
        assert_eq!(all(&mut late).len(), 1);
        let mut other = store();
        all(&mut other);
        other.append(&[([2; 32], &[2.0])]).expect("room");
        drop(other);
        late.append(&[([3; 32], &[3.0])]).expect("nothing done");
        assert_eq!(all(&mut store()).iter().map(|f| f.0).collect::<Vec<_>>(), [1, 2]);
    }
}
