#![no_main]
//! Packed files on any bytes, after the first bytes of each packing.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let starts: [&[u8]; 5] = [
        b"\x1f\x8b\x08\0",
        b"BZh9\x31\x41\x59\x26\x53\x59",
        b"\xfd7zXZ\0",
        b"\x28\xb5\x2f\xfd",
        b"PK\x03\x04",
    ];
    for start in starts {
        ronghe_fuzz::read_bytes(&[start, bytes].concat(), "t.csv", "csv");
    }
});
