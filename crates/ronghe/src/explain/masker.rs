//! Hiding parts of a row: each coalition of players becomes rows made of cells, which any predictor can read.
//!
//! Cells of players that are present come from the explained row; what is absent is filled as the column's masker says. A fill that
//! takes from background rows takes from one row for all columns at once, so that a hidden pair of columns is a pair that
//! occurs. The value of a coalition is the mean over the background: with B background rows, B masked rows a
//! coalition (Lundberg and Lee 2017, the "interventional" value), and one where nothing hidden depends on them. A cell that
//! is missing stays missing whoever is present.

use super::background::{self, Background};
use super::mask::gaussian::Gaussian;
use super::mask::{Content, Divided, Mask, MaskInput, MaskSpec};
use super::{Coalition, Options, Player};
use crate::{CellColumn, CellKey, Cells, Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float64Array, LargeBinaryArray, StringArray, new_null_array};
use rayon::prelude::*;
use ronghe_data::{Cell, Kind, Modality, Table};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

/// Makes the masked rows of one explained row.
pub trait Masker: Send + Sync {
    /// How many masked rows stand for the coalition.
    fn samples(&self, coalition: &Coalition) -> usize;

    /// Bytes of the cells that are made for it, roughly.
    fn bytes(&self, coalition: &Coalition) -> usize;

    /// The masked rows of all coalitions, one coalition after another.
    fn cells(&self, coalitions: &[Coalition]) -> Result<Cells>;
}

/// The masker of a row by the maskers of its columns.
pub(super) struct RowMasker {
    columns: Vec<Column>,
    gaussian: Option<Gaussian>,
    fillers: usize,
}

struct Column {
    /// The cell as it is, then what stands in for all of it.
    fixed: Table,
    keys: Vec<CellKey>,
    /// Its players; none where the cell is missing.
    leaves: Range<usize>,
    hide: Hide,
}

/// How a cell is hidden.
enum Hide {
    /// By its second fixed cell.
    Fixed,
    /// By the fixed cells from the second, one a background row.
    Rows,
    /// By numbers that go with the shown ones; the place among these columns.
    Gaussian(usize),
    /// Part by part; how many parts, how it is written, the keys of the background's cells.
    Parts(Box<dyn Mask>, usize, String, Vec<CellKey>),
}

/// Who plays at the finest level, and what is to be told of it.
pub(super) struct Leaves {
    /// The players.
    pub(super) players: Vec<Player>,
    /// Of each column; none where its cell is missing.
    pub(super) of_field: Vec<Range<usize>>,
    /// How each column is masked, as it is written.
    pub(super) masks: BTreeMap<String, String>,
    pub(super) notes: Vec<String>,
}

/// Columns of one modality and other modalities around parts of a cell: at most so many coalitions of them.
const MOST_AROUND: u32 = 6;

impl RowMasker {
    /// The masker of `row`, which has the columns of the background.
    pub(super) fn new(
        row: &Table,
        background: &Background,
        fields: &[Player],
        options: &Options,
    ) -> Result<(RowMasker, Leaves)> {
        let specs = options.specs(fields)?;
        let masks = fields.iter().zip(&specs).map(|(f, spec)| (f.name.clone(), spec.text())).collect();
        let mut leaves = Leaves { players: Vec::new(), of_field: Vec::new(), masks, notes: Vec::new() };
        let mut columns = Vec::new();
        let mut numbers = Numbers::default();
        for (i, (field, spec)) in fields.iter().zip(&specs).enumerate() {
            let cell = row.select(&[&field.name])?;
            let usual = background.table.select(&[&field.name])?;
            let (mut column, note, present) = Column::new(&cell, &usual, &background.keys[i], spec, options)?;
            let same =
                "the same cell in the row and in all background rows: it adds 0 whatever the model does";
            let same = (present && constant(&column)).then(|| same.to_owned());
            leaves.notes.extend(note.into_iter().chain(same).map(|n| format!("`{}`: {n}", field.name)));
            if let Hide::Gaussian(at) = &mut column.hide {
                *at = numbers.add(&cell, &usual);
            }
            columns.push((column, present));
        }
        let active: Vec<bool> = columns.iter().map(|c| c.1).collect();
        for (i, (column, present)) in columns.iter_mut().enumerate() {
            let start = leaves.players.len();
            if *present {
                let parts = column.parts();
                match options.divides() && around(fields, &active, i) <= MOST_AROUND {
                    true => leaves.players.extend(parts.into_iter().map(|(name, part)| Player {
                        name,
                        part: Some(part),
                        ..fields[i].clone()
                    })),
                    false if options.divides() && !parts.is_empty() => leaves.notes.push(format!(
                        "`{}`: not divided, for it stands among too many columns of its modality",
                        fields[i].name
                    )),
                    false => {}
                }
                if leaves.players.len() == start {
                    leaves.players.push(fields[i].clone());
                }
            }
            column.leaves = start..leaves.players.len();
            leaves.of_field.push(column.leaves.clone());
        }
        let masker = RowMasker {
            columns: columns.into_iter().map(|c| c.0).collect(),
            gaussian: numbers.gaussian(),
            fillers: background.table.rows(),
        };
        Ok((masker, leaves))
    }

    /// Which of the gaussian columns are shown.
    fn shown_numbers(&self, coalition: &Coalition) -> Vec<bool> {
        let of = |c: &&Column| matches!(c.hide, Hide::Gaussian(_)) && !c.leaves.is_empty();
        self.columns.iter().filter(of).map(|c| coalition.contains(c.leaves.start)).collect()
    }
}

/// Columns of its modality and modalities beside the one of column `i`: how many come and go around its parts.
fn around(fields: &[Player], active: &[bool], i: usize) -> u32 {
    let of = |m: Modality| (0..fields.len()).filter(move |&j| active[j] && fields[j].modality == m).count();
    let modalities = Modality::ALL.into_iter().filter(|&m| of(m) > 0).count();
    (modalities + of(fields[i].modality)).saturating_sub(2) as u32
}

/// Whether whatever hides the cell is the cell itself.
fn constant(column: &Column) -> bool {
    !matches!(column.hide, Hide::Parts(..)) && column.keys.iter().all(|k| *k == column.keys[0])
}

/// The columns whose hidden numbers go with the shown ones.
#[derive(Default)]
struct Numbers {
    row: Vec<f64>,
    columns: Vec<Vec<Option<f64>>>,
}

impl Numbers {
    fn add(&mut self, cell: &Table, usual: &Table) -> usize {
        let number = |t: &Table, r: usize| {
            (!t.is_missing(0, r)).then(|| t.column(0).as_primitive::<Float64Type>().value(r))
        };
        self.row.push(number(cell, 0).unwrap_or_default());
        self.columns.push((0..usual.rows()).map(|r| number(usual, r)).collect());
        self.row.len() - 1
    }

    fn gaussian(&self) -> Option<Gaussian> {
        (!self.row.is_empty()).then(|| Gaussian::new(&self.row, &self.columns))
    }
}

impl Column {
    /// The column, what to tell of it, and whether its cell is there.
    fn new(
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

    fn parts(&self) -> Vec<(String, super::Part)> {
        match &self.hide {
            Hide::Parts(mask, ..) => mask.parts(),
            _ => Vec::new(),
        }
    }

    /// Which parts of the cell the coalition shows; none where it shows all.
    fn shown(&self, coalition: &Coalition) -> Option<Vec<bool>> {
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
    fn varies(&self) -> bool {
        match &self.hide {
            Hide::Fixed => false,
            Hide::Rows | Hide::Gaussian(_) => true,
            Hide::Parts(mask, ..) => mask.varies(),
        }
    }

    /// Its cells in the masked rows of all coalitions; `samples` says how many rows each has.
    fn cells(&self, coalitions: &[Coalition], samples: &[usize]) -> Result<CellColumn> {
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
    fn numbers(
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

impl Masker for RowMasker {
    fn samples(&self, coalition: &Coalition) -> usize {
        let varies = |c: &Column| c.varies() && c.leaves.clone().any(|p| !coalition.contains(p));
        if self.columns.iter().any(varies) { self.fillers } else { 1 }
    }

    fn bytes(&self, coalition: &Coalition) -> usize {
        let made = |c: &Column| match &c.hide {
            Hide::Parts(mask, ..) if c.leaves.clone().any(|p| !coalition.contains(p)) => {
                mask.bytes() * if mask.varies() { self.fillers } else { 1 }
            }
            Hide::Gaussian(_) => 8 * self.fillers,
            _ => 0,
        };
        self.columns.iter().map(made).sum()
    }

    fn cells(&self, coalitions: &[Coalition]) -> Result<Cells> {
        let samples: Vec<usize> = coalitions.iter().map(|c| self.samples(c)).collect();
        let shown: Vec<Vec<bool>> = match self.gaussian {
            Some(_) => coalitions.iter().map(|c| self.shown_numbers(c)).collect(),
            None => Vec::new(),
        };
        let mut known = HashMap::new();
        let columns = self.columns.iter().map(|column| match (&column.hide, &self.gaussian) {
            (&Hide::Gaussian(at), Some(gaussian)) => {
                column.numbers(at, gaussian, &shown, &samples, &mut known)
            }
            _ => column.cells(coalitions, &samples),
        });
        Cells::new(columns.collect::<Result<_>>()?)
    }
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
