//! Flattened pixels through dense layers: `pixels / 255 -> [N, H W C] -> (linear, relu, dropout) a hidden layer`.
//!
//! With its defaults and a class head behind it, this is the network of the textbooks for handwritten digits:
//! 784-128-10. `2 H W C hidden` flops a picture.

use super::augment::Augment;
use super::pictures::{self, Pictures};
use crate::encode::{Encoder, EncoderSpec, FitInput, Prepared, State, network, params};
use crate::{Layout, Result};
use ronghe_data::decode::{Filter, Fit};
use ronghe_data::{Modality, Table};
use ronghe_graph::{Builder, Op, Shape, SplitMix, ValueId};
use serde::{Deserialize, Serialize};

pub(in crate::encode) static DENSE: EncoderSpec = EncoderSpec {
    name: "dense",
    modality: Modality::Image,
    summary: "flattened pixels through dense layers; for small centred pictures such as digits",
    published: false,
    needs: &[],
    defaults: || params::object(&Params::default()),
    fit,
    load,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Taken from the training pictures where not given, up to 64; so are the next two.
    height: Option<usize>,
    width: Option<usize>,
    /// 1 or 3.
    channels: Option<usize>,
    hidden: Vec<usize>,
    dropout: f64,
    /// Random changes to training pictures; none by default.
    #[serde(default)]
    augment: Augment,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            height: None,
            width: None,
            channels: None,
            hidden: vec![128],
            dropout: 0.0,
            augment: Augment::default(),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Dense {
    params: Params,
    pictures: Pictures,
}

/// Largest side chosen without being asked for.
const LARGEST_INFERRED: usize = 64;

fn fit(input: &FitInput<'_>) -> Result<Box<dyn Encoder>> {
    let params: Params = params::parse(&DENSE, input.params)?;
    params::layers(&DENSE, "hidden", &params.hidden, params.dropout)?;
    let column = params::single_column(&DENSE, input.table)?;
    let found = pictures::common_shape(&pictures::sample(input.table, &column)?, LARGEST_INFERRED);
    let shape = [
        params.height.unwrap_or(found[0]),
        params.width.unwrap_or(found[1]),
        params.channels.unwrap_or(found[2]),
    ];
    params::within(&DENSE, "height", shape[0], 1..=pictures::LARGEST)?;
    params::within(&DENSE, "width", shape[1], 1..=pictures::LARGEST)?;
    params::channels(&DENSE, shape[2])?;
    params.augment.check(&DENSE, shape[0], shape[1])?;
    let (mean, std) = (vec![0.0; shape[2]], vec![255.0; shape[2]]);
    let pictures = Pictures { column, shape, fit: Fit::Stretch, filter: Filter::Bilinear, mean, std };
    Ok(Box::new(Dense { params, pictures }))
}

fn load(state: &State) -> Result<Box<dyn Encoder>> {
    let encoder: Dense = params::restore(&DENSE, state)?;
    encoder.pictures.check(&DENSE)?;
    Ok(Box::new(encoder))
}

impl Encoder for Dense {
    fn spec(&self) -> &'static EncoderSpec {
        &DENSE
    }

    fn prepare(&self, table: &Table) -> Result<Prepared> {
        self.pictures.prepare(table)
    }

    fn build(&self, b: &mut Builder<'_>, _trunk: Option<ValueId>) -> Result<ValueId> {
        let x = self.pictures.input(b)?;
        let flat = Shape::batch(&[self.pictures.shape.iter().product()]);
        let x = b.op(Op::Reshape { shape: flat }, &[x])?;
        network::dense(b, x, &self.params.hidden, self.params.dropout)
    }

    fn layout(&self) -> Option<Layout> {
        let [height, width, channels] = self.pictures.shape;
        Some(Layout::Pixels { height, width, channels })
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
