#![no_main]
//! The reader of PyTorch files, ZIP archives and the older form on any bytes.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| drop(ronghe_graph::weights::pth::read("fuzz", bytes)));
