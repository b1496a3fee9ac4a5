//! Figures in which rows count by a weight: `log_loss = -sum w ln p / sum w`, `accuracy = sum w right / sum w`.

use super::classify::FLOOR;
use crate::{Predictions, Targets};

/// The metric called `name` with a weight for each row, or for each label of each row; `None` where it has no weighted form, or
/// where nothing weighs anything.
pub(crate) fn weighted(
    name: &str,
    predictions: &Predictions,
    targets: &Targets,
    weights: &[f32],
) -> Option<f64> {
    // Probability of the truth, and whether it was the answer.
    let found: Vec<(f64, bool)> = match targets {
        Targets::Classes(classes) => (0..predictions.rows().min(classes.len()))
            .map(|row| {
                let class = usize::try_from(classes[row]).ok();
                let p = class.and_then(|c| predictions.row(row).get(c).copied()).unwrap_or(1.0);
                (p, class == Some(predictions.best(row)))
            })
            .collect(),
        Targets::Labels { values, .. } => predictions
            .values
            .iter()
            .zip(values)
            .map(|(&p, &y)| (if y > 0.5 { p } else { 1.0 - p }, (p > 0.5) == (y > 0.5)))
            .collect(),
        Targets::Numbers(_) => return None,
    };
    let value = |(p, right): (f64, bool)| match name {
        "log_loss" => Some(-p.max(FLOOR).ln()),
        "accuracy" => Some(f64::from(u8::from(right))),
        _ => None,
    };
    let (mut sum, mut all) = (0.0, 0.0);
    for (&one, &weight) in found.iter().zip(weights).filter(|(_, w)| **w > 0.0) {
        sum += f64::from(weight) * value(one)?;
        all += f64::from(weight);
    }
    (all > 0.0).then(|| sum / all).filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TaskKind;

    #[test]
    fn by_hand() {
        let values = vec![0.9, 0.1, 0.8, 0.2, 0.6, 0.4];
        let predictions = Predictions { kind: TaskKind::Binary, values, width: 2 };
        let targets = Targets::Classes(vec![0, 0, 1]);
        let get = |name: &str, weights: &[f32]| weighted(name, &predictions, &targets, weights);
        let expected = -(0.75 * 0.9f64.ln() + 0.75 * 0.8f64.ln() + 1.5 * 0.4f64.ln()) / 3.0;
        assert!((get("log_loss", &[0.75, 0.75, 1.5]).unwrap() - expected).abs() < 1e-12);
        assert_eq!(get("accuracy", &[0.75, 0.75, 1.5]), Some(0.5));
        assert_eq!(get("accuracy", &[1.0, 1.0, 0.0]), Some(1.0));
        assert_eq!((get("auc", &[1.0; 3]), get("log_loss", &[0.0; 3])), (None, None));

        let labels = Predictions { kind: TaskKind::MultiLabel, values: vec![0.9, 0.2], width: 2 };
        let targets = Targets::Labels { values: vec![1.0, 1.0], width: 2 };
        assert_eq!(weighted("accuracy", &labels, &targets, &[3.0, 1.0]), Some(0.75));
    }
}
