//! A chart as a PNG file, through resvg. With the feature `png`.

use crate::{Error, Result};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

/// Largest side of a file, pixels.
const MOST_SIDE: f32 = 16_384.0;

/// Draws SVG files as PNG files. Made once, for it reads the list of the system's fonts.
#[derive(Debug)]
pub struct Rasterizer {
    options: Options<'static>,
}

impl Rasterizer {
    /// With the fonts of this system. Without any, words could not be drawn, and this fails.
    pub fn new() -> Result<Rasterizer> {
        let mut options = Options::default();
        options.fontdb_mut().load_system_fonts();
        if options.fontdb.is_empty() {
            return Err(Error::Explain {
                what: "fonts of this system, for PNG files".into(),
                expected: "at least one".into(),
                found: "none".into(),
                mend: "install a font, such as DejaVu Sans and Noto Sans CJK, or use the SVG files".into(),
            });
        }
        Ok(Rasterizer { options })
    }

    /// The drawing with `scale` pixels a unit: 2 is sharp on today's screens.
    pub fn png(&self, svg: &str, scale: f32) -> Result<Vec<u8>> {
        let fail = |found: String| Error::Explain {
            what: "a chart as PNG".into(),
            expected: format!("an SVG of up to {MOST_SIDE} pixels a side"),
            found,
            mend: "use the SVG file, or a smaller scale".into(),
        };
        let tree = Tree::from_str(svg, &self.options).map_err(|e| fail(e.to_string()))?;
        let (width, height) = (tree.size().width() * scale, tree.size().height() * scale);
        let sound = |v: f32| (1.0..=MOST_SIDE).contains(&v);
        let pixels =
            (sound(width) && sound(height)).then(|| Pixmap::new(width as u32, height as u32)).flatten();
        let mut pixels = pixels.ok_or_else(|| fail(format!("{width} x {height} pixels")))?;
        resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
        pixels.encode_png().map_err(|e| fail(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ronghe_data::Cell;
    use ronghe_data::decode::{Limits, decode_image};

    #[test]
    fn a_drawing_becomes_pixels_and_rubbish_an_error() {
        let Ok(made) = Rasterizer::new() else { return };
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"3\" height=\"2\"><rect width=\"3\" height=\"2\" fill=\"#ff0000\"/></svg>";
        let picture = decode_image(&Cell::Bytes(&made.png(svg, 2.0).unwrap()), &Limits::default()).unwrap();
        assert_eq!((picture.width, picture.height, &picture.pixels[..3]), (6, 4, &[255, 0, 0][..]));
        assert!(made.png("<svg", 1.0).is_err() && made.png(svg, 1e6).is_err());
    }
}
