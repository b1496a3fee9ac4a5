//! The first dense layer of a model apart from the rest of it.
//!
//! A model of one input opens with a weighted sum where its encoder says which places of the cell its features are
//! ([`Encoder::layout`]) and its network feeds them to a dense layer as they are. What follows that layer is a network of its
//! own, which ends in probabilities, or the quantity.

use super::Model;
use crate::encode::Encoder;
use crate::opening::{Layout, Opening};
use crate::{Result, TaskKind, network::Trunk};
use ronghe_cpu::{CpuExecutor, SubsetSums};
use ronghe_data::Table;
use ronghe_graph::passes::{infer_optimise, subgraph};
use ronghe_graph::{Act, Executor, Feed, Graph, Mode, Node, Op, Plan, Source, Tensor, ValueId, Weights};
use std::sync::{Mutex, PoisonError};

/// Rows that go through the rest of the network at a time.
const ROWS: usize = 4096;

/// A model's dense beginning.
pub(super) struct DenseOpening<'a> {
    model: &'a Model,
    layout: Layout,
    /// `[F, U]`
    weights: Vec<f32>,
    bias: Vec<f32>,
    act: Act,
    executor: CpuExecutor,
    rest: Mutex<Box<dyn Plan>>,
    rest_weights: Weights,
}

impl<'a> DenseOpening<'a> {
    /// The beginning of `model`, if it is a weighted sum.
    pub(super) fn of(model: &'a Model) -> Result<Option<DenseOpening<'a>>> {
        let ([input], [encoder]) = (model.inputs.as_slice(), model.encoders.as_slice()) else {
            return Ok(None);
        };
        let Some(layout) = encoder.layout() else { return Ok(None) };
        let mut weights = model.weights.clone();
        let whole: [(&dyn Encoder, Trunk); 1] = [(encoder.as_ref(), Trunk::Part)];
        let network = super::network(&model.config, &model.task, &whole, &mut weights, Mode::Infer, None)?;
        let mut graph = network.graph;
        let prefix = format!("encode.{}.", input.name);
        let Some(first) = graph.nodes().iter().find(|n| opens(&graph, n, &prefix)).cloned() else {
            return Ok(None);
        };
        let value = |i: usize| match graph.value(*first.inputs.get(i)?).source {
            Source::Weight(ref name) => weights.get(name),
            _ => None,
        };
        let Some(matrix) = value(1) else { return Ok(None) };
        let &[units, features] = matrix.shape() else { return Ok(None) };
        let bias = value(2).map_or(vec![0.0; units], |b| b.as_f32().to_vec());
        let matrix = matrix.as_f32();
        let turned = (0..features).flat_map(|f| (0..units).map(move |u| matrix[u * features + f])).collect();
        let out = linked(&mut graph, network.logits, model)?;
        let (act, cut) = rest(&graph, first.outputs[0]);
        let rest = subgraph(&graph, &[("out", out)], &[(cut, "sums")])?;
        let (rest, rest_weights) = infer_optimise(&rest, weights)?;
        let plan = model.executor.compile(&rest, &[rest.outputs()["out"]])?;
        Ok(Some(DenseOpening {
            model,
            layout,
            weights: turned,
            bias,
            act,
            executor: model.executor.clone(),
            rest: Mutex::new(plan),
            rest_weights,
        }))
    }
}

/// Whether the node is a dense layer over nothing but an input of the encoder, reshaped at most.
fn opens(graph: &Graph, node: &Node, prefix: &str) -> bool {
    if !matches!(node.op, Op::Linear { act: Act::Identity }) {
        return false;
    }
    let mut from = node.inputs[0];
    loop {
        match &graph.value(from).source {
            Source::Input(name) => return name.starts_with(prefix),
            Source::Node(id) if matches!(graph.node(*id).op, Op::Reshape { .. }) => {
                from = graph.node(*id).inputs[0];
            }
            _ => return false,
        }
    }
}

/// What is done to the sums before anything is made of them, and the value after that: an activation; and the choice of what is
/// there over what stands for a missing input, for every explained row has the input.
fn rest(graph: &Graph, sums: ValueId) -> (Act, ValueId) {
    let only_user = |value: ValueId| {
        let mut users = graph.nodes().iter().filter(|n| n.inputs.contains(&value));
        users.next().filter(|_| users.next().is_none())
    };
    let (mut act, mut cut) = (Act::Identity, sums);
    if let Some(Node { op: Op::Activate(next), outputs, .. }) = only_user(cut) {
        (act, cut) = (*next, outputs[0]);
    }
    if let Some(Node { op: Op::Select, outputs, .. }) = only_user(cut) {
        cut = outputs[0];
    }
    (act, cut)
}

/// What the model says for the logits: probabilities (one for two classes), or the quantity.
pub(super) fn linked(graph: &mut Graph, logits: ValueId, model: &Model) -> Result<ValueId> {
    let task = &model.task;
    if task.kind == TaskKind::Regression {
        let op = Op::Affine { scale: task.std as f32, offset: task.mean as f32 };
        return Ok(graph.push1(op, &[logits])?);
    }
    let op = Op::Affine { scale: (1.0 / model.temperature) as f32, offset: 0.0 };
    let scaled = graph.push1(op, &[logits])?;
    let link = if task.kind == TaskKind::MultiClass { Op::Softmax } else { Op::Activate(Act::Sigmoid) };
    Ok(graph.push1(link, &[scaled])?)
}

impl Opening for DenseOpening<'_> {
    fn layout(&self) -> Layout {
        self.layout
    }

    fn features(&self, rows: &Table) -> Result<Option<Vec<f32>>> {
        let table = super::rows::columns(rows, &self.model.inputs[0])?;
        let prepared = self.model.encoders[0].prepare(&table)?;
        if !prepared.bad.is_empty() || prepared.present.contains(&false) {
            return Ok(None);
        }
        let all: Vec<usize> = (0..table.rows()).collect();
        let mut fields = prepared.fields.values();
        match (fields.next(), fields.next()) {
            (Some(only), None) => Ok(Some(only.tensor(&all)?.as_f32().to_vec())),
            _ => Ok(None),
        }
    }

    fn weights(&self) -> &[f32] {
        &self.weights
    }

    fn bias(&self) -> &[f32] {
        &self.bias
    }

    fn act(&self) -> Act {
        self.act
    }

    fn add_up(&self, of: &SubsetSums<'_>, out: &mut [f32]) -> Result<()> {
        Ok(self.executor.subset_sums(of, out)?)
    }

    fn close(&self, sums: Vec<f32>) -> Result<Vec<f32>> {
        let units = self.bias.len();
        let rows = sums.len() / units.max(1);
        let sums = Tensor::f32(&[rows, units], sums)?;
        let present = format!("present.{}", self.model.inputs[0].name);
        let two = self.model.task.kind == TaskKind::Binary;
        let mut plan = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = Vec::new();
        for start in (0..rows).step_by(ROWS) {
            let end = rows.min(start + ROWS);
            let mut feed = Feed::default();
            feed.inputs.insert("sums".into(), sums.rows(start..end));
            feed.inputs.insert(present.clone(), Tensor::full(&[end - start], 1.0));
            let found = plan.run(&self.rest_weights, &feed)?;
            match two {
                true => out.extend(found.get(0).iter().flat_map(|&p| [1.0 - p, p])),
                false => out.extend_from_slice(found.get(0)),
            }
        }
        Ok(out)
    }
}

impl Model {
    /// What explanations use in place of thousands of predictions, see [`Opening`].
    pub(super) fn dense_opening(&self) -> Result<Option<Box<dyn Opening + '_>>> {
        Ok(DenseOpening::of(self)?.map(|o| Box::new(o) as Box<dyn Opening>))
    }
}
