//! From the bytes of a media file to pixels and samples.
//!
//! | file | noun |
//! |---|---|
//! | `image` | [`Picture`]: PNG, JPEG, WebP, BMP, GIF, TIFF, PNM to 8-bit pixels |
//! | `tiff` | TIFF of floating point numbers |
//! | `resize` | resampling of pictures, as Pillow does it |
//! | `audio` | [`Sound`]: WAV, AIFF, FLAC, MP3, AAC, ALAC, Ogg Vorbis, Opus to mono samples |
//! | `edit` | the part of an MP4's sound that is to be heard |
//! | `opus` | the decoder of Opus |
//! | `whole` | whether a sound ends where it should |
//! | `resample` | change of the sampling rate |
//! | `foreign` | formats that are only named, with the way to convert them |
//!
//! The bytes are not trusted: every decoder works under [`Limits`], says what is wrong instead of panicking, and takes a
//! file that ends too early for broken rather than for short.

mod audio;
mod edit;
mod foreign;
mod image;
mod opus;
mod resample;
mod resize;
mod tiff;
mod whole;

pub use audio::{Sound, SoundOptions, decode_sound, decode_sounds};
pub use image::{Picture, PictureOptions, decode_image, decode_images};
pub use resample::resample;
pub use resize::{Filter, Fit};

use crate::media::inline_bytes;
use crate::{Cell, Error, Kind, Table, plain};
use std::borrow::Cow;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

/// How much one media file may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Bytes of the file.
    pub max_bytes: u64,
    /// Pixels of a picture.
    pub max_pixels: u64,
    /// Bytes that a picture decoder may allocate.
    pub max_alloc: u64,
    /// Seconds of sound.
    pub max_seconds: f64,
}

impl Default for Limits {
    /// 64 MiB, 64 million pixels, 512 MiB, half an hour.
    fn default() -> Limits {
        Limits { max_bytes: 64 << 20, max_pixels: 64_000_000, max_alloc: 512 << 20, max_seconds: 1800.0 }
    }
}

/// What can be wrong with one media file. [`MediaError::at`] adds the place in the table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MediaError {
    /// The file cannot be read.
    #[error("{}: {}", .path.display(), plain::io(.source))]
    Io {
        /// File.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// The bytes are of no known format.
    #[error("expected {expected}, found {found}; {mend}")]
    Format {
        /// The formats there are.
        expected: &'static str,
        /// What the bytes look like.
        found: String,
        /// What the user can do.
        mend: &'static str,
    },
    /// The file is whole, but its content is of a kind that is not decoded.
    #[error("expected {format} of a kind that is decoded here, found {found}; {mend}")]
    Codec {
        /// Format.
        format: &'static str,
        /// What is in it.
        found: String,
        /// What the user can do.
        mend: &'static str,
    },
    /// The format is known but the content is broken or cut off.
    #[error("expected a whole {format} file, found {found}")]
    Broken {
        /// Format.
        format: &'static str,
        /// What is wrong.
        found: String,
    },
    /// A limit was passed.
    #[error("{what} is {found}, above the limit of {limit}")]
    Limit {
        /// What is too large.
        what: &'static str,
        /// Its size.
        found: String,
        /// The limit.
        limit: String,
    },
}

impl MediaError {
    /// This error at the cell of column `column` in row `row` of `table`.
    pub fn at(&self, table: &Table, column: usize, row: usize) -> Error {
        let (expected, found, mend) = match self {
            MediaError::Io { path, source } => (
                "a readable media file".to_owned(),
                format!("{}: {}", path.display(), plain::io(source)),
                "check the path; it is taken relative to the folder of the table",
            ),
            MediaError::Format { expected, found, mend } => ((*expected).to_owned(), found.clone(), *mend),
            MediaError::Codec { format, found, mend } => {
                (format!("{format} of a kind that is decoded here"), found.clone(), *mend)
            }
            MediaError::Broken { format, found } => (
                format!("a whole {format} file"),
                found.clone(),
                "fetch or export the file again, or leave the cell empty",
            ),
            MediaError::Limit { what, found, limit } => (
                format!("{what} up to {limit}"),
                found.clone(),
                "make the file smaller, or leave the cell empty",
            ),
        };
        Error::Cell {
            path: table.path().to_owned(),
            row: table.row_number(row),
            column: table.schema().columns.get(column).map_or_else(String::new, |c| c.name.clone()),
            expected,
            found,
            mend: mend.to_owned(),
        }
    }
}

/// Whether the bytes begin like a picture ([`Kind::Image`]) or a sound ([`Kind::Audio`]) that this crate can decode.
pub fn media_kind(bytes: &[u8]) -> Option<Kind> {
    if image::format_name(bytes).is_some() {
        return Some(Kind::Image);
    }
    match audio::format_name(bytes) {
        // A film is an MP4, too.
        Some("MP4") if !matches!(bytes.get(8..11), Some(b"M4A" | b"M4B")) => None,
        found => found.map(|_| Kind::Audio),
    }
}

/// The bytes are no file of a format that is `expected`.
fn no_such_format(expected: &'static str, bytes: &[u8]) -> MediaError {
    let (found, mend) = match foreign::foreign(bytes) {
        Some((name, mend)) => (name.to_owned(), mend),
        None => (first_bytes(bytes), "convert the file, or leave the cell empty"),
    };
    MediaError::Format { expected, found, mend }
}

/// The bytes of the cell, read if it is a path.
fn cell_bytes<'a>(cell: &Cell<'a>, limits: &Limits) -> Result<Cow<'a, [u8]>, MediaError> {
    let too_long = |found: u64| MediaError::Limit {
        what: "the size in bytes",
        found: found.to_string(),
        limit: limits.max_bytes.to_string(),
    };
    match cell {
        Cell::Bytes(bytes) if bytes.len() as u64 > limits.max_bytes => Err(too_long(bytes.len() as u64)),
        Cell::Bytes(bytes) => Ok(Cow::Borrowed(*bytes)),
        Cell::Inline(uri) if uri.len() as u64 / 4 * 3 > limits.max_bytes => {
            Err(too_long(uri.len() as u64 / 4 * 3))
        }
        Cell::Inline(uri) => inline_bytes(uri).map(Cow::Owned).ok_or_else(|| MediaError::Format {
            expected: "a `data:` URI in base64",
            found: "a sign in it that base64 does not have".into(),
            mend: "write the cell again, or leave it empty",
        }),
        Cell::Path(path) => {
            let fail = |source| MediaError::Io { path: path.clone(), source };
            let about = std::fs::metadata(path).map_err(fail)?;
            if !about.is_file() {
                return Err(fail(std::io::Error::other("not a regular file")));
            }
            if about.len() > limits.max_bytes {
                return Err(too_long(about.len()));
            }
            let mut bytes = Vec::with_capacity(about.len() as usize);
            let file = std::fs::File::open(path).map_err(fail)?;
            // The file may grow between the two looks.
            file.take(limits.max_bytes + 1).read_to_end(&mut bytes).map_err(fail)?;
            if bytes.len() as u64 > limits.max_bytes {
                return Err(too_long(bytes.len() as u64));
            }
            Ok(Cow::Owned(bytes))
        }
    }
}

/// Runs a decoder from outside this crate; a panic in it (a defect there, set off by hostile bytes) is an error here.
fn guarded<T>(format: &'static str, run: impl FnOnce() -> Result<T, MediaError>) -> Result<T, MediaError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        Err(MediaError::Broken { format, found: "content that the decoder cannot handle".into() })
    })
}

/// The first bytes, for a message about an unknown format.
fn first_bytes(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "an empty file".into();
    }
    let shown: Vec<String> = bytes.iter().take(8).map(|b| format!("{b:02x}")).collect();
    format!("{} bytes that begin with {}", bytes.len(), shown.join(" "))
}
