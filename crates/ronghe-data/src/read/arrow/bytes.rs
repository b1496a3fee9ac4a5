//! Arrow columns of bytes: files, or text.

use super::{Place, no_values};
use crate::{Error, Result};
use arrow_array::builder::{LargeBinaryBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryArray, BooleanArray, LargeBinaryArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::DataType;
use arrow_select::nullif::nullif;
use std::sync::Arc;

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

/// The bytes of files, without a copy where that can be; none at all are missing.
pub(crate) fn binaries(cells: &ArrayRef, place: Place<'_>) -> Result<ArrayRef> {
    let found = match cells.data_type() {
        DataType::Binary => wide(cells.as_binary::<i32>()),
        DataType::LargeBinary => cells.as_binary::<i64>().clone(),
        DataType::BinaryView => copied(cells.as_binary_view().iter()),
        DataType::FixedSizeBinary(_) => copied(cells.as_fixed_size_binary().iter()),
        DataType::Struct(_) => {
            let parts = cells.as_struct();
            let (Some(inner), Some(paths)) = (parts.column_by_name("bytes"), parts.column_by_name("path"))
            else {
                return Err(no_values(cells.data_type(), place));
            };
            let inner = binaries(inner, place)?;
            let nameless = |&i: &usize| cells.is_valid(i) && inner.is_null(i) && paths.is_valid(i);
            if let Some(i) = (0..cells.len()).find(nameless) {
                let mend = "write the files' bytes into the table";
                return Err(place.bad(i, "the bytes of a file", "only its path".into(), mend));
            }
            let inner = inner.as_binary::<i64>();
            let there = NullBuffer::union(cells.nulls(), inner.nulls());
            LargeBinaryArray::new(inner.offsets().clone(), inner.values().clone(), there)
        }
        other => return Err(no_values(other, place)),
    };
    let empty = |bytes: Option<&[u8]>| bytes.is_some_and(<[u8]>::is_empty);
    if !found.iter().any(empty) {
        return Ok(Arc::new(found));
    }
    let missing: BooleanArray = found.iter().map(|bytes| Some(empty(bytes))).collect();
    nullif(&found, &missing).map_err(|e| {
        let mend = "copy, download or write the file again";
        Error::file(place.path, "complete batches of rows", e.to_string(), mend)
    })
}

/// Bytes with offsets of 64 bits.
fn wide(bytes: &BinaryArray) -> LargeBinaryArray {
    let offsets = bytes.offsets().iter().map(|&at| i64::from(at)).collect();
    LargeBinaryArray::new(OffsetBuffer::new(offsets), bytes.values().clone(), bytes.nulls().cloned())
}

fn copied<'a>(bytes: impl Iterator<Item = Option<&'a [u8]>>) -> LargeBinaryArray {
    let mut out = LargeBinaryBuilder::new();
    bytes.for_each(|bytes| out.append_option(bytes));
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{BinaryViewArray, FixedSizeBinaryArray};
    use std::path::Path;

    #[test]
    fn bytes_of_every_encoding() {
        let place = Place { path: Path::new("t.parquet"), column: "c", first_row: 1 };
        let cells = vec![Some(&b"ab"[..]), None, Some(b""), Some(b"\xff")];
        let expected = LargeBinaryArray::from(vec![None, None, Some(&b"\xff"[..])]);
        let narrow = BinaryArray::from(cells.clone());
        let kinds: [ArrayRef; 3] = [
            Arc::new(narrow.clone()),
            Arc::new(LargeBinaryArray::from(cells.clone())),
            Arc::new(BinaryViewArray::from(cells)),
        ];
        for kind in kinds {
            let found = binaries(&kind.slice(1, 3), place).unwrap();
            assert_eq!(found.as_binary::<i64>(), &expected);
        }
        let shared = binaries(&(Arc::new(narrow.clone()) as ArrayRef), place).unwrap();
        assert_eq!(shared.as_binary::<i64>().values().as_ptr(), narrow.values().as_ptr());
        let fixed = FixedSizeBinaryArray::try_from_iter([b"ab", b"cd"].iter()).unwrap();
        let found = binaries(&(Arc::new(fixed) as ArrayRef), place).unwrap();
        assert_eq!(found.as_binary::<i64>(), &LargeBinaryArray::from(vec![Some(&b"ab"[..]), Some(b"cd")]));
    }
}
