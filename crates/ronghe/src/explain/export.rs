//! Explanations as tables for other programs.
//!
//! [`long`]: a table with a row an attribution, for Parquet, CSV or JSON Lines.
//!
//! | column | type | what |
//! |---|---|---|
//! | `file`, `row` | string, integer | where the explained row stands, rows from 1 |
//! | `level` | string | `modalities`, `fields` or `parts` |
//! | `player` | string | name of the player |
//! | `modality`, `column` | string | whose it is; no column for a modality of several |
//! | `part` | string | which part of the cell, as JSON; missing for a whole one |
//! | `output` | string | class, label or target |
//! | `base`, `prediction` | number | of that output |
//! | `attribution`, `standard_error` | number | of the player to that output |
//!
//! [`npz`]: NumPy arrays of the finest level, players of all rows one after another: `values[P, K]`, `standard_error[P, K]`,
//! `row[P]` (position of the explained row), `players[P]`, `base[R, K]`, `prediction[R, K]`, `outputs[K]`, `rows[R]` (numbers in the
//! file). Where all rows have the same players, `values.reshape(R, -1, K)` is what other programs take.

use super::{Explanation, RowExplanation};
use crate::{Error, Result};
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use std::io::{Cursor, Write};
use std::sync::Arc;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Every attribution of every level, a row each.
pub fn long(rows: &[RowExplanation]) -> Result<RecordBatch> {
    let mut at: Vec<(&RowExplanation, &str, &Explanation, usize, usize)> = Vec::new();
    for row in rows {
        let levels = [
            ("modalities", Some(&row.modalities)),
            ("fields", Some(&row.fields)),
            ("parts", row.parts.as_ref()),
        ];
        for (name, level) in levels.into_iter().filter_map(|(name, level)| Some((name, level?))) {
            let cells = (0..level.players.len()).flat_map(|p| (0..level.outputs.len()).map(move |k| (p, k)));
            at.extend(cells.map(|(p, k)| (row, name, level, p, k)));
        }
    }
    let text = |of: &dyn Fn(usize) -> Option<String>| -> ArrayRef {
        Arc::new((0..at.len()).map(of).collect::<StringArray>())
    };
    let number = |of: &dyn Fn(&Explanation, usize, usize) -> f64| -> ArrayRef {
        Arc::new(at.iter().map(|&(_, _, e, p, k)| Some(of(e, p, k))).collect::<Float64Array>())
    };
    let player = |i: usize| &at[i].2.players[at[i].3];
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("file", text(&|i| Some(at[i].0.file.clone()))),
        ("row", Arc::new(at.iter().map(|a| Some(a.0.row as i64)).collect::<Int64Array>())),
        ("level", text(&|i| Some(at[i].1.to_owned()))),
        ("player", text(&|i| Some(player(i).name.clone()))),
        ("modality", text(&|i| Some(player(i).modality.name().to_owned()))),
        (
            "column",
            text(&|i| match player(i).columns.as_slice() {
                [only] => Some(only.clone()),
                _ => None,
            }),
        ),
        ("part", text(&|i| serde_json::to_string(player(i).part.as_ref()?).ok())),
        ("output", text(&|i| Some(at[i].2.outputs[at[i].4].clone()))),
        ("base", number(&|e, _, k| e.base[k])),
        ("prediction", number(&|e, _, k| e.prediction[k])),
        ("attribution", number(&|e, p, k| e.attributions[p][k])),
        ("standard_error", number(&|e, p, k| e.standard_error[p][k])),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, cells)| (name, cells, true)))
        .map_err(|e| defect(&e.to_string()))
}

/// A NumPy archive of the finest level.
pub fn npz(rows: &[RowExplanation]) -> Result<Vec<u8>> {
    let levels: Vec<&Explanation> = rows.iter().map(RowExplanation::finest).collect();
    let outputs: &[String] = levels.first().map_or(&[], |l| &l.outputs);
    let k = outputs.len();
    let flat =
        |of: &dyn Fn(&Explanation) -> Vec<f64>| levels.iter().flat_map(|l| of(l)).collect::<Vec<f64>>();
    let names: Vec<&str> = levels.iter().flat_map(|l| l.players.iter().map(|p| p.name.as_str())).collect();
    let players = names.len();
    let row: Vec<i64> =
        levels.iter().enumerate().flat_map(|(r, l)| l.players.iter().map(move |_| r as i64)).collect();
    let arrays = [
        ("values", numbers(&flat(&|l| l.attributions.concat()), &[players, k])),
        ("standard_error", numbers(&flat(&|l| l.standard_error.concat()), &[players, k])),
        ("row", integers(&row)),
        ("players", strings(&names)),
        ("base", numbers(&flat(&|l| l.base.clone()), &[rows.len(), k])),
        ("prediction", numbers(&flat(&|l| l.prediction.clone()), &[rows.len(), k])),
        ("outputs", strings(&outputs.iter().map(String::as_str).collect::<Vec<_>>())),
        ("rows", integers(&rows.iter().map(|r| r.row as i64).collect::<Vec<_>>())),
    ];
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        zip.start_file(format!("{name}.npy"), SimpleFileOptions::default())
            .map_err(|e| defect(&e.to_string()))?;
        zip.write_all(&bytes).map_err(|e| defect(&e.to_string()))?;
    }
    Ok(zip.finish().map_err(|e| defect(&e.to_string()))?.into_inner())
}

fn numbers(values: &[f64], shape: &[usize]) -> Vec<u8> {
    npy("<f8", shape, values.iter().flat_map(|v| v.to_le_bytes()))
}

fn integers(values: &[i64]) -> Vec<u8> {
    npy("<i8", &[values.len()], values.iter().flat_map(|v| v.to_le_bytes()))
}

/// Strings of one width, four bytes a character, padded with zeros.
fn strings(values: &[&str]) -> Vec<u8> {
    let width = values.iter().map(|v| v.chars().count()).max().unwrap_or(0).max(1);
    let padded = values.iter().flat_map(|v| {
        let characters = v.chars().map(u32::from);
        characters.chain(std::iter::repeat(0)).take(width).flat_map(u32::to_le_bytes)
    });
    npy(&format!("<U{width}"), &[values.len()], padded)
}

/// NumPy's format, version 1.0: magic, length of the header, header padded to 64 bytes, elements.
fn npy(kind: &str, shape: &[usize], bytes: impl Iterator<Item = u8>) -> Vec<u8> {
    let shape: String = shape.iter().map(|n| format!("{n}, ")).collect();
    let mut header =
        format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({}), }}", shape.trim_end());
    let padding = (64 - (10 + header.len() + 1) % 64) % 64;
    header.push_str(&" ".repeat(padding));
    header.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((header.len() as u16).to_le_bytes());
    out.extend(header.bytes());
    out.extend(bytes);
    out
}

fn defect(found: &str) -> Error {
    Error::Explain {
        what: "export of explanations".into(),
        expected: "arrays that fit together".into(),
        found: found.to_owned(),
        mend: "this is a defect of the explainer; please report it".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_what_numpy_reads() {
        let bytes = npy("<f8", &[2, 3], std::iter::empty());
        assert_eq!(bytes.len() % 64, 0);
        assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
        let header = std::str::from_utf8(&bytes[10..]).unwrap();
        assert!(
            header.starts_with("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3,), }"),
            "{header}"
        );
        assert_eq!(usize::from(u16::from_le_bytes([bytes[8], bytes[9]])), bytes.len() - 10);
    }

    #[test]
    fn words_of_any_script_have_one_width() {
        let bytes = strings(&["a", "猫狗"]);
        assert!(bytes.windows(3).any(|w| w == b"<U2"));
        let cells = &bytes[bytes.len() - 16..];
        assert_eq!(&cells[..8], [b'a', 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(u32::from_le_bytes([cells[8], cells[9], cells[10], cells[11]]), u32::from('猫'));
    }
}
