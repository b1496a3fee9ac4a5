//! Least angle regression and the lasso, on a Gram matrix: which columns matter.
//!
//! From nothing, the coefficients move along the direction that has the same angle with every active column, until one
//! more column is as correlated with the residual: it becomes active. The lasso drops a column whose coefficient reaches 0.
//! As the selection of the shap package rests on scikit-learn, so do the small rules here: a path ends once the
//! correlation a row is below the precision of 32-bit floats, and plain least angle regression takes no new column in the
//! step after a coefficient changed its sign (whose direction it then turns).
//! Complexity: n^2 a step and n k^2 / 2 in all to keep a factor of k active columns.
//! Sources: Efron, Hastie, Johnstone, Tibshirani 2004; Friedman, Hastie, Tibshirani 2010 (coordinate descent); Fercoq,
//! Gramfort, Salmon 2015 (duality gap, screening); Zou, Hastie, Tibshirani 2007 (degrees of freedom).

use crate::linalg::{Cholesky, dot};
use std::slice::from_mut;

/// A path ends below this correlation a row.
const END: f64 = f32::EPSILON as f64;
/// Most steps of a lasso path.
const MOST_STEPS: usize = 500;
/// Sweeps and relative precision of coordinate descent.
const SWEEPS: usize = 1000;
const PRECISION: f64 = 1e-4;

/// A least squares problem by its moments. `gram` has as many rows and columns as `cross` entries; else there are panics.
#[derive(Debug, Clone)]
pub struct Moments {
    /// `A'A`, row-major.
    pub gram: Vec<f64>,
    /// `A'y`.
    pub cross: Vec<f64>,
    /// `y'y`.
    pub square: f64,
    /// Rows of A.
    pub rows: usize,
}

/// Which information criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criterion {
    /// Akaike 1974: 2 a column.
    Akaike,
    /// Schwarz 1978: the logarithm of the number of rows a column.
    Bayes,
}

impl Moments {
    fn columns(&self) -> usize {
        self.cross.len()
    }

    /// The correlations of the columns with the residual.
    fn correlations(&self, coefficients: &[f64]) -> Vec<f64> {
        let n = self.columns();
        (0..n).map(|i| self.cross[i] - dot(&self.gram[i * n..(i + 1) * n], coefficients)).collect()
    }

    /// `|y - A c|^2`.
    fn residual(&self, coefficients: &[f64]) -> f64 {
        let left = self.correlations(coefficients);
        (self.square - dot(coefficients, &self.cross) - dot(coefficients, &left)).max(0.0)
    }

    /// The columns that `steps` steps of least angle regression make active, in their order.
    pub fn least_angle(&self, steps: usize) -> Vec<usize> {
        self.path(steps, false).1
    }

    /// The columns of the lasso of least information criterion.
    pub fn least_criterion(&self, criterion: Criterion) -> Vec<usize> {
        let n = self.columns();
        let (path, _) = self.path(MOST_STEPS, true);
        let mut full = self.cross.clone();
        let least = match Cholesky::new(self.gram.clone(), n) {
            Some(factor) => {
                factor.solve(from_mut(&mut full));
                self.residual(&full)
            }
            None => path.last().map_or(self.square, |c| self.residual(c)),
        };
        let noise = (least / (self.rows.saturating_sub(n + 1)).max(1) as f64).max(f64::MIN_POSITIVE);
        let price = match criterion {
            Criterion::Akaike => 2.0,
            Criterion::Bayes => (self.rows as f64).ln(),
        };
        let worth = |c: &Vec<f64>| self.residual(c) / noise + price * nonzero(c).len() as f64;
        let best = path.iter().map(|c| (worth(c), c)).reduce(|a, b| if b.0 < a.0 { b } else { a });
        best.map_or_else(Vec::new, |(_, c)| nonzero(c))
    }

    /// The columns of the lasso `|y - A c|^2 / 2 + rows * alpha * |c|_1`, by coordinate descent.
    pub fn lasso(&self, alpha: f64) -> Vec<usize> {
        let n = self.columns();
        let alpha = alpha * self.rows as f64;
        let mut c = vec![0.0; n];
        let mut open: Vec<usize> = (0..n).filter(|&i| self.gram[i * n + i] > 0.0).collect();
        for sweep in 0..=SWEEPS {
            let mut largest = (0.0_f64, 0.0_f64);
            if sweep > 0 {
                for &i in &open {
                    let row = &self.gram[i * n..(i + 1) * n];
                    let before = c[i];
                    let pull = self.cross[i] - dot(row, &c) + before * row[i];
                    c[i] = pull.signum() * (pull.abs() - alpha).max(0.0) / row[i];
                    largest = (largest.0.max((c[i] - before).abs()), largest.1.max(c[i].abs()));
                }
                if largest.1 > 0.0 && largest.0 / largest.1 > PRECISION && sweep < SWEEPS {
                    continue;
                }
            }
            let left = self.correlations(&c);
            let most = left.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
            let feasible = if most > alpha { alpha / most } else { 1.0 };
            let (residual, fit) = (self.residual(&c), self.square - dot(&c, &self.cross));
            let size: f64 = c.iter().map(|x| x.abs()).sum();
            let gap = (1.0 + feasible * feasible) / 2.0 * residual + alpha * size - feasible * fit;
            if gap <= PRECISION * self.square {
                break;
            }
            // Columns that cannot be active within the gap are left out.
            let radius = (2.0 * gap.abs()).sqrt() / alpha;
            open.retain(|&i| {
                let stays = (1.0 - left[i].abs() / alpha.max(most)) / self.gram[i * n + i].sqrt() <= radius;
                if !stays {
                    c[i] = 0.0;
                }
                stays
            });
        }
        (0..n).filter(|&i| c[i] != 0.0).collect()
    }

    /// Coefficients after each step, and the active columns at the end.
    fn path(&self, steps: usize, lasso: bool) -> (Vec<Vec<f64>>, Vec<usize>) {
        let n = self.columns();
        let mut c = vec![0.0; n];
        let mut path = vec![c.clone()];
        let (mut active, mut signs): (Vec<usize>, Vec<f64>) = (Vec::new(), Vec::new());
        let mut barred = vec![false; n];
        let (mut crossed, mut last) = (false, f64::INFINITY);
        let mut left = self.cross.clone();
        while path.len() <= steps && active.len() < n {
            let free = (0..n).filter(|i| !active.contains(i) && !barred[*i]);
            let Some(next) = free.reduce(|a, b| if left[b].abs() > left[a].abs() { b } else { a }) else {
                break;
            };
            let most = left[next].abs();
            if most / self.rows as f64 <= END {
                break;
            }
            if !crossed {
                active.push(next);
                signs.push(left[next].signum());
                if self.factor(&active).is_none() {
                    // The column repeats active ones.
                    active.pop();
                    signs.pop();
                    barred[next] = true;
                    continue;
                }
            }
            if lasso && path.len() > 1 && most > last {
                break;
            }
            last = most;
            let Some(factor) = self.factor(&active) else { break };
            let mut direction = signs.clone();
            factor.solve(from_mut(&mut direction));
            let norm = dot(&direction, &signs).sqrt().recip();
            direction.iter_mut().for_each(|d| *d *= norm);
            let along =
                |i: usize| active.iter().zip(&direction).map(|(&j, d)| self.gram[i * n + j] * d).sum::<f64>();
            let mut step = most / norm;
            for i in (0..n).filter(|i| !active.contains(i) && !barred[*i]) {
                let with = along(i);
                for reach in [(most - left[i]) / (norm - with), (most + left[i]) / (norm + with)] {
                    if reach > 0.0 && reach < step {
                        step = reach;
                    }
                }
            }
            // Where a coefficient reaches 0.
            let zeros = active.iter().zip(&direction).map(|(&j, d)| -c[j] / d);
            let zero = zeros.enumerate().filter(|z| z.1 > 0.0).reduce(|a, b| if b.1 < a.1 { b } else { a });
            crossed = zero.is_some_and(|z| z.1 < step);
            if let (true, Some((k, at))) = (crossed, zero) {
                signs[k] = -signs[k];
                step = if lasso { at } else { step };
            }
            active.iter().zip(&direction).for_each(|(&j, d)| c[j] += step * d);
            if let (true, true, Some((k, _))) = (lasso, crossed, zero) {
                c[active.remove(k)] = 0.0;
                signs.remove(k);
            }
            left = self.correlations(&c);
            path.push(c.clone());
        }
        (path, active)
    }

    fn factor(&self, active: &[usize]) -> Option<Cholesky> {
        let (n, k) = (self.columns(), active.len());
        let entries = active.iter().flat_map(|&i| active.iter().map(move |&j| self.gram[i * n + j]));
        Cholesky::new(entries.collect(), k)
    }
}

fn nonzero(coefficients: &[f64]) -> Vec<usize> {
    (0..coefficients.len()).filter(|&i| coefficients[i].abs() > f64::EPSILON).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Orthogonal columns of length 1: the lasso is the soft threshold of `A'y`.
    fn orthogonal() -> Moments {
        Moments {
            gram: vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
            cross: vec![0.5, -3.0, 1.0],
            square: 10.5,
            rows: 10,
        }
    }

    #[test]
    fn orthogonal_columns_come_by_their_size() {
        assert_eq!(orthogonal().least_angle(2), [1, 2]);
        assert_eq!(orthogonal().least_angle(9), [1, 2, 0]);
        assert_eq!(orthogonal().lasso(0.07), [1, 2]);
        assert_eq!(orthogonal().lasso(0.2), [1]);
        // With a residual of 0.25 over six degrees of freedom, 2 a column is worth it for all but the smallest.
        assert_eq!(orthogonal().least_criterion(Criterion::Akaike), [0, 1, 2]);
    }

    #[test]
    fn a_repeated_column_stays_out() {
        let twice = Moments { gram: vec![1.0; 4], cross: vec![2.0, 2.0], square: 5.0, rows: 4 };
        assert_eq!(twice.least_angle(2), [0]);
    }
}
