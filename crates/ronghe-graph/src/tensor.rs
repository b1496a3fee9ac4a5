//! Dense arrays that weights, inputs and outputs are made of.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
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
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Floats.
    F32(Vec<f32>),
    /// Integers.
    I32(Vec<i32>),
}

/// A dense row-major array.
#[derive(Debug, Clone)]
pub struct Tensor {
    shape: Vec<usize>,
    data: Data,
    version: u64,
}

/// Shape and elements decide, not the version.
impl PartialEq for Tensor {
    fn eq(&self, other: &Tensor) -> bool {
        self.shape == other.shape && self.data == other.data
    }
}

impl Tensor {
    /// Floats in row-major order. The number of elements must be the product of `shape`.
    pub fn f32(shape: &[usize], data: Vec<f32>) -> Result<Tensor> {
        check(shape, data.len())?;
        Ok(Tensor { shape: shape.to_vec(), data: Data::F32(data), version: version() })
    }

    /// Integers in row-major order. The number of elements must be the product of `shape`.
    pub fn i32(shape: &[usize], data: Vec<i32>) -> Result<Tensor> {
        check(shape, data.len())?;
        Ok(Tensor { shape: shape.to_vec(), data: Data::I32(data), version: version() })
    }

    /// All elements zero.
    pub fn zeros(shape: &[usize]) -> Tensor {
        Tensor::full(shape, 0.0)
    }

    /// All elements `value`.
    pub fn full(shape: &[usize], value: f32) -> Tensor {
        let data = Data::F32(vec![value; shape.iter().product()]);
        Tensor { shape: shape.to_vec(), data, version: version() }
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
        match &self.data {
            Data::F32(v) => v.len(),
            Data::I32(v) => v.len(),
        }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        match self.data {
            Data::F32(_) => DType::F32,
            Data::I32(_) => DType::I32,
        }
    }

    /// The elements.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The elements as floats; empty for an integer tensor.
    pub fn as_f32(&self) -> &[f32] {
        match &self.data {
            Data::F32(v) => v,
            Data::I32(_) => &[],
        }
    }

    /// The elements as floats, to change; empty for an integer tensor.
    pub fn as_f32_mut(&mut self) -> &mut [f32] {
        self.version = version();
        match &mut self.data {
            Data::F32(v) => v,
            Data::I32(_) => &mut [],
        }
    }

    /// The elements as integers; empty for a float tensor.
    pub fn as_i32(&self) -> &[i32] {
        match &self.data {
            Data::I32(v) => v,
            Data::F32(_) => &[],
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
        let width: usize = self.shape.iter().skip(1).product();
        let mut shape = self.shape.clone();
        if let Some(first) = shape.first_mut() {
            *first = rows.len();
        }
        let data = match &self.data {
            Data::F32(v) => {
                Data::F32(rows.iter().flat_map(|&r| &v[r * width..(r + 1) * width]).copied().collect())
            }
            Data::I32(v) => {
                Data::I32(rows.iter().flat_map(|&r| &v[r * width..(r + 1) * width]).copied().collect())
            }
        };
        Tensor { shape, data, version: version() }
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
