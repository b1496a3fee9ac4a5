//! The Gram matrix X'X of the events: how many users like both of two items.

use super::co_occurrence::rows;
use crate::{Error, Result, Sparse};
use rayon::prelude::*;

/// Most items: the matrix takes 4 bytes for each two of them, 16 GiB here.
const ITEMS: usize = 1 << 16;

/// Which part of the matrix is counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Part {
    /// The diagonal and what is below it; the rest stays 0.
    Lower,
    /// Everything.
    All,
}

/// Counts into a dense matrix, row after row: `O(sum over users of n_u^2)`. Counts are exact below 2^24 users.
pub(super) fn gram(liked: &Sparse, part: Part, model: &str) -> Result<Vec<f32>> {
    let items = liked.cols();
    if items > ITEMS {
        let (what, found) = (format!("the catalogue of {model}"), format!("{items} items"));
        let expected = format!("at most {ITEMS} items: it keeps a number for each two of them");
        return Err(Error::input(what, expected, found, "take `rp3beta` or `item-knn`"));
    }
    let of_items = liked.to_csc();
    let (of_users, of_items) = (rows(liked), rows(&of_items));
    let mut counts = vec![0.0f32; items * items];
    counts.par_chunks_mut(items.max(1)).enumerate().for_each(|(item, counts)| {
        for &user in of_items.get(item) {
            let liked = of_users.get(user as usize);
            let end = match part {
                Part::Lower => liked.partition_point(|&j| j as usize <= item),
                Part::All => liked.len(),
            };
            liked[..end].iter().for_each(|&j| counts[j as usize] += 1.0);
        }
    });
    Ok(counts)
}
