//! SplitMix64: a small generator whose stream is a pure function of its seed.
//!
//! The state grows by `0x9e3779b97f4a7c15` a number, and three mixes (shift, exclusive or, multiply) make the number of the state.
//! Period 2^64. Not for secrets. Source: Steele, Lea, Flood 2014.

use std::collections::BTreeSet;

/// A stream of random numbers, the same everywhere for one seed.
///
/// ```
/// use ronghe_stats::random::SplitMix64;
/// // As in the published generator.
/// assert_eq!(SplitMix64::new(0).next_u64(), 0xe220_a839_7b1d_cdaf);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// The stream that begins at a state.
    #[inline]
    pub fn new(state: u64) -> SplitMix64 {
        SplitMix64(state)
    }

    /// Stream number `number` of a seed, so that rows or draws, each with its own, can be made in any order.
    pub fn numbered(seed: u64, number: u64) -> SplitMix64 {
        let base = SplitMix64(seed).next_u64();
        // One more mix, so that neighbouring numbers do not share a stream one step apart.
        SplitMix64(SplitMix64(base ^ number.wrapping_mul(0xd134_2543_de82_ef95)).next_u64())
    }

    /// The next 64 bits. The first of `SplitMix64::new(word)` is a bijection of words, good as the step of a hash.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in `[0, 1)`, of 53 bits.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in `0..n` by multiplication (Lemire 2019, without its rejection: the bias is below `n / 2^64`); 0 for n = 0.
    #[inline]
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next_u64()) * n as u128) >> 64) as usize
    }

    /// Standard normal (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// 1 or -1.
    pub fn sign(&mut self) -> f64 {
        if self.next_u64() >> 63 == 0 { 1.0 } else { -1.0 }
    }

    /// Puts `items` in random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }

    /// The numbers below `len` in random order.
    pub fn order(&mut self, len: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..len).collect();
        self.shuffle(&mut order);
        order
    }

    /// `count` of the numbers below `len`, each set equally likely, in ascending order (Floyd); all of them if there are no more.
    pub fn some(&mut self, len: usize, count: usize) -> Vec<usize> {
        let mut chosen = BTreeSet::new();
        for last in len.saturating_sub(count)..len {
            let number = self.below(last + 1);
            if !chosen.insert(number) {
                chosen.insert(last);
            }
        }
        chosen.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_published_ones() {
        // Vigna's splitmix64.c from state 1234567.
        let mut stream = SplitMix64::new(1_234_567);
        let first = [(); 3].map(|()| stream.next_u64());
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn every_order_comes_equally_often() {
        let mut draw = SplitMix64::new(1);
        let mut counts = std::collections::BTreeMap::new();
        (0..6000).for_each(|_| *counts.entry(draw.order(3)).or_insert(0) += 1);
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|&n| (880..1120).contains(&n)), "{counts:?}");
    }

    #[test]
    fn every_subset_comes_equally_often() {
        let mut draw = SplitMix64::new(2);
        let mut counts = std::collections::BTreeMap::new();
        (0..6000).for_each(|_| *counts.entry(draw.some(4, 2)).or_insert(0) += 1);
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|&n| (880..1120).contains(&n)), "{counts:?}");
    }

    #[test]
    fn streams_of_neighbouring_numbers_differ_and_normals_are_normal() {
        let mut all: Vec<u64> = (0..1000).map(|i| SplitMix64::numbered(3, i).next_u64()).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 1000);
        let mut stream = SplitMix64::numbered(3, 4);
        assert_eq!(stream.clone().next_u64(), 0xea4f_dd09_18ab_0372);
        let drawn: Vec<f64> = (0..20_000).map(|_| stream.normal()).collect();
        let mean = drawn.iter().sum::<f64>() / 2e4;
        let square = drawn.iter().map(|v| v * v).sum::<f64>() / 2e4;
        assert!(mean.abs() < 0.03 && (square - 1.0).abs() < 0.05, "{mean} {square}");
        assert_eq!(SplitMix64::new(1).below(0), 0);
    }
}
