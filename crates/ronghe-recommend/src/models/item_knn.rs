//! Neighbours of items by those who like them.
//!
//! ```text
//! cosine: W[i, j] = c(i, j) / (sqrt(n(i) n(j)) + shrink)                 c: users who like both, n: users who like it
//! bm25:   W[i, j] = sum over users who like both of x(i, u) x(j, u)      x(i, u) = idf(u) (k1 + 1) / (k1 q(i) + 1)
//!         idf(u) = ln(items) - ln(1 + items of u)                        q(i) = 1 - b + b n(i) / mean n
//! ```
//!
//! of which the k highest to each item j stay, or the k highest from each item i (Sarwar et al. 2001; BM25 with items as documents and users as words, Robertson
//! and Zaragoza 2009). Time and memory: those of `co_occurrence`.

use super::co_occurrence::{Values, best, counts};
use super::item_weights::ItemWeights;
use super::settings;
use crate::{Progress, Result, Training};
use serde::{Deserialize, Serialize};

/// Settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Neighbours kept of each item; all where there are fewer.
    pub k: usize,
    /// Of which item they are the neighbours.
    pub keep: Keep,
    /// How two items are compared.
    pub weighting: Weighting,
    /// Cosine: draws what rests on few users towards 0.
    pub shrink: f64,
    /// BM25: how little weighs more in an item that many like; 0 or more.
    pub k1: f64,
    /// BM25: how much that number of users counts, 0 to 1.
    pub b: f64,
}

/// Which neighbours stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// Those of each item that may be listed: every one is told by as many.
    To,
    /// Those of each item of a history: every one speaks for as many (implicit's way, where the item itself is one of the k).
    From,
}

/// How two items are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weighting {
    /// By the cosine of their columns.
    Cosine,
    /// By the product of their columns, weighted by BM25.
    Bm25,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { k: 100, keep: Keep::To, weighting: Weighting::Cosine, shrink: 0.0, k1: 1.2, b: 0.75 }
    }
}

/// Settings that are tried.
pub(crate) fn grid() -> Vec<Settings> {
    let usual = Settings::default();
    let mut grid = Vec::new();
    for k in [20, 200, 50, 100, 500] {
        grid.extend([0.0, 10.0, 50.0].map(|shrink| Settings { k, shrink, ..usual }));
    }
    for k in [20, 100] {
        grid.extend([0.0, 10.0].map(|shrink| Settings { k, keep: Keep::From, shrink, ..usual }));
    }
    for (k, keep) in [200, 20, 50, 100, 500].map(|k| (k, Keep::To)).into_iter().chain([(200, Keep::From)]) {
        for k1 in [0.5, 1.2, 3.0] {
            let weighting = Weighting::Bm25;
            grid.extend([0.2, 0.5, 0.75].map(|b| Settings { k, keep, weighting, k1, b, ..usual }));
        }
    }
    grid
}

/// Finds the neighbours.
pub fn fit(settings: &Settings, data: &Training<'_>, progress: Progress<'_>) -> Result<ItemWeights> {
    settings::count("`k` of item-knn", settings.k)?;
    settings::at_least_zero("`shrink` of item-knn", settings.shrink)?;
    settings::at_least_zero("`k1` of item-knn", settings.k1)?;
    settings::share("`b` of item-knn", settings.b)?;
    let users = data.liked.outer_iterator().map(|row| row.nnz());
    let counts = counts(data.liked);
    let ones = vec![1.0; counts.len()];
    let values = match settings.weighting {
        Weighting::Cosine => {
            let roots: Vec<f32> = counts.iter().map(|&n| n.sqrt() as f32).collect();
            Values {
                weight: users.map(|_| 1.0).collect(),
                own: ones,
                scale: roots.clone(),
                other: roots,
                shrink: settings.shrink as f32,
                itself: false,
            }
        }
        Weighting::Bm25 => {
            let items = counts.len().max(1) as f64;
            let mean = counts.iter().sum::<f64>() / items;
            let Settings { k1, b, .. } = *settings;
            let factor = |n: &f64| (k1 + 1.0) / (k1 * (1.0 - b + b * n / mean) + 1.0);
            let idf = |n: usize| items.ln() - (1.0 + n as f64).ln();
            Values {
                weight: users.map(|n| idf(n).powi(2) as f32).collect(),
                own: counts.iter().map(|n| factor(n) as f32).collect(),
                scale: ones,
                other: counts.iter().map(|n| (1.0 / factor(n)) as f32).collect(),
                shrink: 0.0,
                itself: false,
            }
        }
    };
    let neighbours = best(data.liked, &values, settings.k.min(counts.len().max(1)), progress)?;
    // Values are the same both ways.
    Ok(match settings.keep {
        Keep::To => ItemWeights::of_columns(&neighbours),
        Keep::From => ItemWeights::of_rows(&neighbours),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::planted::{self, assert_scores};
    use std::f64::consts::FRAC_1_SQRT_2;

    #[test]
    fn as_the_reference() {
        let fit = |settings: Settings| planted::fit(|data| fit(&settings, data, &|_, _| true));
        // models_ref.py with numpy 2.3.5, scipy 1.17.1: scores of the first and the fourth user.
        let model = fit(Settings { k: 2, ..Settings::default() }).unwrap();
        assert_scores(
            &model,
            &[(0, 1.0), (1, 1.0), (2, 1.0)],
            &[0.75, 1.457106781, FRAC_1_SQRT_2, 1.154700538, 0.0],
        );
        assert_scores(&model, &[(0, 1.0), (3, 1.0)], &[0.577350269, 0.75, 0.40824829, 0.577350269, 0.0]);
        let model = fit(Settings { k: 2, shrink: 3.0, ..Settings::default() }).unwrap();
        assert_scores(
            &model,
            &[(0, 1.0), (1, 1.0), (2, 1.0)],
            &[0.428571429, 0.771717179, 0.343145751, 0.618802154, 0.0],
        );
        assert_scores(
            &model,
            &[(0, 1.0), (3, 1.0)],
            &[0.309401077, 0.428571429, 0.183503419, 0.309401077, 0.0],
        );
        let model = fit(Settings { k: 100, ..Settings::default() }).unwrap();
        assert_scores(
            &model,
            &[(0, 1.0), (1, 1.0), (2, 1.0)],
            &[1.103553391, 1.457106781, 1.060660172, 1.562948829, 0.0],
        );
        assert_scores(
            &model,
            &[(0, 1.0), (3, 1.0)],
            &[0.577350269, 1.327350269, 0.761801681, 0.577350269, 0.0],
        );
        let model = fit(Settings { k: 2, weighting: Weighting::Bm25, ..Settings::default() }).unwrap();
        assert_scores(
            &model,
            &[(0, 1.0), (1, 1.0), (2, 1.0)],
            &[0.242114781, 0.332231538, 0.090116756, 0.316342693, 0.0],
        );
        assert_scores(
            &model,
            &[(0, 1.0), (3, 1.0)],
            &[0.239565588, 0.242114781, 0.051728204, 0.239565588, 0.0],
        );
        let model =
            fit(Settings { k: 9, weighting: Weighting::Bm25, k1: 0.5, b: 0.2, ..Settings::default() })
                .unwrap();
        assert_scores(
            &model,
            &[(0, 1.0), (1, 1.0), (2, 1.0)],
            &[0.384793299, 0.433611897, 0.146455795, 0.442139174, 0.0],
        );
        assert_scores(
            &model,
            &[(0, 1.0), (3, 1.0)],
            &[0.29692243, 0.431133796, 0.098876247, 0.29692243, 0.0],
        );
    }

    #[test]
    fn as_implicit_keeps_them() {
        let (keep, weighting) = (Keep::From, Weighting::Bm25);
        let settings = Settings { k: 1, keep, weighting, ..Settings::default() };
        let model = planted::fit(|data| fit(&settings, data, &|_, _| true)).unwrap();
        // implicit 0.7.3, `BM25Recommender(K=2, K1=1.2, B=0.75)`, the item itself left out: the first and the fourth user.
        assert_scores(&model, &[(0, 1.0), (1, 1.0), (2, 1.0)], &[0.242114781, 0.332231538, 0.0, 0.0, 0.0]);
        assert_scores(&model, &[(0, 1.0), (3, 1.0)], &[0.239565588, 0.242114781, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn bad_settings_are_errors() {
        let message = |settings: Settings| {
            planted::fit(|data| fit(&settings, data, &|_, _| true)).unwrap_err().to_string()
        };
        let usual = Settings::default();
        assert!(message(Settings { k: 0, ..usual }).contains("`k` of item-knn: expected 1 or more, found 0"));
        assert!(message(Settings { shrink: -1.0, ..usual }).contains("`shrink`"));
        assert!(message(Settings { k1: f64::NAN, ..usual }).contains("`k1`"));
        assert!(
            message(Settings { b: 1.5, ..usual }).contains("`b` of item-knn: expected a share from 0 to 1")
        );
    }

    #[test]
    fn nobody_likes_anything() {
        let model = planted::fit_empty(|data| fit(&Settings::default(), data, &|_, _| true)).unwrap();
        assert_scores(&model, &[(0, 1.0)], &[0.0; 5]);
    }
}
