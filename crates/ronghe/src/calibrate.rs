//! Temperature scaling: `p = softmax(z / T)` (or the sigmoid), `T` least in log-loss on the validation rows
//! (Guo et al. 2017). One number, so that no prediction changes its class.
//!
//! The loss is convex in `1 / T`; a golden-section search over `ln T` in `[ln 0.05, ln 20]` finds it to 1e-4 in 60
//! evaluations of `O(rows * classes)`.

use crate::{Targets, Task, TaskKind, head};

/// The temperature for logits `[rows, K]` of the validation rows; 1 where there is nothing to fit. `weights` has one for each row, or
/// for each label of each row.
pub(crate) fn temperature(task: &Task, logits: &[f32], targets: &Targets, weights: &[f32]) -> f64 {
    if task.kind == TaskKind::Regression || logits.is_empty() || !logits.iter().all(|z| z.is_finite()) {
        return 1.0;
    }
    let loss = |log_t: f64| log_loss(task, logits, targets, weights, log_t.exp());
    let (mut low, mut high) = (0.05f64.ln(), 20f64.ln());
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    let (mut a, mut b) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_a, mut at_b) = (loss(a), loss(b));
    while high - low > 1e-4 {
        if at_a <= at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - ratio * (high - low);
            at_a = loss(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + ratio * (high - low);
            at_b = loss(b);
        }
    }
    let found = ((low + high) / 2.0).exp();
    // Perfectly separated validation rows would drive T to the edge; keep the network's own probabilities then.
    let at_edge = !(0.06..=18.0).contains(&found);
    if at_edge || loss(found.ln()) > loss(0.0) { 1.0 } else { found }
}

fn log_loss(task: &Task, logits: &[f32], targets: &Targets, weights: &[f32], temperature: f64) -> f64 {
    let head = head::find(task.kind);
    let width = task.width();
    let (mut sum, mut count) = (0.0, 0.0);
    for (row, z) in logits.chunks_exact(width).enumerate() {
        let p = head.predict(task, z, temperature);
        let mut add = |probability: f64, weight: f32| {
            sum -= f64::from(weight) * probability.max(1e-15).ln();
            count += f64::from(weight);
        };
        match targets {
            Targets::Classes(classes) => {
                if let Some(&p) = usize::try_from(classes[row]).ok().and_then(|c| p.get(c)) {
                    add(p, weights[row]);
                }
            }
            Targets::Labels { values, .. } => {
                let truth = &values[row * width..(row + 1) * width];
                let weights = &weights[row * width..(row + 1) * width];
                for ((&p, &y), &weight) in p.iter().zip(truth).zip(weights) {
                    add(if y > 0.5 { p } else { 1.0 - p }, weight);
                }
            }
            Targets::Numbers(_) => {}
        }
    }
    if count > 0.0 { sum / count } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_temperature_that_made_the_labels() {
        let task = Task {
            kind: TaskKind::Binary,
            columns: vec!["y".into()],
            separator: "|".into(),
            labels: vec!["no".into(), "yes".into()],
            mean: 0.0,
            std: 1.0,
        };
        // Log-odds 4 are right in 3 of 4 rows: the honest log-odds are ln 3, hence T = 4 / ln 3.
        let logits = vec![4.0f32; 400];
        let targets = Targets::Classes((0..400).map(|i| i32::from(i % 4 != 0)).collect());
        let found = temperature(&task, &logits, &targets, &[1.0; 400]);
        assert!((found - 4.0 / 3f64.ln()).abs() < 1e-2, "{found}");
        // Where wrong rows count double, 2 of 5 are wrong: ln 1.5.
        let weights: Vec<f32> = (0..400).map(|i| if i % 4 == 0 { 2.0 } else { 1.0 }).collect();
        let found = temperature(&task, &logits, &targets, &weights);
        assert!((found - 4.0 / 1.5f64.ln()).abs() < 1e-2, "{found}");
        let broken: Vec<f32> = (0..400).map(|i| if i == 7 { f32::NAN } else { 4.0 }).collect();
        assert_eq!(temperature(&task, &broken, &targets, &weights), 1.0);
    }
}
