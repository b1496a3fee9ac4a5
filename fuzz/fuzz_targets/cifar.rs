#![no_main]
//! The reader of CIFAR on an archive of any bytes.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| ronghe_fuzz::read_bytes(bytes, "fuzz.tar", "cifar"));
