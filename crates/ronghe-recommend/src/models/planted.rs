//! A small matrix that the models' tests share, and what their scores are compared with.

use crate::models::item_weights::ItemWeights;
use crate::{Interactions, Query, Recommender, Result, Sparse, Training};

/// Items of each of 6 users; of the 5 items, nobody likes the last.
const USERS: [&[u32]; 6] = [&[0, 1, 2], &[0, 1], &[1, 2, 3], &[0, 3], &[0, 1, 3], &[]];

/// Users x items.
pub(crate) fn matrix(users: &[Vec<u32>], items: usize) -> Sparse {
    let starts = users.iter().scan(0, |end, user| {
        *end += user.len();
        Some(*end)
    });
    let starts: Vec<usize> = std::iter::once(0).chain(starts).collect();
    let indices = users.concat();
    let ones = vec![1.0; indices.len()];
    Sparse::new((users.len(), items), starts, indices, ones)
}

/// Fits to users' items.
pub(crate) fn fit_to<T>(
    users: &[Vec<u32>],
    items: usize,
    fit: impl Fn(&Training<'_>) -> Result<T>,
) -> Result<T> {
    let of = Interactions::default();
    let liked = matrix(users, items);
    fit(&Training { liked: &liked, events: &[], of: &of, features: None, seed: 0, threads: 1 })
}

/// Fits to the planted matrix.
pub(crate) fn fit<T>(fit: impl Fn(&Training<'_>) -> Result<T>) -> Result<T> {
    fit_to(&USERS.map(<[u32]>::to_vec), 5, fit)
}

/// Fits to 5 items that nobody likes, and one user.
pub(crate) fn fit_empty<T>(fit: impl Fn(&Training<'_>) -> Result<T>) -> Result<T> {
    fit_to(&[vec![]], 5, fit)
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
