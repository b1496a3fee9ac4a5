//! `A = L L'` of a symmetric positive definite matrix, and the systems that follow from it.
//!
//! L lower triangular, row-major. n^3 / 3 operations to factor, n^2 a solve. Rows meet in dot products, whose terms
//! are added in one fixed order.

/// Right-hand sides that are solved together: as many a call as this read the factor once.
pub const TOGETHER: usize = 8;

/// The factor L.
///
/// ```
/// use ronghe_stats::linalg::Cholesky;
/// let factor = Cholesky::new(vec![4.0, 2.0, 2.0, 3.0], 2).unwrap();
/// let mut b = [vec![8.0, 7.0]];
/// factor.solve(&mut b);
/// assert!((b[0][0] - 1.25).abs() < 1e-12 && (b[0][1] - 1.5).abs() < 1e-12);
/// ```
#[derive(Debug, Clone)]
pub struct Cholesky {
    factor: Vec<f64>,
    size: usize,
}

impl Cholesky {
    /// Factors the lower triangle of a row-major matrix `[size, size]`; none if it is not positive definite to the digits there
    /// are, or has another size.
    pub fn new(mut matrix: Vec<f64>, size: usize) -> Option<Cholesky> {
        if size.checked_mul(size) != Some(matrix.len()) {
            return None;
        }
        for i in 0..size {
            let (done, rest) = matrix.split_at_mut(i * size);
            let row = &mut rest[..size];
            for j in 0..i {
                let above = &done[j * size..j * size + j + 1];
                row[j] = (row[j] - dot(&row[..j], &above[..j])) / above[j];
            }
            let pivot = row[i] - dot(&row[..i], &row[..i]);
            if pivot.is_nan() || pivot <= row[i].abs() * 1e-13 {
                return None;
            }
            row[i] = pivot.sqrt();
        }
        Some(Cholesky { factor: matrix, size })
    }

    /// `L^-1 b` in place, for each b. Some at a time, so that a row of L is read once for them.
    ///
    /// # Panics
    ///
    /// If a b is shorter than the matrix; the same holds for [`backward`](Cholesky::backward) and [`solve`](Cholesky::solve).
    pub fn forward(&self, many: &mut [Vec<f64>]) {
        for some in many.chunks_mut(TOGETHER) {
            for i in 0..self.size {
                let row = &self.factor[i * self.size..];
                some.iter_mut().for_each(|b| b[i] = (b[i] - dot(&row[..i], &b[..i])) / row[i]);
            }
        }
    }

    /// `L'^-1 b` in place, for each b.
    pub fn backward(&self, many: &mut [Vec<f64>]) {
        for some in many.chunks_mut(TOGETHER) {
            for i in (0..self.size).rev() {
                let row = &self.factor[i * self.size..];
                for b in &mut *some {
                    b[i] /= row[i];
                    let (before, at) = b.split_at_mut(i);
                    before.iter_mut().zip(row).for_each(|(x, l)| *x -= l * at[0]);
                }
            }
        }
    }

    /// `A^-1 b` in place, for each b.
    pub fn solve(&self, many: &mut [Vec<f64>]) {
        self.forward(many);
        self.backward(many);
    }

    /// Half the logarithm of the determinant of A.
    pub fn half_log_det(&self) -> f64 {
        (0..self.size).map(|i| self.factor[i * self.size + i].ln()).sum()
    }
}

/// `a . b` over the shorter of both, in eight running sums that the compiler keeps in vectors.
///
/// ```
/// assert_eq!(ronghe_stats::linalg::dot(&[1.0, 2.0], &[3.0, 4.0]), 11.0);
/// ```
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let shared = a.len().min(b.len());
    let (a, b) = (&a[..shared], &b[..shared]);
    let mut sums = [0.0; 8];
    let (a_eights, b_eights) = (a.chunks_exact(8), b.chunks_exact(8));
    let tail: f64 = a_eights.remainder().iter().zip(b_eights.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a_eights.zip(b_eights) {
        for k in 0..8 {
            sums[k] += x[k] * y[k];
        }
    }
    sums.iter().sum::<f64>() + tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_what_it_factored() {
        let n = 19;
        let root = |i: usize, j: usize| ((i * 7 + j * 3) as f64).sin() + f64::from(u8::from(i == j)) * 3.0;
        let entry = |i: usize, j: usize| (0..n).map(|k| root(i, k) * root(j, k)).sum::<f64>();
        let matrix: Vec<f64> = (0..n * n).map(|k| entry(k / n, k % n)).collect();
        let expected: Vec<f64> = (0..n).map(|i| (i as f64).cos()).collect();
        let mut b: Vec<f64> = (0..n).map(|i| dot(&matrix[i * n..(i + 1) * n], &expected)).collect();
        let factor = Cholesky::new(matrix, n).unwrap();
        factor.solve(std::slice::from_mut(&mut b));
        assert!(b.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-10));
    }

    #[test]
    fn what_has_no_partner_is_left_out() {
        let a: Vec<f64> = (0..21).map(f64::from).collect();
        assert_eq!(dot(&a, &a), 2870.0);
        assert_eq!(dot(&a, &a[..3]), 5.0);
        assert_eq!(dot(&[], &a), 0.0);
    }

    #[test]
    fn a_singular_matrix_has_no_factor() {
        assert!(Cholesky::new(vec![1.0, 1.0, 1.0, 1.0], 2).is_none());
        assert!(Cholesky::new(vec![1.0; 3], 2).is_none());
        let of_diagonal = Cholesky::new(vec![4.0, 0.0, 0.0, 9.0], 2).unwrap();
        assert!((of_diagonal.half_log_det() - 6.0_f64.ln()).abs() < 1e-15);
    }
}
