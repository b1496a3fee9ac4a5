//! Sends each operation to the family of kernels that computes it.

use crate::call::Call;
use crate::kernels::{
    attention, conv, depthwise, dropout, elementwise, embed, linear, loss, norm, pool, shape, softmax, tokens,
};
use ronghe_graph::{Op, Result};

/// Computes one operation.
pub(crate) fn run(call: &mut Call) -> Result<()> {
    match call.op {
        Op::Linear { .. } | Op::LinearGradInput | Op::LinearGradWeight | Op::SumLeading { .. } => {
            linear::run(call)
        }
        Op::Conv2d { .. } | Op::Conv2dGradInput { .. } | Op::Conv2dGradWeight { .. } => conv::run(call),
        Op::Depthwise { .. } | Op::DepthwiseGradInput { .. } | Op::DepthwiseGradWeight { .. } => {
            depthwise::run(call)
        }
        Op::MaxPool { .. }
        | Op::MaxPoolGrad { .. }
        | Op::AvgPool { .. }
        | Op::AvgPoolGrad { .. }
        | Op::GlobalAvgPool
        | Op::GlobalAvgPoolGrad { .. } => pool::run(call),
        Op::Activate(_)
        | Op::ActivateGrad(_)
        | Op::Add
        | Op::Mul
        | Op::Affine { .. }
        | Op::ScaleRows
        | Op::RowDot
        | Op::Select => elementwise::run(call),
        Op::Dropout { .. } => dropout::run(call),
        Op::BatchNorm { .. }
        | Op::BatchNormGrad { .. }
        | Op::BatchNormFixed { .. }
        | Op::BatchNormFixedGrad { .. }
        | Op::LayerNorm { .. }
        | Op::LayerNormGrad
        | Op::L2Normalize
        | Op::L2NormalizeGrad => norm::run(call),
        Op::Embedding | Op::EmbeddingGrad { .. } | Op::EmbeddingBag | Op::EmbeddingBagGrad { .. } => {
            embed::run(call)
        }
        Op::Attention { .. } | Op::AttentionGrad { .. } => attention::run(call),
        Op::MeanTokens
        | Op::MeanTokensGrad
        | Op::SelectToken { .. }
        | Op::SelectTokenGrad { .. }
        | Op::Stack
        | Op::WeightedSum
        | Op::WeightedSumGradInput
        | Op::WeightedSumGradWeight => tokens::run(call),
        Op::Concat | Op::Slice { .. } | Op::SliceGrad { .. } | Op::Reshape { .. } => shape::run(call),
        Op::Softmax | Op::SoftmaxGrad => softmax::run(call),
        Op::SoftmaxCrossEntropy { .. }
        | Op::SoftmaxCrossEntropyGrad { .. }
        | Op::SigmoidCrossEntropy
        | Op::SigmoidCrossEntropyGrad
        | Op::SquaredError
        | Op::SquaredErrorGrad => loss::run(call),
    }
}
