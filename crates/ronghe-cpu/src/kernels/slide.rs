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
    /// Padding above and to the left.
    pub(crate) pad: [usize; 2],
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
            pad: [window.pad[0], window.pad[2]],
        }
    }

    /// The part of the kernel along `axis` that lies inside the picture at output position `at`, and the picture's index
    /// under the first of it.
    #[inline(always)]
    pub(crate) fn inside(&self, axis: usize, at: usize) -> (Range<usize>, usize) {
        let start = at * self.stride[axis];
        let from = self.pad[axis].saturating_sub(start).min(self.kernel[axis]);
        let to = (self.size[axis] + self.pad[axis]).saturating_sub(start).min(self.kernel[axis]).max(from);
        (from..to, (start + from).saturating_sub(self.pad[axis]).min(self.size[axis]))
    }

    /// As [`Slide::inside`] along a line, and the end of the positions from `at` on that see the same part of the kernel.
    #[inline(always)]
    pub(crate) fn alike(&self, at: usize) -> (Range<usize>, usize, usize) {
        let (part, first) = self.inside(1, at);
        let mut end = at + 1;
        while end < self.out[1] && self.inside(1, end).0 == part {
            end += 1;
        }
        (part, first, end)
    }

    /// The output position along `axis` at which kernel element `k` lies over the picture's index `at`.
    #[inline(always)]
    pub(crate) fn over(&self, axis: usize, at: usize, k: usize) -> Option<usize> {
        let shifted = (at + self.pad[axis]).checked_sub(k)?;
        let position = shifted / self.stride[axis];
        (position * self.stride[axis] == shifted && position < self.out[axis]).then_some(position)
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
    fn inside_and_over_agree() {
        for (size, kernel, stride, pad) in
            [(5, 3, 1, 1), (6, 3, 2, 0), (4, 5, 3, 2), (1, 1, 1, 0), (3, 2, 2, 1)]
        {
            let window = Window::square(kernel, stride, pad);
            let Some([out, _]) = window.output(size, size) else { continue };
            let slide = Slide::new(&window, &[1, size, size, 1], &[1, out, out, 1]);
            for at in 0..out {
                let (range, first) = slide.inside(0, at);
                let seen: Vec<_> = range.clone().map(|k| (k, first + k - range.start)).collect();
                let over: Vec<_> = (0..size)
                    .flat_map(|i| (0..kernel).map(move |k| (k, i)))
                    .filter(|&(k, i)| slide.over(0, i, k) == Some(at))
                    .collect();
                assert_eq!(seen, over, "size {size} kernel {kernel} stride {stride} pad {pad}");
            }
        }
    }
}
