//! NumPy's `.npy` and `.npz` (`savez`, `savez_compressed`), such as Keras' `mnist.npz` and the sets of MedMNIST.
//!
//! Names of arrays say the part of the split and the column: `x_train`, `train_images`, `val_labels`, `X`, `y`. Bytes
//! `[rows, height, width]`, also with 1 or 3 channels, are pictures (column `image`, beside it `label`); `[rows]` and
//! `[rows, 1]` are a column, `[rows, n]` the columns `x_0 ... x_(n-1)`. Whole numbers in an array of labels are
//! categories. `array` reads headers, `cells` makes columns.

mod array;
mod cells;

use super::batches::{Batches, Origin};
use super::{ReadOptions, Reader, Warning, part, typed, warned, zipped};
use crate::{Error, Kind, Result};
use array::{Array, Class, MAGIC};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray, new_null_array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use cells::{Picture, Take};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Names of arrays of inputs.
const INPUTS: &[&str] = &["x", "image", "images", "img", "imgs", "data", "features", "inputs", "input", ""];
/// Names of arrays of labels.
const LABELS: &[&str] = &["y", "label", "labels", "target", "targets", "class", "classes"];
/// Bytes of a batch, roughly.
const BATCH_BYTES: usize = 64 << 20;

pub(super) fn sniff(path: &Path, head: &[u8]) -> bool {
    head.starts_with(MAGIC)
        || (super::packed::is_zip(head)
            && zipped::members(path)
                .is_ok_and(|m| !m.is_empty() && m.iter().all(|m| m.name.ends_with(".npy"))))
}

pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn Reader>> {
    let head = super::bytes::head(path, 8)?;
    let arrays = if head.starts_with(MAGIC) {
        vec![Array::open(path, None, options)?]
    } else {
        zipped::members(path)?
            .into_iter()
            .filter(|m| m.name.ends_with(".npy"))
            .map(|m| Array::open(path, Some(m), options))
            .collect::<Result<Vec<_>>>()?
    };
    let (file, warnings) = NumpyFile::new(path, arrays, options)?;
    let mut options = options.clone();
    for name in &file.categories {
        options.take_as(name, Kind::Category);
    }
    Ok(warned::with(typed::open(&file, path, &options)?, warnings))
}

/// The rows of one part of the split.
#[derive(Debug, Clone, Default)]
struct Set {
    part: Option<&'static str>,
    rows: usize,
    /// Array and what is taken of it, for each column.
    columns: Vec<Option<(usize, Take)>>,
}

struct NumpyFile {
    path: PathBuf,
    arrays: Arc<[Array]>,
    sets: Arc<[Set]>,
    schema: SchemaRef,
    rows: usize,
    categories: Vec<String>,
}

/// The part of a split that the name of an array says, and the rest of the name.
fn role(name: &str) -> (Option<&'static str>, String) {
    let words: Vec<&str> = name.split('_').collect();
    let named: Vec<usize> = (0..words.len()).filter(|&i| part(words[i]).is_some()).collect();
    match named[..] {
        [at] => {
            let rest: Vec<&str> =
                words.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, w)| *w).collect();
            (part(words[at]), rest.join("_"))
        }
        _ => (None, name.to_owned()),
    }
}

impl NumpyFile {
    fn new(path: &Path, arrays: Vec<Array>, options: &ReadOptions) -> Result<(NumpyFile, Vec<Warning>)> {
        let roles: Vec<_> = arrays.iter().map(|a| role(&a.name)).collect();
        let any_part = roles.iter().any(|(part, _)| part.is_some());
        // Beside the arrays of parts, others describe the set (names of classes).
        let mut members: BTreeMap<Option<&'static str>, Vec<usize>> = BTreeMap::new();
        let mut warnings = Vec::new();
        for (i, (part, _)) in roles.iter().enumerate() {
            if any_part && part.is_none() || arrays[i].rows().is_none() {
                let what =
                    format!("the array {}, which has no row for each row of the others", arrays[i].shown());
                warnings.push(Warning::PassedOver { what });
            } else {
                members.entry(*part).or_default().push(i);
            }
        }
        let pictures = |ids: &[usize]| ids.iter().filter(|&&i| Picture::of(&arrays[i]).is_some()).count();
        let single_picture = members.values().all(|ids| pictures(ids) == 1);
        let (mut fields, mut categories): (Vec<(String, DataType)>, Vec<String>) = (Vec::new(), Vec::new());
        let mut sets = Vec::new();
        let order = [Some("train"), Some("validation"), Some("test"), None];
        for part in order {
            let Some(ids) = members.get(&part) else { continue };
            let rows = ids.first().and_then(|&i| arrays[i].rows()).unwrap_or(0);
            if ids.iter().any(|&i| arrays[i].rows() != Some(rows)) {
                return Err(unfit(path, &arrays, ids, "arrays of equally many rows"));
            }
            let mut set = Set { part, rows, columns: Vec::new() };
            for &i in ids {
                let array = &arrays[i];
                let rest = &roles[i].1;
                let lower = rest.to_ascii_lowercase();
                let label = LABELS.contains(&lower.as_str());
                let taken = columns(array, rest, &lower, label, single_picture);
                let Some(taken) = taken.filter(|t| t.len() <= options.limits.columns) else {
                    return Err(unfit(
                        path,
                        &arrays,
                        &[i],
                        "arrays [rows], [rows, columns], or uint8 pictures [rows, height, width] with 1 or 3 channels",
                    ));
                };
                for (name, take) in taken {
                    let wanted = cells::data_type(array.element, take);
                    let at = fields.iter().position(|(n, _)| *n == name).unwrap_or_else(|| {
                        fields.push((name.clone(), wanted.clone()));
                        fields.len() - 1
                    });
                    set.columns.resize(fields.len().max(set.columns.len()), None);
                    if fields[at].1 != wanted || set.columns[at].is_some() {
                        return Err(unfit(path, &arrays, ids, "one array for each column"));
                    }
                    set.columns[at] = Some((i, take));
                    if label
                        && matches!(
                            array.element.class,
                            Class::Signed | Class::Unsigned | Class::Bool | Class::Text | Class::Bytes
                        )
                    {
                        categories.push(name);
                    }
                }
            }
            sets.push(set);
        }
        sets.iter_mut().for_each(|s| s.columns.resize(fields.len(), None));
        let rows = sets.iter().map(|s| s.rows).fold(0usize, usize::saturating_add);
        let mut fields: Vec<Field> = fields.into_iter().map(|(n, t)| Field::new(n, t, true)).collect();
        if sets.len() > 1 && fields.iter().all(|f| f.name() != "split") {
            fields.push(Field::new("split", DataType::Utf8, true));
            categories.push("split".into());
        }
        let schema = Arc::new(Schema::new(fields));
        let (arrays, sets) = (arrays.into(), sets.into());
        Ok((NumpyFile { path: path.to_owned(), arrays, sets, schema, rows, categories }, warnings))
    }
}

/// The columns that an array gives; `None` for a shape that gives none.
fn columns(
    array: &Array,
    rest: &str,
    lower: &str,
    label: bool,
    single_picture: bool,
) -> Option<Vec<(String, Take)>> {
    let own = if rest.is_empty() { "x" } else { rest };
    if let Some(picture) = Picture::of(array) {
        let name = if single_picture && INPUTS.contains(&lower) { "image" } else { own };
        return Some(vec![(name.to_owned(), Take::Picture(picture))]);
    }
    let name = if label && single_picture { "label" } else { own };
    match array.shape[..] {
        [_] | [_, 1] => Some(vec![(name.to_owned(), Take::Element { at: 0, of: 1 })]),
        [_, of] if of > 0 => {
            Some((0..of).map(|at| (format!("{name}_{at}"), Take::Element { at, of })).collect())
        }
        _ => None,
    }
}

fn unfit(path: &Path, arrays: &[Array], which: &[usize], expected: &str) -> Error {
    let shown: Vec<String> = which.iter().take(8).filter_map(|&i| Some(arrays.get(i)?.shown())).collect();
    Error::file(
        path,
        expected,
        shown.join(", "),
        "save what belongs together into one file, under names such as x and y",
    )
}

impl Origin for NumpyFile {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn batches(&self, columns: &[usize], batch_rows: usize) -> Result<Box<dyn Batches>> {
        let fields = columns.iter().filter_map(|&c| Some((c, self.schema.fields().get(c)?.as_ref().clone())));
        Ok(Box::new(NumpyBatches {
            path: self.path.clone(),
            arrays: self.arrays.clone(),
            sets: self.sets.clone(),
            fields: fields.collect(),
            batch_rows: batch_rows.max(1),
            at: 0,
            left: 0,
            streams: BTreeMap::new(),
        }))
    }
}

struct NumpyBatches {
    path: PathBuf,
    arrays: Arc<[Array]>,
    sets: Arc<[Set]>,
    /// Columns asked for and what they are.
    fields: Vec<(usize, Field)>,
    batch_rows: usize,
    /// Sets that were begun, and rows of the present one still to come.
    at: usize,
    left: usize,
    streams: BTreeMap<usize, Box<dyn Read + Send>>,
}

impl Batches for NumpyBatches {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        while self.left == 0 {
            let Some(set) = self.sets.get(self.at) else { return Ok(None) };
            (self.at, self.left) = (self.at + 1, set.rows);
            self.streams.clear();
            for (i, _) in self.fields.iter().filter_map(|(c, _)| set.columns.get(*c).copied().flatten()) {
                if !self.streams.contains_key(&i) {
                    self.streams.insert(i, self.arrays[i].elements()?);
                }
            }
        }
        let row_bytes =
            |i: &usize| self.arrays[*i].row_elements().saturating_mul(self.arrays[*i].element.bytes);
        let widest = self.streams.keys().map(row_bytes).max().unwrap_or(1).max(1);
        let rows = self.left.min(self.batch_rows).min((BATCH_BYTES / widest).max(1));
        self.left -= rows;
        let mut content: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
        for (&i, stream) in &mut self.streams {
            let array = &self.arrays[i];
            let mut bytes = vec![0; rows * array.row_elements() * array.element.bytes];
            stream.read_exact(&mut bytes).map_err(|e| array.damaged(&e.to_string()))?;
            content.insert(i, bytes);
        }
        let set = self.at.checked_sub(1).and_then(|i| self.sets.get(i));
        let cell = |(c, field): &(usize, Field)| -> Result<ArrayRef> {
            match set.and_then(|s| s.columns.get(*c).copied().flatten()) {
                Some((i, take)) => match content.get(&i) {
                    Some(bytes) => cells::column(&self.arrays[i], take, bytes),
                    None => Ok(new_null_array(field.data_type(), rows)),
                },
                None if field.name() == "split" => {
                    Ok(Arc::new(StringArray::from(vec![set.and_then(|s| s.part); rows])))
                }
                None => Ok(new_null_array(field.data_type(), rows)),
            }
        };
        let columns = self.fields.iter().map(cell).collect::<Result<Vec<_>>>()?;
        let fields: Vec<Field> = self.fields.iter().map(|(_, f)| f.clone()).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options);
        let batch = batch.map_err(|e| {
            Error::file(&self.path, "arrays that fit together", e.to_string(), "save them again")
        })?;
        Ok(Some(batch))
    }
}

#[cfg(test)]
mod tests {
    use super::role;

    #[test]
    fn names_say_part_and_column() {
        for (name, part, rest) in [
            ("x_train", Some("train"), "x"),
            ("val_images", Some("validation"), "images"),
            ("Y_test", Some("test"), "Y"),
            ("train", Some("train"), ""),
            ("y", None, "y"),
            ("train_test_x", None, "train_test_x"),
        ] {
            assert_eq!(role(name), (part, rest.to_owned()), "{name}");
        }
    }
}
