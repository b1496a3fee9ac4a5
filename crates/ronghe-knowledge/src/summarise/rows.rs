//! A vector of length 1 for each sentence, and what is asked of all of them together.
//!
//! With `x_i` the rows, similarities `s_ij = x_i . x_j` are never kept: what centrality needs of them are sums `sum_j q_j s_ij = x_i .
//! (sum_j q_j x_j)`, one addition of rows and one product, both linear in the numbers that are not 0.

use ronghe_vector::dot;
use std::ops::Range;

/// Rows of numbers.
pub(super) trait Rows: Sync {
    /// How many rows.
    fn count(&self) -> usize;

    /// How long a row is.
    fn width(&self) -> usize;

    /// `sum += weight x_i`
    fn add(&self, i: usize, weight: f32, sum: &mut [f32]);

    /// `x_i . v`
    fn dot(&self, i: usize, v: &[f32]) -> f32;

    /// Sets to 0 what [`add`](Rows::add) of these rows may have changed.
    fn clear(&self, rows: Range<usize>, sum: &mut [f32]);

    /// `x_i . x_j`
    fn similarity(&self, i: usize, j: usize) -> f32;

    /// Whether nothing in a row is below 0.
    fn positive(&self) -> bool;
}

/// Rows of which most numbers are 0.
#[derive(Debug, Clone, Default)]
pub(super) struct Sparse {
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
    width: usize,
}

impl Sparse {
    /// No rows yet.
    pub(super) fn new() -> Sparse {
        Sparse { starts: vec![0], ..Sparse::default() }
    }

    /// Adds a row of pairs with rising columns.
    pub(super) fn push(&mut self, row: impl IntoIterator<Item = (u32, f32)>) {
        for (column, value) in row {
            self.columns.push(column);
            self.values.push(value);
            self.width = self.width.max(column as usize + 1);
        }
        self.starts.push(self.columns.len());
    }

    /// Columns and values of row `i`.
    pub(super) fn row(&self, i: usize) -> (&[u32], &[f32]) {
        let range = self.starts[i]..self.starts[i + 1];
        (&self.columns[range.clone()], &self.values[range])
    }

    /// Multiplies every value by what `factor` says of its column, then makes rows of length 1 (those of zeros stay).
    pub(super) fn weigh(&mut self, factor: impl Fn(u32) -> f32) {
        for (value, column) in self.values.iter_mut().zip(&self.columns) {
            *value *= factor(*column);
        }
        for two in self.starts.windows(2) {
            normalise(&mut self.values[two[0]..two[1]]);
        }
    }
}

impl Rows for Sparse {
    fn count(&self) -> usize {
        self.starts.len() - 1
    }

    fn width(&self) -> usize {
        self.width
    }

    fn add(&self, i: usize, weight: f32, sum: &mut [f32]) {
        let (columns, values) = self.row(i);
        for (&column, value) in columns.iter().zip(values) {
            sum[column as usize] += weight * value;
        }
    }

    fn dot(&self, i: usize, v: &[f32]) -> f32 {
        let (columns, values) = self.row(i);
        columns.iter().zip(values).map(|(&column, value)| value * v[column as usize]).sum()
    }

    fn clear(&self, rows: Range<usize>, sum: &mut [f32]) {
        for &column in &self.columns[self.starts[rows.start]..self.starts[rows.end]] {
            sum[column as usize] = 0.0;
        }
    }

    fn similarity(&self, i: usize, j: usize) -> f32 {
        let ((a, x), (b, y)) = (self.row(i), self.row(j));
        let (mut p, mut q, mut sum) = (0, 0, 0.0);
        while p < a.len() && q < b.len() {
            match a[p].cmp(&b[q]) {
                std::cmp::Ordering::Less => p += 1,
                std::cmp::Ordering::Greater => q += 1,
                std::cmp::Ordering::Equal => {
                    sum += x[p] * y[q];
                    p += 1;
                    q += 1;
                }
            }
        }
        sum
    }

    fn positive(&self) -> bool {
        true
    }
}

/// Rows of which most numbers are not 0.
pub(super) struct Dense {
    values: Vec<f32>,
    width: usize,
}

impl Dense {
    /// Of `values`, `[rows, width]`; makes rows of length 1. What is not finite becomes 0.
    pub(super) fn new(mut values: Vec<f32>, width: usize) -> Dense {
        for value in values.iter_mut().filter(|v| !v.is_finite()) {
            *value = 0.0;
        }
        values.chunks_mut(width.max(1)).for_each(normalise);
        Dense { values, width }
    }

    /// All numbers.
    pub(super) fn into_values(self) -> Vec<f32> {
        self.values
    }

    fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.width..][..self.width]
    }
}

impl Rows for Dense {
    fn count(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    fn width(&self) -> usize {
        self.width
    }

    fn add(&self, i: usize, weight: f32, sum: &mut [f32]) {
        for (sum, value) in sum.iter_mut().zip(self.row(i)) {
            *sum += weight * value;
        }
    }

    fn dot(&self, i: usize, v: &[f32]) -> f32 {
        dot(self.row(i), v)
    }

    fn clear(&self, _: Range<usize>, sum: &mut [f32]) {
        sum.fill(0.0);
    }

    fn similarity(&self, i: usize, j: usize) -> f32 {
        dot(self.row(i), self.row(j))
    }

    fn positive(&self) -> bool {
        false
    }
}

/// Makes `values` of length 1, unless they are zeros.
pub(super) fn normalise(values: &mut [f32]) {
    let square: f32 = dot(values, values);
    if square > 0.0 {
        let factor = square.sqrt().recip();
        values.iter_mut().for_each(|v| *v *= factor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparse_is_dense() {
        let full =
            [[1.0, 0.0, 2.0, 0.0], [0.0, 3.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0f32]];
        let mut sparse = Sparse::new();
        for row in &full {
            sparse.push(row.iter().enumerate().filter(|(_, v)| **v != 0.0).map(|(c, v)| (c as u32, *v)));
        }
        sparse.weigh(|_| 1.0);
        let dense = Dense::new(full.concat(), 4);
        let v = [0.5, -1.0, 2.0, 1.0];
        for i in 0..4 {
            assert!((sparse.dot(i, &v) - dense.dot(i, &v)).abs() < 1e-6);
            for j in 0..4 {
                assert!((sparse.similarity(i, j) - dense.similarity(i, j)).abs() < 1e-6);
            }
            let (mut a, mut b) = ([0.0; 4], [0.0; 4]);
            sparse.add(i, 2.0, &mut a);
            dense.add(i, 2.0, &mut b);
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-6));
            sparse.clear(i..i + 1, &mut a);
            assert_eq!(a, [0.0; 4]);
        }
        assert_eq!((sparse.count(), dense.count(), sparse.width()), (4, 4, 4));
    }
}
