//! How a file is read, and bounds on what it may ask for.

use super::{Warning, bytes};
use crate::infer::{Found, Guess, names_rows};
use crate::{ColumnSchema, DateOrder, Error, Kind, Notation, Result, value};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Bounds on what a file may ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Columns of a table.
    pub columns: usize,
    /// Bytes of one row of text.
    pub row_bytes: usize,
    /// Files in a folder.
    pub files: usize,
    /// Bytes of a part that must be in memory as a whole (one CIFAR batch, one label file).
    pub part_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { columns: 20_000, row_bytes: 64 << 20, files: 10_000_000, part_bytes: 1 << 30 }
    }
}

/// How to read a file. The default reads every format as it is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadOptions {
    /// Name of the format ([`super::FORMATS`]); found from name and content by default.
    pub format: Option<String>,
    /// Kinds of columns that are not to be inferred.
    pub kinds: BTreeMap<String, Kind>,
    /// What columns of these names were found to be in another table, such as that of training; nothing is inferred for
    /// them. `kinds` and `notation` go before.
    pub like: BTreeMap<String, ColumnSchema>,
    /// How the cells of columns are written, where that is not to be inferred.
    pub notation: BTreeMap<String, Notation>,
    /// Order of day and month where dates leave it open, for all columns.
    pub date_order: Option<DateOrder>,
    /// Columns of labels: one that two words or 0 and 1 would make boolean is a category, so that its labels stay as
    /// they are written.
    pub labels: BTreeSet<String>,
    /// Only these columns, in this order.
    pub only: Option<Vec<String>>,
    /// Only those of these columns that there are; all where there is none of them.
    pub among: Option<BTreeSet<String>>,
    /// With `among`: also columns whose name says that they name the row (`id`, `编号` ...), as identifiers.
    pub row_names: bool,
    /// Columns to leave out before they are looked at.
    pub drop: BTreeSet<String>,
    /// Rows of a batch.
    pub batch_rows: usize,
    /// Leave out rows that cannot be read, and count them.
    pub skip_bad_rows: bool,
    /// Character encoding of text files, as named on the web (`gb18030`, `utf-16le`, `windows-1252` ...). By default
    /// the byte order mark decides, else UTF-8.
    pub encoding: Option<String>,
    /// CSV: whether the first line names the columns; otherwise they are `column_1`, `column_2` ...
    pub header: bool,
    /// CSV: names of the columns, for a file without a header line.
    pub columns: Option<Vec<String>>,
    /// CSV: cells that count as missing.
    pub missing: Vec<String>,
    /// Words that count as missing in every format, beside the usual ones.
    pub also_missing: Vec<String>,
    /// Words that are names in these columns although they count as missing elsewhere.
    pub keep: BTreeMap<String, BTreeSet<String>>,
    /// Whether paths in media cells may leave the table's folder.
    pub outside_paths: bool,
    /// Folder that names of files in media cells are relative to; by default the table's own.
    pub media: Option<PathBuf>,
    /// Bounds on what a file may ask for.
    pub limits: Limits,
    /// Workbooks: the sheet to read; by default the first one with a table.
    pub sheet: Option<String>,
}

impl Default for ReadOptions {
    fn default() -> ReadOptions {
        ReadOptions {
            format: None,
            kinds: BTreeMap::new(),
            like: BTreeMap::new(),
            notation: BTreeMap::new(),
            date_order: None,
            labels: BTreeSet::new(),
            only: None,
            among: None,
            row_names: false,
            drop: BTreeSet::new(),
            batch_rows: 8192,
            skip_bad_rows: false,
            encoding: None,
            header: true,
            columns: None,
            missing: value::usual_words(),
            also_missing: Vec::new(),
            keep: BTreeMap::new(),
            outside_paths: false,
            media: None,
            limits: Limits::default(),
            sheet: None,
        }
    }
}

impl ReadOptions {
    /// The same, for exactly these columns, of which nothing is looked for any more: a table that was opened before is
    /// read in one pass.
    pub fn again(&self, columns: &[ColumnSchema]) -> ReadOptions {
        ReadOptions {
            kinds: BTreeMap::new(),
            drop: BTreeSet::new(),
            only: Some(columns.iter().map(|c| c.name.clone()).collect()),
            like: columns.iter().map(|c| (c.name.clone(), c.clone())).collect(),
            ..self.clone()
        }
    }

    /// Takes the column called `name` for `kind`, unless something else was asked for.
    pub(crate) fn take_as(&mut self, name: &str, kind: Kind) {
        self.like.entry(name.to_owned()).or_insert_with(|| ColumnSchema::new(name, kind));
    }

    /// The kind of the column called `name`, if it is not to be inferred.
    pub(crate) fn kind(&self, name: &str) -> Option<Kind> {
        self.kinds.get(name).copied().or_else(|| self.like.get(name).map(|c| c.kind))
    }

    /// Whether nothing is left to infer of the columns that are read.
    pub(crate) fn knows(&self, names: &[String]) -> bool {
        let known = |name: &String| self.like.contains_key(name) || self.copied(name);
        names.iter().filter(|n| self.reads(n)).all(|n| known(n) && !self.kinds.contains_key(n))
    }

    /// Whether the column called `name` is read only to be copied.
    pub(crate) fn copied(&self, name: &str) -> bool {
        let other = self.among.as_ref().is_some_and(|among| !among.contains(name));
        other && self.row_names && !self.like.contains_key(name) && names_rows(name)
    }

    /// Whether the column called `name` is read.
    pub(crate) fn reads(&self, name: &str) -> bool {
        !self.drop.contains(name)
            && (self.among.as_ref().is_none_or(|among| among.contains(name)) || self.copied(name))
            && self.only.as_ref().is_none_or(|only| only.iter().any(|n| n == name))
    }

    /// Folder that the media cells of the table `path` are relative to.
    pub(crate) fn base(&self, path: &Path) -> PathBuf {
        self.media.clone().unwrap_or_else(|| bytes::base(path))
    }

    /// What a column is, from what was seen of it.
    pub(crate) fn settle(&self, name: &str, seen: &Guess, warnings: &mut Vec<Warning>) -> Found {
        let given = self.kinds.get(name);
        let mut found = match (self.like.get(name), given) {
            (Some(like), None) => Found::like(like),
            (_, Some(&kind)) => seen.found_as(name, kind),
            (None, None) if self.copied(name) => Found::plain(Kind::Identifier),
            (None, None) => {
                let found = seen.found(name);
                // Yes and YES are one truth but two words: such a column stays boolean.
                let label = self.labels.contains(name) && found.kind == Kind::Boolean && seen.distinct() <= 2;
                if label { seen.found_as(name, Kind::Category) } else { found }
            }
        };
        if let (Kind::Date, Some(order), None) = (found.kind, self.date_order, self.like.get(name)) {
            found.notation.date_order = Some(order);
        }
        if let Some(notation) = self.notation.get(name) {
            overrule(&mut found.notation, notation);
        }
        if self.like.contains_key(name) || self.copied(name) {
            return found;
        }
        let told =
            self.date_order.is_some() || self.notation.get(name).is_some_and(|n| n.date_order.is_some());
        let open = |w: &Warning| !(told && matches!(w, Warning::AmbiguousDates { .. }));
        warnings.extend(seen.warnings(name, &found).into_iter().filter(open));
        let words = seen.missing_words();
        if self.labels.contains(name) && !words.is_empty() {
            warnings.push(Warning::MissingWords { column: name.to_owned(), words });
        }
        found
    }

    /// Positions of the columns to read, after checking that all columns named exist and differ.
    pub(crate) fn choose(&self, path: &Path, names: &[String]) -> Result<Vec<usize>> {
        if names.len() > self.limits.columns {
            return Err(Error::Limit {
                path: path.to_owned(),
                what: "the number of columns".into(),
                found: names.len().to_string(),
                limit: self.limits.columns.to_string(),
                mend: "leave columns out: a table may not have more".into(),
            });
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
            let places: Vec<String> = names
                .iter()
                .enumerate()
                .filter(|(_, name)| *name == twice)
                .map(|(i, _)| (i + 1).to_string())
                .collect();
            return Err(Error::file(
                path,
                "distinct column names",
                format!("`{twice}` as columns {}", places.join(" and ")),
                "rename one of them",
            ));
        }
        let place = |name: &String| {
            names.iter().position(|n| n == name).ok_or_else(|| Error::UnknownColumn {
                path: path.to_owned(),
                column: name.clone(),
                valid: names.to_vec(),
            })
        };
        self.kinds.keys().chain(&self.drop).try_for_each(|name| place(name).map(drop))?;
        if names.is_empty() || self.only.as_ref().is_some_and(Vec::is_empty) {
            return Err(Error::file(path, "at least one column", "none", "give rows with values"));
        }
        match &self.only {
            None => {
                let named = |i: &usize| self.among.as_ref().is_some_and(|among| among.contains(&names[*i]));
                let all = 0..names.len();
                Ok(if self.among.is_some() && !all.clone().any(|i| named(&i)) {
                    all.filter(|&i| !self.drop.contains(&names[i])).collect()
                } else {
                    all.filter(|&i| self.reads(&names[i])).collect()
                })
            }
            Some(only) => {
                let mut seen = BTreeSet::new();
                match only.iter().find(|name| !seen.insert(name.as_str())) {
                    Some(twice) => Err(Error::file(
                        path,
                        "distinct names in `only`",
                        format!("`{twice}` twice"),
                        "name each column once",
                    )),
                    None => only.iter().map(place).collect(),
                }
            }
        }
    }
}

/// Puts what was given in the place of what was found.
fn overrule(found: &mut Notation, given: &Notation) {
    let Notation { date_order, date_unit, decimal, unit, whole_names, width, missing } = given.clone();
    found.date_order = date_order.or(found.date_order);
    found.date_unit = date_unit.or(found.date_unit);
    found.decimal = decimal.or(found.decimal);
    found.unit = unit.or(found.unit.take());
    found.whole_names |= whole_names;
    found.width = width.or(found.width);
    found.missing.extend(missing);
}
