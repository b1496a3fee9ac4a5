//! How good a ranked list is.
//!
//! With grades `g(d) >= 0` of things (documents, items), of any type that can be a key, and `d_1, d_2, ...` the list, `k` the cut:
//! * `DCG@k = sum_{i<=k} g(d_i) / log2(i + 1)`; `nDCG@k = DCG@k / ` the DCG@k of the documents in order of their grades
//!   (linear gain, as trec_eval and BEIR have it; Järvelin & Kekäläinen 2002);
//! * `Recall@k` = share of the documents with `g > 0` that are among the first `k`;
//! * reciprocal rank = `1 / i` of the first `i <= k` with `g(d_i) > 0`, 0 if there is none; its mean over questions is MRR@k.
//!
//! A list is that of a search through all documents: figures from sampled candidates rank systems wrongly (Krichene & Rendle
//! 2020), so there is no function for them. A document that comes again counts where it came first. A question without
//! documents of `g > 0` has no figures: `None`. `O(k + documents with a grade)`.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// Grades along the first `k` of the list.
fn graded<'a, D: Eq + Hash>(
    ranked: &'a [D],
    grades: &'a HashMap<D, u32>,
    k: usize,
) -> impl Iterator<Item = u32> + 'a {
    let mut seen = HashSet::new();
    let grade = move |document: &'a D| {
        if seen.insert(document) { grades.get(document).copied().unwrap_or(0) } else { 0 }
    };
    ranked.iter().take(k).map(grade)
}

fn relevant<D>(grades: &HashMap<D, u32>) -> usize {
    grades.values().filter(|&&grade| grade > 0).count()
}

/// nDCG@k, in `[0, 1]`. `None` where nothing has a grade, or k is 0.
///
/// ```
/// use std::collections::HashMap;
/// let grades = HashMap::from([("a", 2), ("b", 1)]);
/// let found = ronghe_stats::rank::ndcg(&["b", "x", "a"], &grades, 10).unwrap();
/// assert!((found - (1.0 + 2.0 / 2.0) / (2.0 + 1.0 / 3f64.log2())).abs() < 1e-12);
/// ```
pub fn ndcg<D: Eq + Hash>(ranked: &[D], grades: &HashMap<D, u32>, k: usize) -> Option<f64> {
    let gain = |(i, grade): (usize, u32)| f64::from(grade) / ((i + 2) as f64).log2();
    let mut ideal: Vec<u32> = grades.values().copied().collect();
    ideal.sort_unstable_by(|a, b| b.cmp(a));
    let best: f64 = ideal.into_iter().take(k).enumerate().map(gain).sum();
    (best > 0.0).then(|| graded(ranked, grades, k).enumerate().map(gain).sum::<f64>() / best)
}

/// Recall@k: the share of what is relevant (a grade above 0) among the first `k`. `None` where nothing is.
pub fn recall<D: Eq + Hash>(ranked: &[D], grades: &HashMap<D, u32>, k: usize) -> Option<f64> {
    let all = relevant(grades);
    let found = graded(ranked, grades, k).filter(|&grade| grade > 0).count();
    (all > 0).then(|| found as f64 / all as f64)
}

/// Reciprocal rank of the first relevant one within the first `k`, 0 if there is none. `None` where nothing is relevant.
pub fn reciprocal_rank<D: Eq + Hash>(ranked: &[D], grades: &HashMap<D, u32>, k: usize) -> Option<f64> {
    let first = graded(ranked, grades, k).position(|grade| grade > 0);
    (relevant(grades) > 0).then(|| first.map_or(0.0, |i| 1.0 / (i + 1) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_a_list() {
        let grades = HashMap::from([(1, 3), (2, 2), (3, 0), (4, 1)]);
        let ranked = [3, 1, 9, 4];
        // DCG = 3 / log2(3) + 1 / log2(5); the best is 3 + 2 / log2(3) + 1 / 2.
        let expected = (3.0 / 3f64.log2() + 1.0 / 5f64.log2()) / (3.0 + 2.0 / 3f64.log2() + 0.5);
        assert!((ndcg(&ranked, &grades, 10).unwrap() - expected).abs() < 1e-12);
        assert!(
            (ndcg(&ranked, &grades, 2).unwrap() - 3.0 / 3f64.log2() / (3.0 + 2.0 / 3f64.log2())).abs()
                < 1e-12
        );
        assert_eq!(recall(&ranked, &grades, 10), Some(2.0 / 3.0));
        assert_eq!(recall(&ranked, &grades, 2), Some(1.0 / 3.0));
        assert_eq!(reciprocal_rank(&ranked, &grades, 10), Some(0.5));
        assert_eq!(reciprocal_rank(&ranked, &grades, 1), Some(0.0));
    }

    #[test]
    fn repeats_count_once_and_no_relevance_is_no_figure() {
        let grades = HashMap::from([("a", 1), ("b", 1)]);
        assert_eq!(recall(&["a", "a", "a"], &grades, 10), Some(0.5));
        assert!(ndcg(&["a", "a"], &grades, 10).unwrap() < 1.0);
        let none = HashMap::from([("a", 0)]);
        assert_eq!((ndcg(&["a"], &none, 10), recall(&["a"], &none, 10)), (None, None));
        assert_eq!(reciprocal_rank(&["a"], &none, 10), None);
    }
}
