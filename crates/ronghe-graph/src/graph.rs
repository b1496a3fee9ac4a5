//! The graph: values, the nodes that make them, and the names by which the outside knows them.

use crate::{DType, Dim, Error, Op, Result, Shape, Symbol};
use std::collections::BTreeMap;

/// Index of a [`Value`] in its graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub u32);

/// Index of a [`Node`] in its graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Fed at each run, by name.
    Input(String),
    /// A named weight.
    Weight(String),
    /// An output of a node.
    Node(NodeId),
}

/// One tensor that flows through the graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Dimensions.
    pub shape: Shape,
    /// Element type.
    pub dtype: DType,
    /// Where it comes from.
    pub source: Source,
}

/// One operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What is computed.
    pub op: Op,
    /// From which values.
    pub inputs: Vec<ValueId>,
    /// Into which values.
    pub outputs: Vec<ValueId>,
}

/// A weight that takes the value of an output after each training step (running batch statistics).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// Name of the weight.
    pub weight: String,
    /// Its new value.
    pub value: ValueId,
}

/// A network as data. Nodes stand in an order in which they can be computed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Graph {
    values: Vec<Value>,
    nodes: Vec<Node>,
    symbols: u16,
    inputs: BTreeMap<String, ValueId>,
    weights: BTreeMap<String, ValueId>,
    outputs: BTreeMap<String, ValueId>,
    updates: Vec<Update>,
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Graph {
        Graph { symbols: 1, ..Graph::default() }
    }

    /// An empty graph that has the same symbolic dimensions.
    pub fn empty_like(&self) -> Graph {
        Graph { symbols: self.symbols, ..Graph::default() }
    }

    /// A fresh symbolic dimension.
    pub fn symbol(&mut self) -> Dim {
        self.symbols += 1;
        Dim::Sym(Symbol(self.symbols - 1))
    }

    /// The input called `name`, made if it is new. Asked again, its shape and type must be the same.
    pub fn input(&mut self, name: &str, shape: &Shape, dtype: DType) -> Result<ValueId> {
        if let Some(&id) = self.inputs.get(name) {
            let found = self.value(id);
            if found.shape != *shape || found.dtype != dtype {
                return Err(Error::Shape {
                    op: "input",
                    expected: format!("`{name}` {}", found.shape),
                    found: shape.to_string(),
                });
            }
            return Ok(id);
        }
        let id = self.push_value(shape.clone(), dtype, Source::Input(name.to_owned()));
        self.inputs.insert(name.to_owned(), id);
        Ok(id)
    }

    /// The float weight called `name`, made if it is new. Asked again, its shape must be the same.
    pub fn weight(&mut self, name: &str, shape: &[usize]) -> Result<ValueId> {
        let shape = Shape::fixed(shape);
        if let Some(&id) = self.weights.get(name) {
            let found = &self.value(id).shape;
            if *found != shape {
                return Err(Error::Shape {
                    op: "weight",
                    expected: format!("`{name}` {found}"),
                    found: shape.to_string(),
                });
            }
            return Ok(id);
        }
        let id = self.push_value(shape, DType::F32, Source::Weight(name.to_owned()));
        self.weights.insert(name.to_owned(), id);
        Ok(id)
    }

    /// Appends an operation and returns its outputs. Shapes and types are checked here, once, for every operation.
    pub fn push(&mut self, op: Op, inputs: &[ValueId]) -> Result<Vec<ValueId>> {
        let given: Vec<&Value> = inputs.iter().map(|&v| self.value(v)).collect();
        let made = op.infer(&given)?;
        let node = NodeId(self.nodes.len() as u32);
        let outputs = made
            .into_iter()
            .map(|(shape, dtype)| self.push_value(shape, dtype, Source::Node(node)))
            .collect();
        self.nodes.push(Node { op, inputs: inputs.to_vec(), outputs });
        Ok(self.nodes[node.0 as usize].outputs.clone())
    }

    /// Appends an operation with one output of interest, its first.
    pub fn push1(&mut self, op: Op, inputs: &[ValueId]) -> Result<ValueId> {
        Ok(self.push(op, inputs)?[0])
    }

    /// Names a value, so that the outside can ask for it.
    pub fn set_output(&mut self, name: &str, value: ValueId) {
        self.outputs.insert(name.to_owned(), value);
    }

    /// Lets a weight take the value of `value` after each training step.
    pub fn push_update(&mut self, weight: &str, value: ValueId) {
        self.updates.push(Update { weight: weight.to_owned(), value });
    }

    /// A value.
    pub fn value(&self, id: ValueId) -> &Value {
        &self.values[id.0 as usize]
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// All values, by index.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// All nodes, in computing order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Inputs by name.
    pub fn inputs(&self) -> &BTreeMap<String, ValueId> {
        &self.inputs
    }

    /// Weights by name.
    pub fn weights(&self) -> &BTreeMap<String, ValueId> {
        &self.weights
    }

    /// Named outputs.
    pub fn outputs(&self) -> &BTreeMap<String, ValueId> {
        &self.outputs
    }

    /// Running statistics to carry over after a training step.
    pub fn updates(&self) -> &[Update] {
        &self.updates
    }

    fn push_value(&mut self, shape: Shape, dtype: DType, source: Source) -> ValueId {
        self.values.push(Value { shape, dtype, source });
        ValueId(self.values.len() as u32 - 1)
    }
}
