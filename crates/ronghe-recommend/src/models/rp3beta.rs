//! Walks of three steps from a user over items and users to items, with the popular ones held back.
//!
//! ```text
//! W[i, j] = sum over users who like both of (1 / n(i))^alpha (1 / n(u))^alpha / n(j)^beta     n: number of events
//! ```
//!
//! of which the k highest to each item j stay (RP3beta; Paudel et al. 2017). A walk may come back: where W\[j, j\] is among the k
//! highest it takes a place, though nobody is told of what they know (irspack does the same; its `alpha` is a power of the events, this
//! one of the steps, and both are level at 1). Time and memory: those of `co_occurrence`.

use super::co_occurrence::{Values, best, counts};
use super::item_weights::ItemWeights;
use super::settings;
use crate::{Progress, Result, Training};
use serde::{Deserialize, Serialize};

/// Settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Weights kept to each item; all where there are fewer.
    pub k: usize,
    /// Power of the probabilities of steps, above 0.
    pub alpha: f64,
    /// How much the popular are held back, 0 or more.
    pub beta: f64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { k: 200, alpha: 1.0, beta: 0.2 }
    }
}

/// Settings that are tried.
pub(crate) fn grid() -> Vec<Settings> {
    let mut grid = Vec::new();
    for k in [200, 100, 50, 500] {
        for alpha in [1.0, 0.6, 0.8, 1.2] {
            grid.extend([0.2, 0.0, 0.4, 0.6].map(|beta| Settings { k, alpha, beta }));
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
        own: counts.iter().map(|&n| power(n, -settings.beta)).collect(),
        scale: vec![1.0; counts.len()],
        other: counts.iter().map(|&n| power(n, settings.alpha)).collect(),
        shrink: 0.0,
        itself: true,
    };
    let columns = best(data.liked, &values, settings.k.min(counts.len().max(1)), progress)?;
    Ok(ItemWeights::of_columns(&columns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::planted::{self, assert_scores};

    #[test]
    fn as_the_reference() {
        let fit = |settings: Settings| planted::fit(|data| fit(&settings, data, &|_, _| true));
        let users = [&[(0, 1.0), (1, 1.0), (2, 1.0)][..], &[(0, 1.0), (3, 1.0)]];
        // irspack 0.5.2, `RP3betaRecommender(alpha=1, beta, top_k)`, its diagonal left out: scores of the first and the fourth user.
        for (k, beta, expected) in [
            (
                2,
                0.6,
                [[0.12695529, 0.145091761, 0.109958993, 0.107767054, 0.0], [0.0, 0.0, 0.0, 0.107767054, 0.0]],
            ),
            (
                3,
                0.2,
                [
                    [0.221041999, 0.473661427, 0.145091761, 0.301028086, 0.0],
                    [0.21051619, 0.221041999, 0.09672784, 0.167237825, 0.0],
                ],
            ),
        ] {
            let model = fit(Settings { k, alpha: 1.0, beta }).unwrap();
            users.iter().zip(&expected).for_each(|(user, scores)| assert_scores(&model, user, scores));
        }
        // models_ref.py with numpy 2.3.5, scipy 1.17.1.
        let model = fit(Settings { k: 9, alpha: 0.7, beta: 0.3 }).unwrap();
        assert_scores(&model, users[0], &[0.573849069, 0.762073559, 0.427942465, 0.751884596, 0.0]);
        assert_scores(&model, users[1], &[0.329938323, 0.669052247, 0.317117683, 0.294074432, 0.0]);
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
