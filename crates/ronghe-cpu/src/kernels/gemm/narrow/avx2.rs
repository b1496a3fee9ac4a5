//! The loops for AVX2: bytes are widened to 16 bits, whose products and pairwise sums (`vpmaddwd`) are exact.
#![cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]

/// Rows of a tile at most: with two vectors a row, sums, halves of words and rows fill fourteen of sixteen registers.
pub(super) const ROWS: usize = 4;

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{bytes, floats, shorts};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::tile::{self, HALF, Tile};
    use crate::kernels::gemm::micro::WIDTH;
    use std::arch::x86_64::*;

    /// As [`tile::floats`], compiled for AVX2.
    ///
    /// # Safety
    /// As [`tile::run`], on a processor with AVX2.
    #[allow(unsafe_code)]
    #[target_feature(enable = "avx2,fma")]
    pub(in super::super) unsafe fn floats(tile: &Tile, m: usize) {
        // SAFETY: the caller's promise.
        unsafe { tile::floats::<true>(tile, m) }
    }

    /// Declares the entry of a loop: the function for the tile's rows, on half panels.
    macro_rules! entry {
        ($name:ident, $rows:ident) => {
            /// # Safety
            /// As [`tile::run`], on a processor with AVX2.
            #[allow(unsafe_code)]
            #[target_feature(enable = "avx2")]
            pub(in super::super) unsafe fn $name(tile: &Tile, m: usize) {
                // SAFETY: the caller's promise, for these columns and rows.
                unsafe {
                    tile::halves(tile, |half, j| match m {
                        1 => $rows::<1>(half, j),
                        2 => $rows::<2>(half, j),
                        3 => $rows::<3>(half, j),
                        _ => $rows::<4>(half, j),
                    });
                }
            }
        };
    }

    entry!(shorts, shorts_rows);
    entry!(bytes, bytes_rows);

    /// Whole numbers of 16 bits.
    #[allow(unsafe_code)]
    #[target_feature(enable = "avx2")]
    unsafe fn shorts_rows<const M: usize>(t: &Tile, first: usize) {
        let mut sums = [[_mm256_setzero_si256(); 2]; M];
        let (mut left, mut panel) = (t.left, t.panel);
        for _ in 0..t.words {
            // SAFETY: the panel has this row, `left` M rows of this word.
            unsafe {
                let row = [0, 8].map(|v| _mm256_loadu_si256(panel.add(v).cast()));
                for i in 0..M {
                    let x = _mm256_set1_epi32(*left.add(i * t.row) as i32);
                    for v in 0..2 {
                        sums[i][v] = _mm256_add_epi32(sums[i][v], _mm256_madd_epi16(x, row[v]));
                    }
                }
            }
            left = left.wrapping_add(t.step);
            panel = panel.wrapping_add(WIDTH);
        }
        // SAFETY: the caller's promise.
        unsafe { finish(t, first, &sums) }
    }

    /// Bytes.
    #[allow(unsafe_code)]
    #[target_feature(enable = "avx2")]
    unsafe fn bytes_rows<const M: usize>(t: &Tile, first: usize) {
        let low = _mm256_set1_epi16(0xff);
        let mut sums = [[_mm256_setzero_si256(); 2]; M];
        let (mut left, mut panel) = (t.left, t.panel);
        for _ in 0..t.words {
            // SAFETY: the panel has this row, `left` M rows of this word.
            unsafe {
                let (mut even, mut odd) = ([_mm256_setzero_si256(); 2], [_mm256_setzero_si256(); 2]);
                for v in 0..2 {
                    let words = _mm256_loadu_si256(panel.add(8 * v).cast());
                    even[v] = _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(words));
                    odd[v] = _mm256_srai_epi16::<8>(words);
                }
                for i in 0..M {
                    let x = _mm256_set1_epi32(*left.add(i * t.row) as i32);
                    let (x_even, x_odd) = (_mm256_and_si256(x, low), _mm256_srli_epi16::<8>(x));
                    for v in 0..2 {
                        sums[i][v] = _mm256_add_epi32(sums[i][v], _mm256_madd_epi16(x_even, even[v]));
                        sums[i][v] = _mm256_add_epi32(sums[i][v], _mm256_madd_epi16(x_odd, odd[v]));
                    }
                }
            }
            left = left.wrapping_add(t.step);
            panel = panel.wrapping_add(WIDTH);
        }
        // SAFETY: the caller's promise.
        unsafe { finish(t, first, &sums) }
    }

    /// Finishes the sums of the columns from `first` of the panel on.
    ///
    /// # Safety
    /// As [`tile::run`].
    #[allow(unsafe_code)]
    #[target_feature(enable = "avx2")]
    unsafe fn finish<const M: usize>(t: &Tile, first: usize, sums: &[[__m256i; 2]; M]) {
        for (i, sums) in sums.iter().enumerate() {
            let mut plain = [0; HALF];
            // SAFETY: there is room for two vectors; row i of `out` exists.
            unsafe {
                _mm256_storeu_si256(plain.as_mut_ptr().cast(), sums[0]);
                _mm256_storeu_si256(plain.as_mut_ptr().add(8).cast(), sums[1]);
                tile::finish_whole(t, i, first, &plain);
            }
        }
    }
}
