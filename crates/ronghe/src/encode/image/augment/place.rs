//! Crop, mirror and shift in one bilinear resampling.
//!
//! For picture `x[H, W, C]`, a window of `h` lines from `top` and `w` columns from `left`, a shift `(di, dj)`:
//! ```text
//! y[i, j] = x(top + u, left + v)
//! u = within 0 .. h - 1: (clamp(i + di) + 1/2) h / H - 1/2
//! v = within 0 .. w - 1: (clamp(m(j) + dj) + 1/2) w / W - 1/2,  m(j) = j, or W - 1 - j if mirrored
//! ```
//! `x(., .)` is linear between neighbours in steps of 1/256, first along columns, then along lines, each rounded to a byte;
//! nothing outside the window is read. With the whole picture for a window no value is interpolated.
//!
//! The window's share of the area is uniform in `crop`; its proportions, relative to the picture's own, are `a` with `ln a`
//! uniform in `ln 3/4 .. ln 4/3`, narrowed to what fits: `w = W sqrt(share a)`, `h = H sqrt(share / a)`. Its place is
//! uniform. Source: Szegedy et al. 2015; torchvision's `RandomResizedCrop` draws again what does not fit.

use super::canvas::Canvas;
use ronghe_graph::SplitMix;
use std::ops::Range;

/// Widest and flattest proportions of a window.
const ASPECT: f64 = 4.0 / 3.0;

/// Lines and columns of a window.
pub(super) type Window = [Range<usize>; 2];

/// Weights are in steps of this.
const ONE: usize = 256;

/// Two neighbours along a line or column, and the weight of the second out of [`ONE`].
#[derive(Debug, Clone, Copy, PartialEq)]
struct Tap {
    first: usize,
    second: usize,
    weight: u16,
}

pub(super) fn draw_window(height: usize, width: usize, share: [f64; 2], stream: &mut SplitMix) -> Window {
    let [low, high] = share;
    if low >= 1.0 {
        return [0..height, 0..width];
    }
    let share = low + (high - low) * f64::from(stream.unit());
    let flattest = ASPECT.min(1.0 / share).ln();
    let aspect = (flattest * f64::from(2.0 * stream.unit() - 1.0)).exp();
    let mut side = |len: usize, factor: f64| {
        let part = ((len as f64 * factor.sqrt()).round() as usize).clamp(1, len);
        let start = stream.below(len - part + 1);
        start..start + part
    };
    [side(height, share / aspect), side(width, share * aspect)]
}

/// Stretches a window over the whole canvas, mirrored if so asked, and moves the result.
pub(super) fn place(canvas: &mut Canvas<'_>, window: Window, moved: [isize; 2], mirrored: bool) {
    let [height, width, channels] = canvas.shape;
    let [lines, columns] = window;
    canvas.keep();
    let line = canvas.line();
    let read = columns.start * channels..columns.end * channels;
    let down = taps(height, lines, moved[0], false);
    let across = taps(width, columns, moved[1], mirrored);
    let still = across.iter().enumerate().all(|(j, tap)| *tap == Tap { first: j, second: j, weight: 0 });
    let before = canvas.scratch.before.as_slice();
    let between = &mut canvas.scratch.line;
    between.resize(line, 0);
    for (to, tap) in canvas.pixels.chunks_exact_mut(line).zip(&down) {
        let first = &before[tap.first * line..][..line];
        let from = if tap.weight == 0 {
            first
        } else {
            let second = &before[tap.second * line..][..line];
            let pairs = first[read.clone()].iter().zip(&second[read.clone()]);
            between[read.clone()].iter_mut().zip(pairs).for_each(|(v, (&a, &b))| *v = mix(a, b, tap.weight));
            between.as_slice()
        };
        match channels {
            _ if still => to.copy_from_slice(from),
            3 => resample::<3>(from, &across, to),
            _ => resample::<1>(from, &across, to),
        }
    }
}

/// Where each of `len` places reads.
fn taps(len: usize, window: Range<usize>, moved: isize, mirrored: bool) -> Vec<Tap> {
    let size = window.len();
    let tap = |j: usize| {
        let j = if mirrored { len - 1 - j } else { j };
        let j = j.saturating_add_signed(moved).min(len - 1);
        // (j + 1/2) size / len - 1/2 in steps of 1 / ONE.
        let at = (((2 * j + 1) * size).saturating_sub(len) * ONE + len) / (2 * len);
        let first = (at / ONE).min(size - 1);
        let second = (first + 1).min(size - 1);
        let weight = if second == first { 0 } else { (at % ONE) as u16 };
        let second = if weight == 0 { first } else { second };
        Tap { first: window.start + first, second: window.start + second, weight }
    };
    (0..len).map(tap).collect()
}

fn resample<const C: usize>(from: &[u8], taps: &[Tap], to: &mut [u8]) {
    for (to, tap) in to.chunks_exact_mut(C).zip(taps) {
        let (first, second) = (&from[tap.first * C..][..C], &from[tap.second * C..][..C]);
        for c in 0..C {
            to[c] = mix(first[c], second[c], tap.weight);
        }
    }
}

fn mix(a: u8, b: u8, weight: u16) -> u8 {
    // At most 255 * 256 + 128: it fits.
    ((u16::from(a) * (ONE as u16 - weight) + u16::from(b) * weight + ONE as u16 / 2) >> 8) as u8
}

#[cfg(test)]
mod tests {
    use super::super::canvas::tests::{changed, noise};
    use super::*;

    const SHAPES: [[usize; 3]; 4] = [[9, 7, 3], [6, 10, 1], [1, 1, 3], [2, 5, 1]];

    fn whole(shape: [usize; 3]) -> Window {
        [0..shape[0], 0..shape[1]]
    }

    #[test]
    fn the_whole_picture_is_itself_and_mirrored_twice_the_original() {
        for shape in SHAPES {
            let before = noise(shape.iter().product());
            assert_eq!(changed(shape, &before, |c| place(c, whole(shape), [0, 0], false)), before);
            let once = changed(shape, &before, |c| place(c, whole(shape), [0, 0], true));
            let (line, channels) = (shape[1] * shape[2], shape[2]);
            assert_eq!(once[..channels], before[line - channels..line]);
            assert_eq!(changed(shape, &once, |c| place(c, whole(shape), [0, 0], true)), before);
        }
    }

    #[test]
    fn shifts_repeat_the_edge() {
        let before: Vec<u8> = (0..15).collect();
        let moved = |by, mirrored| changed([3, 5, 1], &before, |c| place(c, whole([3, 5, 1]), by, mirrored));
        assert_eq!(moved([1, 0], false)[..5], [5, 6, 7, 8, 9]);
        assert_eq!(moved([1, 0], false)[10..], [10, 11, 12, 13, 14]);
        assert_eq!(moved([0, -2], false)[..5], [0, 0, 0, 1, 2]);
        assert_eq!(moved([0, 1], true)[..5], [4, 4, 3, 2, 1]);
        assert_eq!(moved([-9, 9], false), [4; 15]);
    }

    #[test]
    fn a_window_is_stretched_between_its_own_pixels() {
        // Twice as large: quarters between the centres, as every bilinear resizing has it.
        let before = [0, 100, 200, 40];
        let halves = changed([1, 4, 1], &before, |c| place(c, [0..1, 1..3], [0, 0], false));
        assert_eq!(halves, [100, 125, 175, 200]);
        let one = changed([1, 4, 1], &before, |c| place(c, [0..1, 3..4], [0, 0], true));
        assert_eq!(one, [40; 4]);
        // A slope stays a slope, within rounding, in both directions.
        let slope: Vec<u8> = (0..64 * 64).map(|i| (i / 64 + 2 * (i % 64)) as u8).collect();
        let made = changed([64, 64, 1], &slope, |c| place(c, [10..42, 20..52], [0, 0], false));
        for (i, &v) in made.iter().enumerate() {
            let at = |i: usize| ((i as f64 + 0.5) / 2.0 - 0.5).clamp(0.0, 31.0);
            let want = 10.0 + at(i / 64) + 2.0 * (20.0 + at(i % 64));
            assert!((f64::from(v) - want).abs() <= 1.0, "{i}: {v} {want}");
        }
    }

    #[test]
    fn windows_keep_the_share_that_was_asked_for() {
        let mut stream = SplitMix::named(1, "windows");
        let (mut total, mut places) = (0.0, std::collections::BTreeSet::new());
        for _ in 0..4000 {
            let [lines, columns] = draw_window(200, 100, [0.25, 0.75], &mut stream);
            assert!(lines.end <= 200 && columns.end <= 100);
            let share = (lines.len() * columns.len()) as f64 / 20_000.0;
            assert!((0.24..0.76).contains(&share), "{share}");
            let aspect = columns.len() as f64 / lines.len() as f64 * 2.0;
            assert!((0.73..1.37).contains(&aspect), "{aspect}");
            total += share / 4000.0;
            places.insert((lines.start / 50, columns.start / 25));
        }
        assert!((total - 0.5).abs() < 0.01, "{total}");
        assert!(places.len() >= 4);
        assert_eq!(draw_window(3, 2, [1.0, 1.0], &mut stream), [0..3, 0..2]);
        for _ in 0..100 {
            let [lines, columns] = draw_window(1, 1, [0.01, 0.02], &mut stream);
            assert_eq!((lines, columns), (0..1, 0..1));
        }
    }
}
