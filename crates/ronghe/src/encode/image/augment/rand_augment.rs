//! RandAugment: some changes out of fourteen, all of one magnitude, drawn anew for each picture.
//!
//! Magnitude `m` of 0 to 10 gives each change its strength, in AutoAugment's ranges:
//!
//! | change | strength |
//! |---|---|
//! | identity, autocontrast, equalize | none |
//! | rotate | ± 3 m degrees |
//! | shear x, shear y | ± 0.03 m |
//! | translate x, translate y | ± 0.045 m of the side |
//! | colour, contrast, brightness, sharpness | factor 1 ± 0.09 m |
//! | solarize | threshold 256 (1 - m / 10) |
//! | posterize | 8 - 0.4 m bits, rounded |
//!
//! Each of `ops` draws is uniform over the fourteen, and a sign is positive or negative with even chance. What comes in from
//! outside is of the fill colour. Source: Cubuk, Zoph, Shlens, Le 2020; ranges of Cubuk et al. 2019.

use super::canvas::Canvas;
use super::jitter::{Factors, recolour};
use super::tone;
use super::warp::{Motion, warp};
use ronghe_graph::SplitMix;
use serde::{Deserialize, Serialize};

/// How many changes a picture goes through, and their magnitude.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RandAugment {
    pub(super) ops: usize,
    /// 0 to [`FULL`].
    pub(super) magnitude: f64,
}

impl Default for RandAugment {
    fn default() -> RandAugment {
        RandAugment { ops: 2, magnitude: 9.0 }
    }
}

/// Greatest magnitude.
pub(super) const FULL: f64 = 10.0;

/// A change at a signed strength of -1 to 1.
type Change = fn(&mut Canvas<'_>, f64);

const CHANGES: [(&str, Change); 14] = [
    ("identity", |_, _| {}),
    ("autocontrast", |canvas, _| tone::autocontrast(canvas)),
    ("equalize", |canvas, _| tone::equalize(canvas)),
    ("rotate", |canvas, s| warp(canvas, &Motion::rotation((30.0 * s).to_radians()))),
    ("shear_x", |canvas, s| warp(canvas, &Motion::shear(0.3 * s, 0.0))),
    ("shear_y", |canvas, s| warp(canvas, &Motion::shear(0.0, 0.3 * s))),
    ("translate_x", |canvas, s| {
        warp(canvas, &Motion::translation((0.45 * s * canvas.shape[1] as f64).round(), 0.0));
    }),
    ("translate_y", |canvas, s| {
        warp(canvas, &Motion::translation(0.0, (0.45 * s * canvas.shape[0] as f64).round()));
    }),
    ("color", |canvas, s| recolour(canvas, &Factors { saturation: factor(s), ..Factors::default() })),
    ("contrast", |canvas, s| recolour(canvas, &Factors { contrast: factor(s), ..Factors::default() })),
    ("brightness", |canvas, s| recolour(canvas, &Factors { brightness: factor(s), ..Factors::default() })),
    ("sharpness", |canvas, s| tone::sharpen(canvas, factor(s))),
    ("solarize", |canvas, s| tone::solarize(canvas, (256.0 * (1.0 - s.abs())).round() as usize)),
    ("posterize", |canvas, s| tone::posterize(canvas, (8.0 - 4.0 * s.abs()).round() as u32)),
];

fn factor(strength: f64) -> f32 {
    (1.0 + 0.9 * strength) as f32
}

impl RandAugment {
    pub(super) fn apply(&self, canvas: &mut Canvas<'_>, stream: &mut SplitMix) {
        for _ in 0..self.ops {
            let (_, change) = CHANGES[stream.below(CHANGES.len())];
            let sign = if stream.unit() < 0.5 { -1.0 } else { 1.0 };
            change(canvas, sign * self.magnitude / FULL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::canvas::tests::{changed, noise};
    use super::*;

    #[test]
    fn only_tone_curves_change_anything_at_magnitude_nought() {
        for shape in [[24, 20, 3], [24, 20, 1]] {
            let before: Vec<u8> = noise(shape.iter().product()).iter().map(|v| 40 + v / 2).collect();
            for (name, change) in CHANGES {
                let made = changed(shape, &before, |c| change(c, 0.0));
                assert_eq!(made != before, matches!(name, "autocontrast" | "equalize"), "{name}");
            }
        }
    }

    #[test]
    fn every_change_but_one_changes_something_and_both_signs_differ() {
        let before: Vec<u8> = noise(24 * 24 * 3).iter().map(|v| 40 + v / 2).collect();
        for (name, change) in CHANGES {
            let [less, more] = [-0.9, 0.9].map(|s| changed([24, 24, 3], &before, |c| change(c, s)));
            assert_eq!(more == before, name == "identity", "{name}");
            let unsigned =
                matches!(name, "identity" | "autocontrast" | "equalize" | "solarize" | "posterize");
            assert_eq!(less == more, unsigned, "{name}");
        }
    }

    #[test]
    fn grey_pictures_have_no_colour_to_change() {
        let before: Vec<u8> = noise(400).iter().map(|v| 40 + v / 2).collect();
        for (name, change) in CHANGES {
            let made = changed([20, 20, 1], &before, |c| change(c, 1.0));
            assert_eq!(made == before, matches!(name, "identity" | "color"), "{name}");
        }
    }

    #[test]
    fn changes_are_drawn_evenly() {
        let before: Vec<u8> = noise(18 * 18 * 3).iter().map(|v| 40 + v / 2).collect();
        let mut stream = SplitMix::named(1, "changes");
        let mut same = 0;
        for _ in 0..1400 {
            let once = RandAugment { ops: 1, magnitude: 10.0 };
            same += u32::from(changed([18, 18, 3], &before, |c| once.apply(c, &mut stream)) == before);
        }
        // One in fourteen draws is the identity.
        assert!((70..130).contains(&same), "{same}");
    }
}
