//! What needs no published network, as the floor that one has to stand above.
//!
//! | modality | vector |
//! |---|---|
//! | text | words and pairs of words (Chinese words, and pairs of characters), TF-IDF, at most 2^14 buckets; of length one |
//! | pictures | 16 x 16 pixels in colour, 768 numbers |
//! | sound | mean and deviation over time of 64 log-mel bands of the first 10 seconds, 128 numbers |

use super::Features;
use crate::encode::{self, BadCell, FitInput, LogMel, MelConfig};
use crate::{Error, Result};
use rayon::prelude::*;
use ronghe_data::decode::{Filter, Fit, PictureOptions, SoundOptions, decode_images, decode_sounds};
use ronghe_data::{Modality, Table};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

const SIDE: usize = 16;
const SECONDS: usize = 10;
/// Rows decoded at a time.
const CHUNK: usize = 256;

/// Plain vectors of a table with one column.
pub(super) struct Plain {
    pub(super) name: &'static str,
    table: Table,
    /// Of pictures and sounds, which need no fitting.
    fixed: Option<Arc<Features>>,
    /// Cells that cannot be read.
    pub(super) bad: Vec<BadCell>,
}

impl Plain {
    /// Reads every row of `table`.
    pub(super) fn new(
        table: &Table,
        modality: Modality,
        progress: &mut dyn FnMut(usize, usize) -> Result<()>,
    ) -> Result<Plain> {
        let (name, width) = match modality {
            Modality::Image => ("16 x 16 pixels", SIDE * SIDE * 3),
            Modality::Audio => ("mean log-mel", MelConfig::default().bins * 2),
            Modality::Text | Modality::Tabular => {
                return Ok(Plain { name: "TF-IDF", table: table.clone(), fixed: None, bad: Vec::new() });
            }
        };
        let mut values = vec![0.0; table.rows() * width];
        let mut bad = Vec::new();
        let rows: Vec<usize> = (0..table.rows()).collect();
        for chunk in rows.chunks(CHUNK) {
            let out = &mut values[chunk[0] * width..][..chunk.len() * width];
            let found = if modality == Modality::Image {
                pixels(table, chunk, out)
            } else {
                bands(table, chunk, out)
            };
            bad.extend(found.into_iter().map(|b| BadCell { row: chunk[b.row], ..b }));
            progress(chunk[0] + chunk.len(), rows.len())?;
        }
        let fixed = Some(Arc::new(Features::Dense { width, values }));
        Ok(Plain { name, table: table.clone(), fixed, bad })
    }

    /// Vectors of all rows, fitted to the rows `train` where there is something to fit.
    pub(super) fn features(&self, train: &[usize], seed: u64) -> Result<Arc<Features>> {
        if let Some(fixed) = &self.fixed {
            return Ok(fixed.clone());
        }
        let spec = encode::find("tfidf", Modality::Text, "probe")?;
        let mut params = (spec.defaults)();
        params["characters"] = json!([0, 0]);
        params["bits"] = json!(14);
        let none = |name: &str| -> Result<PathBuf> {
            Err(Error::WeightsNeeded {
                encoder: spec.name.into(),
                weights: name.into(),
                mend: "it needs none: please report this".into(),
            })
        };
        let train = self.table.take(train)?;
        let encoder = (spec.fit)(&FitInput { table: &train, params: &params, files: &none, seed })?;
        Ok(Arc::new(Features::of_bags(&encoder.prepare(&self.table)?)))
    }
}

fn pixels(table: &Table, rows: &[usize], out: &mut [f32]) -> Vec<BadCell> {
    let size = Some((SIDE, SIDE, Fit::Cover, Filter::Bilinear));
    let options = PictureOptions { channels: Some(3), size, ..PictureOptions::default() };
    let mut bad = Vec::new();
    let width = SIDE * SIDE * 3;
    let decoded = decode_images(table, 0, rows, &options);
    for (row, (picture, out)) in decoded.into_iter().zip(out.chunks_exact_mut(width)).enumerate() {
        match picture {
            Ok(Some(picture)) => {
                out.iter_mut().zip(&picture.pixels).for_each(|(to, &v)| *to = f32::from(v) / 255.0);
            }
            Ok(None) => {}
            Err(error) => bad.push(BadCell { row, message: error.to_string() }),
        }
    }
    bad
}

fn bands(table: &Table, rows: &[usize], out: &mut [f32]) -> Vec<BadCell> {
    let config = MelConfig::default();
    let (bins, most) = (config.bins, config.rate as usize * SECONDS);
    let options = SoundOptions { rate: Some(config.rate), ..SoundOptions::default() };
    let spectrum = LogMel::new(config);
    let decoded = decode_sounds(table, 0, rows, &options);
    let one = |(row, (sound, out)): (usize, (std::result::Result<_, ronghe_data::Error>, &mut [f32]))| {
        let sound: Option<ronghe_data::decode::Sound> = match sound {
            Ok(sound) => sound,
            Err(error) => return Some(BadCell { row, message: error.to_string() }),
        };
        let mut samples = sound?.samples;
        samples.truncate(most);
        let frames = spectrum.spectrogram(&samples);
        let count = (frames.len() / bins).max(1) as f64;
        let (mut mean, mut square) = (vec![0.0f64; bins], vec![0.0f64; bins]);
        for frame in frames.chunks_exact(bins) {
            mean.iter_mut().zip(frame).for_each(|(m, &v)| *m += f64::from(v) / count);
        }
        for frame in frames.chunks_exact(bins) {
            let each = square.iter_mut().zip(&mean).zip(frame);
            each.for_each(|((s, m), &v)| *s += (f64::from(v) - m).powi(2) / count);
        }
        let (means, deviations) = out.split_at_mut(bins);
        means.iter_mut().zip(&mean).for_each(|(to, &m)| *to = m as f32);
        deviations.iter_mut().zip(&square).for_each(|(to, &s)| *to = s.sqrt() as f32);
        None
    };
    decoded.into_par_iter().zip(out.par_chunks_exact_mut(bins * 2)).enumerate().filter_map(one).collect()
}
