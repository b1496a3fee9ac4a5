//! A small residual network trained from the start; see `network` for its layers.
//!
//! Pixels are standardised by channel with the mean and standard deviation of up to 512 training pictures.

use super::augment::Augment;
use super::pictures::{self, Pictures};
use crate::Result;
use crate::encode::{Encoder, EncoderSpec, FitInput, Prepared, State, network, params};
use ronghe_data::decode::{Filter, Fit};
use ronghe_data::{Modality, Table};
use ronghe_graph::{Builder, SplitMix, ValueId};
use serde::{Deserialize, Serialize};

pub(in crate::encode) static CNN: EncoderSpec = EncoderSpec {
    name: "cnn",
    modality: Modality::Image,
    summary: "a small residual network trained from the start; for many small pictures",
    published: false,
    needs: &[],
    defaults: || params::object(&Params::default()),
    fit,
    load,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Height and width; taken from the training pictures where not given, up to 64.
    size: Option<[usize; 2]>,
    /// 1 or 3; colour if any training picture has it.
    channels: Option<usize>,
    /// Channels of the stem and of each block.
    widths: Vec<usize>,
    dropout: f64,
    /// Random changes to training pictures; none by default.
    augment: Augment,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            size: None,
            channels: None,
            widths: vec![16, 32, 64],
            dropout: 0.1,
            augment: Augment::default(),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Cnn {
    params: Params,
    pictures: Pictures,
}

/// Largest side chosen without being asked for.
const LARGEST_INFERRED: usize = 64;

fn fit(input: &FitInput<'_>) -> Result<Box<dyn Encoder>> {
    let params: Params = params::parse(&CNN, input.params)?;
    params::layers(&CNN, "widths", &params.widths, params.dropout)?;
    params::within(&CNN, "widths", params.widths.len(), 1..=8)?;
    let column = params::single_column(&CNN, input.table)?;
    let sample = pictures::sample(input.table, &column)?;
    let [height, width, colour] = pictures::common_shape(&sample, LARGEST_INFERRED);
    let [height, width] = params.size.unwrap_or([height, width]);
    let channels = params.channels.unwrap_or(colour);
    params::within(&CNN, "size", height.min(width), 1..=pictures::LARGEST)?;
    params::within(&CNN, "size", height.max(width), 1..=pictures::LARGEST)?;
    params::channels(&CNN, channels)?;
    params.augment.check(&CNN, height, width)?;
    let (mean, std) = pictures::statistics(&sample, channels);
    let shape = [height, width, channels];
    let pictures = Pictures { column, shape, fit: Fit::Stretch, filter: Filter::Bilinear, mean, std };
    Ok(Box::new(Cnn { params, pictures }))
}

fn load(state: &State) -> Result<Box<dyn Encoder>> {
    let encoder: Cnn = params::restore(&CNN, state)?;
    encoder.pictures.check(&CNN)?;
    Ok(Box::new(encoder))
}

impl Encoder for Cnn {
    fn spec(&self) -> &'static EncoderSpec {
        &CNN
    }

    fn prepare(&self, table: &Table) -> Result<Prepared> {
        self.pictures.prepare(table)
    }

    fn build(&self, b: &mut Builder<'_>, _trunk: Option<ValueId>) -> Result<ValueId> {
        let x = self.pictures.input(b)?;
        let x = network::residual(b, x, &self.params.widths)?;
        Ok(b.dropout(self.params.dropout as f32, x)?)
    }

    fn framing(&self) -> Option<Fit> {
        Some(self.pictures.fit)
    }

    fn augments(&self) -> bool {
        self.params.augment.is_set()
    }

    fn augment(&self, rows: &mut Prepared, stream: &mut SplitMix) {
        self.params.augment.apply(rows, stream);
    }

    fn state(&self) -> State {
        State { json: params::object(self), ..State::default() }
    }
}
