//! Sound.
//!
//! Samples are mono, in `[-1, 1]`: the channels of a frame are averaged. A file that holds fewer samples than it promises
//! is broken: a cut-off recording would otherwise teach a model that speech ends in the middle of a word.

use super::{Limits, MediaError, cell_bytes, first_bytes, guarded, resample};
use crate::{Cell, Error, Table};
use rayon::prelude::*;
use std::borrow::Cow;
use std::io::{Cursor, ErrorKind};
use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::common::Limit;
use symphonia::core::errors::Error as Fault;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

/// A decoded sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Sound {
    /// Samples a second.
    pub rate: u32,
    /// Mono samples.
    pub samples: Vec<f32>,
}

/// What to make of the sounds of a column.
#[derive(Debug, Clone, Copy, Default)]
pub struct SoundOptions {
    /// How much one file may take.
    pub limits: Limits,
    /// Samples a second; as in the file if `None`.
    pub rate: Option<u32>,
    /// Cut silence off both ends: what is more than this many decibels below the loudest part.
    pub trim: Option<f32>,
    /// Seconds to pad or cut to, after trimming.
    pub seconds: Option<f64>,
}

impl Sound {
    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate.max(1))
    }

    /// This sound at `rate` samples a second.
    pub fn resampled(self, rate: u32) -> Sound {
        Sound { samples: resample(self.samples, self.rate, rate), rate }
    }

    /// This sound with `length` samples: silence added at the end, or the end cut off.
    pub fn fit(mut self, length: usize) -> Sound {
        self.samples.resize(length, 0.0);
        self
    }

    /// This sound without the silence at both ends. A part of 10 ms is silent if its root mean square is more than
    /// `decibels` below that of the loudest part; a sound of zeros stays as it is.
    pub fn trimmed(mut self, decibels: f32) -> Sound {
        let part = (self.rate as usize / 100).max(1);
        let power =
            |part: &[f32]| part.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>() / part.len() as f64;
        let powers: Vec<f64> = self.samples.chunks(part).map(power).collect();
        let loudest = powers.iter().copied().fold(0.0, f64::max);
        let bar = loudest * 10f64.powf(-f64::from(decibels.abs()) / 10.0);
        let heard = |p: &f64| *p > 0.0 && *p >= bar;
        if let (Some(first), Some(last)) = (powers.iter().position(heard), powers.iter().rposition(heard)) {
            self.samples.truncate((last + 1) * part);
            self.samples.drain(..first * part);
        }
        self
    }
}

/// Decodes the sound in `cell`.
pub fn decode_sound(cell: &Cell<'_>, limits: &Limits) -> Result<Sound, MediaError> {
    let bytes = cell_bytes(cell, limits)?;
    let Some(format) = format_name(&bytes) else {
        return Err(MediaError::Format {
            expected: "a sound (WAV, FLAC, MP3 or Ogg Vorbis)",
            found: first_bytes(&bytes),
        });
    };
    let bytes = if format == "WAV" { with_length(bytes) } else { bytes };
    if format == "Ogg" && !ogg_is_whole(&bytes) {
        return Err(cut_off(format));
    }
    guarded(format, || decode(&bytes, format, limits))
}

/// Decodes the sounds in `rows` of column `column`, in parallel and in order. `None` for a missing cell.
pub fn decode_sounds(
    table: &Table,
    column: usize,
    rows: &[usize],
    options: &SoundOptions,
) -> Vec<Result<Option<Sound>, Error>> {
    let one = |&row: &usize| {
        let Some(cell) = table.media(column, row) else { return Ok(None) };
        let mut sound = decode_sound(&cell, &options.limits).map_err(|e| e.at(table, column, row))?;
        if let Some(rate) = options.rate {
            sound = sound.resampled(rate);
        }
        if let Some(decibels) = options.trim {
            sound = sound.trimmed(decibels);
        }
        if let Some(seconds) = options.seconds {
            let seconds = seconds.clamp(0.0, options.limits.max_seconds);
            let length = (seconds * f64::from(sound.rate)).round() as usize;
            sound = sound.fit(length);
        }
        Ok(Some(sound))
    };
    rows.par_iter().map(one).collect()
}

/// Name of the format that `bytes` begin like.
pub(super) fn format_name(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some("WAV"),
        [b'f', b'L', b'a', b'C', ..] => Some("FLAC"),
        [b'O', b'g', b'g', b'S', ..] => Some("Ogg"),
        [b'I', b'D', b'3', ..] => Some("MP3"),
        // Frame sync, layer III, a bit rate and a sampling rate that exist.
        [0xff, b, c, ..] if b & 0xe6 == 0xe2 && c & 0xf0 != 0xf0 && c & 0x0c != 0x0c => Some("MP3"),
        _ => None,
    }
}

fn cut_off(format: &'static str) -> MediaError {
    MediaError::Broken { format, found: "a file that ends too early".into() }
}

fn decode(bytes: &[u8], format: &'static str, limits: &Limits) -> Result<Sound, MediaError> {
    let fail = |fault: Fault| match fault {
        Fault::IoError(e) if e.kind() == ErrorKind::UnexpectedEof => cut_off(format),
        other => MediaError::Broken { format, found: other.to_string() },
    };
    let missing = |what: &str| MediaError::Broken { format, found: format!("no {what}") };

    let stream = MediaSourceStream::new(Box::new(Cursor::new(bytes)), Default::default());
    let tags = MetadataOptions::default()
        .limit_tag_bytes(Limit::Maximum(1 << 16))
        .limit_visual_bytes(Limit::Maximum(0));
    let mut reader = symphonia::default::get_probe()
        .probe(&Hint::new(), stream, FormatOptions::default(), tags)
        .map_err(fail)?;
    let track = reader.default_track(TrackType::Audio).ok_or_else(|| missing("audio track"))?;
    let (id, promised) = (track.id, track.num_frames);
    let params = track.codec_params.as_ref().and_then(|p| p.audio()).ok_or_else(|| missing("audio codec"))?;
    let rate = params.sample_rate.ok_or_else(|| missing("sampling rate"))?;
    if !(100..=768_000).contains(&rate) {
        return Err(MediaError::Broken { format, found: format!("a sampling rate of {rate} Hz") });
    }
    let most = (limits.max_seconds.max(0.0) * f64::from(rate)) as u64;
    let too_long = |samples: u64| MediaError::Limit {
        what: "the length in seconds",
        found: format!("{:.1} or more", samples as f64 / f64::from(rate)),
        limit: limits.max_seconds.to_string(),
    };
    if promised.is_some_and(|n| n > most) && format != "MP3" {
        return Err(too_long(promised.unwrap_or(0)));
    }
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(params, &AudioDecoderOptions::default())
        .map_err(fail)?;

    let mut samples = Vec::new();
    let mut frames = Vec::new();
    loop {
        let packet = match reader.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            // Some readers know the end only by running into it; whether it came too early is checked below.
            Err(Fault::IoError(e)) if e.kind() == ErrorKind::UnexpectedEof && format != "WAV" => break,
            // A second stream chained to the first.
            Err(Fault::ResetRequired) => break,
            Err(fault) => return Err(fail(fault)),
        };
        if packet.track_id != id {
            continue;
        }
        match decoder.decode(&packet) {
            Ok(decoded) => append_mono(&decoded, &mut frames, &mut samples),
            // The first frames of an MP3 may lean on frames that were cut away.
            Err(Fault::DecodeError(_)) if format == "MP3" && samples.is_empty() => {}
            Err(fault) => return Err(fail(fault)),
        }
        if samples.len() as u64 > most {
            return Err(too_long(samples.len() as u64));
        }
    }
    // Without a header of its own an MP3 promises nothing: the reader guesses from the bit rate.
    let promised = promised.filter(|_| format != "MP3" || mp3_counts_frames(bytes));
    // The trailing padding of an MP3 is known to one frame only.
    let slack = if format == "MP3" { 1152 } else { 0 };
    if samples.is_empty() && promised != Some(0) {
        return Err(missing("sound in it"));
    }
    if promised.is_some_and(|n| n > samples.len() as u64 + slack) {
        return Err(cut_off(format));
    }
    Ok(Sound { rate, samples })
}

/// Appends the mean over the channels of every frame.
fn append_mono(decoded: &GenericAudioBufferRef<'_>, frames: &mut Vec<f32>, samples: &mut Vec<f32>) {
    let channels = decoded.num_planes().max(1);
    decoded.copy_to_vec_interleaved(frames);
    if channels == 1 {
        samples.extend_from_slice(frames);
    } else {
        samples
            .extend(frames.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32));
    }
}

/// A WAV that was written to a pipe does not know its length and says 0 or about 2^31 or 2^32 - 1 bytes; here it is set to what
/// is there.
fn with_length(bytes: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let mut at = 12;
    while let Some(&[a, b, c, d, n0, n1, n2, n3]) = bytes.get(at..at + 8).and_then(|h| h.first_chunk::<8>()) {
        let length = u32::from_le_bytes([n0, n1, n2, n3]);
        if [a, b, c, d] == *b"data" {
            let rest = (bytes.len() - at - 8) as u32;
            let outer = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
            if length < 0x7fff_0000 && (length != 0 || outer != 0) {
                return bytes;
            }
            let whole = (bytes.len() - 8) as u32;
            let mut mended = bytes.into_owned();
            mended[4..8].copy_from_slice(&whole.to_le_bytes());
            mended[at + 4..at + 8].copy_from_slice(&rest.to_le_bytes());
            return Cow::Owned(mended);
        }
        // Chunks begin at even places.
        at = at.saturating_add(8).saturating_add(length as usize).saturating_add(length as usize & 1);
        if at > bytes.len() {
            break;
        }
    }
    bytes
}

/// Whether the last page ends within the file and is marked as the last.
fn ogg_is_whole(bytes: &[u8]) -> bool {
    let Some(at) = bytes.windows(4).rposition(|w| w == b"OggS") else { return false };
    let Some(header) = bytes.get(at..at + 27) else { return false };
    let Some(segments) = bytes.get(at + 27..at + 27 + usize::from(header[26])) else { return false };
    let body: usize = segments.iter().map(|&n| usize::from(n)).sum();
    header[5] & 4 != 0 && at + 27 + segments.len() + body <= bytes.len()
}

/// Whether the first frame is a header that says how many frames follow.
fn mp3_counts_frames(bytes: &[u8]) -> bool {
    // The length of a leading tag has 7 bits a byte.
    let tag = match bytes {
        [b'I', b'D', b'3', _, _, _, a, b, c, d, ..] => {
            10 + [a, b, c, d].iter().fold(0usize, |n, &&v| n << 7 | usize::from(v & 0x7f))
        }
        _ => 0,
    };
    let first = bytes.get(tag..).unwrap_or_default();
    first[..first.len().min(256)].windows(4).any(|w| [b"Xing", b"Info", b"VBRI"].iter().any(|n| w == *n))
}
