//! A picture network in every detail that its graph needs.

use super::vit::VitConfig;
use super::{
    MobileNetV2, PictureFeatures, Pixels, ResNet, Style, efficientnet_lite0, mobilenet_v2, resnet,
    squeezenet, vit,
};
use ronghe_graph::{Builder, Result, ValueId};
use serde::{Deserialize, Serialize};

/// One member of a family of picture networks; saved with a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// MobileNetV2 with a factor on its channels.
    MobilenetV2 {
        /// The factor.
        width: f32,
        /// Padding, norms, pixels.
        style: Style,
    },
    /// EfficientNet-Lite0.
    EfficientnetLite0 {
        /// Padding, norms, pixels.
        style: Style,
    },
    /// A residual network of any of the published depths.
    Resnet(ResNet),
    /// SqueezeNet 1.1.
    Squeezenet {
        /// Scale of its pixels.
        pixels: Pixels,
    },
    /// A vision transformer.
    Vit(VitConfig),
}

impl Architecture {
    /// The trunk over `x[N, H, W, 3]`. In training `frozen` batch norms keep their statistics.
    pub fn write(&self, b: &mut Builder<'_>, x: ValueId, frozen: bool) -> Result<PictureFeatures> {
        match self {
            Architecture::MobilenetV2 { width, style: Style::Keras } => {
                mobilenet_v2(b, x, &MobileNetV2::keras(*width, frozen))
            }
            Architecture::MobilenetV2 { width, style: Style::Torch } => {
                mobilenet_v2(b, x, &MobileNetV2::torch(*width, frozen))
            }
            Architecture::EfficientnetLite0 { style } => efficientnet_lite0(b, x, *style, frozen),
            Architecture::Resnet(config) => resnet(b, x, config, frozen),
            Architecture::Squeezenet { .. } => squeezenet(b, x),
            Architecture::Vit(config) => vit(b, x, config),
        }
    }

    /// Its name in [`super::BACKBONES`].
    pub fn family(&self) -> &'static str {
        match self {
            Architecture::MobilenetV2 { .. } => "mobilenet_v2",
            Architecture::EfficientnetLite0 { .. } => "efficientnet_lite0",
            Architecture::Resnet(_) => "resnet",
            Architecture::Squeezenet { .. } => "squeezenet",
            Architecture::Vit(_) => "vit",
        }
    }

    /// How pixels of 0 to 255 become the numbers that it was trained on.
    pub fn pixels(&self) -> Pixels {
        match self {
            Architecture::MobilenetV2 { style: Style::Keras, .. } => Pixels::SYMMETRIC,
            // As the release of the network says; timm has 127.5 for both.
            Architecture::EfficientnetLite0 { style: Style::Keras } => {
                Pixels { mean: [127.0; 3], std: [128.0; 3] }
            }
            Architecture::MobilenetV2 { .. }
            | Architecture::EfficientnetLite0 { .. }
            | Architecture::Resnet(_) => Pixels::IMAGENET,
            Architecture::Squeezenet { pixels } => *pixels,
            Architecture::Vit(config) => config.pixels,
        }
    }

    /// Height and width of the pictures that it was trained on.
    pub fn size(&self) -> usize {
        match self {
            Architecture::Vit(config) => config.size,
            _ => 224,
        }
    }

    /// Refuses sizes that no network has: a saved one may be damaged.
    pub fn check(&self) -> Result<()> {
        match self {
            Architecture::MobilenetV2 { width, .. } => MobileNetV2::torch(*width, true).check(),
            Architecture::Resnet(config) => config.check(),
            Architecture::Vit(config) => config.check("architecture"),
            Architecture::Squeezenet { pixels } => pixels.check("architecture"),
            Architecture::EfficientnetLite0 { .. } => Ok(()),
        }
    }
}
