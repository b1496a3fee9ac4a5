//! What the cells of an input become before they enter the network: rows of numbers, ragged where rows differ.

use ronghe_graph::{Feed, Result, Tensor};
use std::collections::BTreeMap;

/// One named array with an entry a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// Floats of one shape a row; fed as `[N, shape]`.
    Dense {
        /// Shape of a row.
        shape: Vec<usize>,
        /// Rows one after another.
        data: Vec<f32>,
    },
    /// Pixels of one shape `[H, W, C]` a row, kept as bytes; fed as `(x - mean[c]) / std[c]`.
    Pixels {
        /// Height, width, channels.
        shape: [usize; 3],
        /// Rows one after another.
        data: Vec<u8>,
        /// Mean of each channel, 0 to 255.
        mean: Vec<f32>,
        /// Standard deviation of each channel, 0 to 255.
        std: Vec<f32>,
    },
    /// One integer a row; fed as `[N, 1]`.
    Id {
        /// Rows one after another.
        data: Vec<i32>,
    },
    /// Integers, as many as a row has; fed as `[N, S]` with the longest row's S, filled with `pad`.
    Ids {
        /// Rows one after another.
        rows: Vec<Vec<i32>>,
        /// Filler.
        pad: i32,
    },
    /// Floats, as many as a row has; fed as `[N, S]`, filled with 0.
    Scales {
        /// Rows one after another.
        rows: Vec<Vec<f32>>,
    },
}

/// A cell that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadCell {
    /// Row within the prepared rows.
    pub row: usize,
    /// What is wrong, with file, row and column.
    pub message: String,
}

/// Prepared rows of one input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prepared {
    /// Whether each row has the input at all.
    pub present: Vec<bool>,
    /// Arrays by the name of the network input they feed.
    pub fields: BTreeMap<String, Field>,
    /// Cells that could not be read; they count as missing.
    pub bad: Vec<BadCell>,
}

impl Prepared {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.present.len()
    }

    /// Adds the chosen rows to a feed, each field under `prefix.name`. Presence is not fed here.
    pub fn feed(&self, rows: &[usize], prefix: &str, feed: &mut Feed) -> Result<()> {
        for (name, field) in &self.fields {
            feed.inputs.insert(format!("{prefix}.{name}"), field.tensor(rows)?);
        }
        Ok(())
    }

    /// The chosen rows, in this order. Cells that could not be read are not taken along.
    pub fn take(&self, rows: &[usize]) -> Prepared {
        Prepared {
            present: rows.iter().map(|&r| self.present[r]).collect(),
            fields: self.fields.iter().map(|(name, field)| (name.clone(), field.take(rows))).collect(),
            bad: Vec::new(),
        }
    }

    /// Appends the rows of `other`, which came from the same encoder.
    pub fn append(&mut self, other: Prepared) {
        let before = self.rows();
        self.present.extend(other.present);
        self.bad.extend(other.bad.into_iter().map(|b| BadCell { row: b.row + before, ..b }));
        for (name, field) in other.fields {
            match self.fields.get_mut(&name) {
                Some(mine) => mine.append(field),
                None => {
                    self.fields.insert(name, field);
                }
            }
        }
    }

    /// Entries of a row in the ragged fields.
    pub fn length(&self, row: usize) -> usize {
        self.fields.values().map(|f| f.length(row)).sum()
    }

    /// Bytes of memory held, roughly.
    pub fn bytes(&self) -> usize {
        self.fields.values().map(Field::bytes).sum()
    }
}

impl Field {
    /// The chosen rows as a tensor.
    pub fn tensor(&self, rows: &[usize]) -> Result<Tensor> {
        match self {
            Field::Dense { shape, data } => {
                let width: usize = shape.iter().product();
                Tensor::f32(&with_rows(rows.len(), shape), gather(data, width, rows))
            }
            Field::Pixels { shape, data, mean, std } => {
                let width: usize = shape.iter().product();
                let mut out = Vec::with_capacity(rows.len() * width);
                let chosen = rows.iter().map(|&r| &data[r * width..(r + 1) * width]);
                match (mean.as_slice(), std.as_slice()) {
                    // One scale for all channels: a loop without a table keeps the vector units busy.
                    ([m, more_m @ ..], [s, more_s @ ..])
                        if more_m.iter().all(|v| v == m) && more_s.iter().all(|v| v == s) =>
                    {
                        chosen.for_each(|pixels| out.extend(pixels.iter().map(|&v| (f32::from(v) - m) / s)));
                    }
                    _ => {
                        let channels = shape[2];
                        let value = |i: usize| (i / channels) as f32;
                        let table: Vec<f32> = (0..256 * channels)
                            .map(|i| (value(i) - mean[i % channels]) / std[i % channels])
                            .collect();
                        for pixel in chosen.flat_map(|pixels| pixels.chunks_exact(channels)) {
                            out.extend(
                                pixel.iter().enumerate().map(|(c, &v)| table[v as usize * channels + c]),
                            );
                        }
                    }
                }
                Tensor::f32(&with_rows(rows.len(), shape), out)
            }
            Field::Id { data } => Tensor::i32(&[rows.len(), 1], rows.iter().map(|&r| data[r]).collect()),
            Field::Ids { rows: all, pad } => {
                let longest = longest(rows.iter().map(|&r| all[r].len()));
                let mut out = Vec::with_capacity(rows.len() * longest);
                for &r in rows {
                    out.extend_from_slice(&all[r]);
                    out.resize(out.len() + longest - all[r].len(), *pad);
                }
                Tensor::i32(&[rows.len(), longest], out)
            }
            Field::Scales { rows: all } => {
                let longest = longest(rows.iter().map(|&r| all[r].len()));
                let mut out = Vec::with_capacity(rows.len() * longest);
                for &r in rows {
                    out.extend_from_slice(&all[r]);
                    out.resize(out.len() + longest - all[r].len(), 0.0);
                }
                Tensor::f32(&[rows.len(), longest], out)
            }
        }
    }

    fn take(&self, rows: &[usize]) -> Field {
        match self {
            Field::Dense { shape, data } => {
                Field::Dense { shape: shape.clone(), data: gather(data, shape.iter().product(), rows) }
            }
            Field::Pixels { shape, data, mean, std } => Field::Pixels {
                shape: *shape,
                data: gather(data, shape.iter().product(), rows),
                mean: mean.clone(),
                std: std.clone(),
            },
            Field::Id { data } => Field::Id { data: rows.iter().map(|&r| data[r]).collect() },
            Field::Ids { rows: all, pad } => {
                Field::Ids { rows: rows.iter().map(|&r| all[r].clone()).collect(), pad: *pad }
            }
            Field::Scales { rows: all } => {
                Field::Scales { rows: rows.iter().map(|&r| all[r].clone()).collect() }
            }
        }
    }

    fn append(&mut self, other: Field) {
        match (self, other) {
            (Field::Dense { data, .. }, Field::Dense { data: more, .. }) => data.extend(more),
            (Field::Pixels { data, .. }, Field::Pixels { data: more, .. }) => data.extend(more),
            (Field::Id { data }, Field::Id { data: more }) => data.extend(more),
            (Field::Ids { rows, .. }, Field::Ids { rows: more, .. }) => rows.extend(more),
            (Field::Scales { rows }, Field::Scales { rows: more }) => rows.extend(more),
            // Fields of one name come from one encoder, hence are of one kind.
            _ => {}
        }
    }

    fn length(&self, row: usize) -> usize {
        match self {
            Field::Dense { .. } | Field::Pixels { .. } | Field::Id { .. } => 0,
            Field::Ids { rows, .. } => rows[row].len(),
            Field::Scales { rows } => rows[row].len(),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Field::Dense { data, .. } => data.len() * 4,
            Field::Pixels { data, .. } => data.len(),
            Field::Id { data } => data.len() * 4,
            Field::Ids { rows, .. } => rows.iter().map(|r| r.len() * 4 + 24).sum(),
            Field::Scales { rows } => rows.iter().map(|r| r.len() * 4 + 24).sum(),
        }
    }
}

/// At least one, so that a batch of empty rows still has a tensor.
fn longest(lengths: impl Iterator<Item = usize>) -> usize {
    lengths.max().unwrap_or(0).max(1)
}

/// The chosen rows of `width` entries each.
fn gather<T: Copy>(data: &[T], width: usize, rows: &[usize]) -> Vec<T> {
    let mut out = Vec::with_capacity(rows.len() * width);
    rows.iter().for_each(|&r| out.extend_from_slice(&data[r * width..(r + 1) * width]));
    out
}

fn with_rows(rows: usize, shape: &[usize]) -> Vec<usize> {
    let mut out = vec![rows];
    out.extend_from_slice(shape);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(ids: &[&[i32]], pixels: &[u8]) -> Prepared {
        let pixels = Field::Pixels {
            shape: [1, 1, 3],
            data: pixels.to_vec(),
            mean: vec![0.0, 10.0, 20.0],
            std: vec![1.0, 2.0, 4.0],
        };
        let ids = Field::Ids { rows: ids.iter().map(|r| r.to_vec()).collect(), pad: -1 };
        let present = vec![true; pixels.bytes() / 3];
        let fields = [("ids".to_owned(), ids), ("pixels".to_owned(), pixels)].into();
        Prepared { present, fields, bad: Vec::new() }
    }

    #[test]
    fn rows_are_padded_to_the_longest_chosen_and_pixels_scaled_by_channel() -> Result<()> {
        let mut all = prepared(&[&[1, 2, 3], &[]], &[1, 12, 24, 0, 0, 0]);
        all.append(prepared(&[&[4]], &[255, 10, 20]));
        let mut feed = Feed::default();
        all.feed(&[2, 1], "encode.x", &mut feed)?;
        assert_eq!(feed.inputs["encode.x.ids"], Tensor::i32(&[2, 1], vec![4, -1])?);
        let pixels = vec![255.0, 0.0, 0.0, 0.0, -5.0, -5.0];
        assert_eq!(feed.inputs["encode.x.pixels"], Tensor::f32(&[2, 1, 1, 3], pixels)?);
        Ok(())
    }

    #[test]
    fn rows_taken_are_fed_as_if_chosen() -> Result<()> {
        let mut all = prepared(&[&[1, 2, 3], &[], &[7]], &[1, 12, 24, 0, 0, 0, 9, 9, 9]);
        all.present[1] = false;
        all.bad.push(BadCell { row: 1, message: "cut off".into() });
        let taken = all.take(&[2, 1, 2]);
        assert_eq!((taken.present.as_slice(), taken.bad.len()), ([true, false, true].as_slice(), 0));
        let (mut chosen, mut fed) = (Feed::default(), Feed::default());
        all.feed(&[2, 1, 2], "x", &mut chosen)?;
        taken.feed(&[0, 1, 2], "x", &mut fed)?;
        assert_eq!(fed.inputs, chosen.inputs);
        Ok(())
    }

    #[test]
    fn one_scale_and_many_agree() -> Result<()> {
        let field = |std: [f32; 3]| Field::Pixels {
            shape: [1, 2, 3],
            data: vec![0, 1, 2, 127, 200, 255],
            mean: vec![127.0; 3],
            std: std.to_vec(),
        };
        let (same, other) = (field([128.0; 3]).tensor(&[0])?, field([128.0, 128.0, 64.0]).tensor(&[0])?);
        assert_eq!(same.as_f32()[..2], other.as_f32()[..2]);
        assert_eq!(same.as_f32()[2] * 2.0, other.as_f32()[2]);
        Ok(())
    }
}
