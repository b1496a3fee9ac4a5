//! Vectors of published networks: what a trunk makes of the rows of a table, computed once and kept.
//!
//! ```text
//! row -> SHA-256 of its cells -> in the store? -> vector[W]
//!                             -> no: prepare -> trunk, as in prediction -> vector[W] -> into the store
//! ```
//! The store is one file a network: the key is a hash of the trunk's graph, of its weights and of what decides how cells
//! are prepared, so that nothing has to be told when any of them changes. Rows are found by content, wherever
//! they stand and whatever the table is called.

mod media;
mod store;
mod texts;

pub use media::{Files, pictures, sounds};
pub use texts::TextEmbedder;

use crate::encode::{BadCell, Encoder};
use crate::{Error, Result};
use rayon::prelude::*;
use ronghe_cpu::CpuExecutor;
use ronghe_data::Table;
use ronghe_graph::passes::infer_optimise;
use ronghe_graph::{Builder, Executor, Feed, Mode, Plan, Weights};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use store::{Digest, Store};

/// Rows prepared at a time: decoded pictures are in memory for these only.
const CHUNK: usize = 1024;

/// Rows that pass the trunk at a time.
const BATCH: usize = 32;

/// Vectors of some rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Embedded {
    /// Width of a vector.
    pub width: usize,
    /// Vectors `[rows, width]` in the order asked for; zero where the row has no such input.
    pub vectors: Vec<f32>,
    /// Whether each row has the input.
    pub present: Vec<bool>,
    /// Cells that could not be read, with positions in the order asked for; they count as missing.
    pub bad: Vec<BadCell>,
    /// How many rows were found in the store.
    pub kept: usize,
}

/// A trunk ready to compute vectors.
pub struct Embedder<'a> {
    encoder: &'a dyn Encoder,
    plan: Box<dyn Plan>,
    weights: Weights,
    width: usize,
    store: Option<Store>,
}

/// Before the names of the trunk's inputs.
const SCOPE: &str = "embed";

impl<'a> Embedder<'a> {
    /// The trunk of `encoder` with the weights that [`Encoder::pretrained`] gave; `None` for an encoder without one.
    /// Vectors are kept in the folder `keep`, if one is given.
    pub fn new(
        encoder: &'a dyn Encoder,
        pretrained: &Weights,
        executor: &CpuExecutor,
        keep: Option<&Path>,
    ) -> Result<Option<Embedder<'a>>> {
        let mut weights = Weights::new();
        weights.absorb(SCOPE, pretrained.clone());
        let mut b = Builder::new(&mut weights, Mode::Infer, 0);
        let Some(vector) = b.scoped(SCOPE, |b| encoder.trunk(b))? else { return Ok(None) };
        let width = b.width(vector)?;
        b.graph.set_output("vector", vector);
        let graph = b.finish();
        let store = keep.map(|folder| {
            let mut key = Sha256::new();
            key.update(format!("{:?}\n{}\n", graph, encoder.preparation()));
            for (name, param) in weights.iter().filter(|(name, _)| graph.weights().contains_key(*name)) {
                key.update(name);
                for block in param.tensor.as_f32().chunks(4096) {
                    key.update(block.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>());
                }
            }
            Store::new(folder, &key.finalize().into(), width)
        });
        let (graph, weights) = infer_optimise(&graph, weights)?;
        let plan = executor.compile(&graph, &[graph.outputs()["vector"]])?;
        Ok(Some(Embedder { encoder, plan, weights, width, store }))
    }

    /// Width of its vectors.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The vectors of `rows` of `table`, which has the encoder's columns. `progress` hears of rows done and rows in
    /// all, and may stop it; what was computed until then is in the store. What keeps the store from being read or
    /// written (a folder without the right, a full disk) is no error: `warn` is told, and the vectors are computed.
    pub fn embed(
        &mut self,
        table: &Table,
        rows: &[usize],
        warn: &mut dyn FnMut(&Error),
        progress: &mut dyn FnMut(usize, usize) -> Result<()>,
    ) -> Result<Embedded> {
        let mut out = Embedded {
            width: self.width,
            vectors: vec![0.0; rows.len() * self.width],
            present: vec![false; rows.len()],
            ..Embedded::default()
        };
        // A file that cannot be read is found again, and told, where cells are prepared.
        let digests: Vec<Option<Digest>> = match &self.store {
            Some(_) => rows.par_iter().map(|&row| table.row_hash(row).ok()).collect(),
            None => vec![None; rows.len()],
        };
        let mut known = vec![false; rows.len()];
        if let Some(store) = &mut self.store {
            let mut places: BTreeMap<Digest, Vec<usize>> = BTreeMap::new();
            for (place, digest) in digests.iter().enumerate().filter_map(|(i, d)| Some((i, (*d)?))) {
                places.entry(digest).or_default().push(place);
            }
            let read = store.read(&mut |digest, vector| {
                for &place in places.get(digest).into_iter().flatten() {
                    known[place] = true;
                    out.present[place] = true;
                    out.vectors[place * vector.len()..][..vector.len()].copy_from_slice(vector);
                }
            });
            if let Err(error) = read {
                warn(&error);
                self.store = None;
            }
        }
        let unknown: Vec<usize> = (0..rows.len()).filter(|&place| !known[place]).collect();
        out.kept = rows.len() - unknown.len();
        let mut done = out.kept;
        progress(done, rows.len())?;
        for places in unknown.chunks(CHUNK) {
            let chunk: Vec<usize> = places.iter().map(|&place| rows[place]).collect();
            let mut prepared = self.encoder.prepare(&table.take(&chunk)?)?;
            let bad = prepared.bad.drain(..);
            out.bad.extend(bad.map(|b| BadCell { row: places[b.row], ..b }));
            // Rows of like length side by side: a batch is as wide as its longest row.
            let mut order: Vec<usize> = (0..chunk.len()).filter(|&i| prepared.present[i]).collect();
            order.sort_by_key(|&i| prepared.length(i));
            done += chunk.len() - order.len();
            for batch in order.chunks(BATCH) {
                let mut feed = Feed::default();
                prepared.feed(batch, SCOPE, &mut feed)?;
                let computed = self.plan.run(&self.weights, &feed)?;
                let mut fresh = Vec::new();
                for (&i, vector) in batch.iter().zip(computed.get(0).chunks_exact(self.width)) {
                    let place = places[i];
                    out.present[place] = true;
                    out.vectors[place * self.width..][..self.width].copy_from_slice(vector);
                    fresh.extend(digests[place].map(|digest| (digest, vector)));
                }
                if let Some(Err(error)) = self.store.as_mut().map(|store| store.append(&fresh)) {
                    warn(&error);
                    self.store = None;
                }
                done += batch.len();
                progress(done, rows.len())?;
            }
        }
        Ok(out)
    }
}
