//! Operations that only move elements. `O(elements)` each, formulas in [`Op`].

use crate::call::Call;
use crate::threads;
use ronghe_graph::{Error, Op, Result};

/// Computes one operation that moves elements.
pub(crate) fn run(call: &mut Call) -> Result<()> {
    let op = call.op;
    let width = call.outputs[0].shape.last().copied().unwrap_or(1);
    let out = &mut *call.outputs[0].data;
    match (op, call.inputs) {
        (Op::Concat, parts) => threads::rows(out, width, width, |first, out| {
            for (n, row) in out.chunks_exact_mut(width).enumerate() {
                let mut start = 0;
                for part in parts {
                    let len = part.last();
                    row[start..start + len].copy_from_slice(&part.f32()[(first + n) * len..][..len]);
                    start += len;
                }
            }
        }),
        (Op::Slice { start, .. }, [x]) => {
            let (from, x) = (x.last(), x.f32());
            threads::rows(out, width, width, |first, out| {
                for (n, row) in out.chunks_exact_mut(width).enumerate() {
                    row.copy_from_slice(&x[(first + n) * from + start..][..width]);
                }
            });
        }
        (Op::SliceGrad { start, .. }, [dy]) => {
            let (len, dy) = (dy.last(), dy.f32());
            threads::rows(out, width, width, |first, out| {
                for (n, row) in out.chunks_exact_mut(width).enumerate() {
                    row.fill(0.0);
                    row[*start..start + len].copy_from_slice(&dy[(first + n) * len..][..len]);
                }
            });
        }
        (Op::Reshape { .. }, [x]) => out.copy_from_slice(x.f32()),
        (op, inputs) => return Err(Error::Arity { op: op.name(), expected: 1, found: inputs.len() }),
    }
    Ok(())
}
