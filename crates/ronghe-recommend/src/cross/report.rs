//! What a comparison of domains found, as plain data.

use crate::Model;
use crate::report::Interval;
use serde::{Deserialize, Serialize};

/// Who is in which domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlap {
    /// Users with a liked event in the source domain.
    pub source: usize,
    /// Users with one in the target domain.
    pub target: usize,
    /// Users with both.
    pub both: usize,
    /// Users with both who are left to learn from, judged ones not counted.
    pub left: usize,
}

/// What the best of the settings of one kind of model reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    /// The model with its settings, chosen on validation.
    pub model: Model,
    /// Settings that were tried.
    pub tried: usize,
    /// Its NDCG on validation.
    pub validation: f64,
    /// NDCG over the tested users.
    pub ndcg: Interval,
    /// NDCG less that of the best model without transfer, same users; none for that one.
    pub less_best_alone: Option<Interval>,
    /// The same of the model fitted on the shuffled source; none for models without transfer, and where it cannot be fitted on that.
    pub shuffled: Option<Interval>,
}

/// A kind of model that could not be fitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfit {
    /// Its name.
    pub model: String,
    /// Why.
    pub why: String,
}

/// What the comparison found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// Events in the target domain that judged users kept.
    pub kept: usize,
    /// Who is in which domain.
    pub overlap: Overlap,
    /// Users that validated.
    pub validated: usize,
    /// Users that were tested.
    pub tested: usize,
    /// Models without transfer.
    pub alone: Vec<Reached>,
    /// Models across.
    pub across: Vec<Reached>,
    /// Kinds of models that could not be fitted, such as a map where no user has both sides.
    pub unfit: Vec<Unfit>,
    /// Place of the best of `alone` on the test.
    pub best_alone: usize,
    /// Place of the best of `alone` on validation: what is used where transfer is refused.
    pub fallback: usize,
    /// Place of the best of `across` on validation; none where none could be fitted.
    pub best_across: Option<usize>,
    /// NDCG of that one less that of the best without transfer, on validation.
    pub validation_gain: Option<Interval>,
    /// Whether that interval is above zero; if not, transfer is refused.
    pub accepted: bool,
}
