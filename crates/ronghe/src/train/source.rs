//! Rows of all inputs, kept in memory where they fit, else prepared batch by batch.

use crate::encode::{Encoder, Prepared};
use crate::{Error, Result};
use ronghe_data::Table;
use ronghe_graph::{Feed, SplitMix, Tensor};
use std::collections::BTreeSet;

/// Prepared rows above this many bytes an input are not kept.
const KEEP_BYTES: usize = 2 << 30;

/// Rows prepared at a time, so that decoded pictures never fill the memory.
const CHUNK: usize = 256;

/// One input of the model being trained.
pub(super) struct Input {
    pub(super) name: String,
    pub(super) table: Table,
    pub(super) encoder: Box<dyn Encoder>,
    kept: Option<Prepared>,
}

/// All inputs of all rows.
pub(super) struct Source {
    pub(super) inputs: Vec<Input>,
    /// Whether each row has each input, `[input][row]`.
    present: Vec<Vec<bool>>,
    /// Rows with a cell that cannot be read, with what is wrong.
    pub(super) bad: Vec<(usize, String)>,
}

impl Source {
    /// `inputs` are name, its columns of all rows, and fitted encoder. Each cell is read once here, so that a bad one
    /// is known before training starts; what fits in memory is kept.
    pub(super) fn new(
        inputs: Vec<(String, Table, Box<dyn Encoder>)>,
        mut progress: impl FnMut(&str, usize, usize),
    ) -> Result<Source> {
        let mut source = Source { inputs: Vec::new(), present: Vec::new(), bad: Vec::new() };
        for (name, table, encoder) in inputs {
            let rows = table.rows();
            let mut kept = Some(Prepared::default());
            let mut present = Vec::with_capacity(rows);
            for start in (0..rows).step_by(CHUNK) {
                let mut part = encoder.prepare(&table.slice(start, CHUNK.min(rows - start)))?;
                present.extend_from_slice(&part.present);
                source.bad.extend(part.bad.drain(..).map(|b| (b.row + start, b.message)));
                kept = kept.and_then(|mut all| {
                    all.append(part);
                    (all.bytes() / all.rows() * rows <= KEEP_BYTES).then_some(all)
                });
                progress(&name, (start + CHUNK).min(rows), rows);
            }
            source.present.push(present);
            source.inputs.push(Input { name, table, encoder, kept });
        }
        source.bad.sort();
        Ok(source)
    }

    /// Feeds the fields that `wanted` names (inputs of a graph) for `rows`. With `augment`, the seed of a training step,
    /// inputs whose encoder does so are changed at random before; each has a stream of its own.
    pub(super) fn feed(
        &self,
        rows: &[usize],
        wanted: &BTreeSet<String>,
        augment: Option<u64>,
        feed: &mut Feed,
    ) -> Result<()> {
        for input in &self.inputs {
            let prefix = format!("encode.{}", input.name);
            let dotted = format!("{prefix}.");
            if !wanted.iter().any(|w| w.starts_with(&dotted)) {
                continue;
            }
            let augment = augment.filter(|_| input.encoder.augments());
            let mut batch = match &input.kept {
                Some(kept) if augment.is_none() => {
                    kept.feed(rows, &prefix, feed)?;
                    continue;
                }
                Some(kept) => kept.take(rows),
                None => input.encoder.prepare(&input.table.take(rows)?)?,
            };
            if let Some(seed) = augment {
                input
                    .encoder
                    .augment(&mut batch, &mut SplitMix::named(seed, &format!("augment/{}", input.name)));
            }
            batch.feed(&(0..rows.len()).collect::<Vec<_>>(), &prefix, feed)?;
        }
        Ok(())
    }

    /// Feeds which inputs each row has. With `hide` = (chance, stream), inputs are hidden at random, but never the
    /// last one that a row has.
    pub(super) fn feed_present(
        &self,
        rows: &[usize],
        mut hide: Option<(f32, &mut SplitMix)>,
        feed: &mut Feed,
    ) -> Result<()> {
        let mut columns = vec![Vec::with_capacity(rows.len()); self.inputs.len()];
        for &row in rows {
            let mut left = self.present.iter().filter(|p| p[row]).count();
            for (column, present) in columns.iter_mut().zip(&self.present) {
                let mut here = present[row];
                if let Some((chance, stream)) = &mut hide {
                    let hidden = stream.unit() < *chance;
                    if here && hidden && left > 1 {
                        here = false;
                        left -= 1;
                    }
                }
                column.push(f32::from(u8::from(here)));
            }
        }
        for (input, column) in self.inputs.iter().zip(columns) {
            feed.inputs.insert(format!("present.{}", input.name), Tensor::f32(&[rows.len()], column)?);
        }
        Ok(())
    }

    /// The fitted encoders, in order.
    pub(super) fn encoders(&self) -> Vec<&dyn Encoder> {
        self.inputs.iter().map(|i| i.encoder.as_ref()).collect()
    }

    /// Entries of a row's ragged fields in all kept inputs: what decides how wide a batch with it becomes.
    pub(super) fn length(&self, row: usize) -> usize {
        self.inputs.iter().filter_map(|i| i.kept.as_ref()).map(|kept| kept.length(row)).sum()
    }

    /// Number of rows of the whole table.
    pub(super) fn rows(&self) -> usize {
        self.present.first().map_or(0, Vec::len)
    }

    /// Forgets kept rows of inputs that no graph in `wanted` reads any more.
    pub(super) fn forget(&mut self, wanted: &BTreeSet<String>) {
        for input in &mut self.inputs {
            let dotted = format!("encode.{}.", input.name);
            if !wanted.iter().any(|w| w.starts_with(&dotted)) {
                input.kept = None;
            }
        }
    }

    /// The first bad cell as an error.
    pub(super) fn first_bad(&self) -> Option<Error> {
        let (row, message) = self.bad.first()?;
        let table = &self.inputs.first()?.table;
        Some(Error::BadCells {
            path: table.path().to_owned(),
            row: table.row_number(*row),
            count: self.bad.len(),
            first: message.clone(),
        })
    }
}
