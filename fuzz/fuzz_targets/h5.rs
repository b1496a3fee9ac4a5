#![no_main]
//! The reader of HDF5 files as Keras writes them on any bytes.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| drop(ronghe_graph::weights::h5::read("fuzz", bytes)));
