//! A picture being changed.

/// A picture `[H, W, C]`, C = 1 or 3, with what its changes need.
pub(super) struct Canvas<'a> {
    pub(super) pixels: &'a mut [u8],
    pub(super) shape: [usize; 3],
    /// What stands where nothing of the picture is left.
    pub(super) fill: [u8; 3],
    pub(super) scratch: &'a mut Scratch,
}

/// Memory that pictures changed one after another share.
#[derive(Default)]
pub(super) struct Scratch {
    /// The picture before a change that moves pixels.
    pub(super) before: Vec<u8>,
    /// A line between two steps.
    pub(super) line: Vec<u8>,
    pub(super) sums: Vec<u16>,
}

impl Canvas<'_> {
    /// Bytes of a line.
    pub(super) fn line(&self) -> usize {
        self.shape[1] * self.shape[2]
    }

    /// Copies the pixels to `scratch.before`.
    pub(super) fn keep(&mut self) {
        self.scratch.before.clear();
        self.scratch.before.extend_from_slice(self.pixels);
    }

    /// Replaces each value `v` of channel `c` by `tables[c][v]`.
    pub(super) fn look_up(&mut self, tables: &[[u8; 256]; 3]) {
        if self.shape[2] == 3 {
            for pixel in self.pixels.chunks_exact_mut(3) {
                pixel.iter_mut().zip(tables).for_each(|(v, table)| *v = table[usize::from(*v)]);
            }
        } else {
            self.pixels.iter_mut().for_each(|v| *v = tables[0][usize::from(*v)]);
        }
    }
}

/// The nearest bytes to a mean of each channel.
pub(super) fn mean_colour(mean: &[f32]) -> [u8; 3] {
    let mut fill = [0; 3];
    fill.iter_mut().zip(mean).for_each(|(fill, mean)| *fill = mean.round() as u8);
    fill
}

/// The nearest byte.
pub(super) fn byte(value: f32) -> u8 {
    value.round() as u8
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The same bytes each time, of all values.
    pub(in super::super) fn noise(count: usize) -> Vec<u8> {
        let mut stream = ronghe_graph::SplitMix::named(3, "noise");
        (0..count).map(|_| stream.below(256) as u8).collect()
    }

    /// What `change` makes of a picture; the fill is 9, 8, 7.
    pub(in super::super) fn changed(
        shape: [usize; 3],
        pixels: &[u8],
        change: impl FnOnce(&mut Canvas<'_>),
    ) -> Vec<u8> {
        let mut pixels = pixels.to_vec();
        assert_eq!(pixels.len(), shape.iter().product::<usize>());
        let scratch = &mut Scratch::default();
        change(&mut Canvas { pixels: &mut pixels, shape, fill: [9, 8, 7], scratch });
        pixels
    }

    #[test]
    fn each_channel_has_its_table() {
        let tables = [[1; 256], [2; 256], [3; 256]];
        assert_eq!(changed([1, 2, 3], &[0; 6], |c| c.look_up(&tables)), [1, 2, 3, 1, 2, 3]);
        assert_eq!(changed([1, 2, 1], &[0; 2], |c| c.look_up(&tables)), [1, 1]);
        assert_eq!(mean_colour(&[-3.0, 12.5, 300.0]), [0, 13, 255]);
    }
}
