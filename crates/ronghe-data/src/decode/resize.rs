//! Resampling of pictures.
//!
//! Separable convolution, first along rows, then along columns: output `i` of a line of `n` samples, mapped to `m`, is
//! `sum_j w_ij x_j`, where `w_ij ~ f((j + 1/2 - c_i) / s)`, `c_i = b0 + (i + 1/2) (b1 - b0) / m`, `s = max((b1 - b0) / m, 1)`,
//! the weights of an output sum to 1, and `[b0, b1)` is the part of the line taken. The stretch `s` is what keeps a picture that shrinks from
//! aliasing. `f` is the triangle (support 1) or Keys' cubic with `a = -1/2` (support 2). Weights are rounded to 22 fractional
//! bits and each pass to 8 bits, so that results equal those of Pillow's `Image.resize`. Cost: `O(h w' k + h' w' k)`,
//! `k` = support in pixels. Source: Keys 1981, "Cubic convolution interpolation for digital image processing".

use super::Picture;

/// How a picture is brought to another shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// The whole picture, its proportions changed if need be.
    #[default]
    Stretch,
    /// The largest middle part that has the proportions asked for.
    Cover,
    /// The whole picture with its proportions kept, in the middle of black bars.
    Contain,
}

/// Which pixels an output pixel is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// The one at the same place.
    Nearest,
    /// Those around, less the farther; antialiased when the picture shrinks.
    #[default]
    Bilinear,
    /// Keys' cubic; sharper, antialiased when the picture shrinks.
    Bicubic,
}

/// `picture` at `height` by `width` pixels.
pub(super) fn resize(picture: &Picture, height: usize, width: usize, fit: Fit, filter: Filter) -> Picture {
    let channels = picture.channels;
    let empty = || Picture { height, width, channels, pixels: vec![0; height * width * channels] };
    if picture.pixels.is_empty() || height == 0 || width == 0 {
        return empty();
    }
    let (h, w) = (picture.height as f64, picture.width as f64);
    match fit {
        Fit::Stretch => scale(picture, height, width, (0.0, h), (0.0, w), filter),
        Fit::Cover => {
            // Both sides of the part taken, in source pixels.
            let ratio = width as f64 / height as f64;
            let (part_h, part_w) = if w / h >= ratio { (h, ratio * h) } else { (w / ratio, w) };
            let (top, left) = ((h - part_h) / 2.0, (w - part_w) / 2.0);
            scale(picture, height, width, (top, top + part_h), (left, left + part_w), filter)
        }
        Fit::Contain => {
            let (to_h, to_w) = (height as f64, width as f64);
            let (inner_h, inner_w) =
                if w / h > to_w / to_h { (h / w * to_w, to_w) } else { (to_h, w / h * to_h) };
            let whole = |side: f64, most: usize| (side.round_ties_even() as usize).clamp(1, most);
            let (inner_h, inner_w) = (whole(inner_h, height), whole(inner_w, width));
            let inner = scale(picture, inner_h, inner_w, (0.0, h), (0.0, w), filter);
            let bar = |free: usize| (free as f64 / 2.0).round_ties_even() as usize;
            let (top, left) = (bar(height - inner_h), bar(width - inner_w));
            let mut out = empty();
            for y in 0..inner_h {
                let to = ((top + y) * width + left) * channels;
                let line = inner_w * channels;
                out.pixels[to..to + line].copy_from_slice(&inner.pixels[y * line..(y + 1) * line]);
            }
            out
        }
    }
}

/// The part `rows` x `columns` of the picture at `height` by `width` pixels.
fn scale(
    picture: &Picture,
    height: usize,
    width: usize,
    rows: (f64, f64),
    columns: (f64, f64),
    filter: Filter,
) -> Picture {
    let channels = picture.channels;
    let across = taps(picture.width, width, columns, filter);
    let down = taps(picture.height, height, rows, filter);
    // Only the source rows that some output row needs.
    let first = down.iter().map(|t| t.start).min().unwrap_or(0);
    let last = down.iter().map(|t| t.start + t.weights.len()).max().unwrap_or(0);

    let source_line = picture.width * channels;
    let line = width * channels;
    let mut middle = vec![0u8; (last - first) * line];
    for (y, out) in (first..last).zip(middle.chunks_exact_mut(line)) {
        let source = &picture.pixels[y * source_line..(y + 1) * source_line];
        for (tap, out) in across.iter().zip(out.chunks_exact_mut(channels)) {
            for (c, out) in out.iter_mut().enumerate() {
                let from = source[tap.start * channels + c..].iter().step_by(channels);
                *out = rounded(tap.weights.iter().zip(from).map(|(&k, &v)| k * i32::from(v)).sum());
            }
        }
    }

    let mut pixels = vec![0u8; height * line];
    let mut sums = vec![0i32; line];
    for (tap, out) in down.iter().zip(pixels.chunks_exact_mut(line)) {
        sums.fill(0);
        for (j, &k) in tap.weights.iter().enumerate() {
            let source = &middle[(tap.start - first + j) * line..][..line];
            for (sum, &v) in sums.iter_mut().zip(source) {
                *sum += k * i32::from(v);
            }
        }
        for (out, &sum) in out.iter_mut().zip(&sums) {
            *out = rounded(sum);
        }
    }
    Picture { height, width, channels, pixels }
}

/// Fractional bits of a weight: 8 for the pixel, 2 for overshoot and sign, the rest of 32 here.
const BITS: u32 = 22;

/// The source samples of one output sample.
struct Tap {
    start: usize,
    weights: Vec<i32>,
}

fn rounded(sum: i32) -> u8 {
    ((sum + (1 << (BITS - 1))) >> BITS).clamp(0, 255) as u8
}

fn taps(n: usize, m: usize, part: (f64, f64), filter: Filter) -> Vec<Tap> {
    let step = (part.1 - part.0) / m as f64;
    if filter == Filter::Nearest {
        // Places are summed up, not multiplied: at exact halves the rounding decides, and Pillow sums.
        let mut place = part.0 + 0.5 * step;
        let mut next = || {
            let start = (place.max(0.0) as usize).min(n - 1);
            place += step;
            Tap { start, weights: vec![1 << BITS] }
        };
        return (0..m).map(|_| next()).collect();
    }
    let (f, support): (fn(f64) -> f64, f64) = match filter {
        Filter::Bicubic => (cubic, 2.0),
        _ => (triangle, 1.0),
    };
    let stretch = step.max(1.0);
    let reach = support * stretch;
    let one = |i: usize| {
        let centre = part.0 + (i as f64 + 0.5) * step;
        // Truncated as a cast does it, so the start never leaves the line.
        let start = ((centre - reach + 0.5).max(0.0) as usize).min(n - 1);
        let end = ((centre + reach + 0.5).max(0.0) as usize).clamp(start + 1, n);
        let raw: Vec<f64> = (start..end).map(|j| f((j as f64 + 0.5 - centre) / stretch)).collect();
        let total: f64 = raw.iter().sum();
        let unit = if total == 0.0 { 0.0 } else { f64::from(1u32 << BITS) / total };
        Tap { start, weights: raw.iter().map(|w| (w * unit).round() as i32).collect() }
    };
    (0..m).map(one).collect()
}

fn triangle(x: f64) -> f64 {
    (1.0 - x.abs()).max(0.0)
}

fn cubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Case {
        from: [usize; 3],
        to: [usize; 2],
        fit: Fit,
        filter: Filter,
        pixels: Vec<u8>,
    }

    #[derive(serde::Deserialize)]
    struct Golden {
        cases: Vec<Case>,
    }

    /// The same formula as in the script that wrote the values.
    fn picture([height, width, channels]: [usize; 3]) -> Picture {
        let value = |i: usize| ((i * i * 31 + i * 17 + i / 7 * 91) % 256) as u8;
        Picture { height, width, channels, pixels: (0..height * width * channels).map(value).collect() }
    }

    #[test]
    fn equals_pillow() {
        let golden: Golden = serde_json::from_str(include_str!("../../tests/golden/resize.json")).unwrap();
        assert_eq!(golden.cases.len(), 45);
        for case in golden.cases {
            let made = picture(case.from).resized(case.to[0], case.to[1], case.fit, case.filter);
            let place = format!("{:?} to {:?} {:?} {:?}", case.from, case.to, case.fit, case.filter);
            assert_eq!(made.pixels.len(), case.pixels.len(), "{place}");
            let off = made.pixels.iter().zip(&case.pixels).map(|(a, b)| a.abs_diff(*b)).max();
            assert_eq!(off, Some(0), "{place}");
        }
    }

    #[test]
    fn odd_shapes() {
        let source = picture([3, 5, 3]);
        for fit in [Fit::Stretch, Fit::Cover, Fit::Contain] {
            for filter in [Filter::Nearest, Filter::Bilinear, Filter::Bicubic] {
                assert_eq!(source.resized(3, 5, fit, filter), source);
                assert_eq!(source.resized(1, 40, fit, filter).pixels.len(), 120);
                assert!(source.resized(0, 4, fit, filter).pixels.is_empty());
            }
        }
        let flat = Picture { height: 9, width: 4, channels: 1, pixels: vec![200; 36] };
        assert!(flat.resized(3, 7, Fit::Stretch, Filter::Bicubic).pixels.iter().all(|&v| v == 200));
    }
}
