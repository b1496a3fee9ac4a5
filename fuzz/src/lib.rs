//! What the targets share.

use ronghe_data::read::{Limits, ReadOptions, read};
use std::path::Path;

/// Options under which a target may read: small limits, so that memory stays small.
pub fn options(format: &str) -> ReadOptions {
    ReadOptions {
        format: Some(format.into()),
        limits: Limits { columns: 1000, row_bytes: 1 << 16, files: 100, part_bytes: 1 << 20 },
        ..ReadOptions::default()
    }
}

/// Reads a file of these bytes as `format`, strictly and leaving out bad rows.
pub fn read_bytes(bytes: &[u8], name: &str, format: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("a file written");
    read_path(&path, format);
}

/// Reads what is at `path` as `format`, strictly and leaving out bad rows.
pub fn read_path(path: &Path, format: &str) {
    for skip_bad_rows in [false, true] {
        let _ = read(path, &ReadOptions { skip_bad_rows, ..options(format) });
    }
}
