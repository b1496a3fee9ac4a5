//! A vector for each item: what the factor and content models share.

use crate::Query;
use crate::model::Products;
use ronghe_cpu::dots;

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

    /// The same of some items.
    pub(crate) fn similar_among(&self, item: u32, others: &[u32], out: &mut [f32]) -> bool {
        let Some(vector) = self.get(item) else { return false };
        let own = self.lengths[item as usize];
        for (score, &other) in out.iter_mut().zip(others) {
            *score = self.get(other).map_or(f32::NEG_INFINITY, |row| {
                let mut product = [0.0];
                dots(row, vector, &mut product);
                product[0] / (own * self.lengths[other as usize])
            });
        }
        true
    }

    /// These vectors of queries and those of the items.
    pub(crate) fn of<'a>(&'a self, vectors: Vec<f32>, biases: &'a [f32]) -> Products<'a> {
        Products { width: self.width, vectors, items: &self.rows, biases, known: &self.lengths }
    }

    /// Items of the history that something is known of, each once in the order of its first event, and their weights: finite and
    /// above 0, of an item that comes twice the larger.
    pub(crate) fn history(&self, query: Query<'_>) -> (Vec<u32>, Vec<f32>) {
        let counts =
            |(item, weight): &(u32, f32)| *weight > 0.0 && weight.is_finite() && self.get(*item).is_some();
        let (mut items, mut weights): (Vec<u32>, Vec<f32>) =
            query.history.iter().copied().filter(counts).unzip();
        let mut order: Vec<(u32, usize)> = items.iter().copied().zip(0..).collect();
        order.sort_unstable();
        let mut first = 0;
        let mut twice = false;
        for at in 1..order.len() {
            if order[at].0 == order[first].0 {
                let (first, later) = (order[first].1, order[at].1);
                weights[first] = weights[first].max(weights[later]);
                weights[later] = 0.0;
                twice = true;
            } else {
                first = at;
            }
        }
        if twice {
            items = items
                .into_iter()
                .zip(&weights)
                .filter(|(_, weight)| **weight > 0.0)
                .map(|(item, _)| item)
                .collect();
            weights.retain(|weight| *weight > 0.0);
        }
        (items, weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_are_as_alike_as_among_all() {
        let vectors = Vectors::new((0..60).map(|i| (i * 7 % 11) as f32 - 4.0).chain([0.0; 3]).collect(), 3);
        let (mut all, mut some) = ([0.0; 21], [0.0; 4]);
        let others = [20, 3, 0, 7];
        assert!(vectors.similar(3, &mut all) && vectors.similar_among(3, &others, &mut some));
        assert_eq!(some, others.map(|other| all[other as usize]));
        assert!(!vectors.similar_among(20, &others, &mut some));
    }

    #[test]
    fn a_history_has_every_item_once() {
        let vectors = Vectors::new(vec![1.0, 2.0, 0.0, 3.0], 1);
        let of = |history: &[(u32, f32)]| vectors.history(Query { user: None, history });
        let history =
            [(3, 1.0), (0, 2.0), (2, 1.0), (3, 4.0), (9, 1.0), (1, -1.0), (0, 0.5), (3, f32::NAN), (3, 2.0)];
        assert_eq!(of(&history), (vec![3, 0], vec![4.0, 2.0]));
        assert_eq!(of(&[(1, 1.0), (0, 0.5)]), (vec![1, 0], vec![1.0, 0.5]));
        assert_eq!(of(&[]), (vec![], vec![]));
    }
}
