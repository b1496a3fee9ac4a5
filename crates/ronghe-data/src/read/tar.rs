//! Files in a tar archive (ustar, pax, GNU), one after another.
//!
//! Each entry is a header of 512 bytes (name at 0, size in octal at 124, kind at 156, `ustar` at 257, name prefix at
//! 345), then the content padded to 512 bytes. Two empty headers end the archive. Names that do not fit stand in an entry
//! before theirs: of kind `x` as `path=` (pax), of kind `L` alone (GNU). Source: POSIX.1-2001, `pax`.

use super::{bytes, packed};
use crate::{Error, Result};
use std::io::{self, BufRead, BufReader, Read, Take};
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

/// Whether these bytes begin an archive.
pub(crate) fn is_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}

/// Whether a file of this name is a table. `.txt` and `.json` may be parts of samples (WebDataset) and are none.
pub(crate) fn is_table(name: &str) -> bool {
    let name = own_name(name).rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    !name.starts_with('.') && [".csv", ".tsv", ".jsonl", ".ndjson"].iter().any(|e| name.ends_with(e))
}

/// The name of a file in an archive without the endings of the archive: pandas 3.1 calls the one file in `t.csv.tar.gz` so too.
fn own_name(name: &str) -> &str {
    let unpacked = packed::unpacked_name(name);
    unpacked.strip_suffix(".tar").unwrap_or(unpacked)
}

impl Tar {
    /// Opens an archive, plain or packed.
    pub(crate) fn open(path: &Path) -> Result<Tar> {
        Ok(Tar::of(bytes::plain(path)?, path))
    }

    /// The archive that `input` holds, found at `path`.
    pub(crate) fn of(input: Box<dyn BufRead + Send>, path: &Path) -> Tar {
        Tar { input, path: path.to_owned() }
    }

    /// The name of the one table among the files that are left.
    pub(crate) fn only_table(mut self) -> Result<String> {
        let mut names = Vec::new();
        while let Some(entry) = self.next_file()? {
            self.skip(entry.size)?;
            names.push(entry.name);
        }
        let tables: Vec<&String> = names.iter().filter(|name| is_table(name)).collect();
        if let [only] = tables[..] {
            return Ok(own_name(only).to_owned());
        }
        let few: Vec<&str> = names.iter().take(10).map(String::as_str).collect();
        let more = if names.len() > few.len() { " ..." } else { "" };
        let found = if few.is_empty() { "none".into() } else { format!("{}{more}", few.join(", ")) };
        Err(bytes::not_one_table(&self.path, found))
    }

    /// The content of the first table; its end is an error where the archive is cut off.
    pub(crate) fn table(mut self) -> Result<Box<dyn BufRead + Send>> {
        while let Some(entry) = self.next_file()? {
            if is_table(&entry.name) {
                let content = Content { left: self.input.take(entry.size) };
                return Ok(Box::new(BufReader::with_capacity(64 << 10, content)));
            }
            self.skip(entry.size)?;
        }
        Err(bytes::not_one_table(&self.path, "none".into()))
    }

    /// The next file; its content is to be read or skipped before the one after it.
    pub(crate) fn next_file(&mut self) -> Result<Option<Entry>> {
        let mut long = None;
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
                return Ok(Some(Entry { name: long.unwrap_or(name), size }));
            }
            let kind = header[156];
            if matches!(kind, b'x' | b'L') {
                let content = self.content(&Entry { name, size }, NAME_BYTES)?;
                long = if kind == b'L' { Some(text(&content)) } else { pax_path(&content).or(long) };
            } else {
                self.skip(size)?;
                // What was said of this entry, a folder or a link, is not said of the next.
                long = None;
            }
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
        let read = io::copy(&mut self.input.by_ref().take(len), &mut io::sink());
        match read.map_err(|e| self.cut(&e))? {
            read if read == len => Ok(()),
            _ => Err(self.wrong("its end in the middle of a file")),
        }
    }

    fn cut(&self, e: &io::Error) -> Error {
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

/// The content of one file.
struct Content {
    left: Take<Box<dyn BufRead + Send>>,
}

impl Read for Content {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.left.read(out)? {
            0 if !out.is_empty() && self.left.limit() > 0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => Ok(read),
        }
    }
}

/// Bytes of an entry that names the next one, at most.
const NAME_BYTES: usize = 1 << 20;

/// The name in the records `LENGTH KEY=VALUE\n` of an extended header.
fn pax_path(content: &[u8]) -> Option<String> {
    let mut path = None;
    let mut rest = content;
    while !rest.is_empty() {
        let space = rest.iter().position(|&b| b == b' ')?;
        let length: usize = std::str::from_utf8(rest.get(..space)?).ok()?.parse().ok()?;
        let record = rest.get(space + 1..length)?.strip_suffix(b"\n")?;
        if let Some(value) = record.strip_prefix(b"path=") {
            path = Some(String::from_utf8_lossy(value).into_owned());
        }
        rest = rest.get(length..)?;
    }
    path
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

#[cfg(test)]
mod tests {
    use super::pax_path;

    #[test]
    fn names_in_extended_headers() {
        assert_eq!(pax_path("14 path=图.jpg\n".as_bytes()), None);
        assert_eq!(pax_path("16 path=图.jpg\n".as_bytes()), Some("图.jpg".into()));
        assert_eq!(pax_path(b"20 mtime=1700000000\n12 path=a/b\n"), Some("a/b".into()));
        assert_eq!(pax_path(b"0 path=x\n"), None);
        assert_eq!(pax_path(b"99999999999999999999 path=x\n"), None);
    }
}
