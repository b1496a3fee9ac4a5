//! Rotation, shear and translation.
//!
//! `y(p) = x(c + M (p - c) + t)` for places `p = (column, line)`, `c` the middle of the picture, `M` a 2 x 2 matrix, `t` in
//! pixels; `x` linear between its four neighbours in steps of 1/256, those outside being of the fill colour. Rotation by
//! `a`: `M = [[cos a, -sin a], [sin a, cos a]]`; shear along lines by `f`: `M = [[1, f], [0, 1]]`, along columns the
//! transpose. Places are whole numbers of 1/65536 pixel, so that no motion (`M = 1`, `t = 0`) is the picture itself.

use super::canvas::Canvas;

/// Where each place of the changed picture is read from, relative to the middle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Motion {
    pub(super) matrix: [[f64; 2]; 2],
    /// Columns, lines.
    pub(super) by: [f64; 2],
}

impl Motion {
    /// Counter-clockwise by so many radians.
    pub(super) fn rotation(angle: f64) -> Motion {
        let (sin, cos) = angle.sin_cos();
        Motion { matrix: [[cos, -sin], [sin, cos]], by: [0.0; 2] }
    }

    /// Along lines by `f` columns a line and along columns by `g` lines a column.
    pub(super) fn shear(f: f64, g: f64) -> Motion {
        Motion { matrix: [[1.0, f], [g, 1.0]], by: [0.0; 2] }
    }

    /// The picture moves left and up by so many pixels.
    pub(super) fn translation(columns: f64, lines: f64) -> Motion {
        Motion { matrix: [[1.0, 0.0], [0.0, 1.0]], by: [columns, lines] }
    }
}

const FRACTION: u32 = 16;

pub(super) fn warp(canvas: &mut Canvas<'_>, motion: &Motion) {
    if canvas.shape[2] == 3 { warp_of::<3>(canvas, motion) } else { warp_of::<1>(canvas, motion) }
}

fn warp_of<const C: usize>(canvas: &mut Canvas<'_>, motion: &Motion) {
    let [height, width, _] = canvas.shape;
    canvas.keep();
    let line = canvas.line();
    let before = canvas.scratch.before.as_slice();
    // Sides are below 2^11 and matrices near 1, so that places stay below 2^13 pixels.
    let fixed = |v: f64| (v * f64::from(1 << FRACTION)).round() as i32;
    let [[xx, xy], [yx, yy]] = motion.matrix;
    let (cx, cy) = ((width - 1) as f64 / 2.0, (height - 1) as f64 / 2.0);
    let steps = (fixed(xx), fixed(yx));
    let at = |x: i32, y: i32| -> &[u8] {
        let inside = |v: i32, len: usize| usize::try_from(v).ok().filter(|&v| v < len);
        match (inside(x, width), inside(y, height)) {
            (Some(x), Some(y)) => &before[y * line + x * C..][..C],
            _ => &canvas.fill[..C],
        }
    };
    for (i, to) in canvas.pixels.chunks_exact_mut(line).enumerate() {
        let dy = i as f64 - cy;
        let mut x = fixed(cx - xx * cx + xy * dy + motion.by[0]);
        let mut y = fixed(cy - yx * cx + yy * dy + motion.by[1]);
        for pixel in to.chunks_exact_mut(C) {
            let (left, top) = (x >> FRACTION, y >> FRACTION);
            let inside = left >= 0 && top >= 0 && (left as usize) + 1 < width && (top as usize) + 1 < height;
            let [a, b, c, d] = if inside {
                let first = top as usize * line + left as usize * C;
                let (above, below) = (&before[first..][..2 * C], &before[first + line..][..2 * C]);
                [&above[..C], &above[C..], &below[..C], &below[C..]]
            } else {
                [at(left, top), at(left + 1, top), at(left, top + 1), at(left + 1, top + 1)]
            };
            let (u, v) = ((x as u32 >> 8) & 255, (y as u32 >> 8) & 255);
            for k in 0..C {
                let upper = u32::from(a[k]) * (256 - u) + u32::from(b[k]) * u;
                let lower = u32::from(c[k]) * (256 - u) + u32::from(d[k]) * u;
                pixel[k] = ((upper * (256 - v) + lower * v + (1 << 15)) >> 16) as u8;
            }
            x += steps.0;
            y += steps.1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::canvas::tests::{changed, noise};
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn no_motion_is_the_picture_itself() {
        for shape in [[9, 7, 3], [1, 1, 1], [6, 12, 1]] {
            let before = noise(shape.iter().product());
            for still in [Motion::rotation(0.0), Motion::shear(0.0, 0.0), Motion::translation(0.0, 0.0)] {
                assert_eq!(changed(shape, &before, |c| warp(c, &still)), before);
            }
        }
    }

    #[test]
    fn quarter_turns_move_every_pixel_to_its_place() {
        let before = noise(8 * 8 * 3);
        let quarter = |p: &[u8]| changed([8, 8, 3], p, |c| warp(c, &Motion::rotation(PI / 2.0)));
        let once = quarter(&before);
        // Counter-clockwise: the upper right corner goes to the upper left.
        assert_eq!(once[..3], before[7 * 3..8 * 3]);
        assert_eq!(quarter(&quarter(&quarter(&once))), before);
        let half = changed([8, 8, 3], &before, |c| warp(c, &Motion::rotation(PI)));
        let reversed: Vec<u8> = before.chunks(3).rev().flatten().copied().collect();
        assert_eq!(half, reversed);
    }

    #[test]
    fn what_comes_from_outside_is_of_the_fill_colour() {
        let before = [10, 20, 30, 40];
        let moved = |by| changed([1, 4, 1], &before, |c| warp(c, &Motion::translation(by, 0.0)));
        assert_eq!(moved(1.0), [20, 30, 40, 9]);
        assert_eq!(moved(-2.0), [9, 9, 10, 20]);
        assert_eq!(moved(0.5), [15, 25, 35, 25]);
        assert_eq!(moved(100.0), [9; 4]);
        let colour = changed([2, 1, 3], &[1; 6], |c| warp(c, &Motion::translation(0.0, 1.0)));
        assert_eq!(colour, [1, 1, 1, 9, 8, 7]);
    }

    #[test]
    fn shear_moves_lines_by_their_distance_from_the_middle() {
        let before: Vec<u8> = (0..25).map(|i| if i % 5 == 2 { 200 } else { 0 }).collect();
        let made = changed([5, 5, 1], &before, |c| warp(c, &Motion::shear(1.0, 0.0)));
        for (i, line) in made.chunks(5).enumerate() {
            // Read from column j + (i - 2), so the mark stands at 2 - (i - 2).
            assert_eq!(line[4 - i], 200, "{made:?}");
        }
    }
}
