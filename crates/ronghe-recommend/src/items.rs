//! What is known of the items: rows of a table, one an item.

use crate::content::{EncodeMedia, Encoders, unit};
use crate::roles::item_of;
use crate::{Error, Features, Interactions, Progress, Result, movielens};
use ronghe_data::read::{self, ReadOptions};
use ronghe_data::{Cell, ColumnSchema, Kind, Schema, Table};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Most characters of a name that is a part of an item's text; longer ones are text or an address.
const LONGEST_NAME: usize = 80;

/// A column of the items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemColumn {
    /// Its name.
    pub name: String,
    /// What its cells are.
    pub kind: Kind,
}

/// What is known of the items.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Items {
    /// The columns but that which names the item, and those of vectors and bytes.
    pub columns: Vec<ItemColumn>,
    /// Folder that the names of pictures are relative to; not kept in files.
    #[serde(skip)]
    pub base: Option<PathBuf>,
    /// For each item its cells as people read them; an item without a row has none.
    pub rows: Vec<Vec<Option<String>>>,
    /// Vectors of pictures and sounds, by the encoders that were at hand, and those of columns of vectors, each of length 1; a
    /// recommender keeps them among its features.
    #[serde(skip)]
    pub vectors: Vec<Features>,
}

/// How a table of items is read.
#[derive(Debug, Clone, Copy)]
pub struct ItemSource<'a> {
    /// The column that names the item; by its name where it is not said.
    pub id: Option<&'a str>,
    /// How the file is read.
    pub read: &'a ReadOptions,
    /// What turns pictures and sounds into vectors.
    pub encoders: Encoders<'a>,
}

impl Items {
    /// Reads a table of items, or the films of MovieLens. Items without an event become items of the catalogue, in the first domain.
    pub fn read(
        path: &Path,
        source: &ItemSource<'_>,
        of: &mut Interactions,
        progress: Progress<'_>,
    ) -> Result<Items> {
        if of.domains.is_empty() {
            of.domains.add("");
        }
        if let Some(films) = movielens::films(path)? {
            return Ok(Items::of_films(films, of));
        }
        let (schema, place) = schema(path, source)?;
        let mut reader = read::open(path, &source.read.again(&schema.columns))?;
        let kept: Vec<usize> = (0..schema.columns.len())
            .filter(|&i| i != place && schema.columns[i].kind != Kind::Vector)
            .collect();
        let column =
            |&i: &usize| ItemColumn { name: schema.columns[i].name.clone(), kind: schema.columns[i].kind };
        let mut items = Items {
            base: source.read.media.clone().or_else(|| path.parent().map(Path::to_owned)),
            columns: kept.iter().map(column).collect(),
            rows: vec![Vec::new(); of.items.len()],
            vectors: Vec::new(),
        };
        let mut vectors: Vec<Vectors<'_>> =
            schema.columns.iter().filter_map(|c| Vectors::of(c, &source.encoders)).collect();
        let mut done = 0;
        while let Some(batch) = reader.next_batch()? {
            let mut numbers = Vec::with_capacity(batch.rows());
            for row in 0..batch.rows() {
                let item = batch.text(place, row).map(|name| items.number(name, of));
                numbers.push(item);
                let Some(item) = item else { continue };
                // Bytes in a cell are nothing to read.
                let cell = |&i: &usize| {
                    let there = !batch.is_missing(i, row)
                        && !matches!(batch.media(i, row), Some(Cell::Bytes(_) | Cell::Inline(_)));
                    there.then(|| batch.display(i, row).into_owned())
                };
                items.rows[item as usize] = kept.iter().map(cell).collect();
            }
            vectors.iter_mut().try_for_each(|v| v.take(&batch, &numbers))?;
            done += batch.rows();
            if !progress(done, reader.rows().unwrap_or(0)) {
                return Err(Error::Stopped);
            }
        }
        items.vectors = vectors.into_iter().map(|v| v.finish(items.rows.len())).collect();
        Ok(items)
    }

    /// Items that were put together elsewhere: their names and cells.
    pub fn of_rows(
        columns: Vec<ItemColumn>,
        rows: impl IntoIterator<Item = (String, Vec<Option<String>>)>,
        of: &mut Interactions,
    ) -> Items {
        if of.domains.is_empty() {
            of.domains.add("");
        }
        let mut items = Items { columns, rows: vec![Vec::new(); of.items.len()], ..Items::default() };
        for (name, cells) in rows {
            let item = items.number(&name, of);
            items.rows[item as usize] = cells;
        }
        items
    }

    fn of_films(films: Vec<movielens::Film>, of: &mut Interactions) -> Items {
        let column = |name: &str, kind| ItemColumn { name: name.into(), kind };
        let columns = vec![column("title", Kind::Text), column("genres", Kind::Category)];
        let row = |film: movielens::Film| {
            let genres = Some(film.genres.join("|")).filter(|g| !g.is_empty());
            (film.id, vec![Some(film.title), genres])
        };
        Items::of_rows(columns, films.into_iter().map(row), of)
    }

    /// The number of the item called so; one that is new becomes an item of the first domain.
    fn number(&mut self, name: &str, of: &mut Interactions) -> u32 {
        let item = of.items.number(name).unwrap_or_else(|| {
            of.domain_of.push(0);
            of.items.push(name)
        });
        if self.rows.len() <= item as usize {
            self.rows.resize(item as usize + 1, Vec::new());
        }
        item
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

    /// What an item's cells say in words: its title, its texts, its names (`|` parts several) and the names of truths that are set, one
    /// after another.
    pub fn text(&self, item: u32) -> String {
        let title = self.title(item).unwrap_or_default();
        let mut parts = vec![title.to_owned()];
        for (place, column) in self.columns.iter().enumerate() {
            let Some(cell) = self.cell(item, place).filter(|cell| *cell != title) else { continue };
            match column.kind {
                Kind::Text => parts.push(cell.to_owned()),
                Kind::Category if cell.chars().count() <= LONGEST_NAME && !cell.contains("://") => {
                    parts.push(cell.split('|').map(str::trim).collect::<Vec<_>>().join(", "));
                }
                Kind::Boolean if cell == "true" => parts.push(column.name.clone()),
                _ => {}
            }
        }
        parts.retain(|part| !part.is_empty());
        parts.join(". ")
    }

    /// The column of pictures.
    pub fn picture(&self) -> Option<usize> {
        self.columns.iter().position(|c| c.kind == Kind::Image)
    }
}

/// The columns of a table of items, and the place of the one that names the item.
fn schema(path: &Path, source: &ItemSource<'_>) -> Result<(Schema, usize)> {
    let mut schema = read::open(path, source.read)?.schema().clone();
    let id = match source.id {
        Some(name) if schema.names().iter().any(|n| n == name) => name.to_owned(),
        Some(name) => {
            return Err(Error::Unknown { what: "column", name: name.to_owned(), valid: schema.names() });
        }
        None => item_of(&schema).ok_or_else(|| {
            let found = format!("the columns {}", schema.names().join(", "));
            Error::input(path.display().to_string(), "a column that names the item", found, "name it")
        })?,
    };
    let place = schema.columns.iter().position(|c| c.name == id).unwrap_or(0);
    schema.columns[place] = ColumnSchema::new(id, Kind::Identifier);
    Ok((schema, place))
}

/// Vectors of one column, as its cells come.
struct Vectors<'a> {
    column: String,
    /// What makes them; none for a column of vectors.
    encoder: Option<&'a dyn EncodeMedia>,
    width: usize,
    rows: Vec<(u32, Vec<f32>)>,
}

impl<'a> Vectors<'a> {
    fn of(column: &ColumnSchema, encoders: &Encoders<'a>) -> Option<Vectors<'a>> {
        let encoder = match column.kind {
            Kind::Image => Some(encoders.image?),
            Kind::Audio => Some(encoders.audio?),
            Kind::Vector => None,
            _ => return None,
        };
        Some(Vectors { column: column.name.clone(), encoder, width: 0, rows: Vec::new() })
    }

    fn take(&mut self, batch: &Table, items: &[Option<u32>]) -> Result<()> {
        if let Some(encoder) = self.encoder {
            let (values, width) = encoder.encode(&batch.select(&[&self.column])?)?;
            self.width = width;
            let rows = items.iter().zip(values.chunks_exact(width.max(1)));
            self.rows.extend(rows.filter_map(|(item, row)| Some(((*item)?, row.to_vec()))));
            return Ok(());
        }
        let (place, _) = batch.find(&self.column)?;
        for (row, item) in items.iter().enumerate() {
            let Some((item, vector)) = item.zip(batch.vector(place, row)) else { continue };
            self.width = self.width.max(vector.len());
            self.rows.push((item, vector));
        }
        Ok(())
    }

    fn finish(self, items: usize) -> Features {
        let mut values = vec![0.0; items * self.width];
        for (item, row) in self.rows {
            values[item as usize * self.width..][..row.len()].copy_from_slice(&row);
        }
        let names = (0..self.width).map(|i| format!("{} {i}", self.column)).collect();
        Features { width: self.width, values: unit(values, self.width), names }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items() -> Items {
        let column = |name: &str, kind| ItemColumn { name: name.into(), kind };
        let row = |cells: [&str; 5]| cells.iter().map(|c| (!c.is_empty()).then(|| (*c).to_owned())).collect();
        Items {
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
            ..Items::default()
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
}
