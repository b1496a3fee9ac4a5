//! The seam between whatever predicts and whatever uses predictions.

use crate::opening::Opening;
use crate::slopes::Slopes;
use crate::{Cells, Result, Task, TaskKind};
use ronghe_data::{Modality, Table};

/// Anything that turns rows into predictions: a fitted model, a compressed one, a closed form in a test.
pub trait Predictor: Send + Sync {
    /// What is predicted.
    fn task(&self) -> &Task;

    /// The inputs it reads, in order.
    fn inputs(&self) -> &[InputInfo];

    /// One prediction a row. A missing cell is valid everywhere.
    fn predict(&self, table: &Table) -> Result<Predictions>;

    /// Its first step, where that is a weighted sum of the cells' features.
    fn opening(&self) -> Result<Option<Box<dyn Opening + '_>>> {
        Ok(None)
    }

    /// Its slopes with respect to the cells' features, where it is a differentiable function of them. One that is so for some
    /// inputs only says for which not, as [`Error::Unsuited`](crate::Error::Unsuited).
    fn slopes(&self) -> Result<Option<Box<dyn Slopes + '_>>> {
        Ok(None)
    }

    /// The vectors that its last step, the head, makes predictions of; none where it shows none.
    fn representations(&self, _table: &Table) -> Result<Option<Representations>> {
        Ok(None)
    }

    /// [`Predictor::predict`] for rows put together from distinct cells. One that can compute each cell once does so here; others read the
    /// rows written out.
    fn predict_cells(&self, cells: &Cells) -> Result<Predictions> {
        cells.written_out(self)
    }
}

/// A vector a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Representations {
    /// `[rows, width]`, row-major.
    pub values: Vec<f32>,
    /// Length of a vector.
    pub width: usize,
}

impl Representations {
    /// Vector of one row.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..(row + 1) * self.width]
    }
}

/// An input of a predictor: one modality, one or more columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputInfo {
    /// Name of the input.
    pub name: String,
    /// Its modality.
    pub modality: Modality,
    /// Columns it reads.
    pub columns: Vec<String>,
}

/// Predictions of some rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// What was predicted.
    pub kind: TaskKind,
    /// Probability of each class or label (`[rows, labels]`, row-major), or the quantity (`[rows, 1]`) in the
    /// target's own unit.
    pub values: Vec<f64>,
    /// Columns of `values`.
    pub width: usize,
}

impl Predictions {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    /// Values of one row.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    /// Index of the most probable class of a row.
    pub fn best(&self, row: usize) -> usize {
        let values = self.row(row);
        (0..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best })
    }
}
