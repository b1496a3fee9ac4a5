//! Encoders: from the cells of one input to a vector a row.
//!
//! An encoder is fitted on training rows, prepares cells (decoding, tokenising, standardising) on the data side, and
//! writes its part of the network. Every entry of [`ENCODERS`] passes the same conformance suite.
//!
//! | file | what |
//! |---|---|
//! | `prepared` | what cells become before they enter the network |
//! | `names` | names that training did not have |
//! | `tabular`, `text`, `image`, `audio` | the encoders of each modality |
//! | [`backbone`] | the networks of pretrained encoders, as plain functions |
//! | `network` | the small networks that encoders end in |
//! | `trunk` | the published network inside an encoder |
//! | `params` | parameters and saved state as plain structs |

mod audio;
pub mod backbone;
mod image;
mod names;
mod network;
mod params;
mod prepared;
mod tabular;
mod text;
mod trunk;

pub use audio::{LogMel, MelConfig};
pub use names::UnknownNames;
pub use prepared::{BadCell, Field, Prepared};
pub(crate) use tabular::proportion;

use crate::{Error, Layout, Result};
use ronghe_data::decode::Fit;
use ronghe_data::{Modality, Table};
use ronghe_graph::{Builder, SplitMix, ValueId, Weights};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// An entry of the table of encoders.
pub struct EncoderSpec {
    /// Name in configurations.
    pub name: &'static str,
    /// The modality it reads.
    pub modality: Modality,
    /// One line of help.
    pub summary: &'static str,
    /// Whether a published network is at its heart: then [`Encoder::trunk`] writes one.
    pub published: bool,
    /// Catalogue names of the pretrained weights it needs.
    pub needs: &'static [&'static str],
    /// Its parameters with their defaults, as an object.
    pub defaults: fn() -> Value,
    /// Learns what it must from the training rows.
    pub fit: fn(&FitInput<'_>) -> Result<Box<dyn Encoder>>,
    /// Restores one that was saved.
    pub load: fn(&State) -> Result<Box<dyn Encoder>>,
}

/// All encoders.
pub static ENCODERS: &[&EncoderSpec] = &[
    &tabular::COLUMNS,
    &text::TFIDF,
    &text::MINILM,
    &text::E5,
    &text::PRETRAINED,
    &image::DENSE,
    &image::CNN,
    &image::EFFICIENTNET_LITE0,
    &image::MOBILENET_V2,
    &image::PRETRAINED,
    &audio::MEL_CNN,
];

/// What an encoder is fitted on.
pub struct FitInput<'a> {
    /// Training rows; only the columns of this input.
    pub table: &'a Table,
    /// Parameters: the defaults overlaid with what the user gave.
    pub params: &'a Value,
    /// Where a pretrained file is, by catalogue name; what is no such name is a path that the user wrote.
    pub files: &'a dyn Fn(&str) -> Result<PathBuf>,
    /// Seed.
    pub seed: u64,
}

/// What a fitted encoder needs besides weights: numbers and names as JSON, files by name (a tokenizer).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Parameters and what was learned from data.
    pub json: Value,
    /// Files to keep beside it.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// A fitted encoder.
pub trait Encoder: Send + Sync {
    /// Its entry in the table.
    fn spec(&self) -> &'static EncoderSpec;

    /// Turns cells into what the network is fed. Cells that cannot be read are listed in [`Prepared::bad`] and
    /// count as missing there; the caller decides whether that is an error. Rows are independent of each other.
    fn prepare(&self, table: &Table) -> Result<Prepared>;

    /// What decides what [`Encoder::prepare`] makes of a cell, as JSON. Vectors that are kept on disk are found again by
    /// it.
    fn preparation(&self) -> Value {
        self.state().json
    }

    /// Writes the published network, where there is one, from the fields of [`Prepared`] (declared as inputs under the
    /// builder's scope, by the same names) to one vector a row, `[N, W]`. Its weights stand under `trunk`.
    fn trunk(&self, _b: &mut Builder<'_>) -> Result<Option<ValueId>> {
        Ok(None)
    }

    /// Writes the rest of the network to one vector a row, `[N, V]`: from the trunk's vector or, in an encoder without
    /// one, from the fields of [`Prepared`].
    fn build(&self, b: &mut Builder<'_>, trunk: Option<ValueId>) -> Result<ValueId>;

    /// Writes the whole.
    fn write(&self, b: &mut Builder<'_>) -> Result<ValueId> {
        let trunk = self.trunk(b)?;
        self.build(b, trunk)
    }

    /// Which places of a cell the numbers that [`Encoder::prepare`] makes are, where each is one place's.
    fn layout(&self) -> Option<Layout> {
        None
    }

    /// Of a picture, how it becomes the pixels of [`Encoder::prepare`].
    fn framing(&self) -> Option<Fit> {
        None
    }

    /// The features that each column has in `field` of [`Encoder::prepare`]: all of them, where there is one column. None where
    /// columns are read together.
    fn columns(&self, _field: &str) -> Option<Vec<(String, Range<usize>)>> {
        None
    }

    /// Whether training rows are changed at random by [`Encoder::augment`].
    fn augments(&self) -> bool {
        false
    }

    /// Changes the rows of one training batch at random before they are fed; prediction never sees this. What a row
    /// becomes depends on `stream` and the row's place alone.
    fn augment(&self, _rows: &mut Prepared, _stream: &mut SplitMix) {}

    /// Pretrained weights to start from, by the names that [`Encoder::build`] declares, without the scope. Called
    /// once, when training starts.
    fn pretrained(&self) -> Result<Option<Weights>> {
        Ok(None)
    }

    /// The weights of its published network from the file or folder they were published in, named as by
    /// [`Encoder::pretrained`].
    fn published(&self, _path: &Path) -> Result<Weights> {
        Ok(Weights::new())
    }

    /// The columns with names that no training cell had, where the encoder knows names; in the order of the columns.
    fn unknown_names(&self, _table: &Table) -> Result<Vec<UnknownNames>> {
        Ok(Vec::new())
    }

    /// What [`EncoderSpec::load`] needs to make this encoder again, weights apart.
    fn state(&self) -> State;
}

impl fmt::Debug for EncoderSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncoderSpec({})", self.name)
    }
}

/// A stream of its own for each row of a batch, so that rows can be changed at random side by side.
fn row_streams(rows: usize, stream: &mut SplitMix) -> Vec<SplitMix> {
    (0..rows).map(|_| SplitMix::named(stream.next_u64(), "row")).collect()
}

/// The encoder called `name`, for `modality`.
pub fn find(name: &str, modality: Modality, place: &str) -> Result<&'static EncoderSpec> {
    ENCODERS.iter().copied().find(|e| e.name == name && e.modality == modality).ok_or_else(|| {
        Error::UnknownName {
            place: place.to_owned(),
            what: "encoder for this modality",
            name: name.to_owned(),
            valid: ENCODERS.iter().filter(|e| e.modality == modality).map(|e| e.name.to_owned()).collect(),
        }
    })
}

/// The encoder to take for an input that names none: `table` has its columns, `at_hand` tells which pretrained files may be
/// used. It must not tell what happens to be in a cache: the same configuration would give another model elsewhere.
///
/// Tables get `columns`, texts `tfidf`, sounds `mel_cnn`. Pictures of more than 64 pixels a side get
/// `efficientnet_lite0` where its weights may be used, others `cnn`.
pub fn default_encoder(modality: Modality, table: &Table, at_hand: &dyn Fn(&str) -> bool) -> &'static str {
    match modality {
        Modality::Tabular => "columns",
        Modality::Text => "tfidf",
        Modality::Audio => "mel_cnn",
        Modality::Image => match worth_pulling(modality, table) {
            Some(better) if better.needs.iter().all(|n| at_hand(n)) => better.name,
            _ => "cnn",
        },
    }
}

/// An encoder with a published network that is mostly better than the default one for such an input; its weights have to be pulled.
pub fn worth_pulling(modality: Modality, table: &Table) -> Option<&'static EncoderSpec> {
    let large = modality == Modality::Image && image::largest_side(table, 0) > 64;
    let found = ENCODERS.iter().copied().find(|e| e.name == "efficientnet_lite0" && e.modality == modality);
    found.filter(|_| large)
}
