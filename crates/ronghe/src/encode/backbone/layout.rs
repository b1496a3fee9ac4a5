//! How a framework names a network's tensors, and in which order of dimensions it keeps them.

use super::{Pixels, Style};
use ronghe_graph::weights::layout::{
    conv_from_keras, conv_from_torch, dense_from_keras, depthwise_from_keras, depthwise_from_torch,
};
use ronghe_graph::{DType, Error, Result, Shape, Tensor, Weights};

/// One layout of the files of one network.
#[derive(Debug)]
pub struct Layout {
    /// Whose it is, for people.
    pub name: &'static str,
    /// Tensors that together tell a file of this layout and network from all others.
    pub(super) marks: &'static [&'static str],
    /// How the names of the trunk's tensors begin: one without a place in the network is an error, while heads of any
    /// task may stand beside.
    pub(super) own: &'static [&'static str],
    pub(super) order: Order,
    /// Whose habits go with such a file.
    pub(super) style: Style,
    /// The file's name of a tensor of ours with so many dimensions.
    pub(super) theirs: fn(&str, usize) -> String,
    /// Brings a tensor of another shape to ours, where that makes sense.
    pub(super) adapt: Option<Adapt>,
    /// Tensors of ours that the file keeps as one, row below row.
    pub(super) part: Option<Part>,
    /// Pixels that only files of this layout have.
    pub(super) pixels: Option<OwnPixels>,
}

/// Of our tensor `name`: which part of the file's tensor it is, and of how many.
pub(super) type Part = fn(name: &str) -> Option<(usize, usize)>;

/// Pixels whose colours come in the order blue, green, red.
#[derive(Debug)]
pub(super) struct OwnPixels {
    /// Their scale, of red, green, blue.
    pub(super) scale: Pixels,
    /// Our first convolution: it is given red, green, blue instead.
    pub(super) first: &'static str,
}

/// The tensor `name` brought to the shape expected, if it can be.
pub(super) type Adapt = fn(name: &str, tensor: &Tensor, expected: &[usize]) -> Result<Option<Tensor>>;

/// Order of dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Convolutions `[O, C, KH, KW]`, depthwise `[C, 1, KH, KW]`, dense `[O, I]`.
    Torch,
    /// Convolutions `[KH, KW, C, O]`, depthwise `[KH, KW, C, 1]`, dense `[I, O]`.
    Keras,
}

/// The names of a file that has ours.
pub(super) fn same_name(name: &str, _rank: usize) -> String {
    name.to_owned()
}

/// The stage of the block `index`, counted over all stages, and its place there.
pub(super) fn stage_and_block(
    blocks: impl Iterator<Item = usize>,
    mut index: usize,
) -> Option<(usize, usize)> {
    for (stage, blocks) in blocks.enumerate() {
        match index.checked_sub(blocks) {
            Some(rest) => index = rest,
            None => return Some((stage, index)),
        }
    }
    None
}

impl Layout {
    /// What stands before the names of this layout in a file (`state_dict.module.`, `vit.`); `None` if the file is not of
    /// this layout.
    pub(super) fn prefix<'w>(&self, weights: &'w Weights) -> Option<&'w str> {
        let (first, others) = self.marks.split_first()?;
        let before = |name: &'w str| name.strip_suffix(first).filter(|p| p.is_empty() || p.ends_with('.'));
        let prefix = weights.iter().filter_map(|(name, _)| before(name)).min_by_key(|p| p.len())?;
        others.iter().all(|mark| weights.get(&format!("{prefix}{mark}")).is_some()).then_some(prefix)
    }

    /// Our tensor `name` of `shape`, out of a file's weights with names of this layout.
    pub(super) fn take(&self, weights: &Weights, name: &str, shape: &[usize]) -> Result<(String, Tensor)> {
        let theirs = (self.theirs)(name, shape.len());
        let part = self.part.and_then(|part| part(name));
        let mut expected = self.order.theirs(shape);
        if let (Some((_, of)), Some(rows)) = (part, expected.first_mut()) {
            *rows *= of;
        }
        let Some(tensor) = weights.get(&theirs) else {
            return Err(Error::MissingWeight {
                name: theirs,
                expected: Shape::fixed(&expected),
                similar: Vec::new(),
            });
        };
        if tensor.dtype() != DType::F32 || !tensor.as_f32().iter().all(|v| v.is_finite()) {
            return Err(Error::Shape {
                op: "weights",
                expected: format!("`{theirs}` of finite floating-point numbers"),
                found: "others".into(),
            });
        }
        if let Some((index, _)) = part {
            if tensor.shape() == expected {
                return Ok((theirs, rows(tensor, index, shape)?));
            }
        } else if self.order.fits(tensor.shape(), shape) {
            let tensor = self.order.ours(tensor, shape)?;
            let turned = self.pixels.as_ref().is_some_and(|own| format!("{}.weight", own.first) == name);
            return Ok((theirs, if turned { last_reversed(&tensor)? } else { tensor }));
        }
        if let Some(adapt) = self.adapt
            && let Some(tensor) = adapt(name, tensor, shape)?
        {
            return Ok((theirs, tensor));
        }
        Err(Error::WeightShape {
            name: theirs,
            expected: Shape::fixed(&expected),
            found: tensor.shape().to_vec(),
        })
    }
}

impl Order {
    /// The shape in a file of a tensor of ours.
    fn theirs(self, ours: &[usize]) -> Vec<usize> {
        match (self, ours) {
            (Order::Torch, &[o, h, w, c]) => vec![o, c, h, w],
            (Order::Torch, &[h, w, c]) => vec![c, 1, h, w],
            (Order::Keras, &[o, h, w, c]) => vec![h, w, c, o],
            (Order::Keras, &[h, w, c]) => vec![h, w, c, 1],
            (Order::Keras, &[o, i]) => vec![i, o],
            _ => ours.to_vec(),
        }
    }

    /// Whether a tensor of shape `found` in a file can be ours. Embeddings may have dimensions of one in front.
    fn fits(self, found: &[usize], ours: &[usize]) -> bool {
        let expected = self.theirs(ours);
        let extra = found.len().saturating_sub(expected.len());
        found[extra..] == expected && found[..extra].iter().all(|&d| d == 1)
    }

    fn ours(self, tensor: &Tensor, ours: &[usize]) -> Result<Tensor> {
        match (self, ours.len()) {
            (Order::Torch, 4) => conv_from_torch(tensor),
            (Order::Torch, 3) => depthwise_from_torch(tensor),
            (Order::Keras, 4) => conv_from_keras(tensor),
            (Order::Keras, 3) => depthwise_from_keras(tensor),
            (Order::Keras, 2) => dense_from_keras(tensor),
            _ => tensor.clone().reshape(ours),
        }
    }

    /// Output channels of a convolution of this shape.
    pub(super) fn outputs(self, shape: &[usize]) -> Option<usize> {
        match (self, shape) {
            (Order::Torch, &[o, _, _, _]) | (Order::Keras, &[_, _, _, o]) => Some(o),
            _ => None,
        }
    }
}

/// The part `index` of a tensor that is cut into parts of `shape` along its rows.
fn rows(tensor: &Tensor, index: usize, shape: &[usize]) -> Result<Tensor> {
    let len: usize = shape.iter().product();
    Tensor::f32(shape, tensor.as_f32()[index * len..][..len].to_vec())
}

/// The tensor with its last dimension backwards.
fn last_reversed(tensor: &Tensor) -> Result<Tensor> {
    let last = tensor.shape().last().copied().unwrap_or(1).max(1);
    let turned = tensor.as_f32().chunks_exact(last).flat_map(|row| row.iter().rev().copied()).collect();
    Tensor::f32(tensor.shape(), turned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_order_says_what_it_expects() {
        assert_eq!(Order::Torch.theirs(&[8, 3, 5, 2]), [8, 2, 3, 5]);
        assert_eq!(Order::Torch.theirs(&[3, 5, 2]), [2, 1, 3, 5]);
        assert_eq!(Order::Keras.theirs(&[8, 3, 5, 2]), [3, 5, 2, 8]);
        assert_eq!(Order::Keras.theirs(&[3, 5, 2]), [3, 5, 2, 1]);
        assert!(Order::Torch.fits(&[1, 1, 4], &[4]) && !Order::Torch.fits(&[2, 4], &[4]));
        assert_eq!(Order::Keras.outputs(&[3, 3, 2, 8]), Some(8));
    }

    #[test]
    fn fused_rows_come_apart_and_channels_turn() -> Result<()> {
        let fused = Tensor::f32(&[4, 2], (0..8).map(|v| v as f32).collect())?;
        assert_eq!(rows(&fused, 1, &[2, 2])?.as_f32(), [4.0, 5.0, 6.0, 7.0]);
        assert_eq!(last_reversed(&fused)?.as_f32(), [1.0, 0.0, 3.0, 2.0, 5.0, 4.0, 7.0, 6.0]);
        Ok(())
    }

    #[test]
    fn blocks_are_counted_through_the_stages() {
        let at = |index| stage_and_block([1, 2, 3].into_iter(), index);
        assert_eq!([at(0), at(1), at(3), at(6)], [Some((0, 0)), Some((1, 0)), Some((2, 0)), None]);
    }
}
