//! The same numbers as PyTorch. The files say which version and seed; `versus/golden/` has the generators.

use crate::forward::run;
use ronghe_cpu::{Optimizer, OptimizerConfig};
use ronghe_graph::{Act, Op, Shape, Tensor, Weights};
use serde_json::Value;

fn floats(v: &Value) -> Vec<f32> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect()
}

fn tensor(v: &Value) -> Tensor {
    let shape: Vec<usize> =
        v["shape"].as_array().unwrap().iter().map(|d| d.as_u64().unwrap() as usize).collect();
    if v["integer"].as_bool() == Some(true) {
        let data = v["data"].as_array().unwrap().iter().map(|x| x.as_i64().unwrap() as i32).collect();
        Tensor::i32(&shape, data).unwrap()
    } else {
        Tensor::f32(&shape, floats(&v["data"])).unwrap()
    }
}

fn close(what: &str, made: &[f32], want: &[f32], tolerance: f32) {
    assert_eq!(made.len(), want.len(), "{what}");
    for (i, (y, w)) in made.iter().zip(want).enumerate() {
        assert!((y - w).abs() <= tolerance * (1.0 + w.abs()), "{what}: element {i} is {y}, PyTorch has {w}");
    }
}

fn op(name: &str, params: &Value) -> Op {
    let float = |key: &str| params[key].as_f64().unwrap() as f32;
    let heads = || params["heads"].as_u64().unwrap() as usize;
    let causal = || params["causal"].as_bool().unwrap_or(false);
    let act = || serde_json::from_value::<Act>(params["act"].clone()).unwrap();
    match name {
        "Attention" => Op::Attention { heads: heads(), causal: causal() },
        "AttentionGrad" => Op::AttentionGrad { heads: heads(), causal: causal() },
        "Activate" => Op::Activate(act()),
        "ActivateGrad" => Op::ActivateGrad(act()),
        "LayerNorm" => Op::LayerNorm { eps: float("eps") },
        "LayerNormGrad" => Op::LayerNormGrad,
        "BatchNorm" => Op::BatchNorm { eps: float("eps"), momentum: float("momentum"), act: Act::Identity },
        "BatchNormGrad" => Op::BatchNormGrad { act: Act::Identity },
        "BatchNormFixed" => Op::BatchNormFixed { eps: float("eps") },
        "SoftmaxCrossEntropy" => Op::SoftmaxCrossEntropy { smoothing: float("smoothing") },
        "SoftmaxCrossEntropyGrad" => Op::SoftmaxCrossEntropyGrad { smoothing: float("smoothing") },
        "SigmoidCrossEntropy" => Op::SigmoidCrossEntropy,
        "SigmoidCrossEntropyGrad" => Op::SigmoidCrossEntropyGrad,
        other => panic!("the golden file has {other}"),
    }
}

#[test]
fn operations_match_pytorch() {
    let file: Value = serde_json::from_str(include_str!("../golden/ops.json")).unwrap();
    for case in file["cases"].as_array().unwrap() {
        let op = op(case["op"].as_str().unwrap(), &case["params"]);
        let inputs: Vec<(Shape, Tensor)> =
            case["inputs"].as_array().unwrap().iter().map(tensor).map(fit).collect();
        let made = run(&op, &inputs, 0).unwrap();
        for (k, (made, want)) in made.iter().zip(case["outputs"].as_array().unwrap()).enumerate() {
            // One unit in the last place of the largest sums and of the exponentials.
            close(&format!("{op:?} output {k}"), made.as_f32(), tensor(want).as_f32(), 2e-6);
        }
    }
}

fn fit(tensor: Tensor) -> (Shape, Tensor) {
    (Shape::fixed(tensor.shape()), tensor)
}

#[test]
fn gelu_matches_pytorch_to_a_millionth() {
    let file: Value = serde_json::from_str(include_str!("../golden/ops.json")).unwrap();
    let gelu = file["cases"].as_array().unwrap().iter().find(|c| c["params"]["act"] == "gelu").unwrap();
    let made = run(&Op::Activate(Act::Gelu), &[fit(tensor(&gelu["inputs"][0]))], 0).unwrap();
    let want = tensor(&gelu["outputs"][0]);
    for (y, w) in made[0].as_f32().iter().zip(want.as_f32()) {
        assert!((y - w).abs() <= 1e-6 * w.abs().max(1.0), "{y} against {w}");
    }
}

#[test]
fn optimisers_match_pytorch() {
    let file: Value = serde_json::from_str(include_str!("../golden/optimisers.json")).unwrap();
    for case in file["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let config: OptimizerConfig = serde_json::from_value(case["config"].clone()).unwrap();
        let mut optimizer = Optimizer::new(config).decay_vectors(case["decay_vectors"].as_bool().unwrap());
        let mut weights = Weights::new();
        for (weight, start) in case["start"].as_object().unwrap() {
            weights.insert(weight, tensor(start), true);
        }
        for (i, step) in case["steps"].as_array().unwrap().iter().enumerate() {
            let grads: Vec<(&str, Vec<f32>)> =
                step["grads"].as_object().unwrap().iter().map(|(n, g)| (n.as_str(), floats(g))).collect();
            let grads: Vec<(&str, &[f32])> = grads.iter().map(|(n, g)| (*n, &g[..])).collect();
            let rate = step["rate"].as_f64().unwrap() as f32;
            let clip = case["clip"].as_f64().map(|c| c as f32);
            let norm = optimizer.step(&mut weights, &grads, rate, clip).unwrap();
            close(
                &format!("{name}: norm of step {i}"),
                &[norm],
                &[step["norm"].as_f64().unwrap() as f32],
                1e-6,
            );
            for (weight, want) in step["weights"].as_object().unwrap() {
                let made = weights.get(weight).unwrap().as_f32();
                close(&format!("{name}: {weight} after step {i}"), made, &floats(want), 5e-7);
            }
        }
    }
}
