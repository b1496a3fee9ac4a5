//! Fuse text, images, speech and table columns into one model; train, evaluate and explain it.
//!
//! ```text
//! Table -> Encoder (one an input) -> vectors -> Fusion -> representation -> Head -> Predictions
//! Predictor + Masker = Game -> Explainer -> Explanation
//! ```

pub mod artifact;
mod base64;
mod calibrate;
pub mod catalogue;
mod cells;
pub mod config;
pub mod embed;
pub mod encode;
mod error;
pub mod evaluation;
pub mod explain;
mod external;
pub mod fuse;
pub mod head;
pub mod metric;
mod model;
mod network;
#[cfg(feature = "onnx")]
pub mod onnx;
mod opening;
mod predict;
pub mod probe;
pub mod report;
mod slopes;
pub mod study;
mod task;
pub mod train;
pub mod transfer;

pub use cells::{CellColumn, CellKey, Cells};
pub use encode::UnknownNames;
pub use error::{Error, Result};
pub use external::External;
pub use model::{
    Detailed, Difference, Matched, Missing, Model, ModelParts, Output, PartPrecision, PrecisionMode,
    match_columns,
};
pub use network::{InputPart, Network, Trunk};
pub use opening::{Layout, Opening};
pub use predict::{InputInfo, Predictions, Predictor, Representations};
pub use slopes::{Features, Pixels, Place, Slopes};
pub use task::{Targets, Task, TaskKind};

/// The processor that models run on: architecture, instruction sets, cores.
pub fn cpu() -> String {
    ronghe_cpu::detected_cpu().to_string()
}
