#![no_main]
//! The reader of safetensors on any bytes.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| drop(ronghe_graph::weights::safetensors::read("fuzz", bytes)));
