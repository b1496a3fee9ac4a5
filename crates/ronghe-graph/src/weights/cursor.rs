//! Reads untrusted bytes: every step is checked against the end, and every error says where it happened.

use crate::{Error, Result};

/// A place in the bytes of one file.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    path: &'a str,
    format: &'static str,
    data: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(path: &'a str, format: &'static str, data: &'a [u8]) -> Cursor<'a> {
        Cursor { path, format, data, at: 0 }
    }

    /// A cursor of its own at another place of the same file.
    pub(super) fn seek(&self, at: usize) -> Result<Cursor<'a>> {
        if at > self.data.len() {
            return self.fail(format!("place {at} is beyond the end at {}", self.data.len()));
        }
        Ok(Cursor { at, ..self.clone() })
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Length of the whole file.
    pub(super) fn len(&self) -> usize {
        self.data.len()
    }

    pub(super) fn error(&self, what: impl Into<String>) -> Error {
        let what = format!("at byte {}: {}", self.at, what.into());
        Error::WeightFile { path: self.path.to_owned(), format: self.format, what }
    }

    pub(super) fn fail<T>(&self, what: impl Into<String>) -> Result<T> {
        Err(self.error(what))
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let Some(bytes) = self.at.checked_add(len).and_then(|end| self.data.get(self.at..end)) else {
            return self.fail(format!("{len} more bytes are needed, {} are left", self.data.len() - self.at));
        };
        self.at += len;
        Ok(bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(super) fn f32(&mut self) -> Result<f32> {
        Ok(f32::from_le_bytes(self.array()?))
    }

    /// A 32-bit length or count.
    pub(super) fn size(&mut self) -> Result<usize> {
        Ok(self.u32()? as usize)
    }

    /// A 64-bit length, count or place.
    pub(super) fn long(&mut self) -> Result<usize> {
        let n = self.u64()?;
        usize::try_from(n).map_err(|_| self.error(format!("{n} does not fit this machine")))
    }

    pub(super) fn text(&mut self, len: usize) -> Result<&'a str> {
        let bytes = self.take(len)?;
        std::str::from_utf8(bytes).map_err(|_| self.error("a name is not UTF-8"))
    }
}

/// How many elements a file may still give. Tensors may share memory, yet not so that a small file becomes a large one.
#[derive(Debug)]
pub(super) struct Room {
    left: usize,
}

impl Room {
    pub(super) fn new(file: &Cursor<'_>) -> Room {
        Room { left: file.len().saturating_mul(4) }
    }

    pub(super) fn take(&mut self, file: &Cursor<'_>, name: &str, elements: usize) -> Result<()> {
        match self.left.checked_sub(elements) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => file.fail(format!("tensor `{name}`: more elements than the file can hold")),
        }
    }
}
