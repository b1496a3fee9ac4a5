//! Seeded random orders. SplitMix64 (Steele, Lea, Flood 2014): one addition and three mixes a number.

use std::collections::BTreeSet;

/// A stream of random numbers, the same everywhere for one seed.
pub(super) struct Draw(u64);

impl Draw {
    pub(super) fn new(seed: u64) -> Draw {
        Draw(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`: the high half of a product, whose bias (`limit` / 2^64) is far below any standard
    /// error here.
    fn below(&mut self, limit: usize) -> usize {
        ((u128::from(self.next()) * limit as u128) >> 64) as usize
    }

    /// The numbers below `len` in random order (Fisher and Yates).
    pub(super) fn order(&mut self, len: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..len).collect();
        for i in (1..len).rev() {
            order.swap(i, self.below(i + 1));
        }
        order
    }

    /// `count` of the numbers below `len`, each set equally likely, in ascending order (Floyd).
    pub(super) fn some(&mut self, len: usize, count: usize) -> Vec<usize> {
        let mut chosen = BTreeSet::new();
        for last in len.saturating_sub(count)..len {
            let number = self.below(last + 1);
            if !chosen.insert(number) {
                chosen.insert(last);
            }
        }
        chosen.into_iter().collect()
    }

    /// A number from 0 up to 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// 1 or -1.
    pub(super) fn sign(&mut self) -> f64 {
        if self.next() >> 63 == 0 { 1.0 } else { -1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_comes_equally_often() {
        let mut draw = Draw::new(1);
        let mut counts = std::collections::BTreeMap::new();
        (0..6000).for_each(|_| *counts.entry(draw.order(3)).or_insert(0) += 1);
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|&n| (880..1120).contains(&n)), "{counts:?}");
    }

    #[test]
    fn every_subset_comes_equally_often() {
        let mut draw = Draw::new(2);
        let mut counts = std::collections::BTreeMap::new();
        (0..6000).for_each(|_| *counts.entry(draw.some(4, 2)).or_insert(0) += 1);
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|&n| (880..1120).contains(&n)), "{counts:?}");
    }
}
