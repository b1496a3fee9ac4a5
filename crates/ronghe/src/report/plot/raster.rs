//! Pictures drawn beneath tints: a grey picture as a PNG file in a data URI.

use crate::report::media;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use ronghe_data::Cell;
use ronghe_data::decode::{Filter, Fit, Limits, Picture, decode_image};
use std::io::Write;

/// Longest side of a picture in a report, pixels.
const MOST_SIDE: usize = 360;

/// A grey picture.
#[derive(Debug, Clone)]
pub(in crate::report) struct Grey {
    /// Pixels across, as in its own file.
    pub(in crate::report) width: usize,
    /// Pixels down.
    pub(in crate::report) height: usize,
    /// Data URI.
    pub(in crate::report) uri: String,
    /// Whether only what differs from the ground is drawn, and the rest left clear.
    pub(in crate::report) cut_out: bool,
}

impl Grey {
    /// From the bytes of a picture file; none if they are not one.
    pub(in crate::report) fn decode(bytes: &[u8]) -> Option<Grey> {
        let limits = Limits { max_pixels: 40_000_000, ..Limits::default() };
        let picture = decode_image(&Cell::Bytes(bytes), &limits).ok()?;
        Grey::new(&picture.to_channels(1))
    }

    /// From values that have a place each, row by row.
    pub(in crate::report) fn from_values(values: &[f64], width: usize) -> Option<Grey> {
        let (low, high) =
            values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
        let range = if high > low { high - low } else { 1.0 };
        let pixels = values.iter().map(|v| ((v - low) / range * 255.0) as u8).collect();
        Grey::new(&Picture { width, height: values.len().checked_div(width)?, channels: 1, pixels })
    }

    /// Around an even ground only what differs from it is kept, in mid-grey: it reads on white and on black, and the
    /// tints above it keep their colours.
    fn new(picture: &Picture) -> Option<Grey> {
        let (width, height) = (picture.width, picture.height);
        if width == 0 || height == 0 {
            return None;
        }
        let longest = width.max(height);
        let small = match longest > MOST_SIDE {
            true => {
                let side = |v: usize| (v * MOST_SIDE / longest).max(1);
                picture.resized(side(height), side(width), Fit::Stretch, Filter::Bilinear)
            }
            false => picture.clone(),
        };
        let ground = ground(&small);
        let pixels: Vec<u8> = match ground {
            Some(g) => small.pixels.iter().flat_map(|&v| [128, v.abs_diff(g)]).collect(),
            None => small.pixels.iter().flat_map(|&v| [v, 255]).collect(),
        };
        let uri = media::uri("image/png", &png(small.width, small.height, &pixels));
        Some(Grey { width, height, uri, cut_out: ground.is_some() })
    }
}

/// The level of an even ground: that of nine tenths of the rim, within 12 levels.
fn ground(picture: &Picture) -> Option<u8> {
    let (w, h) = (picture.width, picture.height);
    let at = |x: usize, y: usize| picture.pixels[y * w + x];
    let mut rim: Vec<u8> = (0..w).flat_map(|x| [at(x, 0), at(x, h - 1)]).collect();
    rim.extend((0..h).flat_map(|y| [at(0, y), at(w - 1, y)]));
    rim.sort_unstable();
    let middle = rim[rim.len() / 2];
    let near = rim.iter().filter(|v| v.abs_diff(middle) <= 12).count();
    (near * 10 >= rim.len() * 9).then_some(middle)
}

/// A sound's levels, 0 to 1, row by row from the top: mid-grey, clear where nothing is.
pub(in crate::report) fn levels(width: usize, height: usize, levels: &[f32]) -> String {
    let pixels: Vec<u8> = levels.iter().flat_map(|v| [128, (v.clamp(0.0, 1.0) * 235.0) as u8]).collect();
    media::uri("image/png", &png(width, height, &pixels))
}

/// A PNG file (ISO/IEC 15948) of grey and opacity, 8 bits each.
fn png(width: usize, height: usize, pixels: &[u8]) -> Vec<u8> {
    let mut raw = Vec::with_capacity(pixels.len() + height);
    for line in pixels.chunks(2 * width.max(1)) {
        raw.push(0);
        raw.extend_from_slice(line);
    }
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::new(6));
    // Writing to memory does not fail.
    let packed = zlib.write_all(&raw).and_then(|()| zlib.finish()).unwrap_or_default();
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::new();
    header.extend((width as u32).to_be_bytes());
    header.extend((height as u32).to_be_bytes());
    header.extend([8, 4, 0, 0, 0]);
    for (kind, data) in [(b"IHDR", header), (b"IDAT", packed), (b"IEND", Vec::new())] {
        let mut crc = Crc::new();
        crc.update(kind);
        crc.update(&data);
        out.extend((data.len() as u32).to_be_bytes());
        out.extend(kind);
        out.extend(&data);
        out.extend(crc.sum().to_be_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decoder_reads_what_was_written() {
        let file = png(3, 2, &[0, 255, 50, 255, 100, 255, 150, 255, 200, 255, 250, 255]);
        let back = decode_image(&Cell::Bytes(&file), &Limits::default()).unwrap();
        assert_eq!((back.width, back.height, back.pixels), (3, 2, vec![0, 50, 100, 150, 200, 250]));
        let digit = Grey::from_values(&[0.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.0], 3).unwrap();
        assert!(digit.cut_out && digit.uri.starts_with("data:image/png;base64,"));
        assert!(Grey::decode(b"no picture").is_none() && Grey::from_values(&[], 0).is_none());
    }
}
