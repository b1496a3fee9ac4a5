//! What a user asks for: inputs, target, fusion, training, split. Everything has a default but the target.
//!
//! | file | what |
//! |---|---|
//! | `epochs` | how long to train where that is not written |
//! | `resolve` | fills in what was left out, from the table's schema |
//! | `yaml` | reads a YAML file; errors name file, line and the valid names |

mod epochs;
mod resolve;
mod yaml;

pub use resolve::{AtHand, better_encoders, resolve};
pub use yaml::Written;

use crate::TaskKind;
use ronghe_data::{ColumnSchema, Kind, Modality, Notation};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A whole configuration. After [`resolve`] nothing in it is left to defaults.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelConfig {
    /// Where the rows are.
    pub data: DataConfig,
    /// What goes in; empty means every column but the target.
    pub inputs: Vec<InputConfig>,
    /// Encoders of inputs that name none, by modality.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub encoders: BTreeMap<Modality, NamedConfig>,
    /// What comes out.
    pub target: TargetConfig,
    /// How inputs become one.
    pub fusion: NamedConfig,
    /// How it learns.
    pub training: TrainingConfig,
    /// Which rows it learns from.
    pub split: SplitConfig,
    /// What is kept beside the network.
    pub artifact: ArtifactConfig,
    /// Seed of everything random.
    pub seed: u64,
}

impl ModelConfig {
    /// What the columns are that a resolved configuration knows: those of inputs and targets, and identifiers.
    pub fn columns(&self) -> Vec<ColumnSchema> {
        let notation = |name: &String| self.data.notation.get(name).cloned().unwrap_or_default();
        let kinds = self.data.kinds.iter();
        kinds
            .map(|(name, &kind)| ColumnSchema { name: name.clone(), kind, notation: notation(name) })
            .collect()
    }
}

/// What a saved model keeps beside its network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ArtifactConfig {
    /// Training rows that go with the model, drawn at random with the seed: what is usual, where predictions are explained. 0 for
    /// data that must not travel.
    pub background: usize,
}

impl Default for ArtifactConfig {
    fn default() -> ArtifactConfig {
        ArtifactConfig { background: 100 }
    }
}

/// Where the rows are and how to read them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// File or folder, relative to the configuration file.
    pub path: Option<String>,
    /// Kinds that overrule the inferred ones.
    pub kinds: BTreeMap<String, Kind>,
    /// How the cells of columns are written, where the rows of the table do not say it or say it wrongly: the order of day
    /// and month, the decimal mark, a unit, further words for missing cells. After [`resolve`], what a new row is read by.
    pub notation: BTreeMap<String, Notation>,
    /// Words that count as missing in every column, beside the usual ones.
    pub missing: Vec<String>,
    /// Columns to leave out.
    pub drop: Vec<String>,
    /// Rows to keep, drawn at random with the seed; all by default.
    pub rows: Option<usize>,
    /// Training rows to keep of each class, drawn at random with the seed, to see what few labels are worth; all by
    /// default. Validation and test rows stay.
    pub per_class: Option<usize>,
}

/// One input: a modality, its columns and its encoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputConfig {
    /// Name; by default the column's.
    pub name: String,
    /// Modality; by default that of the columns.
    #[serde(default)]
    pub modality: Option<Modality>,
    /// Columns; by default the one called `name`.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Encoder and its parameters.
    #[serde(default)]
    pub encoder: NamedConfig,
    /// How far training changes the published network of the encoder; none without one.
    #[serde(default, skip_serializing_if = "NamedConfig::is_empty")]
    pub transfer: NamedConfig,
}

/// A choice from a table with its parameters: `name`, or `{type: name, key: value}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "NamedForm", into = "NamedForm")]
pub struct NamedConfig {
    /// Name in its table; empty means the default choice.
    pub kind: String,
    /// Parameters given.
    pub params: Map<String, Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum NamedForm {
    Name(String),
    Full {
        #[serde(rename = "type", default)]
        kind: String,
        #[serde(flatten)]
        params: Map<String, Value>,
    },
}

impl NamedConfig {
    /// Whether nothing was chosen.
    pub fn is_empty(&self) -> bool {
        *self == NamedConfig::default()
    }
}

impl From<NamedForm> for NamedConfig {
    fn from(form: NamedForm) -> NamedConfig {
        match form {
            NamedForm::Name(kind) => NamedConfig { kind, params: Map::new() },
            NamedForm::Full { kind, params } => NamedConfig { kind, params },
        }
    }
}

impl From<NamedConfig> for NamedForm {
    fn from(config: NamedConfig) -> NamedForm {
        NamedForm::Full { kind: config.kind, params: config.params }
    }
}

/// What is to be predicted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TargetConfig {
    /// The target column.
    pub column: String,
    /// Further boolean columns, for multi-label.
    pub columns: Vec<String>,
    /// Task; by default what the column suggests.
    pub task: Option<TaskKind>,
    /// What stands between labels in one cell, for multi-label; by default the sign of `|`, `、`, `；`, `;`, `，`, `,` that most cells have.
    pub separator: Option<String>,
    /// Words of the target that are labels although they look like missing cells, such as `None` and `NA`.
    pub keep: Vec<String>,
}

impl TargetConfig {
    /// All target columns.
    pub fn all(&self) -> Vec<String> {
        let first = (!self.column.is_empty()).then(|| self.column.clone());
        first.into_iter().chain(self.columns.iter().cloned()).collect()
    }
}

/// Which optimiser.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptimizerKind {
    /// Adam.
    Adam,
    /// Adam with decoupled weight decay.
    #[default]
    Adamw,
    /// Stochastic gradient descent with Nesterov momentum 0.9.
    Sgd,
}

/// How the learning rate moves after warm-up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// Stays.
    Constant,
    /// Half a cosine down to 1 % of it.
    #[default]
    Cosine,
}

/// How rows of rare classes count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// Every row counts the same.
    #[default]
    None,
    /// Every class counts the same.
    Balanced,
}

/// How the model learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingConfig {
    /// Passes over the training rows; by default as many as make 1,500 steps, 10 at least and 300 at most.
    pub epochs: Option<usize>,
    /// Rows a step.
    pub batch_size: usize,
    /// Optimiser.
    pub optimizer: OptimizerKind,
    /// Highest learning rate.
    pub learning_rate: f32,
    /// Decoupled weight decay of AdamW, on matrices only; the other optimisers have none.
    pub weight_decay: f32,
    /// Share of all steps in which the learning rate rises from 0.
    pub warmup: f32,
    /// How the learning rate falls after that.
    pub decay: Decay,
    /// Largest norm of the gradient of all weights.
    pub clip_norm: Option<f32>,
    /// Metric that decides which epoch is best; by default `log_loss`, or `rmse` for regression.
    pub metric: Option<String>,
    /// Epochs without a better metric before training stops. By default none where `epochs` is written, else a fifth of them, 5
    /// at least.
    pub patience: Option<usize>,
    /// How many of the best epochs' weights are averaged, kept only where the average is better.
    pub soup: usize,
    /// Share of the target spread over all classes.
    pub label_smoothing: f32,
    /// How rows of rare classes count.
    pub class_weights: ClassWeights,
    /// Strength of mixup: pictures and sounds of two rows are blended, and their targets with them, in shares drawn from
    /// Beta(mixup, mixup); none at 0.
    pub mixup: f32,
    /// Chance with which an input of a training row is hidden, so that absence is learned. Never all inputs.
    pub modality_dropout: f32,
    /// Whether probabilities are calibrated on the validation rows.
    pub calibrate: bool,
}

impl Default for TrainingConfig {
    fn default() -> TrainingConfig {
        TrainingConfig {
            epochs: None,
            batch_size: 64,
            optimizer: OptimizerKind::default(),
            learning_rate: 1e-3,
            weight_decay: 0.01,
            warmup: 0.05,
            decay: Decay::default(),
            clip_norm: Some(1.0),
            metric: None,
            patience: None,
            soup: 3,
            label_smoothing: 0.0,
            class_weights: ClassWeights::default(),
            mixup: 0.0,
            modality_dropout: 0.1,
            calibrate: true,
        }
    }
}

impl TrainingConfig {
    /// The epochs, resolved or not.
    pub fn passes(&self) -> usize {
        self.epochs.unwrap_or(epochs::LEAST)
    }
}

/// How rows are split.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitKind {
    /// By a column called `split`, if there is one; else stratified for classes, random for quantities.
    #[default]
    Auto,
    /// At random.
    Random,
    /// At random within each class.
    Stratified,
    /// Rows of one group stay together.
    Group,
    /// Oldest rows train, newest test.
    Time,
    /// A column says which part each row belongs to.
    Column,
}

/// Which rows the model learns from, is tuned on and is tested on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SplitConfig {
    /// How.
    #[serde(rename = "type")]
    pub kind: SplitKind,
    /// Column of groups, times or parts.
    pub column: Option<String>,
    /// Share of validation rows.
    pub validation: f64,
    /// Share of test rows.
    pub test: f64,
}

impl Default for SplitConfig {
    fn default() -> SplitConfig {
        SplitConfig { kind: SplitKind::Auto, column: None, validation: 0.1, test: 0.2 }
    }
}
