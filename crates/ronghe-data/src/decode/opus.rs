//! Opus packets to samples.
//!
//! symphonia takes Ogg and MP4 apart but has no decoder for Opus; `ropus`, a port of the reference decoder, has. Samples
//! are 48 kHz whatever was recorded. The first `delay` of them let the decoder settle and are left out, what lies behind
//! the end is trimmed, and the header's gain `g` multiplies by `10^(g / 5120)`. Source: RFC 7845, sections 4.2 and 5.1.

use super::audio::append_mono;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::packet::Packet;

/// Samples of the longest packet, 120 ms, a channel.
const LONGEST: usize = 5760;
/// Samples a second.
pub(super) const RATE: u32 = 48_000;

/// A decoder of one stream of one or two channels.
pub(super) struct Opus {
    decoder: ropus::Decoder,
    channels: usize,
    gain: f32,
    /// Frames still to be left out.
    delay: usize,
    frames: Vec<f32>,
}

impl Opus {
    /// `delay` is what the container says of frames to leave out. The error is what was found instead.
    pub(super) fn new(params: &AudioCodecParameters, delay: Option<u32>) -> Result<Opus, String> {
        let count = params.channels.as_ref().map_or(1, |c| c.count());
        let channels = match count {
            1 => ropus::Channels::Mono,
            2 => ropus::Channels::Stereo,
            _ => return Err(format!("Opus of {count} channels")),
        };
        let head = params.extra_data.as_deref().unwrap_or_default();
        let gain = head.get(16..18).and_then(|g| g.first_chunk::<2>()).map_or(0, |g| i16::from_le_bytes(*g));
        Ok(Opus {
            decoder: ropus::Decoder::new(RATE, channels).map_err(|e| format!("{e:?}"))?,
            channels: count.max(1),
            gain: 10f32.powf(f32::from(gain) / 5120.0),
            delay: delay.unwrap_or(0) as usize,
            frames: vec![0.0; LONGEST * count.max(1)],
        })
    }

    /// Appends the mean over the channels of every frame of a packet.
    pub(super) fn decode(&mut self, packet: &Packet, samples: &mut Vec<f32>) -> Result<(), String> {
        let mode = ropus::DecodeMode::Normal;
        let count = self
            .decoder
            .decode_float(&packet.data, &mut self.frames, mode)
            .map_err(|e| format!("an Opus packet that is none ({e:?})"))?;
        let trimmed = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let end = count.saturating_sub(trimmed(packet.trim_end.get()));
        let skip = self.delay.max(trimmed(packet.trim_start.get())).min(end);
        self.delay = self.delay.saturating_sub(count);
        let from = samples.len();
        let kept = self.frames.get(skip * self.channels..end * self.channels).unwrap_or_default();
        append_mono(kept, self.channels, samples);
        if self.gain != 1.0 {
            samples.iter_mut().skip(from).for_each(|v| *v *= self.gain);
        }
        Ok(())
    }
}
