//! A file of vectors: written once, never changed, with a checksum.
//!
//! ```text
//! "RHVECS1\n"  width u32  vectors u64  chunk u64[V]  scale f32[V]  int8[V, width]  f32[V, width]  SHA-256 of all before
//! ```
//! Numbers are little-endian. Scales and 8-bit numbers are those of [`Narrow`]. These and the
//! chunks' numbers are in memory; the vectors in f32 stay in the file, and a few are read to score the best again.

use super::ChunkId;
use crate::{Error, Result};
use rayon::prelude::*;
use ronghe_vector::{Narrow, top_k};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const MAGIC: &[u8; 8] = b"RHVECS1\n";
/// Bytes before the chunks' numbers.
const HEAD: u64 = 20;
/// Vectors that one thread scans at a time.
const BLOCK: usize = 2048;
/// Widest vector.
const MOST_WIDTH: usize = 1 << 14;

/// A segment that was opened.
pub(super) struct Segment {
    pub(super) name: String,
    path: PathBuf,
    file: Mutex<File>,
    width: usize,
    /// Ascending.
    chunks: Vec<ChunkId>,
    scales: Vec<f32>,
    narrow: Vec<i8>,
}

/// Writes vectors (`[chunks, width]`) into the file `name` of `folder`, flushed to the disk.
pub(super) fn write(
    folder: &Path,
    name: &str,
    chunks: &[ChunkId],
    vectors: &[f32],
    width: usize,
) -> Result<()> {
    let path = folder.join(name);
    let io = || Error::io(&path);
    let mut bytes = Vec::with_capacity(HEAD as usize + chunks.len() * (12 + 5 * width) + 32);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&(width as u32).to_le_bytes());
    bytes.extend_from_slice(&(chunks.len() as u64).to_le_bytes());
    chunks.iter().for_each(|c| bytes.extend_from_slice(&c.to_le_bytes()));
    let narrow: Vec<Narrow> = vectors.chunks_exact(width).map(Narrow::new).collect();
    narrow.iter().for_each(|v| bytes.extend_from_slice(&v.scale.to_le_bytes()));
    narrow.iter().for_each(|v| bytes.extend(v.numbers.iter().map(|&n| n as u8)));
    vectors.iter().for_each(|x| bytes.extend_from_slice(&x.to_le_bytes()));
    let checksum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&checksum);
    let part = folder.join(format!("{name}.part"));
    let mut file = File::create(&part).map_err(io())?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(io())?;
    std::fs::rename(&part, &path).map_err(io())?;
    // The name is on the disk only once its folder is.
    File::open(folder).and_then(|f| f.sync_all()).map_err(io())
}

impl Segment {
    /// Opens a segment of vectors of `width`, and checks it.
    pub(super) fn open(folder: &Path, name: &str, width: usize) -> Result<Segment> {
        let path = folder.join(name);
        let damaged = |found: &str| Error::Store {
            path: path.clone(),
            expected: "a whole file of vectors".into(),
            found: found.to_owned(),
            mend: "index again: its chunks get new vectors".into(),
        };
        let mut file = File::open(&path).map_err(Error::io(&path))?;
        let length = file.metadata().map_err(Error::io(&path))?.len();
        let mut hash = Sha256::new();
        let mut take = |bytes: usize| -> Result<Vec<u8>> {
            let mut block = vec![0; bytes];
            file.read_exact(&mut block).map_err(|_| damaged("less than it should have"))?;
            hash.update(&block);
            Ok(block)
        };
        let head = take(HEAD as usize)?;
        let number = |at: usize, bytes: usize| {
            head[at..at + bytes].iter().rev().fold(0_u64, |n, &b| n << 8 | u64::from(b))
        };
        let (found, count) = (number(8, 4) as usize, number(12, 8));
        if &head[..8] != MAGIC || found != width || !(1..=MOST_WIDTH).contains(&found) {
            return Err(damaged("another head"));
        }
        let size =
            |count: u64| count.checked_mul(12 + 5 * width as u64).and_then(|b| b.checked_add(HEAD + 32));
        if size(count) != Some(length) || u32::try_from(count).is_err() {
            return Err(damaged("another length"));
        }
        let count = count as usize;
        let chunks: Vec<ChunkId> =
            take(count * 8)?.as_chunks().0.iter().map(|b| u64::from_le_bytes(*b)).collect();
        let scales = take(count * 4)?.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        let narrow = take(count * width)?.into_iter().map(|b| b as i8).collect();
        // The wide vectors are looked at for their checksum only.
        let mut left = count * width * 4;
        while left > 0 {
            left -= take(left.min(1 << 20))?.len();
        }
        let mut checksum = [0; 32];
        file.read_exact(&mut checksum).map_err(|_| damaged("no checksum"))?;
        if hash.finalize()[..] != checksum || !chunks.is_sorted() {
            return Err(damaged("other bytes than were written"));
        }
        let file = Mutex::new(file);
        Ok(Segment { name: name.to_owned(), path, file, width, chunks, scales, narrow })
    }

    /// Number of vectors.
    pub(super) fn len(&self) -> usize {
        self.chunks.len()
    }

    /// The chunks.
    pub(super) fn chunks(&self) -> &[ChunkId] {
        &self.chunks
    }

    /// The `most` chunks that `admits` lets through whose 8-bit vectors score best for `query`, with their places.
    pub(super) fn scan(
        &self,
        query: &[f32],
        most: usize,
        admits: &(dyn Fn(ChunkId) -> bool + Sync),
    ) -> Vec<(u32, f32)> {
        let query = Narrow::new(query);
        let blocks =
            self.narrow.par_chunks(BLOCK * self.width).zip(self.scales.par_chunks(BLOCK)).enumerate();
        let best = |(block, (numbers, scales)): (usize, (&[i8], &[f32]))| -> Vec<(u32, f32)> {
            let start = (block * BLOCK) as u32;
            let admits = |row: u32| admits(self.chunks[(start + row) as usize]);
            let near = query.nearest(numbers, scales, most, admits);
            near.into_iter().map(|(row, score)| (start + row, score)).collect()
        };
        let found: Vec<Vec<(u32, f32)>> = blocks.map(best).collect();
        top_k(found.into_iter().flatten(), most)
    }

    /// The vectors at some places, one after another.
    pub(super) fn wide(&self, places: &[usize]) -> Result<Vec<f32>> {
        let mut vectors = Vec::with_capacity(places.len() * self.width);
        let start = HEAD + self.len() as u64 * (12 + self.width as u64);
        let mut row = vec![0; 4 * self.width];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        for &place in places {
            let at = start + (place * self.width * 4) as u64;
            file.seek(SeekFrom::Start(at))
                .and_then(|_| file.read_exact(&mut row))
                .map_err(Error::io(&self.path))?;
            vectors.extend(row.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)));
        }
        Ok(vectors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors(count: usize, width: usize) -> Vec<f32> {
        let number = |i: usize| (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        let number = |i: usize| (number(i) ^ number(i) >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40;
        let number = |i: usize| number(i) as f32 / (1 << 23) as f32 - 1.0;
        let mut all: Vec<f32> = (0..count * width).map(number).collect();
        for v in all.chunks_exact_mut(width) {
            let length = v.iter().map(|x| x * x).sum::<f32>().sqrt();
            v.iter_mut().for_each(|x| *x /= length);
        }
        all
    }

    #[test]
    fn the_scan_finds_what_the_plain_products_find() {
        let folder = tempfile::tempdir().unwrap();
        let (count, width) = (5000, 24);
        let all = vectors(count, width);
        let ids: Vec<u64> = (0..count as u64).map(|i| 2 * i + 5).collect();
        write(folder.path(), "a", &ids, &all, width).unwrap();
        let segment = Segment::open(folder.path(), "a", width).unwrap();
        let query = &all[1234 * width..1235 * width];
        let found = segment.scan(query, 3, &|_| true);
        assert_eq!(found[0].0, 1234);
        assert!((found[0].1 - 1.0).abs() < 0.02);
        assert_eq!(segment.wide(&[1234]).unwrap(), query);
        let odd = segment.scan(query, 3, &|chunk| chunk != ids[1234]);
        assert!(odd.iter().all(|(at, _)| *at != 1234) && odd.len() == 3);
    }

    #[test]
    fn damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a", &[1, 2], &vectors(2, 8), 8).unwrap();
        let path = folder.path().join("a");
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
            assert!(Segment::open(folder.path(), "a", 8).is_err(), "byte {at}");
        }
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(Segment::open(folder.path(), "a", 8).is_err());
    }
}
