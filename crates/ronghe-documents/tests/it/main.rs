//! Files from outside, read by the whole crate.

mod hostile;
mod office;
mod pdf;
mod variants;
