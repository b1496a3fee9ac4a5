use super::*;
use crate::testing::{close, numbers};
use proptest::prelude::*;

/// A system with its parts.
struct Case {
    diagonal: Vec<f32>,
    vectors: Vec<f32>,
    rows: Vec<u32>,
    weights: Vec<f32>,
    targets: Vec<f32>,
    extra: Option<Vec<f32>>,
}

impl Case {
    fn new(f: usize, n: usize, seed: u64, extra: bool) -> Case {
        let all = n + 3;
        let vectors = numbers(all * f, seed);
        // As the diagonal of a Gram matrix in the basis of its eigenvectors, from large to small.
        let diagonal = (0..f).map(|k| 0.1 + all as f32 / (1 + k) as f32).collect();
        let rows = (0..n).map(|i| ((i * 7 + 1) % all) as u32).collect();
        let weights = numbers(n, seed + 1).iter().map(|x| 1.5 + x).collect();
        Case {
            diagonal,
            vectors,
            rows,
            weights,
            targets: numbers(n, seed + 2),
            extra: extra.then(|| numbers(f, seed + 3)),
        }
    }

    fn system(&self) -> System<'_> {
        System {
            diagonal: &self.diagonal,
            vectors: &self.vectors,
            rows: &self.rows,
            weights: &self.weights,
            targets: &self.targets,
            extra: self.extra.as_deref(),
            next: &self.rows[..self.rows.len() / 2],
        }
    }

    /// The matrix and the right side, in doubles.
    fn plain(&self) -> (Vec<f64>, Vec<f64>) {
        let f = self.diagonal.len();
        let mut matrix = vec![0.0; f * f];
        let mut right: Vec<f64> =
            (0..f).map(|k| self.extra.as_ref().map_or(0.0, |e| f64::from(e[k]))).collect();
        for k in 0..f {
            matrix[k * f + k] = f64::from(self.diagonal[k]);
        }
        for (i, row) in self.rows.iter().enumerate() {
            let y: Vec<f64> = self.vectors[*row as usize * f..][..f].iter().map(|y| f64::from(*y)).collect();
            for a in 0..f {
                right[a] += f64::from(self.targets[i]) * y[a];
                for b in 0..f {
                    matrix[a * f + b] += f64::from(self.weights[i]) * y[a] * y[b];
                }
            }
        }
        (matrix, right)
    }
}

fn times(matrix: &[f64], x: &[f64]) -> Vec<f64> {
    matrix.chunks(x.len()).map(|row| row.iter().zip(x).map(|(m, x)| m * x).sum()).collect()
}

/// Gaussian elimination without pivots: the matrix is positive definite.
fn eliminate(mut matrix: Vec<f64>, mut right: Vec<f64>) -> Vec<f64> {
    let f = right.len();
    for k in 0..f {
        for i in k + 1..f {
            let by = matrix[i * f + k] / matrix[k * f + k];
            (k..f).for_each(|j| matrix[i * f + j] -= by * matrix[k * f + j]);
            right[i] -= by * right[k];
        }
    }
    for k in (0..f).rev() {
        let rest: f64 = (k + 1..f).map(|j| matrix[k * f + j] * right[j]).sum();
        right[k] = (right[k] - rest) / matrix[k * f + k];
    }
    right
}

/// Conjugate gradients as they are written in books.
fn gradients(matrix: &[f64], right: &[f64], x: &mut [f64], steps: usize) {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut residual: Vec<f64> = right.iter().zip(times(matrix, x)).map(|(b, y)| b - y).collect();
    let mut direction = residual.clone();
    for _ in 0..steps {
        let product = times(matrix, &direction);
        let (old, length) =
            (dot(&residual, &residual), dot(&residual, &residual) / dot(&direction, &product));
        x.iter_mut().zip(&direction).for_each(|(x, p)| *x += length * p);
        residual.iter_mut().zip(&product).for_each(|(r, y)| *r -= length * y);
        let new = dot(&residual, &residual);
        direction.iter_mut().zip(&residual).for_each(|(p, r)| *p = r + new / old * *p);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn both_ways_solve_what_elimination_solves(f in 1usize..80, n in 0usize..120, seed in 0u64..50, extra: bool) {
        let case = Case::new(f, n, seed, extra);
        let (matrix, right) = case.plain();
        let expected = eliminate(matrix, right);
        let mut normal = Normal::default();
        let mut x = vec![0.0; f];
        normal.solve(&case.system(), &mut x);
        close(&x, &expected, 2e-4);
        normal.many(&case.system(), &mut x);
        close(&x, &expected, 2e-4);
        normal.few(&case.system(), &mut x);
        close(&x, &expected, 2e-4);
    }

    #[test]
    fn steps_are_those_of_plain_conjugate_gradients(f in 1usize..80, n in 0usize..400, seed in 0u64..50, extra: bool) {
        let case = Case::new(f, n, seed, extra);
        let (matrix, right) = case.plain();
        let mut x = numbers(f, seed + 4);
        let mut expected: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
        // Beyond the number of unknowns the residual is rounding.
        let steps = 3.min(f - 1);
        gradients(&matrix, &right, &mut expected, steps);
        Normal::default().descend(&case.system(), steps, &mut x);
        close(&x, &expected, 2e-4);
    }
}

#[test]
fn rows_that_do_not_fit_the_caches_give_the_same() {
    let case = Case::new(96, 1500, 1, true);
    let (matrix, right) = case.plain();
    let mut normal = Normal::default();
    let mut x = vec![0.0; 96];
    normal.solve(&case.system(), &mut x);
    close(&x, &eliminate(matrix.clone(), right.clone()), 2e-4);
    let (mut x, mut expected) = (vec![0.0; 96], vec![0.0; 96]);
    gradients(&matrix, &right, &mut expected, 3);
    normal.descend(&case.system(), 3, &mut x);
    close(&x, &expected, 2e-4);
}

#[test]
fn what_a_solver_kept_changes_no_bit() {
    let mut used = Normal::default();
    for (f, n) in [(64, 30), (64, 200), (7, 3), (33, 40), (64, 12)] {
        let case = Case::new(f, n, 3, n % 3 == 0);
        let (mut a, mut b) = (vec![0.0; f], vec![0.0; f]);
        used.solve(&case.system(), &mut a);
        Normal::default().solve(&case.system(), &mut b);
        assert_eq!(
            a.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
            b.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
        );
    }
}
