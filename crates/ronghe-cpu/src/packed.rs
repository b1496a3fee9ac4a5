//! Weights of dense and convolution layers rearranged as their kernels read them, while they stay the same.
//!
//! In f32 a weight is rearranged when a second run finds it unchanged: training changes its weights with each step and
//! never pays for this, prediction pays once. In other precisions it is rounded and rearranged by the first run. Costs as
//! much memory as the weights, half of it in 16 bits, a quarter in 8.
//!
//! In 8 bits a dense layer behind a layer norm is smoothed by what the norm's weights say of its columns, which needs no data; one
//! behind a GELU, whose few large numbers nothing foretells, is computed in 16.

use crate::buffer::Buffer;
use crate::call::Kept;
use crate::kernels::depthwise_int8::Taps;
use crate::kernels::gemm::narrow::{Format, LONGEST, Weight};
use crate::kernels::gemm::{Mat, Panels};
use crate::step::Step;
use ronghe_graph::{Act, Node, Op, Precision, Tensor, ValueId};

/// Outputs of a layer from which on its product gains more than rounding its input costs.
const LEAST: usize = 64;
/// Standard deviations that numbers behind a layer norm are expected to stay within.
const FAR: f32 = 4.0;

/// One weight as its kernel reads it.
#[derive(Debug)]
pub(crate) struct Packed {
    form: Option<Form>,
    /// Of the layer norm before, among the program's weights: gamma and beta.
    norm: Option<[usize; 2]>,
    /// Of the weight, gamma and beta.
    versions: [Option<u64>; 3],
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
    /// For the weight that `value` is, in a program of these steps and weights.
    pub(crate) fn new(
        value: ValueId,
        steps: &[Step],
        weights: &[(String, ValueId)],
        precision: Precision,
    ) -> Packed {
        let mut packed = Packed { form: None, norm: None, versions: [None; 3], made: Made::Nothing };
        let reads = |node: &&Node| node.inputs.get(1) == Some(&value);
        let Some((step, node)) = steps.iter().find_map(|s| Some((s, s.nodes.iter().find(reads)?))) else {
            return packed;
        };
        // Chains are computed in f32: their products are small, and their values never leave the cache.
        packed.form = form(&node.op, if step.nodes.len() > 1 { Precision::F32 } else { precision });
        if !matches!(packed.form, Some(Form::Narrow(Format::Int8))) {
            return packed;
        }
        let writes = |before: &&Node| before.outputs.first() == node.inputs.first();
        let before = steps.iter().flat_map(|s| &s.nodes).find(writes);
        match before.map(|before| (&before.op, before.inputs.as_slice())) {
            Some((Op::LayerNorm { .. }, [_, gamma, beta])) => {
                let place = |v: &ValueId| weights.iter().position(|(_, weight)| weight == v);
                packed.norm = place(gamma).zip(place(beta)).map(|(gamma, beta)| [gamma, beta]);
            }
            Some((Op::Linear { act: Act::Gelu } | Op::Activate(Act::Gelu), _)) => {
                packed.form = Some(Form::Narrow(Format::Int16));
            }
            _ => {}
        }
        packed
    }

    /// Sees the weights of this run, of which this is the one at `place`.
    pub(crate) fn refresh(&mut self, place: usize, weights: &[&Tensor]) {
        let Some(form) = self.form else { return };
        let weight = weights[place];
        let norm = self.norm.map(|norm| norm.map(|place| weights[place]));
        let versions = [
            Some(weight.version()),
            norm.map(|[gamma, _]| gamma.version()),
            norm.map(|[_, beta]| beta.version()),
        ];
        let same = self.versions == versions;
        self.versions = versions;
        let n = weight.shape()[0];
        let k = weight.len() / n.max(1);
        let floats = weight.as_f32();
        self.made = match (form, &self.made) {
            (Form::Narrow(format), made) if n >= LEAST && k <= LONGEST => match made {
                Made::Narrow(_) if same => return,
                _ => Made::Narrow(match norm {
                    Some([gamma, beta]) => {
                        let numbers = gamma.as_f32().iter().zip(beta.as_f32());
                        let spread: Vec<f32> = numbers.map(|(g, b)| b.abs() + FAR * g.abs()).collect();
                        Weight::smoothed(Mat::new(floats, n, k), format, &spread)
                    }
                    None => Weight::new(Mat::new(floats, n, k), format),
                }),
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
