//! CIFAR-10 and CIFAR-100, as published: binary batches, Python batches (pickles), as a folder or as `.tar.gz`.
//!
//! A binary record is the label (CIFAR-100: coarse, then fine label), one byte each, then 3,072 bytes of a picture:
//! 32 rows of 32 pixels for red, for green, for blue. A Python batch is a dictionary with `data`
//! `[rows, 3072]` and `labels` (or `fine_labels` and `coarse_labels`). The files `batches.meta`, `meta` and their
//! `.txt` forms name the labels. Training batches come first in a folder; an archive is read in its own order.
//! Source: A. Krizhevsky's page on CIFAR.

use super::labelled::{Batch, Columns, pnm_header};
use super::pickle::{Object, Pickle};
use super::tar::Tar;
use super::{Limits, ReadOptions, Reader, Skipped, bytes};
use crate::{Error, Result, Schema, Table};
use std::path::{Path, PathBuf};

const SIDE: usize = 32;
const PIXELS: usize = 3 * SIDE * SIDE;

pub(super) fn sniff(path: &Path, head: &[u8]) -> bool {
    if path.is_dir() {
        return folder_files(path).is_ok_and(|files| files.iter().any(|(name, _)| role(name).is_some()));
    }
    // The first entry of the published archives is their folder.
    head.starts_with(b"cifar-10")
}

pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn Reader>> {
    let mut set = Set::default();
    let mut files = Files::open(path)?;
    while let Some((name, role)) = files.next_role()? {
        match role {
            Role::Names => {
                let content = files.content(&options.limits)?;
                set.names(&path.join(&name), &name, &content)?;
            }
            Role::Batch(_) if name.ends_with(".bin") => {
                let hundred = is_hundred(&name);
                set.meet(path, hundred)?;
                set.rows += (files.size()? / (PIXELS as u64 + if hundred { 2 } else { 1 })) as usize;
                files.skip()?;
            }
            Role::Batch(_) => {
                set.meet(path, is_hundred(&name))?;
                set.rows_known = false;
                files.skip()?;
            }
        }
    }
    let Some(hundred) = set.hundred else {
        return Err(Error::file(
            path,
            "CIFAR batches (data_batch_1 ... test_batch, or train and test, with or without .bin)",
            "none",
            "give the folder or archive as published",
        ));
    };
    let labels: &[&str] = if hundred { &["label", "coarse_label"] } else { &["label"] };
    Ok(Box::new(CifarReader {
        columns: Columns::new(path, labels, options)?,
        set,
        files: Files::open(path)?,
        current: None,
        picture: Vec::new(),
        path: path.to_owned(),
        limits: options.limits.clone(),
        batch_rows: options.batch_rows.max(1),
        at: 0,
        skipped: Skipped::default(),
    }))
}

/// What a file of the set is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    /// Pictures of this part of the split.
    Batch(&'static str),
    /// Names of the labels.
    Names,
}

fn role(name: &str) -> Option<Role> {
    let name = name.rsplit('/').next().unwrap_or(name);
    match name {
        "batches.meta" | "meta" | "batches.meta.txt" | "fine_label_names.txt" | "coarse_label_names.txt" => {
            Some(Role::Names)
        }
        "test_batch" | "test_batch.bin" | "test.bin" | "test" => Some(Role::Batch("test")),
        "train.bin" | "train" => Some(Role::Batch("train")),
        _ => {
            let number = name.strip_prefix("data_batch_")?;
            let number = number.strip_suffix(".bin").unwrap_or(number);
            number.parse::<u8>().ok().map(|_| Role::Batch("train"))
        }
    }
}

/// Whether a file of that name in an archive belongs to these sets.
pub(super) fn knows(name: &str) -> bool {
    name.starts_with("cifar-") || role(name).is_some()
}

/// Whether a batch is one of CIFAR-100 by its name.
fn is_hundred(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    name.starts_with("train") || matches!(name, "test" | "test.bin")
}

/// What is known of the whole set.
#[derive(Debug)]
struct Set {
    hundred: Option<bool>,
    fine: Vec<String>,
    coarse: Vec<String>,
    rows: usize,
    rows_known: bool,
}

impl Default for Set {
    fn default() -> Set {
        Set { hundred: None, fine: Vec::new(), coarse: Vec::new(), rows: 0, rows_known: true }
    }
}

impl Set {
    fn meet(&mut self, path: &Path, hundred: bool) -> Result<()> {
        if self.hundred.is_some_and(|h| h != hundred) {
            return Err(Error::file(
                path,
                "one set",
                "batches of CIFAR-10 beside batches of CIFAR-100",
                "put them into folders of their own",
            ));
        }
        self.hundred = Some(hundred);
        Ok(())
    }

    /// Takes the names of labels from a file.
    fn names(&mut self, path: &Path, name: &str, content: &[u8]) -> Result<()> {
        if name.ends_with(".txt") {
            let text = String::from_utf8_lossy(content);
            let names = text.lines().map(str::trim).filter(|l| !l.is_empty()).map(Into::into).collect();
            *(if name.contains("coarse") { &mut self.coarse } else { &mut self.fine }) = names;
            return Ok(());
        }
        let pickle = Pickle::parse(content).map_err(|e| damaged(path, &e.to_string()))?;
        let list = |key: &str| -> Option<Vec<String>> {
            let items = pickle.items(pickle.entry(pickle.root(), key)?)?;
            items.iter().map(|&id| pickle.text(id).map(Into::into)).collect()
        };
        self.coarse = list("coarse_label_names").unwrap_or_default();
        self.fine = list("label_names").or_else(|| list("fine_label_names")).unwrap_or_default();
        Ok(())
    }
}

fn damaged(path: &Path, found: &str) -> Error {
    Error::file(
        path,
        "a CIFAR batch as published",
        found,
        "the file is cut off, damaged or of another set: download it again",
    )
}

fn folder_files(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::io(folder, e))?;
    let mut files: Vec<(String, PathBuf)> = entries
        .filter_map(|e| {
            let e = e.ok()?;
            let name = e.file_name().into_string().ok()?;
            (e.path().is_file() && role(&name).is_some()).then(|| (name, e.path()))
        })
        .collect();
    // A folder with `train` and `test` alone may be anything: the names of the labels must be there, too.
    let sure = files
        .iter()
        .any(|(n, _)| n.starts_with("data_batch") || n == "meta" || n.ends_with("label_names.txt"));
    if !sure {
        files.clear();
    }
    files.sort_by_key(|(name, _)| (role(name) == Some(Role::Batch("test")), name.clone()));
    Ok(files)
}

/// The files of a set, in a folder or an archive.
enum Files {
    Folder { files: std::vec::IntoIter<(String, PathBuf)>, current: PathBuf },
    Archive { tar: Tar, current: Option<super::tar::Entry> },
}

impl Files {
    fn open(path: &Path) -> Result<Files> {
        if path.is_dir() {
            Ok(Files::Folder { files: folder_files(path)?.into_iter(), current: PathBuf::new() })
        } else {
            Ok(Files::Archive { tar: Tar::open(path)?, current: None })
        }
    }

    /// The next file that has a role; its content is to be taken or skipped.
    fn next_role(&mut self) -> Result<Option<(String, Role)>> {
        match self {
            Files::Folder { files, current } => Ok(files.next().and_then(|(name, path)| {
                *current = path;
                role(&name).map(|role| (name, role))
            })),
            Files::Archive { tar, current } => {
                while let Some(entry) = tar.next_file()? {
                    let (name, found) = (entry.name.clone(), role(&entry.name));
                    if let Some(role) = found {
                        *current = Some(entry);
                        return Ok(Some((name, role)));
                    }
                    tar.skip(entry.size)?;
                }
                Ok(None)
            }
        }
    }

    fn size(&self) -> Result<u64> {
        match self {
            Files::Folder { current, .. } => {
                std::fs::metadata(current).map(|m| m.len()).map_err(|e| Error::io(current, e))
            }
            Files::Archive { current, .. } => Ok(current.as_ref().map_or(0, |e| e.size)),
        }
    }

    fn content(&mut self, limits: &Limits) -> Result<Vec<u8>> {
        match self {
            Files::Folder { current, .. } => bytes::whole(current, limits.part_bytes),
            Files::Archive { tar, current } => {
                current.take().map_or(Ok(Vec::new()), |entry| tar.content(&entry, limits.part_bytes))
            }
        }
    }

    fn skip(&mut self) -> Result<()> {
        match self {
            Files::Folder { .. } => Ok(()),
            Files::Archive { tar, current } => current.take().map_or(Ok(()), |entry| tar.skip(entry.size)),
        }
    }
}

/// A batch of pictures in memory.
struct Pictures {
    pixels: Vec<u8>,
    /// Bytes from one picture to the next, and before the first one's pixels.
    stride: usize,
    lead: usize,
    fine: Vec<i64>,
    coarse: Vec<i64>,
    split: &'static str,
    at: usize,
}

impl Pictures {
    fn binary(path: &Path, content: Vec<u8>, hundred: bool, split: &'static str) -> Result<Pictures> {
        let lead = if hundred { 2 } else { 1 };
        let stride = lead + PIXELS;
        if content.is_empty() || !content.len().is_multiple_of(stride) {
            return Err(damaged(path, &format!("{} bytes, no multiple of {stride}", content.len())));
        }
        let label = |at: usize| content.chunks_exact(stride).map(|r| i64::from(r[at])).collect();
        let (fine, coarse) = if hundred { (label(1), label(0)) } else { (label(0), Vec::new()) };
        Ok(Pictures { pixels: content, stride, lead, fine, coarse, split, at: 0 })
    }

    fn python(path: &Path, content: &[u8], hundred: bool, split: &'static str) -> Result<Pictures> {
        let pickle = Pickle::parse(content).map_err(|e| damaged(path, &e.to_string()))?;
        let root = pickle.root();
        let labels = |key: &str| -> Result<Vec<i64>> {
            let items = pickle.entry(root, key).and_then(|id| pickle.items(id));
            let numbers = items.and_then(|items| {
                items
                    .iter()
                    .map(|&id| if let Object::Int(n) = pickle.get(id) { Some(*n) } else { None })
                    .collect()
            });
            numbers.ok_or_else(|| damaged(path, &format!("no list of numbers `{key}`")))
        };
        let data = pickle.entry(root, "data").and_then(|id| pickle.array(id));
        let Some((&[rows, PIXELS], "u1" | "uint8", pixels)) = data else {
            let found = data.map_or("no array `data`".into(), |(s, t, _)| format!("`data` of {t} {s:?}"));
            return Err(damaged(path, &format!("{found}, not u1 [rows, {PIXELS}]")));
        };
        let (fine, coarse) = if hundred {
            (labels("fine_labels")?, labels("coarse_labels")?)
        } else {
            (labels("labels")?, Vec::new())
        };
        let counts = [pixels.len() / PIXELS, fine.len(), if hundred { coarse.len() } else { rows }];
        if counts != [rows; 3] || !pixels.len().is_multiple_of(PIXELS) {
            return Err(damaged(path, &format!("{rows} rows with {counts:?} pictures and labels")));
        }
        Ok(Pictures { pixels: pixels.to_vec(), stride: PIXELS, lead: 0, fine, coarse, split, at: 0 })
    }
}

struct CifarReader {
    columns: Columns,
    set: Set,
    files: Files,
    current: Option<Pictures>,
    picture: Vec<u8>,
    path: PathBuf,
    limits: Limits,
    batch_rows: usize,
    at: usize,
    skipped: Skipped,
}

impl CifarReader {
    /// Loads the next batch of pictures; false at the end.
    fn load(&mut self) -> Result<bool> {
        let hundred = self.set.hundred == Some(true);
        while let Some((name, role)) = self.files.next_role()? {
            let Role::Batch(split) = role else {
                self.files.skip()?;
                continue;
            };
            let path = self.path.join(&name);
            let content = self.files.content(&self.limits)?;
            self.current = Some(if name.ends_with(".bin") {
                Pictures::binary(&path, content, hundred, split)?
            } else {
                Pictures::python(&path, &content, hundred, split)?
            });
            return Ok(true);
        }
        Ok(false)
    }

    /// Appends the next picture of the current batch; false at its end.
    fn push(&mut self, batch: &mut Batch) -> bool {
        let Some(current) = &mut self.current else { return false };
        let Some(&fine) = current.fine.get(current.at) else { return false };
        let planes = &current.pixels[current.at * current.stride + current.lead..][..PIXELS];
        self.picture.clear();
        self.picture.extend(pnm_header(SIDE, SIDE, 3));
        for i in 0..SIDE * SIDE {
            self.picture.extend([planes[i], planes[SIDE * SIDE + i], planes[2 * SIDE * SIDE + i]]);
        }
        let fine = label(fine, &self.set.fine);
        match current.coarse.get(current.at) {
            Some(&coarse) => {
                batch.push(&self.picture, &[&fine, &label(coarse, &self.set.coarse)], current.split);
            }
            None => batch.push(&self.picture, &[&fine], current.split),
        }
        current.at += 1;
        true
    }
}

/// The name of a label, or its number where it has none.
fn label(number: i64, names: &[String]) -> String {
    let name = usize::try_from(number).ok().and_then(|i| names.get(i));
    name.cloned().unwrap_or_else(|| number.to_string())
}

impl Reader for CifarReader {
    fn schema(&self) -> &Schema {
        self.columns.schema()
    }

    fn rows(&self) -> Option<usize> {
        self.set.rows_known.then_some(self.set.rows)
    }

    fn next_batch(&mut self) -> Result<Option<Table>> {
        let (mut batch, mut count) = (self.columns.batch(), 0);
        while count < self.batch_rows {
            if self.push(&mut batch) {
                count += 1;
            } else if !self.load()? {
                break;
            }
        }
        self.at += count;
        self.columns.table(batch, &self.path, self.at - count + 1)
    }

    fn skipped(&self) -> &Skipped {
        &self.skipped
    }
}
