//! Random numbers of one row.

use ronghe_stats::random::SplitMix64;

/// Every row has a stream of its own, so rows can be made in any order.
pub(super) struct Rng(SplitMix64);

impl Rng {
    /// The stream `stream` of `seed`.
    pub(super) fn new(seed: u64, stream: u64) -> Rng {
        Rng(SplitMix64::numbered(seed, stream))
    }

    pub(super) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// In `[0, 1)`.
    pub(super) fn unit(&mut self) -> f64 {
        self.0.unit()
    }

    /// In `[low, high)`.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// In `0..n`.
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0.below(n)
    }

    /// Whether an event of this probability happens.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of them.
    pub(super) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// Standard normal.
    pub(super) fn normal(&mut self) -> f64 {
        self.0.normal()
    }

    /// Mean 0, variance 1, nearly normal and cheap: the sum of four 16-bit uniforms.
    pub(super) fn noise(&mut self) -> f32 {
        let bits = self.bits();
        let sum = (0..4).map(|i| (bits >> (16 * i)) & 0xffff).sum::<u64>() as f32;
        // The sum of four uniforms on [0, 65536) has variance 65536^2 / 3.
        (sum - 131_070.0) * (1.732_050_8 / 65_536.0)
    }
}
