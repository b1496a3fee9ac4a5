//! Formats that are known by their first bytes but not decoded here, with the way to convert them.

use crate::media::how_to_convert;

/// What `bytes` are and what to do about it; `None` if they begin like nothing known.
pub(super) fn foreign(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let convert = |name, ending| Some((name, how_to_convert(ending).unwrap_or("convert the file")));
    let begins = |with: &[u8]| bytes.starts_with(with);
    let text = |with: &str| {
        let start = bytes.trim_ascii_start();
        start.get(..with.len()).is_some_and(|b| b.eq_ignore_ascii_case(with.as_bytes()))
    };
    match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => match picture_brand(bytes)? {
            "AVIF" => convert("an AVIF picture", "avif"),
            _ => convert("a HEIC picture", "heic"),
        },
        [0xff, 0x0a, ..] => convert("a JPEG XL picture", "jxl"),
        [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => convert("a JPEG XL picture", "jxl"),
        [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => {
            convert("a JPEG 2000 picture", "jp2")
        }
        [0x1a, 0x45, 0xdf, 0xa3, ..] => convert("a Matroska or WebM file", "webm"),
        [0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11, ..] => convert("a Windows Media file", "wma"),
        _ if begins(b"#!AMR") => convert("an AMR sound", "amr"),
        _ if begins(b"NIST_1A") => convert("a NIST Sphere sound", "sph"),
        _ if bytes.get(128..132) == Some(b"DICM") => convert("a DICOM picture", "dcm"),
        _ if begins(b"OggS") && bytes.get(28..36) == Some(b"Speex   ") => {
            Some(("a Speex sound", "convert it: `ffmpeg -i a.spx a.wav`"))
        }
        _ if begins(b"version https://git-lfs") => {
            Some(("a pointer of Git LFS instead of the file", "fetch the files: `git lfs pull`"))
        }
        _ if text("<!doctype html") || text("<html") => Some((
            "a web page instead of the file",
            "fetch the file again, and look at the page: it may say why",
        )),
        _ if text("<svg") => convert("an SVG drawing", "svg"),
        _ => None,
    }
}

/// The kind of picture that a file of ISO boxes says it is; `None` for sound and film.
pub(super) fn picture_brand(bytes: &[u8]) -> Option<&'static str> {
    let size = bytes.first_chunk::<4>().map_or(0, |s| u32::from_be_bytes(*s) as usize);
    // The major brand, a version, then brands that it is compatible with.
    let brands = bytes.get(8..size.clamp(12, 256).min(bytes.len()))?;
    let any = |names: &[&[u8; 4]]| brands.chunks_exact(4).any(|b| names.iter().any(|n| b == *n));
    let major = brands.get(..4)?;
    if !matches!(
        major,
        b"avif" | b"avis" | b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"mif1" | b"msf1"
    ) {
        return None;
    }
    Some(if any(&[b"avif", b"avis"]) { "AVIF" } else { "HEIC" })
}
