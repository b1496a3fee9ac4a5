//! Pictures to vectors.
//!
//! | file | what |
//! |---|---|
//! | `pictures` | cells to pixels of one shape |
//! | `augment` | random changes to training pictures |
//! | `dense` | flattened pixels through dense layers |
//! | `pretrained` | published networks, by name or by file |
//! | `network` | what those share: a trunk, frozen or trained on |
//! | `cnn` | a small residual network trained from the start |

mod augment;
mod cnn;
mod dense;
mod network;
mod pictures;
mod pretrained;

pub(super) use cnn::CNN;
pub(super) use dense::DENSE;
pub(super) use pictures::largest_side;
pub(super) use pretrained::{EFFICIENTNET_LITE0, MOBILENET_V2, PRETRAINED};
