//! Maximal marginal relevance: good, and unlike what was already taken.
//!
//! One at a time, the candidate with the largest `lambda score_i - (1 - lambda) max(0, max_j s_ij)` over the `j` already taken, `s`
//! the similarity; of equals, the earlier. What a candidate loses can only grow, so an old value is a bound from above: a heap
//! holds bounds, and a candidate is compared with those taken since it was last looked at only when it comes to the top (lazy
//! greedy). At most `n k` similarities, mostly far fewer.
//! Sources: J. Carbonell & J. Goldstein 1998; M. Minoux 1978.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// The candidates with the numbers of the `k` that are taken, in their order. `similarity` is of two places in `candidates`;
/// `lambda` in `[0, 1]` is the weight of the score, 1 for the score alone. Below 0 a similarity counts as 0, NaN as none; a
/// candidate whose score is NaN is never taken.
///
/// ```
/// use ronghe_vector::mmr;
/// // The second is almost the first.
/// let vectors = [[1.0_f32, 0.0], [0.99, 0.14], [0.0, 1.0]];
/// let cosine = |a: usize, b: usize| vectors[a][0] * vectors[b][0] + vectors[a][1] * vectors[b][1];
/// let found = mmr(&[(40, 0.9), (41, 0.85), (42, 0.6)], cosine, 2, 0.5);
/// assert_eq!(found, [(40, 0.9), (42, 0.6)]);
/// ```
pub fn mmr<I: Copy>(
    candidates: &[(I, f32)],
    similarity: impl Fn(usize, usize) -> f32,
    k: usize,
    lambda: f32,
) -> Vec<(I, f32)> {
    let scores: Vec<f64> = candidates.iter().map(|c| f64::from(c.1)).collect();
    let mut marginal = Marginal::new(&scores, f64::from(lambda));
    marginal.open(|_| true);
    let take = || marginal.take(|a, b| f64::from(similarity(a, b)), |_| true);
    std::iter::from_fn(take).take(k).map(|place| candidates[place]).collect()
}

/// Candidates of which one after another is taken, in one round or in several.
pub struct Marginal<'a> {
    scores: &'a [f64],
    lambda: f64,
    taken: Vec<usize>,
    /// Of each candidate: the largest similarity with those taken, and how many of them that counts in.
    losses: Vec<(f64, usize)>,
    /// Those of this round.
    heap: BinaryHeap<Bound>,
}

impl<'a> Marginal<'a> {
    /// Nothing is taken and no round open. `lambda` is the weight of the score, from 0 to 1.
    pub fn new(scores: &'a [f64], lambda: f64) -> Marginal<'a> {
        let losses = vec![(0.0, 0); scores.len()];
        Marginal {
            scores,
            lambda: lambda.clamp(0.0, 1.0),
            taken: Vec::new(),
            losses,
            heap: BinaryHeap::new(),
        }
    }

    /// Opens a round in which those candidates take part that were not taken and that `from` lets through.
    pub fn open(&mut self, from: impl Fn(usize) -> bool) {
        let mut left: Vec<bool> = self.scores.iter().map(|score| !score.is_nan()).collect();
        self.taken.iter().for_each(|&candidate| left[candidate] = false);
        let bounds = (0..left.len())
            .filter(|&candidate| left[candidate] && from(candidate))
            .map(|candidate| Bound { value: self.value(candidate, self.losses[candidate].0), candidate });
        self.heap = bounds.collect();
    }

    /// Takes the best candidate of the round and says which; none if there is none left. It is asked of a candidate that comes to the
    /// top whether `admit` lets it through; if not, it is out until the next round.
    pub fn take(
        &mut self,
        similarity: impl Fn(usize, usize) -> f64,
        admit: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        while let Some(Bound { candidate, .. }) = self.heap.pop() {
            if !admit(candidate) {
                continue;
            }
            let (known, counted) = self.losses[candidate];
            if counted == self.taken.len() {
                self.taken.push(candidate);
                return Some(candidate);
            }
            let new = self.taken[counted..].iter().map(|&other| similarity(candidate, other));
            let worst = new.fold(known, f64::max);
            self.losses[candidate] = (worst, self.taken.len());
            self.heap.push(Bound { value: self.value(candidate, worst), candidate });
        }
        None
    }

    /// Those taken, in their order.
    pub fn taken(&self) -> &[usize] {
        &self.taken
    }

    fn value(&self, candidate: usize, loss: f64) -> f64 {
        self.lambda * self.scores[candidate] - (1.0 - self.lambda) * loss
    }
}

/// A candidate and a bound of its value.
struct Bound {
    value: f64,
    candidate: usize,
}

impl Ord for Bound {
    fn cmp(&self, other: &Bound) -> Ordering {
        self.value.total_cmp(&other.value).then(other.candidate.cmp(&self.candidate))
    }
}

impl PartialOrd for Bound {
    fn partial_cmp(&self, other: &Bound) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Bound {
    fn eq(&self, other: &Bound) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Bound {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ends_of_lambda() {
        let same = |_: usize, _: usize| 1.0_f32;
        let candidates = [(1_u32, 0.2), (2, 0.9), (3, 0.9)];
        assert_eq!(mmr(&candidates, same, 9, 1.0), [(2, 0.9), (3, 0.9), (1, 0.2)]);
        // Nothing but unlikeness: all are as bad, so the earlier first.
        assert_eq!(mmr(&candidates, same, 2, 0.0), [(1, 0.2), (2, 0.9)]);
        assert_eq!(mmr(&candidates, same, 0, 0.5), []);
        assert_eq!(mmr(&[(1_u32, f32::NAN), (2, 0.0)], same, 2, 0.5), [(2, 0.0)]);
        assert_eq!(mmr(&candidates, |_, _| f32::NAN, 1, 0.5), [(2, 0.9)]);
    }

    #[test]
    fn who_is_refused_comes_again_in_the_next_round() {
        let scores = [0.9, 0.8, 0.7];
        let mut marginal = Marginal::new(&scores, 0.5);
        let none = |_: usize, _: usize| 0.0;
        assert_eq!(marginal.take(none, |_| true), None);
        marginal.open(|candidate| candidate > 0);
        assert_eq!(marginal.take(none, |candidate| candidate != 1), Some(2));
        assert_eq!(marginal.take(none, |_| true), None);
        marginal.open(|_| true);
        assert_eq!([marginal.take(none, |_| true), marginal.take(none, |_| true)], [Some(0), Some(1)]);
        assert_eq!((marginal.take(none, |_| true), marginal.taken()), (None, &[2, 0, 1][..]));
    }

    proptest! {
        #[test]
        fn lazy_is_greedy(
            scores in proptest::collection::vec(0u8..20, 1..12),
            near in proptest::collection::vec(-10i8..20, 12 * 12),
            lambda in 0.0f32..1.0,
        ) {
            let candidates: Vec<(usize, f32)> = scores.iter().map(|&s| f32::from(s) / 20.0).enumerate().collect();
            let similarity = |a: usize, b: usize| f32::from(near[a.min(b) * 12 + a.max(b)]) / 20.0;
            let found: Vec<usize> = mmr(&candidates, similarity, 12, lambda).iter().map(|f| f.0).collect();
            let mut plain: Vec<usize> = Vec::new();
            while plain.len() < candidates.len() {
                let value = |c: usize| {
                    let worst = plain.iter().map(|&o| f64::from(similarity(c, o))).fold(0.0, f64::max);
                    f64::from(lambda) * f64::from(candidates[c].1) - (1.0 - f64::from(lambda)) * worst
                };
                let left = (0..candidates.len()).filter(|c| !plain.contains(c));
                plain.push(left.reduce(|a, b| if value(b) > value(a) { b } else { a }).unwrap());
            }
            prop_assert_eq!(found, plain);
        }
    }
}
