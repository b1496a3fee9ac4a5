//! Predictions of rows that are put together from distinct cells.
//!
//! Of each input, what is distinct is encoded once: a cell, or several cells side by side where the input reads several
//! columns. Vectors of texts, pictures and sounds are remembered by what is in the cell, so that the next call of an
//! explanation encodes only what is new; those of columns cost less than finding them again. Only fusion and head run on all
//! rows.

use super::rows::absent;
use super::{BATCH, Encoded, Model};
use crate::{CellColumn, CellKey, Cells, InputInfo, Predictions, Result};
use arrow_array::ArrayRef;
use ronghe_data::{ColumnSchema, Modality, Schema, Table};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError};

/// Rows of numbers and categories encoded at a time.
const WIDE_BATCH: usize = 1024;

/// Numbers in the vectors that are remembered of one input: 32 MiB.
const MOST_NUMBERS: usize = 8 << 20;

/// Vectors of cells of one input.
#[derive(Default)]
pub(super) struct Memory {
    places: HashMap<CellKey, usize>,
    vectors: Vec<f32>,
    present: Vec<bool>,
}

/// What is distinct in one input of some rows.
struct Tuples {
    /// For each column of the input that there is, the cell of each tuple.
    picked: Vec<Vec<usize>>,
    /// The tuple of each row.
    of_row: Vec<usize>,
}

impl Model {
    /// Predictions of all rows.
    pub(super) fn predict_distinct(&self, cells: &Cells) -> Result<Predictions> {
        let inputs = 0..self.inputs.len();
        let encoded = inputs.map(|i| self.encode_cells(i, cells)).collect::<Result<Vec<_>>>()?;
        let mut out = self.nothing_yet();
        self.fuse(&encoded, cells.rows(), &mut out)?;
        self.link(&mut out);
        Ok(out.predictions)
    }

    fn encode_cells(&self, input: usize, cells: &Cells) -> Result<Encoded> {
        let info = &self.inputs[input];
        let columns: Vec<&CellColumn> = info.columns.iter().filter_map(|name| cells.find(name)).collect();
        let tuples = Tuples::of(&columns, cells.rows());
        let count = tuples.picked.first().map_or(1, Vec::len);
        let Some(keys) = tuples.keys(&columns).filter(|_| info.modality != Modality::Tabular) else {
            let fresh: Vec<usize> = (0..count).collect();
            let encoded = self.encode_tuples(input, &columns, &tuples, &fresh, WIDE_BATCH)?;
            return Ok(Encoded { of_row: tuples.of_row, ..encoded });
        };
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let memory = &mut memory[input];
        if memory.vectors.len() > MOST_NUMBERS {
            *memory = Memory::default();
        }
        let fresh: Vec<usize> = (0..count).filter(|&t| !memory.places.contains_key(&keys[t])).collect();
        let made = self.encode_tuples(input, &columns, &tuples, &fresh, BATCH)?;
        for (i, &tuple) in fresh.iter().enumerate() {
            memory.places.insert(keys[tuple], memory.present.len() + i);
        }
        memory.vectors.extend(made.vectors);
        memory.present.extend(made.present);
        let width = self.widths[input];
        let mut encoded = Encoded { of_row: tuples.of_row, ..Encoded::default() };
        for key in &keys {
            let at = memory.places[key];
            encoded.vectors.extend_from_slice(&memory.vectors[at * width..(at + 1) * width]);
            encoded.present.push(memory.present[at]);
        }
        Ok(encoded)
    }

    /// Vectors of the chosen tuples.
    fn encode_tuples(
        &self,
        input: usize,
        columns: &[&CellColumn],
        tuples: &Tuples,
        chosen: &[usize],
        batch: usize,
    ) -> Result<Encoded> {
        let mut encoded = Encoded::default();
        for some in chosen.chunks(batch) {
            let table = tuples.table(&self.inputs[input], columns, some)?;
            self.encode_batch(input, &table, some, &mut encoded)?;
        }
        Ok(encoded)
    }
}

impl Tuples {
    /// In the order in which they first occur.
    fn of(columns: &[&CellColumn], rows: usize) -> Tuples {
        let mut picked = vec![Vec::new(); columns.len()];
        let mut of_row = Vec::with_capacity(rows);
        match columns {
            [] => of_row.resize(rows, 0),
            [only] => {
                let mut places = vec![usize::MAX; only.cells().rows()];
                for &cell in only.rows() {
                    let place = &mut places[cell as usize];
                    if *place == usize::MAX {
                        *place = picked[0].len();
                        picked[0].push(cell as usize);
                    }
                    of_row.push(*place);
                }
            }
            _ => {
                let mut places: HashMap<Box<[u32]>, usize> = HashMap::new();
                let mut tuple = vec![0; columns.len()];
                for row in 0..rows {
                    columns.iter().zip(&mut tuple).for_each(|(c, cell)| *cell = c.rows()[row]);
                    let next = places.len();
                    let place = match places.get(tuple.as_slice()) {
                        Some(&place) => place,
                        None => {
                            places.insert(tuple.clone().into(), next);
                            picked.iter_mut().zip(&tuple).for_each(|(p, &cell)| p.push(cell as usize));
                            next
                        }
                    };
                    of_row.push(place);
                }
            }
        }
        Tuples { picked, of_row }
    }

    /// What tells the tuples apart; none where a column does not tell.
    fn keys(&self, columns: &[&CellColumn]) -> Option<Vec<CellKey>> {
        let keys = columns.iter().map(|c| c.keys()).collect::<Option<Vec<_>>>()?;
        let key = |tuple: usize| match (keys.as_slice(), self.picked.as_slice()) {
            ([only], [picked]) => only[picked[tuple]],
            _ => {
                let mut state = Sha256::new();
                keys.iter().zip(&self.picked).for_each(|(k, picked)| state.update(k[picked[tuple]]));
                state.finalize().into()
            }
        };
        Some((0..self.picked.first()?.len()).map(key).collect())
    }

    /// The cells of some tuples, as the input reads them.
    fn table(&self, input: &InputInfo, columns: &[&CellColumn], tuples: &[usize]) -> Result<Table> {
        let mut specs: Vec<ColumnSchema> = Vec::new();
        let mut cells: Vec<ArrayRef> = Vec::new();
        for name in &input.columns {
            let (spec, array) = match columns.iter().position(|c| c.name() == name) {
                Some(i) => {
                    let rows: Vec<usize> = tuples.iter().map(|&t| self.picked[i][t]).collect();
                    let from = columns[i].cells();
                    (from.schema().columns[0].clone(), from.take(&rows)?.column(0).clone())
                }
                None => absent(name, input.modality, tuples.len()),
            };
            specs.push(spec);
            cells.push(array);
        }
        let like = columns.first().map(|c| c.cells());
        let path = like.map_or(Path::new(""), |t| t.path());
        let base = like.map_or(Path::new(""), |t| t.base());
        let number = like.map_or(1, |t| t.row_number(0));
        Ok(Table::new(Arc::new(Schema { columns: specs }), cells, path, base, number)?)
    }
}
