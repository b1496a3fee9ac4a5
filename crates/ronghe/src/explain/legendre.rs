//! Gauss-Legendre quadrature on 0 to 1.
//!
//! `integral of f = sum_j w_j f(t_j)`, exact for polynomials of degree 2 q - 1. The nodes are the zeros of the Legendre
//! polynomial `P_q`, found by Newton's method from `cos(pi (j - 1/4) / (q + 1/2))`; `w_j = 2 / ((1 - x^2) P_q'(x)^2)`, halved with the
//! interval. q^2 operations times a few steps.
//! Source: Abramowitz and Stegun, "Handbook of mathematical functions", 25.4.29, 1964.

/// Nodes in ascending order, and their weights, which sum to 1.
pub(super) fn legendre(points: usize) -> Vec<(f64, f64)> {
    let q = points as f64;
    let node = |j: usize| {
        let mut x = (std::f64::consts::PI * (j as f64 + 0.75) / (q + 0.5)).cos();
        let mut slope = 1.0;
        // Newton's method doubles the digits of a start with two or three.
        for _ in 0..8 {
            let (mut before, mut now) = (0.0, 1.0);
            for d in 1..=points {
                let d = d as f64;
                (before, now) = (now, ((2.0 * d - 1.0) * x * now - (d - 1.0) * before) / d);
            }
            slope = q * (x * now - before) / (x * x - 1.0);
            x -= now / slope;
        }
        ((1.0 - x) / 2.0, 1.0 / ((1.0 - x * x) * slope * slope))
    };
    (0..points).map(node).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_integrated_exactly() {
        for points in [1, 2, 3, 4, 8, 31, 64, 128] {
            let rule = legendre(points);
            assert!(rule.is_sorted_by(|a, b| a.0 < b.0) && rule.iter().all(|(t, _)| (0.0..1.0).contains(t)));
            for degree in [0, 1, 2, 5, 2 * points - 1].into_iter().filter(|&d| d < 2 * points) {
                let found: f64 = rule.iter().map(|(t, w)| w * t.powi(degree as i32)).sum();
                assert!((found - 1.0 / (degree as f64 + 1.0)).abs() < 1e-13, "{points} {degree}: {found}");
            }
        }
    }
}
