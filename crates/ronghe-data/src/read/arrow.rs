//! Arrow columns of any type as the types that [`Kind`] names.

use super::ReadOptions;
use super::cells::{from_strings, short};
use super::lists::vectors;
use crate::infer::Found;
use crate::{Error, Kind, Result, value};
use arrow_array::builder::{LargeBinaryBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DecimalType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, StringArray, TimestampMillisecondArray};
use arrow_schema::{DataType, TimeUnit};
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

/// Whole numbers as the names of classes that the file's metadata give, also inside lists; other cells as they are. A
/// number without a name, such as -1, is missing.
pub(crate) fn named(cells: &ArrayRef, names: &[String], place: Place<'_>) -> Result<ArrayRef> {
    let name = |x: f64| (x >= 0.0).then(|| names.get(x as usize)).flatten().map(String::as_str);
    let of = |cells: &ArrayRef| -> Result<Vec<Option<String>>> {
        let numbers = numbers(cells, place)?;
        Ok(numbers
            .as_primitive::<Float64Type>()
            .iter()
            .map(|x| x.and_then(name).map(str::to_owned))
            .collect())
    };
    let list = |valid: bool, items: ArrayRef| -> Result<Option<String>> {
        let names: Vec<String> = if valid { of(&items)?.into_iter().flatten().collect() } else { Vec::new() };
        Ok(valid.then(|| if names.is_empty() { "[]".to_owned() } else { names.join("|") }))
    };
    let found: Vec<Option<String>> = match cells.data_type() {
        DataType::List(_) => {
            let lists = cells.as_list::<i32>();
            (0..lists.len()).map(|i| list(lists.is_valid(i), lists.value(i))).collect::<Result<_>>()?
        }
        DataType::LargeList(_) => {
            let lists = cells.as_list::<i64>();
            (0..lists.len()).map(|i| list(lists.is_valid(i), lists.value(i))).collect::<Result<_>>()?
        }
        other if nature(other) == Some(Nature::Numbers) => of(cells)?,
        _ => return Ok(cells.clone()),
    };
    Ok(Arc::new(StringArray::from(found)))
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
            if matches!(kind, Kind::Category | Kind::Text | Kind::Identifier) {
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

/// The whole numbers of a column that hold more digits than a float; `None` for other columns.
pub(crate) fn exact(cells: &ArrayRef) -> Option<Vec<Option<i128>>> {
    fn from<T: ArrowPrimitiveType>(
        cells: &ArrayRef,
        to: impl Fn(T::Native) -> i128,
    ) -> Option<Vec<Option<i128>>> {
        Some(cells.as_primitive::<T>().iter().map(|x| x.map(&to)).collect())
    }
    match cells.data_type() {
        DataType::Int64 => from::<Int64Type>(cells, i128::from),
        DataType::UInt64 => from::<UInt64Type>(cells, i128::from),
        DataType::Decimal64(_, 0) => from::<Decimal64Type>(cells, i128::from),
        DataType::Decimal128(_, 0) => from::<Decimal128Type>(cells, |x| x),
        DataType::Decimal256(_, 0) => from::<Decimal256Type>(cells, |x| x.to_i128().unwrap_or(i128::MAX)),
        _ => None,
    }
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

/// As `Float64`; NaN becomes missing, infinity is an error.
pub(crate) fn numbers(cells: &ArrayRef, place: Place<'_>) -> Result<ArrayRef> {
    fn from<T: ArrowPrimitiveType>(cells: &ArrayRef, to: impl Fn(T::Native) -> f64) -> Float64Array {
        cells.as_primitive::<T>().iter().map(|x| x.map(&to).filter(|x| !x.is_nan())).collect()
    }
    fn decimals<T: DecimalType>(cells: &ArrayRef, precision: u8, scale: i8) -> Float64Array {
        let read = |x: T::Native| T::format_decimal(x, precision, scale).parse().ok();
        cells.as_primitive::<T>().iter().map(|x| x.and_then(read)).collect()
    }
    let cells = &unpacked(cells, place)?;
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
        // Digits and point are read as one: 57 hundredths are 0.57 to the last bit.
        DataType::Decimal32(p, s) => decimals::<Decimal32Type>(cells, *p, *s),
        DataType::Decimal64(p, s) => decimals::<Decimal64Type>(cells, *p, *s),
        DataType::Decimal128(p, s) => decimals::<Decimal128Type>(cells, *p, *s),
        DataType::Decimal256(p, s) => decimals::<Decimal256Type>(cells, *p, *s),
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
    let cells = &unpacked(cells, place)?;
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

/// Bytes as the text that they are.
pub(crate) fn texts(cells: &ArrayRef, place: Place<'_>) -> Result<ArrayRef> {
    let bytes = binaries(cells, place)?;
    let mut out = StringBuilder::new();
    for (i, bytes) in bytes.as_binary::<i64>().iter().enumerate() {
        match bytes.map(std::str::from_utf8).transpose() {
            Ok(text) => out.append_option(text.filter(|t| !t.trim().is_empty())),
            Err(_) => {
                let mend = "give the column the kind image or audio if these are files, or leave it out";
                return Err(place.bad(i, "text in UTF-8", "other bytes".into(), mend));
            }
        }
    }
    Ok(Arc::new(out.finish()))
}

pub(crate) fn binaries(cells: &ArrayRef, place: Place<'_>) -> Result<ArrayRef> {
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
        assert_eq!(exact(&ids), Some(vec![Some(1_800_000_273_850_017_015)]));
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
