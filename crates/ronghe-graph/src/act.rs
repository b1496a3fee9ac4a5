//! Activation functions.

use serde::{Deserialize, Serialize};

/// An elementwise activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// `x`
    #[default]
    Identity,
    /// `max(x, 0)`
    Relu,
    /// `min(max(x, 0), 6)`
    Relu6,
    /// `x * Phi(x)` with the Gaussian distribution function by `erf`
    Gelu,
    /// `x * sigmoid(x)`
    Silu,
    /// Hyperbolic tangent
    Tanh,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
}

impl Act {
    /// Every activation, for tables and tests.
    pub const ALL: [Act; 7] =
        [Act::Identity, Act::Relu, Act::Relu6, Act::Gelu, Act::Silu, Act::Tanh, Act::Sigmoid];
}
