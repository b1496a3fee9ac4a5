//! Figures as people read them: as many digits as mean something, a real minus sign, thousands apart.

/// Digits after the point for figures whose largest is `largest`: three to four significant ones.
pub(super) fn decimals(largest: f64) -> usize {
    if largest == 0.0 || !largest.is_finite() {
        return 3;
    }
    let exponent = largest.abs().log10().floor() as i32;
    let digits = if exponent < 0 { 2 - exponent } else { 3 - exponent };
    digits.clamp(0, 6) as usize
}

/// A figure with so many digits after the point.
pub(super) fn plain(value: f64, decimals: usize) -> String {
    let digits = format!("{:.decimals$}", value.abs());
    let sign =
        if value < 0.0 && digits.bytes().any(|b| (b'1'..=b'9').contains(&b)) { "\u{2212}" } else { "" };
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut out = sign.to_owned();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 && whole.len() > 3 {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

/// A change: with its sign, unless it rounds to nothing.
pub(super) fn signed(value: f64, decimals: usize) -> String {
    let shown = plain(value, decimals);
    let nothing = shown.bytes().all(|b| !(b'1'..=b'9').contains(&b));
    if value > 0.0 && !nothing { format!("+{shown}") } else { shown }
}

/// A standard error beside a figure with so many digits; never a bare zero, for only exact values have none.
pub(super) fn error(value: f64, decimals: usize) -> String {
    let least = 10_f64.powi(-(decimals as i32));
    if value < least { format!("<{}", plain(least, decimals)) } else { plain(value, decimals) }
}

/// Digits after the point that tell ticks a step apart.
pub(super) fn step_decimals(ticks: &[f64]) -> usize {
    let step = ticks.windows(2).map(|t| t[1] - t[0]).next().unwrap_or(1.0);
    (-(step * 1.000_001).log10().floor()).clamp(0.0, 6.0) as usize
}

/// A count.
pub(super) fn count(value: usize) -> String {
    plain(value as f64, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_follow_the_size() {
        let shown = |v: f64| plain(v, decimals(v));
        assert_eq!(shown(0.85349), "0.853");
        assert_eq!(shown(0.0123), "0.0123");
        assert_eq!(shown(35.126), "35.13");
        assert_eq!(shown(-1_234_567.8), "\u{2212}1,234,568");
        assert_eq!(shown(1234.5), "1,234");
        assert_eq!(plain(-0.0001, 2), "0.00");
        assert_eq!((error(0.0001, 3), error(0.02, 3)), ("<0.001".into(), "0.020".into()));
        assert_eq!((step_decimals(&[0.4, 0.6]), step_decimals(&[5.0, 10.0])), (1, 0));
        assert_eq!(
            (signed(0.2, 1), signed(0.001, 1), signed(-3.0, 0)),
            ("+0.2".into(), "0.0".into(), "\u{2212}3".into())
        );
    }
}
