//! Copies a graph node by node, so that a pass writes only what it changes.

use crate::{Graph, Node, Op, Result, Source, ValueId};
use std::collections::BTreeSet;

/// A graph being copied into another.
pub(crate) struct Rewrite<'a> {
    old: &'a Graph,
    /// The graph being written.
    pub(crate) new: Graph,
    map: Vec<Option<ValueId>>,
}

impl<'a> Rewrite<'a> {
    pub(crate) fn new(old: &'a Graph) -> Rewrite<'a> {
        Rewrite { old, new: old.empty_like(), map: vec![None; old.values().len()] }
    }

    /// Lets `new` stand for `old` from now on.
    pub(crate) fn map(&mut self, old: ValueId, new: ValueId) {
        self.map[old.0 as usize] = Some(new);
    }

    /// What stands for `old`; copied now if nothing does yet.
    pub(crate) fn get(&mut self, old: ValueId) -> Result<ValueId> {
        if let Some(new) = self.map[old.0 as usize] {
            return Ok(new);
        }
        let (graph, value) = (self.old, self.old.value(old));
        let new = match &value.source {
            Source::Input(name) => self.new.input(name, &value.shape, value.dtype)?,
            Source::Weight(name) => self.new.weight(name, &fixed(&value.shape))?,
            Source::Node(node) => {
                // Nodes stand in computing order, so a pass that visits them in order never comes here.
                self.copy(graph.node(*node))?;
                let place = graph.node(*node).outputs.iter().position(|&v| v == old).unwrap_or(0);
                let outputs = &self.new.nodes()[self.new.nodes().len() - 1].outputs;
                outputs[place]
            }
        };
        self.map(old, new);
        Ok(new)
    }

    /// Copies a node as it is.
    pub(crate) fn copy(&mut self, node: &Node) -> Result<()> {
        let inputs = node.inputs.iter().map(|&v| self.get(v)).collect::<Result<Vec<_>>>()?;
        self.replace(node, node.op.clone(), &inputs)
    }

    /// Writes `op` over `inputs` (of the new graph) in the place of `node`.
    pub(crate) fn replace(&mut self, node: &Node, op: Op, inputs: &[ValueId]) -> Result<()> {
        let made = self.new.push(op, inputs)?;
        for (&old, &new) in node.outputs.iter().zip(&made) {
            self.map(old, new);
        }
        Ok(())
    }

    /// The new graph, with the named outputs and running statistics of the old one.
    pub(crate) fn finish(mut self) -> Result<Graph> {
        let old = self.old;
        for (name, &value) in old.outputs() {
            let new = self.get(value)?;
            self.new.set_output(name, new);
        }
        for update in old.updates() {
            let new = self.get(update.value)?;
            self.new.push_update(&update.weight, new);
        }
        Ok(self.new)
    }
}

/// Values that the outside asks for: named outputs and running statistics.
pub(crate) fn roots(graph: &Graph) -> Vec<ValueId> {
    graph.outputs().values().copied().chain(graph.updates().iter().map(|u| u.value)).collect()
}

/// Which nodes `roots` need when the values in `cuts` are given.
pub(crate) fn live_nodes(graph: &Graph, roots: &[ValueId], cuts: &BTreeSet<ValueId>) -> Vec<bool> {
    let mut needed: BTreeSet<ValueId> = roots.iter().copied().collect();
    let mut live = vec![false; graph.nodes().len()];
    for (i, node) in graph.nodes().iter().enumerate().rev() {
        if node.outputs.iter().any(|v| needed.contains(v) && !cuts.contains(v)) {
            live[i] = true;
            needed.extend(&node.inputs);
        }
    }
    live
}

/// How each value of a graph is used by its live nodes and by the outside.
pub(crate) struct Uses {
    count: Vec<u32>,
    user: Vec<Option<usize>>,
}

impl Uses {
    pub(crate) fn new(graph: &Graph, live: &[bool]) -> Uses {
        let mut uses = Uses { count: vec![0; graph.values().len()], user: vec![None; graph.values().len()] };
        for value in roots(graph) {
            uses.count[value.0 as usize] += 1;
        }
        for (i, node) in graph.nodes().iter().enumerate().filter(|(i, _)| live[*i]) {
            for value in &node.inputs {
                uses.count[value.0 as usize] += 1;
                uses.user[value.0 as usize] = Some(i);
            }
        }
        uses
    }

    /// Whether exactly one node uses `value`, once.
    pub(crate) fn once(&self, value: ValueId) -> bool {
        self.count[value.0 as usize] == 1
    }

    /// The node that uses `value`, if it is the only use.
    pub(crate) fn only_user(&self, value: ValueId) -> Option<usize> {
        if self.once(value) { self.user[value.0 as usize] } else { None }
    }
}

/// The dimensions of a shape that has only known ones (a weight's).
pub(crate) fn fixed(shape: &crate::Shape) -> Vec<usize> {
    shape.0.iter().filter_map(|d| d.fixed()).collect()
}
