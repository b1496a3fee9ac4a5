//! Products with few rows and a large transposed right factor: `out^T = b^T a^T`.
//!
//! Rearranging all of `b`, the weights of a dense layer, would cost as much as multiplying; the few rows of `a` are
//! rearranged instead and the rows of `b^T` are read where they lie.

use super::micro::{self, Tile, WIDTH};
use super::{After, Mat, PART_COST, PARTS_PER_THREAD, Panels, Shared, stretches, tiles};
use crate::kernels::elementwise::activate;
use crate::threads;

/// Rows of `a` up to which this way is the faster one.
const FEW: usize = 64;
/// Least length of a sum: writing the result turned round must not weigh.
const LONG: usize = 96;

/// Whether the product of `a` and `b` is better computed turned round.
pub(super) fn pays(a: Mat, b: Mat) -> bool {
    b.row == 1 && b.col != 1 && b.rows >= LONG && a.rows <= FEW && b.cols >= a.rows && a.rows > 0
}

/// `out = act(a b + bias)` on all threads.
#[allow(unsafe_code)]
pub(super) fn product(out: &mut [f32], a: Mat, b: Mat, after: After) {
    let (m, n, k) = (a.rows, b.cols, a.cols);
    let most = micro::rows();
    let parts = (m * n * k / PART_COST).clamp(1, PARTS_PER_THREAD * threads::count()).min(n.div_ceil(most));
    let base = Shared::new(out);
    threads::scratch(Panels::size(k, m), |room| {
        let panels = Panels::pack(a.t(), room);
        threads::tasks(parts, |t| {
            let (from, to) = (t * n / parts, (t + 1) * n / parts);
            for (first, rows) in tiles(to - from, most) {
                let range = from + first..from + first + rows;
                let (b, after) = (b.t().block(range.start, rows, 0, k), after.columns(range.clone()));
                // SAFETY: part t owns columns from..to of `out`, which has m rows of n.
                unsafe { columns(base.at(range.start), n, b, panels, after) };
            }
        });
    });
}

/// A few columns of the output.
///
/// # Safety
/// `out` must be valid for reads and writes of `a.n` rows of `b.rows` elements, `stride` apart, that nothing else accesses.
#[allow(unsafe_code)]
unsafe fn columns(out: *mut f32, stride: usize, b: Mat, a: Panels, after: After) {
    let mut turned = [0.0; 16 * WIDTH];
    for i in (0..a.n).step_by(WIDTH) {
        let width = WIDTH.min(a.n - i);
        for stretch in stretches(a.k) {
            let (from, k) = (stretch.start, stretch.len());
            let panel = &a.data[i / WIDTH * a.panel + from * a.row..];
            assert!((k - 1) * a.row + width <= panel.len(), "panel bounds");
            let tile = Tile {
                a: b.block(0, 1, from, k).data.as_ptr(),
                a_row: b.row,
                a_col: b.col,
                b: panel.as_ptr(),
                b_row: a.row,
                k,
                segments: 1,
                jump: 0,
                out: turned.as_mut_ptr(),
                stride: WIDTH,
                width,
                after: After { accumulate: from > 0, ..After::default() },
            };
            // SAFETY: `Mat` guarantees the bounds of `b`, the assertion those of the panel; `turned` has sixteen rows.
            unsafe { micro::run(&tile, b.rows) };
        }
        for r in 0..width {
            // SAFETY: row i + r of `out` has `b.rows` elements.
            let row = unsafe { std::slice::from_raw_parts_mut(out.add((i + r) * stride), b.rows) };
            for (j, y) in row.iter_mut().enumerate() {
                let sum = turned[j * WIDTH + r];
                *y = if after.accumulate { *y + sum } else { sum };
                if let Some(bias) = after.bias {
                    *y += bias[j];
                }
            }
            activate(after.act, row);
        }
    }
}
