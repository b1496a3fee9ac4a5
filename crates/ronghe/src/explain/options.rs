//! How to explain.

use super::mask::MASKERS;
use super::{EXPLAINERS, Explainer, Link, MaskSpec, Player};
use crate::{Error, Result};
use ronghe_data::Modality;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Up to so many players the choice `auto` counts every coalition.
pub const AUTO_EXACT_PLAYERS: usize = 10;

/// From so many evaluations a player on the choice `auto` takes `kernel`, below it `permutation`: a regression of few pairs of
/// coalitions a player is worse than walks. MNIST's dense net, 100 background rows: at 4.6 evaluations for each of 784 pixels the squared
/// error of `kernel` is 9 times that of `permutation`, at 43 for each of 49 patches 0.15 times.
pub const AUTO_KERNEL_EVALUATIONS: usize = 8;

/// How to explain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Name in [`EXPLAINERS`], or `auto`: exact up to [`AUTO_EXACT_PLAYERS`] players, kernel above.
    pub method: String,
    /// How whole cells are filled, also those that are divided: a fill of the masker `whole`.
    pub masker: String,
    /// How fine the players are.
    pub level: Level,
    /// Whether texts, pictures and sounds are divided: `auto`, each by the default masker of its modality, or `none`.
    pub parts: String,
    /// Maskers of columns or of modalities, by name, as a [`MaskSpec`] is written; before `parts` and `masker`.
    pub masks: BTreeMap<String, String>,
    /// Scale of the attributions.
    pub link: Link,
    /// Largest standard error, as a share of the span of the attributions, at which sampling stops.
    pub tolerance: f64,
    /// Most evaluations of coalitions for the members of a group; 0 = twice their number and 2048.
    pub budget: usize,
    /// Most players that may be explained exactly (no more than 24 whatever is given).
    pub max_exact_players: usize,
    /// Seed.
    pub seed: u64,
    /// Whether to measure how faithful and how robust the attributions are.
    pub check: bool,
    /// Where a game is a piece of a larger one: the span of the larger one's attributions, which the tolerance is then a
    /// share of. Found by the explanation itself.
    #[serde(skip)]
    pub least_span: f64,
}

/// How fine the players are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Modalities only.
    Modalities,
    /// Modalities and columns.
    Columns,
    /// Modalities, columns and parts of cells, where cells are divided.
    #[default]
    Parts,
}

impl Level {
    /// The levels, by name.
    pub const ALL: [(&'static str, Level); 3] =
        [("modalities", Level::Modalities), ("columns", Level::Columns), ("parts", Level::Parts)];
}

impl Default for Options {
    fn default() -> Options {
        Options {
            method: "auto".into(),
            masker: MASKERS[0].fills[0].name.into(),
            level: Level::Parts,
            parts: "none".into(),
            masks: BTreeMap::new(),
            link: Link::Identity,
            tolerance: 0.01,
            budget: 4096,
            max_exact_players: 14,
            seed: 0,
            check: false,
            least_span: 0.0,
        }
    }
}

impl Options {
    /// The explainer for a game of so many players.
    ///
    /// `auto` is exact where that is cheap, else the kernel, whose squared error (over the sum of squared shares) was the
    /// least, or near it, of all that sample: means over games of known shares with n players, 10 of 12 and 50, 1 of 784
    /// (seeds 0, 1, ...). Cliques of 2 to 4 players beside single ones (additive); parities of 3 and 5 (rough), in which
    /// hardly anything is additive.
    ///
    /// | game | n | evaluations | kernel | permutation | shap_kernel (never more than 2 n + 2048) |
    /// |---|---|---|---|---|---|
    /// | additive | 12 | 96 | 1.2e-2 | 4.7e-2 | 3.3e-2 |
    /// | additive | 50 | 400 | 2.5e-2 | 4.4e-2 | 5.3e-2 |
    /// | additive | 784 | 3,616 | 7.3e-2 | 7.8e-2 | 2.1e-1 |
    /// | additive | 784 | 6,272 | 3.1e-2 | 4.1e-2 | 2.1e-1 |
    /// | rough | 12 | 96 | 1.6 | 4.4 | 1.4 |
    /// | rough | 50 | 400 | 1.5 | 3.2 | 2.3 |
    /// | rough | 784 | 3,616 | 4.2 | 6.6 | 12.5 |
    /// | rough | 784 | 6,272 | 1.9 | 3.7 | 12.5 |
    pub fn explainer(&self, players: usize) -> Result<&'static dyn Explainer> {
        let name = match self.method.as_str() {
            "auto" if players <= AUTO_EXACT_PLAYERS => "exact",
            "auto" if self.budget != 0 && self.budget < AUTO_KERNEL_EVALUATIONS * players => "permutation",
            "auto" => "kernel",
            name => name,
        };
        EXPLAINERS.iter().copied().find(|e| e.name() == name).ok_or_else(|| {
            let valid = ["auto"].into_iter().chain(EXPLAINERS.iter().map(|e| e.name()));
            unknown("explanation method", name, valid.map(str::to_owned).collect())
        })
    }

    /// These options for a game of so many players within one whose attributions span `span`.
    pub(super) fn within(&self, players: usize, span: f64) -> Options {
        let budget = if self.budget == 0 { 2 * players + 2048 } else { self.budget };
        Options { budget, least_span: span, ..self.clone() }
    }

    /// Whether parts of cells are players.
    pub(super) fn divides(&self) -> bool {
        self.level == Level::Parts
    }

    /// Whether the method finds the shares of groups as sums over one game of the finest players.
    pub(super) fn sums(&self) -> bool {
        EXPLAINERS.iter().any(|e| e.name() == self.method && e.sums())
    }

    /// Name of the fill of whole cells of a column.
    pub(super) fn whole(&self, spec: &MaskSpec) -> &'static str {
        let whole = MASKERS[0];
        let named =
            whole.fills.iter().find(|f| f.name == self.masker).map_or(whole.fills[0].name, |f| f.name);
        if spec.masker.name == whole.name { spec.fill } else { named }
    }

    /// How the cells of each column are masked.
    pub(super) fn specs(&self, fields: &[Player]) -> Result<Vec<MaskSpec>> {
        let whole = MaskSpec::parse(&format!("whole/{}", self.masker), Modality::Tabular, "explain")?;
        let divided = match self.parts.as_str() {
            "auto" => true,
            "none" => false,
            other => return Err(unknown("choice of parts", other, vec!["auto".into(), "none".into()])),
        };
        let of_modality = |name: &str| fields.iter().any(|f| f.modality.name() == name);
        if let Some(name) =
            self.masks.keys().find(|n| fields.iter().all(|f| f.name != **n) && !of_modality(n))
        {
            let modalities =
                Modality::ALL.iter().map(|m| m.name()).filter(|n| of_modality(n)).map(str::to_owned);
            let valid = fields.iter().map(|f| f.name.clone()).chain(modalities).collect();
            return Err(unknown("column or modality to mask", name, valid));
        }
        let spec =
            |field: &Player| match self.masks.get(&field.name).or(self.masks.get(field.modality.name())) {
                Some(text) => MaskSpec::parse(text, field.modality, &format!("mask of `{}`", field.name)),
                None if divided && field.modality != Modality::Tabular => {
                    let spec = MaskSpec::default_of(field.modality);
                    // One game for all levels needs one fill for them.
                    let usual = spec.masker.fills.iter().find(|f| self.sums() && f.name == self.masker);
                    Ok(MaskSpec { fill: usual.map_or(spec.fill, |f| f.name), ..spec })
                }
                None => Ok(whole.clone()),
            };
        fields.iter().map(spec).collect()
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

    fn fields() -> Vec<Player> {
        [("标题", Modality::Text), ("body", Modality::Text), ("age", Modality::Tabular)]
            .map(|(name, modality)| Player {
                name: name.into(),
                modality,
                columns: vec![name.into()],
                part: None,
            })
            .to_vec()
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_right_ones() {
        let options = Options { method: "exat".into(), masker: "blur".into(), ..Options::default() };
        let error = options.explainer(3).err().unwrap().to_string();
        assert!(
            error.contains("`exat`") && error.contains("auto, exact, kernel, permutation, shap_kernel"),
            "{error}"
        );
        let said = |options: &Options| options.specs(&fields()).err().unwrap().to_string();
        assert!(said(&options).contains("background, missing, gaussian"), "{}", said(&options));
        let parts = Options { parts: "all".into(), ..Options::default() };
        assert!(said(&parts).contains("auto, none"));
        let masks = BTreeMap::from([("photo".to_owned(), "patches".to_owned())]);
        let masks = Options { masks, ..Options::default() };
        assert!(said(&masks).contains("标题, body, age, tabular, text"), "{}", said(&masks));
    }

    #[test]
    fn a_column_goes_before_its_modality_and_that_before_auto() {
        let masks = [("text", "words:5"), ("body", "whole/missing")];
        let masks = masks.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let options =
            Options { masks, parts: "auto".into(), masker: "gaussian".into(), ..Options::default() };
        let specs: Vec<String> = options.specs(&fields()).unwrap().iter().map(MaskSpec::text).collect();
        assert_eq!(specs, ["words:5/delete", "whole/missing", "whole/gaussian"]);
    }
}
