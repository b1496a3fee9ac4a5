//! The figures of ranked lists that reports give: those of [`ronghe_stats::rank`] at their usual cuts.

use ronghe_stats::rank::{ndcg, recall, reciprocal_rank};
use std::collections::HashMap;
use std::hash::Hash;

/// Figures of one ranked list.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Ranking {
    /// nDCG@10.
    pub ndcg10: f64,
    /// Recall@10.
    pub recall10: f64,
    /// Recall@100.
    pub recall100: f64,
    /// Reciprocal rank within the first 10.
    pub mrr10: f64,
}

impl Ranking {
    /// Of a list, best first, and the grades of documents (0 for those without one).
    pub fn new<D: Eq + Hash>(ranked: &[D], grades: &HashMap<D, u32>) -> Option<Ranking> {
        Some(Ranking {
            ndcg10: ndcg(ranked, grades, 10)?,
            recall10: recall(ranked, grades, 10)?,
            recall100: recall(ranked, grades, 100)?,
            mrr10: reciprocal_rank(ranked, grades, 10)?,
        })
    }

    /// Means over questions. `None` for none.
    pub fn mean(all: &[Ranking]) -> Option<Ranking> {
        let mean = |value: fn(&Ranking) -> f64| all.iter().map(value).sum::<f64>() / all.len() as f64;
        (!all.is_empty()).then(|| Ranking {
            ndcg10: mean(|r| r.ndcg10),
            recall10: mean(|r| r.recall10),
            recall100: mean(|r| r.recall100),
            mrr10: mean(|r| r.mrr10),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_over_questions() {
        let grades = HashMap::from([("a", 1)]);
        let all: Vec<Ranking> =
            [vec!["a"], vec!["x", "a"]].iter().filter_map(|r| Ranking::new(r, &grades)).collect();
        assert_eq!(Ranking::new(&["a"], &HashMap::from([("a", 0)])), None);
        assert_eq!(Ranking::mean(&[]), None);
        let mean = Ranking::mean(&all).unwrap();
        assert_eq!((mean.mrr10, mean.recall100), (0.75, 1.0));
    }
}
