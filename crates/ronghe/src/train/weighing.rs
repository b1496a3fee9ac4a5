//! How much each class or label counts, in the loss and where epochs and temperatures are judged.
//!
//! Balanced, with `n` training rows, `K` classes and `n_c` rows of class `c`: a row of `c` weighs `n / (K n_c)`. With several labels,
//! each is a question of its own: an answer that `n_a` rows give weighs `n / (2 n_a)`. What no training row has weighs nothing:
//! nothing could be learned of it.

use crate::config::ClassWeights;
use crate::{Targets, Task};

/// Weights of classes, or of the two answers for each label.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Weighing {
    /// All rows weigh the same.
    Even,
    /// By class.
    Classes(Vec<f32>),
    /// By label: of no, of yes.
    Labels(Vec<[f32; 2]>),
}

impl Weighing {
    /// Counts the `train` rows.
    pub(super) fn new(task: &Task, targets: &Targets, train: &[usize], how: ClassWeights) -> Weighing {
        let k = task.labels.len();
        let weight =
            |count: usize, of: usize| if count == 0 { 0.0 } else { train.len() as f32 / (of * count) as f32 };
        match (how, targets) {
            (ClassWeights::None, _) | (_, Targets::Numbers(_)) => Weighing::Even,
            (ClassWeights::Balanced, Targets::Classes(classes)) => {
                let mut counts = vec![0usize; k];
                train.iter().filter_map(|&r| usize::try_from(classes[r]).ok()).for_each(|c| counts[c] += 1);
                Weighing::Classes(counts.into_iter().map(|count| weight(count, k)).collect())
            }
            (ClassWeights::Balanced, Targets::Labels { values, width }) => {
                let yes = |label: usize| train.iter().filter(|&&r| values[r * width + label] > 0.5).count();
                let both = |yes: usize| [weight(train.len() - yes, 2), weight(yes, 2)];
                Weighing::Labels((0..*width).map(|label| both(yes(label))).collect())
            }
        }
    }

    /// The weight of each row's target, or of each label of each row; 0 where it is missing.
    pub(super) fn of(&self, targets: &Targets, rows: &[usize]) -> Vec<f32> {
        match (targets, self) {
            (Targets::Classes(classes), _) => {
                let of = |c: usize| if let Weighing::Classes(weights) = self { weights[c] } else { 1.0 };
                rows.iter().map(|&r| usize::try_from(classes[r]).map_or(0.0, of)).collect()
            }
            (Targets::Labels { values, width }, _) => {
                let cell = |(label, &y): (usize, &f32)| match self {
                    _ if y < 0.0 => 0.0,
                    Weighing::Labels(weights) => weights[label][usize::from(y > 0.5)],
                    _ => 1.0,
                };
                let row = |&r: &usize| values[r * width..(r + 1) * width].iter().enumerate().map(cell);
                rows.iter().flat_map(row).collect()
            }
            (Targets::Numbers(numbers), _) => {
                rows.iter().map(|&r| f32::from(u8::from(numbers[r].is_some()))).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TaskKind;

    fn task(kind: TaskKind, labels: &[&str]) -> Task {
        Task {
            kind,
            columns: vec!["y".into()],
            separator: "|".into(),
            labels: labels.iter().map(|&l| l.to_owned()).collect(),
            mean: 0.0,
            std: 1.0,
        }
    }

    #[test]
    fn every_class_and_every_answer_counts_the_same() {
        let classes = Targets::Classes(vec![0, 0, 0, 1, -1, 2]);
        let task_of = task(TaskKind::MultiClass, &["a", "b", "罕见"]);
        let balanced = Weighing::new(&task_of, &classes, &[0, 1, 2, 3], ClassWeights::Balanced);
        // Of the third class there is no training row.
        assert_eq!(balanced.of(&classes, &[0, 3, 4, 5]), [4.0 / 9.0, 4.0 / 3.0, 0.0, 0.0]);
        let even = Weighing::new(&task_of, &classes, &[0, 1, 2, 3], ClassWeights::None);
        assert_eq!(even.of(&classes, &[0, 3, 4, 5]), [1.0, 1.0, 0.0, 1.0]);

        let labels = Targets::Labels { values: vec![1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0], width: 2 };
        let task_of = task(TaskKind::MultiLabel, &["a", "b"]);
        let balanced = Weighing::new(&task_of, &labels, &[0, 1, 2, 3], ClassWeights::Balanced);
        assert_eq!(balanced.of(&labels, &[0, 3]), [2.0, 4.0 / 6.0, 4.0 / 6.0, 2.0]);
        let missing = Targets::Labels { values: vec![-1.0, -1.0, 1.0, 0.0], width: 2 };
        assert_eq!(Weighing::Even.of(&missing, &[0, 1]), [0.0, 0.0, 1.0, 1.0]);
        let numbers = Targets::Numbers(vec![Some(1.0), None]);
        let task_of = task(TaskKind::Regression, &["y"]);
        let balanced = Weighing::new(&task_of, &numbers, &[0], ClassWeights::Balanced);
        assert_eq!(balanced, Weighing::Even);
        assert_eq!(balanced.of(&numbers, &[0, 1]), [1.0, 0.0]);
    }
}
