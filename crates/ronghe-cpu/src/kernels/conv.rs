//! Convolution over channels-last pictures, and its gradients, as matrix products.
//!
//! `y[n, i, j, o] = act(b[o] + sum_{k, l, c} x[n, s i + k - p, s j + l - p, c] w[o, k, l, c])`. Forward, the
//! product reads the windows where they lie, in a few lines copied with their padding. For the gradients the elements
//! under the window are laid out as rows of KH KW C (im2col) in groups of lines that fit the cache. A 1 x 1 window needs
//! no copy. 2 N H' W' O KH KW C operations each.

use crate::call::{Call, Kept};
use crate::kernels::gemm::{
    After, Mat, Panels, Windows, gemm_packed, gemm_windows, gemm_windows_transposed, narrow, product,
    product_packed,
};
use crate::kernels::slide::{Slide, Strip};
use crate::threads;
use ronghe_graph::{Act, Op, Result, Window};
use std::ops::Range;

/// Elements of im2col rows laid out at once, and least number of rows.
const GROUP: usize = 1 << 16;
const GROUP_ROWS: usize = 256;
/// Gradients of weights up to this many elements are summed in several partial results.
const PARTIAL: usize = 1 << 17;

/// Computes the convolution family.
pub(crate) fn run(call: &mut Call) -> Result<()> {
    match call.op {
        Op::Conv2d { window, act } => forward(call, window, *act),
        Op::Conv2dGradInput { window, .. } => grad_input(call, window),
        Op::Conv2dGradWeight { window } => grad_weight(call, window),
        _ => Ok(()),
    }
}

fn forward(call: &mut Call, window: &Window, act: Act) -> Result<()> {
    let bias = call.inputs.get(2).map(|b| b.f32());
    let ([x, w], [y]) = call.parts()?;
    let slide = Slide::new(window, x.shape, y.shape);
    let (c, o) = (x.last(), w.shape[0]);
    let k = slide.taps() * c;
    let weight = Mat::new(w.f32(), o, k).t();
    let after = After { bias, act, ..After::default() };
    let lines = Lines { x: x.f32(), slide, c };
    match w.kept {
        Some(Kept::Panels(panels)) => lines.convolve(Panels::packed(panels, k, o), after, y.data),
        Some(Kept::Narrow(weight)) => narrow::product(y.data, x.f32(), weight, after),
        _ if slide.pointwise() => product(y.data, Mat::new(x.f32(), slide.positions(), c), weight, after),
        _ => threads::scratch(Panels::size(k, o), |room| {
            lines.convolve(Panels::pack(weight, room), after, y.data);
        }),
    }
    Ok(())
}

fn grad_input(call: &mut Call, window: &Window) -> Result<()> {
    let ([dy, w], [dx]) = call.parts()?;
    let slide = Slide::new(window, dx.shape, dy.shape);
    let (o, c) = (dy.last(), w.last());
    let k = slide.taps() * c;
    let weight = Mat::new(w.f32(), o, k);
    if slide.pointwise() {
        product(dx.data, Mat::new(dy.f32(), slide.positions(), o), weight, After::default());
        return Ok(());
    }
    let [height, width] = slide.out;
    let (dy, group) = (dy.f32(), group_lines(width, k));
    let picture = slide.size[0] * slide.size[1] * c;
    threads::scratch(Panels::size(o, k), |room| {
        let weight = Panels::pack(weight, room);
        threads::rows(dx.data, picture, usize::MAX, |first, pictures| {
            for (n, dx) in pictures.chunks_mut(picture.max(1)).enumerate() {
                dx.fill(0.0);
                for line in (0..height).step_by(group) {
                    let rows = group.min(height - line) * width;
                    let start = ((first + n) * height + line) * width * o;
                    threads::scratch(rows * k, |cols| {
                        let dy = Mat::new(&dy[start..start + rows * o], rows, o);
                        gemm_packed(cols, k, dy, weight, After::default());
                        give_back(&slide, c, line, cols, dx);
                    });
                }
            }
        });
    });
    Ok(())
}

fn grad_weight(call: &mut Call, window: &Window) -> Result<()> {
    let ([x, dy], [dw]) = call.parts()?;
    let slide = Slide::new(window, x.shape, dy.shape);
    let (c, o) = (x.last(), dy.last());
    let k = slide.taps() * c;
    let dy = dy.f32();
    if slide.pointwise() {
        let dy = Mat::new(dy, slide.positions(), o).t();
        product(dw.data, dy, Mat::new(x.f32(), slide.positions(), c), After::default());
        return Ok(());
    }
    let lines = Lines { x: x.f32(), slide, c };
    let (all, width) = (slide.n * slide.out[0], slide.out[1]);
    dw.data.fill(0.0);
    if dw.data.len() <= PARTIAL {
        let line = width * o;
        // Summed with elements of the window down and channels across, then turned.
        threads::scratch(k * o, |turned| {
            turned.fill(0.0);
            threads::sum(all, width * k * o, turned, |range: Range<usize>, turned| {
                lines.windows(range.start, range.len(), |first, windows| {
                    let from = first * line;
                    let dy = &dy[from..from + windows.lines * line];
                    gemm_windows_transposed(turned, windows, dy, o);
                });
            });
            for (q, dw) in dw.data.chunks_exact_mut(k.max(1)).enumerate() {
                dw.iter_mut().zip(turned[q..].iter().step_by(o)).for_each(|(d, t)| *d = *t);
            }
        });
    } else {
        // A large gradient is itself the work to share; groups are larger, for each passes over all of it.
        let (group, dy) = (4 * lines.group(), Mat::new(dy, slide.positions(), o).t());
        for line in (0..all).step_by(group) {
            let rows = group.min(all - line) * width;
            threads::scratch(rows * k, |cols| {
                lines.lay_out_all(line, cols);
                let dy = dy.block(0, o, line * width, rows);
                let after = After { accumulate: true, ..After::default() };
                product(dw.data, dy, Mat::new(cols, rows, k), after);
            });
        }
    }
    Ok(())
}

/// Lines of output positions to lay out at once.
fn group_lines(width: usize, k: usize) -> usize {
    (GROUP / k.max(1)).max(GROUP_ROWS).div_ceil(width.max(1))
}

/// The pictures, seen as lines of output positions: line `n * H' + i`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines<'a> {
    pub(crate) x: &'a [f32],
    pub(crate) slide: Slide,
    /// Channels.
    pub(crate) c: usize,
}

impl Lines<'_> {
    /// All output lines, on all threads.
    pub(crate) fn convolve(&self, weight: Panels, after: After, y: &mut [f32]) {
        let Lines { x, slide, c } = *self;
        let line = slide.out[1] * weight.columns();
        if slide.pointwise() {
            product_packed(y, Mat::new(x, slide.positions(), c), weight, after);
        } else {
            threads::rows(y, line, line * slide.taps() * c, |first, y| self.some(first, weight, after, y));
        }
    }

    /// The output lines from `first` on that fill `y`, on the calling thread.
    pub(crate) fn some(&self, first: usize, weight: Panels, after: After, y: &mut [f32]) {
        let line = self.slide.out[1] * weight.columns();
        self.windows(first, y.len() / line.max(1), |from, windows| {
            let y = &mut y[(from - first) * line..][..windows.lines * line];
            gemm_windows(y, windows, weight, after);
        });
    }

    /// Calls `work(line, windows)` with the windows of `count` output lines from `first` on, as many at a time as the
    /// cache holds.
    fn windows(&self, first: usize, count: usize, mut work: impl FnMut(usize, Windows)) {
        let (slide, c) = (self.slide, self.c);
        // A line of the pictures with its padding: as wide as the window reaches.
        let width = (slide.out[1].max(1) - 1) * slide.stride[1] + slide.kernel[1];
        let group = (GROUP / (width * c * slide.stride[0]).max(1)).max(1);
        let mut line = first;
        while line < first + count {
            let (n, from) = (line / slide.out[0], line % slide.out[0]);
            let lines = group.min(slide.out[0] - from).min(first + count - line);
            let under = (lines - 1) * slide.stride[0] + slide.kernel[0];
            threads::scratch(under * width * c, |padded| {
                self.pad(n, from * slide.stride[0], width, padded);
                let windows = Windows {
                    data: padded,
                    lines,
                    positions: slide.out[1],
                    down: slide.stride[0] * width * c,
                    across: slide.stride[1] * c,
                    apart: width * c,
                    segments: slide.kernel[0],
                    length: slide.kernel[1] * c,
                };
                work(line, windows);
            });
            line += lines;
        }
    }

    /// Copies lines of picture `n`, from line `first` of the padded picture on, with zeros around them.
    fn pad(&self, n: usize, first: usize, width: usize, padded: &mut [f32]) {
        let (slide, c) = (self.slide, self.c);
        let picture = Strip::picture(self.x, n, slide.size, c).data;
        let inside =
            |i: usize, axis: usize| i.checked_add_signed(-slide.pad[axis]).filter(|i| *i < slide.size[axis]);
        // Columns of a line that lie inside the picture, and the first of them there.
        let from = (0..width).find(|&i| inside(i, 1).is_some()).unwrap_or(width);
        let to = (from..width).find(|&i| inside(i, 1).is_none()).unwrap_or(width);
        let column = inside(from, 1).unwrap_or(0);
        for (l, line) in padded.chunks_exact_mut((width * c).max(1)).enumerate() {
            match inside(first + l, 0) {
                Some(i) => {
                    line[..from * c].fill(0.0);
                    line[to * c..].fill(0.0);
                    let start = (i * slide.size[1] + column) * c;
                    line[from * c..to * c].copy_from_slice(&picture[start..start + (to - from) * c]);
                }
                None => line.fill(0.0),
            }
        }
    }

    fn group(&self) -> usize {
        group_lines(self.slide.out[1], self.slide.taps() * self.c)
    }

    /// Writes the rows of the lines from `first` on into `cols`, which has room for whole lines.
    fn lay_out(&self, first: usize, cols: &mut [f32]) {
        let Slide { size: [height, width], out, kernel, .. } = self.slide;
        let c = self.c;
        let k = self.slide.taps() * c;
        for (l, line) in cols.chunks_exact_mut((out[1] * k).max(1)).enumerate() {
            let (n, oy) = ((first + l) / out[0], (first + l) % out[0]);
            let (ky, iy) = self.slide.inside(0, oy);
            let picture = &self.x[n * height * width * c..(n + 1) * height * width * c];
            for (ox, row) in line.chunks_exact_mut(k).enumerate() {
                let (kx, ix) = self.slide.inside(1, ox);
                if ky.len() * kx.len() < self.slide.taps() {
                    row.fill(0.0);
                }
                for tap in ky.clone() {
                    let from = ((iy + tap - ky.start) * width + ix) * c;
                    let to = (tap * kernel[1] + kx.start) * c;
                    copy(&picture[from..from + kx.len() * c], &mut row[to..to + kx.len() * c]);
                }
            }
        }
    }

    /// As `lay_out`, by all threads.
    fn lay_out_all(&self, first: usize, cols: &mut [f32]) {
        let line = self.slide.out[1] * self.slide.taps() * self.c;
        threads::rows(cols, line, line, |l, cols| self.lay_out(first + l, cols));
    }
}

/// Few elements are copied one by one: a call of memcpy would cost more.
#[inline(always)]
fn copy(from: &[f32], to: &mut [f32]) {
    if from.len() <= 16 {
        to.iter_mut().zip(from).for_each(|(t, f)| *t = *f);
    } else {
        to.copy_from_slice(from);
    }
}

/// Adds rows of KH KW C, for the output lines from `first` on of one picture, to the picture elements they stand for.
fn give_back(slide: &Slide, c: usize, first: usize, cols: &[f32], dx: &mut [f32]) {
    let k = slide.taps() * c;
    for (l, line) in cols.chunks_exact((slide.out[1] * k).max(1)).enumerate() {
        let (ky, iy) = slide.inside(0, first + l);
        for (ox, row) in line.chunks_exact(k).enumerate() {
            let (kx, ix) = slide.inside(1, ox);
            for tap in ky.clone() {
                let to = ((iy + tap - ky.start) * slide.size[1] + ix) * c;
                let from = (tap * slide.kernel[1] + kx.start) * c;
                let len = kx.len() * c;
                dx[to..to + len].iter_mut().zip(&row[from..from + len]).for_each(|(d, v)| *d += v);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, compute, dot, numbers};
    use proptest::prelude::*;

    fn plain(slide: &Slide, x: &[f32], w: &[f32], c: usize, o: usize) -> Vec<f64> {
        let [h, wd] = slide.size;
        let mut y = vec![0.0; slide.positions() * o];
        for (p, y) in y.chunks_mut(o).enumerate() {
            let (n, oy, ox) =
                (p / (slide.out[0] * slide.out[1]), p / slide.out[1] % slide.out[0], p % slide.out[1]);
            for (k, l) in (0..slide.taps()).map(|t| (t / slide.kernel[1], t % slide.kernel[1])) {
                let at = |i: usize, k: usize, a: usize| {
                    (i * slide.stride[a] + k).checked_add_signed(-slide.pad[a])
                };
                let (Some(iy), Some(ix)) = (at(oy, k, 0), at(ox, l, 1)) else { continue };
                if iy < h && ix < wd {
                    for (q, y) in y.iter_mut().enumerate() {
                        let x = &x[((n * h + iy) * wd + ix) * c..][..c];
                        *y += dot(x, &w[(q * slide.taps() + k * slide.kernel[1] + l) * c..][..c]);
                    }
                }
            }
        }
        y
    }

    fn check(window: Window, n: usize, size: [usize; 2], c: usize, o: usize) {
        let Some(out) = window.output(size[0], size[1]) else { return };
        let (xs, ys) = ([n, size[0], size[1], c], [n, out[0], out[1], o]);
        let ws = [o, window.kernel[0], window.kernel[1], c];
        let (x, w) = (numbers(xs.iter().product(), 1), numbers(ws.iter().product(), 2));
        let (bias, dy) = (numbers(o, 3), numbers(ys.iter().product(), 4));
        let expected = plain(&Slide::new(&window, &xs, &ys), &x, &w, c, o);

        let plus: Vec<f64> =
            expected.iter().enumerate().map(|(i, e)| (e + f64::from(bias[i % o])).clamp(0.0, 6.0)).collect();
        let forward = Op::Conv2d { window, act: Act::Relu6 };
        let y = compute(&forward, &[(true, &xs, &x), (false, &ws, &w), (false, &[o], &bias)]);
        close(&y[0], &plus, 1e-4);

        let form: f64 = expected.iter().zip(&dy).map(|(y, d)| y * f64::from(*d)).sum();
        let input = Op::Conv2dGradInput { window, input: size };
        let dx = compute(&input, &[(true, &ys, &dy), (false, &ws, &w)]);
        let dw = compute(&Op::Conv2dGradWeight { window }, &[(true, &xs, &x), (true, &ys, &dy)]);
        let allowed = 1e-5 * (dy.len() as f64 * w.len() as f64 / o as f64).sqrt().max(1.0);
        assert!((dot(&dx[0], &x) - form).abs() < allowed, "input gradient");
        assert!((dot(&dw[0], &w) - form).abs() < allowed, "weight gradient");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn random_windows(
            kernel in [1usize..5, 1..5], stride in [1usize..4, 1..4], pad in [0usize..3, 0..3, 0..3, 0..3],
            n in 0usize..4, size in [1usize..12, 1..12], c in 1usize..9, o in 1usize..20,
        ) {
            check(Window { kernel, stride, pad }, n, size, c, o);
        }
    }

    #[test]
    fn every_path() {
        check(Window::square(1, 1, 0), 2, [20, 20], 24, 40);
        check(Window::square(3, 1, 1), 6, [30, 30], 20, 8); // many groups
        check(Window::same(3, 2, 33, 33), 1, [33, 33], 3, 32); // first layer
        check(Window::square(3, 1, 1), 3, [9, 9], 130, 130); // large weight gradient
    }
}
