//! The innermost loops: a few rows of `a` times one panel of `b`, sums kept in registers.
//!
//! `out[m, w] (+)= a[m, k] b[k, w]` with m up to [`rows`] and w up to [`WIDTH`]. Elements of `a` are broadcast from
//! where they are; a row of `b` is 32 floats side by side. Each sum runs over k in order, one fused multiply-add a step
//! (a product and a sum where the processor has no such step), so a result does not depend on how a product was cut.

use super::After;
use crate::kernels::level::{Level, level};
use crate::kernels::{ALWAYS_FMA, madd, math};
use ronghe_graph::Act;

/// Columns of a panel.
pub(super) const WIDTH: usize = 32;

/// One tile: pointers, strides in elements, sizes.
#[derive(Clone, Copy)]
pub(super) struct Tile<'a> {
    /// Element (i, p) is `a[i * a_row + p * a_col]`.
    pub(super) a: *const f32,
    pub(super) a_row: usize,
    pub(super) a_col: usize,
    /// Element (p, j) is `b[p * b_row + j]`.
    pub(super) b: *const f32,
    pub(super) b_row: usize,
    pub(super) k: usize,
    /// Stretches of k steps that follow each other in `b` and lie `jump` elements apart in `a`.
    pub(super) segments: usize,
    pub(super) jump: usize,
    /// Element (i, j) is `out[i * stride + j]`.
    pub(super) out: *mut f32,
    pub(super) stride: usize,
    /// Columns, 1 to [`WIDTH`].
    pub(super) width: usize,
    /// What becomes of the sums; its bias begins at this tile's first column.
    pub(super) after: After<'a>,
}

/// Rows of a tile at most.
pub(super) fn rows() -> usize {
    if level() == Level::Avx512 { 14 } else { 6 }
}

/// Whether [`run`] applies the activation itself.
pub(super) fn finishes(act: Act) -> bool {
    matches!(act, Act::Identity | Act::Relu | Act::Relu6)
}

/// Computes a tile of `m` rows.
///
/// # Safety
/// `m` is 1 to [`rows`], `tile.width` 1 to [`WIDTH`]; `a` is valid for reads of `m` by `k` elements at its strides in each
/// segment, `b` of `segments k` rows of `width` elements, `out` for reads and writes of `m` rows of `width` elements that nothing else accesses;
/// the bias, where there is one, has `width` elements; [`finishes`] holds for the activation.
#[allow(unsafe_code)]
#[inline]
pub(super) unsafe fn run(tile: &Tile, m: usize) {
    #[cfg(target_arch = "x86_64")]
    match level() {
        // SAFETY: the processor has the instructions; the rest is the caller's promise.
        Level::Avx512 => return unsafe { avx512::run(tile, m) },
        // SAFETY: as above.
        Level::Avx2 => return unsafe { avx2(tile, m) },
        Level::Baseline => {}
    }
    // SAFETY: the caller's promise.
    unsafe { plain::<ALWAYS_FMA>(tile, m) }
}

/// As [`plain`], compiled for AVX2.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2(tile: &Tile, m: usize) {
    // SAFETY: the caller's promise.
    unsafe { plain::<true>(tile, m) }
}

/// The tile in plain Rust, half a panel at a time: the twin that the others are checked against.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn plain<const FMA: bool>(tile: &Tile, m: usize) {
    for j in (0..tile.width).step_by(HALF) {
        let bias = tile.after.bias.map(|b| &b[j..]);
        let after = After { bias, ..tile.after };
        // SAFETY: column j exists.
        let half = unsafe {
            Tile { b: tile.b.add(j), out: tile.out.add(j), width: HALF.min(tile.width - j), after, ..*tile }
        };
        // SAFETY: the caller's promise, for these columns.
        unsafe {
            match m {
                1 => plain_rows::<1, FMA>(&half),
                2 => plain_rows::<2, FMA>(&half),
                3 => plain_rows::<3, FMA>(&half),
                4 => plain_rows::<4, FMA>(&half),
                5 => plain_rows::<5, FMA>(&half),
                _ => plain_rows::<6, FMA>(&half),
            }
        }
    }
}

/// Columns that [`plain`] takes at a time: with six rows, the sums fill twelve of sixteen vector registers.
const HALF: usize = 16;

#[allow(unsafe_code)]
#[inline(always)]
unsafe fn plain_rows<const M: usize, const FMA: bool>(t: &Tile) {
    let mut sums = [[0.0f32; HALF]; M];
    let mut b = t.b;
    let mut row = [0.0; HALF];
    for segment in 0..t.segments {
        let mut a = t.a.wrapping_add(segment * t.jump);
        for _ in 0..t.k {
            // SAFETY: row p of `b` has `width` elements, and `a` has M rows of k.
            unsafe {
                if t.width == HALF {
                    row = *b.cast::<[f32; HALF]>();
                } else {
                    row[..t.width].copy_from_slice(std::slice::from_raw_parts(b, t.width));
                }
                for i in 0..M {
                    let x = *a.add(i * t.a_row);
                    for j in 0..HALF {
                        sums[i][j] = madd::<FMA>(x, row[j], sums[i][j]);
                    }
                }
            }
            a = a.wrapping_add(t.a_col);
            b = b.wrapping_add(t.b_row);
        }
    }
    for (i, sums) in sums.iter().enumerate() {
        // SAFETY: row i of `out` has `width` elements.
        let out = unsafe { std::slice::from_raw_parts_mut(t.out.add(i * t.stride), t.width) };
        for (j, y) in out.iter_mut().enumerate() {
            let mut sum = if t.after.accumulate { *y + sums[j] } else { sums[j] };
            if let Some(bias) = t.after.bias {
                sum += bias[j];
            }
            *y = math::act(t.after.act, sum);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use super::{Tile, WIDTH};
    use ronghe_graph::Act;
    use std::arch::x86_64::*;

    /// A function for each number of rows, from 1.
    type Rows = [unsafe fn(&Tile); 14];

    macro_rules! rows {
        ($vectors:literal) => {
            [
                rows_of::<1, $vectors>,
                rows_of::<2, $vectors>,
                rows_of::<3, $vectors>,
                rows_of::<4, $vectors>,
                rows_of::<5, $vectors>,
                rows_of::<6, $vectors>,
                rows_of::<7, $vectors>,
                rows_of::<8, $vectors>,
                rows_of::<9, $vectors>,
                rows_of::<10, $vectors>,
                rows_of::<11, $vectors>,
                rows_of::<12, $vectors>,
                rows_of::<13, $vectors>,
                rows_of::<14, $vectors>,
            ]
        };
    }

    static NARROW: Rows = rows!(1);
    static WIDE: Rows = rows!(2);

    /// # Safety
    /// As [`super::run`], on a processor with AVX-512.
    #[allow(unsafe_code)]
    #[inline]
    pub(super) unsafe fn run(tile: &Tile, m: usize) {
        let table = if tile.width > WIDTH / 2 { &WIDE } else { &NARROW };
        // SAFETY: the caller's promise.
        unsafe { table[m - 1](tile) }
    }

    /// M rows by V vectors of sixteen columns.
    #[allow(unsafe_code)]
    #[target_feature(enable = "avx512f")]
    unsafe fn rows_of<const M: usize, const V: usize>(t: &Tile) {
        let mut masks = [0 as __mmask16; V];
        for (v, mask) in masks.iter_mut().enumerate() {
            *mask = ((1u32 << t.width.saturating_sub(16 * v).min(16)) - 1) as u16;
        }
        let mut sums = [[_mm512_setzero_ps(); V]; M];
        let mut b = t.b;
        for segment in 0..t.segments {
            let mut a = t.a.wrapping_add(segment * t.jump);
            // Not unrolled: the compiler would load later steps' elements early, into the registers of the sums.
            for _ in 0..t.k {
                // SAFETY: row p of `b` has `width` elements (the others are masked), `a` has M rows of k.
                unsafe {
                    let mut row = [_mm512_setzero_ps(); V];
                    for v in 0..V {
                        row[v] = _mm512_maskz_loadu_ps(masks[v], b.wrapping_add(16 * v));
                    }
                    for i in 0..M {
                        let x = _mm512_set1_ps(*a.add(i * t.a_row));
                        for v in 0..V {
                            sums[i][v] = _mm512_fmadd_ps(x, row[v], sums[i][v]);
                        }
                    }
                }
                a = a.wrapping_add(t.a_col);
                b = b.wrapping_add(t.b_row);
            }
        }

        let zero = _mm512_setzero_ps();
        for v in 0..V {
            let bias = match t.after.bias {
                // SAFETY: the bias has `width` elements.
                Some(bias) => unsafe { _mm512_maskz_loadu_ps(masks[v], bias.as_ptr().wrapping_add(16 * v)) },
                None => zero,
            };
            for i in 0..M {
                let mut sum = sums[i][v];
                // SAFETY: row i of `out` has `width` elements; the others are masked.
                unsafe {
                    let out = t.out.wrapping_add(i * t.stride + 16 * v);
                    if t.after.accumulate {
                        sum = _mm512_add_ps(_mm512_maskz_loadu_ps(masks[v], out), sum);
                    }
                    if t.after.bias.is_some() {
                        sum = _mm512_add_ps(sum, bias);
                    }
                    // These give their second operand where one is not a number: it passes, as in `math::act`.
                    match t.after.act {
                        Act::Relu => sum = _mm512_max_ps(zero, sum),
                        Act::Relu6 => sum = _mm512_min_ps(_mm512_set1_ps(6.0), _mm512_max_ps(zero, sum)),
                        _ => {}
                    }
                    _mm512_mask_storeu_ps(out, masks[v], sum);
                }
            }
        }
    }
}
