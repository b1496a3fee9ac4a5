//! Each operation on random inputs, against the reference.

use crate::cases::{Case, Gen, case, every};
use crate::reference::{Val, eval};
use ronghe_cpu::CpuExecutor;
use ronghe_graph::{DType, Error, Executor, Feed, Graph, Op, Shape, Tensor, Weights};
use std::collections::BTreeSet;

pub(crate) fn tensor(val: &Val, integer: bool) -> Tensor {
    if integer {
        Tensor::i32(&val.shape, val.i.clone()).unwrap()
    } else {
        Tensor::f32(&val.shape, val.f.iter().map(|&x| x as f32).collect()).unwrap()
    }
}

/// Runs one operation alone and returns its outputs.
pub(crate) fn run(op: &Op, inputs: &[(Shape, Tensor)], seed: u64) -> Result<Vec<Tensor>, Error> {
    let mut graph = Graph::new();
    let mut feed = Feed { seed, ..Feed::default() };
    let mut ids = Vec::new();
    for (i, (shape, tensor)) in inputs.iter().enumerate() {
        let name = format!("x{i}");
        ids.push(graph.input(&name, shape, tensor.dtype())?);
        feed = feed.with(&name, tensor.clone());
    }
    let outputs = graph.push(op.clone(), &ids)?;
    let mut plan = CpuExecutor::new(2).compile(&graph, &outputs)?;
    let made = plan.run(&Weights::new(), &feed)?;
    Ok((0..made.len()).map(|i| made.tensor(i)).collect())
}

/// Multipliers of a dropout mask, as the executor draws them: what it makes of ones.
pub(crate) fn mask(op: &Op, elements: usize, seed: u64) -> Vec<f64> {
    let ones = (Shape::fixed(&[elements]), Tensor::full(&[elements], 1.0));
    run(op, &[ones], seed).unwrap()[0].as_f32().iter().map(|&m| f64::from(m)).collect()
}

/// Whether two numbers differ by at most `tolerance`, relative to `1 + |value|`; never for not-a-number.
pub(crate) fn near(found: f64, want: f64, tolerance: f64) -> bool {
    (found - want).abs() <= tolerance * (1.0 + want.abs())
}

/// What is wrong with the outputs of a case, if anything.
fn check(case: &Case, seed: u64) -> Result<(), String> {
    let inputs: Vec<(Shape, Tensor)> =
        case.inputs.iter().map(|x| (x.shape(), tensor(&x.val, x.integer))).collect();
    let made = run(&case.op, &inputs, seed).map_err(|e| e.to_string())?;
    let vals: Vec<Val> = case.inputs.iter().map(|x| x.val.clone()).collect();
    let want = eval(&case.op, &vals, &|op, n| mask(op, n, seed));
    if made.len() != want.len() {
        return Err(format!("{} outputs, not {}", made.len(), want.len()));
    }
    for (k, (made, want)) in made.iter().zip(&want).enumerate() {
        if made.shape() != want.shape {
            return Err(format!("output {k} has shape {:?}, not {:?}", made.shape(), want.shape));
        }
        for (i, (&y, &w)) in made.as_f32().iter().zip(&want.f).enumerate() {
            if !near(f64::from(y), w, TOLERANCE) {
                return Err(format!("output {k}[{i}] is {y}, not {w}"));
            }
        }
    }
    Ok(())
}

/// Allowed difference, relative to `1 + |value|`: f32 sums of a few dozen terms.
const TOLERANCE: f64 = 1e-5;

#[test]
fn every_operation_matches_the_reference() {
    let failures: Vec<String> = every()
        .iter()
        .filter_map(|op| {
            (0..60).find_map(|seed| {
                let case = case(op, &mut Gen::new(seed, false));
                let wrong = check(&case, seed).err()?;
                Some(format!("{:?}, seed {seed}: {wrong}", case.op))
            })
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The list of cases names each operation, in order.
#[test]
fn no_operation_is_left_out() {
    let source = include_str!("../../../ronghe-graph/src/op.rs");
    let names = source.lines().filter_map(|line| line.trim().strip_suffix("\",")?.split_once("=> \""));
    let declared: Vec<&str> = names.map(|(_, name)| name).collect();
    let covered: Vec<&str> = every().iter().map(Op::name).collect();
    assert_eq!(declared, covered);
    assert_eq!(covered.iter().collect::<BTreeSet<_>>().len(), covered.len());
}

#[test]
fn dropout_scales_what_it_keeps() {
    let op = Op::Dropout { rate: 0.25, site: 3 };
    let mask = mask(&op, 10_000, 11);
    let kept = mask.iter().filter(|&&m| m != 0.0).count();
    assert!(mask.iter().all(|&m| m == 0.0 || (m - 1.0 / 0.75).abs() < 1e-6));
    assert!((7_300..7_700).contains(&kept), "kept {kept}");
    assert_eq!(run(&op, &[(Shape::fixed(&[3]), Tensor::full(&[3], 1.0))], 11).unwrap()[0].as_f32().len(), 3);
}

#[test]
fn indices_outside_their_table_are_refused() {
    let ids = |v: i32| (Shape::fixed(&[1, 1]), Tensor::i32(&[1, 1], vec![v]).unwrap());
    let floats = |shape: &[usize]| (Shape::fixed(shape), Tensor::zeros(shape));
    for (id, size) in [(-1, 4), (4, 4), (i32::MAX, 4), (i32::MIN, 4)] {
        let failed = run(&Op::Embedding, &[ids(id), floats(&[4, 2])], 0);
        assert!(
            matches!(failed, Err(Error::Index { index, size: s, .. }) if index == i64::from(id) && s == size)
        );
        let failed = run(&Op::EmbeddingGrad { vocabulary: 4 }, &[ids(id), floats(&[1, 1, 2])], 0);
        assert!(matches!(failed, Err(Error::Index { .. })));
    }
    let failed = run(&Op::EmbeddingBag, &[ids(-2), floats(&[1, 1]), floats(&[4, 2])], 0);
    assert!(matches!(failed, Err(Error::Index { index: -2, .. })));
    let label = (Shape::fixed(&[1]), Tensor::i32(&[1], vec![3]).unwrap());
    let op = Op::SoftmaxCrossEntropy { smoothing: 0.0 };
    let weighted = |w: f32| (Shape::fixed(&[1]), Tensor::full(&[1], w));
    let failed = run(&op, &[floats(&[1, 3]), label.clone(), weighted(1.0)], 0);
    assert!(matches!(failed, Err(Error::Index { index: 3, size: 3, .. })));
    // Without weight nobody looks at the label.
    assert_eq!(run(&op, &[floats(&[1, 3]), label, weighted(0.0)], 0).unwrap()[0].as_f32(), [0.0]);
}

#[test]
fn nothing_to_average_gives_zero() {
    let x = |shape: &[usize]| (Shape::fixed(shape), Tensor::full(shape, 2.0));
    let zero = |shape: &[usize]| (Shape::fixed(shape), Tensor::zeros(shape));
    for op in [Op::SquaredError, Op::SigmoidCrossEntropy] {
        assert_eq!(run(&op, &[x(&[2, 3]), x(&[2, 3]), zero(&[2, 3])], 0).unwrap()[0].as_f32(), [0.0]);
    }
    let made = run(&Op::Softmax, &[x(&[2, 3]), zero(&[2, 3])], 0).unwrap();
    assert_eq!(made[0].as_f32(), [0.0; 6]);
    let none = Tensor::i32(&[2], vec![-1, -1]).unwrap();
    let inputs = [x(&[2, 3]), (Shape::fixed(&[2]), none), x(&[2])];
    assert_eq!(run(&Op::SoftmaxCrossEntropy { smoothing: 0.1 }, &inputs, 0).unwrap()[0].as_f32(), [0.0]);
}

/// A batch of none, and text of no tokens, are legal.
#[test]
fn empty_batches_run() {
    let empty = |dims: &[usize]| {
        let sizes: Vec<usize> = std::iter::once(0).chain(dims.iter().copied()).collect();
        (Shape::batch(dims), Tensor::zeros(&sizes))
    };
    let ids = (Shape::batch(&[3]), Tensor::i32(&[0, 3], Vec::new()).unwrap());
    let table = (Shape::fixed(&[5, 4]), Tensor::zeros(&[5, 4]));
    assert_eq!(run(&Op::Embedding, &[ids.clone(), table], 0).unwrap()[0].shape(), [0, 3, 4]);
    let grad = run(&Op::EmbeddingGrad { vocabulary: 5 }, &[ids, empty(&[3, 4])], 0).unwrap();
    assert_eq!(grad[0].as_f32(), [0.0; 20]);
    for op in [Op::Attention { heads: 2, causal: false }, Op::Concat] {
        assert!(run(&op, &[empty(&[3, 4]), empty(&[3, 4]), empty(&[3, 4])], 0).unwrap()[0].is_empty());
    }
    assert!(run(&Op::MeanTokens, &[empty(&[3, 4]), empty(&[3])], 0).unwrap()[0].is_empty());
    let no_tokens = |shape: &[usize]| (Shape::fixed(shape), Tensor::zeros(shape));
    let made = run(&Op::MeanTokens, &[no_tokens(&[2, 0, 3]), no_tokens(&[2, 0])], 0).unwrap();
    assert_eq!(made[0].as_f32(), [0.0; 6]);
    let query = (Shape::fixed(&[1, 2, 4]), Tensor::full(&[1, 2, 4], 1.0));
    let made = run(
        &Op::Attention { heads: 2, causal: false },
        &[query, no_tokens(&[1, 0, 4]), no_tokens(&[1, 0, 4])],
        0,
    )
    .unwrap();
    assert_eq!(made[0].as_f32(), [0.0; 8]);
    assert_eq!(made[0].dtype(), DType::F32);
}
