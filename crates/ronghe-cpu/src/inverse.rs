//! The inverse of a symmetric positive definite matrix, in place.
//!
//! Gauss-Jordan elimination by blocks of [`BLOCK`] pivots (the sweep operator; Goodnight 1979), on the lower triangle. With D
//! the block of the pivots and C its columns in all other rows, one step does
//!
//! ```text
//! A[i, j] -= C[i] D^-1 C[j]^T      A[i, pivots] = C[i] D^-1      A[pivots, pivots] = -D^-1
//! ```
//!
//! and leaves minus the inverse after the last one. `N^3` operations in all, those of a Cholesky factorisation and what
//! follows it, but nearly all of them in one shape of matrix product. D is inverted in f64, the rest is f32 with sums in a
//! fixed order; beside the matrix it takes `2 N BLOCK` numbers and a half. Pivots of such a matrix stay positive without
//! exchanges; the error is that of f32 times the condition of the matrix.

use crate::CpuExecutor;
use crate::kernels::gemm::{After, Mat, Panels, gemm_packed, product};
use crate::kernels::multiversion;
use crate::threads;
use ronghe_graph::{Error, Result};

/// Pivots at once: whole panels of a product, at most one stretch of its sums, and rows that do not lie a power of two apart.
const BLOCK: usize = 480;
/// Rows that one product updates.
const ROWS: usize = 112;
/// Side of the squares that are copied across the diagonal.
const SQUARE: usize = 32;

impl CpuExecutor {
    /// Replaces `a[n, n]`, of which the diagonal and what is below it are read, by its inverse, on the executor's threads.
    /// `go_on(pivots done, n)` is asked before each block; where it says no, `a` is left half done and the answer is false.
    ///
    /// ```
    /// let mut a = [4.0, 0.0, 2.0, 3.0];
    /// ronghe_cpu::CpuExecutor::new(1).spd_inverse(&mut a, 2, &|_, _| true)?;
    /// assert_eq!(a, [0.375, -0.25, -0.25, 0.5]);
    /// # Ok::<(), ronghe_graph::Error>(())
    /// ```
    pub fn spd_inverse(&self, a: &mut [f32], n: usize, go_on: &dyn Fn(usize, usize) -> bool) -> Result<bool> {
        if n.checked_mul(n) != Some(a.len()) {
            let (expected, found) = (format!("{n} x {n} numbers"), a.len().to_string());
            return Err(Error::Shape { op: "inverse", expected, found });
        }
        self.install(|| invert(a, n, BLOCK, go_on))?
    }
}

/// As [`CpuExecutor::spd_inverse`], `block` pivots (whole panels) at a time.
fn invert(a: &mut [f32], n: usize, block: usize, go_on: &dyn Fn(usize, usize) -> bool) -> Result<bool> {
    let block = block.min(n);
    let mut pivots = vec![0.0; block * block];
    let mut minus = vec![0.0; block * block];
    let mut panels = vec![0.0; if n > block { block * (n + SQUARE) } else { 0 }];
    let mut scaled = vec![0.0; if n > block { block * n } else { 0 }];
    for from in (0..n).step_by(block.max(1)) {
        if !go_on(from, n) {
            return Ok(false);
        }
        let to = n.min(from + block);
        let width = to - from;
        let pivots = &mut pivots[..width * width];
        for (i, row) in pivots.chunks_exact_mut(width).enumerate() {
            let at = (from + i) * n + from;
            row.iter_mut().zip(&a[at..=at + i]).for_each(|(d, &x)| *d = f64::from(x));
        }
        if let Some((row, pivot)) = sweep(pivots, width) {
            let found = format!("the pivot {pivot:e} in row {}", from + row);
            return Err(Error::Shape { op: "inverse", expected: "a positive definite matrix".into(), found });
        }
        let minus = &mut minus[..width * width];
        for i in 0..width {
            for j in 0..=i {
                minus[i * width + j] = pivots[i * width + j] as f32;
                minus[j * width + i] = pivots[i * width + j] as f32;
            }
        }
        if width == n {
            a.copy_from_slice(minus);
            break;
        }
        step(a, n, from..to, minus, &mut panels, &mut scaled);
    }
    threads::rows(a, n, n, |_, rows| rows.iter_mut().for_each(|x| *x = -*x));
    mirror(a, n);
    Ok(true)
}

/// Eliminates a block of pivots; `minus` is minus the inverse of that block.
fn step(
    a: &mut [f32],
    n: usize,
    pivots: std::ops::Range<usize>,
    minus: &[f32],
    panels: &mut [f32],
    scaled: &mut [f32],
) {
    let (from, to, width) = (pivots.start, pivots.end, pivots.len());
    let inverse = Mat::new(minus, width, width);
    // C lies in the pivots' rows for what is before them, and in their columns for what is behind.
    let before = Mat::strided(&a[from * n..], width, from, n, 1);
    let behind = Mat::strided(&a[(to * n + from).min(a.len())..], n - to, width, n, 1);
    // -C D^-1, a row for each row of the matrix but the pivots'.
    let scaled = &mut scaled[..(n - width) * width];
    let (upper, lower) = scaled.split_at_mut(from * width);
    product(upper, before.t(), inverse, After::default());
    product(lower, behind, inverse, After::default());
    let (left, right) = panels.split_at_mut(Panels::size(width, from));
    Panels::pack(before, left);
    Panels::pack(behind.t(), &mut right[..Panels::size(width, n - to)]);
    let (left, right, scaled) = (&*left, &*right, &*scaled);

    let columns = |data: &[f32], count: usize| -> usize { Panels::size(width, count).min(data.len()) };
    threads::rows(a, ROWS * n, usize::MAX, |chunk, rows| {
        // `chunk` counts the blocks of ROWS rows that lie before.
        let first = chunk * ROWS;
        let last = first + rows.len() / n;
        for (start, end) in pieces(first, last, from, to) {
            let rows = &mut rows[(start - first) * n..(end - first) * n];
            let add = After { accumulate: true, ..After::default() };
            if end <= from {
                let scaled = Mat::new(&scaled[start * width..end * width], end - start, width);
                let left = Panels::packed(&left[..columns(left, end)], width, end);
                gemm_packed(rows, n, scaled, left, add);
            } else if start >= to {
                let scaled = &scaled[(start - width) * width..(end - width) * width];
                for (row, scaled) in rows.chunks_exact_mut(n).zip(scaled.chunks_exact(width)) {
                    row[from..to].iter_mut().zip(scaled).for_each(|(x, s)| *x = -s);
                }
                let scaled = Mat::new(scaled, end - start, width);
                if from > 0 {
                    gemm_packed(rows, n, scaled, Panels::packed(left, width, from), add);
                }
                let right = Panels::packed(&right[..columns(right, end - to)], width, end - to);
                gemm_packed(&mut rows[to..], n, scaled, right, add);
            } else {
                for (p, row) in (start - from..).zip(rows.chunks_exact_mut(n)) {
                    row[..from]
                        .iter_mut()
                        .zip(scaled.iter().skip(p).step_by(width))
                        .for_each(|(x, s)| *x = -s);
                    row[from..to].copy_from_slice(&minus[p * width..(p + 1) * width]);
                }
            }
        }
    });
}

/// The rows `first..last`, cut where the pivots `from..to` begin and end.
fn pieces(first: usize, last: usize, from: usize, to: usize) -> impl Iterator<Item = (usize, usize)> {
    let cuts = [first, from.clamp(first, last), to.clamp(first, last), last];
    (0..3).map(move |i| (cuts[i], cuts[i + 1])).filter(|(start, end)| start < end)
}

/// Replaces the lower triangle of a small matrix by minus its inverse; gives row and value of a pivot that is not positive.
fn sweep(d: &mut [f64], n: usize) -> Option<(usize, f64)> {
    let mut column = vec![0.0; n];
    for p in 0..n {
        for (i, c) in column.iter_mut().enumerate() {
            *c = if i < p { d[p * n + i] } else { d[i * n + p] };
        }
        let pivot = column[p];
        if !(pivot > 0.0 && pivot.is_finite()) {
            return Some((p, pivot));
        }
        eliminate(d, &column, p);
    }
    None
}

multiversion! {
    /// One pivot of [`sweep`], whose column was copied.
    fn eliminate(d: &mut [f64], column: &[f64], p: usize) {
        let n = column.len();
        let pivot = column[p];
        for i in (0..n).filter(|&i| i != p) {
            let factor = column[i] / pivot;
            for (x, c) in d[i * n..=i * n + i].iter_mut().zip(column) {
                *x -= factor * c;
            }
            d[if i < p { p * n + i } else { i * n + p }] = factor;
        }
        d[p * n + p] = -1.0 / pivot;
    }
}

/// Copies what is below the diagonal to above it, square by square.
fn mirror(a: &mut [f32], n: usize) {
    for first in (0..n).step_by(SQUARE) {
        let (above, here) = a.split_at_mut(first * n);
        let height = SQUARE.min(n - first);
        for across in (0..first).step_by(SQUARE) {
            for j in across..across + SQUARE {
                let row = &mut above[j * n + first..][..height];
                row.iter_mut().zip(here[j..].iter().step_by(n)).for_each(|(x, y)| *x = *y);
            }
        }
        for i in 0..height {
            for j in 0..i {
                here[j * n + first + i] = here[i * n + first + j];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::numbers;
    use proptest::prelude::*;

    /// Some `x^T x / n + ridge`.
    fn matrix(n: usize, ridge: f32, seed: u64) -> Vec<f32> {
        let x = numbers(n * n, seed);
        let mut a = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..n {
                let sum: f64 = (0..n).map(|r| f64::from(x[r * n + i]) * f64::from(x[r * n + j])).sum();
                a[i * n + j] = (sum / n as f64) as f32 + if i == j { ridge } else { 0.0 };
            }
        }
        a
    }

    /// The twin: Gauss-Jordan elimination in f64, all of the matrix, one pivot after the other.
    fn plain(a: &[f32], n: usize) -> Vec<f64> {
        let mut a: Vec<f64> = a.iter().map(|&x| f64::from(x)).collect();
        for p in 0..n {
            let pivot = std::mem::replace(&mut a[p * n + p], 1.0);
            (0..n).for_each(|j| a[p * n + j] /= pivot);
            for i in (0..n).filter(|&i| i != p) {
                let factor = std::mem::replace(&mut a[i * n + p], 0.0);
                (0..n).for_each(|j| a[i * n + j] -= factor * a[p * n + j]);
            }
        }
        a
    }

    fn check(n: usize, block: usize, seed: u64) {
        let a = matrix(n, 0.3, seed);
        let expected = plain(&a, n);
        let largest = expected.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        // What is above the diagonal is not looked at.
        let mut given = a;
        (0..n).for_each(|i| given[i * n + i + 1..(i + 1) * n].fill(f32::NAN));
        let [one, three] = [1, 3].map(|threads| {
            let mut out = given.clone();
            let pool = threads::Pool::new(threads).unwrap();
            assert!(pool.install(|| invert(&mut out, n, block, &|_, _| true)).unwrap());
            out
        });
        assert!(one.iter().zip(&three).all(|(x, y)| x.to_bits() == y.to_bits()), "{n} {block}");
        for (e, (found, expected)) in one.iter().zip(&expected).enumerate() {
            let error = (f64::from(*found) - expected).abs() / largest;
            assert!(error < 2e-5, "{n} {block} element {e}: {found} {expected}");
            assert_eq!(*found, one[e % n * n + e / n]);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn equals_the_plain_inverse(n in 0usize..200, block in 1usize..4, seed: u64) {
            check(n, 32 * block, seed);
        }
    }

    #[test]
    fn more_pivots_than_a_block() {
        check(600, BLOCK, 1);
        check(260, 32, 2);
    }

    #[test]
    fn what_has_no_inverse_is_an_error() {
        let executor = CpuExecutor::new(1);
        let mut a = matrix(90, 0.3, 1);
        a[40 * 90 + 40] = -1.0;
        let error = executor.spd_inverse(&mut a, 90, &|_, _| true).unwrap_err().to_string();
        assert!(error.contains("positive definite matrix") && error.contains("row 40"), "{error}");
        let error = executor.spd_inverse(&mut a, 91, &|_, _| true).unwrap_err().to_string();
        assert_eq!(error, "inverse: expected 91 x 91 numbers, found 8100");
        let mut a = [f32::NAN];
        assert!(executor.spd_inverse(&mut a, 1, &|_, _| true).is_err());
    }

    #[test]
    fn it_stops_when_asked() {
        let mut a = matrix(70, 0.3, 1);
        assert!(!invert(&mut a, 70, 32, &|done, of| done < 32 && of == 70).unwrap());
    }
}
