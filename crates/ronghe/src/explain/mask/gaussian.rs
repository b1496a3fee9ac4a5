//! Hidden numbers that go with the shown ones.
//!
//! With x the explained row, b a background row, S the shown and H the hidden columns, all in standard units of the background:
//!
//! `x_H = b_H + R_HS R_SS^-1 (x_S - b_S)`
//!
//! For b drawn from a Gaussian of covariance R this is a draw from the conditional distribution of the hidden columns given the
//! shown ones: the conditional mean, and the row's own residual, so that row b stays row b in all other columns. R is
//! the correlation of the background, shrunk towards the identity by the oracle approximating share
//! `((1 - 2/d) tr R^2 + d^2) / ((n + 1 - 2/d) (tr R^2 - d))`, d columns, n rows. A missing cell counts as the mean; a
//! constant column goes with none. `O(d^3 + n d^2)` a set of shown columns.
//! Sources: Matheron 1963 (conditioning by the residual); Aas, Jullum, Løland 2021; Chen, Wiesel, Eldar, Hero 2010.

use ronghe_stats::linalg::Cholesky;

/// Numbers of the explained row and of the background, in standard units.
pub(in crate::explain) struct Gaussian {
    means: Vec<f64>,
    scales: Vec<f64>,
    correlation: Vec<Vec<f64>>,
    row: Vec<f64>,
    /// `[row][column]`
    background: Vec<Vec<f64>>,
}

impl Gaussian {
    /// `columns[i]` are the background's cells of the column whose cell in the explained row is `row[i]`.
    pub(in crate::explain) fn new(row: &[f64], columns: &[Vec<Option<f64>>]) -> Gaussian {
        let rows = columns.first().map_or(0, Vec::len);
        let (mut means, mut scales) = (Vec::new(), Vec::new());
        for cells in columns {
            let known: Vec<f64> = cells.iter().flatten().copied().collect();
            let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
            let variance = known.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / rows.max(1) as f64;
            means.push(mean);
            scales.push(if variance > 0.0 { variance.sqrt() } else { 1.0 });
        }
        let standard = |i: usize, v: f64| (v - means[i]) / scales[i];
        let background: Vec<Vec<f64>> = (0..rows)
            .map(|r| (0..columns.len()).map(|i| columns[i][r].map_or(0.0, |v| standard(i, v))).collect())
            .collect();
        let row = row.iter().enumerate().map(|(i, &v)| standard(i, v)).collect();
        let correlation = shrunk(&background, columns.len());
        Gaussian { means, scales, correlation, row, background }
    }

    /// What stands in for each hidden column, in order: a number a background row.
    pub(in crate::explain) fn hidden(&self, shown: &[bool]) -> Vec<Vec<f64>> {
        let of = |wanted: bool| (0..shown.len()).filter(|&i| shown[i] == wanted).collect::<Vec<usize>>();
        let (seen, hidden) = (of(true), of(false));
        let kept = |line: usize| seen.iter().map(move |&i| self.correlation[line][i]);
        let matrix = seen.iter().flat_map(|&line| kept(line)).collect();
        let unlike = |other: &Vec<f64>| seen.iter().map(|&i| self.row[i] - other[i]).collect();
        let mut differences: Vec<Vec<f64>> = self.background.iter().map(unlike).collect();
        match Cholesky::new(matrix, seen.len()) {
            Some(factor) => factor.solve(&mut differences),
            // Numbers beyond all bounds have no correlation: the background's rows stay as they are.
            None => differences.iter_mut().for_each(|d| d.fill(0.0)),
        }
        let mut found = vec![Vec::with_capacity(self.background.len()); hidden.len()];
        for (other, difference) in self.background.iter().zip(&differences) {
            for (&h, into) in hidden.iter().zip(&mut found) {
                let drawn: f64 = kept(h).zip(difference).map(|(r, d)| r * d).sum();
                into.push((other[h] + drawn) * self.scales[h] + self.means[h]);
            }
        }
        found
    }
}

/// The correlation of columns in standard units, shrunk.
fn shrunk(background: &[Vec<f64>], columns: usize) -> Vec<Vec<f64>> {
    let (n, d) = (background.len() as f64, columns as f64);
    let product = |i: usize, j: usize| background.iter().map(|r| r[i] * r[j]).sum::<f64>() / n.max(1.0);
    let mut found: Vec<Vec<f64>> = (0..columns)
        .map(|i| (0..columns).map(|j| if i == j { 1.0 } else { product(i, j) }).collect())
        .collect();
    let squares: f64 = found.iter().flatten().map(|v| v * v).sum();
    let share = ((1.0 - 2.0 / d) * squares + d * d) / ((n + 1.0 - 2.0 / d) * (squares - d));
    // A little is always shrunk, so that the factorisation exists.
    let share = if share.is_finite() && share > 0.0 { share.clamp(1e-6, 1.0) } else { 1.0 };
    for (i, line) in found.iter_mut().enumerate() {
        line.iter_mut().enumerate().filter(|(j, _)| *j != i).for_each(|(_, v)| *v *= 1.0 - share);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random and are not.
    fn noise(i: usize, salt: usize) -> f64 {
        let mixed = ((i * 7919 + salt * 104_729 + 1) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (0..4).map(|k| (mixed.rotate_left(k * 16) >> 11) as f64 / (1_u64 << 53) as f64 - 0.5).sum::<f64>()
            * 1.73
    }

    #[test]
    fn a_hidden_column_goes_with_the_shown_one() {
        // b = 3 a + noise of a tenth; c has nothing to do with either.
        let a: Vec<f64> = (0..500).map(|i| noise(i, 1)).collect();
        let b: Vec<f64> = a.iter().enumerate().map(|(i, a)| 3.0 * a + 0.1 * noise(i, 2)).collect();
        let c: Vec<f64> = (0..500).map(|i| 10.0 + noise(i, 3)).collect();
        let known = |v: &[f64]| v.iter().copied().map(Some).collect::<Vec<_>>();
        let game = Gaussian::new(&[1.5, 0.0, 10.0], &[known(&a), known(&b), known(&c)]);
        let found = game.hidden(&[true, false, false]);
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        let sd = |v: &[f64]| (v.iter().map(|x| (x - mean(v)).powi(2)).sum::<f64>() / v.len() as f64).sqrt();
        assert!((mean(&found[0]) - 4.5).abs() < 0.1, "{}", mean(&found[0]));
        assert!(sd(&found[0]) < 0.25 * sd(&b), "{}", sd(&found[0]));
        assert!((mean(&found[1]) - 10.0).abs() < 0.2 && (sd(&found[1]) / sd(&c) - 1.0).abs() < 0.05);
        // With nothing shown the background's own rows come back.
        let all = game.hidden(&[false; 3]);
        assert!(all[1].iter().zip(&b).all(|(x, y)| (x - y).abs() < 1e-9));
    }

    #[test]
    fn few_rows_constant_and_missing_cells_are_safe() {
        let columns = [vec![Some(2.0), None], vec![Some(5.0), Some(5.0)], vec![None, None]];
        let found = Gaussian::new(&[1.0, 9.0, 3.0], &columns).hidden(&[true, false, false]);
        assert_eq!(found[0], [5.0, 5.0]);
        assert!(found.iter().flatten().all(|v| v.is_finite()));
        assert!(Gaussian::new(&[1.0], &[vec![Some(1.0)]]).hidden(&[false])[0][0].is_finite());
    }
}
