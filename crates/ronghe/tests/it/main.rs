//! Integration tests of the crate, one module a room.

mod backbones;
mod encoders;
mod explain;
mod formula;
mod golden;
mod probe;
mod report;
mod training;
mod transfer;
