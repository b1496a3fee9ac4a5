//! The best epochs' weights, and their average.
//!
//! The average of the best epochs of one training ("soup", after Wortsman et al. 2022) often beats each of them and
//! costs nothing at prediction time. It is used only where it is better on the validation rows.

use ronghe_graph::{Tensor, Weights};

/// Weights of one epoch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) epoch: usize,
    /// Value of the watched metric on the validation rows.
    pub(super) value: f64,
    /// The weights that training changes, in the order of their names.
    pub(super) weights: Vec<(String, Tensor)>,
}

/// The best epochs so far, best first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Best {
    keep: usize,
    larger_is_better: bool,
    pub(super) entries: Vec<Entry>,
}

impl Best {
    pub(super) fn new(keep: usize, larger_is_better: bool) -> Best {
        Best { keep: keep.max(1), larger_is_better, entries: Vec::new() }
    }

    /// Whether `a` is better than `b`.
    pub(super) fn better(&self, a: f64, b: f64) -> bool {
        if self.larger_is_better { a > b } else { a < b }
    }

    /// Offers an epoch; returns whether it is the best so far.
    pub(super) fn offer(&mut self, epoch: usize, value: f64, weights: &Weights, changing: &[String]) -> bool {
        let place =
            self.entries.iter().position(|e| self.better(value, e.value)).unwrap_or(self.entries.len());
        if place >= self.keep || !value.is_finite() {
            return false;
        }
        let weights = snapshot(weights, changing);
        self.entries.insert(place, Entry { epoch, value, weights });
        self.entries.truncate(self.keep);
        place == 0
    }

    /// Mean of the kept epochs' weights, where there are at least two. Sums in f64, in order of rank.
    pub(super) fn average(&self) -> Option<Vec<(String, Tensor)>> {
        let (first, rest) = self.entries.split_first()?;
        if rest.is_empty() {
            return None;
        }
        let count = self.entries.len() as f64;
        let mean = |i: usize, (name, tensor): &(String, Tensor)| {
            let mut sum: Vec<f64> = tensor.as_f32().iter().map(|&v| f64::from(v)).collect();
            for entry in rest {
                sum.iter_mut().zip(entry.weights[i].1.as_f32()).for_each(|(s, &v)| *s += f64::from(v));
            }
            let data = sum.iter().map(|s| (s / count) as f32).collect();
            Some((name.clone(), Tensor::f32(tensor.shape(), data).ok()?))
        };
        first.weights.iter().enumerate().map(|(i, w)| mean(i, w)).collect()
    }
}

/// A copy of the named weights.
pub(super) fn snapshot(weights: &Weights, names: &[String]) -> Vec<(String, Tensor)> {
    names.iter().filter_map(|n| Some((n.clone(), weights.get(n)?.clone()))).collect()
}

/// Puts copied weights back.
pub(super) fn restore(weights: &mut Weights, saved: &[(String, Tensor)]) {
    for (name, tensor) in saved {
        if let Some(place) = weights.get_mut(name) {
            place.clone_from(tensor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_best_and_averages() {
        let names = vec!["w".to_owned()];
        let mut best = Best::new(2, false);
        let mut offer = |epoch, value, w| {
            let mut weights = Weights::new();
            weights.insert("w", Tensor::full(&[1], w), true);
            best.offer(epoch, value, &weights, &names)
        };
        assert!(offer(1, 0.9, 1.0));
        assert!(offer(2, 0.5, 2.0));
        assert!(!offer(3, 0.7, 4.0));
        assert!(!offer(4, f64::NAN, 8.0));
        assert_eq!(best.entries.iter().map(|e| e.epoch).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(best.average().unwrap()[0].1.as_f32(), [3.0]);
    }
}
