#![no_main]
//! The reader of NumPy's .npy and .npz on any bytes.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let magic = [b"\x93NUMPY\x01\x00", bytes].concat();
    for bytes in [bytes, &magic] {
        ronghe_fuzz::read_bytes(bytes, "t.npz", "numpy");
    }
});
