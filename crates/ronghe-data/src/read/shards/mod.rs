//! A folder of tables that are parts of one: Parquet, Arrow, CSV or JSON Lines files at any depth.
//!
//! ```text
//! root/data/train-00000-of-00002.parquet ...   rows in the order of names; `split` from the names
//! root/year=2024/month=01/part-0.csv           `year` and `month` from the folders
//! root/{train,test}/data-00000-of-00001.arrow  what `datasets` saves to disk (with its .json files)
//! ```
//! Columns are united by name, and kinds are found over all files. `names` reads what names say, `lines` chains files
//! of text, `saved` lists what `datasets` saved.

mod lines;
mod names;
mod saved;

use super::batches::{Part, Union};
use super::ipc::ArrowFile;
use super::packed::unpacked_name;
use super::parquet_file::ParquetFile;
use super::{FORMATS, ReadOptions, Reader, typed};
use crate::media::file_kind;
use crate::{Error, Kind, Result};
pub(super) use names::given;
use std::path::{Path, PathBuf};

/// Formats that a table in a folder may have, the first one found being that of all.
const TABLES: &[&str] = &["parquet", "arrow", "csv", "jsonl"];
/// Endings of those formats that in a folder say too little.
const VAGUE: &[&str] = &["txt", "data", "tab"];
/// Files that describe others.
const NOTES: &[&str] = &[
    "dataset_info.json",
    "dataset_infos.json",
    "dataset_dict.json",
    "state.json",
    "croissant.json",
    "package.json",
];
/// Folders within folders.
const DEPTH: usize = 32;

pub(super) fn sniff(path: &Path, _: &[u8]) -> bool {
    path.is_dir() && (saved::is_saved(path) || looks_like_tables(path, DEPTH) == Some(true))
}

/// A file of the folder.
#[derive(Debug, Clone)]
struct Shard {
    path: PathBuf,
    format: &'static str,
    /// Columns that hold one value in all its rows.
    given: Vec<(String, Option<String>)>,
}

pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn Reader>> {
    if !path.is_dir() {
        return Err(Error::file(path, "a folder", "something else", "give the folder that holds the tables"));
    }
    let shards = if saved::is_saved(path) { saved::shards(path, options)? } else { listed(path, options)? };
    let Some(first) = shards.first() else {
        return Err(Error::file(
            path,
            "Parquet, Arrow, CSV or JSON Lines files in the folder",
            "none",
            "give the folder that holds the tables",
        ));
    };
    if let Some(other) = shards.iter().find(|s| s.format != first.format) {
        let name = |s: &Shard| s.path.strip_prefix(path).unwrap_or(&s.path).display().to_string();
        return Err(Error::file(
            path,
            "tables of one format in the folder",
            format!("`{}` beside `{}`", name(first), name(other)),
            "give one of the files, or put each table into a folder of its own",
        ));
    }
    let mut options = options.clone();
    for (name, _) in shards.iter().flat_map(|s| &s.given) {
        options.take_as(name, Kind::Category);
    }
    if matches!(first.format, "csv" | "jsonl") {
        return lines::open(path, shards, &options);
    }
    let parts = shards.into_iter().map(|shard| {
        let Shard { path, format, given } = shard;
        let origin = match format {
            "parquet" => Box::new(ParquetFile::open(&path)?) as Box<dyn super::batches::Origin>,
            _ => Box::new(ArrowFile::open(&path, &options)?),
        };
        Ok(Part { path, origin, given })
    });
    let parts = parts.collect::<Result<Vec<Part>>>()?;
    typed::open(&Union::new(path, parts)?, path, &options)
}

/// The format of a table by its name.
fn format_of(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    if NOTES.contains(&lower.as_str()) {
        return None;
    }
    let (_, ending) = unpacked_name(&lower).rsplit_once('.')?;
    let format = FORMATS.iter().find(|f| TABLES.contains(&f.name) && f.extensions.contains(&ending))?;
    (!VAGUE.contains(&ending)).then_some(format.name)
}

/// Whether a name is no part of a table: hidden, or kept by a writer for itself.
fn is_passed_over(name: &str) -> bool {
    name.starts_with('.') || name.starts_with('_') || name.ends_with(".crc")
}

/// Whether a folder holds tables (`Some(true)`), pictures or sounds (`Some(false)`) or neither; the first media file
/// ends the search.
fn looks_like_tables(folder: &Path, depth: usize) -> Option<bool> {
    let mut found = None;
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(folder).ok()? {
        let entry = entry.ok()?;
        let name = entry.file_name().into_string().ok()?;
        if is_passed_over(&name) {
            continue;
        }
        // Links to folders are not followed here: one of them may lead around in a circle.
        if entry.file_type().ok()?.is_dir() {
            folders.push(entry.path());
        } else if file_kind(&name).is_some() {
            return Some(false);
        } else if format_of(&name).is_some() {
            found = Some(true);
        }
    }
    for folder in folders.iter().filter(|_| depth > 0) {
        match looks_like_tables(folder, depth - 1) {
            Some(false) => return Some(false),
            Some(true) => found = Some(true),
            None => {}
        }
    }
    found
}

/// The tables in a folder, in the order of their names, with what the names say.
fn listed(root: &Path, options: &ReadOptions) -> Result<Vec<Shard>> {
    let mut files = Vec::new();
    walk(root, "", DEPTH, options.limits.files, &mut files)?;
    // JSON beside other tables describes them.
    if files.iter().any(|f| format_of(f).is_some_and(|f| f != "jsonl")) {
        files.retain(|f| !f.to_ascii_lowercase().ends_with(".json"));
    }
    let given = given(root, &files)?;
    let shards = files.iter().zip(given).filter_map(|(file, given)| {
        Some(Shard { path: root.join(file), format: format_of(file.rsplit('/').next()?)?, given })
    });
    Ok(shards.collect())
}

fn walk(root: &Path, relative: &str, depth: usize, most: usize, files: &mut Vec<String>) -> Result<()> {
    let folder = root.join(relative);
    let mut entries = std::fs::read_dir(&folder)
        .and_then(|entries| entries.map(|e| e.map(|e| e.file_name())).collect::<std::io::Result<Vec<_>>>())
        .map_err(|e| Error::io(&folder, e))?;
    entries.sort();
    for name in entries {
        let path = folder.join(&name);
        let Some(name) = name.to_str() else {
            return Err(Error::file(&path, "a file name in UTF-8", "other bytes", "rename the file"));
        };
        if is_passed_over(name) {
            continue;
        }
        let below = if relative.is_empty() { name.to_owned() } else { format!("{relative}/{name}") };
        if path.is_dir() {
            if depth == 0 {
                return Err(Error::file(
                    &path,
                    format!("at most {DEPTH} folders within each other"),
                    "a link to a folder around it, or deeper folders",
                    "remove the link",
                ));
            }
            walk(root, &below, depth - 1, most, files)?;
        } else if format_of(name).is_some() {
            if files.len() == most {
                return Err(Error::Limit {
                    path: root.to_owned(),
                    what: "the number of files".into(),
                    found: format!("more than {most}"),
                    limit: most.to_string(),
                    mend: "put the files into several folders".into(),
                });
            }
            files.push(below);
        }
    }
    Ok(())
}
