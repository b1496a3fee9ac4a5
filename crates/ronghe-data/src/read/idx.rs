//! IDX, the format of MNIST and its successors.
//!
//! A file is `00 00 T D`, then `D` sizes of 32 bits, most significant byte first, then the values: bytes (`T` = 8) or
//! 32-bit integers (`T` = 12); `D` is 1 or 2 for labels, 3 for grey pictures `[rows, height, width]`, 4 for
//! `[rows, height, width, 3]`. `idx_sets` says which files belong together, `idx_labels` reads labels and their names.
//! EMNIST keeps its pictures column by column: they are turned here. Sources: Y. LeCun's page on MNIST; Cohen et al. 2017,
//! "EMNIST", and the note on it in TensorFlow Datasets ("inverted horizontally and rotated 90 anti-clockwise").

use super::idx_labels::{begins_like_idx, labels, names, picture_sizes};
use super::idx_sets::{Pair, chosen, pairs};
use super::labelled::{Batch, Columns, pnm_header};
use super::{ReadOptions, Reader, Skipped, bytes};
use crate::{Error, Result, Schema, Table, plain};
use std::collections::BTreeMap;
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

/// Bytes of pictures after which a batch ends early.
const BATCH_BYTES: usize = 256 << 20;

pub(super) fn sniff(path: &Path, head: &[u8]) -> bool {
    if path.is_dir() { pairs(path).is_ok_and(|p| !p.is_empty()) } else { begins_like_idx(head) }
}

pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn Reader>> {
    let columns = Columns::new(path, &["label"], options)?;
    let mut pairs = chosen(path)?;
    let rows = pairs.iter().map(|p| Part::open(p, options).map(|part| part.rows)).sum::<Result<usize>>()?;
    pairs.reverse();
    let (path, batch_rows) = (path.to_owned(), options.batch_rows.max(1));
    let options = options.clone();
    let skipped = Skipped::default();
    Ok(Box::new(IdxReader { columns, pairs, part: None, options, path, batch_rows, rows, at: 0, skipped }))
}

/// A pair of files being read.
struct Part {
    images: Box<dyn BufRead + Send>,
    labels: Vec<i64>,
    names: BTreeMap<i64, String>,
    path: PathBuf,
    split: &'static str,
    header: Vec<u8>,
    pixels: usize,
    /// Height and width of pictures that are kept column by column, and room for one.
    turned: Option<(usize, usize, Vec<u8>)>,
    rows: usize,
    at: usize,
}

impl Part {
    fn open(pair: &Pair, options: &ReadOptions) -> Result<Part> {
        let mut images = bytes::plain(&pair.images)?;
        let sizes = picture_sizes(&mut images, &pair.images)?;
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
        let turned = pair.set.starts_with("emnist") && channels == 1;
        Ok(Part {
            images,
            labels: labels(&pair.labels, rows, options.limits.part_bytes)?,
            names: names(pair)?,
            path: pair.images.clone(),
            split: pair.split,
            header: pnm_header(width, height, channels),
            pixels,
            turned: turned.then(|| (height, width, vec![0; pixels])),
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
        if let Some((height, width, before)) = &mut self.turned {
            let (height, width) = (*height, *width);
            let pixels = &mut picture[self.header.len()..];
            before.copy_from_slice(pixels);
            // The file holds the picture as `width` lines of `height` pixels.
            for (i, pixel) in pixels.iter_mut().enumerate() {
                *pixel = before[i % width * height + i / width];
            }
        }
        let Some(&label) = self.labels.get(self.at) else { return Ok(false) };
        match self.names.get(&label) {
            Some(name) => batch.push(picture, &[name], self.split),
            None => batch.push(picture, &[&label.to_string()], self.split),
        }
        self.at += 1;
        Ok(true)
    }
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
