//! Convolutions over `x[N, H, W, C]`, channels last.
//!
//! Dense: `y[n, i, j, o] = sum_{u, v, c} w[o, u, v, c] x[n, i s + u - p, j s + v - p, c] + b[o]`, 2 KH KW C flops an
//! output element. Depthwise: the same with one kernel a channel, 2 KH KW flops an output element.

use crate::{Act, Builder, Error, Init, Op, Result, ValueId, Window};

/// A dense convolution `name.weight[out, KH, KW, C]`, `name.bias[out]`. New kernels start after He et al. (2015).
pub fn conv2d(
    b: &mut Builder<'_>,
    name: &str,
    x: ValueId,
    out: usize,
    window: Window,
    bias: bool,
) -> Result<ValueId> {
    let [kh, kw] = window.kernel;
    let channels = b.width(x)?;
    b.scoped(name, |b| {
        let mut inputs = vec![x, b.weight("weight", &[out, kh, kw, channels], Init::HeNormal)?];
        if bias {
            inputs.push(b.weight("bias", &[out], Init::Constant(0.0))?);
        }
        b.op(Op::Conv2d { window, act: Act::Identity }, &inputs)
    })
}

/// A depthwise convolution `name.weight[KH, KW, C]`, `name.bias[C]`. New kernels start after He et al. (2015) with
/// the `KH KW` inputs that one output sees.
pub fn depthwise(b: &mut Builder<'_>, name: &str, x: ValueId, window: Window, bias: bool) -> Result<ValueId> {
    let [kh, kw] = window.kernel;
    if kh * kw == 0 {
        return Err(Error::Shape {
            op: "Depthwise",
            expected: "a kernel of at least 1 x 1".into(),
            found: format!("{kh} x {kw}"),
        });
    }
    let channels = b.width(x)?;
    let init = Init::Normal((2.0 / (kh * kw) as f32).sqrt());
    b.scoped(name, |b| {
        let mut inputs = vec![x, b.weight("weight", &[kh, kw, channels], init)?];
        if bias {
            inputs.push(b.weight("bias", &[channels], Init::Constant(0.0))?);
        }
        b.op(Op::Depthwise { window, act: Act::Identity }, &inputs)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, Mode, Shape, Weights};

    #[test]
    fn convolutions_declare_channels_last_kernels() -> Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, Mode::Train, 3);
        let x = b.input("x", &Shape::batch(&[9, 9, 3]), DType::F32)?;
        let y = conv2d(&mut b, "stem", x, 16, Window::same(3, 2, 9, 9), false)?;
        let y = depthwise(&mut b, "mix", y, Window::square(3, 1, 1), true)?;
        assert_eq!(b.shape(y), &Shape::batch(&[5, 5, 16]));
        let shape = |name: &str| weights.get(name).map(|t| t.shape().to_vec());
        assert_eq!(shape("stem.weight"), Some(vec![16, 3, 3, 3]));
        assert_eq!(shape("mix.weight"), Some(vec![3, 3, 16]));
        assert_eq!(shape("mix.bias"), Some(vec![16]));
        Ok(())
    }

    #[test]
    fn a_kernel_larger_than_the_picture_is_refused() -> Result<()> {
        let mut weights = Weights::new();
        let mut b = Builder::new(&mut weights, Mode::Train, 3);
        let x = b.input("x", &Shape::batch(&[2, 2, 3]), DType::F32)?;
        assert!(conv2d(&mut b, "stem", x, 4, Window::square(5, 1, 0), false).is_err());
        Ok(())
    }
}
