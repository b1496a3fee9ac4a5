//! Means over users with their intervals, and figures of lists that look at no target.

use crate::Features;
use crate::report::{Figure, Figures, Interval, Metric};
use rayon::prelude::*;
use ronghe_vector::dot;

/// Means of the figures, in the order of [`Metric::ALL`]; none without users.
pub(crate) fn intervals(values: &[[f64; 6]], seed: u64) -> Vec<Figure> {
    let of = |metric: Metric| {
        let own: Vec<f64> = values.iter().map(|v| v[metric as usize]).collect();
        let value = Interval::of(&own, seed)?;
        Some(Figure { metric, value })
    };
    Metric::ALL.par_iter().filter_map(|&metric| of(metric)).collect()
}

/// What lists hold beyond hits.
pub(crate) struct Beyond<'a> {
    counts: &'a [f32],
    users: f64,
    features: Option<&'a Features>,
    seed: u64,
    percentile: Vec<f64>,
}

impl<'a> Beyond<'a> {
    /// `counts`: users who liked each item, among `users`.
    pub(crate) fn new(
        counts: &'a [f32],
        users: usize,
        features: Option<&'a Features>,
        seed: u64,
    ) -> Beyond<'a> {
        let mut sorted = counts.to_vec();
        sorted.sort_unstable_by(f32::total_cmp);
        let place = |count: &f32| {
            let (less, upto) =
                (sorted.partition_point(|c| c < count), sorted.partition_point(|c| c <= count));
            (less + upto) as f64 / 2.0 / sorted.len() as f64
        };
        let percentile = counts.iter().map(place).collect();
        Beyond { counts, users: users.max(1) as f64, features, seed, percentile }
    }

    /// Means over users of figures in the order of [`Metric::ALL`]; none without users.
    pub(crate) fn intervals(&self, values: &[[f64; 6]]) -> Vec<Figure> {
        intervals(values, self.seed)
    }

    /// Figures of the lists of users, each with its figures in the order of [`Metric::ALL`].
    pub(crate) fn figures(&self, lists: &[(&[u32], [f64; 6])]) -> Figures {
        let values: Vec<[f64; 6]> = lists.iter().map(|l| l.1).collect();
        let filled: Vec<&[u32]> = lists.iter().map(|l| l.0).filter(|items| !items.is_empty()).collect();
        let mean = |of: &dyn Fn(u32) -> f64| {
            let list = |items: &&[u32]| items.iter().map(|&i| of(i)).sum::<f64>() / items.len() as f64;
            (!filled.is_empty()).then(|| filled.iter().map(list).sum::<f64>() / filled.len() as f64)
        };
        let count = |item: u32| f64::from(self.counts[item as usize]);
        let mut listed = vec![false; self.counts.len()];
        filled.iter().copied().flatten().for_each(|&i| listed[i as usize] = true);
        let unlike: Vec<f64> = filled.iter().filter_map(|items| self.unlike(items)).collect();
        Figures {
            users: lists.len(),
            without_list: lists.len() - filled.len(),
            figures: intervals(&values, self.seed),
            coverage: listed.iter().filter(|&&l| l).count() as f64 / listed.len().max(1) as f64,
            novelty: mean(&|item| -(count(item).max(1.0) / self.users).log2()),
            diversity: (!unlike.is_empty()).then(|| unlike.iter().sum::<f64>() / unlike.len() as f64),
            popularity: mean(&count),
            percentile: mean(&|item| self.percentile[item as usize]),
        }
    }

    /// Mean of `1 - cosine` over the pairs of items with content; none for fewer than two of them.
    fn unlike(&self, items: &[u32]) -> Option<f64> {
        let features = self.features?;
        let rows = items.iter().map(|&item| features.row(item));
        let rows: Vec<(&[f32], f32)> = rows.map(|r| (r, dot(r, r).sqrt())).filter(|r| r.1 > 0.0).collect();
        let (mut sum, mut pairs) = (0.0, 0);
        for (i, a) in rows.iter().enumerate() {
            for b in &rows[..i] {
                sum += 1.0 - f64::from(dot(a.0, b.0) / (a.1 * b.1));
                pairs += 1;
            }
        }
        (pairs > 0).then(|| sum / f64::from(pairs))
    }
}
