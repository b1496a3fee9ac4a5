//! Matrix products on one thread and on all of them.
//!
//! `out[m, n] = a[m, k] b[k, n]`, 2 m n k operations. Transposed operands cost little: a [`Mat`] carries strides.
//!
//! | file | what |
//! |---|---|
//! | `micro` | a few rows times one panel of 32 columns, in registers |
//! | `gram` | a matrix times itself |
//! | `pack` | [`Panels`]: matrices rearranged for that |
//! | [`narrow`] | weights in bf16, int16 and int8, for inference |
//! | `swapped` | few rows: the larger factor is read where it lies |
//! | `windows` | rows under a sliding window |
//!
//! k is cut into stretches of [`STRETCH`] at most, whose sums are added in order, and each sum runs over k in order: the
//! bits of a result follow from k alone, however rows and columns are spread over threads. Only where the output is
//! small and k long are partial results summed; the number of those follows from the sizes.

mod gram;
mod micro;
pub(crate) mod narrow;
mod pack;
mod swapped;
mod windows;

pub use gram::gram;
pub(crate) use gram::{gram_rows, triangle};
pub(crate) use pack::{Panels, transpose};
pub(crate) use windows::{Windows, gemm_windows, gemm_windows_transposed};

use crate::kernels::elementwise::activate;
use crate::kernels::multiversion;
use crate::threads;
use micro::{Tile, WIDTH};
use ronghe_graph::Act;
use std::ops::Range;

/// Multiplications that make a part of a product worth handing to another thread.
const PART_COST: usize = 1 << 17;
/// Parts for each thread where there is work enough: they end at about the same time.
const PARTS_PER_THREAD: usize = 3;
/// Outputs up to this many elements may be cut along k: the partial products are added up.
const SPLIT_K_OUTPUT: usize = 1 << 16;
/// Steps of k at once: a panel of that length stays in the second cache.
const STRETCH: usize = 512;
/// Rows of a factor that may be read where they lie: as many lines as a first cache has sets, twice.
const SPREAD: usize = 256;
/// Tiles of rows that are multiplied by a panel before the next one is fetched.
const TILES: usize = 8;

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

    /// Number of columns.
    pub(crate) fn columns(&self) -> usize {
        self.cols
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
pub(crate) fn product(out: &mut [f32], a: Mat, b: Mat, after: After) {
    let (m, n, k) = (a.rows, b.cols, a.cols);
    assert_eq!(out.len(), m * n, "product size");
    assert_eq!(k, b.rows, "inner sizes of a product");
    if splits(m, n, k) {
        split(out, a, n, after, |ks, a, part| gemm(part, n, a, b.block(ks.start, ks.len(), 0, n), true));
    } else if swapped::pays(a, b) {
        swapped::product(out, a, b, after);
    } else {
        with_panels(a, b, |panels| spread(out, a, panels, after));
    }
}

/// As [`product`], bit for bit, with a factor already in panels.
pub(crate) fn product_packed(out: &mut [f32], a: Mat, b: Panels, after: After) {
    assert_eq!(out.len(), a.rows * b.n, "product size");
    assert_eq!(a.cols, b.k, "inner sizes of a product");
    if splits(a.rows, b.n, b.k) {
        let add = After { accumulate: true, ..After::default() };
        split(out, a, b.n, after, |ks, a, part| gemm_packed(part, b.n, a, b.steps(ks), add));
    } else {
        spread(out, a, b, after);
    }
}

/// Whether [`product`] cuts a product along k, so that its bits are not those of [`gemm`].
pub(crate) fn splits(m: usize, n: usize, k: usize) -> bool {
    m * n <= SPLIT_K_OUTPUT && k > 8 * m.max(n) && m * n * k > 4 * PART_COST
}

/// Adds up partial products over stretches of k: `add(stretch, a's columns there, partial product)`.
fn split(
    out: &mut [f32],
    a: Mat,
    n: usize,
    after: After,
    add: impl Fn(Range<usize>, Mat, &mut [f32]) + Sync,
) {
    if !after.accumulate {
        out.fill(0.0);
    }
    threads::sum(a.cols, a.rows * n, out, |ks, part| {
        add(ks.clone(), a.block(0, a.rows, ks.start, ks.len()), part);
    });
    after.rows(out, n);
}

/// `out = a b` (or `out += a b`) on the calling thread; rows of `out` begin every `stride` elements.
pub(crate) fn gemm(out: &mut [f32], stride: usize, a: Mat, b: Mat, accumulate: bool) {
    with_panels(a, b, |panels| gemm_packed(out, stride, a, panels, After { accumulate, ..After::default() }));
}

/// `out[m, n] = a[m, k] b[k, n]`, row-major, on the calling thread: 2 m n k operations.
///
/// ```
/// let mut out = [0.0; 2];
/// ronghe_cpu::multiply(&[1.0, 2.0], 2, &[3.0, 4.0, 5.0, 6.0], 2, &mut out);
/// assert_eq!(out, [13.0, 16.0]);
/// ```
///
/// # Panics
/// If the sizes do not fit each other.
pub fn multiply(a: &[f32], k: usize, b: &[f32], n: usize, out: &mut [f32]) {
    let m = out.len().checked_div(n).unwrap_or(0);
    assert_eq!((a.len(), b.len(), out.len()), (m * k, k * n, m * n), "sizes of a product");
    gemm(out, n, Mat::new(a, m, k), Mat::new(b, k, n), false);
}

/// Adds `a' b` of `a[k, m]` and `b[k, n]` to `out[m, n]`, row-major, on the calling thread: 2 m n k operations.
///
/// ```
/// let mut out = [0.0; 2];
/// ronghe_cpu::cross(&[1.0, 2.0], 1, &[3.0, 4.0, 5.0, 6.0], 2, &mut out);
/// assert_eq!(out, [13.0, 16.0]);
/// ```
///
/// # Panics
/// If the sizes do not fit each other.
pub fn cross(a: &[f32], m: usize, b: &[f32], n: usize, out: &mut [f32]) {
    let k = a.len().checked_div(m).unwrap_or(0);
    assert_eq!((a.len(), b.len(), out.len()), (k * m, k * n, m * n), "sizes of a product");
    gemm(out, n, Mat::new(a, k, m).t(), Mat::new(b, k, n), true);
}

/// `out[m, n] = a[m, k] b[n, k]' + bias[n]`, row-major, on the calling thread: each row of `a` times each row of `b`, 2 m n k
/// operations.
///
/// ```
/// let mut out = [0.0; 2];
/// ronghe_cpu::inner(&[1.0, 2.0], 2, &[3.0, 4.0, 5.0, 6.0], Some(&[0.0, 100.0]), &mut out);
/// assert_eq!(out, [11.0, 117.0]);
/// ```
///
/// # Panics
/// If the sizes do not fit each other.
pub fn inner(a: &[f32], k: usize, b: &[f32], bias: Option<&[f32]>, out: &mut [f32]) {
    let (m, n) = (a.len().checked_div(k).unwrap_or(0), b.len().checked_div(k).unwrap_or(0));
    assert_eq!((a.len(), b.len(), out.len()), (m * k, n * k, m * n), "sizes of a product");
    assert!(bias.is_none_or(|bias| bias.len() == n), "size of a bias");
    let (a, b) = (Mat::new(a, m, k), Mat::new(b, n, k).t());
    with_panels(a, b, |panels| gemm_packed(out, n, a, panels, After { bias, ..After::default() }));
}

/// `out = act(a b + bias)` on the calling thread with `b` in panels; rows of `out` begin every `stride` elements.
#[allow(unsafe_code)]
pub(crate) fn gemm_packed(out: &mut [f32], stride: usize, a: Mat, b: Panels, after: After) {
    let (m, n) = (a.rows, b.n);
    assert!(m == 0 || n == 0 || (n <= stride && (m - 1) * stride + n <= out.len()), "product bounds");
    assert_eq!(a.cols, b.k, "inner sizes of a product");
    // SAFETY: the rows of `out` were just checked, and nothing else refers to them.
    unsafe { part(out.as_mut_ptr(), stride, a, b, after) }
}

/// Hands `b` on as panels: as it lies where few rows would not repay the copy, where it is one panel already, or where
/// it has few rows, which spread over the whole cache (they are not an even number of lines apart).
fn with_panels<R>(a: Mat, b: Mat, work: impl FnOnce(Panels) -> R) -> R {
    let spread = !b.row.is_multiple_of(32) && b.rows <= SPREAD;
    match Panels::direct(b) {
        Some(panels) if a.rows <= 2 * micro::rows() || b.cols <= WIDTH || spread => work(panels),
        _ => threads::scratch(Panels::size(b.rows, b.cols), |room| work(Panels::pack(b, room))),
    }
}

/// Cuts a product into parts and spreads them over the threads.
#[allow(unsafe_code)]
fn spread(out: &mut [f32], a: Mat, b: Panels, after: After) {
    let (m, n, k) = (a.rows, b.n, b.k);
    if m == 0 || n == 0 {
        return;
    }
    let threads = threads::count();
    let parts = (m * n * k / PART_COST).clamp(1, PARTS_PER_THREAD * threads);
    let (down, across) = cut(m, n, parts, threads);
    let panels = n.div_ceil(WIDTH);
    let base = Shared::new(out);
    let work = |a: Mat| {
        threads::tasks(down * across, |t| {
            let (i, j) = (t / across, t % across);
            let (from, to) = (i * m / down, (i + 1) * m / down);
            let columns = j * panels / across * WIDTH..n.min((j + 1) * panels / across * WIDTH);
            // SAFETY: part t owns rows from..to of these columns of `out`, and parts do not overlap.
            unsafe {
                let start = base.at(from * n + columns.start);
                part(
                    start,
                    n,
                    a.block(from, to - from, 0, k),
                    b.some(columns.clone()),
                    after.columns(columns),
                );
            }
        });
    };
    if across > 1 && k > 0 && packs(a, n) {
        // Once for all parts of these rows.
        let stride = k + if k.is_multiple_of(512) { 16 } else { 0 };
        threads::scratch(m * stride, |room| {
            copy_rows(a, stride, room);
            work(Mat::strided(room, m, k, stride, 1));
        });
    } else {
        work(a);
    }
}

/// How many parts lie below each other and side by side, of about `parts`: those with which the busiest thread has least
/// to do. A part of `r` rows and `c` columns takes about `r c + 16 (r + c)`: it multiplies, and fetches both factors.
fn cut(m: usize, n: usize, parts: usize, threads: usize) -> (usize, usize) {
    let panels = n.div_ceil(WIDTH);
    let grids =
        (1..=parts.min(m.div_ceil(micro::rows()))).map(|down| (down, panels.min(parts.div_ceil(down))));
    let busiest = |&(down, across): &(usize, usize)| {
        let (rows, columns) = (m.div_ceil(down), panels.div_ceil(across) * WIDTH);
        (down * across).div_ceil(threads) * (rows * columns + 16 * (rows + columns))
    };
    grids.min_by_key(busiest).unwrap_or((1, 1))
}

/// Writes the elements of `a` row by row, with `stride` elements from one to the next, on all threads.
fn copy_rows(a: Mat, stride: usize, out: &mut [f32]) {
    threads::rows(out, stride * 16, 32 * stride, |first, out| {
        let count = (out.len() / stride.max(1)).min(a.rows - 16 * first);
        let a = a.block(16 * first, count, 0, a.cols);
        if a.row == 1 {
            return transpose(a.data, a.rows, a.cols, a.col, stride, out);
        }
        for (i, row) in out.chunks_exact_mut(stride.max(1)).enumerate() {
            row.iter_mut()
                .zip(a.data[i * a.row..].iter().step_by(a.col))
                .take(a.cols)
                .for_each(|(y, x)| *y = *x);
        }
    });
}

/// One part of a product, on the calling thread.
///
/// # Safety
/// `out` must be valid for reads and writes of `a.rows` rows of `b.n` elements, `stride` apart, that nothing else accesses.
#[allow(unsafe_code)]
pub(super) unsafe fn part(out: *mut f32, stride: usize, a: Mat, b: Panels, after: After) {
    let most = micro::rows();
    let finish = micro::finishes(after.act);
    for i in (0..a.rows).step_by(TILES * most) {
        let block = (a.rows - i).min(TILES * most);
        for stretch in stretches(b.k) {
            let (from, k, last) = (stretch.start, stretch.len(), stretch.end == b.k);
            let step = After {
                bias: after.bias.filter(|_| last),
                act: if last && finish { after.act } else { Act::Identity },
                accumulate: after.accumulate || from > 0,
            };
            let a = a.block(i, block, from, k);
            let work = |left: &dyn Fn(usize, usize) -> (*const f32, usize, usize)| {
                for j in (0..b.n).step_by(WIDTH) {
                    let width = WIDTH.min(b.n - j);
                    let panel = &b.data[(j / WIDTH * b.panel).min(b.data.len())..];
                    assert!(k == 0 || (from + k - 1) * b.row + width <= panel.len(), "panel bounds");
                    let after = step.columns(j..j + width);
                    for (first, m) in tiles(block, most) {
                        let (a, a_row, a_col) = left(first, m);
                        let tile = Tile {
                            a,
                            a_row,
                            a_col,
                            b: panel.as_ptr().wrapping_add(from * b.row),
                            b_row: b.row,
                            k,
                            segments: 1,
                            jump: 0,
                            out: out.wrapping_add((i + first) * stride + j),
                            stride,
                            width,
                            after,
                        };
                        // SAFETY: `Mat` guarantees the bounds of `a`, the assertion those of `b`, the caller those of
                        // `out`; the activation is one that the tile finishes.
                        unsafe { micro::run(&tile, m) };
                    }
                }
            };
            if packs(a, b.n) {
                threads::scratch(block * k, |room| {
                    for (first, m) in tiles(block, most) {
                        pack_rows(a.block(first, m, 0, k), &mut room[first * k..(first + m) * k]);
                    }
                    work(&|first, m| (room[first * k..].as_ptr(), 1, m));
                });
            } else {
                work(&|first, _| (a.block(first, 1, 0, k).data.as_ptr(), a.row, a.col));
            }
        }
        if !finish {
            for row in i..i + block {
                // SAFETY: row `row` of `out` has `b.n` elements, all written by now.
                activate(after.act, unsafe { std::slice::from_raw_parts_mut(out.add(row * stride), b.n) });
            }
        }
    }
}

/// Stretches of `k` steps, of nearly the same length; an empty one for no steps, so that something is written.
fn stretches(k: usize) -> impl Iterator<Item = Range<usize>> {
    let length = k.div_ceil(k.div_ceil(STRETCH).max(1)).max(1);
    (0..k.max(1)).step_by(length).map(move |from| from..(from + length).min(k))
}

/// First row and number of rows of each tile of `rows` rows: as few tiles as can be, of nearly the same size.
fn tiles(rows: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = rows.div_ceil(most).max(1);
    (0..count).map(move |t| (t * rows / count, (t + 1) * rows / count - t * rows / count)).filter(|t| t.1 > 0)
}

/// Whether rows of `a` are read often enough, and lie badly enough in the cache, to be copied first: far apart, or a
/// multiple of 4096 bytes apart, where they drive each other out.
fn packs(a: Mat, n: usize) -> bool {
    n > 2 * WIDTH
        && if a.col == 1 { a.row.is_multiple_of(1024) && a.rows > 1 } else { a.row != 1 || a.col > 64 }
}

/// Copies the rows of `a` side by side: element (i, p) to `out[p * rows + i]`.
fn pack_rows(a: Mat, out: &mut [f32]) {
    for (p, column) in out.chunks_exact_mut(a.rows.max(1)).enumerate() {
        let from = &a.data[p * a.col..];
        if a.row == 1 {
            column.copy_from_slice(&from[..a.rows]);
        } else {
            column.iter_mut().enumerate().for_each(|(i, x)| *x = from[i * a.row]);
        }
    }
}

/// An array whose disjoint parts several threads write.
pub(super) struct Shared(*mut f32);

// SAFETY: it is only handed to parts of a product, which do not overlap.
#[allow(unsafe_code)]
unsafe impl Sync for Shared {}

impl Shared {
    pub(super) fn new(array: &mut [f32]) -> Shared {
        Shared(array.as_mut_ptr())
    }

    pub(super) fn at(&self, offset: usize) -> *mut f32 {
        self.0.wrapping_add(offset)
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

    #[test]
    fn panels_kept_change_no_bit() {
        // The second is cut along k, the third has few rows.
        for (m, n, k) in [(90, 70, 600), (4, 300, 3000), (20, 400, 700), (5, 3, 0)] {
            let (a, b, bias) = (numbers(m * k, 1), numbers(k * n, 2), numbers(n, 3));
            let (a, b) = (Mat::new(&a, m, k), Mat::new(&b, n, k).t());
            for act in [Act::Relu6, Act::Gelu] {
                let after = After { bias: Some(&bias), act, accumulate: false };
                let (mut plain, mut packed) = (vec![0.0; m * n], vec![0.0; m * n]);
                let mut room = vec![0.0; Panels::size(k, n)];
                product(&mut plain, a, b, after);
                product_packed(&mut packed, a, Panels::pack(b, &mut room), after);
                assert!(plain.iter().zip(&packed).all(|(p, q)| p.to_bits() == q.to_bits()), "{m} {n} {k}");
            }
        }
    }

    #[test]
    fn parts_on_several_threads_change_no_bit() {
        let pools = [1, 2, 3].map(|n| threads::Pool::new(n).unwrap());
        // The left factors of the last two are copied once for parts side by side.
        for (m, n, k, turned) in
            [(300, 200, 100, false), (33, 800, 70, false), (128, 784, 96, true), (60, 900, 512, true)]
        {
            let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
            let a = if turned { Mat::new(&a, k, m).t() } else { Mat::new(&a, m, k) };
            let [one, two, three] = pools.each_ref().map(|pool| {
                let mut out = vec![f32::NAN; m * n];
                pool.install(|| product(&mut out, a, Mat::new(&b, k, n), After::default()));
                out.into_iter().map(f32::to_bits).collect::<Vec<_>>()
            });
            assert!(one == two && two == three, "{m} {n} {k}");
        }
        let (a, b) = (numbers(50 * 1024, 1), numbers(1024 * 640, 2));
        let mut out = vec![0.0; 50 * 640];
        let b = Mat::new(&b, 1024, 640);
        pools[1].install(|| product(&mut out, Mat::new(&a, 50, 1024), b, After::default()));
        close(&out, &plain(&a, b.data, 50, 640, 1024), 1e-4);
    }

    #[test]
    fn stretches_cover_k_once() {
        for k in [0, 1, 511, 512, 513, 784, 1281, 263_170, 1_000_003] {
            let all: Vec<Range<usize>> = stretches(k).collect();
            assert!(all[0].start == 0 && all[all.len() - 1].end == k, "{k}");
            assert!(all.windows(2).all(|w| w[0].end == w[1].start && !w[1].is_empty()), "{k}");
            assert!(all.iter().all(|s| s.len() <= STRETCH), "{k}");
        }
    }

    #[test]
    fn not_a_number_passes_every_activation() {
        let (a, b) = ([f32::NAN, 1.0], [1.0; 80]);
        for act in [Act::Identity, Act::Relu, Act::Relu6, Act::Gelu] {
            let mut out = [0.0; 40];
            product(&mut out, Mat::new(&a, 1, 2), Mat::new(&b, 2, 40), After { act, ..After::default() });
            assert!(out.iter().all(|y| y.is_nan()), "{act:?}");
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
