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

#[cfg(test)]
mod tests {
    use crate::decode::{Limits, MediaError, Picture, decode_image, media_kind};
    use crate::{Cell, Kind};

    fn decoded(bytes: &[u8]) -> Result<Picture, MediaError> {
        decode_image(&Cell::Bytes(bytes), &Limits::default())
    }

    /// A TIFF with one strip of `bits` a sample, one sample a pixel, of a sample format (1 whole, 3 floating point).
    fn grey_tiff(width: u32, height: u32, bits: u16, format: u16, data: &[u8]) -> Vec<u8> {
        let mut out = b"II*\0\x08\0\0\0".to_vec();
        let entries: [(u16, u32); 10] = [
            (256, width),
            (257, height),
            (258, bits.into()),
            (259, 1),
            (262, 1),
            (273, 8 + 2 + 12 * 10 + 4),
            (277, 1),
            (278, height),
            (279, data.len() as u32),
            (339, format.into()),
        ];
        out.extend((entries.len() as u16).to_le_bytes());
        for (tag, value) in entries {
            out.extend(tag.to_le_bytes());
            out.extend(4u16.to_le_bytes());
            out.extend(1u32.to_le_bytes());
            out.extend(value.to_le_bytes());
        }
        out.extend([0; 4]);
        out.extend(data);
        out
    }

    #[test]
    fn tiff_of_sixteen_bits_and_of_floats() {
        let bytes = |values: &[u16]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        let deep = grey_tiff(2, 2, 16, 1, &bytes(&[0, 0x8000, 0xffff, 257]));
        assert_eq!(media_kind(&deep), Some(Kind::Image));
        let picture = decoded(&deep).unwrap();
        assert_eq!((picture.height, picture.width, picture.channels), (2, 2, 1));
        assert_eq!(picture.pixels, [0, 128, 255, 1]);
        let floats = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        let picture = decoded(&grey_tiff(3, 1, 32, 3, &floats(&[0.0, 0.5, 1.0]))).unwrap();
        assert_eq!((picture.width, picture.channels, picture.pixels), (3, 1, vec![0, 128, 255]));
        let said = |bytes: &[u8]| decoded(bytes).unwrap_err().to_string();
        assert_eq!(
            said(&grey_tiff(2, 1, 32, 3, &floats(&[0.5, 300.0]))),
            "expected TIFF of a kind that is decoded here, found a floating point pixel of 300, outside of 0 to 1; \
             scale the pixels to 0 to 1, the same for all pictures, or save 8 or 16 bits"
        );
        let whole = said(&grey_tiff(1, 1, 32, 1, &7u32.to_le_bytes()));
        assert!(whole.starts_with("expected TIFF of a kind that is decoded here, found "), "{whole}");
        assert!(
            whole
                .ends_with("save 8 or 16 bits a channel, plain or with LZW or deflate: `magick a.tif a.png`")
        );
        let cut = grey_tiff(2, 2, 16, 1, &[0, 0]);
        assert!(decoded(&cut).is_err());
    }
}
