//! Folds batch norm with fixed statistics into the layer before it.
//!
//! `gamma (w x + b - mean) / sqrt(var + eps) + beta = (s w) x + (beta + s (b - mean))` with
//! `s = gamma / sqrt(var + eps)`, one factor an output channel. Computed in f64, so that the result differs from the
//! two operations by the rounding of the new weights only (Jacob et al. 2018, section 3.2).

use super::rewrite::{Rewrite, Uses, fixed, live_nodes, roots};
use crate::{Act, Graph, Node, Op, Result, Source, Tensor, ValueId, Weights};
use std::collections::BTreeSet;

/// Folds each `BatchNormFixed` whose input is a `Linear`, `Conv2d` or `Depthwise` result with no other use, and
/// returns the graph with exactly the weights that it needs. A folded layer keeps its weight's name; a bias that it
/// lacked takes the name of the norm's. Norms whose layer shares its weights with another are left as they are.
pub fn fold_batch_norm(graph: &Graph, mut weights: Weights) -> Result<(Graph, Weights)> {
    let live = live_nodes(graph, &roots(graph), &BTreeSet::new());
    let uses = Uses::new(graph, &live);
    let mut rewrite = Rewrite::new(graph);
    let mut done = BTreeSet::new();
    for (i, node) in graph.nodes().iter().enumerate().filter(|(i, _)| live[*i]) {
        if done.contains(&i) {
            continue;
        }
        let next = uses.only_user(node.outputs[0]).map(|j| (j, &graph.nodes()[j]));
        let folded = match next {
            Some((j, norm)) => Fold::find(graph, &uses, node, norm).map(|fold| (j, norm, fold)),
            None => None,
        };
        let Some((j, norm, fold)) = folded.filter(|(_, _, fold)| fold.apply(&mut weights).is_some()) else {
            rewrite.copy(node)?;
            continue;
        };
        let x = rewrite.get(node.inputs[0])?;
        let w = rewrite.get(node.inputs[1])?;
        let bias = rewrite.new.weight(&fold.bias_to, &[fold.channels])?;
        let made = rewrite.new.push1(node.op.clone(), &[x, w, bias])?;
        rewrite.map(norm.outputs[0], made);
        done.insert(j);
    }
    let graph = rewrite.finish()?;
    weights.retain(|name| graph.weights().contains_key(name));
    Ok((graph, weights))
}

/// One layer and the norm that goes into it, by the names of their weights.
struct Fold {
    weight: String,
    bias: Option<String>,
    /// gamma, beta, mean, variance.
    norm: [String; 4],
    eps: f32,
    channels: usize,
    /// Whether the channel is the outermost dimension of the weight, or the innermost.
    outermost: bool,
    bias_to: String,
}

impl Fold {
    fn find(graph: &Graph, uses: &Uses, layer: &Node, norm: &Node) -> Option<Fold> {
        let Op::BatchNormFixed { eps } = norm.op else { return None };
        let outermost = match layer.op {
            Op::Linear { act: Act::Identity } | Op::Conv2d { act: Act::Identity, .. } => true,
            Op::Depthwise { act: Act::Identity, .. } => false,
            _ => return None,
        };
        // Only weights that nothing else reads may change.
        let own = |value: ValueId| match &graph.value(value).source {
            Source::Weight(name) if uses.once(value) => Some(name.clone()),
            _ => None,
        };
        let read = |value: ValueId| match &graph.value(value).source {
            Source::Weight(name) => Some(name.clone()),
            _ => None,
        };
        if norm.inputs[0] != layer.outputs[0] {
            return None;
        }
        let bias = match layer.inputs.get(2) {
            Some(&bias) => Some(own(bias)?),
            None => None,
        };
        let beta = own(norm.inputs[2])?;
        Some(Fold {
            weight: own(layer.inputs[1])?,
            bias_to: bias.clone().unwrap_or_else(|| beta.clone()),
            bias,
            norm: [read(norm.inputs[1])?, beta, read(norm.inputs[3])?, read(norm.inputs[4])?],
            eps,
            channels: *fixed(&graph.value(norm.inputs[1]).shape).first()?,
            outermost,
        })
    }

    /// Changes the weights; `None`, with nothing changed, where one is missing or of another size.
    fn apply(&self, weights: &mut Weights) -> Option<()> {
        let read =
            |name: &str| weights.get(name).map(Tensor::as_f32).filter(|values| values.len() == self.channels);
        let [gamma, beta, mean, var] =
            [read(&self.norm[0])?, read(&self.norm[1])?, read(&self.norm[2])?, read(&self.norm[3])?];
        let bias = match &self.bias {
            Some(name) => Some(read(name)?),
            None => None,
        };
        let scale: Vec<f64> = (0..self.channels)
            .map(|c| f64::from(gamma[c]) / (f64::from(var[c]) + f64::from(self.eps)).sqrt())
            .collect();
        let shift: Vec<f32> = (0..self.channels)
            .map(|c| {
                let before = bias.map_or(0.0, |b| f64::from(b[c]));
                (f64::from(beta[c]) + scale[c] * (before - f64::from(mean[c]))) as f32
            })
            .collect();
        let kernel = weights.get_mut(&self.weight)?.as_f32_mut();
        if kernel.is_empty() || kernel.len() % self.channels != 0 {
            return None;
        }
        let inner = if self.outermost { kernel.len() / self.channels } else { 1 };
        for (i, w) in kernel.iter_mut().enumerate() {
            *w = (f64::from(*w) * scale[i / inner % self.channels]) as f32;
        }
        weights.set_trainable(&self.weight, false);
        weights.insert(&self.bias_to, Tensor::f32(&[self.channels], shift).ok()?, false);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Builder, DType, Init, Mode, Shape, Window, layers, passes::infer_optimise};

    fn network(weights: &mut Weights) -> Result<Graph> {
        let mut b = Builder::new(weights, Mode::Infer, 1);
        let norm = layers::BatchNorm { eps: 0.5, ..layers::BatchNorm::default() };
        let x = b.input("x", &Shape::batch(&[4, 4, 3]), DType::F32)?;
        let x = layers::conv2d(&mut b, "conv", x, 2, Window::square(1, 1, 0), false)?;
        let x = layers::batch_norm(&mut b, "bn1", x, Act::Identity, norm)?;
        let x = b.act(Act::Relu6, x)?;
        let x = layers::depthwise(&mut b, "dw", x, Window::square(3, 1, 1), true)?;
        let x = layers::batch_norm(&mut b, "bn2", x, Act::Identity, norm)?;
        let x = b.op(Op::GlobalAvgPool, &[x])?;
        b.graph.set_output("y", x);
        Ok(b.finish())
    }

    #[test]
    fn scales_go_to_kernels_and_shifts_to_biases() -> Result<()> {
        let mut weights = Weights::new();
        let graph = network(&mut weights)?;
        let set = |weights: &mut Weights, name: &str, values: &[f32]| {
            if let Some(t) = weights.get_mut(name) {
                t.as_f32_mut().copy_from_slice(values);
            }
        };
        set(&mut weights, "conv.weight", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        set(&mut weights, "bn1.weight", &[2.0, 3.0]);
        set(&mut weights, "bn1.bias", &[10.0, 20.0]);
        set(&mut weights, "bn1.running_mean", &[1.0, -1.0]);
        set(&mut weights, "bn1.running_var", &[0.5, 3.5]);
        set(&mut weights, "dw.bias", &[1.0, 2.0]);
        set(&mut weights, "bn2.running_var", &[0.5, 0.5]);
        set(&mut weights, "bn2.weight", &[1.0, -1.0]);
        let kernel: Vec<f32> = weights.get("dw.weight").map(|t| t.as_f32().to_vec()).unwrap_or_default();
        let (graph, folded) = infer_optimise(&graph, weights)?;

        let ops: Vec<&str> = graph.nodes().iter().map(|n| n.op.name()).collect();
        assert_eq!(ops, ["Conv2d", "Depthwise", "GlobalAvgPool"]);
        assert!(matches!(graph.nodes()[0].op, Op::Conv2d { act: Act::Relu6, .. }));
        let names: Vec<&str> = folded.iter().map(|(n, _)| n).collect();
        assert_eq!(names, ["bn1.bias", "conv.weight", "dw.bias", "dw.weight"]);
        let values = |name: &str| folded.get(name).map(|t| t.as_f32().to_vec()).unwrap_or_default();
        // s = 2 / sqrt(1), 3 / sqrt(4)
        assert_eq!(values("conv.weight"), [2.0, 4.0, 6.0, 6.0, 7.5, 9.0]);
        assert_eq!(values("bn1.bias"), [10.0 - 2.0, 20.0 + 1.5]);
        assert_eq!(values("dw.bias"), [1.0, -2.0]);
        let signs: Vec<f32> =
            kernel.iter().enumerate().map(|(i, w)| if i % 2 == 0 { *w } else { -w }).collect();
        assert_eq!(values("dw.weight"), signs);
        Ok(())
    }

    #[test]
    fn a_shared_kernel_is_not_changed() -> Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, Mode::Infer, 1);
        let x = b.input("x", &Shape::batch(&[3]), DType::F32)?;
        let z = layers::linear(&mut b, "shared", x, 3, false, Init::HeNormal)?;
        let z = layers::batch_norm(&mut b, "bn", z, Act::Identity, layers::BatchNorm::default())?;
        let y = layers::linear(&mut b, "shared", z, 3, false, Init::HeNormal)?;
        b.graph.set_output("y", y);
        let graph = b.finish();
        let before = weights.clone();
        let (after, kept) = fold_batch_norm(&graph, weights)?;
        assert_eq!(after.nodes().len(), 3);
        assert_eq!(kept, before);
        Ok(())
    }

    #[test]
    fn a_missing_statistic_leaves_the_norm() -> Result<()> {
        let mut weights = Weights::new();
        let graph = network(&mut weights)?;
        weights.remove("bn1.running_var");
        let (graph, _) = fold_batch_norm(&graph, weights)?;
        assert_eq!(graph.nodes().iter().filter(|n| matches!(n.op, Op::BatchNormFixed { .. })).count(), 1);
        Ok(())
    }
}
