//! TIFF of floating point numbers, which the `image` crate takes for colour only.
//!
//! `v` in `[0, 1]` becomes `round(255 v)`. Anything outside of it has no scale that is the same for every picture, so it
//! is refused. Of several pages the first counts.

use super::{Limits, MediaError, Picture};
use std::io::Cursor;
use tiff::decoder::{Decoder, DecodingResult};
use tiff::{ColorType, TiffError};

const FORMAT: &str = "TIFF";

/// The picture if its numbers are floating point, grey or red, green and blue; `None` for every other one.
pub(super) fn floats(bytes: &[u8], limits: &Limits) -> Result<Option<Picture>, MediaError> {
    let fail = |e: TiffError| match e {
        TiffError::LimitsExceeded => MediaError::Limit {
            what: "the memory to decode the picture",
            found: "more".into(),
            limit: format!("{} bytes", limits.max_alloc),
        },
        TiffError::UnsupportedError(e) => unknown(e.to_string()),
        other => MediaError::Broken { format: FORMAT, found: other.to_string() },
    };
    let most = usize::try_from(limits.max_alloc).unwrap_or(usize::MAX);
    let mut bounds = tiff::decoder::Limits::default();
    (bounds.decoding_buffer_size, bounds.intermediate_buffer_size) = (most, most);
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(fail)?.with_limits(bounds);
    let channels = match decoder.colortype().map_err(fail)? {
        ColorType::Gray(16 | 32 | 64) => 1,
        ColorType::RGB(16 | 32 | 64) => 3,
        _ => return Ok(None),
    };
    let formats: Option<Vec<u16>> =
        decoder.find_tag_unsigned_vec(tiff::tags::Tag::SampleFormat).map_err(fail)?;
    let float = tiff::tags::SampleFormat::IEEEFP.to_u16();
    if formats.is_none_or(|f| f.first() != Some(&float)) {
        return Ok(None);
    }
    let (width, height) = decoder.dimensions().map_err(fail)?;
    super::image::check_pixels(width.into(), height.into(), limits)?;
    let values: Vec<f32> = match decoder.read_image().map_err(fail)? {
        DecodingResult::F16(v) => v.into_iter().map(f32::from).collect(),
        DecodingResult::F32(v) => v,
        DecodingResult::F64(v) => v.into_iter().map(|v| v as f32).collect(),
        _ => return Ok(None),
    };
    if let Some(bad) = values.iter().find(|v| !(0.0..=1.0).contains(*v)) {
        return Err(MediaError::Codec {
            format: FORMAT,
            found: format!("a floating point pixel of {bad}, outside of 0 to 1"),
            mend: "scale the pixels to 0 to 1, the same for all pictures, or save 8 or 16 bits",
        });
    }
    let (height, width) = (height as usize, width as usize);
    if values.len() != height * width * channels {
        let found = format!("{} values for {width} x {height} pixels", values.len());
        return Err(MediaError::Broken { format: FORMAT, found });
    }
    let pixels = values.into_iter().map(|v| (v * 255.0).round() as u8).collect();
    Ok(Some(Picture { height, width, channels, pixels }))
}

/// A kind of TIFF that is not decoded.
pub(super) fn unknown(found: String) -> MediaError {
    let mend = "save 8 or 16 bits a channel, plain or with LZW or deflate: `magick a.tif a.png`";
    MediaError::Codec { format: FORMAT, found, mend }
}
