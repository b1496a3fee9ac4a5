//! Compression undone while reading: gzip, bzip2, xz, Zstandard, and the one table in a ZIP archive.
//!
//! The first bytes tell. What comes out is at most [`GROWTH`] times the file (and [`ALWAYS`] bytes in any case), so
//! that a small file cannot keep the program busy for ever; windows of the decoders are bounded, too.

use super::zipped;
use crate::{Error, Result};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// Times that content may be larger than its file.
const GROWTH: u64 = 5_000;
/// Bytes that content may have however small its file is.
const ALWAYS: u64 = 1 << 30;
/// KiB that the decoder of xz may use: level 9 needs 65 MiB.
const XZ_KIB: u32 = 256 << 10;
const BUFFER: usize = 64 << 10;

/// Endings of packed files, with the point.
const ENDINGS: &[&str] = &[".gz", ".bz2", ".xz", ".zst", ".zip"];

/// `name` without the ending of a packed file.
pub(crate) fn unpacked_name(name: &str) -> &str {
    let ending = ENDINGS.iter().find(|e| {
        let at = name.len().checked_sub(e.len());
        at.and_then(|at| name.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(e))
    });
    ending.map_or(name, |e| &name[..name.len() - e.len()])
}

/// Whether the bytes begin a ZIP archive.
pub(crate) fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// A file's bytes, unpacked by what its first bytes say.
pub(crate) fn open(path: &Path) -> Result<Box<dyn BufRead + Send>> {
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    let size = file.metadata().map_err(|e| Error::io(path, e))?.len();
    let mut file = BufReader::with_capacity(BUFFER, file);
    let head = file.fill_buf().map_err(|e| Error::io(path, e))?;
    let (decoder, name): (Box<dyn Read + Send>, _) = match head {
        [0x1f, 0x8b, ..] => (Box::new(flate2::bufread::MultiGzDecoder::new(file)), "gzip"),
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..] => {
            (Box::new(bzip2::bufread::MultiBzDecoder::new(file)), "bzip2")
        }
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
            (Box::new(lzma_rust2::XzReader::new_mem_limit(file, true, XZ_KIB)), "xz")
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let decoder = zstd::stream::read::Decoder::with_buffer(file).map_err(|e| Error::io(path, e))?;
            (Box::new(decoder), "Zstandard")
        }
        head if is_zip(head) => (zipped::only_table(path)?.open(path)?, "ZIP"),
        _ => return Ok(Box::new(file)),
    };
    let left = size.saturating_mul(GROWTH).max(ALWAYS);
    Ok(Box::new(BufReader::with_capacity(BUFFER, Unpacked { decoder, name, left })))
}

/// Content being unpacked.
struct Unpacked {
    decoder: Box<dyn Read + Send>,
    name: &'static str,
    /// Bytes that may still come out.
    left: u64,
}

impl Read for Unpacked {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.decoder.read(out).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => e,
            _ => io::Error::other(format!(
                "damaged {} content ({e}): copy or download the file again",
                self.name
            )),
        })?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::other(format!(
                "its content is more than {GROWTH} times larger than the file: unpack it yourself if this is meant"
            ))
        })?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_the_ending_of_a_packed_file() {
        for (name, found) in [
            ("a.csv.gz", "a.csv"),
            ("A.CSV.BZ2", "A.CSV"),
            ("a.csv", "a.csv"),
            ("gz", "gz"),
            ("表.zip", "表"),
        ] {
            assert_eq!(unpacked_name(name), found);
        }
    }

    #[test]
    fn content_that_grows_too_much_is_an_error() {
        let mut unpacked = Unpacked { decoder: Box::new(io::repeat(b'a')), name: "gzip", left: 100 };
        let found = unpacked.read_to_end(&mut Vec::new()).unwrap_err().to_string();
        assert_eq!(
            found,
            "its content is more than 5000 times larger than the file: unpack it yourself if this is meant"
        );
    }
}
