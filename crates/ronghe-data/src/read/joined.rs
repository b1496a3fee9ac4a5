//! Tables that name the files beside them, one in each part of a folder, as one table.
//!
//! ```text
//! root/train/metadata.csv  file_name,label     root/train/a.png
//! root/test/metadata.csv   file_name           root/test/c.png
//! ```
//! Columns are united by name; what a table does not have is missing in its rows. Kinds are those that the first table
//! that has the column gives it, training first. `split` comes from the folders, unless a table has such a column. Files in
//! a part without a table are rows of their own. This is the layout of `datasets`' `imagefolder` and `audiofolder`.

use super::folder::common_kind;
use super::memory::MemoryReader;
use super::parts::Parts;
use super::{PART_NAMES, ReadOptions, Reader, Warning, collect, part};
use crate::{ColumnSchema, Error, Kind, Result, Schema, Table};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, StringArray, new_null_array};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// The folder of a relative path.
fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether `file` lies in `folder` or below.
fn is_in(file: &str, folder: &str) -> bool {
    file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// The name of a part among the folders of a path.
fn part_name(folder: &str) -> Option<&str> {
    folder.split('/').find(|name| part(name).is_some())
}

/// Whether the tables `metadata` speak of `files`: all lie in parts, or they have a table around every file.
pub(super) fn applies(files: &[String], metadata: &[String]) -> bool {
    !metadata.is_empty()
        && (metadata.iter().all(|m| part_name(folder_of(m)).is_some())
            || files.iter().all(|f| metadata.iter().any(|m| is_in(f, folder_of(m)))))
}

/// Rows of one folder.
struct Rows {
    split: Option<&'static str>,
    table: Table,
}

pub(super) fn open(
    root: &Path,
    files: &[String],
    metadata: &[String],
    options: &ReadOptions,
) -> Result<Box<dyn Reader>> {
    let names: BTreeSet<&str> =
        metadata.iter().chain(files).filter_map(|m| part_name(folder_of(m))).collect();
    let reading = Parts::among(names.iter().copied());
    let split = |file: &str| part_name(folder_of(file)).and_then(|name| reading.part(name));
    let place = |m: &String| PART_NAMES.iter().position(|p| split(m) == Some(*p)).unwrap_or(PART_NAMES.len());
    let mut ordered: Vec<&String> = metadata.iter().collect();
    ordered.sort_by_key(|m| (place(m), m.as_str()));

    // A column may be in one of the tables only: names are looked at when all are together.
    let mut each = ReadOptions { format: None, only: None, ..options.clone() };
    let kinds = std::mem::take(&mut each.kinds);
    each.drop.clear();
    let (mut parts, mut warnings): (Vec<Rows>, Vec<Warning>) = Default::default();
    for file in ordered {
        let path = root.join(file);
        if !kinds.is_empty() {
            // Of what was asked only that which this table has.
            each.kinds.clear();
            let names = super::open(&path, &each)?.schema().names();
            each.kinds = kinds.iter().filter(|k| names.contains(k.0)).map(|(n, k)| (n.clone(), *k)).collect();
        }
        let mut reader = super::open(&path, &each)?;
        let table = collect(reader.as_mut(), &path)?;
        warnings
            .extend(reader.warnings().iter().filter(|w| !warnings.contains(w)).cloned().collect::<Vec<_>>());
        for column in &table.schema().columns {
            each.like.entry(column.name.clone()).or_insert_with(|| column.clone());
        }
        let prefix = if options.media.is_some() { "" } else { folder_of(file) };
        parts.push(Rows { split: split(file), table: moved(&table, root, prefix)? });
    }
    parts.extend(untold(root, files, metadata, &parts, split)?);

    let table = united(root, &parts, options.media.as_deref().unwrap_or(root))?;
    let names = table.schema().names();
    let chosen = options.choose(root, &names)?;
    let chosen: Vec<&str> = chosen.iter().map(|&i| names[i].as_str()).collect();
    Ok(Box::new(MemoryReader::new(table.select(&chosen)?, options).warning(warnings)))
}

/// `table` with its media cells relative to the folder around `prefix`.
fn moved(table: &Table, root: &Path, prefix: &str) -> Result<Table> {
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (i, spec) in table.schema().columns.iter().enumerate() {
        let cells = table.column(i);
        let paths =
            matches!(spec.kind, Kind::Image | Kind::Audio).then(|| cells.as_string_opt::<i32>()).flatten();
        columns.push(match paths {
            Some(paths) if !prefix.is_empty() => {
                let moved = paths.iter().map(|path| path.map(|path| format!("{prefix}/{}", path.trim())));
                Arc::new(moved.collect::<StringArray>())
            }
            _ => cells.clone(),
        });
    }
    Table::new(Arc::new(table.schema().clone()), columns, root, root, 1)
}

/// Rows for the files in parts without a table.
fn untold(
    root: &Path,
    files: &[String],
    metadata: &[String],
    parts: &[Rows],
    split: impl Fn(&str) -> Option<&'static str>,
) -> Result<Option<Rows>> {
    let told: BTreeSet<_> = metadata.iter().map(|m| split(m)).collect();
    let left: Vec<String> = files
        .iter()
        .filter(|f| split(f).is_some_and(|part| !told.contains(&Some(part))))
        .filter(|f| !metadata.iter().any(|m| is_in(f, folder_of(m))))
        .cloned()
        .collect();
    if left.is_empty() {
        return Ok(None);
    }
    let kind = common_kind(root, &left, None)?;
    let column = parts.iter().flat_map(|p| &p.table.schema().columns).find(|c| c.kind == kind);
    let Some(column) = column else { return Ok(None) };
    let splits: StringArray = left.iter().map(|f| split(f)).collect();
    let schema = Schema { columns: vec![column.clone(), ColumnSchema::new("split", Kind::Category)] };
    let cells: Vec<ArrayRef> = vec![Arc::new(StringArray::from(left)), Arc::new(splits)];
    Ok(Some(Rows { split: None, table: Table::new(Arc::new(schema), cells, root, root, 1)? }))
}

/// All rows, with the columns of all parts.
fn united(root: &Path, parts: &[Rows], base: &Path) -> Result<Table> {
    let mut columns: Vec<ColumnSchema> = Vec::new();
    for column in parts.iter().flat_map(|p| &p.table.schema().columns) {
        if columns.iter().all(|c| c.name != column.name) {
            columns.push(column.clone());
        }
    }
    let own_split = parts.iter().any(|p| p.split.is_some() && p.table.schema().index("split").is_some());
    if !own_split && parts.iter().any(|p| p.split.is_some()) {
        columns.retain(|c| c.name != "split");
        columns.push(ColumnSchema::new("split", Kind::Category));
    }
    let mut cells: Vec<ArrayRef> = Vec::new();
    for column in &columns {
        let known =
            parts.iter().find_map(|p| p.table.schema().index(&column.name).map(|i| p.table.column(i)));
        let kind = known.map_or(arrow_schema::DataType::Utf8, |cells| cells.data_type().clone());
        let pieces: Vec<ArrayRef> = parts
            .iter()
            .map(|p| match (p.table.schema().index(&column.name), p.split) {
                (Some(i), _) => p.table.column(i).clone(),
                (None, Some(split)) if column.name == "split" && !own_split => {
                    Arc::new(StringArray::from(vec![split; p.table.rows()]))
                }
                _ => new_null_array(&kind, p.table.rows()),
            })
            .collect();
        let pieces: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
        let joined = arrow_select::concat::concat(&pieces).map_err(|e| {
            let expected = format!("one kind of column `{}` in all tables", column.name);
            Error::file(root, expected, e.to_string(), "make the metadata of all parts alike")
        });
        cells.push(joined?);
    }
    Table::new(Arc::new(Schema { columns }), cells, root, base, 1)
}
