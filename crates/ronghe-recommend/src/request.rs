//! What is asked of a served model, and what it answers.

use serde::{Deserialize, Serialize};

/// How many items of a domain are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Number of the domain.
    pub domain: u32,
    /// At least, where there are so many candidates.
    pub least: usize,
    /// At most.
    pub most: usize,
}

/// Lets items through by their number.
pub type Filter<'a> = &'a (dyn Fn(u32) -> bool + Sync);

/// What is asked for.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Number of the user, if there is one.
    pub user: Option<u32>,
    /// What was liked, the oldest first, instead of what is known of the user; empty: what is known.
    pub history: &'a [(u32, f32)],
    /// Length of the list, at least 1.
    pub k: usize,
    /// Whether items that the user saw may be listed.
    pub seen: bool,
    /// Only these items.
    pub allow: Option<&'a [u32]>,
    /// None of these items.
    pub deny: &'a [u32],
    /// Only items that it lets through.
    pub filter: Option<Filter<'a>>,
    /// Bounds of domains, each domain once.
    pub quotas: &'a [Quota],
    /// How much unlikeness counts, from 0 (not at all) to below 1.
    pub diversity: f32,
}

impl Default for Request<'_> {
    fn default() -> Self {
        Request {
            user: None,
            history: &[],
            k: 10,
            seen: false,
            allow: None,
            deny: &[],
            filter: None,
            quotas: &[],
            diversity: 0.0,
        }
    }
}

/// A listed item.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// Number of the item.
    pub item: u32,
    /// Its score.
    pub score: f32,
}

/// What diversity cost and brought, next to the list without it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TradeOff {
    /// Mean scaled score of the list, from 0 to 1.
    pub score: f64,
    /// That of the list without diversity.
    pub score_before: f64,
    /// Mean similarity of its pairs, 1 for nearest neighbours.
    pub alike: f64,
    /// That of the list without diversity.
    pub alike_before: f64,
}

/// The list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The best first; fewer than asked for where there are no more.
    pub items: Vec<Ranked>,
    /// Whether nothing is known of the user, so that these are the popular items.
    pub popular: bool,
    /// What diversity did, where it was asked for.
    pub trade_off: Option<TradeOff>,
}

/// Why an item is listed or not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Why {
    /// It is listed, at this place from 1.
    Listed {
        /// Place.
        rank: usize,
    },
    /// The model knows nothing of it.
    Unknown,
    /// The user saw it.
    Seen,
    /// It is among the denied.
    Denied,
    /// It is not among the allowed.
    NotAllowed,
    /// The filter does not let it through.
    Filtered,
    /// Its score would do, but the quotas of domains leave it no place.
    Quota {
        /// Its place among all candidates by score, from 1.
        rank: usize,
        /// Its score.
        score: f32,
    },
    /// Its score would do, but it is too much like what is listed.
    Alike {
        /// Its place among all candidates by score, from 1.
        rank: usize,
        /// Its score.
        score: f32,
    },
    /// Others have better scores.
    Score {
        /// Its place among all candidates by score, from 1.
        rank: usize,
        /// Its score.
        score: f32,
        /// The least score that is listed; none for an empty list.
        least: Option<f32>,
    },
}
