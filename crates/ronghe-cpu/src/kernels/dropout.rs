//! Dropout (Srivastava et al. 2014), inverted: `y = x m / (1 - rate)` with independent `m = 1` at probability
//! `1 - rate`. `O(elements)`.
//!
//! The mask is a function of (seed, site, element) alone: a 64-bit key is mixed from seed and site, and the element's
//! number is scrambled with its halves by multiplications and shifts. Nothing is stored, any thread may compute any
//! element, and the gradient, being the same operation, finds the same mask. Element numbers count modulo 2^32.

use crate::call::Call;
use crate::kernels::multiversion;
use crate::threads;
use ronghe_graph::{Error, Op, Result};

/// Computes dropout.
pub(crate) fn run(call: &mut Call) -> Result<()> {
    let (Op::Dropout { rate, site }, [x]) = (call.op, call.inputs) else {
        return Err(Error::Arity { op: call.op.name(), expected: 1, found: call.inputs.len() });
    };
    let (x, key, limit) = (x.f32(), key(call.seed, *site), limit(*rate));
    let scale = if *rate < 1.0 { 1.0 / (1.0 - rate.max(0.0)) } else { 0.0 };
    threads::rows(call.outputs[0].data, 1, 6, |first, out| {
        drop(key, limit, scale, first, &x[first..][..out.len()], out);
    });
    Ok(())
}

/// Hashes below this are dropped.
fn limit(rate: f32) -> u32 {
    // Saturates: a rate of 1 or more drops (nearly) everything, and the scale is 0 then.
    (f64::from(rate) * 4_294_967_296.0) as u32
}

/// Two 32-bit keys from the seed of the run and the number of the dropout.
fn key(seed: u64, site: u32) -> [u32; 2] {
    let mut z = seed ^ (u64::from(site) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for _ in 0..3 {
        z = (z ^ (z >> 29)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    }
    z ^= z >> 32;
    [z as u32, (z >> 32) as u32]
}

/// Thirty-two well mixed bits for one element.
#[inline(always)]
fn hash(key: [u32; 2], element: u32) -> u32 {
    let mut h = element.wrapping_add(key[0]);
    h = (h ^ (h >> 16)).wrapping_mul(0x9e37_79b1);
    h = (h ^ (h >> 15)).wrapping_add(key[1]).wrapping_mul(0x85eb_ca77);
    h = (h ^ (h >> 13)).wrapping_mul(0xc2b2_ae3d);
    h ^ (h >> 16)
}

multiversion! {
    fn drop(key: [u32; 2], limit: u32, scale: f32, first: usize, x: &[f32], out: &mut [f32]) {
        for (i, (y, x)) in out.iter_mut().zip(x).enumerate() {
            let kept = hash(key, (first as u32).wrapping_add(i as u32)) >= limit;
            *y = if kept { x * scale } else { 0.0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(seed: u64, site: u32, rate: f32, n: usize) -> Vec<bool> {
        let key = key(seed, site);
        (0..n).map(|i| hash(key, i as u32) >= limit(rate)).collect()
    }

    #[test]
    fn keeps_the_asked_share() {
        for rate in [0.0f32, 0.1, 0.5, 0.9] {
            for seed in 0..20 {
                let n = 100_000;
                let kept = mask(seed, 1, rate, n).iter().filter(|&&k| k).count() as f64 / n as f64;
                let sigma = (f64::from(rate * (1.0 - rate)) / n as f64).sqrt();
                assert!((kept - f64::from(1.0 - rate)).abs() <= 4.5 * sigma, "rate {rate}: kept {kept}");
            }
        }
    }

    #[test]
    fn neighbours_seeds_and_sites_are_independent() {
        let n = 100_000;
        let base = mask(7, 1, 0.5, n);
        let agree = |other: &[bool], shift: usize| {
            let same = base[shift..].iter().zip(other).filter(|(a, b)| a == b).count();
            (same as f64 / (n - shift) as f64 - 0.5).abs()
        };
        for shift in [1, 2, 3, 64, 384, 1024] {
            assert!(agree(&base, shift) < 0.008, "shift {shift}");
        }
        assert!(agree(&mask(8, 1, 0.5, n), 0) < 0.008);
        assert!(agree(&mask(7, 2, 0.5, n), 0) < 0.008);
    }
}
