//! Products whose left factor is what a window sees, read where it lies: convolution without im2col.

use super::micro::{self, Tile, WIDTH};
use super::{After, Panels, tiles};
use crate::kernels::elementwise::activate;
use ronghe_graph::Act;

/// The elements under a window that slides along lines, as rows of a left factor without a copy: the row of position `i`
/// of a line consists of `segments` stretches of `length` elements, one for each line of the window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Windows<'a> {
    pub(crate) data: &'a [f32],
    /// Lines of positions, positions of a line.
    pub(crate) lines: usize,
    pub(crate) positions: usize,
    /// Elements from one line of positions to the next, from one position to the next, from one stretch to the next.
    pub(crate) down: usize,
    pub(crate) across: usize,
    pub(crate) apart: usize,
    pub(crate) segments: usize,
    pub(crate) length: usize,
}

impl Windows<'_> {
    /// End of the elements that are read.
    fn last(&self) -> usize {
        let steps = [(self.lines, self.down), (self.positions, self.across), (self.segments, self.apart)];
        steps.iter().map(|(count, step)| (count - 1) * step).sum::<usize>() + self.length
    }
}

/// `out[lines * positions, n] = act(a b + bias)` on the calling thread, the rows of `a` being windows.
#[allow(unsafe_code)]
pub(crate) fn gemm_windows(out: &mut [f32], a: Windows, b: Panels, after: After) {
    let Windows { lines, positions, segments, length, .. } = a;
    let n = b.n;
    if lines * positions * segments * length * n == 0 {
        out.fill(0.0);
        return after.rows(out, n.max(1));
    }
    assert!(a.last() <= a.data.len() && b.k == segments * length, "window bounds");
    assert_eq!(out.len(), lines * positions * n, "product size");
    let finish = micro::finishes(after.act);
    let step = After { act: if finish { after.act } else { Act::Identity }, ..after };
    for j in (0..n).step_by(WIDTH) {
        let width = WIDTH.min(n - j);
        let panel = &b.data[j / WIDTH * b.panel..];
        assert!((b.k - 1) * b.row + width <= panel.len(), "panel bounds");
        let after = step.columns(j..j + width);
        for line in 0..lines {
            for (first, m) in tiles(positions, micro::rows()) {
                let tile = Tile {
                    a: a.data[line * a.down + first * a.across..].as_ptr(),
                    a_row: a.across,
                    a_col: 1,
                    b: panel.as_ptr(),
                    b_row: b.row,
                    k: length,
                    segments,
                    jump: a.apart,
                    out: out[(line * positions + first) * n + j..].as_mut_ptr(),
                    stride: n,
                    width,
                    after,
                };
                // SAFETY: the largest index of `a` was just checked, that of the panel, too; `out` has a row for each
                // position; the activation is one that the tile finishes.
                unsafe { micro::run(&tile, m) };
            }
        }
    }
    if !finish {
        activate(after.act, out);
    }
}

/// `out[segments * length, n] += a^T b` on the calling thread, the rows of `a` being windows, with `b[lines * positions, n]`
/// row-major without gaps.
#[allow(unsafe_code)]
pub(crate) fn gemm_windows_transposed(out: &mut [f32], a: Windows, b: &[f32], n: usize) {
    let Windows { lines, positions, segments, length, .. } = a;
    if lines * positions * segments * length * n == 0 {
        return;
    }
    assert!(a.last() <= a.data.len() && b.len() == lines * positions * n, "window bounds");
    assert_eq!(out.len(), segments * length * n, "product size");
    let after = After { accumulate: true, ..After::default() };
    for j in (0..n).step_by(WIDTH) {
        for segment in 0..segments {
            for (first, m) in tiles(length, micro::rows()) {
                let tile = Tile {
                    a: a.data[segment * a.apart + first..].as_ptr(),
                    a_row: 1,
                    a_col: a.across,
                    b: b[j..].as_ptr(),
                    b_row: n,
                    k: positions,
                    segments: lines,
                    jump: a.down,
                    out: out[(segment * length + first) * n + j..].as_mut_ptr(),
                    stride: n,
                    width: WIDTH.min(n - j),
                    after,
                };
                // SAFETY: the largest index of `a` was just checked; `b` has a row for each position, `out` for each
                // element of a window.
                unsafe { micro::run(&tile, m) };
            }
        }
    }
}
