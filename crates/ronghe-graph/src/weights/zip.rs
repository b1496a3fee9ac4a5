//! The part of the ZIP format that PyTorch and Keras write: entries stored as they are, found by the central directory at the
//! end, with the 64-bit fields.

use super::cursor::Cursor;
use crate::Result;
use flate2::Crc;
use std::collections::BTreeMap;

const END: &[u8] = b"PK\x05\x06";
const END_64_PLACE: &[u8] = b"PK\x06\x07";
const END_64: &[u8] = b"PK\x06\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";
/// First bytes of a ZIP file.
pub(super) const MAGIC: &[u8] = LOCAL;
/// The end record without its comment.
const END_BYTES: usize = 22;
const MAX_ENTRIES: usize = 1 << 17;

/// An entry of the central directory.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Place of the local header.
    place: usize,
    size: usize,
    /// Checksum (CRC-32) of its bytes.
    sum: u32,
}

/// A ZIP file's entries by name.
#[derive(Debug)]
pub(super) struct Zip<'a> {
    file: Cursor<'a>,
    entries: BTreeMap<&'a str, Entry>,
}

impl<'a> Zip<'a> {
    pub(super) fn read(path: &'a str, bytes: &'a [u8]) -> Result<Zip<'a>> {
        let file = Cursor::new(path, "ZIP", bytes);
        // The comment after the end record has at most 65,535 bytes.
        let first = bytes.len().saturating_sub(END_BYTES + 0xffff);
        let Some(end) = bytes[first..].windows(4).rposition(|w| w == END).map(|i| first + i) else {
            return file.fail("no end of a central directory");
        };
        file.seek(end)?.take(END_BYTES)?;
        let (count, at) = directory(&file, end)?;
        if count > MAX_ENTRIES {
            return file.fail(format!("{count} entries, at most {MAX_ENTRIES} are read"));
        }
        let mut entries = BTreeMap::new();
        let mut cursor = file.seek(at)?;
        for _ in 0..count {
            let (name, entry) = entry(&mut cursor)?;
            entries.insert(name, entry);
        }
        Ok(Zip { file, entries })
    }

    /// Names, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.entries.keys().copied()
    }

    /// The bytes of an entry, after comparing their checksum.
    pub(super) fn get(&self, name: &str) -> Result<&'a [u8]> {
        let Some(&Entry { place, size, sum }) = self.entries.get(name) else {
            return self.file.fail(format!("no entry `{name}`"));
        };
        let mut cursor = self.file.seek(place)?;
        if cursor.take(4)? != LOCAL {
            return cursor.fail(format!("entry `{name}` is not where the directory says"));
        }
        cursor.take(22)?;
        let (name_len, extra) = (usize::from(cursor.u16()?), usize::from(cursor.u16()?));
        cursor.take(name_len + extra)?;
        let bytes = cursor.take(size)?;
        let mut found = Crc::new();
        found.update(bytes);
        if found.sum() != sum {
            return cursor.fail(format!(
                "entry `{name}` has not the checksum that the file says; the file was changed on its way, or saved without checksums"
            ));
        }
        Ok(bytes)
    }
}

/// Number of entries and place of the central directory.
fn directory(file: &Cursor<'_>, end: usize) -> Result<(usize, usize)> {
    if let Some(before) = end.checked_sub(20) {
        let mut cursor = file.seek(before)?;
        if cursor.take(4)? == END_64_PLACE {
            cursor.take(4)?;
            let mut cursor = file.seek(cursor.long()?)?;
            if cursor.take(4)? != END_64 {
                return cursor.fail("no 64-bit end of the central directory");
            }
            cursor.take(28)?;
            let count = cursor.long()?;
            cursor.take(8)?;
            return Ok((count, cursor.long()?));
        }
    }
    let mut cursor = file.seek(end)?;
    cursor.take(10)?;
    let count = usize::from(cursor.u16()?);
    cursor.take(4)?;
    Ok((count, cursor.size()?))
}

/// Name and place of one entry of the central directory.
fn entry<'a>(cursor: &mut Cursor<'a>) -> Result<(&'a str, Entry)> {
    if cursor.take(4)? != ENTRY {
        return cursor.fail("a damaged central directory");
    }
    cursor.take(6)?;
    let method = cursor.u16()?;
    cursor.take(4)?;
    let sum = cursor.u32()?;
    let (packed, mut size) = (cursor.size()?, cursor.size()?);
    let (name, extra) = (usize::from(cursor.u16()?), usize::from(cursor.u16()?));
    let comment = usize::from(cursor.u16()?);
    cursor.take(8)?;
    let mut place = cursor.size()?;
    let name = cursor.text(name)?;
    if method != 0 {
        return cursor.fail(format!("entry `{name}` is compressed; only stored entries are read"));
    }
    let extra_end = cursor.at() + extra;
    while cursor.at() + 4 <= extra_end {
        let (kind, len) = (cursor.u16()?, usize::from(cursor.u16()?));
        let next = cursor.at() + len;
        if kind == 1 {
            // 64-bit values of exactly those fields that are full, in this order.
            let full = u32::MAX as usize;
            if size == full {
                size = cursor.long()?;
            }
            if packed == full {
                cursor.take(8)?;
            }
            if place == full {
                place = cursor.long()?;
            }
        }
        *cursor = cursor.seek(next)?;
    }
    *cursor = cursor.seek(extra_end)?;
    cursor.take(comment)?;
    Ok((name, Entry { place, size, sum }))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A ZIP file of stored entries.
    pub(in crate::weights) fn pack(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (name, data) in entries {
            let place = out.len() as u32;
            let mut sizes = [0u8; 12];
            let mut sum = Crc::new();
            sum.update(data);
            sizes[..4].copy_from_slice(&sum.sum().to_le_bytes());
            sizes[4..8].copy_from_slice(&(data.len() as u32).to_le_bytes());
            sizes[8..].copy_from_slice(&(data.len() as u32).to_le_bytes());
            let name_len = (name.len() as u16).to_le_bytes();
            out.extend([LOCAL, &[0; 10], &sizes, &name_len, &[0; 2], name.as_bytes(), data].concat());
            directory.extend([ENTRY, &[0; 12], &sizes, &name_len, &[0; 12]].concat());
            directory.extend(place.to_le_bytes());
            directory.extend(name.as_bytes());
        }
        let at = out.len() as u32;
        let size = directory.len() as u32;
        out.extend(directory);
        let count = (entries.len() as u16).to_le_bytes();
        out.extend([END, &[0; 4], &count, &count, &size.to_le_bytes(), &at.to_le_bytes(), &[0; 2]].concat());
        out
    }

    #[test]
    fn stored_entries_are_found() -> Result<()> {
        let bytes = pack(&[("a/data.pkl", b"hello"), ("a/data/0", b"")]);
        let zip = Zip::read("memory", &bytes)?;
        assert_eq!(zip.names().collect::<Vec<_>>(), ["a/data.pkl", "a/data/0"]);
        assert_eq!(zip.get("a/data.pkl")?, b"hello");
        assert!(zip.get("a/data/0")?.is_empty() && zip.get("b").is_err());
        Ok(())
    }

    #[test]
    fn a_changed_byte_is_found_by_its_checksum() {
        let mut bytes = pack(&[("a/data/0", b"1234")]);
        let at = bytes.windows(4).position(|w| w == b"1234").unwrap_or_default();
        bytes[at] = b'9';
        let zip = Zip::read("memory", &bytes).unwrap();
        let error = zip.get("a/data/0").unwrap_err().to_string();
        assert!(error.contains("`a/data/0` has not the checksum that the file says"), "{error}");
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let whole = pack(&[("a/data.pkl", b"hello"), ("a/data/0", b"1234")]);
        for len in 0..whole.len() {
            assert!(Zip::read("cut", &whole[..len]).is_err(), "{len}");
        }
        for i in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[i] ^= 0xff;
            if let Ok(zip) = Zip::read("flipped", &bytes) {
                zip.names().for_each(|n| drop(zip.get(n)));
            }
        }
    }
}
