//! The network: items and places to states, states to a loss, and the trained weights at work on one history.

use super::Settings;
use crate::Result;
use ronghe_cpu::CpuExecutor;
use ronghe_graph::layers::{
    BlockNames, NormOrder, TransformerBlock, embedding, layer_norm, transformer_block,
};
use ronghe_graph::{
    Act, Builder, DType, Dim, Executor, Feed, Graph, Init, Op, Plan, Shape, Tensor, ValueId, Weights,
};
use std::sync::{Mutex, PoisonError};

/// Weight with the vectors of the items, read by the input and by the output.
pub(super) const ITEMS: &str = "item.weight";
/// Input of ones, which sums the products of a state and a vector.
pub(super) const ONES: &str = "ones";
/// Standard deviation with which vectors begin.
const INIT: Init = Init::Normal(0.02);

/// Trained weights at work.
pub(super) struct Network {
    pub(super) weights: Weights,
    graph: Graph,
    states: ValueId,
    executor: CpuExecutor,
    /// Plans that nobody uses at this moment; as many are made as there are callers at once.
    plans: Mutex<Vec<Box<dyn Plan>>>,
}

impl Network {
    /// The network of these weights, all of which must be there.
    pub(super) fn new(settings: &Settings, items: usize, mut weights: Weights) -> Result<Network> {
        let mut b = Builder::outline(&mut weights);
        let states = states(&mut b, settings, items)?;
        let graph = b.finish();
        // One history is too little work to share.
        let executor = CpuExecutor::new(1);
        Ok(Network { weights, graph, states, executor, plans: Mutex::new(Vec::new()) })
    }

    /// The state after a history of 1 to `length` items.
    pub(super) fn state(&self, history: &[i32]) -> Result<Vec<f32>> {
        let idle = self.plans.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut plan = match idle {
            Some(plan) => plan,
            None => self.executor.compile(&self.graph, &[self.states])?,
        };
        let shape = [1, history.len()];
        let feed = Feed::default()
            .with("items", Tensor::i32(&shape, history.to_vec())?)
            .with("places", Tensor::i32(&shape, places(history.len()).collect())?);
        let out = plan.run(&self.weights, &feed)?;
        let width = out.shape(0).last().copied().unwrap_or(0);
        let all = out.get(0);
        let state = all[all.len().saturating_sub(width)..].to_vec();
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).push(plan);
        Ok(state)
    }
}

/// The places of `len` items, the oldest first: how many come after each.
pub(super) fn places(len: usize) -> impl Iterator<Item = i32> {
    (0..len as i32).rev()
}

/// Writes the states `[N, T, D]` after each item of `items[N, T]`.
pub(super) fn states(b: &mut Builder<'_>, settings: &Settings, items: usize) -> Result<ValueId> {
    let width = settings.factors;
    let tokens = b.symbol();
    let rows = Shape(vec![Dim::BATCH, tokens]);
    let ids = b.input("items", &rows, DType::I32)?;
    let places = b.input("places", &rows, DType::I32)?;
    let vectors = embedding(b, "item", ids, items, width, INIT)?;
    let places = embedding(b, "place", places, settings.length, width, INIT)?;
    let sum = b.op(Op::Add, &[vectors, places])?;
    let mut x = b.dropout(settings.dropout, sum)?;
    let block = TransformerBlock {
        heads: settings.heads,
        causal: true,
        hidden: 4 * width,
        act: Act::Gelu,
        eps: 1e-5,
        dropout: settings.dropout,
        order: NormOrder::Pre,
        names: BlockNames::PLAIN,
    };
    for i in 0..settings.blocks {
        x = transformer_block(b, &format!("block{i}"), x, None, &block)?;
    }
    Ok(layer_norm(b, "norm", x, 1e-5)?)
}

/// Writes the loss of the states: cross entropy of the next item among all, or among itself and `negatives` items that the
/// batch shares, whose logits are raised by `ln((items - 1) / negatives)` so that they stand for all others.
pub(super) fn loss(b: &mut Builder<'_>, states: ValueId, items: usize, negatives: usize) -> Result<ValueId> {
    let rows = b.shape(states).leading();
    let labels = b.input("labels", &rows, DType::I32)?;
    let weight = b.input("weight", &rows, DType::F32)?;
    let width = b.width(states)?;
    let table = b.weight(ITEMS, &[items, width], INIT)?;
    let dense = Op::Linear { act: Act::Identity };
    if negatives == 0 {
        let logits = b.op(dense, &[states, table])?;
        return Ok(b.op(Op::SoftmaxCrossEntropy { smoothing: 0.0 }, &[logits, labels, weight])?);
    }
    let others = b.input("negatives", &Shape::fixed(&[negatives]), DType::I32)?;
    let others = b.op(Op::Embedding, &[others, table])?;
    let others = b.op(dense.clone(), &[states, others])?;
    let offset = ((items as f32 - 1.0) / negatives as f32).ln();
    let others = b.op(Op::Affine { scale: 1.0, offset }, &[others])?;
    let next = b.op(Op::Embedding, &[labels, table])?;
    let next = b.op(Op::Mul, &[states, next])?;
    let ones = b.input(ONES, &Shape::fixed(&[1, width]), DType::F32)?;
    let next = b.op(dense, &[next, ones])?;
    let logits = b.op(Op::Concat, &[next, others])?;
    let first = b.input("first", &rows, DType::I32)?;
    Ok(b.op(Op::SoftmaxCrossEntropy { smoothing: 0.0 }, &[logits, first, weight])?)
}
