//! Arrow IPC: files (`.arrow`, `.feather` of version 2) and streams (`.arrows`, what `datasets` keeps).
//!
//! A message is `ff ff ff ff`, the length of its head (32 bits), the head (a flatbuffer, padded), then a body whose
//! length the head says; length 0 ends the stream. A file is `ARROW1 00 00`, messages, then an index of them, its
//! length (32 bits) and `ARROW1`. All messages are looked at first: bodies must lie in the file, and compressed
//! buffers, which begin with their true length (64 bits), must stay within the limit. Source: the format's
//! specification, "IPC Streaming Format" and "IPC File Format".

use super::batches::{Batches, Origin};
use super::{ReadOptions, Reader, typed};
use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_ipc::{MessageHeader, root_as_footer, root_as_message};
use arrow_schema::{ArrowError, SchemaRef};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
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
        let schema = Decoder::open(path, None)?.schema();
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
        let inner = Decoder::open(&self.path, Some(columns.to_vec()))?;
        Ok(Box::new(ArrowBatches { inner, path: self.path.clone(), batch_rows, rest: None }))
    }
}

struct ArrowBatches {
    inner: Decoder,
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
                None => guarded(&self.path, || self.inner.next())?,
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

/// The decoder of a file or a stream.
enum Decoder {
    File(FileReader<BufReader<File>>),
    Stream(StreamReader<BufReader<File>>),
}

impl Decoder {
    fn open(path: &Path, columns: Option<Vec<usize>>) -> Result<Decoder> {
        let Input { file, indexed, .. } = Input::open(path)?;
        guarded(path, || {
            Ok(if indexed {
                Decoder::File(FileReader::try_new(file, columns)?)
            } else {
                Decoder::Stream(StreamReader::try_new(file, columns)?)
            })
        })
    }

    fn schema(&self) -> SchemaRef {
        match self {
            Decoder::File(file) => file.schema(),
            Decoder::Stream(stream) => stream.schema(),
        }
    }

    fn next(&mut self) -> std::result::Result<Option<RecordBatch>, ArrowError> {
        match self {
            Decoder::File(file) => file.next().transpose(),
            Decoder::Stream(stream) => stream.next().transpose(),
        }
    }
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
    let mut input = Input::open(path)?;
    let mut rows = 0u64;
    if input.indexed {
        for start in input.index()? {
            input.seek(start)?;
            rows = rows.saturating_add(input.message(most)?.unwrap_or(0));
        }
    } else {
        while let Some(count) = input.message(most)? {
            rows = rows.saturating_add(count);
        }
    }
    // Row numbers are of 32 bits.
    u32::try_from(rows).map(|rows| rows as usize).map_err(|_| damaged(path, &format!("{rows} rows")))
}

/// A file being looked at.
struct Input<'a> {
    path: &'a Path,
    file: BufReader<File>,
    len: u64,
    at: u64,
    /// Whether it has an index.
    indexed: bool,
}

impl<'a> Input<'a> {
    fn open(path: &'a Path) -> Result<Input<'a>> {
        let file = File::open(path).map_err(|e| Error::io(path, e))?;
        let len = file.metadata().map_err(|e| Error::io(path, e))?.len();
        let mut file = BufReader::with_capacity(64 << 10, file);
        let head = file.fill_buf().map_err(|e| Error::io(path, e))?;
        if head.starts_with(b"FEA1") {
            return Err(Error::file(
                path,
                "Arrow IPC or Feather of version 2",
                "Feather of version 1",
                "read it with pandas (`read_feather`) and write it again, or write Parquet",
            ));
        }
        let indexed = head.starts_with(MAGIC);
        Ok(Input { path, file, len, at: 0, indexed })
    }

    fn seek(&mut self, at: u64) -> Result<()> {
        self.at = at;
        self.file.seek(SeekFrom::Start(at)).map(drop).map_err(|e| Error::io(self.path, e))
    }

    fn read(&mut self, out: &mut [u8]) -> Result<()> {
        let read = self.file.read_exact(out);
        self.at += out.len() as u64;
        read.map_err(|e| damaged(self.path, &format!("its end in the middle of a message ({e})")))
    }

    /// Where the messages of a file begin: dictionaries, then batches.
    fn index(&mut self) -> Result<Vec<u64>> {
        let mut end = [0; 10];
        self.seek(self.len.saturating_sub(10))?;
        self.read(&mut end)?;
        let [a, b, c, d, magic @ ..] = end;
        let size = u64::from(u32::from_le_bytes([a, b, c, d]));
        if magic != MAGIC || size > HEAD as u64 || size + 18 > self.len {
            return Err(damaged(self.path, "no index at its end"));
        }
        self.seek(self.len - 10 - size)?;
        let mut index = vec![0; size as usize];
        self.read(&mut index)?;
        let wrong = |found: &str| damaged(self.path, &format!("{found} in its index"));
        let footer = root_as_footer(&index).map_err(|e| wrong(&e.to_string()))?;
        let blocks = [footer.dictionaries(), footer.recordBatches()];
        let mut starts = Vec::new();
        for block in blocks.iter().flatten().flat_map(|b| b.iter()) {
            let parts = [block.offset(), i64::from(block.metaDataLength()), block.bodyLength()];
            let total = parts.iter().try_fold(0u64, |n, &p| n.checked_add(u64::try_from(p).ok()?));
            if total.is_none_or(|t| t > self.len) {
                return Err(wrong(&format!("a message beyond the end, {parts:?},")));
            }
            starts.push(block.offset().unsigned_abs());
        }
        Ok(starts)
    }

    /// Looks at the message that begins here and passes over it: the rows it holds, `None` at the end.
    fn message(&mut self, most: u64) -> Result<Option<u64>> {
        if self.at >= self.len {
            return Ok(None);
        }
        let mut word = [0; 4];
        self.read(&mut word)?;
        if word == [0xff; 4] {
            self.read(&mut word)?;
        }
        let size = u32::from_le_bytes(word) as usize;
        if size == 0 {
            return Ok(None);
        }
        if size > HEAD || size as u64 > self.len.saturating_sub(self.at) {
            return Err(damaged(self.path, &format!("a message head of {size} bytes at byte {}", self.at)));
        }
        let mut head = vec![0; size];
        self.read(&mut head)?;
        let start = self.at;
        let message = root_as_message(&head)
            .map_err(|_| damaged(self.path, &format!("no message before byte {start}")))?;
        let body = u64::try_from(message.bodyLength()).unwrap_or(u64::MAX);
        if body > self.len.saturating_sub(start) {
            let there = self.len.saturating_sub(start);
            return Err(damaged(self.path, &format!("a message of {body} bytes of which {there} are there")));
        }
        let batch = match message.header_type() {
            MessageHeader::RecordBatch => message.header_as_record_batch(),
            MessageHeader::DictionaryBatch => message.header_as_dictionary_batch().and_then(|d| d.data()),
            _ => None,
        };
        let mut rows = 0;
        if let Some(batch) = batch {
            let count = u64::try_from(batch.length()).unwrap_or(u64::MAX);
            if count > u64::from(u32::MAX) {
                return Err(damaged(self.path, &format!("{count} rows")));
            }
            if message.header_type() == MessageHeader::RecordBatch {
                rows = count;
            }
            if batch.compression().is_some() {
                let mut unpacked = 0u64;
                for buffer in batch.buffers().iter().flat_map(|b| b.iter()) {
                    let offset = u64::try_from(buffer.offset()).unwrap_or(u64::MAX);
                    if buffer.length() < 8 || offset > body.saturating_sub(8) {
                        continue;
                    }
                    self.seek(start + offset)?;
                    let mut length = [0; 8];
                    self.read(&mut length)?;
                    // -1 says that the buffer is not compressed.
                    unpacked =
                        unpacked.saturating_add(u64::try_from(i64::from_le_bytes(length)).unwrap_or(0));
                }
                if unpacked > most {
                    return Err(Error::Limit {
                        path: self.path.to_owned(),
                        what: "the size in bytes of a batch".into(),
                        found: unpacked.to_string(),
                        limit: most.to_string(),
                        mend: "write smaller batches".into(),
                    });
                }
            }
        }
        self.seek(start + body)?;
        Ok(Some(rows))
    }
}
