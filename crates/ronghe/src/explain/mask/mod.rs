//! Maskers: into which parts a cell is divided, and what stands in for the parts that are hidden.
//!
//! A spec names a masker, its size and its fill: `words`, `patches:7x7/blur`, `spans:10x3/silence`, `whole/missing`.
//!
//! | file | what |
//! |---|---|
//! | `whole` | the cell is one player; its fills |
//! | `words` | words of a text |
//! | `patches` | boxes of a picture, single pixels |
//! | `superpixels` | regions of like colour (SLIC) |
//! | `canvas` | a picture with parts painted over |
//! | `paint` | what pictures are painted over with: blur, inpainting |
//! | `spans` | stretches of a sound within bands |
//! | `bands` | a sound as the sum of its bands; noise like it |
//! | `gaussian` | hidden numbers given the shown ones |
//! | `spec` | specs as they are written |

mod bands;
mod canvas;
pub(super) mod gaussian;
mod paint;
mod patches;
mod spans;
mod spec;
mod superpixels;
mod whole;
mod words;

pub use spec::MaskSpec;

use super::Part;
use crate::Result;
use ronghe_data::{Modality, Table};

/// An entry of the table of maskers.
pub struct MaskerEntry {
    /// Name in specs.
    pub name: &'static str,
    /// Modalities whose cells it divides.
    pub modalities: &'static [Modality],
    /// One line of help.
    pub summary: &'static str,
    /// The numbers after the colon: what they count, and the default.
    pub size: &'static [(&'static str, usize)],
    /// Fills; the first is the default.
    pub fills: &'static [FillEntry],
    /// Divides a cell. None where the cell stays whole.
    pub(super) build: Option<fn(&MaskInput<'_>) -> Result<Divided>>,
}

/// What may stand in for hidden parts.
pub struct FillEntry {
    /// Name in specs.
    pub name: &'static str,
    /// One line of help.
    pub summary: &'static str,
}

/// All maskers. The first keeps cells whole; of the others, the first of a modality is its default.
pub static MASKERS: &[&MaskerEntry] = &[
    &whole::WHOLE,
    &words::WORDS,
    &patches::PATCHES,
    &patches::PIXELS,
    &superpixels::SUPERPIXELS,
    &spans::SPANS,
];

/// What a cell is divided from.
pub(super) struct MaskInput<'a> {
    /// The cell: a table of one row and one column; not missing.
    pub(super) cell: &'a Table,
    /// The cells of the background rows, in one column.
    pub(super) background: &'a Table,
    /// The numbers after the colon, or their defaults.
    pub(super) size: &'a [usize],
    /// Name of the fill.
    pub(super) fill: &'static str,
    /// Seed of what is random in it.
    pub(super) seed: u64,
}

/// What came of dividing a cell.
pub(super) enum Divided {
    /// Its parts, and what to tell about them.
    Parts(Box<dyn Mask>, Option<String>),
    /// It cannot be divided, for this reason, and stays whole.
    Whole(String),
    /// It cannot be read, for this reason, and counts as missing.
    Unreadable(String),
}

/// Hides parts of one cell.
pub(super) trait Mask: Send + Sync {
    /// Name and place of each part. A cell without any is one player still.
    fn parts(&self) -> Vec<(String, Part)>;

    /// Whether what stands in for hidden parts differs from background row to background row.
    fn varies(&self) -> bool {
        false
    }

    /// Whether each pixel of a masked picture is that of the picture or that of the picture with all parts hidden.
    fn pastes(&self) -> bool {
        false
    }

    /// Bytes of a masked cell, roughly.
    fn bytes(&self) -> usize;

    /// The cell with these parts shown, at least one of them hidden; `filler` is the number of a background row.
    fn content(&self, shown: &[bool], filler: usize) -> Content;
}

/// A cell made by a masker.
pub(super) enum Content {
    /// Nothing is left.
    Missing,
    /// A text.
    Text(String),
    /// A media file.
    Bytes(Vec<u8>),
}
