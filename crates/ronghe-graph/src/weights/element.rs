//! Element types of weight files, brought to the two that we compute with: floats to f32, integers to i32.

use crate::Tensor;
use half::{bf16, f16};

/// Largest number of dimensions of a weight.
pub(super) const MAX_RANK: usize = 8;

/// Element type in a file, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    F64,
    F32,
    F16,
    Bf16,
    I64,
    I32,
    I16,
    I8,
    U8,
    Bool,
}

impl Element {
    /// Bytes of one element.
    pub(super) fn size(self) -> usize {
        match self {
            Element::F64 | Element::I64 => 8,
            Element::F32 | Element::I32 => 4,
            Element::F16 | Element::Bf16 | Element::I16 => 2,
            Element::I8 | Element::U8 | Element::Bool => 1,
        }
    }

    /// Whether elements are floats.
    pub(super) fn is_float(self) -> bool {
        matches!(self, Element::F64 | Element::F32 | Element::F16 | Element::Bf16)
    }

    /// A tensor from little-endian bytes, or what is wrong with them.
    pub(super) fn tensor(self, shape: &[usize], bytes: &[u8]) -> Result<Tensor, String> {
        let expected = elements(shape).and_then(|n| n.checked_mul(self.size()));
        if expected != Some(bytes.len()) {
            return Err(format!("shape {shape:?} of {self:?} does not fit {} bytes", bytes.len()));
        }
        let made = if self.is_float() {
            let data = match self {
                Element::F64 => each(bytes, |b| f64::from_le_bytes(b) as f32),
                Element::F16 => each(bytes, |b| f16::from_le_bytes(b).to_f32()),
                Element::Bf16 => each(bytes, |b| bf16::from_le_bytes(b).to_f32()),
                _ => each(bytes, f32::from_le_bytes),
            };
            Tensor::f32(shape, data)
        } else {
            let data = match self {
                Element::I64 => {
                    let wide: Vec<i64> = each(bytes, i64::from_le_bytes);
                    let narrow: Result<Vec<i32>, _> = wide.iter().map(|&v| i32::try_from(v)).collect();
                    narrow.map_err(|_| "an integer needs more than 32 bits".to_owned())?
                }
                Element::I16 => each(bytes, |b| i32::from(i16::from_le_bytes(b))),
                Element::I8 => each(bytes, |b| i32::from(i8::from_le_bytes(b))),
                Element::U8 | Element::Bool => bytes.iter().map(|&b| i32::from(b)).collect(),
                _ => each(bytes, i32::from_le_bytes),
            };
            Tensor::i32(shape, data)
        };
        made.map_err(|e| e.to_string())
    }
}

/// Product of the dimensions, if the rank is sane and it does not overflow.
pub(super) fn elements(shape: &[usize]) -> Option<usize> {
    if shape.len() > MAX_RANK {
        return None;
    }
    shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d))
}

fn each<const N: usize, T>(bytes: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes
        .chunks_exact(N)
        .map(|chunk| {
            let mut one = [0; N];
            one.copy_from_slice(chunk);
            read(one)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_reads_one_and_minus_two() -> Result<(), String> {
        let bytes = |e: Element| -> Vec<u8> {
            match e {
                Element::F64 => [1f64.to_le_bytes(), (-2f64).to_le_bytes()].concat(),
                Element::F32 => [1f32.to_le_bytes(), (-2f32).to_le_bytes()].concat(),
                Element::F16 => [f16::ONE.to_le_bytes(), f16::from_f32(-2.0).to_le_bytes()].concat(),
                Element::Bf16 => [bf16::ONE.to_le_bytes(), bf16::from_f32(-2.0).to_le_bytes()].concat(),
                Element::I64 => [1i64.to_le_bytes(), (-2i64).to_le_bytes()].concat(),
                Element::I32 => [1i32.to_le_bytes(), (-2i32).to_le_bytes()].concat(),
                Element::I16 => [1i16.to_le_bytes(), (-2i16).to_le_bytes()].concat(),
                Element::I8 | Element::U8 | Element::Bool => vec![1, 254],
            }
        };
        for e in [Element::F64, Element::F32, Element::F16, Element::Bf16] {
            assert_eq!(e.tensor(&[2], &bytes(e))?.as_f32(), [1.0, -2.0], "{e:?}");
        }
        for e in [Element::I64, Element::I32, Element::I16, Element::I8] {
            assert_eq!(e.tensor(&[2, 1], &bytes(e))?.as_i32(), [1, -2], "{e:?}");
        }
        assert!(Element::I64.tensor(&[1], &i64::MAX.to_le_bytes()).is_err());
        Ok(())
    }

    #[test]
    fn shapes_that_lie_are_refused() {
        assert!(Element::F32.tensor(&[3], &[0; 8]).is_err());
        assert!(Element::F32.tensor(&[usize::MAX, 2], &[0; 8]).is_err());
        assert!(Element::U8.tensor(&[1; 9], &[0]).is_err());
    }
}
