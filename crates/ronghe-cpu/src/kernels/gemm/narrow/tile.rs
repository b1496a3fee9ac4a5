//! A few rows of rounded activations times one panel: which loop, and the loops in plain Rust.
//!
//! Sums stay in registers over all of k. The loops for AVX-512 and AVX2 are checked against those here, bit for bit.

use super::{Layout, avx2, avx512};
use crate::kernels::gemm::After;
use crate::kernels::gemm::micro::WIDTH;
use crate::kernels::level::{self, Level, level};
use crate::kernels::{ALWAYS_FMA, madd, math};

/// Columns that the loops in plain Rust and for AVX2 take at a time.
pub(super) const HALF: usize = 16;

/// One tile: pointers, strides in words and elements, sizes.
#[derive(Clone, Copy)]
pub(super) struct Tile<'a> {
    /// Row i begins at `left[i * row]`.
    pub(super) left: *const u32,
    pub(super) row: usize,
    /// From one word of a row to the next, 1: a variable, so that compilers keep one pointer to the rows and load as they
    /// go. Knowing it they keep one for each row, load all rows ahead, and have no registers left for the sums.
    pub(super) step: usize,
    /// Word p of column j is `panel[p * WIDTH + j]`.
    pub(super) panel: *const u32,
    pub(super) words: usize,
    /// Element (i, j) is `out[i * stride + j]`.
    pub(super) out: *mut f32,
    pub(super) stride: usize,
    /// Columns, 1 to [`WIDTH`].
    pub(super) width: usize,
    pub(super) columns: Columns<'a>,
    /// Bias and activation; the bias begins at this tile's first column.
    pub(super) after: After<'a>,
}

/// What sums of whole numbers are multiplied with, and by how much a zero of 1 changes them.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    pub(super) scales: &'a [f32; WIDTH],
    pub(super) sums: &'a [i32; WIDTH],
}

/// Rows of a tile at most.
pub(super) fn rows(layout: Layout) -> usize {
    match (layout, level()) {
        (Layout::Pairs, _) | (Layout::Floats, Level::Avx512) => avx512::ROWS,
        (Layout::Shorts | Layout::Bytes, _) if level::vnni() => avx512::ROWS,
        (Layout::Floats, _) => 6,
        (Layout::Shorts | Layout::Bytes, _) => avx2::ROWS,
    }
}

/// Computes a tile of `m` rows.
///
/// # Safety
/// `m` is 1 to [`rows`], `tile.width` 1 to [`WIDTH`]; `left` is valid for reads of `m` rows of this layout, `panel` of
/// `words` rows of [`WIDTH`] words, `out` for reads and writes of `m` rows of `width` elements that nothing else accesses;
/// the bias, where there is one, has `width` elements; the activation is one that `gemm::micro` finishes.
/// [`Layout::Pairs`] needs the instruction for it.
#[allow(unsafe_code)]
pub(super) unsafe fn run(layout: Layout, tile: &Tile, m: usize) {
    #[cfg(target_arch = "x86_64")]
    match (layout, level()) {
        // SAFETY: the caller's promise.
        (Layout::Pairs, _) => return unsafe { avx512::pairs(tile, m) },
        // SAFETY: the processor has the instructions; the rest is the caller's promise.
        (Layout::Floats, Level::Avx512) => return unsafe { avx512::floats(tile, m) },
        // SAFETY: as above.
        (Layout::Bytes, Level::Avx512) if level::vnni() => return unsafe { avx512::bytes(tile, m) },
        // SAFETY: as above.
        (Layout::Shorts, Level::Avx512) if level::vnni() => return unsafe { avx512::shorts(tile, m) },
        // SAFETY: as above.
        (Layout::Floats, Level::Avx2) => return unsafe { avx2::floats(tile, m) },
        // SAFETY: as above.
        (Layout::Bytes, Level::Avx2 | Level::Avx512) => return unsafe { avx2::bytes(tile, m) },
        // SAFETY: as above.
        (Layout::Shorts, Level::Avx2 | Level::Avx512) => return unsafe { avx2::shorts(tile, m) },
        _ => {}
    }
    // SAFETY: the caller's promise.
    unsafe {
        match layout {
            Layout::Bytes => bytes(tile, m),
            Layout::Shorts => shorts(tile, m),
            _ => floats::<ALWAYS_FMA>(tile, m),
        }
    }
}

/// Half panels of a tile, one after the other.
///
/// # Safety
/// As [`run`].
#[allow(unsafe_code)]
#[inline(always)]
pub(super) unsafe fn halves(tile: &Tile, mut work: impl FnMut(&Tile, usize)) {
    for j in (0..tile.width).step_by(HALF) {
        let after = After { bias: tile.after.bias.map(|b| &b[j..]), ..tile.after };
        let (panel, out) = (tile.panel.wrapping_add(j), tile.out.wrapping_add(j));
        work(&Tile { panel, out, width: HALF.min(tile.width - j), after, ..*tile }, j);
    }
}

/// Rows of floats: the twin of `vdpbf16ps`.
///
/// # Safety
/// As [`run`].
#[allow(unsafe_code)]
#[inline(always)]
pub(super) unsafe fn floats<const FMA: bool>(tile: &Tile, m: usize) {
    // SAFETY: the caller's promise, for these columns and rows.
    unsafe {
        halves(tile, |half, _| match m {
            1 => floats_rows::<1, FMA>(half),
            2 => floats_rows::<2, FMA>(half),
            3 => floats_rows::<3, FMA>(half),
            4 => floats_rows::<4, FMA>(half),
            5 => floats_rows::<5, FMA>(half),
            _ => floats_rows::<6, FMA>(half),
        });
    }
}

#[allow(unsafe_code)]
#[inline(always)]
unsafe fn floats_rows<const M: usize, const FMA: bool>(t: &Tile) {
    let mut sums = [[0.0f32; HALF]; M];
    let (mut left, mut panel) = (t.left, t.panel);
    for _ in 0..t.words {
        // SAFETY: the panel has this row, `left` M rows of two floats a word.
        unsafe {
            let words = *panel.cast::<[u32; HALF]>();
            for i in 0..M {
                let row = left.add(i * t.row);
                let (odd, even) = (f32::from_bits(*row), f32::from_bits(*row.add(1)));
                for j in 0..HALF {
                    // The products are exact, so fused multiply-add gives the same bits as without.
                    sums[i][j] = madd::<FMA>(odd, f32::from_bits(words[j] & 0xffff_0000), sums[i][j]);
                    sums[i][j] = madd::<FMA>(even, f32::from_bits(words[j] << 16), sums[i][j]);
                }
            }
        }
        left = left.wrapping_add(2);
        panel = panel.wrapping_add(WIDTH);
    }
    for (i, sums) in sums.iter().enumerate() {
        // SAFETY: row i of `out` exists.
        unsafe { finish(t, i, sums) };
    }
}

/// Rows of whole numbers of 16 bits.
///
/// # Safety
/// As [`run`].
#[allow(unsafe_code)]
pub(super) unsafe fn shorts(tile: &Tile, m: usize) {
    let both = |word: u32| [word as i16, (word >> 16) as i16];
    // SAFETY: the caller's promise.
    unsafe { whole(tile, m, both, both) };
}

/// Rows of bytes.
///
/// # Safety
/// As [`run`].
#[allow(unsafe_code)]
pub(super) unsafe fn bytes(tile: &Tile, m: usize) {
    let signed = |word: u32| word.to_ne_bytes().map(|b| i16::from(i8::from_ne_bytes([b])));
    // SAFETY: the caller's promise.
    unsafe { whole(tile, m, |word| word.to_ne_bytes().map(i16::from), signed) };
}

/// Rows of whole numbers, N in a word.
///
/// # Safety
/// As [`run`].
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn whole<const N: usize>(
    tile: &Tile,
    m: usize,
    left: impl Fn(u32) -> [i16; N],
    right: impl Fn(u32) -> [i16; N],
) {
    for i in 0..m {
        // SAFETY: the caller's promise: row i exists, and its panel.
        unsafe {
            halves(tile, |half, j| {
                let row = half.left.add(i * half.row);
                let mut sums = [0i32; HALF];
                for p in 0..half.words {
                    let x = left(*row.add(p));
                    let words = *half.panel.add(p * WIDTH).cast::<[u32; HALF]>();
                    for (sum, word) in sums.iter_mut().zip(words) {
                        let y = right(word);
                        *sum += (0..N).map(|l| i32::from(x[l]) * i32::from(y[l])).sum::<i32>();
                    }
                }
                finish_whole(half, i, j, &sums);
            });
        }
    }
}

/// Turns sums of whole numbers, of the columns from `j` of the panel on, to floats and finishes them.
///
/// # Safety
/// As [`finish`].
#[allow(unsafe_code)]
#[inline(always)]
pub(super) unsafe fn finish_whole(t: &Tile, i: usize, j: usize, sums: &[i32; HALF]) {
    // SAFETY: scale and zero stand after the words of row i.
    let (scale, zero) = unsafe {
        let meta = t.left.add(i * t.row + t.words);
        (f32::from_bits(*meta), *meta.add(1) as i32)
    };
    let mut floats = [0.0; HALF];
    for c in 0..HALF {
        let sum = sums[c].wrapping_sub(zero.wrapping_mul(t.columns.sums[j + c]));
        floats[c] = sum as f32 * (scale * t.columns.scales[j + c]);
    }
    // SAFETY: the caller's promise.
    unsafe { finish(t, i, &floats) };
}

/// Adds the bias to the sums of row `i`, applies the activation, and writes them.
///
/// # Safety
/// `out` has row `i`.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn finish(t: &Tile, i: usize, sums: &[f32; HALF]) {
    // SAFETY: row i of `out` has `width` elements.
    let out = unsafe { std::slice::from_raw_parts_mut(t.out.add(i * t.stride), t.width) };
    for (j, y) in out.iter_mut().enumerate() {
        let sum = t.after.bias.map_or(sums[j], |bias| sums[j] + bias[j]);
        *y = math::act(t.after.act, sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::gemm::Mat;
    use crate::kernels::gemm::narrow::{Format, Weight, left};
    use crate::testing::numbers;
    use ronghe_graph::Act;

    type Run = unsafe fn(&Tile, usize);

    /// Every loop that this processor can run, beside the plain one, on every number of rows.
    #[test]
    #[allow(unsafe_code)]
    fn every_loop_gives_the_bits_of_the_plain_one() {
        let mut loops: Vec<(Layout, Run, usize)> = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                loops.extend([
                    (Layout::Floats, avx2::floats as Run, 6),
                    (Layout::Bytes, avx2::bytes, avx2::ROWS),
                    (Layout::Shorts, avx2::shorts, avx2::ROWS),
                ]);
            }
            if is_x86_feature_detected!("avx512bw") {
                loops.push((Layout::Floats, avx512::floats, avx512::ROWS));
            }
            if is_x86_feature_detected!("avx512vnni") {
                loops.push((Layout::Bytes, avx512::bytes, avx512::ROWS));
                loops.push((Layout::Shorts, avx512::shorts, avx512::ROWS));
            }
            if is_x86_feature_detected!("avx512bf16") {
                loops.push((Layout::Pairs, avx512::pairs, avx512::ROWS));
            }
        }
        for (layout, fast, most) in loops {
            let format = match layout {
                Layout::Bytes => Format::Int8,
                Layout::Shorts => Format::Int16,
                _ => Format::Bf16,
            };
            for m in 1..=most {
                for (n, k) in [(32, 40), (1, 3), (16, 1), (17, 258), (31, 5)] {
                    // From tiny to large, so that sums round and cancel.
                    let spread = |v: Vec<f32>, s: i32| -> Vec<f32> {
                        v.iter()
                            .enumerate()
                            .map(|(i, x)| x * 2f32.powi(i as i32 * 7 % 41 * s - 20 * s))
                            .collect()
                    };
                    let s = if format == Format::Bf16 { 2 } else { 0 };
                    let (x, w, bias) =
                        (spread(numbers(m * k, 1), s), spread(numbers(n * k, 2), s), numbers(n, 3));
                    let weight = Weight::new(Mat::new(&w, n, k), format);
                    let after = After { bias: Some(&bias), act: Act::Relu6, accumulate: false };
                    let compute = |layout: Layout, run: Run, step: usize| {
                        let width = left::width(layout, k);
                        let (mut rows, mut out) = (vec![0; m * width], vec![f32::NAN; m * 32]);
                        left::round(layout, &x, k, &[], &mut rows);
                        for i in (0..m).step_by(step) {
                            let tile = Tile {
                                left: rows[i * width..].as_ptr(),
                                row: width,
                                step: 1,
                                panel: weight.panel(0).as_ptr(),
                                words: weight.words(),
                                out: out[i * 32..].as_mut_ptr(),
                                stride: 32,
                                width: n,
                                columns: Columns { scales: weight.scales(0), sums: weight.sums(0) },
                                after,
                            };
                            // SAFETY: the processor has the instructions; all buffers have these rows.
                            unsafe { run(&tile, step.min(m - i)) };
                        }
                        out.iter().map(|y| y.to_bits()).collect::<Vec<_>>()
                    };
                    let plain = match format {
                        Format::Bf16 => compute(Layout::Floats, floats::<false>, 6),
                        Format::Int16 => compute(Layout::Shorts, shorts, 4),
                        Format::Int8 => compute(Layout::Bytes, bytes, 4),
                    };
                    assert!(
                        compute(layout, fast, most) == plain,
                        "{layout:?}: {m} rows, {n} columns, {k} long"
                    );
                }
            }
        }
    }
}
