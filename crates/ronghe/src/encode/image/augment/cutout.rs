//! Cutout: a rectangle of `round(share H)` lines and `round(share W)` columns becomes the fill colour.
//!
//! Its middle is uniform over the picture, so that it may lie partly outside, as its authors found best: of a side of `n`
//! pixels, a mark of `s` covers `s - (s^2 - s mod 2) / (4 n)` on average. Source: DeVries and Taylor 2017.

use super::canvas::Canvas;
use ronghe_graph::SplitMix;

pub(super) fn cut_out(canvas: &mut Canvas<'_>, share: f64, stream: &mut SplitMix) {
    let [height, width, channels] = canvas.shape;
    let mut part = |len: usize| {
        let size = (share * len as f64).round() as usize;
        let (middle, before) = (stream.below(len), size / 2);
        middle.saturating_sub(before)..(middle + size - before).min(len)
    };
    let (lines, columns) = (part(height), part(width));
    for line in canvas.pixels.chunks_exact_mut(width * channels).take(lines.end).skip(lines.start) {
        for pixel in line[columns.start * channels..columns.end * channels].chunks_exact_mut(channels) {
            pixel.copy_from_slice(&canvas.fill[..channels]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::canvas::tests::changed;
    use super::*;

    #[test]
    fn the_covered_area_is_that_of_the_formula() {
        let mut stream = SplitMix::named(1, "cutout");
        let (height, width) = (20, 12);
        let mut covered = 0;
        for _ in 0..4000 {
            let made = changed([height, width, 3], &[200; 20 * 12 * 3], |c| cut_out(c, 0.5, &mut stream));
            let blank = made.chunks_exact(3).filter(|p| p[..] == [9, 8, 7]).count();
            assert_eq!(blank + made.chunks_exact(3).filter(|p| p[..] == [200; 3]).count(), height * width);
            assert!((1..=10 * 6).contains(&blank));
            covered += blank;
        }
        let side = |n: f64, s: f64| s - s * s / (4.0 * n);
        let expected = side(20.0, 10.0) * side(12.0, 6.0);
        let found = covered as f64 / 4000.0;
        assert!((found - expected).abs() < 0.02 * expected, "{found} {expected}");
    }

    #[test]
    fn a_share_below_a_pixel_covers_nothing() {
        let mut stream = SplitMix::named(1, "cutout");
        assert_eq!(changed([2, 2, 1], &[5; 4], |c| cut_out(c, 0.1, &mut stream)), [5; 4]);
    }
}
