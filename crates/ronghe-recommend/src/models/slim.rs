//! A sparse linear model of each item on the others.
//!
//! ```text
//! min over W >= 0 with zero diagonal of 1/2 |X - X W|^2 + l2/2 |W|^2 + l1 |W|
//! ```
//!
//! (SLIM; Ning and Karypis 2011), by coordinate descent on the Gram matrix G = X'X, column by column:
//!
//! ```text
//! r = G[:, j] - G w          w[i] <- max(r[i] + G[i, i] w[i] - l1, 0) / (G[i, i] + l2)
//! ```
//!
//! As G and w are not negative, `r[i]` never exceeds `G[i, j]`: only items with `G[i, j] > l1` are looked at. Columns do not
//! depend on each other. Memory: `4 N^2` bytes for N items; a sweep over M candidates of which S change takes `M S`.

use super::co_occurrence::lines;
use super::gram::{Part, gram};
use super::item_weights::{ItemWeights, Line};
use super::settings;
use crate::{Progress, Result, Training};
use serde::{Deserialize, Serialize};

/// Largest change in a sweep after which a column is done.
const TOLERANCE: f64 = 1e-6;

/// Settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Weight of the sum of the weights, 0 or more: higher leaves fewer of them.
    pub l1: f64,
    /// Weight of the sum of their squares, 0 or more.
    pub l2: f64,
    /// Most sweeps over a column.
    pub sweeps: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { l1: 1.0, l2: 50.0, sweeps: 30 }
    }
}

/// Settings that are tried.
pub(crate) fn grid() -> Vec<Settings> {
    let mut grid = Vec::new();
    for l2 in [50.0, 200.0, 10.0] {
        grid.extend([1.0, 3.0, 10.0, 20.0].map(|l1| Settings { l1, l2, ..Settings::default() }));
    }
    grid
}

/// Descends.
pub fn fit(settings: &Settings, data: &Training<'_>, progress: Progress<'_>) -> Result<ItemWeights> {
    settings::at_least_zero("`l1` of SLIM", settings.l1)?;
    settings::at_least_zero("`l2` of SLIM", settings.l2)?;
    settings::count("`sweeps` of SLIM", settings.sweeps)?;
    let items = data.liked.cols();
    let gram = gram(data.liked, Part::All, "SLIM")?;
    let columns = lines(items, progress, Column::default, |column, item| {
        column.descend(settings, &gram, items, item);
        column.line()
    })?;
    Ok(ItemWeights::of_columns(&columns))
}

/// The column that is worked at.
#[derive(Default)]
struct Column {
    candidates: Vec<u32>,
    /// Of each candidate.
    rest: Vec<f64>,
    weights: Vec<f64>,
}

impl Column {
    fn descend(&mut self, settings: &Settings, gram: &[f32], items: usize, item: usize) {
        let row = |i: usize| &gram[i * items..(i + 1) * items];
        self.candidates.clear();
        self.rest.clear();
        for (i, &count) in (0..).zip(row(item)) {
            if f64::from(count) > settings.l1 && i as usize != item {
                self.candidates.push(i);
                self.rest.push(f64::from(count));
            }
        }
        self.weights.clear();
        self.weights.resize(self.candidates.len(), 0.0);
        for _ in 0..settings.sweeps {
            let mut largest = 0.0f64;
            for (c, &i) in self.candidates.iter().enumerate() {
                let row = row(i as usize);
                let (own, old) = (f64::from(row[i as usize]), self.weights[c]);
                let new = (self.rest[c] + own * old - settings.l1).max(0.0) / (own + settings.l2);
                let change = new - old;
                if change == 0.0 {
                    continue;
                }
                largest = largest.max(change.abs());
                self.weights[c] = new;
                for (rest, &other) in self.rest.iter_mut().zip(&self.candidates) {
                    *rest -= f64::from(row[other as usize]) * change;
                }
            }
            if largest < TOLERANCE {
                break;
            }
        }
    }

    fn line(&self) -> Line {
        let weights = self.candidates.iter().zip(&self.weights);
        weights.map(|(&item, &weight)| (item, weight as f32)).filter(|(_, weight)| *weight > 0.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Recommender;
    use crate::models::planted::{self, assert_scores};

    #[test]
    fn as_the_reference() {
        let fit = |settings: Settings| planted::fit(|data| fit(&settings, data, &|_, _| true));
        // models_ref.py with numpy 2.3.5, scipy 1.17.1 (its stops at 1e-14): scores of the first and the fourth user.
        let model = fit(Settings { l1: 0.2, l2: 0.5, sweeps: 1000 }).unwrap();
        assert_scores(
            &model,
            &[(0, 1.0), (1, 1.0), (2, 1.0)],
            &[0.5276595745, 0.9556650246, 0.4, 0.5106382979, 0.0],
        );
        assert_scores(&model, &[(0, 1.0), (3, 1.0)], &[0.2127659574, 0.5733990148, 0.0, 0.2468085106, 0.0]);
        let model = fit(Settings { l1: 1.0, l2: 50.0, sweeps: 1000 }).unwrap();
        assert_scores(
            &model,
            &[(0, 1.0), (1, 1.0), (2, 1.0)],
            &[0.036389083, 0.054271343, 0.018518519, 0.035087719, 0.0],
        );
        assert_scores(&model, &[(0, 1.0), (3, 1.0)], &[0.017494752, 0.053227664, 0.0, 0.01754386, 0.0]);
    }

    #[test]
    fn threads_change_no_bit() {
        let users: Vec<Vec<u32>> = (0..300u32)
            .map(|u| (0..90).filter(|i| (u * 7919 + i * 104_729) % 97 < 15 + i % 7).collect())
            .collect();
        let [one, three] = [1, 3].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let fit =
                |data: &Training<'_>| fit(&Settings { l2: 5.0, ..Settings::default() }, data, &|_, _| true);
            pool.install(|| planted::with(&planted::matrix(&users, 90), None, fit)).unwrap()
        });
        assert_eq!(one, three);
        assert!(!one.tensors()["weights"].1.is_empty());
    }

    #[test]
    fn bad_settings_are_errors() {
        let message = |settings: Settings| {
            planted::fit(|data| fit(&settings, data, &|_, _| true)).unwrap_err().to_string()
        };
        let usual = Settings::default();
        assert!(message(Settings { l1: -1.0, ..usual }).contains("`l1` of SLIM"));
        assert!(message(Settings { l2: f64::NAN, ..usual }).contains("`l2` of SLIM"));
        assert!(message(Settings { sweeps: 0, ..usual }).contains("`sweeps` of SLIM"));
    }

    #[test]
    fn nobody_likes_anything() {
        let model = planted::fit_empty(|data| fit(&Settings::default(), data, &|_, _| true)).unwrap();
        assert_scores(&model, &[(0, 1.0)], &[0.0; 5]);
    }
}
