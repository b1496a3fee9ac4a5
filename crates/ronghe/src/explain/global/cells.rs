//! Rows with cells put in.

use crate::Result;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, BooleanArray, Float64Array, StringArray};
use ronghe_data::{Kind, Table};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A cell of a table column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Of a number column.
    Number(f64),
    /// Of a boolean column.
    Boolean(bool),
    /// Of a category column.
    Category(String),
}

impl Value {
    /// The cell, if its kind can be put in another row and it is there.
    pub(super) fn of(table: &Table, column: usize, row: usize) -> Option<Value> {
        if table.is_missing(column, row) {
            return None;
        }
        let cells = table.column(column);
        match table.schema().columns[column].kind {
            Kind::Number => Some(Value::Number(cells.as_primitive_opt::<Float64Type>()?.value(row))),
            Kind::Boolean => Some(Value::Boolean(cells.as_boolean_opt()?.value(row))),
            Kind::Category => Some(Value::Category(table.text(column, row)?.to_owned())),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(v) => write!(f, "{v}"),
            Value::Boolean(v) => write!(f, "{v}"),
            Value::Category(v) => f.write_str(v),
        }
    }
}

/// The table with the cells of a column replaced; those that are none stay as they are.
pub(super) fn put(table: &Table, column: usize, cells: &[Option<Value>]) -> Result<Table> {
    let old = table.column(column);
    let rows = 0..table.rows();
    let array: ArrayRef = match table.schema().columns[column].kind {
        Kind::Number => {
            let old = old.as_primitive::<Float64Type>();
            let cell = |i: usize| match &cells[i] {
                Some(Value::Number(v)) => Some(*v),
                _ => (!table.is_missing(column, i)).then(|| old.value(i)),
            };
            Arc::new(rows.map(cell).collect::<Float64Array>())
        }
        Kind::Boolean => {
            let old = old.as_boolean();
            let cell = |i: usize| match &cells[i] {
                Some(Value::Boolean(v)) => Some(*v),
                _ => (!table.is_missing(column, i)).then(|| old.value(i)),
            };
            Arc::new(rows.map(cell).collect::<BooleanArray>())
        }
        _ => {
            let cell = |i: usize| match &cells[i] {
                Some(Value::Category(v)) => Some(v.as_str()),
                _ => table.text(column, i),
            };
            Arc::new(rows.map(cell).collect::<StringArray>())
        }
    };
    Ok(table.with_column(column, array)?)
}
