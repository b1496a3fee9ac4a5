//! Whole files in and out.

use crate::{Error, Result};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

/// Largest weight file that is read: 8 GiB.
pub const MAX_FILE_BYTES: u64 = 8 << 30;

/// All bytes of a file of at most [`MAX_FILE_BYTES`].
pub fn read_file(path: &Path) -> Result<Vec<u8>> {
    let io = |source| Error::Io { path: path.display().to_string(), source };
    let file = File::open(path).map_err(io)?;
    let len = file.metadata().map_err(io)?.len();
    if len > MAX_FILE_BYTES {
        return Err(Error::WeightFile {
            path: path.display().to_string(),
            format: "weights",
            what: format!("{len} bytes, at most {MAX_FILE_BYTES} are read"),
        });
    }
    let mut bytes = Vec::with_capacity(len as usize);
    // The file may grow while it is read: the limit holds for what comes, not for what was announced.
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes)
}

/// Writes a file so that a reader sees the old bytes or the new ones, never a part: into a neighbour first, flushed to
/// the disk, then renamed.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let io = |source| Error::Io { path: path.display().to_string(), source };
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = (|| {
        let mut file = File::create(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, path)
    })();
    written.map_err(|source| {
        // What could not be finished is of no use to anyone.
        let _ = fs::remove_file(&part);
        io(source)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_leaves_no_part() -> Result<()> {
        let io = |source| Error::Io { path: "temporary".into(), source };
        let folder = tempfile::tempdir().map_err(io)?;
        let path = folder.path().join("a.bin");
        write_atomic(&path, b"first")?;
        write_atomic(&path, b"second")?;
        assert_eq!(read_file(&path)?, b"second");
        assert_eq!(fs::read_dir(folder.path()).map_err(io)?.count(), 1);
        assert!(write_atomic(&folder.path().join("no/such/folder"), b"x").is_err());
        Ok(())
    }
}
