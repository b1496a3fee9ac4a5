#![no_main]
//! The reader of sheets on any bytes.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| ronghe_fuzz::read_bytes(bytes, "t.xlsx", "workbook"));
