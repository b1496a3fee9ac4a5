//! Depthwise convolution in int8, for inference.
//!
//! `y[n, i, j, c] = act(b[c] + s t_c sum_{k, l} q[n, s i + k - p, s j + l - p, c] p[k, l, c])`. Weights are `t_c p` with p
//! in -127..127, a scale a channel; activations `s q`, q in -255..255 their byte less its zero, both from the range of
//! the whole input. Sums are i32 and exact, so every level and any number of threads give the same bits.
//! 2 N H' W' C KH KW operations, and two passes over the input.

use crate::kernels::gemm::After;
use crate::kernels::gemm::narrow::{Range, extremes, quantised};
use crate::kernels::slide::{Slide, Stretch};
use crate::kernels::{columns, multiversion};
use crate::threads;

/// Elements whose range is found at once.
const CHUNK: usize = 1 << 14;
/// Positions whose sums are kept in registers together.
const RUN: usize = 4;

/// Kernels `[KH, KW, C]`, rounded.
#[derive(Debug)]
pub(crate) struct Taps {
    weights: Vec<i16>,
    /// By channel.
    scales: Vec<f32>,
}

impl Taps {
    /// Rounds kernels of `c` channels.
    pub(crate) fn new(w: &[f32], c: usize) -> Taps {
        let mut most = vec![0.0f32; c];
        for tap in w.chunks_exact(c.max(1)) {
            most.iter_mut().zip(tap).for_each(|(m, x)| *m = if x.abs() <= *m { *m } else { x.abs() });
        }
        // Not a number and infinity pass by the scale.
        let inverse = |m: f32| if m.is_finite() && m > 1e-30 { 127.0 / m } else { 0.0 };
        let weights =
            w.iter().enumerate().map(|(i, x)| (x * inverse(most[i % c])).round_ties_even() as i16).collect();
        let scales = most.iter().map(|&m| if m.is_finite() { m / 127.0 } else { f32::NAN }).collect();
        Taps { weights, scales }
    }
}

/// Computes the layer.
pub(crate) fn forward(x: &[f32], slide: &Slide, taps: &Taps, after: After, y: &mut [f32]) {
    let c = taps.scales.len();
    let line = slide.out[1] * c;
    if y.is_empty() {
        return;
    }
    let range = range(x);
    // Two numbers of 16 bits lie in the place of a float.
    threads::scratch(x.len().div_ceil(2), |room| {
        threads::rows(room, CHUNK / 2, 2 * CHUNK, |first, room| {
            let x = &x[first * CHUNK..];
            let len = x.len().min(2 * room.len());
            round(&x[..len], range, &mut halves(room)[..len]);
        });
        let rounded = &*halves(room);
        threads::rows(y, line, line * slide.taps(), |first, lines| {
            for (l, y) in lines.chunks_exact_mut(line).enumerate() {
                forward_line(rounded, taps, range.scale, slide, first + l, y);
            }
            after.rows(lines, c);
        });
    });
}

/// The range of all elements and zero.
fn range(x: &[f32]) -> Range {
    let mut parts = vec![0.0; 3 * x.len().div_ceil(CHUNK)];
    threads::rows(&mut parts, 3, CHUNK, |first, parts| {
        for (i, part) in parts.chunks_exact_mut(3).enumerate() {
            let from = (first + i) * CHUNK;
            part.copy_from_slice(&extremes(&x[from..x.len().min(from + CHUNK)]));
        }
    });
    let of = |i: usize| parts.iter().skip(i).step_by(3).copied();
    let (low, high) = (of(0).fold(0.0, f32::min), of(1).fold(0.0, f32::max));
    Range::of(low, high, of(2).all(|finite| finite == 0.0))
}

/// A buffer of floats as numbers of 16 bits, two for each.
#[allow(unsafe_code)]
fn halves(room: &mut [f32]) -> &mut [i16] {
    // SAFETY: it has these bytes, aligned for floats, and every pattern of bits is a number.
    unsafe { std::slice::from_raw_parts_mut(room.as_mut_ptr().cast(), 2 * room.len()) }
}

multiversion! {
    fn round(x: &[f32], range: Range, out: &mut [i16]) {
        let Range { inverse, zero, .. } = range;
        for (q, &x) in out.iter_mut().zip(x) {
            *q = i16::from(quantised(x, inverse, zero)) - zero as i16;
        }
    }
}

multiversion! {
    /// Output line `line` (over all pictures).
    fn forward_line(x: &[i16], taps: &Taps, scale: f32, slide: &Slide, line: usize, y: &mut [f32]) {
        let (n, oy) = (line / slide.out[0], line % slide.out[0]);
        let c = taps.scales.len();
        let (ky, iy) = slide.inside(0, oy);
        let top = (n * slide.size[0] + iy) * slide.size[1];
        let mut reach: Vec<(usize, usize)> = Vec::with_capacity(slide.taps());
        for Stretch { kernel, column, positions: at } in slide.stretches() {
            let (start, end) = (at.start, at.end);
            reach.clear();
            for k in ky.clone() {
                for l in kernel.clone() {
                    let at = top + (k - ky.start) * slide.size[1] + column + (l - kernel.start);
                    reach.push((at * c, (k * slide.kernel[1] + l) * c));
                }
            }
            let step = slide.stride[1] * c;
            let mut i = start;
            while i < end {
                let (base, y) = ((i - start) * step, &mut y[i * c..]);
                if end - i >= RUN {
                    positions::<RUN>(x, taps, scale, &reach, base, step, y);
                    i += RUN;
                } else {
                    positions::<1>(x, taps, scale, &reach, base, step, y);
                    i += 1;
                }
            }
        }
    }
}

#[inline(always)]
fn positions<const N: usize>(
    x: &[i16],
    taps: &Taps,
    scale: f32,
    reach: &[(usize, usize)],
    base: usize,
    step: usize,
    y: &mut [f32],
) {
    columns!(taps.scales.len(), c, L, {
        lanes::<N, L>(x, taps, scale, reach, base, step, c, y);
    });
}

#[inline(always)]
fn lanes<const N: usize, const L: usize>(
    x: &[i16],
    taps: &Taps,
    scale: f32,
    reach: &[(usize, usize)],
    base: usize,
    step: usize,
    c: usize,
    y: &mut [f32],
) {
    let mut sums = [[0i32; L]; N];
    for &(from, tap) in reach {
        let w = &taps.weights[tap + c..][..L];
        // One check of bounds for all positions.
        let x = &x[from + base + c..][..(N - 1) * step + L];
        for n in 0..N {
            let x = &x[n * step..][..L];
            for j in 0..L {
                sums[n][j] += i32::from(x[j]) * i32::from(w[j]);
            }
        }
    }
    let width = taps.scales.len();
    let scales = &taps.scales[c..][..L];
    for n in 0..N {
        let y = &mut y[n * width + c..][..L];
        for j in 0..L {
            y[j] = sums[n][j] as f32 * (scale * scales[j]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::numbers;
    use crate::threads::Pool;
    use proptest::prelude::*;
    use ronghe_graph::{Act, Window};

    /// From the same whole numbers, in the plainest loops.
    fn by_hand(x: &[f32], w: &[f32], bias: &[f32], slide: &Slide) -> Vec<f32> {
        let c = bias.len();
        let (low, high) =
            (x.iter().fold(0.0, |a: f32, &b| a.min(b)), x.iter().fold(0.0, |a: f32, &b| a.max(b)));
        let Range { scale, inverse, zero } = Range::of(low, high, true);
        let at = |e: usize| {
            let (p, ch) = (e / c, e % c);
            let (n, oy, ox) =
                (p / (slide.out[0] * slide.out[1]), p / slide.out[1] % slide.out[0], p % slide.out[1]);
            let most = w.iter().skip(ch).step_by(c).fold(0.0f32, |m, v| m.max(v.abs()));
            let mut sum = 0i32;
            for (k, l) in (0..slide.taps()).map(|t| (t / slide.kernel[1], t % slide.kernel[1])) {
                let iy = (oy * slide.stride[0] + k)
                    .checked_add_signed(-slide.pad[0])
                    .filter(|&i| i < slide.size[0]);
                let ix = (ox * slide.stride[1] + l)
                    .checked_add_signed(-slide.pad[1])
                    .filter(|&i| i < slide.size[1]);
                if let (Some(iy), Some(ix)) = (iy, ix) {
                    let x = x[((n * slide.size[0] + iy) * slide.size[1] + ix) * c + ch];
                    let w = w[(k * slide.kernel[1] + l) * c + ch];
                    let w = if most > 0.0 { (w * (127.0 / most)).round_ties_even() as i32 } else { 0 };
                    sum += (i32::from(quantised(x, inverse, zero)) - zero) * w;
                }
            }
            (sum as f32 * (scale * (most / 127.0)) + bias[ch]).clamp(0.0, 6.0)
        };
        (0..slide.positions() * c).map(at).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn every_level_and_number_of_threads_gives_the_bits_of_plain_loops(
            kernel in 0usize..3, stride in 1usize..3, pad in 0usize..3,
            n in 0usize..3, size in [5usize..20, 5..20], c in 1usize..100,
        ) {
            let window = Window::square([3, 5, 1][kernel], stride, pad);
            let Some(out) = window.output(size[0], size[1]) else { return Ok(()) };
            let slide = Slide::new(&window, &[n, size[0], size[1], c], &[n, out[0], out[1], c]);
            let (x, w) = (numbers(n * size[0] * size[1] * c, 1), numbers(slide.taps() * c, 2));
            let bias = numbers(c, 3);
            let want = by_hand(&x, &w, &bias, &slide);
            for threads in [1, 2] {
                let mut y = vec![f32::NAN; want.len()];
                let after = After { bias: Some(&bias), act: Act::Relu6, accumulate: false };
                Pool::new(threads).unwrap().install(|| forward(&x, &slide, &Taps::new(&w, c), after, &mut y));
                prop_assert!(y.iter().zip(&want).all(|(a, b)| a.to_bits() == b.to_bits()));
            }
        }
    }
}
