//! What an evaluation finds, as plain data. Nothing here is printed.

use crate::split::Counted;
use ronghe_stats::bootstrap;
use ronghe_stats::random::SplitMix64;
use serde::{Deserialize, Serialize};

/// A figure of the list of one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Share of the relevant items that are listed.
    Recall,
    /// Normalised discounted cumulative gain.
    Ndcg,
    /// Share of `k` that is relevant.
    Precision,
    /// Average precision.
    Map,
    /// Reciprocal rank of the first hit.
    Mrr,
    /// Whether there is a hit.
    HitRate,
}

impl Metric {
    /// Every figure.
    pub const ALL: [Metric; 6] =
        [Metric::Recall, Metric::Ndcg, Metric::Precision, Metric::Map, Metric::Mrr, Metric::HitRate];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Recall => "Recall",
            Metric::Ndcg => "NDCG",
            Metric::Precision => "Precision",
            Metric::Map => "MAP",
            Metric::Mrr => "MRR",
            Metric::HitRate => "HitRate",
        }
    }

    /// How it is defined; libraries differ.
    pub fn definition(self) -> &'static str {
        match self {
            Metric::Recall => "hits / relevant items",
            Metric::Ndcg => {
                "sum of 1 / log2(rank + 1) over hits, over that of min(k, relevant) hits at the top"
            }
            Metric::Precision => "hits / k",
            Metric::Map => "sum over hits of the precision at their rank / min(k, relevant)",
            Metric::Mrr => "1 / rank of the first hit within k, else 0",
            Metric::HitRate => "1 if there is a hit within k, else 0",
        }
    }
}

/// A mean and its bootstrap interval of 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Of nobody.
    pub(crate) const NOTHING: Interval = Interval { mean: 0.0, low: 0.0, high: 0.0 };

    /// Of the values of some users, drawn anew by the seed; none without users.
    pub(crate) fn of(values: &[f64], seed: u64) -> Option<Interval> {
        bootstrap::interval(values, 0.95, |draw| SplitMix64::numbered(seed, draw)).map(Interval::from)
    }

    /// Of the differences `a - b` of the same users.
    pub(crate) fn of_differences(a: &[f64], b: &[f64], seed: u64) -> Option<Interval> {
        bootstrap::paired(a, b, 0.95, |draw| SplitMix64::numbered(seed, draw)).map(Interval::from)
    }
}

impl From<bootstrap::Interval> for Interval {
    fn from(found: bootstrap::Interval) -> Interval {
        Interval { mean: found.mean, low: found.low, high: found.high }
    }
}

/// A figure of many users.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Which.
    pub metric: Metric,
    /// Mean over users.
    pub value: Interval,
}

/// The figures of a group of users.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Users with a relevant item.
    pub users: usize,
    /// Those of them that got no list; each figure of theirs is 0.
    pub without_list: usize,
    /// In the order of [`Metric::ALL`]; empty without users.
    pub figures: Vec<Figure>,
    /// Share of the catalogue that is in at least one list.
    pub coverage: f64,
    /// Mean of `-log2(users who liked the item / users)` over listed items, users after users; an item that nobody liked counts as
    /// liked by one.
    pub novelty: Option<f64>,
    /// Mean of `1 - cosine` over the pairs of a list, by the content of the items.
    pub diversity: Option<f64>,
    /// Mean number of users who liked a listed item.
    pub popularity: Option<f64>,
    /// Mean place of a listed item among all by that number, from 0 (least) to 1; equal ones share the middle of their places.
    pub percentile: Option<f64>,
}

impl Figures {
    /// The mean and interval of a figure; none without users.
    pub fn get(&self, metric: Metric) -> Option<Interval> {
        self.figures.iter().find(|f| f.metric == metric).map(|f| f.value)
    }
}

/// A model next to a baseline: means of the differences over the same users.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Versus {
    /// Name of the baseline.
    pub baseline: String,
    /// Over users with a past.
    pub warm: Vec<Figure>,
    /// Over all users.
    pub all: Vec<Figure>,
}

/// The figures within one domain: its items ranked, those of them relevant that are in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfDomain {
    /// Name of the domain.
    pub domain: String,
    /// Users with a relevant item in it.
    pub users: usize,
    /// Over all these users; empty without them.
    pub figures: Vec<Figure>,
}

/// What one model reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// Its name.
    pub name: String,
    /// Over users with a liked event that is known.
    pub warm: Figures,
    /// Over all users; those without a past get the popular items.
    pub all: Figures,
    /// Within each domain, where there are several.
    pub domains: Vec<OfDomain>,
    /// Next to the baselines, and to the best of the others.
    pub versus: Vec<Versus>,
    /// Which of the others has the highest mean NDCG over users with a past; of equals the first.
    pub best_other: Option<String>,
    /// Seconds of ranking.
    pub seconds: f64,
    /// Of each user with a relevant item, in the order of their numbers: the figures in the order of [`Metric::ALL`].
    #[serde(skip)]
    pub by_user: Vec<[f64; 6]>,
}

/// What an evaluation finds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Length of the lists; shorter where there is no more to list.
    pub k: usize,
    /// Items that are ranked.
    pub catalogue: usize,
    /// What the targets are.
    pub targets: Counted,
    /// What each model reached.
    pub models: Vec<Scored>,
    /// Users of `by_user`, and whether each has a past.
    #[serde(skip)]
    pub users: Vec<(u32, bool)>,
}
