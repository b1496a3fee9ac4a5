//! The geometry of a window that slides over pictures.

use ronghe_graph::Window;
use std::ops::Range;

/// A window over `n` pictures of `size` (height, width) that gives `out` (height, width) positions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slide {
    pub(crate) n: usize,
    pub(crate) size: [usize; 2],
    pub(crate) out: [usize; 2],
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    /// Padding above and to the left; where negative, lines and columns passed over.
    pub(crate) pad: [isize; 2],
}

/// Positions of a line that see the same part of the kernel.
#[derive(Debug, Clone)]
pub(crate) struct Stretch {
    /// That part.
    pub(crate) kernel: Range<usize>,
    /// The picture's column under its first element, at the first position.
    pub(crate) column: usize,
    pub(crate) positions: Range<usize>,
}

/// Lines of one picture: all of them, or a strip.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strip<'a> {
    pub(crate) data: &'a [f32],
    /// Number of the first line in `data`.
    pub(crate) first: usize,
}

impl<'a> Strip<'a> {
    /// Picture `n` of `x`.
    pub(crate) fn picture(x: &'a [f32], n: usize, size: [usize; 2], c: usize) -> Strip<'a> {
        let len = size[0] * size[1] * c;
        Strip { data: &x[n * len..(n + 1) * len], first: 0 }
    }
}

/// Cuts lines of `width` elements, from line `first` over all pictures on, by picture: its number, lines and elements.
pub(crate) fn pictures(
    first: usize,
    height: usize,
    width: usize,
    y: &mut [f32],
) -> impl Iterator<Item = (usize, Range<usize>, &mut [f32])> {
    let (mut line, mut rest) = (first, y);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (n, from) = (line / height, line % height);
        let count = (height - from).min(rest.len() / width);
        let (here, after) = std::mem::take(&mut rest).split_at_mut(count * width);
        (line, rest) = (line + count, after);
        Some((n, from..from + count, here))
    })
}

impl Slide {
    /// `picture` is `[n, h, w, c]`, `positions` is `[n, h', w', c']`.
    pub(crate) fn new(window: &Window, picture: &[usize], positions: &[usize]) -> Slide {
        Slide {
            n: picture[0],
            size: [picture[1], picture[2]],
            out: [positions[1], positions[2]],
            kernel: window.kernel,
            stride: window.stride,
            pad: [window.pad[0] as isize, window.pad[2] as isize],
        }
    }

    /// The part of the kernel along `axis` that lies inside the picture at output position `at`, and the picture's index
    /// under the first of it.
    #[inline(always)]
    pub(crate) fn inside(&self, axis: usize, at: usize) -> (Range<usize>, usize) {
        let start = (at * self.stride[axis]) as isize - self.pad[axis];
        let from = (-start).clamp(0, self.kernel[axis] as isize);
        let to = (self.size[axis] as isize - start).clamp(from, self.kernel[axis] as isize);
        let first = (start + from).clamp(0, self.size[axis] as isize);
        (from as usize..to as usize, first as usize)
    }

    /// The positions of a line, from left to right.
    pub(crate) fn stretches(&self) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        for at in 0..self.out[1] {
            let (kernel, column) = self.inside(1, at);
            match stretches.last_mut() {
                Some(last) if last.kernel == kernel => last.positions.end = at + 1,
                _ => stretches.push(Stretch { kernel, column, positions: at..at + 1 }),
            }
        }
        stretches
    }

    /// The picture's lines under output lines `lines`, which may be none.
    pub(crate) fn under(&self, lines: Range<usize>) -> Range<usize> {
        let (_, first) = self.inside(0, lines.start);
        let (part, last) = self.inside(0, lines.end.max(1) - 1);
        first..(last + part.len()).max(first)
    }

    /// The picture's lines under `lines` output lines, at most.
    pub(crate) fn reach(&self, lines: usize) -> usize {
        ((lines.max(1) - 1) * self.stride[0] + self.kernel[0]).min(self.size[0])
    }

    /// Output positions in all pictures.
    pub(crate) fn positions(&self) -> usize {
        self.n * self.out[0] * self.out[1]
    }

    /// Kernel elements.
    pub(crate) fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Whether each position sees exactly the picture element of the same index.
    pub(crate) fn pointwise(&self) -> bool {
        self.kernel == [1, 1] && self.stride == [1, 1] && self.size == self.out && self.pad == [0, 0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_the_kernel_lie_inside() {
        for (size, kernel, stride, pad) in
            [(5usize, 3usize, 1, 1), (6, 3, 2, 0), (4, 5, 3, 2), (1, 1, 1, 0), (3, 2, 2, 1), (9, 2, 2, -3)]
        {
            let (stride, out) = (stride, (size as isize + 2 * pad.max(0)) as usize / stride);
            let slide = Slide {
                n: 1,
                size: [size; 2],
                out: [out; 2],
                kernel: [kernel; 2],
                stride: [stride; 2],
                pad: [pad; 2],
            };
            for at in 0..out {
                let (range, first) = slide.inside(0, at);
                let seen: Vec<_> = range.clone().map(|k| (k, first + k - range.start)).collect();
                let expected: Vec<_> = (0..kernel)
                    .map(|k| (k, (at * stride + k) as isize - pad))
                    .filter(|&(_, i)| (0..size as isize).contains(&i))
                    .map(|(k, i)| (k, i as usize))
                    .collect();
                assert_eq!(seen, expected, "size {size} kernel {kernel} stride {stride} pad {pad}");
            }
            let stretches = slide.stretches();
            let all: Vec<usize> = stretches.iter().flat_map(|s| s.positions.clone()).collect();
            assert_eq!(all, (0..out).collect::<Vec<_>>());
            for s in &stretches {
                for at in s.positions.clone().filter(|_| !s.kernel.is_empty()) {
                    let moved = (at - s.positions.start) * stride;
                    assert_eq!(slide.inside(1, at), (s.kernel.clone(), s.column + moved));
                }
            }
        }
    }
}
