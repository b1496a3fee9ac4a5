//! Answers that may be withheld: how much risk is taken for how much that is answered.
//!
//! Questions are answered where the confidence is at least a threshold. Coverage = share answered; risk = mean loss (1 for
//! a wrong answer, or `1 - F1`) of those answered. The curve has a point for each confidence that occurs. The area under it is
//! `AURC = 1/n sum_{i<=n} risk of the i most confident` (Geifman & El-Yaniv 2017); among equal confidences the loss of each is
//! their mean, what a random order gives on average, so that no order of the input matters. `O(n log n)`.

use serde::Serialize;

/// A threshold and what comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// Least confidence that is answered.
    pub threshold: f64,
    /// Share of the questions that are answered.
    pub coverage: f64,
    /// Mean loss of the answers.
    pub risk: f64,
}

/// Risk against coverage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RiskCoverage {
    /// Points, coverage rising.
    pub points: Vec<Point>,
    /// Area under the curve; lower is better.
    pub area: f64,
}

impl RiskCoverage {
    /// Of pairs of confidence and loss. `None` for none, or where a number is not finite.
    pub fn new(answers: &[(f64, f64)]) -> Option<RiskCoverage> {
        if answers.is_empty() || answers.iter().any(|(c, l)| !c.is_finite() || !l.is_finite()) {
            return None;
        }
        let mut sorted = answers.to_vec();
        sorted.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.total_cmp(&b.1)));
        let n = sorted.len() as f64;
        let (mut points, mut answered, mut losses, mut area) = (Vec::new(), 0usize, 0.0, 0.0);
        for equal in sorted.chunk_by(|a, b| a.0 == b.0) {
            let mean = equal.iter().map(|(_, loss)| loss).sum::<f64>() / equal.len() as f64;
            for i in 1..=equal.len() {
                area += (losses + mean * i as f64) / (answered + i) as f64 / n;
            }
            answered += equal.len();
            losses += mean * equal.len() as f64;
            points.push(Point {
                threshold: equal[0].0,
                coverage: answered as f64 / n,
                risk: losses / answered as f64,
            });
        }
        Some(RiskCoverage { points, area })
    }

    /// The point of the least coverage that is at least `coverage`.
    pub fn at(&self, coverage: f64) -> Option<Point> {
        self.points.iter().find(|p| p.coverage >= coverage - 1e-12).copied()
    }

    /// `1 - risk` there: accuracy of the answers that are given.
    pub fn accuracy_at(&self, coverage: f64) -> Option<f64> {
        self.at(coverage).map(|point| 1.0 - point.risk)
    }
}

/// What is refused at a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Refused {
    /// Least confidence that is answered.
    pub threshold: f64,
    /// Share of the answerable questions that are answered.
    pub answered: f64,
    /// Share of the unanswerable questions that are refused.
    pub refused: f64,
}

/// Share of the unanswerable questions refused at the highest threshold that answers a share `coverage` of the answerable
/// ones, by their confidences. `None` where either is empty, `coverage` is not in (0, 1], or a number is not finite.
///
/// ```
/// let found = ronghe_knowledge::evaluate::refused(&[0.9, 0.8, 0.7, 0.2], &[0.75, 0.1, 0.3], 0.75).unwrap();
/// assert_eq!((found.threshold, found.refused), (0.7, 2.0 / 3.0));
/// ```
pub fn refused(answerable: &[f64], unanswerable: &[f64], coverage: f64) -> Option<Refused> {
    let finite = answerable.iter().chain(unanswerable).all(|c| c.is_finite());
    if answerable.is_empty() || unanswerable.is_empty() || !finite || !(coverage > 0.0 && coverage <= 1.0) {
        return None;
    }
    let mut sorted = answerable.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let needed = ((coverage * sorted.len() as f64 - 1e-9).ceil() as usize).clamp(1, sorted.len());
    let threshold = sorted[needed - 1];
    let share = |right: usize, of: usize| right as f64 / of as f64;
    Some(Refused {
        threshold,
        answered: share(sorted.iter().filter(|&&c| c >= threshold).count(), sorted.len()),
        refused: share(unanswerable.iter().filter(|&&c| c < threshold).count(), unanswerable.len()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curve_and_area() {
        let curve = RiskCoverage::new(&[(0.1, 1.0), (0.9, 0.0), (0.5, 1.0), (0.7, 0.0)]).unwrap();
        let risks: Vec<f64> = curve.points.iter().map(|p| p.risk).collect();
        assert_eq!(risks, [0.0, 0.0, 1.0 / 3.0, 0.5]);
        assert!((curve.area - (1.0 / 3.0 + 0.5) / 4.0).abs() < 1e-12);
        assert_eq!(curve.at(0.5).unwrap().threshold, 0.7);
        assert_eq!(curve.accuracy_at(0.8), Some(0.5));
        assert_eq!(curve.accuracy_at(1.1), None);
    }

    #[test]
    fn equal_confidences_have_no_order() {
        let a = RiskCoverage::new(&[(0.5, 1.0), (0.5, 0.0), (0.9, 0.0)]).unwrap();
        let b = RiskCoverage::new(&[(0.9, 0.0), (0.5, 0.0), (0.5, 1.0)]).unwrap();
        assert_eq!(a, b);
        assert_eq!(a.points.len(), 2);
        // 0, 0.5 / 2, 1 / 3.
        assert!((a.area - (0.25 + 1.0 / 3.0) / 3.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_number_gives_no_curve() {
        assert_eq!(RiskCoverage::new(&[]), None);
        assert_eq!(RiskCoverage::new(&[(f64::NAN, 0.0)]), None);
        assert_eq!(refused(&[], &[0.1], 0.8), None);
        assert_eq!(refused(&[0.1], &[0.1], 0.0), None);
    }

    #[test]
    fn equal_confidence_is_answered() {
        let found = refused(&[0.5, 0.5, 0.5], &[0.5, 0.4], 0.3).unwrap();
        assert_eq!((found.answered, found.refused), (1.0, 0.5));
    }
}
