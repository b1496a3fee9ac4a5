//! Files in a tar archive (ustar), one after another.
//!
//! Each entry is a header of 512 bytes (name at 0, size in octal at 124, kind at 156, `ustar` at 257, name prefix at
//! 345), then the content padded to 512 bytes. Two empty headers end the archive. Source: POSIX.1-1988, `pax`.

use super::bytes;
use crate::{Error, Result};
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

/// Reads the entries of an archive.
pub(crate) struct Tar {
    input: Box<dyn BufRead + Send>,
    path: PathBuf,
}

/// Name and size of a file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) size: u64,
}

impl Tar {
    /// Opens an archive, plain or compressed with gzip.
    pub(crate) fn open(path: &Path) -> Result<Tar> {
        Ok(Tar { input: bytes::plain(path)?, path: path.to_owned() })
    }

    /// The next file; its content is to be read or skipped before the one after it.
    pub(crate) fn next_file(&mut self) -> Result<Option<Entry>> {
        loop {
            let mut header = [0; 512];
            self.input.read_exact(&mut header).map_err(|e| self.cut(&e))?;
            if header.iter().all(|&b| b == 0) {
                return Ok(None);
            }
            if &header[257..262] != b"ustar" && !header[257..265].iter().all(|&b| b == 0) {
                return Err(self.wrong("a header that is none"));
            }
            let size =
                octal(&header[124..136]).ok_or_else(|| self.wrong("a size that is no octal number"))?;
            let name = match &header[345..500] {
                prefix if &header[257..262] == b"ustar" && prefix[0] != 0 => {
                    format!("{}/{}", text(prefix), text(&header[..100]))
                }
                _ => text(&header[..100]),
            };
            if matches!(header[156], b'0' | 0) && !name.ends_with('/') {
                return Ok(Some(Entry { name, size }));
            }
            self.skip(size)?;
        }
    }

    /// The content of the file just found, at most `most` bytes of it.
    pub(crate) fn content(&mut self, entry: &Entry, most: usize) -> Result<Vec<u8>> {
        if entry.size > most as u64 {
            return Err(bytes::too_large(&self.path.join(&entry.name), most));
        }
        let mut content = Vec::new();
        self.input.by_ref().take(entry.size).read_to_end(&mut content).map_err(|e| self.cut(&e))?;
        if content.len() as u64 != entry.size {
            return Err(self.wrong("its end in the middle of a file"));
        }
        self.skip_exactly(padding(entry.size))?;
        Ok(content)
    }

    /// Passes over content.
    pub(crate) fn skip(&mut self, size: u64) -> Result<()> {
        self.skip_exactly(size.saturating_add(padding(size)))
    }

    fn skip_exactly(&mut self, len: u64) -> Result<()> {
        let read = std::io::copy(&mut self.input.by_ref().take(len), &mut std::io::sink());
        match read.map_err(|e| self.cut(&e))? {
            read if read == len => Ok(()),
            _ => Err(self.wrong("its end in the middle of a file")),
        }
    }

    fn cut(&self, e: &std::io::Error) -> Error {
        self.wrong(&e.to_string())
    }

    fn wrong(&self, found: &str) -> Error {
        Error::file(
            &self.path,
            "a complete tar archive",
            found,
            "the file is cut off or damaged: copy or download it again",
        )
    }
}

fn padding(size: u64) -> u64 {
    (512 - size % 512) % 512
}

fn text(field: &[u8]) -> String {
    let len = field.iter().position(|&b| b == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..len]).into_owned()
}

fn octal(field: &[u8]) -> Option<u64> {
    u64::from_str_radix(text(field).trim(), 8).ok()
}
