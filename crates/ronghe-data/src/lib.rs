//! Files to typed tables.
//!
//! `file -> Reader -> Table(Schema, Arrow columns)`: readers for the usual table and media formats, inference of what
//! each column holds, decoding of pictures and sound, word segmentation, splits, and a synthetic multimodal set.
//! No tensors, no network, no async.

mod content;
pub mod decode;
mod distinct;
mod error;
mod gathered;
mod infer;
pub use media::how_to_convert;
mod media;
mod notation;
mod packed;
pub mod plain;
pub mod profile;
pub mod read;
mod schema;
pub mod segment;
mod split;
pub mod suggest;
pub mod synth;
mod table;
mod value;
pub mod write;

pub use distinct::Distinct;
pub use error::{Error, Result};
pub use notation::{DateOrder, DateUnit, DecimalMark, Notation};
pub use schema::{ColumnSchema, Kind, Modality, Schema};
pub use split::{Shares, Split, SplitBy, split};
pub use table::{Cell, Table};
