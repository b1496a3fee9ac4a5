//! Depthwise convolution over channels-last pictures: one kernel a channel; and its gradients.
//!
//! `y[n, i, j, c] = act(b[c] + sum_{k, l} x[n, s i + k - p, s j + l - p, c] w[k, l, c])`. Inner loops run over channels,
//! which lie side by side, with the sums in registers. 2 N H' W' C KH KW operations each.

use crate::call::Call;
use crate::kernels::gemm::After;
use crate::kernels::slide::Slide;
use crate::kernels::{madd, multiversion};
use crate::threads;
use ronghe_graph::{Act, Op, Result, Window};

/// Computes the depthwise family.
pub(crate) fn run(call: &mut Call) -> Result<()> {
    match call.op {
        Op::Depthwise { window, act } => forward(call, window, *act),
        Op::DepthwiseGradInput { window, .. } => grad_input(call, window),
        Op::DepthwiseGradWeight { window } => grad_weight(call, window),
        _ => Ok(()),
    }
}

fn forward(call: &mut Call, window: &Window, act: Act) -> Result<()> {
    let bias = call.inputs.get(2).map(|b| b.f32());
    let ([x, w], [y]) = call.parts()?;
    let slide = Slide::new(window, x.shape, y.shape);
    let (x, w, c) = (x.f32(), w.f32(), x.last());
    let line = slide.out[1] * c;
    let after = After { bias, act, accumulate: false };
    threads::rows(y.data, line, line * slide.taps(), |first, lines| {
        for (l, y) in lines.chunks_exact_mut(line).enumerate() {
            forward_line(x, w, &slide, first + l, c, y);
        }
        after.rows(lines, c);
    });
    Ok(())
}

fn grad_input(call: &mut Call, window: &Window) -> Result<()> {
    let ([dy, w], [dx]) = call.parts()?;
    let slide = Slide::new(window, dx.shape, dy.shape);
    let (dy, w, c) = (dy.f32(), w.f32(), w.last());
    let line = slide.size[1] * c;
    threads::rows(dx.data, line, line * slide.taps(), |first, lines| {
        for (l, dx) in lines.chunks_exact_mut(line).enumerate() {
            backward_line(dy, w, &slide, first + l, c, dx);
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
        weight_lines(x, dy, &slide, lines.start, lines.end, c, dw);
    });
    Ok(())
}

/// A kernel element in reach of a position: offsets into the source and into the weights.
type Tap = (usize, usize);

/// Positions whose sums are kept in registers together: a weight is loaded once for all of them.
const RUN: usize = 8;

multiversion! {
    /// Output line `line` (over all pictures).
    fn forward_line[FMA](x: &[f32], w: &[f32], slide: &Slide, line: usize, c: usize, y: &mut [f32]) {
        let (n, oy) = (line / slide.out[0], line % slide.out[0]);
        let (ky, iy) = slide.inside(0, oy);
        let top = (n * slide.size[0] + iy) * slide.size[1];
        let mut taps: Vec<Tap> = Vec::with_capacity(slide.taps());
        let mut ox = 0;
        while ox < slide.out[1] {
            // Positions with the same reach have the same taps, further right.
            let (kx, ix, end) = slide.alike(ox);
            taps.clear();
            for k in ky.clone() {
                for l in kx.clone() {
                    let at = top + (k - ky.start) * slide.size[1] + ix + (l - kx.start);
                    taps.push((at * c, (k * slide.kernel[1] + l) * c));
                }
            }
            let steps = (slide.stride[1] * c, c);
            gather::<FMA>(x, w, &taps, c, steps, &mut y[ox * c..end * c]);
            ox = end;
        }
    }
}

multiversion! {
    /// Line `line` (over all pictures) of the input's gradient.
    fn backward_line[FMA](dy: &[f32], w: &[f32], slide: &Slide, line: usize, c: usize, dx: &mut [f32]) {
        let (n, iy) = (line / slide.size[0], line % slide.size[0]);
        let stride = slide.stride[1];
        let mut taps: Vec<Tap> = Vec::with_capacity(slide.taps());
        let mut next: Vec<Tap> = Vec::with_capacity(slide.taps());
        let reach = |ix: usize, taps: &mut Vec<Tap>| {
            taps.clear();
            for k in 0..slide.kernel[0] {
                let Some(oy) = slide.over(0, iy, k) else { continue };
                for l in 0..slide.kernel[1] {
                    let Some(ox) = slide.over(1, ix, l) else { continue };
                    let at = (n * slide.out[0] + oy) * slide.out[1] + ox;
                    taps.push((at * c, (k * slide.kernel[1] + l) * c));
                }
            }
        };
        // Elements a stride apart are reached by the same kernel elements, from one position further right.
        for first in 0..stride.min(slide.size[1]) {
            let mut ix = first;
            while ix < slide.size[1] {
                reach(ix, &mut taps);
                let mut end = ix + stride;
                while end < slide.size[1] {
                    reach(end, &mut next);
                    let moved = (end - ix) / stride * c;
                    if next.len() != taps.len() || !taps.iter().zip(&next).all(|(t, n)| t.0 + moved == n.0 && t.1 == n.1) {
                        break;
                    }
                    end += stride;
                }
                let last = (end - stride + 1) * c;
                gather::<FMA>(dy, w, &taps, c, (c, stride * c), &mut dx[ix * c..last]);
                ix = end;
            }
        }
    }
}

/// Positions `i` with the same taps: `out[i steps.1 + c] = sum over taps of source[tap.0 + i steps.0 + c] w[tap.1 + c]`.
#[inline(always)]
fn gather<const FMA: bool>(
    source: &[f32],
    w: &[f32],
    taps: &[Tap],
    width: usize,
    steps: (usize, usize),
    out: &mut [f32],
) {
    let positions = out.len().div_ceil(steps.1);
    let mut i = 0;
    while i < positions {
        let out = &mut out[i * steps.1..];
        let left = positions - i;
        if left >= RUN {
            gather_run::<FMA, RUN>(source, i * steps.0, w, taps, width, steps, out);
            i += RUN;
        } else if left >= 4 {
            gather_run::<FMA, 4>(source, i * steps.0, w, taps, width, steps, out);
            i += 4;
        } else {
            gather_run::<FMA, 1>(source, i * steps.0, w, taps, width, steps, out);
            i += 1;
        }
    }
}

#[inline(always)]
fn gather_run<const FMA: bool, const N: usize>(
    source: &[f32],
    base: usize,
    w: &[f32],
    taps: &[Tap],
    width: usize,
    steps: (usize, usize),
    out: &mut [f32],
) {
    let mut c = 0;
    while c + 16 <= width {
        lanes::<FMA, N, 16>(source, base, w, taps, c, steps, out);
        c += 16;
    }
    while c + 8 <= width {
        lanes::<FMA, N, 8>(source, base, w, taps, c, steps, out);
        c += 8;
    }
    while c < width {
        lanes::<FMA, N, 1>(source, base, w, taps, c, steps, out);
        c += 1;
    }
}

#[inline(always)]
fn lanes<const FMA: bool, const N: usize, const L: usize>(
    source: &[f32],
    base: usize,
    w: &[f32],
    taps: &[Tap],
    c: usize,
    steps: (usize, usize),
    out: &mut [f32],
) {
    let mut sums = [[0.0; L]; N];
    for &(s, k) in taps {
        let k = &w[c + k..][..L];
        // One check of bounds for all positions.
        let source = &source[base + s + c..][..(N - 1) * steps.0 + L];
        for i in 0..N {
            let x = &source[i * steps.0..][..L];
            for j in 0..L {
                sums[i][j] = madd::<FMA>(x[j], k[j], sums[i][j]);
            }
        }
    }
    for (i, sums) in sums.iter().enumerate() {
        out[i * steps.1 + c..][..L].copy_from_slice(sums);
    }
}

multiversion! {
    /// Adds the share of output lines `from..to` to the gradient of the weights.
    fn weight_lines[FMA](x: &[f32], dy: &[f32], slide: &Slide, from: usize, to: usize, c: usize, dw: &mut [f32]) {
        for line in from..to {
            let (n, oy) = (line / slide.out[0], line % slide.out[0]);
            let (ky, iy) = slide.inside(0, oy);
            let dy = &dy[line * slide.out[1] * c..(line + 1) * slide.out[1] * c];
            for k in ky.clone() {
                let top = (n * slide.size[0] + iy + k - ky.start) * slide.size[1];
                let x = &x[top * c..(top + slide.size[1]) * c];
                let mut ox = 0;
                while ox < slide.out[1] {
                    let (kx, ix, end) = slide.alike(ox);
                    let dw = &mut dw[(k * slide.kernel[1] + kx.start) * c..(k * slide.kernel[1] + kx.end) * c];
                    let (x, dy, step) = (&x[ix * c..], &dy[ox * c..end * c], slide.stride[1] * c);
                    // Three kernel elements share what is loaded of `dy`.
                    let mut taps = dw.chunks_exact_mut(3 * c);
                    let mut l = 0;
                    for dw in &mut taps {
                        along::<FMA, 3>(&x[l * c..], step, dy, c, dw);
                        l += 3;
                    }
                    for dw in taps.into_remainder().chunks_exact_mut(c) {
                        along::<FMA, 1>(&x[l * c..], step, dy, c, dw);
                        l += 1;
                    }
                    ox = end;
                }
            }
        }
    }
}

/// `dw[t, c] += sum_i x[i * step + t * width + c] * dy[i * width + c]` for T kernel elements side by side.
#[inline(always)]
fn along<const FMA: bool, const T: usize>(x: &[f32], step: usize, dy: &[f32], width: usize, dw: &mut [f32]) {
    let mut c = 0;
    while c + 32 <= width {
        along_lanes::<FMA, T, 32>(x, step, dy, width, c, dw);
        c += 32;
    }
    while c + 8 <= width {
        along_lanes::<FMA, T, 8>(x, step, dy, width, c, dw);
        c += 8;
    }
    while c < width {
        along_lanes::<FMA, T, 1>(x, step, dy, width, c, dw);
        c += 1;
    }
}

#[inline(always)]
fn along_lanes<const FMA: bool, const T: usize, const L: usize>(
    x: &[f32],
    step: usize,
    dy: &[f32],
    width: usize,
    c: usize,
    dw: &mut [f32],
) {
    let mut sums = [[0.0; L]; T];
    for (i, dy) in dy.chunks_exact(width).enumerate() {
        let dy = &dy[c..][..L];
        let x = &x[i * step + c..][..(T - 1) * width + L];
        for t in 0..T {
            let x = &x[t * width..][..L];
            for j in 0..L {
                sums[t][j] = madd::<FMA>(x[j], dy[j], sums[t][j]);
            }
        }
    }
    for (t, sums) in sums.iter().enumerate() {
        dw[t * width + c..][..L].iter_mut().zip(sums).for_each(|(d, s)| *d += s);
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
