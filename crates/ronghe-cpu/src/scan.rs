//! The scans of an exact search: dot products of one vector of 8-bit numbers with many, and which scores are high enough.
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

/// Scores that are looked at together.
const GROUP: usize = 64;

multiversion! {
    /// Appends the places of those scores that are `bar` or more to `found`, in ascending order; NaN is not. Quick where they are few.
    ///
    /// ```
    /// let mut found = vec![];
    /// ronghe_cpu::at_least(&[0.5, f32::NAN, 2.0, 1.0], 1.0, &mut found);
    /// assert_eq!(found, [2, 3]);
    /// ```
    pub fn at_least(scores: &[f32], bar: f32, found: &mut Vec<u32>) {
        for (group, scores) in (0_u32..).step_by(GROUP).zip(scores.chunks(GROUP)) {
            if scores.iter().fold(0, |any, &score| any | u32::from(score >= bar)) > 0 {
                let high = (group..).zip(scores).filter(|(_, score)| **score >= bar);
                found.extend(high.map(|(place, _)| place));
            }
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
    fn finds_what_a_plain_loop_finds() {
        for size in [0, 1, 63, 64, 65, 1000] {
            let scores: Vec<f32> = (0..size).map(|i| ((i * 7919 + 13) % 257) as f32).collect();
            for bar in [f32::NEG_INFINITY, 0.0, 250.0, 256.0, 300.0, f32::NAN] {
                let mut found = Vec::new();
                at_least(&scores, bar, &mut found);
                let plain: Vec<u32> = (0..size as u32).filter(|&i| scores[i as usize] >= bar).collect();
                assert_eq!(found, plain, "{size} {bar}");
            }
        }
    }

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
