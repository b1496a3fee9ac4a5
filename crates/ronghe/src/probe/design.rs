//! The rows that a linear model is fitted to or asked about, in f64, with the two products that both need.
//!
//! ```text
//! scores    Z = X W + 1 b     [n, k]      n k d multiplications
//! slopes    G = X^T R         [d, k]      the same
//! ```
//! n rows, d columns, k outputs rounded up to a multiple of 4. Dense rows are standardised by the training rows' mean and
//! deviation, a column that never changes becomes zero; sparse rows stay as they are, of length one. Scores are shared out
//! by rows, slopes by columns: every sum runs over its terms in one order, whoever computes it.

use super::Features;
use rayon::prelude::*;

/// Outputs side by side in registers.
pub(super) const LANES: usize = 4;
/// Rows of a block of scores.
const ROWS: usize = 64;
/// Columns of a block of slopes.
const COLUMNS: usize = 64;

/// What makes columns comparable.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scaler {
    mean: Vec<f64>,
    /// One over the deviation; 0 for a column without one.
    inverse: Vec<f64>,
}

/// Rows ready for products.
pub(super) struct Design {
    rows: usize,
    width: usize,
    cells: Cells,
}

enum Cells {
    Dense(Vec<f64>),
    Sparse {
        by_row: Vec<Vec<(u32, f64)>>,
        /// The same entries: rows and values of each column.
        by_column: Vec<Vec<(u32, f64)>>,
    },
}

impl Scaler {
    /// Mean and deviation of each column over `rows`; nothing to do for sparse features.
    pub(super) fn new(features: &Features, rows: &[usize]) -> Scaler {
        let Features::Dense { width, values } = features else {
            return Scaler { mean: Vec::new(), inverse: Vec::new() };
        };
        let n = rows.len().max(1) as f64;
        let row = |r: usize| &values[r * width..][..*width];
        let mut mean = vec![0.0; *width];
        for &r in rows {
            mean.iter_mut().zip(row(r)).for_each(|(m, &v)| *m += f64::from(v) / n);
        }
        let mut inverse = vec![0.0; *width];
        for &r in rows {
            let each = inverse.iter_mut().zip(&mean).zip(row(r));
            each.for_each(|((s, m), &v)| *s += (f64::from(v) - m).powi(2) / n);
        }
        for (s, m) in inverse.iter_mut().zip(&mean) {
            let deviation = s.sqrt();
            // What is left of a constant after rounding is no deviation.
            *s = if deviation > 1e-7 * m.abs().max(1e-30) { 1.0 / deviation } else { 0.0 };
        }
        Scaler { mean, inverse }
    }
}

impl Design {
    /// The chosen rows of `features`.
    pub(super) fn new(features: &Features, rows: &[usize], scaler: &Scaler) -> Design {
        let width = features.width();
        let cells = match features {
            Features::Dense { values, .. } => {
                let mut cells = vec![0.0; rows.len() * width];
                cells.par_chunks_mut(width.max(1)).zip(rows).for_each(|(out, &r)| {
                    let scale = scaler.mean.iter().zip(&scaler.inverse);
                    for ((out, &v), (mean, inverse)) in out.iter_mut().zip(&values[r * width..]).zip(scale) {
                        *out = (f64::from(v) - mean) * inverse;
                    }
                });
                Cells::Dense(cells)
            }
            Features::Sparse { rows: all, .. } => {
                let entry = |&(column, value): &(u32, f32)| (column, f64::from(value));
                let by_row: Vec<Vec<(u32, f64)>> =
                    rows.iter().map(|&r| all[r].iter().map(entry).collect()).collect();
                let mut by_column = vec![Vec::new(); width];
                for (row, entries) in (0u32..).zip(&by_row) {
                    entries.iter().for_each(|&(column, value)| by_column[column as usize].push((row, value)));
                }
                Cells::Sparse { by_row, by_column }
            }
        };
        Design { rows: rows.len(), width, cells }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Mean over the rows of their squared length.
    pub(super) fn mean_square(&self) -> f64 {
        let sum: f64 = match &self.cells {
            Cells::Dense(cells) => cells.iter().map(|v| v * v).sum(),
            Cells::Sparse { by_row, .. } => by_row.iter().flatten().map(|e| e.1 * e.1).sum(),
        };
        sum / self.rows.max(1) as f64
    }

    /// `weights[d + 1, k]` has the intercepts last; `out[n, k]`.
    pub(super) fn scores(&self, weights: &[f64], k: usize, out: &mut [f64]) {
        let (slopes, intercepts) = weights.split_at(self.width * k);
        out.par_chunks_mut(ROWS * k).enumerate().for_each(|(block, out)| match &self.cells {
            Cells::Dense(cells) => {
                let rows = &cells[block * ROWS * self.width..];
                for (i, out) in out.chunks_mut(LANES * k).enumerate() {
                    let rows = &rows[i * LANES * self.width..];
                    match out.len() / k {
                        LANES => self.dense_scores::<LANES>(rows, slopes, intercepts, k, out),
                        _ => out.chunks_mut(k).zip(rows.chunks(self.width.max(1))).for_each(|(out, row)| {
                            self.dense_scores::<1>(row, slopes, intercepts, k, out);
                        }),
                    }
                }
            }
            Cells::Sparse { by_row, .. } => {
                for (out, entries) in out.chunks_mut(k).zip(&by_row[block * ROWS..]) {
                    out.copy_from_slice(intercepts);
                    entries.iter().for_each(|&(c, v)| add(out, v, &slopes[c as usize * k..][..k]));
                }
            }
        });
    }

    /// Scores of `R` rows, four outputs at a time.
    fn dense_scores<const R: usize>(
        &self,
        rows: &[f64],
        slopes: &[f64],
        intercepts: &[f64],
        k: usize,
        out: &mut [f64],
    ) {
        let d = self.width;
        let row: [&[f64]; R] = std::array::from_fn(|r| &rows[r * d..][..d]);
        for at in (0..k).step_by(LANES) {
            let mut sums = [[0.0; LANES]; R];
            for (j, w) in slopes.chunks_exact(k).enumerate() {
                let w = &w[at..at + LANES];
                for r in 0..R {
                    (0..LANES).for_each(|l| sums[r][l] += row[r][j] * w[l]);
                }
            }
            for r in 0..R {
                (0..LANES).for_each(|l| out[r * k + at + l] = sums[r][l] + intercepts[at + l]);
            }
        }
    }

    /// `residuals[n, k]`; `out[d + 1, k]` with the intercepts' slopes last.
    pub(super) fn slopes(&self, residuals: &[f64], k: usize, out: &mut [f64]) {
        let (slopes, intercepts) = out.split_at_mut(self.width * k);
        slopes.par_chunks_mut(COLUMNS * k).enumerate().for_each(|(block, out)| {
            out.fill(0.0);
            match &self.cells {
                Cells::Dense(cells) => self.dense_slopes(cells, block * COLUMNS, residuals, k, out),
                Cells::Sparse { by_column, .. } => {
                    for (out, entries) in out.chunks_mut(k).zip(&by_column[block * COLUMNS..]) {
                        entries.iter().for_each(|&(r, v)| add(out, v, &residuals[r as usize * k..][..k]));
                    }
                }
            }
        });
        intercepts.fill(0.0);
        residuals.chunks_exact(k).for_each(|r| add(intercepts, 1.0, r));
    }

    /// Slopes of the columns from `first` on, as many as `out` has; four rows at a time.
    fn dense_slopes(&self, cells: &[f64], first: usize, residuals: &[f64], k: usize, out: &mut [f64]) {
        let (d, count) = (self.width, out.len() / k);
        let quads = self.rows / LANES;
        for quad in 0..quads {
            let base = quad * LANES;
            let row: [&[f64]; LANES] = std::array::from_fn(|r| &cells[(base + r) * d + first..][..count]);
            for at in (0..k).step_by(LANES) {
                let mut r4 = [[0.0; LANES]; LANES];
                for r in 0..LANES {
                    r4[r].copy_from_slice(&residuals[(base + r) * k + at..][..LANES]);
                }
                for (j, out) in out.chunks_exact_mut(k).enumerate() {
                    let out = &mut out[at..at + LANES];
                    for r in 0..LANES {
                        (0..LANES).for_each(|l| out[l] += row[r][j] * r4[r][l]);
                    }
                }
            }
        }
        for row in quads * LANES..self.rows {
            let residual = &residuals[row * k..][..k];
            for (out, &v) in out.chunks_exact_mut(k).zip(&cells[row * d + first..]) {
                add(out, v, residual);
            }
        }
    }
}

fn add(to: &mut [f64], factor: f64, what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(a, b)| *a += factor * b);
}

#[cfg(test)]
mod tests {
    use super::*;
    use ronghe_graph::SplitMix;

    /// Some rows, dense and the same as sparse ones.
    fn both(rows: usize, width: usize) -> (Features, Features) {
        let mut stream = SplitMix::named(5, "design");
        let mut draw = || if stream.unit() < 0.5 { 0.0 } else { stream.normal() };
        let values: Vec<f32> = (0..rows * width).map(|_| draw()).collect();
        let sparse = values
            .chunks(width)
            .map(|r| (0u32..).zip(r).filter(|e| *e.1 != 0.0).map(|(c, &v)| (c, v)).collect())
            .collect();
        (Features::Dense { width, values }, Features::Sparse { width, rows: sparse })
    }

    #[test]
    fn the_products_are_the_plain_ones() {
        for (n, d, k) in [(1, 1, 4), (7, 3, 8), (66, 70, 4), (130, 65, 12)] {
            let (dense, sparse) = both(n, d);
            let plain = Scaler { mean: vec![0.0; d], inverse: vec![1.0; d] };
            let chosen: Vec<usize> = (0..n).rev().collect();
            let mut stream = SplitMix::named(6, "weights");
            let weights: Vec<f64> = (0..(d + 1) * k).map(|_| f64::from(stream.normal())).collect();
            let residuals: Vec<f64> = (0..n * k).map(|_| f64::from(stream.normal())).collect();
            for features in [&dense, &sparse] {
                let design = Design::new(features, &chosen, &plain);
                let (mut z, mut g) = (vec![9.0; n * k], vec![9.0; (d + 1) * k]);
                design.scores(&weights, k, &mut z);
                design.slopes(&residuals, k, &mut g);
                let mut row = vec![0.0; d];
                let mut slopes = vec![0.0; (d + 1) * k];
                for (i, &r) in chosen.iter().enumerate() {
                    features.write(r, &mut row);
                    for l in 0..k {
                        let column = |j: usize| row.get(j).map_or(1.0, |&v| f64::from(v));
                        let sum: f64 = (0..=d).map(|j| column(j) * weights[j * k + l]).sum();
                        assert!((sum - z[i * k + l]).abs() < 1e-9);
                        (0..=d).for_each(|j| slopes[j * k + l] += column(j) * residuals[i * k + l]);
                    }
                }
                assert!(slopes.iter().zip(&g).all(|(a, b)| (a - b).abs() < 1e-9), "{n} {d} {k}");
            }
        }
    }

    #[test]
    fn scaling_follows_the_training_rows_alone() {
        let features = Features::Dense { width: 2, values: vec![1.0, 7.0, 3.0, 7.0, 100.0, 8.0] };
        let scaler = Scaler::new(&features, &[0, 1]);
        let Cells::Dense(cells) = Design::new(&features, &[0, 2], &scaler).cells else {
            unreachable!("dense stays dense")
        };
        assert_eq!(cells, [-1.0, 0.0, 98.0, 0.0]);
    }
}
