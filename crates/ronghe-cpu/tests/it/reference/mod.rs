//! Every operation of the graph once more, in f64 and in plain loops written from the documentation of [`Op`]. Slow,
//! and independent of the kernels on purpose.
//!
//! - [`dense`]: linear layers, elementwise operations, normalisation
//! - [`pictures`]: convolution and pooling
//! - [`tokens`]: embeddings, attention, pooling over tokens, moving elements
//! - [`loss`]: softmax and losses

mod dense;
mod loss;
mod pictures;
mod tokens;

use ronghe_graph::{Graph, Op, Source, ValueId};
use std::collections::BTreeMap;

/// A value in f64, or integers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Val {
    pub(crate) shape: Vec<usize>,
    pub(crate) f: Vec<f64>,
    pub(crate) i: Vec<i32>,
}

impl Val {
    pub(crate) fn new(shape: &[usize], f: Vec<f64>) -> Val {
        assert_eq!(shape.iter().product::<usize>(), f.len(), "{shape:?}");
        Val { shape: shape.to_vec(), f, i: Vec::new() }
    }

    pub(crate) fn zeros(shape: &[usize]) -> Val {
        Val::new(shape, vec![0.0; shape.iter().product()])
    }

    pub(crate) fn last(&self) -> usize {
        *self.shape.last().unwrap_or(&1)
    }

    /// Number of rows of the innermost dimension.
    pub(crate) fn rows(&self) -> usize {
        self.shape.iter().rev().skip(1).product()
    }

    /// Shape of the same rank with another innermost size.
    pub(crate) fn with_last(&self, last: usize) -> Vec<usize> {
        let mut shape = self.shape.clone();
        *shape.last_mut().unwrap() = last;
        shape
    }

    /// Row `r` of the innermost dimension.
    pub(crate) fn row(&self, r: usize) -> &[f64] {
        let d = self.last();
        &self.f[r * d..(r + 1) * d]
    }

    /// `f` of each element.
    pub(crate) fn map(&self, f: impl Fn(f64) -> f64) -> Val {
        Val::new(&self.shape, self.f.iter().map(|&x| f(x)).collect())
    }

    /// `f` of each pair of elements, `other` repeated along the leading dimensions.
    pub(crate) fn zip(&self, other: &Val, f: impl Fn(f64, f64) -> f64) -> Val {
        let k = other.f.len().max(1);
        Val::new(&self.shape, self.f.iter().enumerate().map(|(i, &x)| f(x, other.f[i % k])).collect())
    }
}

/// Draws the mask of a dropout, as multipliers, for so many elements: the one thing a reference cannot know.
pub(crate) type Masks<'a> = &'a dyn Fn(&Op, usize) -> Vec<f64>;

/// Outputs of one operation. The match names every operation, so a new one does not compile without its reference.
pub(crate) fn eval(op: &Op, x: &[Val], masks: Masks) -> Vec<Val> {
    let one = |v: Val| vec![v];
    match op {
        Op::Linear { act } => one(dense::linear(&x[0], &x[1], x.get(2), *act)),
        Op::LinearGradInput => one(dense::linear_grad_input(&x[0], &x[1])),
        Op::LinearGradWeight => one(dense::linear_grad_weight(&x[0], &x[1])),
        Op::SumLeading { keep } => one(dense::sum_leading(&x[0], *keep)),
        Op::Conv2d { window, act } => one(pictures::conv(&x[0], &x[1], x.get(2), window, *act)),
        Op::Conv2dGradInput { window, input } => one(pictures::conv_grad_input(&x[0], &x[1], window, *input)),
        Op::Conv2dGradWeight { window } => one(pictures::conv_grad_weight(&x[0], &x[1], window)),
        Op::Depthwise { window, act } => one(pictures::depthwise(&x[0], &x[1], x.get(2), window, *act)),
        Op::DepthwiseGradInput { window, input } => {
            one(pictures::depthwise_grad_input(&x[0], &x[1], window, *input))
        }
        Op::DepthwiseGradWeight { window } => one(pictures::depthwise_grad_weight(&x[0], &x[1], window)),
        Op::MaxPool { window } => one(pictures::max_pool(&x[0], window)),
        Op::MaxPoolGrad { window } => one(pictures::max_pool_grad(&x[0], &x[2], window)),
        Op::AvgPool { window } => one(pictures::avg_pool(&x[0], window)),
        Op::AvgPoolGrad { window, input } => one(pictures::avg_pool_grad(&x[0], window, *input)),
        Op::GlobalAvgPool => one(pictures::global_avg_pool(&x[0])),
        Op::GlobalAvgPoolGrad { input } => one(pictures::global_avg_pool_grad(&x[0], *input)),
        Op::Activate(act) => one(x[0].map(|v| dense::act(*act, v))),
        Op::ActivateGrad(act) => one(x[0].zip(&x[1], |v, dy| dy * dense::act_slope(*act, v))),
        Op::Add => one(x[0].zip(&x[1], |a, b| a + b)),
        Op::Mul => one(x[0].zip(&x[1], |a, b| a * b)),
        Op::Affine { scale, offset } => one(x[0].map(|v| f64::from(*scale) * v + f64::from(*offset))),
        Op::ScaleRows => one(dense::scale_rows(&x[0], &x[1])),
        Op::RowDot => one(dense::row_dot(&x[0], &x[1])),
        Op::Dropout { .. } => {
            let mask = Val::new(&x[0].shape, masks(op, x[0].f.len()));
            one(x[0].zip(&mask, |v, m| v * m))
        }
        Op::Select => one(dense::select(&x[0], &x[1], &x[2])),
        Op::BatchNorm { eps, momentum, act } => {
            let mut made =
                dense::batch_norm([&x[0], &x[1], &x[2], &x[3], &x[4]], f64::from(*eps), f64::from(*momentum));
            made[0] = made[0].map(|y| dense::act(*act, y));
            made
        }
        Op::BatchNormGrad { act } => dense::batch_norm_grad([&x[0], &x[1], &x[2], &x[3], &x[4], &x[5]], *act),
        Op::BatchNormFixed { eps } => {
            one(dense::batch_norm_fixed([&x[0], &x[1], &x[2], &x[3], &x[4]], f64::from(*eps)))
        }
        Op::BatchNormFixedGrad { eps } => {
            dense::batch_norm_fixed_grad([&x[0], &x[1], &x[2], &x[3], &x[4]], f64::from(*eps))
        }
        Op::LayerNorm { eps } => dense::layer_norm(&x[0], &x[1], &x[2], f64::from(*eps)),
        Op::LayerNormGrad => dense::layer_norm_grad([&x[0], &x[1], &x[2], &x[3], &x[4]]),
        Op::L2Normalize => one(dense::l2_normalize(&x[0])),
        Op::L2NormalizeGrad => one(dense::l2_normalize_grad(&x[0], &x[1])),
        Op::Embedding => one(tokens::embedding(&x[0], &x[1])),
        Op::EmbeddingGrad { vocabulary } => one(tokens::embedding_grad(&x[0], &x[1], *vocabulary)),
        Op::EmbeddingBag => one(tokens::bag(&x[0], &x[1], &x[2])),
        Op::EmbeddingBagGrad { vocabulary } => one(tokens::bag_grad(&x[0], &x[1], &x[2], *vocabulary)),
        Op::Attention { heads, causal } => {
            one(tokens::attention([&x[0], &x[1], &x[2]], x.get(3), *heads, *causal))
        }
        Op::AttentionGrad { heads, causal } => {
            tokens::attention_grad([&x[0], &x[1], &x[2], &x[3]], x.get(4), *heads, *causal)
        }
        Op::MeanTokens => one(tokens::mean(&x[0], &x[1])),
        Op::MeanTokensGrad => one(tokens::mean_grad(&x[0], &x[1])),
        Op::SelectToken { index } => one(tokens::select(&x[0], *index)),
        Op::SelectTokenGrad { index, shape } => {
            // Only the number of tokens matters, which the tests keep fixed.
            one(tokens::select_grad(&x[0], *index, shape.0[1].fixed().unwrap()))
        }
        Op::Stack => one(tokens::stack(x)),
        Op::WeightedSum => one(tokens::weighted_sum(&x[0], &x[1])),
        Op::WeightedSumGradInput => one(tokens::weighted_sum_grad_input(&x[0], &x[1])),
        Op::WeightedSumGradWeight => one(tokens::weighted_sum_grad_weight(&x[0], &x[1])),
        Op::Concat => one(tokens::concat(x)),
        Op::Slice { start, len } => one(tokens::slice(&x[0], *start, *len)),
        Op::SliceGrad { start, width } => one(tokens::slice_grad(&x[0], *start, *width)),
        Op::Reshape { shape } => {
            let n = x[0].shape[0];
            one(Val::new(&shape.resolve(&|_| Some(n)).unwrap(), x[0].f.clone()))
        }
        Op::Softmax => one(loss::softmax(&x[0], x.get(1))),
        Op::SoftmaxGrad => one(loss::softmax_grad(&x[0], &x[1])),
        Op::SoftmaxCrossEntropy { smoothing } => {
            loss::softmax_cross_entropy(&x[0], &x[1], &x[2], f64::from(*smoothing))
        }
        Op::SoftmaxCrossEntropyGrad { smoothing } => {
            one(loss::softmax_cross_entropy_grad(&x[0], &x[1], &x[2], f64::from(*smoothing)))
        }
        Op::SigmoidCrossEntropy => loss::sigmoid_cross_entropy(&x[0], &x[1], &x[2]),
        Op::SigmoidCrossEntropyGrad => one(loss::weighted_difference(&x[0], &x[1], &x[2], 1.0)),
        Op::SquaredError => one(loss::squared_error(&x[0], &x[1], &x[2])),
        Op::SquaredErrorGrad => one(loss::weighted_difference(&x[0], &x[1], &x[2], 2.0)),
    }
}

/// The first element of `output` in a graph whose inputs and weights are given by name.
pub(crate) fn run(graph: &Graph, output: ValueId, known: &BTreeMap<String, Val>, masks: Masks) -> f64 {
    let mut values: Vec<Val> = graph
        .values()
        .iter()
        .map(|v| match &v.source {
            Source::Input(name) | Source::Weight(name) => known[name].clone(),
            Source::Node(_) => Val::default(),
        })
        .collect();
    for node in graph.nodes() {
        let inputs: Vec<Val> = node.inputs.iter().map(|v| values[v.0 as usize].clone()).collect();
        for (id, made) in node.outputs.iter().zip(eval(&node.op, &inputs, masks)) {
            values[id.0 as usize] = made;
        }
    }
    values[output.0 as usize].f[0]
}
