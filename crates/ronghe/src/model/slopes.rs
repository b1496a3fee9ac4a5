//! The slopes of a model: its predictions' derivatives with respect to what its cells are after preparation.
//!
//! The network is cut where floats enter it (pixels, spectrograms, scaled numbers) and behind its embeddings (of categories, of
//! the words of a bag); what lies above is run forward and, from one prediction a row, backward. Tokens of a transformer are
//! refused: texts of different lengths have nothing between them.

use super::Model;
use super::opening::linked;
use crate::encode::Field;
use crate::slopes::{Features, Pixels, Place, Slopes};
use crate::{Error, Result, TaskKind};
use ronghe_data::{Modality, Table};
use ronghe_graph::passes::subgraph;
use ronghe_graph::{DType, Executor, Feed, Graph, Node, Op, Plan, Shape, Tensor, ValueId, pullback};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Features that go through the network at a time, and rows of them.
const NUMBERS: usize = 1 << 20;
const ROWS: usize = 256;
/// Rows whose cells are prepared at a time.
const PREPARED: usize = 256;

struct ModelSlopes<'a> {
    model: &'a Model,
    blocks: Vec<Block>,
    places: Vec<Place>,
    width: usize,
    /// From cells to what the embeddings make of them, in the order of the blocks that are such.
    lower: Option<Mutex<Box<dyn Plan>>>,
    upper: Mutex<Box<dyn Plan>>,
    /// Which output of `upper` is the slope of each block; none where predictions do not depend on it.
    slopes: Vec<Option<usize>>,
}

/// One input of the upper network.
struct Block {
    /// Number of the model's input.
    input: usize,
    /// Field of what is prepared: it, or the ids of its embedding.
    field: String,
    /// Shape of a row.
    shape: Vec<usize>,
    features: Range<usize>,
    /// Where the whole network is cut, and whether an embedding is below.
    cut: ValueId,
    embedded: bool,
}

impl Block {
    fn name(at: usize) -> String {
        format!("features.{at}")
    }
}

impl Model {
    /// What gradients are taken of, see [`Slopes`].
    pub(super) fn network_slopes(&self) -> Result<Option<Box<dyn Slopes + '_>>> {
        Ok(Some(Box::new(ModelSlopes::new(self)?)))
    }

    fn outputs(&self) -> usize {
        self.task.labels.len()
    }
}

impl<'a> ModelSlopes<'a> {
    fn new(model: &'a Model) -> Result<ModelSlopes<'a>> {
        let mut graph = model.graph.clone();
        let blocks = blocks(model, &graph)?;
        let places = places(model, &blocks)?;
        let width = blocks.last().map_or(0, |b| b.features.end);
        let logits = graph.outputs()["logits"];
        let out = linked(&mut graph, logits, model)?;
        let embedded: Vec<ValueId> = blocks.iter().filter(|b| b.embedded).map(|b| b.cut).collect();
        let lower = match embedded.is_empty() {
            true => None,
            false => Some(Mutex::new(model.executor.compile(&graph, &embedded)?)),
        };
        let names: Vec<String> = (0..blocks.len()).map(Block::name).collect();
        let cuts: Vec<(ValueId, &str)> =
            blocks.iter().zip(&names).map(|(b, name)| (b.cut, name.as_str())).collect();
        let mut upper = subgraph(&graph, &[("out", out)], &cuts)?;
        let known = |name: &str| names.iter().any(|n| n == name) || name.starts_with("present.");
        if let Some(other) = upper.inputs().keys().find(|name| !known(name)) {
            let input = other.split('.').nth(1).unwrap_or(other);
            return Err(refused(input, "features alone", format!("`{other}` beside them")));
        }
        let out = upper.outputs()["out"];
        let seed = upper.input("seed", &upper.value(out).shape.clone(), DType::F32)?;
        let wrt: Vec<ValueId> = names.iter().map(|name| upper.inputs()[name]).collect();
        let found = pullback(&mut upper, out, seed, &wrt)?;
        let mut wanted = vec![out];
        let mut place = |slope: Option<ValueId>| {
            slope.map(|slope| {
                wanted.push(slope);
                wanted.len() - 1
            })
        };
        let slopes = found.into_iter().map(&mut place).collect();
        let upper = Mutex::new(model.executor.compile(&upper, &wanted)?);
        Ok(ModelSlopes { model, blocks, places, width, lower, upper, slopes })
    }

    /// Appends the features of prepared rows.
    fn prepare(&self, rows: &Table, found: &mut Features) -> Result<()> {
        let all: Vec<usize> = (0..rows.rows()).collect();
        let start = found.values.len();
        found.values.resize(start + all.len() * self.width, 0.0);
        found.present.resize(found.present.len() + all.len(), Vec::new());
        let first = found.present.len() - all.len();
        let mut feed = Feed::default();
        let mut put = |block: &Block, values: &[f32]| {
            let size = block.features.len();
            for (row, values) in values.chunks_exact(size.max(1)).enumerate() {
                let at = start + row * self.width + block.features.start;
                found.values[at..at + size].copy_from_slice(values);
            }
        };
        for (i, (info, encoder)) in self.model.inputs.iter().zip(&self.model.encoders).enumerate() {
            let prepared = encoder.prepare(&super::rows::columns(rows, info)?)?;
            if let Some(bad) = prepared.bad.first() {
                return Err(refused(&info.name, "cells that can be read", bad.message.clone()));
            }
            prepared.feed(&all, &format!("encode.{}", info.name), &mut feed)?;
            for (present, &has) in found.present[first..].iter_mut().zip(&prepared.present) {
                present.push(has);
            }
            for block in self.blocks.iter().filter(|b| b.input == i && !b.embedded) {
                let field: Option<&Field> = prepared.fields.get(&block.field);
                if let Some(field) = field {
                    put(block, field.tensor(&all)?.as_f32());
                }
            }
        }
        if let Some(lower) = &self.lower {
            let mut plan = lower.lock().unwrap_or_else(PoisonError::into_inner);
            let made = plan.run(&self.model.weights, &feed)?;
            for (at, block) in self.blocks.iter().filter(|b| b.embedded).enumerate() {
                put(block, made.get(at));
            }
        }
        Ok(())
    }
}

/// Where the network of a model is cut.
fn blocks(model: &Model, graph: &Graph) -> Result<Vec<Block>> {
    let mut blocks: Vec<Block> = Vec::new();
    for (input, info) in model.inputs.iter().enumerate() {
        let prefix = format!("encode.{}.", info.name);
        for (name, &value) in graph.inputs() {
            let Some(field) = name.strip_prefix(&prefix) else { continue };
            let users: Vec<&Node> = graph.nodes().iter().filter(|n| n.inputs.contains(&value)).collect();
            let (cuts, embedded) = match graph.value(value).dtype {
                // Lengths, masks and scales are constants to what reads them.
                DType::F32 if users.iter().all(|n| constant(n, value)) => continue,
                DType::F32 => (vec![value], false),
                DType::I32 => (users.iter().map(|n| n.outputs[0]).collect(), true),
            };
            for cut in cuts {
                let Some(shape) = fixed(&graph.value(cut).shape) else {
                    let found = "tokens, of which texts have different numbers, with nothing between them";
                    return Err(refused(&info.name, "features that every row has", found.into()));
                };
                let start = blocks.last().map_or(0, |b| b.features.end);
                let features = start..start + shape.iter().product::<usize>();
                blocks.push(Block { input, field: field.to_owned(), shape, features, cut, embedded });
            }
        }
    }
    Ok(blocks)
}

/// Whether the operation takes the value as it is, without a gradient.
fn constant(node: &Node, value: ValueId) -> bool {
    let constants: &[usize] = match node.op {
        Op::EmbeddingBag | Op::MeanTokens | Op::Softmax => &[1],
        Op::Attention { .. } => &[3],
        _ => &[],
    };
    let mut at = node.inputs.iter().enumerate().filter(|(_, v)| **v == value).map(|(i, _)| i);
    at.all(|i| constants.contains(&i))
}

/// The sizes of a row, where all are known.
fn fixed(shape: &Shape) -> Option<Vec<usize>> {
    shape.0.iter().skip(1).map(|d| d.fixed()).collect()
}

/// Whose features each block has.
fn places(model: &Model, blocks: &[Block]) -> Result<Vec<Place>> {
    let mut places = Vec::new();
    for block in blocks {
        let (info, encoder) = (&model.inputs[block.input], &model.encoders[block.input]);
        let spans = match (encoder.columns(&block.field), info.columns.as_slice()) {
            (Some(spans), _) => spans,
            (None, [column]) => vec![(column.clone(), 0..block.features.len())],
            (None, columns) => {
                let found = format!("`{}` read together", columns.join("`, `"));
                return Err(refused(&info.name, "columns with features of their own", found));
            }
        };
        let pixels = match (block.shape.as_slice(), encoder.framing()) {
            (&[height, width, channels], Some(fit)) if info.modality == Modality::Image => {
                Some(Pixels { height, width, channels, fit })
            }
            _ => None,
        };
        let start = block.features.start;
        places.extend(spans.into_iter().map(|(column, span)| Place {
            column,
            features: start + span.start..start + span.end,
            pixels,
        }));
    }
    Ok(places)
}

fn refused(input: &str, expected: &str, found: String) -> Error {
    Error::Unsuited {
        explainer: "expected_gradients",
        expected: format!("an input `{input}` of {expected}"),
        found,
        mend: "take `auto`".into(),
    }
}

impl Slopes for ModelSlopes<'_> {
    fn places(&self) -> &[Place] {
        &self.places
    }

    fn features(&self, rows: &Table) -> Result<Features> {
        let mut found = Features { values: Vec::new(), present: Vec::new() };
        for start in (0..rows.rows()).step_by(PREPARED) {
            self.prepare(&rows.slice(start, PREPARED.min(rows.rows() - start)), &mut found)?;
        }
        Ok(found)
    }

    fn slopes(&self, features: &[f32], present: &[bool], of: &[usize]) -> Result<(Vec<f32>, Vec<f32>)> {
        let task = &self.model.task;
        let (two, outputs) = (task.kind == TaskKind::Binary, task.width());
        let mut predictions = Vec::with_capacity(of.len() * self.model.outputs());
        let mut slopes = vec![0.0; of.len() * self.width];
        let mut plan = self.upper.lock().unwrap_or_else(PoisonError::into_inner);
        let at_once = (NUMBERS / self.width.max(1)).clamp(1, ROWS);
        for (batch, of) in of.chunks(at_once).enumerate() {
            let (start, rows) = (batch * at_once, of.len());
            let mut feed = Feed::default();
            for (at, block) in self.blocks.iter().enumerate() {
                let row = |r: usize| &features[(start + r) * self.width..][block.features.clone()];
                let values: Vec<f32> = (0..rows).flat_map(|r| row(r).iter().copied()).collect();
                let shape: Vec<usize> = [rows].into_iter().chain(block.shape.iter().copied()).collect();
                feed.inputs.insert(Block::name(at), Tensor::f32(&shape, values)?);
            }
            for (info, &has) in self.model.inputs.iter().zip(present) {
                let has = f32::from(u8::from(has));
                feed.inputs.insert(format!("present.{}", info.name), Tensor::full(&[rows], has));
            }
            let mut seed = vec![0.0; rows * outputs];
            for (r, &k) in of.iter().enumerate() {
                // Of two classes the network tells the second; the first is what it lacks of 1.
                let (at, sign) = match two {
                    true => (0, if k == 0 { -1.0 } else { 1.0 }),
                    false => (k, 1.0),
                };
                seed[r * outputs + at] = sign;
            }
            feed.inputs.insert("seed".into(), Tensor::f32(&[rows, outputs], seed)?);
            let made = plan.run(&self.model.weights, &feed)?;
            match two {
                true => predictions.extend(made.get(0).iter().flat_map(|&p| [1.0 - p, p])),
                false => predictions.extend_from_slice(made.get(0)),
            }
            for (block, at) in self.blocks.iter().zip(&self.slopes) {
                let Some(at) = at else { continue };
                let size = block.features.len();
                for (r, found) in made.get(*at).chunks_exact(size.max(1)).enumerate() {
                    let to = (start + r) * self.width + block.features.start;
                    slopes[to..to + size].copy_from_slice(found);
                }
            }
        }
        Ok((predictions, slopes))
    }
}
