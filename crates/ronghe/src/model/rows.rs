//! The cells that a model reads: missing columns filled in, equal rows found.

use crate::{InputInfo, Result};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, StringArray, TimestampMillisecondArray};
use ronghe_data::{ColumnSchema, Kind, Modality, Schema, Table};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

/// The columns of one input. One that the table lacks is all missing.
pub(super) fn columns(table: &Table, input: &InputInfo) -> Result<Table> {
    let mut specs = Vec::new();
    let mut cells: Vec<ArrayRef> = Vec::new();
    for name in &input.columns {
        match table.schema().index(name) {
            Some(i) => {
                specs.push(table.schema().columns[i].clone());
                cells.push(table.column(i).clone());
            }
            None => {
                let (spec, nothing) = absent(name, input.modality, table.rows());
                specs.push(spec);
                cells.push(nothing);
            }
        }
    }
    let schema = Arc::new(Schema { columns: specs });
    Ok(Table::new(schema, cells, table.path(), table.base(), table.row_number(0))?)
}

/// A column that is missing in all rows.
pub(super) fn absent(name: &str, modality: Modality, rows: usize) -> (ColumnSchema, ArrayRef) {
    let kind = match modality {
        Modality::Tabular => Kind::Category,
        Modality::Text => Kind::Text,
        Modality::Image => Kind::Image,
        Modality::Audio => Kind::Audio,
    };
    (ColumnSchema::new(name, kind), Arc::new(StringArray::new_null(rows)))
}

/// Which rows are distinct.
pub(super) struct Distinct {
    /// The first row of each distinct content, ascending.
    pub(super) first: Vec<usize>,
    /// Index into `first` for each row.
    pub(super) of_row: Vec<usize>,
}

/// Finds equal rows by their cells' bytes; `O(bytes)`.
pub(super) fn distinct(table: &Table) -> Distinct {
    let mut seen: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut found = Distinct { first: Vec::new(), of_row: Vec::with_capacity(table.rows()) };
    let mut key = Vec::new();
    for row in 0..table.rows() {
        key.clear();
        for i in 0..table.schema().columns.len() {
            push_cell(table.column(i), row, &mut key);
        }
        if key.len() > 256 {
            let digest = Sha256::digest(&key);
            key.clear();
            key.extend_from_slice(&digest);
        }
        let next = found.first.len();
        let index = match seen.get(&key) {
            Some(&index) => index,
            None => {
                seen.insert(key.clone(), next);
                found.first.push(row);
                next
            }
        };
        found.of_row.push(index);
    }
    found
}

/// The cell's bytes, marked so that cells of different lengths or kinds never run together.
fn push_cell(cells: &ArrayRef, row: usize, key: &mut Vec<u8>) {
    if cells.is_null(row) {
        key.push(0);
        return;
    }
    let mut put = |bytes: &[u8]| {
        key.push(1);
        key.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        key.extend_from_slice(bytes);
    };
    let any = cells.as_any();
    if let Some(text) = any.downcast_ref::<StringArray>() {
        put(text.value(row).as_bytes());
    } else if let Some(numbers) = any.downcast_ref::<Float64Array>() {
        put(&numbers.value(row).to_le_bytes());
    } else if let Some(truths) = any.downcast_ref::<BooleanArray>() {
        put(&[u8::from(truths.value(row))]);
    } else if let Some(times) = any.downcast_ref::<TimestampMillisecondArray>() {
        put(&times.value(row).to_le_bytes());
    } else if let Some(bytes) = cells.as_binary_opt::<i64>() {
        put(bytes.value(row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn equal_rows_are_found() {
        let schema = Schema {
            columns: vec![ColumnSchema::new("a", Kind::Category), ColumnSchema::new("b", Kind::Category)],
        };
        let a: ArrayRef = Arc::new(StringArray::from(vec![Some("x"), Some("xy"), Some("x"), None]));
        let b: ArrayRef = Arc::new(StringArray::from(vec![Some("yz"), Some("z"), Some("yz"), None]));
        let here = Path::new("t.csv");
        let table = Table::new(Arc::new(schema), vec![a, b], here, here, 1).unwrap();
        let found = distinct(&table);
        assert_eq!((found.first, found.of_row), (vec![0, 1, 3], vec![0, 1, 0, 2]));
    }
}
