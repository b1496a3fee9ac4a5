//! Each modality alone against the fusion of all, on the same rows: the only honest way to show what fusion brings.

use crate::config::{ModelConfig, NamedConfig};
use crate::metric::Metrics;
use crate::train::{EpochReport, Event, FitOptions, Fitted, Observer, fit};
use crate::{Result, Targets, fuse};
use ronghe_data::{Modality, Split, Table};
use ronghe_stats::interval::paired;
use serde::Serialize;
use std::collections::BTreeSet;

/// One model of a study.
pub struct StudyModel {
    /// The modality, or `fused`.
    pub name: String,
    /// Names of its inputs.
    pub inputs: Vec<String>,
    /// What its training yielded.
    pub fitted: Fitted,
}

/// All models of a study, the fused one last.
pub struct Study {
    /// The models.
    pub models: Vec<StudyModel>,
    /// What fusion gains over the best single modality, where right and wrong can be counted.
    pub gain: Option<Gain>,
}

/// Fused accuracy less that of the best single modality on the same test rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gain {
    /// The best single modality.
    pub best_single: String,
    /// Difference of the accuracies.
    pub value: f64,
    /// 95 % interval of the paired difference.
    pub interval: (f64, f64),
}

impl Study {
    /// The fused model.
    pub fn fused(&self) -> Option<&StudyModel> {
        self.models.last()
    }
}

/// Trains a model for each modality of a resolved configuration, then the fused one.
pub fn study(
    config: &ModelConfig,
    table: &Table,
    split: &Split,
    options: &FitOptions<'_>,
    observer: &mut dyn Observer,
) -> Result<Study> {
    let modalities: BTreeSet<Modality> = config.inputs.iter().filter_map(|i| i.modality).collect();
    let mut configs: Vec<(String, ModelConfig)> = Vec::new();
    if modalities.len() > 1 {
        for modality in &modalities {
            let mut single = config.clone();
            single.inputs.retain(|i| i.modality == Some(*modality));
            single.fusion = default_fusion(single.inputs.len())?;
            configs.push((modality.name().to_owned(), single));
        }
    }
    configs.push(("fused".into(), config.clone()));
    let mut models = Vec::new();
    for (name, config) in configs {
        observer.event(&Event::Note(&format!("training: {name}")));
        let fitted = fit(&config, table, split.clone(), options, observer)?;
        let inputs = config.inputs.iter().map(|i| i.name.clone()).collect();
        models.push(StudyModel { name, inputs, fitted });
    }
    let gain = gain(&models);
    Ok(Study { models, gain })
}

fn default_fusion(inputs: usize) -> Result<NamedConfig> {
    let spec = fuse::find("concat", "fusion")?;
    let params = (spec.defaults)(inputs).as_object().cloned().unwrap_or_default();
    Ok(NamedConfig { kind: spec.name.into(), params })
}

/// Fused less best single, row by row.
fn gain(models: &[StudyModel]) -> Option<Gain> {
    let (fused, singles) = models.split_last()?;
    let accuracy = |m: &&StudyModel| m.fitted.test.get("accuracy").unwrap_or(f64::NEG_INFINITY);
    let best = singles.iter().max_by(|a, b| accuracy(a).total_cmp(&accuracy(b)))?;
    let (a, b) = (right(&fused.fitted)?, right(&best.fitted)?);
    let (value, interval) = paired(&a, &b)?;
    Some(Gain { best_single: best.name.clone(), value, interval })
}

/// Whether each test row was right.
fn right(fitted: &Fitted) -> Option<Vec<bool>> {
    let (Targets::Classes(classes), predictions) = (&fitted.test_targets, &fitted.test_predictions) else {
        return None;
    };
    let hit = |(row, &class): (usize, &i32)| usize::try_from(class) == Ok(predictions.best(row));
    Some(classes.iter().enumerate().map(hit).collect())
}

/// A model's figures in a table of results.
#[derive(Debug, Clone, Serialize)]
pub struct StudyRow<'a> {
    /// Name of the model.
    pub name: &'a str,
    /// Inputs it reads.
    pub inputs: &'a [String],
    /// Figures on the test rows.
    pub test: &'a Metrics,
    /// Epoch by epoch.
    pub history: &'a [EpochReport],
}

impl StudyModel {
    /// Its line in a table of results.
    pub fn row(&self) -> StudyRow<'_> {
        StudyRow {
            name: &self.name,
            inputs: &self.inputs,
            test: &self.fitted.test,
            history: &self.fitted.history,
        }
    }
}
