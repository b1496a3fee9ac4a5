//! Building the array of a column: cell by cell, or from the columns of many tables, in place: no part has to stay until all are there.

use crate::Kind;
use arrow_array::builder::{
    BooleanBuilder, Float64Builder, LargeBinaryBuilder, StringBuilder, TimestampMillisecondBuilder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMillisecondType};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{ArrowError, DataType, TimeUnit};
use std::sync::Arc;

/// Builds the Arrow array of one column, of one of the types that [`Kind`] names.
#[derive(Debug)]
pub(crate) enum ColumnBuilder {
    Number(Float64Builder),
    Boolean(BooleanBuilder),
    Date(TimestampMillisecondBuilder),
    Text(StringBuilder),
    Vector(LargeBinaryBuilder),
}

impl ColumnBuilder {
    pub(crate) fn new(kind: Kind) -> ColumnBuilder {
        match kind {
            Kind::Number => ColumnBuilder::Number(Float64Builder::new()),
            Kind::Boolean => ColumnBuilder::Boolean(BooleanBuilder::new()),
            Kind::Date => ColumnBuilder::Date(TimestampMillisecondBuilder::new().with_timezone("UTC")),
            Kind::Vector => ColumnBuilder::Vector(LargeBinaryBuilder::new()),
            _ => ColumnBuilder::Text(StringBuilder::new()),
        }
    }

    pub(crate) fn finish(self) -> ArrayRef {
        match self {
            ColumnBuilder::Number(mut b) => Arc::new(b.finish()),
            ColumnBuilder::Boolean(mut b) => Arc::new(b.finish()),
            ColumnBuilder::Date(mut b) => Arc::new(b.finish()),
            ColumnBuilder::Text(mut b) => Arc::new(b.finish()),
            ColumnBuilder::Vector(mut b) => Arc::new(b.finish()),
        }
    }
}

/// A column that takes whole arrays of one type.
#[derive(Debug)]
pub(crate) struct Gathered {
    of: DataType,
    cells: ColumnBuilder,
}

impl Gathered {
    /// Nothing yet, of this type.
    pub(crate) fn new(of: &DataType) -> Result<Gathered, ArrowError> {
        let cells = match of {
            DataType::Float64 => ColumnBuilder::new(Kind::Number),
            DataType::Boolean => ColumnBuilder::new(Kind::Boolean),
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                ColumnBuilder::Date(TimestampMillisecondBuilder::new().with_data_type(of.clone()))
            }
            DataType::Utf8 => ColumnBuilder::new(Kind::Text),
            DataType::LargeBinary => ColumnBuilder::new(Kind::Vector),
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
            ColumnBuilder::Number(cells) => cells.append_array(part.as_primitive::<Float64Type>()),
            ColumnBuilder::Boolean(cells) => cells.append_array(part.as_boolean()),
            ColumnBuilder::Date(cells) => cells.append_array(part.as_primitive::<TimestampMillisecondType>()),
            ColumnBuilder::Text(cells) => cells.append_array(part.as_string::<i32>())?,
            ColumnBuilder::Vector(cells) => cells.append_array(part.as_binary::<i64>())?,
        }
        Ok(())
    }

    /// All cells.
    pub(crate) fn finish(self) -> ArrayRef {
        self.cells.finish()
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
