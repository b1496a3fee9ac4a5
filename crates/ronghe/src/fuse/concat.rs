//! Concatenation: `r = MLP([v_1; ...; v_m])`, `v_i = LayerNorm(x_i)` where present, else a learned vector.
//!
//! One input passes as it is, unnormalised, so that a single-input network is exactly the encoder and the head.

use super::{Fused, FusionSpec, Mlp, Part, parse};
use crate::Result;
use ronghe_graph::{Builder, Init, Op, ValueId, layers};
use serde_json::{Value, json};

pub(super) static CONCAT: FusionSpec = FusionSpec {
    name: "concat",
    summary: "vectors side by side, then dense layers",
    defaults: |inputs| json!({"hidden": if inputs > 1 { vec![128] } else { vec![] }, "dropout": 0.1}),
    build,
};

fn build(b: &mut Builder<'_>, parts: &[Part], params: &Value) -> Result<Fused> {
    let mlp: Mlp = parse("concat", params)?;
    let vectors = parts.iter().map(|p| known(b, p, parts.len() > 1)).collect::<Result<Vec<_>>>()?;
    let side_by_side = if vectors.len() == 1 { vectors[0] } else { b.op(Op::Concat, &vectors)? };
    Ok(Fused { representation: mlp.build(b, side_by_side)?, weights: None })
}

/// The part's vector, or the learned one where the input is absent.
fn known(b: &mut Builder<'_>, part: &Part, normalise: bool) -> Result<ValueId> {
    let width = b.width(part.vector)?;
    let vector = if normalise {
        layers::layer_norm(b, &format!("{}.norm", part.name), part.vector, 1e-5)?
    } else {
        part.vector
    };
    let learned = b.weight(&format!("{}.absent", part.name), &[width], Init::Constant(0.0))?;
    Ok(b.op(Op::Select, &[part.present, vector, learned])?)
}
