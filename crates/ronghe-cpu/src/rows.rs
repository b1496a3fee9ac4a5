//! Sums of chosen rows of a sparse matrix: `out[p] += weight[r]` for each place p in each chosen row r.
//!
//! The rows lie anywhere in memory and are short: while one is added, the beginning of a later one is fetched.

/// Rows between the one that is added and the one that is fetched.
const AHEAD: usize = 6;
/// Bytes of a cache line.
const LINE: usize = 64;
/// Lines of a row that are fetched; the processor sees by itself that the others follow.
const LINES: usize = 4;

/// A sparse matrix by rows: row `r` has the places `places[starts[r]..starts[r + 1]]`.
#[derive(Debug, Clone, Copy)]
pub struct SparseRows<'a> {
    /// Where each row begins, and the end of the last.
    pub starts: &'a [usize],
    /// The places in `out`.
    pub places: &'a [u32],
}

impl<'a> SparseRows<'a> {
    /// The places of a row; panics where it does not exist.
    #[inline]
    pub fn get(self, row: usize) -> &'a [u32] {
        &self.places[self.starts[row]..self.starts[row + 1]]
    }

    /// Adds `weights[r]` to `out[p]` for each place of each row of `chosen`, in that order. A row or place that does not exist panics.
    pub fn add(self, chosen: &[u32], weights: &[f32], out: &mut [f32]) {
        for (i, &row) in chosen.iter().enumerate() {
            if let Some(&later) = chosen.get(i + AHEAD) {
                self.fetch(later as usize);
            }
            let weight = weights[row as usize];
            self.get(row as usize).iter().for_each(|&place| out[place as usize] += weight);
        }
    }

    /// Asks for the beginning of a row without waiting for it.
    #[allow(unsafe_code)]
    #[inline]
    fn fetch(self, row: usize) {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            let places = self.get(row);
            let bytes = size_of_val(places);
            for line in (0..bytes).step_by(LINE).take(LINES) {
                // SAFETY: the instruction reads nothing that the program sees, whatever the address.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(places.as_ptr().cast::<i8>().wrapping_add(line)) };
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (row, LINE, LINES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_the_plain_sum(
            rows in prop::collection::vec(prop::collection::vec(0u32..50, 0..80), 1..40),
            chosen in prop::collection::vec(0usize..40, 0..60),
        ) {
            let chosen: Vec<u32> = chosen.into_iter().map(|r| (r % rows.len()) as u32).collect();
            let weights: Vec<f32> = (0..rows.len()).map(|r| r as f32 / 3.0).collect();
            let mut starts = vec![0];
            rows.iter().for_each(|row| starts.push(starts[starts.len() - 1] + row.len()));
            let places = rows.concat();
            let mut found = vec![1.0; 50];
            SparseRows { starts: &starts, places: &places }.add(&chosen, &weights, &mut found);
            let mut plain = vec![1.0f32; 50];
            for &row in &chosen {
                rows[row as usize].iter().for_each(|&place| plain[place as usize] += weights[row as usize]);
            }
            prop_assert_eq!(found, plain);
        }
    }
}
