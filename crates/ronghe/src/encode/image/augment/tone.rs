//! Changes of tones by table, and sharpness.
//!
//! ```text
//! autocontrast   v -> 255 (v - low) / (high - low), low and high the channel's least and greatest value
//! equalize       v -> (q / 2 + sum_{u < v} n_u) / q, q = (pixels - n_high) / 255, n_v the channel's pixels of value v
//! solarize t     v -> v below t, else 255 - v
//! posterize k    the upper k bits of v
//! sharpness f    v -> f v + (1 - f) smooth(v), smooth = [1 1 1; 1 5 1; 1 1 1] / 13 but for the edge, which stays
//! ```
//! A channel of one value stays as it is. Sources: the operations of AutoAugment, Cubuk et al. 2019, as the Python Imaging
//! Library defines them.

use super::canvas::{Canvas, byte};

pub(super) fn autocontrast(canvas: &mut Canvas<'_>) {
    by_histogram(canvas, |counts| {
        let low = counts.iter().position(|&n| n > 0)?;
        let high = counts.iter().rposition(|&n| n > 0).filter(|&high| high > low)?;
        let scale = 255.0 / (high - low) as f32;
        Some(table(|v| byte((v as f32 - low as f32) * scale)))
    });
}

pub(super) fn equalize(canvas: &mut Canvas<'_>) {
    by_histogram(canvas, |counts| {
        let high = counts.iter().rposition(|&n| n > 0)?;
        let step = counts[..high].iter().sum::<u32>() / 255;
        if step == 0 {
            return None;
        }
        let mut below = step / 2;
        let mut table = [0; 256];
        for (to, &count) in table.iter_mut().zip(counts) {
            *to = (below / step).min(255) as u8;
            below += count;
        }
        Some(table)
    });
}

/// Inverts values at or above the threshold, 0 to 256.
pub(super) fn solarize(canvas: &mut Canvas<'_>, threshold: usize) {
    canvas.look_up(&[table(|v| if v < threshold { v as u8 } else { 255 - v as u8 }); 3]);
}

/// Keeps the upper bits, 1 to 8.
pub(super) fn posterize(canvas: &mut Canvas<'_>, bits: u32) {
    let low = (1u32 << (8 - bits.clamp(1, 8))) - 1;
    canvas.look_up(&[table(|v| v as u8 & !(low as u8)); 3]);
}

pub(super) fn sharpen(canvas: &mut Canvas<'_>, factor: f32) {
    let [height, width, channels] = canvas.shape;
    if height < 3 || width < 3 {
        return;
    }
    canvas.keep();
    let line = canvas.line();
    let before = canvas.scratch.before.as_slice();
    let sums = &mut canvas.scratch.sums;
    sums.resize(line, 0);
    let share = (1.0 - factor) / 13.0;
    for (i, to) in canvas.pixels.chunks_exact_mut(line).enumerate().take(height - 1).skip(1) {
        let [above, here, below] = [i - 1, i, i + 1].map(|i| &before[i * line..][..line]);
        for j in 0..line {
            sums[j] = u16::from(above[j]) + u16::from(here[j]) + u16::from(below[j]);
        }
        let inner = line - 2 * channels;
        let [left, middle, right] = [0, channels, 2 * channels].map(|at| &sums[at..][..inner]);
        let (to, here) = (&mut to[channels..][..inner], &here[channels..][..inner]);
        for j in 0..inner {
            let weighted = left[j] + middle[j] + right[j] + 4 * u16::from(here[j]);
            let value = factor * f32::from(here[j]) + share * f32::from(weighted);
            // Above 2^23 a float has no digits behind the point: this addition rounds, and the low byte is the result.
            to[j] = (value.clamp(0.0, 255.0) + 8_388_608.0).to_bits() as u8;
        }
    }
}

fn table(value: impl Fn(usize) -> u8) -> [u8; 256] {
    let mut table = [0; 256];
    table.iter_mut().enumerate().for_each(|(v, to)| *to = value(v));
    table
}

/// Applies to each channel the table made of its counts; none leaves it as it is.
fn by_histogram(canvas: &mut Canvas<'_>, make: impl Fn(&[u32; 256]) -> Option<[u8; 256]>) {
    let channels = canvas.shape[2];
    let mut counts = [[0u32; 256]; 3];
    for pixel in canvas.pixels.chunks_exact(channels) {
        pixel.iter().zip(&mut counts).for_each(|(&v, counts)| counts[usize::from(v)] += 1);
    }
    canvas.look_up(&counts.map(|counts| make(&counts).unwrap_or_else(|| table(|v| v as u8))));
}

#[cfg(test)]
mod tests {
    use super::super::canvas::tests::{changed, noise};
    use super::*;

    #[test]
    fn contrast_is_stretched_by_channel() {
        let made = changed([1, 3, 3], &[10, 7, 0, 20, 7, 255, 15, 7, 9], autocontrast);
        assert_eq!(made, [0, 7, 0, 255, 7, 255, 128, 7, 9]);
    }

    #[test]
    fn equalized_tones_are_even() {
        // Mostly dark values with a few bright ones.
        let dark: Vec<u8> = noise(64 * 64).iter().map(|v| (u32::from(*v).pow(2) / 255) as u8).collect();
        let made = changed([64, 64, 1], &dark, equalize);
        let at_or_below = |most: u8| made.iter().filter(|&&v| v <= most).count() as f64 / 4096.0;
        for quarter in [63, 127, 191] {
            let share = at_or_below(quarter);
            assert!((share - f64::from(quarter) / 255.0).abs() < 0.05, "{quarter}: {share}");
        }
        assert_eq!(changed([2, 2, 1], &[5; 4], equalize), [5; 4]);
    }

    #[test]
    fn tables_are_those_stated() {
        let all: Vec<u8> = (0..=255).collect();
        let made = changed([16, 16, 1], &all, |c| solarize(c, 100));
        assert_eq!((made[99], made[100], made[255]), (99, 155, 0));
        assert_eq!(changed([16, 16, 1], &all, |c| solarize(c, 256)), all);
        let made = changed([16, 16, 1], &all, |c| posterize(c, 3));
        assert_eq!((made[31], made[32], made[255]), (0, 32, 224));
        assert_eq!(changed([16, 16, 1], &all, |c| posterize(c, 8)), all);
    }

    #[test]
    fn sharpness_goes_away_from_the_smoothed_picture() {
        let mut dot = vec![0; 5 * 5 * 3];
        dot[3 * 12..3 * 13].copy_from_slice(&[130, 65, 13]);
        let smooth = changed([5, 5, 3], &dot, |c| sharpen(c, 0.0));
        assert_eq!(smooth[3 * 12..3 * 13], [50, 25, 5]);
        assert_eq!(smooth[3 * 11..3 * 12], [10, 5, 1]);
        assert_eq!(smooth[..15], [0; 15]);
        assert_eq!(changed([5, 5, 3], &dot, |c| sharpen(c, 1.0)), dot);
        let sharp = changed([5, 5, 3], &dot, |c| sharpen(c, 1.5));
        assert_eq!(sharp[3 * 12..3 * 13], [170, 85, 17]);
        let before = noise(40);
        assert_eq!(changed([2, 20, 1], &before, |c| sharpen(c, 0.0)), before);
    }
}
