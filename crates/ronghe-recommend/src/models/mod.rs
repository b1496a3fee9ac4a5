//! The models, one file each.

pub mod hybrid;
mod mix;
pub mod popularity;
