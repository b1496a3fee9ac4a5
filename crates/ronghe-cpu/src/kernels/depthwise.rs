//! Depthwise convolution over channels-last pictures: one kernel a channel; and its gradients.
//!
//! `y[n, i, j, c] = act(b[c] + sum_{k, l} x[n, s i + k - p, s j + l - p, c] w[k, l, c])`. Sixteen channels at a time go
//! through all lines of a block, so that what a line shares with the next is still in the first cache; several
//! neighbouring positions are summed in registers and share what is loaded of `x` and `w`. 2 N H' W' C KH KW operations each.
//!
//! The gradient by the input of a window of stride s is s x s convolutions of stride 1 over `dy`, one for each offset of
//! a position from a multiple of s, each with those elements of the turned kernel that reach it.

use crate::call::{Call, Kept};
use crate::kernels::depthwise_int8;
use crate::kernels::gemm::After;
use crate::kernels::lanes::{Lanes, Set, lanes};
use crate::kernels::multiversion;
use crate::kernels::slide::{Slide, Stretch, Strip, pictures};
use crate::threads;
use ronghe_graph::{Act, Op, Result, Window};
use std::ops::Range;

/// Computes the depthwise family.
pub(crate) fn run(call: &mut Call) -> Result<()> {
    match call.op {
        Op::Depthwise { window, act } => forward(call, window, *act),
        Op::DepthwiseGradInput { window, .. } => grad_input(call, window),
        Op::DepthwiseGradWeight { window } => grad_weight(call, window),
        _ => Ok(()),
    }
}

/// A depthwise layer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layer<'a> {
    pub(crate) w: &'a [f32],
    pub(crate) slide: Slide,
    /// Channels.
    pub(crate) c: usize,
    pub(crate) after: After<'a>,
}

/// How many elements the lines and the positions that are written lie apart.
#[derive(Debug, Clone, Copy)]
struct Apart {
    lines: usize,
    positions: usize,
}

impl Layer<'_> {
    /// All pictures, on all threads.
    pub(crate) fn all(&self, x: &[f32], y: &mut [f32]) {
        let line = self.slide.out[1] * self.c;
        threads::rows(y, line, line * self.slide.taps(), |first, y| {
            for (n, lines, y) in pictures(first, self.slide.out[0], line, y) {
                self.lines(Strip::picture(x, n, self.slide.size, self.c), lines, y);
            }
        });
    }

    /// Output lines `lines` of one picture, of which the lines in reach are in `x`, into `y`.
    pub(crate) fn lines(&self, x: Strip, lines: Range<usize>, y: &mut [f32]) {
        sum_lines(x, self, lines, Apart { lines: self.slide.out[1] * self.c, positions: self.c }, y);
        if !bounded(self.after.act) {
            After { bias: None, ..self.after }.rows(y, self.c);
        }
    }
}

fn forward(call: &mut Call, window: &Window, act: Act) -> Result<()> {
    let bias = call.inputs.get(2).map(|b| b.f32());
    let ([x, w], [y]) = call.parts()?;
    let slide = Slide::new(window, x.shape, y.shape);
    let after = After { bias, act, accumulate: false };
    if let Some(Kept::Taps(taps)) = w.kept {
        depthwise_int8::forward(x.f32(), &slide, taps, after, y.data);
        return Ok(());
    }
    Layer { w: w.f32(), slide, c: x.last(), after }.all(x.f32(), y.data);
    Ok(())
}

fn grad_input(call: &mut Call, window: &Window) -> Result<()> {
    let ([dy, w], [dx]) = call.parts()?;
    let slide = Slide::new(window, dx.shape, dy.shape);
    let (dy, w, c) = (dy.f32(), w.f32(), w.last());
    let line = slide.size[1] * c;
    let phases: Vec<(Phase, Phase, Vec<f32>)> = Phase::all(&slide, 0)
        .flat_map(|down| Phase::all(&slide, 1).map(move |right| (down, right)))
        .map(|(down, right)| (down, right, turned(w, slide.kernel[1], c, down, right)))
        .collect();
    threads::rows(dx.data, line, line * slide.taps(), |first, dx| {
        for (n, lines, dx) in pictures(first, slide.size[0], line, dx) {
            for (down, right, w) in &phases {
                let Some(own) = down.of(&lines) else { continue };
                let layer = Layer { w, slide: down.slide(right, &slide), c, after: After::default() };
                let start = (down.offset + own.start * down.stride - lines.start) * line + right.offset * c;
                let apart = Apart { lines: down.stride * line, positions: right.stride * c };
                sum_lines(Strip::picture(dy, n, slide.out, c), &layer, own, apart, &mut dx[start..]);
            }
        }
    });
    Ok(())
}

fn grad_weight(call: &mut Call, window: &Window) -> Result<()> {
    let ([x, dy], [dw]) = call.parts()?;
    let slide = Slide::new(window, x.shape, dy.shape);
    let (x, dy, c) = (x.f32(), dy.f32(), x.last());
    dw.data.fill(0.0);
    threads::sum(slide.n * slide.out[0], slide.out[1] * slide.taps() * c, dw.data, |lines, dw| {
        weight_lines(x, dy, &slide, lines, c, dw);
    });
    Ok(())
}

/// Along one axis, the positions `offset + stride t`: kernel elements `first + stride u` reach them.
#[derive(Debug, Clone, Copy)]
struct Phase {
    offset: usize,
    stride: usize,
    positions: usize,
    first: usize,
    elements: usize,
    pad: isize,
}

impl Phase {
    fn all(slide: &Slide, axis: usize) -> impl Iterator<Item = Phase> + use<> {
        let (stride, size, kernel) = (slide.stride[axis], slide.size[axis], slide.kernel[axis]);
        let pad = slide.pad[axis].unsigned_abs();
        (0..stride.min(size)).map(move |offset| {
            // Position offset + stride t lies under element first + stride u at output t + shift - u.
            let (first, shift) = ((offset + pad) % stride, (offset + pad) / stride);
            let elements = kernel.saturating_sub(first).div_ceil(stride);
            let pad = elements as isize - 1 - shift as isize;
            Phase { offset, stride, positions: (size - offset).div_ceil(stride), first, elements, pad }
        })
    }

    /// Its own lines, in its own count, among `lines` of all phases.
    fn of(&self, lines: &Range<usize>) -> Option<Range<usize>> {
        let count = |end: usize| end.saturating_sub(self.offset).div_ceil(self.stride);
        let own = count(lines.start)..count(lines.end);
        (!own.is_empty()).then_some(own)
    }

    /// The window of stride 1 over `dy`.
    fn slide(&self, right: &Phase, whole: &Slide) -> Slide {
        Slide {
            n: whole.n,
            size: whole.out,
            out: [self.positions, right.positions],
            kernel: [self.elements, right.elements],
            stride: [1, 1],
            pad: [self.pad, right.pad],
        }
    }
}

/// The kernel elements of two phases, last first.
fn turned(w: &[f32], width: usize, c: usize, down: Phase, right: Phase) -> Vec<f32> {
    let back = |phase: Phase| (0..phase.elements).rev().map(move |u| phase.first + u * phase.stride);
    let mut made = Vec::with_capacity(down.elements * right.elements * c);
    for k in back(down) {
        for l in back(right) {
            made.extend_from_slice(&w[(k * width + l) * c..][..c]);
        }
    }
    made
}

/// Least and greatest value that an activation lets through, where it is no more than that.
fn bounds(act: Act) -> (f32, f32) {
    match act {
        Act::Relu => (0.0, f32::INFINITY),
        Act::Relu6 => (0.0, 6.0),
        _ => (f32::NEG_INFINITY, f32::INFINITY),
    }
}

/// Whether [`bounds`] are all there is to an activation.
fn bounded(act: Act) -> bool {
    matches!(act, Act::Identity | Act::Relu | Act::Relu6)
}

multiversion! {
    /// Sums of products, bias added, kept within the [`bounds`] of the activation.
    fn sum_lines[S: Set](x: Strip<'_>, layer: &Layer<'_>, lines: Range<usize>, apart: Apart, y: &mut [f32]) {
        let (slide, c) = (&layer.slide, layer.c);
        let stretches = slide.stretches();
        for (i, line) in lines.enumerate() {
            let (ky, iy) = slide.inside(0, line);
            let y = &mut y[i * apart.lines..];
            for stretch in &stretches {
                // Without kernel elements in reach, there may be no element of `x` either.
                let rows = if stretch.kernel.is_empty() { 0 } else { ky.len() };
                let run = Run {
                    x: &x.data[((iy - x.first.min(iy)) * slide.size[1] * c).min(x.data.len())..],
                    w: &layer.w[ky.start * slide.kernel[1] * c..],
                    rows,
                    layer,
                    stretch,
                    apart: apart.positions,
                };
                run.all::<S>(y);
            }
        }
    }
}

/// A stretch of a line.
struct Run<'a> {
    /// From the first line in reach on.
    x: &'a [f32],
    /// From the first line of the kernel in reach on.
    w: &'a [f32],
    /// Lines of the kernel in reach.
    rows: usize,
    layer: &'a Layer<'a>,
    stretch: &'a Stretch,
    /// Elements between positions of the output.
    apart: usize,
}

impl Run<'_> {
    /// The positions, as many as registers hold at a time.
    #[inline(always)]
    fn all<S: Set>(&self, y: &mut [f32]) {
        let Range { mut start, end } = self.stretch.positions;
        let (elements, stride) = (self.stretch.kernel.len(), self.layer.slide.stride[1]);
        if start + 4 <= end {
            match (elements, stride) {
                (1, 1) => start = self.many::<S, 1, 1>(y),
                (2, 1) => start = self.many::<S, 2, 1>(y),
                (3, 1) => start = self.many::<S, 3, 1>(y),
                (3, 2) => start = self.many::<S, 3, 2>(y),
                (5, 1) => start = self.many::<S, 5, 1>(y),
                (5, 2) => start = self.many::<S, 5, 2>(y),
                _ => {}
            }
        }
        for i in start..end {
            match elements {
                1 => self.some::<S, 1, 1, 1>(i, y),
                2 => self.some::<S, 1, 2, 1>(i, y),
                3 => self.some::<S, 1, 3, 1>(i, y),
                _ => self.some::<S, 1, 0, 1>(i, y),
            }
        }
    }

    /// Four positions at a time, eight where they share what is loaded; gives the first that is left.
    #[inline(always)]
    fn many<R: Set, const K: usize, const S: usize>(&self, y: &mut [f32]) -> usize {
        let Range { start: mut i, end } = self.stretch.positions;
        if S == 1 {
            while i + 8 <= end {
                self.some::<R, 8, K, S>(i, y);
                i += 8;
            }
        }
        while i + 4 <= end {
            self.some::<R, 4, K, S>(i, y);
            i += 4;
        }
        i
    }

    /// N positions from `i` on, K kernel elements a line, stride S; K = 0 stands for any number.
    #[inline(always)]
    fn some<R: Set, const N: usize, const K: usize, const S: usize>(&self, i: usize, y: &mut [f32]) {
        lanes!(R, self.layer.c, at, V, { self.channels::<V<R>, N, K, S>(i, at, y) });
    }

    /// As many channels as V holds, from `at` on.
    #[inline(always)]
    #[allow(unsafe_code)]
    fn channels<V: Lanes, const N: usize, const K: usize, const S: usize>(
        &self,
        i: usize,
        at: usize,
        y: &mut [f32],
    ) {
        let Run { layer, stretch, .. } = *self;
        let Layer { slide, c, after, .. } = *layer;
        let column = stretch.column + (i - stretch.positions.start) * slide.stride[1];
        let elements = if K > 0 { K } else { stretch.kernel.len() };
        let y = &mut y[i * self.apart + at..];
        assert!((N - 1) * self.apart + V::LEN <= y.len(), "line bounds");
        // SAFETY: `multiversion` chose V by the processor; each pointer is to as many elements as were just counted, in
        // `y`, or will be, in `x` and `w`.
        unsafe {
            let mut sums = [V::splat(0.0); N];
            for k in 0..self.rows {
                let x = &self.x[(k * slide.size[1] + column) * c + at..];
                let w = &self.w[(k * slide.kernel[1] + stretch.kernel.start) * c + at..];
                let last = elements.max(1) - 1;
                assert!(
                    ((N - 1) * S + last) * c + V::LEN <= x.len() && last * c + V::LEN <= w.len(),
                    "line bounds"
                );
                for k in 0..elements {
                    let w = V::load(w.as_ptr().add(k * c));
                    for n in 0..N {
                        sums[n] = V::load(x.as_ptr().add((n * S + k) * c)).madd(w, sums[n]);
                    }
                }
            }
            let (least, most) = bounds(after.act);
            for (n, sum) in sums.into_iter().enumerate() {
                let sum = match after.bias {
                    Some(bias) => sum.add(V::load(bias[at..][..V::LEN].as_ptr())),
                    None => sum,
                };
                let y = y.as_mut_ptr().add(n * self.apart);
                sum.at_least(V::splat(least)).at_most(V::splat(most)).store(y);
            }
        }
    }
}

multiversion! {
    /// Adds the share of output lines (over all pictures) to the gradient of the weights.
    fn weight_lines[S: Set](x: &[f32], dy: &[f32], slide: &Slide, lines: Range<usize>, c: usize, dw: &mut [f32]) {
        let stretches = slide.stretches();
        let (line_len, whole) = (slide.size[1] * c, slide.kernel[1] * c);
        for line in lines {
            let (n, oy) = (line / slide.out[0], line % slide.out[0]);
            let (ky, iy) = slide.inside(0, oy);
            let top = (n * slide.size[0] + iy) * slide.size[1];
            for stretch in stretches.iter().filter(|s| !s.kernel.is_empty() && !ky.is_empty()) {
                let sum = Sum {
                    x: &x[(top + stretch.column) * c..],
                    line: line_len,
                    step: slide.stride[1] * c,
                    dy: &dy[(line * slide.out[1] + stretch.positions.start) * c..],
                    c,
                    count: stretch.positions.len(),
                };
                let dw = &mut dw[(ky.start * slide.kernel[1] + stretch.kernel.start) * c..];
                // Kernel elements that share what is loaded of `dy`.
                match (ky.len(), stretch.kernel.len()) {
                    (3, 3) => sum.all::<S, 3, 3>(whole, dw),
                    (3, 2) => sum.all::<S, 3, 2>(whole, dw),
                    (2, 3) => sum.all::<S, 2, 3>(whole, dw),
                    (rows, elements) => {
                        for (k, l) in (0..rows).flat_map(|k| (0..elements).map(move |l| (k, l))) {
                            let one = Sum { x: &sum.x[k * line_len + l * c..], ..sum };
                            one.all::<S, 1, 1>(whole, &mut dw[k * whole + l * c..]);
                        }
                    }
                }
            }
        }
    }
}

/// What the gradient of a weight is summed from: elements of `x` under the first kernel element, those of `dy`.
#[derive(Clone, Copy)]
struct Sum<'a> {
    x: &'a [f32],
    /// Elements from one line of `x` to the next, and from one position's to the next one's.
    line: usize,
    step: usize,
    dy: &'a [f32],
    c: usize,
    /// Positions.
    count: usize,
}

impl Sum<'_> {
    /// `dw[k, l] += sum over i < count of x[i step + k line + l c] dy[i c]` for K by M kernel elements, lines of the
    /// kernel being `apart`.
    #[inline(always)]
    fn all<S: Set, const K: usize, const M: usize>(&self, apart: usize, dw: &mut [f32]) {
        lanes!(S, self.c, at, V, { self.channels::<V<S>, K, M>(at, apart, dw) });
    }

    /// As many channels as V holds, from `at` on.
    #[inline(always)]
    #[allow(unsafe_code)]
    fn channels<V: Lanes, const K: usize, const M: usize>(&self, at: usize, apart: usize, dw: &mut [f32]) {
        let Sum { line, step, c, count, .. } = *self;
        let (x, dy, dw) = (&self.x[at..], &self.dy[at..], &mut dw[at..]);
        let (last, far) = (count.max(1) - 1, (K - 1) * line + (M - 1) * c);
        assert!(last * step + far + V::LEN <= x.len() && last * c + V::LEN <= dy.len(), "line bounds");
        assert!((K - 1) * apart + (M - 1) * c + V::LEN <= dw.len(), "kernel bounds");
        // SAFETY: `multiversion` chose V by the processor; the largest index of each slice was just checked.
        unsafe {
            let mut sums = [[V::splat(0.0); M]; K];
            for i in 0..count {
                let (x, dy) = (x.as_ptr().add(i * step), V::load(dy.as_ptr().add(i * c)));
                for k in 0..K {
                    for l in 0..M {
                        sums[k][l] = V::load(x.add(k * line + l * c)).madd(dy, sums[k][l]);
                    }
                }
            }
            for k in 0..K {
                for l in 0..M {
                    let dw = dw.as_mut_ptr().add(k * apart + l * c);
                    V::load(dw).add(sums[k][l]).store(dw);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, compute, dot, numbers};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn layer_and_gradients(
            kernel in [1usize..6, 1..6], stride in [1usize..4, 1..4], pad in [0usize..3, 0..3, 0..3, 0..3],
            n in 0usize..4, size in [1usize..14, 1..14], c in 1usize..80,
        ) {
            let window = Window { kernel, stride, pad };
            let Some(out) = window.output(size[0], size[1]) else { return Ok(()) };
            let (xs, ys) = ([n, size[0], size[1], c], [n, out[0], out[1], c]);
            let ws = [kernel[0], kernel[1], c];
            let (x, w) = (numbers(xs.iter().product(), 1), numbers(ws.iter().product(), 2));
            let (bias, dy) = (numbers(c, 3), numbers(ys.iter().product(), 4));

            // As a full convolution whose kernel is zero between different channels.
            let mut full = vec![0.0; c * w.len()];
            for (t, w) in w.chunks(c).enumerate() {
                (0..c).for_each(|j| full[(j * kernel[0] * kernel[1] + t) * c + j] = w[j]);
            }
            let fs = [c, kernel[0], kernel[1], c];
            let conv = Op::Conv2d { window, act: Act::Silu };
            let expected = compute(&conv, &[(true, &xs, &x), (false, &fs, &full), (false, &[c], &bias)]);
            let depthwise = Op::Depthwise { window, act: Act::Silu };
            let y = compute(&depthwise, &[(true, &xs, &x), (false, &ws, &w), (false, &[c], &bias)]);
            let expected: Vec<f64> = expected[0].iter().map(|&v| f64::from(v)).collect();
            close(&y[0], &expected, 1e-5);

            let plain = Op::Depthwise { window, act: Act::Identity };
            let form = dot(&compute(&plain, &[(true, &xs, &x), (false, &ws, &w)])[0], &dy);
            let input = Op::DepthwiseGradInput { window, input: size };
            let dx = compute(&input, &[(true, &ys, &dy), (false, &ws, &w)]);
            let dw = compute(&Op::DepthwiseGradWeight { window }, &[(true, &xs, &x), (true, &ys, &dy)]);
            let allowed = 1e-5 * (dy.len() as f64 * w.len() as f64 / c as f64).sqrt().max(1.0);
            prop_assert!((dot(&dx[0], &x) - form).abs() < allowed, "input gradient");
            prop_assert!((dot(&dw[0], &w) - form).abs() < allowed, "weight gradient");
        }
    }
}
