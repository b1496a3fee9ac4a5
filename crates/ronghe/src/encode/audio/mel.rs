//! Log-mel spectrogram.
//!
//! For samples `x` at `rate`, window length `w`, hop `h`, transform length `n` (the power of two at or above `w`), frame `t`:
//!
//! `P[t, k] = |sum_i hann(i) x[t h + i - w / 2] exp(-2 pi j k i / n)|^2`, `k = 0 .. n / 2`, `i = 0 .. w - 1`,
//! `M[t, b] = sum_k F[b, k] P[t, k]`, result `ln(max(M, 1e-10))`, shape `[frames, bins]`.
//!
//! The window is the periodic Hann window; samples before the first and after the last are 0; `frames = 1 + len / h`, so
//! frame `t` is centred at sample `t h`. `F` is a bank of triangles whose corners are even on the mel scale of Slaney's
//! Auditory Toolbox (linear below 1 kHz, 200/3 Hz a mel; logarithmic above, 27 mels for a factor of 6.4), each of
//! unit area in hertz. These are the defaults of `librosa.feature.melspectrogram` (htk=False, norm="slaney",
//! center=True, pad_mode="constant", power=2), natural logarithm. `O(frames (n log n + bins))`: of a triangle only the
//! non-zero weights are kept. Sources: Davis, Mermelstein 1980; Slaney 1998, Interval Research report 1998-010.

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};
use std::f64::consts::TAU;
use std::sync::Arc;

/// What a power below this counts as, before the logarithm.
const FLOOR: f64 = 1e-10;

/// Shape of a log-mel spectrogram.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct MelConfig {
    /// Samples a second.
    pub rate: u32,
    /// Length of the window in milliseconds.
    pub window_ms: f64,
    /// Distance of neighbouring frames in milliseconds.
    pub hop_ms: f64,
    /// Mel bands.
    pub bins: usize,
    /// Lower end of the lowest band in hertz.
    pub f_min: f64,
    /// Upper end of the highest band in hertz; half the rate at most.
    pub f_max: f64,
}

impl Default for MelConfig {
    /// 16 kHz, 25 ms every 10 ms, 64 bands up to 8 kHz.
    fn default() -> MelConfig {
        MelConfig { rate: 16_000, window_ms: 25.0, hop_ms: 10.0, bins: 64, f_min: 0.0, f_max: 8_000.0 }
    }
}

impl MelConfig {
    /// Samples a window.
    pub fn window(&self) -> usize {
        samples(self.rate, self.window_ms)
    }

    /// Samples from frame to frame.
    pub fn hop(&self) -> usize {
        samples(self.rate, self.hop_ms)
    }

    /// Frames of a sound of this many samples.
    pub fn frames(&self, samples: usize) -> usize {
        1 + samples / self.hop()
    }

    /// The samples `start..end` that frame `t` sees, within a sound of this many samples.
    pub fn span(&self, t: usize, samples: usize) -> (usize, usize) {
        let (centre, half) = (t * self.hop(), self.window() / 2);
        (centre.saturating_sub(half).min(samples), (centre + self.window() - half).min(samples))
    }
}

/// A configuration made ready: window, transform and filter bank.
#[derive(Clone)]
pub struct LogMel {
    config: MelConfig,
    window: Vec<f64>,
    length: usize,
    transform: Arc<dyn RealToComplex<f64>>,
    bank: Vec<Band>,
}

/// The non-zero weights of one triangle.
#[derive(Clone)]
struct Band {
    first: usize,
    weights: Vec<f64>,
}

impl LogMel {
    /// Prepares the configuration. Lengths below one sample count as one; `f_max` is cut to half the rate.
    pub fn new(config: MelConfig) -> LogMel {
        let width = config.window();
        let length = width.next_power_of_two().max(2);
        let hann = |i: usize| 0.5 - 0.5 * (TAU * i as f64 / width as f64).cos();
        LogMel {
            window: (0..width).map(hann).collect(),
            length,
            transform: RealFftPlanner::new().plan_fft_forward(length),
            bank: bank(&config, length),
            config,
        }
    }

    /// The configuration.
    pub fn config(&self) -> &MelConfig {
        &self.config
    }

    /// The log-mel spectrogram of the samples, `[frames, bins]` row by row, `frames = 1 + samples / hop`.
    pub fn spectrogram(&self, samples: &[f32]) -> Vec<f32> {
        let (width, hop) = (self.window.len(), self.config.hop());
        let mut frame = vec![0.0; self.length];
        let mut spectrum = self.transform.make_output_vec();
        let mut scratch = self.transform.make_scratch_vec();
        let mut power = vec![0.0; spectrum.len()];
        let frames = self.config.frames(samples.len());
        let mut out = Vec::with_capacity(frames * self.config.bins);
        for t in 0..frames {
            frame.fill(0.0);
            // Part of the window that lies on samples; power does not depend on where in the frame it stands.
            let (start, end) = self.config.span(t, samples.len());
            let first = start + width / 2 - t * hop;
            for (i, &sample) in samples[start..end].iter().enumerate() {
                frame[first + i] = self.window[first + i] * f64::from(sample);
            }
            // It fails only for buffers of the wrong length, and these are its own.
            if self.transform.process_with_scratch(&mut frame, &mut spectrum, &mut scratch).is_err() {
                spectrum.fill(Complex::default());
            }
            for (p, s) in power.iter_mut().zip(&spectrum) {
                *p = s.norm_sqr();
            }
            out.extend(self.bank.iter().map(|band| {
                let sum: f64 = band.weights.iter().zip(&power[band.first..]).map(|(w, p)| w * p).sum();
                sum.max(FLOOR).ln() as f32
            }));
        }
        out
    }
}

fn samples(rate: u32, milliseconds: f64) -> usize {
    ((f64::from(rate) * milliseconds / 1_000.0).round() as usize).max(1)
}

/// Triangles over the frequencies `k rate / length`.
fn bank(config: &MelConfig, length: usize) -> Vec<Band> {
    let rate = f64::from(config.rate);
    let (low, high) = (mel(config.f_min.max(0.0)), mel(config.f_max.min(rate / 2.0)));
    let corner = |i: usize| hertz(low + (high - low) * i as f64 / (config.bins + 1) as f64);
    let one = |b: usize| {
        let (left, middle, right) = (corner(b), corner(b + 1), corner(b + 2));
        let weight = |k: usize| {
            let f = k as f64 * rate / length as f64;
            let rising = (f - left) / (middle - left);
            let falling = (right - f) / (right - middle);
            rising.min(falling).max(0.0) * 2.0 / (right - left)
        };
        let all: Vec<f64> = (0..=length / 2).map(weight).collect();
        let first = all.iter().position(|&w| w > 0.0).unwrap_or(0);
        let end = all.iter().rposition(|&w| w > 0.0).map_or(first, |k| k + 1);
        Band { first, weights: all[first..end].to_vec() }
    };
    (0..config.bins).map(one).collect()
}

/// Hertz a mel below 1 kHz.
const LINEAR: f64 = 200.0 / 3.0;
/// Where the scale turns logarithmic.
const TURN: f64 = 1_000.0;

/// Mels above the turn for a factor of `e`.
fn steep() -> f64 {
    27.0 / 6.4f64.ln()
}

fn mel(hertz: f64) -> f64 {
    if hertz < TURN { hertz / LINEAR } else { TURN / LINEAR + (hertz / TURN).ln() * steep() }
}

fn hertz(mel: f64) -> f64 {
    let turn = TURN / LINEAR;
    if mel < turn { mel * LINEAR } else { TURN * ((mel - turn) / steep()).exp() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Case {
        signal: String,
        rate: u32,
        samples: usize,
        bins: usize,
        f_min: f64,
        f_max: f64,
        frames: usize,
        values: Vec<f32>,
    }

    #[derive(serde::Deserialize)]
    struct Golden {
        cases: Vec<Case>,
    }

    /// The same formulas as in the script that wrote the values.
    fn signal(name: &str, count: usize, rate: f64) -> Vec<f32> {
        let chirp = |i: usize| {
            let t = i as f64 / rate;
            0.6 * (TAU * (200.0 + 1_500.0 * t) * t).sin()
        };
        let pulses = |i: usize| {
            0.05 * (TAU * 1_234.5 * i as f64 / rate).sin() + if i.is_multiple_of(97) { 0.8 } else { 0.0 }
        };
        (0..count).map(|i| if name == "chirp" { chirp(i) } else { pulses(i) } as f32).collect()
    }

    #[test]
    fn equals_librosa() {
        let golden: Golden = serde_json::from_str(include_str!("../../../tests/golden/mel.json")).unwrap();
        assert_eq!(golden.cases.len(), 2);
        for case in golden.cases {
            let config = MelConfig {
                rate: case.rate,
                bins: case.bins,
                f_min: case.f_min,
                f_max: case.f_max,
                ..MelConfig::default()
            };
            let found =
                LogMel::new(config).spectrogram(&signal(&case.signal, case.samples, case.rate.into()));
            assert_eq!(found.len(), case.frames * case.bins, "{}", case.signal);
            for (i, (f, want)) in found.iter().zip(&case.values).enumerate() {
                // The peer works in single precision: below 1e-6 of the loudest power it has no digits left.
                let (f, want) = (f64::from(*f).exp(), f64::from(*want).exp());
                assert!((f - want).abs() < 1e-4 * want + 1e-7, "{} {i}: {f} {want}", case.signal);
            }
        }
    }

    #[test]
    fn odd_lengths() {
        let mel = LogMel::new(MelConfig::default());
        assert_eq!(mel.spectrogram(&[]), vec![(FLOOR.ln()) as f32; 64]);
        for n in [1, 159, 160, 399, 16_000] {
            assert_eq!(mel.spectrogram(&vec![0.1; n]).len(), (1 + n / 160) * 64);
        }
        assert_eq!(mel.config().span(0, 1_000), (0, 200));
        assert_eq!(mel.config().span(5, 1_000), (600, 1_000));
        let tiny = LogMel::new(MelConfig { rate: 50, window_ms: 0.0, hop_ms: 0.0, ..MelConfig::default() });
        assert_eq!(tiny.spectrogram(&[0.5; 3]).len(), 4 * 64);
    }

    #[test]
    fn a_tone_lights_its_own_band() {
        let config = MelConfig::default();
        let mel = LogMel::new(config.clone());
        let tone: Vec<f32> = (0..8_000).map(|i| (TAU * 1_000.0 * i as f64 / 16_000.0).sin() as f32).collect();
        let all = mel.spectrogram(&tone);
        let frame = &all[25 * 64..26 * 64];
        let best = (0..64).max_by(|&a, &b| frame[a].total_cmp(&frame[b])).unwrap();
        let top = super::mel(config.f_max);
        let centre = hertz(top * (best + 1) as f64 / 65.0);
        assert!((centre - 1_000.0).abs() < 60.0, "{centre}");
    }
}
