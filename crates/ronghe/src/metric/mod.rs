//! How good predictions are.
//!
//! | file | what |
//! |---|---|
//! | `classify` | accuracy, F1, AUC, log-loss, calibration error, confusion table |
//! | `regress` | RMSE, MAE, R2 |
//! | `weighted` | figures in which rows count by a weight |

mod classify;
mod regress;
mod weighted;

pub use classify::Confusion;
pub(crate) use weighted::weighted;

use crate::{Error, Predictions, Result, Targets, Task, TaskKind};
use serde::{Deserialize, Serialize};

/// An entry of the table of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricSpec {
    /// Name in configurations and reports.
    pub name: &'static str,
    /// Whether a larger value is better.
    pub larger_is_better: bool,
    /// Tasks it is defined for.
    pub kinds: &'static [TaskKind],
    /// One line of help.
    pub summary: &'static str,
}

const CLASSES: &[TaskKind] = &[TaskKind::Binary, TaskKind::MultiClass, TaskKind::MultiLabel];
const QUANTITY: &[TaskKind] = &[TaskKind::Regression];

/// All metrics.
pub static METRICS: &[MetricSpec] = &[
    metric("accuracy", true, CLASSES, "share of right rows (of right labels, for multi-label)"),
    metric(
        "balanced_accuracy",
        true,
        &[TaskKind::Binary, TaskKind::MultiClass],
        "mean recall of the classes",
    ),
    metric("macro_f1", true, CLASSES, "mean F1 of the classes"),
    metric("auc", true, CLASSES, "area under the ROC curve, mean over classes against the rest"),
    metric("log_loss", false, CLASSES, "mean negative log probability of the truth, nats"),
    metric("ece", false, CLASSES, "expected calibration error, 15 equal-width bins"),
    metric("rmse", false, QUANTITY, "root of the mean squared error, in the target's unit"),
    metric("mae", false, QUANTITY, "mean absolute error, in the target's unit"),
    metric("r2", true, QUANTITY, "share of variance explained"),
];

const fn metric(
    name: &'static str,
    larger_is_better: bool,
    kinds: &'static [TaskKind],
    summary: &'static str,
) -> MetricSpec {
    MetricSpec { name, larger_is_better, kinds, summary }
}

/// One measured figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Name of the metric.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// 95 % interval, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<(f64, f64)>,
}

/// How good predictions were on some rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Rows with a target.
    pub rows: usize,
    /// The figures, in the order of [`METRICS`].
    pub figures: Vec<Measured>,
    /// Which class was taken for which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confusion: Option<Confusion>,
}

impl Metrics {
    /// The value of a metric.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.figures.iter().find(|f| f.name == name).map(|f| f.value)
    }

    /// The figure that leads a table: accuracy, or RMSE.
    pub fn headline(&self) -> Option<&Measured> {
        self.figures.iter().find(|f| f.name == "accuracy" || f.name == "rmse")
    }

    fn push(&mut self, name: &str, value: f64, interval: Option<(f64, f64)>) {
        if value.is_finite() {
            self.figures.push(Measured { name: name.to_owned(), value, interval });
        }
    }
}

/// Compares predictions with targets. Rows without a target are left out. There are no figures where a prediction is not a finite
/// number: whatever was said of the others would flatter the model.
pub fn evaluate(task: &Task, predictions: &Predictions, targets: &Targets) -> Metrics {
    let mut metrics = Metrics::default();
    if !predictions.values.iter().all(|v| v.is_finite()) {
        metrics.rows = predictions.rows();
        return metrics;
    }
    match targets {
        Targets::Classes(classes) => classify::classes(task, predictions, classes, &mut metrics),
        Targets::Labels { values, .. } => classify::labels(predictions, values, &mut metrics),
        Targets::Numbers(numbers) => {
            let unit = |v: &Option<f64>| v.map(|v| v * task.std + task.mean);
            let truth: Vec<Option<f64>> = numbers.iter().map(unit).collect();
            regress::numbers(predictions, &truth, &mut metrics);
        }
    }
    metrics
}

/// The metric called `name` for a task; by default the one that training watches.
pub fn find(name: Option<&str>, kind: TaskKind, place: &str) -> Result<&'static MetricSpec> {
    let fallback = if kind == TaskKind::Regression { "rmse" } else { "log_loss" };
    let name = name.unwrap_or(fallback);
    METRICS.iter().find(|m| m.name == name && m.kinds.contains(&kind)).ok_or_else(|| Error::UnknownName {
        place: place.to_owned(),
        what: "metric for this task",
        name: name.to_owned(),
        valid: METRICS.iter().filter(|m| m.kinds.contains(&kind)).map(|m| m.name.to_owned()).collect(),
    })
}
