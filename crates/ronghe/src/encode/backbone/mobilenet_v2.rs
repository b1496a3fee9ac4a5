//! MobileNetV2 (Sandler et al. 2018): a stem, seventeen inverted residual blocks, a 1x1 head. 3.5 million parameters and
//! 0.6 billion flops at width 1 and 224 px. torchvision's pictures are RGB in 0..1 less the ImageNet mean over its
//! standard deviation; Keras' are `x / 127.5 - 1`.

use super::inverted::{Inverted, InvertedNames, Padding, conv_norm, inverted_residual};
use super::{PictureFeatures, Style};
use ronghe_graph::layers::{BatchNorm, linear};
use ronghe_graph::{Act, Builder, Error, Init, Op, Result, ValueId, Window};

/// Widening, channels, blocks, stride of the first.
pub(super) const STAGES: [(usize, usize, usize, usize); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
];

/// More than any published factor.
const MAX_WIDTH: f32 = 8.0;

const NAMES: InvertedNames = InvertedNames {
    expand: ["conv.0.0", "conv.0.1"],
    depthwise: ["conv.1.0", "conv.1.1"],
    project: ["conv.2", "conv.3"],
};

/// The first block has no widening convolution, and so other numbers.
const FIRST_NAMES: InvertedNames =
    InvertedNames { expand: ["", ""], depthwise: ["conv.0.0", "conv.0.1"], project: ["conv.1", "conv.2"] };

/// Which MobileNetV2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MobileNetV2 {
    /// Factor on the number of channels.
    pub width: f32,
    /// What lies around the picture.
    pub padding: Padding,
    /// How its norms behave.
    pub norm: BatchNorm,
}

impl MobileNetV2 {
    /// As torchvision builds it.
    pub fn torch(width: f32, frozen: bool) -> MobileNetV2 {
        MobileNetV2 { width, padding: Style::Torch.padding(), norm: Style::Torch.norm(0.1, frozen) }
    }

    /// As Keras builds it.
    pub fn keras(width: f32, frozen: bool) -> MobileNetV2 {
        MobileNetV2 { width, padding: Style::Keras.padding(), norm: Style::Keras.norm(0.001, frozen) }
    }

    /// A number of channels at this width: the nearest multiple of 8 that is not more than a tenth below.
    fn channels(&self, base: usize) -> usize {
        let wanted = base as f32 * self.width.max(0.0);
        let rounded = ((wanted + 4.0) as usize / 8 * 8).max(8);
        if (rounded as f32) < 0.9 * wanted { rounded + 8 } else { rounded }
    }

    /// Channels of the features: 1,280, more only for a width above 1.
    pub fn feature_width(&self) -> usize {
        MobileNetV2 { width: self.width.max(1.0), ..*self }.channels(1280)
    }

    /// Channels of the stem, of each stage, and of the features.
    pub(super) fn widths(&self) -> Vec<usize> {
        let stages = STAGES.iter().map(|stage| self.channels(stage.1));
        [self.channels(32)].into_iter().chain(stages).chain([self.feature_width()]).collect()
    }

    pub(super) fn check(&self) -> Result<()> {
        if (0.0..=MAX_WIDTH).contains(&self.width) {
            return Ok(());
        }
        Err(Error::Shape {
            op: "MobileNetV2",
            expected: format!("a width of 0 to {MAX_WIDTH}"),
            found: self.width.to_string(),
        })
    }
}

/// The trunk over `x[N, H, W, 3]`: a map `[N, H / 32, W / 32, C]` and its mean.
pub fn mobilenet_v2(b: &mut Builder<'_>, x: ValueId, config: &MobileNetV2) -> Result<PictureFeatures> {
    let MobileNetV2 { padding, norm, .. } = *config;
    let stem = config.channels(32);
    let window = padding.window(b, x, 3, 2)?;
    let mut x = conv_norm(b, ["features.0.0", "features.0.1"], x, stem, window, norm, Act::Relu6)?;
    let mut index = 1;
    for (expand, base, blocks, stride) in STAGES {
        for i in 0..blocks {
            let stride = if i == 0 { stride } else { 1 };
            let block = Inverted { expand, out: config.channels(base), kernel: 3, stride };
            let names = if expand == 1 { &FIRST_NAMES } else { &NAMES };
            let scope = format!("features.{index}");
            x = b.scoped(&scope, |b| inverted_residual(b, names, x, block, padding, norm))?;
            index += 1;
        }
    }
    let out = config.feature_width();
    let point = Window::square(1, 1, 0);
    let map = conv_norm(b, ["features.18.0", "features.18.1"], x, out, point, norm, Act::Relu6)?;
    Ok(PictureFeatures { map, pooled: b.op(Op::GlobalAvgPool, &[map])? })
}

/// torchvision's classifier over the pooled features, without its dropout: `[N, C] -> [N, classes]` logits.
pub fn mobilenet_v2_classifier(b: &mut Builder<'_>, pooled: ValueId, classes: usize) -> Result<ValueId> {
    linear(b, "classifier.1", pooled, classes, true, Init::Normal(0.01))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ronghe_graph::{DType, Mode, Shape, Weights};

    fn parameters(config: &MobileNetV2, size: usize, classes: usize) -> Result<(Shape, usize)> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, Mode::Train, 1);
        let x = b.input("picture", &Shape::batch(&[size, size, 3]), DType::F32)?;
        let features = mobilenet_v2(&mut b, x, config)?;
        mobilenet_v2_classifier(&mut b, features.pooled, classes)?;
        let shape = b.shape(features.map).clone();
        Ok((shape, weights.elements().1))
    }

    #[test]
    fn the_network_has_torchvisions_size() -> Result<()> {
        let (shape, count) = parameters(&MobileNetV2::torch(1.0, false), 224, 1000)?;
        assert_eq!((shape, count), (Shape::batch(&[7, 7, 1280]), 3_504_872));
        let (_, half) = parameters(&MobileNetV2::torch(0.5, false), 96, 1000)?;
        assert_eq!(half, 1_968_680);
        Ok(())
    }

    #[test]
    fn keras_padding_halves_odd_sizes_upwards() -> Result<()> {
        let (shape, count) = parameters(&MobileNetV2::keras(1.0, true), 160, 19)?;
        assert_eq!(shape, Shape::batch(&[5, 5, 1280]));
        assert_eq!(count, 3_504_872 - 981 * 1281);
        Ok(())
    }

    #[test]
    fn training_updates_every_norm_unless_frozen() -> Result<()> {
        for (frozen, updates) in [(false, 2 * 52), (true, 0)] {
            let mut weights = Weights::new();
            let mut b = Builder::new(&mut weights, Mode::Train, 1);
            let x = b.input("picture", &Shape::batch(&[32, 32, 3]), DType::F32)?;
            mobilenet_v2(&mut b, x, &MobileNetV2::torch(1.0, frozen))?;
            assert_eq!(b.finish().updates().len(), updates);
        }
        Ok(())
    }
}
