//! Elementary functions on f32, free of branches so that loops over them vectorise.
//!
//! `exp x = 2^k e^r` with `k = round(x / ln 2)` and a polynomial of degree 6 for `e^r` on `|r| <= ln 2 / 2` (relative
//! error 3e-9 before rounding). The Gaussian tail is `1 - Phi(|x|) = exp(-x^2 / 2) t R(t) / 2`, `t = 1 / (1 + 0.3 |x|)`,
//! with a polynomial `R` of degree 7 (relative error 1.2e-7), so that the left tail keeps its relative precision.
//! `tanh x = x P(x^2) / Q(x^2)` of degrees 4 and 4 (relative error 2e-8). All coefficients were fitted by iteratively
//! reweighted least squares on Chebyshev nodes. The same input gives the same bits on every processor: nothing here is
//! contracted to fused multiply-adds.

use ronghe_graph::Act;

/// Partial results of a reduction: one AVX-512 register.
const LANES: usize = 16;

/// `e^x`; not a number stays so. Below -87.3 it is exactly 0 (never subnormal), above 88.3 it stays at its value there.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Adding 1.5 * 2^23 leaves the nearest integer in the low bits of the sum.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts, the first exact in few bits.
    const HIGH: f32 = 0.693_359_4;
    const LOW: f32 = -2.121_944_4e-4;
    const LEAST: f32 = -87.3;
    let tiny = x < LEAST;
    let x = x.clamp(LEAST, 88.3);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * HIGH) - k * LOW;
    let mut p = 0.001_381_446_1f32;
    p = p * r + 0.008_368_781;
    p = p * r + 0.041_668_393;
    p = p * r + 0.166_665_2;
    p = p * r + 0.499_999_94;
    p = p * r * r + r + 1.0;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    if tiny { 0.0 } else { p * power }
}

/// `1 / (1 + e^-x)`
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Hyperbolic tangent.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let x = x.clamp(-9.01, 9.01);
    let z = x * x;
    let p = (((1.333_664_9e-8 * z + 2.059_612_2e-5) * z + 0.003_494_801_5) * z + 0.133_803_64) * z + 1.0;
    let q = (((7.769_199e-7 * z + 3.284_347_7e-4) * z + 0.025_873_99) * z + 0.467_136_8) * z + 1.0;
    (x * p / q).clamp(-1.0, 1.0)
}

/// Distribution function and density of the standard normal.
#[inline(always)]
pub(crate) fn gauss(x: f32) -> (f32, f32) {
    let e = exp(-0.5 * x * x);
    let t = 1.0 / (1.0 + 0.3 * x.abs());
    let mut r = 0.072_178_22f32;
    r = r * t - 0.317_869_54;
    r = r * t + 0.418_696_08;
    r = r * t - 0.112_903_014;
    r = r * t + 0.260_066_63;
    r = r * t + 0.198_929_74;
    r = r * t + 0.241_652_7;
    r = r * t + 0.239_249_1;
    let tail = 0.5 * e * r * t;
    (if x < 0.0 { tail } else { 1.0 - tail }, 0.398_942_3 * e)
}

/// `act(x)`
#[inline(always)]
pub(crate) fn act(act: Act, x: f32) -> f32 {
    match act {
        Act::Identity => x,
        Act::Relu => relu(x),
        Act::Relu6 => {
            let y = relu(x);
            if y > 6.0 { 6.0 } else { y }
        }
        Act::Gelu => x * gauss(x).0,
        Act::Silu => x * sigmoid(x),
        Act::Tanh => tanh(x),
        Act::Sigmoid => sigmoid(x),
    }
}

/// `act'(x)`
#[inline(always)]
pub(crate) fn act_slope(act: Act, x: f32) -> f32 {
    match act {
        Act::Identity => 1.0,
        Act::Relu => f32::from(u8::from(x > 0.0)),
        Act::Relu6 => f32::from(u8::from(x > 0.0 && x < 6.0)),
        Act::Gelu => {
            let (cdf, pdf) = gauss(x);
            cdf + x * pdf
        }
        Act::Silu => {
            let s = sigmoid(x);
            s + x * s * (1.0 - s)
        }
        Act::Tanh => {
            let t = tanh(x);
            1.0 - t * t
        }
        Act::Sigmoid => {
            let s = sigmoid(x);
            s * (1.0 - s)
        }
    }
}

/// `max(x, 0)` that lets not-a-number through, so that a diverged network shows.
#[inline(always)]
fn relu(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

/// Dot product with sixteen partial sums in a fixed order: vectorises, and gives the same bits everywhere.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (a_body, a_tail) = a.as_chunks::<LANES>();
    let (b_body, b_tail) = b.as_chunks::<LANES>();
    for (x, y) in a_body.iter().zip(b_body) {
        for i in 0..LANES {
            sums[i] += x[i] * y[i];
        }
    }
    for (i, (x, y)) in a_tail.iter().zip(b_tail).enumerate() {
        sums[i] += x * y;
    }
    fold(sums, |x, y| x + y)
}

/// Largest element; negative infinity where there is none. Not-a-number never wins.
#[inline(always)]
pub(crate) fn max(a: &[f32]) -> f32 {
    lanes(a, f32::NEG_INFINITY, |m, x| if x > m { x } else { m })
}

/// Replaces each `x` by `e^(scale (x - max))` and returns their sum, added as in [`dot`].
#[inline(always)]
pub(crate) fn exp_sum(x: &mut [f32], scale: f32, max: f32) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (body, tail) = x.as_chunks_mut::<LANES>();
    let block = |x: &mut [f32; LANES]| {
        for v in x.iter_mut() {
            *v = exp(scale * (*v - max));
        }
    };
    for x in body {
        block(x);
        for i in 0..LANES {
            sums[i] += x[i];
        }
    }
    if !tail.is_empty() {
        // The rest as a whole block too: sixteen exponentials cost little more than one.
        let mut last = [max; LANES];
        last[..tail.len()].copy_from_slice(tail);
        block(&mut last);
        tail.copy_from_slice(&last[..tail.len()]);
        for (sum, x) in sums.iter_mut().zip(tail) {
            *sum += *x;
        }
    }
    fold(sums, |x, y| x + y)
}

/// Reduces with sixteen partial results in a fixed order.
#[inline(always)]
fn lanes(a: &[f32], start: f32, join: impl Fn(f32, f32) -> f32) -> f32 {
    let mut parts = [start; LANES];
    let (body, tail) = a.as_chunks::<LANES>();
    for x in body {
        for i in 0..LANES {
            parts[i] = join(parts[i], x[i]);
        }
    }
    for (part, &x) in parts.iter_mut().zip(tail) {
        *part = join(*part, x);
    }
    fold(parts, join)
}

#[inline(always)]
fn fold(mut parts: [f32; LANES], join: impl Fn(f32, f32) -> f32) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            parts[i] = join(parts[i], parts[i + half]);
        }
        half /= 2;
    }
    parts[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(limit: f32) -> impl Iterator<Item = f32> {
        (-40_000i32..=40_000).map(move |i| i as f32 / 40_000.0 * limit)
    }

    #[test]
    fn exp_is_close() {
        for x in points(87.0) {
            let want = f64::from(x).exp();
            assert!((f64::from(exp(x)) / want - 1.0).abs() < 3e-7, "exp({x}) = {}", exp(x));
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::NAN).is_nan());
        assert!(exp(1000.0) > 1e38 && exp(f32::NEG_INFINITY) == 0.0);
    }

    #[test]
    fn tanh_and_sigmoid_are_close() {
        for x in points(20.0) {
            let wide = f64::from(x);
            assert!((f64::from(tanh(x)) - wide.tanh()).abs() < 4e-7 * wide.tanh().abs() + 1e-12, "tanh({x})");
            assert!((f64::from(sigmoid(x)) - 1.0 / (1.0 + (-wide).exp())).abs() < 2e-7, "sigmoid({x})");
        }
    }

    #[test]
    fn normal_tail_is_close() {
        // Values of the distribution function to 12 digits, from its series with mpmath 1.3 at 30 digits.
        for (x, want) in [
            (0.0, 0.5),
            (0.5, 0.691_462_461_274),
            (1.0, 0.841_344_746_069),
            (-1.0, 0.158_655_253_931),
            (-2.0, 0.022_750_131_948),
            (-4.0, 3.167_124_183_31e-5),
            (3.0, 0.998_650_101_968),
        ] {
            let got = f64::from(gauss(x).0);
            assert!((got - want).abs() < 2e-6 * want.min(0.1), "cdf({x}) = {got}, not {want}");
        }
    }

    #[test]
    fn slopes_are_differences() {
        for kind in Act::ALL {
            for x in points(7.0).step_by(97).filter(|x| x.abs() > 0.01 && (x - 6.0).abs() > 0.01) {
                let h = 1e-2f32;
                let want = (act(kind, x + h) - act(kind, x - h)) / (2.0 * h);
                assert!((act_slope(kind, x) - want).abs() < 2e-3, "{kind:?} at {x}");
            }
        }
    }

    #[test]
    fn dot_of_any_length() {
        for n in 0..70 {
            let a: Vec<f32> = (0..n).map(|i| i as f32).collect();
            let want: f32 = a.iter().map(|x| x * x).sum();
            assert_eq!(dot(&a, &a), want);
            let mut powers = a.clone();
            let total = exp_sum(&mut powers, 0.5, 3.0);
            assert!(a.iter().zip(&powers).all(|(x, p)| *p == exp(0.5 * (x - 3.0))));
            let want: f64 = powers.iter().map(|p| f64::from(*p)).sum();
            assert!((f64::from(total) - want).abs() <= 1e-6 * want);
            assert_eq!(max(&a), a.last().copied().unwrap_or(f32::NEG_INFINITY));
        }
    }
}
