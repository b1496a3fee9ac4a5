//! Numbers that Python and Rust both make from a seed: `versus/golden/README.md` has the formula.

use ronghe_graph::Tensor;

/// `state >> 40` of each step of a 64-bit linear congruential generator.
fn draws(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 40
    })
}

/// In 0..1.
pub(crate) fn unit(seed: u64, count: usize) -> Vec<f32> {
    draws(seed).take(count).map(|draw| draw as f32 / 16_777_216.0).collect()
}

/// In -scale / 2 .. scale / 2.
pub(crate) fn centred(seed: u64, scale: f32, count: usize) -> Vec<f32> {
    unit(seed, count).into_iter().map(|u| (u - 0.5) * scale).collect()
}

/// Class numbers.
pub(crate) fn labels(seed: u64, classes: u64, count: usize) -> Vec<i32> {
    draws(seed).take(count).map(|draw| (draw % classes) as i32).collect()
}

/// A weight `[out, ...]` of variance 2 / fan-in.
pub(crate) fn matrix(seed: u64, shape: &[usize]) -> ronghe_graph::Result<Tensor> {
    let fan_in: usize = shape[1..].iter().product();
    Tensor::f32(shape, centred(seed, (24.0 / fan_in as f64).sqrt() as f32, shape.iter().product()))
}

/// A tensor of a network by its shape and the end of its name, as PyTorch lays it out.
pub(crate) fn network_tensor(name: &str, seed: u64, shape: &[usize]) -> ronghe_graph::Result<Tensor> {
    if shape.len() > 1 {
        return matrix(seed, shape);
    }
    let (middle, scale) = match name.rsplit('.').next() {
        Some("running_var") => (1.0, 0.4),
        Some("weight") => (1.0, 0.2),
        _ => (0.0, 0.2),
    };
    let values = centred(seed, scale, shape.iter().product());
    Tensor::f32(shape, values.into_iter().map(|v| middle + v).collect())
}
