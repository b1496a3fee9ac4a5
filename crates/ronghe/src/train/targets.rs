//! What the loss is fed: targets and the weight of each row.

use super::blend::Blend;
use super::weighing::Weighing;
use crate::config::TrainingConfig;
use crate::{Result, Targets, Task, TaskKind};
use ronghe_graph::{Feed, Tensor};
use std::collections::BTreeMap;

/// Targets of all rows with their weights.
#[derive(Clone)]
pub(super) struct TargetFeed<'a> {
    task: &'a Task,
    targets: &'a Targets,
    weighing: Weighing,
    smoothing: f32,
}

impl<'a> TargetFeed<'a> {
    pub(super) fn new(
        task: &'a Task,
        targets: &'a Targets,
        weighing: Weighing,
        config: &TrainingConfig,
    ) -> TargetFeed<'a> {
        TargetFeed { task, targets, weighing, smoothing: config.label_smoothing }
    }

    /// Adds the targets of `rows`, blended with those of their partners if there is a blend.
    pub(super) fn feed(&self, rows: &[usize], blend: Option<&Blend>, feed: &mut Feed) -> Result<()> {
        let own = self.of(rows)?;
        let Some(Blend { share, partner }) = blend else {
            feed.inputs.extend(own);
            return Ok(());
        };
        let partners: Vec<usize> = partner.iter().map(|&p| rows[p]).collect();
        let other = self.of(&partners)?;
        if let (Some(mine), Some(theirs)) = (own.get("target.labels"), other.get("target.labels")) {
            let pairs = mine.as_i32().iter().zip(theirs.as_i32()).flat_map(|(&a, &b)| [a, b]).collect();
            let (mine, theirs) = (own["target.weight"].as_f32(), other["target.weight"].as_f32());
            let weights =
                mine.iter().zip(theirs).flat_map(|(&a, &b)| [share * a, (1.0 - share) * b]).collect();
            feed.inputs.insert("target.labels".into(), Tensor::i32(&[rows.len(), 2], pairs)?);
            feed.inputs.insert("target.weight".into(), Tensor::f32(&[rows.len(), 2], weights)?);
            return Ok(());
        }
        for ((name, own), (_, other)) in own.into_iter().zip(other) {
            let mixed = own.as_f32().iter().zip(other.as_f32());
            let mixed = mixed.map(|(a, b)| share * a + (1.0 - share) * b).collect();
            feed.inputs.insert(name, Tensor::f32(own.shape(), mixed)?);
        }
        Ok(())
    }

    fn of(&self, rows: &[usize]) -> Result<BTreeMap<String, Tensor>> {
        let n = rows.len();
        let mut out = BTreeMap::new();
        let width = self.task.width();
        let mut put = |name: &str, tensor: Tensor| out.insert(format!("target.{name}"), tensor);
        let weight = self.weighing.of(self.targets, rows);
        match self.targets {
            Targets::Classes(classes) => {
                let labels: Vec<i32> = rows.iter().map(|&r| classes[r]).collect();
                if self.task.kind == TaskKind::Binary {
                    let values = labels.iter().map(|&c| self.smooth(c as f32)).collect();
                    put("values", Tensor::f32(&[n, 1], values)?);
                    put("weight", Tensor::f32(&[n, 1], weight)?);
                } else {
                    put("labels", Tensor::i32(&[n], labels)?);
                    put("weight", Tensor::f32(&[n], weight)?);
                }
            }
            Targets::Labels { values: labels, .. } => {
                let values = rows
                    .iter()
                    .flat_map(|&r| &labels[r * width..(r + 1) * width])
                    .map(|&y| self.smooth(y))
                    .collect();
                put("values", Tensor::f32(&[n, width], values)?);
                put("weight", Tensor::f32(&[n, width], weight)?);
            }
            Targets::Numbers(numbers) => {
                let values = rows.iter().map(|&r| numbers[r].unwrap_or(0.0) as f32).collect();
                put("values", Tensor::f32(&[n, 1], values)?);
                put("weight", Tensor::f32(&[n, 1], weight)?);
            }
        }
        Ok(out)
    }

    /// Right rows among `rows`, from their logits; `None` where accuracy is not defined row by row.
    pub(super) fn right(&self, rows: &[usize], logits: &[f32]) -> Option<usize> {
        let Targets::Classes(classes) = self.targets else { return None };
        let width = self.task.width();
        let right = rows.iter().zip(logits.chunks_exact(width)).filter(|(row, z)| {
            let best = match self.task.kind {
                TaskKind::Binary => usize::from(z[0] > 0.0),
                _ => (0..width).fold(0, |best, i| if z[i] > z[best] { i } else { best }),
            };
            usize::try_from(classes[**row]) == Ok(best)
        });
        Some(right.count())
    }

    /// Label smoothing of a yes-or-no target; softmax heads smooth in the loss.
    fn smooth(&self, y: f32) -> f32 {
        y * (1.0 - self.smoothing) + 0.5 * self.smoothing
    }
}

/// Whether each row has a target to learn from.
pub(super) fn known(targets: &Targets, row: usize) -> bool {
    match targets {
        Targets::Classes(classes) => classes[row] >= 0,
        Targets::Labels { values, width } => values.get(row * width).is_none_or(|&first| first >= 0.0),
        Targets::Numbers(numbers) => numbers[row].is_some(),
    }
}
