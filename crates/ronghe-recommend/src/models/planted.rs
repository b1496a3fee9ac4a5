//! Small data that the models' tests share, and what scores are compared with.

use crate::models::item_weights::ItemWeights;
use crate::{Features, Interactions, Query, Recommender, Result, Sparse, Training};
use ronghe_stats::random::SplitMix64;

/// Items of each of 6 users; of the 5 items, nobody likes the last.
const USERS: [&[u32]; 6] = [&[0, 1, 2], &[0, 1], &[1, 2, 3], &[0, 3], &[0, 1, 3], &[]];

/// A matrix of the items of each user.
pub(crate) fn matrix<R: AsRef<[u32]>>(users: &[R], items: usize) -> Sparse {
    let mut starts = vec![0];
    users.iter().for_each(|row| starts.push(starts[starts.len() - 1] + row.as_ref().len()));
    let columns: Vec<u32> = users.iter().flat_map(|row| row.as_ref()).copied().collect();
    let ones = vec![1.0; columns.len()];
    Sparse::new((users.len(), items), starts, columns, ones)
}

/// Six users and five items of two kinds: 0 to 2 and 3 to 4.
pub(crate) fn six() -> Sparse {
    matrix(&[&[0, 1][..], &[0, 1, 2], &[1, 2], &[3, 4], &[2, 3, 4], &[0, 4]], 5)
}

/// The content of those items.
pub(crate) fn two_features() -> Features {
    let values = vec![1.0, 0.2, 0.9, 0.1, 0.7, 0.5, 0.1, 1.0, 0.2, 0.8];
    Features { width: 2, values, names: Vec::new() }
}

/// Users and items at random, of which user 0 and item 0 have no event.
pub(crate) fn random(users: usize, items: usize, share: f64, seed: u64) -> Sparse {
    let mut random = SplitMix64::new(seed);
    let rows: Vec<Vec<u32>> = (0..users)
        .map(|user| (1..items as u32).filter(|_| random.unit() < share && user > 0).collect())
        .collect();
    matrix(&rows, items)
}

/// Runs `test` with these events as training data.
pub(crate) fn with<R>(
    liked: &Sparse,
    features: Option<&Features>,
    test: impl FnOnce(&Training<'_>) -> R,
) -> R {
    let of = Interactions::default();
    test(&Training { liked, events: &[], of: &of, features, seed: 7, threads: 0 })
}

/// The history of a user of the matrix.
pub(crate) fn history(liked: &Sparse, user: usize) -> Vec<(u32, f32)> {
    liked.outer_view(user).iter().flat_map(|row| row.indices()).map(|item| (*item, 1.0)).collect()
}

/// The same on one, two and three threads.
pub(crate) fn on_threads<R: Send + PartialEq>(work: impl Fn() -> R + Sync) -> bool {
    let results: Vec<R> = [1, 2, 3]
        .into_iter()
        .map(|n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(&work))
        .collect();
    results.windows(2).all(|w| w[0] == w[1])
}

/// Fits to the planted matrix.
pub(crate) fn fit<T>(fit: impl Fn(&Training<'_>) -> Result<T>) -> Result<T> {
    with(&matrix(&USERS, 5), None, fit)
}

/// Fits to 5 items that nobody likes, and one user.
pub(crate) fn fit_empty<T>(fit: impl Fn(&Training<'_>) -> Result<T>) -> Result<T> {
    with(&matrix(&[[]], 5), None, fit)
}

/// Requires these scores of a history, to 1e-5 of each and 1e-7 of 1.
pub(crate) fn assert_scores(model: &ItemWeights, history: &[(u32, f32)], expected: &[f64]) {
    let mut found = vec![f32::NAN; model.items()];
    model.scores(Query { user: None, history }, &mut found);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        let error = (f64::from(*found) - expected).abs();
        assert!(error <= 1e-5 * expected.abs().max(1e-2), "found {found}, expected {expected}");
    }
}
