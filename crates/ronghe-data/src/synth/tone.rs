//! The sound of a row: one struck tone. High bit: low or high pitch. Low bit: pure, or rich in overtones. Beginning, decay,
//! loudness and noise mean nothing.

use super::rng::Rng;

/// Samples a second.
pub(super) const RATE: u32 = 8_000;
/// Samples of a sound: 0.4 s.
pub(super) const LENGTH: usize = 3_200;

/// Samples of a sound that tells the bits.
pub(super) fn play(rng: &mut Rng, bits: [bool; 2]) -> Vec<f32> {
    // Even on the logarithmic scale that ears and mel bands have.
    let (low, high) = if bits[0] { (520.0f64, 900.0f64) } else { (180.0, 320.0) };
    let pitch = low * (high / low).powf(rng.unit());
    let partials: [f64; 4] = if bits[1] { [1.0, 0.7, 0.6, 0.5] } else { [1.0, 0.05, 0.0, 0.0] };
    let onset = (rng.between(0.0, 0.08) * f64::from(RATE)) as usize;
    let decay = (-1.0 / (rng.between(0.1, 0.4) * f64::from(RATE))).exp();
    let loud = rng.between(0.25, 0.7) / partials.iter().sum::<f64>();
    let hiss = rng.between(0.005, 0.03) as f32;

    let mut samples = vec![0.0f64; LENGTH];
    for (k, &part) in partials.iter().enumerate().filter(|(_, p)| **p > 0.0) {
        let step = std::f64::consts::TAU * pitch * (k + 1) as f64 / f64::from(RATE);
        // s[n] = 2 r cos(w) s[n-1] - r^2 s[n-2] is a sine of angle w a sample that decays by r a sample.
        let phase = rng.between(0.0, std::f64::consts::TAU);
        let mut here = loud * part * phase.sin();
        let mut before = loud * part * (phase - step).sin() / decay;
        let turn = 2.0 * decay * step.cos();
        for sample in &mut samples[onset..] {
            *sample += here;
            (here, before) = (turn * here - decay * decay * before, here);
        }
    }
    samples.iter().map(|&s| s as f32 + hiss * rng.noise()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Power at one frequency over the loud part (Goertzel 1958).
    fn power(samples: &[f32], frequency: f64) -> f64 {
        let step = std::f64::consts::TAU * frequency / f64::from(RATE);
        let (mut re, mut im) = (0.0, 0.0);
        for (i, &s) in samples[640..1_664].iter().enumerate() {
            let (sin, cos) = (step * i as f64).sin_cos();
            // A Hann window keeps the strong partial out of its neighbours' bins.
            let window = 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / 1_024.0).cos();
            re += window * cos * f64::from(s);
            im += window * sin * f64::from(s);
        }
        re * re + im * im
    }

    #[test]
    fn the_bits_can_be_heard() {
        let mut right = 0;
        for i in 0..200u64 {
            let bits = [i & 2 != 0, i & 1 != 0];
            let samples = play(&mut Rng::new(3, i), bits);
            let best = |from: u32, to: u32| {
                (from..to)
                    .step_by(4)
                    .map(|f| (power(&samples, f.into()), f))
                    .fold((0.0, 0), |a, b| if b.0 > a.0 { b } else { a })
            };
            let (fundamental, pitch) = best(170, 940);
            // In a rich low tone an overtone may be the strongest below 940 Hz, never the only strong one.
            let (first, low_pitch) = best(170, 330);
            let is_low = first > 0.2 * fundamental;
            let base = if is_low { low_pitch } else { pitch };
            let (second, _) = best(2 * base - 12, 2 * base + 12);
            let rich = second > 0.05 * if is_low { first } else { fundamental };
            right += usize::from([!is_low, rich] == bits);
        }
        assert!(right >= 192, "{right} of 200");
    }

    #[test]
    fn samples_stay_in_range() {
        for i in 0..50 {
            let samples = play(&mut Rng::new(1, i), [i % 2 == 0, i % 3 == 0]);
            assert_eq!(samples.len(), LENGTH);
            assert!(samples.iter().all(|s| s.abs() < 1.0));
        }
    }
}
