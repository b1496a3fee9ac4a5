//! A linear model of each item on all others, in closed form.
//!
//! ```text
//! min over B with zero diagonal of |X - X B|^2 + lambda |B|^2:    P = (X'X + lambda I)^-1,    B[i, j] = -P[i, j] / P[j, j]
//! ```
//!
//! (EASE; Steck 2019.) X'X is counted into a dense f32 matrix, inverted there and turned into B there: `4 N^2` bytes for N
//! items and some per cent of it, `N^3` operations and the sum over users of `n_u^2`.

use super::gram::{Part, gram};
use super::item_weights::ItemWeights;
use super::settings;
use crate::{Error, Progress, Result, Training};
use rayon::prelude::*;
use ronghe_cpu::CpuExecutor;
use serde::{Deserialize, Serialize};

/// Settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Weight of the penalty, above 0.
    pub lambda: f64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { lambda: 200.0 }
    }
}

/// Settings that are tried.
pub(crate) fn grid() -> Vec<Settings> {
    [100.0, 200.0, 400.0, 800.0, 50.0, 1600.0, 20.0, 3200.0]
        .into_iter()
        .map(|lambda| Settings { lambda })
        .collect()
}

/// Solves for B.
pub fn fit(settings: &Settings, data: &Training<'_>, progress: Progress<'_>) -> Result<ItemWeights> {
    settings::above_zero("`lambda` of EASE", settings.lambda)?;
    let items = data.liked.cols();
    let mut matrix = gram(data.liked, Part::Lower, "EASE")?;
    for i in 0..items {
        matrix[i * items + i] += settings.lambda as f32;
    }
    let inverse = CpuExecutor::new(data.threads).spd_inverse(&mut matrix, items, progress);
    // It fails where lambda is lost beside the counts in f32.
    let inverse = inverse.map_err(|error| {
        Error::input("`lambda` of EASE", "a matrix that can be inverted", error.to_string(), "raise it")
    });
    if !inverse? {
        return Err(Error::Stopped);
    }
    let minus: Vec<f32> = (0..items).map(|i| -matrix[i * items + i]).collect();
    matrix.par_chunks_mut(items.max(1)).enumerate().for_each(|(i, row)| {
        row.iter_mut().zip(&minus).for_each(|(x, d)| *x /= d);
        row[i] = 0.0;
    });
    Ok(ItemWeights::dense(items, matrix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::planted::{self, assert_scores};

    #[test]
    fn as_the_reference() {
        let fit = |settings: Settings| planted::fit(|data| fit(&settings, data, &|_, _| true));
        // models_ref.py with numpy 2.3.5, scipy 1.17.1: scores of the first and the fourth user.
        let model = fit(Settings { lambda: 200.0 }).unwrap();
        assert_scores(
            &model,
            &[(0, 1.0), (1, 1.0), (2, 1.0)],
            &[0.019322625, 0.024344295, 0.014400305, 0.024061575, 0.0],
        );
        assert_scores(
            &model,
            &[(0, 1.0), (3, 1.0)],
            &[0.009685286, 0.024223779, 0.009496824, 0.009638957, 0.0],
        );
        let model = fit(Settings { lambda: 1.0 }).unwrap();
        assert_scores(
            &model,
            &[(0, 1.0), (1, 1.0), (2, 1.0)],
            &[0.4285714286, 0.9069767442, 0.3333333333, 0.5714285714, 0.0],
        );
        assert_scores(&model, &[(0, 1.0), (3, 1.0)], &[0.2571428571, 0.6046511628, 0.0, 0.2571428571, 0.0]);
    }

    #[test]
    fn bad_settings_are_errors() {
        let message = |settings: Settings| {
            planted::fit(|data| fit(&settings, data, &|_, _| true)).unwrap_err().to_string()
        };
        for lambda in [0.0, -1.0, f64::NAN] {
            assert!(message(Settings { lambda }).contains("`lambda` of EASE: expected a number above 0"));
        }
    }

    #[test]
    fn it_stops_when_asked() {
        let stopped = planted::fit(|data| fit(&Settings::default(), data, &|_, _| false));
        assert!(matches!(stopped, Err(Error::Stopped)));
    }

    #[test]
    fn nobody_likes_anything() {
        let model = planted::fit_empty(|data| fit(&Settings::default(), data, &|_, _| true)).unwrap();
        assert_scores(&model, &[(0, 1.0)], &[0.0; 5]);
    }
}
