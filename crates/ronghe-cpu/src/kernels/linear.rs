//! Dense layers: `y = act(x w^T + bias)` and its gradients, as matrix products.
//!
//! x[R, I], w[O, I], y[R, O] with R the product of all leading dimensions; 2 R I O operations each.

use crate::call::Call;
use crate::kernels::gemm::{After, Mat, product};
use crate::kernels::multiversion;
use crate::threads;
use ronghe_graph::{Act, Op, Result};

/// Computes the dense family.
pub(crate) fn run(call: &mut Call) -> Result<()> {
    match call.op {
        Op::Linear { act } => linear(call, *act),
        Op::LinearGradInput => grad_input(call),
        Op::LinearGradWeight => grad_weight(call),
        _ => sum_leading(call),
    }
}

fn linear(call: &mut Call, act: Act) -> Result<()> {
    let bias = call.inputs.get(2).map(|b| b.f32());
    let ([x, w], [y]) = call.parts()?;
    let (r, i, o) = (x.rows(), x.last(), w.shape[0]);
    product(
        y.data,
        Mat::new(x.f32(), r, i),
        Mat::new(w.f32(), o, i).t(),
        After { bias, act, accumulate: false },
    );
    Ok(())
}

fn grad_input(call: &mut Call) -> Result<()> {
    let ([dy, w], [dx]) = call.parts()?;
    let (r, o, i) = (dy.rows(), dy.last(), w.last());
    product(dx.data, Mat::new(dy.f32(), r, o), Mat::new(w.f32(), o, i), After::default());
    Ok(())
}

fn grad_weight(call: &mut Call) -> Result<()> {
    let ([x, dy], [dw]) = call.parts()?;
    let (r, i, o) = (x.rows(), x.last(), dy.last());
    product(dw.data, Mat::new(dy.f32(), r, o).t(), Mat::new(x.f32(), r, i), After::default());
    Ok(())
}

fn sum_leading(call: &mut Call) -> Result<()> {
    let ([x], [y]) = call.parts()?;
    let mut total = vec![0.0; y.data.len()];
    column_sums(x.f32(), y.data.len(), &mut total, sum_rows);
    y.data.iter_mut().zip(&total).for_each(|(y, &t)| *y = t as f32);
    Ok(())
}

/// Adds to `total[c]` a sum over the rows of x[R, width]: `add(rows, part)` in f32 for up to 64 rows, f64 across these.
pub(crate) fn column_sums(
    x: &[f32],
    width: usize,
    total: &mut [f64],
    add: impl Fn(&[f32], &mut [f32]) + Sync,
) {
    threads::sum(x.len() / width.max(1), 2 * width, total, |range, total| {
        threads::scratch(width, |part| {
            for rows in x[range.start * width..range.end * width].chunks((64 * width).max(1)) {
                part.fill(0.0);
                add(rows, part);
                total.iter_mut().zip(&*part).for_each(|(t, &p)| *t += f64::from(p));
            }
        });
    });
}

multiversion! {
    /// Adds each row to `sum`.
    pub(crate) fn sum_rows(rows: &[f32], sum: &mut [f32]) {
        for row in rows.chunks_exact(sum.len().max(1)) {
            for (s, x) in sum.iter_mut().zip(row) {
                *s += x;
            }
        }
    }
}
