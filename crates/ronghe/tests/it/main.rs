//! Integration tests of the crate, one module a room.

mod explain;
mod report;
