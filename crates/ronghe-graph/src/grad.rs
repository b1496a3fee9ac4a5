//! The gradient graph: for a scalar loss, nodes that compute its derivative with respect to chosen weights; for any output,
//! with respect to any values ([`pullback`]).
//!
//! Reverse-mode differentiation over the nodes in reverse computing order. Only values on a path from a chosen weight
//! to the loss get a gradient, so whatever lies below the lowest trainable weight costs no backward work.
//!
//! The loss is one loss operation, or a sum of several, each times a constant ([`Op::Affine`] and [`Op::Add`] over
//! them). What has no gradient here although one is needed (a mask, a weight of a loss, probabilities that come with a
//! loss) is an error, never a silent zero.

use crate::{Error, Graph, Node, Op, Result, Shape, ValueId};
use std::collections::{BTreeMap, BTreeSet};

/// Appends to `graph` the gradient of `loss` (shape `[1]`) with respect to each weight in `wrt`, and returns the
/// gradient of each by name. Weights that the loss does not depend on are left out.
pub fn grad(graph: &mut Graph, loss: ValueId, wrt: &BTreeSet<String>) -> Result<BTreeMap<String, ValueId>> {
    let chosen: Vec<ValueId> = wrt.iter().filter_map(|name| graph.weights().get(name).copied()).collect();
    let active = active_values(graph, &chosen);
    let mut tape = Tape { graph, active, grads: BTreeMap::new(), losses: BTreeMap::from([(loss, 1.0)]) };
    tape.sweep()?;
    let (grads, weights) = (tape.grads, tape.graph.weights());
    Ok(wrt.iter().filter_map(|name| Some((name.clone(), *grads.get(weights.get(name)?)?))).collect())
}

/// Appends to `graph` the product of `seed` with the derivative of `output`, which has the same shape, with respect to each
/// value in `wrt` (inputs, weights or results of operations). None for one that `output` does not depend on.
///
/// Where the rows of a batch do not see each other, a seed that is 1 at one output of each row gives the derivative of
/// that output in that row.
pub fn pullback(
    graph: &mut Graph,
    output: ValueId,
    seed: ValueId,
    wrt: &[ValueId],
) -> Result<Vec<Option<ValueId>>> {
    let (found, expected) = (&graph.value(seed).shape, &graph.value(output).shape);
    if found != expected {
        return Err(Error::Shape {
            op: "pullback",
            expected: format!("a seed {expected}"),
            found: found.to_string(),
        });
    }
    let active = active_values(graph, wrt);
    let mut tape = Tape { graph, active, grads: BTreeMap::new(), losses: BTreeMap::new() };
    tape.add(output, seed)?;
    tape.sweep()?;
    Ok(wrt.iter().map(|value| tape.grads.get(value).copied()).collect())
}

/// Which values depend on a chosen one.
fn active_values(graph: &Graph, chosen: &[ValueId]) -> Vec<bool> {
    let mut active = vec![false; graph.values().len()];
    chosen.iter().for_each(|v| active[v.0 as usize] = true);
    for node in graph.nodes() {
        if node.inputs.iter().any(|v| active[v.0 as usize]) {
            node.outputs.iter().for_each(|v| active[v.0 as usize] = true);
        }
    }
    active
}

struct Tape<'a> {
    graph: &'a mut Graph,
    active: Vec<bool>,
    grads: BTreeMap<ValueId, ValueId>,
    /// The loss, and the losses that it is a sum of, with their factors.
    losses: BTreeMap<ValueId, f32>,
}

impl Tape<'_> {
    /// Goes through the nodes there are, last to first.
    fn sweep(&mut self) -> Result<()> {
        let forward: Vec<Node> = self.graph.nodes().to_vec();
        for node in forward.iter().rev() {
            if !node.inputs.iter().any(|&v| self.wants(v)) {
                continue;
            }
            if node.outputs[1..].iter().any(|v| self.grads.contains_key(v)) {
                return Err(Error::NoGradient { op: node.op.name() });
            }
            if let Some(&factor) = self.losses.get(&node.outputs[0]) {
                self.through_loss(node, factor)?;
            } else if let Some(&dy) = self.grads.get(&node.outputs[0]) {
                self.backward(node, dy)?;
            }
        }
        Ok(())
    }

    fn wants(&self, value: ValueId) -> bool {
        self.active[value.0 as usize]
    }

    fn shape(&self, value: ValueId) -> Shape {
        self.graph.value(value).shape.clone()
    }

    /// Adds `contribution` to the gradient of `value`.
    fn add(&mut self, value: ValueId, contribution: ValueId) -> Result<()> {
        if !self.wants(value) {
            return Ok(());
        }
        let total = match self.grads.get(&value) {
            Some(&before) => self.graph.push1(Op::Add, &[before, contribution])?,
            None => contribution,
        };
        self.grads.insert(value, total);
        Ok(())
    }

    /// Pushes `op` over `inputs` as the gradient of `value`, if that is wanted.
    fn give(&mut self, value: ValueId, op: Op, inputs: &[ValueId]) -> Result<()> {
        if self.wants(value) {
            let made = self.graph.push1(op, inputs)?;
            self.add(value, made)?;
        }
        Ok(())
    }

    /// Pushes an operation whose outputs are the gradients of `values`, if any is wanted.
    fn give_all(&mut self, values: &[ValueId], op: Op, inputs: &[ValueId]) -> Result<()> {
        if values.iter().any(|&v| self.wants(v)) {
            let made = self.graph.push(op, inputs)?;
            for (&value, &contribution) in values.iter().zip(&made) {
                self.add(value, contribution)?;
            }
        }
        Ok(())
    }

    /// The gradient before an activation that was fused into `node`.
    fn through_act(&mut self, node: &Node, act: crate::Act) -> Result<()> {
        // Training graphs keep activations apart; fusing them is an inference pass.
        if act == crate::Act::Identity { Ok(()) } else { Err(Error::NoGradient { op: node.op.name() }) }
    }

    /// Goes from a loss, which counts `factor` times, to the losses it is made of or to what it judges.
    fn through_loss(&mut self, node: &Node, factor: f32) -> Result<()> {
        let x = &node.inputs;
        self.refuse_constants(node)?;
        match &node.op {
            Op::Affine { scale, .. } => self.add_loss(x[0], factor * scale),
            Op::Add if self.shape(x[0]) == self.shape(x[1]) => {
                self.add_loss(x[0], factor);
                self.add_loss(x[1], factor);
            }
            Op::SoftmaxCrossEntropy { smoothing } => {
                let op = Op::SoftmaxCrossEntropyGrad { smoothing: *smoothing };
                self.give_scaled(x[0], op, &[node.outputs[1], x[1], x[2]], factor)?;
            }
            Op::SigmoidCrossEntropy => {
                let inputs = [node.outputs[1], x[1], x[2]];
                self.give_scaled(x[0], Op::SigmoidCrossEntropyGrad, &inputs, factor)?;
            }
            Op::SquaredError => {
                self.give_scaled(x[0], Op::SquaredErrorGrad, x, factor)?;
                self.give_scaled(x[1], Op::SquaredErrorGrad, x, -factor)?;
            }
            _ => return Err(Error::NoGradient { op: node.op.name() }),
        }
        Ok(())
    }

    fn add_loss(&mut self, value: ValueId, factor: f32) {
        *self.losses.entry(value).or_insert(0.0) += factor;
    }

    /// As [`Tape::give`], times a constant.
    fn give_scaled(&mut self, value: ValueId, op: Op, inputs: &[ValueId], factor: f32) -> Result<()> {
        if !self.wants(value) {
            return Ok(());
        }
        let made = self.graph.push1(op, inputs)?;
        if factor == 1.0 {
            return self.add(value, made);
        }
        self.give(value, Op::Affine { scale: factor, offset: 0.0 }, &[made])
    }

    /// Fails where an input that the operation takes as a constant depends on a chosen weight.
    fn refuse_constants(&self, node: &Node) -> Result<()> {
        let constants: &[usize] = match &node.op {
            Op::Select => &[0],
            Op::EmbeddingBag | Op::MeanTokens | Op::Softmax => &[1],
            Op::SoftmaxCrossEntropy { .. } | Op::SquaredError => &[2],
            Op::SigmoidCrossEntropy => &[1, 2],
            Op::Attention { .. } => &[3],
            _ => &[],
        };
        match constants.iter().filter_map(|&i| node.inputs.get(i)).any(|&v| self.wants(v)) {
            true => Err(Error::NoGradient { op: node.op.name() }),
            false => Ok(()),
        }
    }

    fn backward(&mut self, node: &Node, dy: ValueId) -> Result<()> {
        let x = &node.inputs;
        self.refuse_constants(node)?;
        match &node.op {
            Op::Linear { act } => {
                self.through_act(node, *act)?;
                self.give(x[0], Op::LinearGradInput, &[dy, x[1]])?;
                self.give(x[1], Op::LinearGradWeight, &[x[0], dy])?;
                self.bias(x.get(2), dy)
            }
            Op::Conv2d { window, act } => {
                self.through_act(node, *act)?;
                let input = self.picture(x[0]);
                self.give(x[0], Op::Conv2dGradInput { window: *window, input }, &[dy, x[1]])?;
                self.give(x[1], Op::Conv2dGradWeight { window: *window }, &[x[0], dy])?;
                self.bias(x.get(2), dy)
            }
            Op::Depthwise { window, act } => {
                self.through_act(node, *act)?;
                let input = self.picture(x[0]);
                self.give(x[0], Op::DepthwiseGradInput { window: *window, input }, &[dy, x[1]])?;
                self.give(x[1], Op::DepthwiseGradWeight { window: *window }, &[x[0], dy])?;
                self.bias(x.get(2), dy)
            }
            Op::SumLeading { .. } => Err(Error::NoGradient { op: node.op.name() }),
            Op::MaxPool { window } => {
                self.give(x[0], Op::MaxPoolGrad { window: *window }, &[x[0], node.outputs[0], dy])
            }
            Op::AvgPool { window } => {
                let input = self.picture(x[0]);
                self.give(x[0], Op::AvgPoolGrad { window: *window, input }, &[dy])
            }
            Op::GlobalAvgPool => {
                let input = self.picture(x[0]);
                self.give(x[0], Op::GlobalAvgPoolGrad { input }, &[dy])
            }
            Op::Activate(act) => self.give(x[0], Op::ActivateGrad(*act), &[x[0], dy]),
            Op::Add => {
                self.add(x[0], dy)?;
                self.reduced(x[1], dy)
            }
            Op::Mul => {
                self.give(x[0], Op::Mul, &[dy, x[1]])?;
                if self.wants(x[1]) {
                    let product = self.graph.push1(Op::Mul, &[dy, x[0]])?;
                    self.reduced(x[1], product)?;
                }
                Ok(())
            }
            Op::Affine { scale, .. } => self.give(x[0], Op::Affine { scale: *scale, offset: 0.0 }, &[dy]),
            Op::ScaleRows => {
                self.give(x[0], Op::ScaleRows, &[dy, x[1]])?;
                self.give(x[1], Op::RowDot, &[x[0], dy])
            }
            Op::RowDot => {
                self.give(x[0], Op::ScaleRows, &[x[1], dy])?;
                self.give(x[1], Op::ScaleRows, &[x[0], dy])
            }
            Op::Dropout { .. } => self.give(x[0], node.op.clone(), &[dy]),
            Op::Select => {
                self.give(x[1], Op::ScaleRows, &[dy, x[0]])?;
                if self.wants(x[2]) {
                    let absent = self.graph.push1(Op::Affine { scale: -1.0, offset: 1.0 }, &[x[0]])?;
                    let kept = self.graph.push1(Op::ScaleRows, &[dy, absent])?;
                    self.reduced(x[2], kept)?;
                }
                Ok(())
            }
            Op::BatchNorm { act, .. } => {
                let (mean, inv_std) = (node.outputs[1], node.outputs[2]);
                let op = Op::BatchNormGrad { act: *act };
                self.give_all(&x[..3], op, &[x[0], x[1], x[2], mean, inv_std, dy])
            }
            Op::BatchNormFixed { eps } => {
                self.give_all(&x[..3], Op::BatchNormFixedGrad { eps: *eps }, &[x[0], x[1], x[3], x[4], dy])
            }
            Op::LayerNorm { .. } => {
                let (mean, inv_std) = (node.outputs[1], node.outputs[2]);
                self.give_all(x, Op::LayerNormGrad, &[x[0], x[1], mean, inv_std, dy])
            }
            Op::L2Normalize => self.give(x[0], Op::L2NormalizeGrad, &[x[0], dy]),
            Op::Embedding => {
                let vocabulary = self.rows(x[1]);
                self.give(x[1], Op::EmbeddingGrad { vocabulary }, &[x[0], dy])
            }
            Op::EmbeddingBag => {
                let vocabulary = self.rows(x[2]);
                self.give(x[2], Op::EmbeddingBagGrad { vocabulary }, &[x[0], x[1], dy])
            }
            Op::Attention { heads, causal } => {
                let mut inputs = vec![x[0], x[1], x[2], dy];
                inputs.extend(x.get(3));
                self.give_all(&x[..3], Op::AttentionGrad { heads: *heads, causal: *causal }, &inputs)
            }
            Op::MeanTokens => self.give(x[0], Op::MeanTokensGrad, &[x[1], dy]),
            Op::SelectToken { index } => {
                let shape = self.shape(x[0]);
                self.give(x[0], Op::SelectTokenGrad { index: *index, shape }, &[dy])
            }
            Op::Stack => {
                for (index, &part) in x.iter().enumerate() {
                    self.give(part, Op::SelectToken { index }, &[dy])?;
                }
                Ok(())
            }
            Op::WeightedSum => {
                self.give(x[0], Op::WeightedSumGradInput, &[x[1], dy])?;
                self.give(x[1], Op::WeightedSumGradWeight, &[x[0], dy])
            }
            Op::Concat => {
                let mut start = 0;
                for &part in x {
                    let len = self.shape(part).last().unwrap_or(0);
                    self.give(part, Op::Slice { start, len }, &[dy])?;
                    start += len;
                }
                Ok(())
            }
            Op::Slice { start, .. } => {
                let width = self.shape(x[0]).last().unwrap_or(0);
                self.give(x[0], Op::SliceGrad { start: *start, width }, &[dy])
            }
            Op::Reshape { .. } => {
                let shape = self.shape(x[0]);
                self.give(x[0], Op::Reshape { shape }, &[dy])
            }
            Op::Softmax => self.give(x[0], Op::SoftmaxGrad, &[node.outputs[0], dy]),
            // A loss is where differentiation starts; the others are gradients themselves.
            Op::SoftmaxCrossEntropy { .. }
            | Op::SigmoidCrossEntropy
            | Op::SquaredError
            | Op::LinearGradInput
            | Op::LinearGradWeight
            | Op::Conv2dGradInput { .. }
            | Op::Conv2dGradWeight { .. }
            | Op::DepthwiseGradInput { .. }
            | Op::DepthwiseGradWeight { .. }
            | Op::MaxPoolGrad { .. }
            | Op::AvgPoolGrad { .. }
            | Op::GlobalAvgPoolGrad { .. }
            | Op::ActivateGrad(_)
            | Op::BatchNormGrad { .. }
            | Op::BatchNormFixedGrad { .. }
            | Op::LayerNormGrad
            | Op::L2NormalizeGrad
            | Op::EmbeddingGrad { .. }
            | Op::EmbeddingBagGrad { .. }
            | Op::AttentionGrad { .. }
            | Op::MeanTokensGrad
            | Op::SelectTokenGrad { .. }
            | Op::WeightedSumGradInput
            | Op::WeightedSumGradWeight
            | Op::SliceGrad { .. }
            | Op::SoftmaxGrad
            | Op::SoftmaxCrossEntropyGrad { .. }
            | Op::SigmoidCrossEntropyGrad
            | Op::SquaredErrorGrad => Err(Error::NoGradient { op: node.op.name() }),
        }
    }

    fn bias(&mut self, bias: Option<&ValueId>, dy: ValueId) -> Result<()> {
        match bias {
            Some(&bias) => self.give(bias, Op::SumLeading { keep: 1 }, &[dy]),
            None => Ok(()),
        }
    }

    /// Adds `dy` to the gradient of `value`, whose shape is the end of `dy`'s.
    fn reduced(&mut self, value: ValueId, dy: ValueId) -> Result<()> {
        if self.shape(value) == self.shape(dy) {
            return self.add(value, dy);
        }
        let keep = self.shape(value).rank();
        self.give(value, Op::SumLeading { keep }, &[dy])
    }

    fn picture(&self, value: ValueId) -> [usize; 2] {
        let shape = self.shape(value);
        let size = |i: usize| shape.0.get(i).and_then(|d| d.fixed()).unwrap_or(0);
        [size(1), size(2)]
    }

    fn rows(&self, value: ValueId) -> usize {
        self.shape(value).0.first().and_then(|d| d.fixed()).unwrap_or(0)
    }
}
