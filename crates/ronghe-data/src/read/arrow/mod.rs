//! Arrow columns of any type as the types that [`Kind`] names. Where a column is one already, its buffers are shared.
//!
//! `numbers`, `dates`, `strings`, `bytes` and `lists` (vectors) are for columns of one nature each, `named` for numbers of
//! classes.

mod bytes;
mod dates;
mod lists;
mod named;
mod numbers;
mod strings;

pub(super) use bytes::{binaries, texts};
pub(super) use lists::widths;
pub(super) use named::named;
pub(super) use numbers::{Exact, numbers};
pub(super) use strings::strings;

use super::ReadOptions;
use super::cells::from_strings;
use crate::infer::Found;
use crate::{Error, Kind, Result, value};
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, TimestampMillisecondArray};
use arrow_schema::{DataType, TimeUnit};
use dates::dates;
use lists::vectors;
use std::path::Path;
use std::sync::Arc;

/// What an Arrow column is, before its kind is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// Nothing but missing cells.
    Nothing,
    Numbers,
    Booleans,
    Dates,
    Strings,
    Bytes,
    /// Lists of numbers.
    Vectors,
}

/// The nature of a column of type `from`; `None` for types that are no plain values.
pub(crate) fn nature(from: &DataType) -> Option<Nature> {
    use DataType::*;
    Some(match from {
        Null => Nature::Nothing,
        Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64 | Float16 | Float32 | Float64
        | Decimal32(..) | Decimal64(..) | Decimal128(..) | Decimal256(..) => Nature::Numbers,
        Boolean => Nature::Booleans,
        Date32 | Date64 | Timestamp(..) => Nature::Dates,
        Utf8 | LargeUtf8 | Utf8View => Nature::Strings,
        // A fixed number of bytes is a key or a vector, no file and no text.
        Binary | LargeBinary | BinaryView => Nature::Bytes,
        Dictionary(_, values) => nature(values)?,
        List(item) | LargeList(item) if nature(item.data_type()) == Some(Nature::Strings) => Nature::Strings,
        List(item) | LargeList(item) | FixedSizeList(item, _)
            if nature(item.data_type()) == Some(Nature::Numbers) =>
        {
            Nature::Vectors
        }
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

/// What a column of no plain values holds, in words.
pub(crate) fn holds(from: &DataType) -> String {
    use DataType::*;
    match from {
        List(_) | LargeList(_) | FixedSizeList(..) | ListView(_) | LargeListView(_) => {
            "lists of lists or objects".into()
        }
        Struct(_) | Map(..) | Union(..) => "nested objects".into(),
        Time32(_) | Time64(_) => "times of day".into(),
        Duration(_) | Interval(_) => "durations".into(),
        FixedSizeBinary(16) => "keys of 16 bytes (UUID)".into(),
        Binary | LargeBinary | BinaryView | FixedSizeBinary(_) => {
            "bytes that are no picture, sound or text".into()
        }
        other => format!("cells of type {other}"),
    }
}

/// `cells` without a dictionary around the values.
fn unpacked(cells: &ArrayRef, place: Place<'_>) -> Result<ArrayRef> {
    let DataType::Dictionary(..) = cells.data_type() else { return Ok(cells.clone()) };
    let dictionary = cells.as_any_dictionary();
    arrow_select::take::take(dictionary.values(), dictionary.keys(), None).map_err(|e| {
        Error::file(
            place.path,
            format!("column `{}` to name its values", place.column),
            e.to_string(),
            "write the file again",
        )
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
    pub(super) fn bad(&self, i: usize, expected: &str, found: String, mend: &str) -> Error {
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
    found: &Found,
    options: &ReadOptions,
    place: Place<'_>,
) -> Result<ArrayRef> {
    let cells = &unpacked(cells, place)?;
    let nature = nature(cells.data_type()).ok_or_else(|| no_values(cells.data_type(), place))?;
    let wrong = |what: &str| {
        Err(Error::file(
            place.path,
            format!("column `{}` to hold {}", place.column, found.kind),
            what,
            "give the column another kind, or leave it out",
        ))
    };
    match (nature, found.kind) {
        (Nature::Nothing, kind) => Ok(nothing(kind, cells.len())),
        (Nature::Bytes, Kind::Image | Kind::Audio) => binaries(cells, place),
        (Nature::Bytes, kind) if !matches!(cells.data_type(), DataType::Struct(_)) => {
            let strings = texts(cells, place)?;
            let named = matches!(kind, Kind::Category | Kind::Text | Kind::Identifier);
            if named && options.also_missing.is_empty() {
                return Ok(strings);
            }
            from_strings(&strings, place.column, found, options, place.path, place.first_row)
        }
        (Nature::Bytes, _) => wrong("the bytes of files"),
        (Nature::Vectors, Kind::Vector) => vectors(cells, found.notation.width, place),
        (Nature::Booleans, Kind::Boolean) => Ok(cells.clone()),
        (Nature::Dates, Kind::Date) => dates(cells, place),
        (Nature::Numbers, Kind::Number) => numbers(cells, place),
        (Nature::Numbers, Kind::Date) => {
            let Some(unit) = found.notation.date_unit else { return wrong("numbers") };
            let mut millis = Vec::with_capacity(cells.len());
            for (i, x) in numbers(cells, place)?.as_primitive::<Float64Type>().iter().enumerate() {
                let at = x.map(|x| value::counted(x, unit));
                if at == Some(None) {
                    let mend = "mend the cell, or skip bad rows";
                    return Err(place.bad(i, "a date", x.unwrap_or_default().to_string(), mend));
                }
                millis.push(at.flatten());
            }
            Ok(Arc::new(TimestampMillisecondArray::from(millis).with_timezone("UTC")))
        }
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
            let named = matches!(kind, Kind::Category | Kind::Text | Kind::Identifier);
            let as_they_are = options.also_missing.is_empty() && !found.notation.whole_names;
            if named && (as_they_are || nature != Nature::Strings) {
                return Ok(strings);
            }
            from_strings(&strings, place.column, found, options, place.path, place.first_row)
        }
    }
}

/// A column of `kind` without a value.
fn nothing(kind: Kind, rows: usize) -> ArrayRef {
    let utc = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    let of = match kind {
        Kind::Number => DataType::Float64,
        Kind::Boolean => DataType::Boolean,
        Kind::Date => utc,
        Kind::Vector => DataType::LargeBinary,
        _ => DataType::Utf8,
    };
    arrow_array::new_null_array(&of, rows)
}

/// The type holds no plain values.
pub(crate) fn no_values(found: &DataType, place: Place<'_>) -> Error {
    Error::file(
        place.path,
        format!("column `{}` to hold numbers, strings, booleans, dates or the bytes of files", place.column),
        format!("{found}"),
        "flatten it, or leave it out",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::types::{Int8Type, Int64Type};
    use arrow_array::{Decimal128Array, DictionaryArray, Int64Array, ListArray, StringViewArray};

    fn to(kind: Kind, cells: &ArrayRef) -> Result<ArrayRef> {
        let place = Place { path: Path::new("t.parquet"), column: "c", first_row: 1 };
        convert(cells, &Found::plain(kind), &ReadOptions::default(), place)
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
    fn decimals_are_what_is_written() {
        let digits: ArrayRef =
            Arc::new(Decimal128Array::from(vec![57, 115, 435, -5]).with_precision_and_scale(9, 2).unwrap());
        let numbers = to(Kind::Number, &digits).unwrap();
        assert_eq!(numbers.as_primitive::<Float64Type>().values(), &[0.57, 1.15, 4.35, -0.05]);
        let names = to(Kind::Category, &digits).unwrap();
        assert_eq!(
            names.as_string::<i32>().iter().flatten().collect::<Vec<_>>(),
            ["0.57", "1.15", "4.35", "-0.05"]
        );
        let ids: ArrayRef = Arc::new(
            Decimal128Array::from(vec![1_800_000_273_850_017_015]).with_precision_and_scale(38, 0).unwrap(),
        );
        assert_eq!(to(Kind::Identifier, &ids).unwrap().as_string::<i32>().value(0), "1800000273850017015");
        assert_eq!(Exact::of(&ids).map(|e| e.at(0)), Some(1_800_000_273_850_017_015));
    }

    #[test]
    fn classes_have_the_names_of_the_metadata() {
        let names = ["cat".to_owned(), "dog".to_owned()];
        let place = Place { path: Path::new("t.parquet"), column: "c", first_row: 1 };
        let cells: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(0), None, Some(-1)]));
        let found = named(&cells, &names, place).unwrap();
        assert_eq!(
            found.as_string::<i32>().iter().collect::<Vec<_>>(),
            [Some("dog"), Some("cat"), None, None]
        );
        let lists = ListArray::from_iter_primitive::<Int64Type, _, _>([
            Some(vec![Some(0), Some(1)]),
            Some(vec![]),
            None,
        ]);
        let found = named(&(Arc::new(lists) as ArrayRef), &names, place).unwrap();
        assert_eq!(found.as_string::<i32>().iter().collect::<Vec<_>>(), [Some("cat|dog"), Some("[]"), None]);
        let found = to(Kind::Category, &found).unwrap();
        assert_eq!(found.as_string::<i32>().iter().collect::<Vec<_>>(), [Some("cat|dog"), Some(""), None]);
    }

    #[test]
    fn a_column_of_nothing_is_missing_in_any_kind() {
        let cells = arrow_array::new_null_array(&DataType::Null, 2);
        for kind in Kind::ALL {
            assert_eq!(to(kind, &cells).unwrap().null_count(), 2, "{kind}");
        }
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
