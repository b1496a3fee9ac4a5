//! SpecAugment: random changes to the spectrograms of training rows, drawn anew each time a row is used.
//!
//! On a standardised spectrogram `x[T, F]`, in which 0 is the mean of a bin:
//! ```text
//! time_shift        x[t] <- x[t - d], d uniform in -s .. s, s = round(time_shift T); frames from outside are 0
//! time_masks        each: x[t0 .. t0 + w] <- 0,    w uniform in 0 .. round(time_width T),      t0 in 0 .. T - w
//! frequency_masks   each: x[., f0 .. f0 + w] <- 0, w uniform in 0 .. round(frequency_width F), f0 in 0 .. F - w
//! ```
//! `O(T F)` a row. Source: Park et al. 2019, without its warping of time, which they found to matter least.

use super::MEL_CNN;
use crate::Result;
use crate::encode::{Field, Prepared, params, row_streams};
use rayon::prelude::*;
use ronghe_graph::SplitMix;
use serde::{Deserialize, Serialize};

/// Which changes; none by default. Lengths are shares of all frames or bins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SpecAugment {
    /// Farthest that a sound is moved, each way.
    time_shift: f64,
    time_masks: usize,
    /// Greatest width of a mask.
    time_width: f64,
    frequency_masks: usize,
    frequency_width: f64,
}

impl Default for SpecAugment {
    fn default() -> SpecAugment {
        SpecAugment {
            time_shift: 0.0,
            time_masks: 0,
            time_width: 0.2,
            frequency_masks: 0,
            frequency_width: 0.2,
        }
    }
}

const MOST_MASKS: usize = 16;

impl SpecAugment {
    /// Whether anything is changed.
    pub(super) fn is_set(&self) -> bool {
        self.time_shift > 0.0 || self.time_masks > 0 || self.frequency_masks > 0
    }

    pub(super) fn check(&self) -> Result<()> {
        params::within(&MEL_CNN, "augment.time_shift", self.time_shift, 0.0..=1.0)?;
        params::within(&MEL_CNN, "augment.time_masks", self.time_masks, 0..=MOST_MASKS)?;
        params::within(&MEL_CNN, "augment.time_width", self.time_width, 0.0..=1.0)?;
        params::within(&MEL_CNN, "augment.frequency_masks", self.frequency_masks, 0..=MOST_MASKS)?;
        params::within(&MEL_CNN, "augment.frequency_width", self.frequency_width, 0.0..=1.0)
    }

    /// Changes the spectrograms of a batch, side by side; each draws from a stream of its own.
    pub(super) fn apply(&self, rows: &mut Prepared, stream: &mut SplitMix) {
        let streams = row_streams(rows.rows(), stream);
        for field in rows.fields.values_mut() {
            let Field::Dense { shape, data } = field else { continue };
            let &[frames, bins, 1] = shape.as_slice() else { continue };
            data.par_chunks_exact_mut((frames * bins).max(1))
                .zip(&streams)
                .for_each(|(x, stream)| self.change(x, frames, bins, &mut stream.clone()));
        }
    }

    fn change(&self, x: &mut [f32], frames: usize, bins: usize, stream: &mut SplitMix) {
        let most = (self.time_shift * frames as f64).round() as usize;
        let by = stream.below(2 * most + 1);
        let moved = by.abs_diff(most).min(frames) * bins;
        let kept = x.len() - moved;
        if by > most {
            x.copy_within(..kept, moved);
            x[..moved].fill(0.0);
        } else {
            x.copy_within(moved.., 0);
            x[kept..].fill(0.0);
        }
        let mut mask = |len: usize, width: f64| {
            let width = stream.below((width * len as f64).round() as usize + 1).min(len);
            let start = stream.below(len - width + 1);
            start..start + width
        };
        for _ in 0..self.time_masks {
            let blank = mask(frames, self.time_width);
            x[blank.start * bins..blank.end * bins].fill(0.0);
        }
        for _ in 0..self.frequency_masks {
            let blank = mask(bins, self.frequency_width);
            x.chunks_exact_mut(bins).for_each(|frame| frame[blank.clone()].fill(0.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAMES: usize = 20;
    const BINS: usize = 10;

    /// Rows in which frame t and bin f hold 1 + 10 t + f.
    fn changed(rows: usize, settings: &SpecAugment) -> Vec<Vec<f32>> {
        let data = (0..rows * FRAMES * BINS).map(|i| (1 + i % (FRAMES * BINS)) as f32).collect();
        let field = Field::Dense { shape: vec![FRAMES, BINS, 1], data };
        let fields = [("spectrogram".to_owned(), field)].into();
        let mut all = Prepared { present: vec![true; rows], fields, bad: Vec::new() };
        settings.apply(&mut all, &mut SplitMix::named(1, "sounds"));
        match &all.fields["spectrogram"] {
            Field::Dense { data, .. } => data.chunks(FRAMES * BINS).map(<[f32]>::to_vec).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_set_changes_nothing() {
        let still = SpecAugment::default();
        assert!(!still.is_set() && still.check().is_ok());
        let expected: Vec<f32> = (1..=200).map(|v| v as f32).collect();
        assert!(changed(3, &still).iter().all(|row| *row == expected));
    }

    #[test]
    fn sounds_move_both_ways_and_leave_the_mean_behind() {
        let rows = changed(400, &SpecAugment { time_shift: 0.1, ..SpecAugment::default() });
        let mut seen = std::collections::BTreeSet::new();
        for row in rows {
            let by = ((111.0 - row[11 * BINS]) / 10.0) as isize;
            seen.insert(by);
            for (t, frame) in row.chunks(BINS).enumerate() {
                let from = usize::try_from(t as isize - by).ok().filter(|&t| t < FRAMES);
                for (f, &v) in frame.iter().enumerate() {
                    assert_eq!(v, from.map_or(0.0, |t| (1 + 10 * t + f) as f32));
                }
            }
        }
        assert_eq!(seen, (-2..=2).collect());
        for row in changed(200, &SpecAugment { time_shift: 1.0, ..SpecAugment::default() }) {
            assert!(row.iter().filter(|&&v| v != 0.0).count() % BINS == 0);
        }
    }

    #[test]
    fn masks_are_as_wide_as_stated() {
        let settings =
            SpecAugment { time_masks: 1, time_width: 0.4, frequency_masks: 1, ..SpecAugment::default() };
        assert!(settings.is_set());
        let (mut frames, mut bins) = (0, 0);
        let rows = changed(3000, &settings);
        for row in &rows {
            let blank_frames = row.chunks(BINS).filter(|f| f.iter().all(|&v| v == 0.0)).count();
            let blank_bins =
                (0..BINS).filter(|f| row.iter().skip(*f).step_by(BINS).all(|&v| v == 0.0)).count();
            assert!(blank_frames <= 8 && blank_bins <= 2);
            let blank = row.iter().filter(|&&v| v == 0.0).count();
            let (covered, crossing) = (blank_frames * BINS + blank_bins * FRAMES, blank_frames * blank_bins);
            assert_eq!(blank, covered - crossing, "nothing else is blank");
            frames += blank_frames;
            bins += blank_bins;
        }
        // Uniform in 0 ..= 8 and 0 ..= 2.
        assert!((frames as f64 / 3000.0 - 4.0).abs() < 0.2, "{frames}");
        assert!((bins as f64 / 3000.0 - 1.0).abs() < 0.06, "{bins}");
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        let message = |settings: SpecAugment| settings.check().unwrap_err().to_string();
        let default = SpecAugment::default;
        assert!(message(SpecAugment { time_shift: 1.5, ..default() }).contains("augment.time_shift"));
        assert!(message(SpecAugment { time_masks: 17, ..default() }).contains("0 to 16"));
        assert!(message(SpecAugment { frequency_width: -0.1, ..default() }).contains("frequency_width"));
    }
}
