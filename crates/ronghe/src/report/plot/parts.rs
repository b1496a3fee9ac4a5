//! Columns of a row that were divided: their parts, and what these added.

use super::view::entry;
use crate::explain::{Explanation, Part};
use crate::report::{Content, ExplainedRow, Shown};
use ronghe_data::Modality;

/// A divided column.
#[derive(Debug)]
pub(in crate::report) struct Divided<'a> {
    /// Its cell.
    pub(in crate::report) shown: &'a Shown,
    /// The level of parts.
    pub(in crate::report) e: &'a Explanation,
    /// Its parts: position among the players, and which part.
    pub(in crate::report) members: Vec<(usize, &'a Part)>,
}

impl Divided<'_> {
    /// What a part added to an output.
    pub(in crate::report) fn phi(&self, member: usize, output: usize) -> f64 {
        entry(&self.e.attributions, self.members[member].0, output)
    }

    /// Its standard error.
    pub(in crate::report) fn error(&self, member: usize, output: usize) -> f64 {
        entry(&self.e.standard_error, self.members[member].0, output)
    }

    /// The largest size of what a part added to any of the outputs.
    pub(in crate::report) fn limit(&self, outputs: &[usize]) -> f64 {
        let sizes = (0..self.members.len()).flat_map(|m| outputs.iter().map(move |&k| self.phi(m, k).abs()));
        let most = sizes.fold(0.0, f64::max);
        if most > 0.0 { most } else { 1.0 }
    }
}

/// The divided columns of a row, in the order of its cells.
pub(in crate::report) fn divided(row: &ExplainedRow) -> Vec<Divided<'_>> {
    let Some(e) = &row.explanation.parts else { return Vec::new() };
    row.cells
        .iter()
        .filter_map(|shown| {
            let members: Vec<(usize, &Part)> = e
                .players
                .iter()
                .enumerate()
                .filter(|(_, p)| p.columns.first() == Some(&shown.column))
                .filter_map(|(i, p)| Some((i, p.part.as_ref()?)))
                .filter(|(_, part)| !matches!(part, Part::Rest { .. }))
                .collect();
            (!members.is_empty()).then_some(Divided { shown, e, members })
        })
        .collect()
}

/// Fewest pixels in columns that count as a picture.
const FEWEST_PIXELS: usize = 49;

/// Columns that are the pixels of a square picture: numbers, one name with a running number, as many as a square has.
/// Their values, and the first one's position among the columns.
pub(in crate::report) fn pixels(row: &ExplainedRow) -> Option<(usize, Vec<f64>)> {
    let fields = &row.explanation.fields;
    let start = fields.players.iter().position(|p| p.modality == Modality::Tabular)?;
    let players = &fields.players[start..];
    let side = (players.len() as f64).sqrt().round() as usize;
    if players.len() < FEWEST_PIXELS || side * side != players.len() || row.cells.len() < fields.players.len()
    {
        return None;
    }
    let digits = |name: &str| name.bytes().rev().take_while(u8::is_ascii_digit).count();
    let first = &players[0].name;
    let (stem, number) = first.split_at(first.len() - digits(first));
    let number: usize = number.parse().ok()?;
    let cells = row.cells.iter().filter(|c| c.modality == Modality::Tabular && c.content != Content::Missing);
    let mut values = Vec::with_capacity(players.len());
    for (i, (player, cell)) in players.iter().zip(cells).enumerate() {
        let rest = player.name.strip_prefix(stem)?;
        if rest.parse() != Ok(number + i) || cell.column != player.name {
            return None;
        }
        values.push(cell.number?);
    }
    (values.len() == players.len()).then_some((start, values))
}
