//! Files to read.

use ronghe_data::read::{ReadOptions, read};
use ronghe_data::{Kind, Table};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder with one file.
pub(crate) fn file(name: &str, content: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    put(&path, content);
    (folder, path)
}

/// Writes a file and the folders around it.
pub(crate) fn put(path: &Path, content: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// Compresses with gzip.
pub(crate) fn gz(content: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(content).unwrap();
    out.finish().unwrap()
}

/// The table in a file, read with the default options.
pub(crate) fn table(path: &Path) -> Table {
    read(path, &ReadOptions::default()).unwrap()
}

/// The message of the error that reading gives, with the folder left out.
pub(crate) fn message(path: &Path, options: &ReadOptions) -> String {
    let error = read(path, options).expect_err("reading fails").to_string();
    let folder = if path.is_dir() { path } else { path.parent().unwrap() };
    error.replace(&format!("{}/", folder.display()), "").replace(&folder.display().to_string(), "FOLDER")
}

/// Names and kinds of the columns.
pub(crate) fn kinds(table: &Table) -> Vec<(String, Kind)> {
    table.schema().columns.iter().map(|c| (c.name.clone(), c.kind)).collect()
}

/// A row as people read it.
pub(crate) fn row(table: &Table, row: usize) -> Vec<String> {
    (0..table.schema().columns.len()).map(|c| table.display(c, row).into_owned()).collect()
}

/// A tar archive of files.
pub(crate) fn tar(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, content) in files {
        let mut header = [0u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        header[156] = b'0';
        header[257..263].copy_from_slice(b"ustar\0");
        out.extend(header);
        out.extend(content);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}
