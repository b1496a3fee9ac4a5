//! One column of many tables as one array, which grows in place: no part has to stay until all are there.

use arrow_array::builder::{
    BooleanBuilder, Float64Builder, LargeBinaryBuilder, StringBuilder, TimestampMillisecondBuilder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMillisecondType};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{ArrowError, DataType, TimeUnit};
use std::sync::Arc;

/// A column of one of the Arrow types that [`crate::Kind`] names.
#[derive(Debug)]
pub(crate) struct Gathered {
    of: DataType,
    cells: Cells,
}

#[derive(Debug)]
enum Cells {
    Numbers(Float64Builder),
    Booleans(BooleanBuilder),
    Dates(TimestampMillisecondBuilder),
    Strings(StringBuilder),
    Bytes(LargeBinaryBuilder),
}

impl Gathered {
    /// Nothing yet, of this type.
    pub(crate) fn new(of: &DataType) -> Result<Gathered, ArrowError> {
        let cells = match of {
            DataType::Float64 => Cells::Numbers(Float64Builder::new()),
            DataType::Boolean => Cells::Booleans(BooleanBuilder::new()),
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                Cells::Dates(TimestampMillisecondBuilder::new().with_data_type(of.clone()))
            }
            DataType::Utf8 => Cells::Strings(StringBuilder::new()),
            DataType::LargeBinary => Cells::Bytes(LargeBinaryBuilder::new()),
            other => return Err(ArrowError::NotYetImplemented(other.to_string())),
        };
        Ok(Gathered { of: of.clone(), cells })
    }

    /// Adds the cells of the next part.
    pub(crate) fn add(&mut self, part: &ArrayRef) -> Result<(), ArrowError> {
        if *part.data_type() != self.of {
            let found = format!("cells of type {} after {}", part.data_type(), self.of);
            return Err(ArrowError::InvalidArgumentError(found));
        }
        match &mut self.cells {
            Cells::Numbers(cells) => cells.append_array(part.as_primitive::<Float64Type>()),
            Cells::Booleans(cells) => cells.append_array(part.as_boolean()),
            Cells::Dates(cells) => cells.append_array(part.as_primitive::<TimestampMillisecondType>()),
            Cells::Strings(cells) => cells.append_array(part.as_string::<i32>())?,
            Cells::Bytes(cells) => cells.append_array(part.as_binary::<i64>())?,
        }
        Ok(())
    }

    /// All cells.
    pub(crate) fn finish(self) -> ArrayRef {
        match self.cells {
            Cells::Numbers(mut cells) => Arc::new(cells.finish()),
            Cells::Booleans(mut cells) => Arc::new(cells.finish()),
            Cells::Dates(mut cells) => Arc::new(cells.finish()),
            Cells::Strings(mut cells) => Arc::new(cells.finish()),
            Cells::Bytes(mut cells) => Arc::new(cells.finish()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{
        BooleanArray, Float64Array, Int8Array, LargeBinaryArray, StringArray, TimestampMillisecondArray,
    };
    use arrow_select::concat::concat;

    #[test]
    fn parts_are_joined_as_by_arrow() {
        let wholes: [ArrayRef; 5] = [
            Arc::new(Float64Array::from(vec![Some(1.0), None, Some(3.0), Some(4.0)])),
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), Some(true)])),
            Arc::new(
                TimestampMillisecondArray::from(vec![Some(1), None, Some(3), Some(4)]).with_timezone("UTC"),
            ),
            Arc::new(StringArray::from(vec![Some("a"), None, Some("红"), Some("")])),
            Arc::new(LargeBinaryArray::from(vec![Some(&b"a"[..]), None, Some(b""), Some(b"bc")])),
        ];
        for whole in wholes {
            let parts = [whole.slice(2, 2), whole.slice(0, 0), whole.slice(1, 2), whole.clone()];
            let mut gathered = Gathered::new(whole.data_type()).unwrap();
            for part in &parts {
                gathered.add(part).unwrap();
            }
            let expected = concat(&parts.iter().map(|p| p.as_ref()).collect::<Vec<_>>()).unwrap();
            assert_eq!(&gathered.finish(), &expected);
        }
    }

    #[test]
    fn parts_of_another_type_do_not_fit() {
        let mut gathered = Gathered::new(&DataType::Utf8).unwrap();
        let other: ArrayRef = Arc::new(LargeBinaryArray::from(vec![&b"a"[..]]));
        let e = gathered.add(&other).unwrap_err();
        assert_eq!(e.to_string(), "Invalid argument error: cells of type LargeBinary after Utf8");
        let e = Gathered::new(Int8Array::from(vec![1]).data_type()).unwrap_err();
        assert_eq!(e.to_string(), "Not yet implemented: Int8");
    }
}
