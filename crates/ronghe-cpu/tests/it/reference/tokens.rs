//! Embeddings, attention, pooling over tokens, moving elements.

use super::Val;
use super::loss::softmax_row;

pub(crate) fn embedding(ids: &Val, w: &Val) -> Val {
    let mut shape = ids.shape.clone();
    shape.push(w.last());
    Val::new(&shape, ids.i.iter().flat_map(|&id| w.row(id as usize).to_vec()).collect())
}

pub(crate) fn embedding_grad(ids: &Val, dy: &Val, vocabulary: usize) -> Val {
    let d = dy.last();
    let mut dw = Val::zeros(&[vocabulary, d]);
    for (r, &id) in ids.i.iter().enumerate() {
        for j in 0..d {
            dw.f[id as usize * d + j] += dy.row(r)[j];
        }
    }
    dw
}

pub(crate) fn bag(ids: &Val, scales: &Val, w: &Val) -> Val {
    let (s, d) = (ids.last(), w.last());
    let mut y = Val::zeros(&[ids.shape[0], d]);
    for (i, &id) in ids.i.iter().enumerate().filter(|(_, id)| **id >= 0) {
        for j in 0..d {
            y.f[i / s * d + j] += scales.f[i] * w.row(id as usize)[j];
        }
    }
    y
}

pub(crate) fn bag_grad(ids: &Val, scales: &Val, dy: &Val, vocabulary: usize) -> Val {
    let (s, d) = (ids.last(), dy.last());
    let mut dw = Val::zeros(&[vocabulary, d]);
    for (i, &id) in ids.i.iter().enumerate().filter(|(_, id)| **id >= 0) {
        for j in 0..d {
            dw.f[id as usize * d + j] += scales.f[i] * dy.row(i / s)[j];
        }
    }
    dw
}

/// Calls `f(n, t, first column of the head, probabilities over s)` for each query of each head.
fn each_query(
    q: &Val,
    k: &Val,
    mask: Option<&Val>,
    (heads, causal): (usize, bool),
    mut f: impl FnMut(usize, usize, usize, &[f64]),
) {
    let (n, t, s, d) = (q.shape[0], q.shape[1], k.shape[1], q.last());
    let w = d / heads;
    for b in 0..n {
        for start in (0..heads).map(|h| h * w) {
            for i in 0..t {
                let score = |j: usize| {
                    let (q, k) = (&q.row(b * t + i)[start..start + w], &k.row(b * s + j)[start..start + w]);
                    q.iter().zip(k).map(|(q, k)| q * k).sum::<f64>() / (w as f64).sqrt()
                };
                let shown = if causal { i + 1 } else { s };
                let scores: Vec<f64> = (0..shown).map(score).collect();
                let mut p = softmax_row(&scores, mask.map(|m| &m.row(b)[..shown]));
                p.resize(s, 0.0);
                f(b, i, start, &p);
            }
        }
    }
}

pub(crate) fn attention([q, k, v]: [&Val; 3], mask: Option<&Val>, heads: usize, causal: bool) -> Val {
    let (t, s, d) = (q.shape[1], k.shape[1], q.last());
    let mut y = Val::zeros(&q.shape);
    each_query(q, k, mask, (heads, causal), |b, i, start, p| {
        for (j, p) in p.iter().enumerate() {
            for c in start..start + d / heads {
                y.f[(b * t + i) * d + c] += p * v.f[(b * s + j) * d + c];
            }
        }
    });
    y
}

pub(crate) fn attention_grad(
    [q, k, v, dy]: [&Val; 4],
    mask: Option<&Val>,
    heads: usize,
    causal: bool,
) -> Vec<Val> {
    let (t, s, d) = (q.shape[1], k.shape[1], q.last());
    let w = d / heads;
    let (mut dq, mut dk, mut dv) = (Val::zeros(&q.shape), Val::zeros(&k.shape), Val::zeros(&v.shape));
    each_query(q, k, mask, (heads, causal), |b, i, start, p| {
        let row = (b * t + i) * d;
        let dp: Vec<f64> = (0..s)
            .map(|j| (start..start + w).map(|c| dy.f[row + c] * v.f[(b * s + j) * d + c]).sum())
            .collect();
        let mean: f64 = p.iter().zip(&dp).map(|(p, dp)| p * dp).sum();
        for j in 0..s {
            let ds = p[j] * (dp[j] - mean) / (w as f64).sqrt();
            let other = (b * s + j) * d;
            for c in start..start + w {
                dv.f[other + c] += p[j] * dy.f[row + c];
                dq.f[row + c] += ds * k.f[other + c];
                dk.f[other + c] += ds * q.f[row + c];
            }
        }
    });
    vec![dq, dk, dv]
}

pub(crate) fn mean(x: &Val, mask: &Val) -> Val {
    let (n, t, d) = (x.shape[0], x.shape[1], x.last());
    let mut y = Val::zeros(&[n, d]);
    for b in 0..n {
        let count = mask.row(b).iter().filter(|m| **m == 1.0).count();
        for i in (0..t).filter(|&i| mask.row(b)[i] == 1.0) {
            for j in 0..d {
                y.f[b * d + j] += x.row(b * t + i)[j] / count as f64;
            }
        }
    }
    y
}

pub(crate) fn mean_grad(mask: &Val, dy: &Val) -> Val {
    let (n, t, d) = (mask.shape[0], mask.last(), dy.last());
    let mut dx = Val::zeros(&[n, t, d]);
    for b in 0..n {
        let count = mask.row(b).iter().filter(|m| **m == 1.0).count();
        for i in (0..t).filter(|&i| mask.row(b)[i] == 1.0) {
            for j in 0..d {
                dx.f[(b * t + i) * d + j] = dy.row(b)[j] / count as f64;
            }
        }
    }
    dx
}

pub(crate) fn select(x: &Val, index: usize) -> Val {
    let (n, t, d) = (x.shape[0], x.shape[1], x.last());
    Val::new(&[n, d], (0..n).flat_map(|b| x.row(b * t + index).to_vec()).collect())
}

pub(crate) fn select_grad(dy: &Val, index: usize, t: usize) -> Val {
    let (n, d) = (dy.shape[0], dy.last());
    let mut dx = Val::zeros(&[n, t, d]);
    for b in 0..n {
        let start = (b * t + index) * d;
        dx.f[start..start + d].copy_from_slice(dy.row(b));
    }
    dx
}

pub(crate) fn stack(parts: &[Val]) -> Val {
    let (n, d) = (parts[0].shape[0], parts[0].last());
    let rows = (0..n).flat_map(|b| parts.iter().flat_map(move |p| p.row(b).to_vec()));
    Val::new(&[n, parts.len(), d], rows.collect())
}

pub(crate) fn weighted_sum(x: &Val, w: &Val) -> Val {
    let (n, m, d) = (x.shape[0], x.shape[1], x.last());
    let mut y = Val::zeros(&[n, d]);
    for i in 0..n * m {
        for j in 0..d {
            y.f[i / m * d + j] += w.f[i] * x.row(i)[j];
        }
    }
    y
}

pub(crate) fn weighted_sum_grad_input(w: &Val, dy: &Val) -> Val {
    let (n, m, d) = (w.shape[0], w.last(), dy.last());
    let rows = (0..n * m).flat_map(|i| dy.row(i / m).iter().map(move |v| w.f[i] * v));
    Val::new(&[n, m, d], rows.collect())
}

pub(crate) fn weighted_sum_grad_weight(x: &Val, dy: &Val) -> Val {
    let (n, m) = (x.shape[0], x.shape[1]);
    let dot = |i: usize| x.row(i).iter().zip(dy.row(i / m)).map(|(a, b)| a * b).sum();
    Val::new(&[n, m], (0..n * m).map(dot).collect())
}

pub(crate) fn concat(parts: &[Val]) -> Val {
    let width = parts.iter().map(Val::last).sum();
    let rows = (0..parts[0].rows()).flat_map(|r| parts.iter().flat_map(move |p| p.row(r).to_vec()));
    Val::new(&parts[0].with_last(width), rows.collect())
}

pub(crate) fn slice(x: &Val, start: usize, len: usize) -> Val {
    let rows = (0..x.rows()).flat_map(|r| x.row(r)[start..start + len].to_vec());
    Val::new(&x.with_last(len), rows.collect())
}

pub(crate) fn slice_grad(dy: &Val, start: usize, width: usize) -> Val {
    let mut dx = Val::zeros(&dy.with_last(width));
    for (i, v) in dy.f.iter().enumerate() {
        dx.f[i / dy.last() * width + start + i % dy.last()] = *v;
    }
    dx
}
