//! Elements of an array as Arrow columns.

use super::array::{Array, Class, Element};
use crate::Result;
use crate::read::labelled::pnm_header;
use arrow_array::builder::{LargeBinaryBuilder, StringBuilder};
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, TimestampMillisecondArray, UInt64Array};
use arrow_schema::{DataType, TimeUnit};
use std::sync::Arc;

/// What a column takes from the rows of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Take {
    /// Element `at` of `of`.
    Element { at: usize, of: usize },
    /// A picture.
    Picture(Picture),
}

/// How a row of bytes is a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Picture {
    height: usize,
    width: usize,
    channels: usize,
    /// Channels one after another, each of rows.
    planes: bool,
}

impl Picture {
    /// The picture that a row of this array is: bytes of `[height, width]`, `[height, width, 1, 3]` or
    /// `[1, 3, height, width]`.
    pub(super) fn of(array: &Array) -> Option<Picture> {
        if array.element.class != Class::Unsigned || array.element.bytes != 1 {
            return None;
        }
        let (height, width, channels, planes) = match array.shape[..] {
            [_, height, width] => (height, width, 1, false),
            [_, height, width, channels @ (1 | 3)] => (height, width, channels, false),
            [_, channels @ (1 | 3), height, width] => (height, width, channels, true),
            _ => return None,
        };
        (height > 0 && width > 0).then_some(Picture { height, width, channels, planes })
    }
}

/// The Arrow type of a column of such elements.
pub(super) fn data_type(element: Element, take: Take) -> DataType {
    match (take, element.class) {
        (Take::Picture(_), _) => DataType::LargeBinary,
        (_, Class::Bool) => DataType::Boolean,
        (_, Class::Signed) => DataType::Int64,
        (_, Class::Unsigned) => DataType::UInt64,
        (_, Class::Float) => DataType::Float64,
        (_, Class::Text | Class::Bytes) => DataType::Utf8,
        (_, Class::Date(_)) => DataType::Timestamp(TimeUnit::Millisecond, None),
    }
}

/// The column that `take` takes from `rows`, whole rows of `array`.
pub(super) fn column(array: &Array, take: Take, rows: &[u8]) -> Result<ArrayRef> {
    let Element { class, bytes, big_endian } = array.element;
    let (at, of) = match take {
        Take::Element { at, of } => (at, of),
        Take::Picture(picture) => return Ok(pictures(picture, rows)),
    };
    let cells = rows.chunks_exact(bytes * of.max(1)).map(|row| &row[at * bytes..][..bytes]);
    let low = |cell: &[u8]| {
        let mut wide = [0; 8];
        for (i, &b) in cell.iter().enumerate() {
            wide[if big_endian { bytes - 1 - i } else { i }] = b;
        }
        u64::from_le_bytes(wide)
    };
    let signed = |cell: &[u8]| {
        let unused = 64 - 8 * bytes as u32;
        ((low(cell) << unused) as i64) >> unused
    };
    Ok(match class {
        Class::Bool => Arc::new(cells.map(|c| Some(c != [0])).collect::<BooleanArray>()),
        Class::Signed => Arc::new(cells.map(|c| Some(signed(c))).collect::<Int64Array>()),
        Class::Unsigned => Arc::new(cells.map(|c| Some(low(c))).collect::<UInt64Array>()),
        Class::Float => {
            let float = |c: &[u8]| match bytes {
                2 => f64::from(half(low(c) as u16)),
                4 => f64::from(f32::from_bits(low(c) as u32)),
                _ => f64::from_bits(low(c)),
            };
            Arc::new(cells.map(|c| Some(float(c))).collect::<Float64Array>())
        }
        Class::Date(per_second) => {
            // `NaT` is the smallest number.
            let millis = |t: i64| match per_second {
                _ if t == i64::MIN => None,
                seconds if seconds < 0 => t.checked_mul(-seconds)?.checked_mul(1000),
                1 => t.checked_mul(1000),
                per_second => Some(t.div_euclid(per_second / 1000)),
            };
            Arc::new(cells.map(|c| millis(signed(c))).collect::<TimestampMillisecondArray>())
        }
        Class::Text | Class::Bytes => {
            let mut out = StringBuilder::new();
            for (i, cell) in cells.enumerate() {
                let text = if class == Class::Text {
                    let units = cell.chunks_exact(4).map(|c| {
                        let unit = [c[0], c[1], c[2], c[3]];
                        if big_endian { u32::from_be_bytes(unit) } else { u32::from_le_bytes(unit) }
                    });
                    units.map(char::from_u32).collect::<Option<String>>()
                } else {
                    std::str::from_utf8(cell).ok().map(str::to_owned)
                };
                let text =
                    text.ok_or_else(|| array.damaged(&format!("no text in element {i} of a batch")))?;
                out.append_value(text.trim_end_matches('\0'));
            }
            Arc::new(out.finish())
        }
    })
}

fn pictures(picture: Picture, rows: &[u8]) -> ArrayRef {
    let Picture { height, width, channels, planes } = picture;
    let header = pnm_header(width, height, channels);
    let size = height * width * channels;
    let mut out = LargeBinaryBuilder::new();
    let mut file = Vec::with_capacity(header.len() + size);
    for row in rows.chunks_exact(size) {
        file.clear();
        file.extend_from_slice(&header);
        if planes && channels > 1 {
            let plane = height * width;
            file.extend((0..size).map(|i| row[i % channels * plane + i / channels]));
        } else {
            file.extend_from_slice(row);
        }
        out.append_value(&file);
    }
    Arc::new(out.finish())
}

/// A number of 16 bits.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::half;

    #[test]
    fn numbers_of_16_bits() {
        for (bits, value) in
            [(0x3c00, 1.0), (0xc000, -2.0), (0x3555, 0.333_251_95), (0x0001, 5.960_464_5e-8), (0, 0.0)]
        {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan());
    }
}
