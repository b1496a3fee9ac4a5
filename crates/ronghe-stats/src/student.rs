//! How far standard errors of few samples must reach.

/// What a standard error from so many degrees of freedom is multiplied with, so that 1.96 of them are Student's 95 % interval:
/// `t(0.975, free) / 1.96`, from a table up to 4 and by Cornish and Fisher's series (1938) above, within 1 %. 0 degrees of freedom
/// count as 1.
///
/// ```
/// // t(0.975, 10) = 2.228
/// assert!((1.96 * ronghe_stats::student::reach(10) - 2.228).abs() < 0.02);
/// ```
pub fn reach(free: usize) -> f64 {
    const FEW: [f64; 4] = [6.4827, 2.1953, 1.6237, 1.4165];
    let n = free.max(1) as f64;
    FEW.get(free.max(1) - 1).copied().unwrap_or(1.0 + 1.2104 / n + 1.4352 / (n * n))
}

#[cfg(test)]
mod tests {
    use super::reach;

    #[test]
    fn as_in_tables_of_t() {
        for (free, t) in [(1, 12.706), (4, 2.776), (5, 2.571), (10, 2.228), (30, 2.042), (1000, 1.962)] {
            assert!((reach(free) * 1.96 / t - 1.0).abs() < 0.01, "{free}");
        }
    }
}
