//! Weights of dense and convolution layers kept in panels, as the matrix products read them, while they stay the same.
//!
//! A weight is rearranged when a second run finds it unchanged: training changes its weights with each step and never
//! pays for this, prediction pays once. Costs as much memory as the weights.

use crate::buffer::Buffer;
use crate::kernels::gemm::{Mat, Panels};
use crate::step::Step;
use ronghe_graph::{Node, Op, Tensor, ValueId};

/// The panels of one weight.
#[derive(Debug, Default)]
pub(crate) struct Packed {
    wanted: bool,
    version: Option<u64>,
    panels: Buffer,
}

impl Packed {
    /// For the weight that `value` is, in a program of these steps.
    pub(crate) fn new(value: ValueId, steps: &[Step]) -> Packed {
        let reads = |node: &Node| {
            matches!(node.op, Op::Linear { .. } | Op::Conv2d { .. }) && node.inputs.get(1) == Some(&value)
        };
        Packed { wanted: steps.iter().flat_map(|s| &s.nodes).any(reads), ..Packed::default() }
    }

    /// Sees the weight of this run.
    pub(crate) fn refresh(&mut self, weight: &Tensor) {
        if !self.wanted {
            return;
        }
        if self.version != Some(weight.version()) {
            self.version = Some(weight.version());
            self.panels = Buffer::default();
        } else if self.panels.is_empty() {
            let n = weight.shape()[0];
            let k = weight.len() / n.max(1);
            self.panels = Buffer::new(Panels::size(k, n));
            Panels::pack(Mat::new(weight.as_f32(), n, k).t(), &mut self.panels);
        }
    }

    /// The panels, if the weight of this run is kept so.
    pub(crate) fn panels(&self) -> Option<&[f32]> {
        (!self.panels.is_empty()).then_some(&*self.panels)
    }
}
