//! Products of many rows with one vector and sums of rows, eight rows at a time: what conjugate gradients consist of.

use crate::kernels::lanes::{Lanes, Set, lanes};
use crate::kernels::multiversion;

/// Rows at a time.
const BLOCK: usize = 8;

multiversion! {
    /// `out[r] = sum over d of rows[r, d] x[d]`, for as many rows as `out` has places.
    ///
    /// ```
    /// let mut out = [0.0; 2];
    /// ronghe_cpu::dots(&[1.0, 2.0, 3.0, 4.0], &[1.0, 10.0], &mut out);
    /// assert_eq!(out, [21.0, 43.0]);
    /// ```
    ///
    /// # Panics
    /// If there are fewer rows.
    #[allow(unsafe_code)]
    pub fn dots[S: Set](rows: &[f32], x: &[f32], out: &mut [f32]) {
        let width = x.len();
        assert!(out.len() * width <= rows.len(), "rows of products");
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let base = rows.as_ptr().wrapping_add(block * BLOCK * width);
            // SAFETY: that many rows of `width` numbers are there, as just checked.
            unsafe {
                match out {
                    [_, _, _, _, _, _, _, _] => products::<S, BLOCK>(base, x, out),
                    _ => {
                        for (r, out) in out.iter_mut().enumerate() {
                            products::<S, 1>(base.add(r * width), x, std::slice::from_mut(out));
                        }
                    }
                }
            }
        }
    }
}

/// # Safety
/// As for [`Lanes`]; N rows as long as `x` begin at `rows`.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn products<S: Set, const N: usize>(rows: *const f32, x: &[f32], out: &mut [f32]) {
    let (width, mut sums) = (x.len(), [0.0f32; N]);
    // SAFETY: the caller's promise; each stretch is a whole number of registers and ends within the rows.
    unsafe {
        let wide = width / S::Wide::LEN * S::Wide::LEN;
        let narrow = width / S::Narrow::LEN * S::Narrow::LEN;
        stretch::<S::Wide, N>(rows, x, 0, wide, &mut sums);
        stretch::<S::Narrow, N>(rows, x, wide, narrow, &mut sums);
        stretch::<S::One, N>(rows, x, narrow, width, &mut sums);
    }
    out.copy_from_slice(&sums);
}

/// # Safety
/// As for [`products`]; `from .. to` lies within `x` and is a whole number of registers.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn stretch<V: Lanes, const N: usize>(
    rows: *const f32,
    x: &[f32],
    from: usize,
    to: usize,
    sums: &mut [f32; N],
) {
    if from >= to {
        return;
    }
    // SAFETY: the caller's promise.
    unsafe {
        let mut lanes = [V::splat(0.0); N];
        for at in (from..to).step_by(V::LEN) {
            let part = V::load(x.as_ptr().add(at));
            for r in 0..N {
                lanes[r] = V::load(rows.add(r * x.len() + at)).madd(part, lanes[r]);
            }
        }
        for r in 0..N {
            sums[r] += lanes[r].sum();
        }
    }
}

multiversion! {
    /// `out[d] += sum over r of weights[r] rows[r, d]`, for as many rows as there are weights.
    ///
    /// ```
    /// let mut out = [0.0; 2];
    /// ronghe_cpu::combine(&[1.0, 2.0, 3.0, 4.0], &[1.0, 10.0], &mut out);
    /// assert_eq!(out, [31.0, 42.0]);
    /// ```
    ///
    /// # Panics
    /// If there are fewer rows.
    #[allow(unsafe_code)]
    pub fn combine[S: Set](rows: &[f32], weights: &[f32], out: &mut [f32]) {
        let width = out.len();
        assert!(weights.len() * width <= rows.len(), "rows of a sum");
        for (block, weights) in weights.chunks(BLOCK).enumerate() {
            let base = rows.as_ptr().wrapping_add(block * BLOCK * width);
            lanes!(S, width, at, V, {
                // SAFETY: that many rows of `width` numbers are there, as just checked, and `at` and a register fit in.
                unsafe {
                    let place = out.as_mut_ptr().add(at);
                    let mut sum = V::<S>::load(place);
                    if let [_, _, _, _, _, _, _, _] = weights {
                        for r in 0..BLOCK {
                            sum = V::<S>::splat(weights[r]).madd(V::<S>::load(base.add(r * width + at)), sum);
                        }
                    } else {
                        for r in 0..weights.len() {
                            sum = V::<S>::splat(weights[r]).madd(V::<S>::load(base.add(r * width + at)), sum);
                        }
                    }
                    sum.store(place);
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, dot, numbers};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn equal_plain_loops(count in 0usize..30, width in 1usize..70) {
            let (rows, x, weights) = (numbers(count * width, 1), numbers(width, 2), numbers(count, 3));
            let mut out = vec![0.0; count];
            dots(&rows, &x, &mut out);
            let plain: Vec<f64> = rows.chunks(width).map(|row| dot(row, &x)).collect();
            close(&out, &plain, 1e-5);
            let mut out = x.clone();
            combine(&rows, &weights, &mut out);
            let plain: Vec<f64> = (0..width)
                .map(|d| f64::from(x[d]) + (0..count).map(|r| f64::from(weights[r]) * f64::from(rows[r * width + d])).sum::<f64>())
                .collect();
            close(&out, &plain, 1e-5);
        }
    }
}
