//! Tables in four bits, of which single rows are read.
//!
//! A block of 32 elements is an f16 scale `d` and 16 bytes: element `j` is `d (low nibble of byte j - 8)`, element `j + 16` is
//! `d (high nibble of byte j - 8)`. The word table of a text network is nine tenths of its weights, and a text needs a few rows
//! of it: kept so it takes a seventh of the memory.

use half::f16;
use std::sync::OnceLock;

/// Elements of a block.
pub(crate) const BLOCK: usize = 32;
/// Bytes of a block.
pub(crate) const BLOCK_BYTES: usize = 18;

/// Elements in blocks, and all of them as floats once somebody asked for these.
#[derive(Debug)]
pub struct Blocks {
    bytes: Vec<u8>,
    whole: OnceLock<Vec<f32>>,
}

impl Blocks {
    /// Whole blocks only.
    pub(crate) fn new(bytes: Vec<u8>) -> Blocks {
        Blocks { bytes, whole: OnceLock::new() }
    }

    /// Number of elements.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() / BLOCK_BYTES * BLOCK
    }

    /// All elements.
    pub(crate) fn whole(&self) -> &[f32] {
        self.whole.get_or_init(|| {
            let mut all = vec![0.0; self.len()];
            expand(&self.bytes, &mut all);
            all
        })
    }

    /// Row `row` of a table as wide as `out`, which is a multiple of 32.
    pub fn row(&self, row: usize, out: &mut [f32]) {
        let width = out.len() / BLOCK * BLOCK_BYTES;
        expand(&self.bytes[row * width..(row + 1) * width], out);
    }
}

/// The elements of some blocks.
pub(crate) fn expand(bytes: &[u8], out: &mut [f32]) {
    for (block, out) in bytes.chunks_exact(BLOCK_BYTES).zip(out.chunks_exact_mut(BLOCK)) {
        let scale = f16::from_le_bytes([block[0], block[1]]).to_f32();
        let (low, high) = out.split_at_mut(BLOCK / 2);
        for ((low, high), &b) in low.iter_mut().zip(high).zip(&block[2..]) {
            *low = scale * (f32::from(b & 15) - 8.0);
            *high = scale * (f32::from(b >> 4) - 8.0);
        }
    }
}
