//! Learning rate of step `s` of `n`: rises linearly over the first `warmup n` steps to the highest rate `r`, then
//! stays, or falls as `r (0.01 + 0.99 (1 + cos(pi t)) / 2)` with `t` from 0 to 1 over the rest (Loshchilov, Hutter 2017).

use crate::config::{Decay, TrainingConfig};

/// Learning rate of step `step` (from 0) of `steps`.
pub(super) fn learning_rate(config: &TrainingConfig, step: usize, steps: usize) -> f32 {
    let rise = (f64::from(config.warmup) * steps as f64).round();
    let highest = f64::from(config.learning_rate);
    let at = step as f64;
    if at < rise {
        return (highest * (at + 1.0) / rise) as f32;
    }
    match config.decay {
        Decay::Constant => config.learning_rate,
        Decay::Cosine => {
            let t = (at - rise) / (steps as f64 - rise).max(1.0);
            (highest * (0.01 + 0.99 * 0.5 * (1.0 + (std::f64::consts::PI * t).cos()))) as f32
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_then_falls() {
        let config = TrainingConfig { warmup: 0.1, learning_rate: 1.0, ..TrainingConfig::default() };
        let rates: Vec<f32> = (0..100).map(|s| learning_rate(&config, s, 100)).collect();
        assert!(
            (rates[0] - 0.1).abs() < 1e-6 && (rates[9] - 1.0).abs() < 1e-6 && (rates[10] - 1.0).abs() < 1e-6
        );
        assert!(rates[10..].windows(2).all(|w| w[1] < w[0]) && rates[99] < 0.02);
        let constant = TrainingConfig { decay: Decay::Constant, warmup: 0.0, ..config };
        assert!((0..100).all(|s| learning_rate(&constant, s, 100) == 1.0));
    }
}
