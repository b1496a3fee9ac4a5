//! Helpers of the kernels' tests.

use crate::CpuExecutor;
use ronghe_graph::{DType, Executor, Feed, Graph, Op, Shape, Tensor, Weights};
use std::sync::OnceLock;

/// Executors over one and two threads, made once.
fn executors() -> &'static [CpuExecutor; 2] {
    static MADE: OnceLock<[CpuExecutor; 2]> = OnceLock::new();
    MADE.get_or_init(|| [CpuExecutor::new(1), CpuExecutor::new(2)])
}

/// Computes one operation on one and on two threads, which must agree to the bit. A shape's first `true` stands for the
/// batch dimension.
pub(crate) fn compute(op: &Op, inputs: &[(bool, &[usize], &[f32])]) -> Vec<Vec<f32>> {
    let mut graph = Graph::new();
    let mut feed = Feed::default();
    let mut ids = Vec::new();
    for (i, (batch, dims, data)) in inputs.iter().enumerate() {
        let shape = if *batch { Shape::batch(&dims[1..]) } else { Shape::fixed(dims) };
        ids.push(graph.input(&i.to_string(), &shape, DType::F32).unwrap());
        feed = feed.with(&i.to_string(), Tensor::f32(dims, data.to_vec()).unwrap());
    }
    let outputs = graph.push(op.clone(), &ids).unwrap();
    let [one, two] = executors().each_ref().map(|executor| {
        let mut plan = executor.compile(&graph, &outputs).unwrap();
        let made = plan.run(&Weights::new(), &feed).unwrap();
        (0..made.len()).map(|i| made.get(i).to_vec()).collect::<Vec<_>>()
    });
    for (a, b) in one.iter().flatten().zip(two.iter().flatten()) {
        assert_eq!(a.to_bits(), b.to_bits(), "{}: one and two threads differ", op.name());
    }
    one
}

/// `len` numbers in -1..1 from a seed.
pub(crate) fn numbers(len: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    // The first numbers of seeds that lie close together look alike.
    (0..8).for_each(|_| _ = next());
    (0..len).map(|_| next()).collect()
}

/// Requires `found` to equal `expected` to `tolerance`, relative to the larger of 1 and the expected size.
pub(crate) fn close(found: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (i, (&f, &e)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(f) - e).abs() / e.abs().max(1.0);
        assert!(error <= tolerance, "element {i}: found {f}, expected {e}");
    }
}

/// Dot product.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}
