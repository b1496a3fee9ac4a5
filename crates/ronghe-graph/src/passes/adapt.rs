//! Low-rank adapters beside dense layers (LoRA, Hu et al. 2022): `y = W x + b` becomes
//! `y = W x + b + (alpha / r) B A x` with `A[r, I]` and `B[O, r]`, of which only `A` and `B` are trained. `B` starts at
//! zero, so that the network starts as it was. Trained, `W + (alpha / r) B A` takes the place of `W`: prediction costs
//! nothing more.

use super::rewrite::Rewrite;
use crate::{Act, Graph, Init, Op, Result, Source, SplitMix, Tensor, Weights};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Size and strength of an adapter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Adapter {
    /// r, the width between A and B.
    pub rank: usize,
    /// What is added has the factor `alpha / r`.
    pub alpha: f32,
}

impl Adapter {
    fn scale(&self) -> f32 {
        self.alpha / self.rank.max(1) as f32
    }
}

/// Names of A and B for the dense weight `weight`.
fn names(weight: &str) -> [String; 2] {
    let layer = weight.strip_suffix(".weight").unwrap_or(weight);
    [format!("{layer}.lora_a"), format!("{layer}.lora_b")]
}

/// Writes an adapter beside each dense layer whose weight `adapters` names, and declares what `weights` does not have
/// yet: A drawn at random with variance `1 / I`, B zero. Both are trainable.
pub fn adapt(
    graph: &Graph,
    weights: &mut Weights,
    adapters: &BTreeMap<String, Adapter>,
    seed: u64,
) -> Result<Graph> {
    let mut rewrite = Rewrite::new(graph);
    for node in graph.nodes() {
        rewrite.copy(node)?;
        let Op::Linear { act: Act::Identity } = node.op else { continue };
        let weight = graph.value(node.inputs[1]);
        let Source::Weight(name) = &weight.source else { continue };
        let Some(adapter) = adapters.get(name) else { continue };
        let sizes: Vec<usize> = weight.shape.0.iter().filter_map(|d| d.fixed()).collect();
        let &[out, width] = sizes.as_slice() else { continue };
        let [a, b] = names(name);
        let shapes =
            [(&a, [adapter.rank, width], Init::LecunUniform), (&b, [out, adapter.rank], Init::Constant(0.0))];
        let mut factors = Vec::with_capacity(2);
        for (name, shape, init) in shapes {
            if weights.get(name).is_none() {
                weights.insert(name, init.draw(&shape, SplitMix::named(seed, name))?, true);
            }
            factors.push(rewrite.new.weight(name, &shape)?);
        }
        let x = rewrite.get(node.inputs[0])?;
        let y = rewrite.get(node.outputs[0])?;
        let linear = Op::Linear { act: Act::Identity };
        let low = rewrite.new.push1(linear.clone(), &[x, factors[0]])?;
        // On the narrow value, where it costs least.
        let low = rewrite.new.push1(Op::Affine { scale: adapter.scale(), offset: 0.0 }, &[low])?;
        let added = rewrite.new.push1(linear, &[low, factors[1]])?;
        let sum = rewrite.new.push1(Op::Add, &[y, added])?;
        rewrite.map(node.outputs[0], sum);
    }
    rewrite.finish()
}

/// Adds each trained adapter to its weight, in f64, and takes it out of `weights`. Weights without one stay.
pub fn merge_adapters(weights: &mut Weights, adapters: &BTreeMap<String, Adapter>) -> Result<()> {
    for (name, adapter) in adapters {
        let [a, b] = names(name);
        let (Some(a), Some(b)) = (weights.remove(&a), weights.remove(&b)) else { continue };
        let Some(weight) = weights.get(name) else { continue };
        let (a, b, width) = (a.tensor.as_f32(), b.tensor.as_f32(), a.tensor.shape()[1]);
        let scale = f64::from(adapter.scale());
        let mut data = Vec::with_capacity(weight.len());
        for (row, b) in weight.as_f32().chunks_exact(width).zip(b.chunks_exact(adapter.rank)) {
            for (i, &w) in row.iter().enumerate() {
                let sum: f64 =
                    b.iter().enumerate().map(|(k, &b)| f64::from(b) * f64::from(a[k * width + i])).sum();
                data.push((f64::from(w) + scale * sum) as f32);
            }
        }
        let merged = Tensor::f32(weight.shape(), data)?;
        let trainable = weights.trainable(name);
        weights.insert(name, merged, trainable);
    }
    Ok(())
}

/// The weights of the adapters alone.
pub fn adapter_weights(weights: &Weights, adapters: &BTreeMap<String, Adapter>) -> Weights {
    let names: Vec<String> = adapters.keys().flat_map(|name| names(name)).collect();
    let found = |name: &String| Some((name.clone(), weights.get(name)?.clone()));
    let mut out = Weights::new();
    names.iter().filter_map(found).for_each(|(name, tensor)| out.insert(&name, tensor, true));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Builder, DType, Mode, Shape, grad, layers};
    use std::collections::BTreeSet;

    fn network(weights: &mut Weights) -> Result<Graph> {
        let mut b = Builder::new(weights, Mode::Train, 1);
        let x = b.input("x", &Shape::batch(&[6]), DType::F32)?;
        let x = layers::linear(&mut b, "low", x, 5, true, Init::HeNormal)?;
        let x = layers::linear(&mut b, "high", x, 3, false, Init::HeNormal)?;
        b.graph.set_output("y", x);
        Ok(b.finish())
    }

    #[test]
    fn only_the_named_layers_get_one_and_merging_takes_it_in() -> Result<()> {
        let mut weights = Weights::new();
        let graph = network(&mut weights)?;
        let before = weights.clone();
        let adapters: BTreeMap<String, Adapter> =
            [("low.weight".to_owned(), Adapter { rank: 2, alpha: 4.0 })].into();
        let adapted = adapt(&graph, &mut weights, &adapters, 3)?;
        assert_eq!(adapted.nodes().len(), graph.nodes().len() + 4);
        assert_eq!(weights.get("low.lora_a").map(Tensor::shape), Some(&[2, 6][..]));
        assert!(weights.get("low.lora_b").is_some_and(|b| b.as_f32().iter().all(|&v| v == 0.0)));
        assert!(weights.get("high.lora_a").is_none());

        let mut untouched = weights.clone();
        merge_adapters(&mut untouched, &adapters)?;
        assert_eq!(untouched, before);

        weights.insert("low.lora_a", Tensor::full(&[2, 6], 0.5), true);
        weights.insert("low.lora_b", Tensor::full(&[5, 2], 0.25), true);
        assert_eq!(adapter_weights(&weights, &adapters).elements().0, 12 + 10);
        merge_adapters(&mut weights, &adapters)?;
        let (old, new) = (before.get("low.weight").unwrap(), weights.get("low.weight").unwrap());
        for (old, new) in old.as_f32().iter().zip(new.as_f32()) {
            assert!((new - old - 2.0 * 2.0 * 0.125).abs() < 1e-6);
        }
        assert_eq!(weights.len(), before.len());
        Ok(())
    }

    #[test]
    fn gradients_reach_the_adapters() -> Result<()> {
        let mut weights = Weights::new();
        let graph = network(&mut weights)?;
        let adapters = [("high.weight".to_owned(), Adapter { rank: 1, alpha: 1.0 })].into();
        let mut graph = adapt(&graph, &mut weights, &adapters, 3)?;
        let y = graph.outputs()["y"];
        let target = graph.input("t", &Shape::batch(&[3]), DType::F32)?;
        let weight = graph.input("w", &Shape::batch(&[3]), DType::F32)?;
        let loss = graph.push1(Op::SquaredError, &[y, target, weight])?;
        let wanted: BTreeSet<String> = ["high.lora_a".to_owned(), "high.lora_b".to_owned()].into();
        assert_eq!(grad(&mut graph, loss, &wanted)?.len(), 2);
        Ok(())
    }
}
