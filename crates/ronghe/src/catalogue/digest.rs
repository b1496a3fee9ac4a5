//! sha256 of what is read and written.

use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// Size and hash of some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Digest {
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// Copies at most `most` bytes and hashes them.
pub(super) fn copy(from: &mut dyn Read, to: &mut dyn Write, most: u64) -> io::Result<Digest> {
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut from = from.take(most);
    let mut block = vec![0; 1 << 16];
    loop {
        let read = match from.read(&mut block) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        hash.update(&block[..read]);
        to.write_all(&block[..read])?;
        bytes += read as u64;
    }
    Ok(Digest { bytes, sha256: hex(&hash.finalize()) })
}

/// Size and hash of a file.
pub(super) fn of_file(path: &Path) -> io::Result<Digest> {
    copy(&mut File::open(path)?, &mut io::sink(), u64::MAX)
}

/// Hash of a text.
pub(super) fn of_text(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// Hash of several files: that of the lines `name sha256`, sorted by name.
pub(super) fn of_files<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut files: Vec<(&str, &str)> = files.collect();
    files.sort_unstable();
    let lines: Vec<String> = files.iter().map(|(name, hash)| format!("{name} {hash}\n")).collect();
    of_text(&lines.concat())
}

fn hex(hash: &[u8]) -> String {
    hash.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the empty string and of `abc`, from FIPS 180-4.
    #[test]
    fn hashes_are_the_published_ones() -> io::Result<()> {
        let mut written = Vec::new();
        let digest = copy(&mut &b"abcdef"[..], &mut written, 3)?;
        assert_eq!(digest.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!((digest.bytes, written.as_slice()), (3, &b"abc"[..]));
        assert_eq!(of_text(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        Ok(())
    }

    #[test]
    fn the_order_of_files_is_of_no_account() {
        let one = of_files([("a", "1"), ("b", "2")].into_iter());
        assert_eq!(one, of_files([("b", "2"), ("a", "1")].into_iter()));
        assert_eq!(one, of_text("a 1\nb 2\n"));
    }
}
