//! Arrow numbers of any type as floats.

use super::{Place, no_values, unpacked};
use crate::Result;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType,
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, Float64Array};
use arrow_buffer::i256;
use arrow_schema::DataType;
use std::sync::Arc;

/// The whole numbers of a column that hold more digits than a float.
pub(crate) enum Exact<'a> {
    Signed(&'a [i64]),
    Unsigned(&'a [u64]),
    Wide(&'a [i128]),
    Widest(&'a [i256]),
}

impl Exact<'_> {
    /// Those of `cells`; `None` for columns of other numbers.
    pub(crate) fn of(cells: &ArrayRef) -> Option<Exact<'_>> {
        Some(match cells.data_type() {
            DataType::Int64 => Exact::Signed(cells.as_primitive::<Int64Type>().values()),
            DataType::UInt64 => Exact::Unsigned(cells.as_primitive::<UInt64Type>().values()),
            DataType::Decimal64(_, 0) => Exact::Signed(cells.as_primitive::<Decimal64Type>().values()),
            DataType::Decimal128(_, 0) => Exact::Wide(cells.as_primitive::<Decimal128Type>().values()),
            DataType::Decimal256(_, 0) => Exact::Widest(cells.as_primitive::<Decimal256Type>().values()),
            _ => return None,
        })
    }

    /// The number in cell `i`, which is not missing.
    pub(crate) fn at(&self, i: usize) -> i128 {
        match self {
            Exact::Signed(numbers) => i128::from(numbers[i]),
            Exact::Unsigned(numbers) => i128::from(numbers[i]),
            Exact::Wide(numbers) => numbers[i],
            Exact::Widest(numbers) => numbers[i].to_i128().unwrap_or(i128::MAX),
        }
    }
}

/// As `Float64`; NaN becomes missing, infinity is an error.
pub(crate) fn numbers(cells: &ArrayRef, place: Place<'_>) -> Result<ArrayRef> {
    fn from<T: ArrowPrimitiveType>(cells: &ArrayRef, to: impl Fn(T::Native) -> f64) -> Float64Array {
        cells.as_primitive::<T>().unary(to)
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
        DataType::Float64 => cells.as_primitive::<Float64Type>().clone(),
        DataType::Decimal32(p, s) => decimals::<Decimal32Type>(cells, *p, *s, |x| Some(i64::from(x))),
        DataType::Decimal64(p, s) => decimals::<Decimal64Type>(cells, *p, *s, Some),
        DataType::Decimal128(p, s) => decimals::<Decimal128Type>(cells, *p, *s, |x| i64::try_from(x).ok()),
        DataType::Decimal256(p, s) => {
            decimals::<Decimal256Type>(cells, *p, *s, |x| x.to_i128().and_then(|x| i64::try_from(x).ok()))
        }
        other => return Err(no_values(other, place)),
    };
    // Cells without a value count too here: which it is matters only if there is anything of the kind.
    if found.values().iter().fold(true, |all, x| all & x.is_finite()) {
        return Ok(Arc::new(found));
    }
    let found: Float64Array = found.iter().map(|x| x.filter(|x| !x.is_nan())).collect();
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

/// Digits and point are read as one: 57 hundredths are 0.57 to the last bit. A quotient of two floats that are exact is as
/// good; others are read as text. `small` gives a number of 64 bits.
fn decimals<T: DecimalType>(
    cells: &ArrayRef,
    precision: u8,
    scale: i8,
    small: impl Fn(T::Native) -> Option<i64>,
) -> Float64Array {
    // Whole numbers below 2^53 and powers of ten up to 10^22 are exact.
    let most = 10u64.pow(u32::from(precision.min(15)));
    let by = (0..=22).contains(&scale).then(|| (0..scale).fold(1.0, |power, _| power * 10.0));
    let read = |x: T::Native| match (small(x), by) {
        (Some(digits), Some(by)) if digits.unsigned_abs() < most => Some(digits as f64 / by),
        _ => T::format_decimal(x, precision, scale).parse().ok(),
    };
    cells.as_primitive::<T>().iter().map(|x| x.and_then(read)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Decimal128Array;
    use proptest::prelude::*;
    use std::path::Path;

    const PLACE: fn() -> Place<'static> =
        || Place { path: Path::new("t.parquet"), column: "c", first_row: 1 };

    #[test]
    fn finite_floats_are_shared_and_others_are_not_asked_where_nothing_is() {
        let floats = Float64Array::from(vec![Some(1.5), None, Some(-2.0)]);
        let found = numbers(&(Arc::new(floats.clone()) as ArrayRef), PLACE()).unwrap();
        let shared = found.as_primitive::<Float64Type>();
        assert_eq!((shared.values().as_ptr(), shared), (floats.values().as_ptr(), &floats));
        // Infinity under a missing cell is no cell.
        let nulls = Some(vec![true, false].into());
        let hidden = Float64Array::new(vec![1.0, f64::INFINITY].into(), nulls);
        let found = numbers(&(Arc::new(hidden) as ArrayRef), PLACE()).unwrap();
        assert_eq!(found.as_primitive::<Float64Type>(), &Float64Array::from(vec![Some(1.0), None]));
    }

    proptest! {
        #[test]
        fn decimals_are_read_as_their_text(
            cells in prop::collection::vec(prop::option::of((any::<i64>(), 0u32..64)), 0..20),
            scale in -3i8..=30,
        ) {
            let digits = cells.iter().map(|x| x.map(|(x, shift)| i128::from(x >> shift)));
            let digits: Decimal128Array = digits.collect();
            let digits = digits.with_precision_and_scale(38, scale).unwrap();
            let plain = |x: i128| Decimal128Type::format_decimal(x, 38, scale).parse::<f64>().unwrap();
            let expected: Float64Array = digits.iter().map(|x| x.map(plain)).collect();
            let found = numbers(&(Arc::new(digits) as ArrayRef), PLACE()).unwrap();
            prop_assert_eq!(found.as_primitive::<Float64Type>(), &expected);
        }
    }
}
