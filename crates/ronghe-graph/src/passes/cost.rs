//! What a graph costs: floating-point operations (a multiplication and an addition count two), parameters, and bytes
//! read and written (four an element), for given sizes of the symbolic dimensions.

use crate::{Dim, Error, Graph, NodeId, Op, Result, Shape, Source, Symbol, Value, ValueId};

/// Cost of one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeCost {
    /// The node.
    pub node: NodeId,
    /// Floating-point operations.
    pub flops: u64,
    /// Elements of the weights that it reads.
    pub parameters: u64,
    /// Bytes that it reads and writes.
    pub bytes: u64,
}

/// Cost of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// Of each node, in computing order.
    pub nodes: Vec<NodeCost>,
    /// Floating-point operations of all nodes.
    pub flops: u64,
    /// Elements of all weights of the graph, each counted once.
    pub parameters: u64,
    /// Bytes that all nodes read and write.
    pub bytes: u64,
}

/// The cost of `graph` with the sizes that `bind` gives to symbolic dimensions.
///
/// ```
/// use ronghe_graph::{Builder, DType, Init, Mode, Shape, Symbol, Weights, layers, passes};
/// let mut weights = Weights::new();
/// let mut b = Builder::new(&mut weights, Mode::Infer, 1);
/// let x = b.input("x", &Shape::batch(&[784]), DType::F32)?;
/// layers::linear(&mut b, "hidden", x, 128, true, Init::HeNormal)?;
/// let cost = passes::cost(&b.finish(), &|s| (s == Symbol(0)).then_some(32))?;
/// assert_eq!((cost.flops, cost.parameters), (32 * 128 * (2 * 784 + 1), 784 * 128 + 128));
/// # Ok::<(), ronghe_graph::Error>(())
/// ```
pub fn cost(graph: &Graph, bind: &dyn Fn(Symbol) -> Option<usize>) -> Result<Cost> {
    let sizes = Sizes { graph, bind };
    let mut nodes = Vec::with_capacity(graph.nodes().len());
    for (i, node) in graph.nodes().iter().enumerate() {
        let mut parameters = 0;
        let mut bytes = 0;
        for &value in node.inputs.iter().chain(&node.outputs) {
            let elements = sizes.elements(value)?;
            bytes += 4 * elements;
            if matches!(graph.value(value).source, Source::Weight(_)) {
                parameters += elements;
            }
        }
        let flops = sizes.flops(&node.op, &node.inputs, &node.outputs)?;
        nodes.push(NodeCost { node: NodeId(i as u32), flops, parameters, bytes });
    }
    let parameters = graph.weights().values().map(|&v| sizes.elements(v)).sum::<Result<u64>>()?;
    let flops = nodes.iter().map(|n| n.flops).sum();
    let bytes = nodes.iter().map(|n| n.bytes).sum();
    Ok(Cost { nodes, flops, parameters, bytes })
}

struct Sizes<'a> {
    graph: &'a Graph,
    bind: &'a dyn Fn(Symbol) -> Option<usize>,
}

impl Sizes<'_> {
    fn value(&self, id: ValueId) -> &Value {
        self.graph.value(id)
    }

    fn dims(&self, id: ValueId) -> Result<Vec<u64>> {
        let shape: &Shape = &self.value(id).shape;
        let size = |dim: &Dim| match *dim {
            Dim::Fixed(n) => Ok(n as u64),
            Dim::Sym(s) => (self.bind)(s).map(|n| n as u64).ok_or(Error::Unbound { dim: *dim }),
        };
        shape.0.iter().map(size).collect()
    }

    fn elements(&self, id: ValueId) -> Result<u64> {
        Ok(self.dims(id)?.iter().product())
    }

    fn flops(&self, op: &Op, inputs: &[ValueId], outputs: &[ValueId]) -> Result<u64> {
        let n = |i: usize| self.elements(inputs[i]);
        let out = self.elements(outputs[0])?;
        let area = |kernel: [usize; 2]| (kernel[0] * kernel[1]) as u64;
        Ok(match op {
            Op::Linear { .. } | Op::Conv2d { .. } => {
                let dims = self.dims(inputs[1])?;
                let sum = 2 * dims.iter().skip(1).product::<u64>();
                out * (sum + u64::from(inputs.len() > 2))
            }
            // One multiplication and addition for each weight and each element of dy.
            Op::LinearGradInput | Op::Conv2dGradInput { .. } => {
                2 * n(0)? * self.dims(inputs[1])?.iter().skip(1).product::<u64>()
            }
            Op::LinearGradWeight | Op::Conv2dGradWeight { .. } => {
                2 * n(1)? * self.dims(outputs[0])?.iter().skip(1).product::<u64>()
            }
            Op::Depthwise { window, .. } => out * (2 * area(window.kernel) + u64::from(inputs.len() > 2)),
            Op::DepthwiseGradInput { window, .. } => 2 * n(0)? * area(window.kernel),
            Op::DepthwiseGradWeight { window } => 2 * n(1)? * area(window.kernel),
            Op::MaxPool { window } | Op::AvgPool { window } => out * area(window.kernel),
            Op::MaxPoolGrad { window } => n(1)? * area(window.kernel),
            Op::AvgPoolGrad { window, .. } => n(0)? * area(window.kernel),
            Op::Attention { heads, .. } | Op::AttentionGrad { heads, .. } => {
                let (q, k) = (self.dims(inputs[0])?, self.dims(inputs[1])?);
                let scores = q[0] * q[1] * k[1];
                let forward = scores * (4 * q[2] + 5 * *heads as u64);
                if matches!(op, Op::Attention { .. }) { forward } else { forward * 5 / 2 }
            }
            Op::GlobalAvgPool
            | Op::SumLeading { .. }
            | Op::MeanTokens
            | Op::EmbeddingGrad { .. }
            | Op::SquaredErrorGrad => n(if matches!(op, Op::EmbeddingGrad { .. }) { 1 } else { 0 })?,
            Op::EmbeddingBag => 2 * n(0)? * self.dims(outputs[0])?[1],
            Op::EmbeddingBagGrad { .. } => 2 * n(0)? * self.dims(outputs[0])?[1],
            Op::WeightedSum | Op::WeightedSumGradWeight | Op::RowDot => 2 * n(0)?,
            Op::BatchNorm { .. } | Op::LayerNorm { .. } => 8 * n(0)?,
            Op::BatchNormGrad { .. } | Op::BatchNormFixedGrad { .. } | Op::LayerNormGrad => 10 * n(0)?,
            Op::BatchNormFixed { .. } | Op::Affine { .. } => 2 * out,
            Op::L2Normalize | Op::SoftmaxGrad => 3 * n(0)?,
            Op::Softmax => 5 * out,
            Op::L2NormalizeGrad => 5 * n(0)?,
            Op::SoftmaxCrossEntropy { .. } | Op::SigmoidCrossEntropy => 8 * n(0)?,
            Op::SquaredError | Op::SoftmaxCrossEntropyGrad { .. } | Op::SigmoidCrossEntropyGrad => 3 * n(0)?,
            Op::Activate(_)
            | Op::ActivateGrad(_)
            | Op::Add
            | Op::Mul
            | Op::ScaleRows
            | Op::Dropout { .. }
            | Op::GlobalAvgPoolGrad { .. }
            | Op::MeanTokensGrad
            | Op::WeightedSumGradInput => out,
            Op::Select
            | Op::Embedding
            | Op::SelectToken { .. }
            | Op::SelectTokenGrad { .. }
            | Op::Stack
            | Op::Concat
            | Op::Slice { .. }
            | Op::SliceGrad { .. }
            | Op::Reshape { .. } => 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Act, Builder, DType, Init, Mode, Weights, Window, layers};

    #[test]
    fn a_convolution_counts_its_multiplications() -> Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, Mode::Infer, 1);
        let x = b.input("x", &Shape::batch(&[8, 8, 3]), DType::F32)?;
        let y = layers::conv2d(&mut b, "conv", x, 16, Window::same(3, 2, 8, 8), false)?;
        let y = layers::depthwise(&mut b, "dw", y, Window::square(3, 1, 1), false)?;
        b.act(Act::Relu, y)?;
        let cost = cost(&b.finish(), &|_| Some(2))?;
        let flops: Vec<u64> = cost.nodes.iter().map(|n| n.flops).collect();
        assert_eq!(flops, [2 * 16 * 16 * 2 * 27, 2 * 16 * 16 * 2 * 9, 2 * 16 * 16]);
        assert_eq!(cost.parameters, 16 * 27 + 9 * 16);
        assert_eq!(cost.nodes[2].bytes, 2 * 4 * 2 * 16 * 16);
        Ok(())
    }

    #[test]
    fn an_unbound_dimension_is_named() -> Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, Mode::Infer, 1);
        let x = b.input("x", &Shape::batch(&[8]), DType::F32)?;
        layers::linear(&mut b, "a", x, 2, true, Init::HeNormal)?;
        let message = cost(&b.finish(), &|_| None).map_err(|e| e.to_string());
        assert_eq!(message, Err("dimension `batch` was given no size".into()));
        Ok(())
    }
}
