//! Which players a lasso on the doubled rows selects.

use super::Selection;
use super::design::Row;
use ronghe_stats::lars::{Criterion, Moments};

/// The players selected, in any order.
pub(super) fn select(selection: Selection, rows: &[Row], n: usize, whole: f64) -> Vec<usize> {
    match selection {
        Selection::All | Selection::Auto => (0..n).collect(),
        Selection::Count(count) => moments(rows, n, whole).0.least_angle(count),
        Selection::Akaike => standardised(rows, n, whole).least_criterion(Criterion::Akaike),
        Selection::Bayes => standardised(rows, n, whole).least_criterion(Criterion::Bayes),
        Selection::Penalty(alpha) => {
            let (moments, means, mean) = moments(rows, n, whole);
            centred(moments, &means, mean).lasso(alpha)
        }
    }
}

/// The moments of the doubled rows, and the means of their columns and values: a coalition of s members m with rise y
/// and weight w gives `sqrt(w (n - s)) (m, y)` and `sqrt(w s) (m - 1, y - whole)`.
fn moments(rows: &[Row], n: usize, whole: f64) -> (Moments, Vec<f64>, f64) {
    let (mut gram, mut cross, mut square) = (vec![0.0; n * n], vec![0.0; n], 0.0);
    let (mut outside, mut outside_cross, mut constant) = (vec![0.0; n], 0.0, 0.0);
    let (mut means, mut mean) = (vec![0.0; n], 0.0);
    for row in rows {
        let s = row.members.len() as f64;
        let (inner, outer) = (row.weight * (n as f64 - s), row.weight * s);
        for (k, &i) in row.members.iter().enumerate() {
            row.members[..=k].iter().for_each(|&j| gram[i * n + j] += inner + outer);
            outside[i] += outer;
            cross[i] += inner * row.rise + outer * (row.rise - whole);
        }
        constant += outer;
        outside_cross += outer * (row.rise - whole);
        square += inner * row.rise.powi(2) + outer * (row.rise - whole).powi(2);
        // A complement's doubled rows are these with the other sign.
        let sign = if row.turned { -1.0 } else { 1.0 };
        let (inner, outer) = (sign * inner.sqrt(), sign * outer.sqrt());
        row.members.iter().for_each(|&i| means[i] += inner + outer);
        means.iter_mut().for_each(|m| *m -= outer);
        mean += inner * row.rise + outer * (row.rise - whole);
    }
    for i in 0..n {
        cross[i] -= outside_cross;
        for j in 0..=i {
            gram[i * n + j] += constant - outside[i] - outside[j];
            gram[j * n + i] = gram[i * n + j];
        }
    }
    let count = 2 * rows.len();
    means.iter_mut().for_each(|m| *m /= count as f64);
    (Moments { gram, cross, square, rows: count }, means, mean / count as f64)
}

/// With the means taken off.
fn centred(mut moments: Moments, means: &[f64], mean: f64) -> Moments {
    let (n, rows) = (means.len(), moments.rows as f64);
    for i in 0..n {
        (0..n).for_each(|j| moments.gram[i * n + j] -= rows * means[i] * means[j]);
        moments.cross[i] -= rows * means[i] * mean;
    }
    moments.square -= rows * mean * mean;
    moments
}

/// With the means taken off and columns of unit variance.
fn standardised(rows: &[Row], n: usize, whole: f64) -> Moments {
    let (moments, means, mean) = moments(rows, n, whole);
    let mut moments = centred(moments, &means, mean);
    let scale: Vec<f64> = (0..n)
        .map(|i| (moments.gram[i * n + i] / moments.rows as f64).sqrt())
        .map(|deviation| if deviation > 0.0 { deviation } else { 1.0 })
        .collect();
    for i in 0..n {
        (0..n).for_each(|j| moments.gram[i * n + j] /= scale[i] * scale[j]);
        moments.cross[i] /= scale[i];
    }
    moments
}
