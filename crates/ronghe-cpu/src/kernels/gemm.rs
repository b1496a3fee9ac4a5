//! Matrix products on one thread and on all of them, over [`gemm::gemm`].
//!
//! `out[m, n] = a[m, k] b[k, n]`, 2 m n k operations. Transposed operands cost nothing: a [`Mat`] carries strides.
//! A product is cut into tiles of the output (or, where the output is small and k long, into stretches of k) whose
//! number follows from the sizes alone.

use crate::kernels::elementwise::activate;
use crate::kernels::multiversion;
use crate::threads;
use ronghe_graph::Act;
use std::ops::Range;

/// Operations that make a tile worth handing to another thread, and tiles at most.
const TILE_COST: usize = 1 << 20;
const MAX_TILES: usize = 32;
/// Outputs up to this many elements may be cut along k: the partial products are added up.
const SPLIT_K_OUTPUT: usize = 1 << 16;
/// Elements of a product that are finished at once, while they are in the cache.
const FINISH: usize = 1 << 16;

/// A read-only matrix: element (i, j) is `data[i * row + j * col]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mat<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row: usize,
    col: usize,
}

impl<'a> Mat<'a> {
    /// A row-major matrix that fills `data`.
    pub(crate) fn new(data: &'a [f32], rows: usize, cols: usize) -> Mat<'a> {
        Mat::strided(data, rows, cols, cols, 1)
    }

    /// A matrix with `row` elements between rows and `col` between columns.
    pub(crate) fn strided(data: &'a [f32], rows: usize, cols: usize, row: usize, col: usize) -> Mat<'a> {
        assert!(rows == 0 || cols == 0 || (rows - 1) * row + (cols - 1) * col < data.len(), "matrix bounds");
        Mat { data, rows, cols, row, col }
    }

    /// The transposed matrix.
    pub(crate) fn t(self) -> Mat<'a> {
        Mat { rows: self.cols, cols: self.rows, row: self.col, col: self.row, ..self }
    }

    /// Rows `i .. i + rows`, columns `j .. j + cols`.
    pub(crate) fn block(self, i: usize, rows: usize, j: usize, cols: usize) -> Mat<'a> {
        let start = (i * self.row + j * self.col).min(self.data.len());
        Mat::strided(&self.data[start..], rows, cols, self.row, self.col)
    }
}

/// What becomes of a product.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct After<'a> {
    /// Added to each row.
    pub(crate) bias: Option<&'a [f32]>,
    /// Applied then.
    pub(crate) act: Act,
    /// Whether the product is added to what `out` holds.
    pub(crate) accumulate: bool,
}

impl After<'_> {
    /// Finishes whole rows of `width` elements.
    pub(crate) fn rows(&self, rows: &mut [f32], width: usize) {
        if let Some(bias) = self.bias {
            add_rows(rows, &bias[..width]);
        }
        activate(self.act, rows);
    }

    fn idle(&self) -> bool {
        self.bias.is_none() && self.act == Act::Identity
    }

    fn columns(&self, range: Range<usize>) -> Self {
        After { bias: self.bias.map(|b| &b[range]), ..*self }
    }
}

multiversion! {
    /// Adds `row` to each row of `rows`.
    fn add_rows(rows: &mut [f32], row: &[f32]) {
        for out in rows.chunks_exact_mut(row.len().max(1)) {
            for (y, b) in out.iter_mut().zip(row) {
                *y += b;
            }
        }
    }
}

/// `out = act(a b + bias)`, row-major without gaps, on all threads.
#[allow(unsafe_code)]
pub(crate) fn product(out: &mut [f32], a: Mat, b: Mat, after: After) {
    let (m, n, k) = (a.rows, b.cols, a.cols);
    assert_eq!(out.len(), m * n, "product size");
    let tiles = (m * n * k / TILE_COST).clamp(1, MAX_TILES);
    if tiles > 1 && m * n <= SPLIT_K_OUTPUT && k > 8 * m.max(n) {
        if !after.accumulate {
            out.fill(0.0);
        }
        threads::sum(k, m * n, out, |ks, part| {
            gemm(part, n, a.block(0, m, ks.start, ks.len()), b.block(ks.start, ks.len(), 0, n), true);
        });
        return after.rows(out, n);
    }
    let (rows, cols) = tile(m, n, tiles);
    let (down, across) = (m.div_ceil(rows), n.div_ceil(cols));
    let base = Shared(out.as_mut_ptr());
    let work = |t: usize| {
        let (i, j) = (t / across * rows, t % across * cols);
        let (rows, cols) = (rows.min(m - i), cols.min(n - j));
        let (a, b) = (a.block(i, rows, 0, k), b.block(0, k, j, cols));
        // Finishing what is still in the cache is cheap; a whole tile may not fit there.
        let step = if after.idle() { rows } else { (FINISH / cols).max(256) };
        for r in (0..rows).step_by(step) {
            let count = step.min(rows - r);
            // SAFETY: tile t owns rows i.. and columns j.. of `out`, tiles do not overlap, and row i + r begins within.
            unsafe {
                let start = base.at((i + r) * n + j);
                gemm_raw(start, n, a.block(r, count, 0, k), b, after.accumulate);
                if after.idle() {
                } else if cols == n {
                    after.rows(std::slice::from_raw_parts_mut(start, count * n), n);
                } else {
                    for row in 0..count {
                        let row = std::slice::from_raw_parts_mut(start.add(row * n), cols);
                        after.columns(j..j + cols).rows(row, cols);
                    }
                }
            }
        }
    };
    match down * across {
        0 => {}
        1 => work(0),
        tiles => threads::tasks(tiles, work),
    }
}

/// Rows and columns of a tile, for about `tiles` of them: the longer side is cut first.
fn tile(m: usize, n: usize, tiles: usize) -> (usize, usize) {
    let cut =
        |len: usize, parts: usize| len.div_ceil(parts.max(1)).next_multiple_of(16).clamp(16, len.max(16));
    if m >= n {
        let rows = cut(m, tiles);
        (rows, cut(n, tiles / m.div_ceil(rows).max(1)))
    } else {
        let cols = cut(n, tiles.min(n / 48));
        (cut(m, tiles / n.div_ceil(cols).max(1)), cols)
    }
}

/// An array whose disjoint parts several threads write.
struct Shared(*mut f32);

// SAFETY: only `product` makes one, and its tiles do not overlap.
#[allow(unsafe_code)]
unsafe impl Sync for Shared {}

impl Shared {
    /// # Safety
    /// `offset` must lie within the array.
    #[allow(unsafe_code)]
    unsafe fn at(&self, offset: usize) -> *mut f32 {
        // SAFETY: the caller's promise.
        unsafe { self.0.add(offset) }
    }
}

/// `out = a b` (or `out += a b`) on the calling thread; rows of `out` begin every `stride` elements.
#[allow(unsafe_code)]
pub(crate) fn gemm(out: &mut [f32], stride: usize, a: Mat, b: Mat, accumulate: bool) {
    let (m, n) = (a.rows, b.cols);
    assert!(m == 0 || n == 0 || (n <= stride && (m - 1) * stride + n <= out.len()), "product bounds");
    // SAFETY: the rows of `out` were just checked, and nothing else refers to them.
    unsafe { gemm_raw(out.as_mut_ptr(), stride, a, b, accumulate) }
}

/// # Safety
/// `out` must be valid for writes of `a.rows` rows of `b.cols` elements, `stride` apart, that nothing else accesses.
#[allow(unsafe_code)]
unsafe fn gemm_raw(out: *mut f32, stride: usize, a: Mat, b: Mat, accumulate: bool) {
    assert_eq!(a.cols, b.rows, "inner sizes of a product");
    let (m, n, k) = (a.rows, b.cols, a.cols);
    let alpha = if accumulate { 1.0 } else { 0.0 };
    // SAFETY: `Mat` guarantees the bounds of `a` and `b` (a slice is never longer than isize::MAX elements, so strides
    // fit), the caller those of `out`; gemm initialises `out` where it is not to be read.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out,
            1,
            stride as isize,
            accumulate,
            a.data.as_ptr(),
            a.col as isize,
            a.row as isize,
            b.data.as_ptr(),
            b.col as isize,
            b.row as isize,
            alpha,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, numbers};
    use proptest::prelude::*;

    fn plain(a: &[f32], b: &[f32], m: usize, n: usize, k: usize) -> Vec<f64> {
        let at = |i: usize, j: usize| (0..k).map(|l| f64::from(a[i * k + l]) * f64::from(b[l * n + j])).sum();
        (0..m * n).map(|e| at(e / n, e % n)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn products_match_plain_loops(m in 1usize..70, n in 1usize..70, k in 0usize..90) {
            check(m, n, k);
        }
    }

    #[test]
    fn tiled_and_split_products_match_plain_loops() {
        for (m, n, k) in [(300, 200, 100), (20, 400, 700), (17, 9, 40_000), (1, 3000, 500), (3000, 1, 500)] {
            check(m, n, k);
        }
    }

    fn check(m: usize, n: usize, k: usize) {
        let (a, b, bias) = (numbers(m * k, 1), numbers(k * n, 2), numbers(n, 3));
        let expected = plain(&a, &b, m, n, k);
        let tolerance = 1e-5 * (k as f64).sqrt().max(1.0);
        let (a, b) = (Mat::new(&a, m, k), Mat::new(&b, k, n));

        let mut out = vec![f32::NAN; m * n];
        product(&mut out, a, b, After { bias: Some(&bias), act: Act::Relu, accumulate: false });
        let finished: Vec<f64> =
            expected.iter().enumerate().map(|(i, e)| (e + f64::from(bias[i % n])).max(0.0)).collect();
        close(&out, &finished, tolerance);

        let mut out = vec![1.0; m * n];
        product(&mut out, a, b, After { accumulate: true, ..After::default() });
        close(&out, &expected.iter().map(|e| e + 1.0).collect::<Vec<_>>(), tolerance);

        // The transposed product of the transposed operands, with gaps between the rows.
        let mut out = vec![7.0; n * (m + 2)];
        gemm(&mut out, m + 2, b.t(), a.t(), false);
        let transposed: Vec<f64> = (0..n * (m + 2))
            .map(|e| if e % (m + 2) < m { expected[e % (m + 2) * n + e / (m + 2)] } else { 7.0 })
            .collect();
        close(&out, &transposed, tolerance);
    }
}
