//! 95 % interval of a proportion (Wilson 1927): with `p = k / n`, `z = 1.96`,
//! `(p + z²/2n ± z sqrt(p (1 - p) / n + z²/4n²)) / (1 + z²/n)`. Right at the edges, where the normal interval fails.

const Z: f64 = 1.959_963_984_540_054;

/// Wilson's 95 % interval for `right` of `rows`.
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

#[cfg(test)]
mod tests {
    use super::wilson;

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
