//! Rows of a table as a question.

use crate::InputInfo;
use crate::base64::base64;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use ronghe_data::{Cell, Kind, Table};
use serde_json::{Map, Value, json};

/// A line with rows `from..to`, only the columns that are read. A column that the table lacks is missing.
pub(super) fn question(id: u64, table: &Table, from: usize, to: usize, inputs: &[InputInfo]) -> String {
    let columns: Vec<(&str, Option<usize>)> = inputs
        .iter()
        .flat_map(|input| &input.columns)
        .map(|name| (name.as_str(), table.schema().index(name)))
        .collect();
    let row = |row: usize| {
        let cells = columns.iter().map(|(name, at)| {
            ((*name).to_owned(), at.map_or(Value::Null, |column| cell(table, column, row)))
        });
        Value::Object(cells.collect::<Map<_, _>>())
    };
    let mut line = json!({"id": id, "rows": (from..to).map(row).collect::<Vec<_>>()}).to_string();
    line.push('\n');
    line
}

fn cell(table: &Table, column: usize, row: usize) -> Value {
    if table.is_missing(column, row) {
        return Value::Null;
    }
    let cells = table.column(column);
    match table.schema().columns[column].kind {
        Kind::Number => cells.as_primitive_opt::<Float64Type>().map_or(Value::Null, |c| c.value(row).into()),
        Kind::Boolean => cells.as_boolean_opt().map_or(Value::Null, |c| c.value(row).into()),
        Kind::Image | Kind::Audio => match table.media(column, row) {
            Some(Cell::Path(path)) => json!({"path": path.to_string_lossy()}),
            Some(cell) => cell.bytes().map_or(Value::Null, |bytes| json!({"base64": base64(&bytes)})),
            None => Value::Null,
        },
        Kind::Vector => table.vector(column, row).map_or(Value::Null, Into::into),
        _ => table.display(column, row).into(),
    }
}
