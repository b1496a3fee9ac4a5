//! Rows of activations, rounded: `O(elements)`.

use super::{Layout, most};
use crate::kernels::lanes::Lanes;
use crate::kernels::multiversion;

/// Words of a rounded row of `k` numbers.
pub(super) fn width(layout: Layout, k: usize) -> usize {
    match layout {
        Layout::Pairs => k.div_ceil(2),
        Layout::Floats => k.next_multiple_of(2),
        Layout::Shorts => k.div_ceil(2) + 2,
        Layout::Bytes => k.div_ceil(4) + 2,
    }
}

/// A buffer of floats as words.
#[allow(unsafe_code)]
pub(super) fn words(room: &mut [f32]) -> &mut [u32] {
    // SAFETY: size and alignment are the same, and every pattern of bits is a number of either type.
    unsafe { std::slice::from_raw_parts_mut(room.as_mut_ptr().cast(), room.len()) }
}

/// Words as their bytes.
#[allow(unsafe_code)]
fn bytes(words: &mut [u32]) -> &mut [u8] {
    // SAFETY: the bytes of the words, each of which may have any value.
    unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), 4 * words.len()) }
}

/// Rounds the rows of `x`, of `k` numbers each, multiplied by `factors` where there are any.
pub(super) fn round(layout: Layout, x: &[f32], k: usize, factors: &[f32], out: &mut [u32]) {
    let width = width(layout, k);
    if k == 0 {
        return out.fill(0);
    }
    let mut row = vec![0.0; factors.len()];
    for (x, out) in x.chunks_exact(k).zip(out.chunks_exact_mut(width)) {
        let x = match factors {
            [] => x,
            _ => {
                row.iter_mut().zip(x).zip(factors).for_each(|((y, x), f)| *y = x * f);
                &row
            }
        };
        match layout {
            Layout::Pairs => pairs(x, out),
            Layout::Floats => floats(x, out),
            Layout::Shorts => {
                let [low, high, finite] = extremes(x);
                let Whole { scale, inverse } = Whole::of(high.max(-low), most(k), finite == 0.0);
                let (words, meta) = out.split_at_mut(width - 2);
                meta.copy_from_slice(&[scale.to_bits(), 0]);
                shorts(x, inverse, words);
            }
            Layout::Bytes => {
                let Range { scale, inverse, zero } = range(x);
                let (words, meta) = out.split_at_mut(width - 2);
                meta.copy_from_slice(&[scale.to_bits(), zero as u32]);
                let words = bytes(words);
                quantise(x, inverse, zero, words);
                words[k..].fill(0);
            }
        }
    }
}

/// The upper half of the float nearest to `x` whose lower half is zero, even on ties. Below 2^-50 it is zero.
#[inline(always)]
pub(super) fn bf16(x: f32) -> u16 {
    const LEAST: u32 = (127 - 50) << 23;
    let bits = x.to_bits();
    let size = bits & 0x7fff_ffff;
    let rounded = (bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16) as u16;
    if size > 0x7f80_0000 {
        0x7fc0
    } else if size < LEAST {
        0
    } else {
        rounded
    }
}

multiversion! {
    fn floats(x: &[f32], out: &mut [u32]) {
        let (body, tail) = x.as_chunks::<2>();
        let (out, _) = out.as_chunks_mut::<2>();
        for (y, [even, odd]) in out.iter_mut().zip(body) {
            *y = [u32::from(bf16(*odd)) << 16, u32::from(bf16(*even)) << 16];
        }
        if let ([x], Some(last)) = (tail, out.last_mut()) {
            *last = [0, u32::from(bf16(*x)) << 16];
        }
    }
}

multiversion! {
    fn pairs(x: &[f32], out: &mut [u32]) {
        let (body, tail) = x.as_chunks::<2>();
        for (y, [even, odd]) in out.iter_mut().zip(body) {
            *y = u32::from(bf16(*even)) | u32::from(bf16(*odd)) << 16;
        }
        if let ([x], Some(last)) = (tail, out.last_mut()) {
            *last = u32::from(bf16(*x));
        }
    }
}

/// How numbers become whole numbers: `x` is about `scale q`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Whole {
    pub(super) scale: f32,
    pub(super) inverse: f32,
}

impl Whole {
    /// For numbers up to `largest` that become numbers up to `most`. What is not finite makes all results not a number.
    pub(super) fn of(largest: f32, most: f32, finite: bool) -> Whole {
        if !finite || !largest.is_finite() {
            return Whole { scale: f32::NAN, inverse: 0.0 };
        }
        // The reciprocal of less would not be finite.
        if largest < 1e-30 {
            return Whole { scale: 0.0, inverse: 0.0 };
        }
        Whole { scale: largest / most, inverse: most / largest }
    }

    /// The whole number nearest to `x inverse`, even on ties.
    #[inline(always)]
    pub(super) fn nearest(x: f32, inverse: f32) -> i16 {
        // Adding 1.5 * 2^23 leaves the nearest integer in the low bits of the sum.
        const ROUND: f32 = 12_582_912.0;
        (x * inverse + ROUND).to_bits() as i16
    }
}

multiversion! {
    fn shorts(x: &[f32], inverse: f32, out: &mut [u32]) {
        let word = |even: f32, odd: f32| {
            let [even, odd] = [even, odd].map(|x| u32::from(Whole::nearest(x, inverse) as u16));
            even | odd << 16
        };
        let (body, tail) = x.as_chunks::<2>();
        for (y, [even, odd]) in out.iter_mut().zip(body) {
            *y = word(*even, *odd);
        }
        if let ([x], Some(last)) = (tail, out.last_mut()) {
            *last = word(*x, 0.0);
        }
    }
}

/// How numbers become bytes: `x` is about `scale (q - zero)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Range {
    pub(crate) scale: f32,
    pub(crate) inverse: f32,
    /// 0 to 255, a whole number.
    pub(crate) zero: i32,
}

impl Range {
    /// For numbers from `low` to `high`, 0 among them. What is not finite makes all results not a number.
    pub(crate) fn of(low: f32, high: f32, finite: bool) -> Range {
        let span = high - low;
        if !finite || !span.is_finite() {
            return Range { scale: f32::NAN, inverse: 0.0, zero: 0 };
        }
        // The reciprocal of less would not be finite.
        if span < 1e-30 {
            return Range { scale: 0.0, inverse: 0.0, zero: 0 };
        }
        let inverse = 255.0 / span;
        Range { scale: span / 255.0, inverse, zero: (-low * inverse).round_ties_even() as i32 }
    }
}

/// The byte nearest to `x inverse + zero`.
#[inline(always)]
pub(crate) fn quantised(x: f32, inverse: f32, zero: i32) -> u8 {
    // Adding 1.5 * 2^23 leaves the nearest integer in the low bits of the sum.
    const ROUND: f32 = 12_582_912.0;
    let y = x * inverse + zero as f32;
    let y = if y > 0.0 { y } else { 0.0 };
    let y = if y < 255.0 { y } else { 255.0 };
    (y + ROUND).to_bits() as u8
}

multiversion! {
    fn quantise(x: &[f32], inverse: f32, zero: i32, out: &mut [u8]) {
        for (q, &x) in out.iter_mut().zip(x) {
            *q = quantised(x, inverse, zero);
        }
    }
}

/// The range of some numbers and zero.
pub(crate) fn range(x: &[f32]) -> Range {
    let [low, high, finite] = extremes(x);
    Range::of(low, high, finite == 0.0)
}

multiversion! {
    /// The least of `x` and zero, the greatest, and zero where all are finite, else not a number.
    pub(crate) fn extremes[S: Set](x: &[f32]) -> [f32; 3] {
        /// Numbers of the widest register.
        const WIDEST: usize = 16;
        let step = <S::Wide as Lanes>::LEN;
        let mut parts = [[0.0f32; 2 * WIDEST]; 3];
        // SAFETY: `multiversion` chose S by the processor; loads stay within `x`, stores within a part, whose halves have room for a
        // register each.
        let (_, tail) = unsafe {
            let zero = <S::Wide as Lanes>::splat(0.0);
            // Two of each, so that no comparison waits for the one before it.
            let (mut low, mut high, mut finite) = ([zero; 2], [zero; 2], [zero; 2]);
            let whole = x.len() / (2 * step) * 2 * step;
            for at in (0..whole).step_by(2 * step) {
                for half in 0..2 {
                    let v = <S::Wide as Lanes>::load(x.as_ptr().add(at + half * step));
                    low[half] = low[half].at_most(v);
                    high[half] = high[half].at_least(v);
                    finite[half] = v.madd(zero, finite[half]);
                }
            }
            for half in 0..2 {
                for (part, kept) in parts.iter_mut().zip([low, high, finite]) {
                    kept[half].store(part.as_mut_ptr().add(half * WIDEST));
                }
            }
            x.split_at(whole)
        };
        let [low, high, finite] = parts;
        [
            low.iter().chain(tail).fold(0.0, |a, &b| if b < a { b } else { a }),
            high.iter().chain(tail).fold(0.0, |a, &b| if b > a { b } else { a }),
            finite.iter().sum::<f32>() + tail.iter().map(|x| x * 0.0).sum::<f32>(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_to_bf16() {
        let back = |x: f32| f32::from_bits(u32::from(bf16(x)) << 16);
        for (x, want) in [
            (1.0, 1.0),
            (-3.5, -3.5),
            (1.0 + 1.0 / 256.0, 1.0),
            (1.0 + 3.0 / 256.0, 1.0 + 4.0 / 256.0),
            (1.0 + 1.01 / 256.0, 1.0 + 2.0 / 256.0),
            (-(1.0 + 1.01 / 256.0), -(1.0 + 2.0 / 256.0)),
            (f32::INFINITY, f32::INFINITY),
            (f32::MAX, f32::INFINITY),
            (1e-16, 0.0),
            (-0.0, 0.0),
        ] {
            assert_eq!(back(x).to_bits(), f32::to_bits(want), "{x}");
        }
        assert!(back(f32::NAN).is_nan());
    }

    #[test]
    fn extremes_are_those_of_a_plain_loop() {
        for len in [0, 1, 7, 16, 31, 32, 33, 100, 384] {
            let mut x = crate::testing::numbers(len, 3);
            let plain = |x: &[f32]| {
                (x.iter().fold(0.0f32, |a, b| a.min(*b)), x.iter().fold(0.0f32, |a, b| a.max(*b)))
            };
            let [low, high, finite] = extremes(&x);
            assert_eq!(((low, high), finite), (plain(&x), 0.0), "{len}");
            for (at, odd) in
                [(0, f32::NAN), (len / 2, f32::INFINITY), (len.saturating_sub(1), f32::NEG_INFINITY)]
            {
                if len > 0 {
                    let before = std::mem::replace(&mut x[at], odd);
                    assert!(extremes(&x)[2].is_nan(), "{len} {at}");
                    x[at] = before;
                }
            }
        }
    }

    #[test]
    fn bytes_cover_the_range() {
        for (low, high) in [(-1.0, 3.0), (0.0, 6.0), (-2.0, 0.0), (-1e-3, 1e3)] {
            let Range { scale, inverse, zero } = Range::of(low, high, true);
            for i in 0..=1000 {
                let x = low + (high - low) * i as f32 / 1000.0;
                let back = scale * (i32::from(quantised(x, inverse, zero)) - zero) as f32;
                assert!((back - x).abs() <= 1.01 * scale, "{x} in {low}..{high} gives {back}");
            }
            assert_eq!(i32::from(quantised(0.0, inverse, zero)), zero);
        }
    }
}
