//! Hiding parts of a row: each coalition of players becomes rows made of cells, which any predictor can read.
//!
//! Cells of players that are present come from the explained row; a cell none of whose players is there is hidden whole, parts of one
//! that is there are filled as the column's masker says. A fill that
//! takes from background rows takes from one row for all columns at once, so that a hidden pair of columns is a pair that
//! occurs. The value of a coalition is the mean over the background: with B background rows, B masked rows a
//! coalition (Lundberg and Lee 2017, the "interventional" value), and one where nothing hidden depends on them. A cell that
//! is missing stays missing whoever is present.

use super::background::Background;
use super::column::{Column, Hide, Shown, constant};
use super::mask::gaussian::Gaussian;
use super::{Coalition, Options, Part, Player};
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
    /// How each column is divided and filled, as it is written.
    pub(super) masks: BTreeMap<String, String>,
    /// What each whole cell is filled with.
    pub(super) fills: BTreeMap<String, String>,
    pub(super) notes: Vec<String>,
}

impl Leaves {
    /// Whether the last player of a column is the rest of its cell.
    pub(super) fn has_rest(&self, field: usize) -> bool {
        let leaves = self.players[self.of_field[field].clone()].last();
        leaves.is_some_and(|p| matches!(p.part, Some(Part::Rest { .. })))
    }

    /// The rest of the one cell that there is, if it has one.
    pub(super) fn only_rest(&self) -> Option<usize> {
        (self.of_field.len() == 1 && self.has_rest(0)).then(|| self.players.len() - 1)
    }
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
        let mut notes = Vec::new();
        let mut columns = Vec::new();
        let mut numbers = Numbers::default();
        for (i, (field, spec)) in fields.iter().zip(&specs).enumerate() {
            let cell = row.select(&[&field.name])?;
            let (mut column, note, present) = Column::new(&cell, background, i, spec, options)?;
            notes.extend(note.map(|n| format!("`{}`: {n}", field.name)));
            if let Hide::Gaussian(at) = &mut column.hide {
                *at = numbers.add(&cell, &background.column(i)?);
            }
            columns.push((column, present));
        }
        let active: Vec<bool> = columns.iter().map(|c| c.1).collect();
        notes.extend(unchanging(&columns, fields));
        let mut leaves = Leaves {
            players: Vec::new(),
            of_field: Vec::new(),
            masks: BTreeMap::new(),
            fills: BTreeMap::new(),
            notes,
        };
        for (i, (column, present)) in columns.iter_mut().enumerate() {
            let name = &fields[i].name;
            if column.inside.is_some() && around(fields, &active, i) > MOST_AROUND {
                column.join();
                let note =
                    format!("`{name}`: not divided, for it stands among too many columns of its modality");
                leaves.notes.push(note);
            }
            if let Some(inside) = column.inside.as_ref().filter(|i| !i.rest && !i.varies()) {
                leaves.notes.push(format!(
                    "`{name}`: this method hides all of it by `{}` too, so the base is what the model says of a cell so filled",
                    inside.spec.fill
                ));
            }
            let start = leaves.players.len();
            if *present {
                let parts = column.parts().into_iter();
                leaves.players.extend(parts.map(|(name, part)| Player {
                    name,
                    part: Some(part),
                    ..fields[i].clone()
                }));
                if leaves.players.len() == start {
                    leaves.players.push(fields[i].clone());
                }
            }
            column.leaves = start..leaves.players.len();
            leaves.of_field.push(column.leaves.clone());
            let whole = if *present { column.fill() } else { options.whole(&specs[i]) };
            let mask = column.inside.as_ref().map_or_else(|| format!("whole/{whole}"), |i| i.spec.text());
            leaves.masks.insert(name.clone(), mask);
            leaves.fills.insert(name.clone(), whole.to_owned());
        }
        let masker = RowMasker {
            columns: columns.into_iter().map(|c| c.0).collect(),
            gaussian: numbers.gaussian(),
            fillers: background.table.rows(),
        };
        Ok((masker, leaves))
    }

    /// The rows that hide everything, where they hide each feature of the row by itself: what is shown of a masked row is the
    /// row's, the rest theirs. Of a divided cell, those that fill each of its parts.
    pub(super) fn fillers(&self, players: usize) -> Result<Option<Table>> {
        let [column] = self.columns.as_slice() else { return Ok(None) };
        let pastes = match (&column.inside, &column.hide) {
            (Some(inside), _) => inside.pastes(),
            (None, Hide::Rows) => true,
            (None, Hide::Fixed | Hide::Gaussian(_)) => false,
        };
        if !pastes || players == 0 {
            return Ok(None);
        }
        let mut hidden = Coalition::empty(players);
        if column.inside.as_ref().is_some_and(|i| i.rest) {
            hidden.insert(players - 1);
        }
        let cells = self.cells(&[hidden])?;
        Ok(Some(cells.table(0, cells.rows())?))
    }

    /// The row, and the rows that hide everything: what lies between them is between shown and hidden, for what stands in for a
    /// part does not depend on which others are shown.
    pub(super) fn ends(&self, players: usize) -> Result<(Table, Table)> {
        for column in &self.columns {
            let depends = match (&column.inside, &column.hide) {
                (Some(inside), _) => !inside.pastes(),
                (None, Hide::Gaussian(_)) => true,
                (None, Hide::Rows | Hide::Fixed) => false,
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

/// Columns whose cell is that of all background rows.
fn unchanging(columns: &[(Column, bool)], fields: &[Player]) -> Vec<String> {
    let there = || columns.iter().zip(fields).filter(|((_, present), _)| *present);
    let mut same = there().filter(|((column, _), _)| constant(column)).map(|(_, field)| &field.name);
    match there().count() {
        0 => vec!["nothing can change: every cell that the model reads is missing in this row".into()],
        all if all == same.clone().count() => vec![
            "nothing changes: the background holds the same values as the row, so no cell can add anything (give other \
             background rows)"
                .into(),
        ],
        _ => same
            .by_ref()
            .map(|name| {
                format!(
                    "`{name}`: the same cell in the row and in all background rows: it adds 0 whatever the model does"
                )
            })
            .collect(),
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
        if self.columns.iter().any(|c| c.varies(coalition)) { self.fillers } else { 1 }
    }

    fn idle(&self) -> Vec<usize> {
        self.columns.iter().filter(|c| constant(c)).flat_map(|c| c.leaves.clone()).collect()
    }

    fn bytes(&self, coalition: &Coalition) -> usize {
        let made = |c: &Column| match (c.shown(coalition), &c.inside, &c.hide) {
            (Shown::Parts(_), Some(inside), _) => {
                inside.bytes() * if inside.varies() { self.fillers } else { 1 }
            }
            (_, _, Hide::Gaussian(_)) => 8 * self.fillers,
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
