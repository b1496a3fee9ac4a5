//! Vectors made elsewhere to network inputs: `(x_d - mean_d) / std_d` for each of their D numbers, held within -10 to 10; a number that
//! never changes is 0. Means and deviations are those of the training cells, summed in f64.

use ronghe_data::Table;
use serde::{Deserialize, Serialize};

/// A fitted column of vectors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Vectors {
    mean: Vec<f32>,
    /// One over the standard deviation; 0 for a number that never changes.
    factor: Vec<f32>,
}

const LARGEST: f32 = 10.0;

impl Vectors {
    /// Learns from the vectors of column `at`, `width` numbers each.
    pub(super) fn fit(table: &Table, at: usize, width: usize) -> Vectors {
        let (mut count, mut sums, mut squares) = (0.0f64, vec![0.0f64; width], vec![0.0f64; width]);
        let each = |of: &mut dyn FnMut(&[f32])| {
            let cells = (0..table.rows()).filter_map(|row| table.vector(at, row));
            cells.filter(|v| v.len() == width).for_each(|v| of(&v));
        };
        each(&mut |v| {
            count += 1.0;
            sums.iter_mut().zip(v).for_each(|(s, &x)| *s += f64::from(x));
        });
        let mean: Vec<f64> = sums.iter().map(|s| s / count.max(1.0)).collect();
        each(&mut |v| {
            squares.iter_mut().zip(v).zip(&mean).for_each(|((s, &x), m)| *s += (f64::from(x) - m).powi(2));
        });
        let factor = squares.iter().map(|s| {
            let std = (s / count.max(1.0)).sqrt();
            if std > 0.0 { (1.0 / std) as f32 } else { 0.0 }
        });
        Vectors { factor: factor.collect(), mean: mean.iter().map(|&m| m as f32).collect() }
    }

    /// Inputs that a vector takes.
    pub(super) fn width(&self) -> usize {
        self.mean.len()
    }

    /// Writes the inputs of a vector of this width.
    pub(super) fn write(&self, vector: &[f32], out: &mut [f32]) {
        let scaled = vector.iter().zip(&self.mean).zip(&self.factor);
        out.iter_mut().zip(scaled).for_each(|(out, ((x, mean), factor))| {
            *out = ((x - mean) * factor).clamp(-LARGEST, LARGEST);
        });
    }
}
