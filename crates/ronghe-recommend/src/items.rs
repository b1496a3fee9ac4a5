//! What is known of the items: rows of a table, one an item.

use crate::roles::item_of;
use crate::{Error, Features, Interactions, Progress, Result};
use ronghe_data::read::{self, ReadOptions};
use ronghe_data::{ColumnSchema, Kind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Different names of a column that each become a feature, at most; a column of more tells items apart and nothing about them.
const MOST_NAMES: usize = 500;

/// A column of the items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemColumn {
    /// Its name.
    pub name: String,
    /// What its cells are.
    pub kind: Kind,
}

/// What is known of the items.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Items {
    /// The columns but that which names the item, and those of bytes.
    pub columns: Vec<ItemColumn>,
    /// Folder that the names of pictures are relative to; not kept in files.
    #[serde(skip)]
    pub base: Option<PathBuf>,
    /// For each item its cells as people read them; an item without a row has none.
    pub rows: Vec<Vec<Option<String>>>,
}

impl Items {
    /// Reads a table of items. `id` is the column that names the item, else the one whose name says so. Items without an event become items
    /// of the catalogue, in the first domain.
    pub fn read(
        path: &Path,
        id: Option<&str>,
        options: &ReadOptions,
        of: &mut Interactions,
        progress: Progress<'_>,
    ) -> Result<Items> {
        let looked = read::open(path, options)?;
        let mut schema = looked.schema().clone();
        let id = match id {
            Some(name) if schema.names().iter().any(|n| n == name) => name.to_owned(),
            Some(name) => {
                return Err(Error::Unknown { what: "column", name: name.to_owned(), valid: schema.names() });
            }
            None => item_of(&schema).ok_or_else(|| {
                let found = format!("the columns {}", schema.names().join(", "));
                Error::input(path.display().to_string(), "a column that names the item", found, "name it")
            })?,
        };
        drop(looked);
        let place = schema.columns.iter().position(|c| c.name == id).unwrap_or(0);
        schema.columns[place] = ColumnSchema::new(id, Kind::Identifier);
        let options = options.again(&schema.columns);
        let mut reader = read::open(path, &options)?;
        let shown = |kind: Kind| !matches!(kind, Kind::Audio | Kind::Vector);
        let kept: Vec<usize> =
            (0..schema.columns.len()).filter(|&i| i != place && shown(schema.columns[i].kind)).collect();
        let column =
            |&i: &usize| ItemColumn { name: schema.columns[i].name.clone(), kind: schema.columns[i].kind };
        let base = options.media.clone().or_else(|| path.parent().map(Path::to_owned));
        let mut items = Items {
            base,
            columns: kept.iter().map(column).collect(),
            rows: vec![Vec::new(); of.items.len()],
        };
        if of.domains.is_empty() {
            of.domains.add("");
        }
        let mut done = 0;
        while let Some(batch) = reader.next_batch()? {
            for row in 0..batch.rows() {
                let Some(name) = batch.text(place, row) else { continue };
                let item = match of.items.number(name) {
                    Some(item) => item,
                    None => {
                        of.domain_of.push(0);
                        items.rows.push(Vec::new());
                        of.items.push(name)
                    }
                };
                let cell =
                    |&i: &usize| (!batch.is_missing(i, row)).then(|| batch.display(i, row).into_owned());
                items.rows[item as usize] = kept.iter().map(cell).collect();
            }
            done += batch.rows();
            if !progress(done, reader.rows().unwrap_or(0)) {
                return Err(Error::Stopped);
            }
        }
        Ok(items)
    }

    /// The cell of an item.
    pub fn cell(&self, item: u32, column: usize) -> Option<&str> {
        self.rows.get(item as usize)?.get(column)?.as_deref()
    }

    /// Whether a cell is `value`, or one of the names in it that `|` parts; truths may be written as 1 and 0, yes and no.
    pub fn says(&self, item: u32, column: usize, value: &str) -> bool {
        let truth = self.columns.get(column).is_some_and(|c| c.kind == Kind::Boolean);
        let value = match value {
            "1" | "yes" | "是" if truth => "true",
            "0" | "no" | "否" if truth => "false",
            other => other,
        };
        self.cell(item, column)
            .is_some_and(|cell| cell == value || cell.split('|').any(|part| part.trim() == value))
    }

    /// What is worth showing of an item: columns and cells, but for titles, pictures, addresses and flags that are not set; of a
    /// flag that is set, its name alone.
    pub fn facts(&self, item: u32) -> Vec<(String, String)> {
        let title = self.title(item);
        let fact = |(column, cell): (&ItemColumn, &str)| match column.kind {
            Kind::Boolean => (cell == "true").then(|| (column.name.clone(), String::new())),
            Kind::Image => None,
            _ if Some(cell) == title || cell.len() > 80 || cell.contains("://") => None,
            _ => Some((column.name.clone(), cell.to_owned())),
        };
        let all = self.columns.iter().enumerate().filter_map(|(i, c)| Some((c, self.cell(item, i)?)));
        all.filter_map(fact).collect()
    }

    /// The column called `name`.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }

    /// What an item is called: the column whose name says that it is a title, else the first of text; else nothing.
    pub fn title(&self, item: u32) -> Option<&str> {
        let called = |words: &[&str]| {
            self.columns.iter().position(|c| words.iter().any(|word| c.name.to_lowercase().contains(word)))
        };
        let place = called(&["title", "标题", "片名", "书名"])
            .or_else(|| called(&["name", "名称", "品名"]))
            .or_else(|| self.columns.iter().position(|c| c.kind == Kind::Text))?;
        self.cell(item, place)
    }

    /// The column of pictures.
    pub fn picture(&self) -> Option<usize> {
        self.columns.iter().position(|c| c.kind == Kind::Image)
    }

    /// Numbers that say what is known of each item: a flag a name of a column of few names (`|` joins several), truths as 0 and 1,
    /// quantities with mean 0 and deviation 1. None if no column says anything.
    pub fn features(&self) -> Option<Features> {
        let mut columns: Vec<(String, Vec<f32>)> = Vec::new();
        for (place, column) in self.columns.iter().enumerate() {
            match column.kind {
                Kind::Category | Kind::Boolean => columns.extend(self.flags(place, &column.name)),
                Kind::Number => {
                    columns.extend(self.standardised(place).map(|values| (column.name.clone(), values)));
                }
                _ => {}
            }
        }
        if columns.is_empty() {
            return None;
        }
        let width = columns.len();
        let mut values = vec![0.0; self.rows.len() * width];
        for (at, (_, column)) in columns.iter().enumerate() {
            column.iter().enumerate().for_each(|(item, value)| values[item * width + at] = *value);
        }
        Some(Features { width, values, names: columns.into_iter().map(|(name, _)| name).collect() })
    }

    fn flags(&self, place: usize, name: &str) -> Vec<(String, Vec<f32>)> {
        let parts = |item: usize| self.cell(item as u32, place).unwrap_or("").split('|').map(str::trim);
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for item in 0..self.rows.len() {
            parts(item).filter(|p| !p.is_empty()).for_each(|part| *names.entry(part).or_default() += 1);
        }
        // A name of one item says nothing of another, one of all items nothing at all.
        let useful: Vec<&str> = names
            .iter()
            .filter(|(_, count)| **count > 1 && **count < self.rows.len())
            .map(|(n, _)| *n)
            .collect();
        if names.len() > MOST_NAMES {
            return Vec::new();
        }
        let flag = |name: &&str| {
            (0..self.rows.len()).map(|i| f32::from(u8::from(parts(i).any(|p| p == *name)))).collect()
        };
        let mut seen = BTreeSet::new();
        useful.iter().filter(|n| seen.insert(**n)).map(|n| (format!("{name}: {n}"), flag(n))).collect()
    }

    fn standardised(&self, place: usize) -> Option<Vec<f32>> {
        let values: Vec<Option<f64>> =
            (0..self.rows.len()).map(|i| self.cell(i as u32, place).and_then(|c| c.parse().ok())).collect();
        let there: Vec<f64> = values.iter().flatten().copied().collect();
        let count = there.len() as f64;
        let mean = there.iter().sum::<f64>() / count;
        let deviation = (there.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
        (deviation > 0.0)
            .then(|| values.iter().map(|x| x.map_or(0.0, |x| ((x - mean) / deviation) as f32)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items() -> Items {
        let column = |name: &str, kind| ItemColumn { name: name.into(), kind };
        let row = |cells: [&str; 5]| cells.iter().map(|c| (!c.is_empty()).then(|| (*c).to_owned())).collect();
        Items {
            base: None,
            columns: vec![
                column("片名", Kind::Text),
                column("类型", Kind::Category),
                column("彩色", Kind::Boolean),
                column("年", Kind::Number),
                column("网址", Kind::Category),
            ],
            rows: vec![
                row(["活着", "剧情|战争", "true", "1994", "http://a"]),
                row(["黄土地", "剧情", "false", "1984", "http://b"]),
                row(["", "战争", "", "", "http://c"]),
                Vec::new(),
            ],
        }
    }

    #[test]
    fn titles_facts_and_filters() {
        let items = items();
        assert_eq!(
            (items.title(0), items.title(2), items.title(3), items.title(9)),
            (Some("活着"), None, None, None)
        );
        let fact = |name: &str, cell: &str| (name.to_owned(), cell.to_owned());
        assert_eq!(items.facts(0), [fact("类型", "剧情|战争"), fact("彩色", ""), fact("年", "1994")]);
        assert!(items.says(0, 1, "战争") && items.says(0, 1, "剧情|战争") && !items.says(1, 1, "战争"));
        assert!(items.says(0, 2, "1") && items.says(1, 2, "否") && !items.says(2, 2, "1"));
    }

    #[test]
    fn features_are_flags_and_quantities() {
        let found = items().features().unwrap();
        // Names of one item (彩色, 网址) say nothing of another.
        assert_eq!(found.names, ["类型: 剧情", "类型: 战争", "年"]);
        assert_eq!(found.row(0), [1.0, 1.0, 1.0]);
        assert_eq!(found.row(1), [1.0, 0.0, -1.0]);
        assert_eq!(found.row(3), [0.0; 3]);
    }
}
