//! 95 % intervals of a proportion and of paired differences.
//!
//! A proportion (Wilson 1927): with `p = k / n`, `z = 1.96`,
//! `(p + z²/2n ± z sqrt(p (1 - p) / n + z²/4n²)) / (1 + z²/n)`. Right at the edges, where the normal interval fails.

const Z: f64 = 1.959_963_984_540_054;

/// Wilson's 95 % interval for `right` of `rows`; all there is without rows.
///
/// ```
/// let (low, high) = ronghe_stats::interval::wilson(81, 263);
/// assert!((low - 0.2553).abs() < 1e-4 && (high - 0.3662).abs() < 1e-4);
/// ```
pub fn wilson(right: usize, rows: usize) -> (f64, f64) {
    if rows == 0 {
        return (0.0, 1.0);
    }
    let n = rows as f64;
    let p = right as f64 / n;
    let middle = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    (((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0))
}

/// How much more often `a` is right than `b` on the same rows, and the 95 % interval of that: with `d_i` = 1, 0 or -1, the mean
/// `d` and 1.96 standard errors of the mean. `None` without rows, or where the rows are not the same.
pub fn paired(a: &[bool], b: &[bool]) -> Option<(f64, (f64, f64))> {
    let numbers = |right: &[bool]| right.iter().map(|&r| f64::from(u8::from(r))).collect::<Vec<f64>>();
    paired_means(&numbers(a), &numbers(b))
}

/// The mean difference of `a` less `b` on the same rows, and its 95 % interval. `None` without rows, or where the rows are not
/// the same.
pub fn paired_means(a: &[f64], b: &[f64]) -> Option<(f64, (f64, f64))> {
    if a.len() != b.len() || a.is_empty() {
        return None;
    }
    let n = a.len() as f64;
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let mean = differences.iter().sum::<f64>() / n;
    let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    let half = Z * (variance / n).sqrt();
    Some((mean, (mean - half, mean + half)))
}

#[cfg(test)]
mod tests {
    use super::{paired, wilson};

    #[test]
    fn paired_differences_by_hand() {
        let (mean, (low, high)) = paired(&[true, true, true, false], &[true, false, true, true]).unwrap();
        let half = 1.959_963_984_540_054 * (2.0 / 3.0f64 / 4.0).sqrt();
        assert!(mean == 0.0 && (low + half).abs() < 1e-12 && (high - half).abs() < 1e-12);
        assert_eq!((paired(&[], &[]), paired(&[true], &[])), (None, None));
    }

    #[test]
    fn wilson_matches_published_values() {
        // Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
        for (right, rows, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let (a, b) = wilson(right, rows);
            assert!((a - low).abs() < 6e-5 && (b - high).abs() < 6e-5, "{right}/{rows}: {a} {b}");
        }
    }
}
