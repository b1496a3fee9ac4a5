//! A linear map from the features of items to their vectors: `W = (F'F + lambda I)^-1 F'V` over the items with events.
//!
//! `I M^2 + M^3 / 3` operations once, `I M K + M^2 K` for each new V `[I, K]` and M features; `M^2` doubles of memory.

use crate::{Error, Features, Result};
use rayon::prelude::*;
use ronghe_cpu::{cross, gram, multiply};
use ronghe_stats::linalg::Cholesky;

/// Items whose sums are one piece of work at least, and pieces at most.
const PIECE: usize = 1024;
const PIECES: usize = 16;
/// Features at most: the matrix has the square of them.
const MOST: usize = 16_384;

/// The map.
#[derive(Debug)]
pub(crate) struct Ridge<'a> {
    features: &'a Features,
    seen: Vec<bool>,
    factor: Cholesky,
    width: usize,
    /// W, `[M, width]`.
    pub(crate) map: Vec<f32>,
}

impl<'a> Ridge<'a> {
    /// A map of zeros; `seen` are the items it is to be fitted on.
    pub(crate) fn new(
        features: &'a Features,
        seen: Vec<bool>,
        width: usize,
        lambda: f64,
    ) -> Result<Ridge<'a>> {
        check(features, seen.len())?;
        let m = features.width;
        if m > MOST {
            let help = "give fewer features, of an encoder for example";
            return Err(Error::input("features of items", format!("at most {MOST}"), m.to_string(), help));
        }
        let mut square = sums(features, &seen, m * m, |rows, _, sum| gram(rows, m, sum));
        (0..m).for_each(|k| square[k * m + k] += lambda);
        let factor = Cholesky::new(square, m).ok_or_else(|| {
            let help = "raise it, or scale the features to lengths near 1";
            Error::input("`lambda_w`", "so much that the map is defined", lambda.to_string(), help)
        })?;
        Ok(Ridge { features, seen, factor, width, map: vec![0.0; m * width] })
    }

    /// Fits the map to the vectors of the items.
    pub(crate) fn refit(&mut self, items: &[f32]) {
        let (m, width) = (self.features.width, self.width);
        let right = sums(self.features, &self.seen, m * width, |rows, numbers, sum| {
            let vectors: Vec<f32> =
                numbers.iter().flat_map(|i| &items[i * width..(i + 1) * width]).copied().collect();
            cross(rows, m, &vectors, width, sum);
        });
        let mut columns: Vec<Vec<f64>> =
            (0..width).map(|k| right.iter().skip(k).step_by(width).copied().collect()).collect();
        columns.par_iter_mut().for_each(|column| self.factor.solve(std::slice::from_mut(column)));
        self.map.iter_mut().enumerate().for_each(|(e, w)| *w = columns[e % width][e / width] as f32);
    }

    /// What the map says of the items from `first` on.
    pub(crate) fn predict(&self, first: usize, out: &mut [f32]) {
        let m = self.features.width;
        let rows = &self.features.values[first * m..][..out.len() / self.width * m];
        multiply(rows, m, &self.map, self.width, out);
    }

    /// Gives items without events what the map says of them.
    pub(crate) fn fill_unseen(&self, items: &mut [f32]) {
        for (item, row) in items.chunks_exact_mut(self.width).enumerate() {
            if !self.seen[item] {
                self.predict(item, row);
            }
        }
    }
}

/// Whether there is a row of finite numbers for each item.
pub(crate) fn check(features: &Features, items: usize) -> Result<()> {
    let (expected, found) = (items * features.width, features.values.len());
    if features.width == 0 || expected != found {
        let expected = format!("{items} rows of the same width");
        let found = format!("{found} numbers, {} a row", features.width);
        return Err(Error::input(
            "features of items",
            expected,
            found,
            "give a row of zeros for an item without content",
        ));
    }
    if let Some(place) = features.values.iter().position(|x| !x.is_finite()) {
        let found = format!("{} for item {}", features.values[place], place / features.width);
        return Err(Error::input(
            "features of items",
            "finite numbers",
            found,
            "give 0 where nothing is known",
        ));
    }
    Ok(())
}

/// Sums over the items that were seen: `add(their features, their numbers, sum)` for pieces by the number of items alone, added
/// in order.
fn sums(
    features: &Features,
    seen: &[bool],
    len: usize,
    add: impl Fn(&[f32], &[usize], &mut [f32]) + Sync,
) -> Vec<f64> {
    let numbers: Vec<usize> = (0..seen.len()).filter(|i| seen[*i]).collect();
    let parts: Vec<Vec<f32>> = numbers
        .par_chunks(PIECE.max(numbers.len().div_ceil(PIECES)))
        .map(|numbers| {
            let rows: Vec<f32> = numbers.iter().flat_map(|i| features.row(*i as u32)).copied().collect();
            let mut part = vec![0.0; len];
            add(&rows, numbers, &mut part);
            part
        })
        .collect();
    let mut sum = vec![0.0; len];
    parts.iter().for_each(|part| sum.iter_mut().zip(part).for_each(|(s, p)| *s += f64::from(*p)));
    sum
}
