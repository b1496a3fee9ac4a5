//! Attention over inputs: each input is a token `t_i = W_i LayerNorm(x_i) + e_i`, a learned token `c` stands before
//! them, transformer blocks mix them with absent tokens masked, and the representation is what became of `c`.

use super::{Fused, FusionSpec, Part, parse};
use crate::Result;
use ronghe_graph::layers::{self, BlockNames, NormOrder, TransformerBlock};
use ronghe_graph::{Act, Builder, Init, Op};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) static ATTENTION: FusionSpec = FusionSpec {
    name: "attention",
    summary: "inputs as tokens of a small transformer",
    defaults: |_| json!({"width": 128, "heads": 4, "blocks": 1, "dropout": 0.1}),
    build,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    width: usize,
    heads: usize,
    blocks: usize,
    dropout: f32,
}

fn build(b: &mut Builder<'_>, parts: &[Part], params: &Value) -> Result<Fused> {
    let Params { width, heads, blocks, dropout } = parse("attention", params)?;
    let mut tokens = Vec::with_capacity(parts.len() + 1);
    let mut present = Vec::with_capacity(parts.len() + 1);
    for part in parts {
        let x = layers::layer_norm(b, &format!("{}.norm", part.name), part.vector, 1e-5)?;
        // The projection's bias is the token's own embedding e_i.
        let x = layers::linear(b, &format!("{}.project", part.name), x, width, true, Init::GlorotUniform)?;
        tokens.push(b.dropout(dropout, x)?);
        present.push(super::column(b, part.present)?);
    }
    let nothing = b.op(Op::Affine { scale: 0.0, offset: 0.0 }, &[tokens[0]])?;
    let summary = b.weight("summary", &[width], Init::Normal(0.02))?;
    tokens.insert(0, b.op(Op::Add, &[nothing, summary])?);
    let always = b.op(Op::Affine { scale: 0.0, offset: 1.0 }, &[present[0]])?;
    present.insert(0, always);
    let mask = b.op(Op::Concat, &present)?;
    let mut x = b.op(Op::Stack, &tokens)?;
    let block = TransformerBlock {
        heads,
        causal: false,
        hidden: width * 2,
        act: Act::Gelu,
        eps: 1e-5,
        dropout,
        order: NormOrder::Pre,
        names: BlockNames::PLAIN,
    };
    for i in 0..blocks {
        x = layers::transformer_block(b, &format!("block{i}"), x, Some(mask), &block)?;
    }
    Ok(Fused { representation: b.op(Op::SelectToken { index: 0 }, &[x])?, weights: None })
}
