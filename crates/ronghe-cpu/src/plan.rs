//! Compiles a graph and runs it.
//!
//! Compiling keeps the nodes that the asked outputs need. The first run with a new binding of the symbolic dimensions
//! lays out memory: each value gets a slot (a buffer) that is free while the value lives; a value dies after the last
//! node that reads it. Weights and inputs are read where they are. A reshape costs nothing: its result is its input.

use crate::buffer::Buffer;
use crate::call::{Arg, Call, Data, Kept, Out};
use crate::dispatch;
use crate::kernels::chain::{self, Link};
use crate::layout::Layout;
use crate::packed::Packed;
use crate::step::{self, Step};
use crate::threads::Pool;
use ronghe_graph::{
    DType, Data as Elements, Dim, Error, Executor, Feed, Graph, Node, Op, Outputs, Plan, Precision, Result,
    Symbol, Tensor, Value, ValueId, Weights,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Memory layouts kept for bindings seen lately.
const LAYOUTS: usize = 8;

/// Compiles graphs for this machine's processor. Clones share their threads.
#[derive(Debug, Clone)]
pub struct CpuExecutor {
    threads: usize,
    precision: Precision,
    /// Made when first needed, so that making an executor cannot fail.
    pool: Arc<Mutex<Option<Arc<Pool>>>>,
}

impl CpuExecutor {
    /// An executor over `threads` threads; 0 means all cores. The number changes speed, never a result.
    pub fn new(threads: usize) -> CpuExecutor {
        let threads = if threads == 0 { crate::detected_cpu().cores } else { threads };
        CpuExecutor { threads, precision: Precision::F32, pool: Arc::new(Mutex::new(None)) }
    }

    /// The same executor, whose later plans compute dense layers and pointwise convolutions in this precision; in int8
    /// depthwise convolutions too. Plans with a gradient stay in f32. Every processor gives the same bits in int8; in
    /// bf16 the products do, with or without the instruction for them (see [`Cpu`](crate::Cpu)).
    pub fn with_precision(self, precision: Precision) -> CpuExecutor {
        CpuExecutor { precision, ..self }
    }

    /// What plans compute in.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Number of threads.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Runs `work` on the calling thread so that parallel loops in it use this executor's threads.
    pub fn install<R>(&self, work: impl FnOnce() -> R) -> Result<R> {
        Ok(self.pool()?.install(work))
    }

    fn pool(&self) -> Result<Arc<Pool>> {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = &*pool {
            return Ok(pool.clone());
        }
        let made = Pool::new(self.threads)
            .map_err(|e| Error::Threads { threads: self.threads, why: e.to_string() })?;
        Ok(pool.insert(Arc::new(made)).clone())
    }
}

impl Executor for CpuExecutor {
    fn compile(&self, graph: &Graph, outputs: &[ValueId]) -> Result<Box<dyn Plan>> {
        Ok(Box::new(CpuPlan::new(self.pool()?, graph, outputs, self.precision)))
    }
}

/// Where the elements of a value are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The plan's input of this index.
    Input(usize),
    /// The plan's weight of this index.
    Weight(usize),
    /// What the step whose output this value is wrote.
    Made(ValueId),
}

/// The nodes to compute, and what they need.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) steps: Vec<Step>,
    pub(crate) values: Vec<Value>,
    /// By value; `None` for values that no step needs.
    pub(crate) places: Vec<Option<Place>>,
    pub(crate) outputs: Vec<ValueId>,
    inputs: Vec<(String, ValueId)>,
    weights: Vec<(String, ValueId)>,
    /// Every input of the graph: one that no step needs may still tell the size of a symbolic dimension.
    declared: Vec<(String, ValueId)>,
}

struct CpuPlan {
    pool: Arc<Pool>,
    program: Program,
    /// Least recently used first.
    layouts: Vec<(BTreeMap<Symbol, usize>, Arc<Layout>)>,
    slots: Vec<Buffer>,
    /// By weight.
    packed: Vec<Packed>,
    /// Outputs that no step makes: copies of weights or inputs.
    copies: Vec<Vec<f32>>,
}

impl Program {
    fn new(graph: &Graph, outputs: &[ValueId], precision: Precision) -> Program {
        let mut needed = vec![false; graph.values().len()];
        outputs.iter().for_each(|v| needed[v.0 as usize] = true);
        let mut nodes: Vec<Node> = Vec::new();
        for node in graph.nodes().iter().rev() {
            if node.outputs.iter().any(|v| needed[v.0 as usize]) {
                node.inputs.iter().chain(&node.outputs).for_each(|v| needed[v.0 as usize] = true);
                nodes.push(node.clone());
            }
        }
        nodes.reverse();

        let declared: Vec<_> = graph.inputs().iter().map(|(name, &v)| (name.clone(), v)).collect();
        let chosen = |from: &BTreeMap<String, ValueId>| -> Vec<(String, ValueId)> {
            let kept = from.iter().filter(|(_, v)| needed[v.0 as usize]);
            kept.map(|(name, &v)| (name.clone(), v)).collect()
        };
        let (inputs, weights) = (chosen(graph.inputs()), chosen(graph.weights()));
        let mut places = vec![None; needed.len()];
        for (i, (_, v)) in inputs.iter().enumerate() {
            places[v.0 as usize] = Some(Place::Input(i));
        }
        for (i, (_, v)) in weights.iter().enumerate() {
            places[v.0 as usize] = Some(Place::Weight(i));
        }
        // int8 has kernels for single operations only.
        let chains = precision != Precision::Int8;
        let mut steps = step::steps(&nodes, graph.values(), outputs, chains);
        steps.retain(|step| {
            let reshape = matches!(step.nodes[0].op, Op::Reshape { .. });
            for &v in step.nodes.iter().flat_map(|n| &n.outputs) {
                places[v.0 as usize] =
                    if reshape { places[step.inputs[0].0 as usize] } else { Some(Place::Made(v)) };
            }
            !reshape
        });
        Program {
            steps,
            values: graph.values().to_vec(),
            places,
            outputs: outputs.to_vec(),
            inputs,
            weights,
            declared,
        }
    }

    pub(crate) fn place(&self, value: ValueId) -> Option<Place> {
        self.places[value.0 as usize]
    }

    /// Sizes of the symbolic dimensions, from the fed inputs.
    fn bind(&self, feed: &Feed) -> Result<BTreeMap<Symbol, usize>> {
        let mut bound = BTreeMap::new();
        for (name, id) in &self.inputs {
            let tensor = feed.inputs.get(name).ok_or_else(|| Error::MissingInput { name: name.clone() })?;
            let value = &self.values[id.0 as usize];
            let wrong = |why: String| Error::FeedShape {
                name: name.clone(),
                expected: value.shape.clone(),
                found: tensor.shape().to_vec(),
                why,
            };
            if tensor.dtype() != value.dtype {
                return Err(wrong(format!("expected {:?}, found {:?}", value.dtype, tensor.dtype())));
            }
            if tensor.shape().len() != value.shape.rank() {
                return Err(wrong(format!("expected {} dimensions", value.shape.rank())));
            }
            for (axis, (dim, &found)) in value.shape.0.iter().zip(tensor.shape()).enumerate() {
                let expected = match dim {
                    Dim::Fixed(n) => *n,
                    Dim::Sym(s) => *bound.entry(*s).or_insert(found),
                };
                if expected != found {
                    return Err(wrong(format!("dimension {axis} ({dim}) must be {expected}")));
                }
            }
        }
        self.bind_rest(feed, &mut bound)?;
        Ok(bound)
    }

    /// Sizes that only inputs without a part in the outputs tell.
    fn bind_rest(&self, feed: &Feed, bound: &mut BTreeMap<Symbol, usize>) -> Result<()> {
        let used = |s: &Symbol| {
            let uses = |v: &Value| v.shape.0.contains(&Dim::Sym(*s));
            self.values.iter().zip(&self.places).any(|(v, place)| place.is_some() && uses(v))
        };
        for (name, id) in &self.declared {
            for (axis, dim) in self.values[id.0 as usize].shape.0.iter().enumerate() {
                let Dim::Sym(s) = dim else { continue };
                if bound.contains_key(s) || !used(s) {
                    continue;
                }
                let size = feed.inputs.get(name).and_then(|t| t.shape().get(axis));
                let size = size.ok_or_else(|| Error::MissingInput { name: name.clone() })?;
                bound.insert(*s, *size);
            }
        }
        Ok(())
    }

    /// The weights that the steps read, checked.
    fn weights<'a>(&self, weights: &'a Weights) -> Result<Vec<&'a Tensor>> {
        let get = |(name, id): &(String, ValueId)| {
            let expected = &self.values[id.0 as usize].shape;
            let found = weights.get(name).ok_or_else(|| Error::MissingWeight {
                name: name.clone(),
                expected: expected.clone(),
                similar: similar(name, weights),
            })?;
            let fits = found.shape().len() == expected.rank()
                && expected.0.iter().zip(found.shape()).all(|(d, &n)| d.fixed() == Some(n));
            match found.dtype() {
                _ if !fits => Err(Error::WeightShape {
                    name: name.clone(),
                    expected: expected.clone(),
                    found: found.shape().to_vec(),
                }),
                DType::I32 => {
                    Err(Error::Type { op: "weight", index: 0, expected: DType::F32, found: DType::I32 })
                }
                DType::F32 => Ok(found),
            }
        };
        self.weights.iter().map(get).collect()
    }
}

/// Up to three weights whose last name part is that of `name`.
fn similar(name: &str, weights: &Weights) -> Vec<String> {
    let last = name.rsplit('.').next();
    let alike = weights.iter().map(|(n, _)| n).filter(|n| n.rsplit('.').next() == last);
    alike.take(3).map(str::to_owned).collect()
}

impl CpuPlan {
    fn new(pool: Arc<Pool>, graph: &Graph, outputs: &[ValueId], precision: Precision) -> CpuPlan {
        let trains = graph.nodes().iter().any(|node| node.op.is_gradient());
        let precision = if trains { Precision::F32 } else { precision };
        let program = Program::new(graph, outputs, precision);
        let copies = vec![Vec::new(); outputs.len()];
        let packed =
            |(_, v): &(String, ValueId)| Packed::new(*v, &program.steps, &program.weights, precision);
        let packed = program.weights.iter().map(packed).collect();
        CpuPlan { pool, program, layouts: Vec::new(), slots: Vec::new(), packed, copies }
    }

    /// The layout for these sizes, made or found, and room for it.
    fn layout(&mut self, bound: BTreeMap<Symbol, usize>) -> Result<Arc<Layout>> {
        let entry = match self.layouts.iter().position(|(key, _)| *key == bound) {
            Some(i) => self.layouts.remove(i),
            None => {
                let layout = Layout::new(&self.program, &bound)?;
                (bound, Arc::new(layout))
            }
        };
        let layout = entry.1.clone();
        self.layouts.push(entry);
        if self.layouts.len() > LAYOUTS {
            self.layouts.remove(0);
        }
        self.slots.resize_with(self.slots.len().max(layout.slots.len()), Buffer::default);
        for (slot, &len) in self.slots.iter_mut().zip(&layout.slots) {
            if slot.len() < len {
                *slot = Buffer::new(len);
            }
        }
        Ok(layout)
    }
}

/// What the steps of one run read and write.
struct Run<'a> {
    program: &'a Program,
    layout: &'a Layout,
    inputs: Vec<&'a Tensor>,
    weights: Vec<&'a Tensor>,
    packed: &'a [Packed],
    seed: u64,
}

impl Run<'_> {
    fn data<'s>(&'s self, slots: &'s [Buffer], value: ValueId) -> Data<'s> {
        let tensor = match self.program.place(value) {
            Some(Place::Input(i)) => self.inputs[i],
            Some(Place::Weight(i)) => self.weights[i],
            Some(Place::Made(made)) => {
                let (slot, len) = self.layout.slot(made);
                return Data::F32(&slots[slot][..len]);
            }
            None => return Data::F32(&[]),
        };
        match tensor.data() {
            Elements::F32(v) => Data::F32(v),
            Elements::I32(v) => Data::I32(v),
        }
    }

    fn kept(&self, value: ValueId) -> Option<Kept<'_>> {
        match self.program.place(value) {
            Some(Place::Weight(i)) => self.packed[i].kept(),
            _ => None,
        }
    }

    fn steps(&self, slots: &mut [Buffer]) -> Result<()> {
        self.program.steps.iter().try_for_each(|step| self.step(step, slots))
    }

    fn step(&self, step: &Step, slots: &mut [Buffer]) -> Result<()> {
        // The written buffers leave the table for the time of the step, so that the others can be read.
        let slot = |v: &ValueId| self.layout.slot(*v);
        let mut written: Vec<Buffer> =
            step.outputs.iter().map(|v| std::mem::take(&mut slots[slot(v).0])).collect();
        let result = {
            let mut outputs: Vec<Out> = step
                .outputs
                .iter()
                .zip(&mut written)
                .map(|(&v, buffer)| Out {
                    shape: self.layout.shape(v),
                    data: &mut buffer[..self.layout.slot(v).1],
                })
                .collect();
            let args = |values: &[ValueId]| values.iter().map(|&v| self.arg(v, slots)).collect::<Vec<Arg>>();
            match (step.nodes.as_slice(), outputs.as_mut_slice()) {
                ([node], outputs) => {
                    let inputs = match node.op {
                        Op::Embedding => node.inputs.iter().map(|&v| self.table(v, slots)).collect(),
                        _ => args(&node.inputs),
                    };
                    dispatch::run(&mut Call { op: &node.op, inputs: &inputs, outputs, seed: self.seed })
                }
                (nodes, [y]) => {
                    let mut x = step.inputs[0];
                    let first = self.arg(x, slots);
                    let mut links = Vec::with_capacity(nodes.len());
                    for node in nodes {
                        let rest: Vec<ValueId> = node.inputs.iter().filter(|v| **v != x).copied().collect();
                        let (from, made) = (self.layout.shape(x), node.outputs[0]);
                        links.push(Link {
                            op: &node.op,
                            x: from,
                            rest: args(&rest),
                            y: self.layout.shape(made),
                        });
                        x = made;
                    }
                    chain::run(&links, &first, y)
                }
                (nodes, _) => {
                    Err(Error::Arity { op: nodes[0].op.name(), expected: 1, found: step.outputs.len() })
                }
            }
        };
        for (v, buffer) in step.outputs.iter().zip(written) {
            slots[slot(v).0] = buffer;
        }
        result
    }

    fn arg<'s>(&'s self, v: ValueId, slots: &'s [Buffer]) -> Arg<'s> {
        Arg { shape: self.layout.shape(v), data: self.data(slots, v), kept: self.kept(v) }
    }

    /// The same for a reader of single rows: a table in four bits stays so.
    fn table<'s>(&'s self, v: ValueId, slots: &'s [Buffer]) -> Arg<'s> {
        let blocks = match self.program.place(v) {
            Some(Place::Weight(i)) => self.weights[i].as_blocks(),
            _ => None,
        };
        let data = blocks.map_or_else(|| self.data(slots, v), Data::Blocks);
        Arg { shape: self.layout.shape(v), data, kept: None }
    }
}

impl Plan for CpuPlan {
    fn run(&mut self, weights: &Weights, feed: &Feed) -> Result<Outputs<'_>> {
        let bound = self.program.bind(feed)?;
        let layout = self.layout(bound)?;
        let program = &self.program;
        let weights = program.weights(weights)?;
        self.pool.install(|| {
            self.packed.iter_mut().enumerate().for_each(|(place, packed)| packed.refresh(place, &weights));
        });
        let run = Run {
            program,
            layout: &layout,
            inputs: program.inputs.iter().filter_map(|(name, _)| feed.inputs.get(name)).collect(),
            weights,
            packed: &self.packed,
            seed: feed.seed,
        };
        let slots = &mut self.slots;
        if !program.steps.is_empty() {
            self.pool.install(|| run.steps(slots))?;
        }
        for (copy, &v) in self.copies.iter_mut().zip(&program.outputs) {
            if matches!(program.place(v), Some(Place::Made(_))) {
                continue;
            }
            copy.clear();
            match run.data(slots, v) {
                Data::F32(data) => copy.extend_from_slice(data),
                Data::I32(data) => copy.extend(data.iter().map(|&i| i as f32)),
                Data::Blocks(_) => {}
            }
        }
        let views = program.outputs.iter().zip(&self.copies).map(|(&v, copy)| {
            let data = match program.place(v) {
                Some(Place::Made(made)) => {
                    let (slot, len) = layout.slot(made);
                    &self.slots[slot][..len]
                }
                _ => copy.as_slice(),
            };
            (layout.shape(v).to_vec(), data)
        });
        Ok(Outputs::new(views.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, numbers};
    use ronghe_graph::{Act, Shape};

    /// `layers` dense layers of width 8 over `x[batch, 8]`, each output named.
    fn chain(layers: usize) -> (Graph, Weights) {
        let (mut graph, mut weights) = (Graph::new(), Weights::new());
        let mut x = graph.input("x", &Shape::batch(&[8]), DType::F32).unwrap();
        for l in 0..layers {
            let name = format!("w{l}");
            weights.insert(&name, Tensor::f32(&[8, 8], numbers(64, l as u64)).unwrap(), true);
            let w = graph.weight(&name, &[8, 8]).unwrap();
            x = graph.push1(Op::Linear { act: Act::Relu }, &[x, w]).unwrap();
            graph.set_output(&format!("y{l}"), x);
        }
        (graph, weights)
    }

    fn plain(layers: usize, weights: &Weights, x: &[f32]) -> Vec<f64> {
        let mut x: Vec<f64> = x.iter().map(|&v| f64::from(v)).collect();
        for l in 0..layers {
            let w = weights.get(&format!("w{l}")).unwrap().as_f32();
            let at = |e: usize| (0..8).map(|i| x[e / 8 * 8 + i] * f64::from(w[e % 8 * 8 + i])).sum::<f64>();
            x = (0..x.len()).map(|e| at(e).max(0.0)).collect();
        }
        x
    }

    fn feed(rows: usize) -> Feed {
        Feed::default().with("x", Tensor::f32(&[rows, 8], numbers(rows * 8, 99)).unwrap())
    }

    #[test]
    fn values_share_slots_and_do_not_clobber() {
        let (graph, weights) = chain(6);
        let executor = CpuExecutor::new(2);
        let asked = [graph.outputs()["y2"], graph.outputs()["y5"]];
        let mut plan = CpuPlan::new(executor.pool().unwrap(), &graph, &asked, Precision::F32);
        for rows in [5, 1, 0, 700, 5] {
            let feed = feed(rows);
            let made = plan.run(&weights, &feed).unwrap();
            let x = feed.inputs["x"].as_f32();
            assert_eq!(made.shape(0), [rows, 8]);
            close(made.get(0), &plain(3, &weights, x), 1e-5);
            close(made.get(1), &plain(6, &weights, x), 1e-5);
        }
        // Two buffers alternate along the chain, and y2 keeps one to itself.
        assert_eq!(plan.slots.len(), 3);
        assert_eq!(plan.layouts.len(), 4);
    }

    #[test]
    fn only_needed_nodes_are_computed() {
        let (graph, weights) = chain(6);
        let program = Program::new(&graph, &[graph.outputs()["y1"]], Precision::F32);
        assert_eq!(program.steps.len(), 2);
        assert_eq!(program.weights(&weights).unwrap().len(), 2);
    }

    #[test]
    fn layouts_are_forgotten_beyond_a_number() {
        let (graph, weights) = chain(1);
        let executor = CpuExecutor::new(1);
        let mut plan =
            CpuPlan::new(executor.pool().unwrap(), &graph, &[graph.outputs()["y0"]], Precision::F32);
        for rows in 1..20 {
            plan.run(&weights, &feed(rows)).unwrap();
        }
        assert_eq!(plan.layouts.len(), LAYOUTS);
    }

    #[test]
    fn inputs_weights_and_reshapes_can_be_outputs() {
        let (mut graph, weights) = chain(1);
        let (x, w) = (graph.inputs()["x"], graph.weights()["w0"]);
        let reshaped = graph.push1(Op::Reshape { shape: Shape::batch(&[2, 4]) }, &[x]).unwrap();
        let y = graph.outputs()["y0"];
        let folded = graph.push1(Op::Reshape { shape: Shape::batch(&[4, 2]) }, &[y]).unwrap();
        let mut plan = CpuExecutor::new(1).compile(&graph, &[x, w, reshaped, folded, y]).unwrap();
        let feed = feed(3);
        let made = plan.run(&weights, &feed).unwrap();
        assert_eq!(made.tensor(0), feed.inputs["x"]);
        assert_eq!(made.tensor(1), *weights.get("w0").unwrap());
        assert_eq!((made.shape(2), made.get(2)), (&[3, 2, 4][..], feed.inputs["x"].as_f32()));
        assert_eq!((made.shape(3), made.get(3)), (&[3, 4, 2][..], made.get(4)));
    }

    #[test]
    fn wrong_feeds_and_weights_are_told() {
        let (graph, mut weights) = chain(2);
        let mut plan = CpuExecutor::new(1).compile(&graph, &[graph.outputs()["y1"]]).unwrap();
        let told = |plan: &mut Box<dyn Plan>, weights: &Weights, feed: Feed| {
            plan.run(weights, &feed).map(|_| ()).unwrap_err().to_string()
        };
        assert_eq!(told(&mut plan, &weights, Feed::default()), "input `x` was not fed");
        let wide = Feed::default().with("x", Tensor::zeros(&[2, 9]));
        assert!(told(&mut plan, &weights, wide).contains("dimension 1 (8) must be 8"));
        let ids = Feed::default().with("x", Tensor::i32(&[1, 8], vec![0; 8]).unwrap());
        assert!(told(&mut plan, &weights, ids).contains("expected F32, found I32"));
        weights.insert("w1", Tensor::zeros(&[8]), true);
        assert!(told(&mut plan, &weights, feed(1)).contains("`w1`"));
        assert!(told(&mut plan, &Weights::new(), feed(1)).contains("`w0` [8, 8] is missing"));
    }

    #[test]
    fn rows_of_a_table_in_four_bits_are_those_of_its_floats() {
        let bytes = |i: usize| {
            [[0, 52], [102, 46]][i % 2].into_iter().chain((0..16).map(move |j| (i * 31 + j * 7) as u8))
        };
        let table = Tensor::blocks(&[5, 64], (0..10).flat_map(bytes).collect()).unwrap();
        let mut graph = Graph::new();
        let ids = graph.input("ids", &Shape::batch(&[3]), DType::I32).unwrap();
        let w = graph.weight("w", &[5, 64]).unwrap();
        let rows = graph.push1(Op::Embedding, &[ids, w]).unwrap();
        let feed = Feed::default().with("ids", Tensor::i32(&[2, 3], vec![4, 0, 1, 1, 3, 2]).unwrap());
        let mut plan = CpuExecutor::new(2).compile(&graph, &[rows]).unwrap();
        let mut run = |table: Tensor| {
            let mut weights = Weights::new();
            weights.insert("w", table, true);
            plan.run(&weights, &feed).unwrap().get(0).to_vec()
        };
        let floats = Tensor::f32(&[5, 64], table.as_f32().to_vec()).unwrap();
        let found = run(table);
        assert_eq!(found, run(floats));
        assert!(found.iter().all(|x| x.is_finite()) && found[..64] != found[64..128]);
    }

    #[test]
    fn kept_panels_change_no_bit_and_follow_the_weights() {
        let (graph, mut weights) = chain(3);
        let feed = Feed::default().with("x", Tensor::f32(&[5, 8], numbers(40, 9)).unwrap());
        let mut plan = CpuExecutor::new(1).compile(&graph, &[graph.outputs()["y2"]]).unwrap();
        let mut run = |weights: &Weights| plan.run(weights, &feed).unwrap().get(0).to_vec();
        let first = run(&weights);
        assert!((0..3).all(|_| run(&weights) == first));
        weights.get_mut("w1").unwrap().as_f32_mut().iter_mut().for_each(|w| *w *= 2.0);
        let second = run(&weights);
        assert_ne!(second, first);
        assert!((0..3).all(|_| run(&weights) == second));
    }
}
