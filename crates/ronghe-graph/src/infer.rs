//! Shape and type inference: the one place where an operation's inputs are checked.

use crate::{DType, Dim, Error, Op, Result, Shape, Value, Window};

type Made = Vec<(Shape, DType)>;

impl Op {
    /// Shapes and types of the outputs for the given inputs, or what is wrong with the inputs.
    pub fn infer(&self, inputs: &[&Value]) -> Result<Made> {
        let check = Check { op: self, inputs };
        check.arity()?;
        check.types()?;
        let one = |shape: Shape| Ok(vec![(shape, DType::F32)]);
        let same = |i: usize| inputs[i].shape.clone();
        match self {
            Op::Linear { .. } => {
                let [o, i] = check.matrix(1)?;
                check.require(check.last(0)? == i, "x[..., I] with w[O, I]")?;
                check.optional(2, &[o])?;
                one(same(0).with_last(o))
            }
            Op::LinearGradInput => {
                let [o, i] = check.matrix(1)?;
                check.require(check.last(0)? == o, "dy[..., O] with w[O, I]")?;
                one(same(0).with_last(i))
            }
            Op::LinearGradWeight => {
                check.require(same(0).leading() == same(1).leading(), "the same leading dimensions")?;
                one(Shape::fixed(&[check.last(1)?, check.last(0)?]))
            }
            Op::SumLeading { keep } => {
                check.require(same(0).rank() >= *keep, "at least as many dimensions as it keeps")?;
                one(Shape(same(0).0[same(0).rank() - keep..].to_vec()))
            }
            Op::Conv2d { window, .. } => {
                let [h, w, c] = check.picture(0)?;
                let o = check.fixed::<4>(1)?[0];
                check.shape(1, &[o, window.kernel[0], window.kernel[1], c])?;
                check.optional(2, &[o])?;
                one(check.slide(window, h, w, o)?)
            }
            Op::Conv2dGradInput { window, input } => {
                let [o, kh, kw, c] = check.fixed::<4>(1)?;
                let [h, w, dy] = check.picture(0)?;
                check
                    .require(dy == o && [kh, kw] == window.kernel, "dy[N, H', W', O] with w[O, KH, KW, C]")?;
                check
                    .require(window.output(input[0], input[1]) == Some([h, w]), "dy of the window's size")?;
                one(Shape::batch(&[input[0], input[1], c]))
            }
            Op::Conv2dGradWeight { window } => {
                let [h, w, c] = check.picture(0)?;
                let [oh, ow, o] = check.picture(1)?;
                check.require(window.output(h, w) == Some([oh, ow]), "dy of the window's size")?;
                one(Shape::fixed(&[o, window.kernel[0], window.kernel[1], c]))
            }
            Op::Depthwise { window, .. } => {
                let [h, w, c] = check.picture(0)?;
                check.shape(1, &[window.kernel[0], window.kernel[1], c])?;
                check.optional(2, &[c])?;
                one(check.slide(window, h, w, c)?)
            }
            Op::DepthwiseGradInput { window, input } => {
                let [h, w, c] = check.picture(0)?;
                check.shape(1, &[window.kernel[0], window.kernel[1], c])?;
                check
                    .require(window.output(input[0], input[1]) == Some([h, w]), "dy of the window's size")?;
                one(Shape::batch(&[input[0], input[1], c]))
            }
            Op::DepthwiseGradWeight { window } => {
                let [h, w, c] = check.picture(0)?;
                let [oh, ow, o] = check.picture(1)?;
                check.require(window.output(h, w) == Some([oh, ow]) && o == c, "dy of the window's size")?;
                one(Shape::fixed(&[window.kernel[0], window.kernel[1], c]))
            }
            Op::MaxPool { window } | Op::AvgPool { window } => {
                let [h, w, c] = check.picture(0)?;
                one(check.slide(window, h, w, c)?)
            }
            Op::MaxPoolGrad { .. } => {
                check.require(same(1) == same(2), "y and dy of one shape")?;
                one(same(0))
            }
            Op::AvgPoolGrad { window, input } => {
                let [h, w, c] = check.picture(0)?;
                check
                    .require(window.output(input[0], input[1]) == Some([h, w]), "dy of the window's size")?;
                one(Shape::batch(&[input[0], input[1], c]))
            }
            Op::GlobalAvgPool => {
                let [_, _, c] = check.picture(0)?;
                one(Shape::batch(&[c]))
            }
            Op::GlobalAvgPoolGrad { input } => {
                check.require(same(0).rank() == 2, "dy[N, C]")?;
                one(Shape::batch(&[input[0], input[1], check.last(0)?]))
            }
            Op::Activate(_) | Op::Affine { .. } | Op::Dropout { .. } => one(same(0)),
            Op::ActivateGrad(_) | Op::SoftmaxGrad | Op::L2NormalizeGrad => {
                check.require(same(0) == same(1), "two inputs of one shape")?;
                one(same(0))
            }
            Op::Add | Op::Mul => {
                check.require(same(0).ends_with(&same(1)), "b's shape to be the end of a's")?;
                one(same(0))
            }
            Op::ScaleRows => {
                check.require(
                    same(1).rank() == 1 && same(0).0.first() == same(1).0.first(),
                    "x[N, ...], s[N]",
                )?;
                one(same(0))
            }
            Op::RowDot => {
                check.require(same(0) == same(1) && same(0).rank() >= 1, "two inputs of one shape")?;
                one(Shape(same(0).0[..1].to_vec()))
            }
            Op::Select => {
                let rows = same(1).0.first().copied();
                check.require(
                    same(0).rank() == 1 && same(0).0.first().copied() == rows && same(1).0[1..] == same(2).0,
                    "present[N], x[N, suffix], learned[suffix]",
                )?;
                one(same(1))
            }
            Op::BatchNorm { .. } => {
                let c = check.last(0)?;
                (1..5).try_for_each(|i| check.shape(i, &[c]))?;
                let stat = || (Shape::fixed(&[c]), DType::F32);
                Ok(vec![(same(0), DType::F32), stat(), stat(), stat(), stat()])
            }
            Op::BatchNormFixed { .. } => {
                let c = check.last(0)?;
                (1..5).try_for_each(|i| check.shape(i, &[c]))?;
                one(same(0))
            }
            Op::BatchNormGrad { .. } | Op::BatchNormFixedGrad { .. } => {
                let c = check.last(0)?;
                let last = if matches!(self, Op::BatchNormGrad { .. }) { 5 } else { 4 };
                (1..last).try_for_each(|i| check.shape(i, &[c]))?;
                check.require(same(last) == same(0), "dy of x's shape")?;
                let stat = || (Shape::fixed(&[c]), DType::F32);
                Ok(vec![(same(0), DType::F32), stat(), stat()])
            }
            Op::LayerNorm { .. } => {
                let d = check.last(0)?;
                (1..3).try_for_each(|i| check.shape(i, &[d]))?;
                let stat = || (same(0).leading(), DType::F32);
                Ok(vec![(same(0), DType::F32), stat(), stat()])
            }
            Op::LayerNormGrad => {
                let d = check.last(0)?;
                check.shape(1, &[d])?;
                check.require(same(4) == same(0) && same(2) == same(0).leading(), "dy of x's shape")?;
                let stat = || (Shape::fixed(&[d]), DType::F32);
                Ok(vec![(same(0), DType::F32), stat(), stat()])
            }
            Op::L2Normalize => one(same(0)),
            Op::Embedding => {
                let [_, d] = check.matrix(1)?;
                let mut shape = same(0);
                shape.0.push(Dim::Fixed(d));
                one(shape)
            }
            Op::EmbeddingGrad { vocabulary } => {
                check.require(same(0) == same(1).leading(), "ids[...], dy[..., D]")?;
                one(Shape::fixed(&[*vocabulary, check.last(1)?]))
            }
            Op::EmbeddingBag => {
                let [_, d] = check.matrix(2)?;
                check.require(same(0) == same(1) && same(0).rank() == 2, "ids[N, S], scales[N, S]")?;
                one(Shape(vec![same(0).0[0], Dim::Fixed(d)]))
            }
            Op::EmbeddingBagGrad { vocabulary } => {
                check.require(same(0) == same(1) && same(0).rank() == 2, "ids[N, S], scales[N, S]")?;
                one(Shape::fixed(&[*vocabulary, check.last(2)?]))
            }
            Op::Attention { heads, causal } => {
                check.attention(*heads, *causal, 3)?;
                one(same(0))
            }
            Op::AttentionGrad { heads, causal } => {
                check.attention(*heads, *causal, 4)?;
                check.require(same(3) == same(0), "dy of q's shape")?;
                Ok((0..3).map(|i| (same(i), DType::F32)).collect())
            }
            Op::MeanTokens => {
                check
                    .require(same(0).rank() == 3 && same(0).leading() == same(1), "x[N, T, D], mask[N, T]")?;
                one(Shape(vec![same(0).0[0], same(0).0[2]]))
            }
            Op::MeanTokensGrad | Op::WeightedSumGradInput => {
                check.require(
                    same(0).rank() == 2 && same(1).rank() == 2 && same(0).0[0] == same(1).0[0],
                    "[N, T] and dy[N, D]",
                )?;
                one(Shape(vec![same(0).0[0], same(0).0[1], same(1).0[1]]))
            }
            Op::SelectToken { index } => {
                let inside = same(0).0.get(1).is_some_and(|t| t.fixed().is_none_or(|t| *index < t));
                check.require(same(0).rank() == 3 && inside, "x[N, T, D] with T above the index")?;
                one(Shape(vec![same(0).0[0], same(0).0[2]]))
            }
            Op::SelectTokenGrad { shape, .. } => {
                check.require(
                    shape.rank() == 3 && same(0).0 == [shape.0[0], shape.0[2]],
                    "dy[N, D] for x[N, T, D]",
                )?;
                one(shape.clone())
            }
            Op::Stack => {
                check.require(
                    same(0).rank() == 2 && inputs.iter().all(|v| v.shape == same(0)),
                    "[N, D] tensors of one shape",
                )?;
                one(Shape(vec![same(0).0[0], Dim::Fixed(inputs.len()), same(0).0[1]]))
            }
            Op::WeightedSum => {
                check.require(same(0).rank() == 3 && same(0).leading() == same(1), "x[N, M, D], w[N, M]")?;
                one(Shape(vec![same(0).0[0], same(0).0[2]]))
            }
            Op::WeightedSumGradWeight => {
                check.require(
                    same(0).rank() == 3 && same(1).0 == [same(0).0[0], same(0).0[2]],
                    "x[N, M, D], dy[N, D]",
                )?;
                one(same(0).leading())
            }
            Op::Concat => {
                let leading = same(0).leading();
                check.require(
                    inputs.iter().all(|v| v.shape.leading() == leading),
                    "the same leading dimensions",
                )?;
                let width = (0..inputs.len()).map(|i| check.last(i)).sum::<Result<usize>>()?;
                one(same(0).with_last(width))
            }
            Op::Slice { start, len } => {
                check.require(start + len <= check.last(0)?, "a slice inside the last dimension")?;
                one(same(0).with_last(*len))
            }
            Op::SliceGrad { start, width } => {
                check.require(start + check.last(0)? <= *width, "a slice inside the last dimension")?;
                one(same(0).with_last(*width))
            }
            Op::Reshape { shape } => {
                let symbols =
                    |s: &Shape| s.0.iter().copied().filter(|d| d.fixed().is_none()).collect::<Vec<_>>();
                check.require(
                    symbols(shape) == symbols(&same(0)) && shape.known_elements() == same(0).known_elements(),
                    "as many elements as the new shape",
                )?;
                one(shape.clone())
            }
            Op::Softmax => {
                check.require(inputs.len() == 1 || same(1) == same(0), "a mask of x's shape")?;
                one(same(0))
            }
            Op::SoftmaxCrossEntropy { .. } => {
                check.require(
                    same(1) == same(0).leading() && same(2) == same(1),
                    "logits[..., K], labels[...], weight[...]",
                )?;
                Ok(vec![(Shape::fixed(&[1]), DType::F32), (same(0), DType::F32)])
            }
            Op::SoftmaxCrossEntropyGrad { .. } => {
                check.require(
                    same(1) == same(0).leading() && same(2) == same(1),
                    "probability, labels, weight",
                )?;
                one(same(0))
            }
            Op::SigmoidCrossEntropy => {
                check.require(same(1) == same(0) && same(2) == same(0), "three inputs of one shape")?;
                Ok(vec![(Shape::fixed(&[1]), DType::F32), (same(0), DType::F32)])
            }
            Op::SquaredError => {
                check.require(same(1) == same(0) && same(2) == same(0), "three inputs of one shape")?;
                one(Shape::fixed(&[1]))
            }
            Op::SigmoidCrossEntropyGrad | Op::SquaredErrorGrad => {
                check.require(same(1) == same(0) && same(2) == same(0), "three inputs of one shape")?;
                one(same(0))
            }
        }
    }

    /// Least and largest number of inputs.
    pub(crate) fn arity(&self) -> (usize, usize) {
        match self {
            Op::Linear { .. } | Op::Conv2d { .. } | Op::Depthwise { .. } => (2, 3),
            Op::Attention { .. } => (3, 4),
            Op::AttentionGrad { .. } => (4, 5),
            Op::Softmax => (1, 2),
            Op::Stack | Op::Concat => (1, usize::MAX),
            Op::BatchNorm { .. }
            | Op::BatchNormFixed { .. }
            | Op::BatchNormFixedGrad { .. }
            | Op::LayerNormGrad => (5, 5),
            Op::BatchNormGrad { .. } => (6, 6),
            Op::LayerNorm { .. }
            | Op::Select
            | Op::MaxPoolGrad { .. }
            | Op::EmbeddingBag
            | Op::EmbeddingBagGrad { .. }
            | Op::SoftmaxCrossEntropy { .. }
            | Op::SoftmaxCrossEntropyGrad { .. }
            | Op::SigmoidCrossEntropy
            | Op::SigmoidCrossEntropyGrad
            | Op::SquaredError
            | Op::SquaredErrorGrad => (3, 3),
            Op::SumLeading { .. }
            | Op::MaxPool { .. }
            | Op::AvgPool { .. }
            | Op::AvgPoolGrad { .. }
            | Op::GlobalAvgPool
            | Op::GlobalAvgPoolGrad { .. }
            | Op::Activate(_)
            | Op::Affine { .. }
            | Op::Dropout { .. }
            | Op::L2Normalize
            | Op::SelectToken { .. }
            | Op::SelectTokenGrad { .. }
            | Op::Slice { .. }
            | Op::SliceGrad { .. }
            | Op::Reshape { .. } => (1, 1),
            _ => (2, 2),
        }
    }

    /// Position of the one integer input, where there is one.
    pub(crate) fn integer_input(&self) -> Option<usize> {
        match self {
            Op::Embedding | Op::EmbeddingGrad { .. } | Op::EmbeddingBag | Op::EmbeddingBagGrad { .. } => {
                Some(0)
            }
            Op::SoftmaxCrossEntropy { .. } | Op::SoftmaxCrossEntropyGrad { .. } => Some(1),
            _ => None,
        }
    }
}

struct Check<'a> {
    op: &'a Op,
    inputs: &'a [&'a Value],
}

impl Check<'_> {
    fn fail<T>(&self, expected: impl Into<String>) -> Result<T> {
        let found: Vec<String> = self.inputs.iter().map(|v| v.shape.to_string()).collect();
        Err(Error::Shape { op: self.op.name(), expected: expected.into(), found: found.join(", ") })
    }

    fn require(&self, ok: bool, expected: &str) -> Result<()> {
        if ok { Ok(()) } else { self.fail(expected) }
    }

    fn arity(&self) -> Result<()> {
        let (least, most) = self.op.arity();
        let found = self.inputs.len();
        if (least..=most).contains(&found) {
            return Ok(());
        }
        Err(Error::Arity { op: self.op.name(), expected: if found < least { least } else { most }, found })
    }

    fn types(&self) -> Result<()> {
        let integer = self.op.integer_input();
        for (index, value) in self.inputs.iter().enumerate() {
            // A reshape moves elements of any type, yet only floats are ever reshaped.
            let expected = if integer == Some(index) { DType::I32 } else { DType::F32 };
            if value.dtype != expected {
                return Err(Error::Type { op: self.op.name(), index, expected, found: value.dtype });
            }
        }
        Ok(())
    }

    fn last(&self, i: usize) -> Result<usize> {
        match self.inputs[i].shape.last() {
            Some(n) => Ok(n),
            None => self.fail(format!("input {i} with a fixed innermost dimension")),
        }
    }

    fn fixed<const R: usize>(&self, i: usize) -> Result<[usize; R]> {
        let dims: Option<Vec<usize>> = self.inputs[i].shape.0.iter().map(|d| d.fixed()).collect();
        match dims.and_then(|d| <[usize; R]>::try_from(d).ok()) {
            Some(dims) => Ok(dims),
            None => self.fail(format!("input {i} with {R} fixed dimensions")),
        }
    }

    fn matrix(&self, i: usize) -> Result<[usize; 2]> {
        self.fixed::<2>(i)
    }

    fn picture(&self, i: usize) -> Result<[usize; 3]> {
        let shape = &self.inputs[i].shape;
        let dims: Option<Vec<usize>> = shape.0.iter().skip(1).map(|d| d.fixed()).collect();
        match dims.and_then(|d| <[usize; 3]>::try_from(d).ok()) {
            Some(dims) if shape.0[0] == Dim::BATCH => Ok(dims),
            _ => self.fail(format!("input {i} to be [batch, height, width, channel]")),
        }
    }

    fn shape(&self, i: usize, dims: &[usize]) -> Result<()> {
        if self.inputs[i].shape == Shape::fixed(dims) {
            return Ok(());
        }
        self.fail(format!("input {i} to be {}", Shape::fixed(dims)))
    }

    fn optional(&self, i: usize, dims: &[usize]) -> Result<()> {
        if i < self.inputs.len() { self.shape(i, dims) } else { Ok(()) }
    }

    fn slide(&self, window: &Window, h: usize, w: usize, channels: usize) -> Result<Shape> {
        match window.output(h, w) {
            Some([oh, ow]) => Ok(Shape::batch(&[oh, ow, channels])),
            _ => self.fail("a picture at least as large as the kernel"),
        }
    }

    fn attention(&self, heads: usize, causal: bool, mask: usize) -> Result<()> {
        let (q, k, v) = (&self.inputs[0].shape, &self.inputs[1].shape, &self.inputs[2].shape);
        let d = self.last(0)?;
        self.require(
            q.rank() == 3 && k.rank() == 3 && k == v && q.0[0] == k.0[0] && k.last() == Some(d),
            "q[N, T, D], k[N, S, D], v[N, S, D]",
        )?;
        self.require(heads > 0 && d % heads == 0, "a width divisible by the number of heads")?;
        self.require(!causal || q == k, "q and k of one shape where later tokens are hidden")?;
        let masked = self.inputs.get(mask).is_none_or(|m| m.shape == k.leading());
        self.require(masked, "mask[N, S]")
    }
}
