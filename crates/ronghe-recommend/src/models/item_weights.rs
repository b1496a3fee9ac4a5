//! What the item-to-item models share: a weight W\[i, j\] from each item of the history to each other item.
//!
//! ```text
//! score[j] = sum over the history of weight(i) W[i, j]
//! ```
//!
//! so the summands are the reasons. Sparse (the weights that a model kept, a row an item of the history) or dense (items x items).
//! A score takes the time of the rows of the history; an item that no row names has score 0.

use crate::model::take;
use crate::{Contribution, Error, Query, Recommender, Result};
use std::collections::BTreeMap;

/// Numbers by name, with their sizes.
type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// A row or column: partners in ascending order and their weights.
pub(super) type Line = Vec<(u32, f32)>;

/// A fitted item-to-item model.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemWeights {
    items: usize,
    matrix: Matrix,
}

#[derive(Debug, Clone, PartialEq)]
enum Matrix {
    /// Row `i` is `starts[i]..starts[i + 1]` of the others.
    Sparse { starts: Vec<usize>, columns: Vec<u32>, weights: Vec<f32> },
    /// Row after row.
    Dense(Vec<f32>),
}

impl ItemWeights {
    /// Of the weights from each item, a row an item.
    pub(super) fn of_rows(rows: &[Line]) -> ItemWeights {
        let mut starts = vec![0];
        let (mut columns, mut weights) = (Vec::new(), Vec::new());
        for row in rows {
            columns.extend(row.iter().map(|&(column, _)| column));
            weights.extend(row.iter().map(|&(_, weight)| weight));
            starts.push(columns.len());
        }
        ItemWeights { items: rows.len(), matrix: Matrix::Sparse { starts, columns, weights } }
    }

    /// Of the weights to each item, a column an item.
    pub(super) fn of_columns(lines: &[Line]) -> ItemWeights {
        let mut starts = vec![0; lines.len() + 1];
        lines.iter().flatten().for_each(|&(row, _)| starts[row as usize + 1] += 1);
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let total = starts[lines.len()];
        let (mut columns, mut weights) = (vec![0; total], vec![0.0; total]);
        let mut next = starts.clone();
        for (column, line) in (0..).zip(lines) {
            for &(row, weight) in line {
                let at = &mut next[row as usize];
                (columns[*at], weights[*at]) = (column, weight);
                *at += 1;
            }
        }
        ItemWeights { items: lines.len(), matrix: Matrix::Sparse { starts, columns, weights } }
    }

    /// Of all weights, row after row.
    pub(super) fn dense(items: usize, weights: Vec<f32>) -> ItemWeights {
        ItemWeights { items, matrix: Matrix::Dense(weights) }
    }

    /// Of the tensors that it was saved as.
    pub fn restore(tensors: &mut Tensors) -> Result<ItemWeights> {
        let bad = |expected: &str, found: String| {
            Err(Error::input("a fitted item-to-item model", expected, found, "fit it again"))
        };
        let (shape, weights) = take(tensors, "weights")?;
        if !tensors.contains_key("columns") {
            return match shape[..] {
                [rows, columns] if rows == columns => Ok(ItemWeights::dense(rows, weights)),
                _ => bad("a square matrix of weights", format!("{shape:?}")),
            };
        }
        let (columns, lengths) = (take(tensors, "columns")?.1, take(tensors, "lengths")?.1);
        let items = lengths.len();
        let mut starts = vec![0];
        for length in lengths {
            let start = starts[starts.len() - 1];
            if !(length >= 0.0 && length <= items as f32 && length.fract() == 0.0) {
                return bad("the length of a row", length.to_string());
            }
            starts.push(start + length as usize);
        }
        if starts[items] != columns.len() || columns.len() != weights.len() {
            let found = format!("{}, {} and {}", starts[items], columns.len(), weights.len());
            return bad("rows, columns and weights of one length", found);
        }
        if let Some(column) = columns.iter().find(|&&c| !(c >= 0.0 && c < items as f32 && c.fract() == 0.0)) {
            return bad("the number of an item", column.to_string());
        }
        let columns: Vec<u32> = columns.into_iter().map(|c| c as u32).collect();
        if !starts.windows(2).all(|row| columns[row[0]..row[1]].is_sorted_by(|a, b| a < b)) {
            return bad("the items of a row in ascending order", "another order".into());
        }
        Ok(ItemWeights { items, matrix: Matrix::Sparse { starts, columns, weights } })
    }

    /// Adds `factor` times a row.
    fn add(&self, row: usize, factor: f32, out: &mut [f32]) {
        match &self.matrix {
            Matrix::Sparse { starts, columns, weights } => {
                let range = starts[row]..starts[row + 1];
                for (&column, weight) in columns[range.clone()].iter().zip(&weights[range]) {
                    if let Some(y) = out.get_mut(column as usize) {
                        *y += factor * weight;
                    }
                }
            }
            Matrix::Dense(weights) => {
                let row = &weights[row * self.items..][..self.items];
                out.iter_mut().zip(row).for_each(|(y, weight)| *y += factor * weight);
            }
        }
    }

    /// The weight from an item to another.
    fn weight(&self, from: usize, to: usize) -> f32 {
        match &self.matrix {
            Matrix::Sparse { starts, columns, weights } => {
                let start = starts[from];
                let found = columns[start..starts[from + 1]].binary_search(&(to as u32));
                found.map_or(0.0, |at| weights[start + at])
            }
            Matrix::Dense(weights) => weights[from * self.items + to],
        }
    }
}

impl Recommender for ItemWeights {
    fn items(&self) -> usize {
        self.items
    }

    fn scores(&self, query: Query<'_>, out: &mut [f32]) {
        out.fill(0.0);
        for &(item, weight) in query.history.iter().filter(|(item, _)| (*item as usize) < self.items) {
            self.add(item as usize, weight, out);
        }
    }

    fn contributions(&self, query: Query<'_>, item: u32) -> Option<(Vec<Contribution>, f32)> {
        let known = |item: u32| (item as usize) < self.items;
        let value = |from: u32| if known(item) { self.weight(from as usize, item as usize) } else { 0.0 };
        let of_events = query.history.iter().filter(|(from, _)| known(*from));
        let of_events =
            of_events.map(|&(from, weight)| Contribution { item: from, value: weight * value(from) });
        Some((of_events.collect(), 0.0))
    }

    /// The weights from the item to the others; where it has none, those from the others to it.
    fn similar(&self, item: u32, out: &mut [f32]) -> bool {
        let item = item as usize;
        if item >= self.items {
            return false;
        }
        out.fill(0.0);
        self.add(item, 1.0, out);
        if out.iter().all(|&y| y == 0.0) {
            out.iter_mut().take(self.items).enumerate().for_each(|(from, y)| *y = self.weight(from, item));
        }
        true
    }

    fn tensors(&self) -> Tensors {
        match &self.matrix {
            Matrix::Sparse { starts, columns, weights } => {
                // Numbers of items are far below 2^24, up to which f32 has every integer.
                let lengths: Vec<f32> = starts.windows(2).map(|row| (row[1] - row[0]) as f32).collect();
                let columns: Vec<f32> = columns.iter().map(|&c| c as f32).collect();
                let vectors = [("lengths", lengths), ("columns", columns), ("weights", weights.clone())];
                vectors.into_iter().map(|(name, v)| (name.into(), (vec![v.len()], v))).collect()
            }
            Matrix::Dense(weights) => {
                BTreeMap::from([("weights".into(), (vec![self.items, self.items], weights.clone()))])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines() -> impl Strategy<Value = Vec<Line>> {
        (1usize..12).prop_flat_map(|items| {
            let cell = prop_oneof![Just(0.0f32), -2.0f32..2.0];
            prop::collection::vec(prop::collection::vec(cell, items), items).prop_map(|rows| {
                let line = |row: Vec<f32>| (0..).zip(row).filter(|(_, w)| *w != 0.0).collect();
                rows.into_iter().map(line).collect()
            })
        })
    }

    fn dense(lines: &[Line]) -> Vec<f32> {
        let mut all = vec![0.0; lines.len() * lines.len()];
        for (i, line) in lines.iter().enumerate() {
            line.iter().for_each(|&(j, w)| all[i * lines.len() + j as usize] = w);
        }
        all
    }

    proptest! {
        #[test]
        fn contributions_sum_to_the_score(
            lines in lines(),
            history in prop::collection::vec((0u32..14, -1.0f32..2.0), 0..20),
        ) {
            let items = lines.len();
            for model in [
                ItemWeights::of_rows(&lines),
                ItemWeights::of_columns(&lines),
                ItemWeights::dense(items, dense(&lines)),
            ] {
                let query = Query { user: None, history: &history };
                let mut scores = vec![f32::NAN; items];
                model.scores(query, &mut scores);
                for (item, score) in (0..).zip(&scores) {
                    let (parts, constant) = model.contributions(query, item).unwrap();
                    prop_assert_eq!(parts.iter().fold(constant, |sum, part| sum + part.value), *score);
                }
                let restored = ItemWeights::restore(&mut model.tensors()).unwrap();
                prop_assert_eq!(&restored, &model);
            }
        }

        #[test]
        fn rows_columns_and_all_weights_say_the_same(lines in lines(), item in 0u32..12) {
            let items = lines.len();
            let all = dense(&lines);
            let turned: Vec<f32> = (0..items * items).map(|e| all[e % items * items + e / items]).collect();
            let item = item % items as u32;
            let history = [(item, 1.5)];
            for (sparse, dense) in [
                (ItemWeights::of_rows(&lines), ItemWeights::dense(items, all)),
                (ItemWeights::of_columns(&lines), ItemWeights::dense(items, turned)),
            ] {
                let (mut a, mut b) = (vec![0.0; items], vec![0.0; items]);
                sparse.scores(Query { user: None, history: &history }, &mut a);
                dense.scores(Query { user: None, history: &history }, &mut b);
                prop_assert_eq!(&a, &b);
                prop_assert!(sparse.similar(item, &mut a) && dense.similar(item, &mut b));
                prop_assert_eq!(&a, &b);
            }
        }
    }

    #[test]
    fn who_names_nobody_is_like_those_who_name_it() {
        let model = ItemWeights::of_rows(&[vec![], vec![(0, 0.5)], vec![(0, 0.25), (1, 2.0)]]);
        let mut out = [9.0; 3];
        assert!(model.similar(0, &mut out));
        assert_eq!(out, [0.0, 0.5, 0.25]);
        assert!(!model.similar(3, &mut out));
    }

    #[test]
    fn a_broken_file_is_an_error() {
        let good = ItemWeights::of_rows(&[vec![(1, 2.0)], vec![(0, 0.5)]]).tensors();
        let spoiled = |name: &str, values: &[f32]| {
            let mut tensors = good.clone();
            tensors.insert(name.into(), (vec![values.len()], values.to_vec()));
            ItemWeights::restore(&mut tensors).unwrap_err().to_string()
        };
        assert!(spoiled("lengths", &[1.0, 3.0]).contains("expected the length of a row, found 3"));
        assert!(spoiled("lengths", &[1.0, 2.0]).contains("found 3, 2 and 2"));
        assert!(spoiled("columns", &[1.0, 7.0]).contains("expected the number of an item, found 7"));
        assert!(spoiled("columns", &[1.0, f32::NAN]).contains("found NaN"));
        assert!(spoiled("weights", &[1.0]).contains("found 2, 2 and 1"));
        let mut tensors = BTreeMap::from([("weights".into(), (vec![2, 1], vec![0.0; 2]))]);
        assert!(ItemWeights::restore(&mut tensors).unwrap_err().to_string().contains("square"));
    }
}
