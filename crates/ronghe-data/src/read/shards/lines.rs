//! Files of text cells one after another, their columns united by name.

use super::Shard;
use crate::read::batches::different;
use crate::read::cells::Source;
use crate::read::rows::{Row, Rows, RowsReader};
use crate::read::{ReadOptions, Reader, Warning, bytes, csv, jsonl};
use crate::{Error, Result};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) fn open(path: &Path, shards: Vec<Shard>, options: &ReadOptions) -> Result<Box<dyn Reader>> {
    let shards: Arc<[Shard]> = shards.into();
    let reopen = |names| Ok(Chain::new(path, shards.clone(), options, names));
    Ok(Box::new(RowsReader::open(path, options, &reopen)?))
}

/// The rows of many files.
struct Chain {
    root: PathBuf,
    shards: Arc<[Shard]>,
    options: ReadOptions,
    /// Files that were begun.
    at: usize,
    current: Option<Box<dyn Rows>>,
    /// For each column of the present file its column here; `None` for one that is not known and not to be added.
    places: Vec<Option<usize>>,
    /// Whether a row of the present file was read.
    begun: bool,
    /// Columns of the present file that its name or folders give.
    given: Vec<(usize, Option<String>)>,
    names: Vec<String>,
    known: HashMap<String, usize>,
    /// Whether the names are still being found.
    open: bool,
    inner: Row,
    row: usize,
    /// Columns of files read that hold more than plain values, and what was noticed about these files.
    nested: Vec<String>,
    warnings: Vec<Warning>,
}

impl Chain {
    fn new(root: &Path, shards: Arc<[Shard]>, options: &ReadOptions, names: Option<Vec<String>>) -> Chain {
        let open = names.is_none();
        let names = names.unwrap_or_default();
        let known = names.iter().enumerate().map(|(i, n)| (n.clone(), i)).collect();
        Chain {
            root: root.to_owned(),
            shards,
            options: options.clone(),
            at: 0,
            current: None,
            places: Vec::new(),
            begun: false,
            given: Vec::new(),
            names,
            known,
            open,
            inner: Row::default(),
            row: 0,
            nested: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The column called `name`, added if names are still being found.
    fn column(&mut self, name: &str) -> Option<usize> {
        if let Some(&place) = self.known.get(name) {
            return Some(place);
        }
        self.open.then(|| {
            self.names.push(name.to_owned());
            self.known.insert(name.to_owned(), self.names.len() - 1);
            self.names.len() - 1
        })
    }

    /// Opens the next file; false if there is none.
    fn next_file(&mut self) -> Result<bool> {
        self.given.clear();
        self.places.clear();
        (self.begun, self.row) = (false, 0);
        let Some(shard) = self.shards.get(self.at).cloned() else { return Ok(false) };
        self.at += 1;
        // Writers leave empty files for parts without rows.
        if bytes::head(&shard.path, 1)?.is_empty() {
            return Ok(true);
        }
        let rows = match shard.format {
            "csv" => csv::rows(&shard.path, &self.options)?,
            _ => jsonl::rows(&shard.path, &self.options)?,
        };
        self.current = Some(rows);
        Ok(true)
    }

    /// Takes note of columns of the present file that were not met before.
    fn meet(&mut self, fresh: &[String]) -> Result<()> {
        let first = !std::mem::replace(&mut self.begun, true);
        let shard = self.at.checked_sub(1).and_then(|i| self.shards.get(i)).cloned();
        // A row of JSON Lines may lack any name; a header line has them all.
        let header = shard.as_ref().is_some_and(|s| s.format == "csv");
        let apart = !self.names.is_empty() && !fresh.iter().any(|n| self.known.contains_key(n));
        if first && self.open && header && apart {
            return Err(self.apart(fresh));
        }
        for name in fresh {
            let place = self.column(name);
            self.places.push(place);
        }
        if first {
            for (name, value) in shard.map(|s| s.given).unwrap_or_default() {
                if let Some(place) = self.column(&name) {
                    self.given.push((place, value));
                }
            }
        }
        Ok(())
    }

    fn apart(&self, fresh: &[String]) -> Error {
        let name = |i: usize| {
            let path = self.shards.get(i).map_or(Path::new(""), |s| &s.path);
            path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
        };
        let few = |names: &[String]| names.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
        different(&self.root, [&name(0), &few(&self.names)], [&name(self.at.saturating_sub(1)), &few(fresh)])
    }
}

impl Rows for Chain {
    fn next_row(&mut self, row: &mut Row) -> Result<bool> {
        loop {
            let Some(current) = &mut self.current else {
                if !self.next_file()? {
                    return Ok(false);
                }
                continue;
            };
            self.row += 1;
            if !current.next_row(&mut self.inner)? {
                self.nested.extend(current.nested());
                self.warnings.extend_from_slice(current.warnings());
                self.current = None;
                continue;
            }
            let known = self.places.len();
            if current.names().len() > known || !self.begun {
                let fresh: Vec<String> = current.names().iter().skip(known).cloned().collect();
                self.meet(&fresh)?;
            }
            row.clear();
            for (place, value) in &self.given {
                if let Some(value) = value {
                    row.set(*place, value, Source::String);
                }
            }
            for (column, place) in self.places.iter().enumerate() {
                if let (Some(place), Some((text, source))) = (place, self.inner.get(column)) {
                    row.set(*place, text, source);
                }
            }
            return Ok(true);
        }
    }

    fn names(&self) -> &[String] {
        &self.names
    }

    fn names_are_known(&self) -> bool {
        false
    }

    fn nested(&self) -> Vec<String> {
        let mut nested = self.nested.clone();
        nested.sort();
        nested.dedup();
        nested
    }

    fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    fn place(&self) -> Option<(&Path, usize)> {
        Some((&self.shards.get(self.at.checked_sub(1)?)?.path, self.row))
    }
}
