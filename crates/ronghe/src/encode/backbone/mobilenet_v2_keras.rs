//! Keras' names and layouts of MobileNetV2, brought to torchvision's.

use ronghe_graph::weights::layout::{conv_from_keras, depthwise_from_keras};
use ronghe_graph::{Error, Result, Weights};
use std::path::Path;

/// The trunk of a MobileNetV2 that Keras saved as HDF5, alone or inside a larger model. Heads and optimiser states are
/// left out.
pub fn load_mobilenet_v2_keras(path: &Path) -> Result<Weights> {
    let mut out = Weights::new();
    for (name, param) in Weights::load(path)? {
        let mut parts = name.rsplit('/');
        let (Some(variable), Some(layer)) = (parts.next(), parts.next()) else { continue };
        let variable = variable.trim_end_matches(":0");
        let (Some(ours), Some((suffix, trainable))) = (ours(layer), suffix(variable)) else { continue };
        let tensor = match (param.tensor.shape().len(), layer.ends_with("_depthwise")) {
            (4, true) => depthwise_from_keras(&param.tensor)?,
            (4, false) => conv_from_keras(&param.tensor)?,
            _ => param.tensor,
        };
        out.insert(&format!("{ours}.{suffix}"), tensor, trainable);
    }
    if out.is_empty() {
        return Err(Error::WeightFile {
            path: path.display().to_string(),
            format: "Keras MobileNetV2",
            what: "no layer is called as Keras calls MobileNetV2's (`Conv1`, `block_1_expand`, ...)".into(),
        });
    }
    Ok(out)
}

/// torchvision's name of a layer.
fn ours(layer: &str) -> Option<String> {
    match layer {
        "Conv1" => return Some("features.0.0".into()),
        "bn_Conv1" => return Some("features.0.1".into()),
        "Conv_1" => return Some("features.18.0".into()),
        "Conv_1_bn" => return Some("features.18.1".into()),
        _ => {}
    }
    if let Some(part) = layer.strip_prefix("expanded_conv_") {
        let place = match part {
            "depthwise" => "0.0",
            "depthwise_BN" => "0.1",
            "project" => "1",
            "project_BN" => "2",
            _ => return None,
        };
        return Some(format!("features.1.conv.{place}"));
    }
    let (block, part) = layer.strip_prefix("block_")?.split_once('_')?;
    let block: usize = block.parse().ok().filter(|b| (1..=16).contains(b))?;
    let place = match part {
        "expand" => "0.0",
        "expand_BN" => "0.1",
        "depthwise" => "1.0",
        "depthwise_BN" => "1.1",
        "project" => "2",
        "project_BN" => "3",
        _ => return None,
    };
    Some(format!("features.{}.conv.{place}", block + 1))
}

/// Our name of a layer's variable, and whether it is trained.
fn suffix(variable: &str) -> Option<(&'static str, bool)> {
    Some(match variable {
        "kernel" | "depthwise_kernel" | "gamma" => ("weight", true),
        "beta" => ("bias", true),
        "moving_mean" => ("running_mean", false),
        "moving_variance" => ("running_var", false),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{MobileNetV2, mobilenet_v2};
    use super::*;
    use ronghe_graph::{Builder, DType, Mode, Shape};

    #[test]
    fn every_layer_of_the_trunk_has_a_keras_name() -> Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, Mode::Infer, 1);
        let x = b.input("x", &Shape::batch(&[32, 32, 3]), DType::F32)?;
        mobilenet_v2(&mut b, x, &MobileNetV2::keras(1.0, true))?;
        let mut names = vec!["Conv1".to_owned(), "bn_Conv1".into(), "Conv_1".into(), "Conv_1_bn".into()];
        for part in ["depthwise", "depthwise_BN", "project", "project_BN"] {
            names.push(format!("expanded_conv_{part}"));
            names.extend((1..=16).map(|i| format!("block_{i}_{part}")));
        }
        for part in ["expand", "expand_BN"] {
            names.extend((1..=16).map(|i| format!("block_{i}_{part}")));
        }
        let layers: std::collections::BTreeSet<&str> =
            weights.iter().filter_map(|(n, _)| n.rsplit_once('.')).map(|(layer, _)| layer).collect();
        let found: Vec<String> = names.iter().filter_map(|n| ours(n)).collect();
        assert_eq!(found.len(), names.len());
        assert_eq!(found.iter().map(String::as_str).collect::<std::collections::BTreeSet<_>>(), layers);
        assert!(ours("block_17_expand").is_none() && ours("dense").is_none());
        Ok(())
    }
}
