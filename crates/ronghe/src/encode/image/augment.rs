//! Random changes to the pictures of training rows, drawn anew each time a row is used.
//!
//! Picture `x[H, W, C]` becomes `y[i, j] = x[clamp(i + di), clamp(m(j) + dj)]`, with `di`, `dj` uniform in
//! `-shift ..= shift` and `m` the identity or, with chance one half where `flip` is set, the mirror `W - 1 - j`. What
//! comes in from outside repeats the edge.

use ronghe_graph::{SplitMix, Tensor};
use serde::{Deserialize, Serialize};

/// Which changes; none by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Augment {
    /// Most pixels that a picture is moved, each way.
    pub(super) shift: usize,
    /// Whether pictures are mirrored left to right.
    pub(super) flip: bool,
}

impl Augment {
    /// Changes each of the pictures `[N, H, W, C]`.
    pub(super) fn apply(&self, pictures: &mut Tensor, stream: &mut SplitMix) {
        let &[_, height, width, channels] = pictures.shape() else { return };
        let line = width * channels;
        let mut whole = vec![0.0; height * line];
        for picture in pictures.as_f32_mut().chunks_exact_mut((height * line).max(1)) {
            let (down, right) = (self.draw(stream), self.draw(stream));
            let mirrored = self.flip && stream.unit() < 0.5;
            whole.copy_from_slice(picture);
            for (i, to) in picture.chunks_exact_mut(line).enumerate() {
                let from = &whole[moved(i, down, height) * line..][..line];
                for (j, pixel) in to.chunks_exact_mut(channels).enumerate() {
                    let j = moved(if mirrored { width - 1 - j } else { j }, right, width);
                    pixel.copy_from_slice(&from[j * channels..][..channels]);
                }
            }
        }
    }

    fn draw(&self, stream: &mut SplitMix) -> isize {
        stream.below(2 * self.shift + 1) as isize - self.shift as isize
    }
}

fn moved(i: usize, by: isize, len: usize) -> usize {
    i.saturating_add_signed(by).min(len - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_moved_within_bounds_and_mirrored() {
        let data: Vec<f32> = (0..64 * 15 * 2).map(|i| (i % 30) as f32).collect();
        let before = Tensor::f32(&[64, 3, 5, 2], data).unwrap();
        let changed = |shift, flip| {
            let mut after = before.clone();
            Augment { shift, flip }.apply(&mut after, &mut SplitMix::named(1, "augment"));
            after
        };
        assert_eq!(changed(0, false), before);
        assert_eq!(changed(1, true), changed(1, true));

        let (mut as_it_was, mut mirrored) = (0, 0);
        for picture in changed(0, true).as_f32().chunks_exact(30) {
            match picture[..4] {
                [0.0, 1.0, 2.0, 3.0] => as_it_was += 1,
                [8.0, 9.0, 6.0, 7.0] => mirrored += 1,
                _ => panic!("neither the picture nor its mirror"),
            }
        }
        assert!(as_it_was > 10 && mirrored > 10);

        let mut seen = std::collections::BTreeSet::new();
        for picture in changed(1, false).as_f32().chunks_exact(30) {
            // The middle pixel comes from one of the nine around it; the edge is repeated.
            seen.insert(picture[14] as i32);
            assert!(picture.iter().all(|v| (0.0..30.0).contains(v)));
        }
        assert_eq!(seen, [2, 4, 6, 12, 14, 16, 22, 24, 26].into());
    }
}
