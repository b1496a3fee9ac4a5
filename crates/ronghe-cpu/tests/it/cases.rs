//! Random inputs for every operation: small shapes, awkward on purpose (odd sizes, uneven padding, repeated ids, masks
//! without a single token).

use crate::reference::{Val, eval};
use ronghe_graph::{Act, Dim, Op, Shape, Window};
use ronghe_stats::random::SplitMix64;

/// One input of a case.
#[derive(Debug, Clone)]
pub(crate) struct In {
    pub(crate) val: Val,
    /// Whether the outermost dimension is the batch.
    pub(crate) batch: bool,
    pub(crate) integer: bool,
}

/// An operation with inputs that fit it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) op: Op,
    pub(crate) inputs: Vec<In>,
    /// Positions of inputs that a loss can be differentiated by; none for operations without a gradient.
    pub(crate) by: Vec<usize>,
}

/// Random numbers.
#[derive(Debug)]
pub(crate) struct Gen {
    stream: SplitMix64,
    /// Size of the batch.
    n: usize,
    /// No ties, so that finite differences exist.
    smooth: bool,
}

impl Gen {
    pub(crate) fn new(seed: u64, smooth: bool) -> Gen {
        let mut gen_ =
            Gen { stream: SplitMix64::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) + 1), n: 1, smooth };
        gen_.n = gen_.int(2, 5);
        gen_
    }

    /// An integer of `low..=high`.
    pub(crate) fn int(&mut self, low: usize, high: usize) -> usize {
        low + (self.stream.next_u64() % (high - low + 1) as u64) as usize
    }

    fn coin(&mut self) -> bool {
        self.stream.next_u64() & 1 == 1
    }

    /// Uniform in `low..high`, exactly an f32.
    pub(crate) fn uniform(&mut self, low: f64, high: f64) -> f64 {
        let unit = self.stream.unit();
        f64::from((low + unit * (high - low)) as f32)
    }

    fn fill(&mut self, shape: &[usize], batch: bool, mut draw: impl FnMut(&mut Gen) -> f64) -> In {
        let shape: Vec<usize> = batch.then_some(self.n).into_iter().chain(shape.iter().copied()).collect();
        let f = (0..shape.iter().product()).map(|_| draw(self)).collect();
        In { val: Val::new(&shape, f), batch, integer: false }
    }

    /// Floats `[dims]`.
    fn fixed(&mut self, dims: &[usize]) -> In {
        self.fill(dims, false, |g| g.uniform(-2.0, 2.0))
    }

    /// Floats `[batch, dims]`.
    fn rows(&mut self, dims: &[usize]) -> In {
        self.fill(dims, true, |g| g.uniform(-2.0, 2.0))
    }

    fn positive(&mut self, dims: &[usize], batch: bool) -> In {
        self.fill(dims, batch, |g| g.uniform(0.1, 1.0))
    }

    /// Zeros and ones; the first row of the batch has no one.
    fn mask(&mut self, dims: &[usize]) -> In {
        let mut mask = self.fill(dims, true, |g| f64::from(u8::from(g.coin())));
        let row = mask.val.f.len() / self.n;
        mask.val.f[..row].fill(0.0);
        mask
    }

    fn ids(&mut self, dims: &[usize], least: i32, vocabulary: usize) -> In {
        let shape: Vec<usize> = std::iter::once(self.n).chain(dims.iter().copied()).collect();
        let span = (vocabulary as i32 - least) as usize;
        let i = (0..shape.iter().product::<usize>()).map(|_| least + self.int(0, span - 1) as i32).collect();
        In { val: Val { shape, f: Vec::new(), i }, batch: true, integer: true }
    }

    /// A window with its input size.
    fn window(&mut self) -> (Window, [usize; 2]) {
        let kernel = [self.int(1, 3), self.int(1, 3)];
        let stride = [self.int(1, 2), self.int(1, 2)];
        // Every window touches the picture.
        let pad = [0, 1, 2, 3].map(|side| self.int(0, kernel[side / 2] - 1));
        let size = [self.int(kernel[0], 6), self.int(kernel[1], 6)];
        (Window { kernel, stride, pad }, size)
    }

    fn act(&mut self) -> Act {
        Act::ALL[self.int(0, Act::ALL.len() - 1)]
    }

    /// Width that lies on both sides of a vector register now and then. Finite differences are slow, so they get less.
    fn width(&mut self) -> usize {
        if self.coin() { self.int(1, 7) } else { self.int(15, if self.smooth { 18 } else { 35 }) }
    }

    /// Number of tokens attended to.
    fn tokens(&mut self) -> usize {
        self.int(1, if self.smooth { 9 } else { 70 })
    }
}

/// A shape of the batch and fixed sizes.
fn batch(dims: &[usize]) -> Shape {
    Shape::batch(dims)
}

/// Every operation once, in the order of [`Op`]; what is inside is filled by [`case`].
pub(crate) fn every() -> Vec<Op> {
    let window = Window::square(1, 1, 0);
    let (act, input, shape) = (Act::Identity, [1, 1], Shape(Vec::new()));
    vec![
        Op::Linear { act },
        Op::LinearGradInput,
        Op::LinearGradWeight,
        Op::SumLeading { keep: 1 },
        Op::Conv2d { window, act },
        Op::Conv2dGradInput { window, input },
        Op::Conv2dGradWeight { window },
        Op::Depthwise { window, act },
        Op::DepthwiseGradInput { window, input },
        Op::DepthwiseGradWeight { window },
        Op::MaxPool { window },
        Op::MaxPoolGrad { window },
        Op::AvgPool { window },
        Op::AvgPoolGrad { window, input },
        Op::GlobalAvgPool,
        Op::GlobalAvgPoolGrad { input },
        Op::Activate(act),
        Op::ActivateGrad(act),
        Op::Add,
        Op::Mul,
        Op::Affine { scale: 1.0, offset: 0.0 },
        Op::ScaleRows,
        Op::RowDot,
        Op::Dropout { rate: 0.5, site: 1 },
        Op::Select,
        Op::BatchNorm { eps: 1e-3, momentum: 0.1, act },
        Op::BatchNormGrad { act },
        Op::BatchNormFixed { eps: 1e-3 },
        Op::BatchNormFixedGrad { eps: 1e-3 },
        Op::LayerNorm { eps: 1e-5 },
        Op::LayerNormGrad,
        Op::L2Normalize,
        Op::L2NormalizeGrad,
        Op::Embedding,
        Op::EmbeddingGrad { vocabulary: 1 },
        Op::EmbeddingBag,
        Op::EmbeddingBagGrad { vocabulary: 1 },
        Op::Attention { heads: 1, causal: false },
        Op::AttentionGrad { heads: 1, causal: false },
        Op::MeanTokens,
        Op::MeanTokensGrad,
        Op::SelectToken { index: 0 },
        Op::SelectTokenGrad { index: 0, shape: shape.clone() },
        Op::Stack,
        Op::WeightedSum,
        Op::WeightedSumGradInput,
        Op::WeightedSumGradWeight,
        Op::Concat,
        Op::Slice { start: 0, len: 1 },
        Op::SliceGrad { start: 0, width: 1 },
        Op::Reshape { shape },
        Op::Softmax,
        Op::SoftmaxGrad,
        Op::SoftmaxCrossEntropy { smoothing: 0.0 },
        Op::SoftmaxCrossEntropyGrad { smoothing: 0.0 },
        Op::SigmoidCrossEntropy,
        Op::SigmoidCrossEntropyGrad,
        Op::SquaredError,
        Op::SquaredErrorGrad,
    ]
}

/// Random sizes and inputs for the operation that `of` is an example of.
pub(crate) fn case(of: &Op, g: &mut Gen) -> Case {
    let (d, e, t) = (g.width(), g.width(), g.int(1, 5));
    // Leading dimensions of an operation that takes any: the batch, and now and then tokens.
    let lead: Vec<usize> = if g.coin() { vec![t] } else { Vec::new() };
    let with = |last: usize| lead.iter().copied().chain([last]).collect::<Vec<usize>>();
    let act = if g.smooth { Act::Identity } else { g.act() };
    let (window, size) = g.window();
    let [h, w] = size;
    let [oh, ow] = window.output(h, w).unwrap();
    let [kh, kw] = window.kernel;
    let bias = g.coin();
    let make = |op: Op, inputs: Vec<In>, by: &[usize]| Case { op, inputs, by: by.to_vec() };
    let optional = |mut inputs: Vec<In>, more: In| {
        if bias {
            inputs.push(more);
        }
        inputs
    };
    match of {
        Op::Linear { .. } => {
            let inputs = vec![g.rows(&with(d)), g.fixed(&[e, d])];
            let by: &[usize] = if bias { &[0, 1, 2] } else { &[0, 1] };
            make(Op::Linear { act }, optional(inputs, g.fixed(&[e])), by)
        }
        Op::LinearGradInput => make(of.clone(), vec![g.rows(&with(d)), g.fixed(&[d, e])], &[]),
        Op::LinearGradWeight => make(of.clone(), vec![g.rows(&with(d)), g.rows(&with(e))], &[]),
        Op::SumLeading { .. } => {
            let keep = g.int(1, 2);
            make(Op::SumLeading { keep }, vec![g.rows(&[t, d])], &[])
        }
        Op::Conv2d { .. } => {
            let (c, o) = (g.int(1, 5), g.int(1, 19));
            let inputs = vec![g.rows(&[h, w, c]), g.fixed(&[o, kh, kw, c])];
            let by: &[usize] = if bias { &[0, 1, 2] } else { &[0, 1] };
            make(Op::Conv2d { window, act }, optional(inputs, g.fixed(&[o])), by)
        }
        Op::Conv2dGradInput { .. } => {
            let (c, o) = (g.int(1, 5), g.int(1, 19));
            let op = Op::Conv2dGradInput { window, input: size };
            make(op, vec![g.rows(&[oh, ow, o]), g.fixed(&[o, kh, kw, c])], &[])
        }
        Op::Conv2dGradWeight { .. } => {
            let (c, o) = (g.int(1, 5), g.int(1, 19));
            make(Op::Conv2dGradWeight { window }, vec![g.rows(&[h, w, c]), g.rows(&[oh, ow, o])], &[])
        }
        Op::Depthwise { .. } => {
            let inputs = vec![g.rows(&[h, w, d]), g.fixed(&[kh, kw, d])];
            let by: &[usize] = if bias { &[0, 1, 2] } else { &[0, 1] };
            make(Op::Depthwise { window, act }, optional(inputs, g.fixed(&[d])), by)
        }
        Op::DepthwiseGradInput { .. } => {
            let op = Op::DepthwiseGradInput { window, input: size };
            make(op, vec![g.rows(&[oh, ow, d]), g.fixed(&[kh, kw, d])], &[])
        }
        Op::DepthwiseGradWeight { .. } => {
            make(Op::DepthwiseGradWeight { window }, vec![g.rows(&[h, w, d]), g.rows(&[oh, ow, d])], &[])
        }
        Op::MaxPool { .. } => make(Op::MaxPool { window }, vec![tied(g, &[h, w, d])], &[0]),
        Op::MaxPoolGrad { .. } => {
            let x = tied(g, &[h, w, d]);
            let y = derived(&Op::MaxPool { window }, &[&x], 0);
            make(Op::MaxPoolGrad { window }, vec![x, y, g.rows(&[oh, ow, d])], &[])
        }
        Op::AvgPool { .. } => make(Op::AvgPool { window }, vec![g.rows(&[h, w, d])], &[0]),
        Op::AvgPoolGrad { .. } => {
            make(Op::AvgPoolGrad { window, input: size }, vec![g.rows(&[oh, ow, d])], &[])
        }
        Op::GlobalAvgPool => make(of.clone(), vec![g.rows(&[h, w, d])], &[0]),
        Op::GlobalAvgPoolGrad { .. } => make(Op::GlobalAvgPoolGrad { input: size }, vec![g.rows(&[d])], &[]),
        Op::Activate(_) => {
            let x = g.fill(&with(d), true, |g| g.uniform(-8.0, 8.0));
            make(Op::Activate(g.act()), vec![x], &[0])
        }
        Op::ActivateGrad(_) => {
            let x = g.fill(&with(d), true, |g| g.uniform(-8.0, 8.0));
            make(Op::ActivateGrad(g.act()), vec![x, g.rows(&with(d))], &[])
        }
        Op::Add | Op::Mul => {
            let b = match g.int(0, 2) {
                0 => g.rows(&[t, d]),
                1 => g.fixed(&[t, d]),
                _ => g.fixed(&[d]),
            };
            make(of.clone(), vec![g.rows(&[t, d]), b], &[0, 1])
        }
        Op::Affine { .. } => {
            let (scale, offset) = (g.uniform(-2.0, 2.0) as f32, g.uniform(-2.0, 2.0) as f32);
            make(Op::Affine { scale, offset }, vec![g.rows(&with(d))], &[0])
        }
        Op::ScaleRows => make(of.clone(), vec![g.rows(&with(d)), g.rows(&[])], &[0, 1]),
        Op::RowDot => make(of.clone(), vec![g.rows(&with(d)), g.rows(&with(d))], &[0, 1]),
        Op::Dropout { .. } => {
            let op = Op::Dropout { rate: g.uniform(0.0, 0.9) as f32, site: g.int(0, 9) as u32 };
            make(op, vec![g.rows(&with(d))], &[0])
        }
        Op::Select => make(of.clone(), vec![g.mask(&[]), g.rows(&with(d)), g.fixed(&with(d))], &[1, 2]),
        Op::BatchNorm { act, .. } => {
            let inputs =
                vec![g.rows(&with(d)), g.fixed(&[d]), g.fixed(&[d]), g.fixed(&[d]), g.positive(&[d], false)];
            let op = Op::BatchNorm { eps: 1e-3, momentum: g.uniform(0.0, 1.0) as f32, act: *act };
            make(op, inputs, &[0, 1, 2])
        }
        Op::BatchNormGrad { .. } => {
            let (x, gamma, beta) = (g.rows(&with(d)), g.fixed(&[d]), g.fixed(&[d]));
            let op = Op::BatchNorm { eps: 1e-3, momentum: 0.1, act: Act::Identity };
            let stat = |i: usize| derived(&op, &[&x, &gamma, &beta, &beta, &beta], i);
            let (mean, inv_std) = (stat(1), stat(2));
            make(of.clone(), vec![x, gamma, beta, mean, inv_std, g.rows(&with(d))], &[])
        }
        Op::BatchNormFixed { .. } => {
            let (gamma, beta, mean) = (g.fixed(&[d]), g.fixed(&[d]), g.fixed(&[d]));
            make(of.clone(), vec![g.rows(&with(d)), gamma, beta, mean, g.positive(&[d], false)], &[0, 1, 2])
        }
        Op::BatchNormFixedGrad { .. } => {
            let (gamma, mean, var) = (g.fixed(&[d]), g.fixed(&[d]), g.positive(&[d], false));
            make(of.clone(), vec![g.rows(&with(d)), gamma, mean, var, g.rows(&with(d))], &[])
        }
        Op::LayerNorm { .. } => make(
            Op::LayerNorm { eps: 1e-2 },
            vec![g.rows(&with(d)), g.fixed(&[d]), g.fixed(&[d])],
            &[0, 1, 2],
        ),
        Op::LayerNormGrad => {
            let (x, gamma, beta) = (g.rows(&with(d)), g.fixed(&[d]), g.fixed(&[d]));
            let stat = |i: usize| derived(&Op::LayerNorm { eps: 1e-2 }, &[&x, &gamma, &beta], i);
            let (mean, inv_std) = (stat(1), stat(2));
            make(of.clone(), vec![x, gamma, mean, inv_std, g.rows(&with(d))], &[])
        }
        Op::L2Normalize => make(of.clone(), vec![g.rows(&with(d))], &[0]),
        Op::L2NormalizeGrad => make(of.clone(), vec![g.rows(&with(d)), g.rows(&with(d))], &[]),
        Op::Embedding => make(of.clone(), vec![g.ids(&lead, 0, 6), g.fixed(&[6, d])], &[1]),
        Op::EmbeddingGrad { .. } => {
            make(Op::EmbeddingGrad { vocabulary: 6 }, vec![g.ids(&lead, 0, 6), g.rows(&with(d))], &[])
        }
        Op::EmbeddingBag => make(of.clone(), vec![g.ids(&[t], -1, 6), g.rows(&[t]), g.fixed(&[6, d])], &[2]),
        Op::EmbeddingBagGrad { .. } => {
            let inputs = vec![g.ids(&[t], -1, 6), g.rows(&[t]), g.rows(&[d])];
            make(Op::EmbeddingBagGrad { vocabulary: 6 }, inputs, &[])
        }
        Op::Attention { .. } => {
            let (heads, causal) = (g.int(1, 3), g.coin());
            let s = if causal { t } else { g.tokens() };
            let d = heads * g.int(1, if g.smooth { 6 } else { 20 });
            let inputs = vec![g.rows(&[t, d]), g.rows(&[s, d]), g.rows(&[s, d])];
            make(Op::Attention { heads, causal }, optional(inputs, g.mask(&[s])), &[0, 1, 2])
        }
        Op::AttentionGrad { .. } => {
            let (heads, causal) = (g.int(1, 3), g.coin());
            let s = if causal { t } else { g.tokens() };
            let d = heads * g.int(1, if g.smooth { 6 } else { 20 });
            let inputs = vec![g.rows(&[t, d]), g.rows(&[s, d]), g.rows(&[s, d]), g.rows(&[t, d])];
            make(Op::AttentionGrad { heads, causal }, optional(inputs, g.mask(&[s])), &[])
        }
        Op::MeanTokens => make(of.clone(), vec![g.rows(&[t, d]), g.mask(&[t])], &[0]),
        Op::MeanTokensGrad => make(of.clone(), vec![g.mask(&[t]), g.rows(&[d])], &[]),
        Op::SelectToken { .. } => {
            make(Op::SelectToken { index: g.int(0, t - 1) }, vec![g.rows(&[t, d])], &[0])
        }
        Op::SelectTokenGrad { .. } => {
            let op = Op::SelectTokenGrad { index: g.int(0, t - 1), shape: batch(&[t, d]) };
            make(op, vec![g.rows(&[d])], &[])
        }
        Op::Stack => {
            let inputs: Vec<In> = (0..t).map(|_| g.rows(&[d])).collect();
            make(of.clone(), inputs, &(0..t).collect::<Vec<_>>())
        }
        Op::WeightedSum => make(of.clone(), vec![g.rows(&[t, d]), g.rows(&[t])], &[0, 1]),
        Op::WeightedSumGradInput => make(of.clone(), vec![g.rows(&[t]), g.rows(&[d])], &[]),
        Op::WeightedSumGradWeight => make(of.clone(), vec![g.rows(&[t, d]), g.rows(&[d])], &[]),
        Op::Concat => {
            let inputs: Vec<In> = (0..t).map(|i| g.rows(&with(d + i))).collect();
            make(of.clone(), inputs, &(0..t).collect::<Vec<_>>())
        }
        Op::Slice { .. } => {
            let start = g.int(0, d - 1);
            let len = g.int(1, d - start);
            make(Op::Slice { start, len }, vec![g.rows(&with(d))], &[0])
        }
        Op::SliceGrad { .. } => {
            let start = g.int(0, 4);
            let op = Op::SliceGrad { start, width: start + d + g.int(0, 4) };
            make(op, vec![g.rows(&with(d))], &[])
        }
        Op::Reshape { .. } => make(Op::Reshape { shape: batch(&[d, t]) }, vec![g.rows(&[t, d])], &[0]),
        Op::Softmax => make(of.clone(), optional(vec![g.rows(&with(d))], g.mask(&with(d))), &[0]),
        Op::SoftmaxGrad => {
            let y = g.positive(&with(d), true);
            make(of.clone(), vec![y, g.rows(&with(d))], &[])
        }
        Op::SoftmaxCrossEntropy { .. } => {
            let smoothing = if bias { 0.1 } else { 0.0 };
            let inputs = vec![g.rows(&[d]), g.ids(&[], -1, d), g.positive(&[], true)];
            make(Op::SoftmaxCrossEntropy { smoothing }, inputs, &[0])
        }
        Op::SoftmaxCrossEntropyGrad { .. } => {
            let p = derived(&Op::Softmax, &[&g.rows(&[d])], 0);
            let smoothing = if bias { 0.1 } else { 0.0 };
            let inputs = vec![p, g.ids(&[], -1, d), g.positive(&[], true)];
            make(Op::SoftmaxCrossEntropyGrad { smoothing }, inputs, &[])
        }
        Op::SigmoidCrossEntropy => make(of.clone(), vec![g.rows(&[d]), g.mask(&[d]), weights(g, d)], &[0]),
        Op::SigmoidCrossEntropyGrad => {
            make(of.clone(), vec![g.positive(&[d], true), g.mask(&[d]), weights(g, d)], &[])
        }
        Op::SquaredError => make(of.clone(), vec![g.rows(&[d]), g.rows(&[d]), weights(g, d)], &[0, 1]),
        Op::SquaredErrorGrad => make(of.clone(), vec![g.rows(&[d]), g.rows(&[d]), weights(g, d)], &[]),
    }
}

/// A picture in which the largest element of a window is often there twice.
fn tied(g: &mut Gen, dims: &[usize]) -> In {
    let mut x = g.rows(dims);
    if !g.smooth {
        x.val = x.val.map(f64::round);
    }
    x
}

/// Weights of a loss, some of them zero.
fn weights(g: &mut Gen, d: usize) -> In {
    g.fill(&[d], true, |g| if g.int(0, 3) == 0 { 0.0 } else { g.uniform(0.1, 1.0) })
}

/// Output `i` of an operation as an input, rounded to f32.
fn derived(op: &Op, inputs: &[&In], i: usize) -> In {
    // Statistics of a batch norm are by channel; whatever else is derived here is by row.
    let batch = i == 0 || !matches!(op, Op::BatchNorm { .. });
    let vals: Vec<Val> = inputs.iter().map(|x| x.val.clone()).collect();
    let val = eval(op, &vals, &|_, n| vec![1.0; n]).swap_remove(i).map(|v| f64::from(v as f32));
    In { val, batch, integer: false }
}

impl In {
    /// Its shape in a graph.
    pub(crate) fn shape(&self) -> Shape {
        let mut shape = Shape::fixed(&self.val.shape);
        if self.batch {
            shape.0[0] = Dim::BATCH;
        }
        shape
    }
}
