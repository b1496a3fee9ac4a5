#![no_main]
//! The reader of NumPy arrays in pickles on any bytes.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| drop(ronghe_graph::weights::pkl::read("fuzz", bytes)));
