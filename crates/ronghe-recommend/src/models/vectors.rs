//! A vector for each item: what the factor and content models share.

use crate::Query;
use ronghe_cpu::dots;
use std::collections::BTreeMap;

/// Vectors of the items; one of zeros means that nothing is known of the item.
#[derive(Debug)]
pub(crate) struct Vectors {
    pub(crate) width: usize,
    pub(crate) rows: Vec<f32>,
    /// Length of each; 0 where nothing is known.
    pub(crate) lengths: Vec<f32>,
}

impl Vectors {
    /// `rows[items, width]`.
    pub(crate) fn new(rows: Vec<f32>, width: usize) -> Vectors {
        let length = |row: &[f32]| row.iter().map(|x| x * x).sum::<f32>().sqrt();
        let lengths = rows.chunks_exact(width).map(length).collect();
        Vectors { width, rows, lengths }
    }

    /// The vector of an item that something is known of.
    pub(crate) fn get(&self, item: u32) -> Option<&[f32]> {
        let known = self.lengths.get(item as usize).is_some_and(|length| *length > 0.0);
        known.then(|| &self.rows[item as usize * self.width..][..self.width])
    }

    /// Products with `x`, negative infinity for items that nothing is known of. Places beyond the items get the same.
    pub(crate) fn products(&self, x: &[f32], out: &mut [f32]) {
        let (out, beyond) = out.split_at_mut(out.len().min(self.lengths.len()));
        beyond.fill(f32::NEG_INFINITY);
        dots(&self.rows, x, out);
        for (score, length) in out.iter_mut().zip(&self.lengths) {
            if *length == 0.0 {
                *score = f32::NEG_INFINITY;
            }
        }
    }

    /// Cosines with the vector of an item; false if nothing is known of it.
    pub(crate) fn similar(&self, item: u32, out: &mut [f32]) -> bool {
        let Some(vector) = self.get(item) else { return false };
        self.products(vector, out);
        let own = self.lengths[item as usize];
        for (score, length) in out.iter_mut().zip(&self.lengths).filter(|(_, length)| **length > 0.0) {
            *score /= own * length;
        }
        true
    }

    /// Items of the history that something is known of, each once in the order of its first event, and their weights: finite and
    /// above 0, of an item that comes twice the larger.
    pub(crate) fn history(&self, query: Query<'_>) -> (Vec<u32>, Vec<f32>) {
        let (mut items, mut weights): (Vec<u32>, Vec<f32>) = (Vec::new(), Vec::new());
        let mut places = BTreeMap::new();
        for (item, weight) in query.history {
            if !(*weight > 0.0 && weight.is_finite()) || self.get(*item).is_none() {
                continue;
            }
            let place = *places.entry(*item).or_insert(items.len());
            if place == items.len() {
                items.push(*item);
                weights.push(*weight);
            } else {
                weights[place] = weights[place].max(*weight);
            }
        }
        (items, weights)
    }
}
