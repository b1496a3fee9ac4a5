//! How far two sets of vectors lie apart, taken as normal distributions.
//!
//! ```text
//! F = |m1 - m2|² + tr C1 + tr C2 - 2 tr (C1 C2)^1/2            means m [d], covariances C [d, d]
//! tr (C1 C2)^1/2 = |A^T B|_*  where C1 = A A^T, C2 = B B^T      A, B = centred rows / sqrt(n - 1), [d, n]
//! ```
//! The nuclear norm |M|_* is the sum of the square roots of the eigenvalues of M M^T, [n, n]: no matrix of d x d is made, and
//! n is kept small. Eigenvalues come by reflections to a tridiagonal form and bisection by the number of sign changes.
//! O(n² d + n³). With fewer rows F is larger, so the same numbers of rows stand beside each other: the source's, and two
//! halves of the target's own as the distance that chance alone makes. Source: Fréchet 1957; Dowson and Landau 1982; Golub and
//! Van Loan 2013, sections 8.3 and 8.4.

use rayon::prelude::*;
use ronghe_graph::SplitMix;
use ronghe_stats::linalg::dot;
use serde::Serialize;

/// A source of data beside the target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SetDistance {
    /// Rows of each set.
    pub rows: usize,
    /// F between the source and the target.
    pub distance: f64,
    /// F between two halves of the target.
    pub chance: f64,
    /// F of the source less that of chance, over the sum of the target's variances; 0 where it is no more than chance.
    pub relative: f64,
}

/// Most rows of a set.
const ROWS: usize = 300;
const BISECTIONS: usize = 60;
/// Eigenvalues below this share of the largest are zeros.
const ROUNDING: f64 = 1e-13;

/// Compares two sets of vectors of one width, drawn down with the seed; `None` with fewer than four rows.
pub fn set_distance(source: &[f32], target: &[f32], width: usize, seed: u64) -> Option<SetDistance> {
    let width = width.max(1);
    let n = ROWS.min(target.len() / width / 2).min(source.len() / width);
    if n < 2 {
        return None;
    }
    let draw = |values: &[f32], name: &str| {
        let mut rows: Vec<usize> = (0..values.len() / width).collect();
        SplitMix::named(seed, name).shuffle(&mut rows);
        rows
    };
    let source_rows = draw(source, "probe/source");
    let target_rows = draw(target, "probe/target");
    let half = Set::new(target, width, &target_rows[..n]);
    let distance = frechet(&Set::new(source, width, &source_rows[..n]), &half);
    let chance = frechet(&Set::new(target, width, &target_rows[n..2 * n]), &half);
    let relative = if half.trace > 0.0 { ((distance - chance) / half.trace).max(0.0) } else { 0.0 };
    Some(SetDistance { rows: n, distance, chance, relative })
}

/// Centred rows.
struct Set {
    width: usize,
    mean: Vec<f64>,
    /// Over the root of the number of rows less one.
    rows: Vec<f64>,
    /// Sum of the variances.
    trace: f64,
}

impl Set {
    fn new(values: &[f32], width: usize, rows: &[usize]) -> Set {
        let n = rows.len() as f64;
        let mut mean = vec![0.0; width];
        let row = |r: usize| &values[r * width..][..width];
        rows.iter().for_each(|&r| mean.iter_mut().zip(row(r)).for_each(|(m, &v)| *m += f64::from(v) / n));
        let scale = 1.0 / (n - 1.0).max(1.0).sqrt();
        let centred: Vec<f64> = rows
            .iter()
            .flat_map(|&r| row(r).iter().zip(&mean).map(|(&v, m)| (f64::from(v) - m) * scale))
            .collect();
        let trace = centred.iter().map(|v| v * v).sum();
        Set { width, mean, rows: centred, trace }
    }
}

fn frechet(a: &Set, b: &Set) -> f64 {
    let n = b.rows.len() / b.width;
    let product: Vec<f64> = a
        .rows
        .par_chunks(a.width)
        .flat_map_iter(|x| b.rows.chunks(b.width).map(move |y| dot(x, y)))
        .collect();
    let square: Vec<f64> =
        product.par_chunks(n).flat_map_iter(|x| product.chunks(n).map(move |y| dot(x, y))).collect();
    let values = eigenvalues(square, a.rows.len() / a.width);
    // What rounding leaves of zeros is no part of the sum; roots would make it large.
    let floor = values.last().map_or(0.0, |largest| ROUNDING * largest);
    let nuclear: f64 = values.iter().filter(|&&v| v > floor).map(|v| v.sqrt()).sum();
    let means: f64 = a.mean.iter().zip(&b.mean).map(|(a, b)| (a - b).powi(2)).sum();
    (means + a.trace + b.trace - 2.0 * nuclear).max(0.0)
}

/// Eigenvalues of a symmetric matrix `[n, n]`, ascending.
fn eigenvalues(matrix: Vec<f64>, n: usize) -> Vec<f64> {
    let (diagonal, beside) = tridiagonal(matrix, n);
    let reach = |i: usize| {
        let left = if i > 0 { beside[i - 1].abs() } else { 0.0 };
        left + beside.get(i).map_or(0.0, |v| v.abs())
    };
    let low = (0..n).map(|i| diagonal[i] - reach(i)).fold(f64::INFINITY, f64::min);
    let high = (0..n).map(|i| diagonal[i] + reach(i)).fold(f64::NEG_INFINITY, f64::max);
    // As many eigenvalues lie below x as pivots of the matrix less x are negative.
    let below = |x: f64| {
        let mut pivot = 1.0;
        let mut count = 0;
        for i in 0..n {
            let square = if i > 0 { beside[i - 1] * beside[i - 1] } else { 0.0 };
            pivot = diagonal[i] - x - if square == 0.0 { 0.0 } else { square / pivot };
            if pivot == 0.0 {
                pivot = -f64::MIN_POSITIVE;
            }
            count += usize::from(pivot < 0.0);
        }
        count
    };
    let find = |k: usize| {
        let (mut low, mut high) = (low, high);
        for _ in 0..BISECTIONS {
            let middle = 0.5 * (low + high);
            if below(middle) > k { high = middle } else { low = middle }
        }
        0.5 * (low + high)
    };
    (0..n).into_par_iter().map(find).collect()
}

/// Diagonal and the entries beside it of a tridiagonal matrix with the same eigenvalues.
fn tridiagonal(mut a: Vec<f64>, n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut beside = vec![0.0; n.saturating_sub(1)];
    for k in 0..n.saturating_sub(1) {
        // A reflection that turns the column below the diagonal into one entry.
        let mut v: Vec<f64> = (k + 1..n).map(|i| a[i * n + k]).collect();
        let norm = dot(&v, &v).sqrt();
        let alpha = if v[0] > 0.0 { -norm } else { norm };
        beside[k] = alpha;
        v[0] -= alpha;
        let length = dot(&v, &v).sqrt();
        if length == 0.0 {
            continue;
        }
        v.iter_mut().for_each(|x| *x /= length);
        let m = n - k - 1;
        let row = |a: &[f64], i: usize| (k + 1 + i) * n + k + 1..(k + 1 + i) * n + k + 1 + a.len();
        let p: Vec<f64> = (0..m).map(|i| dot(&a[row(&v, i)], &v)).collect();
        let share = dot(&v, &p);
        let w: Vec<f64> = p.iter().zip(&v).map(|(p, v)| p - share * v).collect();
        for i in 0..m {
            let range = row(&v, i);
            for ((a, &vj), &wj) in a[range].iter_mut().zip(&v).zip(&w) {
                *a -= 2.0 * (v[i] * wj + w[i] * vj);
            }
        }
    }
    ((0..n).map(|i| a[i * n + i]).collect(), beside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvalues_of_known_matrices() {
        // The second difference has 2 - 2 cos(i pi / (n + 1)).
        for n in [1usize, 2, 3, 30] {
            let cell = |i: usize, j: usize| match i.abs_diff(j) {
                0 => 2.0,
                1 => -1.0,
                _ => 0.0,
            };
            let matrix = (0..n * n).map(|i| cell(i / n, i % n)).collect();
            for (i, value) in eigenvalues(matrix, n).iter().enumerate() {
                let known = 2.0 - 2.0 * (std::f64::consts::PI * (i + 1) as f64 / (n + 1) as f64).cos();
                assert!((value - known).abs() < 1e-12, "{n} {i}: {value} {known}");
            }
        }
        // All ones: n once, 0 otherwise; and sums and sums of squares are kept by any matrix.
        assert!((eigenvalues(vec![1.0; 25], 5)[4] - 5.0).abs() < 1e-12);
        let mut stream = SplitMix::named(1, "symmetric");
        let n = 24;
        let half: Vec<f64> = (0..n * n).map(|_| f64::from(stream.normal())).collect();
        let full: Vec<f64> = (0..n * n).map(|i| half[i] + half[i % n * n + i / n]).collect();
        let found = eigenvalues(full.clone(), n);
        let trace: f64 = (0..n).map(|i| full[i * n + i]).sum();
        assert!((found.iter().sum::<f64>() - trace).abs() < 1e-9);
        let squares: f64 = full.iter().map(|v| v * v).sum();
        assert!((found.iter().map(|v| v * v).sum::<f64>() - squares).abs() < 1e-8);
    }

    #[test]
    fn one_column_is_as_in_the_books() {
        // F = (m1 - m2)² + (s1 - s2)². The root of an eigenvalue that is zero but for rounding is 1e-8.
        let a = Set::new(&[0.0, 2.0], 1, &[0, 1]);
        let b = Set::new(&[5.0, 5.0, 11.0, 11.0], 1, &[0, 1, 2, 3]);
        let (s1, s2) = (2f64.sqrt(), 12f64.sqrt());
        assert!((frechet(&a, &b) - (49.0 + (s1 - s2).powi(2))).abs() < 1e-6);
    }

    #[test]
    fn a_turned_copy_is_at_the_known_distance_and_itself_at_none() {
        // Columns exchanged: C2 = P C1 P; with diagonal covariances the distance is 2 (s1 - s2)².
        let mut stream = SplitMix::named(2, "turned");
        let values: Vec<f32> = (0..40).flat_map(|_| [3.0 * stream.normal(), stream.normal()]).collect();
        let turned: Vec<f32> = values.chunks(2).flat_map(|r| [r[1], r[0]]).collect();
        let rows: Vec<usize> = (0..40).collect();
        let (a, b) = (Set::new(&values, 2, &rows), Set::new(&turned, 2, &rows));
        assert!(frechet(&a, &a) < 1e-6);
        assert!(frechet(&a, &b) > 1.0 && (frechet(&a, &b) - frechet(&b, &a)).abs() < 1e-6);
    }

    #[test]
    fn another_source_stands_out_from_chance() {
        let mut stream = SplitMix::named(3, "sets");
        let mut set = |shift: f32, rows: usize| -> Vec<f32> {
            (0..rows * 5).map(|_| shift + stream.normal()).collect()
        };
        let (target, same, other) = (set(0.0, 200), set(0.0, 90), set(1.0, 90));
        let near = set_distance(&same, &target, 5, 1).unwrap();
        let far = set_distance(&other, &target, 5, 1).unwrap();
        assert_eq!((near.rows, near.chance), (90, far.chance));
        assert!(near.relative < 0.05 && far.relative > 0.7 && far.distance > 4.0, "{near:?} {far:?}");
        assert_eq!(set_distance(&same[..5], &target, 5, 1), None);
    }
}
