//! With which habits a picture network was trained: padding, the constants of its norms, the scale of its pixels.

use super::hugging_face::wrong;
use super::inverted::Padding;
use ronghe_graph::Result;
use ronghe_graph::layers::BatchNorm;
use serde::{Deserialize, Serialize};

/// Whose habits. Names and shapes of tensors do not always tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// TensorFlow and Keras: SAME padding, 1e-3 added to variances, pixels in -1..1.
    Keras,
    /// PyTorch: even padding, 1e-5 added to variances, pixels standardised by ImageNet's statistics.
    Torch,
}

impl Style {
    pub(super) fn padding(self) -> Padding {
        match self {
            Style::Keras => Padding::Same,
            Style::Torch => Padding::Even,
        }
    }

    /// A norm that in training moves its statistics by `momentum`, or keeps them if `frozen`.
    pub(super) fn norm(self, momentum: f32, frozen: bool) -> BatchNorm {
        let eps = match self {
            Style::Keras => 1e-3,
            Style::Torch => 1e-5,
        };
        BatchNorm { eps, momentum, frozen }
    }
}

/// What is subtracted from each channel, 0 to 255, and what then divides it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pixels {
    /// Subtracted.
    pub mean: [f32; 3],
    /// Divides.
    pub std: [f32; 3],
}

impl Pixels {
    /// The statistics of ImageNet's pictures.
    pub const IMAGENET: Pixels = Pixels {
        mean: [0.485 * 255.0, 0.456 * 255.0, 0.406 * 255.0],
        std: [0.229 * 255.0, 0.224 * 255.0, 0.225 * 255.0],
    };
    /// ImageNet's means subtracted, not scaled, as Caffe's networks expect.
    pub const CAFFE: Pixels = Pixels { mean: [123.68, 116.779, 103.939], std: [1.0; 3] };
    /// -1 to 1.
    pub const SYMMETRIC: Pixels = Pixels { mean: [127.5; 3], std: [127.5; 3] };

    /// Refuses numbers that no network has; `place` is where they come from.
    pub(super) fn check(&self, place: &str) -> Result<()> {
        if self.mean.iter().all(|m| m.is_finite()) && self.std.iter().all(|s| s.is_finite() && *s > 0.0) {
            return Ok(());
        }
        Err(wrong(place, "means must be finite and standard deviations above 0".into()))
    }
}
