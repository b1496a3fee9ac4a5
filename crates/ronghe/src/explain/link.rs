//! The scale on which a prediction is taken apart.
//!
//! Identity: `v = p`. Log-odds: `v = ln(p / (1 - p))`, with p kept within `[1e-7, 1 - 1e-7]`, the resolution of the
//! single-precision network behind it. A value of a game is the mean over the background of linked outputs, so that
//! on the log-odds scale a logistic model is taken apart exactly as the linear model within it.

use serde::{Deserialize, Serialize};

const EDGE: f64 = 1e-7;

/// The scale on which attributions add up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// The prediction itself: probability, or the target's unit.
    #[default]
    Identity,
    /// Logarithm of the odds of a probability.
    LogOdds,
}

impl Link {
    /// A prediction on this scale.
    pub fn apply(self, prediction: f64) -> f64 {
        match self {
            Link::Identity => prediction,
            Link::LogOdds => {
                let p = prediction.clamp(EDGE, 1.0 - EDGE);
                (p / (1.0 - p)).ln()
            }
        }
    }

    /// How steeply this scale rises at a prediction; 0 where it is held at an edge.
    pub(super) fn slope(self, prediction: f64) -> f64 {
        match self {
            Link::Identity => 1.0,
            Link::LogOdds if self.clamps(prediction) => 0.0,
            Link::LogOdds => 1.0 / (prediction * (1.0 - prediction)),
        }
    }

    /// Whether the prediction lies beyond what this scale can show, and is held at its edge.
    pub fn clamps(self, prediction: f64) -> bool {
        self == Link::LogOdds && !(EDGE..=1.0 - EDGE).contains(&prediction)
    }

    /// Back from this scale.
    pub fn invert(self, value: f64) -> f64 {
        match self {
            Link::Identity => value,
            Link::LogOdds => 1.0 / (1.0 + (-value).exp()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_odds_of_even_is_zero_and_of_certain_is_finite() {
        assert_eq!(Link::LogOdds.apply(0.5), 0.0);
        assert!(Link::LogOdds.apply(1.0).is_finite() && Link::LogOdds.apply(0.0).is_finite());
        assert!((Link::LogOdds.invert(Link::LogOdds.apply(0.3)) - 0.3).abs() < 1e-12);
    }
}
