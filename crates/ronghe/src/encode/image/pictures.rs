//! A column of pictures as pixels of one shape.

use crate::Result;
use crate::encode::{BadCell, EncoderSpec, Field, Prepared, params};
use ronghe_data::Table;
use ronghe_data::decode::{Filter, Fit, Picture, PictureOptions, decode_images};
use ronghe_graph::{Builder, DType, Shape, ValueId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the pictures of a column become pixels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Pictures {
    pub(super) column: String,
    /// Height, width, channels.
    pub(super) shape: [usize; 3],
    pub(super) fit: Fit,
    pub(super) filter: Filter,
    /// Subtracted from each channel, 0 to 255.
    pub(super) mean: Vec<f32>,
    /// Divides each channel.
    pub(super) std: Vec<f32>,
}

/// Largest side that parameters may ask for.
pub(super) const LARGEST: usize = 1024;

/// Rows decoded at once: whole pictures are in memory only for these.
const ROWS_AT_ONCE: usize = 512;
/// Training pictures looked at to choose a shape and statistics.
const SAMPLE: usize = 512;

impl Pictures {
    /// Decodes, resizes and lays the pictures one after another; a row without a picture is black.
    pub(super) fn prepare(&self, table: &Table) -> Result<Prepared> {
        let (column, _) = table.find(&self.column)?;
        let [height, width, channels] = self.shape;
        let size = height * width * channels;
        let options = PictureOptions {
            channels: Some(channels),
            size: Some((height, width, self.fit, self.filter)),
            ..PictureOptions::default()
        };
        let mut data = vec![0; table.rows() * size];
        let mut prepared = Prepared { present: vec![false; table.rows()], ..Prepared::default() };
        let rows: Vec<usize> = (0..table.rows()).collect();
        for chunk in rows.chunks(ROWS_AT_ONCE) {
            for (&row, decoded) in chunk.iter().zip(decode_images(table, column, chunk, &options)) {
                match decoded {
                    Ok(Some(picture)) => {
                        prepared.present[row] = true;
                        data[row * size..(row + 1) * size].copy_from_slice(&picture.pixels);
                    }
                    Ok(None) => {}
                    Err(error) => prepared.bad.push(BadCell { row, message: error.to_string() }),
                }
            }
        }
        let field = Field::Pixels { shape: self.shape, data, mean: self.mean.clone(), std: self.std.clone() };
        prepared.fields = BTreeMap::from([("pixels".to_owned(), field)]);
        Ok(prepared)
    }

    /// The network's input, `[N, H, W, C]`.
    pub(super) fn input(&self, b: &mut Builder<'_>) -> Result<ValueId> {
        Ok(b.input("pixels", &Shape::batch(&self.shape), DType::F32)?)
    }

    /// Refuses a damaged state: these numbers size buffers.
    pub(super) fn check(&self, spec: &EncoderSpec) -> Result<()> {
        let [height, width, channels] = self.shape;
        let sound = (1..=LARGEST).contains(&height)
            && (1..=LARGEST).contains(&width)
            && matches!(channels, 1 | 3)
            && self.mean.len() == channels
            && self.std.len() == channels;
        if sound {
            Ok(())
        } else {
            Err(params::damaged(spec, "a shape of pictures", &format!("{:?}", self.shape)))
        }
    }
}

/// Pictures evenly taken from the training rows; those that cannot be read are left out.
pub(super) fn sample(table: &Table, column: &str) -> Result<Vec<Picture>> {
    let (column, _) = table.find(column)?;
    let present: Vec<usize> = (0..table.rows()).filter(|&row| !table.is_missing(column, row)).collect();
    let rows: Vec<usize> = present.iter().copied().step_by(present.len().div_ceil(SAMPLE).max(1)).collect();
    let decoded = decode_images(table, column, &rows, &PictureOptions::default());
    Ok(decoded.into_iter().filter_map(|d| d.ok().flatten()).collect())
}

/// Height, width and channels for these pictures: their own if all agree, no side above `most`; otherwise the middle
/// of the heights and widths. Colour if any picture has it. 28 x 28 grey if there are none.
pub(super) fn common_shape(pictures: &[Picture], most: usize) -> [usize; 3] {
    let middle = |side: fn(&Picture) -> usize| {
        let mut sides: Vec<usize> = pictures.iter().map(side).collect();
        sides.sort_unstable();
        sides.get(sides.len() / 2).map_or(28, |&s| s.clamp(1, most))
    };
    let colour = pictures.iter().any(|p| p.channels == 3);
    [middle(|p| p.height), middle(|p| p.width), if colour { 3 } else { 1 }]
}

/// Mean and standard deviation of each channel, 0 to 255.
pub(super) fn statistics(pictures: &[Picture], channels: usize) -> (Vec<f32>, Vec<f32>) {
    // Whole numbers, so that order cannot matter.
    let mut sums = vec![(0u64, 0u64, 0u64); channels];
    for picture in pictures {
        let picture =
            if picture.channels == channels { picture } else { &picture.clone().to_channels(channels) };
        for pixel in picture.pixels.chunks_exact(channels) {
            for (sum, &v) in sums.iter_mut().zip(pixel) {
                let v = u64::from(v);
                *sum = (sum.0 + 1, sum.1 + v, sum.2 + v * v);
            }
        }
    }
    let one = |&(n, sum, squares): &(u64, u64, u64)| {
        if n == 0 {
            return (0.0, 255.0);
        }
        let mean = sum as f64 / n as f64;
        let variance = squares as f64 / n as f64 - mean * mean;
        // A column of equal pictures has no spread to divide by.
        (mean as f32, variance.max(1.0).sqrt() as f32)
    };
    sums.iter().map(one).unzip()
}

/// The longest side of the first few pictures of a column; 0 if none can be read.
pub(in crate::encode) fn largest_side(table: &Table, column: usize) -> usize {
    let present = (0..table.rows()).filter(|&row| !table.is_missing(column, row));
    let rows: Vec<usize> = present.take(16).collect();
    let decoded = decode_images(table, column, &rows, &PictureOptions::default());
    decoded.iter().flatten().flatten().map(|p| p.height.max(p.width)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(height: usize, width: usize, channels: usize, value: u8) -> Picture {
        Picture { height, width, channels, pixels: vec![value; height * width * channels] }
    }

    #[test]
    fn the_common_shape_is_the_middle_one_within_bounds() {
        assert_eq!(common_shape(&[], 64), [28, 28, 1]);
        assert_eq!(common_shape(&[picture(32, 20, 1, 0), picture(32, 20, 3, 0)], 64), [32, 20, 3]);
        let sizes = [picture(1, 1, 1, 0), picture(500, 30, 1, 0), picture(400, 31, 1, 0)];
        assert_eq!(common_shape(&sizes, 64), [64, 30, 1]);
    }

    #[test]
    fn statistics_are_of_all_pixels() {
        let (mean, std) = statistics(&[picture(2, 2, 1, 0), picture(2, 2, 1, 200)], 1);
        assert_eq!((mean, std), (vec![100.0], vec![100.0]));
        assert_eq!(statistics(&[], 3).1, [255.0; 3]);
    }
}
