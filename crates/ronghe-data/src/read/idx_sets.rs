//! Which IDX files of a folder belong together.
//!
//! Pictures `STEM-images*` go with labels `STEM-labels*`. `STEM` is the name of the set and of the part: `train` and
//! `t10k` (MNIST), `emnist-letters-train`, `qmnist-test`. Pairs that differ in the part alone are one set.

use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// Pictures and their labels.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) images: PathBuf,
    pub(super) labels: PathBuf,
    pub(super) split: &'static str,
    /// Name of the set, in lower case; empty for MNIST's own names.
    pub(super) set: String,
}

/// Words in a stem that name the part.
const PARTS: &[(&str, &str)] =
    &[("t10k", "test"), ("test", "test"), ("testing", "test"), ("train", "train"), ("training", "train")];

/// The pairs of pictures and labels in a folder, training first within a set.
pub(super) fn pairs(folder: &Path) -> Result<Vec<Pair>> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::io(folder, e))?;
    // Folders `images` and `labels` are those of another layout.
    let mut names: Vec<String> = entries
        .filter_map(|e| {
            let e = e.ok()?;
            e.path().is_file().then(|| e.file_name().into_string().ok())?
        })
        .filter(|n| !n.starts_with('.'))
        .collect();
    names.sort();
    let mut pairs: Vec<Pair> = Vec::new();
    for name in &names {
        let lower = name.to_ascii_lowercase();
        let Some(at) = lower.find("images") else { continue };
        let stem = &name[..at];
        let labels = names.iter().find(|n| {
            let rest = n.strip_prefix(stem).map(str::to_ascii_lowercase);
            rest.is_some_and(|rest| rest.starts_with("labels"))
        });
        let Some(labels) = labels else { continue };
        let (set, split) = set_and_part(&lower[..at]);
        let (images, labels) = (folder.join(name), folder.join(labels));
        // The same set plain and compressed is one set.
        if !pairs.iter().any(|p| p.labels == labels && p.split == split) {
            pairs.push(Pair { images, labels, split, set });
        }
    }
    pairs.sort_by(|a, b| a.set.cmp(&b.set).then((a.split == "test").cmp(&(b.split == "test"))));
    Ok(pairs)
}

/// `emnist-letters-test-` is the test part of `emnist-letters`. What names no part is for training.
fn set_and_part(stem: &str) -> (String, &'static str) {
    let mut part = "train";
    let words = stem.split(['-', '_', '.', ' ']).filter(|word| {
        let found = PARTS.iter().find(|(name, _)| name == word);
        part = found.map_or(part, |(_, named)| named);
        found.is_none() && !word.is_empty()
    });
    let words: Vec<&str> = words.collect();
    (words.join("-"), part)
}

/// The pairs that `path` stands for: all of a folder with one set; both parts of a set with a name of its own where one
/// of its files is given; the file and its partner otherwise.
pub(super) fn chosen(path: &Path) -> Result<Vec<Pair>> {
    let mut pairs = if path.is_dir() { pairs(path)? } else { pairs(around(path))? };
    if path.is_file() {
        let given = |p: &Pair| [&p.images, &p.labels].iter().any(|f| f.file_name() == path.file_name());
        match pairs.iter().find(|p| given(p)).map(|p| p.set.clone()) {
            Some(set) if !set.is_empty() => pairs.retain(|p| p.set == set),
            _ => pairs.retain(given),
        }
    }
    let Some(first) = pairs.first() else {
        return Err(Error::file(
            path,
            "pictures `NAME-images...` and labels `NAME-labels...` side by side",
            "no such pair",
            "put both files into one folder under their published names, such as train-images-idx3-ubyte",
        ));
    };
    let mut sets: Vec<&str> = pairs.iter().map(|p| p.set.as_str()).collect();
    sets.dedup();
    if sets.len() > 1 {
        let named: Vec<&str> = sets.iter().map(|s| if s.is_empty() { "train and t10k" } else { s }).collect();
        let file = first.images.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Err(Error::file(
            path,
            "one set in the folder",
            format!("{}: {}", sets.len(), named.join(", ")),
            format!(
                "give a file of the set that is meant, such as `{file}`, for all its parts, or put the set into a \
                 folder of its own"
            ),
        ));
    }
    Ok(pairs)
}

/// The folder of a file.
fn around(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
