//! Kernels to come.

use crate::call::Call;
use ronghe_graph::{Error, Result};

pub(crate) fn run(call: &mut Call) -> Result<()> {
    Err(Error::NoGradient { op: call.op.name() })
}

/// Applies an activation in place. Other kernels fuse it into their output.
pub(crate) fn activate(act: ronghe_graph::Act, x: &mut [f32]) {
    use ronghe_graph::Act;
    match act {
        Act::Identity => {}
        Act::Relu => x.iter_mut().for_each(|v| *v = v.max(0.0)),
        Act::Relu6 => x.iter_mut().for_each(|v| *v = v.clamp(0.0, 6.0)),
        Act::Tanh => x.iter_mut().for_each(|v| *v = v.tanh()),
        Act::Sigmoid => x.iter_mut().for_each(|v| *v = 1.0 / (1.0 + (-*v).exp())),
        Act::Silu => x.iter_mut().for_each(|v| *v /= 1.0 + (-*v).exp()),
        Act::Gelu => {
            // Replaced by the erf form when this family's file arrives.
            x.iter_mut()
                .for_each(|v| *v *= 0.5 * (1.0 + (0.797_884_6 * (*v + 0.044_715 * *v * *v * *v)).tanh()));
        }
    }
}
