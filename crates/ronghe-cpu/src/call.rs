//! What a kernel is given: one operation, its inputs and its outputs, with their sizes.

use crate::kernels::depthwise_int8::Taps;
use crate::kernels::gemm::narrow;
use ronghe_graph::{Blocks, Error, Op, Result};

/// One operation to compute. `inputs` are in the order in which [`Op`] documents them.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) op: &'a Op,
    pub(crate) inputs: &'a [Arg<'a>],
    pub(crate) outputs: &'a mut [Out<'a>],
    /// Seed of the run, for dropout.
    pub(crate) seed: u64,
}

/// One input.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Data<'a> {
    /// Floats.
    F32(&'a [f32]),
    /// Token ids or labels.
    I32(&'a [i32]),
    /// Floats in four bits; given to an embedding only.
    Blocks(&'a Blocks),
}

/// An input with its sizes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arg<'a> {
    pub(crate) shape: &'a [usize],
    pub(crate) data: Data<'a>,
    /// The elements of a weight of a dense or convolution layer rearranged, where they are kept so.
    pub(crate) kept: Option<Kept<'a>>,
}

/// A weight rearranged for the kernel that reads it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kept<'a> {
    /// In panels of floats.
    Panels(&'a [f32]),
    /// In panels of bf16, int16 or int8.
    Narrow(&'a narrow::Weight),
    /// Of a depthwise convolution, in int8.
    Taps(&'a Taps),
}

/// An output with its sizes. Its contents before the kernel runs are arbitrary.
#[derive(Debug)]
pub(crate) struct Out<'a> {
    pub(crate) shape: &'a [usize],
    pub(crate) data: &'a mut [f32],
}

impl<'a> Call<'a> {
    /// The first `I` inputs (optional ones come after) and all outputs.
    pub(crate) fn parts<const I: usize, const O: usize>(
        &mut self,
    ) -> Result<(&'a [Arg<'a>; I], &mut [Out<'a>; O])> {
        let (found, op) = (self.inputs.len(), self.op.name());
        match (self.inputs.first_chunk(), (&mut *self.outputs).try_into().ok()) {
            (Some(inputs), Some(outputs)) => Ok((inputs, outputs)),
            _ => Err(Error::Arity { op, expected: I, found }),
        }
    }
}

impl<'a> Arg<'a> {
    /// The floats; shape inference has checked the type.
    pub(crate) fn f32(&self) -> &'a [f32] {
        match self.data {
            Data::F32(v) => v,
            Data::I32(_) | Data::Blocks(_) => &[],
        }
    }

    /// The integers; shape inference has checked the type.
    pub(crate) fn i32(&self) -> &'a [i32] {
        match self.data {
            Data::I32(v) => v,
            Data::F32(_) | Data::Blocks(_) => &[],
        }
    }

    /// Innermost size.
    pub(crate) fn last(&self) -> usize {
        self.shape.last().copied().unwrap_or(1)
    }

    /// Product of all but the innermost size.
    pub(crate) fn rows(&self) -> usize {
        self.shape.iter().rev().skip(1).product()
    }
}
