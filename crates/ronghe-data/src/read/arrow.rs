//! Arrow columns of any type as the types that [`Kind`] names.

use super::ReadOptions;
use super::cells::{from_strings, short};
use crate::infer::Found;
use crate::{Error, Kind, Result};
use arrow_array::builder::{LargeBinaryBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal128Type, Float16Type, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, TimestampMillisecondArray};
use arrow_schema::{DataType, TimeUnit};
use std::path::Path;
use std::sync::Arc;

/// What an Arrow column is, before its kind is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    Numbers,
    Booleans,
    Dates,
    Strings,
    Bytes,
}

/// The nature of a column of type `from`; `None` for types that are no plain values.
pub(crate) fn nature(from: &DataType) -> Option<Nature> {
    use DataType::*;
    Some(match from {
        Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64 | Float16 | Float32 | Float64
        | Decimal128(..) => Nature::Numbers,
        Boolean => Nature::Booleans,
        Date32 | Date64 | Timestamp(..) => Nature::Dates,
        Utf8 | LargeUtf8 | Utf8View => Nature::Strings,
        Binary | LargeBinary | BinaryView | FixedSizeBinary(_) => Nature::Bytes,
        Dictionary(_, values) => match nature(values)? {
            Nature::Strings => Nature::Strings,
            _ => return None,
        },
        List(item) | LargeList(item) if nature(item.data_type()) == Some(Nature::Strings) => Nature::Strings,
        Struct(fields) => {
            let has = |name: &str, wanted| {
                fields.iter().any(|f| f.name() == name && nature(f.data_type()) == Some(wanted))
            };
            if fields.len() == 2 && has("bytes", Nature::Bytes) && has("path", Nature::Strings) {
                Nature::Bytes
            } else {
                return None;
            }
        }
        _ => return None,
    })
}

/// Where a column comes from, for messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) path: &'a Path,
    pub(crate) column: &'a str,
    pub(crate) first_row: usize,
}

impl Place<'_> {
    fn bad(&self, i: usize, expected: &str, found: String, mend: &str) -> Error {
        Error::Cell {
            path: self.path.to_owned(),
            row: self.first_row + i,
            column: self.column.to_owned(),
            expected: expected.into(),
            found,
            mend: mend.into(),
        }
    }
}

/// `cells` as the Arrow type of `found.kind`.
pub(crate) fn convert(
    cells: &ArrayRef,
    found: Found,
    options: &ReadOptions,
    place: Place<'_>,
) -> Result<ArrayRef> {
    let nature = nature(cells.data_type()).ok_or_else(|| no_values(cells.data_type(), place))?;
    let wrong = |what: &str| {
        Err(Error::file(
            place.path,
            format!("column `{}` to hold {}", place.column, found.kind),
            what,
            "give the column another kind, or leave it out (option `only`)",
        ))
    };
    match (nature, found.kind) {
        (Nature::Bytes, Kind::Image | Kind::Audio) => binaries(cells, place),
        (Nature::Bytes, _) => wrong("bytes"),
        (Nature::Booleans, Kind::Boolean) => Ok(cells.clone()),
        (Nature::Dates, Kind::Date) => dates(cells, place),
        (Nature::Numbers, Kind::Number) => numbers(cells, place),
        (Nature::Numbers, Kind::Date) => wrong("numbers"),
        (Nature::Booleans, Kind::Number) => {
            let said = cells.as_boolean();
            Ok(Arc::new(said.iter().map(|b| b.map(|b| f64::from(u8::from(b)))).collect::<Float64Array>()))
        }
        (Nature::Numbers, Kind::Boolean) => {
            let mut said: Vec<Option<bool>> = Vec::with_capacity(cells.len());
            for (i, x) in numbers(cells, place)?.as_primitive::<Float64Type>().iter().enumerate() {
                said.push(match x {
                    None => None,
                    Some(0.0) => Some(false),
                    Some(1.0) => Some(true),
                    Some(x) => {
                        return Err(place.bad(i, "0 or 1", x.to_string(), "give the column another kind"));
                    }
                });
            }
            Ok(Arc::new(BooleanArray::from(said)))
        }
        (_, kind) => {
            let strings = strings(cells, place)?;
            if matches!(kind, Kind::Category | Kind::Text | Kind::Identifier) {
                return Ok(strings);
            }
            from_strings(&strings, place.column, found, options, place.path, place.first_row)
        }
    }
}

/// The type holds no plain values.
pub(crate) fn no_values(found: &DataType, place: Place<'_>) -> Error {
    Error::file(
        place.path,
        format!("column `{}` to hold numbers, strings, booleans, dates or the bytes of files", place.column),
        format!("{found}"),
        "flatten it, or leave it out (option `only`)",
    )
}

/// As `Float64`; NaN becomes missing, infinity is an error.
pub(crate) fn numbers(cells: &ArrayRef, place: Place<'_>) -> Result<ArrayRef> {
    fn from<T: ArrowPrimitiveType>(cells: &ArrayRef, to: impl Fn(T::Native) -> f64) -> Float64Array {
        cells.as_primitive::<T>().iter().map(|x| x.map(&to).filter(|x| !x.is_nan())).collect()
    }
    let found = match cells.data_type() {
        DataType::Int8 => from::<Int8Type>(cells, f64::from),
        DataType::Int16 => from::<Int16Type>(cells, f64::from),
        DataType::Int32 => from::<Int32Type>(cells, f64::from),
        DataType::Int64 => from::<Int64Type>(cells, |x| x as f64),
        DataType::UInt8 => from::<UInt8Type>(cells, f64::from),
        DataType::UInt16 => from::<UInt16Type>(cells, f64::from),
        DataType::UInt32 => from::<UInt32Type>(cells, f64::from),
        DataType::UInt64 => from::<UInt64Type>(cells, |x| x as f64),
        DataType::Float16 => from::<Float16Type>(cells, f64::from),
        DataType::Float32 => from::<Float32Type>(cells, f64::from),
        DataType::Float64 => from::<Float64Type>(cells, |x| x),
        DataType::Decimal128(_, scale) => {
            let scale = 10f64.powi(-i32::from(*scale));
            from::<Decimal128Type>(cells, |x| x as f64 * scale)
        }
        other => return Err(no_values(other, place)),
    };
    match found.iter().position(|x| x.is_some_and(f64::is_infinite)) {
        None => Ok(Arc::new(found)),
        Some(i) => Err(place.bad(
            i,
            "a finite number",
            found.value(i).to_string(),
            "leave the cell empty if the value is unknown, or skip bad rows",
        )),
    }
}

fn dates(cells: &ArrayRef, place: Place<'_>) -> Result<ArrayRef> {
    const DAY: i64 = 86_400_000;
    let millis: Vec<Option<Option<i64>>> = match cells.data_type() {
        DataType::Date32 => {
            cells.as_primitive::<Date32Type>().iter().map(|d| d.map(|d| Some(i64::from(d) * DAY))).collect()
        }
        DataType::Date64 => cells.as_primitive::<Date64Type>().iter().map(|d| d.map(Some)).collect(),
        DataType::Timestamp(TimeUnit::Second, _) => cells
            .as_primitive::<TimestampSecondType>()
            .iter()
            .map(|t| t.map(|t| t.checked_mul(1000)))
            .collect(),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            cells.as_primitive::<TimestampMillisecondType>().iter().map(|t| t.map(Some)).collect()
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => cells
            .as_primitive::<TimestampMicrosecondType>()
            .iter()
            .map(|t| t.map(|t| Some(t.div_euclid(1000))))
            .collect(),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => cells
            .as_primitive::<TimestampNanosecondType>()
            .iter()
            .map(|t| t.map(|t| Some(t.div_euclid(1_000_000))))
            .collect(),
        other => return Err(no_values(other, place)),
    };
    if let Some(i) = millis.iter().position(|t| *t == Some(None)) {
        return Err(place.bad(
            i,
            "a date",
            "a time beyond 64 bits".into(),
            "mend the cell, or skip bad rows",
        ));
    }
    let millis: TimestampMillisecondArray = millis.into_iter().map(Option::flatten).collect();
    Ok(Arc::new(millis.with_timezone("UTC")))
}

/// As `Utf8`; a list is joined with `|`, an empty string is missing.
pub(crate) fn strings(cells: &ArrayRef, place: Place<'_>) -> Result<ArrayRef> {
    let mut out = StringBuilder::new();
    let mut push = |text: Option<&str>| match text.filter(|t| !t.trim().is_empty()) {
        Some(text) => out.append_value(text),
        None => out.append_null(),
    };
    macro_rules! whole {
        ($type:ty) => {
            cells.as_primitive::<$type>().iter().for_each(|x| push(x.map(|x| x.to_string()).as_deref()))
        };
    }
    match cells.data_type() {
        DataType::Utf8 => cells.as_string::<i32>().iter().for_each(push),
        DataType::LargeUtf8 => cells.as_string::<i64>().iter().for_each(push),
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
        DataType::Dictionary(..) => {
            let dictionary = cells.as_any_dictionary();
            let values = strings(dictionary.values(), place)?;
            let (values, nulls) = (values.as_string::<i32>(), dictionary.logical_nulls());
            let keys = if values.is_empty() { vec![0; cells.len()] } else { dictionary.normalized_keys() };
            for (i, key) in keys.into_iter().enumerate() {
                let there = nulls.as_ref().is_none_or(|n| n.is_valid(i)) && values.is_valid(key);
                push(there.then(|| values.value(key)));
            }
        }
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

fn binaries(cells: &ArrayRef, place: Place<'_>) -> Result<ArrayRef> {
    let mut out = LargeBinaryBuilder::new();
    let mut push = |bytes: Option<&[u8]>| out.append_option(bytes.filter(|b| !b.is_empty()));
    match cells.data_type() {
        DataType::Binary => cells.as_binary::<i32>().iter().for_each(push),
        DataType::LargeBinary => cells.as_binary::<i64>().iter().for_each(push),
        DataType::BinaryView => cells.as_binary_view().iter().for_each(push),
        DataType::FixedSizeBinary(_) => cells.as_fixed_size_binary().iter().for_each(push),
        DataType::Struct(_) => {
            let parts = cells.as_struct();
            let (Some(inner), Some(paths)) = (parts.column_by_name("bytes"), parts.column_by_name("path"))
            else {
                return Err(no_values(cells.data_type(), place));
            };
            let inner = binaries(inner, place)?;
            let inner = inner.as_binary::<i64>();
            for i in 0..cells.len() {
                let there = cells.is_valid(i) && inner.is_valid(i);
                if cells.is_valid(i) && !there && paths.is_valid(i) {
                    let mend = "write the files' bytes into the table";
                    return Err(place.bad(i, "the bytes of a file", "only its path".into(), mend));
                }
                push(there.then(|| inner.value(i)));
            }
        }
        other => return Err(no_values(other, place)),
    }
    Ok(Arc::new(out.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DateOrder;
    use arrow_array::{DictionaryArray, Int64Array, StringViewArray};

    fn to(kind: Kind, cells: &ArrayRef) -> Result<ArrayRef> {
        let found = Found { kind, order: DateOrder::MonthFirst, forms: 0, ambiguous: false };
        let place = Place { path: Path::new("t.parquet"), column: "c", first_row: 1 };
        convert(cells, found, &ReadOptions::default(), place)
    }

    #[test]
    fn strings_of_every_encoding() {
        let dictionary: DictionaryArray<Int8Type> =
            [Some("a"), None, Some("b"), Some("a")].into_iter().collect();
        let view = StringViewArray::from(vec![Some("a"), None, Some("b"), Some("a")]);
        for cells in [Arc::new(dictionary) as ArrayRef, Arc::new(view)] {
            let found = to(Kind::Category, &cells).unwrap();
            let found: Vec<_> = found.as_string::<i32>().iter().collect();
            assert_eq!(found, [Some("a"), None, Some("b"), Some("a")]);
        }
        let empty: DictionaryArray<Int8Type> = [None::<&str>, None].into_iter().collect();
        assert_eq!(to(Kind::Category, &(Arc::new(empty) as ArrayRef)).unwrap().null_count(), 2);
    }

    #[test]
    fn whole_numbers_stay_exact_as_names() {
        let cells: ArrayRef = Arc::new(Int64Array::from(vec![9_007_199_254_740_993]));
        let found = to(Kind::Identifier, &cells).unwrap();
        assert_eq!(found.as_string::<i32>().value(0), "9007199254740993");
    }

    #[test]
    fn not_a_number_is_missing_and_infinity_an_error() {
        let numbers = |x: f64| Arc::new(Float64Array::from(vec![1.0, x])) as ArrayRef;
        let found = to(Kind::Number, &numbers(f64::NAN)).unwrap();
        assert!(found.is_null(1) && found.is_valid(0));
        let e = to(Kind::Number, &numbers(f64::INFINITY)).unwrap_err();
        assert!(
            e.to_string().starts_with("t.parquet: row 2, column `c`: expected a finite number, found inf"),
            "{e}"
        );
    }
}
