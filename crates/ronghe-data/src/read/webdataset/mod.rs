//! WebDataset: tar archives whose files of one name are a sample, such as `000.jpg`, `000.cls`, `000.json`.
//!
//! The name ends at the first point after the last folder; the rest is the ending. Pictures become the column `image`,
//! sounds `audio` (by their endings where a sample has two); `cls`, `txt` and their like are columns of text under
//! their endings, the plain values of a JSON object columns under their keys. `__key__` holds the name. Several
//! archives in a folder are one table, `split` from their names. `samples` reads, `columns` finds the columns.
//! Source: the WebDataset library, "The WebDataset Format".

mod columns;
mod samples;

use super::batches::{Batches, Origin, Part, Union};
use super::tar::{self, Tar};
use super::{ReadOptions, Reader, Warning, cifar, typed, warned};
use crate::{Error, Kind, Result};
use columns::{Columns, KEY};
use samples::Samples;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const ENDINGS: &[&str] = &["tar", "tar.gz", "tgz"];

fn is_tar(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ENDINGS.iter().any(|e| name.strip_suffix(e).is_some_and(|stem| stem.ends_with('.')))
}

pub(super) fn sniff(path: &Path, _: &[u8]) -> bool {
    if path.is_dir() {
        return archives(path).is_ok_and(|a| !a.is_empty());
    }
    // Sets of other layouts and tables are published as archives, too.
    let other = |name: &str| cifar::knows(name) || tar::is_table(name);
    path.file_name().is_some_and(|n| is_tar(&n.to_string_lossy()))
        && !Tar::open(path)
            .and_then(|mut tar| tar.next_file())
            .is_ok_and(|e| e.is_some_and(|e| other(&e.name)))
}

/// The archives of a folder that holds nothing else but notes, by name.
fn archives(folder: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::io(folder, e))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| Error::io(folder, e))?;
        let Ok(name) = entry.file_name().into_string() else { return Ok(Vec::new()) };
        let note = [".md", ".txt", ".json", ".idx"].iter().any(|e| name.ends_with(e));
        if name.starts_with(['.', '_']) || note {
            continue;
        }
        if !is_tar(&name) {
            return Ok(Vec::new());
        }
        names.push(name);
    }
    names.sort();
    Ok(names)
}

pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn Reader>> {
    let names = if path.is_dir() { archives(path)? } else { Vec::new() };
    let mut passed: BTreeMap<String, usize> = BTreeMap::new();
    let mut options = options.clone();
    let mut shard = |path: PathBuf| -> Result<Shard> {
        let mut columns = Columns::default();
        let mut samples = Samples::open(&path, options.limits.part_bytes)?;
        while let Some(sample) = samples.next(&|ending| ending == "json")? {
            columns.meet(&path, &sample)?;
        }
        columns.passed().for_each(|(what, count)| *passed.entry(what.to_owned()).or_insert(0) += count);
        Ok(Shard { path, columns, part_bytes: options.limits.part_bytes })
    };
    if names.is_empty() {
        let shard = shard(path.to_owned())?;
        if shard.columns.rows() == 0 {
            return Err(empty(path));
        }
        set_kinds(&mut options, &[&shard.columns]);
        return Ok(warned::with(typed::open(&shard, path, &options)?, said(&passed)));
    }
    let given = super::shards::given(path, &names)?;
    let mut shards: Vec<Shard> = names.iter().map(|n| shard(path.join(n))).collect::<Result<_>>()?;
    Columns::settle_together(shards.iter_mut().map(|s| &mut s.columns));
    let columns: Vec<&Columns> = shards.iter().map(|s| &s.columns).collect();
    set_kinds(&mut options, &columns);
    options.take_as("split", Kind::Category);
    let parts = shards.into_iter().zip(given).map(|(shard, given)| Part {
        path: shard.path.clone(),
        origin: Box::new(shard) as Box<dyn Origin>,
        given,
    });
    let union = Union::new(path, parts.collect())?;
    Ok(warned::with(typed::open(&union, path, &options)?, said(&passed)))
}

fn said(passed: &BTreeMap<String, usize>) -> Vec<Warning> {
    passed
        .iter()
        .map(|(what, count)| Warning::PassedOver { what: format!("{what} in {count} samples") })
        .collect()
}

fn empty(path: &Path) -> Error {
    Error::file(
        path,
        "samples such as 000.jpg with 000.cls, 000.txt or 000.json in the archive",
        "none",
        "for a set of another layout, unpack the archive and give the folder",
    )
}

/// Kinds that the endings say.
fn set_kinds(options: &mut ReadOptions, columns: &[&Columns]) {
    options.take_as(KEY, Kind::Identifier);
    for name in columns.iter().flat_map(|c| c.categories()) {
        options.take_as(&name, Kind::Category);
    }
}

/// One archive.
struct Shard {
    path: PathBuf,
    columns: Columns,
    part_bytes: usize,
}

impl Origin for Shard {
    fn schema(&self) -> arrow_schema::SchemaRef {
        self.columns.schema()
    }

    fn rows(&self) -> usize {
        self.columns.rows()
    }

    fn batches(&self, columns: &[usize], batch_rows: usize) -> Result<Box<dyn Batches>> {
        let samples = Samples::open(&self.path, self.part_bytes)?;
        Ok(Box::new(self.columns.batches(&self.path, samples, columns, batch_rows)))
    }
}
