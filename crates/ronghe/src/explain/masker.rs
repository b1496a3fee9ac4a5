//! Hiding parts of a row: each coalition of players becomes rows made of cells, which any predictor can read.
//!
//! Cells of players that are present come from the explained row; what is absent is filled as the column's masker says. A fill that
//! takes from background rows takes from one row for all columns at once, so that a hidden pair of columns is a pair that
//! occurs. The value of a coalition is the mean over the background: with B background rows, B masked rows a
//! coalition (Lundberg and Lee 2017, the "interventional" value), and one where nothing hidden depends on them. A cell that
//! is missing stays missing whoever is present.

use super::background::Background;
use super::column::{Column, Hide, constant};
use super::mask::gaussian::Gaussian;
use super::{Coalition, Options, Player};
use crate::{Cells, Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use ronghe_data::{Modality, Table};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Makes the masked rows of one explained row.
pub trait Masker: Send + Sync {
    /// How many masked rows stand for the coalition.
    fn samples(&self, coalition: &Coalition) -> usize;

    /// Bytes of the cells that are made for it, roughly.
    fn bytes(&self, coalition: &Coalition) -> usize;

    /// Players whose cells are hidden behind the same cells.
    fn idle(&self) -> Vec<usize> {
        Vec::new()
    }

    /// The masked rows of all coalitions, one coalition after another.
    fn cells(&self, coalitions: &[Coalition]) -> Result<Cells>;
}

/// The masker of a row by the maskers of its columns.
pub(super) struct RowMasker {
    columns: Vec<Column>,
    gaussian: Option<Gaussian>,
    fillers: usize,
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

    /// The rows that hide everything, where they hide each feature of the row by itself: what is shown of a masked row is the
    /// row's, the rest theirs.
    pub(super) fn fillers(&self, players: usize) -> Result<Option<Table>> {
        let [column] = self.columns.as_slice() else { return Ok(None) };
        let pastes = match &column.hide {
            Hide::Parts(mask, ..) => mask.pastes(),
            Hide::Rows => true,
            Hide::Fixed | Hide::Gaussian(_) => false,
        };
        if !pastes || players == 0 {
            return Ok(None);
        }
        let cells = self.cells(&[Coalition::empty(players)])?;
        Ok(Some(cells.table(0, cells.rows())?))
    }

    /// The row, and the rows that hide everything: what lies between them is between shown and hidden, for what stands in for a
    /// part does not depend on which others are shown.
    pub(super) fn ends(&self, players: usize) -> Result<(Table, Table)> {
        for column in &self.columns {
            let depends = match &column.hide {
                Hide::Parts(mask, ..) => column.leaves.len() > 1 && !mask.pastes(),
                Hide::Gaussian(_) => true,
                Hide::Rows | Hide::Fixed => false,
            };
            if depends && !column.leaves.is_empty() {
                let name = &column.fixed.schema().columns[0].name;
                return Err(Error::Unsuited {
                    explainer: "expected_gradients",
                    expected: "cells whose parts are hidden one by one (pictures in part, others whole)"
                        .into(),
                    found: format!("`{name}`, where what is hidden depends on what is shown"),
                    mend: format!("mask it whole (--mask {name}=whole/background), or take `auto`"),
                });
            }
        }
        let cells = self.cells(&[Coalition::full(players), Coalition::empty(players)])?;
        Ok((cells.table(0, 1)?, cells.table(1, cells.rows() - 1)?))
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

impl Masker for RowMasker {
    fn samples(&self, coalition: &Coalition) -> usize {
        let varies = |c: &Column| c.varies() && c.leaves.clone().any(|p| !coalition.contains(p));
        if self.columns.iter().any(varies) { self.fillers } else { 1 }
    }

    fn idle(&self) -> Vec<usize> {
        self.columns.iter().filter(|c| constant(c)).flat_map(|c| c.leaves.clone()).collect()
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
