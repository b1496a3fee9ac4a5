//! A matrix times itself: `out = p' p`, of which the tiles that touch the upper triangle are computed, `n^2 k` operations.

use super::micro::{self, Tile, WIDTH};
use super::{After, stretches, tiles};
use std::ops::Range;

/// Columns at a multiple of which tiles begin.
const LINE: usize = 16;

/// Adds `rows' rows` of rows of `width` numbers to `out[width, width]`, on the calling thread. Sums run over the rows in order,
/// in stretches of 512 at most.
///
/// ```
/// let mut out = [0.0; 4];
/// ronghe_cpu::gram(&[1.0, 2.0, 3.0, 4.0], 2, &mut out);
/// assert_eq!(out, [10.0, 14.0, 14.0, 20.0]);
/// ```
///
/// # Panics
/// If the sizes do not fit each other.
pub fn gram(rows: &[f32], width: usize, out: &mut [f32]) {
    assert_eq!((out.len(), rows.len() % width.max(1)), (width * width, 0), "sizes of a Gram matrix");
    let count = rows.len().checked_div(width).unwrap_or(0);
    for stretch in stretches(count) {
        triangle(&rows[stretch.start * width..], stretch.len(), width, width, out, width, true);
    }
    for i in 1..width {
        for j in 0..i {
            out[i * width + j] = out[j * width + i];
        }
    }
}

/// `out[i, j] (+)= sum over p < k of x[p, i] x[p, j]` for i <= j < n, with `row` and `stride` elements from row to row; some
/// elements below the diagonal are written too.
pub(crate) fn triangle(
    x: &[f32],
    k: usize,
    row: usize,
    n: usize,
    out: &mut [f32],
    stride: usize,
    accumulate: bool,
) {
    for (first, m) in tiles(n, micro::rows()) {
        gram_rows(x, k, row, first..first + m, n, &mut out[first * stride..], stride, accumulate);
    }
}

/// Rows `rows` of [`triangle`]: the first of them is the first row of `out`.
#[allow(unsafe_code)]
pub(crate) fn gram_rows(
    x: &[f32],
    k: usize,
    row: usize,
    rows: Range<usize>,
    n: usize,
    out: &mut [f32],
    stride: usize,
    accumulate: bool,
) {
    assert!(rows.end <= n && n <= row && n <= stride, "sizes of a Gram matrix");
    assert!(k == 0 || (k - 1) * row + n <= x.len(), "bounds of a factor");
    assert!(rows.is_empty() || (rows.len() - 1) * stride + n <= out.len(), "bounds of a Gram matrix");
    for (below, m) in tiles(rows.len(), micro::rows()) {
        let first = rows.start + below;
        for j in (first / LINE * LINE..n).step_by(WIDTH) {
            let tile = Tile {
                a: x.as_ptr().wrapping_add(first),
                a_row: 1,
                a_col: row,
                b: x.as_ptr().wrapping_add(j),
                b_row: row,
                k,
                segments: 1,
                jump: 0,
                out: out.as_mut_ptr().wrapping_add(below * stride + j),
                stride,
                width: WIDTH.min(n - j),
                after: After { accumulate, ..After::default() },
            };
            // SAFETY: columns first .. first + m and j .. j + width of `x` are below n, those of `out` too: as just checked.
            unsafe { micro::run(&tile, m) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, numbers};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn equals_the_plain_sum(n in 1usize..70, k in 0usize..40, gap in 0usize..5) {
            let row = n + gap;
            let x = numbers((k * row).max(1), 1);
            let plain = |i: usize, j: usize| (0..k).map(|p| f64::from(x[p * row + i]) * f64::from(x[p * row + j])).sum::<f64>();
            let mut out = vec![1.0; n * n];
            triangle(&x, k, row, n, &mut out, n, true);
            for i in 0..n {
                close(&out[i * n + i..(i + 1) * n], &(i..n).map(|j| 1.0 + plain(i, j)).collect::<Vec<_>>(), 1e-5);
            }
            if gap == 0 {
                let mut out = vec![0.0; n * n];
                gram(&x[..k * n], n, &mut out);
                close(&out, &(0..n * n).map(|e| plain(e / n, e % n)).collect::<Vec<_>>(), 1e-5);
            }
        }
    }
}
