//! Sound.
//!
//! Samples are mono, in `[-1, 1]`: the channels of a frame are averaged. A file that holds fewer samples than it promises
//! is broken: a cut-off recording would otherwise teach a model that speech ends in the middle of a word.

use super::edit::heard;
use super::opus::{self, Opus};
use super::whole::{adts_is_whole, mp3_counts_frames, ogg_is_whole, with_length};
use super::{Limits, MediaError, cell_bytes, foreign, guarded, no_such_format, resample};
use crate::{Cell, Error, Table};
use rayon::prelude::*;
use std::io::{Cursor, ErrorKind};
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
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
        return Err(no_such_format("a sound (WAV, AIFF, FLAC, MP3, M4A, AAC, Ogg Vorbis or Opus)", &bytes));
    };
    let bytes = if format == "WAV" { with_length(bytes) } else { bytes };
    if (format == "Ogg" && !ogg_is_whole(&bytes)) || (format == "AAC" && !adts_is_whole(&bytes)) {
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
        [b'F', b'O', b'R', b'M', _, _, _, _, b'A', b'I', b'F', b'F' | b'C', ..] => Some("AIFF"),
        [b'f', b'L', b'a', b'C', ..] => Some("FLAC"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] if foreign::picture_brand(bytes).is_none() => Some("MP4"),
        // Frame sync and no layer: AAC without a container.
        [0xff, b, c, ..] if b & 0xf6 == 0xf0 && c & 0x3c <= 12 << 2 => Some("AAC"),
        [b'O', b'g', b'g', b'S', ..] if foreign::foreign(bytes).is_some() => None,
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
        Fault::Unsupported(what) => not_decoded(format, what.to_owned()),
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
    let (id, mut promised, padding_known) = (track.id, track.num_frames, track.padding.is_some());
    let delay = track.delay;
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
    let mut decoder = if params.codec == CODEC_ID_OPUS {
        // The reader of Ogg counts the delay among the frames.
        promised = promised.map(|n| n.saturating_sub(u64::from(delay.unwrap_or(0))));
        Decoder::Opus(Box::new(Opus::new(params, delay).map_err(|found| not_decoded(format, found))?))
    } else {
        let options = AudioDecoderOptions::default();
        Decoder::Other(symphonia::default::get_codecs().make_audio_decoder(params, &options).map_err(fail)?)
    };
    let rate = if params.codec == CODEC_ID_OPUS { opus::RATE } else { rate };

    let mut samples = Vec::new();
    let mut frames = Vec::new();
    loop {
        let packet = match reader.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            // Some readers know the end only by running into it; whether it came too early is checked below.
            Err(Fault::IoError(e))
                if e.kind() == ErrorKind::UnexpectedEof && !matches!(format, "WAV" | "AIFF") =>
            {
                break;
            }
            // A second stream chained to the first.
            Err(Fault::ResetRequired) => break,
            Err(fault) => return Err(fail(fault)),
        };
        if packet.track_id != id {
            continue;
        }
        let decoded = match &mut decoder {
            Decoder::Opus(opus) => {
                opus.decode(&packet, &mut samples).map_err(|found| MediaError::Broken { format, found })?;
                Ok(())
            }
            Decoder::Other(decoder) => decoder.decode(&packet).map(|decoded| {
                decoded.copy_to_vec_interleaved(&mut frames);
                append_mono(&frames, decoded.num_planes(), &mut samples);
            }),
        };
        match decoded {
            Ok(()) => {}
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
    // Without its padding the length of an MP3 is known to one frame only.
    let slack = if format == "MP3" && !padding_known { 1152 } else { 0 };
    if samples.is_empty() && promised != Some(0) {
        return Err(missing("sound in it"));
    }
    if promised.is_some_and(|n| n > samples.len() as u64 + slack) {
        return Err(cut_off(format));
    }
    if format == "MP4"
        && let Some((start, length)) = heard(bytes, rate).filter(|(start, _)| *start < samples.len())
    {
        samples.drain(..start);
        samples.truncate(length);
    }
    Ok(Sound { rate, samples })
}

/// What makes packets samples.
enum Decoder {
    Opus(Box<Opus>),
    Other(Box<dyn AudioDecoder>),
}

/// A whole file with something in it that is not decoded.
fn not_decoded(format: &'static str, found: String) -> MediaError {
    MediaError::Codec { format, found, mend: "convert it: `ffmpeg -i FILE -ac 1 a.wav`" }
}

/// Appends the mean over the channels of every frame of interleaved samples.
pub(super) fn append_mono(frames: &[f32], channels: usize, samples: &mut Vec<f32>) {
    if channels <= 1 {
        samples.extend_from_slice(frames);
    } else {
        samples
            .extend(frames.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::media_kind;
    use crate::synth::wav_bytes;
    use crate::{ColumnSchema, Kind, Schema};
    use arrow_array::LargeBinaryArray;
    use proptest::prelude::*;
    use std::path::Path;
    use std::sync::Arc;

    /// A quarter of a second of 440 Hz at half amplitude, 16 kHz, made by sox, flac, lame, oggenc, libsndfile 1.2.2 (Opus)
    /// and FFmpeg 9.0.2 (the others).
    const TONES: [(&str, &[u8]); 7] = [
        ("FLAC", include_bytes!("../../tests/fixtures/tone.flac")),
        ("MP3", include_bytes!("../../tests/fixtures/tone.mp3")),
        ("Ogg", include_bytes!("../../tests/fixtures/tone.ogg")),
        ("Opus", include_bytes!("../../tests/fixtures/tone.opus")),
        ("ALAC", include_bytes!("../../tests/fixtures/tone_alac.m4a")),
        ("M4A", include_bytes!("../../tests/fixtures/tone_aac.m4a")),
        ("AAC", include_bytes!("../../tests/fixtures/tone.aac")),
    ];

    fn tone() -> Vec<f32> {
        let step = std::f32::consts::TAU * 440.0 / 16_000.0;
        (0..4_000).map(|i| 0.5 * (step * i as f32).sin()).collect()
    }

    fn decoded(bytes: &[u8]) -> Result<Sound, MediaError> {
        decode_sound(&Cell::Bytes(bytes), &Limits::default())
    }

    /// A WAV file of any sample format.
    fn wav(code: u16, bits: u16, channels: u16, data: &[u8]) -> Vec<u8> {
        let frame = channels * bits / 8;
        let mut out = b"RIFF".to_vec();
        out.extend((data.len() as u32 + 36).to_le_bytes());
        out.extend(b"WAVEfmt \x10\0\0\0");
        out.extend(code.to_le_bytes());
        out.extend(channels.to_le_bytes());
        out.extend(16_000u32.to_le_bytes());
        out.extend((16_000 * u32::from(frame)).to_le_bytes());
        out.extend(frame.to_le_bytes());
        out.extend(bits.to_le_bytes());
        out.extend(b"data");
        out.extend((data.len() as u32).to_le_bytes());
        out.extend(data);
        out
    }

    #[test]
    fn wav_of_every_depth() {
        let want = tone();
        let close = |bytes: &[u8], tolerance: f32| {
            let sound = decoded(bytes).unwrap();
            assert_eq!((sound.rate, sound.samples.len()), (16_000, 4_000));
            let off = sound.samples.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off <= tolerance, "{off}");
        };
        close(&wav_bytes(&want, 16_000), 5e-5);
        let bytes8: Vec<u8> = want.iter().map(|v| (v * 127.0 + 128.0).round() as u8).collect();
        close(&wav(1, 8, 1, &bytes8), 1e-2);
        let bytes24: Vec<u8> =
            want.iter().flat_map(|v| ((v * 8_388_607.0) as i32).to_le_bytes()[..3].to_vec()).collect();
        close(&wav(1, 24, 1, &bytes24), 1e-6);
        let float: Vec<u8> = want.iter().flat_map(|v| v.to_le_bytes()).collect();
        close(&wav(3, 32, 1, &float), 0.0);
        // Left carries twice the tone, right none: the mean is the tone.
        let stereo: Vec<u8> =
            want.iter().flat_map(|v| [2.0 * v, 0.0]).flat_map(|v| v.to_le_bytes()).collect();
        close(&wav(3, 32, 2, &stereo), 0.0);
    }

    /// Amplitude at 440 Hz and what is left of the loudness without it, of a second of `rate` samples or less.
    fn tone_in(samples: &[f32], rate: u32) -> (f32, f32) {
        let step = std::f32::consts::TAU * 440.0 / rate as f32;
        let n = samples.len() as f32;
        let wave = |f: fn(f32) -> f32| {
            2.0 / n * samples.iter().enumerate().map(|(i, v)| v * f(step * i as f32)).sum::<f32>()
        };
        let (sine, cosine) = (wave(f32::sin), wave(f32::cos));
        let left = samples.iter().enumerate().map(|(i, v)| {
            let angle = step * i as f32;
            (v - sine * angle.sin() - cosine * angle.cos()).powi(2)
        });
        (sine.hypot(cosine), (left.sum::<f32>() / n).sqrt())
    }

    #[test]
    fn compressed_formats() {
        for (format, bytes) in TONES {
            assert_eq!(media_kind(bytes), Some(Kind::Audio), "{format}");
            let sound = decoded(bytes).unwrap();
            // AAC without a container does not say what is silence before and behind the sound.
            let (rate, length, slack) = match format {
                "Opus" => (48_000, 12_000, 0),
                "AAC" => (16_000, 5 * 1024, 0),
                _ => (16_000, 4_000, 4),
            };
            assert_eq!(sound.rate, rate, "{format}");
            assert!(sound.samples.len().abs_diff(length) <= slack, "{format}: {}", sound.samples.len());
            // Ten waves from the middle.
            let start = sound.samples.len() * 2 / 5;
            let middle = &sound.samples[start..start + rate as usize / 11];
            let (amplitude, left) = tone_in(middle, rate);
            assert!((amplitude - 0.5).abs() < 0.03 && left < 0.02, "{format}: {amplitude} {left}");
        }
    }

    /// An AIFF file of 16 kHz; `kind` is the compression of AIFF-C, big-endian whole numbers if `None`.
    fn aiff(kind: Option<&[u8; 4]>, bits: u16, channels: u16, data: &[u8]) -> Vec<u8> {
        let frames = data.len() as u32 * 8 / u32::from(bits) / u32::from(channels);
        let mut common = channels.to_be_bytes().to_vec();
        common.extend(frames.to_be_bytes());
        common.extend(bits.to_be_bytes());
        // 16,000 as an 80-bit float.
        common.extend([0x40, 0x0c, 0xfa, 0, 0, 0, 0, 0, 0, 0]);
        if let Some(kind) = kind {
            common.extend(kind);
            common.extend([0, 0]);
        }
        let mut body = if kind.is_some() { b"AIFC".to_vec() } else { b"AIFF".to_vec() };
        if kind.is_some() {
            body.extend(b"FVER\0\0\0\x04\xa2\x80\x51\x40");
        }
        body.extend(b"COMM");
        body.extend((common.len() as u32).to_be_bytes());
        body.extend(common);
        body.extend(b"SSND");
        body.extend((data.len() as u32 + 8).to_be_bytes());
        body.extend([0; 8]);
        body.extend(data);
        let mut out = b"FORM".to_vec();
        out.extend((body.len() as u32).to_be_bytes());
        out.extend(body);
        out
    }

    #[test]
    fn aiff_of_every_depth() {
        let want = tone();
        let close = |bytes: &[u8], tolerance: f32| {
            assert_eq!(media_kind(bytes), Some(Kind::Audio));
            let sound = decoded(bytes).unwrap();
            assert_eq!((sound.rate, sound.samples.len()), (16_000, 4_000));
            let off = sound.samples.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off <= tolerance, "{off}");
            assert!(decoded(&bytes[..bytes.len() / 2]).is_err(), "cut off");
        };
        let whole = |v: &f32| (v * 32_767.0).round() as i16;
        let bytes16: Vec<u8> = want.iter().flat_map(|v| whole(v).to_be_bytes()).collect();
        close(&aiff(None, 16, 1, &bytes16), 5e-5);
        let bytes24: Vec<u8> =
            want.iter().flat_map(|v| ((v * 8_388_607.0) as i32).to_be_bytes()[1..].to_vec()).collect();
        close(&aiff(None, 24, 1, &bytes24), 1e-6);
        let float: Vec<u8> = want.iter().flat_map(|v| v.to_be_bytes()).collect();
        close(&aiff(Some(b"fl32"), 32, 1, &float), 0.0);
        let little: Vec<u8> = want.iter().flat_map(|v| whole(v).to_le_bytes()).collect();
        close(&aiff(Some(b"sowt"), 16, 1, &little), 5e-5);
    }

    #[test]
    fn what_is_not_decoded_is_named() {
        let said = |bytes: &[u8]| decoded(bytes).unwrap_err().to_string();
        let expected = "expected a sound (WAV, AIFF, FLAC, MP3, M4A, AAC, Ogg Vorbis or Opus), found ";
        for (bytes, found) in [
            (&b"#!AMR\n\x00"[..], "an AMR sound; convert it: `ffmpeg -i a.amr a.wav`"),
            (b"\x1a\x45\xdf\xa3\x01", "a Matroska or WebM file; convert it: `ffmpeg -i a.webm a.wav`"),
            (
                b"version https://git-lfs.github.com/spec/v1\noid",
                "a pointer of Git LFS instead of the file; fetch the files: `git lfs pull`",
            ),
            (
                b"<!DOCTYPE html><html>",
                "a web page instead of the file; fetch the file again, and look at the page: it may say why",
            ),
            (b"zz", "2 bytes that begin with 7a 7a; convert the file, or leave the cell empty"),
        ] {
            assert_eq!(said(bytes), format!("{expected}{found}"));
        }
    }

    #[test]
    fn cut_off_files_are_broken() {
        let plain = wav_bytes(&tone(), 16_000);
        for (format, bytes) in TONES.into_iter().chain([("WAV", plain.as_slice())]) {
            // The last tenth of the MP3 is padding that nobody misses.
            for share in [1, 3, 5, 7, 8] {
                let cut = &bytes[..bytes.len() * share / 10];
                assert!(decoded(cut).is_err(), "{format} cut to {share} tenths");
            }
            assert!(decoded(&bytes[..bytes.len().min(60)]).is_err(), "{format}");
        }
        assert!(matches!(decoded(b"RIFF"), Err(MediaError::Format { .. })));
        assert!(matches!(decoded(b""), Err(MediaError::Format { .. })));
    }

    #[test]
    fn a_wav_from_a_pipe_is_whole() {
        let plain = wav_bytes(&tone(), 16_000);
        for length in [u32::MAX, 0x7fff_ffff, 0] {
            let mut piped = plain.clone();
            piped[4..8].copy_from_slice(&length.to_le_bytes());
            piped[40..44].copy_from_slice(&length.to_le_bytes());
            assert_eq!(decoded(&piped).unwrap(), decoded(&plain).unwrap());
        }
    }

    #[test]
    fn limits_hold() {
        let plain = wav_bytes(&tone(), 16_000);
        for bytes in TONES.iter().map(|t| t.1).chain([plain.as_slice()]) {
            let short = Limits { max_seconds: 0.1, ..Limits::default() };
            let found = decode_sound(&Cell::Bytes(bytes), &short);
            assert!(matches!(found, Err(MediaError::Limit { .. })), "{found:?}");
            let small = Limits { max_bytes: 100, ..Limits::default() };
            assert!(matches!(decode_sound(&Cell::Bytes(bytes), &small), Err(MediaError::Limit { .. })));
        }
    }

    #[test]
    fn trim_and_fit() {
        let mut samples = vec![0.0005; 16_000];
        samples[4_800..8_000].fill(0.4);
        let sound = Sound { rate: 16_000, samples };
        let trimmed = sound.clone().trimmed(40.0);
        assert_eq!(trimmed.samples.len(), 3_200);
        assert_eq!(trimmed.seconds(), 0.2);
        assert_eq!(sound.clone().trimmed(80.0), sound);
        assert_eq!(trimmed.clone().fit(4_000).samples[3_199..3_201], [0.4, 0.0]);
        assert_eq!(trimmed.fit(10).samples, [0.4; 10]);
        let silence = Sound { rate: 8_000, samples: vec![0.0; 100] };
        assert_eq!(silence.clone().trimmed(30.0), silence);
        assert!(Sound { rate: 0, samples: Vec::new() }.trimmed(30.0).samples.is_empty());
    }

    #[test]
    fn a_column_is_decoded_in_order_with_places() {
        let plain = wav_bytes(&tone(), 16_000);
        let cells = LargeBinaryArray::from(vec![Some(plain.as_slice()), None, Some(b"noise".as_slice())]);
        let schema = Schema { columns: vec![ColumnSchema::new("say", Kind::Audio)] };
        let table =
            Table::new(Arc::new(schema), vec![Arc::new(cells)], Path::new("t.jsonl"), Path::new(""), 1)
                .unwrap();
        let options = SoundOptions { rate: Some(8_000), seconds: Some(0.5), ..Default::default() };
        let made = decode_sounds(&table, 0, &[1, 2, 0], &options);
        assert!(made[0].as_ref().unwrap().is_none());
        let message = made[1].as_ref().unwrap_err().to_string();
        assert!(message.starts_with("t.jsonl: row 3, column `say`: expected a sound"), "{message}");
        let sound = made[2].as_ref().unwrap().as_ref().unwrap();
        assert_eq!((sound.rate, sound.samples.len()), (8_000, 4_000));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn broken_bytes_never_panic(
            format in 0usize..8,
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = TONES.get(format).map_or_else(|| wav_bytes(&tone(), 16_000), |t| t.1.to_vec());
            for (at, value) in changes {
                // Headers decide more than samples do.
                let at = at.index(bytes.len().min(400));
                bytes[at] = value;
            }
            let limits = Limits { max_seconds: 60.0, ..Limits::default() };
            let _ = decode_sound(&Cell::Bytes(&bytes), &limits);
            let _ = decode_sound(&Cell::Bytes(&bytes[..cut.index(bytes.len())]), &limits);
        }
    }
}
