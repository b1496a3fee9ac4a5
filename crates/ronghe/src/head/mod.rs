//! Heads: from a representation to a prediction and a loss.

use crate::{Result, Task, TaskKind};
use ronghe_graph::{Builder, DType, Init, Op, Shape, ValueId, layers};

/// What a head writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadOutput {
    /// `[N, K]` before the link: log-odds, or the standardised quantity.
    pub logits: ValueId,
    /// `[1]`, where a loss was asked for.
    pub loss: Option<ValueId>,
}

/// What a loss is made of besides logits and targets.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Loss {
    /// Share of the target that is spread over all classes.
    pub smoothing: f32,
    /// Whether rows are blended with others: a softmax head is then fed two labels a row.
    pub blended: bool,
}

/// An entry of the table of heads.
#[derive(Debug)]
pub struct HeadSpec {
    /// Name in configurations and reports.
    pub name: &'static str,
    /// Tasks it serves.
    pub kind: TaskKind,
    /// One line of help.
    pub summary: &'static str,
    loss: fn(&mut Builder<'_>, logits: ValueId, width: usize, loss: Loss) -> Result<ValueId>,
    link: fn(&mut [f64]),
}

/// All heads, one a task kind.
pub static HEADS: &[HeadSpec] = &[
    HeadSpec {
        name: "binary",
        kind: TaskKind::Binary,
        summary: "one log-odds, sigmoid cross-entropy",
        loss: sigmoid_loss,
        link: sigmoid,
    },
    HeadSpec {
        name: "multi_class",
        kind: TaskKind::MultiClass,
        summary: "one logit a class, softmax cross-entropy",
        loss: softmax_loss,
        link: softmax,
    },
    HeadSpec {
        name: "multi_label",
        kind: TaskKind::MultiLabel,
        summary: "one log-odds a label, sigmoid cross-entropy",
        loss: sigmoid_loss,
        link: sigmoid,
    },
    HeadSpec {
        name: "regression",
        kind: TaskKind::Regression,
        summary: "one quantity, squared error of the standardised target",
        loss: squared_loss,
        link: |_| {},
    },
];

/// The head of a task.
pub fn find(kind: TaskKind) -> &'static HeadSpec {
    // The table has an entry for every kind; a test holds that.
    HEADS.iter().find(|h| h.kind == kind).unwrap_or(&HEADS[0])
}

impl HeadSpec {
    /// Writes the last dense layer and, if asked, the loss over the inputs `target.*`.
    ///
    /// Softmax heads are fed `target.labels[N]` (i32) and `target.weight[N]`; the others `target.values[N, K]` and
    /// `target.weight[N, K]`. Where rows are blended, a softmax head's are `[N, 2]`: the row's own and its partner's.
    pub fn build(
        &self,
        b: &mut Builder<'_>,
        x: ValueId,
        task: &Task,
        loss: Option<Loss>,
    ) -> Result<HeadOutput> {
        let logits = layers::linear(b, "head", x, task.width(), true, Init::GlorotUniform)?;
        let loss = loss.map(|loss| (self.loss)(b, logits, task.width(), loss)).transpose()?;
        Ok(HeadOutput { logits, loss })
    }

    /// Turns the logits of one row, divided by the calibration temperature, into predictions of the task's labels:
    /// probabilities, or the quantity in the target's unit.
    pub fn predict(&self, task: &Task, logits: &[f32], temperature: f64) -> Vec<f64> {
        let mut values: Vec<f64> = logits.iter().map(|&z| f64::from(z)).collect();
        if self.kind == TaskKind::Regression {
            return values.iter().map(|v| v * task.std + task.mean).collect();
        }
        values.iter_mut().for_each(|z| *z /= temperature);
        (self.link)(&mut values);
        if self.kind == TaskKind::Binary { vec![1.0 - values[0], values[0]] } else { values }
    }
}

fn softmax_loss(b: &mut Builder<'_>, logits: ValueId, _: usize, loss: Loss) -> Result<ValueId> {
    let op = Op::SoftmaxCrossEntropy { smoothing: loss.smoothing };
    // A blended row stands for two, each with the weight of its share.
    let (logits, labels) =
        if loss.blended { (b.op(Op::Stack, &[logits, logits])?, &[2][..]) } else { (logits, &[][..]) };
    let weight = b.input("target.weight", &Shape::batch(labels), DType::F32)?;
    let labels = b.input("target.labels", &Shape::batch(labels), DType::I32)?;
    Ok(b.op(op, &[logits, labels, weight])?)
}

fn sigmoid_loss(b: &mut Builder<'_>, logits: ValueId, width: usize, _: Loss) -> Result<ValueId> {
    let (values, weight) = wide_targets(b, width)?;
    Ok(b.op(Op::SigmoidCrossEntropy, &[logits, values, weight])?)
}

fn squared_loss(b: &mut Builder<'_>, logits: ValueId, width: usize, _: Loss) -> Result<ValueId> {
    let (values, weight) = wide_targets(b, width)?;
    Ok(b.op(Op::SquaredError, &[logits, values, weight])?)
}

fn wide_targets(b: &mut Builder<'_>, width: usize) -> Result<(ValueId, ValueId)> {
    let values = b.input("target.values", &Shape::batch(&[width]), DType::F32)?;
    let weight = b.input("target.weight", &Shape::batch(&[width]), DType::F32)?;
    Ok((values, weight))
}

fn softmax(z: &mut [f64]) {
    let largest = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    z.iter_mut().for_each(|z| *z = (*z - largest).exp());
    let sum: f64 = z.iter().sum();
    z.iter_mut().for_each(|z| *z /= sum);
}

fn sigmoid(z: &mut [f64]) {
    z.iter_mut().for_each(|z| *z = 1.0 / (1.0 + (-*z).exp()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_has_a_head() {
        for kind in [TaskKind::Binary, TaskKind::MultiClass, TaskKind::MultiLabel, TaskKind::Regression] {
            assert_eq!(find(kind).kind, kind);
        }
    }
}
