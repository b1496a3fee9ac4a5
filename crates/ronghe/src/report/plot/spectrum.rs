//! The spectrogram beneath tints.
//!
//! Power of Hann-windowed stretches of about 32 ms, in decibels below the loudest, 70 dB deep; frequencies on the mel
//! scale, `m(f) = 2595 log10(1 + f / 700)` (O'Shaughnessy 1987), which gives voices room. `O(n log w)`.

use realfft::RealFftPlanner;

/// Levels across and down.
const FRAMES: usize = 420;
const LINES: usize = 96;
/// Decibels from the loudest to nothing.
const DEPTH: f32 = 70.0;

/// A frequency on the mel scale.
pub(super) fn mel(hertz: f64) -> f64 {
    2595.0 * (1.0 + hertz / 700.0).log10()
}

fn hertz(mel: f64) -> f64 {
    700.0 * (10_f64.powf(mel / 2595.0) - 1.0)
}

/// Columns, lines, and levels from 0 to 1, line by line from the highest frequency, half the sampling rate.
pub(super) fn spectrogram(samples: &[f32], rate: u32) -> (usize, usize, Vec<f32>) {
    let window = (f64::from(rate) * 0.032) as usize;
    let window = window.clamp(64, 8192).next_power_of_two();
    let bins = window / 2 + 1;
    let frames = FRAMES.min(samples.len() / (window / 4) + 1).max(1);
    let fft = RealFftPlanner::<f32>::new().plan_fft_forward(window);
    let (mut input, mut output) = (fft.make_input_vec(), fft.make_output_vec());
    let top = mel(f64::from(rate) / 2.0);
    // Bins that a line takes: those from its lower to its upper edge, at least the nearest.
    let bin = |m: f64| hertz(m) / (f64::from(rate) / 2.0) * (bins - 1) as f64;
    let edges: Vec<f64> = (0..=LINES).map(|l| bin(top * (1.0 - l as f64 / LINES as f64))).collect();
    let mut power = vec![0.0_f32; frames * LINES];
    for frame in 0..frames {
        let middle = (frame as f64 + 0.5) / frames as f64 * samples.len() as f64;
        let start = middle as i64 - window as i64 / 2;
        for (i, value) in input.iter_mut().enumerate() {
            let at = usize::try_from(start + i as i64).ok();
            let sample = at.and_then(|a| samples.get(a)).copied().filter(|v| v.is_finite()).unwrap_or(0.0);
            let turn = 2.0 * std::f32::consts::PI * i as f32 / window as f32;
            *value = sample * (0.5 - 0.5 * turn.cos());
        }
        // The lengths are the plan's own.
        if fft.process(&mut input, &mut output).is_err() {
            continue;
        }
        for line in 0..LINES {
            let (low, high) = (edges[line + 1], edges[line]);
            let from = (low.round() as usize).min(bins - 1);
            let to = (high.round() as usize).clamp(from + 1, bins.max(from + 1));
            let most = output[from..to.min(bins)].iter().map(|v| v.norm_sqr()).fold(0.0, f32::max);
            power[line * frames + frame] = most;
        }
    }
    let loudest = power.iter().copied().fold(0.0, f32::max);
    let level = |p: f32| match p > 0.0 {
        true => (1.0 + 10.0 * (p / loudest).log10() / DEPTH).max(0.0),
        false => 0.0,
    };
    (frames, LINES, power.into_iter().map(level).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_a_line_where_its_frequency_is() {
        let tone: Vec<f32> = (0..8000).map(|i| (i as f32 * std::f32::consts::FRAC_PI_4).sin()).collect();
        let (frames, lines, levels) = spectrogram(&tone, 8000);
        let loudest = (0..lines).max_by(|&a, &b| levels[a * frames + 9].total_cmp(&levels[b * frames + 9]));
        let expected = (1.0 - mel(1000.0) / mel(4000.0)) * lines as f64;
        assert!((loudest.unwrap() as f64 - expected).abs() < 3.0);
        assert!(spectrogram(&[], 8000).2.iter().all(|v| *v == 0.0));
    }
}
