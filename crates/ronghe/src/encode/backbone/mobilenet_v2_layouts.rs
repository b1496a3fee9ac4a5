//! The files of MobileNetV2: torchvision's names, which are ours, timm's and Keras',
//! the latter also by numbers, as a .weights.h5 file alone has them.

use super::layout::{Layout, Order, same_name, stage_and_block};
use super::mobilenet_v2::{MobileNetV2, STAGES};
use super::{Architecture, Backbone, Published, Style};

pub(super) static BACKBONE: Backbone = Backbone {
    name: "mobilenet_v2",
    summary: "MobileNetV2 of any width",
    layouts: &[
        Layout {
            name: "torchvision",
            marks: &["features.0.0.weight", "features.17.conv.1.0.weight"],
            own: &["features."],
            order: Order::Torch,
            style: Style::Torch,
            theirs: same_name,
            adapt: None,
            part: None,
            pixels: None,
        },
        Layout {
            name: "timm",
            marks: &["conv_stem.weight", "blocks.2.2.conv_pwl.weight", "blocks.6.0.conv_pwl.weight"],
            own: &["conv_stem.", "bn1.", "blocks.", "conv_head.", "bn2."],
            order: Order::Torch,
            style: Style::Torch,
            theirs: |name, _| timm(name).unwrap_or_else(|| name.to_owned()),
            adapt: None,
            part: None,
            pixels: None,
        },
        Layout {
            name: "Keras",
            marks: &["Conv1/kernel", "expanded_conv_project/kernel", "block_16_project/kernel"],
            own: &["Conv1/", "bn_Conv1/", "expanded_conv_", "block_", "Conv_1/", "Conv_1_bn/"],
            order: Order::Keras,
            style: Style::Keras,
            theirs: |name, rank| keras(name, rank).unwrap_or_else(|| name.to_owned()),
            adapt: None,
            part: None,
            pixels: None,
        },
        Layout {
            name: "Keras, weights alone",
            marks: &["conv2d_34/0", "depthwise_conv2d_16/0", "batch_normalization_51/3"],
            own: &["conv2d", "depthwise_conv2d", "batch_normalization"],
            order: Order::Keras,
            style: Style::Keras,
            theirs: |name, _| numbers(name).unwrap_or_else(|| name.to_owned()),
            adapt: None,
            part: None,
            pixels: None,
        },
    ],
    describe: |file| Ok(Architecture::MobilenetV2 { width: width(file), style: file.style() }),
};

/// Layers outside the blocks: ours, timm's, Keras'.
const ENDS: [[&str; 3]; 5] = [
    ["features.0.0", "conv_stem", "Conv1"],
    ["features.0.1", "bn1", "bn_Conv1"],
    ["features.18.0", "conv_head", "Conv_1"],
    ["features.18.1", "bn2", "Conv_1_bn"],
    ["classifier.1", "classifier", "predictions"],
];

/// Layers of a block: ours, timm's, Keras'.
const PARTS: [[&str; 3]; 6] = [
    ["conv.0.0", "conv_pw", "expand"],
    ["conv.0.1", "bn1", "expand_BN"],
    ["conv.1.0", "conv_dw", "depthwise"],
    ["conv.1.1", "bn2", "depthwise_BN"],
    ["conv.2", "conv_pwl", "project"],
    ["conv.3", "bn3", "project_BN"],
];

/// Of the first block, which widens nothing.
const FIRST_PARTS: [[&str; 3]; 4] = [
    ["conv.0.0", "conv_dw", "depthwise"],
    ["conv.0.1", "bn1", "depthwise_BN"],
    ["conv.1", "conv_pw", "project"],
    ["conv.2", "bn2", "project_BN"],
];

/// The index of a layer's block (none outside of them), its names in the others' libraries, and the variable.
fn layer(name: &str) -> Option<(Option<usize>, [&'static str; 3], &str)> {
    let (layer, variable) = name.rsplit_once('.')?;
    if let Some(names) = ENDS.iter().find(|names| names[0] == layer) {
        return Some((None, *names, variable));
    }
    let (index, part) = layer.strip_prefix("features.")?.split_once('.')?;
    let block = index.parse::<usize>().ok()?.checked_sub(1)?;
    let parts = if block == 0 { &FIRST_PARTS[..] } else { &PARTS };
    Some((Some(block), *parts.iter().find(|names| names[0] == part)?, variable))
}

fn timm(name: &str) -> Option<String> {
    let (block, [_, layer, _], variable) = layer(name)?;
    let Some(block) = block else { return Some(format!("{layer}.{variable}")) };
    let (stage, i) = stage_and_block(STAGES.iter().map(|stage| stage.2), block)?;
    Some(format!("blocks.{stage}.{i}.{layer}.{variable}"))
}

fn keras(name: &str, rank: usize) -> Option<String> {
    let (block, [_, _, layer], variable) = layer(name)?;
    let variable = match (variable, rank) {
        ("weight", 1) => "gamma",
        ("weight", _) => "kernel",
        ("bias", _) if layer == "predictions" => "bias",
        ("bias", _) => "beta",
        ("running_mean", _) => "moving_mean",
        ("running_var", _) => "moving_variance",
        _ => return None,
    };
    Some(match block {
        None => format!("{layer}/{variable}"),
        Some(0) => format!("expanded_conv_{layer}/{variable}"),
        Some(block) => format!("block_{block}_{layer}/{variable}"),
    })
}

/// The name in a .weights.h5 file, which counts the layers of each class in the order they were made.
fn numbers(name: &str) -> Option<String> {
    let (block, [_, _, layer], variable) = layer(name)?;
    let (class, number) = match (block, layer) {
        (None, "Conv1") => ("conv2d", 0),
        (None, "bn_Conv1") => ("batch_normalization", 0),
        (None, "Conv_1") => ("conv2d", 34),
        (None, "Conv_1_bn") => ("batch_normalization", 51),
        (None, _) => ("dense", 0),
        (Some(block), "expand") => ("conv2d", 2 * block),
        (Some(block), "expand_BN") => ("batch_normalization", 3 * block),
        (Some(block), "depthwise") => ("depthwise_conv2d", block),
        (Some(block), "depthwise_BN") => ("batch_normalization", 3 * block + 1),
        (Some(block), "project") => ("conv2d", 2 * block + 1),
        (Some(block), _) => ("batch_normalization", 3 * block + 2),
    };
    let class = if number == 0 { class.to_owned() } else { format!("{class}_{number}") };
    let variable = ["weight", "bias", "running_mean", "running_var"].iter().position(|v| *v == variable)?;
    Some(format!("{class}/{variable}"))
}

/// The factor on the channels, from the widths of the stem, of the stages and of the head: the one that most of them
/// agree with, so that a single odd tensor is later named as such. Factors that give the same widths give the same
/// network.
fn width(file: &Published) -> f32 {
    let mut found = vec![file.outputs("features.0.0")];
    let mut last = 0;
    for (stage, (_, _, blocks, _)) in STAGES.into_iter().enumerate() {
        last += blocks;
        let project = if stage == 0 { "conv.1" } else { "conv.2" };
        found.push(file.outputs(&format!("features.{last}.{project}")));
    }
    found.push(file.outputs("features.18.0"));
    let published = [1.0, 0.35, 0.5, 0.75, 1.3, 1.4];
    let others = (1..=100).map(|n| n as f32 * 0.05);
    let mut best = (0, 1.0);
    for width in published.into_iter().chain(others) {
        let widths = MobileNetV2::torch(width, true).widths();
        let agree = widths.iter().zip(&found).filter(|(ours, found)| Some(**ours) == **found).count();
        if agree > best.0 {
            best = (agree, width);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::super::mobilenet_v2;
    use super::*;
    use ronghe_graph::{Builder, DType, Result, Shape, Weights};
    use std::collections::BTreeSet;

    #[test]
    fn every_tensor_of_the_trunk_has_one_name_in_each_layout() -> Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::outline(&mut weights);
        let x = b.input("x", &Shape::batch(&[32, 32, 3]), DType::F32)?;
        mobilenet_v2(&mut b, x, &MobileNetV2::torch(1.0, true))?;
        for layout in BACKBONE.layouts {
            let theirs: BTreeSet<String> =
                weights.iter().map(|(name, p)| (layout.theirs)(name, p.tensor.shape().len())).collect();
            assert_eq!(theirs.len(), weights.len(), "{}", layout.name);
            assert!(layout.marks.iter().all(|mark| theirs.contains(*mark)), "{}", layout.name);
            let own = |name: &String| layout.own.iter().any(|start| name.starts_with(start));
            assert!(theirs.iter().all(own), "{}", layout.name);
        }
        Ok(())
    }

    #[test]
    fn names_are_those_of_the_libraries() {
        let timm = |name| timm(name).unwrap_or_default();
        assert_eq!(timm("features.1.conv.2.running_mean"), "blocks.0.0.bn2.running_mean");
        assert_eq!(timm("features.4.conv.1.0.weight"), "blocks.2.0.conv_dw.weight");
        assert_eq!(timm("features.18.1.bias"), "bn2.bias");
        let keras = |name, rank| keras(name, rank).unwrap_or_default();
        assert_eq!(keras("features.1.conv.0.0.weight", 3), "expanded_conv_depthwise/kernel");
        assert_eq!(keras("features.4.conv.0.1.weight", 1), "block_3_expand_BN/gamma");
        assert_eq!(keras("features.0.1.running_var", 1), "bn_Conv1/moving_variance");
    }
}
