//! Least squares over coalitions whose solution adds up: what the kernel estimators solve.
//!
//! minimise `sum over coalitions p of w_p (f_p - x_p'phi / 2)^2` subject to `sum phi = whole`, x the signs of a coalition.
//! With `G = X'W X / 4` and moments `c = X'W f / 2`, `phi = G^-1 (c + 1 l)`, l such that the sum holds. M is `G^-1` less its part along
//! the constraint. Complexity: sum of size^2 / 2 for G, n^3 / 3 to factor, 2 n^2 a solve.

use ronghe_stats::linalg::Cholesky;
use ronghe_stats::random::SplitMix64;

/// Random vectors for the leverages.
const PROBES: usize = 16;

/// The least squares problem of some weighted coalitions.
pub(super) struct LeastSquares {
    gram: Cholesky,
    /// `G^-1 1` over `1'G^-1 1`.
    along: Vec<f64>,
}

impl LeastSquares {
    /// Of coalitions by their members; none if they do not determine a solution.
    pub(super) fn new(members: &[Vec<usize>], weights: &[f64], n: usize) -> Option<LeastSquares> {
        // x = 2 m - 1 for members m: X'WX / 4 = M'WM - (M'W1 1' + 1 1'WM) / 2 + 1'W1 / 4.
        let mut gram = vec![0.0; n * n];
        for (m, w) in members.iter().zip(weights) {
            for (k, &i) in m.iter().enumerate() {
                let row = &mut gram[i * n..i * n + i + 1];
                m[..=k].iter().for_each(|&j| row[j] += w);
            }
        }
        let alone: Vec<f64> = (0..n).map(|i| gram[i * n + i]).collect();
        // Twice the constant: a multiple of (1'phi)^2, which the constraint fixes, keeps two equal and opposite players solvable.
        let constant = weights.iter().sum::<f64>() / 2.0;
        for i in 0..n {
            (0..=i).for_each(|j| gram[i * n + j] += constant - (alone[i] + alone[j]) / 2.0);
        }
        let gram = Cholesky::new(gram, n)?;
        let mut along = vec![1.0; n];
        gram.solve(std::slice::from_mut(&mut along));
        let sum: f64 = along.iter().sum();
        along.iter_mut().for_each(|a| *a /= sum);
        Some(LeastSquares { gram, along })
    }

    /// From moments to solutions whose entries add up to `whole`, in place.
    pub(super) fn solve(&self, many: &mut [Vec<f64>], whole: f64) {
        self.gram.solve(many);
        for solution in many {
            let missing = whole - solution.iter().sum::<f64>();
            solution.iter_mut().zip(&self.along).for_each(|(x, a)| *x += missing * a);
        }
    }

    /// Leverages: the mean over each size from 1 of `w_p x_p'M x_p / 4`: the mean square of `x_p'y` for y with covariance M.
    pub(super) fn leverages(&self, members: &[Vec<usize>], weights: &[f64], sizes: usize) -> Vec<f64> {
        let n = self.along.len();
        let mut draw = SplitMix64::new(members.len() as u64);
        let mut sums = vec![(0.0, 0_usize); sizes];
        for _ in 0..PROBES {
            let mut y: Vec<f64> = (0..n).map(|_| draw.sign()).collect();
            self.gram.backward(std::slice::from_mut(&mut y));
            let off: f64 = y.iter().sum();
            y.iter_mut().zip(&self.along).for_each(|(y, a)| *y -= off * a);
            for (m, w) in members.iter().zip(weights) {
                let (sum, count) = &mut sums[m.len() - 1];
                *sum += w * signed_sum(&y, m).powi(2) / 4.0;
                *count += 1;
            }
        }
        sums.into_iter().map(|(sum, count)| (sum / count.max(1) as f64).min(0.9)).collect()
    }
}

/// Adds `by * x`, x the signs of a coalition.
pub(super) fn add_signs(to: &mut [f64], members: &[usize], by: f64) {
    to.iter_mut().for_each(|t| *t -= by);
    members.iter().for_each(|&i| to[i] += 2.0 * by);
}

/// `x'a`.
pub(super) fn signed_sum(a: &[f64], members: &[usize]) -> f64 {
    2.0 * members.iter().map(|&i| a[i]).sum::<f64>() - a.iter().sum::<f64>()
}
