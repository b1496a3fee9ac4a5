//! Optimisers: from gradients to new weights.
//!
//! With gradient `g`, weight `p`, learning rate `a` (times the weight's multiplier) and `t` steps taken on the weight:
//! - Adam (Kingma and Ba 2015): `m += (1 - b1)(g - m)`, `v = b2 v + (1 - b2) g^2`,
//!   `p -= a / (1 - b1^t) * m / (sqrt(v / (1 - b2^t)) + eps)`
//! - AdamW (Loshchilov and Hutter 2019): the same after `p *= 1 - a decay`
//! - SGD: `b = momentum b + g` (first step `b = g`), `p -= a b`, or with Nesterov `p -= a (g + momentum b)`
//!
//! These are PyTorch's formulas to the last step, with two intended differences: decay spares tensors of one dimension
//! (biases, norms) unless [`Optimizer::decay_vectors`] asks for plain PyTorch, and a gradient whose norm is not finite
//! changes nothing. Moments below 1e-30 (squares below 1e-34) are taken as zero, which no weight can show. Keras's Adam has `eps` 1e-7 and adds it to `sqrt v` before the bias correction, which differs from
//! this by a factor on `eps` alone.
//!
//! One pass a tensor over weight, gradient and moments, `O(elements)`; blocks are fixed, every element has its own
//! arithmetic and the norm is added in f64 by block and by name, so thread counts never change a bit.

use crate::kernels::multiversion;
use crate::threads;
use ronghe_graph::{Error, Result, Tensor, Weights};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which optimiser, with its constants.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OptimizerConfig {
    /// Adam.
    Adam {
        /// Decay of the two moments.
        #[serde(default = "betas")]
        betas: [f64; 2],
        /// Added to the denominator.
        #[serde(default = "eps")]
        eps: f64,
    },
    /// Adam with decoupled weight decay.
    #[serde(rename = "adamw")]
    AdamW {
        /// Decay of the two moments.
        #[serde(default = "betas")]
        betas: [f64; 2],
        /// Added to the denominator.
        #[serde(default = "eps")]
        eps: f64,
        /// Share of a weight that a step at learning rate 1 takes away.
        weight_decay: f64,
    },
    /// Stochastic gradient descent.
    Sgd {
        /// Share of the last direction that is kept.
        #[serde(default)]
        momentum: f64,
        /// Whether to look ahead along the direction.
        #[serde(default)]
        nesterov: bool,
    },
}

fn betas() -> [f64; 2] {
    [0.9, 0.999]
}

fn eps() -> f64 {
    1e-8
}

impl OptimizerConfig {
    /// Adam with the usual constants: betas 0.9 and 0.999, eps 1e-8.
    pub fn adam() -> OptimizerConfig {
        OptimizerConfig::Adam { betas: betas(), eps: eps() }
    }

    /// AdamW with the usual constants.
    pub fn adamw(weight_decay: f64) -> OptimizerConfig {
        OptimizerConfig::AdamW { betas: betas(), eps: eps(), weight_decay }
    }

    /// Stochastic gradient descent with momentum.
    pub fn sgd(momentum: f64) -> OptimizerConfig {
        OptimizerConfig::Sgd { momentum, nesterov: false }
    }

    /// Names and number of the tensors kept for each weight.
    fn moments(&self) -> &'static [&'static str] {
        match self {
            OptimizerConfig::Adam { .. } | OptimizerConfig::AdamW { .. } => &["mean", "square"],
            OptimizerConfig::Sgd { momentum, .. } if *momentum != 0.0 => &["direction"],
            OptimizerConfig::Sgd { .. } => &[],
        }
    }
}

/// Name of a weight's step counter in [`Optimizer::state`], after the weight's name and a slash.
const STEP: &str = "step";

/// An optimiser with its memory.
///
/// ```
/// use ronghe_cpu::{Optimizer, OptimizerConfig};
/// use ronghe_graph::{Tensor, Weights};
///
/// let mut weights = Weights::new();
/// weights.insert("w", Tensor::full(&[2, 2], 1.0), true);
/// let mut optimizer = Optimizer::new(OptimizerConfig::sgd(0.0));
/// let norm = optimizer.step(&mut weights, &[("w", &[3.0, 0.0, 4.0, 0.0])], 0.1, None)?;
/// assert_eq!(norm, 5.0);
/// assert_eq!(weights.get("w").unwrap().as_f32(), [0.7, 1.0, 0.6, 1.0]);
/// # Ok::<(), ronghe_graph::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Optimizer {
    config: OptimizerConfig,
    slots: BTreeMap<String, Slot>,
    multipliers: BTreeMap<String, f32>,
    decay_vectors: bool,
}

/// Memory for one weight.
#[derive(Debug, Clone)]
struct Slot {
    steps: i32,
    shape: Vec<usize>,
    moments: Vec<Vec<f32>>,
}

impl Optimizer {
    /// An optimiser that has not taken a step.
    pub fn new(config: OptimizerConfig) -> Optimizer {
        Optimizer { config, slots: BTreeMap::new(), multipliers: BTreeMap::new(), decay_vectors: false }
    }

    /// Lets AdamW decay tensors of one dimension too, as PyTorch does by default.
    pub fn decay_vectors(mut self, decay: bool) -> Optimizer {
        self.decay_vectors = decay;
        self
    }

    /// Factors on the learning rate by weight name; a weight without one has 1.
    pub fn with_multipliers(mut self, multipliers: BTreeMap<String, f32>) -> Optimizer {
        self.multipliers = multipliers;
        self
    }

    /// Changes the factors on the learning rate; what it remembers of each weight stays.
    pub fn set_multipliers(&mut self, multipliers: BTreeMap<String, f32>) {
        self.multipliers = multipliers;
    }

    /// Its constants.
    pub fn config(&self) -> &OptimizerConfig {
        &self.config
    }

    /// Changes the named weights by their gradients and returns the norm of all gradients together, before
    /// `clip_norm` (if given) scaled them down to at most that norm. Names must not repeat. If the norm is not finite,
    /// nothing changes. Parallel within [`CpuExecutor::install`](crate::CpuExecutor::install), else on this thread.
    pub fn step(
        &mut self,
        weights: &mut Weights,
        grads: &[(&str, &[f32])],
        learning_rate: f32,
        clip_norm: Option<f32>,
    ) -> Result<f32> {
        let mut grads = grads.to_vec();
        grads.sort_unstable_by_key(|(name, _)| *name);
        for (name, grad) in &grads {
            self.check(weights, name, grad.len())?;
        }
        let norm = grads.iter().map(|(_, grad)| square(grad)).sum::<f64>().sqrt();
        if !norm.is_finite() {
            return Ok(norm as f32);
        }
        let scale = match clip_norm {
            Some(most) if norm > f64::from(most) => (f64::from(most) / (norm + 1e-6)) as f32,
            _ => 1.0,
        };
        for (name, grad) in grads {
            let Some(tensor) = weights.get_mut(name) else { continue };
            let rate = learning_rate * self.multipliers.get(name).copied().unwrap_or(1.0);
            self.update(name, tensor, grad, rate, scale);
        }
        Ok(norm as f32)
    }

    /// Everything a resumed training needs, by name: the moments of each weight and the steps taken on it.
    pub fn state(&self) -> Vec<(String, Tensor)> {
        let mut state = Vec::new();
        for (name, slot) in &self.slots {
            for (kind, moment) in self.config.moments().iter().zip(&slot.moments) {
                // A slot has the shape of its weight, so this cannot fail.
                state.extend(
                    Tensor::f32(&slot.shape, moment.clone()).ok().map(|t| (format!("{name}/{kind}"), t)),
                );
            }
            state.extend(Tensor::i32(&[1], vec![slot.steps]).ok().map(|t| (format!("{name}/{STEP}"), t)));
        }
        state
    }

    /// Puts back what [`Optimizer::state`] gave; training goes on bit for bit as if never interrupted.
    pub fn set_state(&mut self, state: &[(String, Tensor)]) -> Result<()> {
        let given: BTreeMap<&str, &Tensor> = state.iter().map(|(name, t)| (name.as_str(), t)).collect();
        let find = |name: String| {
            given.get(name.as_str()).copied().ok_or_else(|| Error::MissingWeight {
                name,
                expected: ronghe_graph::Shape(Vec::new()),
                similar: Vec::new(),
            })
        };
        let mut slots = BTreeMap::new();
        for (full, step) in &given {
            let Some((name, STEP)) = full.rsplit_once('/') else { continue };
            let moments: Vec<&Tensor> = self
                .config
                .moments()
                .iter()
                .map(|kind| find(format!("{name}/{kind}")))
                .collect::<Result<_>>()?;
            let steps = *step.as_i32().first().ok_or_else(|| Error::Elements {
                shape: vec![1],
                expected: 1,
                found: step.as_i32().len(),
            })?;
            let shape = moments.first().map_or(Vec::new(), |t| t.shape().to_vec());
            let moments = moments.iter().map(|t| t.as_f32().to_vec()).collect();
            slots.insert(name.to_owned(), Slot { steps, shape, moments });
        }
        self.slots = slots;
        Ok(())
    }

    fn check(&self, weights: &Weights, name: &str, found: usize) -> Result<()> {
        let Some(tensor) = weights.get(name) else {
            return Err(Error::MissingWeight {
                name: name.to_owned(),
                expected: ronghe_graph::Shape::fixed(&[found]),
                similar: weights
                    .iter()
                    .map(|(n, _)| n)
                    .filter(|n| n.contains(name))
                    .map(str::to_owned)
                    .collect(),
            });
        };
        let expected = tensor.as_f32().len();
        let moments = self.slots.get(name).into_iter().flat_map(|slot| slot.moments.iter().map(Vec::len));
        match moments.chain([found]).find(|&found| found != expected) {
            Some(found) => Err(Error::Elements { shape: tensor.shape().to_vec(), expected, found }),
            None => Ok(()),
        }
    }

    fn update(&mut self, name: &str, tensor: &mut Tensor, grad: &[f32], rate: f32, scale: f32) {
        let shape = tensor.shape().to_vec();
        let config = self.config;
        let slot = self.slots.entry(name.to_owned()).or_insert_with(|| Slot {
            steps: 0,
            shape: shape.clone(),
            moments: vec![vec![0.0; grad.len()]; config.moments().len()],
        });
        slot.steps = slot.steps.saturating_add(1);
        let (rate, weight) = (f64::from(rate), tensor.as_f32_mut());
        match (config, &mut slot.moments[..]) {
            (OptimizerConfig::Adam { betas, eps }, [m, v]) => {
                let constants = Adam::new(rate, betas, eps, 0.0, scale, slot.steps);
                threads::rows3((weight, 1), (m, 1), (v, 1), 4, |i, p, m, v| {
                    adam(&constants, &grad[i..][..p.len()], p, m, v);
                });
            }
            (OptimizerConfig::AdamW { betas, eps, weight_decay }, [m, v]) => {
                let decay = if shape.len() > 1 || self.decay_vectors { weight_decay } else { 0.0 };
                let constants = Adam::new(rate, betas, eps, decay, scale, slot.steps);
                threads::rows3((weight, 1), (m, 1), (v, 1), 4, |i, p, m, v| {
                    adam(&constants, &grad[i..][..p.len()], p, m, v);
                });
            }
            (OptimizerConfig::Sgd { momentum, nesterov }, [direction]) => {
                let (rate, momentum, first) = (rate as f32, momentum as f32, slot.steps == 1);
                threads::rows2((weight, 1), (direction, 1), 2, |i, p, b| {
                    let g = &grad[i..][..p.len()];
                    heavy_ball(scale, if first { 0.0 } else { momentum }, g, b);
                    if nesterov {
                        descend(rate, scale, g, p);
                        descend(rate, momentum, b, p);
                    } else {
                        descend(rate, 1.0, b, p);
                    }
                });
            }
            (_, _) => {
                let rate = rate as f32;
                threads::rows(weight, 1, 1, |i, p| descend(rate, scale, &grad[i..][..p.len()], p));
            }
        }
    }
}

/// Constants of one Adam step on one weight, rounded once.
#[derive(Debug, Clone, Copy)]
struct Adam {
    grad_scale: f32,
    keep: f32,
    mean_share: f32,
    square_keep: f32,
    square_share: f32,
    /// `1 / sqrt(1 - b2^t)`
    correction: f32,
    eps: f32,
    /// `a / (1 - b1^t)`
    rate: f32,
}

impl Adam {
    fn new(rate: f64, [b1, b2]: [f64; 2], eps: f64, decay: f64, grad_scale: f32, steps: i32) -> Adam {
        Adam {
            grad_scale,
            keep: (1.0 - rate * decay) as f32,
            mean_share: (1.0 - b1) as f32,
            square_keep: b2 as f32,
            square_share: (1.0 - b2) as f32,
            correction: (1.0 / (1.0 - b2.powi(steps)).sqrt()) as f32,
            eps: eps as f32,
            rate: (rate / (1.0 - b1.powi(steps))) as f32,
        }
    }
}

multiversion! {
    fn adam(c: &Adam, grad: &[f32], weight: &mut [f32], mean: &mut [f32], square: &mut [f32]) {
        for (((p, m), v), &g) in weight.iter_mut().zip(mean).zip(square).zip(grad) {
            let g = flush(g * c.grad_scale, 1e-16);
            *m = flush(*m + c.mean_share * (g - *m), 1e-30);
            *v = flush(*v * c.square_keep + g * g * c.square_share, 1e-34);
            *p = *p * c.keep - c.rate * (*m / (v.sqrt() * c.correction + c.eps));
        }
    }
}

/// Zero in place of a number too small to matter beside `eps`. Moments of a unit that has fallen silent decay towards zero
/// and would end as denormal numbers, on which processors spend a hundred cycles and more.
#[inline(always)]
fn flush(x: f32, least: f32) -> f32 {
    if x.abs() < least { 0.0 } else { x }
}

multiversion! {
    fn heavy_ball(scale: f32, momentum: f32, grad: &[f32], direction: &mut [f32]) {
        for (b, g) in direction.iter_mut().zip(grad) {
            *b = flush(momentum * *b + scale * g, 1e-30);
        }
    }
}

multiversion! {
    /// `weight -= rate * (scale * grad)`
    fn descend(rate: f32, scale: f32, grad: &[f32], weight: &mut [f32]) {
        for (p, g) in weight.iter_mut().zip(grad) {
            *p -= rate * (scale * g);
        }
    }
}

/// Sum of squares in f64.
fn square(grad: &[f32]) -> f64 {
    let mut total = [0.0f64];
    threads::sum(grad.len(), 1, &mut total, |items, total| total[0] += square_of(&grad[items]));
    total[0]
}

multiversion! {
    fn square_of(grad: &[f32]) -> f64 {
        let mut sums = [0.0f64; 8];
        let (body, tail) = grad.as_chunks::<8>();
        for g in body {
            for i in 0..8 {
                sums[i] += f64::from(g[i]) * f64::from(g[i]);
            }
        }
        for (sum, &g) in sums.iter_mut().zip(tail) {
            *sum += f64::from(g) * f64::from(g);
        }
        sums.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights() -> Weights {
        let mut weights = Weights::new();
        weights.insert("a", Tensor::full(&[2, 2], 1.0), true);
        weights.insert("b", Tensor::full(&[2], 1.0), true);
        weights
    }

    #[test]
    fn resumes_bit_for_bit() -> Result<()> {
        for config in [OptimizerConfig::adam(), OptimizerConfig::adamw(0.1), OptimizerConfig::sgd(0.9)] {
            let grads: [(&str, &[f32]); 2] = [("b", &[0.3, -2.0]), ("a", &[0.1, 0.2, -0.5, 7.0])];
            let (mut whole, mut parts) = (weights(), weights());
            let mut one = Optimizer::new(config);
            let mut two = Optimizer::new(config);
            for step in 0..6 {
                one.step(&mut whole, &grads, 0.01, Some(1.0))?;
                if step == 3 {
                    let state = two.state();
                    two = Optimizer::new(config);
                    two.set_state(&state)?;
                }
                two.step(&mut parts, &grads, 0.01, Some(1.0))?;
            }
            assert_eq!(whole, parts);
        }
        Ok(())
    }

    #[test]
    fn decay_spares_vectors_unless_asked() -> Result<()> {
        let grads: [(&str, &[f32]); 2] = [("a", &[0.0; 4]), ("b", &[0.0; 2])];
        for (all, b) in [(false, 1.0), (true, 0.95)] {
            let mut weights = weights();
            let mut optimizer = Optimizer::new(OptimizerConfig::adamw(0.5)).decay_vectors(all);
            optimizer.step(&mut weights, &grads, 0.1, None)?;
            assert_eq!(weights.get("a").map(|t| t.as_f32()[0]), Some(0.95));
            assert_eq!(weights.get("b").map(|t| t.as_f32()[0]), Some(b));
        }
        Ok(())
    }

    #[test]
    fn multipliers_clipping_and_overflow() -> Result<()> {
        let mut w = weights();
        let mut optimizer =
            Optimizer::new(OptimizerConfig::sgd(0.0)).with_multipliers([("b".to_owned(), 0.5)].into());
        let norm = optimizer.step(&mut w, &[("b", &[3.0, 4.0])], 1.0, Some(2.5))?;
        assert_eq!(norm, 5.0);
        let b = w.get("b").map(|t| t.as_f32().to_vec()).unwrap_or_default();
        assert!((b[0] - 0.25).abs() < 1e-6 && (b[1] - 0.0).abs() < 1e-6, "{b:?}");
        let before = w.clone();
        assert!(optimizer.step(&mut w, &[("b", &[f32::INFINITY, 4.0])], 1.0, None)?.is_infinite());
        assert_eq!(w, before);
        Ok(())
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let mut optimizer = Optimizer::new(OptimizerConfig::adam());
        let missing = optimizer.step(&mut weights(), &[("c", &[1.0])], 0.1, None);
        assert!(matches!(missing, Err(Error::MissingWeight { .. })));
        let short = optimizer.step(&mut weights(), &[("a", &[1.0])], 0.1, None);
        assert!(matches!(short, Err(Error::Elements { expected: 4, found: 1, .. })));
        assert!(optimizer.set_state(&[("a/step".to_owned(), Tensor::zeros(&[1]))]).is_err());
    }
}
