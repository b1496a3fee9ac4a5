//! Arrow lists of numbers as vectors.

use super::arrow::{Place, numbers};
use crate::{Result, value};
use arrow_array::builder::LargeBinaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use std::sync::Arc;

/// The numbers of each list.
fn lists(cells: &ArrayRef) -> Vec<Option<ArrayRef>> {
    let rows = 0..cells.len();
    let valid = |i: usize| cells.is_valid(i);
    match cells.data_type() {
        DataType::List(_) => rows.map(|i| valid(i).then(|| cells.as_list::<i32>().value(i))).collect(),
        DataType::LargeList(_) => rows.map(|i| valid(i).then(|| cells.as_list::<i64>().value(i))).collect(),
        DataType::FixedSizeList(..) => {
            rows.map(|i| valid(i).then(|| cells.as_fixed_size_list().value(i))).collect()
        }
        _ => vec![None; cells.len()],
    }
}

/// How many numbers each list has; `None` where there is none, or a list is missing some of its numbers.
pub(crate) fn widths(cells: &ArrayRef) -> Vec<Option<usize>> {
    lists(cells).into_iter().map(|list| list.map(|l| if l.null_count() == 0 { l.len() } else { 0 })).collect()
}

/// Lists of `width` numbers as vectors.
pub(super) fn vectors(cells: &ArrayRef, width: Option<usize>, place: Place<'_>) -> Result<ArrayRef> {
    let mut out = LargeBinaryBuilder::new();
    for (i, list) in lists(cells).into_iter().enumerate() {
        let Some(list) = list else {
            out.append_null();
            continue;
        };
        let numbers = numbers(&list, place)?;
        let numbers = numbers.as_primitive::<Float64Type>();
        let whole = numbers.null_count() == 0 && width.is_none_or(|width| width == numbers.len());
        if !whole {
            let expected = width.map_or("a list of numbers".into(), |w| format!("a list of {w} numbers"));
            let found = format!("{} of {}", numbers.len() - numbers.null_count(), numbers.len());
            return Err(place.bad(i, &expected, found, "mend the cell, or skip bad rows"));
        }
        let narrow: Vec<f32> = numbers.values().iter().map(|&x| x as f32).collect();
        out.append_value(value::vector_bytes(&narrow));
    }
    Ok(Arc::new(out.finish()))
}
