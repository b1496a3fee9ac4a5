//! Sentences on the same matter: spherical k-means.
//!
//! `k` centres `c` of length 1; each row goes to the centre with the highest `x . c` (the first of equals), each centre becomes the
//! direction of the sum of its rows, until no row changes or [`STEPS`] steps are done. First centres by k-means++: the next
//! is a row drawn with a chance in proportion to `1 - max_c x . c`. `k` follows from the length of the summary. `O(k numbers)` a
//! step, memory `O(k width)`.
//!
//! Sources: I. Dhillon & D. Modha, "Concept decompositions for large sparse text data using clustering", 2001; D. Arthur & S.
//! Vassilvitskii, "k-means++", 2007.

use super::rows::{Rows, normalise};
use rayon::prelude::*;
use ronghe_graph::SplitMix;

/// Most clusters.
const MOST: usize = 12;

/// Fewest sentences of a cluster, on average.
const SHARE: usize = 4;

/// Most steps.
const STEPS: usize = 10;

/// Sentences by cluster.
pub(super) struct Clusters {
    /// The cluster of each row, numbered in the order of their first rows.
    pub(super) of: Vec<usize>,
    /// How many there are.
    pub(super) count: usize,
}

/// Clusters of the rows, for a summary of `picks` sentences.
pub(super) fn clusters(rows: &dyn Rows, picks: usize, seed: u64) -> Clusters {
    let n = rows.count();
    let k = picks.min(MOST).min(n / SHARE);
    if k < 2 {
        return Clusters { of: vec![0; n], count: 1 };
    }
    let mut centres = start(rows, k, seed);
    let mut of = nearest(rows, &centres);
    for _ in 0..STEPS {
        for centre in &mut centres {
            centre.fill(0.0);
        }
        for (i, &cluster) in of.iter().enumerate() {
            rows.add(i, 1.0, &mut centres[cluster]);
        }
        centres.iter_mut().for_each(|centre| normalise(centre));
        let next = nearest(rows, &centres);
        if next == of {
            break;
        }
        of = next;
    }
    numbered(of, k)
}

/// First centres.
fn start(rows: &dyn Rows, k: usize, seed: u64) -> Vec<Vec<f32>> {
    let n = rows.count();
    let mut random = SplitMix::named(seed, "summarise clusters");
    let mut far = vec![1.0f32; n];
    let mut centres: Vec<Vec<f32>> = Vec::with_capacity(k);
    for _ in 0..k {
        let total: f64 = far.iter().map(|&f| f64::from(f)).sum();
        let mut left = f64::from(random.unit()) * total;
        let drawn = far.iter().position(|&f| {
            left -= f64::from(f);
            left < 0.0
        });
        // Nothing is far from the centres there are: rows are fewer matters than `k`.
        let Some(drawn) = drawn else { break };
        let mut centre = vec![0.0; rows.width()];
        rows.add(drawn, 1.0, &mut centre);
        for (i, far) in far.iter_mut().enumerate() {
            *far = far.min(1.0 - rows.dot(i, &centre)).max(0.0);
        }
        far[drawn] = 0.0;
        centres.push(centre);
    }
    centres
}

/// The nearest centre of each row.
fn nearest(rows: &dyn Rows, centres: &[Vec<f32>]) -> Vec<usize> {
    let one = |i: usize| {
        let mut best = (f32::NEG_INFINITY, 0);
        for (c, centre) in centres.iter().enumerate() {
            let near = rows.dot(i, centre);
            if near > best.0 {
                best = (near, c);
            }
        }
        best.1
    };
    (0..rows.count()).into_par_iter().map(one).collect()
}

/// Numbers clusters in the order of their first rows; empty ones vanish.
fn numbered(mut of: Vec<usize>, k: usize) -> Clusters {
    let mut names: Vec<Option<usize>> = vec![None; k];
    let mut count = 0;
    for cluster in &mut of {
        *cluster = *names[*cluster].get_or_insert_with(|| {
            count += 1;
            count - 1
        });
    }
    Clusters { of, count }
}

#[cfg(test)]
mod tests {
    use super::super::rows::Dense;
    use super::*;

    #[test]
    fn matters_come_apart() {
        let values: Vec<f32> = (0..12)
            .flat_map(|i| {
                let small = 0.05 * (i / 3) as f32;
                match i % 3 {
                    0 => [1.0, small, 0.0],
                    1 => [small, 1.0, 0.0],
                    _ => [0.0, small, 1.0],
                }
            })
            .collect();
        for seed in 0..5 {
            let found = clusters(&Dense::new(values.clone(), 3), 3, seed);
            assert_eq!(found.count, 3);
            assert!((0..12).all(|i| found.of[i] == i % 3), "{:?}", found.of);
        }
    }

    #[test]
    fn equal_rows_are_one_cluster() {
        let found = clusters(&Dense::new([1.0, 0.0].repeat(40), 2), 5, 1);
        assert_eq!((found.count, found.of), (1, vec![0; 40]));
        assert_eq!(clusters(&Dense::new(vec![0.0; 80], 2), 5, 1).of.len(), 40);
        assert_eq!(clusters(&Dense::new(vec![1.0; 6], 2), 5, 1).count, 1);
    }
}
