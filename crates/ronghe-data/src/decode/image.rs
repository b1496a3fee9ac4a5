//! Pictures.
//!
//! Pixels are 8-bit, row by row, channel last: `pixels[(y * width + x) * channels + c]`. Transparent pixels are laid on
//! white, `v = (a c + (255 - a) 255) / 255` rounded; 16-bit pixels are scaled to 8; a JPEG, PNG or WebP that says by EXIF
//! how it was held is turned upright, as is a TIFF; of a moving GIF the first frame counts, of a TIFF the first page. Grey from colour is the ITU-R 601 luma
//! `(19595 R + 38470 G + 7471 B + 2^15) / 2^16`, the same integer formula as Pillow's.

use super::{Filter, Fit, Limits, MediaError, cell_bytes, guarded, no_such_format, resize, tiff};
use crate::{Cell, Error, Table};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};
use rayon::prelude::*;
use std::io::Cursor;

/// A decoded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Rows of pixels.
    pub height: usize,
    /// Pixels a row.
    pub width: usize,
    /// 1 (grey) or 3 (red, green, blue).
    pub channels: usize,
    /// `height * width * channels` values.
    pub pixels: Vec<u8>,
}

/// What to make of the pictures of a column.
#[derive(Debug, Clone, Copy, Default)]
pub struct PictureOptions {
    /// How much one file may take.
    pub limits: Limits,
    /// 1 or 3 channels; as in the file if `None`.
    pub channels: Option<usize>,
    /// Height, width, and how to get there; as in the file if `None`.
    pub size: Option<(usize, usize, Fit, Filter)>,
}

impl Picture {
    /// This picture with 1 or 3 channels; any other number counts as 3.
    pub fn to_channels(self, channels: usize) -> Picture {
        match (self.channels, channels) {
            (1, 1) | (3, 3) => self,
            (3, 1) => {
                let luma = |p: &[u8]| {
                    let sum = 19595 * u32::from(p[0]) + 38470 * u32::from(p[1]) + 7471 * u32::from(p[2]);
                    ((sum + 0x8000) >> 16) as u8
                };
                let pixels = self.pixels.chunks_exact(3).map(luma).collect();
                Picture { channels: 1, pixels, ..self }
            }
            (1, _) => {
                let pixels = self.pixels.iter().flat_map(|&v| [v; 3]).collect();
                Picture { channels: 3, pixels, ..self }
            }
            _ => self,
        }
    }

    /// This picture at `height` by `width` pixels.
    pub fn resized(&self, height: usize, width: usize, fit: Fit, filter: Filter) -> Picture {
        resize::resize(self, height, width, fit, filter)
    }
}

/// Decodes the picture in `cell`.
pub fn decode_image(cell: &Cell<'_>, limits: &Limits) -> Result<Picture, MediaError> {
    let bytes = cell_bytes(cell, limits)?;
    let Some(format) = format_name(&bytes) else {
        return Err(no_such_format("a picture (PNG, JPEG, WebP, BMP, GIF, TIFF or PNM)", &bytes));
    };
    if let Some(picture) = plain_pnm(&bytes, limits)? {
        return Ok(picture);
    }
    if format == "JPEG" && !jpeg_is_whole(&bytes) {
        return Err(MediaError::Broken { format, found: "a file that ends too early".into() });
    }
    guarded(format, || {
        let floats = if format == "TIFF" { tiff::floats(&bytes, limits)? } else { None };
        floats.map_or_else(|| decode(&bytes, format, limits), Ok)
    })
}

/// Decodes the pictures in `rows` of column `column`, in parallel and in order. `None` for a missing cell.
pub fn decode_images(
    table: &Table,
    column: usize,
    rows: &[usize],
    options: &PictureOptions,
) -> Vec<Result<Option<Picture>, Error>> {
    let one = |&row: &usize| {
        let Some(cell) = table.media(column, row) else { return Ok(None) };
        let mut picture = decode_image(&cell, &options.limits).map_err(|e| e.at(table, column, row))?;
        if let Some(channels) = options.channels {
            picture = picture.to_channels(channels);
        }
        if let Some((height, width, fit, filter)) = options.size {
            picture = picture.resized(height, width, fit, filter);
        }
        Ok(Some(picture))
    };
    rows.par_iter().map(one).collect()
}

/// Name of the format that `bytes` begin like.
pub(super) fn format_name(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("PNG"),
        [0xff, 0xd8, 0xff, ..] => Some("JPEG"),
        [b'G', b'I', b'F', b'8', ..] => Some("GIF"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("WebP"),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some("TIFF"),
        // A length in bytes, four zeros: "BM" alone may begin a sentence.
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some("BMP"),
        [b'P', b'1'..=b'6', b' ' | b'\n' | b'\t' | b'\r', b'#' | b'0'..=b'9' | b' ' | b'\n', ..] => {
            Some("PNM")
        }
        [b'P', b'7', b'\n', ..] => Some("PNM"),
        _ => None,
    }
}

fn decode(bytes: &[u8], format: &'static str, limits: &Limits) -> Result<Picture, MediaError> {
    let kind = match format {
        "PNG" => ImageFormat::Png,
        "JPEG" => ImageFormat::Jpeg,
        "GIF" => ImageFormat::Gif,
        "WebP" => ImageFormat::WebP,
        "BMP" => ImageFormat::Bmp,
        "TIFF" => ImageFormat::Tiff,
        _ => ImageFormat::Pnm,
    };
    let fail = |e: image::ImageError| match e {
        image::ImageError::Limits(_) => MediaError::Limit {
            what: "the memory to decode the picture",
            found: "more".into(),
            limit: format!("{} bytes", limits.max_alloc),
        },
        image::ImageError::Unsupported(e) if format == "TIFF" => tiff::unknown(e.to_string()),
        image::ImageError::Unsupported(e) => {
            MediaError::Codec { format, found: e.to_string(), mend: "save it as a plain PNG or JPEG" }
        }
        other => MediaError::Broken { format, found: other.to_string() },
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), kind);
    let mut bounds = image::Limits::default();
    bounds.max_alloc = Some(limits.max_alloc);
    reader.limits(bounds);
    let mut decoder = reader.into_decoder().map_err(fail)?;
    let (width, height) = decoder.dimensions();
    check_pixels(width.into(), height.into(), limits)?;
    if decoder.total_bytes() > limits.max_alloc {
        return Err(MediaError::Limit {
            what: "the memory to decode the picture",
            found: format!("{} bytes", decoder.total_bytes()),
            limit: format!("{} bytes", limits.max_alloc),
        });
    }
    // A broken EXIF block is no reason to refuse the pixels.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(fail)?;
    picture.apply_orientation(orientation);
    Ok(flatten(picture))
}

/// 8-bit grey or colour on white.
fn flatten(picture: DynamicImage) -> Picture {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let on_white = |v: u8, a: u8| {
        let (v, a) = (u32::from(v), u32::from(a));
        ((a * v + (255 - a) * 255 + 127) / 255) as u8
    };
    let (channels, pixels) = match picture {
        DynamicImage::ImageLuma8(_) | DynamicImage::ImageLuma16(_) => (1, picture.into_luma8().into_raw()),
        DynamicImage::ImageLumaA8(_) | DynamicImage::ImageLumaA16(_) => {
            let raw = picture.into_luma_alpha8().into_raw();
            (1, raw.chunks_exact(2).map(|p| on_white(p[0], p[1])).collect())
        }
        _ if picture.color().has_alpha() => {
            let raw = picture.into_rgba8().into_raw();
            let blend = |p: &[u8]| [on_white(p[0], p[3]), on_white(p[1], p[3]), on_white(p[2], p[3])];
            (3, raw.chunks_exact(4).flat_map(blend).collect())
        }
        _ => (3, picture.into_rgb8().into_raw()),
    };
    Picture { height, width, channels, pixels }
}

pub(super) fn check_pixels(width: u64, height: u64, limits: &Limits) -> Result<(), MediaError> {
    let pixels = width.saturating_mul(height);
    if pixels > limits.max_pixels {
        return Err(MediaError::Limit {
            what: "the number of pixels",
            found: format!("{pixels} ({width} x {height})"),
            limit: limits.max_pixels.to_string(),
        });
    }
    Ok(())
}

/// `P5 w h 255` or `P6 w h 255` and the pixels: no decoder needed. `None` for every other picture.
fn plain_pnm(bytes: &[u8], limits: &Limits) -> Result<Option<Picture>, MediaError> {
    let channels = match bytes {
        [b'P', b'5', ..] => 1,
        [b'P', b'6', ..] => 3,
        _ => return Ok(None),
    };
    let mut at = 2;
    let mut number = || -> Option<u64> {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let digits = bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        let text = std::str::from_utf8(&bytes[at..at + digits]).ok()?;
        at += digits;
        // Up to 9 digits: no overflow in any product below.
        (1..=9).contains(&digits).then(|| text.parse().ok()).flatten()
    };
    let (Some(width), Some(height), Some(255)) = (number(), number(), number()) else { return Ok(None) };
    if !bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    check_pixels(width, height, limits)?;
    let pixels = &bytes[at + 1..];
    let need = width * height * channels;
    if width == 0 || height == 0 || (pixels.len() as u64) < need {
        let found = format!("{} bytes for {width} x {height} pixels", pixels.len());
        return Err(MediaError::Broken { format: "PNM", found });
    }
    Ok(Some(Picture {
        height: height as usize,
        width: width as usize,
        channels: channels as usize,
        pixels: pixels[..need as usize].to_vec(),
    }))
}

/// Whether the end-of-image marker of the outermost picture is there. The decoder fills a cut-off picture with grey and
/// says nothing, so the markers are walked here: segments by their length, coded data up to the next marker.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[first, code]) = bytes.get(at..at + 2).and_then(|m| m.first_chunk::<2>()) {
        if first != 0xff {
            // Coded data, or padding before the next marker.
            at += 1;
            continue;
        }
        match code {
            0xd9 => return true,
            // A fill byte.
            0xff => at += 1,
            // A stuffed byte and markers without a length.
            0x00 | 0x01 | 0xd0..=0xd8 => at += 2,
            _ => match bytes.get(at + 2..at + 4).and_then(|n| n.first_chunk::<2>()) {
                Some(&length) => at += 2 + usize::from(u16::from_be_bytes(length)),
                None => return false,
            },
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::pnm_bytes;
    use crate::{ColumnSchema, Kind, Schema};
    use arrow_array::StringArray;
    use image::{GrayAlphaImage, ImageBuffer, Luma, RgbImage, RgbaImage};
    use proptest::prelude::*;
    use std::path::Path;
    use std::sync::Arc;

    fn colours() -> RgbImage {
        RgbImage::from_fn(24, 16, |x, y| image::Rgb([(x * 10) as u8, (y * 15) as u8, 200]))
    }

    fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        picture.write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    fn decoded(bytes: &[u8]) -> Result<Picture, MediaError> {
        decode_image(&Cell::Bytes(bytes), &Limits::default())
    }

    const FORMATS: [ImageFormat; 7] = [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::WebP,
        ImageFormat::Bmp,
        ImageFormat::Gif,
        ImageFormat::Pnm,
        ImageFormat::Tiff,
    ];

    #[test]
    fn every_format_decodes_and_none_is_whole_when_cut() {
        for format in FORMATS {
            let bytes = encoded(&colours().into(), format);
            let picture = decoded(&bytes).unwrap();
            assert_eq!((picture.height, picture.width, picture.channels), (16, 24, 3), "{format:?}");
            let lossy = matches!(format, ImageFormat::Jpeg | ImageFormat::Gif);
            let off = picture.pixels.iter().zip(colours().as_raw()).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(off <= Some(if lossy { 48 } else { 0 }), "{format:?} {off:?}");
            for share in [1, 3, 5, 7, 9] {
                let cut = &bytes[..bytes.len() * share / 10];
                assert!(decoded(cut).is_err(), "{format:?} cut to {share} tenths");
            }
        }
    }

    #[test]
    fn alpha_lies_on_white_and_sixteen_bits_become_eight() {
        let clear = RgbaImage::from_pixel(2, 1, image::Rgba([0, 0, 0, 0]));
        assert_eq!(decoded(&encoded(&clear.into(), ImageFormat::Png)).unwrap().pixels, [255; 6]);
        let half = GrayAlphaImage::from_pixel(1, 1, image::LumaA([100, 128]));
        let picture = decoded(&encoded(&half.into(), ImageFormat::Png)).unwrap();
        assert_eq!((picture.channels, picture.pixels), (1, vec![177]));
        let deep: ImageBuffer<Luma<u16>, _> = ImageBuffer::from_raw(2, 1, vec![0x8000u16, 0xffff]).unwrap();
        assert_eq!(decoded(&encoded(&deep.into(), ImageFormat::Png)).unwrap().pixels, [128, 255]);
    }

    #[test]
    fn pictures_that_are_not_decoded_are_named() {
        let said = |bytes: &[u8]| decoded(bytes).unwrap_err().to_string();
        let expected = "expected a picture (PNG, JPEG, WebP, BMP, GIF, TIFF or PNM), found ";
        let avif = b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf";
        let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
        for (bytes, found) in [
            (&avif[..], "an AVIF picture; convert it: `avifdec a.avif a.png`"),
            (heic, "a HEIC picture; convert it: `heif-convert a.heic a.jpg`"),
            (b"\xff\x0a\x00", "a JPEG XL picture; convert it: `djxl a.jxl a.png`"),
            (b"<svg xmlns=", "an SVG drawing; draw it: `rsvg-convert a.svg -o a.png`"),
        ] {
            assert_eq!(said(bytes), format!("{expected}{found}"));
        }
        assert_eq!(crate::decode::media_kind(avif), None);
    }

    #[test]
    fn a_picture_as_text_is_a_picture() {
        // One black pixel of PNM: `P5 1 1 255\n\0`.
        let uri = "data:image/x-portable-graymap;base64,UDUgMSAxIDI1NQoA";
        let schema = Schema { columns: vec![ColumnSchema::new("photo", Kind::Image)] };
        let cells: arrow_array::ArrayRef = Arc::new(StringArray::from(vec![uri, "data:image/png;base64,a*"]));
        let table = Table::new(Arc::new(schema), vec![cells], Path::new("t.csv"), Path::new("f"), 1).unwrap();
        let made = decode_images(&table, 0, &[0, 1], &PictureOptions::default());
        assert_eq!(made[0].as_ref().unwrap().as_ref().unwrap().pixels, [0]);
        assert_eq!(
            made[1].as_ref().unwrap_err().to_string(),
            "t.csv: row 2, column `photo`: expected a `data:` URI in base64, found a sign in it that base64 does not \
             have; write the cell again, or leave it empty"
        );
    }

    /// A PNG of a colour type and depth that the encoder does not write: one row of `pixels` bits.
    fn png(width: u32, depth: u8, colour: u8, more: &[(&[u8; 4], &[u8])], row: &[u8]) -> Vec<u8> {
        let crc = |bytes: &[u8]| {
            !bytes.iter().fold(!0u32, |crc, &b| {
                (0..8).fold(crc ^ u32::from(b), |c, _| (c >> 1) ^ if c & 1 == 1 { 0xedb8_8320 } else { 0 })
            })
        };
        // A stored block of deflate inside zlib's frame.
        let raw = [&[0], row].concat();
        let (a, b) = raw
            .iter()
            .fold((1u32, 0u32), |(a, b), &v| ((a + u32::from(v)) % 65521, (a + u32::from(v) + b) % 65521));
        let mut data = vec![0x78, 0x01, 0x01];
        data.extend((raw.len() as u16).to_le_bytes());
        data.extend((!(raw.len() as u16)).to_le_bytes());
        data.extend(&raw);
        data.extend((b << 16 | a).to_be_bytes());
        let header = [&width.to_be_bytes()[..], &1u32.to_be_bytes(), &[depth, colour, 0, 0, 0]].concat();
        let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut chunks: Vec<(&[u8; 4], &[u8])> = vec![(b"IHDR", &header)];
        chunks.extend(more);
        chunks.extend([(b"IDAT", data.as_slice()), (b"IEND", &[])]);
        for (kind, body) in chunks {
            out.extend((body.len() as u32).to_be_bytes());
            let named = [&kind[..], body].concat();
            out.extend(&named);
            out.extend(crc(&named).to_be_bytes());
        }
        out
    }

    #[test]
    fn every_kind_of_png_has_its_colours() {
        let palette: &[u8] = &[255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30];
        let shown = |bytes: &[u8]| decoded(bytes).map(|p| (p.channels, p.pixels)).map_err(|e| e.to_string());
        let colours = vec![10, 20, 30, 0, 0, 255, 255, 0, 0];
        for (depth, row) in [(2, &[0b11_10_00_00u8][..]), (4, &[0x32, 0x00]), (8, &[3, 2, 0])] {
            assert_eq!(
                shown(&png(3, depth, 3, &[(b"PLTE", palette)], row)),
                Ok((3, colours.clone())),
                "{depth} bits"
            );
        }
        // The third colour is clear, and shows the white below.
        let clear: (&[u8; 4], &[u8]) = (b"tRNS", &[255, 255, 0]);
        let bytes = png(3, 8, 3, &[(b"PLTE", palette), clear], &[3, 2, 0]);
        assert_eq!(shown(&bytes), Ok((3, vec![10, 20, 30, 255, 255, 255, 255, 0, 0])));
        assert_eq!(
            shown(&png(9, 1, 0, &[], &[0b1010_1010, 0x80])),
            Ok((1, vec![255, 0, 255, 0, 255, 0, 255, 0, 255]))
        );
        assert_eq!(shown(&png(2, 2, 0, &[], &[0b01_10_00_00])), Ok((1, vec![85, 170])));
        assert_eq!(shown(&png(1, 16, 2, &[], &[0x80, 0, 0xff, 0xff, 0, 0])), Ok((3, vec![128, 255, 0])));
        assert_eq!(shown(&png(1, 16, 4, &[], &[0x40, 0, 0xff, 0xff])), Ok((1, vec![64])));
        assert_eq!(shown(&png(1, 16, 6, &[], &[0x40, 0, 0, 0, 0xff, 0xff, 0, 0])), Ok((3, vec![255; 3])));
        assert_eq!(shown(&png(1, 8, 0, &[], &[7])), Ok((1, vec![7])));
        // An index without a colour, no palette at all, a depth that its type does not have.
        for bad in [png(1, 8, 3, &[], &[0]), png(1, 3, 0, &[], &[0]), png(1, 8, 5, &[], &[0])] {
            assert!(shown(&bad).is_err_and(|m| m.contains("PNG")), "{:?}", shown(&bad));
        }
        assert!(shown(&png(0, 8, 0, &[], &[])).is_err());
    }

    /// Written by Pillow: see `versus/golden/pictures.py`.
    #[test]
    fn four_inks_become_the_colours_they_print() {
        for (name, bytes) in [
            ("cmyk", &include_bytes!("../../tests/golden/cmyk.jpg")[..]),
            ("ycck", include_bytes!("../../tests/golden/ycck.jpg")),
        ] {
            let picture = decoded(bytes).unwrap();
            assert_eq!((picture.height, picture.width, picture.channels), (8, 32, 3), "{name}");
            let wanted: [[u8; 3]; 4] = [[200, 40, 40], [40, 180, 60], [50, 60, 210], [128, 128, 128]];
            for (i, colour) in wanted.iter().enumerate() {
                let at = (4 * 32 + i * 8 + 4) * 3;
                let off = picture.pixels[at..at + 3].iter().zip(colour).map(|(a, b)| a.abs_diff(*b)).max();
                assert!(off <= Some(4), "{name} {i}: {:?}", &picture.pixels[at..at + 3]);
            }
        }
    }

    #[test]
    fn a_single_pixel_of_every_format_decodes() {
        let one = RgbImage::from_pixel(1, 1, image::Rgb([200, 100, 50]));
        for format in FORMATS {
            let picture = decoded(&encoded(&one.clone().into(), format)).unwrap();
            assert_eq!((picture.height, picture.width, picture.channels), (1, 1, 3), "{format:?}");
            let off = picture.pixels.iter().zip([200, 100, 50]).map(|(a, b)| a.abs_diff(b)).max();
            assert!(off <= Some(4), "{format:?} {:?}", picture.pixels);
            let large = picture.resized(4, 4, Fit::Cover, Filter::Bilinear);
            assert_eq!(large.pixels.len(), 48);
        }
    }

    #[test]
    fn exif_orientation_is_honoured() {
        // A JPEG with the EXIF block "orientation 6: turn by 90 degrees clockwise" after its first marker.
        let plain = encoded(&colours().into(), ImageFormat::Jpeg);
        let mut tiff = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
        let mut turned = plain[..2].to_vec();
        turned.extend([0xff, 0xe1]);
        turned.extend((tiff.len() as u16 + 2).to_be_bytes());
        turned.append(&mut tiff);
        turned.extend(&plain[2..]);
        let (plain, turned) = (decoded(&plain).unwrap(), decoded(&turned).unwrap());
        assert_eq!((turned.height, turned.width), (24, 16));
        // Top right of the turned picture is top left of the one as taken.
        assert_eq!(turned.pixels[15 * 3..16 * 3], plain.pixels[..3]);
    }

    #[test]
    fn plain_pnm_needs_no_decoder_and_equals_it() {
        let bytes = pnm_bytes(16, 24, 3, colours().as_raw());
        let fast = plain_pnm(&bytes, &Limits::default()).unwrap().unwrap();
        assert_eq!(fast, decode(&bytes, "PNM", &Limits::default()).unwrap());
        let grey = pnm_bytes(2, 3, 1, &[1, 2, 3, 4, 5, 6]);
        assert_eq!(decoded(&grey).unwrap().pixels, [1, 2, 3, 4, 5, 6]);
        assert!(decoded(&grey[..grey.len() - 1]).is_err());
        // A comment sends it to the decoder.
        assert_eq!(decoded(b"P5\n# note\n2 1\n255\nab").unwrap().pixels, *b"ab");
    }

    #[test]
    fn limits_hold() {
        let png = encoded(&colours().into(), ImageFormat::Png);
        let with = |limits: Limits| decode_image(&Cell::Bytes(&png), &limits);
        let ok = Limits::default();
        assert!(matches!(with(Limits { max_pixels: 383, ..ok }), Err(MediaError::Limit { .. })));
        assert!(matches!(with(Limits { max_bytes: 20, ..ok }), Err(MediaError::Limit { .. })));
        assert!(matches!(with(Limits { max_alloc: 1_000, ..ok }), Err(MediaError::Limit { .. })));
        assert!(with(Limits { max_pixels: 384, ..ok }).is_ok());
        // A bomb of 100 bytes that says it is 10^9 pixels.
        let bomb = b"P5 31623 31623 255\n";
        assert!(matches!(decoded(bomb), Err(MediaError::Limit { .. })));
    }

    #[test]
    fn errors_say_file_row_and_column() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.png"), encoded(&colours().into(), ImageFormat::Png)).unwrap();
        std::fs::write(folder.path().join("b.png"), "not a picture").unwrap();
        let spec = ColumnSchema::new("photo", Kind::Image);
        let cells = StringArray::from(vec![Some("a.png"), None, Some("b.png"), Some("c.png")]);
        let schema = Arc::new(Schema { columns: vec![spec] });
        let table = Table::new(schema, vec![Arc::new(cells)], Path::new("t.csv"), folder.path(), 1).unwrap();
        let options = PictureOptions {
            channels: Some(1),
            size: Some((8, 8, Fit::Cover, Filter::Bilinear)),
            ..Default::default()
        };
        let made = decode_images(&table, 0, &[2, 0, 1, 3], &options);
        let good = made[1].as_ref().unwrap().as_ref().unwrap();
        assert_eq!((good.height, good.width, good.channels, good.pixels.len()), (8, 8, 1, 64));
        assert!(made[2].as_ref().unwrap().is_none());
        let message = made[0].as_ref().unwrap_err().to_string();
        assert!(message.starts_with("t.csv: row 3, column `photo`: expected a picture"), "{message}");
        assert!(made[3].as_ref().unwrap_err().to_string().contains("row 4"));
        assert!(decode_image(&Cell::Path(folder.path().to_owned()), &Limits::default()).is_err());
    }

    #[test]
    fn grey_from_colour_is_luma() {
        let colour =
            Picture { height: 1, width: 3, channels: 3, pixels: vec![255, 0, 0, 0, 255, 0, 0, 0, 255] };
        let grey = colour.to_channels(1);
        assert_eq!((grey.channels, grey.pixels.clone()), (1, vec![76, 150, 29]));
        assert_eq!(grey.to_channels(3).pixels, [76, 76, 76, 150, 150, 150, 29, 29, 29]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn broken_bytes_never_panic(
            format in 0usize..6,
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = encoded(&colours().into(), FORMATS[format]);
            for (at, value) in changes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            let limits = Limits { max_pixels: 1_000_000, max_alloc: 16 << 20, ..Limits::default() };
            let _ = decode_image(&Cell::Bytes(&bytes), &limits);
            let _ = decode_image(&Cell::Bytes(&bytes[..cut.index(bytes.len())]), &limits);
        }
    }
}
