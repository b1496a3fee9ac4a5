//! Dot products of one vector of 8-bit numbers with many: the scan of an exact vector search.
//!
//! `out[r] = sum over d of query[d] * rows[r, d]`, exact in 32 bits up to 2^16 numbers a row.

use crate::kernels::multiversion;

multiversion! {
    /// Scores of `rows[R, D]` for `query[D]` into `out[R]`; what does not fill a row is left out.
    pub fn scan_int8(query: &[i8], rows: &[i8], out: &mut [i32]) {
        for (row, out) in rows.chunks_exact(query.len().max(1)).zip(out) {
            *out = dot(query, row);
        }
    }
}

#[inline(always)]
fn dot(a: &[i8], b: &[i8]) -> i32 {
    // Products of two 8-bit numbers fit 16 bits, and pairs of such products 32: what the compiler has instructions for.
    a.iter().zip(b).map(|(&a, &b)| i32::from(i16::from(a) * i16::from(b))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_plain_sum() {
        for width in [1, 7, 64, 384, 385] {
            let number = |i: usize| ((i * 7919 + 13) % 255) as i32 - 127;
            let query: Vec<i8> = (0..width).map(|i| number(i) as i8).collect();
            let rows: Vec<i8> = (0..width * 5).map(|i| number(i + 3) as i8).collect();
            let mut out = [0; 5];
            scan_int8(&query, &rows, &mut out);
            for (r, found) in out.iter().enumerate() {
                let plain: i32 = (0..width).map(|d| number(d) * number(r * width + d + 3)).sum();
                assert_eq!(*found, plain);
            }
        }
    }
}
