//! Residual networks (He et al. 2016) as torchvision and timm build them: a 7x7 stem, a max pool, four stages of blocks,
//! each `relu(f(x) + shortcut(x))`. A basic block (depth 18, 34) is two 3x3 convolutions, a bottleneck (50, 101, 152) a
//! 1x1, a 3x3 that carries the stride, and a 1x1 to four times the channels.
//!
//! `x[N, H, W, 3] -> [N, H / 32, W / 32, 512 or 2048]`. Without classifiers depth 18 has 11.2 million parameters and 3.6
//! billion flops at 224 px, depth 50 23.5 million and 8.2 billion. Files of both libraries have the same names.

use super::inverted::conv_norm;
use super::layout::{Layout, Order, same_name};
use super::{Architecture, Backbone, PictureFeatures, Style};
use ronghe_graph::layers::BatchNorm;
use ronghe_graph::{Act, Builder, Error, Op, Result, ValueId, Window};
use serde::{Deserialize, Serialize};

/// Channels of the 3x3 convolutions of a stage, stride of its first block.
const STAGES: [(usize, usize); 4] = [(64, 1), (128, 2), (256, 2), (512, 2)];
/// Channels after a bottleneck over channels inside.
const EXPANSION: usize = 4;
/// More than any published network has in one stage.
const MAX_BLOCKS: usize = 64;

pub(super) static BACKBONE: Backbone = Backbone {
    name: "resnet",
    summary: "ResNet-18, -34, -50, -101, -152; the depth is read from the file",
    layouts: &[Layout {
        name: "torchvision and timm",
        marks: &["conv1.weight", "layer1.0.conv1.weight", "layer4.0.downsample.0.weight"],
        own: &["conv1.", "bn1.", "layer"],
        order: Order::Torch,
        style: Style::Torch,
        theirs: same_name,
        adapt: None,
        part: None,
        pixels: None,
    }],
    describe: |file| {
        let block = |stage: usize, i: usize| {
            let start = format!("layer{stage}.{i}.");
            file.any(|name| name.starts_with(&start))
        };
        let blocks = [1, 2, 3, 4].map(|stage| (0..MAX_BLOCKS).take_while(|&i| block(stage, i)).count());
        let bottleneck = file.any(|name| name.contains(".conv3."));
        Ok(Architecture::Resnet(ResNet { bottleneck, blocks }))
    },
};

/// Which residual network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResNet {
    /// Whether blocks are bottlenecks.
    pub bottleneck: bool,
    /// Blocks of each stage.
    pub blocks: [usize; 4],
}

impl ResNet {
    /// Depth 18.
    pub const RESNET18: ResNet = ResNet { bottleneck: false, blocks: [2, 2, 2, 2] };
    /// Depth 50.
    pub const RESNET50: ResNet = ResNet { bottleneck: true, blocks: [3, 4, 6, 3] };

    pub(super) fn check(&self) -> Result<()> {
        if self.blocks.iter().all(|n| (1..=MAX_BLOCKS).contains(n)) {
            return Ok(());
        }
        Err(Error::Shape {
            op: "ResNet",
            expected: format!("1 to {MAX_BLOCKS} blocks in each stage"),
            found: format!("{:?}", self.blocks),
        })
    }
}

/// The trunk over `x[N, H, W, 3]`: a map `[N, H / 32, W / 32, C]` and its mean.
pub fn resnet(b: &mut Builder<'_>, x: ValueId, config: &ResNet, frozen: bool) -> Result<PictureFeatures> {
    let norm = Style::Torch.norm(0.1, frozen);
    let x = conv_norm(b, ["conv1", "bn1"], x, 64, Window::square(7, 2, 3), norm, Act::Relu)?;
    let mut x = b.op(Op::MaxPool { window: Window::square(3, 2, 1) }, &[x])?;
    for (stage, (&(channels, stride), &blocks)) in STAGES.iter().zip(&config.blocks).enumerate() {
        for i in 0..blocks {
            let stride = if i == 0 { stride } else { 1 };
            let scope = format!("layer{}.{i}", stage + 1);
            x = b.scoped(&scope, |b| block(b, x, channels, stride, config.bottleneck, norm))?;
        }
    }
    Ok(PictureFeatures { map: x, pooled: b.op(Op::GlobalAvgPool, &[x])? })
}

fn block(
    b: &mut Builder<'_>,
    x: ValueId,
    channels: usize,
    stride: usize,
    bottleneck: bool,
    norm: BatchNorm,
) -> Result<ValueId> {
    let point = |stride| Window::square(1, stride, 0);
    let square = |stride| Window::square(3, stride, 1);
    let (out, convolutions) = if bottleneck {
        let out = channels * EXPANSION;
        (out, vec![(channels, point(1)), (channels, square(stride)), (out, point(1))])
    } else {
        (channels, vec![(channels, square(stride)), (channels, square(1))])
    };
    let mut y = x;
    for (i, &(channels, window)) in convolutions.iter().enumerate() {
        let (conv, bn) = (format!("conv{}", i + 1), format!("bn{}", i + 1));
        let act = if i + 1 < convolutions.len() { Act::Relu } else { Act::Identity };
        y = conv_norm(b, [&conv, &bn], y, channels, window, norm, act)?;
    }
    let shortcut = if stride == 1 && b.width(x)? == out {
        x
    } else {
        conv_norm(b, ["downsample.0", "downsample.1"], x, out, point(stride), norm, Act::Identity)?
    };
    let sum = b.op(Op::Add, &[y, shortcut])?;
    b.act(Act::Relu, sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ronghe_graph::{DType, Shape, Symbol, Weights, passes};

    #[test]
    fn the_networks_have_their_published_sizes() -> Result<()> {
        for (config, map, count, flops) in [
            (ResNet::RESNET18, 512, 11_689_512 - 513_000, 3.6e9),
            (ResNet::RESNET50, 2048, 25_557_032 - 2_049_000, 8.2e9),
        ] {
            let mut weights = Weights::new();
            let mut b = Builder::outline(&mut weights);
            let x = b.input("picture", &Shape::batch(&[224, 224, 3]), DType::F32)?;
            let features = resnet(&mut b, x, &config, true)?;
            assert_eq!(b.shape(features.map), &Shape::batch(&[7, 7, map]));
            b.graph.set_output("pooled", features.pooled);
            let graph = b.finish();
            assert_eq!(weights.elements().1, count);

            let (small, _) = passes::infer_optimise(&graph, weights)?;
            let ops = |name: &str| small.nodes().iter().filter(|n| n.op.name() == name).count();
            // One activation a block stands behind its sum; all others are in their convolutions.
            assert_eq!((ops("BatchNormFixed"), ops("Activate")), (0, config.blocks.iter().sum()));
            let cost = passes::cost(&small, &|s| (s == Symbol(0)).then_some(1))?;
            assert!((0.97 * flops..1.03 * flops).contains(&(cost.flops as f64)), "{}", cost.flops);
        }
        Ok(())
    }

    #[test]
    fn small_and_odd_pictures_have_a_map() -> Result<()> {
        for (size, map) in [(32, 1), (33, 2), (95, 3)] {
            let mut weights = Weights::new();
            let mut b = Builder::outline(&mut weights);
            let x = b.input("picture", &Shape::batch(&[size, size, 3]), DType::F32)?;
            let features = resnet(&mut b, x, &ResNet::RESNET18, true)?;
            assert_eq!(b.shape(features.map), &Shape::batch(&[map, map, 512]));
        }
        Ok(())
    }
}
