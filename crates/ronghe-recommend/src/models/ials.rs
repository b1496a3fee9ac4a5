//! Factors of implicit feedback by alternating least squares (iALS; Hu, Koren, Volinsky 2008), with features of items where there are any.
//!
//! ```text
//! loss = sum over all cells of w (p - u.v)^2 + sum over rows of lambda (1 + n)^nu |x - prior|^2
//! p = 1 and w = alpha0 + alpha where liked, p = 0 and w = alpha0 elsewhere; n: events of the row
//! prior = 0 for users; for items 0, or features @ W where there are features
//! W = (F'F + lambda_w I)^-1 F'V over the items with events, after every step of the items
//! ```
//!
//! `alpha0` is the weight of what was not liked, 1 as in the paper and in implicit. Rendle et al. 2021 and irspack write the weight of
//! the liked as 1 + alpha0 and lambda in the same unit: their (alpha0, lambda) are ours with alpha = 1. With alpha0 = 0
//! everything liked fits any vectors of one length, so 0 is refused.
//!
//! An item without events takes no part in the loss: nobody can have passed it by. It gets features @ W; without features nothing is
//! known of it. **Users are not kept**: the vector of a
//! user is solved anew for each query from the history, exactly, by the normal equations. So a new user needs no
//! fit, and a known user gets what one more step of the users would give. Without a history all scores are 0.
//! The score of item i is `sum over history j of c_j v_i' A^-1 v_j` with `c = alpha0 + alpha`: what each event adds to it. The weight of an
//! event of the history multiplies alpha; of an item that comes twice the largest weight counts, once.
//!
//! Time and memory of a fit: see `factors`. A query takes `n min(n, F) F + I F`.

use crate::model::{Products, take};
use crate::models::factors;
use crate::models::vectors::Vectors;
use crate::{Contribution, Error, Features, Progress, Query, Recommender, Result, Training};
use ronghe_cpu::{Normal, System, combine, dots};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Vectors can have as many numbers at most.
const MOST: usize = 2048;

/// How the systems are solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Solver {
    /// Exactly.
    Cholesky,
    /// Three steps of conjugate gradients from the last answer; a query is solved exactly all the same.
    Cg,
}

/// Settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Numbers in a vector.
    pub factors: usize,
    /// Steps of users and items.
    pub iterations: usize,
    /// Weight that a like adds; above 0.
    pub alpha: f64,
    /// Weight of a cell without a like; above 0.
    pub alpha0: f64,
    /// Regularisation; above 0.
    pub lambda: f64,
    /// How the regularisation grows with the events of a row: 0 not at all, 1 as they do.
    pub nu: f64,
    /// How the systems are solved.
    pub solver: Solver,
    /// Whether items are drawn to their features, if there are any.
    pub features: bool,
    /// Regularisation of the map from features; above 0.
    pub lambda_w: f64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            factors: 64,
            iterations: 15,
            alpha: 3.0,
            alpha0: 1.0,
            lambda: 1.0,
            nu: 0.0,
            solver: Solver::Cholesky,
            features: true,
            lambda_w: 1.0,
        }
    }
}

/// Settings that are tried.
pub(crate) fn grid() -> Vec<Settings> {
    let with = |factors, lambda, alpha, nu| Settings { factors, lambda, alpha, nu, ..Settings::default() };
    let mut all = Vec::new();
    for (factors, lambda, alpha) in
        [(64, 1.0, 3.0), (16, 1.0, 3.0), (64, 10.0, 3.0), (16, 10.0, 3.0), (64, 10.0, 10.0), (16, 1.0, 1.0)]
    {
        all.push(with(factors, lambda, alpha, 0.0));
    }
    for (factors, lambda, alpha) in [(24, 1.0, 5.0), (24, 0.3, 5.0), (64, 0.1, 3.0), (24, 1.0, 20.0)] {
        all.push(with(factors, lambda, alpha, 1.0));
    }
    all
}

impl Settings {
    /// Whether they can be used.
    pub(crate) fn check(&self) -> Result<()> {
        let sizes = [("factors", self.factors, MOST), ("iterations", self.iterations, 10_000)];
        for (name, value, most) in sizes {
            if value == 0 || value > most {
                let (what, expected) = (format!("`{name}` of ials"), format!("a number from 1 to {most}"));
                return Err(Error::input(what, expected, value.to_string(), "64 and 15 are usual"));
            }
        }
        let weights = [
            ("alpha", self.alpha, "the weight that a like adds; 3 is usual"),
            (
                "alpha0",
                self.alpha0,
                "without weight on what was not liked every item fits equally; 1 is usual",
            ),
            ("lambda", self.lambda, "without regularisation rare items fit noise; 1 is usual"),
            ("lambda_w", self.lambda_w, "1 is usual"),
        ];
        for (name, value, help) in weights {
            if !(value > 1e-9 && value < 1e9) {
                let what = format!("`{name}` of ials");
                return Err(Error::input(what, "a number above 0 (1e-9 to 1e9)", value.to_string(), help));
            }
        }
        if !(0.0..=2.0).contains(&self.nu) {
            let help = "0: the same for all rows, 1: as the events of a row";
            return Err(Error::input("`nu` of ials", "a number from 0 to 2", self.nu.to_string(), help));
        }
        Ok(())
    }

    /// The diagonal of the system of a row with `events` events beside those, and the regularisation in it.
    pub(crate) fn diagonal(&self, squares: &[f32], events: usize, out: &mut [f32]) -> f32 {
        let drawn = (self.lambda * (1.0 + events as f64).powf(self.nu)) as f32;
        let rest = self.alpha0 as f32;
        out.iter_mut().zip(squares).for_each(|(d, s)| *d = rest * s + drawn);
        drawn
    }

    /// What events of these weights add to alpha0, and the weights of their cells.
    pub(crate) fn cells(&self, mut weights: Vec<f32>) -> (Vec<f32>, Vec<f32>) {
        // Within what a float holds, whatever the weight of an event.
        weights.iter_mut().for_each(|w| *w = (f64::from(*w) * self.alpha).clamp(1e-12, 1e12) as f32);
        let targets = weights.iter().map(|w| w + self.alpha0 as f32).collect();
        (weights, targets)
    }
}

/// Vectors of the items.
#[derive(Debug)]
pub struct Ials {
    settings: Settings,
    /// Turned so that the Gram matrix of the items with events is diagonal.
    items: Vectors,
    /// That diagonal.
    squares: Vec<f32>,
    /// The map from features to vectors, `[features, factors]`; empty without features.
    map: Vec<f32>,
}

/// Fits it.
pub fn fit(settings: &Settings, data: &Training<'_>, progress: Progress<'_>) -> Result<Ials> {
    settings.check()?;
    Ok(factors::fit(settings, data, progress)?.finish())
}

impl Ials {
    pub(crate) fn new(settings: Settings, items: Vec<f32>, squares: Vec<f32>) -> Ials {
        Ials { settings, items: Vectors::new(items, settings.factors), squares, map: Vec::new() }
    }

    /// With the map that gave the items without events their vectors.
    pub(crate) fn mapped(self, map: Vec<f32>) -> Ials {
        Ials { map, ..self }
    }

    /// Vectors of the items.
    pub(crate) fn vectors(&self) -> &[f32] {
        &self.items.rows
    }

    /// The vectors and the diagonal of their Gram matrix.
    pub(crate) fn into_parts(self) -> (Vec<f32>, Vec<f32>) {
        (self.items.rows, self.squares)
    }

    /// With other vectors for the items without events.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut [f32])) {
        let mut rows = std::mem::take(&mut self.items.rows);
        change(&mut rows);
        self.items = Vectors::new(rows, self.settings.factors);
    }

    /// Of the tensors that it was saved as.
    pub fn restore(
        settings: &Settings,
        tensors: &mut BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    ) -> Result<Ials> {
        settings.check()?;
        let (shape, items) = take(tensors, "items")?;
        let squares = take(tensors, "squares")?.1;
        if shape.len() != 2 || shape[1] != settings.factors || squares.len() != settings.factors {
            let expected = format!("`items` and `squares` with {} numbers a row", settings.factors);
            let found = format!("{shape:?} and {}", squares.len());
            return Err(Error::input("a fitted recommender", expected, found, "fit it again"));
        }
        let map = tensors.remove("map").map(|(_, map)| map).unwrap_or_default();
        Ok(Ials::new(*settings, items, squares).mapped(map))
    }

    /// Items of the history that count, what each adds to alpha0, and the weight of its cell.
    fn history(&self, query: Query<'_>) -> (Vec<u32>, Vec<f32>, Vec<f32>) {
        let (items, weights) = self.items.history(query);
        let (weights, targets) = self.settings.cells(weights);
        (items, weights, targets)
    }

    /// `A^-1` times the sum of the vectors of the history with `targets`, and of `extra`.
    fn solve(
        &self,
        normal: &mut Normal,
        (rows, weights, targets): (&[u32], &[f32], &[f32]),
        extra: Option<&[f32]>,
    ) -> Vec<f32> {
        let mut diagonal = vec![0.0; self.settings.factors];
        self.settings.diagonal(&self.squares, rows.len(), &mut diagonal);
        let mut answer = vec![0.0; self.settings.factors];
        let system = System {
            diagonal: &diagonal,
            vectors: &self.items.rows,
            rows,
            weights,
            targets,
            extra,
            next: &[],
        };
        normal.solve(&system, &mut answer);
        answer
    }

    /// The vector of the user with this history.
    fn user(&self, normal: &mut Normal, query: Query<'_>) -> Vec<f32> {
        let (rows, weights, targets) = self.history(query);
        self.solve(normal, (&rows, &weights, &targets), None)
    }
}

impl Recommender for Ials {
    fn items(&self) -> usize {
        self.items.lengths.len()
    }

    fn scores(&self, query: Query<'_>, out: &mut [f32]) {
        self.items.products(&self.user(&mut Normal::default(), query), out);
    }

    fn products(&self, queries: &[Query<'_>]) -> Option<Products<'_>> {
        let mut normal = Normal::default();
        let vectors = queries.iter().flat_map(|query| self.user(&mut normal, *query)).collect();
        Some(self.items.of(vectors, &[]))
    }

    fn contributions(&self, query: Query<'_>, item: u32) -> Option<(Vec<Contribution>, f32)> {
        let vector = self.items.get(item)?;
        let (rows, weights, targets) = self.history(query);
        // A is symmetric: one system answers for the whole history.
        let none = vec![0.0; rows.len()];
        let solved = self.solve(&mut Normal::default(), (&rows, &weights, &none), Some(vector));
        let each = rows.iter().zip(targets).filter_map(|(row, target)| {
            let mut value = [0.0];
            dots(self.items.get(*row)?, &solved, &mut value);
            Some(Contribution { item: *row, value: target * value[0] })
        });
        Some((each.collect(), 0.0))
    }

    fn aspects(&self, query: Query<'_>, item: u32, features: &Features) -> Option<Vec<f32>> {
        let (vector, row, width) = (self.items.get(item)?, features.row(item), self.settings.factors);
        if row.is_empty() || self.map.len() != row.len() * width {
            return None;
        }
        let mut mapped = vec![0.0; width];
        self.map.chunks_exact(width).zip(row).for_each(|(part, x)| combine(part, &[*x], &mut mapped));
        // An item with events has a vector of its own, whatever its features say.
        let size = vector.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        if mapped.iter().zip(vector).any(|(m, v)| (m - v).abs() > 1e-4 * size) {
            return None;
        }
        let mut each = vec![0.0; row.len()];
        dots(&self.map, &self.user(&mut Normal::default(), query), &mut each);
        each.iter_mut().zip(row).for_each(|(each, x)| *each *= x);
        Some(each)
    }

    fn similar(&self, item: u32, out: &mut [f32]) -> bool {
        self.items.similar(item, out)
    }

    fn similar_among(&self, item: u32, others: &[u32], out: &mut [f32]) -> bool {
        self.items.similar_among(item, others, out)
    }

    fn tensors(&self) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
        let shape = vec![self.items.lengths.len(), self.items.width];
        let mut found = BTreeMap::from([
            ("items".into(), (shape, self.items.rows.clone())),
            ("squares".into(), (vec![self.squares.len()], self.squares.clone())),
        ]);
        if !self.map.is_empty() {
            let shape = vec![self.map.len() / self.settings.factors, self.settings.factors];
            found.insert("map".into(), (shape, self.map.clone()));
        }
        found
    }
}

#[cfg(test)]
mod tests;
