//! Memory for values and for kernels' own use.

use std::ops::{Deref, DerefMut};

/// Bytes of a cache line: vectors that begin at a multiple of it are read and written in one go.
const LINE: usize = 64;

/// Floats that begin at a cache line. Where those come from other programs' memory, as inputs do, kernels work all the
/// same, only slower.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    data: Vec<f32>,
    start: usize,
    len: usize,
}

impl Buffer {
    /// `len` zeros.
    pub(crate) fn new(len: usize) -> Buffer {
        let data = vec![0.0; len + LINE / size_of::<f32>()];
        let start = data.as_ptr().align_offset(LINE).min(data.len() - len);
        Buffer { data, start, len }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.data[self.start..][..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.data[self.start..][..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_at_a_cache_line_wherever_it_goes() {
        assert!(Buffer::default().is_empty());
        for len in [0, 1, 15, 16, 1000, 100_000] {
            let moved = [Buffer::new(len)];
            assert_eq!((moved[0].len(), moved[0].as_ptr().align_offset(LINE)), (len, 0));
        }
    }
}
