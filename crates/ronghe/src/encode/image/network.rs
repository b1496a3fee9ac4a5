//! A published picture network as an encoder.
//!
//! ```text
//! picture -> its middle square at `size` pixels -> (x - mean) / std -> trunk -> one vector [N, C]
//!         -> dropout -> (linear, relu, dropout) a hidden layer
//! ```
//! Pixels 0 to 255 become what the network was trained on ([`Architecture::pixels`]). Batch norms keep their statistics
//! whenever the weights are pretrained, whatever [`Transfer`](crate::transfer::Transfer) trains of them: small batches of
//! another kind of picture would spoil them.

use super::augment::Augment;
use super::pictures::{self, Pictures};
use crate::Result;
use crate::encode::backbone::{Architecture, Published};
use crate::encode::{Encoder, EncoderSpec, FitInput, Prepared, State, network, params, trunk};
use ronghe_data::Table;
use ronghe_data::decode::{Filter, Fit};
use ronghe_graph::{Builder, SplitMix, ValueId, Weights};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What is saved.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) network: Architecture,
    /// Height and width.
    pub(super) size: usize,
    pub(super) pretrained: bool,
    pub(super) hidden: Vec<usize>,
    pub(super) dropout: f64,
    #[serde(default)]
    pub(super) augment: Augment,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    settings: Settings,
    pictures: Pictures,
}

struct Network {
    spec: &'static EncoderSpec,
    saved: Saved,
    /// Where the published weights are; only while training.
    source: Option<PathBuf>,
}

const SMALLEST: usize = 32;

pub(super) fn fit(
    spec: &'static EncoderSpec,
    input: &FitInput<'_>,
    settings: Settings,
    source: Option<PathBuf>,
) -> Result<Box<dyn Encoder>> {
    params::layers(spec, "hidden", &settings.hidden, settings.dropout)?;
    params::within(spec, "size", settings.size, SMALLEST..=pictures::LARGEST)?;
    settings.augment.check(spec, settings.size, settings.size)?;
    let pixels = settings.network.pixels();
    let pictures = Pictures {
        column: params::single_column(spec, input.table)?,
        shape: [settings.size, settings.size, 3],
        fit: Fit::Cover,
        filter: Filter::Bicubic,
        mean: pixels.mean.to_vec(),
        std: pixels.std.to_vec(),
    };
    Ok(Box::new(Network { spec, saved: Saved { settings, pictures }, source }))
}

pub(super) fn load(spec: &'static EncoderSpec, state: &State) -> Result<Box<dyn Encoder>> {
    let saved: Saved = params::restore(spec, state)?;
    saved.pictures.check(spec)?;
    saved.settings.network.check()?;
    Ok(Box::new(Network { spec, saved, source: None }))
}

impl Encoder for Network {
    fn spec(&self) -> &'static EncoderSpec {
        self.spec
    }

    fn prepare(&self, table: &Table) -> Result<Prepared> {
        self.saved.pictures.prepare(table)
    }

    fn preparation(&self) -> Value {
        params::object(&self.saved.pictures)
    }

    fn trunk(&self, b: &mut Builder<'_>) -> Result<Option<ValueId>> {
        let Settings { network, pretrained, .. } = &self.saved.settings;
        let x = self.saved.pictures.input(b)?;
        Ok(Some(trunk::write(b, |b| Ok(network.write(b, x, *pretrained)?.pooled))?))
    }

    fn build(&self, b: &mut Builder<'_>, trunk: Option<ValueId>) -> Result<ValueId> {
        let Settings { hidden, dropout, .. } = &self.saved.settings;
        let x = params::trunk(self.spec, trunk)?;
        let x = b.dropout(*dropout as f32, x)?;
        network::dense(b, x, hidden, *dropout)
    }

    fn framing(&self) -> Option<Fit> {
        Some(self.saved.pictures.fit)
    }

    fn augments(&self) -> bool {
        self.saved.settings.augment.is_set()
    }

    fn augment(&self, rows: &mut Prepared, stream: &mut SplitMix) {
        self.saved.settings.augment.apply(rows, stream);
    }

    fn pretrained(&self) -> Result<Option<Weights>> {
        self.source.as_ref().map(|path| self.published(path)).transpose()
    }

    fn published(&self, path: &Path) -> Result<Weights> {
        let Settings { network, size, .. } = &self.saved.settings;
        let loaded = Published::open(path, None)?.trunk(network, *size)?;
        trunk::pretrained(loaded, |b| self.trunk(b))
    }

    fn state(&self) -> State {
        State { json: params::object(&self.saved), ..State::default() }
    }
}
