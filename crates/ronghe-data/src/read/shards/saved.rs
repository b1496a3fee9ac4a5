//! Folders that `save_to_disk` of the Python library `datasets` writes.
//!
//! `state.json` lists the files of one set in its order; `dataset_dict.json` lists the parts, each a folder of such.

use super::{Shard, listed};
use crate::read::{ReadOptions, bytes, part};
use crate::{Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::Path;

const STATE: &str = "state.json";
const PARTS: &str = "dataset_dict.json";

#[derive(Deserialize)]
struct Parts {
    splits: Vec<String>,
}

#[derive(Deserialize)]
struct State {
    #[serde(rename = "_data_files")]
    files: Vec<DataFile>,
}

#[derive(Deserialize)]
struct DataFile {
    filename: String,
}

/// Whether `datasets` saved this folder.
pub(super) fn is_saved(folder: &Path) -> bool {
    folder.join(PARTS).is_file()
        || (folder.join(STATE).is_file() && folder.join("dataset_info.json").is_file())
}

/// The files of a saved folder in their order.
pub(super) fn shards(folder: &Path, options: &ReadOptions) -> Result<Vec<Shard>> {
    if !folder.join(PARTS).is_file() {
        return set(folder, &[]);
    }
    let Parts { splits } = parsed(&folder.join(PARTS))?;
    let mut shards = Vec::new();
    for name in &splits {
        let inside = folder.join(plain(&folder.join(PARTS), name)?);
        // A part whose name is no usual one keeps it: it is for the user to say what it is for.
        let value = part(name).map_or_else(|| name.clone(), str::to_owned);
        let given = if splits.len() > 1 { vec![("split".to_owned(), Some(value))] } else { Vec::new() };
        if inside.join(STATE).is_file() {
            shards.extend(set(&inside, &given)?);
        } else {
            let listed = listed(&inside, options)?;
            shards.extend(listed.into_iter().map(|s| Shard { given: given.clone(), ..s }));
        }
    }
    Ok(shards)
}

fn set(folder: &Path, given: &[(String, Option<String>)]) -> Result<Vec<Shard>> {
    let state = folder.join(STATE);
    let State { files } = parsed(&state)?;
    let shard = |f: &DataFile| {
        let path = folder.join(plain(&state, &f.filename)?);
        Ok(Shard { path, format: "arrow", given: given.to_vec() })
    };
    files.iter().map(shard).collect()
}

fn parsed<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = bytes::whole(path, 16 << 20)?;
    serde_json::from_slice(&text).map_err(|e| {
        let found = format!("something else in line {}", e.line());
        Error::file(path, "what `save_to_disk` writes", found, "save the set again with `save_to_disk`")
    })
}

/// A name that stays in its folder.
fn plain<'a>(path: &Path, name: &'a str) -> Result<&'a str> {
    if crate::infer::stays_inside(name) && !name.is_empty() {
        return Ok(name);
    }
    let mend = "save the set again with `save_to_disk`";
    Err(Error::file(path, "names of files in the folder", format!("`{name}`"), mend))
}
