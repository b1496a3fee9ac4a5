//! Change of the sampling rate.
//!
//! Band-limited interpolation: the signal is cut into overlapping blocks, each transformed, multiplied with the spectrum
//! of a windowed sinc (Blackman-Harris squared, cut off below half the lower rate) and transformed back at the new
//! length (the `rubato` crate). `n` samples at rate `a` become `ceil(n b / a)` at rate `b`, without delay. `O(n log k)`.

use rubato::audioadapter_buffers::owned::InterleavedOwned;
use rubato::{Fft, FixedSync, Resampler, WindowFunction};

/// Least input samples a block: the filter is long enough for a passband up to about 0.95 of the lower half rate.
const BLOCK: usize = 1024;

/// `samples` at rate `from`, brought to rate `to`. Rates are in hertz; a rate of 0 leaves the samples as they are.
pub fn resample(samples: Vec<f32>, from: u32, to: u32) -> Vec<f32> {
    if from == to || from == 0 || to == 0 || samples.is_empty() {
        return samples;
    }
    let (n, a, b) = (samples.len(), from as usize, to as usize);
    let length = (n as u128 * b as u128).div_ceil(a as u128) as usize;
    // An even number of the shortest blocks: in a block of odd length the middle of the filter lies between two samples,
    // and the whole sound would come out half a sample late.
    let shortest = a / gcd(a, b);
    let block = BLOCK.div_ceil(shortest).next_multiple_of(2) * shortest;
    let run = || {
        let mut fft =
            Fft::<f32>::new_custom(a, b, block, 1, 1, WindowFunction::BlackmanHarris2, FixedSync::Both)
                .ok()?;
        let input = InterleavedOwned::new_from(samples, 1, n).ok()?;
        Some(fft.process_all(&input, n, None).ok()?.take_data())
    };
    // It fails only for rates of 0 and buffers of the wrong size, both ruled out above.
    let mut out = run().unwrap_or_default();
    out.resize(length, 0.0);
    out
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(frequency: f64, rate: u32, samples: usize) -> Vec<f32> {
        let step = std::f64::consts::TAU * frequency / f64::from(rate);
        (0..samples).map(|i| (step * i as f64).sin() as f32).collect()
    }

    #[test]
    fn a_tone_stays_where_it_is_and_what_is_too_high_goes() {
        for (from, to) in
            [(44_100, 16_000), (8_000, 16_000), (48_000, 16_000), (22_050, 16_000), (11_025, 8_000)]
        {
            let n = from as usize / 2;
            let out = resample(sine(440.0, from, n), from, to);
            assert_eq!(out.len(), (n * to as usize).div_ceil(from as usize));
            let want = sine(440.0, to, out.len());
            let middle = out.len() / 8..out.len() * 7 / 8;
            let off =
                out[middle.clone()].iter().zip(&want[middle]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 2e-4, "{from} to {to}: {off}");
        }
        let gone = resample(sine(9_000.0, 44_100, 44_100), 44_100, 16_000);
        assert!(gone[2_000..14_000].iter().all(|v| v.abs() < 1e-3));
    }

    #[test]
    fn odd_inputs() {
        assert_eq!(resample(vec![0.5; 3], 8_000, 8_000), [0.5; 3]);
        assert!(resample(Vec::new(), 8_000, 16_000).is_empty());
        assert_eq!(resample(vec![1.0], 44_100, 16_000).len(), 1);
        assert_eq!(resample(vec![0.0; 997], 44_101, 16_000).len(), 362);
        assert_eq!(resample(vec![0.1; 50], 0, 16_000).len(), 50);
    }
}
