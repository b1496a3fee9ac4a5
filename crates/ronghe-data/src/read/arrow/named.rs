//! Numbers of classes as the names that they stand for.

use super::{Nature, Place, nature, numbers};
use crate::Result;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, StringArray};
use arrow_schema::DataType;
use std::sync::Arc;

/// Whole numbers as the names of classes that the file's metadata give, also inside lists; other cells as they are. A
/// number without a name, such as -1, is missing.
pub(crate) fn named(cells: &ArrayRef, names: &[String], place: Place<'_>) -> Result<ArrayRef> {
    let name = |x: f64| (x >= 0.0).then(|| names.get(x as usize)).flatten().map(String::as_str);
    let of = |cells: &ArrayRef| -> Result<Vec<Option<&str>>> {
        let numbers = numbers(cells, place)?;
        Ok(numbers.as_primitive::<Float64Type>().iter().map(|x| x.and_then(name)).collect())
    };
    let list = |valid: bool, items: ArrayRef| -> Result<Option<String>> {
        let names: Vec<&str> = if valid { of(&items)?.into_iter().flatten().collect() } else { Vec::new() };
        Ok(valid.then(|| if names.is_empty() { "[]".to_owned() } else { names.join("|") }))
    };
    let found: StringArray = match cells.data_type() {
        DataType::List(_) => {
            let lists = cells.as_list::<i32>();
            (0..lists.len()).map(|i| list(lists.is_valid(i), lists.value(i))).collect::<Result<_>>()?
        }
        DataType::LargeList(_) => {
            let lists = cells.as_list::<i64>();
            (0..lists.len()).map(|i| list(lists.is_valid(i), lists.value(i))).collect::<Result<_>>()?
        }
        other if nature(other) == Some(Nature::Numbers) => of(cells)?.into(),
        _ => return Ok(cells.clone()),
    };
    Ok(Arc::new(found))
}
