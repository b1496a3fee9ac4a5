//! What the folders around files say of them: class and part of a split.
//!
//! ```text
//! CLASS/**/FILE          PART/CLASS/**/FILE          CLASS/PART/FILE          PART/FILE (no label)
//! ```
//! One folder around everything (`data/`, `cats_and_dogs/`) is looked through, as is a folder in a part that repeats its
//! name or says nothing (`seg_train/seg_train/`, `test/images/`). Folders are parts if all of them are named like parts;
//! beside two parts other folders are left out with a warning; one name of a part among classes is a class, with a warning.

use super::Warning;
use super::parts::{Parts, is_filler};
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A file and what its folders say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed<'a> {
    /// The path as it was given.
    pub(super) file: &'a str,
    pub(super) label: Option<&'a str>,
    pub(super) split: Option<&'static str>,
}

pub(super) const MEND: &str =
    "arrange the files as CLASS/FILE or train/CLASS/FILE, or add a metadata.csv that names them";

/// A file and the folders around it that still have to be read.
type Around<'a> = (&'a str, Vec<&'a str>);

/// The class and the part of each of `files`, which are paths relative to `root` with `/`.
pub(super) fn place<'a>(
    root: &Path,
    files: &'a [String],
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Placed<'a>>> {
    let mut around: Vec<Around<'a>> = files
        .iter()
        .map(|file| {
            (file.as_str(), file.rsplit_once('/').map_or(Vec::new(), |(f, _)| f.split('/').collect()))
        })
        .collect();
    unwrap(&mut around);
    let tops: BTreeSet<&str> = around.iter().filter_map(|(_, folders)| folders.first().copied()).collect();
    if tops.is_empty() {
        return Ok(around.into_iter().map(|(file, _)| Placed { file, label: None, split: None }).collect());
    }
    if let Some((file, _)) = around.iter().find(|(_, folders)| folders.is_empty()) {
        return Err(beside_folders(root, file));
    }
    let reading = Parts::among(tops.iter().copied());
    let mut parts: BTreeMap<&str, &'static str> =
        tops.iter().filter_map(|top| Some((*top, reading.part(top)?))).collect();
    if parts.is_empty() {
        let within: BTreeMap<&str, &'static str> =
            tops.iter().filter_map(|top| Some((*top, reading.part_within(top)?))).collect();
        let different: BTreeSet<_> = within.values().collect();
        if within.len() == tops.len() && different.len() == tops.len() && tops.len() > 1 {
            parts = within;
        }
    }
    if parts.is_empty() {
        return classes(root, &around, &tops);
    }
    if parts.len() < tops.len() && !mixed(root, &mut around, &parts, &tops, warnings)? {
        return classes(root, &around, &tops);
    }
    in_parts(root, around, &parts)
}

fn beside_folders(root: &Path, file: &str) -> Error {
    Error::file(root, "every file in the folder of its class", format!("`{file}`"), MEND)
}

/// Takes off the folders that lie around everything, down to those of parts or to several.
fn unwrap(around: &mut [Around<'_>]) {
    let reading = Parts::default();
    for depth in 0.. {
        let names: BTreeSet<Option<&str>> =
            around.iter().map(|(_, folders)| folders.get(depth).copied()).collect();
        let holds_parts = names.iter().flatten().any(|name| reading.part(name).is_some());
        let holds_classes = names.len() > 1 && !names.contains(&None);
        if holds_parts || holds_classes {
            around.iter_mut().for_each(|(_, folders)| drop(folders.drain(..depth)));
            return;
        }
        // Files beside folders, or the end of the only way down.
        if names.contains(&None) || names.is_empty() {
            return;
        }
    }
}

/// Top folders are classes; parts may lie within them.
fn classes<'a>(root: &Path, around: &[Around<'a>], tops: &BTreeSet<&str>) -> Result<Vec<Placed<'a>>> {
    let inner: BTreeSet<&str> = around.iter().filter_map(|(_, folders)| folders.get(1).copied()).collect();
    let reading = Parts::among(inner.iter().copied());
    let part = |folders: &[&str]| folders.get(1).and_then(|name| reading.part(name));
    let split = around.iter().all(|(_, folders)| part(folders).is_some());
    if split && let Some((file, _)) = around.iter().find(|(_, folders)| folders.len() > 2) {
        let tops: Vec<&str> = tops.iter().copied().collect();
        return Err(Error::file(
            root,
            "one set, as train/CLASS/FILE or CLASS/train/FILE",
            format!("parts with folders of their own within `{}`, such as `{file}`", tops.join("`, `")),
            "give one of these folders",
        ));
    }
    let placed = around.iter().map(|(file, folders)| Placed {
        file,
        label: folders.first().copied(),
        split: if split { part(folders) } else { None },
    });
    Ok(placed.collect())
}

/// Decides where some top folders are named like parts and others are not. True: the others were taken out; false: all
/// are classes.
fn mixed(
    root: &Path,
    around: &mut Vec<Around<'_>>,
    parts: &BTreeMap<&str, &'static str>,
    tops: &BTreeSet<&str>,
    warnings: &mut Vec<Warning>,
) -> Result<bool> {
    let list = |names: Vec<&str>| format!("`{}`", names.join("`, `"));
    let named: Vec<&str> = parts.keys().copied().collect();
    let others: Vec<&str> = tops.iter().copied().filter(|top| !parts.contains_key(top)).collect();
    let within = |is_part: bool| -> BTreeSet<&str> {
        let chosen =
            around.iter().filter(|(_, f)| f.first().is_some_and(|t| parts.contains_key(t) == is_part));
        chosen.filter_map(|(_, folders)| folders.get(1).copied()).collect()
    };
    let (classes, beside) = (within(true), within(false));
    let different: BTreeSet<_> = parts.values().collect();
    if different.len() > 1 && !classes.is_empty() {
        let before = around.len();
        around.retain(|(_, folders)| folders.first().is_some_and(|top| parts.contains_key(top)));
        let files = before - around.len();
        warnings.push(Warning::PassedOver {
            what: format!(
                "{files} files in {}: {} were read as parts of a split, and these are named like none (train, val, \
                 test ...)",
                list(others),
                list(named)
            ),
        });
        return Ok(true);
    }
    if different.len() > 1 || classes.iter().any(|class| beside.contains(class)) {
        return Err(Error::file(
            root,
            "folders of classes, or of parts of a split (train, val, test ...)",
            format!("{} beside {}", list(named), list(others)),
            "rename the folders so that all are parts or all are classes, or move some of them away",
        ));
    }
    for class in named {
        let others = others.iter().map(|o| (*o).to_owned()).collect();
        warnings.push(Warning::ClassNamedLikePart { class: class.to_owned(), others });
    }
    Ok(false)
}

/// Top folders are parts; classes lie within them.
fn in_parts<'a>(
    root: &Path,
    mut around: Vec<Around<'a>>,
    parts: &BTreeMap<&str, &'static str>,
) -> Result<Vec<Placed<'a>>> {
    for &top in parts.keys() {
        unwrap_part(top, parts, &mut around);
    }
    let mut placed = Vec::with_capacity(around.len());
    let mut classes: BTreeMap<&'static str, BTreeSet<&str>> = BTreeMap::new();
    let mut flat: BTreeMap<&str, &str> = BTreeMap::new();
    let mut deep: BTreeSet<&str> = BTreeSet::new();
    for (file, folders) in around {
        let Some(top) = folders.first().copied() else { return Err(beside_folders(root, file)) };
        let split = parts.get(top).copied();
        let label = folders.get(1).copied();
        match (label, split) {
            (Some(label), Some(split)) => {
                deep.insert(top);
                classes.entry(split).or_default().insert(label);
            }
            _ => {
                flat.entry(top).or_insert(file);
            }
        }
        placed.push(Placed { file, label, split });
    }
    if let Some((_, file)) = flat.iter().find(|(top, _)| deep.contains(*top)) {
        return Err(beside_folders(root, file));
    }
    known_to_training(root, &classes, flat.keys().any(|top| parts.get(top) == Some(&"train")))?;
    Ok(placed)
}

/// Takes off folders in a part that repeat its name or say nothing.
fn unwrap_part(top: &str, parts: &BTreeMap<&str, &'static str>, around: &mut [Around<'_>]) {
    let reading = Parts::among(parts.keys().copied());
    loop {
        let mut inside = around.iter_mut().filter(|(_, folders)| folders.first() == Some(&top));
        let Some(name) = inside.next().and_then(|(_, folders)| folders.get(1).copied()) else { return };
        let repeats = reading.part(name).is_some_and(|part| parts.get(top) == Some(&part)) || name == top;
        if !(repeats || is_filler(name)) || inside.any(|(_, folders)| folders.get(1) != Some(&name)) {
            return;
        }
        for (_, folders) in around.iter_mut().filter(|(_, folders)| folders.first() == Some(&top)) {
            folders.remove(1);
        }
    }
}

/// Classes that training lacks cannot be told by any model.
fn known_to_training(
    root: &Path,
    classes: &BTreeMap<&'static str, BTreeSet<&str>>,
    unlabelled: bool,
) -> Result<()> {
    let none = BTreeSet::new();
    let known = match classes.get("train") {
        Some(known) => known,
        None if unlabelled => &none,
        None => return Ok(()),
    };
    let mut unknown = Vec::new();
    for (part, found) in classes.iter().filter(|(part, _)| **part != "train") {
        let names: Vec<&str> = found.difference(known).copied().collect();
        if !names.is_empty() {
            let more = if names.len() > 5 { format!(" and {} more", names.len() - 5) } else { String::new() };
            let shown: Vec<&str> = names.iter().take(5).copied().collect();
            unknown.push(format!("`{}`{more} in {part} only", shown.join("`, `")));
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Error::file(
        root,
        "in validation and test only classes that training has, too (folders were read as PART/CLASS/FILE)",
        unknown.join(" and "),
        "rename or move these folders; files without a label go directly into the folder of their part",
    ))
}
