//! Many small systems of normal equations, as alternating least squares have one for each row.
//!
//! ```text
//! (diag(d) + sum over i of a_i y_i y_i') x = sum over i of c_i y_i + e          y_i: F numbers, i: 1 to n
//! ```
//!
//! Three ways, of which [`Normal::solve`] takes the cheaper of the first two:
//!
//! - many rows: the matrix itself, `F^2 n + F^3 / 3` operations
//! - few rows: with `S = diag(a)^1/2 Y diag(d)^-1/2` the answer is `diag(d)^-1/2 (g + S' (I + S S')^-1 (diag(a)^-1/2 c - S g))`, where
//!   `g = diag(d)^-1/2 e` (push-through identity), `n^2 F + n^3 / 3` operations; where `d` holds what `Y' Y` of all rows does,
//!   its condition is below 1 + a
//! - [`Normal::descend`]: steps of conjugate gradients, `4 n F` operations each
//!
//! That the matrix beside the rows is diagonal costs nothing: turn all vectors once to the eigenvectors of their Gram matrix.

mod cholesky;
mod rows;

pub use rows::{combine, dots};

use crate::buffer::Buffer;
use crate::kernels::gemm::{transpose, triangle};
use crate::kernels::multiversion;
use cholesky::{BLOCK, LINE, factor};

/// Numbers of gathered rows that stay in the first cache.
const NEAR: usize = 6 << 10;
/// Rows gathered at once at least.
const LEAST: usize = 48;
/// Numbers of gathered rows that stay in the second cache.
const KEPT: usize = 64 << 10;
/// Numbers that are fetched ahead of their use.
const AHEAD: usize = 4 << 10;
/// Steps end where the squared residual is below this.
const DONE: f32 = 1e-20;

/// One system. `weights`, `targets` have a number for each of `rows` at least.
#[derive(Debug, Clone, Copy)]
pub struct System<'a> {
    /// d, above 0.
    pub diagonal: &'a [f32],
    /// All vectors, row after row, each as long as `diagonal`.
    pub vectors: &'a [f32],
    /// Which of them are in the sum.
    pub rows: &'a [u32],
    /// a, above 0.
    pub weights: &'a [f32],
    /// c.
    pub targets: &'a [f32],
    /// e; zeros if absent.
    pub extra: Option<&'a [f32]>,
    /// Rows of the system that is solved after this one, fetched ahead; may be empty, and changes no result.
    pub next: &'a [u32],
}

/// Solves systems of one width, and keeps the memory for it.
#[derive(Debug, Default)]
pub struct Normal {
    panel: Buffer,
    turned: Buffer,
    matrix: Buffer,
    inverse: Buffer,
    scale: Buffer,
    right: Buffer,
    answer: Buffer,
    step: Buffer,
    image: Buffer,
}

/// The first `len` places of a buffer, which grows if need be.
fn room(buffer: &mut Buffer, len: usize) -> &mut [f32] {
    if buffer.len() < len {
        *buffer = Buffer::new(len.next_power_of_two());
    }
    &mut buffer[..len]
}

impl Normal {
    /// Writes the exact answer into `x`.
    ///
    /// ```
    /// use ronghe_cpu::{Normal, System};
    /// // (1 + 3 * 2^2) x = 4 * 2 + 5
    /// let system = System { diagonal: &[1.0], vectors: &[7.0, 2.0], rows: &[1], weights: &[3.0], targets: &[4.0], extra: Some(&[5.0]), next: &[] };
    /// let mut x = [0.0];
    /// Normal::default().solve(&system, &mut x);
    /// assert!((x[0] - 1.0).abs() < 1e-6);
    /// ```
    ///
    /// # Panics
    /// If sizes do not fit each other or a row does not exist.
    pub fn solve(&mut self, system: &System<'_>, x: &mut [f32]) {
        let (n, f) = (system.rows.len(), x.len());
        assert_eq!(system.diagonal.len(), f, "diagonal of a system");
        if n.next_multiple_of(BLOCK) < f { self.few(system, x) } else { self.many(system, x) }
    }

    /// The matrix of the system, factored.
    fn many(&mut self, system: &System<'_>, x: &mut [f32]) {
        let f = x.len();
        let width = f.next_multiple_of(LINE);
        let most = (NEAR / width).max(LEAST).min(system.rows.len().max(1));
        let panel = room(&mut self.panel, most * width);
        let matrix = room(&mut self.matrix, width * width);
        let answer = room(&mut self.answer, width);
        let step = room(&mut self.step, most);
        answer.fill(0.0);
        if let Some(extra) = system.extra {
            answer[..f].copy_from_slice(extra);
        }
        matrix.fill(0.0);
        for (c, rows) in system.rows.chunks(most).enumerate() {
            let (weights, targets) = (&system.weights[c * most..], &system.targets[c * most..]);
            for (i, row) in rows.iter().enumerate() {
                ahead(system, c * most + i, f);
                let root = weights[i].sqrt();
                step[i] = targets[i] / root;
                scaled(vector(system, *row, f), root, &mut panel[i * width..(i + 1) * width]);
            }
            combine(panel, &step[..rows.len()], answer);
            triangle(panel, rows.len(), width, width, matrix, width, c > 0);
        }
        negate(matrix);
        let mut least = f32::INFINITY;
        for k in 0..width {
            let d = system.diagonal.get(k).copied().unwrap_or(1.0);
            matrix[k * width + k] -= d;
            least = least.min(d);
        }
        let inverse = room(&mut self.inverse, width);
        factor(matrix, width, width, least, inverse);
        cholesky::solve(matrix, width, width, inverse, answer);
        x.copy_from_slice(&answer[..f]);
    }

    /// As many unknowns as rows.
    fn few(&mut self, system: &System<'_>, x: &mut [f32]) {
        let (n, f) = (system.rows.len(), x.len());
        let (width, size, stride) =
            (f.next_multiple_of(LINE), n.next_multiple_of(BLOCK), n.next_multiple_of(LINE));
        let scale = room(&mut self.scale, width);
        scale.fill(0.0);
        roots(system.diagonal, &mut scale[..f]);
        let answer = room(&mut self.answer, width);
        answer.fill(0.0);
        if let Some(extra) = system.extra {
            answer.iter_mut().zip(extra).zip(&*scale).for_each(|((g, e), s)| *g = e * s);
        }
        let panel = room(&mut self.panel, stride * width);
        let right = room(&mut self.right, stride);
        right.fill(0.0);
        for (i, row) in panel.chunks_exact_mut(width).enumerate() {
            let Some(number) = system.rows.get(i) else {
                row.fill(0.0);
                continue;
            };
            ahead(system, i, f);
            let root = system.weights[i].sqrt();
            right[i] = system.targets[i] / root;
            weighted(vector(system, *number, f), root, scale, row);
        }
        if system.extra.is_some() {
            let products = room(&mut self.image, n);
            dots(panel, answer, products);
            right.iter_mut().zip(products).for_each(|(r, p)| *r -= *p);
        }
        let turned = room(&mut self.turned, width * stride);
        transpose(panel, width, stride, width, stride, turned);
        let matrix = room(&mut self.matrix, stride * stride);
        triangle(turned, width, stride, stride, matrix, stride, false);
        negate(&mut matrix[..size * stride]);
        for k in 0..size {
            matrix[k * stride + k] -= 1.0;
        }
        let inverse = room(&mut self.inverse, size);
        factor(matrix, size, stride, 1.0, inverse);
        cholesky::solve(matrix, size, stride, inverse, right);
        combine(panel, &right[..n], answer);
        x.iter_mut().zip(answer).zip(scale).for_each(|((x, a), s)| *x = *a * *s);
    }

    /// Takes `steps` steps of conjugate gradients from what `x` holds.
    ///
    /// # Panics
    /// If sizes do not fit each other or a row does not exist.
    pub fn descend(&mut self, system: &System<'_>, steps: usize, x: &mut [f32]) {
        let f = x.len();
        assert_eq!(system.diagonal.len(), f, "diagonal of a system");
        let mut rest = std::mem::take(&mut self.right);
        let mut step = std::mem::take(&mut self.step);
        let mut image = std::mem::take(&mut self.image);
        let (residual, direction, product) = (room(&mut rest, f), room(&mut step, f), room(&mut image, f));
        match system.extra {
            Some(extra) => residual.copy_from_slice(extra),
            None => residual.fill(0.0),
        }
        residual.iter_mut().zip(&*x).zip(system.diagonal).for_each(|((r, x), d)| *r -= d * x);
        let kept = system.rows.len() * f <= KEPT;
        self.sweep(system, true, kept, x, residual);
        direction.copy_from_slice(residual);
        let mut size = dot(residual, residual);
        for _ in 0..steps {
            if size < DONE {
                break;
            }
            product.iter_mut().zip(&*direction).zip(system.diagonal).for_each(|((y, p), d)| *y = d * p);
            self.sweep(system, false, kept, direction, product);
            let length = size / dot(direction, product);
            for k in 0..f {
                x[k] += length * direction[k];
                residual[k] -= length * product[k];
            }
            let (old, new) = (size, dot(residual, residual));
            size = new;
            direction.iter_mut().zip(&*residual).for_each(|(p, r)| *p = r + new / old * *p);
        }
        (self.right, self.step, self.image) = (rest, step, image);
    }

    /// Adds `Y' (c - diag(a) Y x)` (`first`) or `Y' diag(a) Y x` to `out`. Rows that are all `kept` are gathered once, by the first.
    fn sweep(&mut self, system: &System<'_>, first: bool, kept: bool, x: &[f32], out: &mut [f32]) {
        let f = x.len();
        let most = (NEAR / f).max(LEAST);
        let places = if kept { system.rows.len() } else { most.min(system.rows.len()) };
        let panel = room(&mut self.panel, places * f);
        let factors = room(&mut self.inverse, most);
        for (c, rows) in system.rows.chunks(most).enumerate() {
            let (n, from) = (rows.len(), c * most);
            let part = &mut panel[if kept { from * f } else { 0 }..][..n * f];
            if first || !kept {
                for (i, (row, place)) in rows.iter().zip(part.chunks_exact_mut(f)).enumerate() {
                    ahead(system, from + i, f);
                    place.copy_from_slice(vector(system, *row, f));
                }
            }
            dots(part, x, &mut factors[..n]);
            for (i, factor) in factors[..n].iter_mut().enumerate() {
                let weighted = system.weights[from + i] * *factor;
                *factor = if first { system.targets[from + i] - weighted } else { weighted };
            }
            combine(part, &factors[..n], out);
        }
    }
}

/// Asks for the vector that will be gathered some time after row `i`; the first of the next system after the last.
fn ahead(system: &System<'_>, i: usize, width: usize) {
    let distance = (AHEAD / width).max(4);
    if let Some(row) = system.rows.get(i + distance) {
        ask(vector(system, *row, width));
    }
    if i + 1 == system.rows.len() {
        system.next.iter().take(distance).for_each(|row| ask(vector(system, *row, width)));
    }
}

/// Has memory that will be read soon brought into the cache.
#[allow(unsafe_code)]
fn ask(x: &[f32]) {
    #[cfg(target_arch = "x86_64")]
    for line in x.chunks(LINE) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 processor has the instruction; it reads nothing, and the line exists.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = x;
}

/// One of the vectors.
fn vector<'a>(system: &System<'a>, row: u32, width: usize) -> &'a [f32] {
    &system.vectors[row as usize * width..][..width]
}

multiversion! {
    /// `to = x by`, filled up with zeros.
    fn scaled(x: &[f32], by: f32, to: &mut [f32]) {
        let (part, rest) = to.split_at_mut(x.len());
        part.iter_mut().zip(x).for_each(|(t, x)| *t = x * by);
        rest.fill(0.0);
    }
}

multiversion! {
    /// `to = x scale by`, filled up with zeros.
    fn weighted(x: &[f32], by: f32, scale: &[f32], to: &mut [f32]) {
        let (part, rest) = to.split_at_mut(x.len());
        part.iter_mut().zip(x).zip(scale).for_each(|((t, x), s)| *t = x * by * s);
        rest.fill(0.0);
    }
}

multiversion! {
    /// `to = x^-1/2`
    fn roots(x: &[f32], to: &mut [f32]) {
        to.iter_mut().zip(x).for_each(|(t, x)| *t = 1.0 / x.sqrt());
    }
}

multiversion! {
    fn negate(x: &mut [f32]) {
        x.iter_mut().for_each(|x| *x = -*x);
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sum = [0.0];
    dots(a, b, &mut sum);
    sum[0]
}

#[cfg(test)]
mod tests;
