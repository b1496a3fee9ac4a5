//! Folders as Hugging Face publishes them: weights with `config.json` and other descriptions beside.

use ronghe_data::plain;
use ronghe_graph::weights::read_file;
use ronghe_graph::{Error, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Larger than any published description.
const MAX_BYTES: u64 = 16 << 20;

/// The weight file that `path` is, or that the folder `path` has.
pub(super) fn weight_file(path: &Path) -> PathBuf {
    if !path.is_dir() {
        return path.to_owned();
    }
    let names = ["model.safetensors", "pytorch_model.bin"];
    let found = names.iter().map(|n| path.join(n)).find(|p| p.is_file());
    found.unwrap_or_else(|| path.join(names[0]))
}

/// The description `name` beside a weight file, with its place for messages; `None` if there is none.
pub(super) fn beside(file: &Path, name: &str) -> Result<Option<(String, Vec<u8>)>> {
    let beside = file.with_file_name(name);
    if !beside.is_file() {
        return Ok(None);
    }
    let place = beside.display().to_string();
    let len = beside.metadata().map_err(|source| Error::Io { path: place.clone(), source })?.len();
    if len > MAX_BYTES {
        return Err(wrong(&place, format!("{len} bytes, at most {MAX_BYTES} are read")));
    }
    let text = read_file(&beside)?;
    Ok(Some((place, text)))
}

/// A config.json whose fields, where they are there, say what is `expected`.
pub(super) fn config<T: DeserializeOwned>(path: &str, text: &[u8], expected: &[(&str, Value)]) -> Result<T> {
    let value: Value = serde_json::from_slice(text).map_err(|e| wrong(path, plain::json(&e)))?;
    for (field, expected) in expected {
        match value.get(field) {
            Some(found) if found != expected => {
                return Err(wrong(path, format!("{field}: expected {expected}, found {found}")));
            }
            _ => {}
        }
    }
    serde_json::from_value(value).map_err(|e| wrong(path, plain::json(&e)))
}

/// Refuses sizes that no network has: name, size, largest.
pub(super) fn sizes(path: &str, sizes: &[(&str, usize, usize)]) -> Result<()> {
    for &(name, found, most) in sizes {
        if found == 0 || found > most {
            return Err(wrong(path, format!("{name}: expected 1 to {most}, found {found}")));
        }
    }
    Ok(())
}

pub(super) fn wrong(path: &str, what: String) -> Error {
    Error::WeightFile { path: path.to_owned(), format: "config.json", what }
}
