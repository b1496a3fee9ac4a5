//! Random changes to the pictures of training rows, drawn anew each time a row is used.
//!
//! Picture `x[H, W, C]` becomes `y[i, j] = x[clamp(i + di), clamp(m(j) + dj)]`, with `di`, `dj` uniform in
//! `-shift ..= shift` and `m` the identity or, with chance one half where `flip` is set, the mirror `W - 1 - j`. What
//! comes in from outside repeats the edge.

use crate::encode::{Field, Prepared, row_streams};
use rayon::prelude::*;
use ronghe_graph::SplitMix;
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
    /// Changes each picture of the batch.
    pub(super) fn apply(&self, rows: &mut Prepared, stream: &mut SplitMix) {
        for field in rows.fields.values_mut() {
            let Field::Pixels { shape, data, .. } = field else { continue };
            let size = shape.iter().product::<usize>().max(1);
            let mut streams = row_streams(data.len() / size, stream);
            data.par_chunks_exact_mut(size)
                .zip(&mut streams)
                .for_each_init(Vec::new, |whole, (picture, stream)| {
                    self.change(picture, *shape, whole, stream)
                });
        }
    }

    fn change(&self, picture: &mut [u8], shape: [usize; 3], whole: &mut Vec<u8>, stream: &mut SplitMix) {
        let [height, width, channels] = shape;
        let line = width * channels;
        let (down, right) = (self.draw(stream), self.draw(stream));
        let mirrored = self.flip && stream.unit() < 0.5;
        whole.clear();
        whole.extend_from_slice(picture);
        for (i, to) in picture.chunks_exact_mut(line).enumerate() {
            let from = &whole[moved(i, down, height) * line..][..line];
            for (j, pixel) in to.chunks_exact_mut(channels).enumerate() {
                let j = moved(if mirrored { width - 1 - j } else { j }, right, width);
                pixel.copy_from_slice(&from[j * channels..][..channels]);
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

    fn pixels(rows: &Prepared) -> &[u8] {
        match &rows.fields["pixels"] {
            Field::Pixels { data, .. } => data,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn pictures_are_moved_within_bounds_and_mirrored() {
        let data: Vec<u8> = (0..64 * 15 * 2).map(|i| (i % 30) as u8).collect();
        let field = Field::Pixels { shape: [3, 5, 2], data, mean: vec![0.0; 2], std: vec![1.0; 2] };
        let fields = [("pixels".to_owned(), field)].into();
        let before = Prepared { present: vec![true; 64], fields, bad: Vec::new() };
        let changed = |shift, flip| {
            let mut after = before.clone();
            Augment { shift, flip }.apply(&mut after, &mut SplitMix::named(1, "augment"));
            after
        };
        assert_eq!(changed(0, false), before);
        assert_eq!(changed(1, true), changed(1, true));

        let (mut as_it_was, mut mirrored) = (0, 0);
        for picture in pixels(&changed(0, true)).chunks_exact(30) {
            match picture[..4] {
                [0, 1, 2, 3] => as_it_was += 1,
                [8, 9, 6, 7] => mirrored += 1,
                _ => panic!("neither the picture nor its mirror"),
            }
        }
        assert!(as_it_was > 10 && mirrored > 10);

        let mut seen = std::collections::BTreeSet::new();
        for picture in pixels(&changed(1, false)).chunks_exact(30) {
            // The middle pixel comes from one of the nine around it; the edge is repeated.
            seen.insert(picture[14]);
            assert!(picture.iter().all(|v| (0..30).contains(v)));
        }
        assert_eq!(seen, [2, 4, 6, 12, 14, 16, 22, 24, 26].into());
    }
}
