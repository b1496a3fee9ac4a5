//! Integration tests of the crate, one module a room.

mod backbones;
mod encoders;
mod explain;
mod formula;
mod golden;
mod gradients;
mod parts;
mod probe;
mod report;
mod same_row;
mod training;
mod transfer;
mod whole_cells;
