//! Networks with published weights beside their peers: features with formula weights within [`TOLERANCE`], through the
//! same door as a user's file. `versus/golden/backbones.py` writes the golden files; each has the peer's own names and
//! shapes, so that a test builds the file that the peer would have saved.

use crate::formula::{centred, network_tensor};
use ronghe::encode::backbone::{Architecture, BACKBONES, Pixels, Published, ResNet, Style, bert, load_bert};
use ronghe_cpu::CpuExecutor;
use ronghe_graph::passes::infer_optimise;
use ronghe_graph::{Builder, DType, Dim, Executor, Feed, Graph, Mode, Shape, Tensor, ValueId, Weights};
use serde_json::Value;
use std::path::Path;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Largest distance from the peer's f64 features, over their root mean square.
const TOLERANCE: f64 = 1e-4;

macro_rules! golden {
    ($name:literal) => {
        ($name, include_str!(concat!("../golden/backbone_", $name, ".json")))
    };
}

/// Golden file, its network and whose file it is.
const CASES: &[((&str, &str), &str, &str)] = &[
    (golden!("mobilenet_v2_torchvision"), "mobilenet_v2", "torchvision"),
    (golden!("mobilenet_v2_timm"), "mobilenet_v2", "timm"),
    (golden!("mobilenet_v2_keras"), "mobilenet_v2", "Keras"),
    (golden!("efficientnet_lite0_timm"), "efficientnet_lite0", "timm"),
    (golden!("efficientnet_lite0_timm_torch"), "efficientnet_lite0", "timm"),
    (golden!("efficientnet_lite0_pytorch"), "efficientnet_lite0", "efficientnet-lite-pytorch"),
    (golden!("resnet18"), "resnet", "torchvision and timm"),
    (golden!("resnet50"), "resnet", "torchvision and timm"),
    (golden!("squeezenet"), "squeezenet", "torchvision"),
    (golden!("vit"), "vit", "Hugging Face"),
    (golden!("vit_interpolated"), "vit", "Hugging Face"),
    (golden!("vit_timm"), "vit", "DINO and timm"),
];

/// What a golden file says of its peer.
struct Peer {
    name: &'static str,
    golden: Value,
    /// Names and shapes as in the peer's file.
    tensors: Vec<(String, Vec<usize>)>,
}

impl Peer {
    fn read(name: &'static str, text: &str) -> Result<Peer, Box<dyn std::error::Error>> {
        let golden: Value = serde_json::from_str(text)?;
        let tensors = serde_json::from_value(golden["tensors"].clone())?;
        Ok(Peer { name, golden, tensors })
    }

    /// The peer's weights: tensor by tensor seeds 1, 2, ...
    fn weights(&self) -> ronghe_graph::Result<Weights> {
        let mut weights = Weights::new();
        for ((name, shape), seed) in self.tensors.iter().zip(1..) {
            let tensor = match name.rsplit_once('/') {
                Some((_, variable)) => keras_tensor(variable, seed, shape)?,
                None => network_tensor(name, seed, shape)?,
            };
            weights.insert(name, tensor, true);
        }
        Ok(weights)
    }

    /// Weights of the right names and shapes, all zero.
    fn outline(&self) -> Weights {
        let mut weights = Weights::new();
        self.tensors.iter().for_each(|(name, shape)| weights.insert(name, Tensor::zeros(shape), true));
        weights
    }

    /// A folder with what the peer keeps beside its weights.
    fn folder(&self) -> Result<tempfile::TempDir, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        if let Some(config) = self.golden.get("config") {
            std::fs::write(folder.path().join("config.json"), config.to_string())?;
        }
        Ok(folder)
    }

    fn size(&self) -> usize {
        self.golden["size"].as_u64().map_or(0, |size| size as usize)
    }

    /// The style that must be said because names do not tell it.
    fn style(&self) -> Option<Style> {
        self.name.ends_with("_torch").then_some(Style::Torch)
    }

    /// Holds rows of features against the peer's.
    fn close(&self, what: &str, made: &[f32]) {
        let rows: Vec<Vec<f64>> = serde_json::from_value(self.golden["features"].clone()).expect("features");
        let chosen: Vec<usize> = serde_json::from_value(self.golden["chosen"].clone()).expect("places");
        let rms = self.golden["rms"].as_f64().expect("a root mean square");
        let width = made.len() / rows.len();
        let all = made.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / made.len() as f64;
        assert!(
            (all.sqrt() / rms - 1.0).abs() < TOLERANCE,
            "{} {what}: rms {}, {rms}",
            self.name,
            all.sqrt()
        );
        let mut worst = 0.0f64;
        for (made, want) in made.chunks(width).zip(&rows) {
            for (&place, want) in chosen.iter().zip(want) {
                worst = worst.max((f64::from(made[place]) - want).abs() / rms);
            }
        }
        assert!(worst < TOLERANCE, "{} {what}: {worst:.1e} of the root mean square", self.name);
    }
}

/// Keras' variables: a kernel by what one output sees, the others as PyTorch's.
fn keras_tensor(variable: &str, seed: u64, shape: &[usize]) -> ronghe_graph::Result<Tensor> {
    let len = shape.iter().product();
    match (variable, shape) {
        ("kernel", [seen @ .., last]) => {
            let seen = if *last == 1 { &seen[..2] } else { seen };
            let scale = (24.0 / seen.iter().product::<usize>() as f64).sqrt() as f32;
            Tensor::f32(shape, centred(seed, scale, len))
        }
        ("gamma", _) => network_tensor("weight", seed, shape),
        ("moving_variance", _) => network_tensor("running_var", seed, shape),
        _ => network_tensor("bias", seed, shape),
    }
}

/// Runs a graph and its optimised form.
fn run_both(
    mut graph: Graph,
    weights: Weights,
    output: ValueId,
    feed: &Feed,
) -> ronghe_graph::Result<[Vec<f32>; 2]> {
    graph.set_output("out", output);
    let run = |graph: &Graph, weights: &Weights| -> ronghe_graph::Result<Vec<f32>> {
        let mut plan = CpuExecutor::new(2).compile(graph, &[graph.outputs()["out"]])?;
        Ok(plan.run(weights, feed)?.get(0).to_vec())
    };
    let plain = run(&graph, &weights)?;
    let (graph, weights) = infer_optimise(&graph, weights)?;
    Ok([plain, run(&graph, &weights)?])
}

#[test]
fn features_are_those_of_the_peers() -> Outcome {
    for &((name, text), backbone, layout) in CASES {
        let peer = Peer::read(name, text)?;
        let folder = peer.folder()?;
        let file = folder.path().join("weights");
        let published = Published::recognise(&file, peer.weights()?, peer.style())?;
        assert_eq!((published.backbone().name, published.layout().name), (backbone, layout), "{name}");
        let network = published.architecture()?;
        let size = peer.size();
        let mut weights = published.trunk(&network, size)?;
        let declared = weights.len();
        let mut b = Builder::new(&mut weights, Mode::Infer, 0);
        let x = b.input("x", &Shape::batch(&[size, size, 3]), DType::F32)?;
        let features = network.write(&mut b, x, true)?;
        let graph = b.finish();
        assert_eq!(weights.len(), declared, "{name}");
        let feed = Feed::default()
            .with("x", Tensor::f32(&[2, size, size, 3], centred(50, 2.0, 2 * size * size * 3))?);
        let [plain, folded] = run_both(graph, weights, features.pooled, &feed)?;
        peer.close("plain", &plain);
        peer.close("folded", &folded);

        let pixels = network.pixels();
        for (ours, key) in [(pixels.mean, "mean"), (pixels.std, "std")] {
            let theirs: [f32; 3] = serde_json::from_value(peer.golden["pixels"][key].clone())?;
            // The release of EfficientNet-Lite0 has 127 and 128 where timm has 127.5.
            let near = ours.iter().zip(theirs).all(|(a, b)| (a - b * 255.0).abs() <= 0.5);
            assert!(near, "{name}: {key} {ours:?}, the peer has {theirs:?} of 1");
        }
    }
    Ok(())
}

#[test]
fn the_member_of_a_family_is_read_from_the_file() -> Outcome {
    let network = |name: &str| -> Result<Architecture, Box<dyn std::error::Error>> {
        let &((name, text), ..) = CASES.iter().find(|case| case.0.0 == name).ok_or("no such case")?;
        let peer = Peer::read(name, text)?;
        let folder = peer.folder()?;
        let file = folder.path().join("weights");
        Ok(Published::recognise(&file, peer.outline(), peer.style())?.architecture()?)
    };
    for (name, expected, style) in [
        ("mobilenet_v2_torchvision", 0.35, Style::Torch),
        ("mobilenet_v2_timm", 0.5, Style::Torch),
        ("mobilenet_v2_keras", 0.75, Style::Keras),
    ] {
        assert_eq!(network(name)?, Architecture::MobilenetV2 { width: expected, style });
    }
    assert_eq!(network("resnet18")?, Architecture::Resnet(ResNet::RESNET18));
    assert_eq!(network("resnet50")?, Architecture::Resnet(ResNet::RESNET50));
    let Architecture::Vit(config) = network("vit")? else { return Err("not a vit".into()) };
    assert_eq!((config.patch, config.size, config.heads), (8, 64, 4));
    Ok(())
}

#[test]
fn wrong_tensors_are_named_with_expected_and_found_shape_in_each_layout() -> Outcome {
    for &((name, text), backbone, _) in CASES {
        let peer = Peer::read(name, text)?;
        let folder = peer.folder()?;
        let file = folder.path().join("weights");
        let refusal = |change: &dyn Fn(&mut Weights)| -> ronghe_graph::Result<String> {
            let mut weights = peer.outline();
            change(&mut weights);
            let published = Published::recognise(&file, weights, peer.style())?;
            let made = published.architecture().and_then(|network| published.trunk(&network, peer.size()));
            Ok(made.err().map(|e| e.to_string()).unwrap_or_default())
        };
        // A tensor that is no mark of its layout, and not a vector: vectors of one go with many shapes.
        let middle = peer.tensors.iter().filter(|(n, s)| s.len() > 1 && !n.contains("embed"));
        let (tensor, shape) = middle.clone().nth(middle.count() / 4).ok_or("no tensor")?;

        let message = refusal(&|w| drop(w.remove(tensor)))?;
        let place = file.display().to_string();
        assert!(message.starts_with(&place) && message.contains(backbone), "{name}: {message}");
        assert!(message.contains(&format!("`{tensor}` {shape:?} is missing")), "{name}: {message}");

        let mut other = shape.clone();
        other[0] += 1;
        let message = refusal(&|w| w.insert(tensor, Tensor::zeros(&other), true))?;
        let expected = format!("weight `{tensor}`: expected shape {shape:?}, found {other:?}");
        assert!(message.contains(&expected), "{name}: {message}");

        // A deeper member of the family, of which a part would otherwise be left out unseen.
        let more = match backbone {
            "vit" if name == "vit_timm" => "blocks.99.mlp.fc2.weight".to_owned(),
            "vit" => "encoder.layer.99.output.dense.weight".to_owned(),
            "resnet" => "layer4.9.conv1.weight".to_owned(),
            _ => tensor.replacen(['1', '2', '3', '4', '5', '6', '7'], "99", 1),
        };
        let message = refusal(&|w| w.insert(&more, Tensor::zeros(shape), true))?;
        let expected = format!("weight `{more}` {shape:?} has no place in the network");
        assert!(message.contains(&expected), "{name}: {message}");
    }
    Ok(())
}

#[test]
fn wrappers_around_names_are_seen_through_and_heads_left_aside() -> Outcome {
    let (name, text) = golden!("squeezenet");
    let peer = Peer::read(name, text)?;
    let mut wrapped = Weights::new();
    for (name, param) in peer.outline() {
        wrapped.insert(&format!("state_dict.module.{name}"), param.tensor, true);
    }
    wrapped.insert("state_dict.module.classifier.1.weight", Tensor::zeros(&[7, 512, 1, 1]), true);
    wrapped.insert("optimizer.state.0", Tensor::zeros(&[7]), true);
    let published = Published::recognise(Path::new("a.pth"), wrapped, None)?;
    assert_eq!(published.trunk(&published.architecture()?, 64)?.len(), peer.tensors.len());
    Ok(())
}

/// Keras numbers the layers of a .weights.h5 file: the golden file has its paths beside Keras' names.
#[test]
fn weights_by_number_are_those_by_name() -> Outcome {
    let (name, text) = golden!("mobilenet_v2_keras");
    let peer = Peer::read(name, text)?;
    let golden: Value = serde_json::from_str(include_str!("../golden/mobilenet_v2_keras_numbers.json"))?;
    let pairs: Vec<(String, String)> = serde_json::from_value(golden["pairs"].clone())?;
    let named = peer.weights()?;
    let mut numbered = Weights::new();
    for (place, name) in &pairs {
        numbered.insert(place, named.get(name).ok_or("a name of Keras'")?.clone(), true);
    }
    assert_eq!(numbered.len(), named.len());
    numbered.insert("optimizer/vars/3", Tensor::zeros(&[3]), true);
    let by_number = Published::recognise(Path::new("a.weights.h5"), numbered, None)?;
    let by_name = Published::recognise(Path::new("a.h5"), named, None)?;
    assert_eq!(by_number.layout().name, "Keras, weights alone");
    let network = by_number.architecture()?;
    assert_eq!(network, by_name.architecture()?);
    assert_eq!(by_number.trunk(&network, 64)?, by_name.trunk(&network, 64)?);
    Ok(())
}

/// The first release of SqueezeNet keeps kernels in Keras' order and expects blue, green, red.
#[test]
fn arrays_of_squeezenet_are_its_tensors_in_another_order() -> Outcome {
    let (name, text) = golden!("squeezenet");
    let theirs = Published::recognise(Path::new("a.pth"), Peer::read(name, text)?.weights()?, None)?;
    let network = theirs.architecture()?;
    let trunk = theirs.trunk(&network, 64)?;
    let mut arrays = Weights::new();
    for (fire, place) in (1..).zip([0, 3, 4, 6, 7, 9, 10, 11, 12]) {
        let layers: &[[&str; 2]] = match place {
            0 => &[["", "conv1"]],
            _ => &[[".squeeze", "squeeze1x1"], [".expand1x1", "expand1x1"], [".expand3x3", "expand3x3"]],
        };
        for [ours, theirs] in layers {
            let get = |variable: &str| trunk.get(&format!("features.{place}{ours}.{variable}"));
            let kernel = get("weight").ok_or("a kernel")?;
            let (&[o, h, w, c], v) = (kernel.shape(), kernel.as_f32()) else { return Err("a kernel".into()) };
            let channel = |k: usize| if place == 0 { c - 1 - k } else { k };
            let turned = (0..h * w * c * o).map(|i| v[(i % o * h * w + i / o / c) * c + channel(i / o % c)]);
            let layer = if place == 0 { (*theirs).to_owned() } else { format!("fire{fire}/{theirs}") };
            arrays.insert(&format!("{layer}.0"), Tensor::f32(&[h, w, c, o], turned.collect())?, true);
            arrays.insert(&format!("{layer}.1"), get("bias").ok_or("a bias")?.clone(), true);
        }
    }
    arrays.insert("conv10.0", Tensor::zeros(&[1, 1, 512, 7]), true);
    let published = Published::recognise(Path::new("a.pkl"), arrays, None)?;
    assert_eq!(published.architecture()?, Architecture::Squeezenet { pixels: Pixels::CAFFE });
    assert_eq!(published.trunk(&published.architecture()?, 64)?, trunk);
    Ok(())
}

#[test]
fn weights_of_another_network_are_refused_with_both_names() -> Outcome {
    for &((name, text), backbone, layout) in CASES {
        let peer = Peer::read(name, text)?;
        let folder = peer.folder()?;
        let file = folder.path().join("weights");
        let published = Published::recognise(&file, peer.outline(), peer.style())?;
        assert_eq!(published.architecture()?.family(), backbone);
        let other = match backbone {
            "resnet" => Architecture::Squeezenet { pixels: Pixels::IMAGENET },
            _ => Architecture::Resnet(ResNet::RESNET18),
        };
        let message = published.trunk(&other, 64).map_err(|e| e.to_string()).err().unwrap_or_default();
        let expected =
            format!("expected weights of {}, found those of {backbone} ({layout})", other.family());
        assert!(message.contains(&expected), "{message}");
    }
    Ok(())
}

#[test]
fn integers_and_numbers_that_are_none_are_refused() -> Outcome {
    let (name, text) = golden!("squeezenet");
    let peer = Peer::read(name, text)?;
    for bad in [Tensor::i32(&[64], vec![1; 64])?, Tensor::f32(&[64], vec![f32::NAN; 64])?] {
        let mut weights = peer.outline();
        weights.insert("features.0.bias", bad, true);
        let published = Published::recognise(Path::new("a.pth"), weights, None)?;
        let made = published.trunk(&published.architecture()?, 64).map_err(|e| e.to_string());
        assert!(made.as_ref().is_err_and(|m| m.contains("`features.0.bias` of finite")), "{made:?}");
    }
    Ok(())
}

#[test]
fn an_unknown_network_is_answered_with_those_there_are() {
    let mut weights = Weights::new();
    weights.insert("blocks.0.attn.qkv.weight", Tensor::zeros(&[3, 1]), true);
    let message = Published::recognise(Path::new("other.pth"), weights, None).map(drop);
    let message = message.map_err(|e| e.to_string()).err().unwrap_or_default();
    for backbone in BACKBONES {
        assert!(message.contains(backbone.name), "{message}");
    }
    assert!(message.contains("other.pth") && message.contains("blocks.0.attn.qkv.weight"), "{message}");
}

#[test]
fn a_file_in_another_style_or_format_is_the_same_network() -> Outcome {
    let peer = Peer::read("mobilenet_v2_torchvision", CASES[0].0.1)?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("model.safetensors");
    peer.weights()?.save(&path, &Default::default())?;
    let Architecture::MobilenetV2 { width, style } =
        Published::open(folder.path(), Some(Style::Keras))?.architecture()?
    else {
        return Err("not a MobileNetV2".into());
    };
    assert_eq!((width, style), (0.35, Style::Keras));
    let from_file = Published::open(&path, None)?;
    let network = from_file.architecture()?;
    let in_memory = Published::recognise(&path, peer.weights()?, None)?;
    assert_eq!(from_file.trunk(&network, 64)?, in_memory.trunk(&network, 64)?);
    Ok(())
}

#[test]
fn bert_is_that_of_transformers() -> Outcome {
    let (name, text) = golden!("bert");
    let peer = Peer::read(name, text)?;
    let folder = peer.folder()?;
    peer.weights()?.save(&folder.path().join("model.safetensors"), &Default::default())?;
    let (config, mut weights) = load_bert(folder.path())?;
    let mut b = Builder::new(&mut weights, Mode::Infer, 0);
    let rows = Shape(vec![Dim::BATCH, b.symbol()]);
    let ids = b.input("ids", &rows, DType::I32)?;
    let positions = b.input("positions", &rows, DType::I32)?;
    let mask = b.input("mask", &rows, DType::F32)?;
    let tokens = bert(&mut b, ids, positions, mask, &config)?;
    let graph = b.finish();
    assert_eq!(weights.len(), peer.tensors.len());

    let fed: Vec<Vec<i32>> = serde_json::from_value(peer.golden["ids"].clone())?;
    let kept: Vec<Vec<f32>> = serde_json::from_value(peer.golden["mask"].clone())?;
    let shape = [fed.len(), fed[0].len()];
    let places = (0..shape[0]).flat_map(|_| 0..shape[1] as i32).collect();
    let feed = Feed::default()
        .with("ids", Tensor::i32(&shape, fed.concat())?)
        .with("positions", Tensor::i32(&shape, places)?)
        .with("mask", Tensor::f32(&shape, kept.concat())?);
    let chosen: Vec<[usize; 2]> = serde_json::from_value(peer.golden["tokens"].clone())?;
    for (what, made) in ["plain", "folded"].into_iter().zip(run_both(graph, weights, tokens, &feed)?) {
        let token =
            |&[row, place]: &[usize; 2]| &made[(row * shape[1] + place) * config.width..][..config.width];
        peer.close(what, &chosen.iter().map(token).collect::<Vec<_>>().concat());
    }
    Ok(())
}
