//! Vectors of texts by a sentence transformer of the table of encoders, without a table and without a store.

use crate::encode::{ENCODERS, Encoder, EncoderSpec, FitInput};
use crate::model::{Closeness, Part};
use crate::{Error, PartPrecision, PrecisionMode, Result};
use arrow_array::StringArray;
use ronghe_cpu::CpuExecutor;
use ronghe_data::{ColumnSchema, Kind, Modality, Schema, Table};
use ronghe_graph::passes::infer_optimise;
use ronghe_graph::{Builder, Feed, Mode, Weights};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Texts that pass the network at a time, at most.
const BATCH: usize = 32;
/// Tokens that do, padding counted: enough to keep the processor busy, and no more memory than that.
const BATCH_TOKENS: usize = 2048;
/// Tokens of a text that are read.
const MAX_TOKENS: usize = 448;
/// Before the names of the network's inputs.
const SCOPE: &str = "embed";
/// The one column of the tables that texts are put into.
const COLUMN: &str = "text";

/// A sentence transformer ready to compute vectors of length 1.
pub struct TextEmbedder {
    encoder: Box<dyn Encoder>,
    part: Mutex<Part>,
    weights: Weights,
    width: usize,
}

impl TextEmbedder {
    /// The encoder called `name` (of text, with a published network) over its published weights, which `files` finds by
    /// their names in the catalogue. `threads` as everywhere: 0 is all.
    pub fn open(
        name: &str,
        files: &dyn Fn(&str) -> Result<PathBuf>,
        threads: usize,
        precision: PrecisionMode,
    ) -> Result<TextEmbedder> {
        let fits = |spec: &&&EncoderSpec| {
            spec.modality == Modality::Text && spec.published && !spec.needs.is_empty()
        };
        let Some(spec) = ENCODERS.iter().filter(fits).find(|spec| spec.name == name) else {
            return Err(Error::UnknownName {
                place: "networks for vectors of texts".into(),
                what: "network",
                name: name.to_owned(),
                valid: ENCODERS.iter().filter(fits).map(|spec| spec.name.to_owned()).collect(),
            });
        };
        let mut params = (spec.defaults)();
        params["max_tokens"] = json!(MAX_TOKENS);
        // Whoever embeds says what stands before each text.
        params["prefix"] = json!("");
        let table = table(&[])?;
        let encoder = (spec.fit)(&FitInput { table: &table, params: &params, files, seed: 0 })?;
        let mut weights = Weights::new();
        if let Some(published) = encoder.pretrained()? {
            weights.absorb(SCOPE, published);
        }
        let mut b = Builder::new(&mut weights, Mode::Infer, 0);
        let vector = b.scoped(SCOPE, |b| encoder.trunk(b))?.ok_or_else(|| Error::Setting {
            place: "networks for vectors of texts".into(),
            setting: name.to_owned(),
            expected: "a published network".into(),
            found: "none".into(),
        })?;
        let width = b.width(vector)?;
        b.graph.set_output("vector", vector);
        let graph = b.finish();
        let (graph, weights) = infer_optimise(&graph, weights)?;
        let executor = CpuExecutor::new(threads);
        let part = Part::new(&executor, precision, &graph, &[graph.outputs()["vector"]], Closeness::ANGLES)?;
        Ok(TextEmbedder { encoder, part: Mutex::new(part), weights, width })
    }

    /// Numbers of a vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// What it computes in; with `auto`, known once it has computed a batch.
    pub fn precision(&self) -> PartPrecision {
        self.part.lock().unwrap_or_else(PoisonError::into_inner).precision(self.encoder.spec().name)
    }

    /// The vectors of `texts`, `[texts, width]`. Tokens beyond 448 are not looked at.
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<f32>> {
        let mut vectors = vec![0.0; texts.len() * self.width];
        let prepared = self.encoder.prepare(&table(texts)?)?;
        // Texts of like length side by side: a batch is as wide as its longest.
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&i| prepared.length(i));
        let mut part = self.part.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = order.as_slice();
        while !left.is_empty() {
            // The last of a batch is its longest.
            let fits = |n: &usize| n * prepared.length(left[n - 1]) <= BATCH_TOKENS;
            let count = (1..=left.len().min(BATCH)).take_while(fits).last().unwrap_or(1);
            let (batch, rest) = left.split_at(count);
            left = rest;
            let mut feed = Feed::default();
            prepared.feed(batch, SCOPE, &mut feed)?;
            let computed = part.run(&self.weights, &feed)?;
            for (&i, vector) in batch.iter().zip(computed.get(0).chunks_exact(self.width)) {
                vectors[i * self.width..][..self.width].copy_from_slice(vector);
            }
        }
        Ok(vectors)
    }
}

/// A table of one column of texts.
fn table(texts: &[&str]) -> Result<Table> {
    let column = ColumnSchema::new(COLUMN, Kind::Text);
    let schema = Arc::new(Schema { columns: vec![column] });
    let cells = Arc::new(StringArray::from_iter_values(texts));
    Ok(Table::new(schema, vec![cells], Path::new(COLUMN), Path::new(""), 1)?)
}
