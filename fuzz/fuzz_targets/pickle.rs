#![no_main]
//! The reader of pickles, through a Python batch of CIFAR.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("data_batch_1"), bytes).expect("a file written");
    ronghe_fuzz::read_path(folder.path(), "cifar");
});
