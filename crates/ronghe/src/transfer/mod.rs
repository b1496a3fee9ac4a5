//! How far training changes a published network.
//!
//! Training goes epoch by epoch; a [`Transfer`] says for each what is open. A trunk is a row of **groups** of weights, from
//! the input to its last block (`depth`); the learning rate of a weight is that of the training times a factor.
//!
//! | name | what is trained in the trunk | factor in group g of d |
//! |---|---|---|
//! | `frozen` | nothing: vectors are computed once | |
//! | `gradual` | nothing for `head_epochs`, then the last `blocks` groups for `block_epochs`, then all | `rate decay^(d-1-g)` |
//! | `full` | everything from the start | `rate decay^(d-1-g)` |
//! | `lora` | low-rank adapters beside the dense layers of `targets` | `rate` |
//! | `norm+bias` | scales and shifts of norms, and biases | `rate` |
//!
//! Sources: head before trunk, Kumar et al. 2022; gradual unfreezing and rates by layer, Howard and Ruder 2018; LoRA, Hu et
//! al. 2022; biases alone, Ben Zaken et al. 2022. Running statistics of batch norms stay as published in all of them.

mod adapters;
mod choose;
mod groups;

pub use adapters::{TARGETS, adapters};
pub use choose::{Choice, choose};
pub use groups::groups;

use crate::config::NamedConfig;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// An entry of the table of strategies.
#[derive(Debug)]
pub struct TransferSpec {
    /// Name in configurations.
    pub name: &'static str,
    /// One line of help.
    pub summary: &'static str,
    /// Its parameters with their defaults, as an object.
    pub defaults: fn() -> Value,
}

/// All strategies.
pub static TRANSFERS: &[TransferSpec] = &[
    TransferSpec {
        name: "frozen",
        summary: "the published network stays as it is; its vectors are computed once and kept",
        defaults: || json!({}),
    },
    TransferSpec {
        name: "gradual",
        summary: "first what lies behind the published network, then its last blocks, then all of it",
        defaults: || json!({"head_epochs": 1, "block_epochs": 1, "blocks": null, "rate": 0.1, "decay": 0.9}),
    },
    TransferSpec {
        name: "full",
        summary: "the whole published network from the first epoch",
        defaults: || json!({"rate": 0.1, "decay": 0.9}),
    },
    TransferSpec {
        name: "lora",
        summary: "low-rank adapters in a transformer, kept apart in a file of a megabyte or less",
        defaults: || json!({"rank": 8, "alpha": 16.0, "targets": ["query", "key", "value", "output"], "rate": 0.5}),
    },
    TransferSpec {
        name: "norm+bias",
        summary: "norms and biases only: a hundredth of the weights",
        defaults: || json!({"rate": 0.5}),
    },
];

/// A strategy with its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Transfer {
    /// Nothing of the trunk is trained.
    Frozen,
    /// Opened from the end to the beginning.
    Gradual {
        /// Epochs in which nothing of the trunk is trained.
        head_epochs: usize,
        /// Epochs after those in which the last groups are trained.
        block_epochs: usize,
        /// How many groups; a third of all if not given.
        blocks: Option<usize>,
        /// Factor on the learning rate in the last group.
        rate: f32,
        /// Further factor from each group to the one before.
        decay: f32,
    },
    /// Everything from the start.
    Full {
        /// Factor on the learning rate in the last group.
        rate: f32,
        /// Further factor from each group to the one before.
        decay: f32,
    },
    /// Adapters.
    Lora {
        /// Width between the two factors of an adapter.
        rank: usize,
        /// Strength: what an adapter adds has the factor `alpha / rank`.
        alpha: f32,
        /// Which dense layers: some of [`TARGETS`].
        targets: Vec<String>,
        /// Factor on the learning rate.
        rate: f32,
    },
    /// Norms and biases.
    #[serde(rename = "norm+bias")]
    NormBias {
        /// Factor on the learning rate.
        rate: f32,
    },
}

/// What of a trunk is trained in an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nothing.
    Closed,
    /// The groups from this one to the last.
    From(usize),
    /// Adapters.
    Adapters,
    /// Norms and biases.
    NormBias,
}

impl Transfer {
    /// Parses a resolved setting; `place` stands in errors.
    pub fn parse(config: &NamedConfig, place: &str) -> Result<Transfer> {
        let mut object = Map::new();
        object.insert("type".into(), Value::String(config.kind.clone()));
        object.extend(config.params.clone());
        let wrong = |setting: &str, expected: &str, found: String| Error::Setting {
            place: place.to_owned(),
            setting: setting.to_owned(),
            expected: expected.to_owned(),
            found,
        };
        let transfer: Transfer = serde_json::from_value(Value::Object(object))
            .map_err(|e| wrong(&config.kind, "its parameters", e.to_string()))?;
        let share = |name: &str, value: f32| {
            if value > 0.0 && value <= 10.0 {
                Ok(())
            } else {
                Err(wrong(name, "above 0, at most 10", value.to_string()))
            }
        };
        match &transfer {
            Transfer::Frozen => {}
            Transfer::Gradual { rate, decay, blocks, .. } => {
                share("rate", *rate)?;
                share("decay", *decay)?;
                if *blocks == Some(0) {
                    return Err(wrong("blocks", "1 or more", "0".into()));
                }
            }
            Transfer::Full { rate, decay } => {
                share("rate", *rate)?;
                share("decay", *decay)?;
            }
            Transfer::NormBias { rate } => share("rate", *rate)?,
            Transfer::Lora { rank, alpha, targets, rate } => {
                share("rate", *rate)?;
                if !(1..=1024).contains(rank) {
                    return Err(wrong("rank", "1 to 1024", rank.to_string()));
                }
                if !(alpha.is_finite() && *alpha > 0.0) {
                    return Err(wrong("alpha", "above 0", alpha.to_string()));
                }
                let unknown = targets.iter().find(|t| !TARGETS.iter().any(|(name, _)| name == t));
                if let Some(unknown) = unknown {
                    return Err(Error::UnknownName {
                        place: place.to_owned(),
                        what: "target of lora",
                        name: unknown.clone(),
                        valid: TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect(),
                    });
                }
            }
        }
        Ok(transfer)
    }

    /// What is open in `epoch`, from 0, of a trunk of `depth` groups.
    pub fn stage(&self, epoch: usize, depth: usize) -> Stage {
        match self {
            Transfer::Frozen => Stage::Closed,
            Transfer::Full { .. } => Stage::From(0),
            Transfer::Lora { .. } => Stage::Adapters,
            Transfer::NormBias { .. } => Stage::NormBias,
            Transfer::Gradual { head_epochs, .. } if epoch < *head_epochs => Stage::Closed,
            Transfer::Gradual { head_epochs, block_epochs, blocks, .. }
                if epoch < head_epochs.saturating_add(*block_epochs) =>
            {
                Stage::From(depth - blocks.unwrap_or(depth.div_ceil(3)).min(depth))
            }
            Transfer::Gradual { .. } => Stage::From(0),
        }
    }

    /// Factor on the learning rate in group `group` of `depth`.
    pub fn rate(&self, group: usize, depth: usize) -> f32 {
        match self {
            Transfer::Frozen => 0.0,
            Transfer::Gradual { rate, decay, .. } | Transfer::Full { rate, decay } => {
                rate * decay.powi(depth.saturating_sub(group + 1) as i32)
            }
            Transfer::Lora { rate, .. } | Transfer::NormBias { rate } => *rate,
        }
    }
}

/// The strategy called `name`.
pub fn find(name: &str, place: &str) -> Result<&'static TransferSpec> {
    TRANSFERS.iter().find(|t| t.name == name).ok_or_else(|| Error::UnknownName {
        place: place.to_owned(),
        what: "transfer",
        name: name.to_owned(),
        valid: TRANSFERS.iter().map(|t| t.name.to_owned()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(kind: &str, params: &Value) -> Result<Transfer> {
        let mut all = (find(kind, "test")?.defaults)().as_object().cloned().unwrap_or_default();
        all.extend(params.as_object().cloned().unwrap_or_default());
        Transfer::parse(&NamedConfig { kind: kind.into(), params: all }, "test")
    }

    #[test]
    fn every_strategy_has_sound_defaults() {
        for spec in TRANSFERS {
            assert!(parse(spec.name, &json!({})).is_ok(), "{}", spec.name);
        }
    }

    #[test]
    fn gradual_opens_from_the_end() {
        let gradual = parse("gradual", &json!({"head_epochs": 2})).unwrap();
        let stages: Vec<Stage> = (0..5).map(|epoch| gradual.stage(epoch, 20)).collect();
        assert_eq!(stages, [Stage::Closed, Stage::Closed, Stage::From(13), Stage::From(0), Stage::From(0)]);
        assert_eq!(gradual.rate(19, 20), 0.1);
        assert!((gradual.rate(17, 20) - 0.081).abs() < 1e-6);
        let more = parse("gradual", &json!({"head_epochs": 0, "blocks": 99})).unwrap();
        assert_eq!(more.stage(0, 20), Stage::From(0));
    }

    #[test]
    fn wrong_parameters_are_named() {
        let message = |kind: &str, params: &Value| parse(kind, params).unwrap_err().to_string();
        assert!(message("lora", &json!({"targets": ["keys"]})).contains("query, key, value"));
        assert!(message("lora", &json!({"rank": 0})).contains("1 to 1024"));
        assert!(message("full", &json!({"rate": 0.0})).contains("rate"));
        assert!(message("slow", &json!({})).contains("norm+bias"));
    }
}
