//! A small residual network over log-mel spectrograms; see `network` for its layers.
//!
//! ```text
//! samples -> at `rate`, the first `seconds` -> log-mel [frames, bins] -> (x - mean_bin) / std_bin, held within -5 to 5
//!         -> [N, frames, bins, 1] -> residual network -> [N, W]
//! ```
//! Mean and standard deviation of each bin are those of up to 512 training sounds. A shorter sound ends in frames of
//! zeros, which is the mean frame. `seconds` is the 95th percentile of the training durations within 0.5 to 5 s where
//! it is not given.

use super::mel::{LogMel, MelConfig};
use super::spec_augment::SpecAugment;
use crate::Result;
use crate::encode::{BadCell, Encoder, EncoderSpec, Field, FitInput, Prepared, State, network, params};
use rayon::prelude::*;
use ronghe_data::decode::{Sound, SoundOptions, decode_sounds};
use ronghe_data::{Modality, Table};
use ronghe_graph::{Builder, DType, Shape, SplitMix, ValueId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(in crate::encode) static MEL_CNN: EncoderSpec = EncoderSpec {
    name: "mel_cnn",
    modality: Modality::Audio,
    summary: "a small residual network over log-mel spectrograms, trained from the start",
    published: false,
    needs: &[],
    defaults: || params::object(&Params::default()),
    fit,
    load,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Samples a second that sounds are brought to.
    rate: u32,
    /// Length that sounds are cut or filled to; taken from the training sounds where not given.
    seconds: Option<f64>,
    /// Mel bins.
    bins: usize,
    /// Channels of the stem and of each block.
    widths: Vec<usize>,
    dropout: f64,
    /// Random changes to training sounds; none by default.
    #[serde(default)]
    augment: SpecAugment,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            rate: 16_000,
            seconds: None,
            bins: 64,
            widths: vec![16, 32, 64],
            dropout: 0.1,
            augment: SpecAugment::default(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct MelCnn {
    params: Params,
    column: String,
    seconds: f64,
    frames: usize,
    mean: Vec<f32>,
    std: Vec<f32>,
    #[serde(skip)]
    spectrum: Option<LogMel>,
}

/// Seconds chosen without being asked for.
const LEAST_SECONDS: f64 = 0.5;
const MOST_SECONDS: f64 = 5.0;
/// Seconds that parameters may ask for.
const LONGEST_SECONDS: f64 = 60.0;
const SAMPLE: usize = 512;
const ROWS_AT_ONCE: usize = 512;
const LARGEST: f32 = 5.0;

fn fit(input: &FitInput<'_>) -> Result<Box<dyn Encoder>> {
    let params: Params = params::parse(&MEL_CNN, input.params)?;
    check(&params)?;
    let column = params::single_column(&MEL_CNN, input.table)?;
    let (at, _) = input.table.find(&column)?;
    let present: Vec<usize> =
        (0..input.table.rows()).filter(|&row| !input.table.is_missing(at, row)).collect();
    let rows: Vec<usize> = present.iter().copied().step_by(present.len().div_ceil(SAMPLE).max(1)).collect();
    let options = SoundOptions { rate: Some(params.rate), ..SoundOptions::default() };
    let sounds: Vec<Sound> = decode_sounds(input.table, at, &rows, &options)
        .into_iter()
        .filter_map(|s| s.ok().flatten())
        .collect();

    let seconds = params.seconds.unwrap_or_else(|| usual_seconds(&sounds));
    let bins = params.bins;
    let mut encoder = MelCnn {
        params,
        column,
        seconds,
        frames: 0,
        mean: vec![0.0; bins],
        std: vec![1.0; bins],
        spectrum: None,
    };
    encoder.ready();
    encoder.frames = encoder.spectrogram(vec![0.0; encoder.samples()]).len() / bins;
    let spectra: Vec<Vec<f32>> = sounds.into_par_iter().map(|s| encoder.spectrogram(s.samples)).collect();
    (encoder.mean, encoder.std) = statistics(&spectra, bins);
    Ok(Box::new(encoder))
}

fn load(state: &State) -> Result<Box<dyn Encoder>> {
    let mut encoder: MelCnn = params::restore(&MEL_CNN, state)?;
    check(&encoder.params)?;
    params::within(&MEL_CNN, "seconds", encoder.seconds, 0.0..=LONGEST_SECONDS)?;
    let bins = encoder.params.bins;
    encoder.ready();
    let frames = encoder.spectrogram(vec![0.0; encoder.samples()]).len() / bins;
    if encoder.mean.len() != bins || encoder.std.len() != bins || encoder.frames != frames {
        return Err(params::damaged(
            &MEL_CNN,
            &format!("{bins} bins and {frames} frames"),
            "other numbers of them",
        ));
    }
    Ok(Box::new(encoder))
}

fn check(params: &Params) -> Result<()> {
    params::within(&MEL_CNN, "rate", params.rate, 4_000..=96_000)?;
    params::within(&MEL_CNN, "seconds", params.seconds.unwrap_or(1.0), 0.05..=LONGEST_SECONDS)?;
    params::within(&MEL_CNN, "bins", params.bins, 8..=128)?;
    params.augment.check()?;
    params::layers(&MEL_CNN, "widths", &params.widths, params.dropout)?;
    params::within(&MEL_CNN, "widths", params.widths.len(), 1..=8)
}

/// The 95th percentile of the durations, within bounds.
fn usual_seconds(sounds: &[Sound]) -> f64 {
    let mut seconds: Vec<f64> = sounds.iter().map(Sound::seconds).collect();
    seconds.sort_unstable_by(f64::total_cmp);
    let usual = seconds.get(seconds.len().saturating_sub(1) * 95 / 100).copied().unwrap_or(1.0);
    usual.clamp(LEAST_SECONDS, MOST_SECONDS)
}

/// Mean and standard deviation of each bin over all frames.
fn statistics(spectra: &[Vec<f32>], bins: usize) -> (Vec<f32>, Vec<f32>) {
    let frames = || spectra.iter().flat_map(|s| s.chunks_exact(bins));
    let count = frames().count().max(1) as f64;
    let mut mean = vec![0.0f64; bins];
    frames().for_each(|f| mean.iter_mut().zip(f).for_each(|(m, &x)| *m += f64::from(x) / count));
    let mut variance = vec![0.0f64; bins];
    for frame in frames() {
        variance
            .iter_mut()
            .zip(&mean)
            .zip(frame)
            .for_each(|((v, m), &x)| *v += (f64::from(x) - m).powi(2) / count);
    }
    // A bin that never changes (above the half rate of the recordings) has no spread to divide by.
    let std = variance.iter().map(|v| v.sqrt().max(0.1) as f32).collect();
    (mean.iter().map(|&m| m as f32).collect(), std)
}

impl MelCnn {
    fn ready(&mut self) {
        let config = MelConfig { rate: self.params.rate, bins: self.params.bins, ..MelConfig::default() };
        self.spectrum = Some(LogMel::new(config));
    }

    /// Samples that are listened to.
    fn samples(&self) -> usize {
        (self.seconds * f64::from(self.params.rate)).round() as usize
    }

    /// Log-mel frames of the beginning of a sound, one after another.
    fn spectrogram(&self, mut samples: Vec<f32>) -> Vec<f32> {
        samples.truncate(self.samples());
        self.spectrum.as_ref().map_or_else(Vec::new, |s| s.spectrogram(&samples))
    }

    /// Writes the standardised spectrogram; `out` is zero before.
    fn write(&self, samples: Vec<f32>, out: &mut [f32]) {
        let bins = self.params.bins;
        for (i, (out, x)) in out.iter_mut().zip(self.spectrogram(samples)).enumerate() {
            *out = ((x - self.mean[i % bins]) / self.std[i % bins]).clamp(-LARGEST, LARGEST);
        }
    }
}

impl Encoder for MelCnn {
    fn spec(&self) -> &'static EncoderSpec {
        &MEL_CNN
    }

    fn prepare(&self, table: &Table) -> Result<Prepared> {
        let (column, _) = table.find(&self.column)?;
        let size = self.frames * self.params.bins;
        let options = SoundOptions { rate: Some(self.params.rate), ..SoundOptions::default() };
        let mut data = vec![0.0; table.rows() * size];
        let mut prepared = Prepared { present: vec![false; table.rows()], ..Prepared::default() };
        let rows: Vec<usize> = (0..table.rows()).collect();
        for (chunk, data) in rows.chunks(ROWS_AT_ONCE).zip(data.chunks_mut(ROWS_AT_ONCE * size)) {
            let mut heard = Vec::with_capacity(chunk.len());
            for (&row, decoded) in chunk.iter().zip(decode_sounds(table, column, chunk, &options)) {
                let sound = decoded.unwrap_or_else(|error| {
                    prepared.bad.push(BadCell { row, message: error.to_string() });
                    None
                });
                prepared.present[row] = sound.is_some();
                heard.push(sound);
            }
            data.par_chunks_mut(size).zip(heard).for_each(|(out, sound)| {
                if let Some(sound) = sound {
                    self.write(sound.samples, out);
                }
            });
        }
        let field = Field::Dense { shape: vec![self.frames, self.params.bins, 1], data };
        prepared.fields = BTreeMap::from([("spectrogram".to_owned(), field)]);
        Ok(prepared)
    }

    fn build(&self, b: &mut Builder<'_>, _trunk: Option<ValueId>) -> Result<ValueId> {
        let x = b.input("spectrogram", &Shape::batch(&[self.frames, self.params.bins, 1]), DType::F32)?;
        let x = network::residual(b, x, &self.params.widths)?;
        Ok(b.dropout(self.params.dropout as f32, x)?)
    }

    fn augments(&self) -> bool {
        self.params.augment.is_set()
    }

    fn augment(&self, rows: &mut Prepared, stream: &mut SplitMix) {
        self.params.augment.apply(rows, stream);
    }

    fn state(&self) -> State {
        State { json: params::object(self), ..State::default() }
    }
}
