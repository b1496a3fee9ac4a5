//! Arrow dates of any unit as milliseconds.

use super::{Place, no_values};
use crate::Result;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, TimestampMillisecondArray};
use arrow_schema::{DataType, TimeUnit};
use std::sync::Arc;

const DAY: i64 = 86_400_000;

/// As milliseconds since 1970, in UTC.
pub(super) fn dates(cells: &ArrayRef, place: Place<'_>) -> Result<ArrayRef> {
    let millis: TimestampMillisecondArray = match cells.data_type() {
        DataType::Date32 => cells.as_primitive::<Date32Type>().unary(|d| i64::from(d) * DAY),
        DataType::Date64 => cells.as_primitive::<Date64Type>().reinterpret_cast(),
        DataType::Timestamp(TimeUnit::Second, _) => {
            let seconds = cells.as_primitive::<TimestampSecondType>();
            let beyond = |t: i64| t.checked_mul(1000).is_none();
            if seconds.values().iter().any(|&t| beyond(t))
                && let Some(i) = seconds.iter().position(|t| t.is_some_and(beyond))
            {
                let mend = "mend the cell, or skip bad rows";
                return Err(place.bad(i, "a date", "a time beyond 64 bits".into(), mend));
            }
            // What is beyond now has no value.
            seconds.unary(|t| t.wrapping_mul(1000))
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            cells.as_primitive::<TimestampMillisecondType>().clone()
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            cells.as_primitive::<TimestampMicrosecondType>().unary(|t| t.div_euclid(1000))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            cells.as_primitive::<TimestampNanosecondType>().unary(|t| t.div_euclid(1_000_000))
        }
        other => return Err(no_values(other, place)),
    };
    Ok(Arc::new(millis.with_timezone("UTC")))
}
