//! A picture as a PNG file.

use crate::decode::Picture;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

/// The picture as a PNG file; none where it is too large for one. The same picture gives the same bytes.
pub fn png(picture: &Picture) -> Option<Vec<u8>> {
    let colour = if picture.channels == 1 { ExtendedColorType::L8 } else { ExtendedColorType::Rgb8 };
    let (width, height) = (u32::try_from(picture.width).ok()?, u32::try_from(picture.height).ok()?);
    if picture.pixels.len() != picture.width * picture.height * if picture.channels == 1 { 1 } else { 3 } {
        return None;
    }
    let mut file = Vec::new();
    PngEncoder::new_with_quality(&mut file, CompressionType::Default, FilterType::Adaptive)
        .write_image(&picture.pixels, width, height, colour)
        .ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cell;
    use crate::decode::{Limits, decode_image};

    #[test]
    fn a_picture_comes_back() {
        for channels in [1, 3] {
            let pixels = (0..5 * 7 * channels).map(|i| (i * 37 % 256) as u8).collect();
            let picture = Picture { height: 5, width: 7, channels, pixels };
            let file = png(&picture).unwrap();
            let back = decode_image(&Cell::Bytes(&file), &Limits::default()).unwrap();
            assert_eq!((back.height, back.width, back.channels), (5, 7, channels));
            assert_eq!(back.pixels, picture.pixels);
        }
        assert!(png(&Picture { height: 5, width: 7, channels: 1, pixels: vec![0; 3] }).is_none());
    }
}
