//! Seeded streams of random numbers, known by their names.

use ronghe_stats::random::SplitMix64;
use sha2::{Digest, Sha256};

/// A stream of random numbers: a [`SplitMix64`] that begins where a hash of the seed and a name says, and gives f32.
#[derive(Debug, Clone)]
pub struct SplitMix(SplitMix64);

impl SplitMix {
    /// The stream of a seed and a name: streams of different names are independent.
    pub fn named(seed: u64, name: &str) -> SplitMix {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        hash.update(name.as_bytes());
        let digest = hash.finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        SplitMix(SplitMix64::new(u64::from_le_bytes(first)))
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in [0, 1), of 24 bits.
    pub fn unit(&mut self) -> f32 {
        (self.next_u64() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// Standard normal by Box and Muller.
    pub fn normal(&mut self) -> f32 {
        let (u, v) = (1.0 - f64::from(self.unit()), f64::from(self.unit()));
        ((-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()) as f32
    }

    /// Uniform in `0..n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0.below(n)
    }

    /// Puts `items` in random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        self.0.shuffle(items);
    }
}

impl From<SplitMix> for SplitMix64 {
    fn from(stream: SplitMix) -> SplitMix64 {
        stream.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_begins_its_own_stream() {
        // SHA-256 of 7 (eight bytes, little-endian) and "name" begins with 4aa147c2af56d049; the rest by hashlib and integers in Python.
        let mut stream = SplitMix::named(7, "name");
        assert_eq!([stream.next_u64(), stream.next_u64()], [0x6cac_7988_99fc_0043, 0xd8fc_bdca_1daf_7d07]);
        assert_ne!(SplitMix::named(7, "other").next_u64(), SplitMix::named(7, "name").next_u64());
        let mut inner = SplitMix64::from(SplitMix::named(7, "name"));
        assert_eq!(inner.next_u64(), 0x6cac_7988_99fc_0043);
    }
}
