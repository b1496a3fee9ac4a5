//! Rows as elements of a tensor.

use super::{Picture, PixelLayout, Spec};
use crate::{Error, Result};
use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use ronghe_data::decode::{Filter, Fit, Limits, decode_image};
use ronghe_data::{Kind, Table};

/// Elements of all rows, each of the shape `shape`.
pub(super) fn features(spec: &Spec, table: &Table, shape: &[usize]) -> Result<Vec<f32>> {
    let each: usize = shape.iter().product();
    let mut out = Vec::with_capacity(table.rows() * each);
    match &spec.picture {
        Some(picture) => {
            let column = table.schema().index(&picture.column);
            for row in 0..table.rows() {
                match column.filter(|&at| !table.is_missing(at, row)) {
                    Some(at) => pixels(picture, table, at, row, &mut out)?,
                    None => {
                        let value = missing(spec, table, &picture.column, row, "a picture")?;
                        out.resize(out.len() + each, value);
                    }
                }
            }
        }
        None => {
            out.resize(table.rows() * each, 0.0);
            for (c, name) in spec.columns.iter().enumerate() {
                let column = table.schema().index(name);
                for row in 0..table.rows() {
                    out[row * each + c] = match column.filter(|&at| !table.is_missing(at, row)) {
                        Some(at) => number(table, at, row)?,
                        None => missing(spec, table, name, row, "a number")?,
                    };
                }
            }
        }
    }
    Ok(out)
}

fn cell_error(table: &Table, column: &str, row: usize, expected: &str, found: String, mend: &str) -> Error {
    Error::Cell {
        path: table.path().to_owned(),
        row: table.row_number(row),
        column: column.to_owned(),
        expected: expected.to_owned(),
        found,
        mend: mend.to_owned(),
    }
}

fn missing(spec: &Spec, table: &Table, column: &str, row: usize, expected: &str) -> Result<f32> {
    let mend = "say what stands for it with `missing: NUMBER` in the file beside the network";
    spec.missing.ok_or_else(|| cell_error(table, column, row, expected, "a missing cell".into(), mend))
}

fn number(table: &Table, column: usize, row: usize) -> Result<f32> {
    let cells = table.column(column);
    let spec = &table.schema().columns[column];
    if let Some(numbers) = cells.as_primitive_opt::<Float64Type>() {
        return Ok(numbers.value(row) as f32);
    }
    if let (Kind::Boolean, Some(truths)) = (spec.kind, cells.as_boolean_opt()) {
        return Ok(f32::from(u8::from(truths.value(row))));
    }
    let found = format!("{} ({})", spec.kind, cells.data_type());
    Err(cell_error(table, &spec.name, row, "a number", found, "make the column one of numbers"))
}

fn pixels(spec: &Picture, table: &Table, column: usize, row: usize, out: &mut Vec<f32>) -> Result<()> {
    let Some(cell) = table.media(column, row) else {
        let found = table.schema().columns[column].kind.to_string();
        let name = &table.schema().columns[column].name;
        return Err(cell_error(table, name, row, "a picture", found, "read the column as pictures"));
    };
    let picture =
        decode_image(&cell, &Limits::default()).map_err(|e| Error::from(e.at(table, column, row)))?;
    let picture = picture.to_channels(spec.channels);
    let picture = match (picture.height, picture.width) == (spec.height, spec.width) {
        true => picture,
        false => picture.resized(spec.height, spec.width, Fit::Stretch, Filter::default()),
    };
    let element = |at: usize| {
        let channel = at % spec.channels;
        let mean = spec.mean.get(channel).copied().unwrap_or(0.0);
        let std = spec.std.get(channel).copied().unwrap_or(1.0);
        (f32::from(picture.pixels[at]) * spec.scale - mean) / std
    };
    let pixels = spec.height * spec.width;
    match spec.layout {
        PixelLayout::Nchw => {
            out.extend(
                (0..spec.channels).flat_map(|c| (0..pixels).map(move |p| p * spec.channels + c)).map(element),
            );
        }
        PixelLayout::Nhwc | PixelLayout::Flat => out.extend((0..pixels * spec.channels).map(element)),
    }
    Ok(())
}
