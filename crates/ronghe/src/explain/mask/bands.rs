//! A sound as the sum of its bands, and noise like it.
//!
//! Frames of n samples every n / 2, under the periodic Hann window, whose copies half a window apart sum to 1: a frame's spectrum
//! is cut at the edges of the bands, each piece goes back to samples, and frames are added up. Bands so made sum to the
//! sound. `O(bands * samples * log n)`.
//!
//! Noise of the same level in every bin: the root mean square of the bin's magnitude over the frames, with a random phase in each
//! frame; frames overlap under the root of the window, so that their powers sum to 1, and 8 / 3 makes up for the
//! power that the window took from the spectra.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;
use ronghe_graph::SplitMix;
use std::f32::consts::TAU;

/// Seconds of a frame, about.
const FRAME: f64 = 0.064;

/// Edges of so many bands in hertz, even on the mel scale `2595 log10(1 + f / 700)`, from 0 to half the rate.
pub(super) fn edges(rate: u32, bands: usize) -> Vec<f64> {
    let nyquist = f64::from(rate) / 2.0;
    let top = (1.0 + nyquist / 700.0).ln();
    let at = |i: usize| 700.0 * ((top * i as f64 / bands as f64).exp() - 1.0);
    (0..=bands).map(|i| if i == bands { nyquist } else { at(i) }).collect()
}

/// The sound in each band between neighbouring `edges`.
pub(super) fn split(samples: &[f32], rate: u32, edges: &[f64]) -> Vec<Vec<f32>> {
    if edges.len() <= 2 {
        return vec![samples.to_vec()];
    }
    let frames = Frames::new(samples.len(), rate);
    let bin = |hertz: f64| (hertz * frames.length as f64 / f64::from(rate)).round() as usize;
    let bounds: Vec<usize> = edges.iter().map(|&e| bin(e)).collect();
    let mut bands = vec![vec![0.0; samples.len()]; edges.len() - 1];
    frames.each(samples, |frame, spectrum, back| {
        for (b, band) in bands.iter_mut().enumerate() {
            let last = b + 2 == bounds.len();
            let own = |k: usize| k >= bounds[b] && (k < bounds[b + 1] || last);
            let piece =
                spectrum.iter().enumerate().map(|(k, &v)| if own(k) { v } else { Complex::default() });
            frames.add(band, frame, &back(piece.collect()), |_| 1.0);
        }
    });
    bands
}

/// Noise with the mean spectrum of the sound.
pub(super) fn noise_like(samples: &[f32], rate: u32, seed: u64) -> Vec<f32> {
    let frames = Frames::new(samples.len(), rate);
    let mut power = vec![0.0_f32; frames.length / 2 + 1];
    frames.each(samples, |_, spectrum, _| {
        power.iter_mut().zip(spectrum).for_each(|(p, v)| *p += v.norm_sqr());
    });
    let level = |p: f32| (p / frames.count as f32 * 8.0 / 3.0).sqrt();
    let mut stream = SplitMix::named(seed, "noise");
    let mut noise = vec![0.0; samples.len()];
    frames.each(samples, |frame, _, back| {
        let last = power.len() - 1;
        let mut bin = |(k, &p): (usize, &f32)| {
            let turn = (stream.next_u64() >> 40) as f32 / (1 << 24) as f32 * TAU;
            let made = Complex::from_polar(level(p), turn);
            // The first and the last bin of a real signal are real.
            if k == 0 || k == last { Complex::new(made.re, 0.0) } else { made }
        };
        let piece = back(power.iter().enumerate().map(&mut bin).collect());
        frames.add(&mut noise, frame, &piece, f32::sqrt);
    });
    noise
}

/// Where frames are.
struct Frames {
    length: usize,
    count: usize,
    window: Vec<f32>,
}

impl Frames {
    fn new(samples: usize, rate: u32) -> Frames {
        let length = ((f64::from(rate) * FRAME) as usize).next_power_of_two().max(16);
        let window = (0..length).map(|i| (TAU * i as f32 / length as f32 / 2.0).sin().powi(2)).collect();
        Frames { length, count: samples / (length / 2) + 2, window }
    }

    /// The sample at place `i` of a frame, if there is one. The first frame begins half a frame before the sound.
    fn sample(&self, frame: usize, i: usize) -> Option<usize> {
        (frame * self.length / 2 + i).checked_sub(self.length / 2)
    }

    /// Gives each frame's spectrum, and the way back from a spectrum to samples.
    fn each(
        &self,
        samples: &[f32],
        mut visit: impl FnMut(usize, &[Complex<f32>], &dyn Fn(Vec<Complex<f32>>) -> Vec<f32>),
    ) {
        let mut planner = RealFftPlanner::<f32>::new();
        let (there, back) = (planner.plan_fft_forward(self.length), planner.plan_fft_inverse(self.length));
        let inverse = |mut spectrum: Vec<Complex<f32>>| {
            let mut out = back.make_output_vec();
            // Lengths are the plan's own, and the ends of the spectrum are real.
            let _ = back.process(&mut spectrum, &mut out);
            out.iter_mut().for_each(|v| *v /= self.length as f32);
            out
        };
        let mut spectrum = there.make_output_vec();
        let mut input = there.make_input_vec();
        for frame in 0..self.count {
            for (i, v) in input.iter_mut().enumerate() {
                let sample = self.sample(frame, i).and_then(|n| samples.get(n)).copied();
                *v = sample.unwrap_or(0.0) * self.window[i];
            }
            let _ = there.process(&mut input, &mut spectrum);
            visit(frame, &spectrum, &inverse);
        }
    }

    /// Adds a frame to a sound, under a function of the window.
    fn add(&self, sound: &mut [f32], frame: usize, piece: &[f32], weight: impl Fn(f32) -> f32) {
        for (i, v) in piece.iter().enumerate() {
            if let Some(to) = self.sample(frame, i).and_then(|n| sound.get_mut(n)) {
                *to += v * weight(self.window[i]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f32) -> Vec<f32> {
        (0..9_001).map(|i| (TAU * hertz * i as f32 / 16_000.0).sin() * 0.5).collect()
    }

    fn power(samples: &[f32]) -> f32 {
        samples.iter().map(|v| v * v).sum::<f32>() / samples.len() as f32
    }

    #[test]
    fn bands_sum_to_the_sound_and_hold_their_tones() {
        let edges = edges(16_000, 3);
        assert!((edges[1] - 921.0).abs() < 2.0 && edges[3] == 8_000.0, "{edges:?}");
        let sound: Vec<f32> = tone(440.0).iter().zip(tone(4_000.0)).map(|(a, b)| a + b).collect();
        let bands = split(&sound, 16_000, &edges);
        for i in 0..sound.len() {
            let sum: f32 = bands.iter().map(|b| b[i]).sum();
            assert!((sum - sound[i]).abs() < 1e-5, "{i}");
        }
        assert!((power(&bands[0]) - 0.125).abs() < 0.005 && (power(&bands[2]) - 0.125).abs() < 0.005);
        assert!(power(&bands[1]) < 1e-4);
    }

    #[test]
    fn noise_is_as_loud_in_the_same_place() {
        let noise = noise_like(&tone(440.0), 16_000, 3);
        assert_eq!(noise, noise_like(&tone(440.0), 16_000, 3));
        assert!((power(&noise) / 0.125 - 1.0).abs() < 0.4, "{}", power(&noise));
        let bands = split(&noise, 16_000, &edges(16_000, 3));
        assert!(power(&bands[0]) > 20.0 * power(&bands[2]));
        assert!(noise_like(&[], 8_000, 0).is_empty());
    }
}
