//! Steps of a program: single nodes, and chains of picture operations that are computed together (`kernels::chain`).
//!
//! A chain is `[Conv2d], Depthwise, [Conv2d by 1 x 1, [Add]]` of at least two nodes, in which each value but the last is
//! read by the next node alone and asked for by nobody: the blocks of mobile networks when they predict. In training
//! the gradients read these values too, so nothing is chained.

use ronghe_graph::{Node, Op, Shape, Value, ValueId};
use std::collections::BTreeMap;

/// What is computed at once.
#[derive(Debug)]
pub(crate) struct Step {
    /// One node, or a chain: each reads what the one before it writes.
    pub(crate) nodes: Vec<Node>,
    /// Values read that the step does not write itself.
    pub(crate) inputs: Vec<ValueId>,
    /// Values written that others may read.
    pub(crate) outputs: Vec<ValueId>,
}

impl Step {
    fn new(nodes: Vec<Node>) -> Step {
        let within: Vec<ValueId> = nodes.iter().rev().skip(1).flat_map(|n| n.outputs.clone()).collect();
        let inputs = nodes.iter().flat_map(|n| &n.inputs).filter(|v| !within.contains(v)).copied().collect();
        let outputs = nodes.last().map(|n| n.outputs.clone()).unwrap_or_default();
        Step { nodes, inputs, outputs }
    }
}

/// Cuts nodes, in the order in which they can run, into steps; into single ones without `chains`. `asked` are values that
/// must be written.
pub(crate) fn steps(nodes: &[Node], values: &[Value], asked: &[ValueId], chains: bool) -> Vec<Step> {
    let mut readers: BTreeMap<ValueId, Vec<usize>> = BTreeMap::new();
    for (i, node) in nodes.iter().enumerate() {
        node.inputs.iter().for_each(|&v| readers.entry(v).or_default().push(i));
    }
    let links = Links { nodes, values, readers, asked };
    let mut chained = vec![false; nodes.len()];
    // By the last node: there everything that the chain reads has been written.
    let mut made: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for i in 0..nodes.len() {
        let chain = if chained[i] || !chains { Vec::new() } else { links.chain(i) };
        if let [_, .., last] = chain.as_slice() {
            chain.iter().for_each(|&n| chained[n] = true);
            made.insert(*last, chain);
        }
    }
    let step = |i: usize| match made.get(&i) {
        Some(chain) => Some(Step::new(chain.iter().map(|&n| nodes[n].clone()).collect())),
        None => (!chained[i]).then(|| Step::new(vec![nodes[i].clone()])),
    };
    (0..nodes.len()).filter_map(step).collect()
}

struct Links<'a> {
    nodes: &'a [Node],
    values: &'a [Value],
    /// Nodes that read a value, once for each of their inputs that it is.
    readers: BTreeMap<ValueId, Vec<usize>>,
    asked: &'a [ValueId],
}

impl Links<'_> {
    /// The longest chain from node `i` on.
    fn chain(&self, i: usize) -> Vec<usize> {
        let mut chain = vec![i];
        if matches!(self.nodes[i].op, Op::Conv2d { .. }) {
            let Some(next) = self.next(i, |op| matches!(op, Op::Depthwise { .. })) else { return chain };
            chain.push(next);
        } else if !matches!(self.nodes[i].op, Op::Depthwise { .. }) {
            return chain;
        }
        let pointwise = |op: &Op| matches!(op, Op::Conv2d { window, .. } if window.is_pointwise());
        if let Some(next) = self.next(chain[chain.len() - 1], pointwise) {
            chain.push(next);
            chain.extend(self.next(next, |op| *op == Op::Add));
        }
        chain
    }

    /// The only reader of what node `i` writes, if it is such an operation.
    fn next(&self, i: usize, wanted: impl Fn(&Op) -> bool) -> Option<usize> {
        let made = *self.nodes[i].outputs.first()?;
        let [reader] = self.readers.get(&made)?.as_slice() else { return None };
        let node = &self.nodes[*reader];
        let shape = |v: &ValueId| -> &Shape { &self.values[v.0 as usize].shape };
        let reads = match node.op {
            Op::Add => node.inputs.iter().all(|v| shape(v) == shape(&made)),
            _ => node.inputs.first() == Some(&made),
        };
        (reads && wanted(&node.op) && !self.asked.contains(&made)).then_some(*reader)
    }
}
