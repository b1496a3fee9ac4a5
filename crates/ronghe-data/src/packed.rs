//! A small table as one block of bytes, and back with the very types, kinds and notations that it had.
//!
//! The bytes are a Parquet file whose metadata hold the schema (`ronghe.schema`, JSON), so that nothing is inferred when it is
//! read. The same table gives the same bytes.

use crate::{Error, Result, Schema, Table};
use arrow_array::RecordBatch;
use arrow_schema::Schema as ArrowSchema;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

/// Where the metadata hold the schema.
const SCHEMA: &str = "ronghe.schema";
/// Most rows of a packed table.
const MOST_ROWS: usize = 100_000;
/// Most bytes of a packed table, before and after compression.
const MOST_BYTES: usize = 256 << 20;

impl Table {
    /// The table in one block of bytes. Paths in media cells stay paths.
    pub fn pack(&self) -> Result<Vec<u8>> {
        let wrong = |found: String| {
            Error::file(self.path(), "columns that Parquet can hold", found, "please report this defect")
        };
        let batch = self.to_batch()?;
        let schema = serde_json::to_string(self.schema()).map_err(|e| wrong(e.to_string()))?;
        let fields = batch.schema().fields().clone();
        let named = ArrowSchema::new(fields).with_metadata(HashMap::from([(SCHEMA.to_owned(), schema)]));
        let named = Arc::new(named);
        let batch = RecordBatch::try_new(named.clone(), batch.columns().to_vec())
            .map_err(|e| wrong(e.to_string()))?;
        let compressed =
            WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
        let write = || -> std::result::Result<Vec<u8>, ParquetError> {
            let mut writer = ArrowWriter::try_new(Vec::new(), named, Some(compressed))?;
            writer.write(&batch)?;
            writer.into_inner()
        };
        write().map_err(|e| wrong(e.to_string()))
    }

    /// The table that [`Table::pack`] made bytes of; `path` is where they were found.
    pub fn unpack(bytes: Vec<u8>, path: &Path) -> Result<Table> {
        let damaged = |found: &str| {
            Error::file(path, "a table that ronghe packed", found, "copy the file again, or make it anew")
        };
        if bytes.len() > MOST_BYTES {
            return Err(damaged(&format!("{} bytes, more than {MOST_BYTES}", bytes.len())));
        }
        // A panic in the decoder is a defect there, set off by damaged bytes.
        let read = catch_unwind(AssertUnwindSafe(|| batches(bytes)));
        let (schema, batches) = match read {
            Ok(Ok(read)) => read,
            Ok(Err(e)) => return Err(damaged(&e.to_string())),
            Err(_) => return Err(damaged("content that the decoder cannot handle")),
        };
        let schema: Schema = schema
            .and_then(|text| serde_json::from_str(&text).ok())
            .ok_or_else(|| damaged("no schema in its metadata"))?;
        let schema = Arc::new(schema);
        let tables = batches
            .into_iter()
            .map(|b| Table::new(schema.clone(), b.columns().to_vec(), path, Path::new(""), 1))
            .collect::<Result<Vec<_>>>()?;
        if tables.is_empty() {
            return Err(damaged("no rows"));
        }
        Table::concat(&tables)
    }
}

/// The schema as it was written, and all rows.
fn batches(bytes: Vec<u8>) -> std::result::Result<(Option<String>, Vec<RecordBatch>), ParquetError> {
    let file = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes))?;
    let found = file.metadata();
    let rows = usize::try_from(found.file_metadata().num_rows()).unwrap_or(usize::MAX);
    let size: i64 = found.row_groups().iter().map(|g| g.total_byte_size().max(0)).sum();
    if rows > MOST_ROWS || usize::try_from(size).unwrap_or(usize::MAX) > MOST_BYTES {
        return Err(ParquetError::General(format!("{rows} rows of {size} bytes, more than can be kept")));
    }
    let schema = file.schema().metadata().get(SCHEMA).cloned();
    let batches = file.with_batch_size(MOST_ROWS).build()?.collect::<std::result::Result<Vec<_>, _>>()?;
    Ok((schema, batches))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ColumnSchema, Kind, Notation};
    use arrow_array::{
        ArrayRef, BooleanArray, Float64Array, LargeBinaryArray, StringArray, TimestampMillisecondArray,
    };

    fn table() -> Table {
        let columns: Vec<(&str, Kind, ArrayRef)> = vec![
            ("价格", Kind::Number, Arc::new(Float64Array::from(vec![Some(0.1), None, Some(-0.0)]))),
            // Words of digits stay words, whatever a reader would infer.
            ("kind", Kind::Category, Arc::new(StringArray::from(vec![Some("007"), Some("NA"), None]))),
            ("yes", Kind::Boolean, Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
            (
                "day",
                Kind::Date,
                Arc::new(
                    TimestampMillisecondArray::from(vec![Some(0), None, Some(1_700_000_000_000)])
                        .with_timezone("UTC"),
                ),
            ),
            ("words", Kind::Text, Arc::new(StringArray::from(vec![Some(""), Some("好"), None]))),
            (
                "picture",
                Kind::Image,
                Arc::new(LargeBinaryArray::from_opt_vec(vec![Some(b"P5".as_slice()), None, Some(b"")])),
            ),
        ];
        let mut schema = Schema { columns: columns.iter().map(|c| ColumnSchema::new(c.0, c.1)).collect() };
        schema.columns[0].notation = Notation { unit: Some("元".into()), ..Notation::default() };
        let cells = columns.into_iter().map(|c| c.2).collect();
        Table::new(Arc::new(schema), cells, Path::new("t.csv"), Path::new("."), 1).unwrap()
    }

    #[test]
    fn a_table_comes_back_with_its_types_and_kinds() {
        let table = table();
        let bytes = table.pack().unwrap();
        assert_eq!(bytes, table.pack().unwrap());
        let back = Table::unpack(bytes, Path::new("b.parquet")).unwrap();
        assert_eq!(back.schema(), table.schema());
        assert_eq!((back.content_hash(), back.rows()), (table.content_hash(), 3));
        for i in 0..6 {
            assert_eq!(back.column(i), table.column(i));
        }
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        let bytes = table().pack().unwrap();
        let said = |bytes: Vec<u8>| Table::unpack(bytes, Path::new("b.parquet")).unwrap_err().to_string();
        assert!(said(bytes[..bytes.len() / 2].to_vec()).contains("a table that ronghe packed"));
        assert!(said(Vec::new()).contains("b.parquet"));
        for at in (4..bytes.len()).step_by(7) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x5a;
            // Never a panic; what still decodes is caught by the hash of the model's files.
            let _ = Table::unpack(changed, Path::new("b.parquet"));
        }
    }
}
