//! A fitted model: predicts, and nothing else.
//!
//! Cells of one input that are equal in several rows of a call are encoded once: explanations ask for thousands of
//! rows made of a few dozen different cells.

mod cells;
mod columns;
mod opening;
mod precision;
mod representation;
mod rows;
mod slopes;
mod table;

pub use columns::{Matched, Missing, match_columns};
pub use precision::{Difference, PartPrecision, PrecisionMode};
pub use table::Output;

use crate::config::ModelConfig;
use crate::encode::Encoder;
use crate::network::{InputPart, Network, Trunk};
use crate::opening::Opening;
use crate::slopes::Slopes;
use crate::{
    Cells, InputInfo, Predictions, Predictor, Representations, Result, Task, TaskKind, UnknownNames, encode,
    fuse, head,
};
use cells::Memory;
pub(crate) use precision::{Closeness, Part};
use ronghe_cpu::CpuExecutor;
use ronghe_data::Table;
use ronghe_graph::passes::{fold_batch_norm, fuse_activations, subgraph};
use ronghe_graph::{Feed, Graph, Mode, Tensor, ValueId, Weights};
use rows::{Distinct, distinct};
use std::sync::{Mutex, PoisonError};

/// Everything that makes a model: what is saved and loaded.
pub struct ModelParts {
    /// The resolved configuration.
    pub config: ModelConfig,
    /// What is predicted.
    pub task: Task,
    /// Fitted encoders, in the order of the configuration's inputs.
    pub encoders: Vec<Box<dyn Encoder>>,
    /// All weights.
    pub weights: Weights,
    /// Logits are divided by this.
    pub temperature: f64,
}

/// A model ready to predict.
pub struct Model {
    config: ModelConfig,
    task: Task,
    inputs: Vec<InputInfo>,
    encoders: Vec<Box<dyn Encoder>>,
    temperature: f64,
    weights: Weights,
    /// The whole network over these weights.
    graph: Graph,
    executor: CpuExecutor,
    plans: Mutex<Plans>,
    /// Vectors of cells of each input.
    memory: Mutex<Vec<Memory>>,
    widths: Vec<usize>,
    has_fusion_weights: bool,
    /// From the inputs' vectors to the representation.
    fused: Graph,
}

struct Plans {
    encoders: Vec<Part>,
    fuse: Part,
}

/// Predictions with what led to them.
#[derive(Debug, Clone, PartialEq)]
pub struct Detailed {
    /// The predictions.
    pub predictions: Predictions,
    /// Logits `[rows, K]`, before calibration.
    pub logits: Vec<f32>,
    /// Weight of each input `[rows, inputs]`, where the fusion has one to read.
    pub fusion_weights: Option<Vec<f32>>,
    /// Cells that could not be read and counted as missing, with row numbers within the table.
    pub bad: Vec<(usize, String)>,
}

/// Rows whose cells are compared with each other; bounds the memory for their vectors.
const WINDOW: usize = 16_384;

/// Rows encoded at a time.
const BATCH: usize = 32;

/// Rows fused at a time: vectors are small.
const FUSE_BATCH: usize = 512;

impl Model {
    /// Compiles a model in f32 for `threads` threads (0 = all cores).
    pub fn new(parts: ModelParts, threads: usize) -> Result<Model> {
        Model::with_precision(parts, threads, PrecisionMode::F32)
    }

    /// Compiles a model for `threads` threads (0 = all cores) in the precision asked for.
    pub fn with_precision(parts: ModelParts, threads: usize, mode: PrecisionMode) -> Result<Model> {
        let ModelParts { config, task, encoders, mut weights, temperature } = parts;
        let names: Vec<&str> = config.inputs.iter().map(|i| i.name.as_str()).collect();
        let whole: Vec<(&dyn Encoder, Trunk)> = encoders.iter().map(|e| (e.as_ref(), Trunk::Part)).collect();
        let mut network = network(&config, &task, &whole, &mut weights, Mode::Infer, None)?;
        let vectors: Vec<String> = names.iter().map(|n| format!("vector.{n}")).collect();
        for (name, &vector) in vectors.iter().zip(&network.vectors) {
            network.graph.set_output(name, vector);
        }
        network.graph.set_output("logits", network.logits);
        network.graph.set_output(representation::OUTPUT, network.representation);
        if let Some(shares) = network.fusion_weights {
            network.graph.set_output("fusion_weights", shares);
        }
        let widths =
            network.vectors.iter().map(|&v| network.graph.value(v).shape.last().unwrap_or(0)).collect();
        // Activations stay apart in what is kept: the gradient of a fused one is not known.
        let (folded, weights) = fold_batch_norm(&network.graph, weights)?;
        let graph = fuse_activations(&folded)?;
        let at: Vec<ValueId> = vectors.iter().map(|n| graph.outputs()[n]).collect();
        let executor = CpuExecutor::new(threads);
        let plans = at
            .iter()
            .map(|&v| Part::new(&executor, mode, &graph, &[v], Closeness::FEATURES))
            .collect::<Result<Vec<_>>>()?;
        let outputs: Vec<(&str, ValueId)> = ["logits", "fusion_weights"]
            .into_iter()
            .filter_map(|n| Some((n, *graph.outputs().get(n)?)))
            .collect();
        let cuts: Vec<(ValueId, &str)> = at.iter().copied().zip(vectors.iter().map(String::as_str)).collect();
        let fusion = subgraph(&graph, &outputs, &cuts)?;
        let at = graph.outputs()[representation::OUTPUT];
        let fused = subgraph(&graph, &[(representation::OUTPUT, at)], &cuts)?;
        let wanted: Vec<ValueId> = outputs.iter().map(|(n, _)| fusion.outputs()[*n]).collect();
        let plans = Plans {
            encoders: plans,
            fuse: Part::new(&executor, mode, &fusion, &wanted, Closeness::FEATURES)?,
        };
        let inputs = config
            .inputs
            .iter()
            .zip(&encoders)
            .map(|(i, e)| InputInfo {
                name: i.name.clone(),
                modality: e.spec().modality,
                columns: i.columns.clone(),
            })
            .collect();
        let has_fusion_weights = network.fusion_weights.is_some();
        let plans = Mutex::new(plans);
        let memory = Mutex::new(encoders.iter().map(|_| Memory::default()).collect());
        Ok(Model {
            config,
            task,
            inputs,
            encoders,
            temperature,
            weights,
            graph: folded,
            executor,
            plans,
            memory,
            widths,
            has_fusion_weights,
            fused,
        })
    }

    /// The resolved configuration.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// What each part computes in; with [`PrecisionMode::Auto`], what its first batch spoke for.
    pub fn precision(&self) -> Vec<PartPrecision> {
        let plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let encoders =
            self.inputs.iter().zip(&plans.encoders).map(|(input, part)| part.precision(&input.name));
        encoders.chain([plans.fuse.precision("fusion")]).collect()
    }

    /// The columns of `table` that hold names which training did not have, in the order of the inputs.
    pub fn unknown_names(&self, table: &Table) -> Result<Vec<UnknownNames>> {
        let mut found = Vec::new();
        for (input, encoder) in self.inputs.iter().zip(&self.encoders) {
            found.extend(encoder.unknown_names(&rows::columns(table, input)?)?);
        }
        Ok(found)
    }

    /// Predictions with logits and fusion weights. Columns that the table lacks count as missing.
    pub fn predict_detailed(&self, table: &Table) -> Result<Detailed> {
        let mut out = self.nothing_yet();
        let tables = self.inputs.iter().map(|i| rows::columns(table, i)).collect::<Result<Vec<_>>>()?;
        for start in (0..table.rows()).step_by(WINDOW) {
            let len = WINDOW.min(table.rows() - start);
            let encoded = tables
                .iter()
                .enumerate()
                .map(|(i, t)| self.encode(i, &t.slice(start, len)))
                .collect::<Result<Vec<_>>>()?;
            for part in &encoded {
                out.bad.extend(part.bad.iter().map(|(row, message)| (row + start, message.clone())));
            }
            self.fuse(&encoded, len, &mut out)?;
        }
        out.bad.sort();
        self.link(&mut out);
        Ok(out)
    }

    fn nothing_yet(&self) -> Detailed {
        Detailed {
            predictions: Predictions {
                kind: self.task.kind,
                values: Vec::new(),
                width: if self.task.kind == TaskKind::Regression { 1 } else { self.task.labels.len() },
            },
            logits: Vec::new(),
            fusion_weights: self.has_fusion_weights.then(Vec::new),
            bad: Vec::new(),
        }
    }

    /// Fills in the predictions that the logits say.
    fn link(&self, out: &mut Detailed) {
        let head = head::find(self.task.kind);
        for logits in out.logits.chunks_exact(self.task.width()) {
            out.predictions.values.extend(head.predict(&self.task, logits, self.temperature));
        }
    }

    /// Vectors of the distinct cells of one input.
    fn encode(&self, input: usize, table: &Table) -> Result<Encoded> {
        let Distinct { first, of_row } = distinct(table);
        let mut encoded = Encoded { of_row, ..Encoded::default() };
        for rows in first.chunks(BATCH) {
            self.encode_batch(input, &table.take(rows)?, rows, &mut encoded)?;
        }
        Ok(encoded)
    }

    /// Appends the vectors of a batch, whose rows have these numbers in messages.
    fn encode_batch(&self, input: usize, batch: &Table, rows: &[usize], encoded: &mut Encoded) -> Result<()> {
        let prepared = self.encoders[input].prepare(batch)?;
        let mut feed = Feed::default();
        let prefix = format!("encode.{}", self.inputs[input].name);
        prepared.feed(&(0..rows.len()).collect::<Vec<_>>(), &prefix, &mut feed)?;
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let out = plans.encoders[input].run(&self.weights, &feed)?;
        encoded.vectors.extend_from_slice(out.get(0));
        encoded.present.extend_from_slice(&prepared.present);
        encoded.bad.extend(prepared.bad.into_iter().map(|b| (rows[b.row], b.message)));
        Ok(())
    }

    fn fuse(&self, encoded: &[Encoded], rows: usize, out: &mut Detailed) -> Result<()> {
        for start in (0..rows).step_by(FUSE_BATCH) {
            let feed = self.vectors(encoded, start, FUSE_BATCH.min(rows - start))?;
            let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
            let computed = plans.fuse.run(&self.weights, &feed)?;
            out.logits.extend_from_slice(computed.get(0));
            if let Some(shares) = &mut out.fusion_weights {
                shares.extend_from_slice(computed.get(1));
            }
        }
        Ok(())
    }

    /// What `n` rows feed into the fusion.
    fn vectors(&self, encoded: &[Encoded], start: usize, n: usize) -> Result<Feed> {
        let mut feed = Feed::default();
        for ((info, part), &width) in self.inputs.iter().zip(encoded).zip(&self.widths) {
            let at = &part.of_row[start..start + n];
            let mut vectors = Vec::with_capacity(n * width);
            at.iter().for_each(|&u| vectors.extend_from_slice(&part.vectors[u * width..(u + 1) * width]));
            let present = at.iter().map(|&u| f32::from(u8::from(part.present[u]))).collect();
            feed.inputs.insert(format!("vector.{}", info.name), Tensor::f32(&[n, width], vectors)?);
            feed.inputs.insert(format!("present.{}", info.name), Tensor::f32(&[n], present)?);
        }
        Ok(feed)
    }
}

/// Vectors of one input's distinct cells.
#[derive(Default)]
struct Encoded {
    of_row: Vec<usize>,
    vectors: Vec<f32>,
    present: Vec<bool>,
    bad: Vec<(usize, String)>,
}

impl Predictor for Model {
    fn task(&self) -> &Task {
        &self.task
    }

    fn inputs(&self) -> &[InputInfo] {
        &self.inputs
    }

    fn predict(&self, table: &Table) -> Result<Predictions> {
        Ok(self.predict_detailed(table)?.predictions)
    }

    fn opening(&self) -> Result<Option<Box<dyn Opening + '_>>> {
        self.dense_opening()
    }

    fn slopes(&self) -> Result<Option<Box<dyn Slopes + '_>>> {
        self.network_slopes()
    }

    fn representations(&self, table: &Table) -> Result<Option<Representations>> {
        self.represent(table).map(Some)
    }

    fn predict_cells(&self, cells: &Cells) -> Result<Predictions> {
        self.predict_distinct(cells)
    }
}

/// The network of a configuration, with a loss for training.
pub(crate) fn network(
    config: &ModelConfig,
    task: &Task,
    encoders: &[(&dyn Encoder, Trunk)],
    weights: &mut Weights,
    mode: Mode,
    loss: Option<head::Loss>,
) -> Result<Network> {
    let parts: Vec<InputPart<'_>> = config
        .inputs
        .iter()
        .zip(encoders)
        .map(|(input, &(encoder, trunk))| InputPart { name: &input.name, encoder, trunk })
        .collect();
    let fusion = fuse::find(&config.fusion.kind, "configuration")?;
    let params = serde_json::Value::Object(config.fusion.params.clone());
    Network::build(&parts, (fusion, &params), task, loss, weights, mode, config.seed)
}

/// Restores the encoders of a configuration from their saved states.
pub(crate) fn load_encoders(config: &ModelConfig, states: &[encode::State]) -> Result<Vec<Box<dyn Encoder>>> {
    config
        .inputs
        .iter()
        .zip(states)
        .map(|(input, state)| {
            let modality = input.modality.unwrap_or(ronghe_data::Modality::Tabular);
            (encode::find(&input.encoder.kind, modality, "configuration")?.load)(state)
        })
        .collect()
}
