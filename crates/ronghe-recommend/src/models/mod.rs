//! The models, one file each.

pub mod hybrid;
pub mod popularity;
