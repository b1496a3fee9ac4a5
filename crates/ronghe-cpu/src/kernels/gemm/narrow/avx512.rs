//! The loops for AVX-512: up to fourteen rows by two vectors of sixteen columns, sums in 28 of 32 registers.
#![cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]

/// Rows of a tile at most.
pub(super) const ROWS: usize = 14;

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{bytes, floats, pairs, shorts};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::tile::Tile;
    use super::ROWS;
    use crate::kernels::gemm::micro::WIDTH;
    use ronghe_graph::Act;
    use std::arch::x86_64::*;
    use std::mem::transmute;

    /// A function for each number of rows, from 1.
    type Rows = [unsafe fn(&Tile); ROWS];

    macro_rules! rows {
        ($name:ident, $vectors:literal) => {
            rows!($name, $vectors, 1 2 3 4 5 6 7 8 9 10 11 12 13 14)
        };
        ($name:ident, $vectors:literal, $($m:literal)*) => {
            [$($name::<$m, $vectors>),*]
        };
    }

    /// Declares the entry of a loop: the function for the tile's rows and columns.
    macro_rules! entry {
        ($name:ident, $rows:ident, $needs:literal) => {
            /// # Safety
            #[doc = concat!("As `tile::run`, on a processor with ", $needs, ".")]
            #[allow(unsafe_code)]
            pub(in super::super) unsafe fn $name(tile: &Tile, m: usize) {
                static NARROW: Rows = rows!($rows, 1);
                static WIDE: Rows = rows!($rows, 2);
                let table = if tile.width > WIDTH / 2 { &WIDE } else { &NARROW };
                // SAFETY: the caller's promise.
                unsafe { table[m - 1](tile) }
            }
        };
    }

    entry!(pairs, pairs_rows, "AVX-512 and its bf16 instructions");
    entry!(floats, floats_rows, "AVX-512 with its instructions for bytes and words");
    entry!(shorts, shorts_rows, "AVX-512 and its neural network instructions");
    entry!(bytes, bytes_rows, "AVX-512 and its neural network instructions");

    /// Pairs of bf16: `vdpbf16ps`.
    #[allow(unsafe_code)]
    #[target_feature(enable = "avx512f,avx512bf16")]
    unsafe fn pairs_rows<const M: usize, const V: usize>(t: &Tile) {
        let mut sums = [[_mm512_setzero_ps(); V]; M];
        let (mut left, mut panel) = (t.left, t.panel);
        for _ in 0..t.words {
            // SAFETY: the panel has this row, `left` M rows of this word; the types have the same size.
            unsafe {
                let row = row::<V>(panel);
                for i in 0..M {
                    let x = _mm512_set1_epi32(*left.add(i * t.row) as i32);
                    for v in 0..V {
                        let (x, y) =
                            (transmute::<__m512i, __m512bh>(x), transmute::<__m512i, __m512bh>(row[v]));
                        sums[i][v] = _mm512_dpbf16_ps(sums[i][v], x, y);
                    }
                }
            }
            left = left.wrapping_add(t.step);
            panel = panel.wrapping_add(WIDTH);
        }
        // SAFETY: the caller's promise.
        unsafe { finish(t, &sums) }
    }

    /// Pairs of bf16, taken apart: a load that leaves out the lower halves of words gives the odd ones, from two bytes
    /// before the even ones.
    #[allow(unsafe_code)]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn floats_rows<const M: usize, const V: usize>(t: &Tile) {
        const UPPER: __mmask32 = 0xaaaa_aaaa;
        let mut sums = [[_mm512_setzero_ps(); V]; M];
        let (mut left, mut panel) = (t.left.cast::<f32>(), t.panel.cast::<i16>());
        // From the odd halves of a word to the even ones, and from those to the next word.
        let mut next = -1;
        // Half a word a step and not unrolled: with the other half at hand, not all sums would stay in registers.
        for _ in 0..2 * t.words {
            // SAFETY: the panel has this row, of which no more is read, and `left` M rows of two floats a word.
            unsafe {
                let mut row = [_mm512_setzero_ps(); V];
                for (v, y) in row.iter_mut().enumerate() {
                    *y = _mm512_castsi512_ps(_mm512_maskz_loadu_epi16(UPPER, panel.wrapping_add(32 * v)));
                }
                for i in 0..M {
                    let x = _mm512_set1_ps(*left.add(i * t.row));
                    for v in 0..V {
                        sums[i][v] = _mm512_fmadd_ps(x, row[v], sums[i][v]);
                    }
                }
            }
            left = left.wrapping_add(t.step);
            panel = panel.wrapping_offset(next);
            next = 2 * WIDTH as isize - next;
        }
        // SAFETY: the caller's promise.
        unsafe { finish(t, &sums) }
    }

    /// A tile of whole numbers, `$dot` adding the products of a word.
    macro_rules! whole_rows {
        ($(#[$meta:meta])* $name:ident, $dot:ident) => {
            $(#[$meta])*
            #[allow(unsafe_code)]
            #[target_feature(enable = "avx512f,avx512vnni")]
            unsafe fn $name<const M: usize, const V: usize>(t: &Tile) {
                let mut sums = [[_mm512_setzero_si512(); V]; M];
                let (mut left, mut panel) = (t.left, t.panel);
                for _ in 0..t.words {
                    // SAFETY: the panel has this row, `left` M rows of this word.
                    unsafe {
                        let row = row::<V>(panel);
                        for i in 0..M {
                            let x = _mm512_set1_epi32(*left.add(i * t.row) as i32);
                            for v in 0..V {
                                sums[i][v] = $dot(sums[i][v], x, row[v]);
                            }
                        }
                    }
                    left = left.wrapping_add(t.step);
                    panel = panel.wrapping_add(WIDTH);
                }
                // SAFETY: the caller's promise.
                unsafe { finish_whole(t, &sums) }
            }
        };
    }
    whole_rows!(
        /// Bytes: `vpdpbusd`, which adds four products to 32 bits without an intermediate of 16.
        bytes_rows,
        _mm512_dpbusd_epi32
    );
    whole_rows!(
        /// Whole numbers of 16 bits: `vpdpwssd`.
        shorts_rows,
        _mm512_dpwssd_epi32
    );

    /// Turns sums of whole numbers to floats and finishes them.
    ///
    /// # Safety
    /// As `tile::run`.
    #[allow(unsafe_code)]
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn finish_whole<const M: usize, const V: usize>(t: &Tile, sums: &[[__m512i; V]; M]) {
        let mut floats = [[_mm512_setzero_ps(); V]; M];
        for v in 0..V {
            // SAFETY: both have a panel's width; scale and zero stand after the words of a row.
            unsafe {
                let scales = _mm512_loadu_ps(t.columns.scales.as_ptr().add(16 * v));
                let columns = _mm512_loadu_si512(t.columns.sums.as_ptr().add(16 * v).cast());
                for i in 0..M {
                    let meta = t.left.add(i * t.row + t.words);
                    let zero = _mm512_mullo_epi32(_mm512_set1_epi32(*meta.add(1) as i32), columns);
                    let sum = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums[i][v], zero));
                    let scale = _mm512_mul_ps(_mm512_set1_ps(f32::from_bits(*meta)), scales);
                    floats[i][v] = _mm512_mul_ps(sum, scale);
                }
            }
        }
        // SAFETY: the caller's promise.
        unsafe { finish(t, &floats) }
    }

    /// # Safety
    /// `panel` has V vectors.
    #[allow(unsafe_code)]
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn row<const V: usize>(panel: *const u32) -> [__m512i; V] {
        let mut row = [_mm512_setzero_si512(); V];
        for (v, y) in row.iter_mut().enumerate() {
            // SAFETY: the caller's promise.
            *y = unsafe { _mm512_loadu_si512(panel.add(16 * v).cast()) };
        }
        row
    }

    /// Adds the bias, applies the activation, and writes the sums.
    ///
    /// # Safety
    /// As `tile::run`.
    #[allow(unsafe_code)]
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn finish<const M: usize, const V: usize>(t: &Tile, sums: &[[__m512; V]; M]) {
        let zero = _mm512_setzero_ps();
        for v in 0..V {
            let mask = ((1u32 << t.width.saturating_sub(16 * v).min(16)) - 1) as u16;
            let bias = match t.after.bias {
                // SAFETY: the bias has `width` elements; the others are masked.
                Some(bias) => unsafe { _mm512_maskz_loadu_ps(mask, bias.as_ptr().wrapping_add(16 * v)) },
                None => zero,
            };
            for i in 0..M {
                let mut sum = sums[i][v];
                if t.after.bias.is_some() {
                    sum = _mm512_add_ps(sum, bias);
                }
                // These give their second operand where one is not a number: it passes, as in `math::act`.
                match t.after.act {
                    Act::Relu => sum = _mm512_max_ps(zero, sum),
                    Act::Relu6 => sum = _mm512_min_ps(_mm512_set1_ps(6.0), _mm512_max_ps(zero, sum)),
                    _ => {}
                }
                // SAFETY: row i of `out` has `width` elements; the others are masked.
                unsafe { _mm512_mask_storeu_ps(t.out.wrapping_add(i * t.stride + 16 * v), mask, sum) };
            }
        }
    }
}
