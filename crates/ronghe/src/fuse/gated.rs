//! Gated fusion: `r = MLP(sum_i a_i h_i)`, `h_i = tanh(W_i LayerNorm(x_i))`, `a = softmax over present i of (U [h_1; ...; h_m])_i`.
//!
//! After the gated multimodal unit (Arevalo et al. 2017), with a softmax so that the weights of a row sum to one and
//! can be read as shares. An absent input has weight 0; where all are absent the sum is 0.

use super::{Fused, FusionSpec, Mlp, Part, parse};
use crate::Result;
use ronghe_graph::{Act, Builder, Init, Op, layers};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) static GATED: FusionSpec = FusionSpec {
    name: "gated",
    summary: "a readable weight for each input and row",
    defaults: |_| json!({"width": 128, "hidden": [], "dropout": 0.1}),
    build,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    width: usize,
    hidden: Vec<usize>,
    dropout: f32,
}

fn build(b: &mut Builder<'_>, parts: &[Part], params: &Value) -> Result<Fused> {
    let params: Params = parse("gated", params)?;
    let mut projected = Vec::with_capacity(parts.len());
    let mut present = Vec::with_capacity(parts.len());
    for part in parts {
        let x = layers::layer_norm(b, &format!("{}.norm", part.name), part.vector, 1e-5)?;
        let x =
            layers::linear(b, &format!("{}.project", part.name), x, params.width, true, Init::GlorotUniform)?;
        let x = b.act(Act::Tanh, x)?;
        // The gate must not see what an absent cell's stand-in looks like.
        projected.push(b.op(Op::ScaleRows, &[x, part.present])?);
        present.push(super::column(b, part.present)?);
    }
    let side_by_side = b.op(Op::Concat, &projected)?;
    let scores = layers::linear(b, "gate", side_by_side, parts.len(), true, Init::GlorotUniform)?;
    let mask = b.op(Op::Concat, &present)?;
    let weights = b.op(Op::Softmax, &[scores, mask])?;
    let tokens = b.op(Op::Stack, &projected)?;
    let sum = b.op(Op::WeightedSum, &[tokens, weights])?;
    let dropped = b.dropout(params.dropout, sum)?;
    let mlp = Mlp { hidden: params.hidden, dropout: params.dropout };
    Ok(Fused { representation: mlp.build(b, dropped)?, weights: Some(weights) })
}
