//! Integration tests of the crate, one module a room.

mod encoders;
mod explain;
mod golden;
mod report;
mod training;
