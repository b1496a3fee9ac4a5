//! What a sample in which nothing varied may have missed.
//!
//! `error = span * sqrt(2 / ((K + 2)(K + 3)))`, `K = looks * (sum of |phi|)^2 / sum of phi^2`
//!
//! Equal samples do not prove that there is nothing else: the one coalition in which a vote turns may be among the unseen. After K
//! looks without an exception the chance of one has, by Laplace's rule of succession, the law Beta(1, K + 1), whose mean square is
//! `2 / ((K + 2)(K + 3))`; an exception may move a share by the span of the shares (zero included). A look tells as much as there
//! are players who share evenly: if one player gets all, it says so once; if twelve get their own, twelve times. So additive games of
//! many players settle at once. Where nobody gets anything the error is 0. Source: Laplace 1774 (rule of succession).

/// Errors up to this share of the span are rounding.
const ROUNDING: f64 = 1e-6;

/// Raises the standard errors (`[player][output]`, as are the `shares`) of outputs where all of them are nothing to what so many
/// `looks` leave open.
pub(super) fn raise(shares: &[Vec<f64>], errors: &mut [Vec<f64>], looks: usize) {
    for k in 0..shares.first().map_or(0, Vec::len) {
        let of = || shares.iter().map(|s| s[k]);
        let span = of().fold(0.0, f64::max) - of().fold(0.0, f64::min);
        if span == 0.0 || errors.iter().any(|e| e[k] > ROUNDING * span) {
            continue;
        }
        let (sum, squares) = of().fold((0.0, 0.0), |(sum, squares), s| (sum + s.abs(), squares + s * s));
        let known = looks as f64 * sum * sum / squares;
        let open = span * (2.0 / ((known + 2.0) * (known + 3.0))).sqrt();
        errors.iter_mut().for_each(|e| e[k] = open);
    }
}

#[cfg(test)]
mod tests {
    use super::raise;

    #[test]
    fn equal_samples_are_no_proof_but_many_players_soon_are() {
        let of = |shares: &[f64], error: f64, looks: usize| {
            let shares: Vec<Vec<f64>> = shares.iter().map(|&s| vec![s, 0.0]).collect();
            let mut errors = vec![vec![error, 0.0]; shares.len()];
            raise(&shares, &mut errors, looks);
            assert!(errors.iter().all(|e| e[0] == errors[0][0] && e[1] == 0.0));
            errors[0][0]
        };
        // One player gets all in two looks: sqrt(2 / (4 * 5)).
        assert!((of(&[1.0, 0.0, 0.0], 0.0, 2) - 0.1_f64.sqrt()).abs() < 1e-15);
        assert!(of(&[1.0; 12], 0.0, 16) < 0.01);
        assert_eq!((of(&[0.0, 0.0], 0.0, 2), of(&[1.0, 0.0], 0.1, 2)), (0.0, 0.1));
    }
}
