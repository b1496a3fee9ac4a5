//! What an explanation says: `prediction = base + sum of attributions`, for each output.
//!
//! As JSON, a [`RowExplanation`] follows [`SCHEMA`] (JSON Schema 2020-12): one object a row; arrays over players come
//! first, arrays over outputs second.

use super::{Check, Link, Options, Player, Shapley};
use crate::{Error, Result, Task, TaskKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Name and version of the JSON format.
pub const FORMAT: &str = "ronghe.explanation/3";

/// The JSON schema of [`RowExplanation`].
pub const SCHEMA: &str = include_str!("explanation.schema.json");

/// Largest relative gap between prediction and base + attributions. More than rounding is a defect.
const MOST_RESIDUAL: f64 = 1e-6;

/// An explained row, at each level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowExplanation {
    /// [`FORMAT`].
    pub format: String,
    /// File of the row.
    pub file: String,
    /// Number of the row in its file, from 1.
    pub row: usize,
    /// How whole cells were to be filled.
    pub masker: String,
    /// How each column was divided and its parts filled, as a [`MaskSpec`](super::MaskSpec) is written; `whole/FILL` where it was not
    /// divided.
    #[serde(default)]
    pub masks: BTreeMap<String, String>,
    /// What each column was filled with where its whole cell was hidden.
    #[serde(default)]
    pub fills: BTreeMap<String, String>,
    /// Number of background rows.
    pub background: usize,
    /// What tells these background rows from others: the beginning of a hash of their cells.
    #[serde(default)]
    pub background_id: String,
    /// Seed of the sampling.
    pub seed: u64,
    /// Masked rows that the predictor was asked for, by all levels together.
    pub rows_predicted: usize,
    /// Players are modalities.
    pub modalities: Explanation,
    /// Players are columns; modalities, where no more was asked for.
    pub fields: Explanation,
    /// Players are the parts of cells (words, patches, stretches of sound) and the columns that are not divided; the parts of
    /// a column sum to it, the columns of a modality to that. None where no cell was divided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<Explanation>,
    /// What pairs of modalities add together beyond what each adds alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub synergy: Vec<Pair>,
    /// How faithful and robust the finest level is, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
    /// What to know before believing it.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// What two players add together beyond what each adds alone: their Shapley interaction index (order 2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// Positions of the two among the players.
    pub players: (usize, usize),
    /// The index, an output.
    pub values: Vec<f64>,
    /// Its standard error, an output; 0 if exact.
    pub standard_error: Vec<f64>,
}

impl RowExplanation {
    /// The finest level there is.
    pub fn finest(&self) -> &Explanation {
        self.parts.as_ref().unwrap_or(&self.fields)
    }

    /// Whether the standard errors fell below the tolerance at every level.
    pub fn converged(&self) -> bool {
        self.modalities.converged && self.fields.converged && self.parts.as_ref().is_none_or(|p| p.converged)
    }

    /// Lets this output be the one to look at first, at every level.
    pub fn look_at(&mut self, output: usize) {
        for level in [&mut self.modalities, &mut self.fields].into_iter().chain(&mut self.parts) {
            level.explained = output.min(level.outputs.len().saturating_sub(1));
            level.unresolved = unresolved(&level.attributions, &level.standard_error, level.explained);
        }
    }
}

/// A prediction taken apart into what each player added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Name in [`EXPLAINERS`](super::EXPLAINERS).
    pub method: String,
    /// What is predicted: the target columns.
    pub target: String,
    /// Scale of all numbers.
    pub link: Link,
    /// Unit of all numbers, in words.
    pub unit: String,
    /// Names of the outputs: classes, labels, or the target.
    pub outputs: Vec<String>,
    /// The output to look at first: the predicted class.
    pub explained: usize,
    /// Value when every player is hidden, an output.
    pub base: Vec<f64>,
    /// Value when no player is hidden, an output.
    pub prediction: Vec<f64>,
    /// Players.
    pub players: Vec<Player>,
    /// What each player added, `[player][output]`.
    pub attributions: Vec<Vec<f64>>,
    /// Standard error of each attribution from sampling coalitions, or points between row and background rows, given the
    /// background rows; 0 if exact.
    pub standard_error: Vec<Vec<f64>>,
    /// Evaluations of coalitions that this explanation rests on.
    pub evaluations: usize,
    /// Whether the standard errors fell below the tolerance.
    pub converged: bool,
    /// Largest standard error over the widest span of attributions of an output, that of the modalities where it is wider: what
    /// the tolerance bounds.
    pub ratio: f64,
    /// Players whose attribution to the explained output lies within 1.96 standard errors of 0 without being 0.
    pub unresolved: usize,
    /// Largest `|base + sum of attributions - prediction|` over the outputs, relative to the larger of 1 and the
    /// prediction.
    pub residual: f64,
}

impl Explanation {
    /// Names the numbers of a game and checks that they add up.
    pub(super) fn new(
        found: Shapley,
        method: &str,
        players: Vec<Player>,
        task: &Task,
        outputs: Vec<String>,
        options: &Options,
    ) -> Result<Explanation> {
        let residual = residual(&found);
        if residual > MOST_RESIDUAL {
            return Err(Error::Explain {
                what: "sum of base and attributions".into(),
                expected: format!("the prediction, within {MOST_RESIDUAL:e} of it"),
                found: format!("a relative gap of {residual:e}"),
                mend: "this is a defect of the explainer; please report it".into(),
            });
        }
        let target = task.columns.join(", ");
        let unit = match (options.link, task.kind) {
            (Link::LogOdds, _) => "log-odds".to_owned(),
            (Link::Identity, TaskKind::Regression) => format!("unit of {target}"),
            (Link::Identity, _) => "probability".to_owned(),
        };
        let last = &found.prediction;
        let explained = (0..last.len()).fold(0, |best, k| if last[k] > last[best] { k } else { best });
        let unresolved = unresolved(&found.attributions, &found.standard_error, explained);
        let ratio = found.ratio_beside(options.least_span);
        Ok(Explanation {
            method: method.to_owned(),
            target,
            link: options.link,
            unit,
            outputs,
            explained,
            base: found.base,
            prediction: found.prediction,
            players,
            attributions: found.attributions,
            standard_error: found.standard_error,
            evaluations: found.evaluations,
            converged: found.converged,
            ratio,
            unresolved,
            residual,
        })
    }

    /// Players by the size of what they added to `output`, largest first.
    pub fn ranking(&self, output: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.players.len()).collect();
        let size = |&i: &usize| self.attributions[i][output].abs();
        order.sort_by(|a, b| size(b).total_cmp(&size(a)));
        order
    }

    /// Sum of what the players added to `output`.
    pub fn sum(&self, output: usize) -> f64 {
        self.attributions.iter().map(|a| a[output]).sum()
    }
}

/// Players whose sign is open at 95 %.
fn unresolved(attributions: &[Vec<f64>], errors: &[Vec<f64>], output: usize) -> usize {
    let pairs = attributions.iter().zip(errors).map(|(a, e)| (a[output], e[output]));
    pairs.filter(|&(phi, error)| error > 0.0 && phi.abs() < 1.96 * error).count()
}

fn residual(found: &Shapley) -> f64 {
    (0..found.base.len())
        .map(|k| {
            let sum = found.base[k] + found.attributions.iter().map(|a| a[k]).sum::<f64>();
            (sum - found.prediction[k]).abs() / found.prediction[k].abs().max(1.0)
        })
        .fold(0.0, f64::max)
}
