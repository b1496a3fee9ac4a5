//! Speed of the engine on the works of `versus/engine`, which runs the same in other programs. Prints one JSON object:
//!
//! ```text
//! cargo run --release -p ronghe --example engine -- WORK WEIGHTS --batch N --size N [--threads N] [--seconds S]
//!     [--precision f32|bf16|int16|int8] [--outputs FILE]
//! ```
//!
//! WORK is one of [`WORKS`], WEIGHTS a safetensors file under the published names (for `minilm` a folder with
//! config.json beside it). `--size` is the side of a picture, tokens of a sentence, or rows of the table. Inputs come
//! from the formula of `versus/golden/README.md`. `--precision` is that of inference. `--outputs` writes the first outputs as safetensors.

#![allow(clippy::print_stdout)]

use ronghe::encode::backbone::{
    MobileNetV2, Published, bert, load_bert, mobilenet_v2, mobilenet_v2_classifier,
};
use ronghe_cpu::{CpuExecutor, Optimizer, OptimizerConfig};
use ronghe_graph::layers::linear;
use ronghe_graph::passes::infer_optimise;
use ronghe_graph::{
    Act, Builder, DType, Dim, Executor, Feed, Graph, Init, Mode, Op, Plan, Precision, Shape, Tensor, ValueId,
    Weights, grad,
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;
type Work = fn(&Task) -> Outcome<Measured>;

/// The works by name.
const WORKS: [(&str, Work); 6] = [
    ("mlp-train", mlp_train),
    ("mlp-rows", mlp_rows),
    ("mobilenet-infer", mobilenet_infer),
    ("mobilenet-frozen", mobilenet_frozen),
    ("mobilenet-train", mobilenet_train),
    ("minilm", minilm),
];

/// Classes of the dense net and of the pictures in training.
const CLASSES: usize = 10;
/// Pixels of a row of the dense net.
const PIXELS: usize = 784;
/// Rows of a table drawn from one seed.
const BLOCK: usize = 10_000;
/// Losses that are compared.
const LOSSES: usize = 5;

fn main() -> Outcome<()> {
    let task = Task::parse(std::env::args().skip(1))?;
    let found = (task.work)(&task)?;
    let middle = found.seconds[found.seconds.len() / 2];
    let settings = match (found.losses.is_empty(), task.executor.precision()) {
        (true, Precision::F32) => "batch norms folded, activations fused",
        (true, Precision::Bf16) => "activations fused, dense layers in bf16",
        (true, Precision::Int16) => "activations fused, dense layers in dynamic int16",
        (true, Precision::Int8) => "activations fused, dense layers in dynamic int8",
        (false, _) => "gradient graph, one plan a step",
    };
    let line = json!({
        "program": "ronghe",
        "versions": {"ronghe": env!("CARGO_PKG_VERSION")},
        "settings": settings,
        "threads": task.executor.threads(),
        "unit": "rows/s",
        "value": found.rows as f64 / middle,
        "best": found.rows as f64 / found.seconds[0],
        "runs": found.seconds.len(),
        "losses": found.losses,
    });
    println!("{line}");
    if let (Some(path), Some(outputs)) = (&task.outputs, found.outputs) {
        let mut file = Weights::new();
        file.insert("outputs", outputs, false);
        file.save(path, &BTreeMap::new())?;
    }
    Ok(())
}

/// What the command line asks for.
struct Task {
    work: Work,
    weights: PathBuf,
    batch: usize,
    size: usize,
    limit: Duration,
    outputs: Option<PathBuf>,
    executor: CpuExecutor,
}

/// Seconds of every run, shortest first, and what shows that the work was the same.
struct Measured {
    rows: usize,
    seconds: Vec<f64>,
    losses: Vec<f32>,
    outputs: Option<Tensor>,
}

impl Task {
    fn parse(args: impl Iterator<Item = String>) -> Outcome<Task> {
        let (mut plain, mut named, mut args) = (Vec::new(), BTreeMap::new(), args);
        while let Some(arg) = args.next() {
            match arg.strip_prefix("--") {
                Some(name) => {
                    let value = args.next().ok_or_else(|| format!("--{name} needs a value"))?;
                    named.insert(name.to_owned(), value);
                }
                None => plain.push(arg),
            }
        }
        let valid = ["batch", "size", "threads", "seconds", "precision", "outputs"];
        if let Some(name) = named.keys().find(|name| !valid.contains(&name.as_str())) {
            return Err(format!("--{name} is not an option; there are {}", valid.join(", ")).into());
        }
        let names: Vec<&str> = WORKS.iter().map(|(name, _)| *name).collect();
        let [work, weights] = plain.as_slice() else {
            return Err(format!("expected a work ({}) and a weight file", names.join(", ")).into());
        };
        let Some((_, run)) = WORKS.iter().find(|(name, _)| name == work) else {
            return Err(format!("no work `{work}`; there are {}", names.join(", ")).into());
        };
        let number = |name: &str, least: usize| -> Outcome<usize> {
            let text = named.get(name).ok_or_else(|| format!("--{name} is missing"))?;
            let found = text.parse().ok().filter(|n| *n >= least);
            found.ok_or_else(|| format!("--{name}: expected a number from {least} on, found `{text}`").into())
        };
        let seconds = named.get("seconds").map_or("3", String::as_str);
        let limit = seconds.parse().ok().and_then(|s| Duration::try_from_secs_f64(s).ok());
        let precision = named.get("precision").map_or("f32", String::as_str);
        let Some(precision) = Precision::ALL.into_iter().find(|p| p.name() == precision) else {
            let names = Precision::ALL.map(Precision::name).join(", ");
            return Err(format!("--precision: expected one of {names}, found `{precision}`").into());
        };
        let threads = if named.contains_key("threads") { number("threads", 0)? } else { 0 };
        Ok(Task {
            work: *run,
            weights: weights.into(),
            batch: number("batch", 1)?,
            size: number("size", 1)?,
            limit: limit.ok_or_else(|| format!("--seconds: expected a number, found `{seconds}`"))?,
            outputs: named.get("outputs").map(PathBuf::from),
            executor: CpuExecutor::new(threads).with_precision(precision),
        })
    }

    /// Seconds of every run: at least three, and for the seconds asked.
    fn time(&self, mut run: impl FnMut() -> Outcome<()>) -> Outcome<Vec<f64>> {
        let (start, mut seconds) = (Instant::now(), Vec::new());
        while seconds.len() < 3 || start.elapsed() < self.limit {
            let one = Instant::now();
            run()?;
            seconds.push(one.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        Ok(seconds)
    }

    /// Times the network over one batch that stays the same.
    fn infer(&self, network: Network, feed: &Feed) -> Outcome<Measured> {
        let Network { graph, value, weights } = network.optimised()?;
        let mut plan = self.executor.compile(&graph, &[value])?;
        let outputs = Some(plan.run(&weights, feed)?.tensor(0));
        let seconds = self.time(|| Ok(plan.run(&weights, feed).map(|_| ())?))?;
        Ok(Measured { rows: self.batch, seconds, losses: Vec::new(), outputs })
    }
}

/// A graph, the value that is asked of it, its weights.
struct Network {
    graph: Graph,
    value: ValueId,
    weights: Weights,
}

impl Network {
    fn write(
        mut weights: Weights,
        mode: Mode,
        write: impl FnOnce(&mut Builder<'_>) -> ronghe_graph::Result<ValueId>,
    ) -> Outcome<Network> {
        let given = weights.len();
        let mut b = Builder::new(&mut weights, mode, 0);
        let value = write(&mut b)?;
        let graph = b.finish();
        if weights.len() != given {
            return Err(format!("the file has {given} weights, the network {}", weights.len()).into());
        }
        Ok(Network { graph, value, weights })
    }

    fn optimised(mut self) -> Outcome<Network> {
        self.graph.set_output("asked", self.value);
        let (graph, weights) = infer_optimise(&self.graph, self.weights)?;
        Ok(Network { value: graph.outputs()["asked"], graph, weights })
    }
}

/// A network in training: loss, gradients and new running statistics from one plan, then the optimiser.
struct Training {
    plan: Box<dyn Plan>,
    weights: Weights,
    gradients: Vec<String>,
    updates: Vec<String>,
    executor: CpuExecutor,
    optimizer: Optimizer,
    rate: f32,
}

impl Training {
    fn new(task: &Task, network: Network, config: OptimizerConfig, rate: f32) -> Outcome<Training> {
        let Network { mut graph, value: loss, weights } = network;
        let names: BTreeSet<String> =
            graph.weights().keys().filter(|n| weights.trainable(n)).cloned().collect();
        let grads = grad(&mut graph, loss, &names)?;
        let mut asked = vec![loss];
        asked.extend(grads.values());
        asked.extend(graph.updates().iter().map(|u| u.value));
        Ok(Training {
            plan: task.executor.compile(&graph, &asked)?,
            weights,
            gradients: grads.into_keys().collect(),
            updates: graph.updates().iter().map(|u| u.weight.clone()).collect(),
            executor: task.executor.clone(),
            optimizer: Optimizer::new(config),
            rate,
        })
    }

    /// One step; returns the loss before it.
    fn step(&mut self, feed: &Feed) -> Outcome<f32> {
        let out = self.plan.run(&self.weights, feed)?;
        let grads: Vec<(&str, &[f32])> =
            self.gradients.iter().enumerate().map(|(i, name)| (name.as_str(), out.get(1 + i))).collect();
        let (optimizer, weights, rate) = (&mut self.optimizer, &mut self.weights, self.rate);
        self.executor.install(|| optimizer.step(weights, &grads, rate, None))??;
        for (i, name) in self.updates.iter().enumerate() {
            if let Some(tensor) = self.weights.get_mut(name) {
                tensor.as_f32_mut().copy_from_slice(out.get(1 + self.gradients.len() + i));
            }
        }
        Ok(out.get(0)[0])
    }
}

fn mlp(b: &mut Builder<'_>) -> ronghe_graph::Result<ValueId> {
    let x = b.input("x", &Shape::batch(&[PIXELS]), DType::F32)?;
    let x = linear(b, "0", x, 128, true, Init::HeNormal)?;
    let x = b.act(Act::Relu, x)?;
    linear(b, "2", x, CLASSES, true, Init::HeNormal)
}

fn loss(b: &mut Builder<'_>, logits: ValueId) -> ronghe_graph::Result<ValueId> {
    let labels = b.input("labels", &Shape::batch(&[]), DType::I32)?;
    let weight = b.input("weight", &Shape::batch(&[]), DType::F32)?;
    b.op(Op::SoftmaxCrossEntropy { smoothing: 0.0 }, &[logits, labels, weight])
}

/// Epochs over `size` rows in order.
fn mlp_train(task: &Task) -> Outcome<Measured> {
    let network = Network::write(Weights::load(&task.weights)?, Mode::Train, |b| {
        let logits = mlp(b)?;
        loss(b, logits)
    })?;
    let mut training = Training::new(task, network, OptimizerConfig::adam(), 1e-3)?;
    let table = [
        ("x", table(300, task.size)?),
        ("labels", Tensor::i32(&[task.size], labels(400, CLASSES, task.size))?),
        ("weight", Tensor::full(&[task.size], 1.0)),
    ];
    let (mut losses, mut feed) = (Vec::new(), Feed::default());
    let mut epoch = || -> Outcome<()> {
        for first in (0..task.size).step_by(task.batch) {
            for (name, all) in &table {
                feed.inputs.insert((*name).into(), all.rows(first..first + task.batch));
            }
            let loss = training.step(&feed)?;
            if losses.len() < LOSSES {
                losses.push(loss);
            }
        }
        Ok(())
    };
    epoch()?;
    let seconds = task.time(epoch)?;
    Ok(Measured { rows: task.size, seconds, losses, outputs: None })
}

/// Logits of `size` rows, batch after batch; those of the first batch are kept.
fn mlp_rows(task: &Task) -> Outcome<Measured> {
    let network = Network::write(Weights::load(&task.weights)?, Mode::Infer, mlp)?;
    let Network { graph, value, weights } = network.optimised()?;
    let mut plan = task.executor.compile(&graph, &[value])?;
    let table = table(300, task.size)?;
    let mut feed = Feed::default().with("x", table.rows(0..task.batch));
    let outputs = Some(plan.run(&weights, &feed)?.tensor(0));
    let seconds = task.time(|| {
        for first in (0..task.size).step_by(task.batch) {
            feed.inputs.insert("x".into(), table.rows(first..first + task.batch));
            plan.run(&weights, &feed)?;
        }
        Ok(())
    })?;
    Ok(Measured { rows: task.size, seconds, losses: Vec::new(), outputs })
}

/// torchvision's network up to its features.
fn features(b: &mut Builder<'_>, size: usize) -> ronghe_graph::Result<ValueId> {
    let x = b.input("x", &Shape::batch(&[size, size, 3]), DType::F32)?;
    Ok(mobilenet_v2(b, x, &MobileNetV2::torch(1.0, false))?.pooled)
}

/// Its weights in the file, with the classifier where there are `classes`.
fn mobilenet_weights(task: &Task, classes: Option<usize>) -> ronghe_graph::Result<Weights> {
    Published::open(&task.weights, None)?.weights(|b| {
        let pooled = features(b, task.size)?;
        classes.map_or(Ok(pooled), |classes| mobilenet_v2_classifier(b, pooled, classes)).map(drop)
    })
}

fn pictures(task: &Task) -> Outcome<Feed> {
    let shape = [task.batch, task.size, task.size, 3];
    let pixels = unit(300, shape.iter().product()).into_iter().map(|u| (u - 0.5) * 2.0).collect();
    Ok(Feed::default().with("x", Tensor::f32(&shape, pixels)?))
}

fn mobilenet_infer(task: &Task) -> Outcome<Measured> {
    let network = Network::write(mobilenet_weights(task, Some(1000))?, Mode::Infer, |b| {
        let pooled = features(b, task.size)?;
        mobilenet_v2_classifier(b, pooled, 1000)
    })?;
    task.infer(network, &pictures(task)?)
}

fn mobilenet_frozen(task: &Task) -> Outcome<Measured> {
    let network = Network::write(mobilenet_weights(task, None)?, Mode::Infer, |b| features(b, task.size))?;
    task.infer(network, &pictures(task)?)
}

/// Steps of momentum SGD over one batch that stays the same.
fn mobilenet_train(task: &Task) -> Outcome<Measured> {
    let network = Network::write(mobilenet_weights(task, Some(CLASSES))?, Mode::Train, |b| {
        let pooled = features(b, task.size)?;
        let logits = mobilenet_v2_classifier(b, pooled, CLASSES)?;
        loss(b, logits)
    })?;
    let mut training = Training::new(task, network, OptimizerConfig::sgd(0.9), 1e-4)?;
    let feed = pictures(task)?
        .with("labels", Tensor::i32(&[task.batch], labels(400, CLASSES, task.batch))?)
        .with("weight", Tensor::full(&[task.batch], 1.0));
    let mut losses = Vec::new();
    for _ in 0..LOSSES {
        losses.push(training.step(&feed)?);
    }
    let seconds = task.time(|| training.step(&feed).map(|_| ()))?;
    Ok(Measured { rows: task.batch, seconds, losses, outputs: None })
}

/// Token vectors of sentences of `size` tokens without padding.
fn minilm(task: &Task) -> Outcome<Measured> {
    let (config, weights) = load_bert(Path::new(&task.weights))?;
    let words = config.vocabulary;
    let network = Network::write(weights, Mode::Infer, |b| {
        let tokens = b.symbol();
        let rows = Shape(vec![Dim::BATCH, tokens]);
        let ids = b.input("ids", &rows, DType::I32)?;
        let positions = b.input("positions", &Shape(vec![tokens]), DType::I32)?;
        let mask = b.input("mask", &rows, DType::F32)?;
        bert(b, ids, positions, mask, &config)
    })?;
    let shape = [task.batch, task.size];
    let feed = Feed::default()
        .with("ids", Tensor::i32(&shape, labels(300, words, task.batch * task.size))?)
        .with("positions", Tensor::i32(&[task.size], (0..task.size as i32).collect())?)
        .with("mask", Tensor::full(&shape, 1.0));
    task.infer(network, &feed)
}

/// `state >> 40` of each step of a 64-bit linear congruential generator.
fn draws(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 40
    })
}

/// In [0, 1).
fn unit(seed: u64, count: usize) -> Vec<f32> {
    draws(seed).take(count).map(|draw| draw as f32 / 16_777_216.0).collect()
}

fn labels(seed: u64, classes: usize, count: usize) -> Vec<i32> {
    draws(seed).take(count).map(|draw| (draw % classes as u64) as i32).collect()
}

/// Rows of the dense net: every block of [`BLOCK`] rows has the next seed.
fn table(seed: u64, rows: usize) -> Outcome<Tensor> {
    let blocks = (0..rows).step_by(BLOCK).zip(seed..);
    let pixels = blocks.flat_map(|(first, seed)| unit(seed, BLOCK.min(rows - first) * PIXELS)).collect();
    Ok(Tensor::f32(&[rows, PIXELS], pixels)?)
}
