//! Random numbers of one row.

/// SplitMix64 (Steele, Lea, Flood 2014). Every row has a stream of its own, so rows can be made in any order.
pub(super) struct Rng(u64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Rng {
    /// The stream `stream` of `seed`.
    pub(super) fn new(seed: u64, stream: u64) -> Rng {
        let mut outer = Rng(seed);
        let base = outer.bits();
        // One more mix, so that neighbouring rows do not share a stream one step apart.
        let mut inner = Rng(base ^ stream.wrapping_mul(0xd134_2543_de82_ef95));
        Rng(inner.bits())
    }

    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In `[0, 1)`.
    pub(super) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// In `[low, high)`.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// In `0..n`, for small `n`.
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// Whether an event of this probability happens.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of them.
    pub(super) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// Standard normal (Box and Muller 1958).
    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Mean 0, variance 1, nearly normal and cheap: the sum of four 16-bit uniforms.
    pub(super) fn noise(&mut self) -> f32 {
        let bits = self.bits();
        let sum = (0..4).map(|i| (bits >> (16 * i)) & 0xffff).sum::<u64>() as f32;
        // The sum of four uniforms on [0, 65536) has variance 65536^2 / 3.
        (sum - 131_070.0) * (1.732_050_8 / 65_536.0)
    }
}
