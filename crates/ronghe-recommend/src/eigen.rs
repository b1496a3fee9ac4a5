//! Eigenvalues and eigenvectors of a symmetric matrix: `A = Z' diag(values) Z`.
//!
//! Householder reflections to three diagonals, then implicit QL with shifts of Wilkinson, in doubles. About `9 n^3` operations; row by
//! row, in one fixed order. Source: Golub and Van Loan, Matrix Computations, 8.3.

use ronghe_stats::linalg::dot;

/// Shifts that an eigenvalue may take; it needs two as a rule.
const SHIFTS: usize = 60;

/// The eigenvalues of the symmetric row-major `matrix[n, n]` and, as the rows of a matrix, their eigenvectors.
pub(crate) fn symmetric(mut matrix: Vec<f64>, n: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut values, mut beside, mut vectors) = three_diagonals(&mut matrix, n);
    for l in 0..n {
        for _ in 0..SHIFTS {
            let small =
                |m: &usize| beside[*m].abs() <= f64::EPSILON * (values[*m].abs() + values[m + 1].abs());
            let m = (l..n - 1).find(small).unwrap_or(n - 1);
            if m == l {
                break;
            }
            shift(&mut values, &mut beside, &mut vectors, n, l, m);
        }
    }
    (values, vectors)
}

/// One step of QL on the rows `l ..= m`.
fn shift(values: &mut [f64], beside: &mut [f64], vectors: &mut [f64], n: usize, l: usize, m: usize) {
    let half = (values[l + 1] - values[l]) / (2.0 * beside[l]);
    let mut g = values[m] - values[l] + beside[l] / (half + half.hypot(1.0).copysign(half));
    let (mut s, mut c, mut p) = (1.0, 1.0, 0.0);
    for i in (l..m).rev() {
        let (f, b) = (s * beside[i], c * beside[i]);
        let r = f.hypot(g);
        beside[i + 1] = r;
        if r == 0.0 {
            values[i + 1] -= p;
            beside[m] = 0.0;
            return;
        }
        (s, c) = (f / r, g / r);
        g = values[i + 1] - p;
        let r = (values[i] - g) * s + 2.0 * c * b;
        p = s * r;
        values[i + 1] = g + p;
        g = c * r - b;
        let (low, high) = vectors[i * n..(i + 2) * n].split_at_mut(n);
        for (x, y) in low.iter_mut().zip(high) {
            (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
        }
    }
    values[l] -= p;
    beside[l] = g;
    beside[m] = 0.0;
}

/// `matrix = Q T Q'`: the diagonal of T, the numbers beside it, and the columns of Q as rows.
fn three_diagonals(matrix: &mut [f64], n: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let mut beside = vec![0.0; n];
    // Reflection k is I - factors[k] v v', with v in the column k of `matrix`, whose rows from k + 1 on are done with.
    let mut factors = vec![0.0; n];
    let mut v = vec![0.0; n];
    for k in 0..n.saturating_sub(2) {
        let below = k + 1;
        (below..n).for_each(|i| v[i] = matrix[i * n + k]);
        let length = dot(&v[below..], &v[below..]).sqrt();
        let end = -length.copysign(v[below]);
        beside[k] = end;
        v[below] -= end;
        let square = dot(&v[below..], &v[below..]);
        if square == 0.0 {
            continue;
        }
        factors[k] = 2.0 / square;
        let mut w: Vec<f64> =
            (below..n).map(|i| factors[k] * dot(&matrix[i * n + below..(i + 1) * n], &v[below..])).collect();
        let shared = factors[k] / 2.0 * dot(&w, &v[below..]);
        w.iter_mut().zip(&v[below..]).for_each(|(w, v)| *w -= shared * v);
        for i in below..n {
            let (a, b) = (v[i], w[i - below]);
            let row = &mut matrix[i * n + below..(i + 1) * n];
            row.iter_mut().zip(&w).zip(&v[below..]).for_each(|((m, w), v)| *m -= a * w + b * v);
        }
        (below..n).for_each(|i| matrix[i * n + k] = v[i]);
    }
    if n > 1 {
        beside[n - 2] = matrix[(n - 1) * n + n - 2];
    }
    let values = (0..n).map(|i| matrix[i * n + i]).collect();
    // Q' is made from the last reflection to the first; each changes the rows and columns that follow its own.
    let mut turned = vec![0.0; n * n];
    (0..n).for_each(|i| turned[i * n + i] = 1.0);
    for k in (0..n.saturating_sub(2)).rev() {
        let below = k + 1;
        (below..n).for_each(|i| v[i] = matrix[i * n + k]);
        for row in turned[below * n..].chunks_exact_mut(n) {
            let by = factors[k] * dot(&row[below..], &v[below..]);
            row[below..].iter_mut().zip(&v[below..]).for_each(|(x, v)| *x -= by * v);
        }
    }
    (values, beside, turned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ronghe_stats::random::SplitMix64;

    fn check(matrix: &[f64], n: usize) {
        let (values, vectors) = symmetric(matrix.to_vec(), n);
        let size = matrix.iter().fold(1.0f64, |most, x| most.max(x.abs())) * n as f64;
        for i in 0..n {
            for j in 0..n {
                let back: f64 = (0..n).map(|k| vectors[k * n + i] * values[k] * vectors[k * n + j]).sum();
                assert!((back - matrix[i * n + j]).abs() < 1e-13 * size, "{i} {j}: {back}");
                let same = dot(&vectors[i * n..(i + 1) * n], &vectors[j * n..(j + 1) * n]);
                assert!((same - f64::from(u8::from(i == j))).abs() < 1e-12, "{i} {j}: {same}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn vectors_and_values_make_the_matrix(n in 1usize..40, seed in 0u64..1000, rank in 1usize..40) {
            let mut random = SplitMix64::new(seed);
            let rows: Vec<f64> = (0..n * rank).map(|_| random.normal()).collect();
            let matrix: Vec<f64> =
                (0..n * n).map(|e| (0..rank).map(|r| rows[r * n + e / n] * rows[r * n + e % n]).sum()).collect();
            check(&matrix, n);
        }
    }

    #[test]
    fn matrices_without_work_and_with_equal_values() {
        check(&[0.0; 25], 5);
        check(&[2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0], 3);
        check(&[1.0; 36], 6);
        check(&[1e300, 1e300, 1e300, 1e300], 2);
        assert!(symmetric(vec![f64::NAN; 9], 3).0.len() == 3);
        assert!(symmetric(Vec::new(), 0).0.is_empty());
    }
}
