//! Integration tests of the crate, one module a room.

mod encoders;
mod explain;
mod report;
