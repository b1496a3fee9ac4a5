//! Pictures and sounds in cells: names of files, addresses, bytes written as text.
//!
//! The ending of a name decides, without a look at the file. What cannot be decoded but has a name is in [`FOREIGN`]
//! with the way to convert it.

use crate::Kind;
use crate::value::trim;

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
pub(crate) fn ending(name: &str) -> Option<String> {
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

/// What a cell of text says of a picture or sound elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaHint {
    /// The name of a file.
    File(Kind),
    /// An address of the web.
    Address(Kind),
    /// The bytes themselves in base64, as a `data:` URI.
    Inline(Kind),
}

/// Whether `text` looks like the name of a media file, the address of one, or one written as text.
pub(crate) fn looks_like_media(text: &str) -> Option<MediaHint> {
    let text = trim(text);
    if let Some(kind) = inline_kind(text) {
        return Some(MediaHint::Inline(kind));
    }
    // Names end with a point and at most five letters, addresses have a colon; few texts have either.
    let bytes = text.as_bytes();
    if !bytes[bytes.len().saturating_sub(6)..].contains(&b'.') && !bytes.contains(&b':') {
        return None;
    }
    let kind_of = |name: &str| {
        let ending = ending(name)?;
        file_kind(name).or_else(|| foreign(&ending).map(|f| f.1))
    };
    let Some((scheme, rest)) = text.split_once("://") else { return kind_of(text).map(MediaHint::File) };
    let known =
        ["http", "https", "s3", "gs", "ftp", "hf", "file"].iter().any(|s| s.eq_ignore_ascii_case(scheme));
    let path = rest.split(['?', '#']).next()?;
    let name = path.rsplit_once('/')?.1;
    (known && text.len() <= 4096).then(|| kind_of(name)).flatten().map(MediaHint::Address)
}

/// Image or audio for a `data:` URI of one in base64.
pub(crate) fn inline_kind(text: &str) -> Option<Kind> {
    let start = text.get(..5).filter(|start| start.eq_ignore_ascii_case("data:"))?;
    let head = text[start.len()..].split_once(',')?.0.to_ascii_lowercase();
    let kind = match head.split_once('/')?.0 {
        "image" => Kind::Image,
        "audio" => Kind::Audio,
        _ => return None,
    };
    head.ends_with(";base64").then_some(kind)
}

/// The bytes of a `data:` URI in base64 (RFC 4648, with or without padding; white space is passed over). `None` if it is
/// none, or has a sign in it that base64 has not.
pub(crate) fn inline_bytes(text: &str) -> Option<Vec<u8>> {
    inline_kind(text.trim())?;
    let coded = text.split_once(',')?.1;
    let mut out = Vec::with_capacity(coded.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0);
    let mut signs = coded.bytes().filter(|b| !b.is_ascii_whitespace());
    for sign in signs.by_ref() {
        let value = match sign {
            b'A'..=b'Z' => sign - b'A',
            b'a'..=b'z' => sign - b'a' + 26,
            b'0'..=b'9' => sign - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    signs.all(|sign| sign == b'=').then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_addresses_and_bytes_of_media() {
        use MediaHint::{Address, File, Inline};
        for (text, hint) in [
            ("1-100032-A-0.wav", Some(File(Kind::Audio))),
            ("photos/a.JFIF", Some(File(Kind::Image))),
            ("common_voice_en_1.mp3", Some(File(Kind::Audio))),
            ("a.heic", Some(File(Kind::Image))),
            ("图片/猫.jpeg", Some(File(Kind::Image))),
            ("https://example.org/a/b.png?size=large", Some(Address(Kind::Image))),
            ("s3://bucket/clip.flac", Some(Address(Kind::Audio))),
            ("https://example.org/page.html", None),
            ("https://example.org", None),
            ("data:image/png;base64,iVBORw0KGgo=", Some(Inline(Kind::Image))),
            ("data:audio/wav;base64,UklGRg==", Some(Inline(Kind::Audio))),
            ("data:text/plain;base64,aGk=", None),
            ("data:image/svg+xml,<svg/>", None),
            ("example.com", None),
            ("a nice picture", None),
            ("3.5", None),
            ("", None),
        ] {
            assert_eq!(looks_like_media(text), hint, "{text}");
        }
    }

    #[test]
    fn base64_is_undone() {
        let bytes = |coded: &str| inline_bytes(&format!("data:image/png;base64,{coded}"));
        for (coded, plain) in
            [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9v\nYmE", "fooba")]
        {
            assert_eq!(bytes(coded).as_deref(), Some(plain.as_bytes()), "{coded}");
        }
        assert_eq!(bytes("++//").unwrap(), bytes("--__").unwrap());
        assert_eq!(bytes("Zm9v*"), None);
        assert_eq!(bytes("Zg==x"), None);
        assert_eq!(inline_bytes("iVBORw0KGgo="), None);
    }

    #[test]
    fn what_is_not_decoded_says_how_to_convert() {
        assert_eq!(how_to_convert("AVIF"), Some("convert it: `avifdec a.avif a.png`"));
        assert_eq!(how_to_convert("png"), None);
        assert!(FOREIGN.iter().flat_map(|f| f.0).all(|e| !PICTURES.contains(e) && !SOUNDS.contains(e)));
    }
}
