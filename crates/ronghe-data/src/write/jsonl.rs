//! JSON Lines: an object a row, `null` where a value is missing, dates in ISO 8601.

use super::{BatchWriter, Sink, cell};
use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

pub(super) fn start(out: Sink, schema: &SchemaRef, path: &Path) -> Result<Box<dyn BatchWriter>> {
    cell::check(schema, path)?;
    Ok(Box::new(JsonWriter { out, path: path.to_owned() }))
}

struct JsonWriter {
    out: Sink,
    path: PathBuf,
}

impl BatchWriter for JsonWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let schema = batch.schema_ref();
        for row in 0..batch.num_rows() {
            let object: Map<String, Value> = schema
                .fields()
                .iter()
                .zip(batch.columns())
                .map(|(field, column)| {
                    (field.name().clone(), cell::value(column, row).unwrap_or(Value::Null))
                })
                .collect();
            writeln!(self.out, "{}", Value::Object(object)).map_err(|e| Error::io(&self.path, e))?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.out.flush().map_err(|e| Error::io(&self.path, e))
    }
}
