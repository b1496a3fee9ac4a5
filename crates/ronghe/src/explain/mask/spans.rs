//! Stretches of a sound within bands of frequencies.
//!
//! The sound is the sum of its bands (`bands`), each cut into stretches of even length. A masked sound is
//! `sum over bands b of g_b(n) x_b(n) + (1 - g_b(n)) f_b(n)`: x the sound, f its fill, g 1 where the stretch is shown and 0 where it
//! is hidden, in a straight line over 5 ms at an edge between the two. Written as WAV of 32-bit floats.

use super::bands::{edges, noise_like, split};
use super::{Content, Divided, FillEntry, Mask, MaskInput, MaskerEntry};
use crate::Result;
use crate::explain::Part;
use ronghe_data::Modality;
use ronghe_data::decode::{Limits, Sound, decode_sound};

pub(super) static SPANS: MaskerEntry = MaskerEntry {
    name: "spans",
    modalities: &[Modality::Audio],
    summary: "stretches of time within bands of frequencies",
    size: &[("stretches", 10), ("bands", 3)],
    fills: &[
        FillEntry { name: "silence", summary: "nothing" },
        FillEntry { name: "noise", summary: "noise with the mean spectrum of the sound" },
        FillEntry { name: "background", summary: "the same place in the sounds of background rows" },
    ],
    build: Some(build),
};

/// Longest sound that is divided, seconds.
const MOST_SECONDS: f64 = 60.0;
/// Shortest stretch, seconds.
const LEAST_STRETCH: f64 = 0.02;
/// Seconds from shown to hidden.
const FADE: f64 = 0.005;
/// Most bytes of background sounds.
const MOST_BYTES: usize = 256 << 20;

struct Spans {
    rate: u32,
    /// Samples of the sound.
    length: usize,
    stretches: usize,
    edges: Vec<f64>,
    own: Vec<Vec<f32>>,
    fill: Fill,
}

enum Fill {
    Silence,
    /// A sound by its bands.
    One(Vec<Vec<f32>>),
    /// One a background row.
    Rows(Vec<Vec<Vec<f32>>>),
}

fn build(input: &MaskInput<'_>) -> Result<Divided> {
    let limits = Limits::default();
    let sound = match input.cell.media(0, 0).map(|cell| decode_sound(&cell, &limits)) {
        Some(Ok(sound)) => sound,
        Some(Err(error)) => return Ok(Divided::Unreadable(error.at(input.cell, 0, 0).to_string())),
        None => return Ok(Divided::Unreadable("no sound".into())),
    };
    if sound.seconds() > MOST_SECONDS {
        let reason = format!("it takes {:.0} s; sounds up to {MOST_SECONDS} s are divided", sound.seconds());
        return Ok(Divided::Whole(reason));
    }
    let Sound { rate, samples } = sound;
    let length = samples.len();
    let most = (length as f64 / f64::from(rate) / LEAST_STRETCH) as usize;
    let stretches = if length == 0 { 0 } else { input.size[0].min(most).max(1) };
    let edges = edges(rate, input.size[1]);
    let fill = match input.fill {
        "noise" => Fill::One(split(&noise_like(&samples, rate, input.seed), rate, &edges)),
        "background" => {
            let rows = input.background.rows();
            if rows.saturating_mul(length).saturating_mul(4 * input.size[1]) > MOST_BYTES {
                return Ok(Divided::Whole(format!(
                    "{rows} background sounds as long as this one are too many"
                )));
            }
            let one = |row: usize| {
                let sound = input.background.media(0, row).and_then(|cell| decode_sound(&cell, &limits).ok());
                // A missing sound is silence.
                let sound = sound.unwrap_or(Sound { rate, samples: Vec::new() });
                split(&sound.resampled(rate).fit(length).samples, rate, &edges)
            };
            Fill::Rows((0..rows).map(one).collect())
        }
        _ => Fill::Silence,
    };
    let own = split(&samples, rate, &edges);
    Ok(Divided::Parts(Box::new(Spans { rate, length, stretches, edges, own, fill }), None))
}

impl Spans {
    fn bands(&self) -> usize {
        self.edges.len() - 1
    }

    /// First sample of a stretch.
    fn start(&self, stretch: usize) -> usize {
        stretch * self.length / self.stretches.max(1)
    }

    /// How much of the sound is heard at each sample of a band.
    fn gains(&self, shown: impl Fn(usize) -> bool) -> Vec<f32> {
        let level = |t: usize| f32::from(u8::from(shown(t)));
        let mut gains = vec![0.0; self.length];
        for t in 0..self.stretches {
            gains[self.start(t)..self.start(t + 1)].fill(level(t));
        }
        let half = ((f64::from(self.rate) * FADE / 2.0) as usize).min(self.length / self.stretches / 2);
        for t in (1..self.stretches).filter(|&t| shown(t) != shown(t - 1)) {
            let edge = self.start(t);
            for n in edge - half..edge + half {
                let along = (n + half - edge) as f32 + 0.5;
                let along = along / (2 * half) as f32;
                gains[n] = level(t - 1) * (1.0 - along) + level(t) * along;
            }
        }
        gains
    }
}

impl Mask for Spans {
    fn parts(&self) -> Vec<(String, Part)> {
        let second = |t: usize| self.start(t) as f64 / f64::from(self.rate);
        let mut parts = Vec::new();
        for t in 0..self.stretches {
            for b in 0..self.bands() {
                let (from, to, low, high) = (second(t), second(t + 1), self.edges[b], self.edges[b + 1]);
                let time = format!("{from:.2}–{to:.2} s");
                let name = if self.bands() == 1 { time } else { format!("{time}, {low:.0}–{high:.0} Hz") };
                parts.push((name, Part::Span { from, to, low, high }));
            }
        }
        parts
    }

    fn varies(&self) -> bool {
        matches!(self.fill, Fill::Rows(_))
    }

    fn bytes(&self) -> usize {
        self.length * 4 + 44
    }

    fn content(&self, shown: &[bool], filler: usize) -> Content {
        if self.stretches == 0 {
            return Content::Missing;
        }
        let mut out = vec![0.0; self.length];
        for (b, own) in self.own.iter().enumerate() {
            let gains = self.gains(|t| shown[t * self.bands() + b]);
            let fill = match &self.fill {
                Fill::Silence => None,
                Fill::One(bands) => Some(&bands[b]),
                Fill::Rows(rows) => Some(&rows[filler][b]),
            };
            match fill {
                None => out.iter_mut().zip(own).zip(&gains).for_each(|((o, x), g)| *o += g * x),
                Some(fill) => {
                    let pairs = own.iter().zip(fill).zip(&gains);
                    out.iter_mut().zip(pairs).for_each(|(o, ((x, f), g))| *o += g * x + (1.0 - g) * f);
                }
            }
        }
        Content::Bytes(wav(&out, self.rate))
    }
}

/// A mono WAV file of 32-bit floats.
fn wav(samples: &[f32], rate: u32) -> Vec<u8> {
    let size = (samples.len() * 4) as u32;
    let mut out = Vec::with_capacity(44 + samples.len() * 4);
    out.extend(b"RIFF");
    out.extend((size + 36).to_le_bytes());
    out.extend(b"WAVEfmt ");
    out.extend(16_u32.to_le_bytes());
    // Floats, one channel.
    out.extend([3, 0, 1, 0]);
    out.extend(rate.to_le_bytes());
    out.extend((rate * 4).to_le_bytes());
    // Bytes a frame, bits a sample.
    out.extend([4, 0, 32, 0]);
    out.extend(b"data");
    out.extend(size.to_le_bytes());
    out.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, LargeBinaryArray};
    use ronghe_data::{Cell, ColumnSchema, Kind, Schema, Table};
    use std::path::Path;
    use std::sync::Arc;

    fn table(sounds: &[Vec<f32>]) -> Table {
        let schema = Schema { columns: vec![ColumnSchema::new("s", Kind::Audio)] };
        let files: Vec<Vec<u8>> = sounds.iter().map(|s| wav(s, 8_000)).collect();
        let cells: ArrayRef = Arc::new(LargeBinaryArray::from_iter_values(&files));
        let here = Path::new("t.csv");
        Table::new(Arc::new(schema), vec![cells], here, here, 1).unwrap()
    }

    fn sound(amplitude: f32) -> Vec<f32> {
        (0..4_000).map(|i| amplitude * (i as f32 * 0.7).sin() + amplitude * (i as f32 * 0.05).sin()).collect()
    }

    fn masked(fill: &'static str, size: &[usize], shown: &[bool]) -> Vec<f32> {
        let (cell, background) = (table(&[sound(0.3)]), table(&[sound(-0.3), sound(0.1)]));
        let input = MaskInput { cell: &cell, background: &background, size, fill, seed: 5 };
        let Divided::Parts(mask, None) = build(&input).unwrap() else { panic!("not divided") };
        assert_eq!(mask.parts().len(), shown.len());
        let Content::Bytes(file) = mask.content(shown, 0) else { panic!("no file") };
        decode_sound(&Cell::Bytes(&file), &Limits::default()).unwrap().samples
    }

    #[test]
    fn shown_stretches_are_heard_and_hidden_ones_are_not() {
        let shown = [true, false, false, true];
        let heard = masked("silence", &[4, 1], &shown);
        let own = sound(0.3);
        for (i, (&found, &own)) in heard.iter().zip(&own).enumerate() {
            let (stretch, place) = (i / 1000, i % 1000);
            // 2.5 ms to both sides of an edge are between the two.
            if (20..980).contains(&place) {
                let want = if shown[stretch] { own } else { 0.0 };
                assert!((found - want).abs() < 1e-6, "{i}");
            }
        }
        let steps = heard.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
        let usual = own.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
        assert!(steps <= usual * 1.2, "{steps} {usual}");
        let other = masked("background", &[4, 1], &shown);
        assert!((other[1500] - sound(-0.3)[1500]).abs() < 1e-6);
        assert_ne!(masked("noise", &[4, 1], &shown)[1500], 0.0);
    }

    #[test]
    fn a_hidden_band_is_filtered_out() {
        // The upper band of two holds the quick wave (890 Hz of 8 kHz), the lower one the slow (64 Hz).
        let all = masked("silence", &[1, 3], &[true, false, false]);
        let slow: Vec<f32> = (0..4_000).map(|i| 0.3 * (i as f32 * 0.05).sin()).collect();
        let off = (500..3_500).map(|i| (all[i] - slow[i]).abs()).fold(0.0, f32::max);
        assert!(off < 0.02, "{off}");
        assert!(masked("silence", &[2, 2], &[false; 4]).iter().all(|&v| v == 0.0));
    }
}
