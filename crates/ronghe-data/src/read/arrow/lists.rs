//! Arrow lists of numbers as vectors.

use super::{Place, numbers};
use crate::{Error, Result, value};
use arrow_array::builder::LargeBinaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, new_empty_array};
use arrow_schema::DataType;
use std::ops::Range;
use std::sync::Arc;

/// Lists: all their elements, and which of them are whose.
struct Lists {
    elements: ArrayRef,
    spans: Vec<Option<Range<usize>>>,
}

impl Lists {
    fn of(cells: &ArrayRef) -> Lists {
        let rows = 0..cells.len();
        let valid = |i: usize| cells.is_valid(i);
        match cells.data_type() {
            DataType::List(_) => {
                let lists = cells.as_list::<i32>();
                let at = |i: usize| lists.value_offsets()[i] as usize;
                let spans = rows.map(|i| valid(i).then(|| at(i)..at(i + 1))).collect();
                Lists { elements: lists.values().clone(), spans }
            }
            DataType::LargeList(_) => {
                let lists = cells.as_list::<i64>();
                let at = |i: usize| lists.value_offsets()[i] as usize;
                let spans = rows.map(|i| valid(i).then(|| at(i)..at(i + 1))).collect();
                Lists { elements: lists.values().clone(), spans }
            }
            DataType::FixedSizeList(_, width) => {
                let width = usize::try_from(*width).unwrap_or(0);
                let spans = rows.map(|i| valid(i).then(|| i * width..(i + 1) * width)).collect();
                Lists { elements: cells.as_fixed_size_list().values().clone(), spans }
            }
            _ => Lists { elements: new_empty_array(&DataType::Null), spans: vec![None; cells.len()] },
        }
    }

    /// The elements of one list.
    fn list(&self, span: &Range<usize>) -> ArrayRef {
        self.elements.slice(span.start, span.len())
    }
}

/// Tells how many numbers each list has; 0 where some of them are missing.
pub(crate) fn widths(cells: &ArrayRef, mut tell: impl FnMut(usize)) {
    let lists = Lists::of(cells);
    let whole = lists.elements.null_count() == 0;
    for span in lists.spans.iter().flatten() {
        tell(if whole || lists.list(span).null_count() == 0 { span.len() } else { 0 });
    }
}

/// Lists of `width` numbers as vectors.
pub(super) fn vectors(cells: &ArrayRef, width: Option<usize>, place: Place<'_>) -> Result<ArrayRef> {
    let lists = Lists::of(cells);
    let mut out = LargeBinaryBuilder::new();
    let mut narrow: Vec<f32> = Vec::new();
    for (i, span) in lists.spans.iter().enumerate() {
        let Some(span) = span else {
            out.append_null();
            continue;
        };
        let list = lists.list(span);
        narrow.clear();
        // What most programs write needs no conversion.
        if let Some(floats) = list.as_primitive_opt::<Float32Type>()
            && floats.null_count() == 0
            && floats.values().iter().all(|x| x.is_finite())
        {
            narrow.extend_from_slice(floats.values());
        } else {
            let numbers = numbers(&list, place).map_err(|e| of_row(e, place.first_row + i))?;
            let numbers = numbers.as_primitive::<Float64Type>();
            let missing = numbers.null_count();
            if missing > 0 {
                return Err(unlike(width, numbers.len() - missing, numbers.len(), place, i));
            }
            narrow.extend(numbers.values().iter().map(|&x| x as f32));
        }
        if width.is_some_and(|width| width != narrow.len()) {
            return Err(unlike(width, narrow.len(), narrow.len(), place, i));
        }
        out.append_value(value::vector_bytes(&narrow));
    }
    Ok(Arc::new(out.finish()))
}

/// An error in an element of the list in `row`.
fn of_row(error: Error, row: usize) -> Error {
    match error {
        Error::Cell { path, column, expected, found, mend, .. } => {
            Error::Cell { path, row, column, expected, found, mend }
        }
        error => error,
    }
}

/// The list in cell `i` has only `whole` of its `of` numbers, or not `width` of them.
fn unlike(width: Option<usize>, whole: usize, of: usize, place: Place<'_>, i: usize) -> Error {
    let expected = width.map_or("a list of numbers".into(), |w| format!("a list of {w} numbers"));
    place.bad(i, &expected, format!("{whole} of {of}"), "mend the cell, or skip bad rows")
}
