//! Files inside ZIP files, under limits.

use super::file::File;
use crate::{Error, Result};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Cursor, Read};
use zip::ZipArchive;

/// Entries of a ZIP file, at most.
const MOST_ENTRIES: usize = 20_000;
/// Bytes that one entry may unpack to.
const MOST_ENTRY: u64 = 64 << 20;

/// An open ZIP file.
pub(super) struct Packed<'a> {
    file: &'a File<'a>,
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// Entries by their names in small letters with forward strokes: packages tell them apart by no more.
    folded: HashMap<String, usize>,
    /// Bytes that may still be unpacked.
    left: u64,
}

impl<'a> Packed<'a> {
    pub(super) fn open(file: &'a File<'a>) -> Result<Packed<'a>> {
        let archive = ZipArchive::new(Cursor::new(file.bytes)).map_err(|e| wrong(file, &e.to_string()))?;
        if archive.len() > MOST_ENTRIES {
            return Err(wrong(file, &format!("{} entries", archive.len())));
        }
        let names = (0..archive.len()).filter_map(|i| Some((fold(&archive.name_for_index(i)?.ok()?), i)));
        let folded = names.collect();
        Ok(Packed { file, archive, folded, left: file.limits.unpacked })
    }

    /// Whether everything in it together stays within the limit, for parsers that unpack by themselves.
    pub(super) fn check(&mut self) -> Result<()> {
        let mut left = self.file.limits.unpacked;
        for i in 0..self.archive.len() {
            // One that cannot be opened is the parser's to refuse.
            let Ok(entry) = self.archive.by_index(i) else { continue };
            let unpacked = std::io::copy(&mut entry.take(left + 1), &mut std::io::sink());
            // Broken data ends where it is broken.
            let unpacked = unpacked.unwrap_or(0);
            if unpacked > left {
                return Err(wrong(self.file, "one that unpacks to more than the limit"));
            }
            left -= unpacked;
        }
        Ok(())
    }

    /// Names of the entries, in order.
    pub(super) fn names(&self) -> Vec<String> {
        self.archive.file_names().flatten().map(std::borrow::Cow::into_owned).collect()
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.folded.get(&fold(name)).copied()
    }

    /// Whether there is such an entry.
    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// An entry that is unpacked as it is read, after [`Packed::check`]; none if there is no such.
    pub(super) fn stream(&mut self, name: &str) -> Result<Option<impl BufRead>> {
        let Some(at) = self.find(name) else { return Ok(None) };
        let entry = self.archive.by_index(at).map_err(|e| wrong(self.file, &e.to_string()))?;
        Ok(Some(BufReader::with_capacity(1 << 16, entry.take(self.file.limits.unpacked))))
    }

    /// The bytes of an entry; none if there is no such.
    pub(super) fn entry(&mut self, name: &str) -> Result<Option<Vec<u8>>> {
        let most = MOST_ENTRY.min(self.left);
        let Some(at) = self.find(name) else { return Ok(None) };
        let Ok(entry) = self.archive.by_index(at) else { return Ok(None) };
        if entry.encrypted() {
            return Err(wrong(self.file, "one with a password"));
        }
        let mut bytes = Vec::new();
        // What an entry says of its size is not believed.
        entry.take(most + 1).read_to_end(&mut bytes).map_err(|e| wrong(self.file, &e.to_string()))?;
        if bytes.len() as u64 > most {
            return Err(wrong(self.file, "one that unpacks to more than the limit"));
        }
        self.left -= bytes.len() as u64;
        Ok(Some(bytes))
    }
}

fn fold(name: &str) -> String {
    name.trim_start_matches(['/', '\\']).replace('\\', "/").to_lowercase()
}

fn wrong(file: &File<'_>, found: &str) -> Error {
    file.wrong("a ZIP file within the limits", found)
}

/// A name as it is written in other files: `第二章` for `%E7%AC%AC...`.
pub(super) fn percent(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        let code = bytes.get(at + 1..at + 3).filter(|h| b == b'%' && h.iter().all(u8::is_ascii_hexdigit));
        let code = code.and_then(|h| u8::from_str_radix(std::str::from_utf8(h).ok()?, 16).ok());
        decoded.push(code.unwrap_or(b));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}
