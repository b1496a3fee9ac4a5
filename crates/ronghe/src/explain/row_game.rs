//! The game that a predictor plays on one row.

use super::{Coalition, Game, Link, Masker, Values};
use crate::{Predictor, Result};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Most masked rows that go to the predictor in one call: many, because it computes equal cells once a call.
const MOST_ROWS: usize = 16_384;
/// Most bytes of masked cells in one call.
const MOST_BYTES: usize = 128 << 20;

/// The value of a coalition is the mean linked prediction of its masked rows.
pub struct RowGame<'a> {
    predictor: &'a dyn Predictor,
    masker: Box<dyn Masker>,
    players: usize,
    outputs: usize,
    link: Link,
    predicted: AtomicUsize,
}

impl<'a> RowGame<'a> {
    /// The game of `players` whose cells `masker` hides, paid in `outputs` predictions.
    pub fn new(
        predictor: &'a dyn Predictor,
        masker: Box<dyn Masker>,
        players: usize,
        outputs: usize,
        link: Link,
    ) -> RowGame<'a> {
        RowGame { predictor, masker, players, outputs, link, predicted: AtomicUsize::new(0) }
    }

    /// Masked rows predicted so far.
    pub fn rows_predicted(&self) -> usize {
        self.predicted.load(Ordering::Relaxed)
    }

    /// How many of the coalitions go together; at least one.
    fn chunk(&self, coalitions: &[Coalition]) -> usize {
        let most = MOST_ROWS.min(MOST_BYTES / self.masker.row_bytes().max(1));
        let mut rows = 0;
        let fit = coalitions.iter().take_while(|c| {
            rows += self.masker.samples(c);
            rows <= most
        });
        fit.count().max(1)
    }
}

impl Game for RowGame<'_> {
    fn players(&self) -> usize {
        self.players
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn values(&self, coalitions: &[Coalition]) -> Result<Values> {
        let mut data = Vec::with_capacity(coalitions.len() * self.outputs);
        let mut rest = coalitions;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(self.chunk(rest));
            let rows = self.masker.rows(now)?;
            let predicted = self.predictor.predict(&rows)?.values;
            self.predicted.fetch_add(rows.rows(), Ordering::Relaxed);
            let predicted = Values::new(predicted, rows.rows(), self.outputs)?;
            let mut row = 0;
            for coalition in now {
                let samples = self.masker.samples(coalition);
                data.extend((0..self.outputs).map(|k| {
                    let linked = |r: usize| self.link.apply(predicted.row(r)[k]);
                    (row..row + samples).map(linked).sum::<f64>() / samples as f64
                }));
                row += samples;
            }
            rest = later;
        }
        Values::new(data, coalitions.len(), self.outputs)
    }
}
