//! Dense arrays that weights, inputs and outputs are made of.

use crate::blocks::Blocks;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Element type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DType {
    /// 32-bit float.
    F32,
    /// 32-bit integer: token ids, class labels.
    I32,
}

/// Elements of a [`Tensor`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Data<'a> {
    /// Floats.
    F32(&'a [f32]),
    /// Integers.
    I32(&'a [i32]),
}

/// A dense row-major array. Clones and [`Tensor::rows`] share their elements until one of them is changed.
#[derive(Debug, Clone)]
pub struct Tensor {
    shape: Vec<usize>,
    elements: Elements,
    version: u64,
}

#[derive(Debug, Clone)]
enum Elements {
    F32(Part<f32>),
    I32(Part<i32>),
    /// Floats in four bits.
    Blocks(Arc<Blocks>),
}

/// A stretch of an array that may have several owners.
#[derive(Debug, Clone)]
struct Part<T> {
    all: Arc<Vec<T>>,
    range: Range<usize>,
}

impl<T: Copy> Part<T> {
    fn whole(all: Vec<T>) -> Part<T> {
        Part { range: 0..all.len(), all: Arc::new(all) }
    }

    fn get(&self) -> &[T] {
        &self.all[self.range.clone()]
    }

    /// The stretch, to change: copied first where the array has other owners.
    fn get_mut(&mut self) -> &mut [T] {
        if Arc::get_mut(&mut self.all).is_none() {
            *self = Part::whole(self.get().to_vec());
        }
        // The only owner by now, so nothing is copied here.
        &mut Arc::make_mut(&mut self.all)[self.range.clone()]
    }

    /// Elements of a stretch within this one.
    fn part(&self, range: Range<usize>) -> Part<T> {
        Part { all: self.all.clone(), range: self.range.start + range.start..self.range.start + range.end }
    }
}

/// Chosen rows of `all`.
fn take<T: Copy>(all: &[T], width: usize, rows: &[usize]) -> Part<T> {
    Part::whole(rows.iter().flat_map(|&r| &all[r * width..(r + 1) * width]).copied().collect())
}

/// Shape and elements decide, not the version.
impl PartialEq for Tensor {
    fn eq(&self, other: &Tensor) -> bool {
        self.shape == other.shape && self.data() == other.data()
    }
}

impl Tensor {
    /// Floats in row-major order. The number of elements must be the product of `shape`.
    pub fn f32(shape: &[usize], data: Vec<f32>) -> Result<Tensor> {
        check(shape, data.len())?;
        Ok(Tensor { shape: shape.to_vec(), elements: Elements::F32(Part::whole(data)), version: version() })
    }

    /// Integers in row-major order. The number of elements must be the product of `shape`.
    pub fn i32(shape: &[usize], data: Vec<i32>) -> Result<Tensor> {
        check(shape, data.len())?;
        Ok(Tensor { shape: shape.to_vec(), elements: Elements::I32(Part::whole(data)), version: version() })
    }

    /// Floats in blocks of four bits (see [`Blocks`]), rows one after another; they become f32 as a whole only where more than single rows are asked for.
    pub fn blocks(shape: &[usize], bytes: Vec<u8>) -> Result<Tensor> {
        let blocks = Blocks::new(bytes);
        check(shape, blocks.len())?;
        Ok(Tensor { shape: shape.to_vec(), elements: Elements::Blocks(Arc::new(blocks)), version: version() })
    }

    /// The elements in four bits, where they are kept so.
    pub fn as_blocks(&self) -> Option<&Blocks> {
        match &self.elements {
            Elements::Blocks(v) => Some(v),
            _ => None,
        }
    }

    /// All elements zero.
    pub fn zeros(shape: &[usize]) -> Tensor {
        Tensor::full(shape, 0.0)
    }

    /// All elements `value`.
    pub fn full(shape: &[usize], value: f32) -> Tensor {
        let data = vec![value; shape.iter().product()];
        Tensor { shape: shape.to_vec(), elements: Elements::F32(Part::whole(data)), version: version() }
    }

    /// Sizes, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Changes whenever the elements may have changed: within a process, tensors of one version hold the same elements.
    /// What is derived from a weight can be kept as long as its version stays.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        match &self.elements {
            Elements::F32(v) => v.range.len(),
            Elements::I32(v) => v.range.len(),
            Elements::Blocks(v) => v.len(),
        }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        match self.elements {
            Elements::F32(_) | Elements::Blocks(_) => DType::F32,
            Elements::I32(_) => DType::I32,
        }
    }

    /// The elements.
    pub fn data(&self) -> Data<'_> {
        match &self.elements {
            Elements::F32(v) => Data::F32(v.get()),
            Elements::I32(v) => Data::I32(v.get()),
            Elements::Blocks(v) => Data::F32(v.whole()),
        }
    }

    /// The elements as floats; empty for an integer tensor.
    pub fn as_f32(&self) -> &[f32] {
        match &self.elements {
            Elements::F32(v) => v.get(),
            Elements::I32(_) => &[],
            Elements::Blocks(v) => v.whole(),
        }
    }

    /// The elements as floats, to change; empty for an integer tensor. They are copied first if another tensor shares
    /// them.
    pub fn as_f32_mut(&mut self) -> &mut [f32] {
        self.version = version();
        if let Elements::Blocks(v) = &self.elements {
            self.elements = Elements::F32(Part::whole(v.whole().to_vec()));
        }
        match &mut self.elements {
            Elements::F32(v) => v.get_mut(),
            Elements::I32(_) | Elements::Blocks(_) => &mut [],
        }
    }

    /// The elements as integers; empty for a float tensor.
    pub fn as_i32(&self) -> &[i32] {
        match &self.elements {
            Elements::I32(v) => v.get(),
            Elements::F32(_) | Elements::Blocks(_) => &[],
        }
    }

    /// The same elements under another shape of the same size.
    pub fn reshape(mut self, shape: &[usize]) -> Result<Tensor> {
        check(shape, self.len())?;
        self.shape = shape.to_vec();
        Ok(self)
    }

    /// Chosen rows (entries of the outermost dimension), in the given order.
    pub fn take_rows(&self, rows: &[usize]) -> Tensor {
        let width = self.width();
        let elements = match &self.elements {
            Elements::F32(v) => Elements::F32(take(v.get(), width, rows)),
            Elements::I32(v) => Elements::I32(take(v.get(), width, rows)),
            Elements::Blocks(v) => Elements::F32(take(v.whole(), width, rows)),
        };
        self.with_rows(rows.len(), elements)
    }

    /// Rows that lie side by side, without a copy; fewer where there are not as many.
    pub fn rows(&self, range: Range<usize>) -> Tensor {
        let (width, most) = (self.width(), self.shape.first().copied().unwrap_or(1));
        let end = range.end.min(most);
        let start = range.start.min(end);
        let part = start * width..end * width;
        let elements = match &self.elements {
            Elements::F32(v) => Elements::F32(v.part(part)),
            Elements::I32(v) => Elements::I32(v.part(part)),
            Elements::Blocks(v) => Elements::F32(Part::whole(v.whole()[part].to_vec())),
        };
        self.with_rows(end - start, elements)
    }

    /// Elements of a row.
    fn width(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    fn with_rows(&self, rows: usize, elements: Elements) -> Tensor {
        let mut shape = self.shape.clone();
        if let Some(first) = shape.first_mut() {
            *first = rows;
        }
        Tensor { shape, elements, version: version() }
    }
}

/// A number that was never given out before.
fn version() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

fn check(shape: &[usize], found: usize) -> Result<()> {
    let expected = shape.iter().product();
    if expected == found { Ok(()) } else { Err(Error::Elements { shape: shape.to_vec(), expected, found }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_floats_to_whoever_asks() -> Result<()> {
        let block = |scale: f32, first: u8| {
            let mut bytes = half::f16::from_f32(scale).to_le_bytes().to_vec();
            bytes.extend((0..16).map(|j| ((first + j) % 16) | ((15 - j) << 4)));
            bytes
        };
        let mut table =
            Tensor::blocks(&[2, 64], [block(0.5, 0), block(1.0, 3), block(2.0, 5), block(0.25, 9)].concat())?;
        let mut row = vec![0.0; 64];
        table.as_blocks().unwrap().row(1, &mut row);
        assert_eq!((row[0], row[16], row[32]), (2.0 * -3.0, 2.0 * 7.0, 0.25));
        let whole = Tensor::f32(&[2, 64], table.as_f32().to_vec())?;
        assert_eq!((table.dtype(), table.len(), &whole.as_f32()[64..]), (DType::F32, 128, &row[..]));
        assert_eq!(
            (table.rows(1..2), table.take_rows(&[1, 0])),
            (whole.rows(1..2), whole.take_rows(&[1, 0]))
        );
        assert_eq!(table, whole);
        table.as_f32_mut()[0] = 9.0;
        assert!(
            table.as_blocks().is_none()
                && table.as_f32()[0] == 9.0
                && table.as_f32()[1..] == whole.as_f32()[1..]
        );
        assert!(Tensor::blocks(&[3, 64], block(1.0, 0)).is_err());
        Ok(())
    }

    #[test]
    fn rows_share_elements_until_one_is_changed() -> Result<()> {
        let table = Tensor::f32(&[4, 2], (0..8u8).map(f32::from).collect())?;
        let mut part = table.rows(1..3).rows(1..9);
        assert_eq!((part.shape(), part.as_f32()), (&[1, 2][..], &[4.0, 5.0][..]));
        assert_eq!(part.as_f32().as_ptr(), table.as_f32()[4..].as_ptr());
        assert_eq!(part, table.take_rows(&[2]));
        part.as_f32_mut()[0] = 9.0;
        assert_eq!((part.as_f32(), table.as_f32()[4]), (&[9.0, 5.0][..], 4.0));
        let kept = part.as_f32().as_ptr();
        part.as_f32_mut()[1] = 9.0;
        assert_eq!(part.as_f32().as_ptr(), kept);
        assert!(table.rows(4..4).is_empty() && table.rows(7..9).is_empty());
        assert_eq!(Tensor::i32(&[3], vec![1, 2, 3])?.rows(1..3).as_i32(), [2, 3]);
        Ok(())
    }
}
