//! Losses and their gradients. `O(elements)`; sums in f64.
//!
//! - Softmax cross entropy: row `i` costs `-sum_k t_ik ln p_ik` with `t = (1 - smoothing) onehot + smoothing / K`; the
//!   loss is `sum_i w_i cost_i / sum_i w_i`, its gradient `w_i (p_ik - t_ik) / sum w`. A row with label -1 counts as
//!   weight 0.
//! - Sigmoid cross entropy: an element costs `max(x, 0) - x t + ln(1 + e^-|x|)`; gradient `w (p - t) / sum w`.
//! - Squared error: `(p - t)^2`; gradient `2 w (p - t) / sum w`.
//!
//! What has weight 0 is never looked at, so its label or target may be anything. A total weight of 0 gives loss 0.

use crate::call::Call;
use crate::kernels::{math, multiversion};
use crate::threads;
use ronghe_graph::{Error, Op, Result};

/// Computes a loss or its gradient.
pub(crate) fn run(call: &mut Call) -> Result<()> {
    let op = call.op;
    match (op, call.inputs, &mut *call.outputs) {
        (Op::SoftmaxCrossEntropy { smoothing }, [x, labels, weight], [loss, p]) => {
            let targets = Targets::new(op, labels.i32(), weight.f32(), x.last())?;
            loss.data[0] = targets.loss(x.f32(), f64::from(*smoothing), p.data);
        }
        (Op::SoftmaxCrossEntropyGrad { smoothing }, [p, labels, weight], [dx]) => {
            let targets = Targets::new(op, labels.i32(), weight.f32(), p.last())?;
            targets.gradient(p.f32(), *smoothing, dx.data);
        }
        (Op::SigmoidCrossEntropy, [x, target, weight], [loss, p]) => {
            let (x, target, weight) = (x.f32(), target.f32(), weight.f32());
            threads::rows(p.data, 1, 10, |i, p| sigmoids(&x[i..][..p.len()], p));
            loss.data[0] = weighted_mean(weight, 30, |i| {
                let (x, t) = (f64::from(x[i]), f64::from(target[i]));
                // Not a number must not be hidden by `max`.
                (if x < 0.0 { 0.0 } else { x }) - x * t + (-x.abs()).exp().ln_1p()
            });
        }
        (Op::SquaredError, [y, target, weight], [loss]) => {
            let (y, target) = (y.f32(), target.f32());
            loss.data[0] = weighted_mean(weight.f32(), 3, |i| {
                let error = f64::from(y[i]) - f64::from(target[i]);
                error * error
            });
        }
        (Op::SigmoidCrossEntropyGrad | Op::SquaredErrorGrad, [y, target, weight], [dx]) => {
            let (y, target, weight) = (y.f32(), target.f32(), weight.f32());
            let factor = if matches!(op, Op::SquaredErrorGrad) { 2.0 } else { 1.0 };
            let scale = factor * inverse(total(weight, |_| true));
            threads::rows(dx.data, 1, 2, |i, dx| {
                let part = i..i + dx.len();
                differences(scale, &y[part.clone()], &target[part.clone()], &weight[part], dx);
            });
        }
        (op, inputs, _) => return Err(Error::Arity { op: op.name(), expected: 3, found: inputs.len() }),
    }
    Ok(())
}

/// Labels of the rows of a batch, with their weights.
struct Targets<'a> {
    labels: &'a [i32],
    weight: &'a [f32],
    classes: usize,
    /// Sum of the weights that count.
    total: f64,
}

impl<'a> Targets<'a> {
    fn new(op: &Op, labels: &'a [i32], weight: &'a [f32], classes: usize) -> Result<Targets<'a>> {
        let known = |label: i32| label == -1 || usize::try_from(label).is_ok_and(|l| l < classes);
        let wrong = labels.iter().zip(weight).find(|&(&label, &w)| w != 0.0 && !known(label));
        if let Some((&label, _)) = wrong {
            return Err(Error::Index { op: op.name(), index: i64::from(label), size: classes });
        }
        Ok(Targets { labels, weight, classes, total: total(weight, |i| labels[i] != -1) })
    }

    /// The class of row `i`, if the row counts.
    fn class(&self, i: usize) -> Option<usize> {
        if self.weight[i] == 0.0 { None } else { usize::try_from(self.labels[i]).ok() }
    }

    fn loss(&self, x: &[f32], smoothing: f64, p: &mut [f32]) -> f32 {
        let k = self.classes;
        threads::scratch(self.labels.len(), |costs| {
            threads::rows2((p, k), (&mut *costs, 1), 12 * k, |first, p, costs| {
                for (i, (p, cost)) in p.chunks_exact_mut(k).zip(costs).enumerate() {
                    let x = &x[(first + i) * k..][..k];
                    let log_sum = log_sum_exp(x, p);
                    *cost = self.class(first + i).map_or(0.0, |class| {
                        let mut cost = (1.0 - smoothing) * (log_sum - f64::from(x[class]));
                        if smoothing > 0.0 {
                            let mean = x.iter().map(|&v| f64::from(v)).sum::<f64>() / k as f64;
                            cost += smoothing * (log_sum - mean);
                        }
                        cost as f32
                    });
                }
            });
            let counts = |i: usize| self.class(i).is_some();
            let sum: f64 = (0..costs.len())
                .filter(|&i| counts(i))
                .map(|i| f64::from(self.weight[i]) * f64::from(costs[i]))
                .sum();
            (sum * inverse(self.total)) as f32
        })
    }

    fn gradient(&self, p: &[f32], smoothing: f32, dx: &mut [f32]) {
        let (k, share) = (self.classes, smoothing / self.classes as f32);
        threads::rows(dx, k, 3 * k, |first, dx| {
            for (i, row) in dx.chunks_exact_mut(k).enumerate() {
                let i = first + i;
                let Some(class) = self.class(i) else {
                    row.fill(0.0);
                    continue;
                };
                let scale = (f64::from(self.weight[i]) * inverse(self.total)) as f32;
                shifted(scale, share, &p[i * k..][..k], row);
                row[class] -= scale * (1.0 - smoothing);
            }
        });
    }
}

/// Sum in f64 of the weights that count.
fn total(weight: &[f32], counts: impl Fn(usize) -> bool) -> f64 {
    (0..weight.len()).filter(|&i| counts(i)).map(|i| f64::from(weight[i])).sum()
}

/// `1 / total`, or 0 where there is nothing to divide by.
fn inverse(total: f64) -> f64 {
    if total == 0.0 { 0.0 } else { 1.0 / total }
}

/// `sum w cost / sum w` over the elements whose weight is not 0.
fn weighted_mean(weight: &[f32], price: usize, cost: impl Fn(usize) -> f64 + Sync) -> f32 {
    let mut sums = [0.0f64; 2];
    threads::sum(weight.len(), price, &mut sums, |items, sums| {
        for i in items.filter(|&i| weight[i] != 0.0) {
            let w = f64::from(weight[i]);
            sums[0] += w * cost(i);
            sums[1] += w;
        }
    });
    (sums[0] * inverse(sums[1])) as f32
}

multiversion! {
    /// Writes `softmax(x)` to `p` and returns `ln sum exp x`.
    fn log_sum_exp(x: &[f32], p: &mut [f32]) -> f64 {
        let max = math::max(x);
        p.copy_from_slice(x);
        let sum = math::exp_sum(p, 1.0, max);
        let share = 1.0 / sum;
        p.iter_mut().for_each(|p| *p *= share);
        f64::from(max) + f64::from(sum).ln()
    }
}

multiversion! {
    fn shifted(scale: f32, shift: f32, p: &[f32], out: &mut [f32]) {
        for (y, p) in out.iter_mut().zip(p) {
            *y = scale * (p - shift);
        }
    }
}

multiversion! {
    fn sigmoids(x: &[f32], out: &mut [f32]) {
        for (y, &x) in out.iter_mut().zip(x) {
            *y = math::sigmoid(x);
        }
    }
}

multiversion! {
    fn differences(scale: f64, y: &[f32], target: &[f32], weight: &[f32], out: &mut [f32]) {
        for (((d, &y), &t), &w) in out.iter_mut().zip(y).zip(target).zip(weight) {
            let full = f64::from(w) * scale * (f64::from(y) - f64::from(t));
            *d = if w == 0.0 { 0.0 } else { full as f32 };
        }
    }
}
