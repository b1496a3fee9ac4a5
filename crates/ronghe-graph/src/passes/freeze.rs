//! Splits a training graph at the border of what training changes.
//!
//! A value is frozen when no trainable weight, no random mask and no batch statistic lies below it: then it depends on
//! the rows alone, and can be computed as in prediction, by a graph with its norms folded. The border is the set of
//! frozen values that the rest reads. A border value must have the batch as its first dimension (else it is not a
//! row's) and some heavy operation below it (else a graph of its own saves nothing): where not, it is computed with the
//! rest and the border moves down.

use super::rewrite::live_nodes;
use super::subgraph;
use crate::{Dim, Graph, Op, Result, Source, ValueId, Weights};
use std::collections::BTreeSet;

/// A graph in two parts.
#[derive(Debug, Clone, PartialEq)]
pub struct FrozenSplit {
    /// Computes the cuts, its named outputs; `None` where nothing worth a graph of its own is frozen.
    pub prefix: Option<Graph>,
    /// Computes the asked outputs from the cuts and from what inputs it still reads.
    pub suffix: Graph,
    /// What passes between them: outputs of the prefix, inputs of the suffix.
    pub cuts: Vec<String>,
}

/// Splits what `outputs` need into the largest frozen part and the rest.
pub fn split_frozen(graph: &Graph, weights: &Weights, outputs: &[(&str, ValueId)]) -> Result<FrozenSplit> {
    let wanted: BTreeSet<ValueId> = outputs.iter().map(|o| o.1).collect();
    let live = live_nodes(graph, &wanted.iter().copied().collect::<Vec<_>>(), &BTreeSet::new());
    let mut state = State::new(graph, weights, live);
    while state.lower_border(&wanted) {}
    let border = state.border(&wanted);

    let names: Vec<String> = (0..border.len()).map(|i| format!("frozen.{i}")).collect();
    let cuts: Vec<(ValueId, &str)> =
        border.iter().copied().zip(&names).map(|(v, n)| (v, n.as_str())).collect();
    let suffix = subgraph(graph, outputs, &cuts)?;
    let prefix = if cuts.is_empty() {
        None
    } else {
        let kept: Vec<(&str, ValueId)> = cuts.iter().map(|&(v, n)| (n, v)).collect();
        Some(subgraph(graph, &kept, &[])?)
    };
    Ok(FrozenSplit { prefix, suffix, cuts: names })
}

struct State<'a> {
    graph: &'a Graph,
    live: Vec<bool>,
    /// By value: depends on its row alone.
    frozen: Vec<bool>,
    /// By value: a heavy operation lies below.
    heavy: Vec<bool>,
}

impl<'a> State<'a> {
    fn new(graph: &'a Graph, weights: &Weights, live: Vec<bool>) -> State<'a> {
        let mut frozen: Vec<bool> = graph
            .values()
            .iter()
            .map(|v| match &v.source {
                Source::Input(_) => true,
                Source::Weight(name) => !weights.trainable(name),
                Source::Node(_) => false,
            })
            .collect();
        let mut heavy = vec![false; graph.values().len()];
        for node in graph.nodes() {
            let fixed = !matches!(node.op, Op::Dropout { .. } | Op::BatchNorm { .. })
                && node.inputs.iter().all(|v| frozen[v.0 as usize]);
            let work = is_heavy(&node.op) || node.inputs.iter().any(|v| heavy[v.0 as usize]);
            for v in &node.outputs {
                frozen[v.0 as usize] = fixed;
                heavy[v.0 as usize] = work;
            }
        }
        State { graph, live, frozen, heavy }
    }

    /// Frozen results of operations that an operation outside the frozen part, or the caller, reads.
    fn border(&self, wanted: &BTreeSet<ValueId>) -> BTreeSet<ValueId> {
        let computed = |v: &ValueId| matches!(self.graph.value(*v).source, Source::Node(_));
        let readers = self.graph.nodes().iter().zip(&self.live).filter(|(_, live)| **live);
        readers
            .filter(|(node, _)| !self.frozen[node.outputs[0].0 as usize])
            .flat_map(|(node, _)| &node.inputs)
            .chain(wanted)
            .copied()
            .filter(|v| computed(v) && self.frozen[v.0 as usize])
            .collect()
    }

    /// Takes border values that cannot or need not be kept out of the frozen part; whether there were any.
    fn lower_border(&mut self, wanted: &BTreeSet<ValueId>) -> bool {
        let mut moved = false;
        for value in self.border(wanted) {
            let found = self.graph.value(value);
            let of_rows = found.shape.0.first() == Some(&Dim::BATCH);
            if of_rows && self.heavy[value.0 as usize] {
                continue;
            }
            if let Source::Node(node) = found.source {
                for output in &self.graph.node(node).outputs {
                    self.frozen[output.0 as usize] = false;
                }
                moved = true;
            }
        }
        moved
    }
}

/// Operations that do arithmetic with weights, or over many elements for one.
fn is_heavy(op: &Op) -> bool {
    matches!(
        op,
        Op::Linear { .. }
            | Op::Conv2d { .. }
            | Op::Depthwise { .. }
            | Op::Attention { .. }
            | Op::EmbeddingBag
            | Op::MaxPool { .. }
            | Op::AvgPool { .. }
            | Op::GlobalAvgPool
            | Op::MeanTokens
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Act, Builder, DType, Init, Mode, Shape, Window, layers};

    /// Picture trunk (frozen) -> dropout -> head, beside a mask that varies.
    fn network(weights: &mut Weights, trunk_trainable: bool) -> Result<(Graph, ValueId)> {
        let mut b = Builder::new(weights, Mode::Train, 1);
        let raw = b.input("picture", &Shape::batch(&[8, 8, 3]), DType::F32)?;
        let x = b.op(Op::Affine { scale: 1.0 / 127.5, offset: -1.0 }, &[raw])?;
        let x = layers::conv2d(&mut b, "trunk.conv", x, 4, Window::square(3, 1, 1), true)?;
        let norm = layers::BatchNorm { frozen: true, ..layers::BatchNorm::default() };
        let x = layers::batch_norm(&mut b, "trunk.norm", x, Act::Identity, norm)?;
        let x = b.act(Act::Relu6, x)?;
        let pooled = b.op(Op::GlobalAvgPool, &[x])?;
        let present = b.input("present", &Shape(vec![Dim::BATCH]), DType::F32)?;
        let learned = b.weight("absent", &[4], Init::Constant(0.0))?;
        let x = b.op(Op::Select, &[present, pooled, learned])?;
        let x = b.dropout(0.5, x)?;
        let y = layers::linear(&mut b, "head", x, 2, true, Init::LecunUniform)?;
        let graph = b.finish();
        for (name, param) in weights.iter_mut() {
            if name.starts_with("trunk") {
                param.trainable = trunk_trainable && param.trainable;
            }
        }
        Ok((graph, y))
    }

    #[test]
    fn a_frozen_trunk_becomes_the_prefix() -> Result<()> {
        let mut weights = Weights::new();
        let (graph, y) = network(&mut weights, false)?;
        let split = split_frozen(&graph, &weights, &[("y", y)])?;
        let prefix = split.prefix.ok_or(crate::Error::MissingInput { name: "prefix".into() })?;
        assert_eq!(split.cuts.len(), 1);
        let cut = prefix.outputs()[&split.cuts[0]];
        assert_eq!(prefix.value(cut).shape, Shape::batch(&[4]));
        assert!(matches!(prefix.nodes().last().map(|n| &n.op), Some(Op::GlobalAvgPool)));
        assert_eq!(prefix.inputs().keys().collect::<Vec<_>>(), ["picture"]);
        let inputs: Vec<&String> = split.suffix.inputs().keys().collect();
        assert_eq!(inputs, ["frozen.0", "present"]);
        assert_eq!(split.suffix.nodes().len(), 3);
        assert!(split.suffix.weights().keys().all(|n| !n.starts_with("trunk")));
        Ok(())
    }

    #[test]
    fn nothing_is_kept_below_a_trained_trunk() -> Result<()> {
        let mut weights = Weights::new();
        let (graph, y) = network(&mut weights, true)?;
        let split = split_frozen(&graph, &weights, &[("y", y)])?;
        assert!(split.prefix.is_none() && split.cuts.is_empty());
        assert!(split.suffix.inputs().contains_key("picture"), "a scaled raw picture is not worth keeping");
        Ok(())
    }

    #[test]
    fn a_wholly_frozen_output_is_itself_the_cut() -> Result<()> {
        let mut weights = Weights::new();
        let (graph, _) = network(&mut weights, false)?;
        let pooled = graph.nodes().iter().find(|n| n.op == Op::GlobalAvgPool).map(|n| n.outputs[0]);
        let pooled = pooled.ok_or(crate::Error::MissingInput { name: "pooled".into() })?;
        let split = split_frozen(&graph, &weights, &[("features", pooled)])?;
        assert!(split.suffix.nodes().is_empty() && split.prefix.is_some());
        assert_eq!(split.cuts.len(), 1);
        Ok(())
    }

    #[test]
    fn tokens_may_pass_and_weight_borders_move_down() -> Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, Mode::Train, 1);
        let tokens = b.symbol();
        let ids = b.input("ids", &Shape(vec![Dim::BATCH, tokens]), DType::I32)?;
        let words = layers::embedding(&mut b, "frozen_words", ids, 50, 8, Init::Normal(0.02))?;
        let mixed = layers::linear(&mut b, "frozen_layer", words, 8, true, Init::LecunUniform)?;
        let kind = layers::first_embedding(&mut b, "frozen_type", 2, 8, Init::Normal(0.02))?;
        let trained = layers::linear(&mut b, "head", mixed, 8, true, Init::LecunUniform)?;
        let y = b.op(Op::Add, &[trained, kind])?;
        let graph = b.finish();
        for (name, param) in weights.iter_mut() {
            param.trainable = !name.starts_with("frozen");
        }
        let split = split_frozen(&graph, &weights, &[("y", y)])?;
        assert_eq!(split.cuts.len(), 1);
        assert!(split.suffix.weights().contains_key("frozen_type.weight"));
        Ok(())
    }
}
