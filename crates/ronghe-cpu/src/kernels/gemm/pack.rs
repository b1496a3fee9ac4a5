//! Matrices rearranged into panels: 32 columns side by side, row after row, so that the innermost loop reads straight on.

use super::Mat;
use super::micro::WIDTH;
use crate::kernels::level::{Level, level};
use crate::threads;
use std::ops::Range;

/// A right factor `b[k, n]` as the innermost loop reads it: panel `j` has the columns from `j * WIDTH` on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Panels<'a> {
    pub(super) data: &'a [f32],
    pub(super) k: usize,
    pub(super) n: usize,
    /// Elements from one row of a panel to the next.
    pub(super) row: usize,
    /// Elements from one panel to the next.
    pub(super) panel: usize,
}

impl<'a> Panels<'a> {
    /// Elements that the panels of a `k` by `n` matrix take.
    pub(crate) fn size(k: usize, n: usize) -> usize {
        n.div_ceil(WIDTH) * WIDTH * k
    }

    /// What [`Panels::pack`] wrote for a `k` by `n` matrix.
    pub(crate) fn packed(data: &'a [f32], k: usize, n: usize) -> Panels<'a> {
        assert_eq!(data.len(), Panels::size(k, n), "panels");
        Panels { data, k, n, row: WIDTH, panel: WIDTH * k }
    }

    /// Rearranges `b` into `room`, of [`Panels::size`] elements, on all threads.
    pub(crate) fn pack(b: Mat, room: &'a mut [f32]) -> Panels<'a> {
        let (k, n) = (b.rows, b.cols);
        threads::rows(room, WIDTH * k, 2 * WIDTH * k, |first, panels| {
            for (p, panel) in panels.chunks_exact_mut((WIDTH * k).max(1)).enumerate() {
                let j = (first + p) * WIDTH;
                fill(b.block(0, k, j, WIDTH.min(n - j)), panel);
            }
        });
        Panels::packed(room, k, n)
    }

    /// Number of columns.
    pub(crate) fn columns(&self) -> usize {
        self.n
    }

    /// Some of the rows.
    pub(super) fn steps(self, range: Range<usize>) -> Panels<'a> {
        let start = (range.start * self.row).min(self.data.len());
        Panels { data: &self.data[start..], k: range.len(), ..self }
    }

    /// Some of the columns, from a multiple of [`WIDTH`] on.
    pub(super) fn some(self, range: Range<usize>) -> Panels<'a> {
        let start = (range.start / WIDTH * self.panel).min(self.data.len());
        Panels { data: &self.data[start..], n: range.len(), ..self }
    }

    /// `b` as it lies, if its rows are gapless: its columns from `j * WIDTH` on are panel `j`.
    pub(super) fn direct(b: Mat<'a>) -> Option<Panels<'a>> {
        (b.col == 1).then_some(Panels { data: b.data, k: b.rows, n: b.cols, row: b.row, panel: WIDTH })
    }
}

/// Writes the columns of `b`, at most [`WIDTH`], into `panel[k, WIDTH]`, filled up with zeros.
fn fill(b: Mat, panel: &mut [f32]) {
    if b.cols < WIDTH {
        panel.fill(0.0);
    }
    if b.col == 1 {
        for (p, row) in panel.chunks_exact_mut(WIDTH).enumerate() {
            row[..b.cols].copy_from_slice(&b.data[p * b.row..][..b.cols]);
        }
    } else if b.row == 1 {
        transpose(b.data, b.rows, b.cols, b.col, WIDTH, panel);
    } else {
        for (p, row) in panel.chunks_exact_mut(WIDTH).enumerate() {
            (0..b.cols).for_each(|j| row[j] = b.data[p * b.row + j * b.col]);
        }
    }
}

/// Writes `lines` stretches of `len` elements, `apart` elements from each other, as columns: element `p` of line `j` goes
/// to `out[p * stride + j]`.
pub(crate) fn transpose(x: &[f32], len: usize, lines: usize, apart: usize, stride: usize, out: &mut [f32]) {
    let (whole_lines, whole_len) = (lines / 16 * 16, len / 16 * 16);
    for j in (0..whole_lines).step_by(16) {
        for p in (0..whole_len).step_by(16) {
            square(&x[j * apart + p..], apart, &mut out[p * stride + j..], stride);
        }
    }
    for j in 0..lines {
        let from = if j < whole_lines { whole_len } else { 0 };
        for p in from..len {
            out[p * stride + j] = x[j * apart + p];
        }
    }
}

/// Transposes a square of sixteen by sixteen elements.
#[allow(unsafe_code)]
fn square(x: &[f32], apart: usize, out: &mut [f32], stride: usize) {
    let (x, out) = (&x[..15 * apart + 16], &mut out[..15 * stride + 16]);
    #[cfg(target_arch = "x86_64")]
    if level() == Level::Avx512 {
        // SAFETY: the processor has the instructions; the slices hold sixteen rows of sixteen elements.
        return unsafe { square_avx512(x.as_ptr(), apart, out.as_mut_ptr(), stride) };
    }
    for p in 0..16 {
        for j in 0..16 {
            out[p * stride + j] = x[j * apart + p];
        }
    }
}

/// Pairs of rows are interleaved by one element, by two, and then by four, twice: 64 shuffles.
///
/// # Safety
/// `x` must be valid for reads of sixteen rows of sixteen elements, `apart` from each other, `out` likewise for writes.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f")]
unsafe fn square_avx512(x: *const f32, apart: usize, out: *mut f32, stride: usize) {
    use std::arch::x86_64::*;
    let mut rows = [_mm512_setzero_ps(); 16];
    for (j, row) in rows.iter_mut().enumerate() {
        // SAFETY: row j exists.
        *row = unsafe { _mm512_loadu_ps(x.add(j * apart)) };
    }
    // Lane L of `fours[4 g + c]` has column 4 L + c of the rows 4 g to 4 g + 3.
    let mut fours = [_mm512_setzero_pd(); 16];
    for g in 0..4 {
        let low = |i: usize| _mm512_castps_pd(_mm512_unpacklo_ps(rows[4 * g + i], rows[4 * g + i + 1]));
        let high = |i: usize| _mm512_castps_pd(_mm512_unpackhi_ps(rows[4 * g + i], rows[4 * g + i + 1]));
        fours[4 * g] = _mm512_unpacklo_pd(low(0), low(2));
        fours[4 * g + 1] = _mm512_unpackhi_pd(low(0), low(2));
        fours[4 * g + 2] = _mm512_unpacklo_pd(high(0), high(2));
        fours[4 * g + 3] = _mm512_unpackhi_pd(high(0), high(2));
    }
    for c in 0..4 {
        let of = |g: usize| _mm512_castpd_ps(fours[4 * g + c]);
        let even = [0, 2].map(|g| _mm512_shuffle_f32x4::<0x88>(of(g), of(g + 1)));
        let odd = [0, 2].map(|g| _mm512_shuffle_f32x4::<0xdd>(of(g), of(g + 1)));
        let columns = [
            _mm512_shuffle_f32x4::<0x88>(even[0], even[1]),
            _mm512_shuffle_f32x4::<0x88>(odd[0], odd[1]),
            _mm512_shuffle_f32x4::<0xdd>(even[0], even[1]),
            _mm512_shuffle_f32x4::<0xdd>(odd[0], odd[1]),
        ];
        for (lane, column) in columns.into_iter().enumerate() {
            // SAFETY: row 4 lane + c exists.
            unsafe { _mm512_storeu_ps(out.add((4 * lane + c) * stride), column) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::numbers;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn panels_hold_the_matrix_and_zeros(k in 0usize..50, n in 1usize..90) {
            let data = numbers((k * n).max(1), 1);
            let rows = Mat::new(&data[..k * n], k, n);
            let columns = Mat::new(&data[..k * n], n, k).t();
            for b in [rows, columns] {
                let mut room = vec![f32::NAN; Panels::size(k, n)];
                let panels = Panels::pack(b, &mut room);
                for (e, &v) in panels.data.iter().enumerate() {
                    let (p, j) = (e / WIDTH % k.max(1), e / (WIDTH * k.max(1)) * WIDTH + e % WIDTH);
                    prop_assert_eq!(v, if j < n { b.data[p * b.row + j * b.col] } else { 0.0 });
                }
            }
        }
    }
}
