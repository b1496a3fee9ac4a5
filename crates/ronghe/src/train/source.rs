//! Rows of all inputs: prepared cells, kept in memory where they fit, else prepared batch by batch; and vectors of
//! published networks that training leaves as they are.

use crate::embed::{Embedded, Embedder};
use crate::encode::{Encoder, Prepared};
use crate::network::Trunk;
use crate::{Error, Result};
use ronghe_data::{Modality, Table};
use ronghe_graph::{Feed, SplitMix, Tensor};
use std::collections::BTreeSet;

/// Prepared rows above this many bytes an input are not kept.
const KEEP_BYTES: usize = 2 << 30;

/// The same for table columns, which are prepared again in less time than their step takes, and take many times the memory of
/// their cells.
const KEEP_COLUMNS: usize = 64 << 20;

/// Rows prepared at a time, so that decoded pictures never fill the memory.
const CHUNK: usize = 256;

/// One input of the model being trained.
pub(super) struct Input {
    pub(super) name: String,
    pub(super) table: Table,
    pub(super) encoder: Box<dyn Encoder>,
    cells: Option<Rows<Prepared>>,
    vectors: Option<Rows<Embedded>>,
}

/// Something about chosen rows of the table.
struct Rows<T> {
    of: T,
    /// Where each row of the table stands in it; [`NOWHERE`] if it does not.
    place: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;

impl<T> Rows<T> {
    fn new(of: T, rows: &[usize], all: usize) -> Rows<T> {
        let mut place = vec![NOWHERE; all];
        rows.iter().enumerate().for_each(|(i, &row)| place[row] = i as u32);
        Rows { of, place }
    }

    /// Places of `rows`, if it has all of them.
    fn places(&self, rows: &[usize]) -> Option<Vec<usize>> {
        rows.iter().map(|&row| Some(self.place[row]).filter(|&p| p != NOWHERE).map(|p| p as usize)).collect()
    }
}

/// All inputs of all rows.
pub(super) struct Source {
    pub(super) inputs: Vec<Input>,
    /// Whether each row has each input, `[input][row]`; known of rows that were read.
    present: Vec<Vec<bool>>,
    /// Rows with a cell that cannot be read, with what is wrong.
    pub(super) bad: BTreeSet<(usize, String)>,
}

impl Source {
    /// `inputs` are name, its columns of all rows, and fitted encoder. Nothing is read yet.
    pub(super) fn new(inputs: Vec<(String, Table, Box<dyn Encoder>)>) -> Source {
        let present = inputs.iter().map(|(_, table, _)| vec![false; table.rows()]).collect();
        let inputs = inputs
            .into_iter()
            .map(|(name, table, encoder)| Input { name, table, encoder, cells: None, vectors: None })
            .collect();
        Source { inputs, present, bad: BTreeSet::new() }
    }

    /// Prepares the cells of `rows` of an input, so that a bad one is known before training starts; what fits in memory
    /// is kept.
    pub(super) fn read(
        &mut self,
        input: usize,
        rows: &[usize],
        progress: &mut dyn FnMut(usize, usize) -> Result<()>,
    ) -> Result<()> {
        let Input { table, encoder, cells, .. } = &mut self.inputs[input];
        let (mut kept, mut bytes) = (Some(Prepared::default()), 0);
        let most = if encoder.spec().modality == Modality::Tabular { KEEP_COLUMNS } else { KEEP_BYTES };
        for (start, chunk) in rows.chunks(CHUNK).enumerate().map(|(i, c)| (i * CHUNK, c)) {
            let mut part = encoder.prepare(&table.take(chunk)?)?;
            for (&row, &present) in chunk.iter().zip(&part.present) {
                self.present[input][row] = present;
            }
            self.bad.extend(part.bad.drain(..).map(|b| (chunk[b.row], b.message)));
            bytes += part.bytes();
            kept = kept.and_then(|mut all| {
                all.append(part);
                (bytes / all.rows() * rows.len() <= most).then_some(all)
            });
            progress(start + chunk.len(), rows.len())?;
        }
        *cells = kept.map(|kept| Rows::new(kept, rows, table.rows()));
        Ok(())
    }

    /// Takes the vectors that an input's published network makes of `rows`. Returns how many were found on disk.
    pub(super) fn take_vectors(&mut self, input: usize, rows: &[usize], embedded: Embedded) -> usize {
        for (&row, &present) in rows.iter().zip(&embedded.present) {
            self.present[input][row] = present;
        }
        self.bad.extend(embedded.bad.iter().map(|b| (rows[b.row], b.message.clone())));
        let kept = embedded.kept;
        let Input { table, vectors, .. } = &mut self.inputs[input];
        *vectors = Some(Rows::new(embedded, rows, table.rows()));
        kept
    }

    /// Vectors of an input that stay as they are.
    pub(super) fn forget_vectors(&mut self, input: usize) {
        self.inputs[input].vectors = None;
    }

    /// Width of the kept vectors of an input, if there are such of all `rows`.
    pub(super) fn width(&self, input: usize, rows: &[usize]) -> Option<usize> {
        let vectors = self.inputs[input].vectors.as_ref()?;
        vectors.places(rows).map(|_| vectors.of.width)
    }

    /// Feeds what `wanted` names (inputs of a graph) of `rows`: a published network's vectors as `encode.x.trunk`, else
    /// the fields of the prepared cells. With `augment`, the seed of a training step, inputs whose encoder does so are
    /// changed at random before; each has a stream of its own.
    pub(super) fn feed(
        &self,
        rows: &[usize],
        wanted: &BTreeSet<String>,
        augment: Option<u64>,
        feed: &mut Feed,
    ) -> Result<()> {
        for input in &self.inputs {
            let prefix = format!("encode.{}", input.name);
            let (dotted, trunk) = (format!("{prefix}."), format!("{prefix}.trunk"));
            if let Some(vectors) = input.vectors.as_ref().filter(|_| wanted.contains(&trunk)) {
                let Some(places) = vectors.places(rows) else { continue };
                let width = vectors.of.width;
                let data =
                    places.iter().flat_map(|&p| &vectors.of.vectors[p * width..][..width]).copied().collect();
                feed.inputs.insert(trunk, Tensor::f32(&[rows.len(), width], data)?);
                continue;
            }
            if !wanted.iter().any(|w| w.starts_with(&dotted)) {
                continue;
            }
            let augment = augment.filter(|_| input.encoder.augments());
            let kept = input.cells.as_ref().and_then(|cells| Some((&cells.of, cells.places(rows)?)));
            let mut batch = match kept {
                Some((kept, places)) if augment.is_none() => {
                    kept.feed(&places, &prefix, feed)?;
                    continue;
                }
                Some((kept, places)) => kept.take(&places),
                None => input.encoder.prepare(&input.table.take(rows)?)?,
            };
            if let Some(seed) = augment {
                let mut stream = SplitMix::named(seed, &format!("augment/{}", input.name));
                input.encoder.augment(&mut batch, &mut stream);
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

    /// The fitted encoders, in order, each with the form of its trunk.
    pub(super) fn encoders(&self, trunks: &[Trunk]) -> Vec<(&dyn Encoder, Trunk)> {
        self.inputs.iter().map(|i| i.encoder.as_ref()).zip(trunks.iter().copied()).collect()
    }

    /// Whether the rows of a step take work before they are a feed: then they are made beside the step before.
    pub(super) fn is_slow(&self, wanted: &BTreeSet<String>) -> bool {
        self.inputs.iter().any(|input| {
            let dotted = format!("encode.{}.", input.name);
            let cells = wanted.iter().any(|w| w.starts_with(&dotted) && !w.ends_with(".trunk"));
            cells && (input.cells.is_none() || input.encoder.augments())
        })
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

    /// An input's trunk, ready to compute vectors.
    pub(super) fn embedder<'a>(
        &'a self,
        input: usize,
        published: &ronghe_graph::Weights,
        executor: &ronghe_cpu::CpuExecutor,
        keep: Option<&std::path::Path>,
    ) -> Result<Option<Embedder<'a>>> {
        Embedder::new(self.inputs[input].encoder.as_ref(), published, executor, keep)
    }
}
