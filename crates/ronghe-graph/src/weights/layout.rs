//! Layouts of other frameworks to ours: convolutions `[O, KH, KW, C]`, depthwise `[KH, KW, C]`, dense `[O, I]`.

use crate::{Data, Error, Result, Tensor, Weights};

/// The tensor with its dimensions in another order: dimension `i` of the result is dimension `axes[i]` of `tensor`.
pub fn permute(tensor: &Tensor, axes: &[usize]) -> Result<Tensor> {
    let shape = tensor.shape();
    let mut seen = axes.to_vec();
    seen.sort_unstable();
    if seen != (0..shape.len()).collect::<Vec<_>>() {
        return Err(Error::Shape {
            op: "permute",
            expected: format!("an order of {} dimensions", shape.len()),
            found: format!("{axes:?}"),
        });
    }
    let mut strides = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i] * shape[i];
    }
    let sizes: Vec<usize> = axes.iter().map(|&a| shape[a]).collect();
    let steps: Vec<usize> = axes.iter().map(|&a| strides[a]).collect();
    let order = gather_order(&sizes, &steps);
    match tensor.data() {
        Data::F32(v) => Tensor::f32(&sizes, order.map(|i| v[i]).collect()),
        Data::I32(v) => Tensor::i32(&sizes, order.map(|i| v[i]).collect()),
    }
}

/// Places of a strided array's elements in row-major order.
pub(super) fn gather_order<'a>(sizes: &'a [usize], steps: &'a [usize]) -> impl Iterator<Item = usize> + 'a {
    let total: usize = sizes.iter().product();
    let mut index = vec![0; sizes.len()];
    let mut place = 0;
    (0..total).map(move |_| {
        let here = place;
        for d in (0..sizes.len()).rev() {
            index[d] += 1;
            place += steps[d];
            if index[d] < sizes[d] {
                break;
            }
            place -= steps[d] * sizes[d];
            index[d] = 0;
        }
        here
    })
}

/// PyTorch's convolution `[O, C, KH, KW]` to ours.
pub fn conv_from_torch(tensor: &Tensor) -> Result<Tensor> {
    permute(tensor, &[0, 2, 3, 1])
}

/// PyTorch's depthwise convolution `[C, 1, KH, KW]` to ours.
pub fn depthwise_from_torch(tensor: &Tensor) -> Result<Tensor> {
    match *tensor.shape() {
        [c, 1, kh, kw] => permute(&tensor.clone().reshape(&[c, kh, kw])?, &[1, 2, 0]),
        _ => Err(Error::Shape {
            op: "depthwise_from_torch",
            expected: "[C, 1, KH, KW]".into(),
            found: format!("{:?}", tensor.shape()),
        }),
    }
}

/// Keras' convolution `[KH, KW, C, O]` to ours.
pub fn conv_from_keras(tensor: &Tensor) -> Result<Tensor> {
    permute(tensor, &[3, 0, 1, 2])
}

/// Keras' depthwise convolution `[KH, KW, C, 1]` to ours.
pub fn depthwise_from_keras(tensor: &Tensor) -> Result<Tensor> {
    match *tensor.shape() {
        [kh, kw, c, 1] => tensor.clone().reshape(&[kh, kw, c]),
        _ => Err(Error::Shape {
            op: "depthwise_from_keras",
            expected: "[KH, KW, C, 1]".into(),
            found: format!("{:?}", tensor.shape()),
        }),
    }
}

/// Keras' dense weight `[I, O]` to ours.
pub fn dense_from_keras(tensor: &Tensor) -> Result<Tensor> {
    permute(tensor, &[1, 0])
}

/// All four-dimensional floats of a PyTorch picture network to our layouts: `[C, 1, KH, KW]` as depthwise, all others as
/// dense convolutions. (A dense convolution over a one-channel input has the depthwise shape: convert such by name.)
pub fn pictures_from_torch(weights: &mut Weights) -> Result<()> {
    for (_, param) in weights.iter_mut() {
        param.tensor = match *param.tensor.shape() {
            [c, 1, _, _] if c > 1 => depthwise_from_torch(&param.tensor)?,
            [_, _, _, _] => conv_from_torch(&param.tensor)?,
            _ => continue,
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(shape: &[usize]) -> Result<Tensor> {
        Tensor::f32(shape, (0..shape.iter().product::<usize>()).map(|i| i as f32).collect())
    }

    #[test]
    fn a_permuted_element_is_where_its_index_says() -> Result<()> {
        let [o, c, kh, kw] = [2, 3, 4, 5];
        let ours = conv_from_torch(&counted(&[o, c, kh, kw])?)?;
        assert_eq!(ours.shape(), [o, kh, kw, c]);
        let at = |i: usize, u: usize, v: usize, j: usize| ours.as_f32()[((i * kh + u) * kw + v) * c + j];
        assert_eq!(at(1, 2, 3, 2), (((c + 2) * kh + 2) * kw + 3) as f32);
        assert_eq!(conv_from_keras(&counted(&[4, 5, 3, 2])?)?.shape(), [2, 4, 5, 3]);
        assert_eq!(dense_from_keras(&counted(&[2, 3])?)?.as_f32(), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        Ok(())
    }

    #[test]
    fn depthwise_kernels_put_the_channel_last() -> Result<()> {
        let ours = depthwise_from_torch(&counted(&[2, 1, 1, 3])?)?;
        assert_eq!(ours.shape(), [1, 3, 2]);
        assert_eq!(ours.as_f32(), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert!(depthwise_from_torch(&counted(&[2, 2, 1, 3])?).is_err());
        assert_eq!(depthwise_from_keras(&counted(&[3, 3, 2, 1])?)?.shape(), [3, 3, 2]);
        assert!(permute(&counted(&[2, 3])?, &[0, 0]).is_err());
        Ok(())
    }
}
