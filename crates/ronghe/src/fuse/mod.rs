//! Fusion: from one vector an input to one representation a row.
//!
//! An absent input is a valid input: `present` is 0 and its vector is whatever the encoder made of nothing. Every
//! fusion replaces or masks it, so that absence is learned and never leaks numbers.
//!
//! | file | what |
//! |---|---|
//! | `concat` | learned stand-in for an absent input, vectors side by side, dense layers |
//! | `gated` | a weight an input and row, readable; absent inputs weigh nothing |
//! | `attention` | inputs as tokens of a transformer block, absent ones masked |

mod attention;
mod concat;
mod gated;

use crate::{Error, Result};
use ronghe_graph::{Builder, ValueId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// One input as the fusion sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Name of the input.
    pub name: String,
    /// `[N, W]`
    pub vector: ValueId,
    /// `[N]`, 1 or 0
    pub present: ValueId,
}

/// What a fusion writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fused {
    /// `[N, R]`
    pub representation: ValueId,
    /// Weight of each input, `[N, inputs]`, where the fusion has one to read.
    pub weights: Option<ValueId>,
}

/// An entry of the table of fusions.
pub struct FusionSpec {
    /// Name in configurations.
    pub name: &'static str,
    /// One line of help.
    pub summary: &'static str,
    /// Its parameters with their defaults for a number of inputs, as an object.
    pub defaults: fn(inputs: usize) -> Value,
    /// Writes the network.
    pub build: fn(b: &mut Builder<'_>, parts: &[Part], params: &Value) -> Result<Fused>,
}

/// All fusions.
pub static FUSIONS: &[&FusionSpec] = &[&concat::CONCAT, &gated::GATED, &attention::ATTENTION];

/// The fusion called `name`.
pub fn find(name: &str, place: &str) -> Result<&'static FusionSpec> {
    FUSIONS.iter().copied().find(|f| f.name == name).ok_or_else(|| Error::UnknownName {
        place: place.to_owned(),
        what: "fusion",
        name: name.to_owned(),
        valid: FUSIONS.iter().map(|f| f.name.to_owned()).collect(),
    })
}

fn parse<T: DeserializeOwned>(fusion: &str, params: &Value) -> Result<T> {
    T::deserialize(params).map_err(|e| Error::Setting {
        place: format!("fusion {fusion}"),
        setting: "fusion".into(),
        expected: "parameters of this fusion".into(),
        found: ronghe_data::plain::json(&e),
    })
}

/// Dense layers with ReLU and dropout, shared by the fusions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mlp {
    hidden: Vec<usize>,
    dropout: f32,
}

impl Mlp {
    fn build(&self, b: &mut Builder<'_>, mut x: ValueId) -> Result<ValueId> {
        use ronghe_graph::{Act, Init, layers};
        for (i, &width) in self.hidden.iter().enumerate() {
            x = layers::linear(b, &format!("hidden{i}"), x, width, true, Init::HeNormal)?;
            x = b.act(Act::Relu, x)?;
            x = b.dropout(self.dropout, x)?;
        }
        Ok(x)
    }
}

/// `[N]` as a column `[N, 1]`.
fn column(b: &mut Builder<'_>, x: ValueId) -> Result<ValueId> {
    use ronghe_graph::{Op, Shape};
    Ok(b.op(Op::Reshape { shape: Shape::batch(&[1]) }, &[x])?)
}
