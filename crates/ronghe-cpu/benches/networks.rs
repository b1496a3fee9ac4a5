//! Speed of whole networks, in rows a second: `cargo bench -p ronghe-cpu --bench networks -- [threads] [part of a name]`.
//!
//! For people who change a kernel; comparisons with other programs are made in `versus/`.

#![allow(clippy::print_stdout, missing_docs)]

use ronghe_cpu::{CpuExecutor, Optimizer, OptimizerConfig, detected_cpu};
use ronghe_graph::layers::{self, BlockNames, NormOrder, TransformerBlock};
use ronghe_graph::passes::infer_optimise;
use ronghe_graph::{
    Act, Builder, DType, Error, Executor, Feed, Init, Mode, Op, Precision, Result, Shape, Tensor, ValueId,
    Weights, Window, grad,
};
use std::collections::BTreeSet;
use std::time::Instant;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let threads = args.next().and_then(|a| a.parse().ok()).unwrap_or(0);
    let part = args.next().unwrap_or_default();
    let wanted = |name: &str| name.contains(&part);
    let executor = CpuExecutor::new(threads);
    println!("{}; {} threads", detected_cpu(), executor.threads());
    for (name, batch, size, training) in [
        ("mobilenet_v2 224 infer", 1, 224, false),
        ("mobilenet_v2 224 infer", 16, 224, false),
        ("mobilenet_v2 96 train", 32, 96, true),
        ("mobilenet_v2 32 train", 32, 32, true),
    ] {
        if wanted(name) {
            pictures(&executor, name, batch, size, training)?;
        }
    }
    for batch in [32, 256] {
        if wanted("mnist dense train") {
            dense_train(&executor, batch)?;
        }
    }
    if wanted("mnist dense infer") {
        dense_infer(&executor, 1024)?;
    }
    for (batch, tokens) in [(32, 32), (32, 128), (1, 32), (1, 128)] {
        for precision in Precision::ALL {
            let name = format!("encoder of {tokens} tokens infer {}", precision.name());
            if wanted(&name) {
                encoder(&executor.clone().with_precision(precision), &name, batch, tokens)?;
            }
        }
    }
    Ok(())
}

/// Runs for about two seconds and prints the speed of the fastest run and of all.
fn time(name: &str, rows: usize, mut run: impl FnMut() -> Result<()>) -> Result<()> {
    run()?;
    let (start, mut best, mut runs) = (Instant::now(), f64::INFINITY, 0);
    while runs < 3 || start.elapsed().as_secs_f64() < 2.0 {
        let one = Instant::now();
        run()?;
        best = best.min(one.elapsed().as_secs_f64());
        runs += 1;
    }
    let mean = start.elapsed().as_secs_f64() / f64::from(runs);
    println!(
        "{name}, batch {rows}: {:.0} rows/s at best, {:.0} on average",
        rows as f64 / best,
        rows as f64 / mean
    );
    Ok(())
}

fn wave(shape: &[usize]) -> Result<Tensor> {
    Tensor::f32(shape, (0..shape.iter().product()).map(|i: usize| (i as f32 * 0.37).sin()).collect())
}

/// Asked values: the loss and all gradients when training, else the logits.
fn asked(b: &mut Builder, logits: ValueId, training: bool) -> Result<Vec<ValueId>> {
    if !training {
        return Ok(vec![logits]);
    }
    let labels = b.input("labels", &Shape::batch(&[]), DType::I32)?;
    let weight = b.input("weight", &Shape::batch(&[]), DType::F32)?;
    let loss = b.op(Op::SoftmaxCrossEntropy { smoothing: 0.0 }, &[logits, labels, weight])?;
    let names: BTreeSet<String> =
        b.weights.iter().filter(|(_, p)| p.trainable).map(|(n, _)| n.to_owned()).collect();
    let grads = grad(&mut b.graph, loss, &names)?;
    let updates: Vec<ValueId> = b.graph.updates().iter().map(|u| u.value).collect();
    Ok([loss].into_iter().chain(grads.into_values()).chain(updates).collect())
}

fn train_feed(feed: Feed, batch: usize, classes: usize) -> Result<Feed> {
    let labels = (0..batch).map(|i| (i % classes) as i32).collect();
    Ok(feed.with("labels", Tensor::i32(&[batch], labels)?).with("weight", Tensor::full(&[batch], 1.0)))
}

/// A layer: weights, then batch normalisation and activation when training, else bias and fused activation.
fn layer(
    b: &mut Builder,
    name: &str,
    x: ValueId,
    window: Window,
    width: usize,
    wide: bool,
    act: Act,
) -> Result<ValueId> {
    b.scoped(name, |b| {
        let c = b.width(x)?;
        let [h, w] = window.kernel;
        let shape = if wide { vec![h, w, c] } else { vec![width, h, w, c] };
        let weight = b.weight("weight", &shape, Init::HeNormal)?;
        let op = |act| if wide { Op::Depthwise { window, act } } else { Op::Conv2d { window, act } };
        if b.mode() == Mode::Infer {
            let bias = b.weight("bias", &[width], Init::Constant(0.1))?;
            return b.op(op(act), &[x, weight, bias]);
        }
        let y = b.op(op(Act::Identity), &[x, weight])?;
        let (gamma, beta) = (
            b.weight("gamma", &[width], Init::Constant(1.0))?,
            b.weight("beta", &[width], Init::Constant(0.0))?,
        );
        let (mean, var) = (b.buffer("mean", &[width], 0.0)?, b.buffer("var", &[width], 1.0)?);
        let made =
            b.graph.push(Op::BatchNorm { eps: 1e-5, momentum: 0.1, act }, &[y, gamma, beta, mean, var])?;
        for (buffer, value) in [("mean", made[3]), ("var", made[4])] {
            let full = b.full_name(buffer);
            b.graph.push_update(&full, value);
        }
        Ok(made[0])
    })
}

/// MobileNetV2 (Sandler et al. 2018).
fn pictures(executor: &CpuExecutor, name: &str, batch: usize, size: usize, training: bool) -> Result<()> {
    const BLOCKS: [(usize, usize, usize, usize); 7] = [
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ];
    let mut weights = Weights::new();
    let mode = if training { Mode::Train } else { Mode::Infer };
    let mut b = Builder::new(&mut weights, mode, 1);
    let one = Window::square(1, 1, 0);
    let mut x = b.input("x", &Shape::batch(&[size, size, 3]), DType::F32)?;
    x = layer(&mut b, "stem", x, Window::square(3, 2, 1), 32, false, Act::Relu6)?;
    let mut index = 0;
    for (expand, width, repeat, stride) in BLOCKS {
        for r in 0..repeat {
            let (stride, from) = (if r == 0 { stride } else { 1 }, b.width(x)?);
            let input = x;
            x = b.scoped(&format!("block{index}"), |b| {
                let inner = from * expand;
                let mut x = input;
                if expand > 1 {
                    x = layer(b, "expand", x, one, inner, false, Act::Relu6)?;
                }
                x = layer(b, "depthwise", x, Window::square(3, stride, 1), inner, true, Act::Relu6)?;
                x = layer(b, "project", x, one, width, false, Act::Identity)?;
                if stride == 1 && from == width { b.op(Op::Add, &[x, input]) } else { Ok::<_, Error>(x) }
            })?;
            index += 1;
        }
    }
    x = layer(&mut b, "head", x, one, 1280, false, Act::Relu6)?;
    x = b.op(Op::GlobalAvgPool, &[x])?;
    let w = b.weight("out.weight", &[1000, 1280], Init::LecunUniform)?;
    let logits = b.op(Op::Linear { act: Act::Identity }, &[x, w])?;
    let asked = asked(&mut b, logits, training)?;
    let mut plan = executor.compile(&b.finish(), &asked)?;
    let mut feed = Feed::default().with("x", wave(&[batch, size, size, 3])?);
    if training {
        feed = train_feed(feed, batch, 1000)?;
    }
    time(name, batch, || plan.run(&weights, &feed).map(|_| ()))
}

/// 784-128-10.
fn dense(b: &mut Builder) -> Result<ValueId> {
    let x = b.input("x", &Shape::batch(&[784]), DType::F32)?;
    let x = layers::linear(b, "one", x, 128, true, Init::HeNormal)?;
    let x = b.act(Act::Relu, x)?;
    layers::linear(b, "two", x, 10, true, Init::HeNormal)
}

/// Forward, backward and Adam.
fn dense_train(executor: &CpuExecutor, batch: usize) -> Result<()> {
    let mut weights = Weights::new();
    let mut b = Builder::new(&mut weights, Mode::Train, 1);
    let logits = dense(&mut b)?;
    let asked = asked(&mut b, logits, true)?;
    let mut plan = executor.compile(&b.finish(), &asked)?;
    let feed = train_feed(Feed::default().with("x", wave(&[batch, 784])?), batch, 10)?;
    let names: Vec<String> = weights.iter().map(|(name, _)| name.to_owned()).collect();
    let mut optimizer = Optimizer::new(OptimizerConfig::adam());
    time("mnist dense train", batch, || {
        let made = plan.run(&weights, &feed)?;
        let grads: Vec<(&str, &[f32])> =
            names.iter().enumerate().map(|(i, name)| (name.as_str(), made.get(1 + i))).collect();
        executor.install(|| optimizer.step(&mut weights, &grads, 1e-4, None))?.map(|_| ())
    })
}

fn dense_infer(executor: &CpuExecutor, batch: usize) -> Result<()> {
    let mut weights = Weights::new();
    let mut b = Builder::new(&mut weights, Mode::Infer, 1);
    let logits = dense(&mut b)?;
    b.graph.set_output("logits", logits);
    let (graph, weights) = infer_optimise(&b.finish(), weights)?;
    let mut plan = executor.compile(&graph, &[graph.outputs()["logits"]])?;
    let feed = Feed::default().with("x", wave(&[batch, 784])?);
    time("mnist dense infer", batch, || plan.run(&weights, &feed).map(|_| ()))
}

/// Six transformer blocks of MiniLM's size; also how far what they give is from that in f32.
fn encoder(executor: &CpuExecutor, name: &str, batch: usize, tokens: usize) -> Result<()> {
    let mut weights = Weights::new();
    let mut b = Builder::new(&mut weights, Mode::Infer, 1);
    let mut x = b.input("x", &Shape::batch(&[tokens, 384]), DType::F32)?;
    let mask = b.input("mask", &Shape::batch(&[tokens]), DType::F32)?;
    let block = TransformerBlock {
        heads: 12,
        causal: false,
        hidden: 1536,
        act: Act::Gelu,
        eps: 1e-12,
        dropout: 0.0,
        order: NormOrder::Post,
        names: BlockNames::BERT,
    };
    for i in 0..6 {
        x = layers::transformer_block(&mut b, &i.to_string(), x, Some(mask), &block)?;
    }
    b.graph.set_output("tokens", x);
    let (graph, weights) = infer_optimise(&b.finish(), weights)?;
    let asked = [graph.outputs()["tokens"]];
    let mask = Tensor::full(&[batch, tokens], 1.0);
    let feed = Feed::default().with("x", wave(&[batch, tokens, 384])?).with("mask", mask);
    let mut plan = executor.compile(&graph, &asked)?;
    let found = plan.run(&weights, &feed)?.tensor(0);
    let plain = executor.clone().with_precision(Precision::F32);
    let want = plain.compile(&graph, &asked)?.run(&weights, &feed)?.tensor(0);
    let squares = |v: &mut dyn Iterator<Item = f32>| v.map(|x| f64::from(x).powi(2)).sum::<f64>();
    let apart = squares(&mut found.as_f32().iter().zip(want.as_f32()).map(|(a, b)| a - b));
    println!("{name}: {:.1e} from f32", (apart / squares(&mut want.as_f32().iter().copied())).sqrt());
    time(name, batch, || plan.run(&weights, &feed).map(|_| ()))
}
