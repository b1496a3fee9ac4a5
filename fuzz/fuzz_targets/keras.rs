#![no_main]
//! The reader of .keras archives on any bytes.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| drop(ronghe_graph::weights::keras::read("fuzz", bytes)));
