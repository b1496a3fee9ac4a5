//! Pictures to vectors.
//!
//! | file | what |
//! |---|---|
//! | `pictures` | cells to pixels of one shape |
//! | `dense` | flattened pixels through dense layers |
//! | `cnn` | a small residual network trained from the start |

mod cnn;
mod dense;
mod pictures;

pub(super) use cnn::CNN;
pub(super) use dense::DENSE;
pub(super) use pictures::largest_side;
