//! Picture operations that follow each other, computed strip by strip: what one writes is still in the cache when the
//! next reads it, and never goes to memory. For the blocks of mobile networks: `[convolution], depthwise convolution,
//! [convolution by 1 x 1, [addition]]`.
//!
//! A strip is a few lines of the last operation's output; each operation before it computes the lines under these that
//! it has not computed for the strip above. The bits are those of the operations one by one.

use crate::call::{Arg, Kept, Out};
use crate::kernels::conv::Lines;
use crate::kernels::depthwise::Layer;
use crate::kernels::elementwise::add_to;
use crate::kernels::gemm::{After, Mat, Panels, gemm_packed, splits};
use crate::kernels::slide::{Slide, Strip, pictures};
use crate::threads;
use ronghe_graph::{Error, Op, Result};
use std::ops::Range;

/// Elements of a strip of the widest value within the chain: a part of the second cache.
const STRIP: usize = 1 << 16;
/// Lines of the last output that a part has at least: it computes some lines within the chain that its neighbour
/// computes, too.
const LEAST_LINES: usize = 7;
/// From this many lines on, a part is worth cutting in two, so that threads end at about the same time.
const MANY_LINES: usize = 28;

/// One operation of a chain.
#[derive(Debug)]
pub(crate) struct Link<'a> {
    pub(crate) op: &'a Op,
    /// Sizes of what the operation before it wrote, or of the chain's input.
    pub(crate) x: &'a [usize],
    /// Weight and bias, or the other addend.
    pub(crate) rest: Vec<Arg<'a>>,
    pub(crate) y: &'a [usize],
}

/// An operation, ready to compute any of its lines.
struct Stage<'a> {
    kind: Kind<'a>,
    slide: Slide,
    /// Channels of input and output.
    c: usize,
    o: usize,
    after: After<'a>,
    /// Added to the output.
    addend: Option<&'a [f32]>,
}

enum Kind<'a> {
    Convolution(Panels<'a>),
    Depthwise(&'a [f32]),
}

/// Computes a chain from its input `x`.
pub(crate) fn run(links: &[Link], x: &Arg, y: &mut Out) -> Result<()> {
    // Weights that are not kept in panels are packed for this call.
    let unpacked = |link: &Link| match (link.op, link.rest.as_slice()) {
        (Op::Conv2d { .. }, [Arg { kept: Some(Kept::Panels(_)), .. }, ..]) => 0,
        (Op::Conv2d { .. }, [w, ..]) => Panels::size(w.shape[1..].iter().product(), w.shape[0]),
        _ => 0,
    };
    threads::scratch(links.iter().map(unpacked).sum(), |room| {
        let (mut stages, mut room): (Vec<Stage>, _) = (Vec::with_capacity(links.len()), room);
        for link in links {
            let (here, rest) = room.split_at_mut(unpacked(link));
            room = rest;
            let (kind, o, window, act, bias) = match (link.op, link.rest.as_slice()) {
                (Op::Conv2d { window, act }, [w, bias @ ..]) => {
                    let (k, o) = (w.shape[1..].iter().product(), w.shape[0]);
                    let panels = match w.kept {
                        Some(Kept::Panels(panels)) => Panels::packed(panels, k, o),
                        _ => Panels::pack(Mat::new(w.f32(), o, k).t(), here),
                    };
                    (Kind::Convolution(panels), o, window, act, bias)
                }
                (Op::Depthwise { window, act }, [w, bias @ ..]) => {
                    (Kind::Depthwise(w.f32()), w.last(), window, act, bias)
                }
                (Op::Add, [addend]) if !stages.is_empty() => {
                    stages.iter_mut().last().into_iter().for_each(|s| s.addend = Some(addend.f32()));
                    continue;
                }
                (op, rest) => return Err(Error::Arity { op: op.name(), expected: 1, found: rest.len() }),
            };
            let slide = Slide::new(window, link.x, link.y);
            let after = After { bias: bias.first().map(Arg::f32), act: *act, accumulate: false };
            stages.push(Stage { kind, slide, c: link.x[3], o, after, addend: None });
        }
        compute(&stages, x.f32(), y.data);
        Ok(())
    })
}

fn compute(stages: &[Stage], x: &[f32], y: &mut [f32]) {
    let [.., last] = stages else { return };
    if y.is_empty() {
        return;
    }
    let (threads, pictures, height) = (threads::count(), last.slide.n, last.slide.out[0]);
    let mut parts = threads.div_ceil(pictures).clamp(1, (height / LEAST_LINES).max(1));
    // Where there are too few parts, each operation is spread over all threads.
    if 3 * pictures * parts < 2 * threads || stages.iter().any(Stage::splits) {
        return one_by_one(stages, x, y);
    }
    if threads > 1 && height >= parts * MANY_LINES {
        parts *= 2;
    }
    by_strips(stages, x, height.div_ceil(parts), y);
}

fn one_by_one(stages: &[Stage], x: &[f32], y: &mut [f32]) {
    match stages {
        [] => {}
        [last] => last.all(x, y),
        [first, rest @ ..] => threads::scratch(first.slide.n * first.slide.out[0] * first.line(), |made| {
            first.all(x, made);
            one_by_one(rest, made, y);
        }),
    }
}

/// Each part of `lines` lines of the last output on one thread.
fn by_strips(stages: &[Stage], x: &[f32], lines: usize, y: &mut [f32]) {
    let [before @ .., last] = stages else { return };
    let (line, height) = (last.line(), last.slide.out[0]);
    let widest = before.iter().map(Stage::line).max().unwrap_or(line);
    let down: usize = stages.iter().skip(1).map(|s| s.slide.stride[0]).product();
    let step = (STRIP / (widest * down).max(1)).clamp(1, height);
    let sizes: Vec<usize> = (1..stages.len())
        .map(|i| stages[i..].iter().rev().fold(step, |lines, s| s.slide.reach(lines)) * stages[i - 1].line())
        .collect();
    threads::rows(y, lines * line, usize::MAX, |part, y| {
        threads::scratch(sizes.iter().sum(), |mut room| {
            let mut buffers: Vec<Buffer> = Vec::with_capacity(before.len());
            for &size in &sizes {
                let (data, rest) = room.split_at_mut(size);
                room = rest;
                buffers.push(Buffer { data, lines: 0..0 });
            }
            for (n, lines, y) in pictures(part * lines, height, line, y) {
                buffers.iter_mut().for_each(|b| b.lines = 0..0);
                let picture = Strip::picture(x, n, stages[0].slide.size, stages[0].c);
                for (from, y) in lines.clone().step_by(step).zip(y.chunks_mut(step * line)) {
                    strip(stages, x, picture, n, from..(from + step).min(lines.end), &mut buffers, y);
                }
            }
        });
    });
}

/// Lines that an operation within the chain has computed.
struct Buffer<'a> {
    data: &'a mut [f32],
    lines: Range<usize>,
}

/// Lines `lines` of the last output for picture `n`.
fn strip(
    stages: &[Stage],
    x: &[f32],
    picture: Strip,
    n: usize,
    lines: Range<usize>,
    buffers: &mut [Buffer],
    y: &mut [f32],
) {
    // Lines that each operation must hold, from the last to the first.
    let mut wanted = vec![lines; stages.len()];
    for i in (1..stages.len()).rev() {
        wanted[i - 1] = stages[i].slide.under(wanted[i].clone());
    }
    for (i, (stage, want)) in stages.iter().zip(wanted).enumerate() {
        let (earlier, later) = buffers.split_at_mut(i);
        let from = earlier.last().map_or(picture, |b| Strip { data: b.data, first: b.lines.start });
        match later.first_mut() {
            Some(buffer) => {
                let line = stage.line();
                let new = buffer.keep(&want, line);
                let to = &mut buffer.data[(new.start - want.start) * line..(want.end - want.start) * line];
                stage.lines(x, from, n, new, to);
            }
            None => stage.lines(x, from, n, want, y),
        }
    }
}

impl Buffer<'_> {
    /// Moves what it has of the lines wanted to its beginning; gives those to compute.
    fn keep(&mut self, want: &Range<usize>, line: usize) -> Range<usize> {
        let had = std::mem::replace(&mut self.lines, want.clone());
        if !had.contains(&want.start) {
            return want.clone();
        }
        self.data.copy_within((want.start - had.start) * line..had.len() * line, 0);
        had.end.min(want.end)..want.end
    }
}

impl Stage<'_> {
    /// Elements of an output line.
    fn line(&self) -> usize {
        self.slide.out[1] * self.o
    }

    /// Whether it is computed otherwise than line by line.
    fn splits(&self) -> bool {
        let k = self.slide.taps() * self.c;
        matches!(self.kind, Kind::Convolution(_)) && splits(self.slide.positions(), self.o, k)
    }

    /// All pictures, on all threads.
    fn all(&self, x: &[f32], y: &mut [f32]) {
        let Stage { slide, c, after, .. } = *self;
        match self.kind {
            Kind::Convolution(weight) => Lines { x, slide, c }.convolve(weight, after, y),
            Kind::Depthwise(w) => Layer { w, slide, c, after }.all(x, y),
        }
        if let Some(addend) = self.addend {
            threads::rows(y, 1, 1, |i, y| add_to(&addend[i..][..y.len()], y));
        }
    }

    /// Output lines `lines` of picture `n` from those under them, on the calling thread. A window larger than 1 x 1 of a
    /// convolution reads the chain's input `x`.
    fn lines(&self, x: &[f32], from: Strip, n: usize, lines: Range<usize>, y: &mut [f32]) {
        let Stage { slide, c, after, .. } = *self;
        let first = n * slide.out[0] + lines.start;
        match self.kind {
            Kind::Convolution(weight) if slide.pointwise() => {
                let (line, rows) = (slide.size[1] * c, lines.len() * slide.size[1]);
                let x = &from.data[(lines.start - from.first) * line..][..rows * c];
                gemm_packed(y, self.o, Mat::new(x, rows, c), weight, after);
            }
            Kind::Convolution(weight) => Lines { x, slide, c }.some(first, weight, after, y),
            Kind::Depthwise(w) => Layer { w, slide, c, after }.lines(from, lines, y),
        }
        if let Some(addend) = self.addend {
            add_to(&addend[first * self.line()..][..y.len()], y);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::CpuExecutor;
    use crate::testing::numbers;
    use proptest::prelude::*;
    use ronghe_graph::{Act, DType, Executor, Feed, Graph, Op, Shape, Tensor, ValueId, Weights, Window};

    /// A block with its weights; gives every value in order.
    struct Block {
        graph: Graph,
        weights: Weights,
        values: Vec<ValueId>,
    }

    impl Block {
        fn push(&mut self, op: Op, shape: &[usize], o: usize) {
            let (name, x) = (format!("w{}", self.values.len()), self.values[self.values.len() - 1]);
            let mut weight = |name: String, shape: &[usize], seed: u64| {
                let data = numbers(shape.iter().product(), seed);
                self.weights.insert(&name, Tensor::f32(shape, data).unwrap(), false);
                self.graph.weight(&name, shape).unwrap()
            };
            let seed = self.values.len() as u64;
            let (w, bias) = (weight(name.clone(), shape, seed), weight(name + "b", &[o], 90 + seed));
            self.values.push(self.graph.push1(op, &[x, w, bias]).unwrap());
        }
    }

    /// The block computed in strips and, since every value is asked for, one by one.
    fn check(n: usize, size: [usize; 2], c: [usize; 3], stem: Window, window: Window, runs: usize) {
        let mut graph = Graph::new();
        let x = graph.input("x", &Shape::batch(&[size[0], size[1], c[0]]), DType::F32).unwrap();
        let mut block = Block { graph, weights: Weights::new(), values: vec![x] };
        let [kh, kw] = stem.kernel;
        if stem.output(size[0], size[1]).and_then(|s| window.output(s[0], s[1])).is_none() {
            return;
        }
        block.push(Op::Conv2d { window: stem, act: Act::Relu6 }, &[c[1], kh, kw, c[0]], c[1]);
        let [kh, kw] = window.kernel;
        block.push(Op::Depthwise { window, act: Act::Silu }, &[kh, kw, c[1]], c[1]);
        let one = Window::square(1, 1, 0);
        block.push(Op::Conv2d { window: one, act: Act::Identity }, &[c[2], 1, 1, c[1]], c[2]);
        let Block { mut graph, weights, mut values } = block;
        let last = values[3];
        if graph.value(x).shape == graph.value(last).shape {
            values.push(graph.push1(Op::Add, &[x, last]).unwrap());
        }
        let feed = Feed::default().with(
            "x",
            Tensor::f32(&[n, size[0], size[1], c[0]], numbers(n * size[0] * size[1] * c[0], 7)).unwrap(),
        );
        let last = values.len() - 1;
        let mut whole = CpuExecutor::new(1).compile(&graph, &values).unwrap();
        let expected = whole.run(&weights, &feed).unwrap().get(last).to_vec();
        for threads in 1..4 {
            let mut plan = CpuExecutor::new(threads).compile(&graph, &[values[last]]).unwrap();
            for _ in 0..runs {
                let found = plan.run(&weights, &feed).unwrap().get(0).to_vec();
                assert!(
                    found.iter().zip(&expected).all(|(f, e)| f.to_bits() == e.to_bits()),
                    "{threads} threads"
                );
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn strips_change_no_bit(
            n in 0usize..4, size in [1usize..40, 1..12], c in [1usize..9, 1..40, 1..9],
            first in 1usize..4, kernel in [1usize..6, 1..6], stride in [1usize..4, 1..4], pad in [0usize..3, 0..3, 0..3, 0..3],
        ) {
            check(n, size, c, Window::square(first, 1, first / 2), Window { kernel, stride, pad }, 2);
        }
    }

    #[test]
    fn blocks_of_a_mobile_network() {
        let (one, same) = (Window::square(1, 1, 0), Window::square(3, 1, 1));
        check(1, [56, 56], [24, 144, 24], one, same, 2); // strips, added to their input
        check(5, [28, 28], [16, 96, 24], one, Window::square(3, 2, 1), 1);
        check(1, [7, 7], [40, 240, 40], one, same, 1); // too small for strips on two threads
        check(2, [64, 64], [3, 32, 16], Window::square(3, 2, 1), same, 1); // with the first layer
    }
}
