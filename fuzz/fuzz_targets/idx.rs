#![no_main]
//! The reader of IDX on a pair of files of any bytes.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|files: (&[u8], &[u8])| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let put =
        |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("a file written");
    put("train-images-idx3-ubyte", files.0);
    put("train-labels-idx1-ubyte", files.1);
    ronghe_fuzz::read_path(folder.path(), "idx");
});
