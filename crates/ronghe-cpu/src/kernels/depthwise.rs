//! Depthwise convolution over channels-last pictures: one kernel a channel; and its gradients.
//!
//! `y[n, i, j, c] = act(b[c] + sum_{k, l} x[n, s i + k - p, s j + l - p, c] w[k, l, c])`. Inner loops run over channels,
//! which lie side by side, with the sums in registers. 2 N H' W' C KH KW operations each.

use crate::call::Call;
use crate::kernels::gemm::After;
use crate::kernels::multiversion;
use crate::kernels::slide::Slide;
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

multiversion! {
    /// Output line `line` (over all pictures).
    fn forward_line(x: &[f32], w: &[f32], slide: &Slide, line: usize, c: usize, y: &mut [f32]) {
        let (n, oy) = (line / slide.out[0], line % slide.out[0]);
        let (ky, iy) = slide.inside(0, oy);
        let top = (n * slide.size[0] + iy) * slide.size[1];
        let mut taps: Vec<Tap> = Vec::with_capacity(slide.taps());
        let mut reach = 0..0;
        for (ox, y) in y.chunks_exact_mut(c).enumerate() {
            let (kx, ix) = slide.inside(1, ox);
            // Positions with the same reach have the same taps, further right.
            if ox == 0 || reach != kx {
                taps.clear();
                for k in ky.clone() {
                    for l in kx.clone() {
                        let at = top + (k - ky.start) * slide.size[1] + (l - kx.start);
                        taps.push((at * c, (k * slide.kernel[1] + l) * c));
                    }
                }
                reach = kx;
            }
            gather(x, ix * c, w, &taps, y);
        }
    }
}

multiversion! {
    /// Line `line` (over all pictures) of the input's gradient.
    fn backward_line(dy: &[f32], w: &[f32], slide: &Slide, line: usize, c: usize, dx: &mut [f32]) {
        let (n, iy) = (line / slide.size[0], line % slide.size[0]);
        let mut taps: Vec<Tap> = Vec::with_capacity(slide.taps());
        for (ix, dx) in dx.chunks_exact_mut(c).enumerate() {
            taps.clear();
            for k in 0..slide.kernel[0] {
                let Some(oy) = slide.over(0, iy, k) else { continue };
                for l in 0..slide.kernel[1] {
                    let Some(ox) = slide.over(1, ix, l) else { continue };
                    let at = (n * slide.out[0] + oy) * slide.out[1] + ox;
                    taps.push((at * c, (k * slide.kernel[1] + l) * c));
                }
            }
            gather(dy, 0, w, &taps, dx);
        }
    }
}

/// `out[c] = sum over taps of source[base + tap.0 + c] * w[tap.1 + c]`
#[inline(always)]
fn gather(source: &[f32], base: usize, w: &[f32], taps: &[Tap], out: &mut [f32]) {
    let mut c = 0;
    while c + 32 <= out.len() {
        lanes::<32>(source, base + c, w, c, taps, &mut out[c..c + 32]);
        c += 32;
    }
    while c + 8 <= out.len() {
        lanes::<8>(source, base + c, w, c, taps, &mut out[c..c + 8]);
        c += 8;
    }
    while c < out.len() {
        lanes::<1>(source, base + c, w, c, taps, &mut out[c..c + 1]);
        c += 1;
    }
}

#[inline(always)]
fn lanes<const L: usize>(source: &[f32], base: usize, w: &[f32], c: usize, taps: &[Tap], out: &mut [f32]) {
    let mut sum = [0.0; L];
    for &(s, k) in taps {
        let (s, k) = (&source[base + s..][..L], &w[c + k..][..L]);
        for j in 0..L {
            sum[j] += s[j] * k[j];
        }
    }
    out.copy_from_slice(&sum);
}

multiversion! {
    /// Adds the share of output lines `from..to` to the gradient of the weights.
    fn weight_lines(x: &[f32], dy: &[f32], slide: &Slide, from: usize, to: usize, c: usize, dw: &mut [f32]) {
        for line in from..to {
            let (n, oy) = (line / slide.out[0], line % slide.out[0]);
            let (ky, iy) = slide.inside(0, oy);
            let dy = &dy[line * slide.out[1] * c..(line + 1) * slide.out[1] * c];
            for k in ky.clone() {
                let top = (n * slide.size[0] + iy + k - ky.start) * slide.size[1];
                let x = &x[top * c..(top + slide.size[1]) * c];
                for l in 0..slide.kernel[1] {
                    // Output columns whose window element l lies inside the picture.
                    let first = slide.pad[1].saturating_sub(l).div_ceil(slide.stride[1]);
                    let end = (slide.size[1] + slide.pad[1]).saturating_sub(l).div_ceil(slide.stride[1]);
                    let end = end.min(slide.out[1]);
                    if first >= end {
                        continue;
                    }
                    let dw = &mut dw[(k * slide.kernel[1] + l) * c..][..c];
                    let x = &x[(first * slide.stride[1] + l - slide.pad[1]) * c..];
                    along(x, slide.stride[1] * c, &dy[first * c..end * c], c, dw);
                }
            }
        }
    }
}

/// `dw[c] += sum_i x[i * step + c] * dy[i * width + c]`
#[inline(always)]
fn along(x: &[f32], step: usize, dy: &[f32], width: usize, dw: &mut [f32]) {
    let mut c = 0;
    while c + 32 <= width {
        along_lanes::<32>(&x[c..], step, &dy[c..], width, &mut dw[c..c + 32]);
        c += 32;
    }
    while c + 8 <= width {
        along_lanes::<8>(&x[c..], step, &dy[c..], width, &mut dw[c..c + 8]);
        c += 8;
    }
    while c < width {
        along_lanes::<1>(&x[c..], step, &dy[c..], width, &mut dw[c..c + 1]);
        c += 1;
    }
}

#[inline(always)]
fn along_lanes<const L: usize>(x: &[f32], step: usize, dy: &[f32], width: usize, dw: &mut [f32]) {
    let mut sum = [0.0; L];
    // The last chunk is short: `dy` begins at a channel, not at a row.
    for (i, dy) in dy.chunks(width).enumerate() {
        let (x, dy) = (&x[i * step..i * step + L], &dy[..L]);
        for j in 0..L {
            sum[j] += x[j] * dy[j];
        }
    }
    dw.iter_mut().zip(&sum).for_each(|(d, s)| *d += s);
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
