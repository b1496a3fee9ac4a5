//! One column of the masked rows: its cell, what may stand in for it, and which of both a coalition shows.

use super::background;
use super::mask::gaussian::Gaussian;
use super::mask::{Content, Divided, Mask, MaskInput, MaskSpec};
use super::{Coalition, Options};
use crate::{CellColumn, CellKey, Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float64Array, LargeBinaryArray, StringArray, new_null_array};
use rayon::prelude::*;
use ronghe_data::{Cell, Kind, Table};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// A column of the masked rows.
pub(super) struct Column {
    /// The cell as it is, then what stands in for all of it.
    pub(super) fixed: Table,
    pub(super) keys: Vec<CellKey>,
    /// Its players; none where the cell is missing.
    pub(super) leaves: Range<usize>,
    pub(super) hide: Hide,
}

/// How a cell is hidden.
pub(super) enum Hide {
    /// By its second fixed cell.
    Fixed,
    /// By the fixed cells from the second, one a background row.
    Rows,
    /// By numbers that go with the shown ones; the place among these columns.
    Gaussian(usize),
    /// Part by part; how many parts, how it is written, the keys of the background's cells.
    Parts(Box<dyn Mask>, usize, String, Vec<CellKey>),
}

impl Column {
    /// The column, what to tell of it, and whether its cell is there.
    pub(super) fn new(
        cell: &Table,
        usual: &Table,
        usual_keys: &[CellKey],
        spec: &MaskSpec,
        options: &Options,
    ) -> Result<(Column, Option<String>, bool)> {
        let own = background::keys(cell);
        let column = |fixed: Table, keys: Vec<CellKey>, hide| Column { fixed, keys, leaves: 0..0, hide };
        if cell.is_missing(0, 0) {
            return Ok((column(cell.clone(), own, Hide::Fixed), None, false));
        }
        let mut note = None;
        if let Some(build) = spec.masker.build {
            let input =
                MaskInput { cell, background: usual, size: &spec.size, fill: spec.fill, seed: options.seed };
            match build(&input)? {
                Divided::Parts(mask, note) => {
                    let count = mask.parts().len();
                    let hide = Hide::Parts(mask, count, spec.text(), usual_keys.to_vec());
                    return Ok((column(as_bytes(cell)?, own, hide), note, true));
                }
                Divided::Unreadable(reason) => {
                    let nothing = new_null_array(cell.column(0).data_type(), 1);
                    let note = format!("it cannot be read and counts as missing: {reason}");
                    return Ok((
                        column(background::with_cells(cell, nothing)?, own, Hide::Fixed),
                        Some(note),
                        false,
                    ));
                }
                Divided::Whole(reason) => note = Some(format!("not divided: {reason}")),
            }
        }
        // What is not divided is filled as whole cells are.
        let fill = if spec.masker.build.is_none() { spec.fill } else { options.masker.as_str() };
        if fill == "missing" {
            let nothing = new_null_array(cell.column(0).data_type(), 1);
            let fixed = Table::concat(&[cell.clone(), background::with_cells(cell, nothing)?])?;
            let keys = background::keys(&fixed);
            return Ok((column(fixed, keys, Hide::Fixed), note, true));
        }
        let numbers = fill == "gaussian" && cell.schema().columns[0].kind == Kind::Number;
        let hide = if numbers { Hide::Gaussian(0) } else { Hide::Rows };
        let fixed = Table::concat(&[cell.clone(), usual.clone()])?;
        let keys = own.into_iter().chain(usual_keys.iter().copied()).collect();
        Ok((column(fixed, keys, hide), note, true))
    }

    pub(super) fn parts(&self) -> Vec<(String, super::Part)> {
        match &self.hide {
            Hide::Parts(mask, ..) => mask.parts(),
            _ => Vec::new(),
        }
    }

    /// Which parts of the cell the coalition shows; none where it shows all.
    pub(super) fn shown(&self, coalition: &Coalition) -> Option<Vec<bool>> {
        let mut shown: Vec<bool> = self.leaves.clone().map(|p| coalition.contains(p)).collect();
        if shown.iter().all(|&s| s) {
            return None;
        }
        if let Hide::Parts(_, count, ..) = &self.hide {
            // One player for all parts.
            if shown.len() == 1 {
                shown.resize(*count.max(&1), shown[0]);
            }
        }
        Some(shown)
    }

    /// Whether what hides its cell differs between background rows.
    pub(super) fn varies(&self) -> bool {
        match &self.hide {
            Hide::Fixed => false,
            Hide::Rows | Hide::Gaussian(_) => true,
            Hide::Parts(mask, ..) => mask.varies(),
        }
    }

    /// Its cells in the masked rows of all coalitions; `samples` says how many rows each has.
    pub(super) fn cells(&self, coalitions: &[Coalition], samples: &[usize]) -> Result<CellColumn> {
        let mut rows: Vec<u32> = Vec::with_capacity(samples.iter().sum());
        let mut made: HashMap<Vec<bool>, u32> = HashMap::new();
        let mut wanted: Vec<(Vec<bool>, usize)> = Vec::new();
        for (coalition, &samples) in coalitions.iter().zip(samples) {
            let Some(shown) = self.shown(coalition) else {
                rows.resize(rows.len() + samples, 0);
                continue;
            };
            match &self.hide {
                Hide::Fixed => rows.resize(rows.len() + samples, 1),
                Hide::Rows | Hide::Gaussian(_) => rows.extend(1..=samples as u32),
                Hide::Parts(mask, ..) => {
                    // All fillers of a set of parts are made together, so the first says where the others are.
                    let distinct = if mask.varies() { samples } else { 1 };
                    let first = *made.entry(shown.clone()).or_insert_with(|| {
                        wanted.extend((0..distinct).map(|filler| (shown.clone(), filler)));
                        (wanted.len() - distinct) as u32 + 1
                    });
                    rows.extend((0..samples).map(|s| first + (s % distinct) as u32));
                }
            }
        }
        let Hide::Parts(mask, _, spec, usual) = &self.hide else {
            return CellColumn::new(self.fixed.clone(), Some(self.keys.clone()), rows);
        };
        let contents: Vec<Content> =
            wanted.par_iter().map(|(shown, filler)| mask.content(shown, *filler)).collect();
        let mut keys = self.keys.clone();
        keys.extend(wanted.iter().map(|(shown, filler)| {
            let mut state = Sha256::new_with_prefix(self.keys[0]);
            state.update(spec.as_bytes());
            if mask.varies() {
                state.update(usual[*filler]);
            }
            state.update(shown.iter().map(|&s| u8::from(s)).collect::<Vec<u8>>());
            CellKey::from(state.finalize())
        }));
        CellColumn::new(with_contents(&self.fixed, &contents)?, Some(keys), rows)
    }

    /// Its cells, where hidden numbers go with the shown ones.
    pub(super) fn numbers(
        &self,
        at: usize,
        gaussian: &Gaussian,
        shown: &[Vec<bool>],
        samples: &[usize],
        known: &mut HashMap<Vec<bool>, Vec<Vec<f64>>>,
    ) -> Result<CellColumn> {
        let mut cells = vec![self.fixed.column(0).as_primitive::<Float64Type>().value(0)];
        let mut places: HashMap<&[bool], u32> = HashMap::new();
        let mut rows: Vec<u32> = Vec::with_capacity(samples.iter().sum());
        for (shown, &samples) in shown.iter().zip(samples) {
            if shown[at] {
                rows.resize(rows.len() + samples, 0);
                continue;
            }
            let first = *places.entry(shown).or_insert_with(|| {
                let hidden = known.entry(shown.clone()).or_insert_with(|| gaussian.hidden(shown));
                let among = shown[..at].iter().filter(|s| !**s).count();
                cells.extend(&hidden[among]);
                (cells.len() - hidden[among].len()) as u32
            });
            rows.extend(first..first + samples as u32);
        }
        let cells: ArrayRef = Arc::new(Float64Array::from(cells));
        CellColumn::new(background::with_cells(&self.fixed, cells)?, None, rows)
    }
}

/// Whether whatever hides the cell is the cell itself.
pub(super) fn constant(column: &Column) -> bool {
    !matches!(column.hide, Hide::Parts(..)) && column.keys.iter().all(|k| *k == column.keys[0])
}

/// The cell with the bytes of the file in place of its path, beside which masked files can stand.
fn as_bytes(cell: &Table) -> Result<Table> {
    let Some(Cell::Path(path)) = cell.media(0, 0).filter(|_| cell.schema().columns[0].kind != Kind::Text)
    else {
        return Ok(cell.clone());
    };
    let bytes = std::fs::read(&path).map_err(|source| Error::Io { path, source })?;
    background::with_cells(cell, Arc::new(LargeBinaryArray::from_iter_values([bytes])))
}

/// The column with more cells after its own.
fn with_contents(column: &Table, contents: &[Content]) -> Result<Table> {
    let made: ArrayRef = if column.column(0).as_string_opt::<i32>().is_some() {
        Arc::new(StringArray::from_iter(contents.iter().map(|c| match c {
            Content::Text(text) => Some(text.as_str()),
            _ => None,
        })))
    } else {
        Arc::new(LargeBinaryArray::from_iter(contents.iter().map(|c| match c {
            Content::Bytes(bytes) => Some(bytes.as_slice()),
            _ => None,
        })))
    };
    Ok(Table::concat(&[column.clone(), background::with_cells(column, made)?])?)
}
