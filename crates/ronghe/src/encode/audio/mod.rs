//! Sounds to vectors.
//!
//! | file | what |
//! |---|---|
//! | `mel` | log-mel spectrograms |
//! | `mel_cnn` | a small residual network over spectrograms |

mod mel;
mod mel_cnn;

pub use mel::{LogMel, MelConfig};
pub(super) use mel_cnn::MEL_CNN;
