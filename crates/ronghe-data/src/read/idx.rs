//! IDX, the format of MNIST and its successors.
//!
//! A file is `00 00 08 D`, then `D` sizes of 32 bits, most significant byte first, then the bytes; `D` is 1 for labels,
//! 3 for grey pictures `[rows, height, width]`, 4 for `[rows, height, width, 3]`. Pictures `NAME-images*` go with
//! labels `NAME-labels*`; `NAME` is `train` or `t10k` (test). A file `classes.txt` beside them, a name a line, names the
//! labels. Source: Y. LeCun's page on MNIST.

use super::labelled::{Batch, Columns, pnm_header};
use super::{ReadOptions, Reader, Skipped, bytes};
use crate::{Error, Result, Schema, Table, plain};
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

/// Bytes of pictures after which a batch ends early.
const BATCH_BYTES: usize = 256 << 20;

pub(super) fn sniff(path: &Path, head: &[u8]) -> bool {
    if path.is_dir() {
        pairs(path).is_ok_and(|p| !p.is_empty())
    } else {
        matches!(head, [0, 0, 8, 1 | 3 | 4, ..])
    }
}

pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn Reader>> {
    let columns = Columns::new(path, &["label"], options)?;
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
    let mut pairs = pairs(folder)?;
    if path.is_file() {
        pairs.retain(|p| p.images == path || p.labels == path);
    }
    if pairs.is_empty() {
        return Err(Error::file(
            path,
            "pictures `NAME-images...` and labels `NAME-labels...` side by side",
            "no such pair",
            "put both files into one folder under their published names, such as train-images-idx3-ubyte",
        ));
    }
    let rows = pairs.iter().map(|p| Part::open(p, options).map(|part| part.rows)).sum::<Result<usize>>()?;
    pairs.reverse();
    let (path, batch_rows) = (path.to_owned(), options.batch_rows.max(1));
    let options = options.clone();
    let skipped = Skipped::default();
    Ok(Box::new(IdxReader { columns, pairs, part: None, options, path, batch_rows, rows, at: 0, skipped }))
}

#[derive(Debug)]
struct Pair {
    images: PathBuf,
    labels: PathBuf,
    split: &'static str,
}

/// The pairs of pictures and labels in a folder, training first.
fn pairs(folder: &Path) -> Result<Vec<Pair>> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::io(folder, e))?;
    let mut names: Vec<String> = entries
        .filter_map(|e| e.ok()?.file_name().into_string().ok())
        .filter(|n| !n.starts_with('.'))
        .collect();
    names.sort();
    let mut pairs: Vec<Pair> = Vec::new();
    for name in &names {
        let lower = name.to_ascii_lowercase();
        let Some(at) = lower.find("images") else { continue };
        let stem = &name[..at];
        let labels = names.iter().find(|n| {
            let rest = n.strip_prefix(stem).map(str::to_ascii_lowercase);
            rest.is_some_and(|rest| rest.starts_with("labels"))
        });
        let split = if ["t10k", "test"].iter().any(|t| lower.contains(t)) { "test" } else { "train" };
        let Some(labels) = labels else { continue };
        let (images, labels) = (folder.join(name), folder.join(labels));
        // The same set plain and compressed is one set.
        if !pairs.iter().any(|p| p.labels == labels && p.split == split) {
            pairs.push(Pair { images, labels, split });
        }
    }
    pairs.sort_by_key(|p| p.split == "test");
    Ok(pairs)
}

/// A pair of files being read.
struct Part {
    images: Box<dyn BufRead + Send>,
    labels: Vec<u8>,
    names: Vec<String>,
    path: PathBuf,
    split: &'static str,
    header: Vec<u8>,
    pixels: usize,
    rows: usize,
    at: usize,
}

impl Part {
    fn open(pair: &Pair, options: &ReadOptions) -> Result<Part> {
        let mut images = bytes::plain(&pair.images)?;
        let sizes = sizes(&mut images, &pair.images)?;
        let (rows, height, width, channels) = match sizes[..] {
            [rows, height, width] => (rows, height, width, 1),
            [rows, height, width, channels @ (1 | 3)] => (rows, height, width, channels),
            _ => {
                return Err(Error::file(
                    &pair.images,
                    "sizes rows, height, width and perhaps 1 or 3 channels",
                    format!("sizes {sizes:?}"),
                    "give the file of pictures under a name with `images`",
                ));
            }
        };
        let pixels = [height, width, channels].iter().try_fold(1usize, |n, &s| n.checked_mul(s));
        let Some(pixels) = pixels.filter(|&p| p > 0 && p <= options.limits.row_bytes) else {
            return Err(Error::Limit {
                path: pair.images.clone(),
                what: "the size of a picture".into(),
                found: format!("{height} x {width} x {channels}"),
                limit: format!("{} bytes", options.limits.row_bytes),
                mend: "the file is damaged, or its pictures are larger than can be read".into(),
            });
        };
        let all = bytes::whole(&pair.labels, options.limits.part_bytes)?;
        let mut labels = &all[..];
        let found = self::sizes(&mut labels, &pair.labels)?;
        if found != [rows] || labels.len() != rows {
            return Err(Error::file(
                &pair.labels,
                format!("{rows} labels, one for each picture"),
                format!("sizes {found:?} and {} bytes", labels.len()),
                "the two files do not belong together, or one is cut off: download them again",
            ));
        }
        Ok(Part {
            images,
            labels: labels.to_vec(),
            names: class_names(&pair.labels)?,
            path: pair.images.clone(),
            split: pair.split,
            header: pnm_header(width, height, channels),
            pixels,
            rows,
            at: 0,
        })
    }

    fn next(&mut self, picture: &mut Vec<u8>, batch: &mut Batch) -> Result<bool> {
        if self.at == self.rows {
            return Ok(false);
        }
        picture.clear();
        picture.extend_from_slice(&self.header);
        picture.resize(self.header.len() + self.pixels, 0);
        if let Err(e) = self.images.read_exact(&mut picture[self.header.len()..]) {
            return Err(Error::file(
                &self.path,
                format!("{} pictures of {} bytes", self.rows, self.pixels),
                format!("{} ({})", self.at, plain::io(&e)),
                "the file is cut off: copy or download it again",
            ));
        }
        let label = self.labels[self.at];
        match self.names.get(usize::from(label)) {
            Some(name) => batch.push(picture, &[name], self.split),
            None => batch.push(picture, &[&label.to_string()], self.split),
        }
        self.at += 1;
        Ok(true)
    }
}

/// The names in `classes.txt` beside the labels; none if there is no such file.
fn class_names(labels: &Path) -> Result<Vec<String>> {
    let path = labels.with_file_name("classes.txt");
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = bytes::whole(&path, 1 << 20)?;
    Ok(String::from_utf8_lossy(&text)
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .map(Into::into)
        .collect())
}

/// Reads the header of an IDX file of bytes.
fn sizes(file: &mut dyn BufRead, path: &Path) -> Result<Vec<usize>> {
    let wrong = |found: String| {
        let mend = "give the published file, plain or as .gz";
        Error::file(path, "an IDX file of bytes (00 00 08 and a number of sizes from 1 to 4)", found, mend)
    };
    let mut magic = [0; 4];
    file.read_exact(&mut magic).map_err(|e| wrong(plain::io(&e)))?;
    let [0, 0, 8, count @ 1..=4] = magic else {
        return Err(wrong(format!("{magic:02x?}")));
    };
    (0..count)
        .map(|_| {
            let mut size = [0; 4];
            file.read_exact(&mut size).map_err(|e| wrong(plain::io(&e)))?;
            Ok(u32::from_be_bytes(size) as usize)
        })
        .collect()
}

struct IdxReader {
    columns: Columns,
    /// Pairs still to be read, the next one last.
    pairs: Vec<Pair>,
    part: Option<Part>,
    options: ReadOptions,
    path: PathBuf,
    batch_rows: usize,
    rows: usize,
    at: usize,
    skipped: Skipped,
}

impl Reader for IdxReader {
    fn schema(&self) -> &Schema {
        self.columns.schema()
    }

    fn rows(&self) -> Option<usize> {
        Some(self.rows)
    }

    fn next_batch(&mut self) -> Result<Option<Table>> {
        let (mut batch, mut picture, mut count) = (self.columns.batch(), Vec::new(), 0);
        while count < self.batch_rows && count * picture.len() < BATCH_BYTES {
            let Some(part) = &mut self.part else {
                let Some(pair) = self.pairs.pop() else { break };
                self.part = Some(Part::open(&pair, &self.options)?);
                continue;
            };
            if part.next(&mut picture, &mut batch)? {
                count += 1;
            } else {
                self.part = None;
            }
        }
        self.at += count;
        self.columns.table(batch, &self.path, self.at - count + 1)
    }

    fn skipped(&self) -> &Skipped {
        &self.skipped
    }
}
