//! EfficientNet-Lite0 (Tan and Le 2019; the Lite variant without squeeze-and-excitation, with ReLU6): a stem, sixteen
//! inverted residual blocks, a 1x1 head to 1,280 channels. 4.65 million parameters, 0.77 billion flops at 224 px, the
//! size of the published weights, whose pictures are RGB, `(x - 127) / 128`.

use super::PictureFeatures;
use super::inverted::{Inverted, InvertedNames, Padding, conv_norm, inverted_residual};
use ronghe_graph::layers::{BatchNorm, linear};
use ronghe_graph::weights::layout::pictures_from_torch;
use ronghe_graph::{Act, Builder, Init, Op, Result, ValueId, Weights, Window};
use std::path::Path;

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

/// The trunk over `x[N, H, W, 3]`: a map `[N, H / 32, W / 32, 1280]` and its mean. `frozen` norms keep their statistics
/// in training.
pub fn efficientnet_lite0(b: &mut Builder<'_>, x: ValueId, frozen: bool) -> Result<PictureFeatures> {
    let norm = BatchNorm { eps: 1e-3, momentum: 0.01, frozen };
    let window = Padding::Same.window(b, x, 3, 2)?;
    let mut x = conv_norm(b, ["_conv_stem", "_bn0"], x, 32, window, norm, Act::Relu6)?;
    let mut index = 0;
    for (blocks, kernel, stride, expand, out) in STAGES {
        for i in 0..blocks {
            let block = Inverted { expand, out, kernel, stride: if i == 0 { stride } else { 1 } };
            let scope = format!("_blocks.{index}");
            x = b.scoped(&scope, |b| inverted_residual(b, &NAMES, x, block, Padding::Same, norm))?;
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

/// The published .pth in our layouts, classifier included.
pub fn load_efficientnet_lite0(path: &Path) -> Result<Weights> {
    let mut weights = Weights::load(path)?;
    weights.retain(|name| !name.ends_with("num_batches_tracked"));
    pictures_from_torch(&mut weights)?;
    Ok(weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ronghe_graph::weights::check;
    use ronghe_graph::{DType, Mode, Shape, Symbol, passes};

    #[test]
    fn the_network_has_the_published_size() -> Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, Mode::Infer, 1);
        let x = b.input("picture", &Shape::batch(&[224, 224, 3]), DType::F32)?;
        let features = efficientnet_lite0(&mut b, x, true)?;
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
}
