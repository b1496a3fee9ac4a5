//! The k best of n scores, best first; of equals, the lower number first.
//!
//! Up to `2k` are kept; when there are as many, the better half is selected and its worst becomes the bar for all that follow. `O(n + k
//! log k)` time, `O(k)` memory.

use std::cmp::Ordering;

/// Fewest places, so that small k do not select at every step.
const ROOM: usize = 64;

/// Collects the `k` best of scores (f32 or f64) that come one by one, in any order.
#[derive(Debug, Clone)]
pub struct Top<I, S> {
    k: usize,
    kept: Vec<(I, S)>,
    /// The worst of the k best of what was selected from.
    bar: Option<(I, S)>,
}

impl<I: Copy + Ord, S: Copy + PartialOrd> Top<I, S> {
    /// Nothing yet.
    pub fn new(k: usize) -> Top<I, S> {
        Top { k, kept: Vec::new(), bar: None }
    }

    /// One more. NaN is never kept.
    #[inline]
    pub fn push(&mut self, number: I, score: S) {
        let one = (number, score);
        let below = self.bar.as_ref().is_some_and(|bar| order(bar, &one) == Ordering::Less);
        if below || score.partial_cmp(&score).is_none() || self.k == 0 {
            return;
        }
        self.kept.push(one);
        if self.kept.len() >= self.k.saturating_mul(2).max(ROOM) {
            self.select();
        }
    }

    fn select(&mut self) {
        if self.kept.len() > self.k && self.k > 0 {
            self.kept.select_nth_unstable_by(self.k - 1, order);
            self.kept.truncate(self.k);
            self.bar = self.kept.last().copied();
        }
    }

    /// The best, in their order.
    pub fn into_sorted(mut self) -> Vec<(I, S)> {
        self.select();
        self.kept.sort_unstable_by(order);
        self.kept
    }
}

/// Better first.
#[inline]
fn order<I: Ord, S: PartialOrd>(a: &(I, S), b: &(I, S)) -> Ordering {
    b.1.partial_cmp(&a.1).unwrap_or(Ordering::Equal).then_with(|| a.0.cmp(&b.0))
}

/// The `k` best of `scores`, best first; of equals, the lower number first. NaN is never chosen.
///
/// ```
/// use ronghe_vector::top_k;
/// let scores = [(7, 0.5), (3, f32::NAN), (4, 0.9), (2, 0.5)];
/// assert_eq!(top_k(scores, 2), [(4, 0.9), (2, 0.5)]);
/// ```
pub fn top_k<I, S>(scores: impl IntoIterator<Item = (I, S)>, k: usize) -> Vec<(I, S)>
where
    I: Copy + Ord,
    S: Copy + PartialOrd,
{
    let mut top = Top::new(k);
    scores.into_iter().for_each(|(number, score)| top.push(number, score));
    top.into_sorted()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_of_nothing() {
        assert_eq!(top_k(Vec::<(u32, f32)>::new(), 3), []);
        assert_eq!(top_k([(1_u32, 1.0_f32)], 0), []);
        assert_eq!(top_k([(1_u32, f32::NAN)], usize::MAX), []);
        assert_eq!(top_k([(1_u32, f64::NEG_INFINITY), (0, f64::INFINITY)], 9).len(), 2);
        // Both zeros are the same score.
        assert_eq!(top_k([(2_u32, 0.0_f32), (1, -0.0)], 2), [(1, 0.0), (2, 0.0)]);
    }

    proptest! {
        #[test]
        fn as_sorting_all(
            scores in proptest::collection::vec(prop_oneof![Just(f32::NAN), (0i8..40).prop_map(f32::from)], 0..700),
            k in 0usize..200,
        ) {
            let mut plain: Vec<(u32, f32)> =
                (0u32..).zip(scores.iter().copied()).filter(|e| !e.1.is_nan()).collect();
            plain.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            plain.truncate(k);
            let numbered = (0u32..).zip(scores.iter().copied());
            prop_assert_eq!(top_k(numbered.clone(), k), plain.clone());
            prop_assert_eq!(top_k(numbered.collect::<Vec<_>>().into_iter().rev(), k), plain);
        }
    }
}
