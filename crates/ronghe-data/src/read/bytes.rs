//! Bytes of files: compression and character encodings undone while reading, with bounds.

use super::tar::{self, Tar};
use super::{packed, stdin};
use crate::{Error, Result};
use encoding_rs::{Decoder, DecoderResult, Encoding};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// The first `most` bytes of a file, compression undone but for ZIP archives, which are formats of their own.
pub(crate) fn head(path: &Path, most: u64) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    let raw = File::open(path).map_err(|e| Error::io(path, e))?.take(most).read_to_end(&mut head);
    raw.map_err(|e| Error::io(path, e))?;
    if packed::is_zip(&head) {
        return Ok(head);
    }
    head.clear();
    // What a damaged stream gives is enough to tell the format; its reader reports the damage.
    let _ = plain(path)?.take(most).read_to_end(&mut head);
    Ok(head)
}

/// A file's bytes, compression undone.
pub(crate) fn plain(path: &Path) -> Result<Box<dyn BufRead + Send>> {
    packed::open(path)
}

/// The folder that paths in the cells of the table at `path` are relative to: its own, or the present one for standard
/// input.
pub(crate) fn base(path: &Path) -> PathBuf {
    if path.is_dir() {
        return path.to_owned();
    }
    match path.parent() {
        Some(folder) if !stdin::is_spooled(path) => folder.to_owned(),
        _ => PathBuf::new(),
    }
}

/// All bytes of a file, at most `most`.
pub(crate) fn whole(path: &Path, most: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    plain(path)?.take(most as u64 + 1).read_to_end(&mut bytes).map_err(|e| Error::io(path, e))?;
    if bytes.len() > most {
        return Err(too_large(path, most));
    }
    Ok(bytes)
}

/// A part is larger than `limits.part_bytes`.
pub(crate) fn too_large(path: &Path, limit: usize) -> Error {
    Error::Limit {
        path: path.to_owned(),
        what: "the size in bytes".into(),
        found: format!("more than {limit}"),
        limit: limit.to_string(),
        mend: "split the file: one part may not be larger".into(),
    }
}

/// An archive should hold one table.
pub(crate) fn not_one_table(path: &Path, found: String) -> Error {
    Error::file(
        path,
        "one CSV or JSON Lines file in the archive",
        found,
        "unpack it, and give the file or the folder",
    )
}

/// A text file as UTF-8: compression undone, taken out of an archive, byte order mark dropped, other encodings decoded. UTF-8 itself is not checked.
pub(crate) fn text(path: &Path, encoding: Option<&str>) -> Result<Box<dyn BufRead + Send>> {
    let mut file = plain(path)?;
    if tar::is_tar(file.fill_buf().map_err(|e| Error::io(path, e))?) {
        file = Tar::of(file, path).table()?;
    }
    let named = match encoding {
        None => None,
        Some(label) => Some(Encoding::for_label(label.as_bytes()).ok_or_else(|| {
            Error::file(
                path,
                "a known character encoding",
                format!("`{label}`"),
                "give one with --encoding: utf-8, gb18030, big5, utf-16le, utf-16be, windows-1252, shift_jis or euc-kr",
            )
        })?),
    };
    let head = file.fill_buf().map_err(|e| Error::io(path, e))?;
    let (found, mark) = match Encoding::for_bom(head) {
        Some((found, mark)) => (found, mark),
        None => (named.unwrap_or(encoding_rs::UTF_8), 0),
    };
    file.consume(mark);
    if found == encoding_rs::UTF_8 {
        return Ok(file);
    }
    let decoded = Decoded {
        inner: file,
        decoder: found.new_decoder_without_bom_handling(),
        name: found.name(),
        done: false,
    };
    Ok(Box::new(BufReader::with_capacity(64 << 10, decoded)))
}

/// Decodes another encoding to UTF-8; malformed bytes are an error of kind `InvalidData`.
struct Decoded {
    inner: Box<dyn BufRead + Send>,
    decoder: Decoder,
    name: &'static str,
    done: bool,
}

impl Read for Decoded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // The decoder wants room for its longest character; callers give buffers of many kilobytes.
        if out.len() < 16 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the buffer is too small to decode into",
            ));
        }
        while !self.done {
            let bytes = self.inner.fill_buf()?;
            let last = bytes.is_empty();
            let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(bytes, out, last);
            self.inner.consume(read);
            match result {
                DecoderResult::Malformed(..) => {
                    self.done = true;
                    let message = format!("bytes that are no text in {}", self.name);
                    return Err(io::Error::new(io::ErrorKind::InvalidData, message));
                }
                DecoderResult::InputEmpty => self.done = last,
                DecoderResult::OutputFull => {}
            }
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}

/// Ends with an error when more than `limit` bytes were read since [`Budget::reset`].
#[derive(Debug)]
pub(crate) struct Bounded<R> {
    inner: R,
    budget: Budget,
}

/// Bytes that may still be read.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    left: std::sync::Arc<std::sync::atomic::AtomicUsize>,
    limit: usize,
}

impl Budget {
    /// Allows `limit` bytes anew.
    pub(crate) fn reset(&self) {
        self.left.store(self.limit, std::sync::atomic::Ordering::Relaxed);
    }
}

impl<R> Bounded<R> {
    pub(crate) fn new(inner: R, limit: usize) -> (Bounded<R>, Budget) {
        let budget = Budget { left: std::sync::Arc::new(limit.into()), limit };
        (Bounded { inner, budget: budget.clone() }, budget)
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = self.budget.left.load(std::sync::atomic::Ordering::Relaxed);
        if left == 0 {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the row is too long"));
        }
        let read = self.inner.read(out)?;
        self.budget.left.store(left.saturating_sub(read), std::sync::atomic::Ordering::Relaxed);
        Ok(read)
    }
}
