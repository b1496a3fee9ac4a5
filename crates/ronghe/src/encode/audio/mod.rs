//! Sounds to vectors.
//!
//! | file | what |
//! |---|---|
//! | `mel` | log-mel spectrograms |
//! | `mel_cnn` | a small residual network over spectrograms |
//! | `spec_augment` | random changes to training spectrograms |

mod mel;
mod mel_cnn;
mod spec_augment;

pub use mel::{LogMel, MelConfig};
pub(super) use mel_cnn::MEL_CNN;
