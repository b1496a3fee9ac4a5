//! Elementwise operations and products by row: `O(elements)` each, formulas in [`Op`].

use crate::call::{Arg, Call};
use crate::kernels::{math, multiversion};
use crate::threads;
use ronghe_graph::{Act, Error, Op, Result};

/// Computes one elementwise operation.
pub(crate) fn run(call: &mut Call) -> Result<()> {
    let op = call.op;
    let out = &mut *call.outputs[0].data;
    match (op, call.inputs) {
        (Op::Activate(act), [x]) => {
            let x = x.f32();
            threads::rows(out, 1, cost(*act), |i, out| map(*act, &x[i..][..out.len()], out));
        }
        (Op::ActivateGrad(act), [x, dy]) => {
            let (x, dy) = (x.f32(), dy.f32());
            threads::rows(out, 1, cost(*act), |i, out| {
                map_slope(*act, &x[i..][..out.len()], &dy[i..][..out.len()], out);
            });
        }
        (Op::Add, [a, b]) => broadcast(a.f32(), b.f32(), out, add),
        (Op::Mul, [a, b]) => broadcast(a.f32(), b.f32(), out, mul),
        (Op::Affine { scale, offset }, [x]) => {
            let x = x.f32();
            threads::rows(out, 1, 1, |i, out| affine(*scale, *offset, &x[i..][..out.len()], out));
        }
        (Op::ScaleRows, [x, s]) => {
            let (width, x, s) = (width(x), x.f32(), s.f32());
            threads::rows(out, width, width, |first, out| {
                for (n, row) in out.chunks_exact_mut(width).enumerate() {
                    affine(s[first + n], 0.0, &x[(first + n) * width..][..width], row);
                }
            });
        }
        (Op::RowDot, [a, b]) => {
            let (width, a, b) = (width(a), a.f32(), b.f32());
            threads::rows(out, 1, width, |first, out| {
                let rows = first * width..(first + out.len()) * width;
                row_dot(width, &a[rows.clone()], &b[rows], out);
            });
        }
        (Op::Select, [present, x, learned]) => {
            let (width, present, x, learned) = (width(x), present.f32(), x.f32(), learned.f32());
            threads::rows(out, width, width, |first, out| {
                for (n, row) in out.chunks_exact_mut(width).enumerate() {
                    let n = first + n;
                    row.copy_from_slice(if present[n] == 0.0 { learned } else { &x[n * width..][..width] });
                }
            });
        }
        (op, inputs) => return Err(Error::Arity { op: op.name(), expected: 2, found: inputs.len() }),
    }
    Ok(())
}

/// Runs `$body` with the constant `$k` set to the activation that `$act` is, so that its loop is compiled for it.
macro_rules! with_act {
    ($act:expr, $k:ident, $body:expr) => {
        with_act!(@ $act, $k, $body, Identity Relu Relu6 Gelu Silu Tanh Sigmoid)
    };
    (@ $act:expr, $k:ident, $body:expr, $($kind:ident)*) => {
        match $act {
            $(Act::$kind => {
                const $k: Act = Act::$kind;
                $body
            })*
        }
    };
}
pub(crate) use with_act;

multiversion! {
    /// Applies an activation in place. Other kernels fuse it into their output.
    pub(crate) fn activate(act: Act, x: &mut [f32]) {
        if act != Act::Identity {
            with_act!(act, K, for v in x.iter_mut() {
                *v = math::act(K, *v);
            });
        }
    }
}

multiversion! {
    fn map(act: Act, x: &[f32], out: &mut [f32]) {
        with_act!(act, K, for (y, &v) in out.iter_mut().zip(x) {
            *y = math::act(K, v);
        });
    }
}

multiversion! {
    fn map_slope(act: Act, x: &[f32], dy: &[f32], out: &mut [f32]) {
        with_act!(act, K, for ((dx, &v), &d) in out.iter_mut().zip(x).zip(dy) {
            *dx = d * math::act_slope(K, v);
        });
    }
}

multiversion! {
    fn add(a: &[f32], b: &[f32], out: &mut [f32]) {
        for ((y, a), b) in out.iter_mut().zip(a).zip(b) {
            *y = a + b;
        }
    }
}

multiversion! {
    /// `out += a`
    pub(crate) fn add_to(a: &[f32], out: &mut [f32]) {
        for (y, a) in out.iter_mut().zip(a) {
            *y += a;
        }
    }
}

multiversion! {
    fn mul(a: &[f32], b: &[f32], out: &mut [f32]) {
        for ((y, a), b) in out.iter_mut().zip(a).zip(b) {
            *y = a * b;
        }
    }
}

multiversion! {
    pub(crate) fn affine(scale: f32, offset: f32, x: &[f32], out: &mut [f32]) {
        for (y, x) in out.iter_mut().zip(x) {
            *y = scale * x + offset;
        }
    }
}

multiversion! {
    fn row_dot(width: usize, a: &[f32], b: &[f32], out: &mut [f32]) {
        for (n, y) in out.iter_mut().enumerate() {
            let row = n * width..(n + 1) * width;
            *y = math::dot(&a[row.clone()], &b[row]);
        }
    }
}

/// `out = f(a, b)` with `b` repeated along the leading dimensions of `a`.
fn broadcast(a: &[f32], b: &[f32], out: &mut [f32], f: impl Fn(&[f32], &[f32], &mut [f32]) + Sync) {
    let width = b.len();
    if width == a.len() {
        return threads::rows(out, 1, 1, |i, out| f(&a[i..][..out.len()], &b[i..][..out.len()], out));
    }
    threads::rows(out, width, width, |first, out| {
        let a = &a[first * width..][..out.len()];
        for (row, a) in out.chunks_exact_mut(width).zip(a.chunks_exact(width)) {
            f(a, b, row);
        }
    });
}

/// Elements in one row, an entry of the outermost dimension.
fn width(x: &Arg) -> usize {
    x.shape.iter().skip(1).product()
}

fn cost(act: Act) -> usize {
    match act {
        Act::Identity | Act::Relu | Act::Relu6 => 1,
        Act::Gelu | Act::Silu | Act::Tanh | Act::Sigmoid => 10,
    }
}
