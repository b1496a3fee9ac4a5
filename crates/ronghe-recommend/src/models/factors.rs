//! Alternating least squares over two sets of vectors, the shared part of the factor models.
//!
//! A step solves all rows of one side against the fixed vectors Y of the other:
//!
//! ```text
//! (w0 Y'Y + alpha sum over j of y_j y_j' + r I) x = (w0 + alpha) sum over j of y_j + r prior         j: the n events of the row
//! r = lambda (1 + n)^nu
//! ```
//!
//! Before it, both sides are turned to the eigenvectors of `Y'Y` (which changes no score). Its matrix is diagonal then, so that a row
//! of n events costs `n min(n, F) F` or, by conjugate gradients, `4 n F` a step. A step over R rows with E events takes
//! `E min(E / R, F) F + (R + R') F^2 + 9 F^3` operations at most, and beside the vectors of both sides the events of the other order,
//! 4 bytes each.

use crate::models::ials::{Ials, Settings, Solver};
use crate::models::ridge::Ridge;
use crate::{Error, Progress, Result, Sparse, Training, eigen};
use rayon::prelude::*;
use ronghe_cpu::{Normal, System, gram, multiply};
use ronghe_stats::random::SplitMix64;
use std::borrow::Cow;

/// Rows that are solved or turned as one piece of work.
const ROWS: usize = 64;
/// Rows whose Gram matrix is one piece of work at least, and pieces at most.
const GRAM_ROWS: usize = 4096;
const GRAM_PIECES: usize = 64;
/// Steps of conjugate gradients.
const STEPS: usize = 3;
/// Standard deviation of the numbers that a fit starts from.
const START: f64 = 0.1;

/// Which columns each row has.
#[derive(Debug)]
pub(crate) struct Events<'a> {
    starts: Cow<'a, [usize]>,
    columns: Cow<'a, [u32]>,
}

impl<'a> Events<'a> {
    /// As they lie.
    pub(crate) fn rows(matrix: &'a Sparse) -> Events<'a> {
        Events { starts: matrix.proper_indptr(), columns: Cow::Borrowed(matrix.indices()) }
    }

    /// The rows of each of `count` columns, in ascending order.
    pub(crate) fn turned(&self, count: usize) -> Events<'static> {
        let mut starts = vec![0; count + 1];
        self.columns.iter().for_each(|column| starts[*column as usize + 1] += 1);
        (0..count).for_each(|c| starts[c + 1] += starts[c]);
        let (mut next, mut columns) = (starts.clone(), vec![0; self.columns.len()]);
        for row in 0..self.count() {
            for column in self.row(row) {
                let place = &mut next[*column as usize];
                columns[*place] = row as u32;
                *place += 1;
            }
        }
        Events { starts: starts.into(), columns: columns.into() }
    }

    /// Number of rows.
    pub(crate) fn count(&self) -> usize {
        self.starts.len() - 1
    }

    /// Columns of a row.
    pub(crate) fn row(&self, row: usize) -> &[u32] {
        &self.columns[self.starts[row]..self.starts[row + 1]]
    }

    fn longest(&self) -> usize {
        self.starts.windows(2).map(|w| w[1] - w[0]).max().unwrap_or(0)
    }
}

/// A fit under way.
#[derive(Debug)]
pub(crate) struct Factors<'a> {
    settings: &'a Settings,
    by_user: Events<'a>,
    by_item: Events<'static>,
    /// `[users, F]`
    pub(crate) users: Vec<f32>,
    /// `[items, F]`
    pub(crate) items: Vec<f32>,
    ridge: Option<Ridge<'a>>,
    /// Alpha and w0 + alpha, as often as the longest row is long.
    weights: Vec<f32>,
    targets: Vec<f32>,
}

/// Fits all iterations.
pub(crate) fn fit<'a>(
    settings: &'a Settings,
    data: &Training<'a>,
    progress: Progress<'_>,
) -> Result<Factors<'a>> {
    let mut factors = Factors::new(settings, data)?;
    for done in 0..settings.iterations {
        if !progress(done, settings.iterations) {
            return Err(Error::Stopped);
        }
        factors.iterate();
    }
    Ok(factors)
}

impl<'a> Factors<'a> {
    /// The start of a fit.
    pub(crate) fn new(settings: &'a Settings, data: &Training<'a>) -> Result<Factors<'a>> {
        let width = settings.factors;
        let (users, items) = data.liked.shape();
        let by_user = Events::rows(data.liked);
        let by_item = by_user.turned(items);
        let mut start = vec![0.0; items * width];
        start.par_chunks_mut(width).enumerate().filter(|(i, _)| !by_item.row(*i).is_empty()).for_each(
            |(item, row)| {
                let mut random = SplitMix64::numbered(data.seed, item as u64);
                row.iter_mut().for_each(|x| *x = (START * random.normal()) as f32);
            },
        );
        let features = data.features.filter(|f| settings.features && f.width > 0);
        let ridge = match features {
            Some(features) => {
                let seen = (0..items).map(|i| !by_item.row(i).is_empty()).collect();
                Some(Ridge::new(features, seen, width, settings.lambda_w)?)
            }
            None => None,
        };
        let longest = by_user.longest().max(by_item.longest());
        Ok(Factors {
            settings,
            users: vec![0.0; users * width],
            items: start,
            ridge,
            weights: vec![settings.alpha as f32; longest],
            targets: vec![(settings.alpha0 + settings.alpha) as f32; longest],
            by_user,
            by_item,
        })
    }

    /// A step of the users, one of the items, and where items have features the map from these.
    pub(crate) fn iterate(&mut self) {
        let squares = self.turn(true);
        self.step(&squares, true);
        let squares = self.turn(false);
        self.step(&squares, false);
        if let Some(ridge) = &mut self.ridge {
            ridge.refit(&self.items);
        }
    }

    /// Whether an item has events.
    pub(crate) fn seen(&self) -> Vec<bool> {
        (0..self.by_item.count()).map(|i| !self.by_item.row(i).is_empty()).collect()
    }

    /// The model; items without events get what the map says of them.
    pub(crate) fn finish(mut self) -> Ials {
        let squares = self.turn(true);
        if let Some(ridge) = &self.ridge {
            ridge.fill_unseen(&mut self.items);
        }
        let map = self.ridge.map(|ridge| ridge.map).unwrap_or_default();
        Ials::new(*self.settings, self.items, squares).mapped(map)
    }

    /// Turns everything to the eigenvectors of the Gram matrix of the items (or users) and gives its eigenvalues.
    fn turn(&mut self, of_items: bool) -> Vec<f32> {
        let width = self.settings.factors;
        let (fixed, solved) =
            if of_items { (&mut self.items, &mut self.users) } else { (&mut self.users, &mut self.items) };
        let (squares, basis) = principal(fixed, width);
        turn(fixed, &basis, width);
        if self.settings.solver == Solver::Cg {
            turn(solved, &basis, width);
        }
        if let Some(ridge) = &mut self.ridge {
            turn(&mut ridge.map, &basis, width);
        }
        squares
    }

    /// Solves the users (or items).
    fn step(&mut self, squares: &[f32], of_users: bool) {
        let (settings, width) = (self.settings, self.settings.factors);
        let (events, fixed, solved) = if of_users {
            (&self.by_user, &self.items, &mut self.users)
        } else {
            (&self.by_item, &self.users, &mut self.items)
        };
        let ridge = self.ridge.as_ref().filter(|_| !of_users);
        let (weights, targets) = (&self.weights, &self.targets);
        solved.par_chunks_mut(ROWS * width).enumerate().for_each_init(
            Work::default,
            |work, (piece, rows)| {
                let count = rows.len() / width;
                if let Some(ridge) = ridge {
                    work.prior.resize(count * width, 0.0);
                    ridge.predict(piece * ROWS, &mut work.prior);
                }
                work.diagonal.resize(width, 0.0);
                for (r, row) in rows.chunks_exact_mut(width).enumerate() {
                    let columns = events.row(piece * ROWS + r);
                    if columns.is_empty() {
                        row.fill(0.0);
                        continue;
                    }
                    let drawn = settings.diagonal(squares, columns.len(), &mut work.diagonal);
                    let extra = ridge.map(|_| {
                        let prior = &mut work.prior[r * width..(r + 1) * width];
                        prior.iter_mut().for_each(|p| *p *= drawn);
                        &*prior
                    });
                    let system = System {
                        diagonal: &work.diagonal,
                        vectors: fixed,
                        rows: columns,
                        weights,
                        targets,
                        extra,
                        next: if r + 1 < count { events.row(piece * ROWS + r + 1) } else { &[] },
                    };
                    match settings.solver {
                        Solver::Cholesky => work.normal.solve(&system, row),
                        Solver::Cg => work.normal.descend(&system, STEPS, row),
                    }
                }
            },
        );
    }
}

/// What a thread keeps from row to row.
#[derive(Default)]
struct Work {
    normal: Normal,
    prior: Vec<f32>,
    diagonal: Vec<f32>,
}

/// Eigenvalues of the Gram matrix of `rows`, and the matrix that turns a row to its eigenvectors.
fn principal(rows: &[f32], width: usize) -> (Vec<f32>, Vec<f32>) {
    let (values, vectors) = eigen::symmetric(square(rows, width), width);
    let basis = (0..width * width).map(|e| vectors[e % width * width + e / width] as f32).collect();
    (values.into_iter().map(|v| v.max(0.0) as f32).collect(), basis)
}

/// `rows' rows`: pieces by the number of rows alone, added in order.
fn square(rows: &[f32], width: usize) -> Vec<f64> {
    let piece = GRAM_ROWS.max((rows.len() / width).div_ceil(GRAM_PIECES)) * width;
    let parts: Vec<Vec<f32>> = rows
        .par_chunks(piece)
        .map(|rows| {
            let mut part = vec![0.0; width * width];
            gram(rows, width, &mut part);
            part
        })
        .collect();
    let mut sum = vec![0.0; width * width];
    parts.iter().for_each(|part| sum.iter_mut().zip(part).for_each(|(s, p)| *s += f64::from(*p)));
    sum
}

/// Multiplies every row by the basis.
fn turn(rows: &mut [f32], basis: &[f32], width: usize) {
    rows.par_chunks_mut(ROWS * width).for_each(|rows| {
        let old = rows.to_vec();
        multiply(&old, width, basis, width, rows);
    });
}
