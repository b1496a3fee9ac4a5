//! Table columns as one input: every number, category, boolean and date of a row side by side, then dense layers.
//!
//! ```text
//! row -> numbers[D]: scaled numbers, booleans and dates, each with a missing flag where training had missing cells
//!        category.i: an id a category column -> embedding[w_i]
//! x = [numbers; embeddings] -> (linear, relu, dropout) a hidden layer -> [N, W]
//! ```
//! A missing cell is zeros (the mean, no category) and its flag. A row is absent only if all its cells are missing.
//!
//! | file | what |
//! |---|---|
//! | `column` | one column: cell to numbers or to an id |
//! | `number` | scales of numbers |
//! | `category` | names to embedding rows |
//! | `date` | calendar and clock |
//! | `vector` | vectors made elsewhere |

mod category;
mod column;
mod date;
mod number;
mod vector;

use super::{BadCell, Encoder, EncoderSpec, Field, FitInput, Prepared, State, UnknownNames, network, params};
use crate::Result;
use column::{Cell, Column};
use number::Numbers;
pub(crate) use number::proportion;
use rayon::prelude::*;
use ronghe_data::{Kind, Modality, Table};
use ronghe_graph::{Builder, DType, Init, Op, Shape, ValueId};
use serde::{Deserialize, Serialize};
use std::ops::Range;

pub(super) static COLUMNS: EncoderSpec = EncoderSpec {
    name: "columns",
    modality: Modality::Tabular,
    summary: "numbers scaled, categories embedded, dates on the clock; dense layers",
    published: false,
    needs: &[],
    defaults: || params::object(&Params::default()),
    fit,
    load,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// How numbers are scaled.
    numbers: Numbers,
    /// Bins of a piecewise scale, at most.
    bins: usize,
    /// Cells that a category must have in training.
    min_count: usize,
    hidden: Vec<usize>,
    dropout: f64,
}

impl Default for Params {
    fn default() -> Params {
        Params { numbers: Numbers::Auto, bins: 64, min_count: 2, hidden: vec![128, 64], dropout: 0.1 }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Columns {
    params: Params,
    columns: Vec<Column>,
}

fn fit(input: &FitInput<'_>) -> Result<Box<dyn Encoder>> {
    let params: Params = params::parse(&COLUMNS, input.params)?;
    params::within(&COLUMNS, "bins", params.bins, 1..=1024)?;
    params::within(&COLUMNS, "min_count", params.min_count, 1..=1_000_000)?;
    params::layers(&COLUMNS, "hidden", &params.hidden, params.dropout)?;
    let fit = |i: usize| Column::fit(input.table, i, params.numbers, params.bins, params.min_count);
    let columns: Vec<Column> = (0..input.table.schema().columns.len()).into_par_iter().map(fit).collect();
    Ok(Box::new(Columns { params, columns }))
}

fn load(state: &State) -> Result<Box<dyn Encoder>> {
    Ok(Box::new(params::restore::<Columns>(&COLUMNS, state)?))
}

impl Columns {
    /// Width of the field of numbers.
    fn width(&self) -> usize {
        self.columns.iter().map(Column::width).sum()
    }
}

impl Encoder for Columns {
    fn spec(&self) -> &'static EncoderSpec {
        &COLUMNS
    }

    fn prepare(&self, table: &Table) -> Result<Prepared> {
        let found: Vec<(usize, Kind)> =
            self.columns.iter().map(|c| table.find(&c.name)).collect::<ronghe_data::Result<_>>()?;
        let (rows, width) = (table.rows(), self.width());
        let mut prepared = Prepared { present: vec![false; rows], ..Prepared::default() };
        let mut numbers = vec![0.0; rows * width];
        let mut start = 0;
        for (i, (column, &(at, kind))) in self.columns.iter().zip(&found).enumerate() {
            let mut ids = vec![0; if column.is_category() { rows } else { 0 }];
            for row in 0..rows {
                let cell = column.read(table, at, kind, row).unwrap_or_else(|error| {
                    prepared.bad.push(BadCell { row, message: error.to_string() });
                    Cell::Missing
                });
                prepared.present[row] |= cell != Cell::Missing;
                match ids.get_mut(row) {
                    Some(id) => *id = column.id(&cell),
                    None => {
                        let to = row * width + start;
                        column.write(&cell, &mut numbers[to..to + column.width()]);
                    }
                }
            }
            start += column.width();
            if column.is_category() {
                prepared.fields.insert(category(i), Field::Id { data: ids });
            }
        }
        prepared.bad.sort_by_key(|b| b.row);
        if self.columns.iter().any(Column::is_category) {
            prepared.fields.insert("ones".into(), Field::Dense { shape: vec![1], data: vec![1.0; rows] });
        }
        if width > 0 {
            prepared.fields.insert("numbers".into(), Field::Dense { shape: vec![width], data: numbers });
        }
        Ok(prepared)
    }

    fn build(&self, b: &mut Builder<'_>, _trunk: Option<ValueId>) -> Result<ValueId> {
        let mut parts = Vec::new();
        if self.width() > 0 {
            parts.push(b.input("numbers", &Shape::batch(&[self.width()]), DType::F32)?);
        }
        let mut ones = None;
        for (i, column) in self.columns.iter().enumerate() {
            let Some((rows, width)) = column.embedding() else { continue };
            let ids = b.input(&category(i), &Shape::batch(&[1]), DType::I32)?;
            let scales = match ones {
                Some(ones) => ones,
                None => *ones.insert(one_a_row(b)?),
            };
            let table = b.weight(&format!("{}.weight", category(i)), &[rows, width], Init::Normal(0.3))?;
            // A bag of one, because a bag takes id -1 for nothing at all.
            parts.push(b.op(Op::EmbeddingBag, &[ids, scales, table])?);
        }
        let x = if parts.len() == 1 { parts[0] } else { b.op(Op::Concat, &parts)? };
        network::dense(b, x, &self.params.hidden, self.params.dropout)
    }

    fn columns(&self, field: &str) -> Option<Vec<(String, Range<usize>)>> {
        let mut spans = Vec::new();
        let mut start = 0;
        for (i, column) in self.columns.iter().enumerate() {
            match column.embedding() {
                Some((_, width)) if category(i) == field => spans.push((column.name.clone(), 0..width)),
                None if field == "numbers" => {
                    spans.push((column.name.clone(), start..start + column.width()));
                }
                _ => {}
            }
            start += column.width();
        }
        Some(spans)
    }

    fn unknown_names(&self, table: &Table) -> Result<Vec<UnknownNames>> {
        let mut found = Vec::new();
        for column in self.columns.iter().filter(|c| c.is_category()) {
            let (at, kind) = table.find(&column.name)?;
            let mut unknown = UnknownNames { column: column.name.clone(), ..UnknownNames::default() };
            for row in 0..table.rows() {
                let cell = column.read(table, at, kind, row)?;
                if let (true, Cell::Name(name)) = (column.is_new(&cell), &cell) {
                    unknown.add(name);
                }
            }
            found.extend((unknown.cells > 0).then_some(unknown));
        }
        Ok(found)
    }

    fn state(&self) -> State {
        State { json: params::object(self), ..State::default() }
    }
}

/// `[N, 1]` of ones.
fn one_a_row(b: &mut Builder<'_>) -> Result<ValueId> {
    Ok(b.input("ones", &Shape::batch(&[1]), DType::F32)?)
}

/// Name of the ids of column `i`: columns may be called anything, names in a network may not.
fn category(i: usize) -> String {
    format!("category{i}")
}
