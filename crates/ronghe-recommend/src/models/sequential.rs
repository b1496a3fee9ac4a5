//! What comes next after the latest items: a small SASRec (Kang and McAuley 2018).
//!
//! Items have vectors `e_i`, places (how many items come after one) have vectors `p_j`. `e + p` of up to `length` items go
//! through blocks of causal self-attention and a feed-forward layer, each added to its input, with layer norms before
//! them, and a last layer norm: the state `h_t` after item `t` sees the items up to `t`. The score of item `i` is
//! `h . e_i` with the same vectors. Training minimises the cross entropy of the next item after every `h_t`, among all items
//! (as in Klenitskiy and Vasilev 2023) or among sampled ones, by Adam with a rate that rises and then falls.
//!
//! A sequence longer than `length` makes several windows. Of a query the last `length` items count, their weights do
//! not. Items that nobody liked get negative infinity and say nothing in a history. Without a history, and where no user of
//! the training liked two items, scores are how often an item was liked.
//!
//! With `n` events, width `D`, `B` blocks, length `T` and `K` candidates, an epoch takes `6 n (12 B D^2 + 2 B T D + K D)` operations;
//! a step, `12 rows T (K + 20 B D)` bytes.

mod network;
#[cfg(test)]
mod tests;
mod training;

use crate::model::{Products, take};
use crate::{Error, Progress, Query, Recommender, Result, Training};
use network::{ITEMS, Network};
use ronghe_cpu::dots;
use ronghe_graph::{Builder, Tensor, Weights};
use ronghe_vector::dot;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Up to so many items the next one is told from all of them.
const FULL: usize = 5000;
/// Items that stand for the others where there are more.
const SAMPLED: usize = 1024;

/// Settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Numbers of a vector; `heads` divides it.
    pub factors: usize,
    /// Blocks of attention.
    pub blocks: usize,
    /// Heads of attention.
    pub heads: usize,
    /// The latest items that count.
    pub length: usize,
    /// Share of the numbers that is dropped in training.
    pub dropout: f32,
    /// Passes over the events.
    pub epochs: usize,
    /// The highest learning rate.
    pub rate: f32,
    /// Windows of a step.
    pub batch: usize,
    /// Sampled items that the next one is told from; 0 = all items up to 5,000 of them, 1,024 beyond.
    pub negatives: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            factors: 64,
            blocks: 1,
            heads: 2,
            length: 50,
            dropout: 0.5,
            epochs: 8,
            rate: 0.002,
            // Small steps learn more from an epoch: on MovieLens-100k eight with 16 windows are level with twenty with 64.
            batch: 16,
            negatives: 0,
        }
    }
}

/// Settings that are tried.
pub(crate) fn grid() -> Vec<Settings> {
    let usual = Settings::default();
    vec![usual, Settings { dropout: 0.3, ..usual }, Settings { blocks: 2, epochs: 12, ..usual }]
}

impl Settings {
    fn check(&self) -> Result<()> {
        let whole = [
            ("factors", self.factors, 1, 1024),
            ("blocks", self.blocks, 1, 16),
            ("heads", self.heads, 1, self.factors),
            ("length", self.length, 1, 2000),
            ("epochs", self.epochs, 1, 10_000),
            ("batch", self.batch, 1, 65_536),
            ("negatives", self.negatives, 0, 1 << 20),
        ];
        for (name, value, least, most) in whole {
            if value < least || value > most {
                let expected = format!("{least} to {most}");
                return Err(bad(name, expected, &value, "give a number between them"));
            }
        }
        if !self.factors.is_multiple_of(self.heads) {
            return Err(bad(
                "heads",
                format!("a divisor of {}", self.factors),
                &self.heads,
                "give 1, 2 or 4",
            ));
        }
        if !(self.dropout >= 0.0 && self.dropout < 1.0) {
            return Err(bad("dropout", "a share of at least 0, below 1", &self.dropout, "give 0.2"));
        }
        if !(self.rate > 0.0 && self.rate <= 1.0) {
            return Err(bad("rate", "a number above 0, at most 1", &self.rate, "give 0.001"));
        }
        Ok(())
    }

    /// How many of `items` items are drawn at each step; 0 where the next one is told from all.
    fn sampled(&self, items: usize) -> usize {
        match self.negatives {
            0 if items <= FULL => 0,
            0 => SAMPLED,
            negatives => negatives,
        }
    }
}

fn bad(name: &str, expected: impl Into<String>, found: &impl ToString, help: &str) -> Error {
    Error::input(format!("`{name}` of sequential"), expected, found.to_string(), help)
}

/// A network of attention, and how often every item was liked.
pub struct Sequential {
    counts: Vec<f32>,
    length: usize,
    network: Option<Network>,
}

/// Trains the network.
pub fn fit(settings: &Settings, data: &Training<'_>, progress: Progress<'_>) -> Result<Sequential> {
    settings.check()?;
    let items = data.liked.cols();
    if settings.negatives > 0 && settings.negatives >= items {
        let expected = format!("fewer than the {items} items");
        return Err(bad("negatives", expected, &settings.negatives, "give 0 to tell from all items"));
    }
    let mut counts = vec![0.0; items];
    for event in data.events.iter().filter(|e| e.weight > 0.0) {
        counts[event.item as usize] += 1.0;
    }
    let sequences = training::sequences(data);
    let network = match sequences.is_empty() {
        true => None,
        false => {
            let weights = training::train(settings, &sequences, items, data, progress)?;
            Some(Network::new(settings, items, weights)?)
        }
    };
    Ok(Sequential { counts, length: settings.length, network })
}

impl Sequential {
    /// Of the tensors that it was saved as.
    pub fn restore(
        settings: &Settings,
        tensors: &mut BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    ) -> Result<Sequential> {
        settings.check()?;
        let counts = take(tensors, "counts")?.1;
        if !tensors.contains_key(ITEMS) {
            return Ok(Sequential { counts, length: settings.length, network: None });
        }
        let mut outline = Weights::new();
        network::states(&mut Builder::outline(&mut outline), settings, counts.len())?;
        let mut weights = Weights::new();
        for (name, param) in outline.iter() {
            let (shape, values) = take(tensors, name)?;
            if shape != param.tensor.shape() {
                let (expected, found) = (format!("{:?}", param.tensor.shape()), format!("{shape:?}"));
                return Err(Error::input(
                    format!("`{name}` of a fitted recommender"),
                    expected,
                    found,
                    "fit it again",
                ));
            }
            weights.insert(name, Tensor::f32(&shape, values)?, true);
        }
        let network = Some(Network::new(settings, counts.len(), weights)?);
        Ok(Sequential { counts, length: settings.length, network })
    }

    /// The vectors of all items, row after row, and their width.
    fn vectors(&self) -> Option<(&[f32], usize)> {
        let table = self.network.as_ref()?.weights.get(ITEMS)?;
        Some((table.as_f32(), *table.shape().last()?))
    }

    /// The state after a history; none without an item that anybody liked.
    fn state(&self, query: Query<'_>) -> Option<Vec<f32>> {
        let known = |item: u32| self.counts.get(item as usize).is_some_and(|&count| count > 0.0);
        let items: Vec<i32> = query.history.iter().filter(|h| known(h.0)).map(|h| h.0 as i32).collect();
        let latest = &items[items.len().saturating_sub(self.length)..];
        if latest.is_empty() { None } else { self.network.as_ref()?.state(latest).ok() }
    }

    /// `score(item)` for those that were liked, negative infinity for the others.
    fn each(&self, out: &mut [f32], score: impl Fn(usize) -> f32) {
        for (item, (out, &count)) in out.iter_mut().zip(&self.counts).enumerate() {
            *out = if count > 0.0 { score(item) } else { f32::NEG_INFINITY };
        }
    }
}

impl Recommender for Sequential {
    fn items(&self) -> usize {
        self.counts.len()
    }

    fn scores(&self, query: Query<'_>, out: &mut [f32]) {
        match (self.vectors(), self.state(query)) {
            (Some((vectors, _)), Some(state)) => {
                let mut products = vec![0.0; self.counts.len()];
                dots(vectors, &state, &mut products);
                self.each(out, |item| products[item]);
            }
            _ => self.each(out, |item| self.counts[item]),
        }
    }

    fn products(&self, queries: &[Query<'_>]) -> Option<Products<'_>> {
        let (items, width) = self.vectors()?;
        let states: Option<Vec<Vec<f32>>> = queries.iter().map(|query| self.state(*query)).collect();
        Some(Products { width, vectors: states?.concat(), items, biases: &[], known: &self.counts })
    }

    fn similar(&self, item: u32, out: &mut [f32]) -> bool {
        let Some((vectors, width)) = self.vectors() else { return false };
        let item = item as usize;
        if self.counts.get(item).is_none_or(|&count| count == 0.0) {
            return false;
        }
        let row = |item: usize| &vectors[item * width..][..width];
        let length = |item: usize| dot(row(item), row(item)).sqrt().max(f32::MIN_POSITIVE);
        let own = length(item);
        self.each(out, |other| dot(row(item), row(other)) / own / length(other));
        true
    }

    fn tensors(&self) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
        let weights = self.network.iter().flat_map(|network| network.weights.iter());
        let mut tensors: BTreeMap<_, _> = weights
            .map(|(name, param)| {
                (name.to_owned(), (param.tensor.shape().to_vec(), param.tensor.as_f32().to_vec()))
            })
            .collect();
        tensors.insert("counts".into(), (vec![self.counts.len()], self.counts.clone()));
        tensors
    }
}
