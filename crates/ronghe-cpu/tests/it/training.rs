//! Whole trainings: builder, gradient graph, executor and optimiser together.

use ronghe_cpu::{CpuExecutor, Optimizer, OptimizerConfig};
use ronghe_graph::{
    Act, Builder, DType, Executor, Feed, Graph, Init, Mode, Op, Shape, Tensor, ValueId, Weights, grad,
};
use std::collections::BTreeSet;

/// A graph in training: the loss and the gradient of each trainable weight.
struct Task {
    graph: Graph,
    outputs: Vec<ValueId>,
    names: Vec<String>,
}

/// Two dense layers with batch norm and dropout between them, softmax on top.
fn classifier(weights: &mut Weights, width: usize, hidden: usize, classes: usize, rate: f32) -> Task {
    let mut b = Builder::new(weights, Mode::Train, 3);
    let x = b.input("x", &Shape::batch(&[width]), DType::F32).unwrap();
    let linear = Op::Linear { act: Act::Identity };
    let w = b.weight("one.weight", &[hidden, width], Init::HeNormal).unwrap();
    let bias = b.weight("one.bias", &[hidden], Init::Constant(0.0)).unwrap();
    let h = b.op(linear.clone(), &[x, w, bias]).unwrap();
    let gamma = b.weight("norm.weight", &[hidden], Init::Constant(1.0)).unwrap();
    let beta = b.weight("norm.bias", &[hidden], Init::Constant(0.0)).unwrap();
    let mean = b.buffer("norm.mean", &[hidden], 0.0).unwrap();
    let var = b.buffer("norm.var", &[hidden], 1.0).unwrap();
    let h = b
        .op(Op::BatchNorm { eps: 1e-5, momentum: 0.1, act: Act::Identity }, &[h, gamma, beta, mean, var])
        .unwrap();
    let h = b.act(Act::Gelu, h).unwrap();
    let h = b.dropout(rate, h).unwrap();
    let w = b.weight("two.weight", &[classes, hidden], Init::GlorotUniform).unwrap();
    let y = b.op(linear, &[h, w]).unwrap();
    let labels = b.input("labels", &Shape::batch(&[]), DType::I32).unwrap();
    let weight = b.input("weight", &Shape::batch(&[]), DType::F32).unwrap();
    let loss = b.op(Op::SoftmaxCrossEntropy { smoothing: 0.0 }, &[y, labels, weight]).unwrap();
    let mut graph = b.finish();
    let wanted: BTreeSet<String> =
        weights.iter().filter(|(_, p)| p.trainable).map(|(n, _)| n.to_owned()).collect();
    let grads = grad(&mut graph, loss, &wanted).unwrap();
    let names: Vec<String> = grads.keys().cloned().collect();
    let outputs = std::iter::once(loss).chain(grads.values().copied()).collect();
    Task { graph, outputs, names }
}

/// Trains for `steps` and returns the losses.
fn train(task: &Task, weights: &mut Weights, feed: &Feed, threads: usize, steps: u64) -> Vec<f32> {
    let executor = CpuExecutor::new(threads);
    let mut plan = executor.compile(&task.graph, &task.outputs).unwrap();
    let mut optimizer = Optimizer::new(OptimizerConfig::adam());
    let mut losses = Vec::new();
    for step in 0..steps {
        let feed = Feed { seed: step, ..feed.clone() };
        let made = plan.run(weights, &feed).unwrap();
        losses.push(made.get(0)[0]);
        let grads: Vec<Vec<f32>> = (1..made.len()).map(|i| made.get(i).to_vec()).collect();
        let grads: Vec<(&str, &[f32])> =
            task.names.iter().zip(&grads).map(|(n, g)| (n.as_str(), &g[..])).collect();
        executor.install(|| optimizer.step(weights, &grads, 0.01, Some(5.0))).unwrap().unwrap();
    }
    losses
}

/// Points on two interleaved spirals.
fn spirals(points: usize) -> Feed {
    let (mut x, mut labels) = (Vec::new(), Vec::new());
    for i in 0..points {
        let class = i % 2;
        let r = i as f32 / points as f32;
        let angle = 4.0 * r + class as f32 * std::f32::consts::PI;
        x.extend([2.0 * r * angle.cos(), 2.0 * r * angle.sin()]);
        labels.push(class as i32);
    }
    Feed::default()
        .with("x", Tensor::f32(&[points, 2], x).unwrap())
        .with("labels", Tensor::i32(&[points], labels).unwrap())
        .with("weight", Tensor::full(&[points], 1.0))
}

#[test]
fn learns_spirals() {
    let mut weights = Weights::new();
    let task = classifier(&mut weights, 2, 48, 2, 0.0);
    let losses = train(&task, &mut weights, &spirals(200), 2, 400);
    assert!(losses[0] > 0.5, "{}", losses[0]);
    assert!(losses[399] < 0.02, "{}", losses[399]);
}

/// Sizes large enough that every loop is cut into several blocks.
#[test]
fn threads_do_not_change_a_bit() {
    let (rows, width, classes) = (600, 300, 7);
    let x = (0..rows * width).map(|i| ((i * 7919 % 1013) as f32 / 506.0 - 1.0).sin()).collect();
    let labels = (0..rows).map(|i| (i * i % classes) as i32).collect();
    let feed = Feed::default()
        .with("x", Tensor::f32(&[rows, width], x).unwrap())
        .with("labels", Tensor::i32(&[rows], labels).unwrap())
        .with("weight", Tensor::full(&[rows], 1.0));
    let run = |threads: usize| {
        let mut weights = Weights::new();
        let task = classifier(&mut weights, width, 512, classes, 0.2);
        let losses = train(&task, &mut weights, &feed, threads, 20);
        (weights, losses)
    };
    let (one, two) = (run(1), run(2));
    assert!(one.1[19] < one.1[0]);
    assert_eq!(one.1, two.1);
    assert_eq!(one.0, two.0);
    assert_eq!(one.0, run(3).0);
}
