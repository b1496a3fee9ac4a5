//! Which columns of a table are those that a model reads.

use crate::{Error, Result};
use ronghe_data::suggest::{alike, meant};
use ronghe_data::{Kind, Schema};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The columns of a table beside those that a model reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matched {
    /// Columns that are there by their names.
    pub exact: Vec<String>,
    /// The model's names of columns that the table writes otherwise (case, blanks, marks between words), by the table's.
    pub renamed: BTreeMap<String, String>,
    /// Columns that are not there.
    pub missing: Vec<Missing>,
}

/// A column that the table lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its name.
    pub column: String,
    /// A column of the table that may be meant.
    pub near: Option<String>,
}

/// Finds the columns `inputs` in a table. Columns of `targets` are found in the same way where they are there, and not missed
/// where not. `kinds` are those of the model.
pub fn match_columns(
    inputs: &[String],
    targets: &[String],
    kinds: &BTreeMap<String, Kind>,
    table: &Schema,
) -> Matched {
    let mut found = Matched::default();
    let known: BTreeSet<&str> = inputs.iter().chain(targets).map(String::as_str).collect();
    let mut free: Vec<(&str, Kind)> =
        table.columns.iter().map(|c| (c.name.as_str(), c.kind)).filter(|(n, _)| !known.contains(n)).collect();
    let mut absent = Vec::new();
    for (column, needed) in inputs.iter().map(|c| (c, true)).chain(targets.iter().map(|c| (c, false))) {
        if table.index(column).is_some() {
            if needed {
                found.exact.push(column.clone());
            }
            continue;
        }
        // Two that are alike leave it open which is meant.
        let same: Vec<usize> = (0..free.len()).filter(|&i| alike(free[i].0, column)).collect();
        match same.as_slice() {
            &[only] => _ = found.renamed.insert(free.remove(only).0.to_owned(), column.clone()),
            _ if needed => absent.push(column),
            _ => {}
        }
    }
    for column in absent {
        let by_name = meant(column, free.iter().map(|(name, _)| *name)).map(str::to_owned);
        let near = by_name.or_else(|| by_kind(&free, kinds.get(column).copied()));
        found.missing.push(Missing { column: column.clone(), near });
    }
    found
}

/// The only column that is left over, where it is of the kind that is missed.
fn by_kind(free: &[(&str, Kind)], kind: Option<Kind>) -> Option<String> {
    let mut same = free.iter().filter(|(_, k)| Some(*k) == kind);
    let first = same.next().filter(|_| same.next().is_none())?;
    Some(first.0.to_owned())
}

impl Matched {
    /// The columns that were taken under another name, for a note; nothing where all are written as the model has them.
    pub fn note(&self) -> Option<String> {
        let pairs: Vec<String> =
            self.renamed.iter().map(|(theirs, ours)| format!("`{theirs}` for `{ours}`")).collect();
        (!pairs.is_empty()).then(|| format!("columns taken: {}", pairs.join(", ")))
    }

    /// What is missing and what may be meant, for a warning.
    pub fn warning(&self) -> Option<String> {
        let names: Vec<&str> = self.missing.iter().map(|m| m.column.as_str()).collect();
        let hints: Vec<String> = self
            .missing
            .iter()
            .filter_map(|m| Some(format!("did you mean `{}` for `{}`?", m.near.as_ref()?, m.column)))
            .collect();
        let hints = if hints.is_empty() { String::new() } else { format!("; {}", hints.join(" ")) };
        (!names.is_empty())
            .then(|| format!("the table has no column `{}`: taken as missing{hints}", names.join("`, `")))
    }

    /// An error where the table has none of the columns.
    pub fn check(&self, path: &Path, inputs: &[String], table: &Schema) -> Result<()> {
        let ours = |theirs: &String| self.renamed.get(theirs).is_some_and(|ours| inputs.contains(ours));
        if inputs.is_empty() || !self.exact.is_empty() || self.renamed.keys().any(ours) {
            return Ok(());
        }
        let near = self.missing.iter().filter_map(|m| Some((m.column.clone(), m.near.clone()?)));
        Err(Error::NoInputs {
            path: path.to_owned(),
            wanted: inputs.to_vec(),
            found: table.names(),
            near: near.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ronghe_data::ColumnSchema;

    fn schema(columns: &[(&str, Kind)]) -> Schema {
        Schema { columns: columns.iter().map(|(name, kind)| ColumnSchema::new(*name, *kind)).collect() }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    fn kinds() -> BTreeMap<String, Kind> {
        let kinds =
            [("picture", Kind::Image), ("title", Kind::Text), ("price", Kind::Number), ("标题", Kind::Text)];
        kinds.map(|(name, kind)| (name.to_owned(), kind)).into()
    }

    #[test]
    fn case_and_blanks_do_not_matter() {
        let table = schema(&[("PICTURE", Kind::Image), (" Title", Kind::Text), ("price", Kind::Number)]);
        let inputs = names(&["picture", "title", "price"]);
        let found = match_columns(&inputs, &names(&["category"]), &kinds(), &table);
        assert_eq!(found.exact, ["price"]);
        assert_eq!(
            found.note().as_deref(),
            Some("columns taken: ` Title` for `title`, `PICTURE` for `picture`")
        );
        assert!(found.warning().is_none() && found.check(Path::new("t.csv"), &inputs, &table).is_ok());
        // Where both are there, the exact name goes first; where two are alike, none is taken.
        let table = schema(&[("price", Kind::Number), ("Price", Kind::Number)]);
        assert!(match_columns(&inputs, &[], &kinds(), &table).renamed.is_empty());
        let table = schema(&[("PRICE", Kind::Number), ("Price", Kind::Number)]);
        assert!(match_columns(&inputs, &[], &kinds(), &table).renamed.is_empty());
    }

    #[test]
    fn what_is_missing_is_said_with_what_is_near() {
        let inputs = names(&["picture", "title", "price"]);
        let table = schema(&[("picture", Kind::Image), ("name", Kind::Text), ("prize", Kind::Number)]);
        let found = match_columns(&inputs, &names(&["category"]), &kinds(), &table);
        assert_eq!(
            found.warning().as_deref(),
            Some(
                "the table has no column `title`, `price`: taken as missing; did you mean `name` for `title`? \
                 did you mean `prize` for `price`?"
            )
        );
        let table = schema(&[("题目", Kind::Text), ("标签", Kind::Category)]);
        let found = match_columns(&names(&["标题"]), &[], &kinds(), &table);
        assert_eq!(found.missing[0].near.as_deref(), Some("标签"));
        let found = match_columns(
            &names(&["price"]),
            &names(&["Category"]),
            &kinds(),
            &schema(&[("category", Kind::Category)]),
        );
        assert_eq!(found.renamed["category"], "Category");
    }

    #[test]
    fn a_table_with_none_of_them_is_an_error() {
        let inputs = names(&["picture", "title"]);
        let table = schema(&[("photo", Kind::Image), ("category", Kind::Category)]);
        let found = match_columns(&inputs, &names(&["category"]), &kinds(), &table);
        let error = found.check(Path::new("t.csv"), &inputs, &table).unwrap_err().to_string();
        assert_eq!(
            error,
            "t.csv: the model reads picture, title, and the table has none of them; its columns are photo, category \
             (did you mean `photo` for `picture`?); rename them, or predict without any by --allow-missing"
        );
    }
}
