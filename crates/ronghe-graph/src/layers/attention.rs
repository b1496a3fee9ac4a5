//! Transformer layers (Vaswani et al. 2017) over tokens `x[N, T, D]`.
//!
//! Attention: `softmax(q k^T / sqrt(D / heads)) v` for each head with dense `q, k, v` of `x`, then a dense output layer;
//! `8 T D^2 + 4 T^2 D` flops a row. A block adds a feed-forward layer, `4 T D hidden` flops a row.

use super::{feed_forward, layer_norm, linear};
use crate::{Act, Builder, Init, Op, Result, ValueId};

/// Weight names of an attention layer's four dense layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttentionNames {
    /// Queries.
    pub query: &'static str,
    /// Keys.
    pub key: &'static str,
    /// Values.
    pub value: &'static str,
    /// After the heads.
    pub output: &'static str,
}

impl AttentionNames {
    /// Short names for networks of our own.
    pub const PLAIN: AttentionNames =
        AttentionNames { query: "query", key: "key", value: "value", output: "output" };
    /// Hugging Face's BERT.
    pub const BERT: AttentionNames = AttentionNames {
        query: "attention.self.query",
        key: "attention.self.key",
        value: "attention.self.value",
        output: "attention.output.dense",
    };
    /// Hugging Face's ViT.
    pub const VIT: AttentionNames = AttentionNames {
        query: "attention.attention.query",
        key: "attention.attention.key",
        value: "attention.attention.value",
        output: "attention.output.dense",
    };
}

/// Weight names of a transformer block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockNames {
    /// The attention layer's.
    pub attention: AttentionNames,
    /// The norm that goes with attention.
    pub attention_norm: &'static str,
    /// First dense layer of the feed-forward layer.
    pub expand: &'static str,
    /// Second dense layer of the feed-forward layer.
    pub contract: &'static str,
    /// The norm that goes with the feed-forward layer.
    pub feed_norm: &'static str,
}

impl BlockNames {
    /// Short names for networks of our own.
    pub const PLAIN: BlockNames = BlockNames {
        attention: AttentionNames::PLAIN,
        attention_norm: "attention_norm",
        expand: "expand",
        contract: "contract",
        feed_norm: "feed_norm",
    };
    /// Hugging Face's BERT.
    pub const BERT: BlockNames = BlockNames {
        attention: AttentionNames::BERT,
        attention_norm: "attention.output.LayerNorm",
        expand: "intermediate.dense",
        contract: "output.dense",
        feed_norm: "output.LayerNorm",
    };
    /// Hugging Face's ViT.
    pub const VIT: BlockNames = BlockNames {
        attention: AttentionNames::VIT,
        attention_norm: "layernorm_before",
        expand: "intermediate.dense",
        contract: "output.dense",
        feed_norm: "layernorm_after",
    };
}

/// Where a block normalises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormOrder {
    /// After each sum: BERT.
    Post,
    /// Before each layer, with the sum left as it is: ViT.
    Pre,
}

/// Shape and names of a transformer block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TransformerBlock {
    /// Number of heads; divides the width.
    pub heads: usize,
    /// Whether a token sees none after it.
    pub causal: bool,
    /// Width inside the feed-forward layer.
    pub hidden: usize,
    /// Activation inside the feed-forward layer.
    pub act: Act,
    /// Added to the variance in the norms.
    pub eps: f32,
    /// Dropout after attention and after the feed-forward layer, in training.
    pub dropout: f32,
    /// Where it normalises.
    pub order: NormOrder,
    /// Weight names.
    pub names: BlockNames,
}

/// Standard deviation with which BERT and ViT start their dense weights.
const INIT: Init = Init::Normal(0.02);

/// Multi-head self-attention with an output layer: `x[N, T, D], (mask[N, T]) -> [N, T, D]`. Causal: a token sees none after it.
pub fn self_attention(
    b: &mut Builder<'_>,
    names: AttentionNames,
    x: ValueId,
    mask: Option<ValueId>,
    heads: usize,
    causal: bool,
) -> Result<ValueId> {
    let width = b.width(x)?;
    let mut inputs = Vec::with_capacity(4);
    for name in [names.query, names.key, names.value] {
        inputs.push(linear(b, name, x, width, true, INIT)?);
    }
    inputs.extend(mask);
    let mixed = b.op(Op::Attention { heads, causal }, &inputs)?;
    linear(b, names.output, mixed, width, true, INIT)
}

/// Attention and a feed-forward layer, each added to its input: `x[N, T, D], (mask[N, T]) -> [N, T, D]`.
pub fn transformer_block(
    b: &mut Builder<'_>,
    name: &str,
    x: ValueId,
    mask: Option<ValueId>,
    block: &TransformerBlock,
) -> Result<ValueId> {
    let TransformerBlock { names, eps, dropout, .. } = *block;
    b.scoped(name, |b| {
        let attend = |b: &mut Builder<'_>, x| {
            let y = self_attention(b, names.attention, x, mask, block.heads, block.causal)?;
            b.dropout(dropout, y)
        };
        let feed = |b: &mut Builder<'_>, x| {
            let y = feed_forward(b, names.expand, names.contract, x, block.hidden, block.act, INIT)?;
            b.dropout(dropout, y)
        };
        match block.order {
            NormOrder::Post => {
                let y = attend(b, x)?;
                let sum = b.op(Op::Add, &[y, x])?;
                let x = layer_norm(b, names.attention_norm, sum, eps)?;
                let y = feed(b, x)?;
                let sum = b.op(Op::Add, &[y, x])?;
                layer_norm(b, names.feed_norm, sum, eps)
            }
            NormOrder::Pre => {
                let normed = layer_norm(b, names.attention_norm, x, eps)?;
                let y = attend(b, normed)?;
                let x = b.op(Op::Add, &[x, y])?;
                let normed = layer_norm(b, names.feed_norm, x, eps)?;
                let y = feed(b, normed)?;
                b.op(Op::Add, &[x, y])
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, Dim, Error, Mode, Shape, Weights};

    fn block(order: NormOrder, names: BlockNames, mode: Mode) -> Result<(crate::Graph, Weights)> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, mode, 3);
        let tokens = b.symbol();
        let x = b.input("x", &Shape(vec![Dim::BATCH, tokens, Dim::Fixed(12)]), DType::F32)?;
        let mask = b.input("mask", &Shape(vec![Dim::BATCH, tokens]), DType::F32)?;
        let config = TransformerBlock {
            heads: 3,
            causal: false,
            hidden: 48,
            act: Act::Gelu,
            eps: 1e-12,
            dropout: 0.1,
            order,
            names,
        };
        let y = transformer_block(&mut b, "encoder.layer.0", x, Some(mask), &config)?;
        assert_eq!(b.shape(y), b.shape(x));
        b.graph.set_output("y", y);
        Ok((b.finish(), weights))
    }

    #[test]
    fn a_bert_block_has_hugging_face_names_and_counts() -> Result<()> {
        let (graph, weights) = block(NormOrder::Post, BlockNames::BERT, Mode::Infer)?;
        assert_eq!(weights.len(), 16);
        assert_eq!(weights.elements().0, 4 * (12 * 12 + 12) + (12 * 48 + 48) + (48 * 12 + 12) + 4 * 12);
        assert!(weights.get("encoder.layer.0.attention.self.query.weight").is_some());
        assert!(weights.get("encoder.layer.0.attention.output.LayerNorm.bias").is_some());
        assert!(matches!(graph.nodes().last().map(|n| &n.op), Some(Op::LayerNorm { .. })));
        Ok(())
    }

    #[test]
    fn a_pre_norm_block_normalises_first_and_trains_with_dropout() -> Result<()> {
        let (graph, _) = block(NormOrder::Pre, BlockNames::VIT, Mode::Train)?;
        assert!(matches!(graph.nodes()[0].op, Op::LayerNorm { .. }));
        assert!(matches!(graph.nodes().last().map(|n| &n.op), Some(Op::Add)));
        let sites: Vec<u32> = graph
            .nodes()
            .iter()
            .filter_map(|n| match n.op {
                Op::Dropout { site, .. } => Some(site),
                _ => None,
            })
            .collect();
        assert_eq!(sites, [1, 2]);
        Ok(())
    }

    #[test]
    fn heads_must_divide_the_width() -> Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, Mode::Infer, 3);
        let x = b.input("x", &Shape::batch(&[4, 10]), DType::F32)?;
        let made = self_attention(&mut b, AttentionNames::PLAIN, x, None, 3, false);
        assert!(matches!(made, Err(Error::Shape { .. })));
        Ok(())
    }
}
