//! What stands in for hidden pixels.
//!
//! **Blur**: a Gaussian of standard deviation `min(height, width) / 8` (at least 1), as three running means of widths `w_i` whose variances
//! `(w_i^2 - 1) / 12` add up to it; beyond an edge lie the pixels of the edge. `O(pixels)` whatever the width.
//! Source: Kovesi 2010, "Fast almost-Gaussian filtering".
//!
//! **Inpainting**: the hidden pixels solve Laplace's equation, `u(p) = mean of u over p's neighbours`, with the shown ones as
//! border; solved on at most 64 x 64 cells (means of the shown pixels in each) by successive over-relaxation, read
//! between cells linearly.

use ronghe_data::decode::Picture;

/// Cells a side on which Laplace's equation is solved.
const CELLS: usize = 64;
/// Sweeps at most, and the largest change of a sweep that ends them.
const SWEEPS: usize = 300;
const STILL: f32 = 0.05;
/// Over-relaxation: near the best for some tens of cells a side.
const RELAXATION: f32 = 1.9;

/// A blurred picture.
pub(super) struct Blur {
    values: Vec<f32>,
}

impl Blur {
    pub(super) fn of(picture: &Picture) -> Blur {
        let &Picture { height, width, channels, .. } = picture;
        let sigma = (height.min(width) as f64 / 8.0).max(1.0);
        let mut values: Vec<f32> = picture.pixels.iter().map(|&v| f32::from(v)).collect();
        let mut line = Vec::new();
        for box_width in widths(sigma) {
            for c in 0..channels {
                for y in 0..height {
                    smooth(&mut values, (y * width * channels + c, channels, width), box_width, &mut line);
                }
                for x in 0..width {
                    smooth(&mut values, (x * channels + c, width * channels, height), box_width, &mut line);
                }
            }
        }
        Blur { values }
    }

    pub(super) fn pixels(&self) -> Vec<u8> {
        self.values.iter().map(|v| v.round().clamp(0.0, 255.0) as u8).collect()
    }
}

/// Three odd widths whose running means, one after another, have about the variance `sigma^2`.
fn widths(sigma: f64) -> [usize; 3] {
    let ideal = (12.0 * sigma * sigma / 3.0 + 1.0).sqrt();
    let low = (((ideal - 1.0) / 2.0).floor() * 2.0 + 1.0).max(1.0);
    let wide = (12.0 * sigma * sigma - 3.0 * low * low - 12.0 * low - 9.0) / (-4.0 * low - 4.0);
    let narrow = wide.round().clamp(0.0, 3.0) as usize;
    std::array::from_fn(|i| low as usize + if i < narrow { 0 } else { 2 })
}

/// The running mean of a line of `len` values, `step` apart.
fn smooth(values: &mut [f32], (start, step, len): (usize, usize, usize), width: usize, line: &mut Vec<f32>) {
    let half = width / 2;
    line.clear();
    line.extend((0..len).map(|i| values[start + i * step]));
    let at = |i: isize| f64::from(line[i.clamp(0, len as isize - 1) as usize]);
    let half_i = half as isize;
    let mut sum: f64 = (-half_i..=half_i).map(at).sum();
    for i in 0..len {
        values[start + i * step] = (sum / width as f64) as f32;
        let i = i as isize;
        sum += at(i + half_i + 1) - at(i - half_i);
    }
}

/// The picture with its hidden pixels filled in; none where nothing is shown.
pub(super) fn inpaint(picture: &Picture, shown: &[bool]) -> Option<Vec<u8>> {
    let &Picture { height, width, channels, .. } = picture;
    let factor = height.max(width).div_ceil(CELLS);
    let (rows, columns) = (height.div_ceil(factor), width.div_ceil(factor));
    let mut counts = vec![0.0_f32; rows * columns];
    let mut sums = vec![0.0_f32; rows * columns * channels];
    for (i, pixel) in picture.pixels.chunks_exact(channels).enumerate().filter(|(i, _)| shown[*i]) {
        let cell = i / width / factor * columns + i % width / factor;
        counts[cell] += 1.0;
        pixel.iter().enumerate().for_each(|(c, &v)| sums[cell * channels + c] += f32::from(v));
    }
    let known = counts.iter().filter(|&&n| n > 0.0).count();
    if known == 0 {
        return None;
    }
    let mut out = picture.pixels.clone();
    for c in 0..channels {
        let mut cells: Vec<f32> = counts
            .iter()
            .enumerate()
            .map(|(i, &n)| if n > 0.0 { sums[i * channels + c] / n } else { 0.0 })
            .collect();
        let mean = cells.iter().sum::<f32>() / known as f32;
        cells.iter_mut().zip(&counts).filter(|(_, n)| **n == 0.0).for_each(|(v, _)| *v = mean);
        relax(&mut cells, &counts, rows, columns);
        for i in (0..height * width).filter(|&i| !shown[i]) {
            let place = |pixel: usize, most: usize| {
                let at = ((pixel as f32 + 0.5) / factor as f32 - 0.5).clamp(0.0, (most - 1) as f32);
                (at as usize, (at as usize + 1).min(most - 1), at.fract())
            };
            let ((y0, y1, fy), (x0, x1, fx)) = (place(i / width, rows), place(i % width, columns));
            let line = |y: usize| cells[y * columns + x0] * (1.0 - fx) + cells[y * columns + x1] * fx;
            out[i * channels + c] = (line(y0) * (1.0 - fy) + line(y1) * fy).round().clamp(0.0, 255.0) as u8;
        }
    }
    Some(out)
}

/// Solves Laplace's equation for the cells whose count is 0.
fn relax(cells: &mut [f32], counts: &[f32], rows: usize, columns: usize) {
    for _ in 0..SWEEPS {
        let mut change = 0.0_f32;
        for i in (0..rows * columns).filter(|&i| counts[i] == 0.0) {
            let (y, x) = (i / columns, i % columns);
            let mut sum = 0.0;
            let mut neighbours = 0.0;
            let sides = [
                (y > 0).then(|| i - columns),
                (y + 1 < rows).then(|| i + columns),
                (x > 0).then(|| i - 1),
                (x + 1 < columns).then(|| i + 1),
            ];
            for j in sides.into_iter().flatten() {
                sum += cells[j];
                neighbours += 1.0;
            }
            if neighbours > 0.0 {
                let step = RELAXATION * (sum / neighbours - cells[i]);
                cells[i] += step;
                change = change.max(step.abs());
            }
        }
        if change < STILL {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blur_keeps_the_mean_and_spreads_a_point() {
        let mut pixels = vec![0; 64 * 64];
        pixels[32 * 64 + 32] = 255;
        let picture = Picture { height: 64, width: 64, channels: 1, pixels };
        let blur = Blur::of(&picture);
        let total: f32 = blur.values.iter().sum();
        assert!((total - 255.0).abs() < 0.5, "{total}");
        let spread = |axis: fn(usize) -> usize| {
            let of = |i: usize| f64::from(blur.values[i]) * (axis(i) as f64 - 32.0).powi(2);
            (0..64 * 64).map(of).sum::<f64>() / f64::from(total)
        };
        for variance in [spread(|i| i / 64), spread(|i| i % 64)] {
            assert!((variance.sqrt() - 8.0).abs() < 0.5, "{variance}");
        }
        let flat = Picture { height: 5, width: 9, channels: 3, pixels: vec![90; 135] };
        assert_eq!(Blur::of(&flat).pixels(), flat.pixels);
    }

    #[test]
    fn hidden_pixels_lie_between_the_borders() {
        // A ramp from left to right solves Laplace's equation: hiding its middle changes nothing.
        let pixels: Vec<u8> = (0..20 * 40).map(|i| (i % 40 * 6) as u8).collect();
        let picture = Picture { height: 20, width: 40, channels: 1, pixels: pixels.clone() };
        let shown: Vec<bool> = (0..20 * 40).map(|i| !(10..30).contains(&(i % 40))).collect();
        let found = inpaint(&picture, &shown).unwrap();
        let off = found.iter().zip(&pixels).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(off <= Some(2), "{off:?}");
        assert!(inpaint(&picture, &vec![false; 800]).is_none());
        let large = Picture { height: 200, width: 130, channels: 3, pixels: vec![50; 200 * 130 * 3] };
        let shown: Vec<bool> = (0..200 * 130).map(|i| i > 9000).collect();
        assert_eq!(inpaint(&large, &shown).unwrap(), large.pixels);
    }
}
