//! Text files in other encodings than UTF-8, for programs that expect them.

use super::Sink;
use crate::{Error, Result};
use encoding_rs::{EncoderResult, Encoding};
use std::io::{self, Write};
use std::path::Path;

/// The character encoding of a text file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TextEncoding {
    coding: Coding,
    mark: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Coding {
    #[default]
    Utf8,
    Utf16Le,
    Other(&'static Encoding),
}

/// Those that messages name; others are known by their names on the web.
const NAMES: &str = "utf-8, utf-8-bom, utf-16le, gb18030, gbk, big5, shift_jis, euc-kr, windows-1252";

impl TextEncoding {
    /// UTF-8 after the mark by which spreadsheets know it.
    pub const UTF8_WITH_MARK: TextEncoding = TextEncoding { coding: Coding::Utf8, mark: true };

    /// The encoding of this name; `utf-8-bom` is UTF-8 after a mark, and UTF-16 has one always.
    pub fn find(name: &str) -> Result<TextEncoding> {
        match name.trim().to_ascii_lowercase().as_str() {
            "utf-8-bom" | "utf8-bom" | "utf-8-sig" => return Ok(TextEncoding::UTF8_WITH_MARK),
            "utf-16" | "utf-16le" => return Ok(TextEncoding { coding: Coding::Utf16Le, mark: true }),
            _ => {}
        }
        let found = Encoding::for_label(name.as_bytes());
        // An encoding that is written as another is none to write.
        match found.filter(|e| e.output_encoding() == *e) {
            Some(e) if e == encoding_rs::UTF_8 => Ok(TextEncoding::default()),
            Some(e) => Ok(TextEncoding { coding: Coding::Other(e), mark: false }),
            None => Err(Error::file(
                Path::new("--out-encoding"),
                "a character encoding that can be written",
                format!("`{name}`"),
                format!("choose one of {NAMES}"),
            )),
        }
    }

    /// A sink of UTF-8 that writes this encoding to `out`.
    pub(super) fn into_sink(self, mut out: Sink) -> io::Result<Sink> {
        if self.mark {
            out.write_all(if self.coding == Coding::Utf16Le { b"\xff\xfe" } else { b"\xef\xbb\xbf" })?;
        }
        Ok(match self.coding {
            Coding::Utf8 => out,
            coding => Box::new(Encoded { out, coding, rest: Vec::new() }),
        })
    }
}

/// Takes UTF-8 in pieces of any size, of which the last may end within a letter.
struct Encoded {
    out: Sink,
    coding: Coding,
    rest: Vec<u8>,
}

impl Encoded {
    fn put(&mut self, text: &str) -> io::Result<()> {
        let Coding::Other(encoding) = self.coding else {
            let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            return self.out.write_all(&units);
        };
        // These encodings have no state between letters.
        let mut encoder = encoding.new_encoder();
        let most = encoder.max_buffer_length_from_utf8_without_replacement(text.len());
        let mut bytes = Vec::with_capacity(most.unwrap_or(4 * text.len() + 16));
        let (result, _) = encoder.encode_from_utf8_to_vec_without_replacement(text, &mut bytes, true);
        match result {
            EncoderResult::InputEmpty => self.out.write_all(&bytes),
            EncoderResult::Unmappable(letter) => Err(io::Error::other(format!(
                "`{letter}` cannot be written in {}: choose gb18030 or utf-8-bom",
                encoding.name()
            ))),
            EncoderResult::OutputFull => Err(io::Error::other("a text that grew more than it can")),
        }
    }
}

impl Write for Encoded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rest.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.rest) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return Err(io::Error::other("text that is not UTF-8")),
        };
        let rest = self.rest.split_off(whole);
        let text = std::mem::replace(&mut self.rest, rest);
        self.put(&String::from_utf8_lossy(&text))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(name: &str, text: &str) -> io::Result<Vec<u8>> {
        let kept = Kept::default();
        let mut sink = TextEncoding::find(name).unwrap().into_sink(Box::new(kept.clone()))?;
        // Byte by byte: no letter comes whole.
        text.as_bytes().chunks(1).try_for_each(|piece| sink.write_all(piece))?;
        sink.flush()?;
        let bytes = kept.0.lock().unwrap().clone();
        Ok(bytes)
    }

    #[test]
    fn letters_are_written_in_any_encoding() {
        let text = "北京,é\n";
        assert_eq!(written("utf-8", text).unwrap(), text.as_bytes());
        assert_eq!(written("UTF-8-BOM", text).unwrap(), [b"\xef\xbb\xbf", text.as_bytes()].concat());
        assert_eq!(written("gb18030", text).unwrap(), b"\xb1\xb1\xbe\xa9,\xa8\xa6\n");
        assert_eq!(written("utf-16le", "a北").unwrap(), b"\xff\xfea\0\x17\x53");
        let error = written("big5", "测").unwrap_err().to_string();
        assert!(error.contains("`测`") && error.contains("Big5") && error.contains("gb18030"), "{error}");
    }

    #[test]
    fn an_encoding_that_is_not_known_is_an_error() {
        let error = TextEncoding::find("klingon").unwrap_err().to_string();
        assert!(error.contains("`klingon`") && error.contains("gb18030"), "{error}");
        assert!(TextEncoding::find("utf-16be").is_err());
    }
}
