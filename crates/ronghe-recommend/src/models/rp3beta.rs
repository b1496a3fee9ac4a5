//! Walks of three steps from a user over items and users to items, with the popular ones held back.
//!
//! ```text
//! W[i, j] = sum over users who like both of (1 / n(i))^alpha (1 / n(u))^alpha / n(j)^beta     n: number of events
//! ```
//!
//! of which the k highest from each item i stay (RP3beta; Paudel et al. 2017). Time and memory: those of
//! `co_occurrence`.

use super::co_occurrence::{Values, best, counts};
use super::item_weights::ItemWeights;
use super::settings;
use crate::{Progress, Result, Training};
use serde::{Deserialize, Serialize};

/// Settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Weights kept of each item; all where there are fewer.
    pub k: usize,
    /// Power of the probabilities of steps, above 0.
    pub alpha: f64,
    /// How much the popular are held back, 0 or more.
    pub beta: f64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { k: 100, alpha: 1.0, beta: 0.6 }
    }
}

/// Settings that are tried.
pub(crate) fn grid() -> Vec<Settings> {
    let mut grid = Vec::new();
    for k in [100, 50, 200, 500] {
        for alpha in [1.0, 0.8, 0.6, 1.2] {
            grid.extend([0.0, 0.2, 0.4, 0.6].map(|beta| Settings { k, alpha, beta }));
        }
    }
    grid
}

/// Adds up the walks.
pub fn fit(settings: &Settings, data: &Training<'_>, progress: Progress<'_>) -> Result<ItemWeights> {
    settings::count("`k` of rp3beta", settings.k)?;
    settings::above_zero("`alpha` of rp3beta", settings.alpha)?;
    settings::at_least_zero("`beta` of rp3beta", settings.beta)?;
    let counts = counts(data.liked);
    let power = |n: f64, power: f64| n.max(1.0).powf(power) as f32;
    let values = Values {
        weight: data.liked.outer_iterator().map(|row| power(row.nnz() as f64, -settings.alpha)).collect(),
        own: counts.iter().map(|&n| power(n, -settings.alpha)).collect(),
        scale: vec![1.0; counts.len()],
        other: counts.iter().map(|&n| power(n, settings.beta)).collect(),
        shrink: 0.0,
    };
    let rows = best(data.liked, &values, settings.k.min(counts.len().max(1)), progress)?;
    Ok(ItemWeights::of_rows(&rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::planted::{self, assert_scores};

    #[test]
    fn as_the_reference() {
        let fit = |settings: Settings| planted::fit(|data| fit(&settings, data, &|_, _| true));
        // models_ref.py with numpy 2.3.5, scipy 1.17.1: scores of the first and the fourth user.
        let model = fit(Settings { k: 2, alpha: 1.0, beta: 0.6 }).unwrap();
        assert_scores(
            &model,
            &[(0, 1.0), (1, 1.0), (2, 1.0)],
            &[0.12695529, 0.272047051, 0.109958993, 0.193980697, 0.0],
        );
        assert_scores(&model, &[(0, 1.0), (3, 1.0)], &[0.1209098, 0.223683131, 0.0, 0.107767054, 0.0]);
        let model = fit(Settings { k: 9, alpha: 0.7, beta: 0.3 }).unwrap();
        assert_scores(
            &model,
            &[(0, 1.0), (1, 1.0), (2, 1.0)],
            &[0.573849069, 0.762073559, 0.427942465, 0.751884596, 0.0],
        );
        assert_scores(
            &model,
            &[(0, 1.0), (3, 1.0)],
            &[0.329938323, 0.669052247, 0.317117683, 0.294074432, 0.0],
        );
    }

    #[test]
    fn bad_settings_are_errors() {
        let message = |settings: Settings| {
            planted::fit(|data| fit(&settings, data, &|_, _| true)).unwrap_err().to_string()
        };
        let usual = Settings::default();
        assert!(message(Settings { k: 0, ..usual }).contains("`k` of rp3beta"));
        assert!(
            message(Settings { alpha: 0.0, ..usual })
                .contains("`alpha` of rp3beta: expected a number above 0")
        );
        assert!(message(Settings { beta: f64::INFINITY, ..usual }).contains("`beta`"));
    }

    #[test]
    fn nobody_likes_anything() {
        let model = planted::fit_empty(|data| fit(&Settings::default(), data, &|_, _| true)).unwrap();
        assert_scores(&model, &[(0, 1.0)], &[0.0; 5]);
    }
}
