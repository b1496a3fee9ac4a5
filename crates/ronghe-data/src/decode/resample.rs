//! Change of the sampling rate.
//!
//! Band-limited interpolation: the signal is cut into overlapping blocks, each transformed, multiplied with the spectrum
//! of a windowed sinc (Blackman-Harris squared, cut off below half the lower rate) and transformed back at the new
//! length (the `rubato` crate). `n` samples at rate `a` become `ceil(n b / a)` at rate `b`, without delay. `O(n log k)`.

use rubato::audioadapter_buffers::owned::InterleavedOwned;
use rubato::{Fft, FixedSync, Resampler, WindowFunction};

/// Input samples a block: the filter is long enough for a passband up to about 0.95 of the lower half rate.
const BLOCK: usize = 1024;

/// `samples` at rate `from`, brought to rate `to`. Rates are in hertz; a rate of 0 leaves the samples as they are.
pub fn resample(samples: Vec<f32>, from: u32, to: u32) -> Vec<f32> {
    if from == to || from == 0 || to == 0 || samples.is_empty() {
        return samples;
    }
    let (n, a, b) = (samples.len(), from as usize, to as usize);
    let length = (n as u128 * b as u128).div_ceil(a as u128) as usize;
    let run = || {
        let mut fft =
            Fft::<f32>::new_custom(a, b, BLOCK, 1, 1, WindowFunction::BlackmanHarris2, FixedSync::Both)
                .ok()?;
        let input = InterleavedOwned::new_from(samples, 1, n).ok()?;
        Some(fft.process_all(&input, n, None).ok()?.take_data())
    };
    // It fails only for rates of 0 and buffers of the wrong size, both ruled out above.
    let mut out = run().unwrap_or_default();
    out.resize(length, 0.0);
    out
}
