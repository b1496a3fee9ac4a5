//! Inner products in f32: `a . b = sum over d of a[d] b[d]`. Of vectors of length 1 it is their cosine.

use crate::Top;

/// Sums side by side.
const LANES: usize = 16;

/// `a . b` over the shorter of both, in sixteen running sums that are added in a fixed order.
///
/// ```
/// assert_eq!(ronghe_vector::dot(&[1.0, 2.0], &[3.0, 4.0]), 11.0);
/// ```
#[inline]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let shared = a.len().min(b.len());
    let (a16, a1) = a[..shared].as_chunks::<LANES>();
    let (b16, b1) = b[..shared].as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a16.iter().zip(b16) {
        (0..LANES).for_each(|i| sums[i] += a[i] * b[i]);
    }
    let rest: f32 = a1.iter().zip(b1).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// The numbers of the `k` rows of `vectors[rows, width]` that `keep` lets through and whose products with `query[width]` are largest,
/// best first; of equals, the lower number first. What does not fill a row is left out, and so are products that are NaN.
/// `rows * width` multiplications.
///
/// ```
/// use ronghe_vector::top_products;
/// let vectors = [1.0, 0.0, 0.6, 0.8, 0.0, 1.0];
/// assert_eq!(top_products(&[0.0, 2.0], &vectors, 2, 2, |row| row != 1), [(2, 2.0), (0, 0.0)]);
/// ```
pub fn top_products(
    query: &[f32],
    vectors: &[f32],
    width: usize,
    k: usize,
    keep: impl Fn(u32) -> bool,
) -> Vec<(u32, f32)> {
    let mut top = Top::new(k);
    if width > 0 {
        let rows = (0u32..=u32::MAX).zip(vectors.chunks_exact(width));
        rows.filter(|(row, _)| keep(*row)).for_each(|(row, vector)| top.push(row, dot(query, vector)));
    }
    top.into_sorted()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_plain_loop() {
        for width in [0, 1, 15, 16, 17, 100] {
            let a: Vec<f32> = (0..width).map(|i| (i % 7) as f32 - 3.0).collect();
            let b: Vec<f32> = (0..width + 3).map(|i| (i % 5) as f32 - 2.0).collect();
            let plain: f32 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            assert_eq!((dot(&a, &b), dot(&b, &a)), (plain, plain));
        }
    }

    #[test]
    fn strange_sizes_are_no_rows() {
        assert_eq!(top_products(&[1.0], &[1.0, 2.0], 0, 3, |_| true), []);
        assert_eq!(top_products(&[1.0, 1.0], &[1.0, 2.0, 9.0], 2, 3, |_| true), [(0, 3.0)]);
        assert_eq!(top_products(&[1.0], &[1.0, f32::NAN, 2.0], 1, 3, |_| true), [(2, 2.0), (0, 1.0)]);
    }
}
