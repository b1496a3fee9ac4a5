//! Pooling over channels-last pictures, and its gradients.
//!
//! Largest element or mean of each window (elements outside the picture do not count), or mean of the whole picture.
//! A window that lies wholly in the padding gives 0. N H' W' C KH KW operations each.

use crate::call::Call;
use crate::kernels::multiversion;
use crate::kernels::slide::Slide;
use crate::threads;
use ronghe_graph::{Op, Result, Window};

/// Computes the pooling family.
pub(crate) fn run(call: &mut Call) -> Result<()> {
    match call.op {
        Op::MaxPool { window } => forward(call, window, max_position),
        Op::AvgPool { window } => forward(call, window, mean_position),
        Op::MaxPoolGrad { window } => max_grad(call, window),
        Op::AvgPoolGrad { window, .. } => mean_grad(call, window),
        Op::GlobalAvgPool => global_mean(call),
        _ => global_mean_grad(call),
    }
}

/// Computes one output position: (elements from the window's first on, elements between rows, rows, columns, output).
type Position = fn(&[f32], usize, usize, usize, &mut [f32]);

fn forward(call: &mut Call, window: &Window, position: Position) -> Result<()> {
    let ([x], [y]) = call.parts()?;
    let slide = Slide::new(window, x.shape, y.shape);
    let (x, c) = (x.f32(), x.last());
    let line = slide.out[1] * c;
    threads::rows(y.data, line, line * slide.taps(), |first, lines| {
        for (l, y) in lines.chunks_exact_mut(line).enumerate() {
            for (ox, y) in y.chunks_exact_mut(c).enumerate() {
                let Reach { start, rows, cols } = reach(&slide, first + l, ox);
                if rows * cols == 0 {
                    y.fill(0.0);
                } else {
                    position(&x[start * c..], slide.size[1] * c, rows, cols, y);
                }
            }
        }
    });
    Ok(())
}

/// The part of a window inside its picture.
struct Reach {
    /// Index of its first element, channels apart.
    start: usize,
    rows: usize,
    cols: usize,
}

/// Line `line` counts over all pictures.
fn reach(slide: &Slide, line: usize, ox: usize) -> Reach {
    let (n, oy) = (line / slide.out[0], line % slide.out[0]);
    let ((ky, iy), (kx, ix)) = (slide.inside(0, oy), slide.inside(1, ox));
    Reach { start: (n * slide.size[0] + iy) * slide.size[1] + ix, rows: ky.len(), cols: kx.len() }
}

multiversion! {
    fn max_position(x: &[f32], stride: usize, rows: usize, cols: usize, y: &mut [f32]) {
        let c = y.len();
        y.copy_from_slice(&x[..c]);
        for row in 0..rows {
            for x in x[row * stride..][..cols * c].chunks_exact(c) {
                for (y, &x) in y.iter_mut().zip(x) {
                    *y = if x > *y { x } else { *y };
                }
            }
        }
    }
}

multiversion! {
    fn mean_position(x: &[f32], stride: usize, rows: usize, cols: usize, y: &mut [f32]) {
        let c = y.len();
        y.fill(0.0);
        for row in 0..rows {
            for x in x[row * stride..][..cols * c].chunks_exact(c) {
                for (y, &x) in y.iter_mut().zip(x) {
                    *y += x;
                }
            }
        }
        let share = 1.0 / (rows * cols) as f32;
        y.iter_mut().for_each(|y| *y *= share);
    }
}

fn max_grad(call: &mut Call, window: &Window) -> Result<()> {
    let ([x, y, dy], [dx]) = call.parts()?;
    let slide = Slide::new(window, x.shape, y.shape);
    let (x, y, dy, c) = (x.f32(), y.f32(), dy.f32(), x.last());
    each_picture(&slide, c, dx.data, |picture, dx| {
        let skipped = picture * slide.size[0] * slide.size[1];
        threads::scratch(c, |rest| {
            for line in picture * slide.out[0]..(picture + 1) * slide.out[0] {
                for ox in 0..slide.out[1] {
                    let Reach { start, rows, cols } = reach(&slide, line, ox);
                    let at = (line * slide.out[1] + ox) * c;
                    rest.copy_from_slice(&dy[at..at + c]);
                    for row in 0..rows {
                        let from = (start + row * slide.size[1]) * c;
                        let to = from - skipped * c;
                        max_share(
                            &x[from..from + cols * c],
                            &y[at..at + c],
                            rest,
                            &mut dx[to..to + cols * c],
                        );
                    }
                }
            }
        });
    });
    Ok(())
}

multiversion! {
    /// Moves what is left of the gradient to elements that equal the largest.
    fn max_share(x: &[f32], y: &[f32], rest: &mut [f32], dx: &mut [f32]) {
        let c = y.len();
        for (x, dx) in x.chunks_exact(c).zip(dx.chunks_exact_mut(c)) {
            for j in 0..c {
                let hit = x[j] == y[j];
                dx[j] += if hit { rest[j] } else { 0.0 };
                rest[j] = if hit { 0.0 } else { rest[j] };
            }
        }
    }
}

fn mean_grad(call: &mut Call, window: &Window) -> Result<()> {
    let ([dy], [dx]) = call.parts()?;
    let slide = Slide::new(window, dx.shape, dy.shape);
    let (dy, c) = (dy.f32(), dy.last());
    each_picture(&slide, c, dx.data, |picture, dx| {
        let skipped = picture * slide.size[0] * slide.size[1];
        for line in picture * slide.out[0]..(picture + 1) * slide.out[0] {
            for ox in 0..slide.out[1] {
                let Reach { start, rows, cols } = reach(&slide, line, ox);
                let dy = &dy[(line * slide.out[1] + ox) * c..][..c];
                for row in 0..rows {
                    let to = (start + row * slide.size[1] - skipped) * c;
                    add_shared(dy, 1.0 / (rows * cols) as f32, &mut dx[to..to + cols * c]);
                }
            }
        }
    });
    Ok(())
}

multiversion! {
    fn add_shared(dy: &[f32], share: f32, dx: &mut [f32]) {
        for dx in dx.chunks_exact_mut(dy.len()) {
            for (dx, dy) in dx.iter_mut().zip(dy) {
                *dx += dy * share;
            }
        }
    }
}

/// Calls `work(picture, dx)` with each picture's gradient, zeroed: windows may overlap, pictures do not.
fn each_picture(slide: &Slide, c: usize, dx: &mut [f32], work: impl Fn(usize, &mut [f32]) + Sync) {
    let size = slide.size[0] * slide.size[1] * c;
    let cost = slide.out[0] * slide.out[1] * slide.taps() * c;
    threads::rows(dx, size, cost, |first, pictures| {
        for (i, dx) in pictures.chunks_exact_mut(size).enumerate() {
            dx.fill(0.0);
            work(first + i, dx);
        }
    });
}

fn global_mean(call: &mut Call) -> Result<()> {
    let ([x], [y]) = call.parts()?;
    let (x, c, size) = (x.f32(), x.last(), [x.shape[1], x.shape[2]]);
    threads::rows(y.data, c, size[0] * size[1] * c, |first, pictures| {
        threads::scratch(c, |line| {
            for (n, y) in pictures.chunks_exact_mut(c).enumerate() {
                // A sum of line sums loses less to rounding than one long sum.
                let picture = &x[(first + n) * size[0] * size[1] * c..][..size[0] * size[1] * c];
                y.fill(0.0);
                for row in picture.chunks_exact((size[1] * c).max(1)) {
                    mean_position(row, 0, 1, size[1], line);
                    y.iter_mut().zip(&*line).for_each(|(y, l)| *y += l / size[0] as f32);
                }
            }
        });
    });
    Ok(())
}

fn global_mean_grad(call: &mut Call) -> Result<()> {
    let ([dy], [dx]) = call.parts()?;
    let (dy, c, size) = (dy.f32(), dy.last(), dx.shape[1] * dx.shape[2]);
    threads::rows(dx.data, size * c, size * c, |first, pictures| {
        for (n, dx) in pictures.chunks_exact_mut(size * c).enumerate() {
            let dy = &dy[(first + n) * c..][..c];
            for dx in dx.chunks_exact_mut(c) {
                dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx = dy / size as f32);
            }
        }
    });
    Ok(())
}
