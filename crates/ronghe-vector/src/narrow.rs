//! Vectors in 8 bits, and the scan that finds the best of them.
//!
//! `n = round(v / s)`, `s = max |v| / 127`, so `v . w` is about `s_v s_w (n_v . n_w)`: whole numbers, exact in 32 bits. An entry is off
//! by `s / 2` at most. A row takes a quarter of the memory, which is what a scan waits for; whoever needs exact products computes
//! them for the few best again.

use crate::Top;
use ronghe_cpu::scan_int8;

/// Rows that are scored before the best of them are taken.
const BLOCK: usize = 1024;

/// A vector in 8 bits.
#[derive(Debug, Clone, PartialEq)]
pub struct Narrow {
    /// `round(v / scale)`.
    pub numbers: Vec<i8>,
    /// `max |v| / 127`, above 0.
    pub scale: f32,
}

impl Narrow {
    /// Rounds a vector. What is NaN becomes 0.
    ///
    /// ```
    /// let narrow = ronghe_vector::Narrow::new(&[0.5, -1.0]);
    /// assert_eq!(narrow.numbers, [64, -127]);
    /// ```
    pub fn new(vector: &[f32]) -> Narrow {
        let most = vector.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
        let scale = (most / 127.0).max(f32::MIN_POSITIVE);
        Narrow { numbers: vector.iter().map(|x| (x / scale).round() as i8).collect(), scale }
    }

    /// The `k` of the rows (`numbers[rows, width]`, `scales[rows]`, as [`new`](Narrow::new) makes them) that `keep` lets through
    /// and whose products with this vector are largest, best first; of equals, the lower number first.
    pub fn nearest(
        &self,
        numbers: &[i8],
        scales: &[f32],
        k: usize,
        keep: impl Fn(u32) -> bool,
    ) -> Vec<(u32, f32)> {
        let mut top = Top::new(k);
        let width = self.numbers.len();
        if width == 0 {
            return Vec::new();
        }
        let mut sums = [0; BLOCK];
        let mut rows = 0u32..=u32::MAX;
        for (numbers, scales) in numbers.chunks(BLOCK * width).zip(scales.chunks(BLOCK)) {
            scan_int8(&self.numbers, numbers, &mut sums);
            let whole = numbers.len() / width;
            // The numbers of rows come last: an exhausted block must not use one up.
            for ((&sum, &scale), row) in sums[..whole].iter().zip(scales).zip(&mut rows) {
                if keep(row) {
                    top.push(row, sum as f32 * scale * self.scale);
                }
            }
        }
        top.into_sorted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::top_products;

    fn number(i: usize) -> f32 {
        let mixed = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        ((mixed ^ mixed >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    #[test]
    fn close_to_the_exact_products_over_many_blocks() {
        let (rows, width) = (2 * BLOCK + 77, 24);
        let all: Vec<f32> = (0..rows * width).map(number).collect();
        let narrow: Vec<Narrow> = all.chunks(width).map(Narrow::new).collect();
        let numbers: Vec<i8> = narrow.iter().flat_map(|n| n.numbers.clone()).collect();
        let scales: Vec<f32> = narrow.iter().map(|n| n.scale).collect();
        let query = &all[1234 * width..1235 * width];
        let keep = |row: u32| row % 3 != 2;
        let found = Narrow::new(query).nearest(&numbers, &scales, 20, keep);
        let exact = top_products(query, &all, width, 20, keep);
        assert_eq!(found[0].0, exact[0].0);
        assert!(found.iter().all(|(row, _)| keep(*row)));
        // Rounded or not, the 20th best is as good.
        assert!(found.iter().zip(&exact).all(|(a, b)| (a.1 - b.1).abs() < 0.1), "{found:?}\n{exact:?}");
    }

    #[test]
    fn zeros_and_no_width() {
        assert_eq!(Narrow::new(&[0.0, 0.0]).numbers, [0, 0]);
        assert_eq!(Narrow::new(&[0.0]).nearest(&[1, 2], &[1.0, 1.0], 9, |_| true), [(0, 0.0), (1, 0.0)]);
        assert_eq!(Narrow::new(&[]).nearest(&[], &[1.0], 9, |_| true), []);
        // A row without a scale is none.
        assert_eq!(Narrow::new(&[1.0]).nearest(&[1, 2], &[1.0], 9, |_| true).len(), 1);
    }
}
