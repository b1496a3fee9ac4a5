//! Arrow IPC: files (`.arrow`, `.feather` of version 2) and streams (`.arrows`, what `datasets` keeps).
//!
//! A message is `ff ff ff ff`, the length of its head (32 bits), the head (a flatbuffer, padded), then a body whose
//! length the head says; length 0 ends the stream. A file is `ARROW1 00 00`, such a stream, then an index, which is
//! not needed to read it in order. All messages are looked at first: bodies must lie in the file, and compressed
//! buffers, which begin with their true length (64 bits), must stay within the limit. Source: the format's
//! specification, "IPC Streaming Format".

use super::batches::{Batches, Origin};
use super::{ReadOptions, Reader, typed};
use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::{MessageHeader, root_as_message};
use arrow_schema::{ArrowError, SchemaRef};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

const MAGIC: &[u8] = b"ARROW1";
/// Bytes of the head of a message, at most.
const HEAD: usize = 64 << 20;

pub(super) fn sniff(path: &Path, head: &[u8]) -> bool {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let named = ["arrow", "arrows", "feather", "ipc"].iter().any(|e| ending.eq_ignore_ascii_case(e));
    // A stream begins with the head of its schema, whose length is no text.
    head.starts_with(MAGIC)
        || head.starts_with(b"FEA1")
        || matches!(head, [0xff, 0xff, 0xff, 0xff, _, _, _, 0, 0x10 | 0x0c | 0x08, 0, 0, 0, ..])
        || (named && path.is_file())
}

pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn Reader>> {
    typed::open(&ArrowFile::open(path, options)?, path, options)
}

/// One file.
pub(crate) struct ArrowFile {
    path: PathBuf,
    schema: SchemaRef,
    rows: usize,
}

impl ArrowFile {
    pub(crate) fn open(path: &Path, options: &ReadOptions) -> Result<ArrowFile> {
        let rows = check(path, options.limits.part_bytes as u64)?;
        let schema = reader(path, None)?.schema();
        Ok(ArrowFile { path: path.to_owned(), schema, rows })
    }
}

impl Origin for ArrowFile {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn batches(&self, columns: &[usize], batch_rows: usize) -> Result<Box<dyn Batches>> {
        let inner = reader(&self.path, Some(columns.to_vec()))?;
        Ok(Box::new(ArrowBatches { inner, path: self.path.clone(), batch_rows, rest: None }))
    }
}

struct ArrowBatches {
    inner: StreamReader<BufReader<File>>,
    path: PathBuf,
    batch_rows: usize,
    /// What is left of a batch that is larger than asked for.
    rest: Option<RecordBatch>,
}

impl Batches for ArrowBatches {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        let batch = loop {
            let next = match self.rest.take() {
                Some(rest) => Some(rest),
                None => guarded(&self.path, || self.inner.next().transpose())?,
            };
            match next {
                None => return Ok(None),
                Some(batch) if batch.num_rows() == 0 => {}
                Some(batch) => break batch,
            }
        };
        let most = self.batch_rows.max(1);
        if batch.num_rows() > most {
            self.rest = Some(batch.slice(most, batch.num_rows() - most));
            return Ok(Some(batch.slice(0, most)));
        }
        Ok(Some(batch))
    }
}

fn begin(path: &Path) -> Result<(BufReader<File>, u64)> {
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    let len = file.metadata().map_err(|e| Error::io(path, e))?.len();
    let mut file = BufReader::with_capacity(64 << 10, file);
    let mut head = [0; 8];
    let read = file.read(&mut head).map_err(|e| Error::io(path, e))?;
    if head.starts_with(b"FEA1") {
        return Err(Error::file(
            path,
            "Arrow IPC or Feather of version 2",
            "Feather of version 1",
            "read it with pandas (`read_feather`) and write it again, or write Parquet",
        ));
    }
    if !(read == 8 && head.starts_with(MAGIC)) {
        file.seek(SeekFrom::Start(0)).map_err(|e| Error::io(path, e))?;
    }
    Ok((file, len))
}

fn reader(path: &Path, columns: Option<Vec<usize>>) -> Result<StreamReader<BufReader<File>>> {
    let (file, _) = begin(path)?;
    guarded(path, || StreamReader::try_new(file, columns))
}

/// Runs the decoder; a panic in it (a defect there, set off by damaged bytes) is an error here.
fn guarded<T>(path: &Path, run: impl FnOnce() -> std::result::Result<T, ArrowError>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(ArrowError::NotYetImplemented(what))) => Err(Error::file(
            path,
            "an Arrow file of types that are known here",
            what,
            "write it with other types, or as Parquet",
        )),
        Ok(Err(e)) => Err(damaged(path, &e.to_string())),
        Err(_) => Err(damaged(path, "content that the decoder cannot handle")),
    }
}

fn damaged(path: &Path, found: &str) -> Error {
    Error::file(
        path,
        "a complete Arrow file or stream",
        found,
        "the file is cut off or damaged: copy, download or write it again",
    )
}

/// Looks at all messages and counts the rows. `most` bounds what the buffers of one message unpack to.
fn check(path: &Path, most: u64) -> Result<usize> {
    let (mut file, len) = begin(path)?;
    let io = |e: std::io::Error| damaged(path, &format!("its end in the middle of a message ({e})"));
    let (mut head, mut rows) = (Vec::new(), 0u64);
    let mut at = file.stream_position().map_err(io)?;
    while at < len {
        let mut word = [0; 4];
        file.read_exact(&mut word).map_err(io)?;
        if word == [0xff; 4] {
            file.read_exact(&mut word).map_err(io)?;
        }
        let size = u32::from_le_bytes(word) as usize;
        if size == 0 {
            break;
        }
        at = file.stream_position().map_err(io)?;
        if size > HEAD || size as u64 > len.saturating_sub(at) {
            return Err(damaged(path, &format!("a message head of {size} bytes at byte {at}")));
        }
        head.resize(size, 0);
        file.read_exact(&mut head).map_err(io)?;
        let message =
            root_as_message(&head).map_err(|e| damaged(path, &format!("no message at byte {at} ({e})")))?;
        at += size as u64;
        let body = u64::try_from(message.bodyLength()).unwrap_or(u64::MAX);
        if body > len.saturating_sub(at) {
            return Err(damaged(path, &format!("a message of {body} bytes of which {} are there", len - at)));
        }
        let batch = match message.header_type() {
            MessageHeader::RecordBatch => message.header_as_record_batch(),
            MessageHeader::DictionaryBatch => message.header_as_dictionary_batch().and_then(|d| d.data()),
            _ => None,
        };
        if let Some(batch) = batch {
            let count = u64::try_from(batch.length()).unwrap_or(u64::MAX);
            if message.header_type() == MessageHeader::RecordBatch {
                rows = rows.saturating_add(count);
            }
            if rows > u64::from(u32::MAX) || count > u64::from(u32::MAX) {
                return Err(damaged(path, &format!("{} rows", rows.max(count))));
            }
            if batch.compression().is_some() {
                let mut unpacked = 0u64;
                for buffer in batch.buffers().iter().flat_map(|b| b.iter()) {
                    let start = u64::try_from(buffer.offset()).unwrap_or(u64::MAX);
                    if buffer.length() < 8 || start > body.saturating_sub(8) {
                        continue;
                    }
                    file.seek(SeekFrom::Start(at + start)).map_err(io)?;
                    let mut true_length = [0; 8];
                    file.read_exact(&mut true_length).map_err(io)?;
                    // -1 says that the buffer is not compressed.
                    unpacked =
                        unpacked.saturating_add(u64::try_from(i64::from_le_bytes(true_length)).unwrap_or(0));
                }
                if unpacked > most {
                    return Err(Error::Limit {
                        path: path.to_owned(),
                        what: "the size in bytes of a batch".into(),
                        found: unpacked.to_string(),
                        limit: most.to_string(),
                        mend: "write smaller batches, or raise `limits.part_bytes` if this is meant".into(),
                    });
                }
            }
        }
        at += body;
        file.seek(SeekFrom::Start(at)).map_err(io)?;
    }
    Ok(rows as usize)
}
