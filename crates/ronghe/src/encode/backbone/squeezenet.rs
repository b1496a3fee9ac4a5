//! SqueezeNet 1.1 (Iandola et al. 2016) as torchvision builds it: eight fire modules, each a 1x1 convolution to few
//! channels and, side by side on those, a 1x1 and a 3x3. No norms; every convolution has a bias and a ReLU.
//!
//! `x[N, H, W, 3] -> [N, ~H / 16, ~W / 16, 512]`; 0.72 million parameters without the classifier, 0.5 billion flops at
//! 224 px.

use super::layout::{Layout, Order, OwnPixels, same_name};
use super::{Architecture, Backbone, PictureFeatures, Pixels, Style};
use ronghe_graph::layers::conv2d;
use ronghe_graph::{Act, Builder, Error, Op, Result, ValueId, Window};

/// After the stem, at the places of torchvision's list, where the stem has 0 and its ReLU 1.
const STEPS: [(usize, Step); 11] = [
    (2, Step::Pool),
    (3, Step::Fire { squeeze: 16, expand: 64 }),
    (4, Step::Fire { squeeze: 16, expand: 64 }),
    (5, Step::Pool),
    (6, Step::Fire { squeeze: 32, expand: 128 }),
    (7, Step::Fire { squeeze: 32, expand: 128 }),
    (8, Step::Pool),
    (9, Step::Fire { squeeze: 48, expand: 192 }),
    (10, Step::Fire { squeeze: 48, expand: 192 }),
    (11, Step::Fire { squeeze: 64, expand: 256 }),
    (12, Step::Fire { squeeze: 64, expand: 256 }),
];

#[derive(Debug, Clone, Copy)]
enum Step {
    Pool,
    /// Channels of the first convolution, and of each of the two on it.
    Fire {
        squeeze: usize,
        expand: usize,
    },
}

pub(super) static BACKBONE: Backbone = Backbone {
    name: "squeezenet",
    summary: "SqueezeNet 1.1, the smallest in bytes",
    layouts: &[
        Layout {
            name: "torchvision",
            marks: &["features.0.weight", "features.12.squeeze.weight"],
            own: &["features."],
            order: Order::Torch,
            style: Style::Torch,
            theirs: same_name,
            adapt: None,
            part: None,
            pixels: None,
        },
        // The first release's weights in Keras' order of dimensions, as NumPy arrays: kernel 0, bias 1.
        Layout {
            name: "Keras arrays",
            marks: &["conv1.0", "fire2/squeeze1x1.0", "fire9/expand3x3.1"],
            own: &["conv1.", "fire"],
            order: Order::Keras,
            style: Style::Keras,
            theirs: |name, _| arrays(name).unwrap_or_else(|| name.to_owned()),
            adapt: None,
            part: None,
            pixels: Some(OwnPixels { scale: Pixels::CAFFE, first: "features.0" }),
        },
    ],
    describe: |file| {
        let pixels = file.layout().pixels.as_ref().map_or(Pixels::IMAGENET, |own| own.scale);
        Ok(Architecture::Squeezenet { pixels })
    },
};

/// A tensor's name in the release: the fire modules are counted from 2.
fn arrays(name: &str) -> Option<String> {
    let (layer, variable) = name.rsplit_once('.')?;
    let variable = usize::from(variable == "bias");
    let layer = match layer {
        "features.0" => "conv1".to_owned(),
        "classifier.1" => "conv10".to_owned(),
        _ => {
            let (place, part) = layer.strip_prefix("features.")?.split_once('.')?;
            let mut fires = STEPS.iter().filter(|(_, step)| matches!(step, Step::Fire { .. }));
            let fire = 2 + fires.position(|(at, _)| place.parse() == Ok(*at))?;
            let part = if part == "squeeze" { "squeeze1x1" } else { part };
            format!("fire{fire}/{part}")
        }
    };
    Some(format!("{layer}.{variable}"))
}

/// The trunk over `x[N, H, W, 3]`: a map `[N, H', W', 512]` and its mean.
pub fn squeezenet(b: &mut Builder<'_>, x: ValueId) -> Result<PictureFeatures> {
    let mut x = conv_relu(b, "features.0", x, 64, Window::square(3, 2, 0))?;
    for (place, step) in STEPS {
        x = match step {
            Step::Pool => {
                let window = rounded_up(b, x)?;
                b.op(Op::MaxPool { window }, &[x])?
            }
            Step::Fire { squeeze, expand } => b.scoped(&format!("features.{place}"), |b| {
                let squeezed = conv_relu(b, "squeeze", x, squeeze, Window::square(1, 1, 0))?;
                let point = conv_relu(b, "expand1x1", squeezed, expand, Window::square(1, 1, 0))?;
                let square = conv_relu(b, "expand3x3", squeezed, expand, Window::square(3, 1, 1))?;
                b.op(Op::Concat, &[point, square])
            })?,
        };
    }
    Ok(PictureFeatures { map: x, pooled: b.op(Op::GlobalAvgPool, &[x])? })
}

/// The published classifier over the map: `[N, H', W', 512] -> [N, classes]` logits, a 1x1 convolution and the mean.
pub fn squeezenet_classifier(b: &mut Builder<'_>, map: ValueId, classes: usize) -> Result<ValueId> {
    let scores = conv_relu(b, "classifier.1", map, classes, Window::square(1, 1, 0))?;
    b.op(Op::GlobalAvgPool, &[scores])
}

fn conv_relu(b: &mut Builder<'_>, name: &str, x: ValueId, out: usize, window: Window) -> Result<ValueId> {
    let y = conv2d(b, name, x, out, window, true)?;
    b.act(Act::Relu, y)
}

/// A window of 3 at steps of 2 whose last place may reach beyond the picture, so that no row or column is left out.
fn rounded_up(b: &Builder<'_>, x: ValueId) -> Result<Window> {
    let shape = b.shape(x);
    let beyond = |axis: usize| match shape.0.get(axis).and_then(|d| d.fixed()) {
        Some(size) if size >= 3 => Some((size - 3) % 2),
        _ => None,
    };
    match (beyond(1), beyond(2)) {
        (Some(down), Some(right)) => Ok(Window { kernel: [3; 2], stride: [2; 2], pad: [0, down, 0, right] }),
        _ => Err(Error::Shape {
            op: "SqueezeNet",
            expected: "a picture of at least 32 x 32".into(),
            found: shape.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ronghe_graph::{DType, Shape, Weights, passes};

    #[test]
    fn the_network_has_its_published_size() -> Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::outline(&mut weights);
        let x = b.input("picture", &Shape::batch(&[224, 224, 3]), DType::F32)?;
        let features = squeezenet(&mut b, x)?;
        assert_eq!(b.shape(features.map), &Shape::batch(&[13, 13, 512]));
        b.graph.set_output("pooled", features.pooled);
        let graph = b.finish();
        // torchvision's 1,235,496 less the classifier.
        assert_eq!(weights.elements().1, 1_235_496 - 513_000);
        let (small, _) = passes::infer_optimise(&graph, weights)?;
        assert!(small.nodes().iter().all(|n| n.op.name() != "Activate"));
        Ok(())
    }

    #[test]
    fn pools_round_up_and_small_pictures_are_refused() -> Result<()> {
        for (size, map) in [(32, Some(1)), (64, Some(3)), (65, Some(4)), (70, Some(4)), (8, None)] {
            let mut weights = Weights::new();
            let mut b = Builder::outline(&mut weights);
            let x = b.input("picture", &Shape::batch(&[size, size, 3]), DType::F32)?;
            match (squeezenet(&mut b, x), map) {
                (Ok(features), Some(map)) => {
                    assert_eq!(b.shape(features.map), &Shape::batch(&[map, map, 512]), "{size}");
                }
                (Err(error), None) => assert!(error.to_string().contains("at least 32 x 32")),
                (made, _) => return made.map(|_| panic!("{size}: expected {map:?}")),
            }
        }
        Ok(())
    }
}
