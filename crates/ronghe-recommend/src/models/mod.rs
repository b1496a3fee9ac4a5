//! The models, one file each.

pub mod bpr;
pub mod content;
mod factors;
pub mod ials;
#[cfg(test)]
pub(crate) mod planted;
pub mod popularity;
mod ridge;
mod vectors;
