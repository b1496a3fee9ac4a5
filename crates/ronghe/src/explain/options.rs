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
    /// Name in [`EXPLAINERS`], or `auto`: exact up to [`AUTO_EXACT_PLAYERS`] players, permutation above.
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
    pub fn explainer(&self, players: usize) -> Result<&'static dyn Explainer> {
        let name = match self.method.as_str() {
            "auto" if players <= AUTO_EXACT_PLAYERS => "exact",
            "auto" => "permutation",
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
        assert_eq!(options.explainer(11).unwrap().name(), "permutation");
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_right_ones() {
        let options = Options { method: "exat".into(), masker: "blur".into(), ..Options::default() };
        let error = options.explainer(3).err().unwrap().to_string();
        assert!(error.contains("`exat`") && error.contains("auto, exact, permutation"), "{error}");
        let error = options.masker().err().unwrap().to_string();
        assert!(error.contains("background, missing"), "{error}");
    }
}
