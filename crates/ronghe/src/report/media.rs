//! Pictures and sounds inside the page.

use super::number;
use crate::base64::base64;

/// Larger files are named instead of shown: a page must open quickly.
const MOST_BYTES: usize = 4 << 20;

/// How the page shows a media file.
pub(super) enum Media {
    /// A data URI for `<img>`.
    Picture(String),
    /// A data URI for `<audio>`.
    Sound(String),
    /// Size only: too large, or of a format that browsers do not know.
    Size(String),
}

/// The way to show the bytes of a file, told by how they begin.
pub(super) fn show(bytes: &[u8]) -> Media {
    let at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|b| b.starts_with(magic));
    let picture = match () {
        () if at(0, b"\x89PNG\r\n\x1a\n") => Some("image/png"),
        () if at(0, b"\xff\xd8\xff") => Some("image/jpeg"),
        () if at(0, b"GIF8") => Some("image/gif"),
        () if at(0, b"RIFF") && at(8, b"WEBP") => Some("image/webp"),
        () if at(0, b"BM") => Some("image/bmp"),
        () => None,
    };
    let sound = match () {
        () if at(0, b"RIFF") && at(8, b"WAVE") => Some("audio/wav"),
        () if at(0, b"fLaC") => Some("audio/flac"),
        () if at(0, b"OggS") => Some("audio/ogg"),
        () if at(0, b"ID3") || at(0, b"\xff\xfb") || at(0, b"\xff\xf3") => Some("audio/mpeg"),
        () => None,
    };
    let uri = |mime: &str| uri(mime, bytes);
    match (picture, sound) {
        _ if bytes.len() > MOST_BYTES => Media::Size(size(bytes.len())),
        (Some(mime), _) => Media::Picture(uri(mime)),
        (_, Some(mime)) => Media::Sound(uri(mime)),
        _ => Media::Size(size(bytes.len())),
    }
}

/// The bytes as a data URI.
pub(super) fn uri(mime: &str, bytes: &[u8]) -> String {
    format!("data:{mime};base64,{}", base64(bytes))
}

fn size(bytes: usize) -> String {
    format!("{} kB", number::count(bytes.div_ceil(1000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_how_they_begin() {
        assert!(matches!(show(b"\xff\xd8\xff\xe0"), Media::Picture(u) if u.starts_with("data:image/jpeg")));
        assert!(matches!(show(b"RIFF\0\0\0\0WAVEfmt "), Media::Sound(u) if u.starts_with("data:audio/wav")));
        assert!(matches!(show(b"<script>"), Media::Size(s) if s == "1 kB"));
        assert!(matches!(show(b""), Media::Size(_)));
    }
}
