//! From a file to documents, by the table of formats.

use super::file::{File, Limits, too_large};
use super::{Document, epub, html, mail, markdown, office, pdf, plain, sheets, sidecar, tables};
use crate::{Error, Result};
use std::io::Read;
use std::path::{Path, PathBuf};

/// A format that is read.
pub struct Format {
    /// Its name.
    pub name: &'static str,
    /// Ends of the names of its files.
    pub extensions: &'static [&'static str],
    /// One line of help.
    pub summary: &'static str,
    /// Ends of the names of files beside one, of which the first is read in its place; none: it is read itself.
    pub(super) beside: &'static [&'static str],
    /// Makes documents of a file's bytes.
    pub(super) read: fn(&File<'_>) -> Result<Vec<Document>>,
}

/// All formats.
pub static FORMATS: &[Format] = &[
    Format {
        name: "text",
        extensions: &["txt", "text", "log", "rst", "org", "tex"],
        summary: "paragraphs apart by empty lines, in any usual encoding",
        beside: &[],
        read: |file| plain::read(file),
    },
    Format {
        name: "markdown",
        extensions: &["md", "markdown"],
        summary: "headings, paragraphs, lists, tables, code",
        beside: &[],
        read: |file| markdown::read(file),
    },
    Format {
        name: "html",
        extensions: &["html", "htm", "xhtml"],
        summary: "the main part of a page, without menus and advertisements",
        beside: &[],
        read: |file| html::read(file),
    },
    Format {
        name: "table",
        extensions: &["csv", "tsv", "jsonl", "ndjson", "parquet"],
        summary: "a block a row: the names of columns and what they hold",
        beside: &[],
        read: |file| tables::read(file),
    },
    Format {
        name: "mail",
        extensions: &["eml"],
        summary: "subject, sender, date and text of a mail",
        beside: &[],
        read: |file| mail::read(file),
    },
    Format {
        name: "pdf",
        extensions: &["pdf"],
        summary: "the text of each page",
        beside: &[],
        read: |file| pdf::read(file),
    },
    Format {
        name: "word",
        extensions: &["docx"],
        summary: "headings, paragraphs, lists, tables",
        beside: &[],
        read: |file| office::word::read(file),
    },
    Format {
        name: "slides",
        extensions: &["pptx"],
        summary: "a page a slide",
        beside: &[],
        read: |file| office::slides::read(file),
    },
    Format {
        name: "workbook",
        extensions: &["xlsx", "xls", "xlsb", "ods"],
        summary: "a heading a sheet, a block a row",
        beside: &[],
        read: |file| sheets::read(file),
    },
    Format {
        name: "book",
        extensions: &["epub"],
        summary: "the pages of a book in order",
        beside: &[],
        read: |file| epub::read(file),
    },
    Format {
        name: "picture",
        extensions: &["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"],
        summary: "its description (EXIF), and NAME.txt or NAME.md beside it",
        beside: sidecar::CAPTIONS,
        read: |file| sidecar::read_picture(file),
    },
    Format {
        name: "recording",
        extensions: &["wav", "flac", "mp3", "m4a", "ogg"],
        summary: "its transcript: NAME.srt, NAME.vtt or NAME.txt beside it",
        beside: sidecar::TRANSCRIPTS,
        read: |file| sidecar::read_recording(file),
    },
    Format {
        name: "transcript",
        extensions: &["srt", "vtt"],
        summary: "what is said, with the second",
        beside: &[],
        read: |file| sidecar::read_transcript(file),
    },
];

/// The format of a file, by the end of its name.
pub fn format_of(path: &Path) -> Option<&'static Format> {
    let end = path.extension()?.to_str()?.to_lowercase();
    FORMATS.iter().find(|f| f.extensions.contains(&end.as_str()))
}

/// The file beside a picture or recording that says what it holds, if there is one: it belongs to it.
pub fn sidecar_of(path: &Path) -> Option<PathBuf> {
    sidecar::find(path, format_of(path)?.beside)
}

/// The documents in a file; none in a picture or recording of which nothing is said.
pub fn read(path: &Path, limits: &Limits) -> Result<Vec<Document>> {
    let Some(format) = format_of(path) else {
        let known: Vec<&str> = FORMATS.iter().flat_map(|f| f.extensions).copied().collect();
        return Err(Error::Document {
            path: path.to_owned(),
            expected: format!("a file whose name ends in one of {}", known.join(", ")),
            found: "another end".into(),
            mend: "leave it out, or turn it into one of these".into(),
        });
    };
    let about = std::fs::metadata(path).map_err(Error::io(path))?;
    if !about.is_file() {
        return Err(Error::Document {
            path: path.to_owned(),
            expected: "a file".into(),
            found: "a folder or a device".into(),
            mend: "leave it out".into(),
        });
    }
    let bytes = if format.beside.is_empty() { whole(path, about.len(), limits)? } else { Vec::new() };
    let mut documents = (format.read)(&File { path, bytes: &bytes, limits })?;
    for document in &mut documents {
        if document.text.len() > limits.text_bytes {
            return Err(too_large(path, "text", limits.text_bytes as u64, document.text.len() as u64));
        }
        document.blocks.retain(|b| b.range.start < b.range.end);
        if document.title.as_ref().is_none_or(|t| t.trim().is_empty()) {
            document.title = path.file_stem().map(|name| name.to_string_lossy().into_owned());
        }
    }
    Ok(documents)
}

/// The bytes of a file that is `length` bytes long.
fn whole(path: &Path, length: u64, limits: &Limits) -> Result<Vec<u8>> {
    if length > limits.bytes {
        return Err(too_large(path, "file", limits.bytes, length));
    }
    let mut bytes = Vec::with_capacity(length as usize);
    let file = std::fs::File::open(path).map_err(Error::io(path))?;
    file.take(limits.bytes).read_to_end(&mut bytes).map_err(Error::io(path))?;
    Ok(bytes)
}

#[cfg(test)]
pub(super) fn of(name: &str, bytes: &[u8]) -> Result<Vec<Document>> {
    let path = Path::new(name);
    let limits = Limits::default();
    (format_of(path).unwrap().read)(&File { path, bytes, limits: &limits })
}
