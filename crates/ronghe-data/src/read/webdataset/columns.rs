//! The columns of samples.

use super::samples::{Sample, Samples};
use crate::media::file_kind;
use crate::read::batches::Batches;
use crate::{Error, Kind, Result};
use arrow_array::builder::{BooleanBuilder, Float64Builder, Int64Builder, LargeBinaryBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The column of the samples' names.
pub(super) const KEY: &str = "__key__";
/// Endings of files that hold a class or a number.
const CLASSES: &[&str] = &["cls", "cls2", "class", "label"];
/// Endings of other files that hold text.
const TEXTS: &[&str] = &["txt", "text", "transcript", "caption", "id", "index", "inx", "count"];
/// Bytes of a batch, roughly.
const BATCH_BYTES: usize = 64 << 20;
/// Columns of an archive, at most.
const MOST: usize = 20_000;

/// What was met in the samples.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns {
    rows: usize,
    /// Endings of pictures, sounds and texts, with their kind (none for text).
    files: BTreeMap<String, Option<Kind>>,
    /// Keys of JSON objects.
    keys: BTreeMap<String, Seen>,
    /// Order in which columns were met.
    order: Vec<String>,
    /// Whether a sample has two pictures or two sounds.
    twice: bool,
    /// Endings and keys that are not read, and how often.
    passed: BTreeMap<String, usize>,
}

/// What the values of a key are; the later ones hold the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    Whole,
    Number,
    Boolean,
    Text,
}

impl Seen {
    fn of(value: &Value) -> Option<Seen> {
        Some(match value {
            Value::Bool(_) => Seen::Boolean,
            Value::Number(n) if n.is_i64() => Seen::Whole,
            Value::Number(_) => Seen::Number,
            Value::String(_) => Seen::Text,
            Value::Array(list) if list.iter().all(|v| !v.is_array() && !v.is_object()) => Seen::Text,
            _ => return None,
        })
    }

    fn with(self, other: Seen) -> Seen {
        match (self, other) {
            (a, b) if a == b => a,
            (Seen::Whole | Seen::Number, Seen::Whole | Seen::Number) => Seen::Number,
            _ => Seen::Text,
        }
    }
}

/// What a column is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Key,
    /// Files of any of these endings.
    Files(Vec<String>),
    /// Text of files of this ending.
    Text(String),
    /// Values of this key.
    Json(String, Seen),
}

impl Columns {
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Sees a sample with the content of its JSON files.
    pub(super) fn meet(&mut self, path: &Path, sample: &Sample) -> Result<()> {
        let mut kinds = Vec::new();
        let mut known = false;
        for (ending, content) in &sample.files {
            if let Some(content) = content {
                known = true;
                for (key, value) in &object(path, &sample.key, content)? {
                    match Seen::of(value) {
                        Some(seen) => self.add(key, |c| {
                            c.keys.entry(key.clone()).and_modify(|s| *s = s.with(seen)).or_insert(seen);
                        }),
                        None if value.is_null() => {}
                        None => *self.passed.entry(format!("`{key}`, nested JSON,")).or_default() += 1,
                    }
                }
                continue;
            }
            let text = CLASSES.contains(&ending.as_str()) || TEXTS.contains(&ending.as_str());
            let kind = file_kind(&format!("a.{ending}"));
            if !text && kind.is_none() {
                *self.passed.entry(format!("files `.{ending}`")).or_default() += 1;
                continue;
            }
            known = true;
            if let Some(kind) = kind.filter(|_| !ending.contains('.')) {
                self.twice |= kinds.contains(&kind);
                kinds.push(kind);
            }
            self.add(ending, |c| {
                c.files.insert(ending.clone(), kind);
            });
        }
        self.rows += usize::from(known);
        if self.order.len() > MOST {
            return Err(Error::Limit {
                path: path.to_owned(),
                what: "the number of columns".into(),
                found: format!("more than {MOST}"),
                limit: MOST.to_string(),
                mend: "put what varies from sample to sample into values, not into keys or endings".into(),
            });
        }
        Ok(())
    }

    fn add(&mut self, name: &str, put: impl FnOnce(&mut Columns)) {
        if !self.files.contains_key(name) && !self.keys.contains_key(name) {
            self.order.push(name.to_owned());
        }
        put(self);
    }

    /// What is not read, and how often.
    pub(super) fn passed(&self) -> impl Iterator<Item = (&str, usize)> {
        self.passed.iter().map(|(what, &count)| (what.as_str(), count))
    }

    /// Makes the columns of several archives alike: the types of keys, and whether pictures are told by endings.
    pub(super) fn settle_together<'a>(all: impl Iterator<Item = &'a mut Columns>) {
        let mut all: Vec<&mut Columns> = all.collect();
        let twice = all.iter().any(|c| c.twice);
        let mut keys: BTreeMap<String, Seen> = BTreeMap::new();
        for (key, &seen) in all.iter().flat_map(|c| &c.keys) {
            keys.entry(key.clone()).and_modify(|s| *s = s.with(seen)).or_insert(seen);
        }
        for columns in &mut all {
            columns.twice = twice;
            for (key, seen) in &mut columns.keys {
                *seen = keys.get(key).copied().unwrap_or(*seen);
            }
        }
    }

    /// Names of the columns that hold classes.
    pub(super) fn categories(&self) -> Vec<String> {
        self.files.keys().filter(|e| CLASSES.contains(&e.as_str())).cloned().collect()
    }

    fn sources(&self) -> Vec<(String, Source)> {
        let mut sources = vec![(KEY.to_owned(), Source::Key)];
        for name in &self.order {
            let (column, source) = match (self.files.get(name), self.keys.get(name)) {
                (Some(Some(kind)), _) if !self.twice && !name.contains('.') => {
                    let column = if *kind == Kind::Image { "image" } else { "audio" };
                    let alike = |(e, k): (&String, &Option<Kind>)| {
                        (*k == Some(*kind) && !e.contains('.')).then(|| e.clone())
                    };
                    (column.to_owned(), Source::Files(self.files.iter().filter_map(alike).collect()))
                }
                (Some(Some(_)), _) => (name.clone(), Source::Files(vec![name.clone()])),
                (Some(None), _) => (name.clone(), Source::Text(name.clone())),
                (None, Some(&seen)) => (name.clone(), Source::Json(name.clone(), seen)),
                (None, None) => continue,
            };
            if !sources.iter().any(|(known, _)| *known == column) {
                sources.push((column, source));
            } else if let Source::Json(key, seen) = source {
                sources.push((format!("json.{key}"), Source::Json(key, seen)));
            }
        }
        sources
    }

    pub(super) fn schema(&self) -> SchemaRef {
        let field = |(name, source): (String, Source)| {
            let data_type = match source {
                Source::Files(_) => DataType::LargeBinary,
                Source::Key | Source::Text(_) | Source::Json(_, Seen::Text) => DataType::Utf8,
                Source::Json(_, Seen::Whole) => DataType::Int64,
                Source::Json(_, Seen::Number) => DataType::Float64,
                Source::Json(_, Seen::Boolean) => DataType::Boolean,
            };
            Field::new(name, data_type, true)
        };
        Arc::new(Schema::new(self.sources().into_iter().map(field).collect::<Vec<_>>()))
    }

    /// Batches of the columns at `columns` of the schema.
    pub(super) fn batches(
        &self,
        path: &Path,
        samples: Samples,
        columns: &[usize],
        batch_rows: usize,
    ) -> ColumnBatches {
        let (all, schema) = (self.sources(), self.schema());
        let chosen = columns
            .iter()
            .filter_map(|&c| Some((schema.fields().get(c)?.as_ref().clone(), all.get(c)?.1.clone())));
        let known: Vec<String> = self.files.keys().cloned().chain(["json".to_owned()]).collect();
        ColumnBatches {
            path: path.to_owned(),
            samples,
            known,
            chosen: chosen.collect(),
            batch_rows: batch_rows.max(1),
        }
    }
}

fn object(path: &Path, key: &str, content: &[u8]) -> Result<Map<String, Value>> {
    serde_json::from_slice(content).map_err(|e| {
        let found = format!("something else in line {}", e.line());
        Error::file(&path.join(format!("{key}.json")), "one JSON object", found, "write the archive again")
    })
}

/// The batches of an archive.
pub(super) struct ColumnBatches {
    path: PathBuf,
    samples: Samples,
    /// Endings that make a sample a row.
    known: Vec<String>,
    chosen: Vec<(Field, Source)>,
    batch_rows: usize,
}

enum Builder {
    Bytes(LargeBinaryBuilder),
    Text(StringBuilder),
    Whole(Int64Builder),
    Number(Float64Builder),
    Boolean(BooleanBuilder),
}

impl Builder {
    fn new(field: &Field) -> Builder {
        match field.data_type() {
            DataType::LargeBinary => Builder::Bytes(LargeBinaryBuilder::new()),
            DataType::Int64 => Builder::Whole(Int64Builder::new()),
            DataType::Float64 => Builder::Number(Float64Builder::new()),
            DataType::Boolean => Builder::Boolean(BooleanBuilder::new()),
            _ => Builder::Text(StringBuilder::new()),
        }
    }

    fn push_value(&mut self, value: &Value) {
        match self {
            Builder::Whole(b) => b.append_option(value.as_i64()),
            Builder::Number(b) => b.append_option(value.as_f64()),
            Builder::Boolean(b) => b.append_option(value.as_bool()),
            Builder::Text(b) => b.append_option(shown(value)),
            Builder::Bytes(b) => b.append_null(),
        }
    }

    fn push_text(&mut self, text: Option<&str>) {
        if let Builder::Text(b) = self {
            b.append_option(text.map(str::trim).filter(|t| !t.is_empty()));
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Builder::Bytes(mut b) => Arc::new(b.finish()),
            Builder::Text(mut b) => Arc::new(b.finish()),
            Builder::Whole(mut b) => Arc::new(b.finish()),
            Builder::Number(mut b) => Arc::new(b.finish()),
            Builder::Boolean(mut b) => Arc::new(b.finish()),
        }
    }
}

/// A plain value, or a list of such joined with `|`, as text.
fn shown(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null | Value::Object(_) => return None,
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().filter_map(shown).collect::<Vec<_>>().join("|"),
        other => other.to_string(),
    };
    (!text.trim().is_empty()).then_some(text)
}

impl Batches for ColumnBatches {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        let wanted = |ending: &str| {
            self.chosen.iter().any(|(_, source)| match source {
                Source::Key => false,
                Source::Files(endings) => endings.iter().any(|e| e == ending),
                Source::Text(e) => e == ending,
                Source::Json(..) => ending == "json",
            })
        };
        let mut builders: Vec<Builder> = self.chosen.iter().map(|(field, _)| Builder::new(field)).collect();
        let (mut rows, mut size) = (0, 0);
        while rows < self.batch_rows && size < BATCH_BYTES {
            let Some(sample) = self.samples.next(&wanted)? else { break };
            if !sample.files.iter().any(|(e, _)| self.known.contains(e)) {
                continue;
            }
            rows += 1;
            size += sample.files.iter().map(|(_, c)| c.as_ref().map_or(0, Vec::len)).sum::<usize>();
            let content =
                |ending: &str| sample.files.iter().find(|(e, _)| e == ending).and_then(|(_, c)| c.as_deref());
            let json = match content("json") {
                Some(content) => object(&self.path, &sample.key, content)?,
                None => Map::new(),
            };
            for (builder, (_, source)) in builders.iter_mut().zip(&self.chosen) {
                match source {
                    Source::Key => builder.push_text(Some(&sample.key)),
                    Source::Files(endings) => {
                        if let Builder::Bytes(b) = builder {
                            b.append_option(
                                endings.iter().find_map(|e| content(e)).filter(|c| !c.is_empty()),
                            );
                        }
                    }
                    Source::Text(ending) => {
                        let text = content(ending).map(std::str::from_utf8).transpose().map_err(|_| {
                            let file = self.path.join(format!("{}.{ending}", sample.key));
                            Error::file(
                                &file,
                                "text in UTF-8",
                                "other bytes",
                                "write the archive again in UTF-8",
                            )
                        })?;
                        builder.push_text(text);
                    }
                    Source::Json(key, _) => builder.push_value(json.get(key).unwrap_or(&Value::Null)),
                }
            }
        }
        if rows == 0 {
            return Ok(None);
        }
        let fields: Vec<Field> = self.chosen.iter().map(|(f, _)| f.clone()).collect();
        let cells = builders.into_iter().map(Builder::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), cells, &options);
        let mend = "write the archive again";
        batch.map(Some).map_err(|e| Error::file(&self.path, "columns that fit together", e.to_string(), mend))
    }
}
