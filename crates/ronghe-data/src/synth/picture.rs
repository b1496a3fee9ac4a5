//! The picture of a row: a shape on a grey ground. High bit: warm or cold colour. Low bit: plain or striped. Shape, place,
//! size, ground, a grey spot and noise mean nothing.

use super::rng::Rng;

/// Pixels a side.
pub(super) const SIDE: usize = 32;

/// Pixels of a picture that shows the bits, red, green, blue.
pub(super) fn draw(rng: &mut Rng, bits: [bool; 2]) -> Vec<u8> {
    let ground = rng.between(40.0, 150.0) as f32;
    let slope = rng.between(-1.5, 1.5) as f32;
    let radius = rng.between(7.0, 11.0) as f32;
    let place = |rng: &mut Rng, r: f32| rng.between(f64::from(r), SIDE as f64 - f64::from(r)) as f32;
    let (cx, cy) = (place(rng, radius), place(rng, radius));
    let (spot_x, spot_y) = (place(rng, 3.0), place(rng, 3.0));
    let spot_shade = rng.between(0.0, 255.0) as f32;
    let strong = rng.between(190.0, 250.0) as f32;
    let middle = rng.between(70.0, 140.0) as f32;
    let weak = rng.between(20.0, 80.0) as f32;
    let colour = if bits[0] { [strong, middle, weak] } else { [weak, middle, strong] };
    let (shape, upright, phase) = (rng.below(3), rng.chance(0.5), rng.below(4));

    let mut pixels = Vec::with_capacity(SIDE * SIDE * 3);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let (dx, dy) = (x as f32 + 0.5 - cx, y as f32 + 0.5 - cy);
            let inside = match shape {
                0 => dx * dx + dy * dy < radius * radius,
                1 => dx.abs().max(dy.abs()) < 0.85 * radius,
                _ => dy < 0.8 * radius && dx.abs() < 0.6 * (dy + radius),
            };
            let (sx, sy) = (x as f32 + 0.5 - spot_x, y as f32 + 0.5 - spot_y);
            let along = if upright { x } else { y };
            let base = if inside {
                let dark = bits[1] && (along + phase) % 4 < 2;
                colour.map(|v| if dark { 0.35 * v } else { v })
            } else if sx * sx + sy * sy < 9.0 {
                [spot_shade; 3]
            } else {
                [ground + slope * (y as f32 - 16.0); 3]
            };
            pixels.extend(base.map(|v| (v + 15.0 * rng.noise()).clamp(0.0, 255.0) as u8));
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the bits back by hand: colour from the pixels that have one, stripes from their dark and bright neighbours.
    fn read(pixels: &[u8]) -> [bool; 2] {
        let at = |x: usize, y: usize, c: usize| f32::from(pixels[(y * SIDE + x) * 3 + c]);
        let tint = |x: usize, y: usize| at(x, y, 0) - at(x, y, 2);
        let mut warm = 0.0;
        let mut change = [0.0f32; 2];
        let mut count = [0.0f32; 2];
        for y in 0..SIDE - 2 {
            for x in 0..SIDE - 2 {
                let here = tint(x, y);
                if here.abs() < 60.0 {
                    continue;
                }
                warm += here.signum();
                for (way, other) in [tint(x + 2, y), tint(x, y + 2)].into_iter().enumerate() {
                    change[way] += f32::from(u8::from((here - other).abs() > 55.0));
                    count[way] += 1.0;
                }
            }
        }
        let share = |way: usize| change[way] / f32::max(count[way], 1.0);
        [warm > 0.0, share(0).max(share(1)) > 0.45]
    }

    #[test]
    fn the_bits_can_be_seen() {
        let mut right = 0;
        for i in 0..400u64 {
            let bits = [i & 2 != 0, i & 1 != 0];
            right += usize::from(read(&draw(&mut Rng::new(3, i), bits)) == bits);
        }
        assert!(right >= 384, "{right} of 400");
    }
}
