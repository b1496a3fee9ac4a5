//! Mixup (Zhang et al. 2018): rows of a step are blended with others of the same step, their targets likewise.
//!
//! Row `i` becomes `s x_i + (1 - s) x_p(i)` with one share `s` drawn from Beta(a, a) a step and `p` a random
//! permutation. An input that the row or its partner lacks stays as it is.

use crate::Result;
use ronghe_graph::{Feed, SplitMix, Tensor};

/// Who is blended with whom in one step.
pub(super) struct Blend {
    /// Share of a row itself.
    pub(super) share: f32,
    /// Position of each row's partner within the step.
    pub(super) partner: Vec<usize>,
}

impl Blend {
    /// Draws for `rows` rows; none where `strength` is 0.
    pub(super) fn draw(rows: usize, strength: f32, stream: &mut SplitMix) -> Option<Blend> {
        if strength <= 0.0 {
            return None;
        }
        let (a, b) = (gamma(f64::from(strength), stream), gamma(f64::from(strength), stream));
        // Both can vanish where the strength is tiny: then one of the two rows is taken whole.
        let share = if a + b > 0.0 { a / (a + b) } else { f64::from(u8::from(stream.unit() < 0.5)) };
        let mut partner: Vec<usize> = (0..rows).collect();
        stream.shuffle(&mut partner);
        Some(Blend { share: share as f32, partner })
    }

    /// Blends the fed inputs of encoders.
    pub(super) fn apply(&self, inputs: &[&str], feed: &mut Feed) -> Result<()> {
        for name in inputs {
            let prefix = format!("encode.{name}.");
            let Some(present) = feed.inputs.get(&format!("present.{name}")) else { continue };
            let present = present.as_f32().to_vec();
            let fields = feed.inputs.iter_mut().filter(|(name, _)| name.starts_with(&prefix));
            for (_, tensor) in fields {
                *tensor = self.tensor(tensor, &present)?;
            }
        }
        Ok(())
    }

    fn tensor(&self, tensor: &Tensor, present: &[f32]) -> Result<Tensor> {
        let width = tensor.len() / self.partner.len().max(1);
        let data = tensor.as_f32();
        let mut out = data.to_vec();
        for (i, (row, &partner)) in out.chunks_exact_mut(width.max(1)).zip(&self.partner).enumerate() {
            if present[i] * present[partner] > 0.0 {
                let other = &data[partner * width..][..width];
                row.iter_mut().zip(other).for_each(|(x, y)| *x = self.share * *x + (1.0 - self.share) * y);
            }
        }
        Ok(Tensor::f32(tensor.shape(), out)?)
    }
}

/// A draw from Gamma(shape, 1) by Marsaglia and Tsang 2000; below 1 through `Gamma(shape + 1) U^(1 / shape)`.
fn gamma(shape: f64, stream: &mut SplitMix) -> f64 {
    if shape < 1.0 {
        let u = f64::from(stream.unit()).max(f64::MIN_POSITIVE);
        return gamma(shape + 1.0, stream) * u.powf(1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = f64::from(stream.normal());
        let v = (1.0 + c * x).powi(3);
        let u = f64::from(stream.unit()).max(f64::MIN_POSITIVE);
        if v > 0.0 && u.ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_the_moments_of_beta() {
        for strength in [0.2f32, 1.0, 4.0] {
            let mut stream = SplitMix::named(1, "blend");
            let shares: Vec<f64> = (0..20_000)
                .filter_map(|_| Blend::draw(1, strength, &mut stream).map(|b| f64::from(b.share)))
                .collect();
            let n = shares.len() as f64;
            let mean = shares.iter().sum::<f64>() / n;
            let variance = shares.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / n;
            let expected = 1.0 / (4.0 * (2.0 * f64::from(strength) + 1.0));
            assert!((mean - 0.5).abs() < 0.01, "{strength}: {mean}");
            assert!((variance - expected).abs() < 0.01, "{strength}: {variance} for {expected}");
        }
        assert!(Blend::draw(4, 0.0, &mut SplitMix::named(1, "blend")).is_none());
    }

    #[test]
    fn rows_are_blended_where_both_are_there() -> Result<()> {
        let blend = Blend { share: 0.75, partner: vec![1, 2, 0] };
        let mut feed = Feed::default()
            .with("encode.x.pixels", Tensor::f32(&[3, 2], vec![0.0, 4.0, 8.0, 8.0, 100.0, 100.0])?)
            .with("present.x", Tensor::f32(&[3], vec![1.0, 1.0, 0.0])?);
        blend.apply(&["x"], &mut feed)?;
        assert_eq!(feed.inputs["encode.x.pixels"].as_f32(), [2.0, 5.0, 8.0, 8.0, 100.0, 100.0]);
        Ok(())
    }
}
