#![no_main]
//! The reader of Arrow IPC on any bytes, as a file and as a stream.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| ronghe_fuzz::read_bytes(bytes, "t.arrow", "arrow"));
