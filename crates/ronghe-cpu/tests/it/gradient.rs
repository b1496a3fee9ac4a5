//! The gradient graph on the executor, against central differences of the reference in f64.
//!
//! An input that is a batch is multiplied by a weight of the shape of one row, so that its gradient shows as a weighted
//! sum over the batch; any other float input is a weight itself. What is not a loss goes into a squared error.

use crate::cases::{Case, Gen, case, every};
use crate::forward::{mask, near, tensor};
use crate::reference::{self, Val};
use ronghe_cpu::CpuExecutor;
use ronghe_graph::{DType, Error, Executor, Feed, Graph, Op, Shape, ValueId, Weights, grad};
use std::collections::{BTreeMap, BTreeSet};

/// Allowed difference between a gradient in f32 and central differences in f64, relative to `1 + |value|`.
const TOLERANCE: f64 = 1e-4;
const STEP: f64 = 1e-6;

/// A graph that ends in a loss, with what to feed it.
#[derive(Default)]
struct Net {
    graph: Graph,
    known: BTreeMap<String, Val>,
    feed: Feed,
    weights: Weights,
}

impl Net {
    fn new(seed: u64) -> Net {
        Net { graph: Graph::new(), feed: Feed { seed, ..Feed::default() }, ..Net::default() }
    }

    fn input(&mut self, name: &str, shape: &Shape, val: &Val, integer: bool) -> ValueId {
        let dtype = if integer { DType::I32 } else { DType::F32 };
        self.known.insert(name.to_owned(), val.clone());
        self.feed.inputs.insert(name.to_owned(), tensor(val, integer));
        self.graph.input(name, shape, dtype).unwrap()
    }

    fn weight(&mut self, name: &str, val: &Val) -> ValueId {
        self.known.insert(name.to_owned(), val.clone());
        self.weights.insert(name, tensor(val, false), true);
        self.graph.weight(name, &val.shape).unwrap()
    }

    /// Weighted squared distance of `y` from a random target.
    fn distance(&mut self, y: ValueId, rows: usize, gen_: &mut Gen) -> ValueId {
        let shape = self.graph.value(y).shape.clone();
        let sizes = shape.resolve(&|_| Some(rows)).unwrap();
        let mut draw = |low: f64, high: f64| {
            let count = sizes.iter().product();
            Val::new(&sizes, (0..count).map(|_| gen_.uniform(low, high)).collect())
        };
        let (target, weight) = (draw(-2.0, 2.0), draw(0.1, 1.0));
        let target = self.input("target", &shape, &target, false);
        let weight = self.input("weight", &shape, &weight, false);
        self.graph.push1(Op::SquaredError, &[y, target, weight]).unwrap()
    }

    /// What is wrong with the gradient of `loss` with respect to some weight, if anything.
    fn check(mut self, loss: ValueId) -> Result<(), String> {
        let forward = self.graph.clone();
        let names: BTreeSet<String> = self.weights.iter().map(|(n, _)| n.to_owned()).collect();
        let grads = grad(&mut self.graph, loss, &names).map_err(|e| e.to_string())?;
        if !grads.keys().eq(&names) {
            return Err(format!("gradients of {:?}, not {names:?}", grads.keys()));
        }
        let wanted: Vec<ValueId> = std::iter::once(loss).chain(grads.values().copied()).collect();
        let mut plan = CpuExecutor::new(2).compile(&self.graph, &wanted).unwrap();
        let made = plan.run(&self.weights, &self.feed).map_err(|e| e.to_string())?;
        let seed = self.feed.seed;
        let masks = move |op: &Op, n: usize| mask(op, n, seed);
        let value = |known: &BTreeMap<String, Val>| reference::run(&forward, loss, known, &masks);
        let exact = value(&self.known);
        let found = f64::from(made.get(0)[0]);
        if !near(found, exact, 1e-5) {
            return Err(format!("loss is {found}, not {exact}"));
        }
        for (k, name) in names.iter().enumerate() {
            if made.shape(k + 1) != self.known[name].shape {
                return Err(format!("d {name} has shape {:?}", made.shape(k + 1)));
            }
            for i in 0..self.known[name].f.len() {
                let mut moved = self.known.clone();
                let mut at = |offset: f64| {
                    moved.get_mut(name).unwrap().f[i] = self.known[name].f[i] + offset;
                    value(&moved)
                };
                let want = (at(STEP) - at(-STEP)) / (2.0 * STEP);
                let found = f64::from(made.get(k + 1)[i]);
                if !near(found, want, TOLERANCE) {
                    return Err(format!("d {name}[{i}] is {found}, not {want}"));
                }
            }
        }
        Ok(())
    }
}

fn is_loss(op: &Op) -> bool {
    matches!(op, Op::SoftmaxCrossEntropy { .. } | Op::SigmoidCrossEntropy | Op::SquaredError)
}

fn check(case: &Case, gen_: &mut Gen, seed: u64) -> Result<(), String> {
    let mut net = Net::new(seed);
    let mut ids = Vec::new();
    for (i, x) in case.inputs.iter().enumerate() {
        let id = match (case.by.contains(&i), x.batch) {
            (false, _) => net.input(&format!("x{i}"), &x.shape(), &x.val, x.integer),
            (true, false) => net.weight(&format!("w{i}"), &x.val),
            (true, true) => {
                let row = &x.val.shape[1..];
                let scale = (0..row.iter().product()).map(|_| gen_.uniform(0.5, 1.5)).collect();
                let base = net.input(&format!("x{i}"), &x.shape(), &x.val, false);
                let scale = net.weight(&format!("w{i}"), &Val::new(row, scale));
                net.graph.push1(Op::Mul, &[base, scale]).unwrap()
            }
        };
        ids.push(id);
    }
    let y = net.graph.push1(case.op.clone(), &ids).unwrap();
    let rows = case.inputs.iter().find(|x| x.batch).map_or(1, |x| x.val.shape[0]);
    let loss = if is_loss(&case.op) { y } else { net.distance(y, rows, gen_) };
    net.check(loss)
}

#[test]
fn every_gradient_matches_central_differences() {
    let failures: Vec<String> = every()
        .iter()
        .filter_map(|op| {
            (0..12).find_map(|seed| {
                let mut gen_ = Gen::new(seed, true);
                let case = case(op, &mut gen_);
                let wrong = (!case.by.is_empty()).then(|| check(&case, &mut gen_, seed).err())??;
                Some(format!("{:?}, seed {seed}: {wrong}", case.op))
            })
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Operations that differentiation refuses are exactly the gradients and the sum that gradients use.
#[test]
fn operations_without_a_gradient_say_so() {
    for op in every() {
        let mut gen_ = Gen::new(1, true);
        let case = case(&op, &mut gen_);
        let only_inside = op.name().contains("Grad") || matches!(op, Op::SumLeading { .. });
        assert_eq!(case.by.is_empty(), only_inside, "{}", op.name());
    }
    let mut graph = Graph::new();
    let w = graph.weight("w", &[2, 3]).unwrap();
    let y = graph.push1(Op::SumLeading { keep: 1 }, &[w]).unwrap();
    let target = graph.input("target", &Shape::fixed(&[3]), DType::F32).unwrap();
    let loss = graph.push1(Op::SquaredError, &[y, target, target]).unwrap();
    let names = BTreeSet::from(["w".to_owned()]);
    assert!(matches!(grad(&mut graph, loss, &names), Err(Error::NoGradient { .. })));
}

/// A weight used twice, a value used twice, and an input of a product that is both factors.
#[test]
fn contributions_add_up() {
    let mut gen_ = Gen::new(5, true);
    let mut net = Net::new(0);
    let mut draw = |shape: &[usize]| {
        Val::new(shape, (0..shape.iter().product()).map(|_| gen_.uniform(-1.0, 1.0)).collect())
    };
    let (x, w) = (draw(&[3, 4]), draw(&[4, 4]));
    let x = net.input("x", &Shape::batch(&[4]), &x, false);
    let w = net.weight("w", &w);
    let linear = Op::Linear { act: ronghe_graph::Act::Identity };
    let a = net.graph.push1(linear.clone(), &[x, w]).unwrap();
    let b = net.graph.push1(linear, &[a, w]).unwrap();
    let square = net.graph.push1(Op::Mul, &[a, a]).unwrap();
    let sum = net.graph.push1(Op::Add, &[b, square]).unwrap();
    let twice = net.graph.push1(Op::Add, &[sum, a]).unwrap();
    let loss = net.distance(twice, 3, &mut gen_);
    assert_eq!(net.check(loss), Ok(()));
}

/// `loss = 0.3 * classification + 2 * regression`, as in training for several tasks.
#[test]
fn weighted_sums_of_losses() {
    let mut gen_ = Gen::new(6, true);
    let mut net = Net::new(0);
    let mut draw = |shape: &[usize]| {
        Val::new(shape, (0..shape.iter().product()).map(|_| gen_.uniform(-1.0, 1.0)).collect())
    };
    let (x, w) = (draw(&[4, 5]), draw(&[3, 5]));
    let x = net.input("x", &Shape::batch(&[5]), &x, false);
    let w = net.weight("w", &w);
    let y = net.graph.push1(Op::Linear { act: ronghe_graph::Act::Identity }, &[x, w]).unwrap();
    let labels = Val { shape: vec![4], f: Vec::new(), i: vec![0, 2, -1, 1] };
    let labels = net.input("labels", &Shape::batch(&[]), &labels, true);
    let ones = net.input("ones", &Shape::batch(&[]), &Val::new(&[4], vec![1.0; 4]), false);
    let classify = net.graph.push1(Op::SoftmaxCrossEntropy { smoothing: 0.0 }, &[y, labels, ones]).unwrap();
    let regress = net.distance(y, 4, &mut gen_);
    let a = net.graph.push1(Op::Affine { scale: 0.3, offset: 0.0 }, &[classify]).unwrap();
    let b = net.graph.push1(Op::Affine { scale: 2.0, offset: 1.0 }, &[regress]).unwrap();
    let loss = net.graph.push1(Op::Add, &[a, b]).unwrap();
    assert_eq!(net.check(loss), Ok(()));
}

/// A gradient that would be silently wrong is refused.
#[test]
fn what_cannot_be_differentiated_is_refused() {
    let names = BTreeSet::from(["w".to_owned()]);
    // Through the probabilities of a loss.
    let mut graph = Graph::new();
    let x = graph.weight("w", &[2, 3]).unwrap();
    let labels = graph.input("labels", &Shape::fixed(&[2]), DType::I32).unwrap();
    let ones = graph.input("ones", &Shape::fixed(&[2]), DType::F32).unwrap();
    let p = graph.push(Op::SoftmaxCrossEntropy { smoothing: 0.0 }, &[x, labels, ones]).unwrap()[1];
    let target = graph.input("target", &Shape::fixed(&[2, 3]), DType::F32).unwrap();
    let loss = graph.push1(Op::SquaredError, &[p, target, target]).unwrap();
    assert!(matches!(grad(&mut graph, loss, &names), Err(Error::NoGradient { .. })));
    // With respect to what is not a scalar loss.
    let mut graph = Graph::new();
    let w = graph.weight("w", &[2, 3]).unwrap();
    let y = graph.push1(Op::Activate(ronghe_graph::Act::Tanh), &[w]).unwrap();
    assert!(matches!(grad(&mut graph, y, &names), Err(Error::NoGradient { .. })));
    // Through a mask.
    let mut graph = Graph::new();
    let mask = graph.weight("w", &[2, 3]).unwrap();
    let x = graph.input("x", &Shape::fixed(&[2, 3, 4]), DType::F32).unwrap();
    let y = graph.push1(Op::MeanTokens, &[x, mask]).unwrap();
    let target = graph.input("target", &Shape::fixed(&[2, 4]), DType::F32).unwrap();
    let loss = graph.push1(Op::SquaredError, &[y, target, target]).unwrap();
    assert!(matches!(grad(&mut graph, loss, &names), Err(Error::NoGradient { .. })));
}
