#![no_main]
//! The reader of folders of tables, on two files of any text and on what `datasets` says of a saved set.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|files: (&[u8], &[u8], &[u8])| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder made");
        std::fs::write(path, bytes).expect("a file written");
    };
    put("tables/key=1/train.csv", files.0);
    put("tables/key=2/test.csv", files.1);
    put("lines/0.jsonl", files.0);
    put("lines/1.jsonl", files.1);
    put("saved/state.json", files.2);
    put("saved/dataset_info.json", b"{}");
    put("saved/data-00000-of-00001.arrow", files.0);
    for name in ["tables", "lines", "saved"] {
        ronghe_fuzz::read_path(&folder.path().join(name), "shards");
    }
});
