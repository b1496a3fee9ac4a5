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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, compute, dot, numbers};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn windows_and_gradients(
            kernel in [1usize..5, 1..5], stride in [1usize..4, 1..4], pad in [0usize..3, 0..3, 0..3, 0..3],
            n in 0usize..4, size in [1usize..14, 1..14], c in 1usize..40,
        ) {
            let window = Window { kernel, stride, pad };
            let Some(out) = window.output(size[0], size[1]) else { return Ok(()) };
            let (xs, ys) = ([n, size[0], size[1], c], [n, out[0], out[1], c]);
            let (x, dy) = (numbers(xs.iter().product(), 1), numbers(ys.iter().product(), 2));
            let slide = Slide::new(&window, &xs, &ys);
            let (mut largest, mut mean) = (Vec::new(), Vec::new());
            let mut dx = vec![0.0f64; x.len()];
            for e in 0..dy.len() {
                let (line, ox, j) = (e / (out[1] * c), e / c % out[1], e % c);
                let Reach { start, rows, cols } = reach(&slide, line, ox);
                let seen: Vec<usize> = (0..rows * cols)
                    .map(|i| (start + i / cols * size[1] + i % cols) * c + j).collect();
                // Of equal elements `max_by` gives the last, so it runs backwards.
                let first = seen.iter().rev().copied().max_by(|a, b| x[*a].total_cmp(&x[*b]));
                largest.push(first.map_or(0.0, |i| f64::from(x[i])));
                mean.push(seen.iter().map(|&i| f64::from(x[i])).sum::<f64>() / seen.len().max(1) as f64);
                if let Some(i) = first {
                    dx[i] += f64::from(dy[e]);
                }
            }
            let y = compute(&Op::MaxPool { window }, &[(true, &xs, &x)]);
            close(&y[0], &largest, 0.0);
            let max_grad = Op::MaxPoolGrad { window };
            close(&compute(&max_grad, &[(true, &xs, &x), (true, &ys, &y[0]), (true, &ys, &dy)])[0], &dx, 1e-5);

            let y = compute(&Op::AvgPool { window }, &[(true, &xs, &x)]);
            close(&y[0], &mean, 1e-5);
            let dx = compute(&Op::AvgPoolGrad { window, input: size }, &[(true, &ys, &dy)]);
            prop_assert!((dot(&dx[0], &x) - dot(&y[0], &dy)).abs() < 1e-3);

            let y = compute(&Op::GlobalAvgPool, &[(true, &xs, &x)]);
            let area = size[0] * size[1];
            let means: Vec<f64> = (0..n * c)
                .map(|e| (0..area).map(|p| f64::from(x[(e / c * area + p) * c + e % c])).sum::<f64>() / area as f64)
                .collect();
            close(&y[0], &means, 1e-5);
            let dx = compute(&Op::GlobalAvgPoolGrad { input: size }, &[(true, &[n, c], &dy[..n * c])]);
            prop_assert!((dot(&dx[0], &x) - dot(&y[0], &dy[..n * c])).abs() < 1e-3);
        }
    }
}
