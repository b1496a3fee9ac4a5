//! Weights in narrow numbers, rearranged into panels once: `O(elements)`.

use super::left::{Whole, bf16};
use super::{Format, LONGEST, most};
use crate::kernels::gemm::Mat;
use crate::kernels::gemm::micro::WIDTH;

/// Words that lie in one line of the cache.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Line([u32; 16]);

/// Lines of a panel for each word along k.
const LINES: usize = WIDTH / 16;

/// A right factor `b[k, n]`: word p of column c of panel j is word c of line pair p of the panel.
#[derive(Debug)]
pub(crate) struct Weight {
    pub(super) format: Format,
    pub(super) k: usize,
    pub(super) n: usize,
    lines: Vec<Line>,
    /// Of each column, filled up with zeros to whole panels; ones and zeros for bf16.
    scales: Vec<f32>,
    sums: Vec<i32>,
    /// What numbers of the left factor are multiplied by along k before they are rounded; the weight is divided by it.
    factors: Vec<f32>,
}

impl Weight {
    /// For left factors whose numbers along k are expected up to `spread`. A column of large numbers leaves few of the whole numbers of
    /// its row to all others; so left factor and weight are divided and multiplied by what leaves both the same share of
    /// the largest (Xiao et al. 2023, SmoothQuant, with migration strength 0.5).
    pub(crate) fn smoothed(w: Mat, format: Format, spread: &[f32]) -> Weight {
        let (n, k) = (w.rows, w.cols);
        let mut largest = vec![0.0f32; k];
        for j in 0..n {
            for (l, most) in largest.iter_mut().enumerate() {
                *most = most.max(w.data[j * w.row + l * w.col].abs());
            }
        }
        // Within bounds that keep products of both far from the ends of f32, whatever the numbers are.
        let within = |x: f32| if x.is_finite() { x.clamp(1e-5, 1e5) } else { 1.0 };
        let factors: Vec<f32> =
            largest.iter().zip(spread).map(|(w, x)| (within(*w) / within(*x)).sqrt()).collect();
        let divided: Vec<f32> =
            (0..n * k).map(|e| w.data[e / k * w.row + e % k * w.col] / factors[e % k]).collect();
        Weight { factors, ..Weight::new(Mat::new(&divided, n, k), format) }
    }

    /// What numbers of the left factor are multiplied by along k; empty: nothing.
    pub(super) fn factors(&self) -> &[f32] {
        &self.factors
    }

    /// Rounds and rearranges the transpose of `w[n, k]`.
    pub(crate) fn new(w: Mat, format: Format) -> Weight {
        let (n, k) = (w.rows, w.cols);
        assert!(format == Format::Bf16 || k <= LONGEST, "long sums of whole numbers");
        let words = k.div_ceil(format.together());
        let panels = n.div_ceil(WIDTH);
        let mut made = Weight {
            format,
            k,
            n,
            lines: vec![Line::default(); panels * words * LINES],
            scales: vec![0.0; panels * WIDTH],
            sums: vec![0; panels * WIDTH],
            factors: Vec::new(),
        };
        let mut row = vec![0; words];
        for j in 0..n {
            let numbers = (0..k).map(|l| w.data[j * w.row + l * w.col]);
            row.fill(0);
            match format {
                Format::Bf16 => {
                    made.scales[j] = 1.0;
                    numbers.enumerate().for_each(|(l, x)| row[l / 2] |= u32::from(bf16(x)) << (l % 2 * 16));
                }
                Format::Int16 | Format::Int8 => {
                    let largest =
                        numbers.clone().fold(0.0, |m: f32, x| if x.abs() <= m { m } else { x.abs() });
                    let most = if format == Format::Int8 { 127.0 } else { most(k) };
                    let Whole { scale, inverse } = Whole::of(largest, most, true);
                    made.scales[j] = scale;
                    for (l, x) in numbers.enumerate() {
                        let q = Whole::nearest(x, inverse);
                        made.sums[j] = made.sums[j].wrapping_add(i32::from(q));
                        if format == Format::Int16 {
                            row[l / 2] |= u32::from(q as u16) << (l % 2 * 16);
                        } else {
                            let mut bytes = row[l / 4].to_ne_bytes();
                            bytes[l % 4] = q as u8;
                            row[l / 4] = u32::from_ne_bytes(bytes);
                        }
                    }
                }
            }
            let (panel, column) = (j / WIDTH * words * LINES, j % WIDTH);
            for (p, &word) in row.iter().enumerate() {
                made.lines[panel + p * LINES + column / 16].0[column % 16] = word;
            }
        }
        made
    }

    /// Words along k.
    pub(super) fn words(&self) -> usize {
        self.k.div_ceil(self.format.together())
    }

    /// Panel `j`: for each word along k, those of its columns.
    #[allow(unsafe_code)]
    pub(super) fn panel(&self, j: usize) -> &[u32] {
        let len = self.words() * LINES;
        let lines = &self.lines[j * len..(j + 1) * len];
        // SAFETY: a line is sixteen words without padding.
        unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), len * 16) }
    }

    /// Scales of the panel that begins at column `j`.
    pub(super) fn scales(&self, j: usize) -> &[f32; WIDTH] {
        self.scales[j..].first_chunk().unwrap_or(&[0.0; WIDTH])
    }

    /// Sums of the columns of the panel that begins at column `j`.
    pub(super) fn sums(&self, j: usize) -> &[i32; WIDTH] {
        self.sums[j..].first_chunk().unwrap_or(&[0; WIDTH])
    }
}
