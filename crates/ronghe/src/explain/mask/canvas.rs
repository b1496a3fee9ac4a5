//! A picture with parts painted over.
//!
//! The masked picture is a plain PNM file: pixels of shown parts are the picture's, all others the paint's. A picture with a
//! side of more than 512 pixels is masked at that size, for thousands of masked pictures are made of it.

use super::paint::{Blur, inpaint};
use super::{Content, Divided, FillEntry, Mask, MaskInput};
use crate::Result;
use crate::explain::Part;
use ronghe_data::decode::{Filter, Fit, Limits, Picture, decode_image};
use ronghe_data::synth::pnm_bytes;

/// Longest side of a masked picture.
const MOST_SIDE: usize = 512;

/// What pictures are painted over with.
pub(super) const FILLS: [FillEntry; 4] = [
    FillEntry { name: "blur", summary: "the picture blurred by an eighth of its shorter side" },
    FillEntry { name: "mean", summary: "its mean colour" },
    FillEntry { name: "background", summary: "the same place in the pictures of background rows" },
    FillEntry { name: "inpaint", summary: "colours that flow in from the border of what is shown" },
];

/// Where the parts of a picture are.
pub(super) struct Places {
    /// Name and place of each part, in pixels of the picture as it is.
    pub(super) parts: Vec<(String, Part)>,
    /// Runs of pixels (first and length) of each part, in the picture as it is masked.
    pub(super) runs: Vec<Vec<(usize, usize)>>,
}

/// A picture as it is masked.
struct Canvas {
    picture: Picture,
    places: Places,
    paint: Paint,
}

enum Paint {
    /// One for all rows.
    Pixels(Vec<u8>),
    /// One a background row.
    Rows(Vec<Vec<u8>>),
    /// Depends on what is shown.
    Inpaint,
}

/// Divides the picture in the cell. `divide` is given the picture as it is masked, and height and width as it is; it may refuse
/// with a reason.
pub(super) fn divide(
    input: &MaskInput<'_>,
    divide: impl Fn(&Picture, (usize, usize), &[usize]) -> std::result::Result<Places, String>,
) -> Result<Divided> {
    let limits = Limits::default();
    let picture = match input.cell.media(0, 0).map(|cell| decode_image(&cell, &limits)) {
        Some(Ok(picture)) => picture,
        Some(Err(error)) => return Ok(Divided::Unreadable(error.at(input.cell, 0, 0).to_string())),
        None => return Ok(Divided::Unreadable("no picture".into())),
    };
    let full = (picture.height, picture.width);
    let longest = full.0.max(full.1);
    let (picture, note) = match longest > MOST_SIDE {
        true => {
            let scale = |side: usize| (side * MOST_SIDE / longest).max(1);
            let small = picture.resized(scale(full.0), scale(full.1), Fit::Stretch, Filter::Bilinear);
            let note =
                format!("masked at {} x {} of {} x {} pixels", small.width, small.height, full.1, full.0);
            (small, Some(note))
        }
        false => (picture, None),
    };
    let places = match divide(&picture, full, input.size) {
        Ok(places) => places,
        Err(reason) => return Ok(Divided::Whole(reason)),
    };
    let paint = match input.fill {
        "mean" => Paint::Pixels(mean(&picture)),
        "background" => Paint::Rows(backgrounds(input, &picture)),
        "inpaint" => Paint::Inpaint,
        _ => Paint::Pixels(Blur::of(&picture).pixels()),
    };
    Ok(Divided::Parts(Box::new(Canvas { picture, places, paint }), note))
}

/// The mean colour everywhere.
fn mean(picture: &Picture) -> Vec<u8> {
    let channels = picture.channels;
    let count = (picture.pixels.len() / channels).max(1) as u64;
    let mut sums = vec![0_u64; channels];
    for pixel in picture.pixels.chunks_exact(channels) {
        sums.iter_mut().zip(pixel).for_each(|(s, &v)| *s += u64::from(v));
    }
    let colour: Vec<u8> = sums.iter().map(|s| ((s + count / 2) / count) as u8).collect();
    colour.repeat(picture.height * picture.width)
}

/// The pictures of the background rows, of the same size; the mean colour where there is none.
fn backgrounds(input: &MaskInput<'_>, like: &Picture) -> Vec<Vec<u8>> {
    let one = |row: usize| {
        let cell = input.background.media(0, row)?;
        let picture = decode_image(&cell, &Limits::default()).ok()?.to_channels(like.channels);
        Some(picture.resized(like.height, like.width, Fit::Stretch, Filter::Bilinear).pixels)
    };
    (0..input.background.rows()).map(|row| one(row).unwrap_or_else(|| mean(like))).collect()
}

impl Mask for Canvas {
    fn parts(&self) -> Vec<(String, Part)> {
        self.places.parts.clone()
    }

    fn varies(&self) -> bool {
        matches!(self.paint, Paint::Rows(_))
    }

    fn pastes(&self) -> bool {
        !matches!(self.paint, Paint::Inpaint)
    }

    fn bytes(&self) -> usize {
        self.picture.pixels.len() + 32
    }

    fn content(&self, shown: &[bool], filler: usize) -> Content {
        let Picture { height, width, channels, pixels } = &self.picture;
        let shown_runs =
            || self.places.runs.iter().zip(shown).filter(|(_, s)| **s).flat_map(|(r, _)| r.iter());
        let inpainted;
        let paint = match &self.paint {
            Paint::Pixels(paint) => paint,
            Paint::Rows(rows) => &rows[filler],
            Paint::Inpaint => {
                let mut mask = vec![false; height * width];
                shown_runs().for_each(|&(first, len)| mask[first..first + len].fill(true));
                inpainted = inpaint(&self.picture, &mask).unwrap_or_else(|| mean(&self.picture));
                &inpainted
            }
        };
        let mut file = pnm_bytes(*height, *width, *channels, paint);
        let from = file.len() - pixels.len();
        for &(first, len) in shown_runs() {
            let (start, end) = (first * channels, (first + len) * channels);
            file[from + start..from + end].copy_from_slice(&pixels[start..end]);
        }
        Content::Bytes(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, LargeBinaryArray};
    use ronghe_data::{Cell, ColumnSchema, Kind, Schema, Table};
    use std::path::Path;
    use std::sync::Arc;

    fn table(files: &[&[u8]]) -> Table {
        let schema = Schema { columns: vec![ColumnSchema::new("p", Kind::Image)] };
        let cells: ArrayRef = Arc::new(LargeBinaryArray::from_iter_values(files));
        let here = Path::new("t.csv");
        Table::new(Arc::new(schema), vec![cells], here, here, 1).unwrap()
    }

    fn masked(fill: &'static str, file: &[u8], shown: &[bool]) -> (Picture, bool) {
        let (cell, background) = (table(&[file]), table(&[&pnm_bytes(1, 1, 1, &[7])]));
        let input = MaskInput { cell: &cell, background: &background, size: &[2, 2], fill, seed: 0 };
        let Divided::Parts(mask, _) = super::super::patches::PATCHES.build.unwrap()(&input).unwrap() else {
            panic!("not divided")
        };
        assert_eq!(mask.parts().len(), 4);
        let Content::Bytes(file) = mask.content(shown, 0) else { panic!("no file") };
        (decode_image(&Cell::Bytes(&file), &Limits::default()).unwrap(), mask.varies())
    }

    #[test]
    fn shown_patches_are_the_pictures_own() {
        let pixels: Vec<u8> = (0..16).map(|i| i * 10).collect();
        let file = pnm_bytes(4, 4, 1, &pixels);
        let shown = [true, false, false, true];
        for FillEntry { name, .. } in FILLS {
            let (picture, varies) = masked(name, &file, &shown);
            assert_eq!(varies, name == "background");
            for (i, (&found, &own)) in picture.pixels.iter().zip(&pixels).enumerate() {
                let part = i / 8 * 2 + i % 4 / 2;
                match (shown[part], name) {
                    (true, _) => assert_eq!(found, own, "{name} {i}"),
                    (false, "background") => assert_eq!(found, 7),
                    (false, "mean") => assert_eq!(found, 75),
                    _ => {}
                }
            }
            let (hidden, _) = masked(name, &file, &[false; 4]);
            assert_ne!(hidden.pixels, pixels, "{name}");
        }
    }

    #[test]
    fn broken_pictures_are_told() {
        let (cell, background) = (table(&[b"no picture"]), table(&[]));
        let input = MaskInput { cell: &cell, background: &background, size: &[2, 2], fill: "blur", seed: 0 };
        let found = super::super::patches::PATCHES.build.unwrap()(&input).unwrap();
        assert!(matches!(found, Divided::Unreadable(reason) if reason.contains("`p`")));
    }
}
