//! A file to be read, and what every format says of one that is not what its name says.

use super::decode;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What a file may be at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a file.
    pub bytes: u64,
    /// Bytes of the text that is made of it.
    pub text_bytes: usize,
    /// Rows of a table.
    pub rows: usize,
    /// Bytes that a packed file may unpack to.
    pub unpacked: u64,
    /// Pages or slides.
    pub pages: usize,
    /// Bytes of memory of the process that reads it, where there is one.
    pub memory: u64,
    /// Seconds that this process works on it.
    pub seconds: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            bytes: 256 << 20,
            text_bytes: 64 << 20,
            rows: 1_000_000,
            unpacked: 512 << 20,
            pages: 20_000,
            memory: 2 << 30,
            seconds: 60,
        }
    }
}

/// A file to be read.
pub(super) struct File<'a> {
    pub(super) path: &'a Path,
    pub(super) bytes: &'a [u8],
    pub(super) limits: &'a Limits,
}

/// What is beyond a limit.
pub(super) fn too_large(path: &Path, what: &str, most: u64, found: u64) -> Error {
    Error::Document {
        path: path.to_owned(),
        expected: format!("a {what} of at most {most} bytes"),
        found: format!("{found} bytes"),
        mend: "split it, or leave it out".into(),
    }
}

impl File<'_> {
    /// Its text, with a note where the encoding left something open.
    pub(super) fn text(&self) -> Result<(String, Vec<String>)> {
        self.text_as(None)
    }

    /// The same of a file that declares its encoding.
    pub(super) fn text_as(&self, declared: Option<&str>) -> Result<(String, Vec<String>)> {
        let (text, notes) = decode::decode_as(self.bytes, declared);
        if text.len() > self.limits.text_bytes {
            return Err(too_large(self.path, "text", self.limits.text_bytes as u64, text.len() as u64));
        }
        if text.chars().take(4096).filter(|c| *c == '\0').count() > 0 {
            return Err(self.wrong("text", "bytes that are no text"));
        }
        Ok((text, notes))
    }

    pub(super) fn wrong(&self, expected: &str, found: &str) -> Error {
        Error::Document {
            path: self.path.to_owned(),
            expected: expected.to_owned(),
            found: found.to_owned(),
            mend: "repair or leave out the file".into(),
        }
    }
}
