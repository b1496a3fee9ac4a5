//! Speed of single operations, in GFLOP/s (with whole numbers, GOP/s): `cargo bench -p ronghe-cpu --bench kernels -- [threads] [part of a name]`.
//!
//! The best of many runs, beside the fastest of all lines as the share of what this processor was seen to do here.

#![allow(clippy::print_stdout, missing_docs)]

use ronghe_cpu::{CpuExecutor, detected_cpu};
use ronghe_graph::{
    Act, DType, Executor, Feed, Graph, Op, Precision, Result, Shape, Tensor, Weights, Window,
};
use std::time::{Duration, Instant};

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let threads = args.next().and_then(|a| a.parse().ok()).unwrap_or(0);
    let part = args.next().unwrap_or_default();
    let executor = CpuExecutor::new(threads);
    println!("{}; {} threads", detected_cpu(), executor.threads());
    let mut lines = Vec::new();
    for case in cases().into_iter().filter(|c| c.name.contains(&part)) {
        let seconds = seconds(&executor, &case)?;
        lines.push((case.name, case.operations / seconds * 1e-9, seconds));
    }
    let best = lines.iter().map(|l| l.1).fold(0.0, f64::max);
    for (name, speed, seconds) in lines {
        println!(
            "{name:<44} {speed:>7.1} GFLOP/s {:>4.0} % {:>10.1} us",
            100.0 * speed / best,
            seconds * 1e6
        );
    }
    Ok(())
}

struct Case {
    name: String,
    op: Op,
    /// Shapes of the inputs.
    inputs: Vec<Vec<usize>>,
    /// How many of them, from the first, have a batch dimension.
    batches: usize,
    operations: f64,
    /// Inputs without a batch dimension are weights, kept in this precision; otherwise all are fed, so that nothing of a
    /// weight is kept from run to run.
    kept: Option<Precision>,
}

fn cases() -> Vec<Case> {
    let mut cases = kept_cases();
    let products = [
        ("mnist layer, batch 32", 32, 784, 128),
        ("mnist layer, batch 256", 256, 784, 128),
        ("mnist head, batch 32", 32, 128, 10),
        ("encoder, 32 tokens", 32, 384, 384),
        ("encoder up, 32 tokens", 32, 384, 1536),
        ("encoder down, 32 tokens", 32, 1536, 384),
        ("encoder up, 1024 tokens", 1024, 384, 1536),
        ("encoder down, 1024 tokens", 1024, 1536, 384),
        ("pointwise 12544 x 32 -> 16", 12_544, 32, 16),
        ("pointwise 12544 x 16 -> 96", 12_544, 16, 96),
        ("pointwise 3136 x 24 -> 144", 3136, 24, 144),
        ("pointwise 3136 x 144 -> 24", 3136, 144, 24),
        ("pointwise 196 x 96 -> 576", 196, 96, 576),
        ("pointwise 196 x 576 -> 96", 196, 576, 96),
        ("pointwise 49 x 320 -> 1280", 49, 320, 1280),
        ("square 1024", 1024, 1024, 1024),
    ];
    for (name, r, i, o) in products {
        let operations = 2.0 * (r * i * o) as f64;
        let mut add = |what: &str, op: Op, batches: usize, inputs: Vec<Vec<usize>>| {
            cases.push(Case { name: format!("{name}: {what}"), op, inputs, batches, operations, kept: None });
        };
        add("forward", Op::Linear { act: Act::Relu }, 1, vec![vec![r, i], vec![o, i], vec![o]]);
        add("input gradient", Op::LinearGradInput, 1, vec![vec![r, o], vec![o, i]]);
        add("weight gradient", Op::LinearGradWeight, 2, vec![vec![r, i], vec![r, o]]);
    }
    for (n, size, c, stride) in
        [(1, 112, 32, 1), (1, 56, 144, 1), (1, 56, 144, 2), (1, 14, 576, 1), (1, 7, 960, 1)]
    {
        let window = Window::same(3, stride, size, size);
        let out = size.div_ceil(stride);
        let operations = 2.0 * (n * out * out * c * 9) as f64;
        let (x, y, w) = (vec![n, size, size, c], vec![n, out, out, c], vec![3, 3, c]);
        let mut add = |what: &str, op: Op, batches: usize, inputs: Vec<Vec<usize>>| {
            let name = format!("depthwise {size} x {size} x {c} / {stride}: {what}");
            cases.push(Case { name, op, inputs, batches, operations, kept: None });
        };
        add("forward", Op::Depthwise { window, act: Act::Identity }, 1, vec![x.clone(), w.clone()]);
        add("input gradient", Op::DepthwiseGradInput { window, input: [size, size] }, 1, vec![y.clone(), w]);
        add("weight gradient", Op::DepthwiseGradWeight { window }, 2, vec![x, y]);
    }
    for (r, c) in [(73_728, 96), (18_432, 144), (1152, 576)] {
        // A subtraction, a product, a sum and a comparison an element; in the gradient, twice that for the sums, too.
        let (act, operations) = (Act::Relu6, 4.0 * (r * c) as f64);
        let (x, column) = (vec![r, c], vec![c]);
        let mut add = |what: &str, op: Op, times: f64, mut inputs: Vec<Vec<usize>>| {
            let name = format!("batch norm {r} x {c}: {what}");
            inputs.insert(0, x.clone());
            cases.push(Case { name, op, inputs, batches: 1, operations: times * operations, kept: None });
        };
        add("forward", Op::BatchNorm { eps: 1e-5, momentum: 0.1, act }, 2.0, vec![column.clone(); 4]);
    }
    for (n, size, c, o, stride) in
        [(1, 224, 3, 32, 2), (64, 28, 1, 16, 1), (64, 28, 16, 32, 2), (64, 14, 32, 32, 1), (64, 7, 64, 64, 1)]
    {
        let window = Window::same(3, stride, size, size);
        let out = size.div_ceil(stride);
        let operations = 2.0 * (n * out * out * c * o * 9) as f64;
        let (x, y, w) = (vec![n, size, size, c], vec![n, out, out, o], vec![o, 3, 3, c]);
        let mut add = |what: &str, op: Op, batches: usize, inputs: Vec<Vec<usize>>| {
            let name = format!("conv {n} x {size} x {size} x {c} -> {o} / {stride}: {what}");
            cases.push(Case { name, op, inputs, batches, operations, kept: None });
        };
        add("forward", Op::Conv2d { window, act: Act::Identity }, 1, vec![x.clone(), w.clone()]);
        add("input gradient", Op::Conv2dGradInput { window, input: [size, size] }, 1, vec![y.clone(), w]);
        add("weight gradient", Op::Conv2dGradWeight { window }, 2, vec![x, y]);
    }
    cases
}

/// Layers in inference, their weights kept, in every precision.
fn kept_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for kept in Precision::ALL {
        for (r, i, o) in [
            (32, 384, 384),
            (32, 384, 1536),
            (32, 1536, 384),
            (1024, 384, 384),
            (1024, 384, 1536),
            (1024, 1536, 384),
            (3136, 144, 24),
            (196, 96, 576),
            (1024, 1024, 1024),
        ] {
            cases.push(Case {
                name: format!("kept {r} x {i} -> {o}: {}", kept.name()),
                op: Op::Linear { act: Act::Relu },
                inputs: vec![vec![r, i], vec![o, i], vec![o]],
                batches: 1,
                operations: 2.0 * (r * i * o) as f64,
                kept: Some(kept),
            });
        }
        for (size, c, kernel) in [(56, 144, 3), (14, 576, 3), (14, 576, 5)] {
            let window = Window::same(kernel, 1, size, size);
            cases.push(Case {
                name: format!("kept depthwise {size} x {size} x {c}, {kernel} x {kernel}: {}", kept.name()),
                op: Op::Depthwise { window, act: Act::Relu6 },
                inputs: vec![vec![1, size, size, c], vec![kernel, kernel, c], vec![c]],
                batches: 1,
                operations: 2.0 * (size * size * c * kernel * kernel) as f64,
                kept: Some(kept),
            });
        }
    }
    cases
}

/// Seconds of the fastest of the runs that fit into a quarter of a second, at least five.
fn seconds(executor: &CpuExecutor, case: &Case) -> Result<f64> {
    let (mut graph, mut feed, mut weights) = (Graph::new(), Feed::default(), Weights::new());
    let executor = executor.clone().with_precision(case.kept.unwrap_or_default());
    let mut ids = Vec::new();
    for (i, dims) in case.inputs.iter().enumerate() {
        let name = i.to_string();
        let wave = (0..dims.iter().product()).map(|i: usize| (i as f32 * 0.37).sin()).collect();
        let wave = Tensor::f32(dims, wave)?;
        if case.kept.is_some() && i >= case.batches {
            ids.push(graph.weight(&name, dims)?);
            weights.insert(&name, wave, false);
            continue;
        }
        let shape = if i < case.batches { Shape::batch(&dims[1..]) } else { Shape::fixed(dims) };
        ids.push(graph.input(&name, &shape, DType::F32)?);
        feed = feed.with(&name, wave);
    }
    let outputs = graph.push(case.op.clone(), &ids)?;
    let mut plan = executor.compile(&graph, &outputs)?;
    let (begin, mut best, mut runs) = (Instant::now(), f64::INFINITY, 0);
    while runs < 5 || begin.elapsed() < Duration::from_millis(250) {
        let one = Instant::now();
        plan.run(&weights, &feed)?;
        best = best.min(one.elapsed().as_secs_f64());
        runs += 1;
    }
    Ok(best)
}
