//! One cell of an Arrow column as text or JSON.

use crate::table::date_text;
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int32Type, Int64Type, TimestampMillisecondType, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, SchemaRef, TimeUnit};
use serde_json::Value;
use std::path::Path;

/// The types that can be written.
pub(super) fn check(schema: &SchemaRef, path: &Path) -> Result<()> {
    for field in schema.fields() {
        let good = match field.data_type() {
            DataType::List(item) => plain(item.data_type()),
            other => plain(other),
        };
        if !good {
            return Err(Error::file(
                path,
                "columns of numbers, strings, booleans, dates or lists of them",
                format!("`{}` of type {}", field.name(), field.data_type()),
                "leave the column out, or write Parquet",
            ));
        }
    }
    Ok(())
}

fn plain(of: &DataType) -> bool {
    use DataType::*;
    matches!(
        of,
        Boolean
            | Int32
            | Int64
            | UInt32
            | UInt64
            | Float32
            | Float64
            | Utf8
            | Timestamp(TimeUnit::Millisecond, _)
    )
}

/// Cell `row` of `column`; `None` if missing. The type has passed [`check`].
pub(super) fn value(column: &ArrayRef, row: usize) -> Option<Value> {
    if column.is_null(row) {
        return None;
    }
    Some(match column.data_type() {
        DataType::Boolean => column.as_boolean().value(row).into(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        DataType::UInt32 => column.as_primitive::<UInt32Type>().value(row).into(),
        DataType::UInt64 => column.as_primitive::<UInt64Type>().value(row).into(),
        // The shortest decimal number that is this `f32`, not the longer one of the `f64` it widens to.
        DataType::Float32 => number(&column.as_primitive::<Float32Type>().value(row).to_string())?,
        DataType::Float64 => number(&column.as_primitive::<Float64Type>().value(row).to_string())?,
        DataType::Timestamp(..) => {
            let millis = column.as_primitive::<TimestampMillisecondType>().value(row);
            date_text(millis).into()
        }
        DataType::List(_) => {
            let list = column.as_list::<i32>().value(row);
            Value::Array((0..list.len()).map(|i| value(&list, i).unwrap_or(Value::Null)).collect())
        }
        _ => column.as_string::<i32>().value(row).into(),
    })
}

/// A number that is not finite is missing.
fn number(text: &str) -> Option<Value> {
    let value: f64 = text.parse().ok()?;
    serde_json::Number::from_f64(value).map(Value::Number)
}

/// A value as one cell of text; a list is joined with `|`.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(string) => string.clone(),
        Value::Array(list) => list.iter().map(text).collect::<Vec<_>>().join("|"),
        Value::Null => String::new(),
        // As `Display` of the number: 3, not 3.0.
        Value::Number(n) => {
            n.as_f64().filter(|_| n.is_f64()).map_or_else(|| n.to_string(), |x| x.to_string())
        }
        other => other.to_string(),
    }
}
