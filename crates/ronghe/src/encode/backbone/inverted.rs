//! The inverted residual block (Sandler et al. 2018): a 1x1 convolution widens, a depthwise one mixes neighbours, a 1x1
//! one narrows without activation; the input is added where shapes agree.
//!
//! `y = (x +) norm(project(relu6(norm(depthwise(relu6(norm(expand(x))))))))`, `x[N, H, W, C] -> [N, H', W', O]`;
//! 2 E C + 2 K^2 E / s^2 + 2 E O / s^2 flops a position with E widened channels.

use ronghe_graph::layers::{BatchNorm, batch_norm, conv2d, depthwise};
use ronghe_graph::{Act, Builder, Error, Op, Result, ValueId, Window};

/// What lies around the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Half the kernel on each side: torchvision.
    Even,
    /// TensorFlow's SAME: the odd row and column below and on the right.
    Same,
}

impl Padding {
    /// The window over `x[N, H, W, C]`.
    pub(super) fn window(self, b: &Builder<'_>, x: ValueId, kernel: usize, stride: usize) -> Result<Window> {
        let shape = b.shape(x);
        match (self, shape.0.get(1).and_then(|d| d.fixed()), shape.0.get(2).and_then(|d| d.fixed())) {
            (Padding::Even, _, _) => Ok(Window::square(kernel, stride, kernel / 2)),
            (Padding::Same, Some(h), Some(w)) if h > 0 && w > 0 => Ok(Window::same(kernel, stride, h, w)),
            _ => Err(Error::Shape {
                op: "SAME padding",
                expected: "a picture [batch, height, width, channel] of known size".into(),
                found: shape.to_string(),
            }),
        }
    }
}

/// Size of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inverted {
    /// Channels inside over channels outside; 1: no first convolution.
    pub(super) expand: usize,
    pub(super) out: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
}

/// Names of a block's convolutions and norms.
#[derive(Debug, Clone, Copy)]
pub(super) struct InvertedNames {
    pub(super) expand: [&'static str; 2],
    pub(super) depthwise: [&'static str; 2],
    pub(super) project: [&'static str; 2],
}

/// A dense convolution without bias, its norm and ReLU6.
pub(super) fn conv_norm(
    b: &mut Builder<'_>,
    names: [&str; 2],
    x: ValueId,
    out: usize,
    window: Window,
    norm: BatchNorm,
    act: Act,
) -> Result<ValueId> {
    let x = conv2d(b, names[0], x, out, window, false)?;
    batch_norm(b, names[1], x, act, norm)
}

/// One block; the names are under the builder's scope.
pub(super) fn inverted_residual(
    b: &mut Builder<'_>,
    names: &InvertedNames,
    x: ValueId,
    block: Inverted,
    padding: Padding,
    norm: BatchNorm,
) -> Result<ValueId> {
    let channels = b.width(x)?;
    let point = Window::square(1, 1, 0);
    let mut y = x;
    if block.expand != 1 {
        y = conv_norm(b, names.expand, y, channels * block.expand, point, norm, Act::Relu6)?;
    }
    let window = padding.window(b, y, block.kernel, block.stride)?;
    y = depthwise(b, names.depthwise[0], y, window, false)?;
    y = batch_norm(b, names.depthwise[1], y, Act::Relu6, norm)?;
    y = conv_norm(b, names.project, y, block.out, point, norm, Act::Identity)?;
    if block.stride == 1 && channels == block.out { b.op(Op::Add, &[y, x]) } else { Ok(y) }
}
