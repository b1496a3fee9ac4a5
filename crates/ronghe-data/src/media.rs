//! Pictures and sounds in cells: names of files, addresses, bytes written as text.
//!
//! The ending of a name decides, without a look at the file. What cannot be decoded but has a name is in [`FOREIGN`]
//! with the way to convert it.

use crate::Kind;

/// File name endings of pictures.
pub(crate) const PICTURES: &[&str] =
    &["png", "jpg", "jpeg", "jpe", "jfif", "jif", "webp", "bmp", "gif", "tif", "tiff", "pgm", "ppm", "pnm"];

/// File name endings of sound.
pub(crate) const SOUNDS: &[&str] =
    &["wav", "flac", "mp3", "ogg", "oga", "opus", "m4a", "aac", "aif", "aiff", "aifc"];

/// Endings of media that are not decoded here, their formats and how to convert them.
const FOREIGN: &[(&[&str], &str, Kind, &str)] = &[
    (&["avif"], "AVIF", Kind::Image, "convert it: `avifdec a.avif a.png`"),
    (&["heic", "heif"], "HEIC", Kind::Image, "convert it: `heif-convert a.heic a.jpg`"),
    (&["jxl"], "JPEG XL", Kind::Image, "convert it: `djxl a.jxl a.png`"),
    (&["jp2", "j2k"], "JPEG 2000", Kind::Image, "convert it: `opj_decompress -i a.jp2 -o a.png`"),
    (&["dcm"], "DICOM", Kind::Image, "convert it: `dcmj2pnm --write-png a.dcm a.png`"),
    (&["svg"], "SVG", Kind::Image, "draw it: `rsvg-convert a.svg -o a.png`"),
    (&["wma"], "WMA", Kind::Audio, "convert it: `ffmpeg -i a.wma a.wav`"),
    (&["amr"], "AMR", Kind::Audio, "convert it: `ffmpeg -i a.amr a.wav`"),
    (&["sph"], "NIST Sphere", Kind::Audio, "convert it: `sox a.sph a.wav`"),
    (&["webm"], "WebM", Kind::Audio, "convert it: `ffmpeg -i a.webm a.wav`"),
];

/// Image or audio for the name of a file that is decoded here.
pub(crate) fn file_kind(name: &str) -> Option<Kind> {
    let ending = ending(name)?;
    let among = |endings: &[&str]| endings.contains(&ending.as_str());
    if among(PICTURES) { Some(Kind::Image) } else { among(SOUNDS).then_some(Kind::Audio) }
}

/// The ending of a file name, in lower case and without the point.
fn ending(name: &str) -> Option<String> {
    let name = name.trim();
    if name.len() > 4096 || name.contains("://") {
        return None;
    }
    let (_, ending) = name.rsplit_once('.').filter(|(_, e)| e.len() <= 5)?;
    Some(ending.to_ascii_lowercase())
}

/// The name of a format that is not decoded here and how to convert it, for the ending of a file name.
fn foreign(ending: &str) -> Option<(&'static str, Kind, &'static str)> {
    FOREIGN.iter().find(|f| f.0.contains(&ending)).map(|&(_, name, kind, mend)| (name, kind, mend))
}

/// How to convert files with this ending (without the point), where they are media that is not decoded here.
pub fn how_to_convert(ending: &str) -> Option<&'static str> {
    foreign(&ending.to_ascii_lowercase()).map(|f| f.2)
}
