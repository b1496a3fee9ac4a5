//! Boxes of a picture: a grid of rows and columns whose edges are as even as whole pixels allow.

use super::MaskerEntry;
use super::canvas::{self, FILLS, Places};
use crate::explain::Part;
use ronghe_data::Modality;
use ronghe_data::decode::Picture;

pub(super) static PATCHES: MaskerEntry = MaskerEntry {
    name: "patches",
    modalities: &[Modality::Image],
    summary: "a grid of boxes",
    size: &[("rows", 7), ("columns", 7)],
    fills: &FILLS,
    build: Some(|input| {
        canvas::divide(input, |picture, full, size| {
            let (rows, columns) = (size[0].min(picture.height), size[1].min(picture.width));
            Ok(grid(picture, full, (rows, columns), |r, c| format!("patch {},{}", r + 1, c + 1)))
        })
    }),
};

/// Longest side of a picture whose pixels are parts.
const MOST_SIDE: usize = 64;

pub(super) static PIXELS: MaskerEntry = MaskerEntry {
    name: "pixels",
    modalities: &[Modality::Image],
    summary: "single pixels, of pictures up to 64 pixels a side",
    size: &[],
    fills: &FILLS,
    build: Some(|input| {
        canvas::divide(input, |picture, full, _| {
            let (height, width) = full;
            match height.max(width) <= MOST_SIDE {
                true => Ok(grid(picture, full, full, |r, c| format!("pixel {},{}", r + 1, c + 1))),
                false => {
                    Err(format!("it has {width} x {height} pixels; `pixels` takes up to {MOST_SIDE} a side"))
                }
            }
        })
    }),
};

fn grid(
    picture: &Picture,
    (height, width): (usize, usize),
    (rows, columns): (usize, usize),
    name: impl Fn(usize, usize) -> String,
) -> Places {
    let edge = |i: usize, cuts: usize, side: usize| i * side / cuts;
    let mut places = Places { parts: Vec::new(), runs: Vec::new() };
    for r in 0..rows {
        for c in 0..columns {
            let (x, y) = (edge(c, columns, width), edge(r, rows, height));
            let size = (edge(c + 1, columns, width) - x, edge(r + 1, rows, height) - y);
            places.parts.push((name(r, c), Part::Patch { x, y, width: size.0, height: size.1 }));
            let left = edge(c, columns, picture.width);
            let len = edge(c + 1, columns, picture.width) - left;
            let lines = edge(r, rows, picture.height)..edge(r + 1, rows, picture.height);
            places.runs.push(lines.map(|y| (y * picture.width + left, len)).collect());
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_cover_every_pixel_once() {
        let picture = Picture { height: 10, width: 23, channels: 1, pixels: vec![0; 230] };
        let places = grid(&picture, (20, 46), (3, 7), |r, c| format!("{r} {c}"));
        let mut seen = vec![0; 230];
        places
            .runs
            .iter()
            .flatten()
            .for_each(|&(at, len)| seen[at..at + len].iter_mut().for_each(|n| *n += 1));
        assert!(seen.iter().all(|&n| n == 1));
        let area = |part: &Part| match part {
            Part::Patch { width, height, .. } => width * height,
            _ => 0,
        };
        assert_eq!(places.parts.iter().map(|(_, p)| area(p)).sum::<usize>(), 20 * 46);
        assert_eq!((places.parts.len(), places.parts[8].0.as_str()), (21, "1 1"));
    }
}
