//! Cholesky factor of a small symmetric matrix and its solutions, `n^3 / 3` and `2 n^2` operations.
//!
//! `A = U' U` with U in the upper triangle, row-major, eight rows at a time: what the rows above take off them is one product
//! in register tiles, then the eight are solved in registers. A comes negated, so that the product is added.

use crate::kernels::gemm::gram_rows;
use crate::kernels::lanes::Lanes;
use crate::kernels::multiversion;

/// Rows at a time.
pub(super) const BLOCK: usize = 8;
/// A row begins at a multiple of so many numbers: no register is longer.
pub(super) const LINE: usize = 16;

/// Replaces the negated matrix by its factor; the inverses of the diagonal go to `inverse`. `size` is a multiple of eight,
/// `stride` of sixteen; columns from `size` on are zero. `least` is a number below or at the smallest eigenvalue: no
/// pivot can be smaller, except by rounding.
pub(super) fn factor(matrix: &mut [f32], size: usize, stride: usize, least: f32, inverse: &mut [f32]) {
    assert!(size.is_multiple_of(BLOCK) && stride.is_multiple_of(LINE) && size <= stride, "sizes of a factor");
    for k in (0..size).step_by(BLOCK) {
        let (above, rows) = matrix.split_at_mut(k * stride);
        let rows = &mut rows[..BLOCK * stride];
        gram_rows(above, k, stride, k..k + BLOCK, stride, rows, stride, true);
        finish(rows, stride, k, least, &mut inverse[k..k + BLOCK]);
    }
}

multiversion! {
    /// The factor's rows from row `k` on, of the negated rows from which all above has been taken.
    #[allow(unsafe_code)]
    fn finish[S: Set](rows: &mut [f32], stride: usize, k: usize, least: f32, inverse: &mut [f32]) {
        assert!(rows.len() == BLOCK * stride && k + BLOCK <= stride && stride.is_multiple_of(LINE), "rows of a factor");
        let mut u = [[0.0f32; BLOCK]; BLOCK];
        for r in 0..BLOCK {
            for c in r..BLOCK {
                u[r][c] = -rows[r * stride + k + c];
            }
        }
        let mut minus = [0.0f32; BLOCK];
        for r in 0..BLOCK {
            let one = 1.0 / u[r][r].max(least).sqrt();
            inverse[r] = one;
            minus[r] = -one;
            for c in r..BLOCK {
                u[r][c] *= one;
            }
            for s in r + 1..BLOCK {
                for c in s..BLOCK {
                    u[s][c] -= u[r][s] * u[r][c];
                }
            }
        }
        // What lies left of the diagonal means nothing; as zeros it stays small.
        let from = k / LINE * LINE;
        for r in 0..BLOCK {
            rows[r * stride + from..r * stride + k + r].fill(0.0);
        }
        for at in (from..stride).step_by(S::Wide::LEN) {
            // SAFETY: `stride` and `from` are multiples of sixteen, and so of the register's length; there are eight rows.
            unsafe {
                let zero = S::Wide::splat(0.0);
                let mut done = [zero; BLOCK];
                for r in 0..BLOCK {
                    let place = rows.as_mut_ptr().add(r * stride + at);
                    let mut sum = S::Wide::load(place);
                    for s in 0..r {
                        sum = S::Wide::splat(u[s][r]).madd(done[s], sum);
                    }
                    done[r] = S::Wide::splat(minus[r]).madd(sum, zero);
                    done[r].store(place);
                }
            }
        }
    }
}

multiversion! {
    /// Solves `U' U x = b` in place for what [`factor`] made; `x` has `stride` places.
    #[allow(unsafe_code)]
    pub(super) fn solve[S: Set](u: &[f32], size: usize, stride: usize, inverse: &[f32], x: &mut [f32]) {
        assert!(size.is_multiple_of(BLOCK) && stride.is_multiple_of(LINE) && size <= stride, "sizes of a factor");
        assert!(u.len() >= size * stride && x.len() >= stride && inverse.len() >= size, "bounds of a factor");
        for k in (0..size).step_by(BLOCK) {
            for r in 0..BLOCK {
                let mut value = x[k + r];
                for s in 0..r {
                    value -= u[(k + s) * stride + k + r] * x[k + s];
                }
                x[k + r] = value * inverse[k + r];
            }
            // SAFETY: eight rows of `u` begin at row k, a row has `stride` columns, as many as `x`.
            unsafe {
                let rows = u.as_ptr().add(k * stride);
                let (mut at, done) = (k + BLOCK, *x.as_ptr().add(k).cast::<[f32; BLOCK]>());
                while !at.is_multiple_of(LINE) {
                    take::<S::Narrow>(rows, stride, at, &done, x);
                    at += S::Narrow::LEN;
                }
                while at < stride {
                    take::<S::Wide>(rows, stride, at, &done, x);
                    at += S::Wide::LEN;
                }
            }
        }
        for k in (0..size).step_by(BLOCK).rev() {
            let mut sums = [0.0f32; BLOCK];
            // SAFETY: as above.
            unsafe {
                let rows = u.as_ptr().add(k * stride);
                let middle = (k + BLOCK).next_multiple_of(LINE);
                give::<S::Narrow>(rows, stride, k + BLOCK, middle, x, &mut sums);
                give::<S::Wide>(rows, stride, middle, stride, x, &mut sums);
            }
            for r in (0..BLOCK).rev() {
                let mut value = x[k + r] - sums[r];
                for s in r + 1..BLOCK {
                    value -= u[(k + r) * stride + k + s] * x[k + s];
                }
                x[k + r] = value * inverse[k + r];
            }
        }
    }
}

/// Takes eight rows times what was solved off the numbers of `x` at `at`.
///
/// # Safety
/// As for [`Lanes`]; eight rows, `stride` apart, and `x` reach to `at` and a register further.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn take<V: Lanes>(rows: *const f32, stride: usize, at: usize, done: &[f32; BLOCK], x: &mut [f32]) {
    // SAFETY: the caller's promise.
    unsafe {
        let place = x.as_mut_ptr().add(at);
        let mut sum = V::load(place);
        for r in 0..BLOCK {
            sum = V::splat(-done[r]).madd(V::load(rows.add(r * stride + at)), sum);
        }
        sum.store(place);
    }
}

/// Adds the products of eight rows and `x` over the columns `from .. to` to `sums`.
///
/// # Safety
/// As for [`Lanes`]; eight rows, `stride` apart, and `x` reach to `to`, a whole number of registers after `from`.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn give<V: Lanes>(
    rows: *const f32,
    stride: usize,
    from: usize,
    to: usize,
    x: &[f32],
    sums: &mut [f32; BLOCK],
) {
    if from >= to {
        return;
    }
    // SAFETY: the caller's promise.
    unsafe {
        let mut lanes = [V::splat(0.0); BLOCK];
        for at in (from..to).step_by(V::LEN) {
            let part = V::load(x.as_ptr().add(at));
            for r in 0..BLOCK {
                lanes[r] = V::load(rows.add(r * stride + at)).madd(part, lanes[r]);
            }
        }
        for r in 0..BLOCK {
            sums[r] += lanes[r].sum();
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
        fn solves_what_plain_elimination_solves(blocks in 1usize..12, seed in 0u64..100) {
            let size = blocks * BLOCK;
            let stride = size.next_multiple_of(LINE);
            let rows = numbers(size * size, seed);
            let element = |i: usize, j: usize| {
                let sum: f64 = (0..size).map(|p| f64::from(rows[p * size + i]) * f64::from(rows[p * size + j])).sum();
                (sum + if i == j { size as f64 / 4.0 } else { 0.0 }) as f32
            };
            // Below the diagonal stands what nobody may read.
            let mut matrix = vec![f32::NAN; size * stride];
            for i in 0..size {
                matrix[i * stride..][i..stride].fill(0.0);
                (i..size).for_each(|j| matrix[i * stride + j] = -element(i, j));
            }
            let mut x = numbers(stride, seed + 1);
            x[size..].fill(0.0);
            let right: Vec<f64> = x[..size].iter().map(|x| f64::from(*x)).collect();
            let mut inverse = vec![0.0; size];
            factor(&mut matrix, size, stride, size as f32 / 4.0, &mut inverse);
            solve(&matrix, size, stride, &inverse, &mut x);
            let back: Vec<f32> =
                (0..size).map(|i| (0..size).map(|j| f64::from(element(i.min(j), i.max(j))) * f64::from(x[j])).sum::<f64>() as f32).collect();
            close(&back, &right, 2e-5);
        }
    }

    #[test]
    fn a_pivot_lost_to_rounding_does_no_harm() {
        // Every element 1: of rank one, and the other fifteen eigenvalues 1e-9.
        let mut matrix = vec![-1.0; 256];
        let (mut inverse, mut x) = ([0.0; 16], [1.0; 16]);
        factor(&mut matrix, 16, 16, 1e-9, &mut inverse);
        solve(&matrix, 16, 16, &inverse, &mut x);
        assert!(x.iter().all(|x| x.is_finite()));
    }
}
