//! Record batches that can be read more than once: what Parquet, Arrow, NumPy and WebDataset have in common, and many
//! such files as one.

use crate::{Error, Result};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray, new_null_array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::arrow::nature;

/// Record batches of a file, read as often as one likes.
pub(crate) trait Origin: Send + Sync {
    /// Names and types of the columns.
    fn schema(&self) -> SchemaRef;

    /// Number of rows.
    fn rows(&self) -> usize;

    /// The rows from the first on, with only the columns at `columns`; the order of columns may be the file's.
    fn batches(&self, columns: &[usize], batch_rows: usize) -> Result<Box<dyn Batches>>;
}

/// Batches, one after another.
pub(crate) trait Batches: Send {
    /// The next batch; `None` at the end.
    fn next(&mut self) -> Result<Option<RecordBatch>>;

    /// The file of the batch just given and the number of rows before it in that file, where the batches come from
    /// more than one file.
    fn place(&self) -> Option<(&Path, usize)> {
        None
    }
}

/// One file of many.
pub(crate) struct Part {
    /// File.
    pub(crate) path: PathBuf,
    /// Its rows.
    pub(crate) origin: Box<dyn Origin>,
    /// Columns that hold one value in all its rows, as the names of file and folders say.
    pub(crate) given: Vec<(String, Option<String>)>,
}

/// Files one after another, their columns united by name. A column that a file lacks is missing there.
pub(crate) struct Union {
    parts: Arc<[Part]>,
    schema: SchemaRef,
    rows: usize,
}

impl Union {
    /// The rows of all `parts`; `path` is their folder.
    pub(crate) fn new(path: &Path, parts: Vec<Part>) -> Result<Union> {
        let mut fields: Vec<Field> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut metadata = HashMap::new();
        let mut rows = 0usize;
        for part in &parts {
            let schema = part.origin.schema();
            let common = schema.fields().iter().any(|f| places.contains_key(f.name()));
            if !(common || fields.is_empty() || schema.fields().is_empty()) {
                return Err(apart(path, &parts[0], part));
            }
            for field in schema.fields() {
                match places.get(field.name()).and_then(|&i| fields.get_mut(i)) {
                    Some(known) => {
                        let both = common_type(known.data_type(), field.data_type());
                        *known = known.clone().with_data_type(both).with_nullable(true);
                    }
                    None => {
                        places.insert(field.name().clone(), fields.len());
                        fields.push(field.as_ref().clone().with_nullable(true));
                    }
                }
            }
            for (key, value) in schema.metadata() {
                metadata.entry(key.clone()).or_insert_with(|| value.clone());
            }
            rows = rows.saturating_add(part.origin.rows());
        }
        for (name, _) in parts.iter().flat_map(|p| &p.given) {
            if !places.contains_key(name) {
                places.insert(name.clone(), fields.len());
                fields.push(Field::new(name, DataType::Utf8, true));
            }
        }
        let schema = Arc::new(Schema::new_with_metadata(fields, metadata));
        Ok(Union { parts: parts.into(), schema, rows })
    }
}

/// Two files that have no column in common.
pub(crate) fn apart(folder: &Path, one: &Part, other: &Part) -> Error {
    let name = |p: &Part| p.path.strip_prefix(folder).unwrap_or(&p.path).display().to_string();
    let columns = |p: &Part| {
        let schema = p.origin.schema();
        let names: Vec<&str> = schema.fields().iter().take(5).map(|f| f.name().as_str()).collect();
        names.join(", ")
    };
    different(folder, [&name(one), &columns(one)], [&name(other), &columns(other)])
}

/// The error for two files of a folder, each given as name and columns, that have no column in common.
pub(crate) fn different(folder: &Path, one: [&str; 2], other: [&str; 2]) -> Error {
    Error::file(
        folder,
        "the files of a folder to be parts of one table",
        format!("no column that `{}` ({}) and `{}` ({}) both have", one[0], one[1], other[0], other[1]),
        "give one of the files, or put each table into a folder of its own",
    )
}

/// A type that says what columns of both types are: what they are alike in, else strings.
fn common_type(one: &DataType, other: &DataType) -> DataType {
    match (nature(one), nature(other)) {
        _ if one == other || *other == DataType::Null => one.clone(),
        _ if *one == DataType::Null => other.clone(),
        (Some(a), Some(b)) if a == b => one.clone(),
        (Some(_), Some(_)) => DataType::Utf8,
        (None, _) => one.clone(),
        (_, None) => other.clone(),
    }
}

impl Origin for Union {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn batches(&self, columns: &[usize], batch_rows: usize) -> Result<Box<dyn Batches>> {
        let fields = columns.iter().filter_map(|&c| self.schema.fields().get(c).cloned()).collect();
        Ok(Box::new(UnionBatches {
            parts: self.parts.clone(),
            fields,
            batch_rows,
            at: 0,
            current: None,
            before: 0,
            last: 0,
        }))
    }
}

struct UnionBatches {
    parts: Arc<[Part]>,
    fields: Vec<Arc<Field>>,
    batch_rows: usize,
    /// Parts that were begun.
    at: usize,
    current: Option<Box<dyn Batches>>,
    /// Rows of the present part before the batch just given, and in it.
    before: usize,
    last: usize,
}

impl Batches for UnionBatches {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(current) = &mut self.current {
                if let Some(batch) = current.next()? {
                    self.before += self.last;
                    self.last = batch.num_rows();
                    return self.united(&batch).map(Some);
                }
                self.current = None;
            }
            let Some(part) = self.parts.get(self.at) else { return Ok(None) };
            self.at += 1;
            (self.before, self.last) = (0, 0);
            let schema = part.origin.schema();
            let has = |f: &Arc<Field>| schema.index_of(f.name()).ok();
            let columns: Vec<usize> = self.fields.iter().filter_map(has).collect();
            self.current = Some(part.origin.batches(&columns, self.batch_rows)?);
        }
    }

    fn place(&self) -> Option<(&Path, usize)> {
        let part = self.parts.get(self.at.checked_sub(1)?)?;
        Some((&part.path, self.before))
    }
}

impl UnionBatches {
    fn united(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let part = self.at.checked_sub(1).and_then(|i| self.parts.get(i));
        let given = |name: &str| {
            let (_, value) = part?.given.iter().find(|(n, _)| n == name)?;
            Some(Arc::new(StringArray::from(vec![value.as_deref(); rows])) as ArrayRef)
        };
        let cells: Vec<ArrayRef> = self
            .fields
            .iter()
            .map(|field| match batch.column_by_name(field.name()) {
                Some(cells) => cells.clone(),
                None => given(field.name()).unwrap_or_else(|| new_null_array(field.data_type(), rows)),
            })
            .collect();
        let fields: Vec<Field> = self
            .fields
            .iter()
            .zip(&cells)
            .map(|(f, c)| Field::new(f.name(), c.data_type().clone(), true))
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), cells, &options).map_err(|e| {
            let path = part.map_or(Path::new(""), |p| &p.path);
            Error::file(path, "columns that fit together", e.to_string(), "write the file again")
        })
    }
}
