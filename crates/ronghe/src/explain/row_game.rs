//! The game that a predictor plays on one row.

use super::{Coalition, Game, Link, Masker, Player, Values};
use crate::{Error, Predictor, Result};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Most masked rows that go to the predictor in one call: many, because it computes equal cells once a call.
const MOST_ROWS: usize = 1 << 16;
/// Most predicted numbers of one call.
const MOST_NUMBERS: usize = 1 << 24;
/// Most bytes of masked cells in one call.
const MOST_BYTES: usize = 128 << 20;

/// The value of a coalition is the mean linked prediction of its masked rows.
pub struct RowGame<'a> {
    predictor: &'a dyn Predictor,
    masker: Box<dyn Masker>,
    players: Vec<Player>,
    outputs: usize,
    link: Link,
    /// Number of the row in its file, for messages.
    row: usize,
    /// Predictions that lay beyond what the link can show, of the coalitions that have any.
    clamped: Mutex<HashMap<Coalition, u32>>,
}

impl<'a> RowGame<'a> {
    /// The game of `players` whose cells in row `row` `masker` hides, paid in `outputs` predictions.
    pub fn new(
        predictor: &'a dyn Predictor,
        masker: Box<dyn Masker>,
        players: Vec<Player>,
        outputs: usize,
        link: Link,
        row: usize,
    ) -> RowGame<'a> {
        RowGame { predictor, masker, players, outputs, link, row, clamped: Mutex::default() }
    }

    /// Masked rows that stand for the coalition.
    pub fn rows(&self, coalition: &Coalition) -> usize {
        self.masker.samples(coalition)
    }

    /// Predictions of the coalition, once evaluated, that lay beyond what the link can show.
    pub fn clamped(&self, coalition: &Coalition) -> u32 {
        let clamped = self.clamped.lock().unwrap_or_else(PoisonError::into_inner);
        clamped.get(coalition).copied().unwrap_or(0)
    }

    /// Remembers what [`RowGame::clamped`] said in another run.
    pub(super) fn knowing(self, clamped: impl Iterator<Item = (Coalition, u32)>) -> RowGame<'a> {
        RowGame { clamped: Mutex::new(clamped.filter(|(_, count)| *count > 0).collect()), ..self }
    }

    /// How many of the coalitions go together; at least one.
    fn chunk(&self, coalitions: &[Coalition]) -> usize {
        let most = MOST_ROWS.min(MOST_NUMBERS / self.outputs.max(1));
        let (mut rows, mut bytes) = (0, 0);
        let fit = coalitions.iter().take_while(|c| {
            rows += self.masker.samples(c);
            bytes += self.masker.bytes(c);
            rows <= most && bytes <= MOST_BYTES
        });
        fit.count().max(1)
    }

    /// What is wrong with a prediction that is no number.
    fn no_number(&self, coalition: &Coalition, found: f64) -> Error {
        let absent: Vec<&str> =
            coalition.complement().iter().take(8).map(|p| self.players[p].name.as_str()).collect();
        let more = coalition.complement().count() - absent.len();
        let hidden = match (absent.is_empty(), more) {
            (true, _) => "nothing hidden".to_owned(),
            (false, 0) => format!("`{}` hidden", absent.join("`, `")),
            (false, _) => format!("`{}` and {more} more hidden", absent.join("`, `")),
        };
        Error::Explain {
            what: format!("prediction of row {} with {hidden}", self.row),
            expected: "a finite number".into(),
            found: found.to_string(),
            mend: "train again with a smaller learning rate, or look for extreme cells in the row".into(),
        }
    }
}

impl Game for RowGame<'_> {
    fn players(&self) -> usize {
        self.players.len()
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn idle(&self) -> Vec<usize> {
        self.masker.idle()
    }

    fn values(&self, coalitions: &[Coalition]) -> Result<Values> {
        let mut data = Vec::with_capacity(coalitions.len() * self.outputs);
        let mut rest = coalitions;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(self.chunk(rest));
            let cells = self.masker.cells(now)?;
            let found = self.predictor.predict_cells(&cells)?.values;
            if found.len() != cells.rows() * self.outputs {
                // Says what was expected.
                Values::new(found, cells.rows(), self.outputs)?;
                return Values::new(data, coalitions.len(), self.outputs);
            }
            let mut rows = found.chunks_exact(self.outputs);
            for coalition in now {
                let samples = self.masker.samples(coalition);
                let start = data.len();
                data.resize(start + self.outputs, 0.0);
                let sums = &mut data[start..];
                let mut clamped = 0;
                for row in rows.by_ref().take(samples) {
                    if let Some(&bad) = row.iter().find(|p| !p.is_finite()) {
                        return Err(self.no_number(coalition, bad));
                    }
                    sums.iter_mut().zip(row).for_each(|(s, &p)| *s += self.link.apply(p));
                    clamped += row.iter().filter(|&&p| self.link.clamps(p)).count() as u32;
                }
                if clamped > 0 {
                    let mut all = self.clamped.lock().unwrap_or_else(PoisonError::into_inner);
                    all.insert(coalition.clone(), clamped);
                }
                sums.iter_mut().for_each(|s| *s /= samples as f64);
            }
            rest = later;
        }
        Values::new(data, coalitions.len(), self.outputs)
    }
}
