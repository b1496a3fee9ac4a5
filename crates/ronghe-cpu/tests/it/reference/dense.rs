//! Linear layers, elementwise operations, normalisation.

use super::Val;
use ronghe_graph::Act;

/// `erf x = 2 / sqrt(pi) e^(-x^2) sum_n 2^n x^(2n+1) / (2n+1)!!`: every term of one sign, so nothing cancels.
fn erf(x: f64) -> f64 {
    if x.abs() > 6.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..400 {
        term *= 2.0 * x * x / f64::from(2 * n + 1);
        sum += term;
    }
    std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn phi(x: f64) -> f64 {
    0.5 * (1.0 + erf(x / std::f64::consts::SQRT_2))
}

pub(crate) fn act(act: Act, x: f64) -> f64 {
    match act {
        Act::Identity => x,
        Act::Relu => x.max(0.0),
        Act::Relu6 => x.clamp(0.0, 6.0),
        Act::Gelu => x * phi(x),
        Act::Silu => x * sigmoid(x),
        Act::Tanh => x.tanh(),
        Act::Sigmoid => sigmoid(x),
    }
}

pub(crate) fn act_slope(act: Act, x: f64) -> f64 {
    let step = |inside: bool| if inside { 1.0 } else { 0.0 };
    match act {
        Act::Identity => 1.0,
        Act::Relu => step(x > 0.0),
        Act::Relu6 => step(x > 0.0 && x < 6.0),
        Act::Gelu => phi(x) + x * (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt(),
        Act::Silu => sigmoid(x) * (1.0 + x * (1.0 - sigmoid(x))),
        Act::Tanh => 1.0 / x.cosh().powi(2),
        Act::Sigmoid => sigmoid(x) * sigmoid(-x),
    }
}

pub(crate) fn linear(x: &Val, w: &Val, bias: Option<&Val>, kind: Act) -> Val {
    let (o, i) = (w.shape[0], w.shape[1]);
    let mut y = Val::zeros(&x.with_last(o));
    for r in 0..x.rows() {
        for a in 0..o {
            let mut sum = bias.map_or(0.0, |b| b.f[a]);
            for b in 0..i {
                sum += x.f[r * i + b] * w.f[a * i + b];
            }
            y.f[r * o + a] = act(kind, sum);
        }
    }
    y
}

pub(crate) fn linear_grad_input(dy: &Val, w: &Val) -> Val {
    let (o, i) = (w.shape[0], w.shape[1]);
    let mut dx = Val::zeros(&dy.with_last(i));
    for r in 0..dy.rows() {
        for a in 0..o {
            for b in 0..i {
                dx.f[r * i + b] += dy.f[r * o + a] * w.f[a * i + b];
            }
        }
    }
    dx
}

pub(crate) fn linear_grad_weight(x: &Val, dy: &Val) -> Val {
    let (o, i) = (dy.last(), x.last());
    let mut dw = Val::zeros(&[o, i]);
    for r in 0..x.rows() {
        for a in 0..o {
            for b in 0..i {
                dw.f[a * i + b] += dy.f[r * o + a] * x.f[r * i + b];
            }
        }
    }
    dw
}

pub(crate) fn sum_leading(x: &Val, keep: usize) -> Val {
    let mut y = Val::zeros(&x.shape[x.shape.len() - keep..]);
    let k = y.f.len();
    for (i, v) in x.f.iter().enumerate() {
        y.f[i % k] += v;
    }
    y
}

/// Elements in one entry of the outermost dimension.
fn width(x: &Val) -> usize {
    x.shape[1..].iter().product()
}

pub(crate) fn scale_rows(x: &Val, s: &Val) -> Val {
    let w = width(x);
    Val::new(&x.shape, x.f.iter().enumerate().map(|(i, v)| v * s.f[i / w]).collect())
}

pub(crate) fn row_dot(a: &Val, b: &Val) -> Val {
    let w = width(a);
    let mut y = Val::zeros(&a.shape[..1]);
    for (i, v) in a.f.iter().enumerate() {
        y.f[i / w] += v * b.f[i];
    }
    y
}

pub(crate) fn select(present: &Val, x: &Val, learned: &Val) -> Val {
    let w = width(x);
    let pick = |i: usize| if present.f[i / w] == 0.0 { learned.f[i % w] } else { x.f[i] };
    Val::new(&x.shape, (0..x.f.len()).map(pick).collect())
}

fn column_mean(x: &Val, f: impl Fn(usize, usize) -> f64) -> Val {
    let (rows, c) = (x.rows(), x.last());
    Val::new(&[c], (0..c).map(|j| (0..rows).map(|r| f(r, j)).sum::<f64>() / rows as f64).collect())
}

pub(crate) fn batch_norm(
    [x, gamma, beta, run_mean, run_var]: [&Val; 5],
    eps: f64,
    momentum: f64,
) -> Vec<Val> {
    let (rows, c) = (x.rows() as f64, x.last());
    let mean = column_mean(x, |r, j| x.row(r)[j]);
    let var = column_mean(x, |r, j| (x.row(r)[j] - mean.f[j]).powi(2));
    let inv_std = var.map(|v| 1.0 / (v + eps).sqrt());
    let y = (0..x.f.len())
        .map(|i| {
            let j = i % c;
            (x.f[i] - mean.f[j]) * inv_std.f[j] * gamma.f[j] + beta.f[j]
        })
        .collect();
    let new_mean = run_mean.zip(&mean, |old, new| (1.0 - momentum) * old + momentum * new);
    let new_var = run_var.zip(&var, |old, new| (1.0 - momentum) * old + momentum * new * rows / (rows - 1.0));
    vec![Val::new(&x.shape, y), mean, inv_std, new_mean, new_var]
}

pub(crate) fn batch_norm_grad([x, gamma, beta, mean, inv_std, dz]: [&Val; 6], act: Act) -> Vec<Val> {
    let c = x.last();
    let hat = |r: usize, j: usize| (x.row(r)[j] - mean.f[j]) * inv_std.f[j];
    let slope = |i: usize| act_slope(act, hat(i / c, i % c) * gamma.f[i % c] + beta.f[i % c]);
    let dy = Val::new(&x.shape, (0..x.f.len()).map(|i| dz.f[i] * slope(i)).collect());
    let rows = x.rows() as f64;
    let dbeta = column_mean(x, |r, j| dy.row(r)[j] * rows);
    let dgamma = column_mean(x, |r, j| dy.row(r)[j] * hat(r, j) * rows);
    let dx = (0..x.f.len())
        .map(|i| {
            let (r, j) = (i / c, i % c);
            let centred = dy.f[i] - dbeta.f[j] / rows - hat(r, j) * dgamma.f[j] / rows;
            gamma.f[j] * inv_std.f[j] * centred
        })
        .collect();
    vec![Val::new(&x.shape, dx), dgamma, dbeta]
}

pub(crate) fn batch_norm_fixed([x, gamma, beta, mean, var]: [&Val; 5], eps: f64) -> Val {
    let c = x.last();
    let one = |i: usize| {
        let j = i % c;
        (x.f[i] - mean.f[j]) / (var.f[j] + eps).sqrt() * gamma.f[j] + beta.f[j]
    };
    Val::new(&x.shape, (0..x.f.len()).map(one).collect())
}

pub(crate) fn batch_norm_fixed_grad([x, gamma, mean, var, dy]: [&Val; 5], eps: f64) -> Vec<Val> {
    let inv_std = var.map(|v| 1.0 / (v + eps).sqrt());
    let scale = gamma.zip(&inv_std, |g, s| g * s);
    let rows = x.rows() as f64;
    let dgamma = column_mean(x, |r, j| dy.row(r)[j] * (x.row(r)[j] - mean.f[j]) * inv_std.f[j] * rows);
    let dbeta = column_mean(x, |r, j| dy.row(r)[j] * rows);
    vec![dy.zip(&scale, |d, s| d * s), dgamma, dbeta]
}

pub(crate) fn layer_norm(x: &Val, gamma: &Val, beta: &Val, eps: f64) -> Vec<Val> {
    let (d, leading) = (x.last(), &x.shape[..x.shape.len() - 1]);
    let (mut y, mut mean, mut inv_std) = (Val::zeros(&x.shape), Val::zeros(leading), Val::zeros(leading));
    for r in 0..x.rows() {
        let row = x.row(r);
        let m = row.iter().sum::<f64>() / d as f64;
        let v = row.iter().map(|x| (x - m).powi(2)).sum::<f64>() / d as f64;
        (mean.f[r], inv_std.f[r]) = (m, 1.0 / (v + eps).sqrt());
        for j in 0..d {
            y.f[r * d + j] = (row[j] - m) * inv_std.f[r] * gamma.f[j] + beta.f[j];
        }
    }
    vec![y, mean, inv_std]
}

pub(crate) fn layer_norm_grad([x, gamma, mean, inv_std, dy]: [&Val; 5]) -> Vec<Val> {
    let d = x.last();
    let (mut dx, mut dgamma, mut dbeta) = (Val::zeros(&x.shape), Val::zeros(&[d]), Val::zeros(&[d]));
    for r in 0..x.rows() {
        let hat: Vec<f64> = x.row(r).iter().map(|x| (x - mean.f[r]) * inv_std.f[r]).collect();
        let scaled: Vec<f64> = dy.row(r).iter().zip(&gamma.f).map(|(d, g)| d * g).collect();
        let a = scaled.iter().sum::<f64>() / d as f64;
        let b = scaled.iter().zip(&hat).map(|(s, h)| s * h).sum::<f64>() / d as f64;
        for j in 0..d {
            dx.f[r * d + j] = inv_std.f[r] * (scaled[j] - a - hat[j] * b);
            dgamma.f[j] += dy.row(r)[j] * hat[j];
            dbeta.f[j] += dy.row(r)[j];
        }
    }
    vec![dx, dgamma, dbeta]
}

pub(crate) fn l2_normalize(x: &Val) -> Val {
    let d = x.last();
    let norm = |r: usize| x.row(r).iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-12);
    Val::new(&x.shape, (0..x.f.len()).map(|i| x.f[i] / norm(i / d)).collect())
}

pub(crate) fn l2_normalize_grad(x: &Val, dy: &Val) -> Val {
    let d = x.last();
    let mut dx = Val::zeros(&x.shape);
    for r in 0..x.rows() {
        let norm = x.row(r).iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-12);
        let along: f64 = x.row(r).iter().zip(dy.row(r)).map(|(x, d)| x * d).sum::<f64>() / (norm * norm);
        for j in 0..d {
            dx.f[r * d + j] = (dy.row(r)[j] - x.row(r)[j] * along) / norm;
        }
    }
    dx
}
