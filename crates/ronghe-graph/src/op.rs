//! The operations. Each entry gives inputs -> outputs with shapes; `...` stands for any leading dimensions, `N` for the
//! batch, `T` for tokens. An input in parentheses may be left out. Every float is f32; `ids`, `labels` are i32.

use crate::{Act, Shape};

/// A sliding window over height and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// Kernel height and width.
    pub kernel: [usize; 2],
    /// Step down and across.
    pub stride: [usize; 2],
    /// Rows or columns of padding: top, bottom, left, right.
    pub pad: [usize; 4],
}

impl Window {
    /// A square window with the same padding on each side.
    pub fn square(kernel: usize, stride: usize, pad: usize) -> Window {
        Window { kernel: [kernel; 2], stride: [stride; 2], pad: [pad; 4] }
    }

    /// Whether each position sees the element of the same index alone.
    pub fn is_pointwise(&self) -> bool {
        *self == Window::square(1, 1, 0)
    }

    /// TensorFlow's SAME padding for an input of `height` x `width`: `ceil(size / stride)` outputs, the odd row or
    /// column of padding at the bottom and right.
    pub fn same(kernel: usize, stride: usize, height: usize, width: usize) -> Window {
        let total = |size: usize| ((size.div_ceil(stride) - 1) * stride + kernel).saturating_sub(size);
        let (h, w) = (total(height), total(width));
        Window { kernel: [kernel; 2], stride: [stride; 2], pad: [h / 2, h - h / 2, w / 2, w - w / 2] }
    }

    /// Output height and width, or `None` where the kernel does not fit.
    pub fn output(&self, height: usize, width: usize) -> Option<[usize; 2]> {
        let one = |size: usize, before: usize, after: usize, axis: usize| {
            let free = (size + before + after).checked_sub(self.kernel[axis])?;
            Some(free.checked_div(self.stride[axis])? + 1)
        };
        Some([one(height, self.pad[0], self.pad[1], 0)?, one(width, self.pad[2], self.pad[3], 1)?])
    }
}

/// An operation.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    // ---- dense ----
    /// `x[..., I], w[O, I], (bias[O]) -> act(x w^T + bias)[..., O]`
    Linear {
        /// Applied to the sum.
        act: Act,
    },
    /// `dy[..., O], w[O, I] -> dx[..., I] = dy w`
    LinearGradInput,
    /// `x[..., I], dy[..., O] -> dw[O, I] = dy^T x`, summed over all leading dimensions
    LinearGradWeight,
    /// `x[..., suffix] -> [suffix]`: sum over all but the last `keep` dimensions
    SumLeading {
        /// How many innermost dimensions stay.
        keep: usize,
    },

    // ---- convolution, channels last ----
    /// `x[N, H, W, C], w[O, KH, KW, C], (bias[O]) -> act(conv + bias)[N, H', W', O]`
    Conv2d {
        /// Kernel, stride and padding.
        window: Window,
        /// Applied to the sum.
        act: Act,
    },
    /// `dy[N, H', W', O], w[O, KH, KW, C] -> dx[N, H, W, C]`
    Conv2dGradInput {
        /// As in the forward operation.
        window: Window,
        /// Height and width of `x`.
        input: [usize; 2],
    },
    /// `x[N, H, W, C], dy[N, H', W', O] -> dw[O, KH, KW, C]`
    Conv2dGradWeight {
        /// As in the forward operation.
        window: Window,
    },
    /// `x[N, H, W, C], w[KH, KW, C], (bias[C]) -> act(conv + bias)[N, H', W', C]`, one kernel a channel
    Depthwise {
        /// Kernel, stride and padding.
        window: Window,
        /// Applied to the sum.
        act: Act,
    },
    /// `dy[N, H', W', C], w[KH, KW, C] -> dx[N, H, W, C]`
    DepthwiseGradInput {
        /// As in the forward operation.
        window: Window,
        /// Height and width of `x`.
        input: [usize; 2],
    },
    /// `x[N, H, W, C], dy[N, H', W', C] -> dw[KH, KW, C]`
    DepthwiseGradWeight {
        /// As in the forward operation.
        window: Window,
    },
    /// `x[N, H, W, C] -> [N, H', W', C]`: largest element in the window; padding never wins
    MaxPool {
        /// Kernel, stride and padding.
        window: Window,
    },
    /// `x, y, dy -> dx`: to the first largest element of each window
    MaxPoolGrad {
        /// As in the forward operation.
        window: Window,
    },
    /// `x[N, H, W, C] -> [N, H', W', C]`: mean over the window's elements inside the picture
    AvgPool {
        /// Kernel, stride and padding.
        window: Window,
    },
    /// `dy -> dx[N, H, W, C]`
    AvgPoolGrad {
        /// As in the forward operation.
        window: Window,
        /// Height and width of `x`.
        input: [usize; 2],
    },
    /// `x[N, H, W, C] -> [N, C]`: mean over the picture
    GlobalAvgPool,
    /// `dy[N, C] -> dx[N, H, W, C]`
    GlobalAvgPoolGrad {
        /// Height and width of `x`.
        input: [usize; 2],
    },

    // ---- elementwise ----
    /// `x[...] -> act(x)[...]`
    Activate(Act),
    /// `x, dy -> dx = dy * act'(x)`, with `x` before the activation
    ActivateGrad(Act),
    /// `a[..., suffix] , b[suffix] -> a + b`
    Add,
    /// `a[..., suffix] , b[suffix] -> a * b`
    Mul,
    /// `x[...] -> scale * x + offset`
    Affine {
        /// Factor.
        scale: f32,
        /// Constant added.
        offset: f32,
    },
    /// `x[N, ...], s[N] -> x[n, ...] * s[n]`
    ScaleRows,
    /// `a[N, ...], b[N, ...] -> [N]`: dot product of each row
    RowDot,
    /// `x -> x * mask / (1 - rate)`, mask drawn from (feed seed, site, element); the gradient is the same operation
    Dropout {
        /// Share of elements set to zero.
        rate: f32,
        /// Tells dropouts of one graph apart.
        site: u32,
    },
    /// `present[N], x[N, suffix], learned[suffix] -> x where present is 1, learned where it is 0`
    Select,

    // ---- normalisation ----
    /// `x[..., C], gamma[C], beta[C], running_mean[C], running_var[C] -> y, mean[C], inv_std[C], new_mean[C], new_var[C]`.
    /// Statistics of this batch (biased variance) normalise; the running ones move by `momentum` (unbiased variance).
    BatchNorm {
        /// Added to the variance.
        eps: f32,
        /// Share of the new statistics in the running ones.
        momentum: f32,
        /// Applied to what is normalised.
        act: Act,
    },
    /// `x, gamma, beta, mean[C], inv_std[C], dy -> dx, dgamma[C], dbeta[C]`
    BatchNormGrad {
        /// As in the forward operation.
        act: Act,
    },
    /// `x[..., C], gamma[C], beta[C], mean[C], var[C] -> y` with fixed statistics
    BatchNormFixed {
        /// Added to the variance.
        eps: f32,
    },
    /// `x, gamma, mean[C], var[C], dy -> dx, dgamma[C], dbeta[C]`
    BatchNormFixedGrad {
        /// Added to the variance.
        eps: f32,
    },
    /// `x[..., D], gamma[D], beta[D] -> y, mean[...], inv_std[...]`
    LayerNorm {
        /// Added to the variance.
        eps: f32,
    },
    /// `x, gamma, mean, inv_std, dy -> dx, dgamma[D], dbeta[D]`
    LayerNormGrad,
    /// `x[..., D] -> x / max(|x|, 1e-12)`
    L2Normalize,
    /// `x, dy -> dx`
    L2NormalizeGrad,

    // ---- tokens ----
    /// `ids[...], w[V, D] -> [..., D]`; an id outside `0..V` is an error
    Embedding,
    /// `ids[...], dy[..., D] -> dw[V, D]`
    EmbeddingGrad {
        /// V.
        vocabulary: usize,
    },
    /// `ids[N, S], scales[N, S], w[V, D] -> [N, D] = sum_s scales * w[ids]`; id -1 is padding
    EmbeddingBag,
    /// `ids[N, S], scales[N, S], dy[N, D] -> dw[V, D]`
    EmbeddingBagGrad {
        /// V.
        vocabulary: usize,
    },
    /// `q[N, T, D], k[N, S, D], v[N, S, D], (mask[N, S]) -> [N, T, D]`: softmax(q k^T / sqrt(D / heads)) v for each
    /// head; tokens with mask 0 get no weight. Causal: query t attends to tokens 0..=t alone, and S = T
    Attention {
        /// Number of heads; divides D.
        heads: usize,
        /// Whether later tokens are hidden.
        causal: bool,
    },
    /// `q, k, v, dy, (mask) -> dq, dk, dv`
    AttentionGrad {
        /// As in the forward operation.
        heads: usize,
        /// As in the forward operation.
        causal: bool,
    },
    /// `x[N, T, D], mask[N, T] -> [N, D]`: mean over tokens with mask 1 (0 where there are none)
    MeanTokens,
    /// `mask[N, T], dy[N, D] -> dx[N, T, D]`
    MeanTokensGrad,
    /// `x[N, T, D] -> x[:, index, :][N, D]`
    SelectToken {
        /// Which token.
        index: usize,
    },
    /// `dy[N, D] -> dx[N, T, D]`, zero at the other tokens
    SelectTokenGrad {
        /// Which token.
        index: usize,
        /// Shape of `x`.
        shape: Shape,
    },
    /// `x0[N, D] ... -> [N, M, D]`
    Stack,
    /// `x[N, M, D], w[N, M] -> [N, D] = sum_m w x`
    WeightedSum,
    /// `w[N, M], dy[N, D] -> [N, M, D] = w dy`
    WeightedSumGradInput,
    /// `x[N, M, D], dy[N, D] -> [N, M]`: dot product of `dy` with each token
    WeightedSumGradWeight,

    // ---- shape ----
    /// `x0[..., D0] , x1[..., D1] ... -> [..., sum of D]`
    Concat,
    /// `x[..., D] -> x[..., start .. start + len]`
    Slice {
        /// First element.
        start: usize,
        /// Number of elements.
        len: usize,
    },
    /// `dy[..., len] -> dx[..., width]`, zero elsewhere
    SliceGrad {
        /// First element.
        start: usize,
        /// D.
        width: usize,
    },
    /// The same elements under another shape
    Reshape {
        /// New shape; the same symbolic dimensions and the same product of known ones.
        shape: Shape,
    },

    // ---- probability and loss ----
    /// `x[..., K], (mask[..., K]) -> softmax over the last dimension`; masked entries get 0
    Softmax,
    /// `y, dy -> dx`
    SoftmaxGrad,
    /// `logits[..., K], labels[...], weight[...] -> loss[1], probability[..., K]`. The loss is the weighted mean of the cross
    /// entropy in nats; `smoothing` moves that share of the target to all classes evenly
    SoftmaxCrossEntropy {
        /// Label smoothing, 0 to 1.
        smoothing: f32,
    },
    /// `probability, labels, weight -> dlogits`
    SoftmaxCrossEntropyGrad {
        /// As in the forward operation.
        smoothing: f32,
    },
    /// `logits[N, K], target[N, K], weight[N, K] -> loss[1], probability[N, K]`: weighted mean of the K binary cross
    /// entropies (sum of weighted terms over the sum of weights)
    SigmoidCrossEntropy,
    /// `probability, target, weight -> dlogits`
    SigmoidCrossEntropyGrad,
    /// `prediction[N, K], target[N, K], weight[N, K] -> loss[1]`: weighted mean of the squared errors
    SquaredError,
    /// `prediction, target, weight -> dprediction`
    SquaredErrorGrad,
}

impl Op {
    /// Whether it computes a gradient: plans with such operations train.
    pub fn is_gradient(&self) -> bool {
        self.name().contains("Grad")
    }

    /// The operation's name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Op::Linear { .. } => "Linear",
            Op::LinearGradInput => "LinearGradInput",
            Op::LinearGradWeight => "LinearGradWeight",
            Op::SumLeading { .. } => "SumLeading",
            Op::Conv2d { .. } => "Conv2d",
            Op::Conv2dGradInput { .. } => "Conv2dGradInput",
            Op::Conv2dGradWeight { .. } => "Conv2dGradWeight",
            Op::Depthwise { .. } => "Depthwise",
            Op::DepthwiseGradInput { .. } => "DepthwiseGradInput",
            Op::DepthwiseGradWeight { .. } => "DepthwiseGradWeight",
            Op::MaxPool { .. } => "MaxPool",
            Op::MaxPoolGrad { .. } => "MaxPoolGrad",
            Op::AvgPool { .. } => "AvgPool",
            Op::AvgPoolGrad { .. } => "AvgPoolGrad",
            Op::GlobalAvgPool => "GlobalAvgPool",
            Op::GlobalAvgPoolGrad { .. } => "GlobalAvgPoolGrad",
            Op::Activate(_) => "Activate",
            Op::ActivateGrad(_) => "ActivateGrad",
            Op::Add => "Add",
            Op::Mul => "Mul",
            Op::Affine { .. } => "Affine",
            Op::ScaleRows => "ScaleRows",
            Op::RowDot => "RowDot",
            Op::Dropout { .. } => "Dropout",
            Op::Select => "Select",
            Op::BatchNorm { .. } => "BatchNorm",
            Op::BatchNormGrad { .. } => "BatchNormGrad",
            Op::BatchNormFixed { .. } => "BatchNormFixed",
            Op::BatchNormFixedGrad { .. } => "BatchNormFixedGrad",
            Op::LayerNorm { .. } => "LayerNorm",
            Op::LayerNormGrad => "LayerNormGrad",
            Op::L2Normalize => "L2Normalize",
            Op::L2NormalizeGrad => "L2NormalizeGrad",
            Op::Embedding => "Embedding",
            Op::EmbeddingGrad { .. } => "EmbeddingGrad",
            Op::EmbeddingBag => "EmbeddingBag",
            Op::EmbeddingBagGrad { .. } => "EmbeddingBagGrad",
            Op::Attention { .. } => "Attention",
            Op::AttentionGrad { .. } => "AttentionGrad",
            Op::MeanTokens => "MeanTokens",
            Op::MeanTokensGrad => "MeanTokensGrad",
            Op::SelectToken { .. } => "SelectToken",
            Op::SelectTokenGrad { .. } => "SelectTokenGrad",
            Op::Stack => "Stack",
            Op::WeightedSum => "WeightedSum",
            Op::WeightedSumGradInput => "WeightedSumGradInput",
            Op::WeightedSumGradWeight => "WeightedSumGradWeight",
            Op::Concat => "Concat",
            Op::Slice { .. } => "Slice",
            Op::SliceGrad { .. } => "SliceGrad",
            Op::Reshape { .. } => "Reshape",
            Op::Softmax => "Softmax",
            Op::SoftmaxGrad => "SoftmaxGrad",
            Op::SoftmaxCrossEntropy { .. } => "SoftmaxCrossEntropy",
            Op::SoftmaxCrossEntropyGrad { .. } => "SoftmaxCrossEntropyGrad",
            Op::SigmoidCrossEntropy => "SigmoidCrossEntropy",
            Op::SigmoidCrossEntropyGrad => "SigmoidCrossEntropyGrad",
            Op::SquaredError => "SquaredError",
            Op::SquaredErrorGrad => "SquaredErrorGrad",
        }
    }
}
