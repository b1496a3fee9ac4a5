//! One column of the masked rows: its cell, what may stand in for it, and which of both a coalition shows.
//!
//! A cell is hidden in two ways. Whole, behind what is usual (`background`, or the fill that `masker` names): so at the levels of
//! modalities and columns, and around the parts of other cells. In part, by the fill of its own masker (blur, delete, silence):
//! only inside the cell, while it is there. What stays of the cell when each of its parts is filled is worth something
//! beside the usual cell too (a blurred shape, an empty text): that is a player of its own, the rest of the cell, so that parts and
//! rest sum to what the column adds.

use super::background::{self, Background};
use super::mask::gaussian::Gaussian;
use super::mask::{Content, Divided, Mask, MaskInput, MaskSpec};
use super::{Coalition, Options, Part};
use crate::{CellColumn, CellKey, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float64Array, LargeBinaryArray, StringArray, new_null_array};
use rayon::prelude::*;
use ronghe_data::{Kind, Table};
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
    /// How the whole cell is hidden.
    pub(super) hide: Hide,
    /// How its parts are hidden inside it; none where it is not divided.
    pub(super) inside: Option<Inside>,
    /// The one part of a cell that has no other: it comes and goes as the cell does.
    pub(super) only: Option<(String, Part)>,
}

/// How a whole cell is hidden.
pub(super) enum Hide {
    /// By its second fixed cell.
    Fixed,
    /// By the fixed cells from the second, one a background row.
    Rows,
    /// By numbers that go with the shown ones; the place among these columns.
    Gaussian(usize),
}

/// How parts of a cell are hidden while the cell is there.
pub(super) struct Inside {
    mask: Box<dyn Mask>,
    pub(super) parts: Vec<(String, Part)>,
    /// As it is written.
    pub(super) spec: MaskSpec,
    /// The keys of the background's cells.
    usual: Vec<CellKey>,
    /// Whether the last player is the rest of the cell ([`Part::Rest`]). Without one, a cell without any part shown is hidden by
    /// the fill of its parts.
    pub(super) rest: bool,
}

impl Inside {
    pub(super) fn varies(&self) -> bool {
        self.mask.varies()
    }

    pub(super) fn pastes(&self) -> bool {
        self.mask.pastes()
    }

    pub(super) fn bytes(&self) -> usize {
        self.mask.bytes()
    }
}

/// What a coalition shows of a cell.
pub(super) enum Shown {
    All,
    Nothing,
    /// These parts.
    Parts(Vec<bool>),
}

impl Column {
    /// The column `place` of the background, what to tell of it, and whether its cell is there.
    pub(super) fn new(
        cell: &Table,
        background: &Background,
        place: usize,
        spec: &MaskSpec,
        options: &Options,
    ) -> Result<(Column, Option<String>, bool)> {
        let own = background::keys(cell);
        let usual_keys = &background.keys[place];
        let column = |fixed: Table, keys: Vec<CellKey>, hide, inside| Column {
            fixed,
            keys,
            leaves: 0..0,
            hide,
            inside,
            only: None,
        };
        if cell.is_missing(0, 0) {
            return Ok((column(cell.clone(), own, Hide::Fixed, None), None, false));
        }
        let usual = background.column(place)?;
        let (mut note, mut inside, mut only) = (None, None, None);
        if let Some(build) = spec.masker.build {
            let input =
                MaskInput { cell, background: &usual, size: &spec.size, fill: spec.fill, seed: options.seed };
            match build(&input)? {
                Divided::Parts(mask, told) => {
                    let mut parts = mask.parts();
                    // A cell that the background never changes has nothing to divide.
                    let changes = usual_keys.iter().any(|k| *k != own[0]);
                    if options.divides() && changes && parts.len() > 1 {
                        note = told;
                        let (spec, usual) = (spec.clone(), usual_keys.clone());
                        inside = Some(Inside { mask, parts, spec, usual, rest: !options.sums() });
                    } else if options.divides() {
                        only = parts.pop().filter(|_| parts.is_empty());
                    }
                }
                Divided::Unreadable(reason) => {
                    let nothing = new_null_array(cell.column(0).data_type(), 1);
                    let note = format!("it cannot be read and counts as missing: {reason}");
                    let missing = background::with_cells(cell, nothing)?;
                    return Ok((column(missing, own, Hide::Fixed, None), Some(note), false));
                }
                Divided::Whole(reason) => note = Some(format!("not divided: {reason}")),
            }
        }
        // Masked files are bytes, beside which only bytes can stand.
        let (cell, usual) = match inside {
            Some(_) => (background::as_bytes(cell)?, background.bytes(place)?),
            None => (cell.clone(), usual),
        };
        let fill = options.whole(spec);
        let (fixed, keys, hide) = if fill == "missing" {
            let nothing = new_null_array(cell.column(0).data_type(), 1);
            let fixed = Table::concat(&[cell.clone(), background::with_cells(&cell, nothing)?])?;
            let keys = background::keys(&fixed);
            (fixed, keys, Hide::Fixed)
        } else {
            let numbers = fill == "gaussian" && cell.schema().columns[0].kind == Kind::Number;
            let hide = if numbers { Hide::Gaussian(0) } else { Hide::Rows };
            let keys = own.into_iter().chain(usual_keys.iter().copied()).collect();
            (Table::concat(&[cell, usual])?, keys, hide)
        };
        Ok((Column { only, ..column(fixed, keys, hide, inside) }, note, true))
    }

    /// Leaves the cell whole.
    pub(super) fn join(&mut self) {
        (self.inside, self.only) = (None, None);
    }

    /// Name and place of each of its players, the rest of the cell last; none where the cell is one player.
    pub(super) fn parts(&self) -> Vec<(String, Part)> {
        let Some(inside) = &self.inside else { return self.only.iter().cloned().collect() };
        let rest = || ("rest of the cell".to_owned(), Part::Rest { fill: inside.spec.fill.to_owned() });
        inside.parts.iter().cloned().chain(inside.rest.then(rest)).collect()
    }

    /// Name of the fill of the whole cell.
    pub(super) fn fill(&self) -> &'static str {
        match self.hide {
            Hide::Fixed => "missing",
            Hide::Rows => "background",
            Hide::Gaussian(_) => "gaussian",
        }
    }

    /// What the coalition shows of the cell.
    pub(super) fn shown(&self, coalition: &Coalition) -> Shown {
        let mut shown: Vec<bool> = self.leaves.clone().map(|p| coalition.contains(p)).collect();
        if shown.iter().all(|&s| s) {
            return Shown::All;
        }
        match &self.inside {
            None => Shown::Nothing,
            Some(inside) => match inside.rest && shown.pop() == Some(false) {
                true => Shown::Nothing,
                false => Shown::Parts(shown),
            },
        }
    }

    /// Whether its cell in the masked rows of the coalition differs between background rows.
    pub(super) fn varies(&self, coalition: &Coalition) -> bool {
        match self.shown(coalition) {
            Shown::All => false,
            Shown::Nothing => !matches!(self.hide, Hide::Fixed),
            Shown::Parts(_) => self.inside.as_ref().is_some_and(Inside::varies),
        }
    }

    /// Its cells in the masked rows of all coalitions; `samples` says how many rows each has.
    pub(super) fn cells(&self, coalitions: &[Coalition], samples: &[usize]) -> Result<CellColumn> {
        let mut rows: Vec<u32> = Vec::with_capacity(samples.iter().sum());
        let mut made: HashMap<Vec<bool>, u32> = HashMap::new();
        let mut wanted: Vec<(Vec<bool>, usize)> = Vec::new();
        let start = self.fixed.rows() as u32;
        for (coalition, &samples) in coalitions.iter().zip(samples) {
            match (self.shown(coalition), &self.inside) {
                (Shown::Parts(shown), Some(inside)) => {
                    // All fillers of a set of parts are made together, so the first says where the others are.
                    let distinct = if inside.varies() { samples } else { 1 };
                    let first = *made.entry(shown.clone()).or_insert_with(|| {
                        wanted.extend((0..distinct).map(|filler| (shown.clone(), filler)));
                        start + (wanted.len() - distinct) as u32
                    });
                    rows.extend((0..samples).map(|s| first + (s % distinct) as u32));
                }
                (Shown::Nothing, _) => match self.hide {
                    Hide::Fixed => rows.resize(rows.len() + samples, 1),
                    Hide::Rows | Hide::Gaussian(_) => rows.extend(1..=samples as u32),
                },
                _ => rows.resize(rows.len() + samples, 0),
            }
        }
        let (Some(inside), false) = (&self.inside, wanted.is_empty()) else {
            return CellColumn::new(self.fixed.clone(), Some(self.keys.clone()), rows);
        };
        let contents: Vec<Content> =
            wanted.par_iter().map(|(shown, filler)| inside.mask.content(shown, *filler)).collect();
        let mut keys = self.keys.clone();
        let spec = inside.spec.text();
        keys.extend(wanted.iter().map(|(shown, filler)| {
            let mut state = Sha256::new_with_prefix(self.keys[0]);
            state.update(spec.as_bytes());
            if inside.varies() {
                state.update(inside.usual[*filler]);
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
    column.inside.is_none() && column.keys.iter().all(|k| *k == column.keys[0])
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
