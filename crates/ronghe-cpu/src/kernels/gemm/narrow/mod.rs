//! Products of narrow numbers, for inference: weights kept in bf16, int16 or int8, rows of activations rounded as they come.
//!
//! | file | what |
//! |---|---|
//! | `left` | rows of activations, rounded |
//! | `weight` | [`Weight`]: a kept weight, in panels |
//! | `tile` | a few rows times one panel: choice of the loop, and the loops in plain Rust |
//! | `avx512`, `avx2` | the same loops with the instructions of these processors |
//!
//! A word of 32 bits holds two numbers of 16 bits or four bytes along k; a panel has 32 columns of words side by side.
//!
//! - bf16: `out = act(r(a) r(b) + bias)`, r rounding to the nearest of 8 significant bits, even on ties. A product of
//!   two such numbers is exact in f32; sums are f32, over pairs of k in order, in each pair the odd one first. That is
//!   what `vdpbf16ps` computes, and fused or separate multiplication and addition give the same bits: numbers below
//!   2^-50 count as zero, so that nothing comes near the subnormal numbers that the instruction drops. Which loop is
//!   the faster one is measured once (`pairs_pay`): Emerald Rapids starts one such instruction in five cycles, and two
//!   fused multiply-adds in each.
//! - int8: `out = act(s_i t_j (sum_k q_ik p_kj - z_i sum_k p_kj) + bias)`. Weights are `t_j p_kj` with p in -127..127,
//!   a scale a column; activations `s_i (q_ik - z_i)` with q in 0..255, scale and zero for each row from its own range
//!   (as in dynamic quantisation by Jacob et al. 2018, section 2). Sums are i32 and exact, so every processor gives
//!   the same bits. k is at most [`LONGEST`]. A weight may be [`Weight::smoothed`].
//! - int16: as int8 without zeros, p and q in -h..h with the largest h for which no sum can leave 32 bits, `h^2 k < 2^31`
//!   (`most`): 2364 at k = 384, 1182 at k = 1536, which is closer than bf16 unless a row has numbers far beyond all
//!   others. `vpdpwssd` and `vpmaddwd` add two products a step.

mod avx2;
mod avx512;
mod left;
mod tile;
mod weight;

pub(crate) use left::{Range, extremes, quantised};
pub(crate) use weight::Weight;

use super::micro::WIDTH;
use super::{After, PART_COST, PARTS_PER_THREAD, Shared, TILES, cut, tiles};
use crate::kernels::elementwise::activate;
use crate::kernels::level;
use crate::threads;
use std::ops;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tile::{Columns, Tile};

/// Longest sums of whole numbers: `255 * 127 k` stays below 2^31.
pub(crate) const LONGEST: usize = 1 << 16;

/// What weights and activations are rounded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Bf16,
    Int16,
    Int8,
}

/// How words and rows are laid out, by the loop that reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// bf16, rows in words of two.
    Pairs,
    /// bf16, rows as floats with the lower half zero, in each pair the odd one first.
    Floats,
    /// Whole numbers, rows in words of two, scale and zero after each row.
    Shorts,
    /// Bytes, rows in words of four, scale and zero after each row.
    Bytes,
}

/// `out = act(x w + bias)` for the rows of `x`, on all threads. `after` does not accumulate.
pub(crate) fn product(out: &mut [f32], x: &[f32], weight: &Weight, after: After) {
    product_as(weight.format.layout(), out, x, weight, after);
}

#[allow(unsafe_code)]
fn product_as(layout: Layout, out: &mut [f32], x: &[f32], weight: &Weight, after: After) {
    let (n, k) = (weight.n, weight.k);
    let m = out.len() / n.max(1);
    assert_eq!((out.len(), x.len()), (m * n, m * k), "product size");
    if m == 0 || n == 0 {
        return;
    }
    let parts = (m * n * k / (2 * PART_COST)).clamp(1, PARTS_PER_THREAD * threads::count());
    let panels = n.div_ceil(WIDTH);
    let (down, across) = if threads::count() == 1 { (1, 1) } else { cut(m, n, parts, threads::count()) };
    let width = left::width(layout, k);
    let base = Shared::new(out);
    if across == 1 {
        // Each part rounds its own rows, as many at a time as stay in the cache.
        let most = TILES * tile::rows(layout);
        threads::tasks(down, |t| {
            let end = (t + 1) * m / down;
            for i in (t * m / down..end).step_by(most) {
                let block = most.min(end - i);
                threads::scratch(block * width, |room| {
                    let room = left::words(room);
                    left::round(layout, &x[i * k..(i + block) * k], k, weight.factors(), room);
                    // SAFETY: part t owns these rows of `out`.
                    unsafe { part(layout, base.at(i * n), n, room, block, weight, 0..n, after) };
                });
            }
        });
    } else {
        // Several parts read the same rows, which are few.
        threads::scratch(m * width, |room| {
            threads::rows(room, width, 2 * k, |first, rows| {
                let count = rows.len() / width;
                let x = &x[first * k..(first + count) * k];
                left::round(layout, x, k, weight.factors(), left::words(rows));
            });
            let left = &*left::words(room);
            threads::tasks(down * across, |t| {
                let (i, j) = (t / across, t % across);
                let (from, to) = (i * m / down, (i + 1) * m / down);
                let columns = j * panels / across * WIDTH..n.min((j + 1) * panels / across * WIDTH);
                let left = &left[from * width..to * width];
                // SAFETY: part t owns rows from..to of these columns of `out`.
                unsafe { part(layout, base.at(from * n), n, left, to - from, weight, columns, after) };
            });
        });
    }
}

/// Some columns of a product for `m` rows; `out` and `left` begin at the first of these.
///
/// # Safety
/// `out` must be valid for reads and writes of the columns in `m` rows, `stride` apart, that nothing else accesses.
#[allow(unsafe_code)]
unsafe fn part(
    layout: Layout,
    out: *mut f32,
    stride: usize,
    left: &[u32],
    m: usize,
    weight: &Weight,
    columns: ops::Range<usize>,
    after: After,
) {
    let (most, width, words) = (tile::rows(layout), left::width(layout, weight.k), weight.words());
    let finish = super::micro::finishes(after.act);
    assert!(
        m * width <= left.len() && columns.end <= weight.n && columns.start.is_multiple_of(WIDTH),
        "product bounds"
    );
    // A block of rows is done with all panels before the next one, so that it stays in the cache.
    for i in (0..m).step_by(TILES * most) {
        let block = (m - i).min(TILES * most);
        for j in columns.clone().step_by(WIDTH) {
            let end = columns.end.min(j + WIDTH);
            let after =
                After { act: if finish { after.act } else { Default::default() }, ..after.columns(j..end) };
            let panel = weight.panel(j / WIDTH);
            let columns = Columns { scales: weight.scales(j), sums: weight.sums(j) };
            for (first, rows) in tiles(block, most) {
                let tile = Tile {
                    left: left[(i + first) * width..].as_ptr(),
                    row: width,
                    step: 1,
                    panel: panel.as_ptr(),
                    words,
                    out: out.wrapping_add((i + first) * stride + j),
                    stride,
                    width: end - j,
                    columns,
                    after,
                };
                // SAFETY: `left` has these rows, as asserted, the panel `words` rows of a panel's width; the caller
                // promises `out`; the activation is one that the tile finishes.
                unsafe { tile::run(layout, &tile, rows) };
            }
        }
        if !finish {
            for row in i..i + block {
                let out = out.wrapping_add(row * stride + columns.start);
                // SAFETY: these columns of row `row` were all written.
                activate(after.act, unsafe { std::slice::from_raw_parts_mut(out, columns.len()) });
            }
        }
    }
}

impl Format {
    fn layout(self) -> Layout {
        match self {
            Format::Bf16 if pairs_pay() => Layout::Pairs,
            Format::Bf16 => Layout::Floats,
            Format::Int16 => Layout::Shorts,
            Format::Int8 => Layout::Bytes,
        }
    }

    /// Numbers in a word.
    fn together(self) -> usize {
        match self {
            Format::Bf16 | Format::Int16 => 2,
            Format::Int8 => 4,
        }
    }
}

/// Largest number of int16 in sums of `k` products.
fn most(k: usize) -> f32 {
    // Whole numbers up to 2^24 are exact in f32, and the root is at most 2^15.
    let root = (f64::from(i32::MAX) / k.max(1) as f64).sqrt().floor();
    root.min(f64::from(i16::MAX)) as f32
}

/// Whether the processor has an instruction for pairs of bf16, and a small product is faster with it than without.
/// Both give the same bits.
pub(crate) fn pairs_pay() -> bool {
    static PAY: OnceLock<bool> = OnceLock::new();
    *PAY.get_or_init(|| {
        const SIZES: [usize; 3] = [14, 64, 256];
        if !level::bf16() {
            return false;
        }
        let [m, n, k] = SIZES;
        let (x, w, mut out) = (vec![1.0; m * k], vec![1.0; n * k], vec![0.0; m * n]);
        let weight = Weight::new(super::Mat::new(&w, n, k), Format::Bf16);
        let mut best = [Duration::MAX; 2];
        for _ in 0..8 {
            for (best, layout) in best.iter_mut().zip([Layout::Pairs, Layout::Floats]) {
                let start = Instant::now();
                product_as(layout, &mut out, &x, &weight, After::default());
                *best = start.elapsed().min(*best);
            }
        }
        best[0] < best[1]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::gemm::Mat;
    use crate::testing::numbers;
    use crate::threads::Pool;
    use proptest::prelude::*;
    use ronghe_graph::Act;

    fn made(layout: Layout, x: &[f32], weight: &Weight, after: After, threads: usize) -> Vec<f32> {
        let mut out = vec![f32::NAN; x.len() / weight.k.max(1) * weight.n];
        Pool::new(threads).unwrap().install(|| product_as(layout, &mut out, x, weight, after));
        out
    }

    fn bits(x: &[f32]) -> Vec<u32> {
        x.iter().map(|v| v.to_bits()).collect()
    }

    /// The number as bf16 holds it.
    fn rounded(x: f32) -> f32 {
        f32::from_bits(u32::from(left::bf16(x)) << 16)
    }

    /// Pairs of k in order, in each the odd one first: the instruction's description in plain loops.
    fn bf16_by_hand(x: &[f32], w: &[f32], k: usize, n: usize, bias: &[f32]) -> Vec<f32> {
        let at = |e: usize| {
            let (x, w) = (&x[e / n * k..][..k], &w[e % n * k..][..k]);
            let mut sum = 0.0f32;
            for p in (0..k).step_by(2) {
                for l in [p + 1, p].into_iter().filter(|&l| l < k) {
                    sum += rounded(x[l]) * rounded(w[l]);
                }
            }
            (sum + bias[e % n]).max(0.0)
        };
        (0..x.len() / k * n).map(at).collect()
    }

    /// In f64, from the same whole numbers.
    fn int16_by_hand(x: &[f32], w: &[f32], k: usize, n: usize, bias: &[f32]) -> Vec<f64> {
        let whole = |v: &[f32]| -> (Vec<i64>, f64) {
            let largest = v.iter().fold(0.0f32, |m, v| m.max(v.abs()));
            let inverse = if largest > 0.0 { most(k) / largest } else { 0.0 };
            let all = v.iter().map(|v| (v * inverse).round_ties_even() as i64).collect();
            (all, f64::from(largest) / f64::from(most(k)))
        };
        let at = |e: usize| {
            let ((p, s), (q, t)) = (whole(&x[e / n * k..][..k]), whole(&w[e % n * k..][..k]));
            let sum: i64 = p.iter().zip(&q).map(|(p, q)| p * q).sum();
            (sum as f64 * s * t + f64::from(bias[e % n])).max(0.0)
        };
        (0..x.len() / k * n).map(at).collect()
    }

    /// In f64, from the same bytes.
    fn int8_by_hand(x: &[f32], w: &[f32], k: usize, n: usize, bias: &[f32]) -> Vec<f64> {
        let at = |e: usize| {
            let (x, w) = (&x[e / n * k..][..k], &w[e % n * k..][..k]);
            let most = w.iter().fold(0.0f32, |m, v| m.max(v.abs()));
            let Range { scale, inverse, zero } = left::range(x);
            let sum: i64 = (0..k)
                .map(|l| {
                    let p = if most > 0.0 { (w[l] * (127.0 / most)).round_ties_even() as i64 } else { 0 };
                    (i64::from(quantised(x[l], inverse, zero)) - zero as i64) * p
                })
                .sum();
            (sum as f64 * f64::from(scale) * f64::from(most) / 127.0 + f64::from(bias[e % n])).max(0.0)
        };
        (0..x.len() / k * n).map(at).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn products_are_what_they_say(m in 1usize..60, n in 1usize..90, k in 1usize..150) {
            let (x, w, bias) = (numbers(m * k, 1), numbers(n * k, 2), numbers(n, 3));
            let after = After { bias: Some(&bias), act: Act::Relu, accumulate: false };
            let weight = Weight::new(Mat::new(&w, n, k), Format::Bf16);
            let want = bits(&bf16_by_hand(&x, &w, k, n, &bias));
            prop_assert_eq!(&bits(&made(Layout::Floats, &x, &weight, after, 1)), &want);
            if level::bf16() {
                prop_assert_eq!(&bits(&made(Layout::Pairs, &x, &weight, after, 1)), &want);
            }
            let weight = Weight::new(Mat::new(&w, n, k), Format::Int16);
            let found = made(Layout::Shorts, &x, &weight, after, 1);
            for (f, want) in found.iter().zip(int16_by_hand(&x, &w, k, n, &bias)) {
                prop_assert!((f64::from(*f) - want).abs() <= 1e-5 * (1.0 + want.abs()), "{f} {want}");
            }
            let weight = Weight::new(Mat::new(&w, n, k), Format::Int8);
            let found = made(Layout::Bytes, &x, &weight, after, 1);
            for (f, want) in found.iter().zip(int8_by_hand(&x, &w, k, n, &bias)) {
                prop_assert!((f64::from(*f) - want).abs() <= 1e-5 * (1.0 + want.abs()), "{f} {want}");
            }
        }
    }

    /// A left factor with one column of large numbers: smoothed, products are as exact as without it.
    #[test]
    fn large_columns_cost_the_others_nothing_where_they_are_expected() {
        let (m, n, k) = (40, 64, 96);
        let (mut x, w) = (numbers(m * k, 1), numbers(n * k, 2));
        x.iter_mut().skip(5).step_by(k).for_each(|x| *x += 60.0);
        let mut spread = vec![1.0; k];
        spread[5] = 60.0;
        let error = |weight: &Weight| -> f64 {
            let found = made(Layout::Bytes, &x, weight, After::default(), 1);
            let want = |e: usize| -> f64 {
                let (x, w) = (&x[e / n * k..][..k], &w[e % n * k..][..k]);
                x.iter().zip(w).map(|(x, w)| f64::from(*x) * f64::from(*w)).sum()
            };
            found.iter().enumerate().map(|(e, f)| (f64::from(*f) - want(e)).powi(2)).sum::<f64>().sqrt()
        };
        let mat = Mat::new(&w, n, k);
        let plain = error(&Weight::new(mat, Format::Int8));
        let smoothed = error(&Weight::smoothed(mat, Format::Int8, &spread));
        assert!(smoothed < 0.4 * plain, "{smoothed} {plain}");
        // What says nothing changes nothing but the last digits.
        let odd = error(&Weight::smoothed(mat, Format::Int8, &[f32::NAN; 96]));
        assert!(odd < 2.0 * plain, "{odd} {plain}");
    }

    #[test]
    fn threads_and_cuts_change_no_bit() {
        for (m, n, k) in [(300, 70, 130), (20, 500, 700), (1, 2000, 333), (130, 33, 64), (5, 3, 1)] {
            let (x, w, bias) = (numbers(m * k, 1), numbers(n * k, 2), numbers(n, 3));
            for (format, layouts) in [
                (Format::Bf16, &[Layout::Floats, Layout::Pairs][..]),
                (Format::Int16, &[Layout::Shorts]),
                (Format::Int8, &[Layout::Bytes]),
            ] {
                let weight = Weight::new(Mat::new(&w, n, k), format);
                for act in [Act::Relu6, Act::Gelu] {
                    let after = After { bias: Some(&bias), act, accumulate: false };
                    let first = bits(&made(layouts[0], &x, &weight, after, 1));
                    for &layout in layouts.iter().filter(|&&l| l != Layout::Pairs || level::bf16()) {
                        for threads in [1, 2, 3] {
                            assert!(bits(&made(layout, &x, &weight, after, threads)) == first, "{m} {n} {k}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn whole_numbers_are_exact_at_their_extremes() {
        // The largest sums that there can be: over the longest k, of one sign, and of both.
        for (format, k) in
            [(Format::Int8, LONGEST), (Format::Int16, LONGEST), (Format::Int16, 2), (Format::Int16, 513)]
        {
            let x = vec![255.0; k];
            let signs = |e: usize| [1.0, -1.0, if e.is_multiple_of(2) { 1.0 } else { -1.0 }][e / k];
            let w: Vec<f32> = (0..3 * k).map(signs).collect();
            let weight = Weight::new(Mat::new(&w, 3, k), format);
            let found = made(format.layout(), &x, &weight, After::default(), 2);
            for (f, w) in found.iter().zip([1.0, -1.0, (k % 2) as f64 / k as f64]) {
                let want = w * 255.0 * k as f64;
                assert!((f64::from(*f) - want).abs() < 1e-6 * 255.0 * k as f64, "{format:?} {k}: {f} {want}");
            }
        }
    }

    #[test]
    fn not_a_number_and_nothing() {
        let w = numbers(40 * 6, 2);
        for format in [Format::Bf16, Format::Int16, Format::Int8] {
            let weight = Weight::new(Mat::new(&w, 40, 6), format);
            let x = [[0.0; 6], [1.0, f32::NAN, 0.5, 0.0, 0.0, 0.0], [1e-44; 6]].concat();
            let out = made(format.layout(), &x, &weight, After::default(), 1);
            assert!(out[..40].iter().chain(&out[80..]).all(|y| *y == 0.0), "{format:?}");
            assert!(out[40..80].iter().all(|y| y.is_nan()), "{format:?}");
            assert!(made(format.layout(), &[], &weight, After::default(), 1).is_empty());
        }
    }
}
