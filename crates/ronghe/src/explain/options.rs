//! How to explain.

use super::{EXPLAINERS, Explainer, Link, MASKERS, MaskerSpec};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// Up to so many players the choice `auto` counts every coalition.
pub const AUTO_EXACT_PLAYERS: usize = 10;

/// How to explain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Name in [`EXPLAINERS`], or `auto`: exact up to [`AUTO_EXACT_PLAYERS`] players, kernel above.
    pub method: String,
    /// Name in [`MASKERS`].
    pub masker: String,
    /// Scale of the attributions.
    pub link: Link,
    /// Largest standard error, as a share of the span of the attributions, at which sampling stops.
    pub tolerance: f64,
    /// Most evaluations of coalitions.
    pub budget: usize,
    /// Most players that may be explained exactly (no more than 24 whatever is given).
    pub max_exact_players: usize,
    /// Seed.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            method: "auto".into(),
            masker: MASKERS[0].name.into(),
            link: Link::Identity,
            tolerance: 0.01,
            budget: 4096,
            max_exact_players: 14,
            seed: 0,
        }
    }
}

impl Options {
    /// The explainer for a game of so many players.
    ///
    /// `auto` is exact where that is cheap, else the kernel, whose squared error (over the sum of squared shares) was the
    /// least, or near it, of all that sample: means over games of known shares with n players, 10 of 12 and 50, 3 of 200, 1 of
    /// 784 (seeds 0, 1, ...). Cliques of 2 to 4 players beside single ones (additive); parities of 3 and 5 (rough), in which
    /// hardly anything is additive.
    ///
    /// | game | n | evaluations | kernel | permutation | shap_kernel (never more than 2 n + 2048) |
    /// |---|---|---|---|---|---|
    /// | additive | 12 | 96 | 1.2e-2 | 4.7e-2 | 3.3e-2 |
    /// | additive | 12 | 2,072 | 1.6e-4 | 1.8e-3 | 3.9e-4 |
    /// | additive | 50 | 400 | 2.5e-2 | 4.4e-2 | 5.3e-2 |
    /// | additive | 50 | 2,148 | 4.3e-3 | 8.8e-3 | 5.8e-3 |
    /// | additive | 200 | 1,600 | 2.8e-2 | 4.0e-2 | 6.2e-2 |
    /// | additive | 200 | 2,448 | 1.4e-2 | 2.8e-2 | 3.8e-2 |
    /// | additive | 784 | 3,616 | 7.3e-2 | 7.8e-2 | 2.1e-1 |
    /// | additive | 784 | 6,272 | 3.1e-2 | 4.1e-2 | 2.1e-1 |
    /// | rough | 12 | 96 | 1.6 | 4.4 | 1.4 |
    /// | rough | 12 | 2,072 | 1.6e-2 | 2.5e-1 | 1.1e-2 |
    /// | rough | 50 | 400 | 1.5 | 3.2 | 2.3 |
    /// | rough | 50 | 2,148 | 2.5e-1 | 6.2e-1 | 2.7e-1 |
    /// | rough | 200 | 1,600 | 2.0 | 3.3 | 3.8 |
    /// | rough | 200 | 2,448 | 1.2 | 2.3 | 2.2 |
    /// | rough | 784 | 3,616 | 4.2 | 6.6 | 12.5 |
    /// | rough | 784 | 6,272 | 1.9 | 3.7 | 12.5 |
    pub fn explainer(&self, players: usize) -> Result<&'static dyn Explainer> {
        let name = match self.method.as_str() {
            "auto" if players <= AUTO_EXACT_PLAYERS => "exact",
            "auto" => "kernel",
            name => name,
        };
        EXPLAINERS.iter().copied().find(|e| e.name() == name).ok_or_else(|| {
            let valid = ["auto"].into_iter().chain(EXPLAINERS.iter().map(|e| e.name()));
            unknown("explanation method", name, valid.map(str::to_owned).collect())
        })
    }

    /// The masker.
    pub fn masker(&self) -> Result<&'static MaskerSpec> {
        MASKERS.iter().find(|m| m.name == self.masker).ok_or_else(|| {
            unknown("masker", &self.masker, MASKERS.iter().map(|m| m.name.to_owned()).collect())
        })
    }
}

fn unknown(what: &'static str, name: &str, valid: Vec<String>) -> Error {
    Error::UnknownName { place: "explain".into(), what, name: name.to_owned(), valid }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_counts_few_players_and_samples_many() {
        let options = Options::default();
        assert_eq!(options.explainer(10).unwrap().name(), "exact");
        assert_eq!(options.explainer(11).unwrap().name(), "kernel");
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_right_ones() {
        let options = Options { method: "exat".into(), masker: "blur".into(), ..Options::default() };
        let error = options.explainer(3).err().unwrap().to_string();
        assert!(
            error.contains("`exat`") && error.contains("auto, exact, kernel, permutation, shap_kernel"),
            "{error}"
        );
        let error = options.masker().err().unwrap().to_string();
        assert!(error.contains("background, missing"), "{error}");
    }
}
