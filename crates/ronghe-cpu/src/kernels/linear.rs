//! Dense layers: `y = act(x w^T + bias)` and its gradients, as matrix products.
//!
//! x[R, I], w[O, I], y[R, O] with R the product of all leading dimensions; 2 R I O operations each.

use crate::call::{Call, Kept};
use crate::kernels::gemm::{After, Mat, Panels, narrow, product, product_packed};
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
    let (rows, after) = (Mat::new(x.f32(), r, i), After { bias, act, accumulate: false });
    match w.kept {
        Some(Kept::Panels(panels)) => product_packed(y.data, rows, Panels::packed(panels, i, o), after),
        Some(Kept::Narrow(weight)) => narrow::product(y.data, x.f32(), weight, after),
        _ => product(y.data, rows, Mat::new(w.f32(), o, i).t(), after),
    }
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
    fn sum_rows(rows: &[f32], sum: &mut [f32]) {
        for row in rows.chunks_exact(sum.len().max(1)) {
            for (s, x) in sum.iter_mut().zip(row) {
                *s += x;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, compute, dot, numbers};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn layer_and_gradients(n in 0usize..9, t in 1usize..40, i in 1usize..150, o in 1usize..150) {
            let (x, w, b) = (numbers(n * t * i, 1), numbers(o * i, 2), numbers(o, 3));
            let dy = numbers(n * t * o, 4);
            let expected: Vec<f64> = (0..n * t * o)
                .map(|e| dot(&x[e / o * i..][..i], &w[e % o * i..][..i]) + f64::from(b[e % o]))
                .collect();
            let (xs, ws, ys) = ([n, t, i], [o, i], [n, t, o]);
            let layer = |act| {
                compute(&Op::Linear { act }, &[(true, &xs, &x), (false, &ws, &w), (false, &[o], &b)])
            };
            close(&layer(Act::Identity)[0], &expected, 1e-4);
            close(&layer(Act::Relu)[0], &expected.iter().map(|e| e.max(0.0)).collect::<Vec<_>>(), 1e-4);

            // Both gradients belong to the bilinear form <dy, x w^T>.
            let form = dot(&compute(&Op::Linear { act: Act::Identity }, &[(true, &xs, &x), (false, &ws, &w)])[0], &dy);
            let dx = compute(&Op::LinearGradInput, &[(true, &ys, &dy), (false, &ws, &w)]);
            let dw = compute(&Op::LinearGradWeight, &[(true, &xs, &x), (true, &ys, &dy)]);
            prop_assert!((dot(&dx[0], &x) - form).abs() < 1e-3 * form.abs().max(1.0));
            prop_assert!((dot(&dw[0], &w) - form).abs() < 1e-3 * form.abs().max(1.0));

            let db = compute(&Op::SumLeading { keep: 1 }, &[(true, &ys, &dy)]);
            let sums: Vec<f64> = (0..o).map(|c| dy.iter().skip(c).step_by(o).map(|&d| f64::from(d)).sum()).collect();
            close(&db[0], &sums, 1e-5);
        }
    }
}
