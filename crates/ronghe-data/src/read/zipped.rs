//! Files in a ZIP archive, read as streams.

use super::packed::unpacked_name;
use super::tar::{self, Tar};
use super::{FORMATS, Format, bytes};
use crate::{Error, Result};
use flate2::Crc;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use zip::{CompressionMethod, ZipArchive};

/// Entries of an archive, at most.
const ENTRIES: usize = 100_000;

/// Where a file lies in an archive.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    start: u64,
    packed: u64,
    size: u64,
    crc: u32,
    method: Method,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Stored,
    Deflated,
    Encrypted,
    Other,
}

/// The files of an archive; no folders, none that are hidden or notes of a system.
pub(crate) fn members(path: &Path) -> Result<Vec<Member>> {
    let wrong = |e: String| {
        Error::file(
            path,
            "a complete ZIP archive",
            e,
            "the file is cut off or damaged: copy or download it again",
        )
    };
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|e| wrong(e.to_string()))?;
    if archive.len() > ENTRIES {
        return Err(wrong(format!("{} entries, more than {ENTRIES}", archive.len())));
    }
    let mut members = Vec::new();
    for i in 0..archive.len() {
        let entry = archive.by_index_raw(i).map_err(|e| wrong(e.to_string()))?;
        let name = entry.name().map_err(|e| wrong(e.to_string()))?.into_owned();
        let last = name.rsplit('/').next().unwrap_or_default();
        if entry.is_dir() || last.is_empty() || last.starts_with('.') || name.starts_with("__MACOSX/") {
            continue;
        }
        let method = match entry.compression() {
            _ if entry.encrypted() => Method::Encrypted,
            CompressionMethod::Stored => Method::Stored,
            CompressionMethod::Deflated => Method::Deflated,
            _ => Method::Other,
        };
        let start = entry.data_start().ok_or_else(|| wrong(format!("no content of `{name}`")))?;
        let (packed, size, crc) = (entry.compressed_size(), entry.size(), entry.crc32());
        members.push(Member { name, start, packed, size, crc, method });
    }
    Ok(members)
}

/// The format that tables in an archive may have and `name` ends like.
fn table_format(name: &str) -> Option<&'static Format> {
    let name = name.to_ascii_lowercase();
    let text = FORMATS.iter().filter(|f| matches!(f.name, "csv" | "jsonl"));
    text.into_iter().find(|f| f.extensions.iter().any(|e| name.ends_with(&format!(".{e}"))))
}

/// The one file of an archive that is a table.
pub(crate) fn only_table(path: &Path) -> Result<Member> {
    let members = members(path)?;
    let tables: Vec<&Member> = members.iter().filter(|m| table_format(&m.name).is_some()).collect();
    // A note beside the table is no table.
    let is_note = |m: &&&Member| {
        let name = m.name.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        name.starts_with("readme") || name.starts_with("license")
    };
    let sure: Vec<&Member> = tables.iter().filter(|m| !is_note(m)).copied().collect();
    match sure[..] {
        [only] => Ok(only.clone()),
        _ => {
            let names: Vec<&str> = members.iter().take(10).map(|m| m.name.as_str()).collect();
            let more = if members.len() > names.len() { " ..." } else { "" };
            let found = if names.is_empty() { "none".into() } else { format!("{}{more}", names.join(", ")) };
            Err(bytes::not_one_table(path, found))
        }
    }
}

/// The name that says what a file holds: its own, or that of the one table in the archive, without endings of packed
/// files.
pub(crate) fn content_name(path: &Path, head: &[u8]) -> Result<String> {
    let name = if super::packed::is_zip(head) {
        only_table(path)?.name
    } else if tar::is_tar(head) {
        Tar::open(path)?.only_table()?
    } else {
        path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
    };
    Ok(unpacked_name(&name).to_ascii_lowercase())
}

impl Member {
    /// Bytes of the content, by the archive's own word.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The content as a stream. Its end is an error if length or checksum differ from what the archive says.
    pub(crate) fn open(&self, path: &Path) -> Result<Box<dyn Read + Send>> {
        let wrong = |found: &str, mend: &str| {
            Err(Error::file(path, format!("`{}` to be readable", self.name), found, mend))
        };
        let mut file = File::open(path).map_err(|e| Error::io(path, e))?;
        file.seek(SeekFrom::Start(self.start)).map_err(|e| Error::io(path, e))?;
        let content = BufReader::with_capacity(64 << 10, file).take(self.packed);
        let inner: Box<dyn Read + Send> = match self.method {
            Method::Stored => Box::new(content),
            Method::Deflated => Box::new(flate2::bufread::DeflateDecoder::new(content)),
            Method::Encrypted => return wrong("a password", "unpack it with its password first"),
            Method::Other => return wrong("a compression other than deflate", "unpack it first"),
        };
        Ok(Box::new(Checked { inner, crc: Crc::new(), size: self.size, expected: self.crc }))
    }
}

/// Compares length and checksum at the end.
struct Checked {
    inner: Box<dyn Read + Send>,
    crc: Crc,
    size: u64,
    expected: u32,
}

impl Read for Checked {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        self.crc.update(&out[..read]);
        if read == 0
            && !out.is_empty()
            && (self.crc.sum() != self.expected || u64::from(self.crc.amount()) != self.size & 0xffff_ffff)
        {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "checksum or length differ"));
        }
        Ok(read)
    }
}
