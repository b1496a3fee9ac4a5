//! Arrow columns of any plain type as strings.

use super::{Nature, Place, dates, nature, no_values, numbers, unpacked};
use crate::read::cells::short;
use crate::{Error, Result};
use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, TimestampMillisecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, ArrayRef, BooleanArray, LargeStringArray, StringArray};
use arrow_buffer::OffsetBuffer;
use arrow_schema::DataType;
use arrow_select::nullif::nullif;
use std::sync::Arc;

/// As `Utf8`; a list is joined with `|`, an empty string is missing.
pub(crate) fn strings(cells: &ArrayRef, place: Place<'_>) -> Result<ArrayRef> {
    let mut cells = unpacked(cells, place)?;
    if let Some(large) = cells.as_string_opt::<i64>() {
        cells = Arc::new(narrow(large, place)?);
    }
    if let Some(shared) = cells.as_string_opt::<i32>().and_then(shared) {
        return Ok(shared);
    }
    let cells = &cells;
    let mut out = StringBuilder::new();
    // A list without elements says that there is nothing, an empty string that it is not known.
    let lists = matches!(cells.data_type(), DataType::List(_) | DataType::LargeList(_));
    let mut push = |text: Option<&str>| match text.filter(|t| lists || !t.trim().is_empty()) {
        Some("[]") => out.append_value(""),
        Some(text) => out.append_value(text),
        None => out.append_null(),
    };
    macro_rules! decimal {
        ($type:ty, $precision:expr, $scale:expr) => {
            cells.as_primitive::<$type>().iter().for_each(|x| {
                push(x.map(|x| <$type>::format_decimal(x, *$precision, *$scale)).as_deref());
            })
        };
    }
    macro_rules! whole {
        ($type:ty) => {
            cells.as_primitive::<$type>().iter().for_each(|x| push(x.map(|x| x.to_string()).as_deref()))
        };
    }
    match cells.data_type() {
        DataType::Utf8 => cells.as_string::<i32>().iter().for_each(push),
        DataType::Utf8View => cells.as_string_view().iter().for_each(push),
        DataType::Int8 => whole!(Int8Type),
        DataType::Int16 => whole!(Int16Type),
        DataType::Int32 => whole!(Int32Type),
        DataType::Int64 => whole!(Int64Type),
        DataType::UInt8 => whole!(UInt8Type),
        DataType::UInt16 => whole!(UInt16Type),
        DataType::UInt32 => whole!(UInt32Type),
        DataType::UInt64 => whole!(UInt64Type),
        DataType::Boolean => {
            cells.as_boolean().iter().for_each(|b| push(b.map(|b| if b { "true" } else { "false" })));
        }
        // A float of 32 bits has its own shortest digits.
        DataType::Float32 => whole!(Float32Type),
        DataType::Decimal32(p, s) => decimal!(Decimal32Type, p, s),
        DataType::Decimal64(p, s) => decimal!(Decimal64Type, p, s),
        DataType::Decimal128(p, s) => decimal!(Decimal128Type, p, s),
        DataType::Decimal256(p, s) => decimal!(Decimal256Type, p, s),
        DataType::Null => (0..cells.len()).for_each(|_| push(None)),
        DataType::List(_) => {
            let lists = cells.as_list::<i32>();
            for i in 0..lists.len() {
                push(lists.is_valid(i).then(|| joined(&lists.value(i), place, i)).transpose()?.as_deref());
            }
        }
        DataType::LargeList(_) => {
            let lists = cells.as_list::<i64>();
            for i in 0..lists.len() {
                push(lists.is_valid(i).then(|| joined(&lists.value(i), place, i)).transpose()?.as_deref());
            }
        }
        other if nature(other) == Some(Nature::Numbers) => {
            let found = numbers(cells, place)?;
            found
                .as_primitive::<Float64Type>()
                .iter()
                .for_each(|x| push(x.map(|x| x.to_string()).as_deref()));
        }
        other if nature(other) == Some(Nature::Dates) => {
            let found = dates(cells, place)?;
            for t in found.as_primitive::<TimestampMillisecondType>().iter() {
                let at = t.and_then(chrono::DateTime::from_timestamp_millis);
                push(at.map(|t| t.format("%Y-%m-%dT%H:%M:%SZ").to_string()).as_deref());
            }
        }
        other => return Err(no_values(other, place)),
    }
    Ok(Arc::new(out.finish()))
}

fn joined(list: &ArrayRef, place: Place<'_>, row: usize) -> Result<String> {
    let list = strings(list, place)?;
    let mut joined = String::new();
    for text in list.as_string::<i32>().iter().flatten() {
        if text.contains('|') {
            let mend = "elements are joined with `|`: replace it by another sign";
            return Err(place.bad(row, "list elements without `|`", short(text), mend));
        }
        if !joined.is_empty() {
            joined.push('|');
        }
        joined.push_str(text);
    }
    Ok(joined)
}

/// Whether a string says that it is not known.
fn blank(text: &str) -> bool {
    // Nearly all strings begin with a letter.
    !text.as_bytes().first().is_some_and(u8::is_ascii_graphic) && text.trim().is_empty()
}

/// These strings without a copy, the blank ones missing; `None` where one of them stands for something else.
fn shared(strings: &StringArray) -> Option<ArrayRef> {
    let (mut blanks, mut lists) = (false, false);
    for text in strings.iter().flatten() {
        blanks |= blank(text);
        lists |= text == "[]";
    }
    if lists {
        return None;
    }
    if !blanks {
        return Some(Arc::new(strings.clone()));
    }
    let missing: BooleanArray = strings.iter().map(|text| Some(text.is_some_and(blank))).collect();
    nullif(strings, &missing).ok()
}

/// Strings with offsets of 32 bits.
fn narrow(strings: &LargeStringArray, place: Place<'_>) -> Result<StringArray> {
    let offsets = strings.offsets();
    let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
    let bytes = last - first;
    let small = i32::try_from(bytes).ok().and_then(|_| {
        let offsets = offsets.iter().map(|at| (at - first) as i32).collect();
        let values = strings.values().slice_with_length(first as usize, bytes as usize);
        StringArray::try_new(OffsetBuffer::new(offsets), values, strings.nulls().cloned()).ok()
    });
    small.ok_or_else(|| Error::Limit {
        path: place.path.to_owned(),
        what: format!("the bytes of text of column `{}` in {} rows", place.column, strings.len()),
        found: bytes.to_string(),
        limit: i32::MAX.to_string(),
        mend: "leave the column out, or shorten its cells".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::StringViewArray;
    use proptest::prelude::*;
    use std::path::Path;

    proptest! {
        #[test]
        fn shared_strings_are_those_that_a_copy_has(
            cells in prop::collection::vec(
                prop::option::of(prop::sample::select(vec!["", " ", "\u{3000}", "a", " b ", "红", "[]", "[1]"])),
                0..20,
            ),
            without in any::<bool>(),
            from in 0usize..5,
        ) {
            let place = Place { path: Path::new("t.parquet"), column: "c", first_row: 1 };
            // Empty lists are rare: without them buffers are shared.
            let cells: Vec<Option<&str>> =
                cells.into_iter().filter(|cell| !(without && *cell == Some("[]"))).collect();
            let from = from.min(cells.len());
            let said = |text: &str| if text == "[]" { "".to_owned() } else { text.to_owned() };
            let expected: StringArray =
                cells[from..].iter().map(|cell| cell.filter(|t| !t.trim().is_empty()).map(said)).collect();
            let kinds: [ArrayRef; 3] = [
                Arc::new(StringArray::from(cells.clone())),
                Arc::new(LargeStringArray::from(cells.clone())),
                Arc::new(StringViewArray::from(cells.clone())),
            ];
            for kind in kinds {
                let found = strings(&kind.slice(from, cells.len() - from), place).unwrap();
                prop_assert_eq!(found.as_string::<i32>(), &expected);
            }
        }
    }
}
