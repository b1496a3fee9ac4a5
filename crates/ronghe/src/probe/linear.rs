//! Linear models on fixed features: multinomial logistic regression, and ridge regression.
//!
//! ```text
//! z = x W + b                                           x [d], W [d, k], b [k]
//! J = 1/n sum_i loss(z_i, y_i) + s m / 2 |W|²            intercepts are free
//! loss   classes: ln sum_c exp(z_c) - z_y               a quantity: 1/2 (z - y)²
//! ```
//! n rows; `m` is the mean squared length of a row, so that one scale of strengths `s` suits features of any width and
//! size. Two classes have two columns like any other number. Minimised by [`minimise`]; J is convex, with W unique, and both
//! its products are exact sums in one order: the same bits at any number of threads. About 4 n d k operations an
//! evaluation. Source: Böhning 1992; Hoerl and Kennard 1970.

use super::design::{Design, LANES, Scaler};
use super::{Features, Goal};
use rayon::prelude::*;
use ronghe_stats::lbfgs::{Stop, minimise};

/// A fitted linear model.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    scaler: Scaler,
    /// `[d + 1, k]`, the intercepts last; k rounded up.
    weights: Vec<f64>,
    outputs: usize,
    padded: usize,
    /// Of a quantity: what a score of 0 and of 1 stand for.
    mean: f64,
    deviation: f64,
    /// J at the end.
    objective: f64,
    converged: bool,
}

/// Rows whose losses are added up together.
const ROWS: usize = 256;

impl Linear {
    /// Fits `rows` of `features`, standardised, from `start` (another model of the same problem) or from zero. `strength`
    /// is `s` above.
    pub fn fit(
        features: &Features,
        goal: &Goal,
        rows: &[usize],
        strength: f64,
        start: Option<&Linear>,
        stop: Stop,
    ) -> Linear {
        let scaler = Scaler::new(features, rows);
        let design = Design::new(features, rows, &scaler);
        Linear::fit_design(&design, &scaler, goal, rows, strength, start, stop)
    }

    /// As [`Linear::fit`] where the design of the rows is at hand.
    pub(super) fn fit_design(
        design: &Design,
        scaler: &Scaler,
        goal: &Goal,
        rows: &[usize],
        strength: f64,
        start: Option<&Linear>,
        stop: Stop,
    ) -> Linear {
        let outputs = goal.outputs();
        let padded = outputs.next_multiple_of(LANES);
        let (mean, deviation) = goal.scale(rows);
        let wanted = match goal {
            Goal::Classes { labels, .. } => Wanted::Classes(rows.iter().map(|&r| labels[r]).collect()),
            Goal::Numbers(numbers) => {
                Wanted::Numbers(rows.iter().map(|&r| (numbers[r] - mean) / deviation).collect())
            }
        };
        let n = design.rows().max(1) as f64;
        let penalty = strength * design.mean_square();
        let slopes = design.width() * padded;
        let mut scores = vec![0.0; design.rows() * padded];
        let objective = |weights: &[f64], gradient: &mut [f64]| {
            design.scores(weights, padded, &mut scores);
            let losses: Vec<f64> = scores
                .par_chunks_mut(ROWS * padded)
                .enumerate()
                .map(|(block, scores)| wanted.residuals(block * ROWS, scores, outputs, padded))
                .collect();
            design.slopes(&scores, padded, gradient);
            let mut square = 0.0;
            for (i, (g, w)) in gradient.iter_mut().zip(weights).enumerate() {
                *g /= n;
                if i < slopes {
                    *g += penalty * w;
                    square += w * w;
                }
            }
            losses.iter().sum::<f64>() / n + 0.5 * penalty * square
        };
        let start = start.map_or_else(|| vec![0.0; slopes + padded], |s| s.weights.clone());
        let found = minimise(objective, start, stop);
        Linear {
            scaler: scaler.clone(),
            weights: found.at,
            outputs,
            padded,
            mean,
            deviation,
            objective: found.value,
            converged: found.converged,
        }
    }

    /// Predictions `[rows, outputs]`: the probability of each class, or the quantity.
    pub fn predict(&self, features: &Features, rows: &[usize]) -> Vec<f64> {
        self.predict_design(&Design::new(features, rows, &self.scaler))
    }

    /// As [`Linear::predict`] of a design with this model's scaler.
    pub(super) fn predict_design(&self, design: &Design) -> Vec<f64> {
        let mut scores = vec![0.0; design.rows() * self.padded];
        design.scores(&self.weights, self.padded, &mut scores);
        let mut out = Vec::with_capacity(design.rows() * self.outputs);
        for scores in scores.chunks_exact_mut(self.padded) {
            let z = &mut scores[..self.outputs];
            if self.outputs == 1 {
                z[0] = z[0] * self.deviation + self.mean;
            } else {
                softmax(z);
            }
            out.extend_from_slice(z);
        }
        out
    }

    /// J with the fitted weights.
    pub fn objective(&self) -> f64 {
        self.objective
    }

    /// Whether the gradient became as small as was asked.
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// The weight of column `j` for output `c`, on the standardised column.
    pub fn weight(&self, j: usize, c: usize) -> f64 {
        self.weights[j * self.padded + c]
    }

    /// The intercept of output `c`.
    pub fn intercept(&self, c: usize) -> f64 {
        self.weights[self.weights.len() - self.padded + c]
    }
}

/// What the scores of each row should say.
enum Wanted {
    Classes(Vec<usize>),
    Numbers(Vec<f64>),
}

impl Wanted {
    /// Turns the scores of some rows into the slopes of their losses, and returns the sum of the losses.
    fn residuals(&self, first: usize, scores: &mut [f64], outputs: usize, padded: usize) -> f64 {
        let mut sum = 0.0;
        for (row, scores) in scores.chunks_exact_mut(padded).enumerate() {
            scores[outputs..].fill(0.0);
            let z = &mut scores[..outputs];
            match self {
                Wanted::Classes(labels) => {
                    let y = labels[first + row];
                    let truth = z[y];
                    sum += softmax(z) - truth;
                    z[y] -= 1.0;
                }
                Wanted::Numbers(numbers) => {
                    z[0] -= numbers[first + row];
                    sum += 0.5 * z[0] * z[0];
                }
            }
        }
        sum
    }
}

/// Turns scores into probabilities; returns the logarithm of their sum of exponentials.
fn softmax(z: &mut [f64]) -> f64 {
    let most = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    z.iter_mut().for_each(|z| *z = (*z - most).exp());
    let sum: f64 = z.iter().sum();
    z.iter_mut().for_each(|z| *z /= sum);
    most + sum.ln()
}
