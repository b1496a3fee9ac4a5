//! Files from outside, read by the whole crate.

mod hostile;
mod hostile_office;
mod office;
mod pdf;
mod variants;
