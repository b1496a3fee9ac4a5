//! A folder of pictures or sounds.
//!
//! ```text
//! root/CLASS/**/FILE                    columns image (or audio), label
//! root/{train,validation,test}/CLASS/.. the same and split; without CLASS the label is missing
//! root/CLASS/{train,test}/FILE          the same
//! root/metadata.csv (.jsonl ...)        that table; its media cells are relative to root
//! root/train/metadata.csv, test/..      those tables joined, and split
//! root/FILE                             column image (or audio) alone
//! ```
//! `layout` reads the names of folders, `parts` knows those of parts. Paths are relative to root and sorted. Files of
//! other kinds are passed over and counted by their endings; hidden ones without a word. Links are followed; a link to a
//! folder around it is an error.

use super::layout::{MEND, place};
use super::memory::MemoryReader;
use super::{ReadOptions, Reader, Warning, joined};
use crate::media::{ending, file_kind, how_to_convert};
use crate::{ColumnSchema, Error, Kind, Result, Schema, Table};
use arrow_array::{ArrayRef, StringArray};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Folders within folders.
const DEPTH: usize = 32;

/// Tables that name the files beside them.
const METADATA: [&str; 4] = ["metadata.csv", "metadata.tsv", "metadata.jsonl", "metadata.parquet"];

/// What systems leave in folders of pictures.
const LEFT_BY_SYSTEMS: [&str; 2] = ["Thumbs.db", "desktop.ini"];

pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn Reader>> {
    if !path.is_dir() {
        return Err(Error::file(path, "a folder", "something else", "give the folder that holds the files"));
    }
    if let Some(table) = METADATA.iter().map(|name| path.join(name)).find(|table| table.is_file()) {
        return super::open(&table, &ReadOptions { format: None, ..options.clone() });
    }
    let mut walk = Walk::new(path, options.limits.files);
    walk.folder(path, "")?;
    if joined::applies(&walk.files, &walk.metadata) {
        return joined::open(path, &walk.files, &walk.metadata, options);
    }
    let passed = passed_over(&walk.passed);
    let mut warnings = Vec::new();
    let table = table(path, &walk.files, passed.as_deref(), options, &mut warnings)?;
    warnings.extend(passed.map(|what| Warning::PassedOver { what: format!("{what} in {}", path.display()) }));
    let names = table.schema().names();
    let chosen = options.choose(path, &names)?;
    if let Some((name, kind)) =
        options.kinds.iter().find(|(n, k)| table.find(n).is_ok_and(|(_, own)| own != **k))
    {
        return Err(Error::file(
            path,
            "the kinds that a folder of classes has",
            format!("`{name}` as {kind}"),
            "leave its kind out of the options",
        ));
    }
    let chosen: Vec<&str> = chosen.iter().map(|&i| names[i].as_str()).collect();
    Ok(Box::new(MemoryReader::new(table.select(&chosen)?, options).warning(warnings)))
}

struct Walk<'a> {
    root: &'a Path,
    /// Relative paths with `/` between the parts.
    files: Vec<String>,
    /// Relative paths of tables that name files.
    metadata: Vec<String>,
    /// Endings of the files that are neither, and their numbers.
    passed: BTreeMap<String, usize>,
    /// True paths of the folders around the present one.
    around: Vec<PathBuf>,
    most: usize,
}

impl Walk<'_> {
    fn new(root: &Path, most: usize) -> Walk<'_> {
        let (files, metadata, passed, around) = Default::default();
        Walk { root, files, metadata, passed, around, most }
    }

    fn folder(&mut self, folder: &Path, relative: &str) -> Result<()> {
        let true_path = fs::canonicalize(folder).map_err(|e| Error::io(folder, e))?;
        if self.around.contains(&true_path) || self.around.len() == DEPTH {
            return Err(Error::file(
                folder,
                format!("at most {DEPTH} folders within each other"),
                "a link to a folder around it, or deeper folders",
                "remove the link",
            ));
        }
        self.around.push(true_path);
        let mut entries = fs::read_dir(folder)
            .and_then(|entries| {
                entries.map(|e| e.map(|e| e.file_name())).collect::<std::io::Result<Vec<_>>>()
            })
            .map_err(|e| Error::io(folder, e))?;
        entries.sort();
        let metadata = METADATA.iter().find(|name| entries.iter().any(|e| e == *name));
        for name in entries {
            let path = folder.join(&name);
            let Some(name) = name.to_str() else {
                return Err(Error::file(&path, "a file name in UTF-8", "other bytes", "rename the file"));
            };
            if name.starts_with('.') || LEFT_BY_SYSTEMS.contains(&name) {
                continue;
            }
            let relative = if relative.is_empty() { name.to_owned() } else { format!("{relative}/{name}") };
            if path.is_dir() {
                self.folder(&path, &relative)?;
            } else if metadata.is_some_and(|metadata| *metadata == name) {
                self.metadata.push(relative);
            } else if file_kind(name).is_some() {
                if self.files.len() == self.most {
                    return Err(Error::Limit {
                        path: self.root.to_owned(),
                        what: "the number of files".into(),
                        found: format!("more than {}", self.most),
                        limit: self.most.to_string(),
                        mend: "split the folder: one may not have more".into(),
                    });
                }
                self.files.push(relative);
            } else {
                let ending = ending(name).map_or_else(|| "no ending".to_owned(), |e| format!(".{e}"));
                *self.passed.entry(ending).or_default() += 1;
            }
        }
        self.around.pop();
        Ok(())
    }
}

/// The files passed over in words, the most frequent endings first: `5 files: 2 .avif (how to convert), 1 .txt`.
fn passed_over(passed: &BTreeMap<String, usize>) -> Option<String> {
    const SHOWN: usize = 8;
    let files: usize = passed.values().sum();
    let mut endings: Vec<(&String, usize)> = passed.iter().map(|(ending, n)| (ending, *n)).collect();
    endings.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let mut shown: Vec<String> = endings
        .iter()
        .take(SHOWN)
        .map(|(ending, n)| match how_to_convert(ending.trim_start_matches('.')) {
            Some(mend) => format!("{n} {ending} ({mend})"),
            None => format!("{n} {ending}"),
        })
        .collect();
    if endings.len() > SHOWN {
        shown.push(format!("{} of other kinds", endings.iter().skip(SHOWN).map(|e| e.1).sum::<usize>()));
    }
    let files = match files {
        0 => return None,
        1 => "1 file".to_owned(),
        n => format!("{n} files"),
    };
    Some(format!("{files}: {}", shown.join(", ")))
}

/// Image or audio, what all `files` are.
pub(super) fn common_kind(root: &Path, files: &[String], passed: Option<&str>) -> Result<Kind> {
    let Some(first) = files.first() else {
        let found = passed.map_or("none".into(), |passed| format!("none that are read here, but {passed}"));
        return Err(Error::file(root, "pictures or sounds in the folder", found, MEND));
    };
    let kind = file_kind(first).unwrap_or(Kind::Image);
    match files.iter().find(|f| file_kind(f) != Some(kind)) {
        None => Ok(kind),
        Some(other) => Err(Error::file(
            root,
            "files of one kind",
            format!("`{first}` beside `{other}`"),
            "keep pictures and sounds apart, or add a metadata.csv with a column for each",
        )),
    }
}

fn table(
    root: &Path,
    files: &[String],
    passed: Option<&str>,
    options: &ReadOptions,
    warnings: &mut Vec<Warning>,
) -> Result<Table> {
    let kind = common_kind(root, files, passed)?;
    let placed = match place(root, files, warnings) {
        // Where nobody asks for labels, the files are all that counts.
        Err(_) if options.only.as_ref().is_some_and(|only| only.iter().all(|c| c == media_name(kind))) => {
            Vec::new()
        }
        placed => placed?,
    };
    let strings = |cells: Vec<Option<&str>>| Arc::new(StringArray::from(cells)) as ArrayRef;
    let paths = match placed.is_empty() {
        true => files.iter().map(|f| Some(f.as_str())).collect(),
        false => placed.iter().map(|p| Some(p.file)).collect(),
    };
    let mut columns = vec![(media_name(kind), kind, strings(paths))];
    if placed.iter().any(|p| p.label.is_some()) {
        columns.push(("label", Kind::Category, strings(placed.iter().map(|p| p.label).collect())));
    }
    if placed.iter().any(|p| p.split.is_some()) {
        columns.push(("split", Kind::Category, strings(placed.iter().map(|p| p.split).collect())));
    }
    let schema = columns.iter().map(|(name, kind, _)| ColumnSchema::new(*name, *kind)).collect();
    let cells = columns.into_iter().map(|(_, _, cells)| cells).collect();
    Table::new(Arc::new(Schema { columns: schema }), cells, root, root, 1)
}

/// Name of the column of files.
fn media_name(kind: Kind) -> &'static str {
    if kind == Kind::Image { "image" } else { "audio" }
}
