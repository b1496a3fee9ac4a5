//! A folder of pictures or sounds.
//!
//! ```text
//! root/CLASS/**/FILE                    columns image (or audio), label
//! root/{train,validation,test}/CLASS/.. the same and split
//! root/metadata.csv (.jsonl, .tsv)      that table; its media cells are relative to root
//! root/FILE                             column image (or audio) alone
//! ```
//! Paths are relative to root and sorted. Hidden files and files of other kinds are passed over. Links are followed;
//! a link to a folder around it is an error.

use super::memory::MemoryReader;
use super::{ReadOptions, Reader};
use crate::media::file_kind;
use crate::{ColumnSchema, Error, Kind, Result, Schema, Table};
use arrow_array::{ArrayRef, StringArray};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Names of parts of a split, as folders and cells give them, and the name of the part.
const PARTS: &[(&str, &str)] = &[
    ("train", "train"),
    ("training", "train"),
    ("训练", "train"),
    ("validation", "validation"),
    ("valid", "validation"),
    ("val", "validation"),
    ("dev", "validation"),
    ("验证", "validation"),
    ("test", "test"),
    ("testing", "test"),
    ("测试", "test"),
];

/// The parts of a split.
pub(crate) const PART_NAMES: [&str; 3] = ["train", "validation", "test"];

/// The part of a split that `name` is another name of.
pub(crate) fn part(name: &str) -> Option<&'static str> {
    let name = name.trim();
    PARTS.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, part)| *part)
}

/// Folders within folders.
const DEPTH: usize = 32;

pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn Reader>> {
    if !path.is_dir() {
        return Err(Error::file(path, "a folder", "something else", "give the folder that holds the files"));
    }
    for name in ["metadata.csv", "metadata.tsv", "metadata.jsonl"] {
        let table = path.join(name);
        if table.is_file() {
            return super::open(&table, &ReadOptions { format: None, ..options.clone() });
        }
    }
    let mut walk = Walk { root: path, files: Vec::new(), around: Vec::new(), most: options.limits.files };
    walk.folder(path, "")?;
    let table = table(path, &walk.files)?;
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
    Ok(Box::new(MemoryReader::new(table.select(&chosen)?, options)))
}

struct Walk<'a> {
    root: &'a Path,
    /// Relative paths with `/` between the parts.
    files: Vec<String>,
    /// True paths of the folders around the present one.
    around: Vec<PathBuf>,
    most: usize,
}

impl Walk<'_> {
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
        for name in entries {
            let path = folder.join(&name);
            let Some(name) = name.to_str() else {
                return Err(Error::file(&path, "a file name in UTF-8", "other bytes", "rename the file"));
            };
            if name.starts_with('.') {
                continue;
            }
            let relative = if relative.is_empty() { name.to_owned() } else { format!("{relative}/{name}") };
            if path.is_dir() {
                self.folder(&path, &relative)?;
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
            }
        }
        self.around.pop();
        Ok(())
    }
}

const LAYOUT: &str =
    "arrange the files as CLASS/FILE or train/CLASS/FILE, or add a metadata.csv that names them";

fn table(root: &Path, files: &[String]) -> Result<Table> {
    let Some(first) = files.first() else {
        return Err(Error::file(root, "pictures or sounds in the folder", "none", LAYOUT));
    };
    let kind = file_kind(first).unwrap_or(Kind::Image);
    if let Some(other) = files.iter().find(|f| file_kind(f) != Some(kind)) {
        return Err(Error::file(
            root,
            "files of one kind",
            format!("`{first}` beside `{other}`"),
            "keep pictures and sounds apart, or add a metadata.csv with a column for each",
        ));
    }
    let parts: Vec<Vec<&str>> = files.iter().map(|f| f.split('/').collect()).collect();
    let split = parts.iter().all(|p| p.len() > 2 && part(p[0]).is_some());
    let flat = parts.iter().all(|p| p.len() == 1);
    let at = usize::from(split);
    if let (false, Some(i)) = (flat, parts.iter().position(|p| p.len() < at + 2)) {
        return Err(Error::file(
            root,
            "every file in the folder of its class",
            format!("`{}`", files[i]),
            LAYOUT,
        ));
    }
    let strings = |cells: Vec<&str>| Arc::new(StringArray::from(cells)) as ArrayRef;
    let media = if kind == Kind::Image { "image" } else { "audio" };
    let mut columns = vec![(media, kind, strings(files.iter().map(String::as_str).collect()))];
    if !flat {
        columns.push(("label", Kind::Category, strings(parts.iter().map(|p| p[at]).collect())));
    }
    if split {
        let named = parts.iter().filter_map(|p| part(p[0])).collect();
        columns.push(("split", Kind::Category, strings(named)));
    }
    let schema = columns.iter().map(|(name, kind, _)| ColumnSchema::new(*name, *kind)).collect();
    let cells = columns.into_iter().map(|(_, _, cells)| cells).collect();
    Table::new(Arc::new(Schema { columns: schema }), cells, root, root, 1)
}
