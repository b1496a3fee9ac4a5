//! Convolution and pooling, over one list of taps.

use super::Val;
use super::dense::act;
use ronghe_graph::{Act, Window};

/// Which input pixel meets which output pixel through which place of the kernel; padding meets nothing.
struct Taps {
    /// (output pixel, input pixel, place in the kernel), by output and then by place.
    list: Vec<(usize, usize, usize)>,
    input: usize,
    output: [usize; 2],
}

impl Taps {
    fn new(window: &Window, [h, w]: [usize; 2]) -> Taps {
        let [kh, kw] = window.kernel;
        let oh = (h + window.pad[0] + window.pad[1] - kh) / window.stride[0] + 1;
        let ow = (w + window.pad[2] + window.pad[3] - kw) / window.stride[1] + 1;
        let mut list = Vec::new();
        for (y, x) in (0..oh).flat_map(|y| (0..ow).map(move |x| (y, x))) {
            for (i, j) in (0..kh).flat_map(|i| (0..kw).map(move |j| (i, j))) {
                let row = (y * window.stride[0] + i).checked_sub(window.pad[0]).filter(|&r| r < h);
                let col = (x * window.stride[1] + j).checked_sub(window.pad[2]).filter(|&c| c < w);
                if let (Some(row), Some(col)) = (row, col) {
                    list.push((y * ow + x, row * w + col, i * kw + j));
                }
            }
        }
        Taps { list, input: h * w, output: [oh, ow] }
    }

    fn outputs(&self) -> usize {
        self.output[0] * self.output[1]
    }
}

fn size(x: &Val) -> [usize; 2] {
    [x.shape[1], x.shape[2]]
}

fn finish(mut y: Val, bias: Option<&Val>, kind: Act) -> Val {
    let c = y.last();
    for (i, v) in y.f.iter_mut().enumerate() {
        *v = act(kind, *v + bias.map_or(0.0, |b| b.f[i % c]));
    }
    y
}

pub(crate) fn conv(x: &Val, w: &Val, bias: Option<&Val>, window: &Window, kind: Act) -> Val {
    let (n, c, o, k) = (x.shape[0], x.last(), w.shape[0], w.shape[1] * w.shape[2]);
    let taps = Taps::new(window, size(x));
    let mut y = Val::zeros(&[n, taps.output[0], taps.output[1], o]);
    for b in 0..n {
        for &(to, from, place) in &taps.list {
            for a in 0..o {
                for j in 0..c {
                    y.f[(b * taps.outputs() + to) * o + a] +=
                        x.f[(b * taps.input + from) * c + j] * w.f[(a * k + place) * c + j];
                }
            }
        }
    }
    finish(y, bias, kind)
}

pub(crate) fn conv_grad_input(dy: &Val, w: &Val, window: &Window, input: [usize; 2]) -> Val {
    let (n, o, k, c) = (dy.shape[0], w.shape[0], w.shape[1] * w.shape[2], w.shape[3]);
    let taps = Taps::new(window, input);
    let mut dx = Val::zeros(&[n, input[0], input[1], c]);
    for b in 0..n {
        for &(to, from, place) in &taps.list {
            for a in 0..o {
                for j in 0..c {
                    dx.f[(b * taps.input + from) * c + j] +=
                        dy.f[(b * taps.outputs() + to) * o + a] * w.f[(a * k + place) * c + j];
                }
            }
        }
    }
    dx
}

pub(crate) fn conv_grad_weight(x: &Val, dy: &Val, window: &Window) -> Val {
    let (n, c, o) = (x.shape[0], x.last(), dy.last());
    let [kh, kw] = window.kernel;
    let taps = Taps::new(window, size(x));
    let mut dw = Val::zeros(&[o, kh, kw, c]);
    for b in 0..n {
        for &(to, from, place) in &taps.list {
            for a in 0..o {
                for j in 0..c {
                    dw.f[(a * kh * kw + place) * c + j] +=
                        dy.f[(b * taps.outputs() + to) * o + a] * x.f[(b * taps.input + from) * c + j];
                }
            }
        }
    }
    dw
}

/// Calls `f(index in y, index in x, index in w)` for each product of a depthwise convolution of `c` channels.
fn each(taps: &Taps, n: usize, c: usize, mut f: impl FnMut(usize, usize, usize)) {
    for b in 0..n {
        for &(to, from, place) in &taps.list {
            for j in 0..c {
                f((b * taps.outputs() + to) * c + j, (b * taps.input + from) * c + j, place * c + j);
            }
        }
    }
}

pub(crate) fn depthwise(x: &Val, w: &Val, bias: Option<&Val>, window: &Window, kind: Act) -> Val {
    let (n, c) = (x.shape[0], x.last());
    let taps = Taps::new(window, size(x));
    let mut y = Val::zeros(&[n, taps.output[0], taps.output[1], c]);
    each(&taps, n, c, |to, from, place| y.f[to] += x.f[from] * w.f[place]);
    finish(y, bias, kind)
}

pub(crate) fn depthwise_grad_input(dy: &Val, w: &Val, window: &Window, input: [usize; 2]) -> Val {
    let (n, c) = (dy.shape[0], dy.last());
    let mut dx = Val::zeros(&[n, input[0], input[1], c]);
    each(&Taps::new(window, input), n, c, |to, from, place| dx.f[from] += dy.f[to] * w.f[place]);
    dx
}

pub(crate) fn depthwise_grad_weight(x: &Val, dy: &Val, window: &Window) -> Val {
    let (n, c) = (x.shape[0], x.last());
    let mut dw = Val::zeros(&[window.kernel[0], window.kernel[1], c]);
    each(&Taps::new(window, size(x)), n, c, |to, from, place| dw.f[place] += dy.f[to] * x.f[from]);
    dw
}

/// For each element of `y`, the index in `x` of the first largest element of its window.
fn winners(x: &Val, window: &Window) -> (Vec<usize>, [usize; 2]) {
    let (n, c) = (x.shape[0], x.last());
    let taps = Taps::new(window, size(x));
    let mut best = vec![usize::MAX; n * taps.outputs() * c];
    each(&taps, n, c, |to, from, _| {
        if best[to] == usize::MAX || x.f[from] > x.f[best[to]] {
            best[to] = from;
        }
    });
    (best, taps.output)
}

pub(crate) fn max_pool(x: &Val, window: &Window) -> Val {
    let (best, [oh, ow]) = winners(x, window);
    Val::new(&[x.shape[0], oh, ow, x.last()], best.iter().map(|&i| x.f[i]).collect())
}

pub(crate) fn max_pool_grad(x: &Val, dy: &Val, window: &Window) -> Val {
    let mut dx = Val::zeros(&x.shape);
    for (to, from) in winners(x, window).0.into_iter().enumerate() {
        dx.f[from] += dy.f[to];
    }
    dx
}

/// Elements inside the picture for each output pixel.
fn counts(taps: &Taps) -> Vec<f64> {
    let mut counts = vec![0.0; taps.outputs()];
    taps.list.iter().for_each(|t| counts[t.0] += 1.0);
    counts
}

pub(crate) fn avg_pool(x: &Val, window: &Window) -> Val {
    let (n, c) = (x.shape[0], x.last());
    let taps = Taps::new(window, size(x));
    let (count, pixels) = (counts(&taps), taps.outputs());
    let mut y = Val::zeros(&[n, taps.output[0], taps.output[1], c]);
    each(&taps, n, c, |to, from, _| y.f[to] += x.f[from] / count[to / c % pixels]);
    y
}

pub(crate) fn avg_pool_grad(dy: &Val, window: &Window, input: [usize; 2]) -> Val {
    let (n, c) = (dy.shape[0], dy.last());
    let taps = Taps::new(window, input);
    let (count, pixels) = (counts(&taps), taps.outputs());
    let mut dx = Val::zeros(&[n, input[0], input[1], c]);
    each(&taps, n, c, |to, from, _| dx.f[from] += dy.f[to] / count[to / c % pixels]);
    dx
}

pub(crate) fn global_avg_pool(x: &Val) -> Val {
    let (n, c, pixels) = (x.shape[0], x.last(), x.shape[1] * x.shape[2]);
    let mut y = Val::zeros(&[n, c]);
    for (i, v) in x.f.iter().enumerate() {
        y.f[i / (pixels * c) * c + i % c] += v / pixels as f64;
    }
    y
}

pub(crate) fn global_avg_pool_grad(dy: &Val, input: [usize; 2]) -> Val {
    let (n, c, pixels) = (dy.shape[0], dy.last(), input[0] * input[1]);
    let mut dx = Val::zeros(&[n, input[0], input[1], c]);
    for i in 0..dx.f.len() {
        dx.f[i] = dy.f[i / (pixels * c) * c + i % c] / pixels as f64;
    }
    dx
}
