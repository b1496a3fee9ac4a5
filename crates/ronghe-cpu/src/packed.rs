//! Weights of dense and convolution layers rearranged as their kernels read them, while they stay the same.
//!
//! In f32 a weight is rearranged when a second run finds it unchanged: training changes its weights with each step and
//! never pays for this, prediction pays once. In other precisions it is rounded and rearranged by the first run. Costs as
//! much memory as the weights, half of it in 16 bits, a quarter in 8.

use crate::buffer::Buffer;
use crate::call::Kept;
use crate::kernels::depthwise_int8::Taps;
use crate::kernels::gemm::narrow::{Format, LONGEST, Weight};
use crate::kernels::gemm::{Mat, Panels};
use crate::step::Step;
use ronghe_graph::{Op, Precision, Tensor, ValueId};

/// Outputs of a layer from which on its product gains more than rounding its input costs.
const LEAST: usize = 64;

/// One weight as its kernel reads it.
#[derive(Debug)]
pub(crate) struct Packed {
    form: Option<Form>,
    version: Option<u64>,
    made: Made,
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Panels,
    Narrow(Format),
    Taps,
}

#[derive(Debug)]
enum Made {
    Nothing,
    Panels(Buffer),
    Narrow(Weight),
    Taps(Taps),
}

impl Packed {
    /// For the weight that `value` is, in a program of these steps.
    pub(crate) fn new(value: ValueId, steps: &[Step], precision: Precision) -> Packed {
        let form = steps.iter().find_map(|step| {
            let node = step.nodes.iter().find(|node| node.inputs.get(1) == Some(&value))?;
            // Chains are computed in f32: their products are small, and their values never leave the cache.
            form(&node.op, if step.nodes.len() > 1 { Precision::F32 } else { precision })
        });
        Packed { form, version: None, made: Made::Nothing }
    }

    /// Sees the weight of this run.
    pub(crate) fn refresh(&mut self, weight: &Tensor) {
        let Some(form) = self.form else { return };
        let same = self.version == Some(weight.version());
        self.version = Some(weight.version());
        let n = weight.shape()[0];
        let k = weight.len() / n.max(1);
        let floats = weight.as_f32();
        self.made = match (form, &self.made) {
            (Form::Narrow(format), made) if n >= LEAST && k <= LONGEST => match made {
                Made::Narrow(_) if same => return,
                _ => Made::Narrow(Weight::new(Mat::new(floats, n, k), format)),
            },
            (Form::Taps, Made::Taps(_)) if same => return,
            (Form::Taps, _) => Made::Taps(Taps::new(floats, weight.shape().last().copied().unwrap_or(1))),
            (_, Made::Panels(_)) if same => return,
            _ if same => {
                let mut panels = Buffer::new(Panels::size(k, n));
                Panels::pack(Mat::new(floats, n, k).t(), &mut panels);
                Made::Panels(panels)
            }
            _ => Made::Nothing,
        };
    }

    /// What is kept of the weight of this run.
    pub(crate) fn kept(&self) -> Option<Kept<'_>> {
        match &self.made {
            Made::Nothing => None,
            Made::Panels(panels) => Some(Kept::Panels(panels)),
            Made::Narrow(weight) => Some(Kept::Narrow(weight)),
            Made::Taps(taps) => Some(Kept::Taps(taps)),
        }
    }
}

/// How an operation reads its weight, where that is not as it lies.
fn form(op: &Op, precision: Precision) -> Option<Form> {
    let narrow = match precision {
        Precision::F32 => None,
        Precision::Bf16 => Some(Form::Narrow(Format::Bf16)),
        Precision::Int16 => Some(Form::Narrow(Format::Int16)),
        Precision::Int8 => Some(Form::Narrow(Format::Int8)),
    };
    match op {
        Op::Linear { .. } => narrow.or(Some(Form::Panels)),
        Op::Conv2d { window, .. } if window.is_pointwise() => narrow.or(Some(Form::Panels)),
        Op::Conv2d { .. } => Some(Form::Panels),
        Op::Depthwise { .. } if precision == Precision::Int8 => Some(Form::Taps),
        _ => None,
    }
}
