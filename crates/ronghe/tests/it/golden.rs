//! Whole networks step by step as PyTorch takes them. `versus/golden/` has the generators and the number formula.
//!
//! The f64 figures are the truth. A figure may lie from them by [`TOLERANCE`], or by [`ROUNDING`] times as far as
//! PyTorch's own f32 figures do, whichever is more: deep networks with batch statistics amplify rounding.

use crate::formula::{centred, labels, matrix, network_tensor, unit};
use ronghe::encode::backbone::{MobileNetV2, mobilenet_v2, mobilenet_v2_classifier};
use ronghe_cpu::{CpuExecutor, Optimizer, OptimizerConfig};
use ronghe_graph::layers::linear;
use ronghe_graph::passes::infer_optimise;
use ronghe_graph::weights::layout::pictures_from_torch;
use ronghe_graph::{
    Act, Builder, DType, Executor, Feed, Graph, Init, Mode, Op, Shape, Tensor, ValueId, Weights, grad,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const TOLERANCE: f64 = 1e-3;
const ROUNDING: f64 = 4.0;
/// Norms below this are rounding: the gradient of a shift before a batch norm is zero.
const SMALL: f64 = 1e-3;

fn floats(value: &Value) -> Vec<f64> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_f64).collect()
}

/// Holds `made` against the peer's two figures by the rule at the head of this file.
fn close(what: &str, made: &[f64], double: &Value, single: &Value) {
    let (double, single) = (floats(double), floats(single));
    assert!(!double.is_empty() && double.len() == single.len(), "{what}: no figures");
    assert!(made.len() >= double.len(), "{what}: {} figures", made.len());
    let rounding = double.iter().zip(&single).map(|(d, s)| (d - s).abs()).fold(0.0, f64::max);
    let allowed = TOLERANCE.max(ROUNDING * rounding);
    for (i, (y, want)) in made.iter().zip(&double).enumerate() {
        assert!((y - want).abs() <= allowed, "{what} {i}: {y}, PyTorch has {want}, allowed {allowed:.1e}");
    }
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

/// A network in training.
struct Net {
    graph: Graph,
    logits: ValueId,
    loss: ValueId,
    gradients: BTreeMap<String, ValueId>,
}

/// Puts softmax cross-entropy and gradients on top of `logits`.
fn train_graph(mut b: Builder<'_>, logits: ValueId) -> ronghe_graph::Result<Net> {
    let target = b.input("labels", &Shape::batch(&[]), DType::I32)?;
    let weight = b.input("weight", &Shape::batch(&[]), DType::F32)?;
    let loss = b.op(Op::SoftmaxCrossEntropy { smoothing: 0.0 }, &[logits, target, weight])?;
    let wanted: BTreeSet<String> =
        b.weights.iter().filter(|(_, p)| p.trainable).map(|(name, _)| name.to_owned()).collect();
    let mut graph = b.finish();
    let gradients = grad(&mut graph, loss, &wanted)?;
    Ok(Net { graph, logits, loss, gradients })
}

/// What training showed.
#[derive(Default)]
struct Trained {
    losses: Vec<f64>,
    first_logits: Vec<f64>,
    first_norms: BTreeMap<String, f64>,
}

/// One step a batch; running statistics move as the graph says.
fn train(
    net: &Net,
    weights: &mut Weights,
    config: OptimizerConfig,
    rate: f32,
    batches: &[(Tensor, Vec<i32>)],
) -> ronghe_graph::Result<Trained> {
    let mut outputs = vec![net.loss, net.logits];
    outputs.extend(net.gradients.values());
    outputs.extend(net.graph.updates().iter().map(|u| u.value));
    let mut plan = CpuExecutor::new(2).compile(&net.graph, &outputs)?;
    let mut optimizer = Optimizer::new(config);
    let mut shown = Trained::default();
    for (x, target) in batches {
        let feed = Feed::default()
            .with("x", x.clone())
            .with("weight", Tensor::full(&[target.len()], 1.0))
            .with("labels", Tensor::i32(&[target.len()], target.clone())?);
        let out = plan.run(weights, &feed)?;
        shown.losses.push(f64::from(out.get(0)[0]));
        let grads: Vec<(&str, Vec<f32>)> =
            net.gradients.keys().enumerate().map(|(i, n)| (n.as_str(), out.get(2 + i).to_vec())).collect();
        let first_update = 2 + grads.len();
        let updates: Vec<Vec<f32>> = (first_update..out.len()).map(|i| out.get(i).to_vec()).collect();
        if shown.first_norms.is_empty() {
            shown.first_logits = wide(out.get(1));
            let norm = |g: &[f32]| g.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
            shown.first_norms = grads.iter().map(|(n, g)| ((*n).to_owned(), norm(g))).collect();
        }
        let grads: Vec<(&str, &[f32])> = grads.iter().map(|(n, g)| (*n, g.as_slice())).collect();
        optimizer.step(weights, &grads, rate, None)?;
        for (update, value) in net.graph.updates().iter().zip(updates) {
            if let Some(tensor) = weights.get_mut(&update.weight) {
                tensor.as_f32_mut().copy_from_slice(&value);
            }
        }
    }
    Ok(shown)
}

/// Gradient norms by the same rule, relative to each norm.
fn close_norms(
    made: &BTreeMap<String, f64>,
    double: &Value,
    single: &Value,
    rename: impl Fn(&str) -> String,
) {
    let norms = |v: &Value| -> BTreeMap<String, f64> {
        let list = v.as_object().expect("norms by name");
        list.iter().map(|(name, norm)| (name.clone(), norm.as_f64().expect("a norm"))).collect()
    };
    let (double, single) = (norms(double), norms(single));
    assert_eq!(double.len(), made.len());
    let rounding = double.iter().filter(|(_, d)| **d >= SMALL);
    let rounding = rounding.map(|(n, d)| (d - single[n]).abs() / d).fold(0.0, f64::max);
    let allowed = TOLERANCE.max(ROUNDING * rounding);
    for (name, want) in &double {
        let found = made[&rename(name)];
        let good = if *want < SMALL { found < SMALL } else { (found - want).abs() <= allowed * want };
        assert!(good, "gradient of {name}: norm {found}, PyTorch has {want}, allowed {allowed:.1e} of it");
    }
}

#[test]
fn the_dense_net_learns_as_in_pytorch() -> Outcome {
    let file: Value = serde_json::from_str(include_str!("../golden/mnist_dense.json"))?;
    let mut weights = Weights::new();
    let mut b = Builder::new(&mut weights, Mode::Train, 1);
    let x = b.input("x", &Shape::batch(&[784]), DType::F32)?;
    let h = linear(&mut b, "one", x, 128, true, Init::HeNormal)?;
    let h = b.act(Act::Relu, h)?;
    let logits = linear(&mut b, "two", h, 10, true, Init::HeNormal)?;
    let net = train_graph(b, logits)?;
    weights.insert("one.weight", matrix(1, &[128, 784])?, true);
    weights.insert("one.bias", Tensor::f32(&[128], centred(2, 0.1, 128))?, true);
    weights.insert("two.weight", matrix(3, &[10, 128])?, true);
    weights.insert("two.bias", Tensor::f32(&[10], centred(4, 0.1, 10))?, true);

    let batches = (0..5)
        .map(|k| Ok((Tensor::f32(&[32, 784], unit(100 + k, 32 * 784))?, labels(200 + k, 10, 32))))
        .collect::<ronghe_graph::Result<Vec<_>>>()?;
    let shown = train(&net, &mut weights, OptimizerConfig::adam(), 1e-3, &batches)?;
    let (double, single) = (&file["f64"], &file["f32"]);
    close("loss", &shown.losses, &double["losses"], &single["losses"]);
    close("logit", &shown.first_logits, &double["first_logits"], &single["first_logits"]);
    let names = [("w1", "one.weight"), ("b1", "one.bias"), ("w2", "two.weight"), ("b2", "two.bias")];
    let ours = |name: &str| names.iter().find(|n| n.0 == name).map_or(String::new(), |n| n.1.to_owned());
    close_norms(&shown.first_norms, &double["first_gradient_norms"], &single["first_gradient_norms"], ours);
    for (figure, name) in [
        ("final_w1_row0", "one.weight"),
        ("final_b1", "one.bias"),
        ("final_w2_row0", "two.weight"),
        ("final_b2", "two.bias"),
    ] {
        let found = wide(weights.get(name).map(Tensor::as_f32).unwrap_or_default());
        close(figure, &found, &double[figure], &single[figure]);
        // Adam's first steps are 1e-3 long, so a thousandth alone would not show a missing one.
        let far = found.iter().zip(floats(&double[figure])).map(|(y, w)| (y - w).abs()).fold(0.0, f64::max);
        assert!(far < 1e-5, "{figure}: {far}");
    }
    Ok(())
}

/// torchvision's MobileNetV2 with ten classes and formula weights, over `x[N, 64, 64, 3]`.
fn mobilenet<'a>(weights: &'a mut Weights, mode: Mode) -> ronghe_graph::Result<(Builder<'a>, ValueId)> {
    let mut b = Builder::new(weights, mode, 1);
    let x = b.input("x", &Shape::batch(&[64, 64, 3]), DType::F32)?;
    let features = mobilenet_v2(&mut b, x, &MobileNetV2::torch(1.0, false))?;
    let logits = mobilenet_v2_classifier(&mut b, features.pooled, 10)?;
    Ok((b, logits))
}

/// Formula weights for every name of the file, filled in PyTorch's layout and brought into ours.
fn mobilenet_weights(file: &Value) -> Result<Weights, Box<dyn std::error::Error>> {
    let mut declared = Weights::new();
    mobilenet(&mut declared, Mode::Train)?;
    let first = file["setting"]["first_seed"].as_u64().ok_or("no first seed")?;
    let names: Vec<&str> =
        file["names"].as_array().ok_or("no names")?.iter().filter_map(Value::as_str).collect();
    assert_eq!(names.len(), declared.len());
    let mut torch = Weights::new();
    for (offset, name) in names.iter().enumerate() {
        let seed = first + offset as u64;
        let ours = declared.get(name).ok_or_else(|| format!("we have no {name}"))?;
        let tensor = match *ours.shape() {
            [out, kh, kw, c] => matrix(seed, &[out, c, kh, kw])?,
            [kh, kw, c] => matrix(seed, &[c, 1, kh, kw])?,
            [out, width] => matrix(seed, &[out, width])?,
            _ => network_tensor(name, seed, ours.shape())?,
        };
        torch.insert(name, tensor, declared.trainable(name));
    }
    pictures_from_torch(&mut torch)?;
    for (name, param) in torch.iter() {
        assert_eq!(Some(param.tensor.shape()), declared.get(name).map(Tensor::shape), "{name}");
    }
    for (name, param) in declared.iter() {
        torch.set_trainable(name, param.trainable);
    }
    Ok(torch)
}

fn pictures(seed: u64, count: usize) -> ronghe_graph::Result<Tensor> {
    Tensor::f32(&[count, 64, 64, 3], centred(seed, 2.0, count * 64 * 64 * 3))
}

fn mobilenet_file() -> Result<Value, serde_json::Error> {
    serde_json::from_str(include_str!("../golden/mobilenet_v2.json"))
}

#[test]
fn mobilenet_v2_infers_as_in_torchvision() -> Outcome {
    let file = mobilenet_file()?;
    let mut weights = mobilenet_weights(&file)?;
    let (b, logits) = mobilenet(&mut weights, Mode::Infer)?;
    let mut graph = b.finish();
    graph.set_output("logits", logits);
    let plain = (graph.clone(), weights.clone());
    for (what, (graph, weights)) in [("plain", plain), ("folded", infer_optimise(&graph, weights)?)] {
        let mut plan = CpuExecutor::new(2).compile(&graph, &[graph.outputs()["logits"]])?;
        let feed = Feed::default().with("x", pictures(50, 2)?);
        let out = plan.run(&weights, &feed)?;
        for (row, made) in out.get(0).chunks(10).enumerate() {
            let what = format!("{what}, picture {row}, logit");
            close(&what, &wide(made), &file["logits_f64"][row], &file["logits_f32"][row]);
        }
    }
    Ok(())
}

#[test]
fn mobilenet_v2_learns_as_in_torchvision() -> Outcome {
    let file = mobilenet_file()?;
    let start = mobilenet_weights(&file)?;
    let batches = vec![(pictures(300, 16)?, labels(400, 10, 16)); 5];
    for (name, config) in [("sgd", OptimizerConfig::sgd(0.0)), ("adam", OptimizerConfig::adam())] {
        let mut weights = start.clone();
        let (b, logits) = mobilenet(&mut weights, Mode::Train)?;
        let net = train_graph(b, logits)?;
        let shown = train(&net, &mut weights, config, 1e-4, &batches)?;
        let (double, single) = (&file[format!("{name}_f64")], &file[format!("{name}_f32")]);
        close(&format!("{name} loss"), &shown.losses, &double["losses"], &single["losses"]);
        if let Some(norms) = double.get("first_gradient_norms") {
            close_norms(&shown.first_norms, norms, &single["first_gradient_norms"], str::to_owned);
        }
        for (statistic, want) in double["final_statistics"].as_object().ok_or("no statistics")? {
            let found = wide(weights.get(statistic).map(Tensor::as_f32).unwrap_or_default());
            close(&format!("{name} {statistic}"), &found, want, &single["final_statistics"][statistic]);
        }
    }
    Ok(())
}
