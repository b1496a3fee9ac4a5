//! EfficientNet-Lite0 (Tan and Le 2019; the Lite variant without squeeze-and-excitation, with ReLU6): a stem, sixteen
//! inverted residual blocks, a 1x1 head to 1,280 channels. 4.65 million parameters, 0.77 billion flops at 224 px, the
//! size of the published weights, whose pictures are RGB, `(x - 127) / 128`.

use super::inverted::{Inverted, InvertedNames, conv_norm, inverted_residual};
use super::layout::{Layout, Order, same_name, stage_and_block};
use super::{Architecture, Backbone, PictureFeatures, Style};
use ronghe_graph::layers::linear;
use ronghe_graph::{Act, Builder, Init, Op, Result, ValueId, Window};

/// Blocks, kernel, stride of the first, widening, channels.
const STAGES: [(usize, usize, usize, usize, usize); 7] = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
];

const NAMES: InvertedNames = InvertedNames {
    expand: ["_expand_conv", "_bn0"],
    depthwise: ["_depthwise_conv", "_bn1"],
    project: ["_project_conv", "_bn2"],
};

pub(super) static BACKBONE: Backbone = Backbone {
    name: "efficientnet_lite0",
    summary: "EfficientNet-Lite0, the best features a second on CPU",
    layouts: &[
        Layout {
            name: "efficientnet-lite-pytorch",
            marks: &["_conv_stem.weight", "_blocks.15._project_conv.weight"],
            own: &["_conv", "_bn", "_blocks."],
            order: Order::Torch,
            style: Style::Keras,
            theirs: same_name,
            adapt: None,
            part: None,
            pixels: None,
        },
        // Of timm's two, `tf_efficientnet_lite0` has the habits of the original release, `efficientnet_lite0` those of
        // PyTorch under the same names and shapes.
        Layout {
            name: "timm",
            marks: &["conv_stem.weight", "blocks.5.3.conv_pwl.weight", "blocks.6.0.conv_pwl.weight"],
            own: &["conv_stem.", "bn1.", "blocks.", "conv_head.", "bn2."],
            order: Order::Torch,
            style: Style::Keras,
            theirs: |name, _| timm(name).unwrap_or_else(|| name.to_owned()),
            adapt: None,
            part: None,
            pixels: None,
        },
    ],
    describe: |file| Ok(Architecture::EfficientnetLite0 { style: file.style() }),
};

/// Layers outside the blocks: ours, timm's.
const ENDS: [[&str; 2]; 5] = [
    ["_conv_stem", "conv_stem"],
    ["_bn0", "bn1"],
    ["_conv_head", "conv_head"],
    ["_bn1", "bn2"],
    ["_fc", "classifier"],
];

/// Layers of a block: ours, timm's, timm's in the first block, which widens nothing.
const PARTS: [[&str; 3]; 6] = [
    ["_expand_conv", "conv_pw", ""],
    ["_bn0", "bn1", ""],
    ["_depthwise_conv", "conv_dw", "conv_dw"],
    ["_bn1", "bn2", "bn1"],
    ["_project_conv", "conv_pwl", "conv_pw"],
    ["_bn2", "bn3", "bn2"],
];

fn timm(name: &str) -> Option<String> {
    let (layer, variable) = name.rsplit_once('.')?;
    let Some(block) = layer.strip_prefix("_blocks.") else {
        let [_, theirs] = ENDS.iter().find(|names| names[0] == layer)?;
        return Some(format!("{theirs}.{variable}"));
    };
    let (index, part) = block.split_once('.')?;
    let index: usize = index.parse().ok()?;
    let [_, usual, first] = PARTS.iter().find(|names| names[0] == part)?;
    let layer = if index == 0 { first } else { usual };
    let (stage, i) = stage_and_block(STAGES.iter().map(|stage| stage.0), index)?;
    Some(format!("blocks.{stage}.{i}.{layer}.{variable}"))
}

/// The trunk over `x[N, H, W, 3]`: a map `[N, H / 32, W / 32, 1280]` and its mean. `frozen` norms keep their statistics
/// in training.
pub fn efficientnet_lite0(
    b: &mut Builder<'_>,
    x: ValueId,
    style: Style,
    frozen: bool,
) -> Result<PictureFeatures> {
    let (norm, padding) = (style.norm(0.01, frozen), style.padding());
    let window = padding.window(b, x, 3, 2)?;
    let mut x = conv_norm(b, ["_conv_stem", "_bn0"], x, 32, window, norm, Act::Relu6)?;
    let mut index = 0;
    for (blocks, kernel, stride, expand, out) in STAGES {
        for i in 0..blocks {
            let block = Inverted { expand, out, kernel, stride: if i == 0 { stride } else { 1 } };
            let scope = format!("_blocks.{index}");
            x = b.scoped(&scope, |b| inverted_residual(b, &NAMES, x, block, padding, norm))?;
            index += 1;
        }
    }
    let point = Window::square(1, 1, 0);
    let map = conv_norm(b, ["_conv_head", "_bn1"], x, 1280, point, norm, Act::Relu6)?;
    Ok(PictureFeatures { map, pooled: b.op(Op::GlobalAvgPool, &[map])? })
}

/// The published classifier over the pooled features: `[N, 1280] -> [N, classes]` logits.
pub fn efficientnet_lite0_classifier(
    b: &mut Builder<'_>,
    pooled: ValueId,
    classes: usize,
) -> Result<ValueId> {
    linear(b, "_fc", pooled, classes, true, Init::LecunUniform)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ronghe_graph::weights::check;
    use ronghe_graph::{DType, Mode, Shape, Symbol, Weights, passes};
    use std::collections::BTreeSet;

    #[test]
    fn the_network_has_the_published_size() -> Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, Mode::Infer, 1);
        let x = b.input("picture", &Shape::batch(&[224, 224, 3]), DType::F32)?;
        let features = efficientnet_lite0(&mut b, x, Style::Keras, true)?;
        assert_eq!(b.shape(features.map), &Shape::batch(&[7, 7, 1280]));
        let logits = efficientnet_lite0_classifier(&mut b, features.pooled, 1000)?;
        b.graph.set_output("logits", logits);
        let graph = b.finish();
        assert_eq!(weights.elements().1, 4_652_008);
        // 296 tensors in the file less 49 counters of batches.
        assert_eq!(weights.len(), 296 - 49);
        assert_eq!(
            weights.get("_blocks.2._depthwise_conv.weight").map(|t| t.shape()),
            Some(&[3, 3, 144][..])
        );
        check(&graph, &weights)?;

        let (small, folded) = passes::infer_optimise(&graph, weights)?;
        check(&small, &folded)?;
        let ops = |name: &str| small.nodes().iter().filter(|n| n.op.name() == name).count();
        assert_eq!((ops("BatchNormFixed"), ops("Activate"), ops("Depthwise")), (0, 0, 16));
        let cost = passes::cost(&small, &|s| (s == Symbol(0)).then_some(1))?;
        assert!((0.75e9..0.80e9).contains(&(cost.flops as f64)), "{}", cost.flops);
        Ok(())
    }
    #[test]
    fn every_tensor_of_the_trunk_has_one_name_in_each_layout() -> Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::outline(&mut weights);
        let x = b.input("x", &Shape::batch(&[32, 32, 3]), DType::F32)?;
        efficientnet_lite0(&mut b, x, Style::Torch, true)?;
        for layout in BACKBONE.layouts {
            let theirs: BTreeSet<String> =
                weights.iter().map(|(name, p)| (layout.theirs)(name, p.tensor.shape().len())).collect();
            assert_eq!(theirs.len(), weights.len(), "{}", layout.name);
            assert!(layout.marks.iter().all(|mark| theirs.contains(*mark)), "{}", layout.name);
            let own = |name: &String| layout.own.iter().any(|start| name.starts_with(start));
            assert!(theirs.iter().all(own), "{}", layout.name);
        }
        assert_eq!(timm("_blocks.0._bn1.bias"), Some("blocks.0.0.bn1.bias".into()));
        assert_eq!(timm("_blocks.14._project_conv.weight"), Some("blocks.5.3.conv_pwl.weight".into()));
        Ok(())
    }
}
