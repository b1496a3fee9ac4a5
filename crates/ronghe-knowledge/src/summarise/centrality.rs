//! How central sentences are: a random walk from sentence to sentence, along similarities and rather backwards than forwards.
//!
//! With `x_i` rows of length 1, `s_ij = x_i . x_j - floor` and `w_ij` the weight of the vote of `j` for `i != j`:
//! `w_ij = s_ij` where `j` stands after `i` in the same document, `BACK s_ij` where it stands before, and their mean `(1 + BACK) / 2
//! s_ij` in another document. Votes of a sentence are shared out: `d_j = sum_i w_ij`. The score is the fixed point of
//!
//! `r_i = RESTART b_i + (1 - RESTART) sum_j w_ij r_j / d_j`, `sum_i r_i = 1`
//!
//! `b` is where the walk starts anew: anywhere (`1/n`), or, given a query, near to it: `b_i ~ max(0, x_i . query - mean)`.
//! A sentence that others later in the text come back to thus counts more than one that only comes back to others: what is said
//! first and then unfolded.
//!
//! `floor` is 0 for rows without negative numbers. Vectors of networks all share a direction; there it is half of the
//! least mean similarity that a sentence has to the others. Where single votes are still below 0, scores are kept at 0 or above.
//!
//! Votes are sums over `j`, so a step is `x_i . (sum_j q_j x_j)` with running sums of the rows before and after in the document:
//! `O(numbers that are not 0)` a step, at most [`STEPS`] steps, memory `O(n + width)`; the `n x n` similarities are never made.
//!
//! Sources: G. Erkan & D. Radev, "LexRank", 2004; J. Otterbacher et al., "Biased LexRank", 2009 (the query); H. Zheng & M. Lapata,
//! "Sentence centrality revisited for unsupervised summarization" (PACSUM), 2019 (the direction).

use super::rows::Rows;
use super::sentences::Sentence;

/// Weight of a vote for a later sentence beside one for an earlier.
const BACK: f64 = 0.4;

/// Share of the walk that starts anew, without a query and with one.
const RESTART: f64 = 0.15;
const RESTART_QUERY: f64 = 0.6;

/// Most steps, and the change of all scores together that ends them.
const STEPS: usize = 60;
const SETTLED: f64 = 1e-6;

/// Scores of sentences.
pub(super) struct Centrality {
    /// The highest is 1.
    pub(super) scores: Vec<f64>,
    /// What is taken from similarities.
    pub(super) floor: f32,
}

/// Scores of all rows; `query` as the rows are.
pub(super) fn centrality(rows: &dyn Rows, sentences: &[Sentence], query: Option<&[f32]>) -> Centrality {
    let n = rows.count();
    let floor = floor(rows);
    let (restart, start) = match query.and_then(|query| nearness(rows, query)) {
        Some(near) => (RESTART_QUERY, near),
        None => (RESTART, vec![1.0 / n as f64; n]),
    };
    let mut walk = Walk::new(rows, sentences, floor);
    // A sentence's own votes go the other way: to those before it in full.
    let ones = vec![1.0; n];
    let mut given = vec![0.0; n];
    walk.votes(&ones, (BACK, 1.0), &mut given);
    let mean = given.iter().sum::<f64>() / n as f64;
    // Hardly any votes (alone with its words, or below the floor): too few to be blown up to a full share.
    let least = if mean > 0.0 { 0.05 * mean } else { f64::INFINITY };
    let mut scores = start.clone();
    let (mut shares, mut next) = (vec![0.0; n], vec![0.0; n]);
    for _ in 0..STEPS {
        for i in 0..n {
            shares[i] = scores[i] / given[i].max(least);
        }
        walk.votes(&shares, (1.0, BACK), &mut next);
        let mut total = 0.0;
        for i in 0..n {
            next[i] = restart * start[i] + (1.0 - restart) * next[i].max(0.0);
            total += next[i];
        }
        let mut change = 0.0;
        for i in 0..n {
            // Half of each step: a star of sentences would else swing between its middle and its ends.
            next[i] = (next[i] / total + scores[i]) / 2.0;
            change += (next[i] - scores[i]).abs();
        }
        std::mem::swap(&mut scores, &mut next);
        if change < SETTLED {
            break;
        }
    }
    let most = scores.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    scores.iter_mut().for_each(|score| *score /= most);
    Centrality { scores, floor }
}

/// Half of the least mean similarity to the others, where rows have negative numbers.
fn floor(rows: &dyn Rows) -> f32 {
    if rows.positive() || rows.count() < 2 {
        return 0.0;
    }
    let mut mean = vec![0.0; rows.width()];
    for i in 0..rows.count() {
        rows.add(i, 1.0 / rows.count() as f32, &mut mean);
    }
    let n = rows.count() as f32;
    let others = |i: usize| {
        let own = rows.similarity(i, i);
        // A row of zeros is like nothing: it says nothing of the others.
        (own > 0.0).then(|| (n * rows.dot(i, &mean) - own) / (n - 1.0))
    };
    let least = (0..rows.count()).filter_map(others).fold(1.0, f32::min);
    (0.5 * least).clamp(0.0, 0.95)
}

/// Where a walk with a query starts anew; none where nothing is nearer to it than the rest.
fn nearness(rows: &dyn Rows, query: &[f32]) -> Option<Vec<f64>> {
    let mut near: Vec<f64> = (0..rows.count()).map(|i| f64::from(rows.dot(i, query))).collect();
    let mean = near.iter().sum::<f64>() / near.len() as f64;
    near.iter_mut().for_each(|value| *value = (*value - mean).max(0.0));
    let sum: f64 = near.iter().sum();
    (sum > 1e-9).then(|| {
        near.iter_mut().for_each(|value| *value /= sum);
        near
    })
}

/// Sums of votes, with the buffers that they need.
struct Walk<'a> {
    rows: &'a dyn Rows,
    /// First row of each document, and the end.
    bounds: Vec<usize>,
    floor: f64,
    all: Vec<f32>,
    inside: Vec<f32>,
    before: Vec<f32>,
}

impl<'a> Walk<'a> {
    fn new(rows: &'a dyn Rows, sentences: &[Sentence], floor: f32) -> Walk<'a> {
        let mut bounds = vec![0];
        bounds.extend((1..sentences.len()).filter(|&i| sentences[i].source != sentences[i - 1].source));
        bounds.push(sentences.len());
        let zeros = || vec![0.0; rows.width()];
        Walk { rows, bounds, floor: f64::from(floor), all: zeros(), inside: zeros(), before: zeros() }
    }

    /// `votes_i = sum_j weight_ij (x_i . x_j - floor) q_j` over `j != i`, with the weights of those after and those before in the
    /// same document, and their mean for those in others.
    fn votes(&mut self, q: &[f64], (after, before): (f64, f64), votes: &mut [f64]) {
        let Walk { rows, bounds, floor, all, inside, before: earlier } = self;
        let other = (after + before) / 2.0;
        let several = bounds.len() > 2;
        let mut all_q = 0.0;
        if several {
            all.fill(0.0);
            for (i, &q) in q.iter().enumerate() {
                rows.add(i, q as f32, all);
                all_q += q;
            }
        }
        for two in bounds.windows(2) {
            let document = two[0]..two[1];
            let mut inside_q = 0.0;
            for i in document.clone() {
                rows.add(i, q[i] as f32, inside);
                inside_q += q[i];
            }
            let mut earlier_q = 0.0;
            for i in document.clone() {
                let here = f64::from(rows.dot(i, inside)) - *floor * inside_q;
                let back = f64::from(rows.dot(i, earlier)) - *floor * earlier_q;
                let own = q[i] * (f64::from(rows.similarity(i, i)) - *floor);
                let away = if several { f64::from(rows.dot(i, all)) - *floor * all_q - here } else { 0.0 };
                votes[i] = after * (here - back - own) + before * back + other * away;
                rows.add(i, q[i] as f32, earlier);
                earlier_q += q[i];
            }
            rows.clear(document.clone(), inside);
            rows.clear(document, earlier);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::Dense;
    use super::super::sentences::{made, sentences};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_the_rest_comes_back_to_is_central() {
        let sentences = sentences(&made(&[4])).kept;
        let rows = Dense::new(vec![1., 1., 1., 1., 0., 0., 0., 1., 0., 0., 0., 1.], 3);
        let found = centrality(&rows, &sentences, None);
        assert_eq!(found.scores[0], 1.0);
        assert!(found.scores[1..].iter().all(|s| *s < 1.0 && *s > 0.0), "{:?}", found.scores);
    }

    #[test]
    fn of_two_alike_the_earlier_counts_more() {
        let sentences = sentences(&made(&[3])).kept;
        let rows = Dense::new(vec![1., 0.1, 1., 0.1, 0.9, 0.3], 2);
        let scores = centrality(&rows, &sentences, None).scores;
        assert!(scores[0] > scores[1], "{scores:?}");
    }

    #[test]
    fn a_query_pulls() {
        let sentences = sentences(&made(&[4])).kept;
        let rows = Dense::new(vec![1., 0., 1., 0.1, 1., 0.2, 0.1, 1.], 2);
        assert_eq!(centrality(&rows, &sentences, Some(&[0.0, 1.0])).scores[3], 1.0);
        // A query that nothing is nearer to than the rest is none.
        let plain = centrality(&rows, &sentences, None).scores;
        assert_eq!(centrality(&rows, &sentences, Some(&[0.0, 0.0])).scores, plain);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn sums_are_those_of_the_pairs(
            values in proptest::collection::vec(-1.0f32..1.0, 9 * 5),
            q in proptest::collection::vec(0.0f64..1.0, 9),
        ) {
            let sentences = sentences(&made(&[4, 1, 4])).kept;
            let rows = Dense::new(values, 5);
            let mut votes = vec![0.0; 9];
            Walk::new(&rows, &sentences, 0.125).votes(&q, (1.0, 0.25), &mut votes);
            for i in 0..9 {
                let vote = |j: usize| {
                    let weight = match (sentences[i].source == sentences[j].source, i.cmp(&j)) {
                        (_, std::cmp::Ordering::Equal) => 0.0,
                        (false, _) => 0.625,
                        (true, std::cmp::Ordering::Less) => 1.0,
                        (true, std::cmp::Ordering::Greater) => 0.25,
                    };
                    weight * (f64::from(rows.similarity(i, j)) - 0.125) * q[j]
                };
                let expected: f64 = (0..9).map(vote).sum();
                prop_assert!((votes[i] - expected).abs() < 1e-4, "{} {}", votes[i], expected);
            }
        }
    }
}
