//! Brightness, contrast, saturation and hue.
//!
//! For pixel `p`, luma `Y(p) = w . p` with `w = (0.299, 0.587, 0.114)`, mean luma `m` of the picture:
//! ```text
//! brightness b: p -> b p            contrast   c: p -> c p + (1 - c) m
//! saturation s: p -> s p + (1 - s) Y(p)
//! hue        h: p -> Y(p) + (cos 2 pi h + sin 2 pi h K) (p - Y(p)),  a turn of the plane of equal luma
//! ```
//! `K` is the quarter turn in YIQ; `K K = -1` on that plane, `K (1, 1, 1) = 0` and `w K = 0`. Hue and saturation keep luma
//! and grey, so that the four commute as long as nothing is cut off. They are therefore one affine map,
//! `p -> b c H_h,s p + (1 - c) b m`, and are cut to 0 .. 255 once, at its end; no order has to be drawn. torchvision's
//! `ColorJitter` has the same b, c and s, but rounds after each, in a random order, and turns hue in HSV. Factors are uniform
//! in `1 - strength .. 1 + strength`, `h` in `-hue .. hue`, as there.

use super::canvas::{Canvas, byte};
use ronghe_graph::SplitMix;
use serde::{Deserialize, Serialize};
use std::f32::consts::TAU;

/// Strengths, 0 to 1; of hue in turns, to 0.5.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Jitter {
    pub(super) brightness: f64,
    pub(super) contrast: f64,
    pub(super) saturation: f64,
    pub(super) hue: f64,
}

/// Factors; hue in turns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Factors {
    pub(super) brightness: f32,
    pub(super) contrast: f32,
    pub(super) saturation: f32,
    pub(super) hue: f32,
}

impl Default for Factors {
    /// Those that change nothing.
    fn default() -> Factors {
        Factors { brightness: 1.0, contrast: 1.0, saturation: 1.0, hue: 0.0 }
    }
}

impl Jitter {
    pub(super) fn draw(&self, stream: &mut SplitMix) -> Factors {
        let mut one = |strength: f64| strength as f32 * (2.0 * stream.unit() - 1.0);
        Factors {
            brightness: 1.0 + one(self.brightness),
            contrast: 1.0 + one(self.contrast),
            saturation: 1.0 + one(self.saturation),
            hue: one(self.hue),
        }
    }
}

const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

/// A quarter turn of the plane of equal luma.
const QUARTER: [[f32; 3]; 3] = [
    [0.167_703_25, 0.329_268_15, -0.496_971_4],
    [-0.328_130_8, 0.035_520_93, 0.292_609_88],
    [1.249_732_6, -1.046_508_4, -0.203_224_18],
];

pub(super) fn recolour(canvas: &mut Canvas<'_>, factors: &Factors) {
    let Factors { brightness, contrast, saturation, hue } = *factors;
    let scale = brightness * contrast;
    // Without contrast the mean does not matter.
    let add = if contrast == 1.0 { 0.0 } else { (1.0 - contrast) * brightness * mean_luma(canvas) };
    if canvas.shape[2] == 3 && (saturation != 1.0 || hue != 0.0) {
        let (sin, cos) = (hue * TAU).sin_cos();
        let matrix = [0, 1, 2].map(|r| {
            [0, 1, 2].map(|c| {
                let chroma = if r == c { 1.0 - LUMA[c] } else { -LUMA[c] };
                scale * (LUMA[c] + saturation * (cos * chroma + sin * QUARTER[r][c]))
            })
        });
        multiply(canvas.pixels, &matrix, add);
    } else {
        let mut table = [0; 256];
        table.iter_mut().enumerate().for_each(|(v, to)| *to = byte(scale * v as f32 + add));
        canvas.look_up(&[table; 3]);
    }
}

fn mean_luma(canvas: &Canvas<'_>) -> f32 {
    let count = (canvas.pixels.len() / canvas.shape[2]) as f64;
    // Whole numbers, so that the order of the sum does not matter; a picture has at most 2^20 pixels.
    if canvas.shape[2] != 3 {
        return (canvas.pixels.iter().map(|&v| u32::from(v)).sum::<u32>() as f64 / count) as f32;
    }
    let mut sums = [0u32; 3];
    // 256 blocks fill 16 bits at each place.
    for run in canvas.pixels.chunks(256 * BLOCK) {
        let mut places = [0u16; BLOCK];
        let (blocks, rest) = run.as_chunks::<BLOCK>();
        for block in blocks {
            (0..BLOCK).for_each(|i| places[i] += u16::from(block[i]));
        }
        places.iter().enumerate().for_each(|(i, &sum)| sums[i % 3] += u32::from(sum));
        rest.iter().enumerate().for_each(|(i, &v)| sums[i % 3] += u32::from(v));
    }
    let luma: f64 = sums.iter().zip(LUMA).map(|(&sum, weight)| f64::from(sum) * f64::from(weight)).sum();
    (luma / count) as f32
}

/// Bytes at once: sixteen pixels.
const BLOCK: usize = 48;
/// A channel's partners in its pixel are at most so far before and behind it.
const REACH: usize = 2;

/// `p -> matrix p + add`, rounded and cut to bytes.
///
/// Every byte takes the bytes at -2 .. 2 around it, with weights that repeat each three bytes and are 0 for those of other
/// pixels: so vector units need no rearranged channels. Products are the upper 16 of 32 bits, of values times 2^7 and
/// weights times 2^k, `k` as large as sums allow; their scale is then 2^(k - 9).
fn multiply(pixels: &mut [u8], matrix: &[[f32; 3]; 3], add: f32) {
    let most = matrix.iter().map(|row| row.iter().map(|v| v.abs()).sum::<f32>()).fold(0.0, f32::max);
    let largest = matrix.iter().flatten().fold(0.0f32, |m, v| m.max(v.abs()));
    let fits = |k: i32| {
        largest * 2.0f32.powi(k) < 32_767.0
            && (255.0 * most + add.abs() + 1.0) * 2.0f32.powi(k - 9) < 32_767.0
    };
    let k = (9..=14).rev().find(|&k| fits(k)).unwrap_or(9);
    let mut weights = [[0i16; BLOCK]; 2 * REACH + 1];
    for i in 0..BLOCK {
        for from in 0..3 {
            weights[REACH + from - i % 3][i] = (matrix[i % 3][from] * 2.0f32.powi(k)).round() as i16;
        }
    }
    let shift = k - 9;
    // Each of the three products lost half of the last bit on average.
    let add = ((add + 0.5) * 2.0f32.powi(shift) + 1.5) as i16;
    let (blocks, rest) = pixels.as_chunks_mut::<BLOCK>();
    blocks.iter_mut().for_each(|block| multiply_block(block, &weights, add, shift));
    let mut block = [0; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    multiply_block(&mut block, &weights, add, shift);
    rest.copy_from_slice(&block[..rest.len()]);
}

#[inline]
fn multiply_block(block: &mut [u8; BLOCK], weights: &[[i16; BLOCK]; 5], add: i16, shift: i32) {
    let mut values = [0i16; BLOCK + 2 * REACH];
    (0..BLOCK).for_each(|i| values[REACH + i] = i16::from(block[i]) << 7);
    let upper = |a: i16, b: i16| ((i32::from(a) * i32::from(b)) >> 16) as i16;
    for i in 0..BLOCK {
        let term = |at: usize| upper(weights[at][i], values[i + at]);
        let sum = add + term(0) + term(1) + term(2) + term(3) + term(4);
        block[i] = (sum >> shift).clamp(0, 255) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::super::canvas::tests::{changed, noise};
    use super::*;

    fn luma(pixel: &[u8]) -> f32 {
        pixel.iter().zip(LUMA).map(|(&v, w)| f32::from(v) * w).sum()
    }

    fn mean(pixels: &[u8]) -> f32 {
        pixels.iter().map(|&v| f32::from(v)).sum::<f32>() / pixels.len() as f32
    }

    #[test]
    fn factors_of_one_change_nothing() {
        for shape in [[5, 7, 3], [20, 20, 3], [5, 7, 1]] {
            let before = noise(shape.iter().product());
            assert_eq!(changed(shape, &before, |c| recolour(c, &Factors::default())), before);
            // The matrix of a whole turn is that of none.
            let turn = Factors { hue: 1.0, ..Factors::default() };
            assert_eq!(changed(shape, &before, |c| recolour(c, &turn)), before);
        }
    }

    #[test]
    fn brightness_and_contrast_move_mean_and_spread_as_stated() {
        let middle: Vec<u8> = noise(30 * 30 * 3).iter().map(|v| 60 + v / 4).collect();
        let bright = Factors { brightness: 1.5, ..Factors::default() };
        let made = changed([30, 30, 3], &middle, |c| recolour(c, &bright));
        assert!((mean(&made) - 1.5 * mean(&middle)).abs() < 0.5);
        let flat = Factors { contrast: 0.0, ..Factors::default() };
        let made = changed([30, 30, 3], &middle, |c| recolour(c, &flat));
        let grey = middle.chunks_exact(3).map(luma).sum::<f32>() / 900.0;
        assert!(made.iter().all(|&v| (f32::from(v) - grey).abs() <= 0.51), "{grey} {:?}", &made[..6]);
        let hard = Factors { contrast: 2.0, ..Factors::default() };
        let made = changed([30, 30, 3], &middle, |c| recolour(c, &hard));
        for (&after, &before) in made.iter().zip(&middle) {
            assert!((f32::from(after) - (2.0 * f32::from(before) - grey)).abs() <= 0.51);
        }
        // What leaves the range is cut off there.
        assert_eq!(changed([1, 2, 1], &[200, 0], |c| recolour(c, &bright)), [255, 0]);
    }

    #[test]
    fn saturation_and_hue_keep_luma_and_grey() {
        let middle: Vec<u8> = noise(30 * 30 * 3).iter().map(|v| 100 + v / 5).collect();
        for (saturation, hue) in [(0.0, 0.0), (1.6, 0.0), (1.0, 0.3), (0.5, -0.5)] {
            let factors = Factors { saturation, hue, ..Factors::default() };
            let made = changed([30, 30, 3], &middle, |c| recolour(c, &factors));
            for (after, before) in made.chunks_exact(3).zip(middle.chunks_exact(3)) {
                assert!((luma(after) - luma(before)).abs() <= 0.75, "{before:?} {after:?}");
                assert!(saturation > 0.0 || after.iter().all(|v| v.abs_diff(after[0]) <= 1), "{after:?}");
            }
            let grey = [77; 3 * 17];
            assert_eq!(changed([1, 17, 3], &grey, |c| recolour(c, &factors)), grey);
        }
        let grey = noise(50);
        let factors = Factors { saturation: 0.3, hue: 0.4, ..Factors::default() };
        assert_eq!(changed([5, 10, 1], &grey, |c| recolour(c, &factors)), grey);
    }

    #[test]
    fn whole_numbers_agree_with_floats() {
        let before = noise(3 * 37);
        for scale in [0.1, 1.0, 3.0, 20.0] {
            for add in [-300.0, 0.0, 90.0] {
                let matrix =
                    [[0.7, 0.5, -0.4], [-0.9, 1.9, 0.0], [0.01, -1.0, 1.3]].map(|r| r.map(|v| v * scale));
                let made = changed([1, 37, 3], &before, |c| multiply(c.pixels, &matrix, add));
                for (i, &v) in made.iter().enumerate() {
                    let pixel = &before[i - i % 3..][..3];
                    let sum: f32 = matrix[i % 3].iter().zip(pixel).map(|(m, &v)| m * f32::from(v)).sum();
                    // Steeper maps have fewer digits.
                    let error = (f32::from(v) - (sum + add).clamp(0.0, 255.0)).abs();
                    assert!(error < 0.6 + 0.1 * scale, "{scale} {add}: {v} {sum}");
                }
            }
        }
    }

    #[test]
    fn the_quarter_turn_is_one() {
        for r in 0..3 {
            assert!(QUARTER[r].iter().sum::<f32>().abs() < 1e-6);
            assert!((0..3).map(|k| LUMA[k] * QUARTER[k][r]).sum::<f32>().abs() < 1e-6);
            for c in 0..3 {
                let twice: f32 = (0..3).map(|k| QUARTER[r][k] * QUARTER[k][c]).sum();
                let opposite = LUMA[c] - if r == c { 1.0 } else { 0.0 };
                assert!((twice - opposite).abs() < 1e-6);
            }
        }
        // By a third of a turn, red becomes mostly green or mostly blue, by two thirds the other.
        let red = [150, 90, 90];
        let turned = |hue| changed([1, 1, 3], &red, |c| recolour(c, &Factors { hue, ..Factors::default() }));
        let strongest = |p: &[u8]| (0..3).max_by_key(|&c| p[c]);
        let (one, two) = (strongest(&turned(1.0 / 3.0)), strongest(&turned(2.0 / 3.0)));
        assert!(one != two && one != Some(0) && two != Some(0), "{one:?} {two:?}");
    }

    #[test]
    fn factors_are_uniform_around_one() {
        let strength = Jitter { brightness: 0.4, contrast: 0.0, saturation: 1.0, hue: 0.5 };
        let mut stream = SplitMix::named(1, "factors");
        let drawn: Vec<Factors> = (0..4000).map(|_| strength.draw(&mut stream)).collect();
        let mean = |of: fn(&Factors) -> f32| drawn.iter().map(of).sum::<f32>() / 4000.0;
        assert!((mean(|f| f.brightness) - 1.0).abs() < 0.02);
        assert!((mean(|f| f.saturation) - 1.0).abs() < 0.05 && mean(|f| f.hue).abs() < 0.03);
        assert!(drawn.iter().all(|f| (0.6..=1.4).contains(&f.brightness) && f.contrast == 1.0));
        assert!(drawn.iter().all(|f| (0.0..=2.0).contains(&f.saturation) && f.hue.abs() <= 0.5));
    }
}
