//! Vectors of the pictures or sounds of one column, without a target to fit an encoder on.
//!
//! Pictures: the vector of a published network. Sounds: of the log-mel spectrogram `S[frames, 64]` of the first 30 seconds the mean of each
//! band less the mean of all (the colour of the sound, whatever its loudness) and each band's standard deviation, 128 numbers.

use super::{Embedded, Embedder};
use crate::encode::{BadCell, FitInput, LogMel, MelConfig, find};
use crate::{Error, Result};
use rayon::prelude::*;
use ronghe_cpu::CpuExecutor;
use ronghe_data::decode::{SoundOptions, decode_sounds};
use ronghe_data::{Modality, Table};
use std::path::{Path, PathBuf};

/// Sounds that are decoded at a time.
const SOUNDS: usize = 64;
/// Seconds of a sound that are listened to.
const SECONDS: usize = 30;

/// Where the files of published networks are, by their names in the catalogue.
pub type Files<'a> = dyn Fn(&str) -> Result<PathBuf> + Sync + 'a;

/// The vectors of the pictures in the one column of `table`, by the published network called `network` among the encoders of pictures.
/// They are kept in the folder `keep`, if one is given.
pub fn pictures(
    network: &str,
    table: &Table,
    files: &Files<'_>,
    keep: Option<&Path>,
    threads: usize,
) -> Result<Embedded> {
    let spec = find(network, Modality::Image, "networks for vectors of pictures")?;
    if spec.needs.is_empty() {
        return Err(Error::Setting {
            place: "networks for vectors of pictures".into(),
            setting: network.to_owned(),
            expected: "a published network, such as efficientnet_lite0".into(),
            found: "one that is trained from the start".into(),
        });
    }
    let params = (spec.defaults)();
    let encoder = (spec.fit)(&FitInput { table, params: &params, files: &|name| files(name), seed: 0 })?;
    let weights = encoder.pretrained()?.unwrap_or_default();
    let executor = CpuExecutor::new(threads);
    let Some(mut embedder) = Embedder::new(encoder.as_ref(), &weights, &executor, keep)? else {
        return Ok(Embedded::default());
    };
    let rows: Vec<usize> = (0..table.rows()).collect();
    // Vectors that cannot be kept are computed all the same.
    embedder.embed(table, &rows, &mut |_| {}, &mut |_, _| Ok(()))
}

/// The vectors of the sounds in the one column of `table`.
pub fn sounds(table: &Table) -> Result<Embedded> {
    let config = MelConfig::default();
    let (bins, rate) = (config.bins, config.rate);
    let spectrum = LogMel::new(config);
    let options = SoundOptions { rate: Some(rate), ..SoundOptions::default() };
    let width = 2 * bins;
    let mut found = Embedded {
        width,
        vectors: vec![0.0; table.rows() * width],
        present: vec![false; table.rows()],
        ..Embedded::default()
    };
    let rows: Vec<usize> = (0..table.rows()).collect();
    for (chunk, vectors) in rows.chunks(SOUNDS).zip(found.vectors.chunks_mut(SOUNDS * width)) {
        let mut heard = Vec::with_capacity(chunk.len());
        for (&row, decoded) in chunk.iter().zip(decode_sounds(table, 0, chunk, &options)) {
            heard.push(decoded.unwrap_or_else(|error| {
                found.bad.push(BadCell { row, message: error.to_string() });
                None
            }));
        }
        chunk.iter().zip(&heard).for_each(|(&row, sound)| found.present[row] = sound.is_some());
        vectors.par_chunks_mut(width).zip(heard).for_each(|(out, sound)| {
            let Some(mut sound) = sound else { return };
            sound.samples.truncate(SECONDS * rate as usize);
            colour(&spectrum.spectrogram(&sound.samples), bins, out);
        });
    }
    Ok(found)
}

/// Means of the bands less that of all, and deviations, of `frames[_, bins]`.
fn colour(frames: &[f32], bins: usize, out: &mut [f32]) {
    let count = (frames.len() / bins).max(1) as f64;
    let band = |b: usize| frames.iter().skip(b).step_by(bins).map(|x| f64::from(*x));
    let means: Vec<f64> = (0..bins).map(|b| band(b).sum::<f64>() / count).collect();
    let mean = means.iter().sum::<f64>() / bins as f64;
    let (first, second) = out.split_at_mut(bins);
    for b in 0..bins {
        first[b] = (means[b] - mean) as f32;
        second[b] = (band(b).map(|x| (x - means[b]).powi(2)).sum::<f64>() / count).sqrt() as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colour_of_a_sound_does_not_know_how_loud_it_is() {
        let frames = [1.0, 2.0, 6.0, 3.0, 2.0, 4.0];
        let (mut quiet, mut loud) = ([0.0; 6], [0.0; 6]);
        colour(&frames, 3, &mut quiet);
        colour(&frames.map(|x| x + 4.0), 3, &mut loud);
        assert_eq!(quiet, [-1.0, -1.0, 2.0, 1.0, 0.0, 1.0]);
        assert_eq!(quiet, loud);
    }
}
