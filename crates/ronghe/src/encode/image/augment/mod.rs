//! Random changes to the pictures of training rows, drawn anew each time a row is used.
//!
//! A picture goes through these in order, each only if it is set, and stays of its size:
//!
//! | file | changes |
//! |---|---|
//! | `place` | `crop`, `flip`, `shift`: one resampling for the three |
//! | `rand_augment` | `rand_augment`: some of fourteen changes, drawn for each picture |
//! | `jitter` | `jitter`: brightness, contrast, saturation, hue |
//! | `cutout` | `cutout`: a square of the mean colour |
//! | `warp`, `tone` | what `rand_augment` draws from: rotation, shear, translation; tables of tones, sharpness |
//! | `canvas` | the picture being changed |
//!
//! Pictures stay bytes; what is left empty becomes the mean colour that the encoder subtracts, hence 0 in the network.
//! Pictures of one channel are changed alike, but have no saturation and hue. `O(H W C)` a change.

mod canvas;
mod cutout;
mod jitter;
mod place;
mod rand_augment;
mod tone;
mod warp;

use crate::Result;
use crate::encode::{EncoderSpec, Field, Prepared, params, row_streams};
use canvas::{Canvas, Scratch};
use jitter::Jitter;
use rand_augment::RandAugment;
use rayon::prelude::*;
use ronghe_graph::SplitMix;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Which changes; none by default. Written as a map, or as a word of [`WORDS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields, default)]
pub(super) struct Augment {
    /// Most pixels that a picture is moved, each way; what comes in from outside repeats the edge.
    shift: usize,
    /// Whether pictures are mirrored left to right, one in two.
    flip: bool,
    /// Least and greatest share of the area that a random window keeps; it is stretched to the whole picture.
    crop: [f64; 2],
    jitter: Jitter,
    /// Side of the blanked square as a share of the picture's sides.
    cutout: f64,
    rand_augment: Option<RandAugment>,
}

type Named = fn() -> Augment;

/// Sets of changes by name.
const WORDS: &[(&str, Named)] = &[
    ("light", || Augment { flip: true, crop: [0.7, 1.0], ..Augment::default() }),
    ("strong", || Augment {
        flip: true,
        cutout: 0.3,
        rand_augment: Some(RandAugment::default()),
        ..Augment::default()
    }),
];

impl Default for Augment {
    fn default() -> Augment {
        Augment {
            shift: 0,
            flip: false,
            crop: [1.0, 1.0],
            jitter: Jitter::default(),
            cutout: 0.0,
            rand_augment: None,
        }
    }
}

impl Augment {
    /// Whether anything is set.
    pub(super) fn is_set(&self) -> bool {
        *self != Augment::default()
    }

    /// Refuses settings that make no sense for pictures of this height and width.
    pub(super) fn check(&self, spec: &EncoderSpec, height: usize, width: usize) -> Result<()> {
        let share = |key, value, least, most| params::within(spec, key, value, least..=most);
        let [low, high] = self.crop;
        params::within(spec, "augment.shift", self.shift, 0..=height.min(width).saturating_sub(1))?;
        share("augment.crop", low, 0.01, 1.0)?;
        share("augment.crop", high, low, 1.0)?;
        share("augment.jitter.brightness", self.jitter.brightness, 0.0, 1.0)?;
        share("augment.jitter.contrast", self.jitter.contrast, 0.0, 1.0)?;
        share("augment.jitter.saturation", self.jitter.saturation, 0.0, 1.0)?;
        share("augment.jitter.hue", self.jitter.hue, 0.0, 0.5)?;
        share("augment.cutout", self.cutout, 0.0, 0.9)?;
        let Some(RandAugment { ops, magnitude }) = self.rand_augment else { return Ok(()) };
        params::within(spec, "augment.rand_augment.ops", ops, 1..=8)?;
        share("augment.rand_augment.magnitude", magnitude, 0.0, rand_augment::FULL)
    }

    /// Changes the pictures of a batch, side by side; each draws from a stream of its own.
    pub(super) fn apply(&self, rows: &mut Prepared, stream: &mut SplitMix) {
        let Prepared { present, fields, .. } = rows;
        for field in fields.values_mut() {
            let Field::Pixels { shape, data, mean, .. } = field else { continue };
            let (shape, fill) = (*shape, canvas::mean_colour(mean));
            let streams = row_streams(present.len(), stream);
            data.par_chunks_exact_mut(shape.iter().product::<usize>().max(1))
                .zip(streams)
                .zip(&*present)
                .filter(|(_, present)| **present)
                .for_each_init(Scratch::default, |scratch, ((pixels, mut stream), _)| {
                    self.change(&mut Canvas { pixels, shape, fill, scratch }, &mut stream);
                });
        }
    }

    fn change(&self, canvas: &mut Canvas<'_>, stream: &mut SplitMix) {
        if self.shift > 0 || self.flip || self.crop != [1.0, 1.0] {
            let [height, width, _] = canvas.shape;
            let window = place::draw_window(height, width, self.crop, stream);
            let moved = [(); 2].map(|()| stream.below(2 * self.shift + 1) as isize - self.shift as isize);
            place::place(canvas, window, moved, self.flip && stream.unit() < 0.5);
        }
        if let Some(drawn) = self.rand_augment {
            drawn.apply(canvas, stream);
        }
        if self.jitter != Jitter::default() {
            jitter::recolour(canvas, &self.jitter.draw(stream));
        }
        if self.cutout > 0.0 {
            cutout::cut_out(canvas, self.cutout, stream);
        }
    }
}

impl Serialize for Augment {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        Augment::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Augment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Augment, D::Error> {
        let map = match Value::deserialize(deserializer)? {
            Value::String(word) => {
                let found = WORDS.iter().find(|(name, _)| *name == word).map(|(_, make)| make());
                return found.ok_or_else(|| {
                    let words: Vec<&str> = WORDS.iter().map(|(name, _)| *name).collect();
                    D::Error::custom(format!("one of the words {}, or a map of settings", words.join(", ")))
                });
            }
            map => map,
        };
        Augment::deserialize(map).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::image::CNN;
    use serde_json::json;
    use std::io::Write;

    fn settings(value: Value) -> Augment {
        serde_json::from_value(value).unwrap()
    }

    /// A batch of pictures with every value in them, the mean in the middle of nowhere.
    fn batch(rows: usize, shape: [usize; 3]) -> Prepared {
        let data = canvas::tests::noise(rows * shape.iter().product::<usize>());
        let field = Field::Pixels { shape, data, mean: vec![77.4; shape[2]], std: vec![50.0; shape[2]] };
        Prepared { present: vec![true; rows], fields: [("pixels".to_owned(), field)].into(), bad: Vec::new() }
    }

    fn changed(settings: &Augment, before: &Prepared) -> Prepared {
        let mut after = before.clone();
        settings.apply(&mut after, &mut SplitMix::named(1, "augment"));
        after
    }

    fn pixels(rows: &Prepared) -> &[u8] {
        match &rows.fields["pixels"] {
            Field::Pixels { data, .. } => data,
            other => panic!("{other:?}"),
        }
    }

    fn everything() -> Augment {
        settings(json!({
            "shift": 1, "flip": true, "crop": [0.3, 0.9], "cutout": 0.4, "rand_augment": {"ops": 3, "magnitude": 7.5},
            "jitter": {"brightness": 0.4, "contrast": 0.3, "saturation": 0.6, "hue": 0.2},
        }))
    }

    #[test]
    fn nothing_set_changes_nothing() {
        let before = batch(8, [9, 7, 3]);
        for still in [json!({}), json!({"crop": [1, 1], "jitter": {"hue": 0.0}})] {
            assert!(!settings(still.clone()).is_set());
            assert_eq!(changed(&settings(still), &before), before);
        }
    }

    #[test]
    fn a_seed_gives_the_same_bytes_at_any_number_of_threads() {
        for shape in [[32, 24, 3], [28, 28, 1]] {
            let before = batch(40, shape);
            let with = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| changed(&everything(), &before))
            };
            let one = with(1);
            assert_ne!(one, before);
            assert_eq!(one, with(5));
            // A row's change depends on its place, not on how many rows follow.
            let first: Vec<usize> = (0..7).collect();
            assert_eq!(changed(&everything(), &before.take(&first)), one.take(&first));
        }
    }

    #[test]
    fn absent_pictures_stay_black_and_small_ones_are_no_error() {
        let mut before = batch(3, [1, 1, 1]);
        before.present[1] = false;
        let strong = Augment { crop: [0.01, 1.0], ..settings(json!("strong")) };
        assert_eq!(pixels(&changed(&strong, &before))[1], pixels(&before)[1]);
        for shape in [[1, 1, 3], [1, 9, 1], [9, 2, 3], [2, 2, 1]] {
            for _ in 0..3 {
                changed(&Augment { shift: 0, ..everything() }, &batch(50, shape));
            }
        }
        changed(&everything(), &batch(0, [4, 4, 3]));
    }

    #[test]
    fn words_stand_for_settings_and_unknown_ones_are_answered() {
        assert_eq!(settings(json!("light")), settings(json!({"crop": [0.7, 1.0], "flip": true})));
        let strong = json!({"rand_augment": {"ops": 2, "magnitude": 9}, "flip": true, "cutout": 0.3});
        assert_eq!(settings(json!("strong")), settings(strong));
        assert_eq!(settings(serde_json::to_value(everything()).unwrap()), everything());
        let message = |value: Value| serde_json::from_value::<Augment>(value).unwrap_err().to_string();
        assert!(message(json!("lihgt")).contains("light, strong"));
        assert!(message(json!({"flipp": true})).contains("`flip`"));
        assert!(message(json!({"jitter": {"gamma": 1}})).contains("`hue`"));
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        let message = |value: Value| settings(value).check(&CNN, 8, 5).unwrap_err().to_string();
        for (value, name) in [
            (json!({"shift": 5}), "augment.shift`: expected 0 to 4, found 5"),
            (json!({"crop": [0.0, 1.0]}), "augment.crop"),
            (json!({"crop": [0.5, 0.4]}), "augment.crop`: expected 0.5 to 1"),
            (json!({"jitter": {"hue": 0.6}}), "augment.jitter.hue"),
            (json!({"jitter": {"contrast": -0.1}}), "augment.jitter.contrast"),
            (json!({"cutout": 1}), "augment.cutout"),
            (json!({"rand_augment": {"ops": 0}}), "augment.rand_augment.ops"),
            (json!({"rand_augment": {"magnitude": 11}}), "augment.rand_augment.magnitude"),
        ] {
            assert!(message(value).contains(name), "{name}");
        }
        assert!(everything().check(&CNN, 8, 5).is_ok());
    }

    #[test]
    #[ignore = "a measurement: cargo test --release -p ronghe time_a_picture -- --ignored --nocapture"]
    fn time_a_picture() {
        let before = batch(1000, [96, 96, 3]);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        for (name, value) in [
            ("flip", json!({"flip": true})),
            ("crop, flip", json!("light")),
            (
                "jitter",
                json!({"jitter": {"brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.1}}),
            ),
            (
                "crop, flip, jitter",
                json!({"crop": [0.3, 1.0], "flip": true,
                "jitter": {"brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.1}}),
            ),
            ("strong", json!("strong")),
        ] {
            let settings = settings(value);
            let mut best = f64::MAX;
            for _ in 0..7 {
                let mut rows = before.clone();
                let start = std::time::Instant::now();
                pool.install(|| settings.apply(&mut rows, &mut SplitMix::named(1, "time")));
                best = best.min(start.elapsed().as_secs_f64() * 1e3);
            }
            writeln!(std::io::stderr(), "{name}: {best:.1} microseconds a picture").unwrap();
        }
    }
}
